//! One value, explained: what is wrong, what was meant, what to send instead.
//!
//! An [`Explanation`] is the one object behind a refusal's body, an event in
//! the log, `headguard check` and `headguard explain`. It owns what it says,
//! and it says nothing of the octets of a field that carries credentials.

mod client;
mod explained;
pub(crate) mod json;
mod problem;
#[cfg(feature = "cli")]
mod ruler;
#[cfg(feature = "cli")]
mod text;

pub use client::{ClientFix, client_fixes, reproduce};
pub use explained::Explained;
pub use problem::{DetailLevel, Problem};
#[cfg(feature = "cli")]
pub use text::render;

use crate::charset::{self, Alternative, Charset, Context};
use crate::classify::Findings;
use crate::fields::{Grammar, Protection};
use crate::finding::FindingKind;
use crate::octet;
use crate::policy::{Action, Form, Source};
use crate::preview::{Preview, hex};
use crate::reading::Reading;
use crate::scan::{Facts, scan};
use crate::verdict::{Cause, Judged, Outcome, Verdict};
use explained::HEX_OCTETS;
use json::Object;
use std::fmt;

/// One field value, what was found in it, and what was decided.
#[derive(Clone)]
pub struct Explanation {
    field: String,
    occurrence: usize,
    octets: usize,
    value: Option<Vec<u8>>,
    class: &'static str,
    kind: Option<FindingKind>,
    /// Which of the findings the value is refused for.
    culprit: Option<usize>,
    findings: Vec<Explained>,
    found: usize,
    reading: Option<Reading>,
    send: Option<String>,
    action: Action,
    source: Option<Source>,
    not_repaired: Option<&'static str>,
    too_long: Option<usize>,
    forward: Option<Vec<u8>>,
    /// What was known of the client.
    context: Context,
    /// The form it is forwarded in, where that is not UTF-8.
    form: Option<Form>,
}

/// A reading as it is to be sent, if nothing is wrong with it any more.
fn sendable(reading: &Reading, grammar: Grammar) -> Option<String> {
    let text = reading.text();
    if !scan(text.as_bytes()).with_grammar(grammar).is_clean() {
        return None;
    }
    match grammar {
        // RFC 3986 §2.5: what is not ASCII is percent-encoded in a URI.
        Grammar::Uri => Some(text.bytes().fold(String::new(), |mut uri, octet| {
            match octet.is_ascii() {
                true => uri.push(char::from(octet)),
                false => uri += &format!("%{octet:02X}"),
            }
            uri
        })),
        _ => Some(text.to_owned()),
    }
}

impl Explanation {
    /// Explains a verdict. `occurrence` counts the fields of this name from 1.
    #[must_use]
    pub fn new(field: &str, occurrence: usize, value: &[u8], verdict: &Verdict<'_>) -> Self {
        let secret = Protection::of(field) == Some(Protection::Credentials);
        let scan = scan(value).in_field(field);
        let show = |judged: &Judged| Explained::new(judged, (!secret).then_some(value));
        let mut findings: Vec<Explained> = verdict.judged().iter().map(show).collect();
        let mut culprit = None;
        let mut too_long = None;
        let source = match verdict.outcome() {
            Outcome::Reject(rejection) => {
                let source = rejection.source().clone();
                match rejection.cause() {
                    Cause::TooLong { limit, .. } => too_long = Some(*limit),
                    Cause::Found(finding) | Cause::NotRepaired(finding, _) => {
                        let listed = findings.iter();
                        let place = listed.map(|one| &one.finding).position(|one| {
                            one.span() == finding.span() && one.kind() == finding.kind()
                        });
                        // A verdict lists the first findings only; the one that
                        // matters is told in any case.
                        culprit = place.or_else(|| {
                            let (finding, source) = (finding.clone(), source.clone());
                            findings.push(show(&Judged {
                                finding,
                                action: Action::Reject,
                                source,
                            }));
                            findings.len().checked_sub(1)
                        });
                    }
                }
                Some(source)
            }
            // Who ordered the greatest of the actions.
            _ => {
                let judged = verdict.judged().iter().rev();
                judged
                    .max_by_key(|one| one.action)
                    .map(|one| one.source.clone())
            }
        };
        let reading = match secret {
            true => None,
            false => verdict.findings().and_then(Findings::mended),
        };
        Self {
            // What is as it should be is not to be sent otherwise.
            send: reading
                .as_ref()
                .filter(|_| verdict.found() > 0)
                .and_then(|reading| sendable(reading, scan.grammar())),
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
            kind: verdict.heaviest(),
            culprit,
            findings,
            found: verdict.found(),
            reading,
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
            context: verdict.findings().map_or(Context::NONE, Findings::context),
            form: match verdict.outcome() {
                Outcome::Rewrite(normalized) => Some(normalized.form()),
                _ => None,
            }
            .filter(|form| *form != Form::Utf8),
        }
    }

