//! Legacy charsets: what octets of 80–FF may have been before HTTP.
//!
//! *Latin-1* (ISO-8859-1) maps every octet to the code point of the same
//! number, so 80–9F are C1 controls. *windows-1252* puts punctuation and a few
//! letters there and leaves five octets undefined. The WHATWG Encoding
//! Standard gives windows-1252 the labels `latin1` and `iso-8859-1` too; here
//! the two are told apart, and 81 8D 8F 90 9D are no characters.
//!
//! `encoding_rs` is named in this room only: it decodes all charsets but these
//! two, and is the oracle of our own table.

mod bound;
mod context;
mod cost;
mod detect;
mod glyph;
mod languages;
mod model;
mod multi;
mod part;
mod sides;
mod sign;
mod surname;
mod texts;
mod word;

pub use context::Context;
pub use detect::Alternative;
pub(crate) use detect::{judge, ranking};

use crate::named::UnknownName;
use encoding_rs::Encoding;
use std::fmt;
use std::str::FromStr;

/// Writes the enum, its names and its decoders from one list.
macro_rules! charsets {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal $encoding:ident,)*) => {
        /// A legacy charset that values can be read in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Charset {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Charset {
            /// Every charset a policy may name.
            pub const ALL: &'static [Charset] = &[$(Charset::$variant,)*];

            /// The name used in findings, configuration and messages: that of
            /// the WHATWG Encoding Standard in small letters.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The decoder; for Latin-1 that of its superset.
            const fn encoding(self) -> &'static Encoding {
                match self { $(Self::$variant => encoding_rs::$encoding,)* }
            }
        }
    };
}

charsets! {
    /// ISO-8859-1 proper: U+0000–U+00FF, octet by octet.
    Latin1 "iso-8859-1" WINDOWS_1252,
    /// windows-1252, a superset of Latin-1's printable half: Western Europe.
    Windows1252 "windows-1252" WINDOWS_1252,
    /// windows-1250: Central Europe.
    Windows1250 "windows-1250" WINDOWS_1250,
    /// windows-1251: Cyrillic.
    Windows1251 "windows-1251" WINDOWS_1251,
    /// windows-1253: Greek.
    Windows1253 "windows-1253" WINDOWS_1253,
    /// windows-1254, a superset of ISO-8859-9: Turkish.
    Windows1254 "windows-1254" WINDOWS_1254,
    /// windows-1255: Hebrew.
    Windows1255 "windows-1255" WINDOWS_1255,
    /// windows-1256: Arabic.
    Windows1256 "windows-1256" WINDOWS_1256,
    /// windows-1257: Baltic.
    Windows1257 "windows-1257" WINDOWS_1257,
    /// windows-1258: Vietnamese, with combining marks.
    Windows1258 "windows-1258" WINDOWS_1258,
    /// windows-874, a superset of TIS-620 and ISO-8859-11: Thai.
    Windows874 "windows-874" WINDOWS_874,
    /// ISO-8859-2: Central Europe.
    Iso8859_2 "iso-8859-2" ISO_8859_2,
    /// ISO-8859-3: Maltese, Esperanto.
    Iso8859_3 "iso-8859-3" ISO_8859_3,
    /// ISO-8859-4: Baltic and Sami.
    Iso8859_4 "iso-8859-4" ISO_8859_4,
    /// ISO-8859-5: Cyrillic.
    Iso8859_5 "iso-8859-5" ISO_8859_5,
    /// ISO-8859-6: Arabic.
    Iso8859_6 "iso-8859-6" ISO_8859_6,
    /// ISO-8859-7: Greek.
    Iso8859_7 "iso-8859-7" ISO_8859_7,
    /// ISO-8859-8: Hebrew.
    Iso8859_8 "iso-8859-8" ISO_8859_8,
    /// ISO-8859-10: Nordic.
    Iso8859_10 "iso-8859-10" ISO_8859_10,
    /// ISO-8859-13: Baltic.
    Iso8859_13 "iso-8859-13" ISO_8859_13,
    /// ISO-8859-14: Celtic.
    Iso8859_14 "iso-8859-14" ISO_8859_14,
    /// ISO-8859-15: Western Europe with the euro, `Œ` and `Š`.
    Iso8859_15 "iso-8859-15" ISO_8859_15,
    /// ISO-8859-16: South-Eastern Europe.
    Iso8859_16 "iso-8859-16" ISO_8859_16,
    /// KOI8-R: Russian.
    Koi8R "koi8-r" KOI8_R,
    /// KOI8-U: Ukrainian.
    Koi8U "koi8-u" KOI8_U,
    /// IBM866: Cyrillic in DOS.
    Ibm866 "ibm866" IBM866,
    /// Mac Roman: Western Europe on old Macintoshes.
    Macintosh "macintosh" MACINTOSH,
    /// Mac Cyrillic.
    MacCyrillic "x-mac-cyrillic" X_MAC_CYRILLIC,
    /// `Shift_JIS`: Japanese.
    ShiftJis "shift_jis" SHIFT_JIS,
    /// EUC-JP: Japanese.
    EucJp "euc-jp" EUC_JP,
    /// ISO-2022-JP: Japanese in ASCII octets, in mail.
    Iso2022Jp "iso-2022-jp" ISO_2022_JP,
    /// GBK: simplified Chinese.
    Gbk "gbk" GBK,
    /// GB18030: Chinese, all of Unicode.
    Gb18030 "gb18030" GB18030,
    /// Big5 with its Hong Kong extension: traditional Chinese.
    Big5 "big5" BIG5,
    /// EUC-KR with its windows-949 extension: Korean.
    EucKr "euc-kr" EUC_KR,
}

