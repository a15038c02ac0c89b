//! Characters that are spelled otherwise in Normalization Form C.
//!
//! Cautious rather than complete: a letter and the mark right after it that
//! compose, in Latin, Greek, Cyrillic and kana; Hangul in conjoining jamo; and
//! characters that stand for another one. What is found is never NFC. What is
//! not found may still not be: marks in another order, and the scripts in which
//! both spellings are in everyday use (Arabic, Bengali, Devanagari), are left
//! alone, as are compatibility ideographs, which names are written with.

/// Whether `character`, after `before`, is not how NFC spells it.
pub(super) fn is_not_nfc(before: &str, character: char) -> bool {
    match character {
        '\u{300}'..='\u{345}' | '\u{3099}' | '\u{309a}' => {
            is_singleton(character)
                || before
                    .chars()
                    .next_back()
                    .is_some_and(|base| composes(base, character))
        }
        '\u{1161}'..='\u{1175}' => before.ends_with(is_leading_jamo),
        '\u{11a8}'..='\u{11c2}' => {
            let mut letters = before.chars().rev();
            match letters.next() {
                Some('\u{1161}'..='\u{1175}') => letters.next().is_some_and(is_leading_jamo),
                Some(syllable @ '\u{ac00}'..='\u{d7a3}') => {
                    (u32::from(syllable) - 0xac00).is_multiple_of(28)
                }
                _ => false,
            }
        }
        _ => is_singleton(character),
    }
}

const fn is_leading_jamo(character: char) -> bool {
    matches!(character, '\u{1100}'..='\u{1112}')
}

/// Whether NFC writes `base` and `mark` as one character.
fn composes(base: char, mark: char) -> bool {
    COMPOSING
        .binary_search_by_key(&mark, |&(mark, _)| mark)
        .ok()
        .and_then(|place| COMPOSING.get(place))
        .is_some_and(|(_, bases)| bases.contains(base))
}

/// Whether NFC always writes another character for this one: Å for the Angstrom
/// sign, Ω for the Ohm sign, an acute accent for the oxia of Greek.
const fn is_singleton(character: char) -> bool {
    matches!(
        character,
        '\u{340}'
            | '\u{341}'
            | '\u{343}'
            | '\u{344}'
            | '\u{374}'
            | '\u{37e}'
            | '\u{1f71}'
            | '\u{1f73}'
            | '\u{1f75}'
            | '\u{1f77}'
            | '\u{1f79}'
            | '\u{1f7b}'
            | '\u{1f7d}'
            | '\u{1fbb}'
            | '\u{1fbe}'
            | '\u{1fc9}'
            | '\u{1fcb}'
            | '\u{1fd3}'
            | '\u{1fdb}'
            | '\u{1fe3}'
            | '\u{1feb}'
            | '\u{1fee}'
            | '\u{1fef}'
            | '\u{1ff9}'
            | '\u{1ffb}'
            | '\u{1ffd}'
            | '\u{2000}'
            | '\u{2001}'
            | '\u{2126}'
            | '\u{212a}'
            | '\u{212b}'
            | '\u{2329}'
            | '\u{232a}'
    )
}

