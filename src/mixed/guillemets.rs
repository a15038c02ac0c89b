//! Guillemets, of which one is UTF-8 and the other is not: `ООО \\xABГазпром»`.
//!
//! By itself such an octet may be what is left of a letter: `Ы` is D0 AB in
//! UTF-8, `л` is D0 BB.

use crate::utf8;

/// Which of them were seen so far.
#[derive(Clone, Copy, Default)]
pub(super) struct Guillemets {
    /// `«` without its `»`.
    is_open: bool,
}

impl Guillemets {
    /// Takes a character of the value, in whichever charset it was.
    pub(super) fn see(&mut self, character: char) {
        match character {
            '«' => self.is_open = true,
            '»' => self.is_open = false,
            _ => {}
        }
    }

    /// Whether the octet at `at` is one of a pair, the other of which is there.
    pub(super) fn has(self, value: &[u8], at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| value.get(at));
        let after = value.get(at + 1);
        let next = || next(value.get(at + 1..).unwrap_or_default());
        let is_word = |octet: Option<&u8>| {
            octet.is_some_and(|octet| octet.is_ascii_alphanumeric() || !octet.is_ascii())
        };
        let is_space = |octet: Option<&u8>| matches!(octet, None | Some(b' ' | b'\t'));
        match value.get(at) {
            Some(0xab) => {
                !self.is_open && !is_word(before) && is_word(after) && next() == Some('»')
            }
            Some(0xbb) => {
                self.is_open && !is_space(before) && !is_word(after) && next() != Some('»')
            }
            _ => false,
        }
    }
}

/// The first guillemet in `rest`, in UTF-8 or in windows-1252.
fn next(mut rest: &[u8]) -> Option<char> {
    while !rest.is_empty() {
        let (Ok(length) | Err((length, _))) = utf8::sequence(rest);
        let (one, more) = rest.split_at_checked(length)?;
        match one {
            [octet @ (0xab | 0xbb)] | [0xc2, octet @ (0xab | 0xbb)] => {
                return Some(char::from(*octet));
            }
            _ => rest = more,
        }
    }
    None
}
