//! `check --jsonl`: the lines it reads, and the lines it answers with.

use headguard::charset::Charset;
use headguard::fields::Protection;
use headguard::preview::push_hex;
use headguard::{Confidence, Finding, FindingKind, Outcome, Verdict};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write as _};

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
    pub(super) hex: Octets<'l>,
}

/// What such a line looks like, for who wrote another.
pub(super) const FORM: &str = r#"{"id":1,"field":"CompanyName","hex":"54e96c"}"#;

/// A string that is read as hex digits, and need not be UTF-8 before.
pub(super) struct Octets<'l>(Cow<'l, [u8]>);

impl Octets<'_> {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<'de: 'l, 'l> Deserialize<'de> for Octets<'l> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Octets<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_bytes<E>(self, octets: &'de [u8]) -> Result<Octets<'de>, E> {
                Ok(Octets(Cow::Borrowed(octets)))
            }

            fn visit_bytes<E>(self, octets: &[u8]) -> Result<Octets<'de>, E> {
                Ok(Octets(Cow::Owned(octets.to_vec())))
            }
        }

        deserializer.deserialize_bytes(Any)
    }
}

/// Writes the answers. Most of an answer is words of our own and digits, which
/// need no escapes; so it is put together here, and only what was read is left
/// to serde.
#[derive(Default)]
pub(super) struct Answers {
    line: Vec<u8>,
    /// The findings of the line that is written: its class is told before them.
    findings: Vec<u8>,
}

impl Answers {
    /// The answer about one value, without the end of the line.
    pub(super) fn answer(
        &mut self,
        id: Option<&RawValue>,
        field: &str,
        value: &[u8],
        verdict: &Verdict<'_>,
    ) -> io::Result<&[u8]> {
        let secret = Protection::of(field) == Some(Protection::Credentials);
        let Self { line, findings } = self;
        // What is there, whatever the policy has to say of it.
        let mut heaviest: Option<FindingKind> = None;
        let mut seen = 0;
        findings.clear();
        let see = |finding: &Finding| {
            let kind = finding.kind();
            heaviest = Some(heaviest.map_or(kind, |known| known.min(kind)));
            if seen < Verdict::MOST_JUDGED {
                push_finding(findings, finding);
            }
            seen += 1;
        };
        let reading = verdict.findings().and_then(|found| found.reading_with(see));
        let plain = if value.is_ascii() { "ascii" } else { "utf-8" };

        line.clear();
        push(line, &["{\"id\":", id.map_or("null", RawValue::get)]);
        push(
            line,
            &[",\"class\":\"", heaviest.map_or(plain, FindingKind::name)],
        );
        push(line, &["\",\"findings\":["]);
        line.extend_from_slice(findings);
        push(line, &["],\"reading\":"]);
        match reading.filter(|_| !secret) {
            Some(reading) => serde_json::to_writer(&mut *line, reading.text())?,
            None => push(line, &["null"]),
        }
        push(line, &[",\"action\":\"", verdict.action().name()]);
        push(line, &["\",\"forward\":"]);
        let forward = match verdict.outcome() {
            _ if secret => None,
            Outcome::Forward(octets) => Some(*octets),
            Outcome::Rewrite(normalized) => Some(normalized.as_bytes()),
            Outcome::Reject(_) => None,
        };
        match forward {
            Some(octets) => {
                line.push(b'"');
                push_hex(line, octets);
                push(line, &["\"}"]);
            }
            None => push(line, &["null}"]),
        }
        Ok(line)
    }
}

/// Adds a finding to those before it.
fn push_finding(out: &mut Vec<u8>, finding: &Finding) {
    let comma = if out.is_empty() { "" } else { "," };
    let span = finding.span();
    push(out, &[comma, "{\"kind\":\"", finding.kind().name()]);
    // Nothing but memory is written to, which does not fail.
    let _ = write!(out, "\",\"start\":{},\"end\":{}", span.start, span.end);
    if let Some(charset) = finding.charset().map(Charset::name) {
        push(out, &[",\"charset\":\"", charset, "\""]);
    }
    if let Some(confidence) = finding.confidence().map(Confidence::name) {
        push(out, &[",\"confidence\":\"", confidence, "\""]);
    }
    out.push(b'}');
}

fn push(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

/// The answer to a line that could not be read.
#[derive(Serialize)]
pub(super) struct Unread<'l> {
    pub(super) id: Option<&'l RawValue>,
    pub(super) line: usize,
    pub(super) error: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use headguard::Policy;
    use serde_json::{Value, json};

    fn answer(field: &str, value: &[u8]) -> Value {
        let policy = Policy::builder().build().expect("the default");
        let verdict = policy.decide(field, value);
        let id = RawValue::from_string("[1, \"a\"]".to_owned()).expect("JSON");
        let mut answers = Answers::default();
        let line = answers.answer(Some(&id), field, value, &verdict);
        serde_json::from_slice(line.expect("memory")).expect("JSON")
    }

    #[test]
    fn an_answer_is_json_with_all_members_in_it() {
        assert_eq!(
            answer("CompanyName", b"T\xE9l\xE9bec \"LP\""),
            json!({
                "id": [1, "a"],
                "class": "latin1",
                "findings": [
                    {"kind": "latin1", "start": 1, "end": 2, "charset": "windows-1252", "confidence": "likely"},
                    {"kind": "latin1", "start": 3, "end": 4, "charset": "windows-1252", "confidence": "likely"},
                ],
                "reading": "Télébec \"LP\"",
                "action": "log",
                "forward": "54e96ce962656320224c5022",
            })
        );
        assert_eq!(
            answer("CompanyName", b"a\x01b"),
            json!({
                "id": [1, "a"],
                "class": "control",
                "findings": [{"kind": "control", "start": 1, "end": 2}],
                "reading": null,
                "action": "log",
                "forward": "610162",
            })
        );
    }

    #[test]
    fn a_secret_is_neither_read_nor_shown() {
        let answer = answer("Authorization", b"T\xE9l\xE9bec");
        assert_eq!(answer["class"], "latin1");
        assert_eq!(answer["reading"], Value::Null);
        assert_eq!(answer["forward"], Value::Null);
    }

    #[test]
    fn no_more_findings_are_listed_than_are_judged() {
        let answer = answer("CompanyName", &b"a\x01".repeat(2 * Verdict::MOST_JUDGED));
        let listed = answer["findings"].as_array().map(Vec::len);
        assert_eq!(listed, Some(Verdict::MOST_JUDGED));
    }
}
