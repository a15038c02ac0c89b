//! What a text costs: the less, the more it looks like names and their
//! punctuation.
//!
//! Letters cost what they do behind the one before, in each language of their
//! script at once. Capitals cost where they stand as no name has them, signs
//! where no sign stands. Words in ASCII cost about the same in every language,
//! and tell only a little about which it is.

use super::model::{Cost, EastAsian, Family, LANES, Letter, east_asian, letter};

/// The cost of a text, by language.
#[derive(Clone, Copy)]
pub(super) struct TextCost {
    /// The script of its letters beyond ASCII.
    pub(super) family: Family,
    /// What everything but the letters costs.
    pub(super) base: Cost,
    /// What the letters cost in each language of the script.
    pub(super) lanes: [Cost; LANES],
    /// East Asian characters in it.
    pub(super) ideographs: usize,
    /// Letters beyond ASCII in it.
    pub(super) letters: usize,
}

/// What a letter costs that the language does not have.
const STRANGE: Cost = 184;
/// What it costs that one word is in two scripts.
const SCRIPTS_TOUCH: Cost = 80;
/// What it costs that a letter of another script is alone among ASCII.
const ALONE: Cost = 56;
const IDEOGRAPH_ALONE: Cost = 80;
/// What it costs that a letter of katakana is alone among ideographs.
const LONE_KATAKANA: Cost = 80;
/// What each repetition of a character costs after the fourth.
const DRAWN_OUT: Cost = 64;
/// What it costs that a word is one letter that is no word.
const NO_WORD: Cost = 40;
/// What a word in ASCII costs in text of another script, up to a limit.
const OTHER_SCRIPT: Cost = 32;
const OTHER_SCRIPT_MOST: Cost = 80;

/// The words in ASCII that touch no octet beyond it. They read alike in every
/// charset, and are judged once.
pub(super) struct Plain {
    words: Cost,
    average: Cost,
    lanes: [Cost; LANES],
    is_alphanumeric: bool,
}

impl Plain {
    /// Takes these words out of `octets`; gives them, and how many octets of
    /// `rest` are left.
    pub(super) fn of(octets: &[u8], rest: &mut [u8]) -> (Plain, usize) {
        let mut plain = Plain {
            words: 0,
            average: 0,
            lanes: [0; LANES],
            is_alphanumeric: octets.iter().any(u8::is_ascii_alphanumeric),
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
            if is_word && !after_high && next.is_none_or(u8::is_ascii) {
                plain.add(part);
            } else if let Some(room) = rest.get_mut(left..left + part.len()) {
                room.copy_from_slice(part);
                left += part.len();
            }
            after_high = part.last().is_some_and(|octet| !octet.is_ascii());
        }
        (plain, left)
    }

    /// The least that the letters of a text beside this can cost, whatever the
    /// language: words in ASCII may speak for one.
    fn least(&self, text: &[char]) -> Cost {
        let least = self.lanes.iter().min().copied().unwrap_or_default();
        let words = text
            .chunk_by(|one, next| one.is_ascii_alphabetic() == next.is_ascii_alphabetic())
            .filter(|part| part.first().is_some_and(char::is_ascii_alphabetic))
            .count();
        least - SPEAKS_FOR * Cost::try_from(words).unwrap_or(Cost::MAX / 1024)
    }

    fn add(&mut self, word: &[u8]) {
        let mut lanes = [0; LANES];
        add_letters(
            word.iter().copied().map(char::from),
            Family::Latin,
            &mut lanes,
        );
        self.words += 1;
        self.average += average(&lanes);
        speak(&lanes, &mut self.lanes);
    }
}

