//! A refusal, as the client gets it: problem details (RFC 9457) or plain text.

use super::json::Object;
use super::{Explained, Explanation};
use crate::named::named;
use crate::preview::{Preview, hex};

/// How much a refusal tells the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DetailLevel {
    /// Field, offset, octets, reading and the octets to send instead.
    #[default]
    Full,
    /// Field, kind and offset; no octets.
    Brief,
    /// Only the request's identifier, by which the log tells the rest.
    Id,
}

named!(DetailLevel, "detail level", {
    Full "full",
    Brief "brief",
    Id "id",
});

/// How many findings one refusal lists, over all fields.
const MOST_LISTED: usize = 32;

/// A refused request, told to the client that sent it.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'e> {
    /// The values the request is refused for.
    pub refused: &'e [Explanation],
    /// The request's identifier, if it has one.
    pub instance: Option<&'e str>,
    /// How much to tell.
    pub level: DetailLevel,
}

impl Problem<'_> {
    /// The media type of [`to_json`](Self::to_json).
    pub const MEDIA_TYPE: &'static str = "application/problem+json";

    /// The media type and the body, as the client prefers them.
    #[cfg(feature = "http")]
    pub(crate) fn told(&self, as_text: bool) -> (&'static str, String) {
        match as_text {
            true => ("text/plain; charset=utf-8", self.to_text()),
            false => (Self::MEDIA_TYPE, self.to_json() + "\n"),
        }
    }

    /// The body as problem details.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut object = Object::new()
            .string("type", &self.url())
            .string("title", TITLE)
            .number("status", 400)
            .string("detail", &self.detail());
        if self.level != DetailLevel::Id {
            let findings = self
                .refused
                .iter()
                .flat_map(|value| value.findings.iter().map(move |one| (value, one)));
            let listed = findings
                .take(MOST_LISTED)
                .map(|(value, one)| self.finding(value, one));
            let found = self.refused.iter().map(Explanation::found).sum();
            object = object.array("findings", listed).number("found", found);
        }
        if self.level == DetailLevel::Full {
            object = object.array("send", self.refused.iter().filter_map(send));
        }
        if let Some(instance) = self.instance {
            object = object.string("instance", instance);
        }
        object.finish()
    }

    /// The body as plain text, for clients that ask for it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("400 {TITLE}\n{}\n", self.detail());
        if self.level != DetailLevel::Id {
            text += &format!("See {}\n", self.url());
        }
        if let Some(instance) = self.instance {
            text += &format!("Request: {instance}\n");
        }
        text
    }

    /// What is wrong, a sentence a value.
    fn detail(&self) -> String {
        match self.level {
            DetailLevel::Full => {
                let sentences: Vec<String> = self
                    .refused
                    .iter()
                    .take(MOST_LISTED)
                    .map(Explanation::sentence)
                    .collect();
                sentences.join(" ")
            }
            DetailLevel::Brief => {
                let fields: Vec<&str> = self
                    .refused
                    .iter()
                    .take(MOST_LISTED)
                    .map(Explanation::field)
                    .collect();
                format!(
                    "The value of {} is not encoded as this service asks.",
                    fields.join(", ")
                )
            }
            DetailLevel::Id => {
                "A header field value is not encoded as this service asks.".to_owned()
            }
        }
    }

    /// The page of the heaviest kind; "about:blank" where nothing is to be told.
    fn url(&self) -> String {
        let blamed = |one: &Explanation| one.culprit().map(|culprit| culprit.finding.kind());
        let kind = self.refused.iter().filter_map(blamed).min();
        match kind.filter(|_| self.level != DetailLevel::Id) {
            Some(kind) => kind.url(),
            None => "about:blank".to_owned(),
        }
    }

    fn finding(&self, value: &Explanation, one: &Explained) -> String {
        let span = one.finding.span();
        let object = Object::new()
            .string("field", &value.field)
            .number("occurrence", value.occurrence)
            .string("kind", one.finding.kind().name())
            .number("offset", span.start);
        if self.level != DetailLevel::Full {
            return object.finish();
        }
        let mut object = object
            .optional("hex", one.hex.as_deref())
            .string("detail", &one.detail);
        if let Some(charset) = one.finding.charset() {
            object = object.string("charset", charset.name());
        }
        if let Some(confidence) = one.finding.confidence() {
            object = object.string("confidence", confidence.name());
        }
        if let Some(reads) = &one.reads {
            object = object.string(
                "reads",
                &Preview::new(reads.as_bytes())
                    .up_to(super::HEX_OCTETS)
                    .to_string(),
            );
        }
        object.finish()
    }
}

