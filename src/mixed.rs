//! Whether the octets that keep a value from being UTF-8 are Western letters.
//!
//! Two sources were joined: what is UTF-8 stays, and the rest is windows-1252
//! if every octet of it stands where that charset's letters stand. To see
//! that, the UTF-8 letters are taken for the ASCII letters they are made of,
//! and `charset` judges the value as it judges any other. A sequence that
//! somebody cut off, or an octet lost from one, does not look like that: it is
//! left to `classify`, and nobody guesses what it was.

use crate::charset::{self, Charset};
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
    Some(charset::plausibility(&plain)?.min(confidence))
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
        if character.is_uppercase()
            && before.is_some_and(|before| {
                // `BioÉnergie` may be, and so may `TÃl`, which lost an octet.
                before.is_ascii_lowercase()
                    || (before.is_ascii_uppercase()
                        && after.is_some_and(|after| after.is_ascii_lowercase()))
            })
        {
            return None;
        }
        if language.doubts(octet) {
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
