//! One finding, in words: place, octets, and what they are.

use super::json::Object;
use crate::charset::Charset;
use crate::finding::{Confidence, Finding, FindingKind, Hazard};
use crate::policy::{Action, Source};
use crate::preview::{Preview, hex};
use crate::utf8::Malformation;
use crate::verdict::Judged;
use std::fmt;

/// How many octets of one finding are shown in hex.
pub(super) const HEX_OCTETS: usize = 64;

/// One finding, in words.
#[derive(Clone)]
pub struct Explained {
    pub(super) finding: Finding,
    pub(super) hex: Option<String>,
    pub(super) reads: Option<String>,
    pub(super) detail: String,
    pub(super) action: Action,
    pub(super) source: Source,
}

impl Explained {
    pub(super) fn new(judged: &Judged, value: Option<&[u8]>) -> Self {
        let Judged {
            finding,
            action,
            source,
        } = judged;
        let octets = value.and_then(|value| value.get(finding.span()));
        let reads = value.and_then(|value| reads(finding, value));
        Self {
            hex: octets.map(|octets| hex(octets, HEX_OCTETS)),
            detail: detail(finding, octets, reads.as_deref()),
            reads,
            finding: finding.clone(),
            action: *action,
            source: source.clone(),
        }
    }

    /// The finding.
    #[must_use]
    pub const fn finding(&self) -> &Finding {
        &self.finding
    }

    /// What it reads as, where somebody can tell.
    #[must_use]
    pub fn reads(&self) -> Option<&str> {
        self.reads.as_deref()
    }

    /// What is wrong, as a clause: place, octets, what they are.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What the policy orders for it.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// Who orders it.
    #[must_use]
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// Without octets and what they read as.
    pub(super) fn to_masked_json(&self) -> String {
        let span = self.finding.span();
        let mut object = Object::new()
            .string("kind", self.finding.kind().name())
            .number("start", span.start)
            .number("end", span.end);
        if let Some(charset) = self.finding.charset() {
            object = object.string("charset", charset.name());
        }
        if let Some(confidence) = self.finding.confidence() {
            object = object.string("confidence", confidence.name());
        }
        object
            .string("action", self.action.name())
            .string("by", &self.source.to_string())
            .finish()
    }

    pub(super) fn to_json(&self) -> String {
        let span = self.finding.span();
        let mut object = Object::new()
            .string("kind", self.finding.kind().name())
            .number("start", span.start)
            .number("end", span.end)
            .optional("hex", self.hex.as_deref());
        if let Some(charset) = self.finding.charset() {
            object = object.string("charset", charset.name());
        }
        if let Some(confidence) = self.finding.confidence() {
            object = object.string("confidence", confidence.name());
        }
        object
            .optional("reads", self.reads.as_deref())
            .string("detail", &self.detail)
            .string("action", self.action.name())
            .string("by", &self.source.to_string())
            .finish()
    }
}

