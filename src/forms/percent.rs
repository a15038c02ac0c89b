//! Percent-encoded text in fields that are no URLs: `T%C3%A9l%C3%A9bec%20LP`.
//!
//! Settled once for the whole value. It is percent-encoded text only if every
//! `%` starts an escape, none stands in a word of another grammar (a URL, a
//! query, a cookie), and what comes out is text beyond ASCII. `50%off`,
//! `100%ab` and `%DATE%` are none.
//!
//! An escape whose `%` is escaped (`%25C3`) was encoded once more: *nested*.

use super::{ext_value, hex_octet, is_control, is_of_names, is_unreserved};
use crate::char_ref;
use crate::char_ref::may_mean_something;
use crate::charset::{Charset, Context};
use crate::finding::{Confidence, Finding, FindingKind, Hazard};
use crate::{characters, legacy, mojibake};

/// A value that is percent-encoded text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Text {
    /// `None` for UTF-8.
    charset: Option<Charset>,
    confidence: Confidence,
    nested: bool,
}

impl Text {
    /// Whether `value` is percent-encoded text, and which; `ext_values` says
    /// whether ext-values may be in it, which have their own reading.
    ///
    /// Allocates only where what every cheaper question leaves is decoded.
    pub(super) fn of(value: &[u8], ext_values: bool) -> Option<Text> {
        let survey = Survey::of(value, ext_values)?;
        if !survey.beyond_ascii {
            return None;
        }
        let mut octets = Vec::with_capacity(value.len());
        let mut at = 0;
        while let Some(&octet) = value.get(at) {
            if let Some(length) = passed_over(value, at, ext_values) {
                at += length;
            } else if let Some(escape) = escape(value.get(at..)?) {
                octets.push(escape.octet);
                at += escape.length;
            } else {
                octets.push(octet);
                at += 1;
            }
        }
        let (charset, confidence) = match std::str::from_utf8(&octets) {
            Ok(text) => (None, as_text(value, text)?),
            Err(_) if value.is_ascii() => {
                let (charset, confidence) = as_legacy(&octets)?;
                (Some(charset), confidence)
            }
            Err(_) => return None,
        };
        // In Latin-1 every `%fa` is a letter; one alone says too little.
        let clear = match confidence {
            Confidence::Possible => survey.clear >= 2,
            _ => survey.clear >= 1,
        };
        if charset.is_some() && !clear {
            return None;
        }
        // Encoded in part once, in part twice: nobody knows which part is meant.
        let mixed = survey.nested && survey.plain;
        Some(Text {
            charset,
            confidence: match survey.is_other || mixed {
                true => Confidence::Possible,
                false => confidence,
            },
            nested: survey.nested,
        })
    }

    /// The run of escapes at `at`.
    pub(super) fn run(self, value: &[u8], at: usize) -> Option<Finding> {
        let rest = value.get(at..)?;
        let length = escapes(rest).map(|escape| escape.length).sum();
        let octets = rest.get(..length).filter(|run| !run.is_empty())?;
        let kind = match self.nested {
            true => FindingKind::NestedEncoding,
            false => FindingKind::PercentEncoded,
        };
        let finding = Finding::new(kind, at..at + length);
        let finding = match self.charset {
            Some(charset) => finding.read_as(charset, self.confidence),
            None => finding.with_confidence(self.confidence),
        };
        let before = at.checked_sub(1).and_then(|before| value.get(before));
        Some(finding.with_hazard(run_hazard(octets, before.copied(), self.charset)))
    }
}

/// The text of a run of escapes; `None` for Latin-1's undefined octets.
pub(super) fn decode(run: &[u8], charset: Option<Charset>) -> Option<String> {
    match charset {
        None => String::from_utf8(octets(run)).ok(),
        Some(charset) => charset.decode(&octets(run)),
    }
}

/// The text of a value that was percent-encoded once, as UTF-8.
pub(crate) fn whole(value: &[u8]) -> Option<String> {
    let mut octets = Vec::new();
    let mut at = 0;
    while let Some(rest) = value.get(at..).filter(|rest| !rest.is_empty()) {
        let escape = super::percent_octet(rest);
        octets.push(escape.or(rest.first().copied())?);
        at += if escape.is_some() { 3 } else { 1 };
    }
    String::from_utf8(octets).ok()
}

/// The octets of a run of escapes.
pub(super) fn octets(run: &[u8]) -> Vec<u8> {
    escapes(run).map(|escape| escape.octet).collect()
}

