//! Facts to findings: what of a scanned value is wrong, and where.
//!
//! One walk over the value, from left to right, without allocating. A value is
//! read in one of three ways, chosen once: as text, as octets of a legacy charset,
//! or as UTF-8 with faults in it. Findings come in order and never overlap.

use crate::char_ref::Evidence;
use crate::characters::{self, Around, Lost};
use crate::charset::{Charset, Context};
use crate::fields::Grammar;
use crate::finding::{Confidence, Finding, FindingKind};
use crate::forms::{self, Forms};
use crate::legacy::{self, Legacy};
use crate::mojibake::Damage;
use crate::scan::{Facts, Scan};
use crate::utf8::{self, Malformation};
use crate::{char_ref, lanes, mixed, mojibake, octet};
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
        let forms = Forms::of(self);
        Findings {
            value: self.value(),
            reading: ReadAs::of(self, &forms, context),
            grammar: self.grammar(),
            context,
            references: if self.facts().contains(Facts::AMPERSAND)
                && self.grammar().escapes_references()
            {
                Evidence::of(self.value())
            } else {
                Evidence::None
            },
            form: forms.next(self.value(), 0),
            forms,
            at: 0,
            well_formed_from: 0,
        }
    }

    /// Whether nothing can be wrong with the value, whatever its field. The
    /// facts alone say so of nearly all; the others are looked through for what
    /// could be found in them.
    #[must_use]
    pub(crate) fn is_plain(&self) -> bool {
        let facts = self.facts();
        !facts.intersects(Facts::CONTROL)
            && (!facts.contains(Facts::AMPERSAND) || !char_ref::may_be_in(self.value()))
            && (!facts.intersects(forms::FACTS) || !self.may_be_in_a_form())
            && (!facts.contains(Facts::NON_ASCII) || self.is_right_text())
    }

    fn may_be_in_a_form(&self) -> bool {
        // Mostly it is the `?` of a query, or the `!` of a sentence.
        if !self.facts().intersects(forms::FACTS_WITHOUT_MARKS) {
            return characters::marks_may_mean_something(self.value());
        }
        forms::may_be_in(self.value())
            || (self.facts().contains(Facts::MARK) && characters::may_be_lossy(self.value()))
    }

    /// Whether the value is text of which every character is at home anywhere.
    fn is_right_text(&self) -> bool {
        // Beside letters beyond ASCII one mark may be a lost one.
        !self.facts().contains(Facts::MARK)
            && self.text_beyond_ascii().is_some_and(|text| {
                !lanes::any(text.as_bytes(), leads_to_strange) && !mojibake::may_be(text)
            })
    }

    /// Whether nothing is wrong with the value: nothing is found in it but
    /// forms that are in their place.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings().all(|finding| finding.is_in_place())
    }
}

/// Facts without which nothing can be found but text in text.
const BESIDE_TEXT: Facts = Facts::CONTROL.with(Facts::NON_ASCII);

/// Iterator over the findings of a value; see [`Scan::findings`].
#[derive(Clone, PartialEq, Eq)]
pub struct Findings<'v> {
    value: &'v [u8],
    reading: ReadAs<'v>,
    grammar: Grammar,
    context: Context,
    /// Whether a reference without `;` has others to show that it is one.
    references: Evidence,
    /// What forms of text in text the value may hold, and the next of them.
    forms: Forms,
    form: Option<Finding>,
    at: usize,
    /// Where the last fault ended.
    well_formed_from: usize,
}

/// How the value is read while looking for findings.
#[derive(Clone, PartialEq, Eq)]
enum ReadAs<'v> {
    /// Nothing to look for.
    Clean,
    /// Well-formed UTF-8, perhaps encoded once too often.
    Text {
        text: &'v str,
        double_encoded: Option<Damage>,
        body: Range<usize>,
        around: Around,
    },
    /// Octets of one legacy charset.
    Legacy(Legacy),
    /// UTF-8 with faults: legacy octets that read as windows-1252 in their
    /// places, or such that nobody can read.
    Faulty {
        legacy: Option<Confidence>,
        body: Range<usize>,
    },
}

