//! What a word costs: its letters one behind the other, in each language of
//! their script at once, and its capitals.

use super::glyph::{Glyph, Kind};
use super::languages::languages;
use super::model::{Cost, Family, LANES, Pairs};

/// A word, letter by letter.
pub(super) struct Word {
    pairs: &'static Pairs,
    /// What the letters cost so far, in each language.
    lanes: Lanes,
    last: u8,
    pub(super) first: char,
    pub(super) starts_in_ascii: bool,
    pub(super) length: usize,
    /// Letters beyond ASCII, and of these such as are not counted.
    pub(super) letters: Cost,
    pub(super) rare: Cost,
    pub(super) capitals: Capitals,
}

impl Word {
    pub(super) fn of(first: Glyph, family: Family) -> Self {
        let mut word = Word {
            pairs: family.pairs(),
            lanes: Lanes::NONE,
            last: 0,
            first: first.character,
            starts_in_ascii: first.is_ascii(),
            length: 0,
            letters: 0,
            rare: 0,
            capitals: Capitals::default(),
        };
        word.add(first);
        word
    }

    pub(super) fn add(&mut self, letter: Glyph) {
        self.lanes.add_row(self.pairs.row(self.last, letter.number));
        self.last = letter.number;
        self.length += 1;
        self.letters += Cost::from(!letter.is_ascii());
        self.rare += Cost::from(letter.kind == Kind::RareLatin);
        self.capitals.add(letter);
    }

    /// What its letters cost, the end of the word with them.
    pub(super) fn lanes(&self) -> Lanes {
        let mut lanes = self.lanes;
        lanes.add_row(self.pairs.row(self.last, 0));
        lanes
    }
}

/// The capitals of a word.
#[derive(Default)]
pub(super) struct Capitals {
    letters: Cost,
    capitals: Cost,
    leading: Cost,
    /// What those cost that stand after a small letter.
    broken: Cost,
    after_small: bool,
}

impl Capitals {
    fn add(&mut self, letter: Glyph) {
        if !has_case(letter) {
            return;
        }
        let capital = letter.is_capital;
        let cost = match letter.is_ascii() {
            true => BROKEN_ASCII,
            false => BROKEN_BEYOND,
        };
        self.broken += Cost::from(cost) * Cost::from(capital && self.after_small);
        self.leading += Cost::from(capital && self.capitals == self.letters);
        self.capitals += Cost::from(capital);
        self.letters += 1;
        self.after_small = !capital;
    }

    /// What they cost.
    pub(super) const fn cost(&self) -> Cost {
        match (self.capitals, self.leading) {
            (0, _) => 8,
            (1, 1) => 5,
            (capitals, _) if capitals == self.letters => 26,
            (_, 2..) => self.broken + 56,
            _ => self.broken + 8,
        }
    }
}

/// What a capital costs after a small letter, in ASCII and beyond.
pub(super) const BROKEN_ASCII: u8 = 48;
pub(super) const BROKEN_BEYOND: u8 = 112;

/// Whether a letter of a script with capitals is one, or is none: ß is either.
pub(super) const fn has_case(letter: Glyph) -> bool {
    letter.number != 0 && letter.character != 'ß'
}

/// A cost in each language of a family. More than there is room for is more
/// than any text costs, and stays at that; so that one instruction adds several
/// of them, and finds the least.
#[derive(Clone, Copy)]
pub(super) struct Lanes(pub(super) [i16; LANES]);

impl Lanes {
    pub(super) const NONE: Self = Lanes([0; LANES]);

    /// Nothing yet, in the languages of a family: others cost the most there is.
    pub(super) fn of(family: Family) -> Self {
        let mut lanes = [i16::MAX; LANES];
        let used = lanes.get_mut(..languages(family).len());
        used.unwrap_or_default().fill(0);
        Lanes(lanes)
    }

    /// What it costs in the language where it costs least.
    pub(super) fn least(&self) -> Cost {
        let least = self.0.iter().fold(i16::MAX, |least, &cost| least.min(cost));
        Cost::from(least)
    }

    /// What a word in ASCII costs: as in English, the first of the languages,
    /// whose lists have names from everywhere.
    pub(super) fn average(&self) -> Cost {
        let [average, ..] = self.0;
        Cost::from(average)
    }

    pub(super) fn add(&mut self, others: &Lanes) {
        for (lane, other) in self.0.iter_mut().zip(others.0) {
            *lane = lane.saturating_add(other);
        }
    }

    fn add_row(&mut self, row: &[u8]) {
        // Of known length, it is added in a few instructions.
        if let Some(row) = row.first_chunk::<LANES>() {
            for (lane, &cost) in self.0.iter_mut().zip(row) {
                *lane = lane.saturating_add(i16::from(cost));
            }
        } else {
            for (lane, &cost) in self.0.iter_mut().zip(row) {
                *lane = lane.saturating_add(i16::from(cost));
            }
        }
    }

    /// Adds what a word in ASCII that costs as much says for each language.
    pub(super) fn hear(&mut self, word: &Lanes) {
        let [average, ..] = word.0;
        for (lane, cost) in self.0.iter_mut().zip(word.0) {
            let says = cost.saturating_sub(average).saturating_add(UNDECIDED);
            *lane = lane.saturating_add(says.clamp(-SPEAKS_FOR, SPEAKS_AGAINST));
        }
    }
}

const UNDECIDED: i16 = 4;
pub(super) const SPEAKS_FOR: i16 = 75;
const SPEAKS_AGAINST: i16 = 22;

/// What letters cost one after the other, in each language.
pub(super) fn letters(numbers: impl Iterator<Item = u8>, pairs: &Pairs) -> Lanes {
    let mut lanes = Lanes::NONE;
    let mut before = 0;
    for after in numbers.chain([0]) {
        lanes.add_row(pairs.row(before, after));
        before = after;
    }
    lanes
}

/// A word of ASCII letters that stands beside octets beyond ASCII.
pub(super) struct Touching {
    /// What it costs by itself, whatever the language.
    pub(super) average: Cost,
    /// What it costs at least in each language, not asking what it touches.
    pub(super) least: Lanes,
}

impl Touching {
    /// Whether it `starts` and `ends` as words do, or goes on beyond ASCII.
    pub(super) fn of(numbers: impl Iterator<Item = u8>, starts: bool, ends: bool) -> Self {
        let pairs = Family::Latin.pairs();
        let mut least = Lanes::NONE;
        let mut average = 0;
        let mut before = 0;
        let mut add = |row: &[u8], is_known: bool| {
            average += row.first().copied().map_or(0, Cost::from);
            if is_known {
                least.add_row(row);
            }
        };
        for after in numbers {
            add(pairs.row(before, after), before != 0 || starts);
            before = after;
        }
        add(pairs.row(before, 0), ends);
        // Beside a sign it is a word of its own, and speaks within limits.
        let most = i16::try_from(average).unwrap_or(i16::MAX);
        let most = most.saturating_add(SPEAKS_AGAINST);
        least.0 = least.0.map(|cost| cost.min(most));
        Touching { average, least }
    }
}

/// What the letters of a word of ASCII cost, whatever the language.
pub(super) fn average_of(numbers: impl Iterator<Item = u8>) -> Cost {
    let pairs = Family::Latin.pairs();
    let (mut sum, mut before) = (0, 0);
    for after in numbers.chain([0]) {
        let row = pairs.row(before, after);
        sum += row.first().copied().map_or(0, Cost::from);
        before = after;
    }
    sum
}
