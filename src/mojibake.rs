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
use crate::octet::continuations;

/// The charset `text` went through, when it is double-encoded as a whole.
/// Allocates nothing.
pub(crate) fn detect(text: &str) -> Option<Charset> {
    if !may_be_double_encoded(text) {
        return None;
    }
    let mut through = Charset::Windows1252;
    let mut evidence = Evidence::default();
    for run in runs(text) {
        with_decoded(run.characters, |decoded| evidence.add(&run, decoded))??;
        if run.characters.chars().any(is_latin1_only) {
            through = Charset::Latin1;
        }
    }
    evidence.is_enough().then_some(through)
}

/// Undoes the double encoding of one run of characters beyond ASCII, as often
/// as it was done; `None` when it does not make the trip.
pub(crate) fn decode(run: &str) -> Option<String> {
    with_decoded(run, |decoded| decoded.collect())
}

/// Shows the decoded run: the furthest of four trips back that the whole run
/// makes.
fn with_decoded<R>(run: &str, look: impl FnOnce(&mut dyn Iterator<Item = char>) -> R) -> Option<R> {
    let once = || Trip::new(run.chars());
    let twice = || Trip::new(once());
    let thrice = || Trip::new(twice());
    let four_times = || Trip::new(thrice());
    if !once().arrives() {
        return None;
    }
    Some(if !twice().arrives() {
        look(&mut once())
    } else if !thrice().arrives() {
        look(&mut twice())
    } else if !four_times().arrives() {
        look(&mut thrice())
    } else {
        look(&mut four_times())
    })
}

/// One trip back: characters to octets, octets to the characters of UTF-8.
/// Ends early where the octets are not UTF-8.
struct Trip<I> {
    characters: I,
    lost: bool,
}

impl<I: Iterator<Item = char>> Trip<I> {
    const fn new(characters: I) -> Self {
        Trip {
            characters,
            lost: false,
        }
    }

    /// Whether all the characters make the trip.
    fn arrives(mut self) -> bool {
        self.by_ref().for_each(drop);
        !self.lost
    }

    fn character(&mut self, first: char) -> Option<char> {
        let mut octets = [octet(first)?, 0, 0, 0];
        let length = 1 + continuations(octets[0])?;
        for place in octets.get_mut(1..length)? {
            *place = octet(self.characters.next()?)?;
        }
        std::str::from_utf8(octets.get(..length)?)
            .ok()?
            .chars()
            .next()
    }
}

impl<I: Iterator<Item = char>> Iterator for Trip<I> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let first = self.characters.next()?;
        let character = self.character(first);
        self.lost |= character.is_none();
        character
    }
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
    /// Letters and marks that read better than what they were made of.
    letters: usize,
    /// Characters of another script.
    foreign: usize,
    has_foreign: bool,
    script: Option<Script>,
}

impl Evidence {
    /// Weighs one decoded run between its neighbours; `None` when it reads no
    /// better than before.
    fn add(&mut self, run: &Run<'_>, decoded: &mut dyn Iterator<Item = char>) -> Option<()> {
        let word = || {
            run.before
                .chars()
                .rev()
                .take_while(char::is_ascii_alphabetic)
        };
        let before = run.before.chars().next_back().unwrap_or(' ');
        let after = run.after.chars().next().unwrap_or(' ');
        let touches = |test: fn(&char) -> bool| test(&before) || test(&after);
        let in_capitals = before.is_ascii_uppercase() && word().all(|c| c.is_ascii_uppercase());
        let capitals = in_capitals && word().nth(1).is_some();
        // Says nothing of itself, and goes along where others do.
        let means_itself = means_itself(before, run.characters, after);
        let mut foreign = 0;

        for character in decoded {
            match Script::of(character)? {
                Script::Latin => {
                    if capitals && character.is_lowercase() {
                        return None;
                    }
                    if before.is_ascii_lowercase() && character.is_uppercase() {
                        return None;
                    }
                    self.letters += usize::from(!means_itself);
                }
                Script::Mark => {
                    // Everything of `É` + `®`-like pairs ends a word in capitals.
                    if in_capitals && matches!(character, '\u{a0}'..='\u{bf}') {
                        return None;
                    }
                    let multiplies =
                        matches!(character, '×' | '÷') && touches(char::is_ascii_alphabetic);
                    self.letters += usize::from(!means_itself && !multiplies);
                }
                Script::Emoji => self.letters += 1,
                script => {
                    // Other scripts stand in words of their own, all of one kind.
                    let apart = !touches(char::is_ascii_alphabetic)
                        // `Ø±0,1`. What takes three characters, like `年`, is no coincidence.
                        && (character >= '\u{800}' || !touches(char::is_ascii_digit));
                    if !apart || self.script.is_some_and(|other| other != script) {
                        return None;
                    }
                    self.script = Some(script);
                    foreign += 1;
                }
            }
        }
        // One letter of another script is a coincidence that two are not:
        // two in a word, if they are of those that two characters make.
        let pairs = run.characters.chars().nth(2).is_none();
        self.foreign += if pairs && foreign == 1 { 0 } else { foreign };
        self.has_foreign |= foreign > 0;
        Some(())
    }

    fn is_enough(&self) -> bool {
        self.foreign >= 2 || (!self.has_foreign && self.letters > 0)
    }
}

/// Whether a capital letter and a mark are likely to be just that: `AMANHÃ…`,
/// `LULEÅ–KIRUNA`, `IRMÃ’S`, `Å™`. Only their case and what follows tell them
/// from `dvoÅ™` and `Ã–sterreich`.
fn means_itself(before: char, run: &str, after: char) -> bool {
    let mut characters = run.chars();
    let (Some(_), Some(mark), None) = (characters.next(), characters.next(), characters.next())
    else {
        return false;
    };
    let stands_well = match mark {
        // They may stand between letters.
        '\u{a0}' | '·' | '‐' | '–' | '—' | '’' | '…' => true,
        // They end words; “ and ‘ do in German, « in Danish.
        '®' | '™' | '»' | '«' | '›' | '‹' | '”' | '“' | '‘' | 'ª' | 'º' | '¹' | '²' | '³' => {
            !after.is_ascii_alphabetic()
        }
        _ => false,
    };
    let begins_word = !before.is_ascii_alphanumeric() && after.is_ascii_lowercase();
    let inside_word = before.is_ascii_lowercase() || before.is_ascii_digit();
    stands_well && !begins_word && !inside_word
}

/// Whether the character is one that people write in headers.
pub(crate) fn is_in_use(character: char) -> bool {
    Script::of(character).is_some()
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
            "Müller",
            "Fö",
            "École",
            "Österreich",
            "Århus",
            "Škoda",
            "Spółdzielczy",
            "Přerov",
            "při",
            "są",
            "Bûche",
            "NIÑO",
            "POLÓNIA",
            "5×4",
            "2024年5月",
            "к нему",
            "voilà",
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
            "LULEÅ–KIRUNA",
            "UMEÅ–STOCKHOLM",
            "UMEÅ\u{a0}STOCKHOLM",
            "BLÅ…",
            "BLÅ²",
            "AMANHÃ…",
            "MANHÃ–TARDE",
            "MANHÃ—TARDE",
            "MANHÃ·TARDE",
            "IRMÃ—",
            "IRMÃ’S",
            "LÃ™",
            "Å™",
            "Ä…",
            "„Ä“",
            "É™",
            "Rohr Ø½\" und Ø¾\"",
            "Toleranz Ø±0,1 / Ø±0,2",
            "2×² 3×²",
            "Ø–Ø",
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
