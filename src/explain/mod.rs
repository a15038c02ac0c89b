//! One value, explained: what is wrong, what was meant, what to send instead.
//!
//! An [`Explanation`] is the one object behind a refusal's body, an event in
//! the log, `headguard check` and `headguard explain`. It owns what it says,
//! and it says nothing of the octets of a field that carries credentials.

mod client;
pub(crate) mod json;
mod problem;
#[cfg(feature = "cli")]
mod ruler;
#[cfg(feature = "cli")]
mod text;

pub use client::{ClientFix, client_fixes, reproduce};
pub use problem::{DetailLevel, Problem};
#[cfg(feature = "cli")]
pub use text::render;

use crate::charset::{self, Charset};
use crate::fields::Protection;
use crate::finding::{Confidence, Finding, FindingKind, Hazard};
use crate::octet;
use crate::policy::{Action, Source};
use crate::preview::{Preview, hex};
use crate::reading::Reading;
use crate::scan::{Facts, scan};
use crate::utf8::Malformation;
use crate::verdict::{Cause, Judged, Outcome, Verdict};
use json::Object;

/// How many octets of one finding are shown in hex.
const HEX_OCTETS: usize = 64;

/// One field value, what was found in it, and what was decided.
#[derive(Clone, Debug)]
pub struct Explanation {
    field: String,
    occurrence: usize,
    octets: usize,
    value: Option<Vec<u8>>,
    class: &'static str,
    findings: Vec<Explained>,
    found: usize,
    reading: Option<Reading>,
    action: Action,
    source: Option<Source>,
    not_repaired: Option<&'static str>,
    too_long: Option<usize>,
    forward: Option<Vec<u8>>,
}

/// One finding, in words.
#[derive(Clone, Debug)]
pub struct Explained {
    finding: Finding,
    hex: Option<String>,
    reads: Option<String>,
    detail: String,
    action: Action,
    source: Source,
}

impl Explanation {
    /// Explains a verdict. `occurrence` counts the fields of this name from 1.
    #[must_use]
    pub fn new(field: &str, occurrence: usize, value: &[u8], verdict: &Verdict<'_>) -> Self {
        let secret = Protection::of(field) == Some(Protection::Credentials);
        let scan = scan(value).in_field(field);
        let show = |judged: &Judged| Explained::new(judged, (!secret).then_some(value));
        let (source, too_long) = match verdict.outcome() {
            Outcome::Reject(rejection) => (
                Some(rejection.source().clone()),
                match rejection.cause() {
                    Cause::TooLong { limit, .. } => Some(*limit),
                    _ => None,
                },
            ),
            // Who ordered the greatest of the actions.
            _ => (
                verdict
                    .judged()
                    .iter()
                    .rev()
                    .max_by_key(|one| one.action)
                    .map(|one| one.source.clone()),
                None,
            ),
        };
        Self {
            field: field.to_owned(),
            occurrence,
            octets: value.len(),
            value: (!secret).then(|| value.to_vec()),
            class: verdict.heaviest().map_or_else(
                || {
                    if scan.facts().contains(Facts::NON_ASCII) {
                        "utf-8"
                    } else {
                        "ascii"
                    }
                },
                FindingKind::name,
            ),
            findings: verdict.judged().iter().map(show).collect(),
            found: verdict.found(),
            reading: if secret { None } else { scan.reading() },
            action: verdict.action(),
            source,
            not_repaired: verdict.refusal().map(|refusal| refusal.reason()),
            too_long,
            forward: match verdict.outcome() {
                _ if secret => None,
                Outcome::Forward(octets) => Some(octets.to_vec()),
                Outcome::Rewrite(normalized) => Some(normalized.as_bytes().to_vec()),
                Outcome::Reject(_) => None,
            },
        }
    }

    /// The field's name, as it was given.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Which of the fields of this name it is, from 1.
    #[must_use]
    pub const fn occurrence(&self) -> usize {
        self.occurrence
    }

    /// The value's octets; `None` for a field that carries credentials.
    #[must_use]
    pub fn value(&self) -> Option<&[u8]> {
        self.value.as_deref()
    }

