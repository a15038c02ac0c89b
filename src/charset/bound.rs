//! What a value costs at least, in every charset at once.
//!
//! To price a text is a walk over its letters in three dozen languages. Here
//! each octet beyond ASCII says, by what stands on its two sides, what it costs
//! at least in each charset of single octets. The sum leaves two or three
//! charsets that are worth the walk, and tells with which to begin.

use super::cost::{Ascii, RARE, SCRIPTS_TOUCH, STRANGE, Script};
use super::glyph::{Glyph, Kind, upper};
use super::languages::{MULTI, Multi, SINGLE, least_supposed};
use super::model::{Cost, Family, Places};
use super::multi;
use super::sign::sign;
use super::word::{BROKEN_ASCII, BROKEN_BEYOND, has_case};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A bound for each charset: those of single octets by their place, then those
/// of several.
pub(super) struct Bounds([i16; CHARSETS]);

/// More than there are, to fill up registers.
const CHARSETS: usize = 32;

/// Of a charset that is done with, or has no character for some octet.
const NONE: i16 = i16::MAX;

impl Bounds {
    /// The bounds of `octets` in charsets of single octets, and none for those
    /// that are `undefined` for some of them.
    pub(super) fn of(octets: &[u8], ascii: &Ascii, undefined: &Places) -> Self {
        let mut bounds = Bounds([NONE; CHARSETS]);
        let least = singles_least(octets, ascii);
        for ((bound, least), without) in bounds.0.iter_mut().zip(least).zip(undefined.0) {
            *bound = least.min(NONE - 1) | (without & NONE);
        }
        bounds
    }

    /// Adds those of charsets of several octets, if they are at most `most`.
    pub(super) fn add_multis(&mut self, octets: &[u8], ascii: &Ascii, most: Cost) {
        for (bound, found) in self.0.iter_mut().skip(SINGLE.len()).zip(&MULTI) {
            let more = found.cost + ascii.apart();
            if let Some(least) = multi::least(found.charset, octets, most - more) {
                *bound = i16::try_from(least + more).unwrap_or(NONE - 1);
            }
        }
    }

    /// The bound of the charset of single octets at this place.
    #[cfg(test)]
    pub(super) fn single(&self, place: usize) -> Option<Cost> {
        let bound = self.0.get(place).copied();
        bound.filter(|&bound| bound != NONE).map(Cost::from)
    }

    /// The bound of one of several octets.
    #[cfg(test)]
    pub(super) fn multi(&self, place: usize) -> Option<Cost> {
        self.single(SINGLE.len() + place)
    }

    /// Takes the charset that may cost least, where that is at most `most`.
    pub(super) fn take(&mut self, most: Cost) -> Option<Place> {
        let least = self.0.iter().fold(NONE, |least, &bound| least.min(bound));
        if least == NONE || Cost::from(least) > most {
            return None;
        }
        let place = self.0.iter().position(|&bound| bound == least)?;
        *self.0.get_mut(place)? = NONE;
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

/// What stands on one side of an octet beyond ASCII.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Nothing, or ASCII that is no letter.
    Apart,
    Small,
    Capital,
    /// Another octet beyond ASCII.
    Beyond,
}

impl Side {
    const ALL: [Self; 4] = [Self::Apart, Self::Small, Self::Capital, Self::Beyond];

    fn of(octet: Option<&u8>) -> Self {
        match octet {
            Some(b'a'..=b'z') => Self::Small,
            Some(b'A'..=b'Z') => Self::Capital,
            Some(0x80..) => Self::Beyond,
            _ => Self::Apart,
        }
    }

    const fn is_ascii_letter(self) -> bool {
        matches!(self, Self::Small | Self::Capital)
    }

    /// Characters for all that a sign asks of those beside it.
    const fn stand_ins(self) -> &'static [Option<char>] {
        match self {
            Self::Apart => &[None, Some(' '), Some('1'), Some('"'), Some('*')],
            Self::Small => &[Some('a'), Some('l'), Some('m'), Some('n')],
            Self::Capital => &[Some('A'), Some('L'), Some('M'), Some('N')],
            Self::Beyond => &[Some('é'), Some('²'), Some('×')],
        }
    }
}