/// Judges `text` beside what is plain, the East Asian characters as in `used`.
/// `None` as soon as it is plain that it costs more than `most`.
pub(super) fn text_cost(
    text: &[char],
    plain: &Plain,
    used: EastAsian,
    most: Cost,
) -> Option<TextCost> {
    let family = text
        .iter()
        .filter(|character| !character.is_ascii())
        .find_map(|&character| letter(character))
        .map_or(Family::Latin, |letter| letter.family);
    let is_latin = family == Family::Latin;
    // Letters cost something, but words in ASCII may speak for a language.
    let most = match is_latin {
        true => most.saturating_sub(plain.least(text)),
        false => most,
    };
    let mut cost = TextCost {
        family,
        base: plain.average,
        lanes: match is_latin {
            true => plain.lanes,
            false => [0; LANES],
        },
        ideographs: 0,
        letters: 0,
    };
    // `Jäääär` is drawn out; more of one character is no text.
    let drawn_out = text
        .windows(5)
        .filter(|run| {
            run.iter()
                .all(|character| !character.is_ascii() && run.first() == Some(character))
        })
        .count();
    cost.base += DRAWN_OUT * Cost::try_from(drawn_out).unwrap_or_default();
    let mut foreign = if is_latin { 0 } else { plain.words };
    let mut before = Script::None;
    let mut rest = text;
    while let Some(&first) = rest.first() {
        if cost.base > most {
            return None;
        }
        let at = text.len() - rest.len();
        let script = Script::of(first, family);
        if script != before && script.is_word() && before.is_word() && !script.mixes(before) {
            cost.base += SCRIPTS_TOUCH;
        }
        let length = match script {
            Script::Own | Script::Ascii => {
                let length = word_length(rest, family);
                let word = rest.get(..length).unwrap_or_default();
                if script == Script::Ascii && word.iter().all(char::is_ascii) {
                    foreign += Cost::from(family != Family::Latin);
                    ascii_word(word, &mut cost);
                } else {
                    whole_word(word, family, &mut cost);
                    let is_initial = rest.get(length) == Some(&'.');
                    if let [only] = word
                        && family == Family::Latin
                        && !is_initial
                        && !is_word_of_its_own(*only)
                    {
                        cost.base += NO_WORD;
                    }
                }
                length
            }
            Script::EastAsian => {
                let before = at.checked_sub(1).and_then(|at| text.get(at)).copied();
                if is_lone_katakana(before, first, text.get(at + 1).copied()) {
                    cost.base += LONE_KATAKANA;
                }
                cost.ideographs += 1;
                cost.base += east_asian(first, used).unwrap_or(STRANGE);
                1
            }
            Script::Other => {
                cost.base += STRANGE;
                1
            }
            Script::None => {
                if !first.is_ascii() {
                    let previous = at.checked_sub(1).and_then(|at| text.get(at)).copied();
                    cost.base += sign(first, previous, text.get(at + 1).copied());
                }
                1
            }
        };
        before = script;
        rest = rest.get(length.max(1)..).unwrap_or_default();
    }
    cost.base += (OTHER_SCRIPT * foreign).min(OTHER_SCRIPT_MOST);
    // One ideograph, or one letter at a time, is how a Western accent reads.
    let is_mixed = plain.is_alphanumeric || text.iter().any(char::is_ascii_alphanumeric);
    if cost.ideographs == 1 {
        cost.base += IDEOGRAPH_ALONE;
    }
    if is_mixed && family != Family::Latin && cost.letters <= 1 {
        cost.base += ALONE;
    }
    Some(cost)
}

/// Whether this is one letter of katakana by itself, and not of those that
/// stand so in names: `一ノ瀬`, `市ヶ谷`, `八ツ橋`.
fn is_lone_katakana(before: Option<char>, letter: char, after: Option<char>) -> bool {
    let is_katakana = |character: char| matches!(character, '\u{30a1}'..='\u{30ff}');
    is_katakana(letter)
        && !matches!(
            letter,
            'ノ' | 'ヶ' | 'ケ' | 'ツ' | 'ッ' | 'ヵ' | 'カ' | '\u{30f7}'..
        )
        && !before.is_some_and(is_katakana)
        && !after.is_some_and(is_katakana)
}

/// What a character is to a text in a script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
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
    fn of(character: char, family: Family) -> Self {
        if character.is_ascii() {
            return if character.is_ascii_alphabetic() {
                Self::Ascii
            } else {
                Self::None
            };
        }
        match letter(character) {
            Some(letter) if letter.family == family => Self::Own,
            Some(_) => Self::Other,
            None if east_asian(character, EastAsian::Simplified).is_some() => {
                if matches!(u32::from(character), 0x3000..=0x3004 | 0x3008..=0x3020 | 0x30fb) {
                    Self::None
                } else {
                    Self::EastAsian
                }
            }
            // `Ÿ`, which no language has often enough to be counted.
            None if family == Family::Latin && is_rare_latin(character) => Self::Own,
            // ª and º are letters to Unicode, and signs here.
            None if is_alphabetic(character) && !matches!(character, 'ª' | 'º' | 'µ') => {
                Self::Other
            }
            None => Self::None,
        }
    }

    const fn is_word(self) -> bool {
        !matches!(self, Self::None)
    }

    /// Whether the two may touch within a word.
    fn mixes(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Other, Self::Other) | (Self::Own, Self::Own) | (Self::Ascii, Self::Ascii)
        )
    }
}

