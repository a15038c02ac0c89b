//! References without the `;` that ends them: `Secretar&#237a`, `Pich&eacute`.
//!
//! Without the `;` anything may be meant: `Lots #9&#10`, `Smith&ethan`. What
//! tells a reference is the word around it. A letter beyond ASCII that touches
//! letters of its own script, in their case, was meant; so was a dash or an
//! apostrophe between two letters. A number that stands alone is only possible.
//!
//! Hexadecimal digits run into the letters that follow (`&#xE9cole`): every way
//! to end the number is tried, and where only one makes sense it is taken.

use super::{Expansion, Reference, expansion, name, number, numeric};
use crate::characters;
use crate::finding::Confidence;

/// The reference without `;` that starts at `at`.
pub(super) fn reference(value: &[u8], at: usize) -> Option<Reference> {
    let tail = value.get(at + 1..)?;
    match tail {
        [b'#', b'x' | b'X', digits @ ..] => hexadecimal(value, at, digits),
        [b'#', digits @ ..] => {
            let (count, number) = number(digits, 10)?;
            let end = at + 2 + count;
            judged(value, at, end, numeric(number), Radix::Decimal)
        }
        _ => by_name(value, at, tail),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Radix {
    Decimal,
    Hexadecimal,
}

/// A reference by name. The old names are the only ones that HTML knows without
/// `;`; of these, letters. Inside a word the name may run into what follows.
fn by_name(value: &[u8], at: usize, tail: &[u8]) -> Option<Reference> {
    let run = name(tail);
    if tail.get(run) == Some(&b'=') {
        return None;
    }
    (SHORTEST..=LONGEST.min(run)).rev().find_map(|length| {
        let known = expansion(tail.get(..length)?)?;
        let Expansion::Char(letter) = known else {
            return None;
        };
        if letter.is_ascii() || !letter.is_alphabetic() || is_word_of_its_own(letter) {
            return None;
        }
        let end = at + 1 + length;
        let word = Around::of(value, at, end);
        let fits =
            length == run || (word.after.is_letter() && word.fits(letter) && word.may_start());
        fits.then_some(open(at, end, known, Confidence::Likely))
    })
}

/// `&uml` to `&Aacute`: the lengths of the old names.
const SHORTEST: usize = 3;
const LONGEST: usize = 6;

/// Letters whose name is somebody's own: `Neil &eth`, `Rose&thorn`, `1 &micro`.
const fn is_word_of_its_own(letter: char) -> bool {
    matches!(letter, 'ð' | 'Ð' | 'þ' | 'Þ' | 'µ' | 'ª' | 'º')
}

/// A reference by a hexadecimal number, which ends where that makes sense.
fn hexadecimal(value: &[u8], at: usize, digits: &[u8]) -> Option<Reference> {
    let (count, greedy) = number(digits, 16)?;
    let end = |length| at + 3 + length;
    let whole = judged(value, at, end(count), numeric(greedy), Radix::Hexadecimal);
    // In a word of ASCII letters a number ends before the next of them.
    let latin = Around::of(value, at, end(count)).has_ascii();
    let is_sure = |found: &Reference| found.confidence > Confidence::Possible;
    if whole.as_ref().is_some_and(is_sure) && (!latin || count <= 3 && !has_letter(digits, count)) {
        return whole;
    }
    let ways = (2..=count.min(MOST_DIGITS)).filter_map(|length| {
        let (_, number) = number(digits.get(..length)?, 16)?;
        let Expansion::Char(letter) = numeric(number) else {
            return None;
        };
        let rest = digits.get(length..count)?;
        let ends = rest.iter().all(u8::is_ascii_alphabetic);
        let cut = length < count;
        let around = Around::of(value, at, end(length));
        let fits = if cut || latin {
            is_common(letter)
        } else {
            true
        };
        (ends && fits && around.fits(letter))
            .then(|| {
                judged(
                    value,
                    at,
                    end(length),
                    Expansion::Char(letter),
                    Radix::Hexadecimal,
                )
            })?
            .filter(is_sure)
    });
    let mut ways = ways.fuse();
    match (ways.next(), ways.next()) {
        (Some(only), None) => Some(only),
        (None, _) => whole,
        (Some(_), Some(_)) => whole.map(|reference| Reference {
            confidence: Confidence::Possible,
            ..reference
        }),
    }
}

/// Digits of U+10FFFF with two zeros before them.
const MOST_DIGITS: usize = 8;

/// Whether one of the last digits, behind the shortest number, is a letter.
fn has_letter(digits: &[u8], count: usize) -> bool {
    digits
        .get(2..count)
        .is_some_and(|digits| digits.iter().any(u8::is_ascii_alphabetic))
}

/// Letters that names in Latin script are written with.
const fn is_common(letter: char) -> bool {
    matches!(letter,
        '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{148}' | '\u{14a}'..='\u{17e}'
        | 'Ơ' | 'ơ' | 'Ư' | 'ư' | '\u{218}'..='\u{21b}' | 'Ə' | 'ə' | '\u{1e9e}'..='\u{1ef9}'
        | '\u{2018}' | '\u{2019}')
}

/// A reference to one character, as sure as its word makes it; `None` for what
/// is text.
fn judged(
    value: &[u8],
    at: usize,
    end: usize,
    expansion: Expansion,
    radix: Radix,
) -> Option<Reference> {
    if value.get(end) == Some(&b'=') {
        return None;
    }
    let possible = Some(open(at, end, expansion, Confidence::Possible));
    let character = match expansion {
        Expansion::Char(character) => character,
        // An HTML decoder behind us makes a line of CR, LF and NUL.
        Expansion::None(0) => return possible,
        Expansion::None(_) | Expansion::Named(_) => return None,
    };
    let word = Around::of(value, at, end);
    if matches!(character, '\r' | '\n') {
        return possible;
    }
    if character.is_ascii()
        || is_private(character)
        || characters::kind("", character, "").is_some()
    {
        return None;
    }
    let sure = if character.is_alphabetic() {
        let alone = radix == Radix::Hexadecimal && character.is_lowercase() && word.is_apart();
        (word.touches() && word.fits(character)) || (alone && is_common(character))
    } else {
        word.before.is_letter() && word.after.is_letter() && character >= '\u{2010}'
    };
    match (sure, character.is_alphabetic()) {
        (true, _) => Some(open(at, end, expansion, Confidence::Likely)),
        (false, true) => possible,
        (false, false) => None,
    }
}

const fn is_private(character: char) -> bool {
    matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..)
}

const fn open(at: usize, end: usize, expansion: Expansion, confidence: Confidence) -> Reference {
    Reference {
        length: end - at,
        expansion,
        terminated: false,
        nested: false,
        confidence,
    }
}

/// What stands on one side of a reference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// The end of the value, a space, a sign.
    Nothing,
    Digit,
    Lower,
    Upper,
    /// A character beyond ASCII, or another reference.
    Other,
}

