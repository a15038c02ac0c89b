//! The languages that names are in, how often, and in which charsets they were
//! written. The numbers are costs as in `model`; they are what one expects
//! before having seen the value, and no more exact than that.

use super::Charset;
use super::model::{Cost, EastAsian, Family, LANES};

/// A language, what it costs to suppose it, and the charsets it is usual in.
pub(super) struct Language {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    cost: Cost,
    usual: &'static [(Charset, Cost)],
}

impl Language {
    /// What it costs to suppose that text in this language is in `charset`.
    #[allow(clippy::indexing_slicing, reason = "within the slice's length")]
    const fn cost_in(&self, charset: Charset) -> Cost {
        let mut at = 0;
        while at < self.usual.len() {
            let (usual, cost) = self.usual[at];
            if usual as usize == charset as usize {
                return cost;
            }
            at += 1;
        }
        unusual(charset)
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

/// What it costs to suppose each language of a family, in its lane, and the
/// charset with this place in [`SINGLE`] for it.
pub(super) fn supposed(family: Family, place: usize) -> &'static [i16] {
    SUPPOSED
        .get(family as usize)
        .and_then(|charsets| charsets.get(place))
        .map_or(&[], |lanes| lanes)
}

static SUPPOSED: [[[i16; LANES]; SINGLE.len()]; Family::ALL.len()] = {
    let mut supposed = [[[0; LANES]; SINGLE.len()]; Family::ALL.len()];
    let mut at = 0;
    while at < Family::ALL.len() * SINGLE.len() * LANES {
        let (family, place, lane) = (
            at / (SINGLE.len() * LANES),
            at / LANES % SINGLE.len(),
            at % LANES,
        );
        #[allow(
            clippy::indexing_slicing,
            clippy::cast_possible_truncation,
            reason = "evaluated by the compiler alone"
        )]
        {
            let languages = languages(Family::ALL[family]);
            if lane < languages.len() {
                let language = &languages[lane];
                let cost = language.cost + language.cost_in(SINGLE[place]);
                supposed[family][place][lane] = cost as i16;
                assert!(supposed[family][place][lane] as Cost == cost, "too large");
            }
        }
        at += 1;
    }
    supposed
};

/// What it costs at least to suppose a language of a family and the charset of
/// this place.
pub(super) fn least_supposed(family: Family, place: usize) -> Cost {
    let charsets = LEASTS.get(family as usize);
    let least = charsets.and_then(|charsets| charsets.get(place));
    least.map_or(LEAST_SUPPOSED, |&least| least.into())
}

static LEASTS: [[i16; SINGLE.len()]; Family::ALL.len()] = {
    let mut leasts = [[i16::MAX; SINGLE.len()]; Family::ALL.len()];
    let mut at = 0;
    while at < Family::ALL.len() * SINGLE.len() * LANES {
        let (family, place, lane) = (
            at / (SINGLE.len() * LANES),
            at / LANES % SINGLE.len(),
            at % LANES,
        );
        #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler alone")]
        if lane < languages(Family::ALL[family]).len() {
            let cost = SUPPOSED[family][place][lane];
            if cost < leasts[family][place] {
                leasts[family][place] = cost;
            }
        }
        at += 1;
    }
    leasts
};

/// What any language costs in any charset, at least.
pub(super) const LEAST_SUPPOSED: Cost = 44;

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

