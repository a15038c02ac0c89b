//! From a value as written to a value as meant.
//!
//! The same functions read what stands in a file, where it has a TOML type,
//! and what comes in a flag or a variable, where it is bare text.

use super::document::{Spanned, Value};
use super::listen::{Listen, listen};
use super::nearest::nearest;
use super::network::{Network, network};
use super::report::Complaint;
use crate::policy::Preset;
use crate::preview::Preview;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// A value as it was written.
#[derive(Clone, Copy)]
pub(super) enum Given<'a> {
    File(&'a Spanned<Value>),
    Setting(&'a str),
}

impl<'a> Given<'a> {
    fn text(self, what: &str) -> Result<&'a str, Complaint> {
        match self {
            Self::File(Spanned {
                value: Value::Text(text),
                ..
            }) => Ok(text),
            Self::File(other) => Err(mismatch(what, &other.value)),
            Self::Setting(text) => Ok(text),
        }
    }

    /// `text` as one writes it here: with quotes in a file, without elsewhere.
    fn spell(self, text: &str) -> String {
        match self {
            Self::File(_) => format!("\"{text}\""),
            Self::Setting(_) => text.to_owned(),
        }
    }
}

/// "expected …, found …"
pub(super) fn mismatch(what: &str, found: &Value) -> Complaint {
    Complaint::new(format!("expected {what}, found {}", found.noun()))
}

pub(super) fn boolean(given: Given<'_>) -> Result<bool, Complaint> {
    match given {
        Given::File(written) => match &written.value {
            Value::Boolean(value) => Ok(*value),
            Value::Text(text) if ["true", "false"].contains(&text.as_str()) => {
                Err(mismatch("true or false", &written.value)
                    .help(format!("write {text} without quotes")))
            }
            other => Err(mismatch("true or false", other).help("write true or false")),
        },
        Given::Setting("true") => Ok(true),
        Given::Setting("false") => Ok(false),
        Given::Setting(other) => Err(Complaint::new(format!(
            "expected true or false, found \"{}\"",
            shown(other)
        ))
        .help("write true or false")),
    }
}

pub(super) fn number(given: Given<'_>, range: RangeInclusive<u32>) -> Result<u32, Complaint> {
    let (least, most) = range.into_inner();
    let what = "a whole number";
    let (value, found) = match given {
        Given::File(written) => match &written.value {
            Value::Integer(i128::MAX) => (None, "the number".to_owned()),
            Value::Integer(value) => (u32::try_from(*value).ok(), value.to_string()),
            Value::Text(text) if text.parse::<u32>().is_ok() => {
                return Err(mismatch(what, &written.value)
                    .help(format!("write {} without quotes", shown(text))));
            }
            other => return Err(mismatch(what, other)),
        },
        Given::Setting(text) => {
            let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
            if !digits {
                return Err(Complaint::new(format!(
                    "expected {what}, found \"{}\"",
                    shown(text)
                )));
            }
            (text.parse().ok(), shown(text).to_string())
        }
    };
    value
        .filter(|value| (least..=most).contains(value))
        .ok_or_else(|| {
            let side = match value {
                Some(value) if value < least => "too small",
                None if found.starts_with('-') => "too small",
                _ => "too large",
            };
            Complaint::new(format!("{found} is {side}"))
                .help(format!("write a number from {least} to {most}"))
        })
}

/// A duration; `0s` only where `zero` means something.
pub(super) fn duration(given: Given<'_>, zero: Zero) -> Result<Duration, Complaint> {
    const WHAT: &str = "a duration";
    const UNITS: &str = "the units are ms, s, m and h";
    if let Given::File(Spanned {
        value: value @ Value::Integer(number),
        ..
    }) = given
    {
        return Err(mismatch(WHAT, value).help(format!("write \"{number}s\" for seconds; {UNITS}")));
    }
    let text = given.text(WHAT)?;
    let wrong = || {
        Complaint::new(format!("\"{}\" is not a duration", shown(text))).help(format!(
            "write a whole number with its unit, such as {}; {UNITS}",
            given.spell("10s")
        ))
    };
    let split = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    if digits.is_empty() {
        return Err(wrong());
    }
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        "" => {
            let remedy = given.spell(&format!("{}s", shown(text)));
            return Err(wrong().help(format!("write {remedy} for seconds; {UNITS}")));
        }
        _ => return Err(wrong()),
    };
    let duration = digits
        .parse()
        .ok()
        .and_then(|number: u64| number.checked_mul(milliseconds))
        .map(Duration::from_millis)
        .filter(|&duration| duration <= LONGEST);
    match duration {
        None => Err(Complaint::new(format!("\"{}\" is too long", shown(text)))
            .help("the longest duration is 24h")),
        Some(Duration::ZERO) if zero == Zero::Refused => {
            Err(Complaint::new("a duration of zero leaves no time")
                .help("write a duration greater than zero"))
        }
        Some(duration) => Ok(duration),
    }
}

/// Whether a duration may be zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Zero {
    Accepted,
    Refused,
}

