//! Text that is right is left alone, whatever it is written in: no finding and
//! no reading for NFC text of one script, made of its letters, its marks and
//! ordinary punctuation.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test says what is wrong by panicking"
)]

use headguard::charset::Charset;
use headguard::scan;
use proptest::prelude::*;
use proptest::sample::select;
use std::ops::RangeInclusive;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A script: where its characters are, its own punctuation, and what stands
/// invisibly between two of its letters.
struct Script(
    &'static str,
    &'static [RangeInclusive<char>],
    &'static [&'static str],
    &'static [&'static str],
);

const SCRIPTS: &[Script] = &[
    Script(
        "Latin",
        &[
            'A'..='Z',
            'a'..='z',
            'À'..='Ö',
            'Ø'..='ö',
            'ø'..='ɏ',
            '\u{1e00}'..='\u{1eff}',
            '\u{300}'..='\u{333}',
        ],
        &["’", "–", "…", "€"],
        &[],
    ),
    Script(
        "Vietnamese",
        &['a'..='z', 'Ạ'..='ỹ', 'Ơ'..='ơ', 'Ư'..='ư'],
        &["–"],
        &[],
    ),
    Script(
        "Greek",
        &['Ά'..='ώ', '\u{1f00}'..='\u{1fff}'],
        &["·", "«", "»"],
        &[],
    ),
    Script(
        "Cyrillic",
        &['Ѐ'..='ӿ', '\u{301}'..='\u{301}'],
        &["№", "—"],
        &[],
    ),
    Script("Armenian", &['Ա'..='և'], &["։", "՛"], &[]),
    Script("Georgian", &['ა'..='ჿ', 'Ა'..='Ჿ'], &["„", "“"], &[]),
    Script(
        "Hebrew",
        &['\u{5b0}'..='\u{5f4}'],
        &["״", "־"],
        &["\u{200f}", "\u{200e}"],
    ),
    Script(
        "Arabic",
        &['\u{620}'..='\u{6d3}', '\u{750}'..='\u{77f}'],
        &["،", "؟", "؛"],
        &["\u{200c}", "\u{200f}", "\u{61c}"],
    ),
    Script("Syriac", &['\u{710}'..='\u{74f}'], &["܀"], &["\u{200c}"]),
    Script("Thaana", &['\u{780}'..='\u{7b1}'], &["،"], &[]),
    Script("N’Ko", &['\u{7ca}'..='\u{7f5}'], &["߸"], &[]),
    Script(
        "Devanagari",
        &['\u{900}'..='\u{97f}'],
        &["।"],
        &["\u{200c}", "\u{200d}"],
    ),
    Script(
        "Bengali",
        &['\u{980}'..='\u{9fe}'],
        &["।"],
        &["\u{200c}", "\u{200d}"],
    ),
    Script("Gurmukhi", &['\u{a01}'..='\u{a75}'], &["।"], &["\u{200c}"]),
    Script(
        "Gujarati",
        &['\u{a81}'..='\u{aff}'],
        &["।"],
        &["\u{200c}", "\u{200d}"],
    ),
    Script("Odia", &['\u{b01}'..='\u{b77}'], &["।"], &["\u{200c}"]),
    Script("Tamil", &['\u{b82}'..='\u{bfa}'], &["–"], &["\u{200c}"]),
    Script("Telugu", &['\u{c00}'..='\u{c7f}'], &["–"], &["\u{200c}"]),
    Script(
        "Kannada",
        &['\u{c80}'..='\u{cf3}'],
        &["–"],
        &["\u{200c}", "\u{200d}"],
    ),
    Script(
        "Malayalam",
        &['\u{d00}'..='\u{d7f}'],
        &["–"],
        &["\u{200c}", "\u{200d}"],
    ),
    Script(
        "Sinhala",
        &['\u{d81}'..='\u{df4}'],
        &["෴"],
        &["\u{200c}", "\u{200d}"],
    ),
    Script(
        "Thai",
        &['\u{e01}'..='\u{e3a}', '\u{e40}'..='\u{e4e}'],
        &["ฯ", "๏"],
        &["\u{200b}"],
    ),
    Script("Lao", &['\u{e81}'..='\u{ede}'], &["ຯ"], &["\u{200b}"]),
    Script("Tibetan", &['\u{f40}'..='\u{fbc}'], &["།", "་"], &[]),
    Script(
        "Myanmar",
        &['\u{1000}'..='\u{109f}'],
        &["၊", "။"],
        &["\u{200b}"],
    ),
    Script(
        "Khmer",
        &['\u{1780}'..='\u{17b3}', '\u{17b6}'..='\u{17dd}'],
        &["។"],
        &["\u{200b}"],
    ),
    Script(
        "Mongolian",
        &['\u{1820}'..='\u{1878}'],
        &["᠂", "᠃"],
        &["\u{180b}", "\u{180e}"],
    ),
    Script("Ethiopic", &['\u{1200}'..='\u{137f}'], &["።", "፣"], &[]),
    Script("Cherokee", &['\u{13a0}'..='\u{13f5}'], &["–"], &[]),
    Script(
        "Canadian syllabics",
        &['\u{1401}'..='\u{167f}'],
        &["᙮"],
        &[],
    ),
    Script(
        "Balinese",
        &['\u{1b05}'..='\u{1b4b}'],
        &["᭞"],
        &["\u{200c}"],
    ),
    Script(
        "Javanese",
        &['\u{a984}'..='\u{a9c0}'],
        &["꧈"],
        &["\u{200c}"],
    ),
    Script("Tifinagh", &['\u{2d30}'..='\u{2d67}'], &["–"], &[]),
    Script("Yi", &['\u{a000}'..='\u{a0ff}'], &["。"], &[]),
    Script(
        "Hangul",
        &['가'..='깋', '하'..='힣'],
        &["·", "（", "）"],
        &[],
    ),
    Script(
        "Kana",
        &['ぁ'..='ゖ', 'ァ'..='ヺ', 'ー'..='ー'],
        &["、", "。", "「", "」", "＆", "（", "！"],
        &[],
    ),
    Script(
        "Han",
        &[
            '\u{4e00}'..='\u{50ff}',
            '\u{3400}'..='\u{343f}',
            '\u{20000}'..='\u{2003f}',
        ],
        &["、", "。", "，", "：", "？"],
        &[],
    ),
    Script("Bopomofo", &['\u{3105}'..='\u{312f}'], &["、", "。"], &[]),
    Script("Adlam", &['\u{1e900}'..='\u{1e943}'], &["–"], &[]),
];

