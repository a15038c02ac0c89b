//! Legacy charsets: what octets of 80–FF may have been before HTTP.
//!
//! *Latin-1* (ISO-8859-1) maps every octet to the code point of the same
//! number, so 80–9F are C1 controls. *windows-1252* puts punctuation and a few
//! letters there and leaves five octets undefined. The WHATWG Encoding
//! Standard gives windows-1252 the labels `latin1` and `iso-8859-1` too; here
//! the two are told apart, and 81 8D 8F 90 9D are no characters.
//!
//! `encoding_rs` is named here only: for the charsets that are not judged but
//! offered to a person, and as the oracle of our own table.

mod western;

pub(crate) use western::plausibility;

use crate::named::UnknownName;
use encoding_rs::Encoding;
use std::fmt;
use std::str::FromStr;

/// A legacy charset that values can be read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Charset {
    /// ISO-8859-1 proper: U+0000–U+00FF, octet by octet.
    Latin1,
    /// windows-1252, a superset of Latin-1's printable half.
    Windows1252,
}

impl Charset {
    /// Every charset a policy may name.
    pub const ALL: &'static [Charset] = &[Charset::Latin1, Charset::Windows1252];

    /// The name used in findings, configuration and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Latin1 => "iso-8859-1",
            Self::Windows1252 => "windows-1252",
        }
    }

    /// The character `octet` stands for, or `None` where the charset has none.
    ///
    /// For [`Charset::Latin1`] the C1 controls count as undefined: they are
    /// code points, but no text ever meant them.
    #[must_use]
    pub const fn char(self, octet: u8) -> Option<char> {
        match (self, octet) {
            (_, 0x00..=0x7f | 0xa0..=0xff) => Some(octet as char),
            (Self::Latin1, _) => None,
            (Self::Windows1252, _) => windows_1252_c1(octet),
        }
    }

    /// The octet that stands for `character`, if the charset has it.
    #[must_use]
    pub fn octet(self, character: char) -> Option<u8> {
        match u8::try_from(character) {
            Ok(octet @ (0x00..=0x7f | 0xa0..=0xff)) => Some(octet),
            _ if self == Self::Windows1252 => {
                let place = WINDOWS_1252_C1
                    .iter()
                    .position(|&known| known == Some(character))?;
                u8::try_from(0x80 + place).ok()
            }
            _ => None,
        }
    }

    /// Decodes `octets`; `None` when one of them has no character.
    #[must_use]
    pub fn decode(self, octets: &[u8]) -> Option<String> {
        octets.iter().map(|&octet| self.char(octet)).collect()
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Charset {
    type Err = UnknownName;

    /// Accepts the two names, and `latin1`/`iso8859-1`/`cp1252` spellings of them.
    fn from_str(label: &str) -> Result<Self, UnknownName> {
        match label.to_ascii_lowercase().as_str() {
            "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "latin-1" => Ok(Self::Latin1),
            "windows-1252" | "cp1252" | "x-cp1252" => Ok(Self::Windows1252),
            _ => Err(UnknownName { sort: "charset" }),
        }
    }
}

/// What `value` would read as in charsets that are not judged yet, for a person
/// to choose from: WHATWG names and texts, without repeats and without those
/// that no name looks like.
pub(crate) fn other_readings(value: &[u8]) -> Vec<(&'static str, String)> {
    let mut readings: Vec<(&'static str, String)> = Vec::new();
    for encoding in OTHERS {
        let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(value) else {
            continue;
        };
        let known = readings.iter().any(|(_, other)| *other == text);
        if !known && text.chars().all(is_of_a_name) {
            readings.push((encoding.name(), text.into_owned()));
        }
    }
    readings
}

/// Whether a character may stand in a name: a letter, or punctuation of text.
/// Box drawings and arithmetic say that the charset is another.
fn is_of_a_name(character: char) -> bool {
    (character.is_ascii() && !character.is_ascii_control())
        || character.is_alphanumeric()
        || matches!(
            character,
            '\u{a0}' | '«' | '»' | '·' | '°' | '©' | '®' | '™' | '€' | '…'
        )
        || matches!(character, '\u{2010}'..='\u{201f}')
}

/// The charsets [`other_readings`] tries, those in wide use first.
static OTHERS: [&Encoding; 9] = [
    encoding_rs::WINDOWS_1252,
    encoding_rs::WINDOWS_1250,
    encoding_rs::WINDOWS_1251,
    encoding_rs::WINDOWS_1254,
    encoding_rs::WINDOWS_1253,
    encoding_rs::WINDOWS_1257,
    encoding_rs::KOI8_R,
    encoding_rs::MACINTOSH,
    encoding_rs::IBM866,
];

#[allow(
    clippy::indexing_slicing,
    reason = "80 to 9F are 32 octets, and a const fn has no `get`"
)]
const fn windows_1252_c1(octet: u8) -> Option<char> {
    if octet >= 0x80 && octet < 0xa0 {
        WINDOWS_1252_C1[(octet - 0x80) as usize]
    } else {
        None
    }
}

#[allow(
    clippy::indexing_slicing,
    reason = "an index out of bounds does not compile here"
)]
/// windows-1252 from 80 to 9F, where it differs from Latin-1. `None` five times.
const WINDOWS_1252_C1: [Option<char>; 32] = {
    let row = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0',
        '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    let mut table = [None; 32];
    let mut i = 0;
    while i < 32 {
        if row[i] != '\0' {
            table[i] = Some(row[i]);
        }
        i += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_1252_is_the_whatwg_index_without_the_five() {
        for octet in 0..=255u8 {
            let whatwg = encoding_rs::WINDOWS_1252
                .decode_without_bom_handling(&[octet])
                .0
                .chars()
                .next();
            let undefined = matches!(octet, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d);
            let ours = Charset::Windows1252.char(octet);
            assert_eq!(ours, if undefined { None } else { whatwg }, "{octet:02x}");
            if let Some(character) = ours {
                assert_eq!(Charset::Windows1252.octet(character), Some(octet));
            }
        }
    }

    #[test]
    fn latin1_has_no_characters_in_c1() {
        assert_eq!(Charset::Latin1.decode(b"T\xE9l"), Some("Tél".to_owned()));
        assert_eq!(Charset::Latin1.decode(b"\x93A\x94"), None);
        assert_eq!(
            Charset::Windows1252.decode(b"\x93A\x94"),
            Some("“A”".to_owned())
        );
        assert_eq!(Charset::Windows1252.decode(b"\x81"), None);
    }

    #[test]
    fn names_parse_back() {
        for &charset in Charset::ALL {
            assert_eq!(charset.name().parse(), Ok(charset));
        }
        assert!("utf-8".parse::<Charset>().is_err());
    }
}
