//! Whether the octets that keep a value from being UTF-8 are Western letters.
//!
//! Two sources were joined: what is UTF-8 stays, and the rest is windows-1252
//! if every octet of it stands where that charset's letters stand. To see
//! that, the UTF-8 letters are taken for the ASCII letters they are made of,
//! and `charset` judges each part of the value as it judges any other: the
//! names in a list may be in as many languages. A sequence that
//! somebody cut off, or an octet lost from one, does not look like that: it is
//! left to `classify`, and nobody guesses what it was.

mod guillemets;
mod language;

use crate::charset::{self, Charset, Context};
use crate::finding::Confidence;
use crate::mojibake::Script;
use crate::utf8::{self, Malformation};
use guillemets::Guillemets;
use language::{Language, is_vietnamese, small};

/// How plausibly the octets of `value` that are not UTF-8 were meant as
/// windows-1252; `None` when they were not, or when there is no UTF-8 in it.
pub(crate) fn western(value: &[u8]) -> Option<Confidence> {
    let mut part = Part::default();
    let mut confidence = Confidence::Likely;
    let mut has_utf8 = false;
    let mut previous = Previous::Ascii;
    let mut guillemets = Guillemets::default();
    let mut at = 0;
    while let Some(rest) = value.get(at..).filter(|rest| !rest.is_empty()) {
        let next = match utf8::sequence(rest) {
            Ok(1) => {
                let octet = *rest.first()?;
                if matches!(octet, b'/' | b';' | b',' | b'|' | b'"' | b'=') {
                    confidence = confidence.min(part.settle()?);
                    part.start_anew();
                }
                part.plain.push(octet);
                at += 1;
                Previous::Ascii
            }
            Ok(length) => {
                has_utf8 = true;
                let character = std::str::from_utf8(rest.get(..length)?)
                    .ok()?
                    .chars()
                    .next()?;
                at += length;
                guillemets.see(character);
                add(&mut part.plain, character, previous, value.get(at..)?)?;
                part.language.add_utf8(character);
                Previous::of(character)
            }
            Err((1, _)) if guillemets.has(value, at) => {
                guillemets.see(char::from(*rest.first()?));
                part.plain.push(b'"');
                at += 1;
                Previous::Ascii
            }
            Err((1, how)) => {
                let octet = *rest.first()?;
                // What follows a character at once is left of another.
                let stray = octet < 0xc0 && matches!(previous, Previous::Utf8(_));
                let cut_off = how == Malformation::Truncated && !part.may_end_in(octet);
                if stray || cut_off || matches!(previous, Previous::Utf8(Kind::Foreign(_))) {
                    return None;
                }
                part.legacy.push(part.plain.len());
                part.plain.push(octet);
                part.language.add(Charset::Windows1252.char(octet)?);
                at += 1;
                Previous::Legacy
            }
            Err(_) => return None,
        };
        previous = next;
    }
    if !has_utf8 {
        return None;
    }
    Some(confidence.min(part.settle()?))
}

/// A part of the value that is in one self.language.
struct Part {
    /// What it is with ASCII in the place of UTF-8.
    plain: Vec<u8>,
    /// Where octets that are not UTF-8 are in it.
    legacy: Vec<usize>,
    language: Language,
    /// How many octets of all parts may still be judged.
    budget: usize,
}

impl Default for Part {
    fn default() -> Self {
        Part {
            plain: Vec::new(),
            legacy: Vec::new(),
            language: Language::default(),
            budget: JUDGED,
        }
    }
}

/// How many octets of all parts are judged: more say no more, and take longer.
const JUDGED: usize = 512;
/// As how many octets a short part counts.
const SHORT: usize = 32;

impl Part {
    fn start_anew(&mut self) {
        self.plain.clear();
        self.language = Language::default();
    }

    /// Whether a lead octet at the very end may be the last letter of a word.
    fn may_end_in(&self, octet: u8) -> bool {
        ends_word(&self.plain, octet) || self.language.may_end_in(&self.plain, octet)
    }

