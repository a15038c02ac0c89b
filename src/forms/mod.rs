//! Text inside text: values, or parts of them, that carry text beyond ASCII in
//! an ASCII form of some other protocol. One file a form.
//!
//! What a value may hold is settled once, by [`Forms::of`]; the walk over it
//! then asks for one part after the other. Nothing is allocated unless
//! something that looks like a form is there. Character references are older
//! than this room and have their own (`char_ref`).

mod base64;
pub(crate) mod display_string;
pub(crate) mod encode;
mod encoded_word;
pub(crate) mod ext_value;
pub(crate) mod percent;
mod unicode_escape;

use crate::char_ref::may_mean_something;
use crate::charset::Charset;
use crate::finding::{Confidence, Finding, FindingKind, Hazard};
use crate::lanes;
use crate::scan::{Facts, Scan};
use std::borrow::Cow;
use std::ops::Range;

/// Facts without which no form can be in a value.
pub(crate) const FACTS: Facts = FACTS_WITHOUT_MARKS.with(Facts::MARK);

/// Facts without which no form but an encoded-word can be in a value.
pub(crate) const FACTS_WITHOUT_MARKS: Facts = Facts::PERCENT.with(Facts::BACKSLASH);

/// Whether a form may be in the value: a look at its signs, for the many values
/// with a `?` or a `%` that hold none.
pub(crate) fn may_be_in(value: &[u8]) -> bool {
    let mut signs = Signs::default();
    for at in Signs::places(value) {
        signs.see(value, at);
        // The first of most of them is enough.
        if signs.any() {
            return true;
        }
    }
    signs.settle();
    signs.any()
}

/// Which forms are looked for in one value.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Forms {
    words: Option<Place>,
    ext_values: bool,
    display_strings: bool,
    percent: Option<percent::Text>,
    escapes: Option<unicode_escape::Style>,
}

/// Whether a form is what its field asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Own,
    Foreign,
}

impl Forms {
    /// What to look for in a scanned value; nothing in most.
    pub(crate) fn of(scan: &Scan<'_>) -> Forms {
        let grammar = scan.grammar();
        let at_home = grammar.holds_display_strings() || grammar.holds_ext_values();
        if !scan.facts().intersects(FACTS) || !(grammar.is_text() || at_home) {
            return Forms::default();
        }
        let value = scan.value();
        let signs = Signs::of(value);
        let text = grammar.is_text();
        let words = match grammar.holds_encoded_words() {
            true => Place::Own,
            false => Place::Foreign,
        };
        let mut forms = Forms {
            words: (text && signs.word).then_some(words),
            ext_values: (text || grammar.holds_ext_values()) && signs.percent && signs.apostrophes,
            display_strings: (text || grammar.holds_display_strings()) && signs.display,
            percent: None,
            escapes: None,
        };
        // Whole values are judged as text only: among faults nobody can tell.
        if text && !scan.facts().contains(Facts::MALFORMED) {
            if signs.backslash || signs.script {
                forms.escapes = unicode_escape::Style::of(value);
            }
            if signs.percent && forms.escapes.is_none() {
                forms.percent = percent::Text::of(value, forms.ext_values);
            }
        }
        forms
    }

    /// Whether there is nothing to look for.
    pub(crate) const fn is_empty(&self) -> bool {
        self.words.is_none()
            && !self.ext_values
            && !self.display_strings
            && self.percent.is_none()
            && self.escapes.is_none()
    }

    /// The first form at or after `from`.
    ///
    /// Each attempt ends at the next octet that could start another, so that
    /// all of them together walk the value a small number of times.
    pub(crate) fn next(&self, value: &[u8], from: usize) -> Option<Finding> {
        if self.is_empty() {
            return None;
        }
        (from..value.len()).find_map(|at| self.at(value, at))
    }

    fn at(&self, value: &[u8], at: usize) -> Option<Finding> {
        let rest = value.get(at..)?;
        match rest {
            [b'=', b'?', ..] => {
                if let Some(place) = self.words
                    && let Some(found) = encoded_word::run(rest)
                {
                    let finding = found.finding(FindingKind::EncodedWord, value, at);
                    return Some(finding.in_place_if(place == Place::Own));
                }
            }
            [b'%' | b'=', ..] => {
                if self.display_strings
                    && let Some((found, place)) = display_string::at(value, at)
                {
                    let finding = found.finding(FindingKind::DisplayString, value, at);
                    return Some(finding.in_place_if(place == Place::Own));
                }
                if rest.first() == Some(&b'=') {
                    return None;
                }
                if let Some(text) = self.percent {
                    return text.run(value, at);
                }
            }
            _ => {}
        }
        if let Some(style) = self.escapes
            && let Some(found) = style.run(rest)
        {
            return Some(found.finding(FindingKind::UnicodeEscape, value, at));
        }
        if self.ext_values
            && let Some((found, place)) = ext_value::at(value, at)
        {
            let finding = found.finding(FindingKind::ExtValue, value, at);
            return Some(finding.in_place_if(place == Place::Own));
        }
        None
    }
}