    /// `ascii`, `utf-8`, or the name of the heaviest finding's kind.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        self.class
    }

    /// The findings, in order of place; see [`Verdict::judged`] for how many.
    #[must_use]
    pub fn findings(&self) -> &[Explained] {
        &self.findings
    }

    /// How many findings there are.
    #[must_use]
    pub const fn found(&self) -> usize {
        self.found
    }

    /// What was meant, where somebody can tell.
    #[must_use]
    pub const fn reading(&self) -> Option<&Reading> {
        self.reading.as_ref()
    }

    /// What is done.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// Who ordered it; `None` when there was nothing to order.
    #[must_use]
    pub const fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    /// Why an ordered repair was not made, as a clause.
    #[must_use]
    pub const fn not_repaired(&self) -> Option<&'static str> {
        self.not_repaired
    }

    /// The octets that go upstream; `None` when none do, or when they are secret.
    #[must_use]
    pub fn forward(&self) -> Option<&[u8]> {
        self.forward.as_deref()
    }

    /// The octets the client should have sent: the reading in UTF-8.
    #[must_use]
    pub fn send(&self) -> Option<&[u8]> {
        self.reading
            .as_ref()
            .map(|reading| reading.text().as_bytes())
    }

    /// The kind of the heaviest finding.
    #[must_use]
    pub fn kind(&self) -> Option<FindingKind> {
        self.class.parse().ok()
    }

    /// Other texts the octets could be, by charset, for a person to choose
    /// from. Empty for values that are UTF-8, or broken in ways that only
    /// UTF-8 can be.
    #[must_use]
    pub fn alternatives(&self) -> Vec<(&'static str, String)> {
        let only_utf8 = |one: &Explained| {
            let kind = one.finding.kind();
            matches!(
                kind,
                FindingKind::OverlongUtf8 | FindingKind::SurrogateUtf8 | FindingKind::TruncatedUtf8
            )
        };
        if self.findings.iter().any(only_utf8) {
            return Vec::new();
        }
        let Some(value) = self
            .value()
            .filter(|value| scan(value).facts().contains(Facts::MALFORMED))
        else {
            return Vec::new();
        };
        let mut others = charset::other_readings(value);
        others.retain(|(_, text)| {
            self.reading
                .as_ref()
                .is_none_or(|reading| reading.text() != text)
        });
        others
    }

    /// What is wrong and what to do about it, in a sentence or two.
    #[must_use]
    pub fn sentence(&self) -> String {
        let which = match self.occurrence {
            1 => String::new(),
            nth => format!(" (occurrence {nth})"),
        };
        let mut sentence = format!("{}{which}: ", Preview::new(self.field.as_bytes()).up_to(64));
        match (
            self.too_long,
            self.findings.iter().min_by_key(|one| one.finding.kind()),
        ) {
            (Some(limit), _) => {
                sentence += &format!("{} octets where {limit} are allowed", self.octets);
            }
            (None, Some(heaviest)) => {
                sentence += &heaviest.detail;
                match self.found {
                    1 => {}
                    2 => sentence += ", and one finding more",
                    more => sentence += &format!(", and {} findings more", more - 1),
                }
            }
            (None, None) => sentence += "nothing is wrong",
        }
        if let Some(send) = self.send() {
            sentence += &format!("; send the octets {} instead", hex(send, HEX_OCTETS));
            if send.len() > HEX_OCTETS {
                sentence += "…";
            }
        }
        sentence + "."
    }

    /// The explanation as one JSON object. `fix` and `reproduce` are for a
    /// person at a terminal; a log does without them.
    #[must_use]
    pub fn to_json(&self) -> String {
        let alternatives = self.alternatives();
        let fixes = self.reading.as_ref().map(|reading| {
            client_fixes(&self.field, reading.text())
                .iter()
                .fold(Object::new(), |object, fix| {
                    object.string(fix.client, &fix.code)
                })
                .finish()
        });
        self.object()
            .array(
                "alternatives",
                alternatives.iter().map(|(charset, text)| {
                    Object::new()
                        .string("charset", charset)
                        .string("text", text)
                        .finish()
                }),
            )
            .raw("fix", fixes.as_deref().unwrap_or("null"))
            .optional(
                "reproduce",
                self.value()
                    .map(|value| reproduce(&self.field, value))
                    .as_deref(),
            )
            .finish()
    }

    /// The explanation as one JSON object, without what only a person needs.
    #[must_use]
    pub fn to_event_json(&self) -> String {
        self.object().finish()
    }

    /// The explanation as one JSON object without any octet of the value and
    /// without what it reads as: names, kinds, places and actions.
    #[must_use]
    pub fn to_masked_event_json(&self) -> String {
        let object = Object::new()
            .string("field", &self.field)
            .number("occurrence", self.occurrence)
            .number("octets", self.octets)
            .string("class", self.class)
            .array(
                "findings",
                self.findings.iter().map(Explained::to_masked_json),
            )
            .number("found", self.found)
            .string("action", self.action.name())
            .optional(
                "by",
                self.source.as_ref().map(ToString::to_string).as_deref(),
            )
            .optional("not_repaired", self.not_repaired);
        match self.too_long {
            Some(limit) => object.number("limit", limit).finish(),
            None => object.finish(),
        }
    }

    fn object(&self) -> Object {
        let full_hex = |octets: &[u8]| hex(octets, octets.len());
        let reading = self.reading.as_ref().map(|reading| {
            Object::new()
                .string("text", reading.text())
                .optional("charset", reading.charset().map(Charset::name))
                .string("confidence", reading.confidence().name())
                .finish()
        });
        Object::new()
            .string("field", &self.field)
            .number("occurrence", self.occurrence)
            .number("octets", self.octets)
            .optional("hex", self.value().map(full_hex).as_deref())
            .string("class", self.class)
            .array("findings", self.findings.iter().map(Explained::to_json))
            .number("found", self.found)
            .raw("reading", reading.as_deref().unwrap_or("null"))
            .optional("send", self.send().map(full_hex).as_deref())
            .string("action", self.action.name())
            .optional(
                "by",
                self.source.as_ref().map(ToString::to_string).as_deref(),
            )
            .optional("not_repaired", self.not_repaired)
            .optional("forward", self.forward().map(full_hex).as_deref())
    }
}

