//! Characters that have no business in a field value, or hide in it.
//!
//! Judged in their surroundings: ZWJ joins emoji and shapes Arabic-script and
//! Indic words, ZWNJ separates in Persian; only elsewhere are they invisible
//! strangers (UTS 39 §3.1.1 names the same contexts). A variation selector
//! belongs to the character before it, one to each; more of them, or after a
//! letter that has no variants, carry what nobody sees.

use crate::finding::FindingKind;

/// What `character` is found to be, between the text `before` and `after` it.
pub(crate) fn kind(before: &str, character: char, after: &str) -> Option<FindingKind> {
    match character {
        '\t' => None,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
            Some(FindingKind::Control)
        }
        '\0'..='\u{9f}' => None,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some(FindingKind::BidiControl)
        }
        '\u{200d}' => (!joins(before, after)).then_some(FindingKind::Invisible),
        '\u{200c}' => (!shapes(before)).then_some(FindingKind::Invisible),
        '\u{e0020}'..='\u{e007f}' => (!in_flag(before)).then_some(FindingKind::Invisible),
        '\u{180b}'..='\u{180d}' | '\u{180f}' => (!shapes(before)).then_some(FindingKind::Invisible),
        '\u{fe00}'..='\u{fe0f}' => (!varies(before)).then_some(FindingKind::Invisible),
        '\u{e0100}'..='\u{e01ef}' => {
            (!before.ends_with(is_ideograph)).then_some(FindingKind::Invisible)
        }
        '\u{ad}'
        | '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e001f}'
        | '\u{e0080}'..='\u{e0fff}' => Some(FindingKind::Invisible),
        '\u{fffd}' => Some(FindingKind::ReplacementChar),
        '\u{fdd0}'..='\u{fdef}' => Some(FindingKind::Noncharacter),
        _ if u32::from(character) & 0xfffe == 0xfffe => Some(FindingKind::Noncharacter),
        _ => None,
    }
}

/// Whether ZWJ is at home here: between emoji, or in a script it shapes.
fn joins(before: &str, after: &str) -> bool {
    let emoji_before = before
        .chars()
        .rev()
        .find(|c| !is_emoji_modifier(*c))
        .is_some_and(is_emoji);
    (emoji_before && after.starts_with(is_emoji)) || shapes(before)
}

/// Whether the character just before may have a variant: none in ASCII but what
/// makes keycaps, and no selector.
fn varies(before: &str) -> bool {
    before.chars().next_back().is_some_and(|c| {
        matches!(c, '#' | '*' | '0'..='9')
            || !(c.is_ascii() || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'))
    })
}

const fn is_ideograph(character: char) -> bool {
    matches!(character,
        '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether the script just before gives ZWJ and ZWNJ a meaning.
fn shapes(before: &str) -> bool {
    before.chars().next_back().is_some_and(|c| {
        matches!(c,
            '\u{600}'..='\u{8ff}'      // Arabic, Syriac, Thaana, NKo, their extensions
            | '\u{900}'..='\u{dff}'    // the Indic scripts from Devanagari to Sinhala
            | '\u{e00}'..='\u{fff}'    // Thai, Lao, Tibetan
            | '\u{1000}'..='\u{109f}'  // Myanmar
            | '\u{1780}'..='\u{18af}'  // Khmer, Mongolian
            | '\u{1900}'..='\u{1cff}'  // Limbu to Vedic extensions
            | '\u{a800}'..='\u{abff}'  // Syloti Nagri to Meetei Mayek
            | '\u{fb50}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
            | '\u{10a00}'..='\u{11fff}')
    })
}

fn is_emoji(character: char) -> bool {
    matches!(character,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21ff}'
        | '\u{2300}'..='\u{23ff}' | '\u{2460}'..='\u{24ff}' | '\u{25a0}'..='\u{27bf}' | '\u{2900}'..='\u{297f}'
        | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

/// Variation selectors and skin tones, which stand between an emoji and its ZWJ.
fn is_emoji_modifier(character: char) -> bool {
    matches!(
        character,
        '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{20e3}'
    )
}

/// Whether the tags before lead back to a black flag: England, Scotland, Wales
/// (UTS 51, emoji tag sequences).
fn in_flag(before: &str) -> bool {
    before
        .chars()
        .rev()
        .take(8)
        .find(|c| !matches!(c, '\u{e0020}'..='\u{e007e}'))
        == Some('\u{1f3f4}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<FindingKind> {
        text.char_indices()
            .filter_map(|(at, c)| kind(text.split_at(at).0, c, text.split_at(at + c.len_utf8()).1))
            .collect()
    }

    #[test]
    fn joiners_at_home_are_text() {
        for text in [
            "👩🏽‍💻",
            "👨‍👩‍👧",
            "❤️‍🔥",
            "🏳️‍🌈",
            "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
            "عشق‌آباد",
            "ବହରମ୍‌ପୁର୍",
            "ബാൾഡ്‍വിൻ",
            "क्‍ष",
            "❤️",
            "1️⃣",
            "#️⃣",
            "葛\u{e0100}飾区",
            "ᠠ\u{180b}",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn strangers_are_found() {
        use FindingKind::{BidiControl, Control, Invisible, Noncharacter, ReplacementChar};
        for (text, expected) in [
            ("a\u{200d}b", Invisible),
            ("a\u{200c}b", Invisible),
            ("a\u{200b}b", Invisible),
            ("Har\u{ad}yana", Invisible),
            ("\u{feff}a", Invisible),
            ("a\u{e0041}b", Invisible),
            ("a\u{fe0f}b", Invisible),
            ("❤\u{fe0f}\u{fe0f}", Invisible),
            ("葛\u{e0100}\u{e0101}", Invisible),
            ("1\u{e0100}", Invisible),
            ("\u{fe00}a", Invisible),
            ("a\u{180b}", Invisible),
            ("a\u{2065}b", Invisible),
            ("a\u{1d173}b", Invisible),
            ("a\u{e0080}b", Invisible),
            ("a\u{202e}b", BidiControl),
            ("a\u{85}b", Control),
            ("a\u{7f}b", Control),
            ("a\u{2028}b", Control),
            ("a\u{ffff}b", Noncharacter),
            ("a\u{1fffe}b", Noncharacter),
            ("T\u{fffd}l", ReplacementChar),
        ] {
            assert_eq!(found(text), [expected], "{text:?}");
        }
        assert_eq!(found("a\tb é €"), []);
    }
}
