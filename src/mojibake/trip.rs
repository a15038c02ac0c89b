//! The way back: characters to the octets they were read from, and these to
//! the characters they were meant as.

use super::through::Through;
use crate::octet::continuations;

/// How often text was encoded once too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rounds {
    Once,
    Twice,
    /// As often as each run was, four times at most.
    Each,
}

/// Shows the decoded run, if the whole run makes the trip back.
pub(super) fn with_decoded<R>(
    run: &str,
    through: Through,
    rounds: Rounds,
    look: impl FnOnce(&mut dyn Iterator<Item = char>) -> R,
) -> Option<R> {
    let once = || Trip::new(run.chars(), through);
    let twice = || Trip::new(once(), through);
    let thrice = || Trip::new(twice(), through);
    let four_times = || Trip::new(thrice(), through);
    if !once().arrives() {
        return None;
    }
    match rounds {
        Rounds::Once => return Some(look(&mut once())),
        Rounds::Twice => return twice().arrives().then(|| look(&mut twice())),
        Rounds::Each => {}
    }
    Some(if !twice().arrives() {
        look(&mut once())
    } else if !thrice().arrives() {
        look(&mut twice())
    } else if !four_times().arrives() {
        look(&mut thrice())
    } else {
        look(&mut four_times())
    })
}

/// One trip back: characters to octets, octets to the characters of UTF-8.
/// Ends early where the octets are not UTF-8.
struct Trip<I> {
    characters: I,
    through: Through,
    lost: bool,
}

impl<I: Iterator<Item = char>> Trip<I> {
    const fn new(characters: I, through: Through) -> Self {
        Trip {
            characters,
            through,
            lost: false,
        }
    }

    /// Whether all the characters make the trip.
    fn arrives(mut self) -> bool {
        self.by_ref().for_each(drop);
        !self.lost
    }

    fn character(&mut self, first: char) -> Option<char> {
        let mut octets = [self.through.octet(first)?, 0, 0, 0];
        let length = 1 + continuations(octets[0])?;
        for place in octets.get_mut(1..length)? {
            *place = self.through.octet(self.characters.next()?)?;
        }
        std::str::from_utf8(octets.get(..length)?)
            .ok()?
            .chars()
            .next()
    }
}

impl<I: Iterator<Item = char>> Iterator for Trip<I> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let first = self.characters.next()?;
        let character = self.character(first);
        self.lost |= character.is_none();
        character
    }
}
