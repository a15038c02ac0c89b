//! The languages that names are in, how often, and in which charsets they were
//! written. The numbers are costs as in `model`; they are what one expects
//! before having seen the value, and no more exact than that.

use super::Charset;
use super::model::{Cost, EastAsian, Family};

/// A language, what it costs to suppose it, and the charsets it is usual in.
pub(super) struct Language {
    pub(super) code: &'static str,
    pub(super) cost: Cost,
    usual: &'static [(Charset, Cost)],
}

impl Language {
    /// What it costs to suppose that text in this language is in `charset`.
    pub(super) fn cost_in(&self, charset: Charset) -> Cost {
        self.usual
            .iter()
            .find(|(usual, _)| *usual == charset)
            .map_or_else(|| unusual(charset), |(_, cost)| *cost)
    }
}

/// The languages of a family, in the order of the lanes of its costs.
pub(super) const fn languages(family: Family) -> &'static [Language] {
    match family {
        Family::Latin => LATIN,
        Family::Cyrillic => CYRILLIC,
        Family::Greek => GREEK,
        Family::Hebrew => HEBREW,
        Family::Arabic => ARABIC,
        Family::Thai => THAI,
    }
}

/// What it costs to suppose a charset for a language that it was not made for.
const fn unusual(charset: Charset) -> Cost {
    match charset {
        Macintosh => 173,
        MacCyrillic => 147,
        Iso8859_4 | Iso8859_16 => 130,
        Iso8859_6 | Iso8859_8 | Iso8859_13 => 122,
        _ => 104,
    }
}

const fn language(code: &'static str, cost: Cost, usual: &'static [(Charset, Cost)]) -> Language {
    Language { code, cost, usual }
}

use Charset::{
    Ibm866, Iso8859_2, Iso8859_4, Iso8859_5, Iso8859_6, Iso8859_7, Iso8859_8, Iso8859_13,
    Iso8859_15, Iso8859_16, Koi8R, Koi8U, MacCyrillic, Macintosh, Windows874, Windows1250,
    Windows1251, Windows1252, Windows1253, Windows1254, Windows1255, Windows1256, Windows1257,
    Windows1258,
};

const WESTERN: &[(Charset, Cost)] = &[
    (Windows1252, 2),
    (Iso8859_15, 56),
    (Macintosh, 130),
    (Windows1254, 88),
];
const CENTRAL: &[(Charset, Cost)] = &[
    (Windows1250, 10),
    (Iso8859_2, 20),
    (Windows1252, 34),
    (Iso8859_15, 56),
    (Iso8859_16, 74),
];
const TURKISH: &[(Charset, Cost)] = &[(Windows1254, 3), (Windows1252, 37)];
const BALTIC: &[(Charset, Cost)] = &[
    (Windows1257, 5),
    (Iso8859_13, 37),
    (Iso8859_4, 48),
    (Windows1252, 48),
    (Iso8859_15, 63),
];
const RIGHT_TO_LEFT: &[(Charset, Cost)] = &[(Windows1256, 2), (Iso8859_6, 40)];

const LATIN: &[Language] = &[
    // The average of the others: words in ASCII are measured by it.
    language("--", 400, &[]),
    language("en", 47, WESTERN),
    language("de", 44, WESTERN),
    language("fr", 44, WESTERN),
    language("es", 44, WESTERN),
    language("pt", 47, WESTERN),
    language("it", 50, WESTERN),
    language("nl", 61, WESTERN),
    language("da", 66, WESTERN),
    language("sv", 61, WESTERN),
    language("nb", 66, WESTERN),
    language("fi", 66, WESTERN),
    language("ca", 73, WESTERN),
    language("is", 81, WESTERN),
    language("fo", 109, WESTERN),
    language("ga", 84, WESTERN),
    language("cy", 98, WESTERN),
    language("eu", 87, WESTERN),
    language("gl", 92, WESTERN),
    language(
        "et",
        81,
        &[
            (Windows1252, 15),
            (Windows1257, 19),
            (Iso8859_15, 30),
            (Iso8859_13, 48),
            (Iso8859_4, 48),
        ],
    ),
    language("sq", 98, WESTERN),
    language("id", 87, WESTERN),
    language("af", 109, WESTERN),
    language("br", 109, WESTERN),
    language("pl", 55, CENTRAL),
    language("cs", 61, CENTRAL),
    language("sk", 73, CENTRAL),
    language("hu", 66, CENTRAL),
    language("sl", 78, CENTRAL),
    language("hr", 76, CENTRAL),
    language(
        "ro",
        73,
        &[
            (Windows1250, 11),
            (Iso8859_2, 26),
            (Windows1252, 30),
            (Iso8859_16, 37),
        ],
    ),
    language("tr", 61, TURKISH),
    language("az", 98, TURKISH),
    language("lt", 81, BALTIC),
    language("lv", 84, BALTIC),
    language("vi", 92, &[(Windows1258, 8), (Windows1252, 19)]),
];