impl<'v> ReadAs<'v> {
    fn of(scan: &Scan<'v>, forms: &Forms, context: Context) -> Self {
        let facts = scan.facts();
        let grammar = scan.grammar();
        let references = grammar.escapes_references() && facts.contains(Facts::AMPERSAND);
        let marked = grammar.is_text() && facts.contains(Facts::MARK);
        let worth_a_look = facts.intersects(BESIDE_TEXT)
            || references
            || !forms.is_empty()
            || (marked && characters::may_be_lossy(scan.value()));
        if !worth_a_look {
            return ReadAs::Clean;
        }
        match scan.as_str() {
            Some(text) => {
                let beyond_ascii = scan.facts().contains(Facts::NON_ASCII);
                let double_encoded = beyond_ascii.then(|| mojibake::detect(text)).flatten();
                let around = match beyond_ascii {
                    true => Around::of(text),
                    false => Around::default(),
                };
                ReadAs::Text {
                    text,
                    double_encoded,
                    body: body(scan.value()),
                    around: if marked {
                        around.with_marks(text)
                    } else {
                        around
                    },
                }
            }
            None => legacy::wholly(scan.value(), context).map_or_else(
                || ReadAs::Faulty {
                    legacy: mixed::western(scan.value()),
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
            if let Some(form) = self.form() {
                return Some(form);
            }
            let (mut length, finding) = match &self.reading {
                ReadAs::Clean => return None,
                ReadAs::Text {
                    text,
                    double_encoded,
                    body,
                    around,
                } => self.in_text(text, *double_encoded, body, *around),
                ReadAs::Legacy(legacy) => self.in_legacy(*legacy),
                ReadAs::Faulty { legacy, body } => self.in_faulty(*legacy, body),
            };
            // A form starts where it starts, whatever the steps before it are.
            if let (None, Some(form)) = (&finding, &self.form) {
                length = length.min(form.span().start - self.at);
            }
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
        table[octet as usize] = octet == b'&' || octet::is_ctl(octet) || leads_to_strange(octet);
        if octet == 0xff {
            break table;
        }
        octet += 1;
    }
};

/// Whether some character that starts with this octet is found to be something,
/// an edge space among them. Without branches, so that it becomes vector code.
#[inline(always)]
const fn leads_to_strange(octet: u8) -> bool {
    // U+0080–00BF, 0300–037F, 0600–063F
    (octet == 0xc2) | (octet == 0xcc) | (octet == 0xcd) | (octet == 0xd8)
        // U+1000–3FFF; U+F000–FFFF and what is beyond
        | ((octet >= 0xe1) & (octet <= 0xe3)) | (octet >= 0xef)
}

/// One step of the walk: how many octets were looked at, and what they are.
type Step = (usize, Option<Finding>);

impl<'v> Findings<'v> {
    /// The value the findings are in.
    pub(crate) const fn value(&self) -> &'v [u8] {
        self.value
    }

    /// What was known of the client.
    pub(crate) const fn context(&self) -> Context {
        self.context
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
            around,
        } = &self.reading
        else {
            return None;
        };
        Some(Findings {
            reading: ReadAs::Text {
                text,
                double_encoded: None,
                body: body.clone(),
                around: *around,
            },
            ..self.clone()
        })
    }

    /// What is found where octets of a legacy charset are taken for UTF-8, as
    /// whoever gets them unrepaired may. `None` for a value that is of none, or
    /// that has no overlong forms in it.
    pub(crate) fn as_overlong(&self) -> Option<Self> {
        let may_be = matches!(self.reading, ReadAs::Legacy(_))
            && lanes::any(self.value, utf8::leads_to_overlong);
        may_be.then(|| Findings {
            reading: ReadAs::Faulty {
                legacy: None,
                body: body(self.value),
            },
            ..self.clone()
        })
    }

    /// The form that starts here, if one does. All of them are ASCII.
    fn form(&mut self) -> Option<Finding> {
        let start = self.form.as_ref()?.span().start;
        if start > self.at {
            return None;
        }
        let here = self.form.take().filter(|_| start == self.at);
        self.at = here.as_ref().map_or(self.at, |form| form.span().end);
        self.form = self.forms.next(self.value, self.at);
        here
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

    fn in_text(
        &self,
        text: &str,
        double_encoded: Option<Damage>,
        body: &Range<usize>,
        around: Around,
    ) -> Step {
        if let Some(step) = self.at_edge(body) {
            return step;
        }
        // No further than the next form, or each of many would be a walk to the end.
        let next = self
            .form
            .as_ref()
            .map_or(body.end, |form| form.span().start);
        let inside = text
            .as_bytes()
            .get(self.at..body.end.min(next))
            .unwrap_or_default();
        let beyond_ascii = double_encoded.is_some();
        let mark = around.lost().map_or(b'&', Lost::mark);
        let plain = inside
            .iter()
            .take_while(|&&octet| {
                !(may_start(octet) || octet == mark || beyond_ascii && octet >= 0x80)
            })
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
        if let Some((length, lost)) = around.lost().and_then(|lost| lost.run(before, rest)) {
            let finding = self.found(FindingKind::LossyMark, length);
            let possible = finding.with_confidence(Confidence::Possible);
            return (length, lost.then_some(possible));
        }
        if first.is_ascii() {
            return self.at_ascii();
        }
        if let Some(damage) = double_encoded {
            let run = rest.find(|c: char| c.is_ascii()).unwrap_or(rest.len());
            let finding = self.found(FindingKind::DoubleEncoded, run);
            return (run, Some(finding.double_encoded(damage)));
        }
        let length = first.len_utf8();
        let after = rest.get(length..).unwrap_or_default();
        let kind = around.kind(before, first, after);
        if kind == Some(FindingKind::Fullwidth) {
            // A word of them is one finding.
            let length = rest.len() - rest.trim_start_matches(characters::is_fullwidth).len();
            return (length, Some(self.found(FindingKind::Fullwidth, length)));
        }
        (length, kind.map(|kind| self.found(kind, length)))
    }

    /// A step at an ASCII octet, which reads alike in all three ways.
    fn at_ascii(&self) -> Step {
        match self.rest() {
            [b'&', ..] if self.grammar.escapes_references() => {
                match char_ref::at(self.value, self.at, self.references) {
                    Some(reference) => {
                        let kind = if reference.nested {
                            FindingKind::NestedEncoding
                        } else {
                            FindingKind::CharRef
                        };
                        let finding = self
                            .found(kind, reference.length)
                            .with_confidence(reference.confidence)
                            .with_hazard(reference.expansion.hazard());
                        (reference.length, Some(finding))
                    }
                    None => (1, None),
                }
            }
            [first, ..] if octet::is_ctl(*first) => (1, Some(self.found(FindingKind::Control, 1))),
            _ => (1, None),
        }
    }

    /// The same, among octets that are not UTF-8: whatever is plain after it is
    /// part of the step.
    fn over_ascii(&self) -> Step {
        match self.at_ascii() {
            (1, None) => {
                let plain = |octet: &&u8| octet.is_ascii() && !may_start(**octet);
                let after = self.rest().iter().skip(1).take_while(plain).count();
                (1 + after, None)
            }
            step => step,
        }
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
        self.over_ascii()
    }

    fn in_faulty(&self, legacy: Option<Confidence>, body: &Range<usize>) -> Step {
        if let Some(step) = self.at_edge(body) {
            return step;
        }
        match utf8::sequence(self.rest()) {
            Ok(1) => self.over_ascii(),
            Ok(length) => {
                let first = self.rest().first().copied().unwrap_or_default();
                let kind = may_start(first).then(|| self.strange(length)).flatten();
                (length, kind.map(|kind| self.found(kind, length)))
            }
            Err((mut length, how)) => {
                let is_alike = |again| legacy.is_some() || again == how;
                // Faults of one sort that touch are one finding: a run of E9 is
                // one thing wrong, not sixty thousand.
                while let Some(Err((more, again))) = self
                    .rest()
                    .get(length..)
                    .filter(|r| !r.is_empty())
                    .map(utf8::sequence)
                    && is_alike(again)
                {
                    length += more;
                }
                let finding = match legacy {
                    Some(confidence) => self
                        .found(FindingKind::MixedCharset, length)
                        .read_as(Charset::Windows1252, confidence),
                    None => self.fault(how, length),
                };
                (length, Some(finding.malformed(how)))
            }
        }
    }

    fn fault(&self, how: Malformation, length: usize) -> Finding {
        let finding = self.found(malformed_kind(how), length);
        match how {
            Malformation::SurrogatePair => finding.with_confidence(Confidence::Certain),
            _ => finding,
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
        // An emoji of CESU-8.
        let joined = start == self.at
            && self
                .at
                .checked_sub(6)
                .and_then(|from| utf8::surrogate_pair(self.value.get(from..self.at)?))
                .is_some();
        let character = text(self.at..end)?.chars().next()?;
        let before = match joined {
            true => "👩",
            false => text(start..self.at).unwrap_or_default(),
        };
        Around::of(before).kind(
            before,
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
            if !character.is_ascii() && super::is_edge_space(character) {
                let lead = character.to_string().into_bytes()[0];
                assert!(super::leads_to_strange(lead), "U+{code:04X}");
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