/// Clocks overflow when asked for the end of time.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The duration as [`duration`] reads it: no unit greater than what people say.
pub(super) fn spell_duration(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    match (seconds, rest) {
        (_, 1..) => format!("{milliseconds}ms"),
        (3600.., _) if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        (61.., _) if seconds % 60 == 0 => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

/// One of a few words.
pub(super) fn choice<T: Copy>(
    given: Given<'_>,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, Complaint> {
    let names = || all.iter().map(|&one| name(one));
    let list = names().collect::<Vec<_>>().join(", ");
    let word = given
        .text("a string")
        .map_err(|complaint| complaint.help(format!("write one of {list}, in quotes")))?;
    all.iter()
        .copied()
        .find(|&one| name(one) == word)
        .ok_or_else(|| {
            let complaint = Complaint::new(format!("unknown choice \"{}\"", shown(word)));
            match nearest(word, names()) {
                Some(near) => complaint.help(format!("did you mean {}?", given.spell(near))),
                None => complaint.help(format!("write one of {list}")),
            }
        })
}

/// What the requests' findings get: one of all presets but `off`.
pub(super) fn preset(given: Given<'_>) -> Result<Preset, Complaint> {
    if let Ok("off") = given.text("a string") {
        return Err(Complaint::new("requests are always judged").help(format!(
            "write {}, which reports and changes nothing",
            given.spell("log")
        )));
    }
    choice(given, REQUEST_PRESETS, Preset::name)
}

const REQUEST_PRESETS: &[Preset] = &[Preset::Log, Preset::Repair, Preset::Strict];

/// Addresses to listen on, or `off` for none.
pub(super) fn listeners(given: Given<'_>) -> Result<Vec<Listen>, Vec<Complaint>> {
    list(given, OFF, listen)
}

/// An address to listen on, or `off`.
pub(super) fn listener(given: Given<'_>) -> Result<Option<Listen>, Complaint> {
    match given.text("a string")? {
        OFF => Ok(None),
        text => listen(text).map(Some),
    }
}

/// Where nothing listens.
pub(super) const OFF: &str = "off";

/// Networks and addresses, or `none`.
pub(super) fn networks(given: Given<'_>) -> Result<Vec<Network>, Vec<Complaint>> {
    list(given, "none", network)
}

/// A text, or a list of them; a setting separates them by commas, and has a
/// word for the list of none.
fn list<T>(
    given: Given<'_>,
    none: &str,
    read: fn(&str) -> Result<T, Complaint>,
) -> Result<Vec<T>, Vec<Complaint>> {
    let mut complaints = Vec::new();
    let texts: Vec<_> = match given {
        Given::Setting(list) => list.split(',').map(|text| (text.trim(), None)).collect(),
        Given::File(written) => match &written.value {
            Value::List(items) => items
                .iter()
                .filter_map(|item| {
                    let span = Some(item.span.clone());
                    match Given::File(item).text("a string") {
                        Ok(text) => return Some((text, span)),
                        Err(complaint) => complaints.push(complaint.at(span)),
                    }
                    None
                })
                .collect(),
            Value::Text(text) => vec![(text.as_str(), None)],
            other => return Err(mismatch("a string or a list of strings", other).into()),
        },
    };
    if let [(text, None)] = texts.as_slice()
        && *text == none
    {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for (text, span) in texts {
        match read(text) {
            Ok(one) => all.push(one),
            Err(complaint) => complaints.push(complaint.at(span)),
        }
    }
    if complaints.is_empty() {
        Ok(all)
    } else {
        Err(complaints)
    }
}

/// A text that means something by itself.
pub(super) fn text<T>(
    given: Given<'_>,
    read: fn(&str) -> Result<T, Complaint>,
) -> Result<T, Complaint> {
    read(given.text("a string")?)
}

/// The path of a file, which is not looked at.
pub(super) fn file(text: &str) -> Result<PathBuf, Complaint> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(Complaint::new(format!(
            "\"{}\" is not the path of a file",
            shown(text)
        )));
    }
    Ok(PathBuf::from(text))
}

/// Text of the configuration as a message may show it.
pub(super) fn shown(text: &str) -> Preview<'_> {
    Preview::new(text.as_bytes()).up_to(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_spell() {
        for (text, milliseconds, spelled) in [
            ("250ms", 250, "250ms"),
            ("1000ms", 1000, "1s"),
            ("1500ms", 1500, "1500ms"),
            ("10s", 10_000, "10s"),
            ("60s", 60_000, "60s"),
            ("1m", 60_000, "60s"),
            ("2m", 120_000, "2m"),
            ("90s", 90_000, "90s"),
            ("60m", 3_600_000, "1h"),
            ("24h", 86_400_000, "24h"),
            ("0s", 0, "0s"),
            ("0ms", 0, "0s"),
        ] {
            let read = duration(Given::Setting(text), Zero::Accepted);
            let read = read.unwrap_or_else(|complaint| panic!("{text}: {complaint:?}"));
            assert_eq!(read, Duration::from_millis(milliseconds), "{text}");
            assert_eq!(spell_duration(read), spelled, "{text}");
        }
        for text in [
            "",
            "s",
            "10",
            "10 s",
            "1.5s",
            "-1s",
            "10S",
            "10sec",
            "25h",
            "1d",
            "99999999999999999999s",
            "18446744073709551615h",
            "١s",
        ] {
            assert!(
                duration(Given::Setting(text), Zero::Accepted).is_err(),
                "{text}"
            );
        }
        assert!(duration(Given::Setting("0s"), Zero::Refused).is_err());
    }

    #[test]
    fn numbers_of_settings() {
        for (text, read) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("10", Some(10)),
            ("11", None),
            ("+1", None),
            ("-1", None),
            ("", None),
            ("1_0", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(number(Given::Setting(text), 0..=10).ok(), read, "{text}");
        }
    }
}
