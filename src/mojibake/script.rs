//! What decoded characters belong to, as coarsely as judging needs it.

/// A script, or what stands for one here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    Arabic,
    /// Accents that go on the letter before them.
    Combining,
    Cyrillic,
    EastAsian,
    Emoji,
    Greek,
    Hebrew,
    Indic,
    /// ZWNJ and ZWJ, which go with several.
    Joiner,
    Latin,
    /// Punctuation and symbols, of no script.
    Mark,
    Other,
}

impl Script {
    /// `None` for what nobody writes in a header: controls, unassigned and
    /// archaic ranges, phonetic letters.
    pub(crate) fn of(character: char) -> Option<Script> {
        Some(match character {
            '\u{c0}'..='\u{17f}' if !matches!(character, '×' | '÷') => Script::Latin,
            'Ơ' | 'ơ' | 'Ư' | 'ư' | '\u{218}'..='\u{21b}' | 'Ə' | 'ə' | '\u{1e00}'..='\u{1eff}' => {
                Script::Latin
            }
            '\u{a0}'..='\u{bf}' | '×' | '÷' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' => {
                Script::Mark
            }
            // Hawaiian and Ukrainian apostrophes, marks of stress.
            '\u{2b9}'..='\u{2bc}' | '\u{2be}' | '\u{2bf}' | '\u{2c8}' | '\u{2cc}' => Script::Mark,
            '\u{20a0}'..='\u{20bf}' | '\u{2116}' | '\u{2122}' | '\u{3000}'..='\u{3002}' => {
                Script::Mark
            }
            // The middle dots of Japanese, which stand between Latin words too.
            '・' | '･' => Script::Mark,
            '\u{300}'..='\u{336}' => Script::Combining,
            '\u{37e}' | '\u{384}'..='\u{3ce}' => Script::Greek,
            '\u{400}'..='\u{45f}' | '\u{490}'..='\u{4ff}' => Script::Cyrillic,
            '\u{530}'..='\u{58f}'
            | '\u{10d0}'..='\u{10ff}'
            | '\u{1200}'..='\u{137f}'
            | '\u{1820}'..='\u{18aa}' => Script::Other,
            '\u{5d0}'..='\u{5f4}' => Script::Hebrew,
            '\u{600}'..='\u{6ff}' => Script::Arabic,
            '\u{200c}' | '\u{200d}' => Script::Joiner,
            '\u{900}'..='\u{dff}'
            | '\u{e00}'..='\u{fff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{17ff}' => Script::Indic,
            '\u{3005}'..='\u{30ff}'
            | '\u{3400}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{ff01}'..='\u{ff9f}' => Script::EastAsian,
            '\u{fe0f}' | '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}' => Script::Emoji,
            _ => return None,
        })
    }
}

/// Whether the character is one that people write in headers, by itself.
pub(crate) fn is_in_use(character: char) -> bool {
    Script::of(character).is_some_and(|script| script != Script::Combining)
}
