//! The text a value was meant to be.
//!
//! A reading is the whole value with each damaged or encoded part decoded, one
//! decoder a finding, in one pass. It is what a person is shown. What may go
//! upstream in its place is decided in `normalize`.

use crate::charset::Charset;
use crate::classify::Findings;
use crate::finding::{Confidence, Finding, FindingKind, Hazard};
use crate::scan::Scan;
use crate::{char_ref, forms, mojibake, utf8};
use std::fmt;

/// The text headguard believes was meant, when it differs from the octets.
#[derive(Clone, PartialEq, Eq)]
pub struct Reading {
    text: String,
    charset: Option<Charset>,
    confidence: Confidence,
}

impl Reading {
    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text, for whom keeps it.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// The charset the octets were read in, where that was the damage.
    #[must_use]
    pub const fn charset(&self) -> Option<Charset> {
        self.charset
    }

    /// How sure the reading is: that of its least sure part.
    #[must_use]
    pub const fn confidence(&self) -> Confidence {
        self.confidence
    }
}

impl fmt::Debug for Reading {
    /// Shows the length, not the text: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading")
            .field("octets", &self.text.len())
            .field("charset", &self.charset)
            .field("confidence", &self.confidence)
            .finish()
    }
}

impl Scan<'_> {
    /// What the value was meant to be; `None` when it stands as it is, or when
    /// nobody can tell.
    ///
    /// ```
    /// use headguard::scan;
    ///
    /// let reading = scan(b"T\xE9l&eacute;bec LP").reading().expect("two spellings of one letter");
    /// assert_eq!(reading.text(), "Télébec LP");
    /// assert_eq!(scan("Télébec LP".as_bytes()).reading(), None);
    /// assert_eq!(scan(b"AT&T").reading(), None);
    ///
    /// let file = scan(b"attachment; filename*=UTF-8''T%C3%A9l.pdf");
    /// let reading = file.reading().expect("a form of HTTP's own");
    /// assert_eq!(reading.text(), "attachment; filename=\"Tél.pdf\"");
    /// assert!(file.is_clean());
    /// ```
    #[must_use]
    pub fn reading(&self) -> Option<Reading> {
        self.findings().reading()
    }
}

impl Findings<'_> {
    /// What the value was meant to be, as [`Scan::reading`] tells it: for whom
    /// has the findings already.
    #[must_use]
    pub fn reading(&self) -> Option<Reading> {
        self.sure(|finding| finding.kind().is_repairable())
    }

    /// The same, with each finding shown to `see` on the way: for whom wants
    /// both, and walks over the value once.
    #[must_use]
    pub fn reading_with(&self, mut see: impl FnMut(&Finding)) -> Option<Reading> {
        let mut seen = 0;
        let reading = self.sure(|finding| {
            see(finding);
            seen += 1;
            finding.kind().is_repairable()
        });
        // It stops at what nobody can read.
        if reading.is_none() {
            self.clone().skip(seen).for_each(|finding| see(&finding));
        }
        reading
    }

    /// The same with the forms that are in their place left as they are.
    pub(crate) fn mended(&self) -> Option<Reading> {
        self.sure(|finding| finding.kind().is_repairable() && !finding.is_in_place())
    }

    fn sure(&self, chosen: impl FnMut(&Finding) -> bool) -> Option<Reading> {
        let reading = self.read(chosen).ok()?;
        (reading.confidence > Confidence::Possible).then_some(reading)
    }

    /// Decodes the findings that `chosen` names and leaves the rest.
    pub(crate) fn read(
        &self,
        mut chosen: impl FnMut(&Finding) -> bool,
    ) -> Result<Reading, Unreadable> {
        let value = self.value();
        let mut text = String::with_capacity(value.len() + value.len() / 8 + 16);
        let mut copied = 0;
        // Where it is not, a later finding may be the weightier reason.
        let mut is_utf8 = true;
        let mut charset = None;
        let mut confidence = None;
        for finding in self.clone() {
            if !chosen(&finding) {
                continue;
            }
            if finding.hazard() == Some(Hazard::Control) {
                return Err(Unreadable::Control);
            }
            let span = finding.span();
            let damaged = value.get(span.clone()).ok_or(Unreadable::Undecodable)?;
            is_utf8 &= push_utf8(&mut text, value.get(copied..span.start));
            decode_into(&mut text, &finding, damaged).ok_or(Unreadable::Undecodable)?;
            copied = span.end;
            charset = charset.or(finding.charset());
            confidence = confidence
                .min(finding.confidence())
                .or(finding.confidence());
        }
        let confidence = confidence.ok_or(Unreadable::NothingChosen)?;
        if !(push_utf8(&mut text, value.get(copied..)) && is_utf8) {
            return Err(Unreadable::Malformed);
        }
        Ok(Reading {
            text,
            charset,
            confidence,
        })
    }
}

