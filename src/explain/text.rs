//! An explanation for a person at a terminal.

use super::ruler::{BAD, DIM, GOOD, ruler};
use super::{Explanation, client_fixes, reproduce};
use crate::finding::FindingKind;
use crate::octet::is_ctl;
use crate::policy::Action;
use crate::preview::Preview;
use anstyle::Style;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// How many findings are told one by one.
const TOLD: usize = 12;

/// How many other readings are offered.
const OFFERED: usize = 3;

const HEADING: Style = Style::new().bold();

/// Writes an explanation as text with ANSI styles, for a terminal of `width`
/// columns; unknown, nothing is wrapped.
///
/// Print it through `anstream`, which leaves the styles out where they are not
/// wanted. Nothing of the value reaches the text unescaped.
#[must_use]
pub fn render(explanation: &Explanation, width: Option<usize>) -> String {
    let mut text = String::new();
    let name = Preview::new(explanation.field().as_bytes()).up_to(80);
    let unit = if explanation.octets == 1 {
        "octet"
    } else {
        "octets"
    };
    let shown = match explanation.value() {
        Some(value) => Preview::new(value).up_to(160).to_string(),
        None => "(not shown: this field carries credentials)".to_owned(),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{HEADING}{name}:{HEADING:#} {shown}  {DIM}{} {unit}{DIM:#}\n",
        explanation.octets
    );
    if let Some(value) = explanation.value().filter(|value| !value.is_empty()) {
        text += &ruler(explanation, value, width.unwrap_or(80));
        text.push('\n');
    }
    findings(&mut text, explanation, width.unwrap_or(usize::MAX));
    readings(&mut text, explanation);
    policy(&mut text, explanation);
    fixes(&mut text, explanation);
    text
}

fn findings(text: &mut String, explanation: &Explanation, width: usize) {
    if explanation.found() == 0 && explanation.too_long.is_none() {
        let _ = writeln!(text, "{GOOD}Nothing is wrong with it.{GOOD:#}");
        return;
    }
    if let Some(limit) = explanation.too_long {
        let _ = writeln!(
            text,
            "{BAD}too long{BAD:#}  {} octets where {limit} are allowed",
            explanation.octets
        );
    }
    for one in explanation.findings().iter().take(TOLD) {
        let kind = one.finding().kind();
        let sure = one
            .finding()
            .confidence()
            .map_or_else(String::new, |sure| format!(" ({})", sure.name()));
        let told = wrapped(one.detail(), kind.name().len() + sure.len() + 2, width);
        let _ = writeln!(text, "{BAD}{kind}{BAD:#}{DIM}{sure}{DIM:#}  {told}");
    }
    if explanation.found() > TOLD {
        let _ = writeln!(
            text,
            "{DIM}… and {} findings more{DIM:#}",
            explanation.found() - TOLD
        );
    }
}

/// Words in lines of at most `width` columns, of which the first has `used`
/// some already; the others stand four columns in.
fn wrapped(words: &str, used: usize, width: usize) -> String {
    const INDENT: usize = 4;
    let mut text = String::new();
    let mut column = used;
    for word in words.split(' ') {
        if !text.is_empty() {
            if column + 1 + word.width() > width {
                let _ = write!(text, "\n{:INDENT$}", "");
                column = INDENT;
            } else {
                text.push(' ');
                column += 1;
            }
        }
        text.push_str(word);
        column += word.width();
    }
    text
}

fn readings(text: &mut String, explanation: &Explanation) {
    text.push('\n');
    let (reason, others) = explanation.ranking();
    if let Some(reading) = explanation.reading() {
        let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        let meant = Preview::new(reading.text().as_bytes()).up_to(400);
        let charset = reading
            .charset()
            .map_or_else(String::new, |charset| format!(", {charset}"));
        row(
            text,
            "Meant",
            &format!(
                "{GOOD}{meant}{GOOD:#}  {DIM}{}{charset}{reason}{DIM:#}",
                reading.confidence().name()
            ),
        );
    } else if explanation.value().is_some() && explanation.kind().is_some_and(hides_the_text) {
        row(text, "Meant", "nobody can tell from the octets alone");
    }
    for (at, other) in others.iter().take(OFFERED).enumerate() {
        let label = if at == 0 { "Or" } else { "" };
        row(
            text,
            label,
            &format!(
                "{}  {DIM}{}: {}{DIM:#}",
                Preview::new(other.text.as_bytes()).up_to(200),
                other.charset,
                other.reason
            ),
        );
    }
    match (explanation.send(), explanation.reading()) {
        (Some(send), _) => row(text, "Send", &send_octets(send)),
        (None, Some(_)) => row(
            text,
            "Send",
            "nothing before what else is found is taken out",
        ),
        (None, None) => {}
    }
}

/// Whether a value of this kind cannot be read as it stands. Others can: only
/// the sender knows whether the characters in them belong there.
const fn hides_the_text(kind: FindingKind) -> bool {
    !matches!(
        kind,
        FindingKind::BidiControl
            | FindingKind::Control
            | FindingKind::EdgeSpace
            | FindingKind::Fullwidth
            | FindingKind::Invisible
            | FindingKind::Noncharacter
            | FindingKind::NotNfc
    )
}

/// The octets to send, as a person can compare them with the ruler.
fn send_octets(octets: &[u8]) -> String {
    const SHOWN: usize = 64;
    let shown: Vec<String> = octets
        .iter()
        .take(SHOWN)
        .map(|octet| format!("{octet:02X}"))
        .collect();
    let more = octets.len().saturating_sub(SHOWN);
    let rest = if more > 0 {
        format!(" … ({more} octets more)")
    } else {
        String::new()
    };
    shown.join(" ") + &rest
}

fn policy(text: &mut String, explanation: &Explanation) {
    let does = match (explanation.action(), explanation.form) {
        (Action::Normalize, Some(form)) => &format!("forwards it as {form}"),
        (Action::Allow, _) => "forwards it as it came",
        (Action::Log, _) => "reports it and forwards it as it came",
        (Action::Normalize, None) => "forwards it repaired",
        (Action::Reject, _) => "refuses the request",
    };
    let by = explanation
        .source()
        .map_or_else(String::new, |source| format!("  {DIM}{source}{DIM:#}"));
    row(text, "Policy", &format!("{does}{by}"));
    if explanation
        .value()
        .is_some_and(|value| value.iter().any(|&octet| is_ctl(octet)))
    {
        row(
            text,
            "",
            "HTTP itself forbids a control octet: a server answers 400 before any policy",
        );
    }
    if let Some(why) = explanation.not_repaired() {
        row(text, "", &format!("not repaired: {why}"));
    }
}

fn fixes(text: &mut String, explanation: &Explanation) {
    if let Some(send) = explanation.send.as_deref().filter(|send| send.len() <= 400) {
        text.push('\n');
        for (at, fix) in client_fixes(explanation.field(), send).iter().enumerate() {
            let label = if at == 0 { "Fix" } else { "" };
            row(
                text,
                label,
                &format!("{DIM}{:<9}{DIM:#} {}", fix.client, fix.code),
            );
        }
    }
    if let Some(value) = explanation.value().filter(|value| value.len() <= 400)
        && explanation.found() > 0
    {
        row(text, "Again", &reproduce(explanation.field(), value));
    }
    if let Some(kind) = explanation.kind() {
        row(text, "More", &format!("headguard explain {kind}"));
    }
}

fn row(text: &mut String, label: &str, what: &str) {
    let _ = writeln!(text, "{HEADING}{label:<8}{HEADING:#} {what}");
}