/// What is dangerous in a run. A letter, a digit, `.` or `-` that was escaped
/// is, since no encoder does that; `(` is where it does not follow a space.
fn run_hazard(run: &[u8], before: Option<u8>, charset: Option<Charset>) -> Option<Hazard> {
    let text = decode(run, charset)?;
    let mut last = before.map_or(' ', char::from);
    let mut worst = text.chars().any(is_control).then_some(Hazard::Control);
    for character in text.chars() {
        let harmless = match character {
            '(' => last == ' ',
            _ => !is_unreserved(character) && is_of_names(character),
        };
        if may_mean_something(character) && !harmless {
            worst = worst.or(Some(Hazard::Markup));
        }
        last = character;
    }
    worst
}

/// One escape.
struct Escape {
    octet: u8,
    length: usize,
    /// Whether its `%` was escaped itself.
    nested: bool,
}

/// The escape at the start of `rest`: `%C3`, `%25C3`, `%2525C3`.
fn escape(rest: &[u8]) -> Option<Escape> {
    let [b'%', high, low, ..] = rest else {
        return None;
    };
    let mut octet = hex_octet(*high, *low)?;
    let mut length = 3;
    while octet == b'%'
        && let Some([high, low, ..]) = rest.get(length..)
        && let Some(inner) = hex_octet(*high, *low)
    {
        // `%2520` and `%25C3`, but `100%2541` may be a number.
        if inner > b'/' && inner < 0x80 {
            break;
        }
        octet = inner;
        length += 2;
    }
    Some(Escape {
        octet,
        length,
        nested: length > 3,
    })
}

fn escapes(mut rest: &[u8]) -> impl Iterator<Item = Escape> {
    std::iter::from_fn(move || {
        let escape = escape(rest)?;
        rest = rest.get(escape.length..)?;
        Some(escape)
    })
}

/// The length of the ext-value at `at`, whose escapes are its own.
fn passed_over(value: &[u8], at: usize, ext_values: bool) -> Option<usize> {
    if !ext_values {
        return None;
    }
    ext_value::at(value, at).map(|(found, _)| found.length)
}

/// How sure text that came out is meant; `None` for text that nobody would
/// percent-encode.
fn as_text(value: &[u8], text: &str) -> Option<Confidence> {
    let mut sure = Confidence::Certain;
    let mut beyond_ascii = false;
    for (at, character) in text.char_indices() {
        beyond_ascii |= !character.is_ascii();
        let (before, rest) = text.split_at_checked(at)?;
        let after = rest.get(character.len_utf8()..)?;
        let strange = characters::kind(before, character, after);
        let private = matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
        if private || strange.is_some_and(|kind| kind != FindingKind::Control) {
            sure = Confidence::Possible;
        }
    }
    // Another layer under this one: `%C3%83%C2%A9`, `%C3%A9%26%23233%3B`.
    if references(text.as_bytes()) > references(value) || mojibake::detect(text).is_some() {
        sure = Confidence::Possible;
    }
    beyond_ascii.then_some(sure)
}

/// How many character references are in it.
fn references(value: &[u8]) -> usize {
    let starts = value
        .iter()
        .enumerate()
        .filter(|(_, octet)| **octet == b'&');
    starts
        .filter_map(|(at, _)| char_ref::at(value, at, char_ref::Evidence::None))
        .filter(|reference| reference.terminated)
        .count()
}

/// The charset of octets that are not UTF-8: the one place that asks.
fn as_legacy(octets: &[u8]) -> Option<(Charset, Confidence)> {
    if octets.iter().any(|octet| octet.is_ascii_control()) {
        return None;
    }
    let legacy = legacy::wholly_in_escapes(octets, Context::WESTERN)?;
    Some((legacy.charset, legacy.confidence))
}

/// What a look at the escapes and the words around them says.
#[derive(Default)]
struct Survey {
    /// An escape stands for an octet of 80–FF.
    beyond_ascii: bool,
    /// Escapes that cannot be a sign and a word, as `%DATE` and `50%fa` can.
    clear: usize,
    nested: bool,
    plain: bool,
    /// A `+` stands where a form would have a space: it is a form, or no text.
    is_other: bool,
}

