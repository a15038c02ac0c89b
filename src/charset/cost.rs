//! What a text costs: the less, the more it looks like names and their
//! punctuation.
//!
//! Letters cost what they do behind the one before, in each language of their
//! script at once. Capitals cost where they stand as no name has them, signs
//! where no sign stands. Words in ASCII cost about the same in every language,
//! and tell only a little about which it is.

use super::glyph::{Glyph, Kind};
use super::languages::LEAST_SUPPOSED;
use super::model::{Cost, EastAsian, Family, east_asian};
use super::sign::sign;
use super::surname::is_name;
use super::word::{Lanes, SPEAKS_FOR, Touching, Word, letters};

/// The cost of a text, by language.
#[derive(Clone, Copy)]
pub(super) struct TextCost {
    /// The script of its letters beyond ASCII.
    pub(super) family: Family,
    /// Whether all of these are Latin.
    pub(super) is_latin: bool,
    /// What everything but the letters costs.
    pub(super) base: Cost,
    /// What the letters cost in each language of the script, and in that which
    /// they fit best.
    pub(super) lanes: Lanes,
    pub(super) least: Cost,
    /// East Asian characters in it.
    pub(super) ideographs: usize,
    /// Letters beyond ASCII in it, and in the longest of its words.
    pub(super) letters: Cost,
    longest: Cost,
    by_language: bool,
    /// Words in ASCII beside another script.
    foreign: Cost,
}

/// What a letter costs that the language does not have.
pub(super) const STRANGE: Cost = 184;
/// What it costs that one word is in two scripts.
pub(super) const SCRIPTS_TOUCH: Cost = 80;
/// What it costs that a letter of another script is alone among ASCII, and each
/// other that is.
const ALONE: Cost = 56;
pub(super) const IDEOGRAPH_ALONE: Cost = 80;
/// What it is worth that all of a text is kana, as many Japanese names are and
/// nothing is by chance.
pub(super) const ALL_KANA: Cost = 32;
/// What it is worth that all of a text is a surname and a name.
pub(super) const NAME: Cost = 28;
/// What it costs that a letter of katakana is alone among ideographs.
const LONE_KATAKANA: Cost = 80;
/// What each repetition of a character costs after the fourth.
const DRAWN_OUT: Cost = 64;
/// What it costs that a word is one letter that is no word.
const NO_WORD: Cost = 40;
/// What a Latin letter costs that is not counted.
pub(super) const RARE: Cost = 100;
/// What a letter of an alphabet costs in a charset of ideographs.
pub(super) const LETTER_AMONG_IDEOGRAPHS: Cost = 176;
/// What a word in ASCII costs in text of another script, up to a limit.
const OTHER_SCRIPT: Cost = 32;
const OTHER_SCRIPT_MOST: Cost = 80;

/// The ASCII of a value, which reads alike in every charset of single octets.
pub(super) struct Ascii {
    /// What its words cost, whatever the language.
    pub(super) average: Cost,
    /// How many there are.
    words: Cost,
    /// How many of them touch an octet beyond ASCII, and what these cost.
    touching: Cost,
    touching_average: Cost,
    /// What the others say for each language.
    lanes: Lanes,
    /// The same, and what those cost at least.
    least: Lanes,
    is_alphanumeric: bool,
}

impl Ascii {
    /// Takes the words that touch no octet beyond ASCII out of `octets`, for they
    /// are judged here and now; gives how many octets of `rest` are left.
    pub(super) fn of(octets: &[u8], rest: &mut [u8]) -> (Ascii, usize) {
        let mut ascii = Ascii {
            average: 0,
            words: 0,
            touching: 0,
            touching_average: 0,
            lanes: Lanes::of(Family::Latin),
            least: Lanes::of(Family::Latin),
            is_alphanumeric: false,
        };
        let (mut at, mut left) = (0, 0);
        let mut after_high = false;
        for part in octets.chunk_by(|one, next| {
            one.is_ascii_alphabetic() == next.is_ascii_alphabetic()
                && (one.is_ascii_alphabetic() || one.is_ascii() == next.is_ascii())
        }) {
            at += part.len();
            let next = octets.get(at);
            let is_word = part.first().is_some_and(u8::is_ascii_alphabetic);
            let before_high = next.is_some_and(|next| !next.is_ascii());
            let stands_alone = is_word && !after_high && !before_high;
            if is_word {
                ascii.add(part, !after_high, !before_high);
            }
            if !stands_alone && let Some(room) = rest.get_mut(left..left + part.len()) {
                room.copy_from_slice(part);
                left += part.len();
            }
            ascii.is_alphanumeric |= is_word || part.iter().any(u8::is_ascii_digit);
            after_high = part.last().is_some_and(|octet| !octet.is_ascii());
        }
        (ascii, left)
    }

    fn add(&mut self, word: &[u8], starts: bool, ends: bool) {
        // The numbers of the alphabet, of small and capital letters.
        let numbers = word.iter().map(|&letter| letter & 0x1f);
        self.words += 1;
        if starts && ends {
            let lanes = letters(numbers, Family::Latin.pairs());
            self.average += lanes.average();
            self.lanes.hear(&lanes);
            self.least.hear(&lanes);
        } else {
            let word = Touching::of(numbers, starts, ends);
            self.average += word.average;
            self.touching += 1;
            self.touching_average += word.average;
            self.least.add(&word.least);
        }
    }