impl Side {
    const fn is_letter(self) -> bool {
        matches!(self, Side::Lower | Side::Upper | Side::Other)
    }

    const fn is_ascii(self) -> bool {
        matches!(self, Side::Lower | Side::Upper)
    }

    fn of(octet: Option<u8>) -> Side {
        match octet {
            Some(b'a'..=b'z') => Side::Lower,
            Some(b'A'..=b'Z') => Side::Upper,
            Some(b'0'..=b'9') => Side::Digit,
            Some(0x80..) => Side::Other,
            _ => Side::Nothing,
        }
    }
}

/// What a reference stands between.
struct Around {
    /// The octet before the one before.
    further: Side,
    before: Side,
    after: Side,
    /// Whether spaces or the ends of the value are on both sides.
    apart: bool,
    /// Whether what comes before starts a word.
    starts: bool,
}

impl Around {
    fn of(value: &[u8], at: usize, end: usize) -> Around {
        let octet = |at: Option<usize>| at.and_then(|at| value.get(at)).copied();
        let last = octet(at.checked_sub(1));
        let before = if ends_reference(value, at) {
            Side::Other
        } else {
            Side::of(last)
        };
        let after = match value.get(end..).unwrap_or_default() {
            [b'&', b'#', b'x' | b'X' | b'0'..=b'9', ..] => Side::Other,
            [b'&', b'A'..=b'Z' | b'a'..=b'z', ..] => Side::Other,
            rest => Side::of(rest.first().copied()),
        };
        let is_space = |octet: Option<u8>| matches!(octet, None | Some(b' ' | b'\t'));
        Around {
            further: Side::of(octet(at.checked_sub(2))),
            before,
            after,
            apart: is_space(last) && is_space(octet(Some(end))),
            starts: matches!(
                last,
                None | Some(b' ' | b'\t' | b'"' | b'(' | b'-' | b'\'' | b'.' | b'/')
            ),
        }
    }

    const fn has_ascii(&self) -> bool {
        self.before.is_ascii() || self.after.is_ascii()
    }

    const fn is_apart(&self) -> bool {
        self.apart
    }

    /// Whether it is in a word, or starts one.
    const fn may_start(&self) -> bool {
        self.before.is_letter() || self.starts
    }

    const fn touches(&self) -> bool {
        self.before.is_letter() || self.after.is_letter()
    }