    /// Judges the octets by the language around them, and puts plain letters for
    /// those that are beyond doubt; `None` where one is no letter of any language
    /// here.
    fn settle(&mut self) -> Option<Confidence> {
        let mut confidence = Confidence::Likely;
        let mut all_settled = true;
        for at in self.legacy.drain(..) {
            let octet = self.plain.get(at).copied()?;
            let character = Charset::Windows1252.char(octet)?;
            let before = at.checked_sub(1).and_then(|at| self.plain.get(at)).copied();
            let after = self.plain.get(at + 1).copied();
            let in_word =
                |neighbour: Option<u8>| neighbour.is_some_and(|n| n.is_ascii_alphabetic());
            // `Ã` is what is left of most of its vowels.
            let is_vowel = self.language.vietnamese
                && (octet >= 0xe0 && is_vietnamese(character))
                && (in_word(before) || in_word(after));
            if !is_vowel && !stands_well(octet, before, after) {
                return None;
            }
            // Where letters like Č and Ş are UTF-8, `Å` and a first `š` may be what
            // is left of one.
            let first = !before.is_some_and(|before| before.is_ascii_alphabetic());
            let cut = (matches!(octet, 0xc4 | 0xc5)
                || (first && matches!(octet, 0x9a | 0x9c | 0x9e)))
                && (self.language.central || self.language.turkish || self.language.baltic);
            if cut || (self.language.doubts(octet) && !is_vowel) {
                confidence = Confidence::Possible;
            }
            let is_settled = match character {
                // The same in windows-1250 and windows-1254.
                'Š' | 'š' | 'Ž' | 'ž' => true,
                'Ý' | 'ý' => self.language.not_turkish || self.language.nordic,
                'Ð' | 'ð' | 'Þ' | 'þ' => self.language.nordic,
                // These are as well, and letters of Romanian and Turkish.
                'Â' | 'â' | 'Î' | 'î' => {
                    self.language.romanian || self.language.turkish || is_vowel
                }
                _ => is_vowel,
            };
            if character.is_alphabetic()
                && (is_settled || self.language.knows(character))
                && let Some(place) = self.plain.get_mut(at)
            {
                *place = plain_of(character);
            } else {
                all_settled = false;
            }
        }
        if all_settled || self.budget == 0 {
            return Some(confidence);
        }
        self.budget = self.budget.saturating_sub(self.plain.len().max(SHORT));
        let judged = charset::judge(&self.plain, Context::WESTERN)?;
        Some(match judged.charset {
            Charset::Windows1252 => judged.confidence.min(confidence),
            _ => Confidence::Possible,
        })
    }
}

/// Whether an octet by itself is a whole character in its place, and not what
/// is left of a sequence that lost an octet.
fn stands_well(octet: u8, before: Option<u8>, after: Option<u8>) -> bool {
    let is = |neighbour: Option<u8>, test: fn(&u8) -> bool| neighbour.as_ref().is_some_and(test);
    let letter = |octet: &u8| octet.is_ascii_alphabetic() || *octet >= 0xc0;
    let space = |neighbour: Option<u8>| matches!(neighbour, None | Some(b' '));
    let alone = !is(before, letter) && !is(after, letter);
    let in_capitals = is(before, u8::is_ascii_uppercase) && is(after, u8::is_ascii_uppercase);
    // `TÃl`, which lost an octet, or `BioÉnergie`, which may be.
    let mid_capital = is(before, u8::is_ascii_lowercase)
        || (is(before, u8::is_ascii_uppercase) && is(after, u8::is_ascii_lowercase));
    match octet {
        // Š Ž, and š œ ž
        0x8a | 0x8e => !mid_capital && !alone,
        0x9a | 0x9c | 0x9e => before.is_some() && !alone && !in_capitals,
        // – and —
        0x96 | 0x97 => {
            before.is_some()
                && (before == Some(b' ')) == space(after)
                && !is(after, u8::is_ascii_lowercase)
        }
        // ’ ™ ®
        0x92 => is(before, letter),
        0x99 | 0xae => is(before, letter) && !is(after, letter),
        // “ closes what „ opens.
        0x93 => is(before, letter) && !is(after, letter),
        // °
        0xb0 => {
            matches!(before, Some(b'0'..=b'9' | b'N' | b'n' | b' '))
                && !is(after, u8::is_ascii_lowercase)
        }
        // The rest of the continuations.
        0x80..=0xbf => false,
        // Â and Ã
        0xc2 => in_capitals,
        0xc3 => in_capitals && matches!(after, Some(b'O' | b'E')),
        // Ä and Å
        0xc4 => !mid_capital && after.is_some_and(|after| !b"AEIOaeio ".contains(&after)),
        0xc5 => !mid_capital && after.is_some_and(|after| !b"AEIOUaeiou ".contains(&after)),
        // â, and what is left of –
        0xe2 => {
            let fits = |neighbour| {
                is(neighbour, letter)
                    && !matches!(neighbour, Some(b'a' | b'e' | b'i' | b'o' | b'u'))
            };
            fits(before)
                && fits(after)
                && is(before, u8::is_ascii_uppercase) >= is(after, u8::is_ascii_uppercase)
        }
        // Ó, É, é, à, ó and so on, as words of one letter
        _ if alone => {
            matches!(
                octet,
                0xc8 | 0xc9 | 0xd3 | 0xd6 | 0xe0 | 0xe5 | 0xe8 | 0xe9 | 0xf3 | 0xf6
            ) && (space(before) || before == Some(b'\''))
                && (space(after) || after == Some(b'\''))
        }
        0xc0..=0xde => !mid_capital,
        0xff => false,
        _ => true,
    }
}

