//! Double-encoded text: UTF-8 that was read as a legacy charset and encoded again.
//!
//! `é` is `C3 A9`; read as windows-1252 that is `Ã©`, four octets of well-formed
//! UTF-8. Going back is a round trip; the art is in not taking it for text that
//! is right as it stands. `SÃO PAULO` has no such round trip; `NESCAFÉ®` has
//! one, and means itself. So what comes out has to read better than what
//! went in: one script a word, in one case, in letters that are in use.
//!
//! The value is taken whole: when one run of its characters beyond ASCII does
//! not make the trip, none does.

use crate::charset::Charset;

/// How often text may have been encoded again before we stop looking.
const DEPTH: usize = 4;

/// The charset `text` went through, when it is double-encoded as a whole.
pub(crate) fn detect(text: &str) -> Option<Charset> {
    if !may_be_double_encoded(text) {
        return None;
    }
    let mut through = Charset::Windows1252;
    let mut evidence = Evidence::default();
    for run in runs(text) {
        let decoded = decode(run.characters)?;
        evidence.add(run.before, &decoded, run.after)?;
        if run.characters.chars().any(is_latin1_only) {
            through = Charset::Latin1;
        }
    }
    evidence.is_enough().then_some(through)
}

/// Undoes the double encoding of one run of characters beyond ASCII, as often
/// as it was done; `None` when it does not make the trip.
pub(crate) fn decode(run: &str) -> Option<String> {
    let mut text = once(run)?;
    for _ in 1..DEPTH {
        match once(&text) {
            Some(next) => text = next,
            None => break,
        }
    }
    Some(text)
}

/// One trip back.
fn once(run: &str) -> Option<String> {
    let octets: Option<Vec<u8>> = run.chars().map(octet).collect();
    let text = String::from_utf8(octets?).ok()?;
    text.chars().all(|c| !c.is_ascii()).then_some(text)
}

/// The octet a character was read from. C1 controls are taken for their own
/// number in both charsets: that is how decoders treat the undefined octets.
fn octet(character: char) -> Option<u8> {
    match character {
        '\u{80}'..='\u{9f}' => u8::try_from(character).ok(),
        _ => Charset::Windows1252
            .octet(character)
            .filter(|octet| *octet >= 0x80),
    }
}

/// Whether only ISO-8859-1 makes this character of an octet. The five octets
/// that windows-1252 leaves undefined come out alike in both.
fn is_latin1_only(character: char) -> bool {
    u8::try_from(character).is_ok_and(|octet| {
        Charset::Latin1.char(octet).is_none() && Charset::Windows1252.char(octet).is_some()
    })
}

/// The cheap question that spares nearly all right text the judging: is there a
/// character that a UTF-8 lead octet reads as (U+00C2–00F4, `C3 82`–`C3 B4`),
/// and after it the first octet of one that a continuation reads as?
fn may_be_double_encoded(text: &str) -> bool {
    text.as_bytes().windows(3).any(|octets| {
        matches!(
            octets,
            [0xc3, 0x82..=0xb4, 0xc2 | 0xc5 | 0xc6 | 0xcb | 0xe2]
        )
    })
}

/// A run of characters beyond ASCII and the ASCII around it.
struct Run<'t> {
    before: &'t str,
    characters: &'t str,
    after: &'t str,
}

fn runs(text: &str) -> impl Iterator<Item = Run<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find(|c: char| !c.is_ascii())?;
        let rest = text.get(start..)?;
        let end = start + rest.find(|c: char| c.is_ascii()).unwrap_or(rest.len());
        let before = text.get(at..start)?;
        at = end;
        Some(Run {
            before,
            characters: text.get(start..end)?,
            after: text.get(end..)?,
        })
    })
}

/// What the decoded runs say together.
#[derive(Default)]
struct Evidence {
    letters: usize,
    foreign: usize,
    script: Option<Script>,
}

impl Evidence {
    /// Weighs one decoded run between its neighbours; `None` when it reads no
    /// better than before.
    fn add(&mut self, before: &str, decoded: &str, after: &str) -> Option<()> {
        let word: String = before
            .chars()
            .rev()
            .take_while(char::is_ascii_alphabetic)
            .collect();
        let capitals = word.len() >= 2 && word.chars().all(|c| c.is_ascii_uppercase());
        let touches_latin =
            !word.is_empty() || after.starts_with(|c: char| c.is_ascii_alphabetic());
        // Everything of `É` + `®`-like pairs ends a word in capitals.
        let in_capitals = !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase());

        for character in decoded.chars() {
            match Script::of(character)? {
                Script::Latin => {
                    if capitals && character.is_lowercase() {
                        return None;
                    }
                    let small = word.starts_with(|c: char| c.is_ascii_lowercase());
                    if small && character.is_uppercase() {
                        return None;
                    }
                    self.letters += 1;
                }
                Script::Mark => {
                    if in_capitals && matches!(character, '\u{a0}'..='\u{bf}') {
                        return None;
                    }
                    self.letters += 1;
                }
                Script::Emoji => self.letters += 1,
                script => {
                    // Other scripts stand in words of their own, all of one kind.
                    if touches_latin || self.script.is_some_and(|other| other != script) {
                        return None;
                    }
                    self.script = Some(script);
                    self.foreign += 1;
                }
            }
        }
        Some(())
    }

    /// One letter of another script is a coincidence that two are not.
    fn is_enough(&self) -> bool {
        self.foreign >= 2 || (self.foreign == 0 && self.letters > 0)
    }
}

