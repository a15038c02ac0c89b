//! Characters that have no business in a field value, or hide in it.
//!
//! Judged in their surroundings: ZWJ joins emoji and shapes Arabic-script and
//! Indic words, ZWNJ separates in Persian; only elsewhere are they invisible
//! strangers (UTS 39 §3.1.1 names the same contexts). A variation selector
//! belongs to the character before it, one to each; more of them, or after a
//! letter that has no variants, carry what nobody sees.
//!
//! Some are judged by the whole text: marks of direction belong to right-to-left
//! text, full-width forms to Chinese, Japanese and Korean; see [`Around`].

mod composed;
mod lossy;

use crate::finding::FindingKind;
pub(crate) use lossy::{Lost, marks_may_mean_something, may_be_lossy};

/// What a whole text says about the characters in it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Around {
    right_to_left: bool,
    wide: bool,
    lost: Option<Lost>,
}

impl Around {
    /// Looks at a text beyond ASCII; in one walk, and only as far as needed.
    pub(crate) fn of(text: &str) -> Around {
        let starts = |leads: &[u8]| text.bytes().any(|octet| leads.contains(&octet));
        Around {
            // U+061C, U+200E and U+200F.
            right_to_left: starts(&[0xd8, 0xe2]) && text.contains(is_right_to_left),
            // U+FE50 and all after it.
            wide: starts(&[0xef]) && text.contains(is_wide),
            lost: None,
        }
    }

    /// The same, of a text whose `?` and `!` may stand for lost letters.
    pub(crate) fn with_marks(self, text: &str) -> Around {
        Around {
            lost: Lost::of(text),
            ..self
        }
    }

    /// Which marks stand for lost letters, if some do.
    pub(crate) const fn lost(self) -> Option<Lost> {
        self.lost
    }

    /// What `character` is found to be in this text.
    pub(crate) fn kind(self, before: &str, character: char, after: &str) -> Option<FindingKind> {
        match kind(before, character, after) {
            Some(FindingKind::BidiControl)
                if self.right_to_left && is_direction_mark(character) =>
            {
                None
            }
            None if !self.wide && is_fullwidth(character) => Some(FindingKind::Fullwidth),
            None if composed::is_not_nfc(before, character) => Some(FindingKind::NotNfc),
            kind => kind,
        }
    }
}

/// Whether this is a mark that only says which way its neighbours run.
pub(crate) const fn is_direction_mark(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}')
}

/// Full-width and small forms of ASCII and of its companions, which become
/// these under NFKC and under "best fit" conversions.
pub(crate) const fn is_fullwidth(character: char) -> bool {
    matches!(character,
        '\u{fe50}'..='\u{fe6b}' | '\u{ff01}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}')
}

