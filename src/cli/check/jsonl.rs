//! `check --jsonl`: the lines it reads, and the lines it answers with.

use headguard::charset::Charset;
use headguard::fields::Protection;
use headguard::preview::hex;
use headguard::{Confidence, Finding, FindingKind, Outcome, Reading, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A line of `check --jsonl`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct Asked<'l> {
    #[serde(borrow, default)]
    pub(super) id: Option<&'l RawValue>,
    #[serde(borrow, default)]
    pub(super) field: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    pub(super) accept_language: Option<Cow<'l, str>>,
    #[serde(borrow)]
    pub(super) hex: Cow<'l, str>,
}

/// What such a line looks like, for who wrote another.
pub(super) const FORM: &str = r#"{"id":1,"field":"CompanyName","hex":"54e96c"}"#;

/// The answer to it.
#[derive(Serialize)]
pub(super) struct Answer<'l> {
    id: Option<&'l RawValue>,
    class: &'static str,
    findings: Vec<Found>,
    reading: Option<String>,
    action: &'static str,
    forward: Option<String>,
}

#[derive(Serialize)]
struct Found {
    kind: &'static str,
    start: usize,
    end: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    charset: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<&'static str>,
}

/// The answer to a line that could not be read.
#[derive(Serialize)]
pub(super) struct Unread<'l> {
    pub(super) id: Option<&'l RawValue>,
    pub(super) line: usize,
    pub(super) error: String,
}

impl<'l> Answer<'l> {
    pub(super) fn new(
        id: Option<&'l RawValue>,
        field: &str,
        value: &[u8],
        verdict: &Verdict<'_>,
    ) -> Self {
        let secret = Protection::of(field) == Some(Protection::Credentials);
        // What is there, whatever the policy has to say of it.
        let mut heaviest: Option<FindingKind> = None;
        let mut findings = Vec::new();
        let see = |finding: &Finding| {
            let kind = finding.kind();
            heaviest = Some(heaviest.map_or(kind, |known| known.min(kind)));
            if findings.len() < Verdict::MOST_JUDGED {
                findings.push(Found::new(finding));
            }
        };
        let reading = verdict.findings().and_then(|found| found.reading_with(see));
        let plain = if value.is_ascii() { "ascii" } else { "utf-8" };
        Self {
            id,
            class: heaviest.map_or(plain, FindingKind::name),
            findings,
            reading: reading.filter(|_| !secret).map(Reading::into_text),
            action: verdict.action().name(),
            forward: match verdict.outcome() {
                _ if secret => None,
                Outcome::Forward(octets) => Some(hex(octets, octets.len())),
                Outcome::Rewrite(normalized) => {
                    Some(hex(normalized.as_bytes(), normalized.as_bytes().len()))
                }
                Outcome::Reject(_) => None,
            },
        }
    }
}

impl Found {
    fn new(finding: &Finding) -> Self {
        Self {
            kind: finding.kind().name(),
            start: finding.span().start,
            end: finding.span().end,
            charset: finding.charset().map(Charset::name),
            confidence: finding.confidence().map(Confidence::name),
        }
    }
}