/// The marks that compose, each with the characters it composes with: the
/// canonical decompositions of UnicodeData.txt that are no exclusions.
#[rustfmt::skip]
static COMPOSING: &[(char, &str)] = &[
    ('\u{300}', "AEINOUWYaeinouwy¨ÂÊÔÜâêôüĂăĒēŌōƠơƯưΑΕΗΙΟΥΩαεηιουωϊϋЕИеиἀἁἈἉἐἑἘἙἠἡἨἩἰἱἸἹὀὁὈὉὐὑὙὠὡὨὩ\u{1fbf}\u{1ffe}"),
    ('\u{301}', "ACEGIKLMNOPRSUWYZacegiklmnoprsuwyz¨ÂÅÆÇÊÏÔÕØÜâåæçêïôõøüĂăĒēŌōŨũƠơƯưΑΕΗΙΟΥΩαεηιουωϊϋϒГКгкἀἁἈἉἐἑἘἙἠἡἨἩἰἱἸἹὀὁὈὉὐὑὙὠὡὨὩ\u{1fbf}\u{1ffe}"),
    ('\u{302}', "ACEGHIJOSUWYZaceghijosuwyzẠạẸẹỌọ"),
    ('\u{303}', "AEINOUVYaeinouvyÂÊÔâêôĂăƠơƯư"),
    ('\u{304}', "AEGIOUYaegiouyÄÆÕÖÜäæõöüǪǫȦȧȮȯΑΙΥαιυИУиуḶḷṚṛ"),
    ('\u{306}', "AEGIOUaegiouȨȩΑΙΥαιυАЕЖИУаежиуẠạ"),
    ('\u{307}', "ABCDEFGHIMNOPRSTWXYZabcdefghmnoprstwxyzŚśŠšſṢṣ"),
    ('\u{308}', "AEHIOUWXYaehiotuwxyÕõŪūΙΥιυϒІАЕЖЗИОУЧЫЭаежзиоучыэіӘәӨө"),
    ('\u{309}', "AEIOUYaeiouyÂÊÔâêôĂăƠơƯư"),
    ('\u{30a}', "AUauwy"),
    ('\u{30b}', "OUouУу"),
    ('\u{30c}', "ACDEGHIKLNORSTUZacdeghijklnorstuzÜüƷʒ"),
    ('\u{30f}', "AEIORUaeioruѴѵ"),
    ('\u{311}', "AEIORUaeioru"),
    ('\u{313}', "ΑΕΗΙΟΩαεηιορυω"),
    ('\u{314}', "ΑΕΗΙΟΡΥΩαεηιορυω"),
    ('\u{31b}', "OUou"),
    ('\u{323}', "ABDEHIKLMNORSTUVWYZabdehiklmnorstuvwyzƠơƯư"),
    ('\u{324}', "Uu"),
    ('\u{325}', "Aa"),
    ('\u{326}', "STst"),
    ('\u{327}', "CDEGHKLNRSTcdeghklnrst"),
    ('\u{328}', "AEIOUaeiou"),
    ('\u{32d}', "DELNTUdelntu"),
    ('\u{32e}', "Hh"),
    ('\u{330}', "EIUeiu"),
    ('\u{331}', "BDKLNRTZbdhklnrtz"),
    ('\u{338}', "<=>←→↔⇐⇒⇔∃∈∋∣∥∼≃≅≈≍≡≤≥≲≳≶≷≺≻≼≽⊂⊃⊆⊇⊑⊒⊢⊨⊩⊫⊲⊳⊴⊵"),
    ('\u{342}', "¨αηιυωϊϋἀἁἈἉἠἡἨἩἰἱἸἹὐὑὙὠὡὨὩ\u{1fbf}\u{1ffe}"),
    ('\u{345}', "ΑΗΩάήαηωώἀἁἂἃἄἅἆἇἈἉἊἋἌἍἎἏἠἡἢἣἤἥἦἧἨἩἪἫἬἭἮἯὠὡὢὣὤὥὦὧὨὩὪὫὬὭὮὯὰὴὼᾶῆῶ"),
    ('\u{3099}', "うかきくけこさしすせそたちつてとはひふへほゝウカキクケコサシスセソタチツテトハヒフヘホワヰヱヲヽ"),
    ('\u{309a}', "はひふへほハヒフヘホ"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_normalization::UnicodeNormalization;
    use unicode_normalization::char::compose;

    /// What is found by itself is not NFC, and a mark is found exactly where it
    /// composes with the character before it.
    #[test]
    fn agrees_with_unicode() {
        let marks: Vec<char> = ('\u{300}'..='\u{36f}')
            .chain(['\u{3099}', '\u{309a}'])
            .chain('\u{1161}'..='\u{1175}')
            .chain('\u{11a8}'..='\u{11c2}')
            .collect();
        for base in '\0'..='\u{ffff}' {
            let alone = base.to_string();
            if is_not_nfc("", base) {
                assert!(!alone.nfc().eq([base]), "U+{:04X}", u32::from(base));
            }
            if !alone.nfc().eq([base]) {
                continue;
            }
            for &mark in &marks {
                if is_singleton(mark) {
                    continue;
                }
                let composed = compose(base, mark).is_some();
                assert_eq!(is_not_nfc(&alone, mark), composed, "{base:?} {mark:?}");
            }
        }
    }

    #[test]
    fn jamo_of_three() {
        assert!(is_not_nfc("\u{1100}\u{1161}", '\u{11a8}'));
        assert!(is_not_nfc("가", '\u{11a8}'));
        assert!(!is_not_nfc("각", '\u{11a8}'));
        assert!(!is_not_nfc("\u{1161}", '\u{11a8}'));
    }
}