/// A cost, or something smaller, in each charset of single octets.
type Row = [u8; SINGLE.len()];

/// What the octets 80 to FF cost at least.
struct Table {
    /// By the sides and by octet.
    rows: Vec<[Row; 128]>,
    /// By octet: which letters are small, and which are capitals.
    small: [Row; 128],
    capital: [Row; 128],
    /// By octet: in which charsets it is a letter of the charset's own script,
    /// not Latin, and in which of another that is counted.
    own: [Places; 128],
    foreign: [Places; 128],
    /// What it costs at least to suppose a language, and the charset for it: one
    /// in Latin letters, or one of the charset's own script.
    latin_supposed: [i16; SINGLE.len()],
    own_supposed: [i16; SINGLE.len()],
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::new);

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
        let sides = sides(Side::of(last), Side::of(octets.get(at + 1)));
        let Some(rows) = table.rows.get(sides) else {
            continue;
        };
        // A capital after a small letter breaks the word.
        let last = last.map_or(0, |last| usize::from(last & 0x7f));
        let broken = match sides / Side::ALL.len() == Side::Beyond as usize {
            true => &table.capital[low],
            false => &[0; SINGLE.len()],
        };
        let costs = rows[low].iter().zip(table.small[last].iter().zip(broken));
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

const fn sides(before: Side, after: Side) -> usize {
    before as usize * Side::ALL.len() + after as usize
}

/// What something costs at least, by what stands on its two sides.
type BySides = [u8; Side::ALL.len() * Side::ALL.len()];

fn by_sides(least: impl Fn([Side; 2]) -> Cost) -> BySides {
    let mut costs = BySides::default();
    let befores = Side::ALL.into_iter();
    let all = befores.flat_map(|before| Side::ALL.map(|after| [before, after]));
    for (cost, sides) in costs.iter_mut().zip(all) {
        *cost = u8::try_from(least(sides)).unwrap_or(u8::MAX);
    }
    costs
}

impl Table {
    fn new() -> Self {
        let mut table = Table {
            rows: vec![[[0; SINGLE.len()]; 128]; Side::ALL.len() * Side::ALL.len()],
            small: [[0; SINGLE.len()]; 128],
            capital: [[0; SINGLE.len()]; 128],
            own: [Places::NONE; 128],
            foreign: [Places::NONE; 128],
            latin_supposed: [0; SINGLE.len()],
            own_supposed: [0; SINGLE.len()],
        };
        let letters = Family::ALL.map(Letters::of);
        let mut signs = BTreeMap::new();
        for place in 0..SINGLE.len() {
            if let Some(upper) = upper(place) {
                table.add(place, upper, &letters, &mut signs);
            }
        }
        table
    }

    #[expect(clippy::indexing_slicing, reason = "made once, of fixed lengths")]
    fn add(
        &mut self,
        place: usize,
        upper: &[Glyph; 128],
        letters: &[Letters; 6],
        signs: &mut BTreeMap<char, BySides>,
    ) {
        let is_of = |family: Family| move |glyph: &&Glyph| glyph.kind == Kind::Letter(family);
        let count = |family: &Family| upper.iter().filter(is_of(*family)).count();
        let family = Family::ALL.into_iter().max_by_key(count);
        let family = family.unwrap_or(Family::Latin);
        let supposed = |family| i16::try_from(least_supposed(family, place)).unwrap_or(0);
        self.latin_supposed[place] = supposed(Family::Latin);
        self.own_supposed[place] = supposed(family);
        let letters = &letters[family as usize];
        for (low, &glyph) in upper.iter().enumerate() {
            let least = match Script::of(glyph, letters.family) {
                // Most charsets have the same signs.
                Script::None => *signs
                    .entry(glyph.character)
                    .or_insert_with(|| by_sides(|sides| least_sign(glyph.character, sides))),
                script => by_sides(|sides| letters.least(glyph, script, sides)),
            };
            for (rows, least) in self.rows.iter_mut().zip(least) {
                rows[low][place] = least;
            }
            let cased = match glyph.is_capital {
                true => &mut self.capital,
                false => &mut self.small,
            };
            if letters.has_case(glyph) {
                cased[low][place] = BROKEN_BEYOND;
            }
            match glyph.kind {
                Kind::Letter(of) if of != family => self.foreign[low].0[place] = -1,
                Kind::Letter(of) if of != Family::Latin => self.own[low].0[place] = -1,
                _ => {}
            }
        }
    }
}

