//! Whether the octets that keep a value from being UTF-8 are Western letters.
//!
//! Two sources were joined: what is UTF-8 stays, and the rest is windows-1252
//! if every octet of it stands where that charset's letters stand. To see
//! that, the UTF-8 letters are taken for the ASCII letters they are made of,
//! and `charset` judges the value as it judges any other. A sequence that
//! somebody cut off, or an octet lost from one, does not look like that: it is
//! left to `classify`, and nobody guesses what it was.

use crate::charset::{self, Charset, Context};
use crate::finding::Confidence;
use crate::mojibake::Script;
use crate::utf8::{self, Malformation};

/// How plausibly the octets of `value` that are not UTF-8 were meant as
/// windows-1252; `None` when they were not, or when there is no UTF-8 in it.
pub(crate) fn western(value: &[u8]) -> Option<Confidence> {
    let mut plain = Vec::with_capacity(value.len());
    let mut legacy = Vec::new();
    let mut confidence = Confidence::Likely;
    let mut has_utf8 = false;
    let mut previous = Previous::Ascii;
    let mut language = Language::default();
    let mut at = 0;
    while let Some(rest) = value.get(at..).filter(|rest| !rest.is_empty()) {
        let next = match utf8::sequence(rest) {
            Ok(1) => {
                let octet = *rest.first()?;
                if matches!(octet, b'/' | b';' | b',' | b'|' | b'"' | b'=') {
                    confidence = confidence.min(settle(&mut plain, &mut legacy, &language)?);
                    language = Language::default();
                }
                plain.push(octet);
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
                add(&mut plain, character, previous, value.get(at..)?)?;
                language.add_utf8(character);
                Previous::of(character)
            }
            Err((1, how)) => {
                let octet = *rest.first()?;
                // What follows a character at once is left of another.
                let stray = octet < 0xc0 && matches!(previous, Previous::Utf8(_));
                let cut_off = how == Malformation::Truncated && !ends_word(&plain, octet);
                if stray || cut_off || matches!(previous, Previous::Utf8(Kind::Foreign(_))) {
                    return None;
                }
                legacy.push(plain.len());
                plain.push(octet);
                language.add(Charset::Windows1252.char(octet)?);
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
    confidence = confidence.min(settle(&mut plain, &mut legacy, &language)?);
    let judged = charset::judge(&plain, Context::NONE)?;
    Some(match judged.charset {
        Charset::Windows1252 => judged.confidence.min(confidence),
        _ => Confidence::Possible,
    })
}

/// Judges the octets of one part of the value by the language around them, and
/// puts plain letters for those that are beyond doubt; `None` where one is no
/// letter of any language here.
fn settle(plain: &mut [u8], legacy: &mut Vec<usize>, language: &Language) -> Option<Confidence> {
    let mut confidence = Confidence::Likely;
    for at in legacy.drain(..) {
        let octet = plain.get(at).copied()?;
        let character = Charset::Windows1252.char(octet)?;
        let before = at.checked_sub(1).and_then(|at| plain.get(at)).copied();
        let after = plain.get(at + 1).copied();
        if !stands_well(octet, before, after) {
            return None;
        }
        // Where letters like Č and Ş are UTF-8, `Å` and a first `š` may be what
        // is left of one.
        let first = !before.is_some_and(|before| before.is_ascii_alphabetic());
        let cut = (matches!(octet, 0xc4 | 0xc5) || (first && matches!(octet, 0x9a | 0x9c | 0x9e)))
            && (language.central || language.turkish || language.baltic);
        if cut || language.doubts(octet) {
            confidence = Confidence::Possible;
        }
        let is_settled = match character {
            // The same in windows-1250 and windows-1254.
            'Š' | 'š' | 'Ž' | 'ž' => true,
            'Ý' | 'ý' => language.not_turkish || language.nordic,
            'Ð' | 'ð' | 'Þ' | 'þ' => language.nordic,
            _ => false,
        };
        if character.is_alphabetic()
            && (is_settled || language.knows(character))
            && let Some(place) = plain.get_mut(at)
        {
            *place = plain_of(character);
        }
    }
    Some(confidence)
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

fn small(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

/// Whether a lead octet at the very end may be the last letter of a word: `Café`.
fn ends_word(plain: &[u8], octet: u8) -> bool {
    let before = plain.last().copied().unwrap_or(b' ');
    before.is_ascii_lowercase() && matches!(octet, 0xe0 | 0xe1 | 0xe3..=0xed | 0xf1..=0xfd)
}

/// What the letters of one part of the value say about their language.
#[derive(Default)]
struct Language {
    baltic: bool,
    central: bool,
    /// Has letters of Icelandic.
    nordic: bool,
    /// Has letters that Turkish lacks.
    not_turkish: bool,
    turkish: bool,
    /// Letters of UTF-8 that windows-1252 has too, a bit an octet.
    known: u128,
}

impl Language {
    /// Takes a letter of UTF-8.
    fn add_utf8(&mut self, character: char) {
        self.add(character);
        self.nordic |= matches!(small(character), 'ð' | 'þ');
        self.known |= bit(character);
    }

    /// Takes any letter.
    fn add(&mut self, character: char) {
        match small(character) {
            'ğ' | 'ı' | 'ş' | 'ə' => self.turkish = true,
            'ā' | 'ē' | 'ė' | 'ģ' | 'ī' | 'į' | 'ķ' | 'ļ' | 'ņ' | 'ū' | 'ų' => {
                self.baltic = true;
            }
            'ą' | 'ă' | 'ć' | 'č' | 'ď' | 'ę' | 'ě' | 'ĺ' | 'ľ' | 'ł' | 'ń' | 'ň' | 'ő' | 'ŕ'
            | 'ř' | 'ś' | 'ť' | 'ţ' | 'ț' | 'ș' | 'ů' | 'ű' | 'ź' | 'ż' => {
                self.central = true;
                self.not_turkish = true;
            }
            'á' | 'à' | 'ã' | 'ä' | 'å' | 'æ' | 'é' | 'è' | 'ê' | 'ë' | 'í' | 'ì' | 'ï' | 'ñ'
            | 'ó' | 'ò' | 'ô' | 'õ' | 'ø' | 'ú' | 'ù' | 'š' | 'ž' => {
                self.not_turkish = true;
            }
            _ => {}
        }
        // `İ` is two characters in small letters.
        self.turkish |= character == 'İ';
    }

    /// Whether the letter is there in UTF-8 as well.
    fn knows(&self, character: char) -> bool {
        self.known & bit(character) != 0
    }

    /// Whether an octet may as well be a letter of another charset here.
    fn doubts(&self, octet: u8) -> bool {
        let differs = |charset: Charset| charset.char(octet) != Charset::Windows1252.char(octet);
        octet >= 0xc0
            && ((self.central && differs(Charset::Windows1250))
                || (self.baltic && differs(Charset::Windows1257))
                || (self.turkish && differs(Charset::Windows1254)))
    }
}

/// The bit of a letter, capital or small; none for what windows-1252 lacks.
fn bit(letter: char) -> u128 {
    Charset::Windows1252
        .octet(small(letter))
        .filter(|octet| *octet >= 0x80)
        .map_or(0, |octet| 1 << (octet - 0x80))
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
        ] {
            assert_eq!(western(value), None, "{}", value.escape_ascii());
        }
    }
}