const PUNCTUATION: &[&str] = &[
    " ", " ", " ", ", ", ". ", " & ", "-", "’", " – ", ": ", "! ", "? ", " (", ") ", "/",
];

fn characters(script: &Script) -> (Vec<char>, Vec<char>) {
    script
        .1
        .iter()
        .cloned()
        .flatten()
        // What NFC spells otherwise is another character by then.
        .filter(|&c| std::iter::once(c).nfc().eq([c]))
        .filter(|&c| c.is_alphabetic() || is_combining_mark(c))
        .partition(|&c| !is_combining_mark(c))
}

/// A letter and the marks on it.
fn letter(script: &'static Script) -> BoxedStrategy<String> {
    let (letters, marks) = characters(script);
    let letter = select(letters).prop_map(String::from);
    if marks.is_empty() {
        return letter.boxed();
    }
    let marks = proptest::collection::vec(select(marks), 0..=2);
    (letter, marks, 0..3)
        .prop_map(|(letter, marks, often)| match often {
            0 => letter + &String::from_iter(marks),
            _ => letter,
        })
        .boxed()
}

fn word(script: &'static Script) -> BoxedStrategy<String> {
    let between = match script.3 {
        [] => Just("").boxed(),
        some => prop_oneof![9 => Just(""), 1 => select(some)].boxed(),
    };
    let letters = proptest::collection::vec((letter(script), between), 0..8);
    (letters, letter(script))
        .prop_map(|(letters, last)| {
            let mut word: String = letters.iter().flat_map(|(a, b)| [a.as_str(), b]).collect();
            word += &last;
            word.nfc().collect()
        })
        .boxed()
}

fn text(script: &'static Script) -> BoxedStrategy<String> {
    let own = prop_oneof![5 => select(PUNCTUATION), 1 => select(script.2)];
    let words = proptest::collection::vec((word(script), own), 0..6);
    (words, word(script))
        .prop_map(|(words, last)| {
            let mut text: String = words.iter().flat_map(|(a, b)| [a.as_str(), b]).collect();
            text += &last;
            text.nfc().collect()
        })
        .prop_filter(
            "two letters that are one in another charset",
            |text: &String| !is_ambiguous(text),
        )
        .boxed()
}

/// Whether two neighbours may as well be one character of UTF-8 that was read
/// in a charset of one octet a character: `Ã©` is no text, but made of letters.
fn is_ambiguous(text: &str) -> bool {
    let charsets = ["windows-1250", "windows-1251", "windows-1252"];
    let of = |c| {
        Charset::ALL
            .iter()
            .filter(|charset| charsets.contains(&charset.name()))
            .filter_map(move |charset| charset.octet(c).map(|octet| (charset.name(), octet)))
    };
    text.chars().zip(text.chars().skip(1)).any(|(one, two)| {
        of(one).any(|(name, lead)| {
            (0xc2..=0xf4).contains(&lead)
                && of(two).any(|(other, next)| other == name && (0x80..=0xbf).contains(&next))
        })
    })
}

#[test]
fn there_are_letters_in_every_script() {
    for script in SCRIPTS {
        assert!(characters(script).0.len() >= 20, "{}", script.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1024,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn right_text_is_left_alone((name, text) in (0..SCRIPTS.len()).prop_flat_map(|place| {
        let script = &SCRIPTS[place];
        text(script).prop_map(|text| (script.0, text))
    })) {
        let scan = scan(text.as_bytes());
        let found: Vec<_> = scan.findings().collect();
        prop_assert!(found.is_empty(), "{name}: {text:?}: {found:?}");
        prop_assert_eq!(scan.reading(), None);
    }
}
