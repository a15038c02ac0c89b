//! The words of a rule: kinds, charsets, and what picks requests out.
//!
//! A word that could never match is a mistake here, since a rule that is
//! never used looks like a rule that finds nothing.

use super::nearest::nearest;
use super::report::Complaint;
use super::value::shown;
use crate::charset::Charset;
use crate::finding::FindingKind;
use crate::octet;

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
        Complaint::new(format!("unknown charset \"{}\"", shown(text))).help(format!(
            "the charsets of this version are {}",
            names.join(", ")
        ))
    })
}

pub(super) fn forward_as(text: &str) -> Result<(), Complaint> {
    match text {
        "utf-8" => Ok(()),
        "latin1" | "percent" | "ext-value" | "display-string" | "char-ref" => {
            Err(Complaint::new(format!(
                "\"{text}\" is not in this version, which forwards repaired values as utf-8 only"
            ))
            .help("write \"utf-8\", or leave forward_as out"))
        }
        other => Err(Complaint::new(format!("unknown form \"{}\"", shown(other)))
            .help("write \"utf-8\", or leave forward_as out")),
    }
}

/// Methods are compared exactly (RFC 9110 §9.1).
pub(super) fn method(text: &str) -> Result<String, Complaint> {
    if text.is_empty() || !text.bytes().all(octet::is_token) {
        return Err(
            Complaint::new(format!("\"{}\" is not a method", shown(text)))
                .help("write a method as requests do, such as \"POST\""),
        );
    }
    let upper = text.to_ascii_uppercase();
    if upper != text && METHODS.contains(&upper.as_str()) {
        return Err(
            Complaint::new(format!("no client sends the method {text}: case counts"))
                .help(format!("write \"{upper}\"")),
        );
    }
    Ok(text.to_owned())
}

const METHODS: &[&str] = &[
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

/// A path, or the start of one with a `*`.
pub(super) fn route(text: &str) -> Result<String, Complaint> {
    let path = text.strip_suffix('*').unwrap_or(text);
    let wrong = |message: &str| Complaint::new(format!("route \"{}\" {message}", shown(text)));
    if path.contains('*') {
        return Err(wrong("has a * that is not at its end").help("write for example \"/api/*\""));
    }
    if path.contains(['?', '#']) {
        return Err(
            wrong("has more than a path").help("write the path only: queries are not compared")
        );
    }
    if !path.starts_with('/') {
        return Err(wrong("does not start with /").help("write for example \"/api/*\""));
    }
    if path.contains("//") || path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(
            wrong("matches nothing: empty and dot segments are resolved before comparing")
                .help("write the path without them"),
        );
    }
    Ok(text.to_owned())
}

/// A host without its port, or `*.` and what the host is below.
pub(super) fn host(text: &str) -> Result<String, Complaint> {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let wrong = |message: &str| Complaint::new(format!("host \"{}\" {message}", shown(text)));
    if name.contains('*') {
        return Err(
            wrong("has a * that is not a first label").help("write for example \"*.example.com\"")
        );
    }
    if name.contains('/') {
        return Err(wrong("has more than a host").help("write for example \"api.example.com\""));
    }
    if !name.starts_with('[') && name.contains(':') {
        return Err(wrong("has a port").help("write the host only: ports are not compared"));
    }
    if name.is_empty() || !name.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Err(wrong("is none")
            .help("write for example \"api.example.com\"; other scripts in their xn-- form"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_never_match_are_refused() {
        for text in ["/", "/api", "/api/*", "/*", "/a.b/..c", "/%41"] {
            assert!(route(text).is_ok(), "{text}");
        }
        for text in [
            "", "*", "api", "/a*b", "/a?b", "/a#b", "/a//b", "/a/../b", "/./*",
        ] {
            assert!(route(text).is_err(), "{text}");
        }
        for text in [
            "example.com",
            "*.example.com",
            "localhost",
            "127.0.0.1",
            "[::1]",
        ] {
            assert!(host(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "*",
            "*.",
            "a.*.b",
            "example.com:80",
            "http://a",
            "a/b",
            "a b",
            "bücher.example",
        ] {
            assert!(host(text).is_err(), "{text}");
        }
        for text in ["GET", "PROPFIND", "purge"] {
            assert!(method(text).is_ok(), "{text}");
        }
        for text in ["", "get", "Post", "A B", "GÉT"] {
            assert!(method(text).is_err(), "{text}");
        }
        assert!(name("").is_err() && name("a\nb").is_err() && name("é").is_ok());
    }
}