/// The whole value as it should have been sent, unless it is too long to tell.
fn send(value: &Explanation) -> Option<String> {
    let text = value.send.as_deref()?;
    (text.len() <= MOST_SENT).then(|| {
        Object::new()
            .string("field", &value.field)
            .number("occurrence", value.occurrence)
            .string("value", text)
            .string("hex", &hex(text.as_bytes(), text.len()))
            .finish()
    })
}

/// How long a value is at most that a refusal repeats whole, in octets.
const MOST_SENT: usize = 1024;

const TITLE: &str = "Header field value in the wrong encoding";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, Preset};

    fn refused(field: &str, value: &[u8]) -> Explanation {
        let policy = Policy::builder()
            .preset(Preset::Strict)
            .build()
            .expect("no rules");
        Explanation::new(field, 1, value, &policy.decide(field, value))
    }

    fn json(level: DetailLevel, refused: &[Explanation]) -> serde_json::Value {
        let problem = Problem {
            refused,
            instance: Some("r-1"),
            level,
        };
        serde_json::from_str(&problem.to_json()).expect("JSON")
    }

    #[test]
    fn a_full_refusal_says_what_to_send() {
        let body = json(
            DetailLevel::Full,
            &[refused("CompanyName", b"T\xE9l\xE9bec LP")],
        );
        let detail = body["detail"].as_str().unwrap_or_default();
        assert_eq!(
            detail,
            "CompanyName: octet E9 at offset 1 is not UTF-8; it reads as é in windows-1252, and one finding more; \
             send the octets 54c3a96cc3a9626563204c50 instead."
        );
        assert_eq!(body["findings"][0]["hex"], "e9");
        assert_eq!(body["findings"][0]["reads"], "é");
        assert_eq!(body["found"], 2);
        assert_eq!(body["findings"][1]["offset"], 3);
        assert_eq!(body["send"][0]["value"], "Télébec LP");
        assert_eq!(body["send"][0]["hex"], "54c3a96cc3a9626563204c50");
        assert_eq!(body["instance"], "r-1");
    }

    #[test]
    fn less_is_told_where_less_is_asked() {
        let refused = [refused("CompanyName", b"T\xE9l\xE9bec LP")];
        let brief = Problem {
            refused: &refused,
            instance: None,
            level: DetailLevel::Brief,
        }
        .to_json();
        assert!(
            brief.contains("CompanyName")
                && !brief.to_lowercase().contains("e9")
                && !brief.contains("bec")
        );
        let id = Problem {
            refused: &refused,
            instance: Some("r-1"),
            level: DetailLevel::Id,
        }
        .to_json();
        assert!(!id.contains("CompanyName") && !id.contains("latin1") && id.contains("r-1"));
    }

    #[test]
    fn credentials_are_never_told() {
        for level in DetailLevel::ALL {
            let refused = [refused("Authorization", b"Basic s\xE9cret")];
            let problem = Problem {
                refused: &refused,
                instance: None,
                level: *level,
            };
            for body in [problem.to_json(), problem.to_text()] {
                assert!(
                    !body.contains("cret") && !body.to_lowercase().contains("e9"),
                    "{body}"
                );
            }
        }
    }

    #[test]
    fn a_refusal_cannot_be_injected_into() {
        let refused = [refused("CompanyName", b"\x1b[2J\r\nX: \xE9\x9f")];
        let text = Problem {
            refused: &refused,
            instance: None,
            level: DetailLevel::Full,
        }
        .to_text();
        assert!(
            !text.contains('\u{1b}') && text.lines().count() == 3,
            "{text}"
        );
    }
}
