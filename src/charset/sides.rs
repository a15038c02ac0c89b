//! What octets beyond ASCII cost at least in each charset of single octets, by
//! what stands on their two sides.

use super::cost::{RARE, SCRIPTS_TOUCH, STRANGE, Script};
use super::glyph::{Glyph, Kind, upper};
use super::languages::{SINGLE, least_supposed};
use super::model::{Cost, Family, Places};
use super::sign::sign;
use super::word::{BROKEN_ASCII, BROKEN_BEYOND, has_case};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What stands on one side of an octet beyond ASCII.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Nothing, or ASCII that is no letter.
    Apart,
    Small,
    Capital,
    /// Another octet beyond ASCII.
    Beyond,
}

impl Side {
    const ALL: [Self; 4] = [Self::Apart, Self::Small, Self::Capital, Self::Beyond];

    pub(super) fn of(octet: Option<&u8>) -> Self {
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
pub(super) struct Table {
    /// By the sides and by octet.
    rows: BySides<[Row; 128]>,
    /// By octet: which letters are small, and which are capitals.
    pub(super) small: [Row; 128],
    pub(super) capital: [Row; 128],
    /// By octet: in which charsets it is a letter of the charset's own script,
    /// not Latin, and in which of another that is counted.
    pub(super) own: [Places; 128],
    pub(super) foreign: [Places; 128],
    /// What it costs at least to suppose a language, and the charset for it: one
    /// in Latin letters, or one of the charset's own script.
    pub(super) latin_supposed: [i16; SINGLE.len()],
    pub(super) own_supposed: [i16; SINGLE.len()],
}

/// Made once, at the first value that is not UTF-8.
pub(super) static TABLE: LazyLock<Table> = LazyLock::new(Table::new);

/// Something for all that can stand before an octet, and after it.
type BySides<T> = [[T; Side::ALL.len()]; Side::ALL.len()];

impl Table {
    /// What each octet costs between these.
    #[expect(clippy::indexing_slicing, reason = "there is one for each side")]
    pub(super) const fn rows(&self, [before, after]: [Side; 2]) -> &[Row; 128] {
        &self.rows[before as usize][after as usize]
    }

    fn new() -> Self {
        let mut table = Table {
            rows: [[[[0; SINGLE.len()]; 128]; Side::ALL.len()]; Side::ALL.len()],
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
        signs: &mut BTreeMap<char, BySides<u8>>,
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
            let rows = self.rows.as_flattened_mut().iter_mut();
            for (rows, least) in rows.zip(least.as_flattened()) {
                rows[low][place] = *least;
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

fn by_sides(least: impl Fn([Side; 2]) -> Cost) -> BySides<u8> {
    let least = &least;
    Side::ALL.map(|before| {
        Side::ALL.map(|after| u8::try_from(least([before, after])).unwrap_or(u8::MAX))
    })
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