/// How many characters of one word `rest` starts with. ASCII letters are of
/// the word where the script is Latin.
fn word_length(rest: &[char], family: Family) -> usize {
    let ascii = rest.first().is_some_and(char::is_ascii);
    rest.iter()
        .take_while(|&&character| match Script::of(character, family) {
            Script::Own => family == Family::Latin || !ascii,
            Script::Ascii => family == Family::Latin || ascii,
            _ => false,
        })
        .count()
}

/// Adds the costs of the letters of a word, one after the other.
fn add_letters(word: impl Iterator<Item = char>, family: Family, lanes: &mut [Cost; LANES]) {
    let pairs = family.pairs();
    let mut before = 0;
    let numbers = word.map(|character| letter(character).map_or(0, |letter| letter.number));
    for after in numbers.chain([0]) {
        let row = pairs.row(before, after);
        // Of known length, it is added in a few vector instructions.
        if let Some(row) = row.first_chunk::<LANES>() {
            for (lane, &cost) in lanes.iter_mut().zip(row) {
                *lane += Cost::from(cost);
            }
        } else {
            for (lane, &cost) in lanes.iter_mut().zip(row) {
                *lane += Cost::from(cost);
            }
        }
        before = after;
    }
}

/// A word with letters beyond ASCII: it costs what its letters cost, and what
/// its capitals do.
fn whole_word(word: &[char], family: Family, cost: &mut TextCost) {
    add_letters(word.iter().copied(), family, &mut cost.lanes);
    let rare = word.iter().filter(|&&character| is_rare_latin(character));
    cost.base += rare.map(|_| RARE).sum::<Cost>();
    cost.letters += word
        .iter()
        .filter(|character| !character.is_ascii())
        .count();
    if family.is_cased() {
        cost.base += case(word);
    }
}

/// Whether a character is a Latin letter that is not counted.
fn is_rare_latin(character: char) -> bool {
    matches!(character, 'À'..='\u{24f}') && letter(character).is_none() && is_alphabetic(character)
}

/// What such a letter costs.
const RARE: Cost = 100;

/// A word in ASCII: it may be a name from anywhere, and speaks for a language
/// within limits only.
fn ascii_word(word: &[char], cost: &mut TextCost) {
    let mut lanes = [0; LANES];
    add_letters(word.iter().copied(), Family::Latin, &mut lanes);
    cost.base += average(&lanes);
    if cost.family == Family::Latin {
        speak(&lanes, &mut cost.lanes);
    }
}

/// What a word in ASCII costs: as in English, the first of the languages, whose
/// lists have names from everywhere.
const fn average(lanes: &[Cost; LANES]) -> Cost {
    let [average, ..] = *lanes;
    average
}

/// What a word in ASCII says for each language.
fn speak(lanes: &[Cost; LANES], totals: &mut [Cost; LANES]) {
    let average = average(lanes);
    for (total, lane) in totals.iter_mut().zip(lanes) {
        *total += (lane - average + UNDECIDED).clamp(-SPEAKS_FOR, SPEAKS_AGAINST);
    }
}

const UNDECIDED: Cost = 4;
const SPEAKS_FOR: Cost = 75;
const SPEAKS_AGAINST: Cost = 22;

/// Letters that are words: `à`, `è`, `ó`, `å`, `ö`.
const fn is_word_of_its_own(letter: char) -> bool {
    matches!(letter, 'À'..='Æ' | 'È'..='Ï' | 'Ò'..='Ö' | 'Ø'..='Ý' | 'à'..='æ' | 'è'..='ï' | 'ò'..='ö' | 'ø'..='ý')
}

/// What the capitals of a word cost.
fn case(word: &[char]) -> Cost {
    let mut seen = 0;
    let mut capitals = 0;
    let mut leading = 0;
    let mut broken = 0;
    let mut before = None;
    for &character in word {
        let Some(Letter {
            is_capital: capital,
            ..
        }) = letter(character).filter(|_| character != 'ß')
        else {
            continue;
        };
        if capital && before == Some(false) {
            broken += if character.is_ascii() { 48 } else { 112 };
        }
        capitals += usize::from(capital);
        leading += usize::from(capital && capitals == seen + 1);
        seen += 1;
        before = Some(capital);
    }
    match (capitals, leading) {
        (0, _) => 8,
        (1, 1) => 5,
        _ if capitals == seen => 26,
        _ if leading >= 2 => broken + 56,
        _ => broken + 8,
    }
}