/// Adds what stands between findings; `false` where that is not UTF-8.
fn push_utf8(text: &mut String, between: Option<&[u8]>) -> bool {
    let between = std::str::from_utf8(between.unwrap_or_default());
    between.map(|between| text.push_str(between)).is_ok()
}

/// Why there is no reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// A reference to CR, LF, NUL or another control is in it.
    Control,
    /// What is left is not UTF-8.
    Malformed,
    /// No finding was to be decoded.
    NothingChosen,
    /// A decoder found no text.
    Undecodable,
}

/// The text one finding stands for.
pub(crate) fn decode(finding: &Finding, octets: &[u8]) -> Option<String> {
    let mut text = String::new();
    decode_into(&mut text, finding, octets)?;
    Some(text)
}

/// Adds the text one finding stands for; `None` when there is none.
fn decode_into(text: &mut String, finding: &Finding, octets: &[u8]) -> Option<()> {
    match finding.kind() {
        FindingKind::CharRef | FindingKind::NestedEncoding if octets.starts_with(b"&") => {
            return char_ref::decode(octets)?.write_to(text).then_some(());
        }
        FindingKind::DoubleEncoded => {
            let run = std::str::from_utf8(octets).ok()?;
            text.push_str(&mojibake::decode(run, finding.damage()?)?);
        }
        FindingKind::SurrogateUtf8 => {
            let (pairs, rest) = octets.as_chunks::<6>();
            for pair in pairs {
                text.push(utf8::surrogate_pair(pair)?);
            }
            return rest.is_empty().then_some(());
        }
        FindingKind::Latin1 | FindingKind::MixedCharset => {
            let charset = finding.charset()?;
            for &octet in octets {
                text.push(charset.char(octet)?);
            }
        }
        FindingKind::DisplayString
        | FindingKind::EncodedWord
        | FindingKind::ExtValue
        | FindingKind::NestedEncoding
        | FindingKind::PercentEncoded
        | FindingKind::UnicodeEscape => {
            text.push_str(&forms::decode(finding, octets)?);
        }
        FindingKind::LegacyCharset => {
            text.push_str(&finding.charset()?.decode(octets)?);
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan;

    fn text(value: &[u8]) -> Option<String> {
        scan(value).reading().map(|reading| reading.text)
    }

    #[test]
    fn one_pass_over_several_kinds_of_damage() {
        assert_eq!(
            text(b"T\xE9l&eacute;bec &amp;#169; LP").as_deref(),
            Some("Télébec © LP")
        );
        assert_eq!(
            text("TÃ©lÃ©bec &amp; Fils".as_bytes()).as_deref(),
            Some("Télébec & Fils")
        );
    }

    #[test]
    fn every_finding_is_seen_once_whether_there_is_a_reading_or_not() {
        for value in [
            &b"T\xE9l&eacute;bec &amp;#169; LP"[..],
            b"&eacute;&#13;&#10;X: &eacute;",
            b"&#xD800; and &eacute;",
            b"Bon\xE8",
            b"plain",
        ] {
            let findings = scan(value).findings();
            let mut seen = Vec::new();
            let reading = findings.reading_with(|finding| seen.push(finding.clone()));
            assert_eq!(reading, findings.reading());
            assert_eq!(seen, findings.collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_reading_where_none_is_sure() {
        assert_eq!(text(b"Bon\xE8"), None, "Italian or Slovene");
        assert_eq!(text(b"T\xC0\xAFl&eacute;"), None, "the rest is not text");
        assert_eq!(text(b"&eacute;&#13;&#10;X: 1"), None, "a line break");
        assert_eq!(text(b"&#xD800;"), None, "no character");
    }

    #[test]
    fn the_least_sure_part_decides() {
        let confidence = |value| scan(value).reading().map(|reading| reading.confidence);
        assert_eq!(confidence(b"&eacute;"), Some(Confidence::Certain));
        assert_eq!(confidence(b"T\xE9l&eacute;bec"), Some(Confidence::Likely));
    }
}
