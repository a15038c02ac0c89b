//! Facts to findings: what of a scanned value is wrong, and where.
//!
//! One walk over the value, from left to right, without allocating. A value is
//! read in one of three ways, chosen once: as text, as octets of a legacy charset,
//! or as UTF-8 with faults in it. Findings come in order and never overlap.

use crate::charset::{Charset, Context};
use crate::fields::Grammar;
use crate::finding::{Confidence, Finding, FindingKind};
use crate::legacy::{self, Legacy};
use crate::scan::{Facts, Scan};
use crate::utf8::{self, Malformation};
use crate::{char_ref, characters, mojibake, octet};
use std::fmt;
use std::iter::FusedIterator;
use std::ops::Range;

impl<'v> Scan<'v> {
    /// What is wrong with the value, in order of place; empty when nothing is.
    #[must_use]
    pub fn findings(&self) -> Findings<'v> {
        self.findings_in(Context::NONE)
    }

    /// The same, where something is known about the client that sent the value.
    ///
    /// ```
    /// use headguard::charset::Context;
    /// use headguard::{FindingKind, scan};
    ///
    /// let value = scan(b"Kova\xE8");
    /// let context = Context::default().with_accept_language(b"sl-SI, en;q=0.5");
    /// let found = value.findings_in(context).next().expect("an octet of 80-FF");
    /// assert_eq!(found.kind(), FindingKind::LegacyCharset);
    /// ```
    #[must_use]
    pub fn findings_in(&self, context: Context) -> Findings<'v> {
        Findings {
            value: self.value(),
            reading: ReadAs::of(self, context),
            grammar: self.grammar(),
            at: 0,
            well_formed_from: 0,
        }
    }

    /// Whether the facts alone say that nothing can be wrong with the value.
    #[must_use]
    pub(crate) const fn is_plain(&self) -> bool {
        !self.facts().intersects(WORTH_A_LOOK)
    }

    /// Whether nothing is wrong with the value.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings().next().is_none()
    }
}

/// Facts without which nothing can be found.
const WORTH_A_LOOK: Facts = BESIDE_REFERENCES.with(Facts::AMPERSAND);

/// Facts without which nothing can be found but references.
const BESIDE_REFERENCES: Facts = Facts::CONTROL.with(Facts::NON_ASCII);

/// Iterator over the findings of a value; see [`Scan::findings`].
#[derive(Clone)]
pub struct Findings<'v> {
    value: &'v [u8],
    reading: ReadAs<'v>,
    grammar: Grammar,
    at: usize,
    /// Where the last fault ended.
    well_formed_from: usize,
}

/// How the value is read while looking for findings.
#[derive(Clone)]
enum ReadAs<'v> {
    /// Nothing to look for.
    Clean,
    /// Well-formed UTF-8, perhaps encoded once too often.
    Text {
        text: &'v str,
        double_encoded: Option<Charset>,
        body: Range<usize>,
    },
    /// Octets of one legacy charset.
    Legacy(Legacy),
    /// UTF-8 with faults nobody can read.
    Faulty { body: Range<usize> },
}

impl<'v> ReadAs<'v> {
    fn of(scan: &Scan<'v>, context: Context) -> Self {
        let references = scan.grammar() == Grammar::FreeText;
        if scan.is_plain() || (!references && !scan.facts().intersects(BESIDE_REFERENCES)) {
            return ReadAs::Clean;
        }
        match scan.as_str() {
            Some(text) => {
                let double_encoded = scan
                    .facts()
                    .contains(Facts::NON_ASCII)
                    .then(|| mojibake::detect(text))
                    .flatten();
                ReadAs::Text {
                    text,
                    double_encoded,
                    body: body(scan.value()),
                }
            }
            None => legacy::wholly(scan.value(), context).map_or_else(
                || ReadAs::Faulty {
                    body: body(scan.value()),
                },
                ReadAs::Legacy,
            ),
        }
    }
}

impl fmt::Debug for Findings<'_> {
    /// Shows how far the walk is, not the octets: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Findings")
            .field("octets", &self.value.len())
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl FusedIterator for Findings<'_> {}

impl Iterator for Findings<'_> {
    type Item = Finding;

    fn next(&mut self) -> Option<Finding> {
        while self.at < self.value.len() {
            let (length, finding) = match &self.reading {
                ReadAs::Clean => return None,
                ReadAs::Text {
                    text,
                    double_encoded,
                    body,
                } => self.in_text(text, *double_encoded, body),
                ReadAs::Legacy(legacy) => self.in_legacy(*legacy),
                ReadAs::Faulty { body } => self.in_faulty(body),
            };
            // A step of nothing would never end; there is none, and this holds it.
            self.at += length.max(1);
            if finding.as_ref().is_some_and(|f| f.malformation().is_some()) {
                self.well_formed_from = self.at;
            }
            if finding.is_some() {
                return finding;
            }
        }
        None
    }
}