impl Charset {
    /// Decodes `octets`; `None` when one of them has no character.
    ///
    /// C1 controls count as no character: they are code points, but no text
    /// ever meant them.
    #[must_use]
    pub fn decode(self, octets: &[u8]) -> Option<String> {
        match self {
            Self::Latin1 | Self::Windows1252 => {
                octets.iter().map(|&octet| self.western(octet)).collect()
            }
            _ => {
                let encoding = self.encoding();
                let text = encoding.decode_without_bom_handling_and_without_replacement(octets)?;
                let is_c1 = |c| ('\u{80}'..='\u{9f}').contains(&c);
                (!text.contains(is_c1)).then(|| text.into_owned())
            }
        }
    }

    /// Encodes `text`; `None` when the charset lacks one of its characters.
    #[must_use]
    pub fn encode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Latin1 | Self::Windows1252 => text
                .chars()
                .map(|character| self.octet(character))
                .collect(),
            _ => {
                let (octets, _, lossy) = self.encoding().encode(text);
                (!lossy).then(|| octets.into_owned())
            }
        }
    }

    /// The character `octet` stands for in Latin-1 or windows-1252, or `None`
    /// where these have none.
    const fn western(self, octet: u8) -> Option<char> {
        match (self, octet) {
            (_, 0x00..=0x7f | 0xa0..=0xff) => Some(octet as char),
            (Self::Latin1, _) => None,
            _ => windows_1252_c1(octet),
        }
    }

    /// How many octets the character at the start of `rest` takes; right for
    /// octets that decode.
    pub(crate) fn character_length(self, rest: &[u8]) -> usize {
        multi::character_length(self, rest)
    }

    /// The character a single octet stands for, or `None` where the charset has
    /// none, or takes more octets for one.
    #[must_use]
    pub fn char(self, octet: u8) -> Option<char> {
        match self {
            Self::Latin1 | Self::Windows1252 => self.western(octet),
            _ => {
                let text = self.decode(&[octet])?;
                let mut characters = text.chars();
                characters.next().filter(|_| characters.next().is_none())
            }
        }
    }

    /// The single octet that stands for `character`, if the charset has one.
    #[must_use]
    pub fn octet(self, character: char) -> Option<u8> {
        match self {
            Self::Latin1 | Self::Windows1252 => match u8::try_from(character) {
                Ok(octet @ (0x00..=0x7f | 0xa0..=0xff)) => Some(octet),
                _ if self == Self::Windows1252 => {
                    let place = WINDOWS_1252_C1
                        .iter()
                        .position(|&known| known == Some(character))?;
                    u8::try_from(0x80 + place).ok()
                }
                _ => None,
            },
            _ => match self.encode(character.encode_utf8(&mut [0; 4]))?.as_slice() {
                [only] => Some(*only),
                _ => None,
            },
        }
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Charset {
    type Err = UnknownName;

    /// Accepts the labels of the WHATWG Encoding Standard, without regard to
    /// case, with one exception: the labels of Latin-1, which mean windows-1252
    /// there, mean Latin-1 here.
    fn from_str(label: &str) -> Result<Self, UnknownName> {
        let unknown = UnknownName { sort: "charset" };
        match label.to_ascii_lowercase().as_str() {
            "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "iso88591" | "latin1" | "latin-1"
            | "l1" => Ok(Self::Latin1),
            label => {
                let encoding = Encoding::for_label(label.as_bytes()).ok_or(unknown)?;
                Self::ALL
                    .iter()
                    .copied()
                    .find(|charset| *charset != Self::Latin1 && charset.encoding() == encoding)
                    .ok_or(unknown)
            }
        }
    }
}

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