/// What the letters of a script cost at least, by their numbers.
struct Letters {
    family: Family,
    /// At the start of a word, behind a letter of ASCII, and behind anything.
    first: [Cost; 128],
    behind_ascii: [Cost; 128],
    behind: [Cost; 128],
    /// What stands behind them: the end of the word, or a letter of ASCII.
    last: [Cost; 128],
    before_ascii: [Cost; 128],
}

impl Letters {
    #[expect(clippy::indexing_slicing, reason = "numbers are below 128")]
    fn of(family: Family) -> Self {
        let most = [Cost::MAX / 4; 128];
        let mut letters = Letters {
            family,
            first: most,
            behind_ascii: most,
            behind: most,
            last: most,
            before_ascii: most,
        };
        let put = |slot: &mut Cost, least: Cost| *slot = (*slot).min(least);
        let pairs = family.pairs();
        for before in 0..pairs.letters() {
            for after in 0..pairs.letters() {
                let row = pairs.row(before, after);
                let least = row.iter().fold(u8::MAX, |least, &cost| least.min(cost));
                let least = Cost::from(least);
                let (one, next) = (usize::from(before), usize::from(after));
                put(&mut letters.behind[next], least);
                match (before, after) {
                    (0, _) => letters.first[next] = least,
                    (_, 0) => letters.last[one] = least,
                    _ => {}
                }
                if family == Family::Latin && is_ascii(before) {
                    put(&mut letters.behind_ascii[next], least);
                }
                if family == Family::Latin && is_ascii(after) {
                    put(&mut letters.before_ascii[one], least);
                }
            }
        }
        if family != Family::Latin {
            letters.behind_ascii = letters.first.map(|least| least + SCRIPTS_TOUCH);
            letters.before_ascii = letters.last.map(|least| least + SCRIPTS_TOUCH);
        }
        letters
    }

    /// What a letter costs at least between these, in text of this script.
    fn least(&self, glyph: Glyph, script: Script, sides: [Side; 2]) -> Cost {
        match script {
            Script::Own if glyph.kind == Kind::RareLatin => RARE,
            Script::Own => self.own(glyph, sides),
            _ => {
                let touching = sides.map(Side::is_ascii_letter).map(Cost::from);
                STRANGE + SCRIPTS_TOUCH * touching.iter().sum::<Cost>()
            }
        }
    }

    #[expect(clippy::indexing_slicing, reason = "numbers are below 128")]
    fn own(&self, glyph: Glyph, [before, after]: [Side; 2]) -> Cost {
        let number = usize::from(glyph.number);
        let behind = match before {
            Side::Apart => self.first[number],
            Side::Small | Side::Capital => self.behind_ascii[number],
            Side::Beyond => self.behind[number],
        };
        let ahead = match after {
            Side::Apart => self.last[number],
            Side::Small | Side::Capital => self.before_ascii[number],
            // It is counted there.
            Side::Beyond => 0,
        };
        let broken = match (glyph.is_capital, before, after) {
            _ if self.family != Family::Latin || !has_case(glyph) => 0,
            (true, Side::Small, _) => BROKEN_BEYOND,
            (false, _, Side::Capital) => BROKEN_ASCII,
            _ => 0,
        };
        behind + ahead + Cost::from(broken)
    }

    /// Whether it breaks a word where it changes from small to capital.
    fn has_case(&self, glyph: Glyph) -> bool {
        self.family.is_cased() && glyph.kind == Kind::Letter(self.family) && has_case(glyph)
    }
}

/// Whether this is the number of a Latin letter that ASCII has.
fn is_ascii(number: u8) -> bool {
    (1..=26).contains(&number)
}

fn least_sign(character: char, [before, after]: [Side; 2]) -> Cost {
    let befores = before.stand_ins().iter();
    let pairs = befores.flat_map(|&one| after.stand_ins().iter().map(move |&next| (one, next)));
    let costs = pairs.map(|(before, after)| sign(character, before, after));
    costs.min().unwrap_or_default()
}