const CYRILLIC: &[Language] = &[
    language(
        "ru",
        44,
        &[
            (Windows1251, 8),
            (Koi8R, 26),
            (Ibm866, 40),
            (Iso8859_5, 45),
            (MacCyrillic, 74),
            (Koi8U, 85),
        ],
    ),
    language(
        "uk",
        61,
        &[
            (Windows1251, 7),
            (Koi8U, 26),
            (Ibm866, 45),
            (Iso8859_5, 45),
            (Koi8R, 63),
            (MacCyrillic, 74),
        ],
    ),
    language(
        "be",
        84,
        &[
            (Windows1251, 4),
            (Iso8859_5, 45),
            (Ibm866, 48),
            (Koi8U, 48),
            (MacCyrillic, 74),
        ],
    ),
    language(
        "bg",
        76,
        &[
            (Windows1251, 5),
            (Koi8R, 40),
            (Ibm866, 45),
            (Iso8859_5, 45),
            (MacCyrillic, 74),
            (Koi8U, 85),
        ],
    ),
    language("sr", 84, SOUTH_SLAVIC),
    language("mk", 98, SOUTH_SLAVIC),
    language("kk", 98, ASIAN_CYRILLIC),
    language("mn", 109, ASIAN_CYRILLIC),
];
const SOUTH_SLAVIC: &[(Charset, Cost)] = &[
    (Windows1251, 4),
    (Iso8859_5, 37),
    (MacCyrillic, 63),
    (Koi8R, 63),
    (Ibm866, 63),
];
const ASIAN_CYRILLIC: &[(Charset, Cost)] =
    &[(Windows1251, 4), (Koi8R, 40), (Iso8859_5, 48), (Ibm866, 52)];

const GREEK: &[Language] = &[language("el", 66, &[(Windows1253, 8), (Iso8859_7, 15)])];
const HEBREW: &[Language] = &[language("he", 73, &[(Windows1255, 4), (Iso8859_8, 30)])];
const ARABIC: &[Language] = &[
    language("ar", 61, RIGHT_TO_LEFT),
    language("fa", 81, RIGHT_TO_LEFT),
    language("ur", 103, RIGHT_TO_LEFT),
];
const THAI: &[Language] = &[language("th", 73, &[(Windows874, 0)])];

/// A charset of several octets a character.
pub(super) struct Multi {
    pub(super) charset: Charset,
    pub(super) code: &'static str,
    pub(super) cost: Cost,
    pub(super) used: EastAsian,
}

/// GB18030 is GBK with more, and is told from it when the value uses that.
pub(super) const MULTI: [Multi; 5] = [
    Multi {
        charset: Charset::Gbk,
        code: "zh",
        cost: 44,
        used: EastAsian::Simplified,
    },
    Multi {
        charset: Charset::Big5,
        code: "zh",
        cost: 58,
        used: EastAsian::Traditional,
    },
    Multi {
        charset: Charset::ShiftJis,
        code: "ja",
        cost: 55,
        used: EastAsian::Japanese,
    },
    Multi {
        charset: Charset::EucJp,
        code: "ja",
        cost: 61,
        used: EastAsian::Japanese,
    },
    Multi {
        charset: Charset::EucKr,
        code: "ko",
        cost: 55,
        used: EastAsian::Korean,
    },
];

/// The charsets of one octet a character, in the order of their tables.
pub(super) const SINGLE: [Charset; super::model::SINGLE] = [
    Windows1252,
    Windows1250,
    Windows1251,
    Windows1253,
    Windows1254,
    Windows1255,
    Windows1256,
    Windows1257,
    Windows1258,
    Windows874,
    Iso8859_2,
    Iso8859_4,
    Iso8859_5,
    Iso8859_6,
    Iso8859_7,
    Iso8859_8,
    Iso8859_13,
    Iso8859_15,
    Iso8859_16,
    Koi8R,
    Koi8U,
    Ibm866,
    Macintosh,
    MacCyrillic,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charset::model::Upper;

    #[test]
    fn lanes_and_languages_agree() {
        for family in Family::ALL {
            let ours = languages(family).iter().map(|language| language.code);
            assert!(family.pairs().languages().eq(ours), "{family:?}");
        }
    }

    #[test]
    fn tables_agree_with_the_decoder() {
        for (place, charset) in SINGLE.iter().enumerate() {
            for octet in 0..=255u8 {
                assert_eq!(
                    Upper::of(place).char(octet),
                    charset.char(octet),
                    "{octet:02x} in {charset}"
                );
            }
        }
    }
}