/// The text that a finding of one of these forms stands for.
pub(crate) fn decode(finding: &Finding, octets: &[u8]) -> Option<String> {
    match finding.kind() {
        FindingKind::DisplayString => display_string::decode(octets),
        FindingKind::EncodedWord => encoded_word::decode(octets),
        FindingKind::ExtValue => ext_value::decode(octets),
        FindingKind::NestedEncoding | FindingKind::PercentEncoded => {
            percent::decode(octets, finding.charset())
        }
        FindingKind::UnicodeEscape => unicode_escape::decode(octets),
        _ => None,
    }
}

/// The octets of a finding whose charset is a guess, since nothing names it:
/// a rule has to let it be assumed.
pub(crate) fn guessed<'v>(finding: &Finding, octets: &'v [u8]) -> Option<(Charset, Cow<'v, [u8]>)> {
    let octets = match finding.kind() {
        FindingKind::Latin1 | FindingKind::LegacyCharset | FindingKind::MixedCharset => {
            Cow::Borrowed(octets)
        }
        FindingKind::NestedEncoding | FindingKind::PercentEncoded => {
            Cow::Owned(percent::octets(octets))
        }
        _ => return None,
    };
    Some((finding.charset()?, octets))
}

/// A form at some place: how long it is and what is known of its text.
struct Found {
    length: usize,
    charset: Option<Charset>,
    /// `None` where nobody can decode it.
    text: Option<String>,
}

impl Found {
    fn finding(&self, kind: FindingKind, value: &[u8], at: usize) -> Finding {
        let mut finding = Finding::new(kind, at..at + self.length);
        let confidence = match self.text {
            Some(_) => Confidence::Certain,
            None => Confidence::Possible,
        };
        finding = match self.charset {
            Some(charset) => finding.read_as(charset, confidence),
            None => finding.with_confidence(confidence),
        };
        let hazard = self.text.as_deref().and_then(|text| {
            let escape = kind == FindingKind::UnicodeEscape;
            let span = at..at + self.length;
            let joins = || joins(text, value, &span) || (escape && text.contains(is_unreserved));
            hazard(text).or_else(|| joins().then_some(Hazard::Markup))
        });
        finding.with_hazard(hazard)
    }
}

/// Whether a letter or a digit out of a form would join what stands beside it:
/// `<=?utf-8?q?script?=>` is a tag, `%=?utf-8?q?0d?=` an escape. What is meant
/// as text stands apart (RFC 2047 §5).
fn joins(text: &str, value: &[u8], span: &Range<usize>) -> bool {
    let before = span.start.checked_sub(1).and_then(|at| value.get(at));
    let apart_before = |octet: &u8| {
        matches!(
            octet,
            b' ' | b'\t' | b'"' | b'\'' | b'(' | b',' | b'-' | b':' | b'='
        )
    };
    let apart_after = |octet: &u8| {
        matches!(
            octet,
            b' ' | b'\t' | b'"' | b'\'' | b')' | b',' | b'-' | b'.' | b';'
        )
    };
    let is_word = |character: char| character.is_ascii_alphanumeric();
    (text.starts_with(is_word) && !before.is_none_or(apart_before))
        || (text.ends_with(is_word) && !value.get(span.end).is_none_or(apart_after))
}

/// What is dangerous in text that was hidden in a form, worst first. Letters,
/// digits and what names are written with are not: senders that encode a name
/// encode all of it.
fn hazard(text: &str) -> Option<Hazard> {
    if text.chars().any(is_control) {
        Some(Hazard::Control)
    } else if text.char_indices().any(|(at, character)| match character {
        // `$(…)`, `alert(…)`
        '(' => !text.get(..at).unwrap_or_default().ends_with(' '),
        _ => may_mean_something(character) && !is_of_names(character),
    }) {
        Some(Hazard::Markup)
    } else {
        None
    }
}