/// What a decoded character belongs to, as coarsely as judging needs it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Arabic,
    Cyrillic,
    EastAsian,
    Emoji,
    Greek,
    Hebrew,
    Indic,
    Latin,
    /// Punctuation and symbols, of no script.
    Mark,
    Other,
}

impl Script {
    /// `None` for what nobody writes in a header: controls, unassigned and
    /// archaic ranges, phonetic letters.
    fn of(character: char) -> Option<Script> {
        Some(match character {
            '\u{c0}'..='\u{17f}' if !matches!(character, '×' | '÷') => Script::Latin,
            'Ơ' | 'ơ' | 'Ư' | 'ư' | '\u{218}'..='\u{21b}' | 'ə' | '\u{1e00}'..='\u{1eff}' => {
                Script::Latin
            }
            '\u{a0}'..='\u{bf}' | '×' | '÷' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' => {
                Script::Mark
            }
            '\u{20a0}'..='\u{20bf}' | '\u{2116}' | '\u{2122}' | '\u{3000}'..='\u{3002}' => {
                Script::Mark
            }
            '\u{370}'..='\u{3ff}' => Script::Greek,
            '\u{400}'..='\u{4ff}' => Script::Cyrillic,
            '\u{530}'..='\u{58f}' | '\u{10d0}'..='\u{10ff}' | '\u{1200}'..='\u{137f}' => {
                Script::Other
            }
            '\u{5d0}'..='\u{5f4}' => Script::Hebrew,
            '\u{600}'..='\u{6ff}' | '\u{200c}' => Script::Arabic,
            '\u{900}'..='\u{dff}'
            | '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{17ff}' => Script::Indic,
            '\u{3005}'..='\u{30ff}'
            | '\u{3400}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{ff01}'..='\u{ff9f}' => Script::EastAsian,
            '\u{200d}' | '\u{fe0f}' | '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}' => {
                Script::Emoji
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes the damage: UTF-8 octets read as windows-1252, C1 where undefined.
    fn damage(text: &str) -> String {
        text.bytes()
            .map(|octet| {
                Charset::Windows1252
                    .char(octet)
                    .unwrap_or(char::from(octet))
            })
            .collect()
    }

    fn undo(text: &str) -> Option<String> {
        detect(text)?;
        let mut out = String::new();
        for run in runs(text) {
            out.push_str(run.before);
            out.push_str(&decode(run.characters)?);
            if !run.after.contains(|c: char| !c.is_ascii()) {
                out.push_str(run.after);
            }
        }
        Some(out)
    }

    #[test]
    fn damage_is_undone_once_and_more() {
        for text in [
            "Télébec LP",
            "L’Oréal",
            "SÃO PAULO",
            "Société Générale — Paris",
            "Łódź",
            "Ängelholm",
            "Кунцево",
            "Αθήνα",
            "東京都",
            "Jérôme 🐳🚢📦 Petazzoni",
            "Tiếng Việt",
            "3 € le kilo",
            "25 °C",
        ] {
            assert_eq!(undo(&damage(text)).as_deref(), Some(text), "once");
            assert_eq!(undo(&damage(&damage(text))).as_deref(), Some(text), "twice");
        }
    }

    #[test]
    fn the_charset_it_went_through_is_told() {
        assert_eq!(detect("Ã©"), Some(Charset::Windows1252));
        assert_eq!(detect("Ã‰cole Ã\u{81}"), Some(Charset::Windows1252));
        assert_eq!(detect("Ã\u{89}cole"), Some(Charset::Latin1));
    }

    #[test]
    fn no_pair_is_overlooked() {
        for lead in '\u{c2}'..='\u{f4}' {
            for next in (0x80..=0xbf).map(|octet| {
                Charset::Windows1252
                    .char(octet)
                    .unwrap_or(char::from(octet))
            }) {
                assert!(
                    may_be_double_encoded(&format!("a{lead}{next}")),
                    "{lead}{next}"
                );
            }
        }
    }

    #[test]
    fn right_text_stays() {
        for text in [
            "SÃO PAULO",
            "NESCAFÉ®",
            "Citroën™",
            "NÁRÚ—",
            "ELSIE SANTÉ—",
            "MAÇÃ®",
            "IRMÃ»",
            "MAGMÄ™",
            "CAFÉ™",
            "«\u{a0}Été\u{a0}»",
            "Été\u{a0}»",
            "GARÐ—",
            "Â",
            "Télébec",
            "Ünïcödé",
            "Кунцево",
            "NESCAFÉ® Ã©",
        ] {
            assert_eq!(detect(text), None, "{text}");
        }
    }
}