impl fmt::Debug for Explained {
    /// Shows what was found and what is done, not the octets: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explained")
            .field("finding", &self.finding)
            .field("action", &self.action)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// The text of one finding alone.
fn reads(finding: &Finding, value: &[u8]) -> Option<String> {
    if matches!(
        finding.hazard(),
        Some(Hazard::Control | Hazard::NoCharacter)
    ) {
        return None;
    }
    crate::reading::decode(finding, value.get(finding.span())?)
}

/// One finding as a clause. Without `octets` only kind and place are said.
fn detail(finding: &Finding, octets: Option<&[u8]>, reads: Option<&str>) -> String {
    let span = finding.span();
    let Some(octets) = octets else {
        return format!("{} at offset {}", finding.kind(), span.start);
    };
    let (noun, is) = if octets.len() == 1 {
        ("octet", "is")
    } else {
        ("octets", "are")
    };
    let place = format!(
        "{noun} {} at offset {} {is}",
        spaced_hex(octets),
        span.start
    );
    let meant = reads.map(|text| Preview::new(text.as_bytes()).to_string());
    let charset = finding.charset().map_or("another charset", Charset::name);
    match (finding.kind(), meant) {
        (
            FindingKind::Latin1 | FindingKind::LegacyCharset | FindingKind::MixedCharset,
            Some(text),
        ) => match (finding.confidence(), octets.len()) {
            (Some(Confidence::Possible), _) => {
                format!("{place} not UTF-8; {text} in {charset} is one way to read it")
            }
            (_, 1) => format!("{place} not UTF-8; it reads as {text} in {charset}"),
            _ => format!("{place} not UTF-8; they read as {text} in {charset}"),
        },
        (FindingKind::DoubleEncoded, Some(text)) => {
            format!(
                "{place} UTF-8 that was read as {charset} and encoded again; the text was {text}"
            )
        }
        (FindingKind::NestedEncoding, meant) => {
            let nested = Preview::new(octets).up_to(40);
            let what = match octets {
                [b'%', ..] => "percent-encoded text that was encoded again",
                _ => "a character reference that was escaped again",
            };
            let stands_for = stands_for(finding, meant);
            format!(
                "{nested} at offset {} is {what}; it {stands_for}",
                span.start
            )
        }
        (
            FindingKind::CharRef
            | FindingKind::DisplayString
            | FindingKind::EncodedWord
            | FindingKind::ExtValue
            | FindingKind::PercentEncoded
            | FindingKind::UnicodeEscape,
            meant,
        ) => {
            let form = form(finding.kind());
            let shown = Preview::new(octets).up_to(40);
            let stands_for = stands_for(finding, meant);
            format!("the {form} {shown} at offset {} {stands_for}", span.start)
        }
        (FindingKind::InvalidUtf8, _) => {
            format!("{place} not UTF-8: {}", malformation(finding, octets))
        }
        (FindingKind::OverlongUtf8, _) => {
            format!("{place} an overlong form: more octets than the character needs")
        }
        (FindingKind::SurrogateUtf8, meant) => match finding.malformation() {
            Some(Malformation::SurrogatePair) => {
                let text = meant.unwrap_or_else(|| "nothing known".to_owned());
                format!("{place} a surrogate pair (CESU-8), not UTF-8; the text was {text}")
            }
            _ => format!("{place} half of a surrogate pair, which UTF-8 has no form for"),
        },
        (FindingKind::TruncatedUtf8, _) => {
            format!("{place} the start of a character that the end of the value cuts off")
        }
        (FindingKind::EdgeSpace, _) => {
            let end = if span.start == 0 { "start" } else { "end" };
            format!(
                "{place} whitespace at the {end} of the value, where the next hop drops or refuses it"
            )
        }
        (kind, _) => format!("{place} {}{}", code_points(octets), meaning(kind)),
    }
}

/// What the form of text in text is called in a sentence.
const fn form(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::CharRef => "character reference",
        FindingKind::DisplayString => "Display String",
        FindingKind::EncodedWord => "encoded-word",
        FindingKind::ExtValue => "ext-value",
        FindingKind::PercentEncoded => "percent-encoded text",
        _ => "escape",
    }
}

fn stands_for(finding: &Finding, meant: Option<String>) -> String {
    match (finding.hazard(), meant) {
        (Some(Hazard::Control), _) => {
            "stands for a control character and is never decoded".to_owned()
        }
        (Some(Hazard::NoCharacter), _) => "stands for no character".to_owned(),
        (_, Some(text)) => format!("stands for {text}"),
        (_, None) => "stands for text nobody can tell".to_owned(),
    }
}

fn malformation(finding: &Finding, octets: &[u8]) -> &'static str {
    let undefined = octets
        .iter()
        .all(|&octet| Charset::Windows1252.char(octet).is_none());
    match finding.malformation() {
        Some(Malformation::BeyondUnicode) => "a sequence beyond U+10FFFF",
        Some(Malformation::Interrupted) => "the start of a character that does not go on",
        Some(Malformation::InvalidOctet) => "no character has such an octet",
        Some(Malformation::LoneContinuation) if undefined => {
            "the middle of a character that never started, and undefined in windows-1252"
        }
        _ => "the middle of a character that never started",
    }
}

const fn meaning(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::BidiControl => ", which reorders the text around it",
        FindingKind::Control => ", a control character",
        FindingKind::Fullwidth => ", which some receivers take for ASCII",
        FindingKind::Invisible => ", which nobody can see",
        FindingKind::LossyMark => ": perhaps in place of a letter that an encoder lost",
        FindingKind::Noncharacter => ", which is no character",
        FindingKind::NotNfc => ", spelled otherwise in NFC",
        FindingKind::ReplacementChar => ": somebody before us lost the character that stood here",
        _ => "",
    }
}

/// `U+202E`, or several.
fn code_points(octets: &[u8]) -> String {
    let text = std::str::from_utf8(octets).unwrap_or_default();
    let points: Vec<String> = text
        .chars()
        .take(8)
        .map(|character| format!("U+{:04X}", u32::from(character)))
        .collect();
    points.join(" ")
}

/// `C3 A9`, at most sixteen octets of it.
pub(crate) fn spaced_hex(octets: &[u8]) -> String {
    let mut shown = String::with_capacity(3 * octets.len().min(17));
    for (place, octet) in octets.iter().take(16).enumerate() {
        if place > 0 {
            shown.push(' ');
        }
        for half in [octet >> 4, octet & 15] {
            let digit = char::from_digit(u32::from(half), 16).unwrap_or('0');
            shown.push(digit.to_ascii_uppercase());
        }
    }
    if octets.len() > 16 {
        shown.push_str(" …");
    }
    shown
}
