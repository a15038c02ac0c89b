//! Events for a person at a terminal: a line a request, a line a finding.

use super::REQUEST;
use super::layer::{Fields, Value};
use crate::preview::Preview;
use serde_json::Value as Json;
use std::fmt::Write as _;
use tracing::Level;

/// Whether lines have colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Color,
    Plain,
}

/// How many findings of one request are shown.
const MOST_SHOWN: usize = 32;

const BOLD: &str = "1";
const DIM: &str = "2";
const GREEN: &str = "32";
const RED: &str = "31";
const YELLOW: &str = "33";

pub(super) fn lines(
    level: Level,
    target: &str,
    fields: &Fields,
    now: &str,
    style: Style,
) -> String {
    // `2026-11-20T12:01:07.…Z`: on a terminal the day is known.
    let time = now.get(11..19).unwrap_or(now);
    let mut lines = style.paint(DIM, time);
    if target == REQUEST {
        request(&mut lines, fields, style);
    } else {
        plain(&mut lines, level, fields, style);
    }
    lines
}

/// `12:01:07 POST api.example.com/orders 400 rejected 0.4ms`, and what was found.
fn request(lines: &mut String, fields: &Fields, style: Style) {
    let field = |name| fields.find(name).unwrap_or_default();
    let target = escaped(field("host")) + &safe(field("path"));
    let status = match field("status") {
        "" => "-",
        status => status,
    };
    let color = match status.as_bytes().first() {
        Some(b'5') => RED,
        Some(b'4') => YELLOW,
        _ => GREEN,
    };
    let _ = write!(
        lines,
        " {} {} {}",
        style.paint(BOLD, &safe(field("method"))),
        target,
        style.paint(color, status)
    );
    let done = match (field("answer"), field("action")) {
        ("", "allow" | "") => "",
        ("", action) => action,
        (answer, _) => answer,
    };
    for word in [done, field("ended")] {
        if !word.is_empty() && word != "complete" {
            let _ = write!(lines, " {}", safe(word));
        }
    }
    if field("dry_run") == "true" {
        lines.push_str(" (dry run)");
    }
    let _ = writeln!(lines, " {}ms", safe(field("duration_ms")));

    if let Ok(refused) = serde_json::from_str::<Json>(field("refused")) {
        let _ = writeln!(lines, "    {}", safe(text(&refused, "detail")));
    }
    if let Some(error) = fields.find("error") {
        let upstream = fields.find("upstream").unwrap_or_default();
        // The error of a connection names it.
        let whose = match upstream {
            "" => String::new(),
            _ if error.contains(upstream) => "upstream: ".to_owned(),
            _ => format!("upstream {}: ", safe(upstream)),
        };
        let _ = writeln!(lines, "    {whose}{}", style.paint(RED, &safe(error)));
    }
    let values: Vec<Json> = serde_json::from_str(field("values")).unwrap_or_default();
    let findings: Vec<String> = values.iter().flat_map(value).collect();
    for finding in findings.iter().take(MOST_SHOWN) {
        let _ = writeln!(lines, "    {finding}");
    }
    if let Some(more @ 1..) = findings.len().checked_sub(MOST_SHOWN) {
        let _ = writeln!(lines, "    … and {more} findings more");
    }
    if let Some(more) = fields.find("unlisted_values") {
        let _ = writeln!(lines, "    … and {} values more", safe(more));
    }
}

/// A line for each finding of one value, and for what else is said of it. The
/// first tells the value and what was meant, where values are logged.
fn value(value: &Json) -> Vec<String> {
    let mut name = safe(text(value, "field"));
    if let Some(nth @ 2..) = value["occurrence"].as_u64() {
        let _ = write!(name, " (occurrence {nth})");
    }
    let findings = value["findings"].as_array().map_or(&[][..], Vec::as_slice);
    let mut lines: Vec<String> = findings
        .iter()
        .map(|one| {
            let by = safe(text(one, "by"));
            let (kind, action) = (safe(text(one, "kind")), safe(text(one, "action")));
            format!("{name}: {} ({kind}, {action}, {by})", clause(one))
        })
        .collect();
    if let (Some(first), Some(octets)) = (lines.first_mut(), octets(text(value, "hex"))) {
        let _ = write!(first, " — sent {}", Preview::new(&octets));
        if let Some(meant) = value.pointer("/reading/text").and_then(Json::as_str) {
            let _ = write!(first, ", meant {}", Preview::new(meant.as_bytes()));
        }
    }
    let found = value["found"].as_u64().unwrap_or_default();
    if let Some(more @ 1..) = found.checked_sub(findings.len() as u64) {
        lines.push(format!("{name}: … and {more} findings more"));
    }
    if let Some(limit) = value["limit"].as_u64() {
        let octets = value["octets"].as_u64().unwrap_or_default();
        lines.push(format!("{name}: {octets} octets where {limit} are allowed"));
    }
    if let Some(reason) = value["not_repaired"].as_str() {
        lines.push(format!("{name}: not repaired: {}", safe(reason)));
    }
    lines
}

/// What a finding is: in full where values are logged, else without its octets.
fn clause(finding: &Json) -> String {
    if let Some(detail) = finding["detail"].as_str() {
        return escaped(detail);
    }
    let (start, end) = (
        finding["start"].as_u64().unwrap_or_default(),
        finding["end"].as_u64().unwrap_or_default(),
    );
    let mut clause = match end.saturating_sub(start) {
        1 => format!("1 octet at offset {start}"),
        octets => format!("{octets} octets at offset {start}"),
    };
    if let Some(charset) = finding["charset"].as_str() {
        let _ = write!(
            clause,
            ", {} {}",
            safe(text(finding, "confidence")),
            safe(charset)
        );
    }
    clause
}

/// `12:01:07 INFO listening address=127.0.0.1:8080`
fn plain(lines: &mut String, level: Level, fields: &Fields, style: Style) {
    let color = match level {
        Level::ERROR => RED,
        Level::WARN => YELLOW,
        _ => GREEN,
    };
    let level = style.paint(color, level.as_str());
    let _ = write!(lines, " {level}");
    if let Some(message) = fields.find("message") {
        let _ = write!(lines, " {}", safe(message));
    }
    for (name, value) in fields.0.iter().filter(|(name, _)| *name != "message") {
        let (Value::Plain(value) | Value::Text(value)) = value;
        let _ = write!(lines, " {name}={}", safe(value));
    }
    lines.push('\n');
}

fn text<'j>(json: &'j Json, key: &str) -> &'j str {
    json[key].as_str().unwrap_or_default()
}

/// What hex digits say, if they do and it is anything.
fn octets(hex: &str) -> Option<Vec<u8>> {
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let octets: Option<Vec<u8>> = hex.as_bytes().chunks(2).map(octet).collect();
    octets.filter(|octets| !octets.is_empty())
}

/// Text that is escaped already, without escaping its escapes again. Text that
/// is not gets no more harmful by it.
fn escaped(text: &str) -> String {
    safe(text).replace(r"\\", r"\")
}

/// The text on one line, with nothing in it that a terminal obeys.
fn safe(text: &str) -> String {
    Preview::new(text.as_bytes()).up_to(512).to_string()
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Color => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}
