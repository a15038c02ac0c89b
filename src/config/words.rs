//! The words of a rule: kinds, charsets, and what picks requests out.
//!
//! Which of the latter could never match is the policy's to say.

use super::nearest::nearest;
use super::report::Complaint;
use super::value::shown;
use crate::charset::Charset;
use crate::finding::FindingKind;
use crate::policy::{Form, Unmatchable};

/// A field name or pattern; the policy itself says which are none.
pub(super) fn any(text: &str) -> Result<String, Complaint> {
    Ok(text.to_owned())
}

pub(super) fn name(text: &str) -> Result<String, Complaint> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(Complaint::new("a rule's name is text on one line")
            .help("write a few words, or leave name out: rules are numbered"));
    }
    Ok(text.to_owned())
}

pub(super) fn kind(text: &str) -> Result<FindingKind, Complaint> {
    text.parse().map_err(|_| {
        let names = || FindingKind::ALL.iter().map(|kind| kind.name());
        Complaint::new(format!("unknown finding kind \"{}\"", shown(text))).help(
            match nearest(text, names()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("the kinds are {}", names().collect::<Vec<_>>().join(", ")),
            },
        )
    })
}

pub(super) fn charset(text: &str) -> Result<Charset, Complaint> {
    text.parse().map_err(|_| {
        let names: Vec<_> = Charset::ALL.iter().map(|charset| charset.name()).collect();
        Complaint::new(format!("unknown charset \"{}\"", shown(text)))
            .help(format!("the charsets are {}", names.join(", ")))
    })
}

pub(super) fn forward_as(text: &str) -> Result<Form, Complaint> {
    text.parse().map_err(|_| {
        Complaint::new(format!("unknown form \"{}\"", shown(text)))
            .help(format!("the forms are {}", Form::NAMES.join(", ")))
    })
}

pub(super) fn method(text: &str) -> Result<String, Complaint> {
    matching("method", text, Unmatchable::method(text))
}

pub(super) fn route(text: &str) -> Result<String, Complaint> {
    matching("route", text, Unmatchable::route(text))
}

pub(super) fn host(text: &str) -> Result<String, Complaint> {
    matching("host", text, Unmatchable::host(text))
}

fn matching(what: &str, text: &str, wrong: Option<Unmatchable>) -> Result<String, Complaint> {
    match wrong {
        None => Ok(text.to_owned()),
        Some(Unmatchable { reason, help }) => {
            Err(Complaint::new(format!("{what} \"{}\" {reason}", shown(text))).help(help))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_match_no_request_are_refused() {
        assert_eq!(route("/api/*").ok().as_deref(), Some("/api/*"));
        let complaint = route("a\u{1b}").expect_err("no route");
        assert_eq!(complaint.message, "route \"a\\x1B\" does not start with /");
        assert!(method("post").is_err() && host("a:80").is_err());
        assert!(name("").is_err() && name("a\nb").is_err() && name("\u{e9}").is_ok());
    }
}