impl Survey {
    /// `None` for what is no percent-encoded text.
    fn of(value: &[u8], ext_values: bool) -> Option<Survey> {
        let mut survey = Survey::default();
        let mut word = Word::default();
        let mut quoted = false;
        let mut at = 0;
        while let Some(&octet) = value.get(at) {
            if let Some(length) = passed_over(value, at, ext_values) {
                at += length;
                continue;
            }
            let mut length = 1;
            match octet {
                b'%' => {
                    let escape = escape(value.get(at..)?)?;
                    length = escape.length;
                    word.add_escaped(escape.octet);
                    survey.beyond_ascii |= escape.octet >= 0x80;
                    survey.nested |= escape.nested;
                    survey.plain |= !escape.nested;
                    survey.clear += usize::from(is_clear(value, at, &escape));
                }
                b'"' => {
                    quoted = !quoted;
                    word.end()?;
                    word = Word::default();
                }
                b' ' | b'\t' | b',' | b';' => {
                    word.end()?;
                    word = Word::default();
                }
                b'<' if !quoted => {
                    word.end()?;
                    // A URI reference, with escapes of its own.
                    word = Word {
                        foreign: true,
                        ..Word::default()
                    };
                }
                b'>' if !quoted => {
                    word.end()?;
                    word = Word::default();
                }
                _ => word.add(octet),
            }
            survey.is_other |= word.plus && word.escaped;
            at += length;
        }
        word.end()?;
        Some(survey)
    }
}

/// Whether an escape is no `%` and a word. What could be one starts a word or
/// follows a number, and goes on in letters of the same case.
fn is_clear(value: &[u8], at: usize, escape: &Escape) -> bool {
    let before = at.checked_sub(1).and_then(|before| value.get(before));
    let digits = value.get(at + 1..at + 3).unwrap_or_default();
    let after = value.get(at + escape.length);
    let upper = digits.iter().any(u8::is_ascii_uppercase);
    let lower = digits.iter().any(u8::is_ascii_lowercase);
    let letters = digits.iter().all(u8::is_ascii_alphabetic);
    let same_case = after.is_some_and(|next| match upper {
        true => next.is_ascii_uppercase(),
        false => next.is_ascii_lowercase(),
    });
    let ends = after.is_none_or(|next| !next.is_ascii_alphanumeric() && *next != b'%');
    let starts = before.is_none_or(|&octet| octet.is_ascii() && !octet.is_ascii_alphanumeric());
    let counts = before.is_some_and(u8::is_ascii_digit) && {
        // `%E9` before it ends in a digit too.
        let three = at.checked_sub(3).and_then(|start| value.get(start..at));
        !three.is_some_and(|three| three.starts_with(b"%"))
    };
    !((upper && lower)
        || (counts && escape.octet >= 0x80)
        || (starts && letters && (same_case || ends)))
}

/// The word that the walk is in, and whether an escape in it may be text.
#[derive(Default)]
struct Word {
    escaped: bool,
    /// Signs that words of names do not have.
    foreign: bool,
    plus: bool,
    slashes: usize,
    dots: bool,
    last_is_letter: bool,
    last_is_space: bool,
    slash_before: bool,
    /// A `/` after an escaped space, which is a sign between words if another
    /// follows: `Bilbao%20/%20Bilbo`.
    sign_before: bool,
}

impl Word {
    fn add_escaped(&mut self, octet: u8) {
        self.foreign |= self.sign_before && octet != b' ';
        self.escaped = true;
        self.last_is_letter = octet >= 0x80;
        self.last_is_space = octet == b' ';
        self.slash_before = false;
        self.sign_before = false;
    }

    fn add(&mut self, octet: u8) {
        let is_letter = octet.is_ascii_alphabetic() || octet >= 0x80;
        self.foreign |= self.sign_before;
        let after_space = std::mem::take(&mut self.last_is_space);
        self.sign_before = after_space && octet == b'/';
        match octet {
            b'/' if after_space => return,
            b'/' => {
                self.slashes += 1;
                self.foreign |= !self.last_is_letter;
                self.slash_before = true;
                self.last_is_letter = false;
                return;
            }
            b'.' => self.dots = true,
            b'+' => self.plus = true,
            b'=' | b'?' | b'#' | b':' | b'@' | b'$' | b'*' | b'[' | b']' | b'{' | b'}' | b'|'
            | b'^' | b'`' | b'\\' | b'<' | b'>' => self.foreign = true,
            _ => {}
        }
        self.foreign |= self.slash_before && !is_letter;
        self.slash_before = false;
        self.last_is_letter = is_letter;
    }