/// Whether the character must not come out of any decoding.
const fn is_control(character: char) -> bool {
    matches!(character, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}')
}

/// ASCII that names are written with, and no parser's sign by itself.
const fn is_of_names(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, ' ' | '\'' | '&' | ',' | '.' | '-' | ')')
}

/// Whether no encoder escapes the character: in an escape it hides.
const fn is_unreserved(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '.')
}

/// A charset that a form names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Utf8,
    Legacy(Charset),
}

impl Label {
    /// The charset of a label. Latin-1 is read as windows-1252, as every reader
    /// of the WHATWG Encoding Standard does: 80–9F are no letters otherwise.
    fn of(label: &[u8]) -> Option<Label> {
        if label.eq_ignore_ascii_case(b"utf-8") || label.eq_ignore_ascii_case(b"utf8") {
            return Some(Label::Utf8);
        }
        let label = std::str::from_utf8(label).ok()?;
        Some(Label::Legacy(match label.parse().ok()? {
            Charset::Latin1 => Charset::Windows1252,
            charset => charset,
        }))
    }

    const fn charset(self) -> Option<Charset> {
        match self {
            Label::Utf8 => None,
            Label::Legacy(charset) => Some(charset),
        }
    }

    fn decode(self, octets: Vec<u8>) -> Option<String> {
        match self {
            Label::Utf8 => String::from_utf8(octets).ok(),
            Label::Legacy(charset) => charset.decode(&octets),
        }
    }
}

/// Whether an octet may stand in the name of a charset or a parameter.
const fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.' | b':' | b'+')
}

/// The octet that `%` and two hex digits at the start of `rest` stand for.
fn percent_octet(rest: &[u8]) -> Option<u8> {
    match rest {
        [b'%', high, low, ..] => hex_octet(*high, *low),
        _ => None,
    }
}

fn hex_octet(high: u8, low: u8) -> Option<u8> {
    let value = |digit: u8| (digit & 15) + 9 * (digit >> 6);
    let are_digits = high.is_ascii_hexdigit() & low.is_ascii_hexdigit();
    are_digits.then(|| value(high) << 4 | value(low))
}

/// Adds a quoted-string (RFC 9110 §5.6.4) of the text.
fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}

/// What a value's octets say of the forms that may be in it.
#[derive(Default)]
struct Signs {
    /// `=?`
    word: bool,
    /// An escape of an octet beyond ASCII, or of the `%` of another.
    percent: bool,
    /// `%"`
    display: bool,
    /// `%u` and a hex digit.
    script: bool,
    /// `\u` or `\U`.
    backslash: bool,
    /// One `'`, and two.
    apostrophe: bool,
    apostrophes: bool,
    /// An escape of any octet.
    escapes: bool,
}

impl Signs {
    fn of(value: &[u8]) -> Signs {
        let mut signs = Signs::default();
        for at in Signs::places(value) {
            signs.see(value, at);
        }
        signs.settle();
        signs
    }

    /// Where something that counts may be.
    fn places(value: &[u8]) -> impl Iterator<Item = usize> {
        let is_sign =
            |octet| (octet == b'=') | (octet == b'%') | (octet == b'\\') | (octet == b'\'');
        lanes::places(value, is_sign)
    }

    fn see(&mut self, value: &[u8], at: usize) {
        match value.get(at..).unwrap_or_default() {
            [b'\'', ..] => {
                self.apostrophes = self.apostrophe;
                self.apostrophe = true;
            }
            [b'=', b'?', ..] => self.word = true,
            [b'%', b'"', ..] => self.display = true,
            [b'%', b'u' | b'U', digit, ..] => self.script |= digit.is_ascii_hexdigit(),
            [
                b'%',
                b'2',
                b'5',
                b'2' | b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F',
                ..,
            ] => {
                self.percent = true;
            }
            [b'%', high, low, ..] if low.is_ascii_hexdigit() => {
                self.percent |= matches!(high, b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F');
                self.escapes |= high.is_ascii_hexdigit();
            }
            [b'\\', b'u' | b'U', ..] => self.backslash = true,
            _ => {}
        }
    }

    /// `UTF-8''Acme%20Corp` carries ASCII, and is an ext-value all the same.
    fn settle(&mut self) {
        self.percent |= self.escapes && self.apostrophes;
    }

    /// Whether there is a sign of some form.
    const fn any(&self) -> bool {
        self.word || self.percent || self.display || self.script || self.backslash
    }
}