#[expect(clippy::indexing_slicing, reason = "an octet is within 256")]
fn may_start(octet: u8) -> bool {
    MAY_START[usize::from(octet)]
}

/// Octets of well-formed text that may start something to find: `&`, controls,
/// and the lead octets of the characters that `characters` knows. Most letters
/// are passed without being decoded.
#[expect(clippy::indexing_slicing, reason = "an octet is within 256")]
static MAY_START: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = 0u8;
    loop {
        table[octet as usize] = octet == b'&'
            || octet::is_ctl(octet)
            || matches!(
                octet,
                // U+0080–00BF, 0340–037F, 0600–063F
                0xc2 | 0xcd | 0xd8
                // U+1000–2FFF without 3000–DFFF, but for Hangul fillers; U+F000–FFFF; what is beyond
                | 0xe1..=0xe3 | 0xef..=0xf4
            );
        if octet == 0xff {
            break table;
        }
        octet += 1;
    }
};

/// One step of the walk: how many octets were looked at, and what they are.
type Step = (usize, Option<Finding>);

impl<'v> Findings<'v> {
    /// The value the findings are in.
    pub(crate) const fn value(&self) -> &'v [u8] {
        self.value
    }

    /// The grammar the value is judged by.
    pub(crate) const fn grammar(&self) -> Grammar {
        self.grammar
    }

    /// What is found where double-encoded text is taken as it stands: the C1
    /// controls, soft hyphens and edge spaces that undoing it takes away.
    /// `None` for a value that is not double-encoded.
    pub(crate) fn as_it_stands(&self) -> Option<Self> {
        let ReadAs::Text {
            text,
            double_encoded: Some(_),
            body,
        } = &self.reading
        else {
            return None;
        };
        Some(Findings {
            reading: ReadAs::Text {
                text,
                double_encoded: None,
                body: body.clone(),
            },
            ..self.clone()
        })
    }

    fn rest(&self) -> &[u8] {
        self.value.get(self.at..).unwrap_or_default()
    }

    /// A finding about the next `length` octets.
    fn found(&self, kind: FindingKind, length: usize) -> Finding {
        Finding::new(kind, self.at..self.at + length)
    }

    /// A step over the spaces before or after the body, where this is one.
    fn at_edge(&self, body: &Range<usize>) -> Option<Step> {
        // A double-encoded run may end in what reads as NBSP and reach past the body.
        let length = if self.at < body.start {
            body.start - self.at
        } else if self.at >= body.end {
            self.value.len() - self.at
        } else {
            return None;
        };
        // SP and HTAB around a value are no part of it (RFC 9110 §5.5).
        let outside = self
            .rest()
            .iter()
            .take(length)
            .all(|&octet| octet::is_whitespace(octet));
        let finding = (!outside).then(|| self.found(FindingKind::EdgeSpace, length));
        Some((length, finding))
    }

    fn in_text(&self, text: &str, double_encoded: Option<Charset>, body: &Range<usize>) -> Step {
        if let Some(step) = self.at_edge(body) {
            return step;
        }
        let inside = text.as_bytes().get(self.at..body.end).unwrap_or_default();
        let beyond_ascii = double_encoded.is_some();
        let plain = inside
            .iter()
            .take_while(|&&octet| !(may_start(octet) || beyond_ascii && octet >= 0x80))
            .count();
        if plain > 0 {
            return (plain, None);
        }
        let Some((before, rest)) = text.split_at_checked(self.at) else {
            return (1, None);
        };
        let Some(first) = rest.chars().next() else {
            return (1, None);
        };
        if first.is_ascii() {
            return self.at_ascii();
        }
        if let Some(charset) = double_encoded {
            let run = rest.find(|c: char| c.is_ascii()).unwrap_or(rest.len());
            let finding = self.found(FindingKind::DoubleEncoded, run);
            return (run, Some(finding.read_as(charset, Confidence::Likely)));
        }
        let length = first.len_utf8();
        let after = rest.get(length..).unwrap_or_default();
        let kind = characters::kind(before, first, after);
        (length, kind.map(|kind| self.found(kind, length)))
    }

    /// A step at an ASCII octet, which reads alike in all three ways.
    fn at_ascii(&self) -> Step {
        match self.rest() {
            [b'&', ..] if self.grammar == Grammar::FreeText => {
                match char_ref::reference(self.rest()) {
                    Some(reference) => {
                        let kind = if reference.nested {
                            FindingKind::NestedEncoding
                        } else {
                            FindingKind::CharRef
                        };
                        let hazard = reference.expansion.hazard();
                        let sure = if reference.terminated {
                            Confidence::Certain
                        } else if hazard.is_none()
                            && (!self.rest().starts_with(b"&#")
                                || self.is_inside_word(reference.length))
                        {
                            Confidence::Likely
                        } else {
                            // `Lots #9&#10, #12`
                            Confidence::Possible
                        };
                        let finding = self
                            .found(kind, reference.length)
                            .with_confidence(sure)
                            .with_hazard(hazard);
                        (reference.length, Some(finding))
                    }
                    None => (1, None),
                }
            }
            [first, ..] if octet::is_ctl(*first) => (1, Some(self.found(FindingKind::Control, 1))),
            _ => (1, None),
        }
    }

    /// Whether the next `length` octets have a letter on both sides.
    fn is_inside_word(&self, length: usize) -> bool {
        let is_letter = |at: Option<usize>| {
            at.and_then(|at| self.value.get(at))
                .is_some_and(|octet| octet.is_ascii_alphabetic() || !octet.is_ascii())
        };
        is_letter(self.at.checked_sub(1)) && is_letter(self.at.checked_add(length))
    }

    fn in_legacy(
        &self,
        Legacy {
            charset,
            confidence,
        }: Legacy,
    ) -> Step {
        let mut run = 0;
        while let Some(rest) = self.rest().get(run..)
            && rest.first().is_some_and(|octet| !octet.is_ascii())
        {
            // Of several octets the last may be in ASCII.
            run += charset.character_length(rest).max(1);
        }
        if run > 0 {
            let kind = match charset {
                Charset::Latin1 | Charset::Windows1252 => FindingKind::Latin1,
                _ => FindingKind::LegacyCharset,
            };
            return (
                run,
                Some(self.found(kind, run).read_as(charset, confidence)),
            );
        }
        self.at_ascii()
    }

    fn in_faulty(&self, body: &Range<usize>) -> Step {
        if let Some(step) = self.at_edge(body) {
            return step;
        }
        match utf8::sequence(self.rest()) {
            Ok(1) => self.at_ascii(),
            Ok(length) => {
                let first = self.rest().first().copied().unwrap_or_default();
                let kind = may_start(first).then(|| self.strange(length)).flatten();
                (length, kind.map(|kind| self.found(kind, length)))
            }
            Err((mut length, how)) => {
                // Faults of one sort that touch are one finding: a run of E9 is
                // one thing wrong, not sixty thousand.
                while let Some(Err((more, again))) = self
                    .rest()
                    .get(length..)
                    .filter(|r| !r.is_empty())
                    .map(utf8::sequence)
                    && again == how
                {
                    length += more;
                }
                (
                    length,
                    Some(self.found(malformed_kind(how), length).malformed(how)),
                )
            }
        }
    }
}