const fn language(
    code: &'static str,
    name: &'static str,
    cost: Cost,
    usual: &'static [(Charset, Cost)],
) -> Language {
    Language {
        code,
        name,
        cost,
        usual,
    }
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
    language("--", "several languages", 400, &[]),
    language("en", "English", 47, WESTERN),
    language("de", "German", 44, WESTERN),
    language("fr", "French", 44, WESTERN),
    language("es", "Spanish", 44, WESTERN),
    language("pt", "Portuguese", 47, WESTERN),
    language("it", "Italian", 50, WESTERN),
    language("nl", "Dutch", 61, WESTERN),
    language("da", "Danish", 66, WESTERN),
    language("sv", "Swedish", 61, WESTERN),
    language("nb", "Norwegian", 66, WESTERN),
    language("fi", "Finnish", 66, WESTERN),
    language("ca", "Catalan", 73, WESTERN),
    language("is", "Icelandic", 81, WESTERN),
    language("fo", "Faroese", 109, WESTERN),
    language("ga", "Irish", 84, WESTERN),
    language("cy", "Welsh", 98, WESTERN),
    language("eu", "Basque", 87, WESTERN),
    language("gl", "Galician", 92, WESTERN),
    language(
        "et",
        "Estonian",
        81,
        &[
            (Windows1252, 15),
            (Windows1257, 19),
            (Iso8859_15, 30),
            (Iso8859_13, 48),
            (Iso8859_4, 48),
        ],
    ),
    language("sq", "Albanian", 98, WESTERN),
    language("id", "Indonesian", 87, WESTERN),
    language("af", "Afrikaans", 109, WESTERN),
    language("br", "Breton", 109, WESTERN),
    language("pl", "Polish", 55, CENTRAL),
    language("cs", "Czech", 61, CENTRAL),
    language("sk", "Slovak", 73, CENTRAL),
    language("hu", "Hungarian", 66, CENTRAL),
    language("sl", "Slovenian", 78, CENTRAL),
    language("hr", "Croatian", 76, CENTRAL),
    language(
        "ro",
        "Romanian",
        73,
        &[
            (Windows1250, 11),
            (Iso8859_2, 26),
            (Windows1252, 30),
            (Iso8859_16, 37),
        ],
    ),
    language("tr", "Turkish", 61, TURKISH),
    language("az", "Azerbaijani", 98, TURKISH),
    language("ku", "Kurdish", 98, &[(Windows1252, 15), (Windows1254, 11)]),
    language("lt", "Lithuanian", 81, BALTIC),
    language("lv", "Latvian", 84, BALTIC),
    language(
        "vi",
        "Vietnamese",
        92,
        &[(Windows1258, 8), (Windows1252, 19)],
    ),
];

const CYRILLIC: &[Language] = &[
    language(
        "ru",
        "Russian",
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
        "Ukrainian",
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
        "Belarusian",
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
        "Bulgarian",
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
    language("sr", "Serbian", 84, SOUTH_SLAVIC),
    language("mk", "Macedonian", 98, SOUTH_SLAVIC),
    language("kk", "Kazakh", 98, ASIAN_CYRILLIC),
    language("mn", "Mongolian", 109, ASIAN_CYRILLIC),
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

const GREEK: &[Language] = &[language(
    "el",
    "Greek",
    66,
    &[(Windows1253, 8), (Iso8859_7, 15)],
)];
const HEBREW: &[Language] = &[language(
    "he",
    "Hebrew",
    73,
    &[(Windows1255, 4), (Iso8859_8, 30)],
)];
const ARABIC: &[Language] = &[
    language("ar", "Arabic", 61, RIGHT_TO_LEFT),
    language("fa", "Persian", 81, RIGHT_TO_LEFT),
    language("ur", "Urdu", 103, RIGHT_TO_LEFT),
];
const THAI: &[Language] = &[language("th", "Thai", 73, &[(Windows874, 0)])];

/// A charset of several octets a character.
pub(super) struct Multi {
    pub(super) charset: Charset,
    pub(super) code: &'static str,
    /// What its characters are called.
    pub(super) name: &'static str,
    pub(super) cost: Cost,
    pub(super) used: EastAsian,
}

/// GB18030 is GBK with more, and is told from it when the value uses that.
pub(super) const MULTI: [Multi; 5] = [
    Multi {
        charset: Charset::Gbk,
        code: "zh",
        name: "simplified Chinese",
        cost: 44,
        used: EastAsian::Simplified,
    },
    Multi {
        charset: Charset::Big5,
        code: "zh",
        name: "traditional Chinese",
        cost: 58,
        used: EastAsian::Traditional,
    },
    Multi {
        charset: Charset::ShiftJis,
        code: "ja",
        name: "Japanese",
        cost: 55,
        used: EastAsian::Japanese,
    },
    Multi {
        charset: Charset::EucJp,
        code: "ja",
        name: "Japanese",
        cost: 61,
        used: EastAsian::Japanese,
    },
    Multi {
        charset: Charset::EucKr,
        code: "ko",
        name: "Korean",
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
    fn the_least_that_is_supposed() {
        for family in Family::ALL {
            for place in 0..SINGLE.len() {
                let lanes = supposed(family, place).iter().zip(languages(family));
                assert!(
                    lanes
                        .clone()
                        .all(|(&cost, _)| Cost::from(cost) >= LEAST_SUPPOSED)
                );
            }
        }
        assert!(MULTI.iter().all(|multi| multi.cost >= LEAST_SUPPOSED));
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