    /// Whether the character goes with the letters it touches: Latin ones with
    /// ASCII, small with small, a capital where one can stand.
    fn fits(&self, character: char) -> bool {
        if self.has_ascii() && !is_latin(character) {
            return false;
        }
        if character.is_uppercase() {
            // `Suite&#200`, but `SP&#211LKA`
            self.before != Side::Lower
        } else if character.is_lowercase() {
            let in_capitals = self.before == Side::Upper && self.further == Side::Upper;
            !in_capitals && self.after != Side::Upper
        } else {
            true
        }
    }
}

/// Whether the letter is of the Latin script, phonetic letters included.
const fn is_latin(character: char) -> bool {
    matches!(character, '\u{c0}'..='\u{2ff}' | '\u{1e00}'..='\u{1eff}' | '\u{2010}'..='\u{205e}')
}

/// Whether a reference may end right before `at`: `;`, or its name or number.
fn ends_reference(value: &[u8], at: usize) -> bool {
    let before = value
        .get(at.saturating_sub(LONGEST_BEFORE)..at)
        .unwrap_or_default();
    let before = before.strip_suffix(b";").unwrap_or(before);
    let body = before
        .iter()
        .rev()
        .take_while(|octet| octet.is_ascii_alphanumeric())
        .count();
    let start = before.get(..before.len() - body).unwrap_or_default();
    body > 0 && (start.ends_with(b"&") || start.ends_with(b"&#"))
}

/// Enough for what names are escaped with.
const LONGEST_BEFORE: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with all sure references in it decoded.
    fn read(text: &str) -> String {
        let value = text.as_bytes();
        let mut out = Vec::new();
        let mut at = 0;
        while at < value.len() {
            let sure = super::super::at(value, at).filter(|r| r.confidence > Confidence::Possible);
            match sure {
                Some(found) => {
                    assert!(found.expansion.write_to(&mut out));
                    let octets = &value[at..at + found.length];
                    assert_eq!(
                        super::super::decode(octets),
                        Some(found.expansion),
                        "{text}"
                    );
                    at += found.length;
                }
                None => {
                    out.push(value[at]);
                    at += 1;
                }
            }
        }
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn what_its_word_makes_sure() {
        for (text, meant) in [
            // Decimal numbers.
            ("Se&#241or", "Señor"),
            ("Ivani&#263", "Ivanić"),
            ("&#201lan", "Élan"),
            ("&#0216ster", "Øster"),
            ("G&#243&#322d", "Gółd"),
            ("&#350. &#214mer", "&#350. Ömer"),
            ("d&#8217Or", "d’Or"),
            ("TAK&#65381ON", "TAK･ON"),
            ("&#1052&#1080&#1088", "Мир"),
            // Hexadecimal numbers, also such as run on.
            ("T&#xE2n", "Tân"),
            ("&#xE9cole", "école"),
            ("&#xC9cole", "École"),
            ("&#x00E9cole", "école"),
            ("L&#xE4bel", "Läbel"),
            ("G&#xF6deke", "Gödeke"),
            ("Qu&#xE9bec", "Québec"),
            ("Caf&#xE9", "Café"),
            ("b&#x17eac", "bžac"),
            ("&#x141ab", "Łab"),
            ("b&#x1ea1c", "bạc"),
            ("mi&#x1EC1n", "miền"),
            ("&#x10d7&#x10d1", "თბ"),
            ("&#xE0 Paris", "à Paris"),
            // Names.
            ("Pich&eacute", "Piché"),
            ("Hemmakv&aumlll", "Hemmakväll"),
            ("Tergovist&yacutee", "Tergovistýe"),
            ("&Oumlsterreich", "Österreich"),
            ("SP&Oacute&#321KA", "SPÓŁKA"),
            ("Stra&szlige", "Straße"),
            ("&agrave Paris", "à Paris"),
        ] {
            assert_eq!(read(text), meant, "{text}");
        }
    }

    #[test]
    fn what_stays() {
        for text in [
            "AT&T",
            "R&D;",
            "&reg",
            "?a=1&copy=2",
            "a&copy=1",
            "1 &micro",
            "Neil &eth",
            "Barnes&Noble",
            "Smith&ethan",
            "Rose&thornton",
            "D&G",
            "&notin",
            "P&Oslash=1",
            "?x=1&auml2=3",
            "?x=1&aringfoo",
            "Lots #9&#10, #12",
            "Rock &#1 Hits",
            "Unit &#233",
            "Suite&#200",
            "ROOM&#233B",
            "&#x",
            "&#x;",
            "a&#65b",
            "M&M",
            "A&#99999999b",
            "&#xE9=1",
            "&#233=1",
            "Flat &#8217",
            "E&eacutee=1",
            "Lot &#54321",
            "A&#54321",
        ] {
            assert_eq!(read(text), text, "{text}");
        }
    }
}