impl Findings<'_> {
    /// What the well-formed character of `length` octets is, among faults: the
    /// text around it reaches to the next of them on both sides.
    fn strange(&self, length: usize) -> Option<FindingKind> {
        // More than any context that counts, so that a step costs no walk.
        let start = (self.well_formed_from.max(self.at.saturating_sub(ENOUGH))..self.at)
            .find(|&at| {
                !self
                    .value
                    .get(at)
                    .copied()
                    .is_some_and(octet::is_continuation)
            })
            .unwrap_or(self.at);
        let end = self.at + length;
        let next = utf8::sequence(self.value.get(end..)?);
        let text = |span| std::str::from_utf8(self.value.get(span)?).ok();
        let character = text(self.at..end)?.chars().next()?;
        characters::kind(
            text(start..self.at).unwrap_or_default(),
            character,
            // Where a fault follows, a joiner may have had its emoji there.
            next.map_or(Some("👩"), |next| text(end..end + next))
                .unwrap_or_default(),
        )
    }
}

/// Octets before a character that are looked at to judge it among faults.
const ENOUGH: usize = 64;

/// Where the value is without the spaces around it.
fn body(value: &[u8]) -> Range<usize> {
    let mut start = 0;
    while let Some(length) = edge_space(value.get(start..).unwrap_or_default()) {
        start += length;
    }
    let mut end = value.len();
    while let Some(inner) = value.get(start..end) {
        // A well-formed character starts at the last octet that can start one.
        let Some(last) = inner
            .iter()
            .rposition(|&octet| !octet::is_continuation(octet))
        else {
            break;
        };
        let last = start + last;
        match edge_space(value.get(last..end).unwrap_or_default()) {
            Some(length) if last + length == end => end = last,
            _ => break,
        }
    }
    start..end
}