/// A letter of a script that is written from right to left.
const fn is_right_to_left(character: char) -> bool {
    matches!(character,
        '\u{5be}'..='\u{5ff}' | '\u{608}'..='\u{61b}' | '\u{61d}'..='\u{8ff}'
        | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// A character of the scripts that full-width forms belong to.
pub(crate) const fn is_wide(character: char) -> bool {
    is_ideograph(character)
        || matches!(character,
            '\u{1100}'..='\u{11ff}' | '\u{3000}'..='\u{33ff}' | '\u{a960}'..='\u{a97f}'
            | '\u{ac00}'..='\u{d7ff}' | '\u{ff61}'..='\u{ff9f}' | '\u{ffa1}'..='\u{ffdc}')
}

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
        '\u{200c}' => (!shapes(before, after)).then_some(FindingKind::Invisible),
        '\u{e0020}'..='\u{e007f}' => (!in_flag(before)).then_some(FindingKind::Invisible),
        '\u{180b}'..='\u{180f}' => {
            (!before.ends_with(is_mongolian)).then_some(FindingKind::Invisible)
        }
        // Where words are not spaced, it says where a line may break.
        '\u{200b}' => {
            // Programs leave several, and one before a space or a full stop. At
            // an end of the value there is no line to break.
            let is_other = |c: &char| *c != '\u{200b}';
            let beside = [
                before.chars().rev().take(MOST_BREAKS).find(is_other),
                after.chars().take(MOST_BREAKS).find(is_other),
            ];
            let inside = !before.is_empty() && !after.is_empty();
            let breaks = inside && beside.into_iter().flatten().any(is_unspaced);
            (!breaks).then_some(FindingKind::Invisible)
        }
        // Half a syllable of old Hangul, the other half of which is there.
        '\u{115f}' => (!after.starts_with(is_vowel_jamo)).then_some(FindingKind::Invisible),
        '\u{1160}' => (!before.ends_with(is_leading_jamo)).then_some(FindingKind::Invisible),
        '\u{2800}' => {
            let alone = !(before.ends_with(is_braille) || after.starts_with(is_braille));
            alone.then_some(FindingKind::Invisible)
        }
        '\u{1bca0}'..='\u{1bca3}' => {
            (!before.ends_with(is_shorthand)).then_some(FindingKind::Invisible)
        }
        '\u{fe00}'..='\u{fe0f}' => (!varies(before)).then_some(FindingKind::Invisible),
        '\u{e0100}'..='\u{e01ef}' => {
            (!before.ends_with(is_ideograph)).then_some(FindingKind::Invisible)
        }
        '\u{ad}'
        | '\u{34f}'
        | '\u{17b4}'
        | '\u{17b5}'
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
    (emoji_before && after.starts_with(is_emoji)) || shapes(before, after)
}

/// Whether the character just before may have a variant: of those before
/// Myanmar what makes keycaps, © and ®, and no selector.
fn varies(before: &str) -> bool {
    before.chars().next_back().is_some_and(|c| {
        matches!(c, '#' | '*' | '0'..='9' | '©' | '®')
            || (c >= '\u{1000}'
                && !matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'))
    })
}

/// Mongolian letters and their selectors.
const fn is_mongolian(character: char) -> bool {
    matches!(character, '\u{1807}' | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{1820}'..='\u{18aa}')
}

/// How many zero-width spaces in a row are looked past.
const MOST_BREAKS: usize = 4;

/// Letters and marks of Thai, Lao, Myanmar, Khmer and Tai Le.
const fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{e01}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{1950}'..='\u{19df}' | '\u{a9e0}'..='\u{a9ff}' | '\u{aa60}'..='\u{aadf}')
}

const fn is_leading_jamo(character: char) -> bool {
    matches!(character, '\u{1100}'..='\u{115e}' | '\u{a960}'..='\u{a97c}')
}

const fn is_vowel_jamo(character: char) -> bool {
    matches!(character, '\u{1161}'..='\u{11a7}' | '\u{d7b0}'..='\u{d7c6}')
}

/// Braille in which something can be felt.
const fn is_braille(character: char) -> bool {
    matches!(character, '\u{2801}'..='\u{28ff}')
}

/// Duployan shorthand, with its own format controls.
const fn is_shorthand(character: char) -> bool {
    matches!(character, '\u{1bc00}'..='\u{1bca3}')
}

const fn is_ideograph(character: char) -> bool {
    matches!(character,
        '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether the script beside gives ZWJ and ZWNJ a meaning. Keyboards leave two
/// in a row, and one at the start of a word; at the start of a value there is
/// nothing that it could have been typed after.
fn shapes(before: &str, after: &str) -> bool {
    let is_joiner = |c: &char| matches!(c, '\u{200c}' | '\u{200d}');
    let mut earlier = before.chars().rev();
    match earlier.next() {
        Some('\u{200c}' | '\u{200d}') => {
            let typed = earlier.take(MOST_JOINERS).find(|c| !is_joiner(c));
            typed.is_some_and(is_shaped)
        }
        Some(' ') => after.starts_with(is_shaped),
        last => last.is_some_and(is_shaped),
    }
}

/// How many joiners in a row are looked past.
const MOST_JOINERS: usize = 2;

/// A letter or mark of a script that ZWJ and ZWNJ shape.
const fn is_shaped(character: char) -> bool {
    matches!(character,
        '\u{600}'..='\u{8ff}'      // Arabic, Syriac, Thaana, NKo, their extensions
        | '\u{900}'..='\u{dff}'    // the Indic scripts from Devanagari to Sinhala
        | '\u{e00}'..='\u{fff}'    // Thai, Lao, Tibetan
        | '\u{1000}'..='\u{109f}'  // Myanmar
        | '\u{1780}'..='\u{18af}'  // Khmer, Mongolian
        | '\u{1900}'..='\u{1cff}'  // Limbu to Vedic extensions
        | '\u{a800}'..='\u{abff}'  // Syloti Nagri to Meetei Mayek
        | '\u{fb50}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10a00}'..='\u{11fff}')
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
            "മലബാർ \u{200d}കോഫി",
            "ಮೈಸೂರ್\u{200c}\u{200c} ಬ್ಯಾಂಕ್",
            "نشر \u{200c}ها",
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
            ("\u{200c}ها", Invisible),
            ("a \u{200d}b", Invisible),
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
