//! What a value costs at least, in every charset at once.
//!
//! To price a text is a walk over its letters in three dozen languages. Here
//! each octet beyond ASCII says, by what stands on its two sides, what it costs
//! at least in each charset of single octets. The sum leaves two or three
//! charsets that are worth the walk, and tells with which to begin.

use super::cost::Ascii;
use super::languages::{MULTI, Multi, SINGLE};
use super::model::{Cost, Places};
use super::multi;
use super::sides::{Side, TABLE};

/// A bound for each charset, above its place: those of single octets come first,
/// then those of several. So the least of them tells both in one look.
pub(super) struct Bounds([i32; CHARSETS]);

/// More than there are, to fill up registers.
const CHARSETS: usize = 32;

/// Of a charset that is done with, or has no character for some octet.
const NONE: i16 = i16::MAX;

/// A bound and the place it is for, in one number.
fn at_place(bound: i16, place: i32) -> i32 {
    i32::from(bound) << PLACE_BITS | place
}

/// Room for the places of all charsets.
const PLACE_BITS: u32 = 5;

impl Bounds {
    /// The bounds of `octets` in charsets of single octets, and none for those
    /// that are `undefined` for some of them.
    pub(super) fn of(octets: &[u8], ascii: &Ascii, undefined: &Places) -> Self {
        let mut bounds = Bounds([at_place(NONE, 0); CHARSETS]);
        let least = singles_least(octets, ascii).into_iter().zip(undefined.0);
        for ((bound, place), (least, without)) in bounds.0.iter_mut().zip(0..).zip(least) {
            *bound = at_place(least.min(NONE - 1) | (without & NONE), place);
        }
        bounds
    }

    /// Adds those of charsets of several octets, if they are at most `most`.
    pub(super) fn add_multis(&mut self, octets: &[u8], ascii: &Ascii, most: Cost) {
        let bounds = self.0.iter_mut().zip(0..).skip(SINGLE.len());
        for ((bound, place), found) in bounds.zip(&MULTI) {
            let more = found.cost + ascii.apart();
            if let Some(least) = multi::least(found.charset, octets, most - more) {
                *bound = at_place(i16::try_from(least + more).unwrap_or(NONE - 1), place);
            }
        }
    }

    /// The bound of the charset of single octets at this place.
    #[cfg(test)]
    pub(super) fn single(&self, place: usize) -> Option<Cost> {
        let bound = self.0.get(place).map(|bound| bound >> PLACE_BITS);
        bound.filter(|&bound| bound != Cost::from(NONE))
    }

    /// The bound of one of several octets.
    #[cfg(test)]
    pub(super) fn multi(&self, place: usize) -> Option<Cost> {
        self.single(SINGLE.len() + place)
    }

    /// Takes the charset that may cost least, where that is at most `most`.
    pub(super) fn take(&mut self, most: Cost) -> Option<Place> {
        let least = self
            .0
            .iter()
            .fold(i32::MAX, |least, &bound| least.min(bound));
        let bound = least >> PLACE_BITS;
        if bound == Cost::from(NONE) || bound > most {
            return None;
        }
        let place = usize::try_from(least & ((1 << PLACE_BITS) - 1)).ok()?;
        *self.0.get_mut(place)? = at_place(NONE, 0);
        match place.checked_sub(SINGLE.len()) {
            None => Some(Place::Single(place)),
            Some(place) => MULTI.get(place).map(Place::Multi),
        }
    }
}

/// A charset: of single octets by its place, or of several.
pub(super) enum Place {
    Single(usize),
    Multi(&'static Multi),
}

/// What `octets` cost at least in each charset, not asking whether they have
/// characters there.
#[expect(clippy::indexing_slicing, reason = "7 bits are within 128")]
fn singles_least(octets: &[u8], ascii: &Ascii) -> [i16; SINGLE.len()] {
    let table = &*TABLE;
    let mut sums = [0i16; SINGLE.len()];
    let (mut own, mut foreign) = (Places::NONE, Places::NONE);
    let mut before = None;
    for (at, octet) in octets.iter().enumerate() {
        let last = before.replace(octet);
        if octet.is_ascii() {
            continue;
        }
        let low = usize::from(octet & 0x7f);
        let sides = [Side::of(last), Side::of(octets.get(at + 1))];
        // A capital after a small letter breaks the word.
        let last = last.map_or(0, |last| usize::from(last & 0x7f));
        let broken = match sides {
            [Side::Beyond, _] => &table.capital[low],
            _ => &[0; SINGLE.len()],
        };
        let row = &table.rows(sides)[low];
        let costs = row.iter().zip(table.small[last].iter().zip(broken));
        for (sum, (least, (small, capital))) in sums.iter_mut().zip(costs) {
            *sum = sum.saturating_add(i16::from(*least) + i16::from(small & capital));
        }
        own.add(&table.own[low]);
        foreign.add(&table.foreign[low]);
    }
    let amount = |cost: Cost| i16::try_from(cost).unwrap_or(NONE);
    let in_latin = amount(ascii.in_latin_text());
    let in_other = amount(ascii.in_other_text());
    let supposed = table.latin_supposed.iter().zip(&table.own_supposed);
    let known = supposed.zip(own.0.iter().zip(&foreign.0));
    for (sum, ((&latin, &other), (own, foreign))) in sums.iter_mut().zip(known) {
        let latin = in_latin.saturating_add(latin);
        let other = in_other.saturating_add(other);
        let more = (other & own) | (latin & !own);
        // In two scripts, nobody knows here which one it will be judged as.
        *sum = sum.saturating_add(more) & !foreign;
    }
    sums
}