impl Explained {
    fn new(judged: &Judged, value: Option<&[u8]>) -> Self {
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
    fn to_masked_json(&self) -> String {
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

    fn to_json(&self) -> String {
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

/// The text of one finding alone.
fn reads(finding: &Finding, value: &[u8]) -> Option<String> {
    if matches!(
        finding.hazard(),
        Some(Hazard::Control | Hazard::NoCharacter)
    ) {
        return None;
    }
    crate::reading::decode(finding, value.get(finding.span())?).map(|text| text.into_owned())
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
        (FindingKind::Latin1, Some(text)) => match (finding.confidence(), octets.len()) {
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
        (FindingKind::CharRef, meant) => {
            let reference = Preview::new(octets).up_to(40);
            format!(
                "the character reference {reference} at offset {} {}",
                span.start,
                stands_for(finding, meant)
            )
        }
        (FindingKind::NestedEncoding, meant) => {
            let reference = Preview::new(octets).up_to(40);
            let stands_for = stands_for(finding, meant);
            format!(
                "{reference} at offset {} is a character reference that was escaped again; it {stands_for}",
                span.start
            )
        }
        (FindingKind::InvalidUtf8, _) => {
            format!("{place} not UTF-8: {}", malformation(finding, octets))
        }
        (FindingKind::OverlongUtf8, _) => {
            format!("{place} an overlong form: more octets than the character needs")
        }
        (FindingKind::SurrogateUtf8, _) => match finding.malformation() {
            Some(Malformation::SurrogatePair) => {
                format!("{place} a surrogate pair (CESU-8), not UTF-8")
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
        FindingKind::Invisible => ", which nobody can see",
        FindingKind::Noncharacter => ", which is no character",
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
    let shown: Vec<String> = octets
        .iter()
        .take(16)
        .map(|octet| format!("{octet:02X}"))
        .collect();
    let more = if octets.len() > 16 { " …" } else { "" };
    shown.join(" ") + more
}

/// Whether `name` can be a field's name (RFC 9110 §5.1).
#[must_use]
pub fn is_field_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&octet| octet::is_token(octet))
}