    /// The same without octets and readings, whatever the field.
    #[must_use]
    pub fn masked(field: &str, nth: usize, value: &[u8], verdict: &Verdict<'_>) -> Self {
        let mut masked = Self::new(field, nth, value, verdict);
        let findings = verdict.judged().iter();
        masked.findings = findings.map(|one| Explained::new(one, None)).collect();
        (masked.value, masked.reading, masked.send, masked.forward) = (None, None, None, None);
        masked
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

    /// The octets the client should have sent: the reading in UTF-8,
    /// percent-encoded in a field that holds a URI.
    ///
    /// `None` as well where the reading would be found fault with again: to
    /// send it would only earn the next refusal.
    #[must_use]
    pub fn send(&self) -> Option<&[u8]> {
        self.send.as_deref().map(str::as_bytes)
    }

    /// What the value is refused for, if it is for a finding.
    fn culprit(&self) -> Option<&Explained> {
        self.findings.get(self.culprit?)
    }

    /// The kind of the heaviest finding.
    #[must_use]
    pub const fn kind(&self) -> Option<FindingKind> {
        self.kind
    }

    /// Other texts the octets could be, the likeliest first, for a person to
    /// choose from. Empty for values that are UTF-8, or broken in ways that only
    /// UTF-8 can be.
    #[must_use]
    pub fn alternatives(&self) -> Vec<Alternative> {
        self.ranking().1
    }

    /// Why the reading ranks first among those in a legacy charset, and the
    /// others.
    fn ranking(&self) -> (Option<String>, Vec<Alternative>) {
        let only_utf8 = |one: &Explained| {
            let kind = one.finding.kind();
            matches!(
                kind,
                FindingKind::OverlongUtf8 | FindingKind::SurrogateUtf8 | FindingKind::TruncatedUtf8
            )
        };
        let value = self
            .value()
            .filter(|value| scan(value).facts().contains(Facts::MALFORMED))
            .filter(|_| !self.findings.iter().any(only_utf8));
        let mut ranked = value.map_or_else(Vec::new, |value| charset::ranking(value, self.context));
        let first = self.reading.as_ref().and_then(|reading| {
            let same = |one: &Alternative| one.text == reading.text();
            ranked.iter().position(same)
        });
        let reason = first.map(|first| ranked.remove(first).reason);
        (reason, ranked)
    }

    /// What is wrong and what to do about it, in a sentence or two.
    #[must_use]
    pub fn sentence(&self) -> String {
        let which = match self.occurrence {
            1 => String::new(),
            nth => format!(" (occurrence {nth})"),
        };
        let mut sentence = format!("{}{which}: ", Preview::new(self.field.as_bytes()).up_to(64));
        let heaviest = || self.findings.iter().min_by_key(|one| one.finding.kind());
        match (self.too_long, self.culprit().or_else(heaviest)) {
            (Some(limit), _) => {
                sentence += &format!("{} octets where {limit} are allowed", self.octets);
            }
            (None, Some(blamed)) => {
                sentence += &blamed.detail;
                match self.found {
                    0 | 1 => {}
                    2 => sentence += ", and one finding more",
                    more => sentence += &format!(", and {} findings more", more - 1),
                }
            }
            (None, None) => {
                sentence += "nothing is wrong";
                if let Some(form) = self.form {
                    sentence += &format!("; it is passed on as {form}");
                }
            }
        }
        // Octets that were cut short would be worse than none.
        if let Some(send) = self
            .send()
            .filter(|send| send.len() <= HEX_OCTETS && self.too_long.is_none())
        {
            sentence += &format!("; send the octets {} instead", hex(send, HEX_OCTETS));
        }
        sentence + "."
    }

    /// The explanation as one JSON object. `fix` and `reproduce` are for a
    /// person at a terminal; a log does without them.
    #[must_use]
    pub fn to_json(&self) -> String {
        let (reason, alternatives) = self.ranking();
        let fixes = self.send.as_ref().map(|send| {
            client_fixes(&self.field, send)
                .iter()
                .fold(Object::new(), |object, fix| {
                    object.string(fix.client, &fix.code)
                })
                .finish()
        });
        self.object()
            .optional("because", reason.as_deref())
            .array(
                "alternatives",
                alternatives.iter().map(|other| {
                    Object::new()
                        .string("charset", other.charset.name())
                        .string("text", &other.text)
                        .string("reason", &other.reason)
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
            .number("length", self.octets)
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
            .number("length", self.octets)
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
            .optional("forward_as", self.form.map(Form::name))
    }
}

impl fmt::Debug for Explanation {
    /// Shows what was found and what is done, not the octets: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explanation")
            .field("field", &self.field)
            .field("occurrence", &self.occurrence)
            .field("octets", &self.octets)
            .field("class", &self.class)
            .field("findings", &self.findings)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

/// Whether `name` can be a field's name (RFC 9110 §5.1).
#[must_use]
pub fn is_field_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&octet| octet::is_token(octet))
}