    /// `None` where an escape stands in a word of another grammar. One `/` is
    /// in names (`Visp/Vi%E8ge`), more of them are paths.
    fn end(&self) -> Option<()> {
        let slash_last = self.slash_before || self.sign_before;
        let path = self.slashes > 1 || slash_last || (self.slashes > 0 && self.dots);
        (!self.escaped || !(self.foreign || path)).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<(Option<Charset>, Confidence, bool)> {
        Text::of(value.as_bytes(), true).map(|text| (text.charset, text.confidence, text.nested))
    }

    #[test]
    fn text_in_both_charsets() {
        use Confidence::{Certain, Likely};
        for value in [
            "Caf%C3%A9",
            "caf%c3%a9%20des%20Arts",
            "Caf%C3%A9 des Arts",
            "%E6%9D%B1%E4%BA%AC",
            "%F0%9F%90%B3",
            r#"org="Caf%C3%A9%20%28Paris%29", role=admin"#,
            r#"<https://example.org/>; title="Caf%C3%A9""#,
            "Biel/Bienne%20Z%C3%BCrich",
            "Biel/Bi%C3%A9nne",
            "Café d%C3%A9j%C3%A0 vu",
            "100%25 Caf%C3%A9",
            "Bilbao%20/%20%C3%81rea",
        ] {
            assert_eq!(read(value), Some((None, Certain, false)), "{value}");
        }
        for value in [
            "B%FCcher",
            "B%fccher%20AG",
            "%C9cole",
            "l%27%C9cole",
            "%FCber%20uns",
            "M%FCnchen (Stadt)",
            "Citro%EB",
            "Luis%20S%E1",
            "Energiabaas%20O%DC",
            "Bi%E8vre",
            "Kaapst%EAd",
            "Bod%F8",
        ] {
            let western = Some((Some(Charset::Windows1252), Likely, false));
            assert_eq!(read(value), western, "{value}");
        }
        for value in ["Caf%25C3%25A9", "Caf%25C3%25A9%2520AG", "Caf%2525C3%2525A9"] {
            assert_eq!(read(value), Some((None, Certain, true)), "{value}");
        }
    }

    #[test]
    fn what_is_not_sure() {
        for value in [
            "%DATE",
            "%FACE",
            "50%fa",
            "20%dcen",
            "Caf%C3%A9+Paris",
            "Caf%C3%83%C2%A9",
            "Caf%C3%A9%26%23233%3B",
            "Caf%25C3%25A9%20AG",
            "%E2%80%AEgnp%C3%A9",
        ] {
            let sure = read(value).map(|(_, confidence, _)| confidence);
            assert!(sure <= Some(Confidence::Possible), "{value}: {sure:?}");
        }
    }

    #[test]
    fn what_is_none() {
        for value in [
            "50%off",
            "100%ab",
            "100%",
            "save 75% or 50%",
            "%d of %s",
            "%(asctime)s",
            "Acme%20Corp",
            "%C3%A9 and 50%",
            "see https://example.org/%C3%A9",
            "<https://example.org/%C3%A9>",
            "q=%C3%A9",
            "a=1&b=%C3%A9",
            "/caf%C3%A9",
            "caf%C3%A9/1/2",
            "example.org/caf%C3%A9",
            "a%20/caf%C3%A9",
            "a%20/%C3%A9",
            "caf%C3%A9%20/",
            "%C3%A9@example.org",
            "sid=1; city=Caf%C3%A9",
            "%E5%BE%AE%E4%BF%A1/5.1 CFNetwork/672.1",
            "%A3%1F%9E%00",
            "Caf%C3",
            "don%E2%80",
            "%00%01",
        ] {
            assert_eq!(read(value), None, "{value}");
        }
    }

    #[test]
    fn hazards() {
        let hazard = |value: &str| {
            let text = Text::of(value.as_bytes(), false)?;
            let starts = |at: usize| {
                !value
                    .get(..at)
                    .is_some_and(|v| v.len() > 2 && v.as_bytes()[v.len() - 3] == b'%')
            };
            (0..value.len())
                .filter(|&at| starts(at))
                .filter_map(|at| text.run(value.as_bytes(), at))
                .find_map(|f| f.hazard())
        };
        let name = "Caf%C3%A9%20%26%20Co%2C%20l%27%20%28A%29";
        assert_eq!(hazard(name), None);
        for value in [
            "%C3%A9%3Cb%3E",
            "%C3%A9%41",
            "%C3%A9%2F",
            "%C3%A9%22",
            "alert%281%29%C3%A9",
        ] {
            assert_eq!(hazard(value), Some(Hazard::Markup), "{value}");
        }
        for value in ["%C3%A9%0D%0AX", "%C3%A9%00"] {
            assert_eq!(hazard(value), Some(Hazard::Control), "{value}");
        }
    }
}