    /// What it costs at least in text that is Latin beyond ASCII too.
    pub(super) fn in_latin_text(&self) -> Cost {
        self.apart() + self.least.least()
    }

    /// What it costs in text of another script.
    pub(super) fn in_other_text(&self) -> Cost {
        self.average + (OTHER_SCRIPT * self.words).min(OTHER_SCRIPT_MOST)
    }

    /// What it costs without the words that touch an octet beyond ASCII, which
    /// in charsets of several octets may be parts of characters.
    pub(super) const fn apart(&self) -> Cost {
        self.average - self.touching_average
    }
}

/// What a text has beyond ASCII.
#[derive(Clone, Copy)]
pub(super) struct Beyond {
    /// The script of the first letter.
    family: Option<Family>,
    /// Whether all letters are Latin.
    is_latin: bool,
    /// How often a character came after four of its sort.
    drawn_out: Cost,
}

impl Beyond {
    pub(super) const fn new(drawn_out: Cost) -> Self {
        Beyond {
            family: None,
            is_latin: true,
            drawn_out,
        }
    }

    pub(super) fn add(&mut self, glyph: Glyph) {
        if let Kind::Letter(family) = glyph.kind {
            self.family = self.family.or(Some(family));
            self.is_latin &= family == Family::Latin;
        }
    }
}

/// Judges `text` beside the words that were taken out of it: the East Asian
/// characters as in `used`, or as none, which have no place in a charset of
/// single octets. `None` as soon as it is plain that it costs more than `most`,
/// whatever its language.
pub(super) fn text_cost(
    text: &[Glyph],
    beyond: Beyond,
    ascii: &Ascii,
    used: Option<EastAsian>,
    most: Cost,
) -> Option<TextCost> {
    let mut cost = TextCost::new(beyond, ascii, used.is_none());
    let family = cost.family;
    // Words in ASCII may speak for a language.
    let most = match family {
        _ if used.is_some() => most.saturating_add(ALL_KANA.max(NAME)),
        Family::Latin => most.saturating_add(Cost::from(SPEAKS_FOR) * ascii.touching),
        _ => most,
    };
    let most = most.saturating_sub(LEAST_SUPPOSED);
    if cost.base + cost.least > most {
        return None;
    }
    let mut word: Option<Word> = None;
    let mut before = Script::None;
    for (at, &glyph) in text.iter().enumerate() {
        let script = Script::of(glyph, family);
        if let Some(word) = &mut word {
            // ASCII letters are of the word where the script is Latin.
            let goes_on = match family {
                Family::Latin => matches!(script, Script::Own | Script::Ascii),
                _ => script == before,
            };
            if goes_on {
                if is_mark(glyph) && !text.get(..at).is_some_and(ends_in_vowel) {
                    cost.base += STRANGE;
                }
                word.add(glyph);
                continue;
            }
        }
        if let Some(word) = word.take() {
            cost.add(&word, glyph.character == '.');
        }
        if script != before && script.is_word() && before.is_word() && !script.mixes(before) {
            cost.base += SCRIPTS_TOUCH;
        }
        if cost.base + cost.least > most {
            return None;
        }
        let neighbours = || {
            let previous = at.checked_sub(1).and_then(|at| text.get(at));
            let next = text.get(at + 1);
            [previous, next].map(|one| one.map(|glyph| glyph.character))
        };
        match script {
            Script::Own => word = Some(Word::of(glyph, family)),
            Script::Ascii if family == Family::Latin || !cost.by_language => {
                word = Some(Word::of(glyph, Family::Latin));
            }
            Script::EastAsian => {
                if is_lone_katakana(glyph.character, neighbours()) {
                    cost.base += LONE_KATAKANA;
                }
                cost.ideographs += 1;
                cost.base += east_asian(glyph.character, used?).unwrap_or(STRANGE);
            }
            Script::Other => cost.base += STRANGE,
            Script::None if !glyph.is_ascii() => {
                let [previous, next] = neighbours();
                cost.base += sign(glyph.character, previous, next);
            }
            // Words of other scripts in ASCII were counted before.
            Script::Ascii | Script::None => {}
        }
        before = script;
    }
    if let Some(word) = word {
        cost.add(&word, false);
    }
    cost.base += (OTHER_SCRIPT * cost.foreign).min(OTHER_SCRIPT_MOST);
    // One ideograph, or one letter at a time, is how a Western accent reads.
    if cost.ideographs == 1 {
        cost.base += IDEOGRAPH_ALONE;
    }
    if let Some(used) = used {
        if is_kana(text) {
            cost.base -= ALL_KANA;
        } else if is_name(text, used) {
            cost.base -= NAME;
        }
    }
    if family != Family::Latin && cost.longest <= 1 && ascii.is_alphanumeric {
        cost.base += ALONE * cost.letters.max(1);
    }
    Some(cost)
}