/// The length of the edge space that `rest` starts with, if it starts with one.
fn edge_space(rest: &[u8]) -> Option<usize> {
    let length = utf8::sequence(rest).ok()?;
    let character = std::str::from_utf8(rest.get(..length)?)
        .ok()?
        .chars()
        .next()?;
    is_edge_space(character).then_some(length)
}

/// Whitespace that is not part of a value, or would not survive a hop that
/// trims it; line breaks are controls and stay where they are.
pub(crate) fn is_edge_space(character: char) -> bool {
    character == '\t'
        || (character.is_whitespace()
            && !character.is_control()
            && !matches!(character, '\u{2028}' | '\u{2029}'))
}

const fn malformed_kind(how: Malformation) -> FindingKind {
    match how {
        Malformation::Overlong => FindingKind::OverlongUtf8,
        Malformation::Surrogate | Malformation::SurrogatePair => FindingKind::SurrogateUtf8,
        Malformation::Truncated => FindingKind::TruncatedUtf8,
        _ => FindingKind::InvalidUtf8,
    }
}

#[cfg(test)]
mod tests {
    use super::may_start;
    use crate::characters;
    use crate::finding::{Confidence, FindingKind};
    use crate::scan;

    fn found(value: &[u8]) -> Vec<(FindingKind, std::ops::Range<usize>)> {
        scan(value)
            .findings()
            .map(|finding| (finding.kind(), finding.span()))
            .collect()
    }

    #[test]
    fn a_cut_off_character_is_told_from_a_last_letter() {
        assert_eq!(found(b"Caf\xE9"), [(FindingKind::Latin1, 3..4)]);
        assert_eq!(found(b"MA\xC7\xC3"), [(FindingKind::Latin1, 2..4)]);
        assert_eq!(found(b"Nescaf\xE9\xAE"), [(FindingKind::Latin1, 6..8)]);
        assert_eq!(found(b"don\xE2\x80"), [(FindingKind::TruncatedUtf8, 3..5)]);
        assert_eq!(found(b"T\xC3"), [(FindingKind::TruncatedUtf8, 1..2)]);
        assert_eq!(
            found(b"Lodz \xE2\x80"),
            [(FindingKind::TruncatedUtf8, 5..7)]
        );
        assert_eq!(
            found(b"\xABCaf\xE9\xBB"),
            [(FindingKind::Latin1, 0..1), (FindingKind::Latin1, 4..6)]
        );
    }

    #[test]
    fn punctuation_after_an_accent_is_not_an_overlong_form() {
        assert_eq!(
            found(b"\x93voil\xE0\x94"),
            [(FindingKind::Latin1, 0..1), (FindingKind::Latin1, 5..7)]
        );
        assert_eq!(found(b"\xE0\x80\xAF"), [(FindingKind::OverlongUtf8, 0..3)]);
    }

    #[test]
    fn faults_that_touch_are_one_finding() {
        assert_eq!(found(&[0x80; 1000]), [(FindingKind::InvalidUtf8, 0..1000)]);
        assert_eq!(found(b"\xC3\xA9\x80"), [(FindingKind::InvalidUtf8, 2..3)]);
    }

    #[test]
    fn references_are_seen_in_legacy_text_too() {
        assert_eq!(
            found(b" T\xE9l&eacute;bec\t"),
            [(FindingKind::Latin1, 2..3), (FindingKind::CharRef, 4..12)]
        );
    }

    /// The walk skips by lead octet; no character that is found may be skipped.
    #[test]
    fn no_strange_character_is_passed_by() {
        for code in 0..=0x10ffff {
            let Some(character) = char::from_u32(code) else {
                continue;
            };
            if character != '\t' && characters::kind("", character, "").is_some() {
                let lead = character.to_string().into_bytes()[0];
                assert!(may_start(lead), "U+{code:04X}");
            }
        }
    }

    #[test]
    fn spaces_only() {
        assert_eq!(found(b" \t"), []);
        assert_eq!(found("\u{a0}".as_bytes()), [(FindingKind::EdgeSpace, 0..2)]);
        assert_eq!(found(b""), []);
    }

    #[test]
    fn confidence_is_part_of_a_latin1_finding() {
        let confidence = |value| {
            scan(value)
                .findings()
                .next()
                .and_then(|finding| finding.confidence())
        };
        assert_eq!(confidence(b"T\xE9l"), Some(Confidence::Likely));
        assert_eq!(confidence(b"Bon\xE8"), Some(Confidence::Possible));
    }
}