/// What stood before.
#[derive(Clone, Copy)]
enum Previous {
    Ascii,
    Legacy,
    Utf8(Kind),
}

/// What a character of UTF-8 does to an octet beside it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Latin,
    Mark,
    Foreign(Script),
}

impl Kind {
    fn of(character: char) -> Self {
        match Script::of(character) {
            Some(Script::Latin | Script::Combining) => Kind::Latin,
            Some(Script::Mark | Script::Emoji | Script::Joiner) => Kind::Mark,
            Some(script) => Kind::Foreign(script),
            None if character.is_alphabetic() => Kind::Foreign(Script::Other),
            None => Kind::Mark,
        }
    }
}

impl Previous {
    fn of(character: char) -> Self {
        Previous::Utf8(Kind::of(character))
    }
}

/// Puts what stands for a character of UTF-8; `None` where it is there by
/// chance, of two legacy octets.
fn add(plain: &mut Vec<u8>, character: char, previous: Previous, rest: &[u8]) -> Option<()> {
    let before = plain.last().copied().unwrap_or(b' ');
    let after = rest.first().copied().unwrap_or(b' ');
    match Kind::of(character) {
        Kind::Latin => {
            let capitals = before.is_ascii_uppercase()
                && plain
                    .get(..plain.len().saturating_sub(1))
                    .and_then(<[u8]>::last)
                    .is_some_and(u8::is_ascii_uppercase);
            // `IRMû` is more likely `IRMÃ»`.
            if (capitals && character.is_lowercase() && !after.is_ascii_lowercase())
                || (before.is_ascii_lowercase() && character.is_uppercase())
            {
                return None;
            }
            plain.push(plain_of(character));
        }
        Kind::Mark if character.is_control() => return None,
        Kind::Mark => {
            let octet = Charset::Windows1252.octet(character);
            plain.push(octet.filter(|&octet| octet >= 0x80).unwrap_or(b' '));
        }
        Kind::Foreign(script) => {
            let other = |kind| kind != Kind::Foreign(script) && kind != Kind::Mark;
            let touches = match previous {
                Previous::Ascii => before.is_ascii_alphabetic(),
                Previous::Legacy => true,
                Previous::Utf8(kind) => other(kind),
            };
            // Two octets make Cyrillic, Greek, Hebrew and Arabic.
            if character < '\u{800}' && (touches || after.is_ascii_alphabetic()) {
                return None;
            }
            plain.push(b' ');
        }
    }
    Some(())
}

/// A vowel or a consonant in the place of a letter, in the same case: that is
/// all that counts.
fn plain_of(character: char) -> u8 {
    let letter = match small(character) {
        'à'..='å' | 'ā' | 'ă' | 'ą' => b'a',
        'è'..='ë' | 'ē'..='ě' | 'ə' => b'e',
        'ì'..='ï' | 'ĩ'..='ı' => b'i',
        'ò'..='ö' | 'ø' | 'ō'..='ő' | 'ơ' => b'o',
        'ù'..='ü' | 'ũ'..='ų' | 'ư' => b'u',
        '\u{1ea0}'..='\u{1ef9}' => b'e',
        _ => b'n',
    };
    if character.is_uppercase() {
        letter.to_ascii_uppercase()
    } else {
        letter
    }
}