/// `char::is_alphabetic`, which is slow, with the answers that are wanted most.
fn is_alphabetic(character: char) -> bool {
    match character {
        '\0'..='\u{7f}' => character.is_ascii_alphabetic(),
        '\u{80}'..='\u{bf}' => matches!(character, 'ª' | 'µ' | 'º'),
        '\u{c0}'..='\u{24f}' => !matches!(character, '×' | '÷'),
        '\u{400}'..='\u{481}' => true,
        // Punctuation, money, and boxes.
        '\u{2000}'..='\u{206f}' | '\u{20a0}'..='\u{20cf}' | '\u{2190}'..='\u{23ff}' => false,
        '\u{2500}'..='\u{2bff}' => false,
        _ => character.is_alphabetic(),
    }
}

/// What a sign beyond ASCII costs between these two.
fn sign(sign: char, before: Option<char>, after: Option<char>) -> Cost {
    let is_letter = |character: Option<char>| character.is_some_and(is_alphabetic);
    let is_digit = |character: Option<char>| character.is_some_and(char::is_numeric);
    let is_space = |character: Option<char>| {
        character.is_none_or(|character| " \";,()/&+=.:!?-'".contains(character))
    };
    let edge = |character: Option<char>| character.is_none_or(|character| character == ' ');
    let (fits, otherwise, is_placed) = match sign {
        '’' => {
            if is_letter(before) && is_letter(after) {
                return 32;
            }
            (72, 104, is_letter(before))
        }
        '‘' | '„' | '‚' => (80, 144, !is_space(after) && is_space(before)),
        '”' => (80, 144, !edge(before) && is_space(after)),
        // »German« and „German“ quotations turn them round.
        '“' | '«' | '»' => {
            let opens = !is_space(after) && is_space(before);
            let closes = !edge(before) && is_space(after);
            let usual = if sign == '»' { closes } else { opens };
            if usual {
                return 80;
            }
            (96, 144, opens || closes)
        }
        '–' | '—' => (
            64,
            96,
            (before == Some(' ') && after == Some(' '))
                || (is_letter(before) || is_digit(before)) && (is_letter(after) || is_digit(after)),
        ),
        '®' | '™' | '©' => (
            72,
            128,
            (is_letter(before) || is_digit(before) || before == Some(' ')) && is_space(after),
        ),
        '°' => (
            80,
            144,
            is_digit(before) || matches!(before, Some('n' | 'N' | ' ')),
        ),
        'º' | 'ª' => (
            80,
            144,
            (is_digit(before) || before == Some('M')) && !matches!(after, Some('a'..='z'))
                || matches!(before, Some('n' | 'N')) && is_space(after),
        ),
        '·' => (
            72,
            128,
            matches!(before, Some('l' | 'L')) && is_letter(after),
        ),
        '¡' | '¿' => (88, 160, is_letter(after) && is_space(before)),
        '…' => (88, 128, is_space(after)),
        '€' | '£' | '¥' => (
            80,
            144,
            is_digit(before) || is_digit(after) || (is_space(before) && is_space(after)),
        ),
        '\u{a0}' => (88, 120, !edge(before) && !edge(after)),
        '²' | '³' => (88, 160, before == Some('m') && is_space(after)),
        '´' => (96, 160, is_letter(before) && is_letter(after)),
        '½' | '¼' | '¾' | '×' | 'µ' => (96, 176, is_digit(before) || is_space(before)),
        '•' | '§' => (112, 176, !is_letter(before) && !is_letter(after)),
        '\u{ad}' => (96, 160, is_letter(before) && is_letter(after)),
        '\u{3000}'..='\u{3002}'
        | '「'
        | '」'
        | '・'
        | '（'
        | '）'
        | '：'
        | '！'
        | '／'
        | '＆'
        | '－'
        | '，' => (80, 80, true),
        '\u{3003}'..='\u{303f}' => (128, 128, true),
        '\u{ff01}'..='\u{ff5e}' => (112, 112, true),
        // An accent or a box by itself, in the midst of a word.
        _ => (192, 288, !(is_letter(before) && is_letter(after))),
    };
    if is_placed { fits } else { otherwise }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_answers_are_right() {
        for character in '\0'..=char::MAX {
            assert_eq!(
                is_alphabetic(character),
                character.is_alphabetic(),
                "{character:?}"
            );
        }
    }
}