impl TextCost {
    fn new(beyond: Beyond, ascii: &Ascii, by_language: bool) -> Self {
        let family = beyond.family.unwrap_or(Family::Latin);
        let mut cost = TextCost {
            family,
            is_latin: beyond.is_latin,
            by_language,
            // `Jäääär` is drawn out; more of one character is no text.
            base: ascii.apart() + DRAWN_OUT * beyond.drawn_out,
            lanes: Lanes::of(family),
            least: 0,
            ideographs: 0,
            letters: 0,
            longest: 0,
            foreign: 0,
        };
        match family {
            Family::Latin => cost.lanes = ascii.lanes,
            _ if by_language => {
                // All of its words are words of another script, and known.
                cost.base = ascii.in_other_text() + DRAWN_OUT * beyond.drawn_out;
            }
            _ => cost.foreign = ascii.words - ascii.touching,
        }
        cost.settle();
        cost
    }

    /// Settles what the letters cost at least, by language or among ideographs.
    fn settle(&mut self) {
        self.least = match self.by_language {
            true => self.lanes.least(),
            false => LETTER_AMONG_IDEOGRAPHS * self.letters,
        };
    }

    /// Adds a word, whose initial it may be that a full stop follows.
    fn add(&mut self, word: &Word, is_initial: bool) {
        let lanes = word.lanes();
        if word.letters == 0 && word.starts_in_ascii {
            // It may be a name from anywhere, and speaks for a language within
            // limits only.
            self.base += lanes.average();
            match self.family {
                Family::Latin => self.lanes.hear(&lanes),
                _ => self.foreign += 1,
            }
        } else {
            // Here it costs what its letters cost, and what its capitals do.
            self.lanes.add(&lanes);
            self.letters += word.letters;
            self.longest = self.longest.max(word.letters);
            self.base += RARE * word.rare;
            if self.family.is_cased() {
                self.base += word.capitals.cost();
            }
            if word.length == 1
                && self.family == Family::Latin
                && !is_initial
                && !is_word_of_its_own(word.first)
            {
                self.base += NO_WORD;
            }
        }
        self.settle();
    }
}

/// Whether this is an accent of the letter before it: windows-1258 has those of
/// Vietnamese as marks.
const fn is_mark(glyph: Glyph) -> bool {
    matches!(glyph.character, '\u{300}'..='\u{32f}')
}

/// Whether a text ends in a letter that Vietnamese puts accents on.
fn ends_in_vowel(text: &[Glyph]) -> bool {
    let last = text.last().map(|glyph| glyph.character);
    last.is_some_and(|last| "AEIOUYĂÂÊÔƠƯaeiouyăâêôơư".contains(last))
}

/// Whether all of a text beyond ASCII is kana, and more than one.
fn is_kana(text: &[Glyph]) -> bool {
    let mut beyond = text.iter().filter(|glyph| !glyph.is_ascii());
    beyond.clone().nth(1).is_some() && beyond.all(|glyph| glyph.is_kana())
}

/// Whether this is one letter of katakana by itself, and not of those that
/// stand so in names: `一ノ瀬`, `市ヶ谷`, `八ツ橋`.
fn is_lone_katakana(letter: char, neighbours: [Option<char>; 2]) -> bool {
    let is_katakana = |character: char| matches!(character, '\u{30a1}'..='\u{30ff}');
    is_katakana(letter)
        && !matches!(
            letter,
            'ノ' | 'ヶ' | 'ケ' | 'ツ' | 'ッ' | 'ヵ' | 'カ' | '\u{30f7}'..
        )
        && !neighbours.into_iter().flatten().any(is_katakana)
}

/// What a character is to a text in a script.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    /// Nothing that words are made of.
    None,
    /// An ASCII letter.
    Ascii,
    /// A letter of the script.
    Own,
    EastAsian,
    /// A letter of another script, or one that no language here has.
    Other,
}

impl Script {
    pub(super) fn of(glyph: Glyph, family: Family) -> Self {
        match glyph.kind {
            Kind::Sign => Self::None,
            Kind::Ascii => Self::Ascii,
            Kind::Letter(of) if of == family => Self::Own,
            Kind::RareLatin if family == Family::Latin => Self::Own,
            Kind::EastAsian => Self::EastAsian,
            Kind::Letter(_) | Kind::RareLatin | Kind::OtherLetter => Self::Other,
        }
    }

    const fn is_word(self) -> bool {
        !matches!(self, Self::None)
    }

    /// Whether the two may touch within a word.
    const fn mixes(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Other, Self::Other) | (Self::Own, Self::Own) | (Self::Ascii, Self::Ascii)
        )
    }
}

/// Letters that are words: `à`, `è`, `ó`, `å`, `ö`.
const fn is_word_of_its_own(letter: char) -> bool {
    matches!(letter, 'À'..='Æ' | 'È'..='Ï' | 'Ò'..='Ö' | 'Ø'..='Ý' | 'à'..='æ' | 'è'..='ï' | 'ò'..='ö' | 'ø'..='ý')
}