/// Whether a lead octet at the very end may be the last letter of a word: `Café`.
fn ends_word(plain: &[u8], octet: u8) -> bool {
    let before = plain.last().copied().unwrap_or(b' ');
    before.is_ascii_lowercase() && matches!(octet, 0xe0 | 0xe1 | 0xe3..=0xed | 0xf1..=0xfd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_encodings_in_one_value() {
        for value in [
            &b"G\xFClay Ayd\xC4\xB1n"[..],
            b"Ant\xC3\xB3nio Magalh\xE3es",
            b"Caf\xC3\xA9 Lumi\xE8re",
            b"V\xC3\xA1clav Proch\xE1zka",
            b"M\xC4\x9Bsto \x8Ateti",
            b"\xD0\x9C\xD0\xBE\xD1\x81\xD0\xBA\xD0\xB2\xD0\xB0 / Z\xFCrich",
            b"Bank Sp\xC3\xB3\xC5\x82dzielczy / Stra\xDFenbau",
            b"Gu\xF0r\xFAn \xC3\x9Eorsteinsd\xC3\xB3ttir og Nor\xC3\xB0ri",
            b"Se\xC3\xA1n \xD3 Briain",
            b"\xE2\x80\x9EAcme Gr\xC3\xB6\xC3\x9Fe\x93",
            b"Saison 2019\x962020, Bank f\xC3\xBCr Tirol",
            b"\xE6\x9D\xB1\xE4\xBA\xAC; Fran\xE7ois",
            b"Ville de Li\xE8ge; Ko\xC5\x82o Inowroc\xC5\x82awia",
            b"\xD0\x9E\xD0\x9E\xD0\x9E \xAB\xD0\x93\xD0\xB0\xD0\xB7\xC2\xBB",
            b"\xD0\x9E\xD0\x9E\xD0\x9E \xC2\xAB\xD0\x93\xD0\xB0\xD0\xB7\xBB, \xD0\x9C",
            b"\xABBereke Bank\xC2\xBB",
            b"H\xE1\xBA\xA3i Ph\xF2ng",
            b"Tr\xE1\xBA\xA7n Xu\xE2n L\xEA",
            b"Po\xC8\x99ta Rom\xE2n\xC4\x83",
            b"Mill\xEE E\xC4\x9Fitim",
        ] {
            let found = western(value);
            assert_eq!(found, Some(Confidence::Likely), "{}", value.escape_ascii());
        }
    }

    #[test]
    fn what_may_be_another_letter_is_only_possible() {
        for value in [
            &b"Bo\xC4\x9Fazi\xC3\xA7i Diyarbak\xFDr"[..],
            b"Ivan Kova\xE8 i Petar Babi\xC4\x87",
            b"J\xE2nis B\xC4\x93rzi\xC5\x86\xC5\xA1",
            b"\xC5koda \xC4\x8Cesko",
        ] {
            let found = western(value);
            assert_eq!(
                found,
                Some(Confidence::Possible),
                "{}",
                value.escape_ascii()
            );
        }
    }

    #[test]
    fn what_lost_an_octet_is_nothing_to_read() {
        for value in [
            &b"T\xC3l\xC3\xA9bec"[..],
            b"T\xA9l\xC3\xA9bec",
            b"\xA9l\xC3\xA9bec",
            b"Caf\xC3\xA9 don\xE2\x80",
            b"Caf\xC3\xA9 \xC3",
            b"l\xE2Or\xC3\xA9al",
            b"Caf\xC3\xA9 1990\xE21999",
            b"\xD0\x9C\xD0\xBE\xD1\x81\xD0",
            b"\xD0\x9C\xE9\xD1\x81",
            b"\xE6\x9D\xB1\xE9",
            b"Caf\xC3\xA9\x80",
            b"Caf\xC3\xA9 \xC0\xAF",
            b"Caf\xC3\xA9 \xED\xA0\xBD",
            b"T\xE9l\xE9bec",
            b"IRM\xC3\xBB JOS\xC9",
            // `Ы` and `л` without their leads.
            b"\xD0\x9E\xD0\x9E\xD0\x9E \xAB\xD0\x93\xD0\xB0\xD0\xB7",
            b"\xD0\xA1\xD1\x82\xD0\xBE\xBB \xD0\xB8 \xD1\x81",
            b"\xC2\xAB\xD0\xA1\xD1\x82\xD0\xBE\xBB \xD0\xB8\xC2\xBB",
            b"\xC2\xAB\xD0\xA1\xBB\xD0\xBE\xC2\xBB",
            b"C\xE1\xBB\x99ng C\xC3",
            b"Ti\xE1\xBA\xBFng T\xC3y",
            b"D\xC6\xB0\xC6\xA1ng\xE2",
            b"a\xAB\xD0\x93\xC2\xBB",
        ] {
            assert_eq!(western(value), None, "{}", value.escape_ascii());
        }
    }
}
