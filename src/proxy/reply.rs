//! Every answer of our own. One function turns what went wrong into a response.

use super::limits::{Exceeded, Limit};
use super::memo::Refusal;
use super::request_id::RequestId;
use super::upstream::{UpstreamError, UpstreamFailure};
use crate::explain::json::Object;
use crate::explain::{DetailLevel, Problem};
use crate::headers::{Rejected, prefers_text};
use crate::preview::{Preview, hex};
use crate::wire::framing::{Malformed, Offender};
use crate::wire::syntax::{Place, SyntaxError};
use http::StatusCode;
use std::borrow::Cow;
use std::io::Write as _;
use std::rc::Rc;

/// Why a request is answered by us.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its body is no body.
    BodyBroken,
    /// Its body stopped coming.
    BodyStalled,
    /// Its body comes too slowly.
    BodySlow,
    /// There are too many requests already.
    Busy,
    /// There is nobody to answer.
    ClientGone,
    /// It is too much of something.
    Exceeded(Exceeded),
    /// Its head stopped coming.
    HeadStalled,
    /// HTTP forbids to pass it on.
    Malformed(Malformed),
    /// We broke down over it.
    Panicked,
    /// The policy refuses it.
    Rejected(Box<Rejected>),
    /// The policy refuses it again.
    Repeated(Rc<Refusal>),
    /// The policy for responses refuses the upstream's answer.
    ResponseRejected,
    /// Its head, or its trailer section, is not HTTP.
    Syntax(SyntaxError),
    /// The upstream did not answer it.
    Upstream(UpstreamFailure),
}

impl Fault {
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::BodyBroken | Self::ClientGone | Self::Rejected(_) | Self::Repeated(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::BodyStalled | Self::BodySlow | Self::HeadStalled => StatusCode::REQUEST_TIMEOUT,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Exceeded(exceeded) => match exceeded.limit {
                Limit::Target => StatusCode::URI_TOO_LONG,
                Limit::Field | Limit::Fields | Limit::Head => {
                    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
                }
            },
            Self::Malformed(Malformed::Connect) => StatusCode::NOT_IMPLEMENTED,
            Self::Malformed(Malformed::Expectation) => StatusCode::EXPECTATION_FAILED,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ResponseRejected => StatusCode::BAD_GATEWAY,
            Self::Syntax(SyntaxError::Version) => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::Syntax(_) => StatusCode::BAD_REQUEST,
            Self::Upstream(failure) => match failure.error {
                UpstreamError::ConnectTimedOut | UpstreamError::ResponseTimedOut => {
                    StatusCode::GATEWAY_TIMEOUT
                }
                UpstreamError::Ambiguous
                | UpstreamError::Closed
                | UpstreamError::Garbled
                | UpstreamError::Switched
                | UpstreamError::Unreachable => StatusCode::BAD_GATEWAY,
            },
        }
    }

    /// The kebab-case name, for the log and for clients.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::BodyBroken => "body-broken",
            Self::BodySlow => "body-too-slow",
            Self::BodyStalled => "body-stalled",
            Self::Busy => "too-many-requests",
            Self::ClientGone => "client-gone",
            Self::Exceeded(exceeded) => exceeded.limit.name(),
            Self::HeadStalled => "head-stalled",
            Self::Malformed(malformed) => malformed.name(),
            Self::Panicked => "internal-error",
            Self::Rejected(_) | Self::Repeated(_) => "rejected",
            Self::ResponseRejected => "response-rejected",
            Self::Syntax(error) => syntax_name(error),
            Self::Upstream(failure) => failure.error.name(),
        }
    }

    /// Whether what follows on the connection can still be told apart.
    pub(super) const fn leaves_framing_clear(&self) -> bool {
        match self {
            Self::BodyBroken
            | Self::BodySlow
            | Self::BodyStalled
            | Self::ClientGone
            | Self::HeadStalled
            | Self::Panicked
            | Self::Syntax(_) => false,
            Self::Malformed(malformed) => malformed.leaves_framing_clear(),
            Self::Busy
            | Self::Exceeded(_)
            | Self::Rejected(_)
            | Self::Repeated(_)
            | Self::ResponseRejected
            | Self::Upstream(_) => true,
        }
    }

    /// What was refused before, or after, any policy was asked; for the log.
    pub(super) fn refused(&self) -> Option<String> {
        (self.verb() == "refused").then(|| {
            let level = DetailLevel::Full;
            let object = Object::new()
                .string("reason", self.reason())
                .string("detail", &self.detail(level));
            self.particulars(object, level).finish()
        })
    }

    /// What happened to the request, in a word.
    const fn verb(&self) -> &'static str {
        match self {
            Self::BodyBroken
            | Self::BodySlow
            | Self::BodyStalled
            | Self::Busy
            | Self::ClientGone
            | Self::Exceeded(_)
            | Self::HeadStalled
            | Self::Malformed(_)
            | Self::Syntax(_) => "refused",
            Self::Panicked => "failed",
            Self::Rejected(_) | Self::Repeated(_) | Self::ResponseRejected => "rejected",
            Self::Upstream(_) => "upstream",
        }
    }

    /// The members of an object that only some refusals have.
    fn particulars(&self, object: Object, level: DetailLevel) -> Object {
        match self {
            Self::Exceeded(exceeded) => {
                let object = match exceeded.field.as_deref() {
                    Some(field) => object.string("field", field),
                    None => object,
                };
                object
                    .number("sent", exceeded.sent)
                    .number("allowed", exceeded.allowed)
            }
            Self::Malformed(Malformed::HostInvalid(Some(Offender { octet, offset }))) => {
                let object = object.string("field", "host").number("offset", *offset);
                match level {
                    DetailLevel::Full => object.string("octets", &hex(&[*octet], 1)),
                    _ => object,
                }
            }
            Self::Syntax(error) => {
                let Some(place) = error.place() else {
                    return object;
                };
                let object = match &place.field {
                    Some(field) => object
                        .string("field", &Preview::new(field).to_string())
                        .number("occurrence", place.occurrence),
                    None => object,
                };
                let object = object.number("offset", place.offset);
                match level {
                    DetailLevel::Full => object.string("octets", &hex(&[place.octet], 1)),
                    _ => object,
                }
            }
            _ => object,
        }
    }

    /// What the client is told at most, in a sentence.
    pub(super) fn told(&self) -> String {
        self.detail(DetailLevel::Full)
    }

    fn detail(&self, level: DetailLevel) -> String {
        match self {
            Self::BodyBroken => "The request's body is not framed as HTTP asks.".to_owned(),
            Self::BodySlow => "The request's body comes too slowly.".to_owned(),
            Self::BodyStalled => "The request's body stopped coming.".to_owned(),
            Self::Busy => "Too many requests are being served: try again soon.".to_owned(),
            Self::ClientGone => "The client is gone.".to_owned(),
            Self::Exceeded(exceeded) => detail_of(exceeded),
            Self::HeadStalled => "The request's head did not come in time.".to_owned(),
            Self::Malformed(malformed) => {
                let detail = malformed.detail();
                match malformed {
                    Malformed::HostInvalid(Some(Offender { octet, offset })) => match level {
                        DetailLevel::Full => {
                            format!("{detail} It has octet {octet:02X} at offset {offset}.")
                        }
                        _ => format!("{detail} The octet at offset {offset} has no place in it."),
                    },
                    _ => detail.to_owned(),
                }
            }
            Self::Panicked => "This request could not be handled.".to_owned(),
            Self::Rejected(rejected) => rejected.to_string(),
            Self::Repeated(refusal) => refusal.item.clone(),
            Self::ResponseRejected => {
                "The upstream's response has a field value that is not encoded as it should be."
                    .to_owned()
            }
            Self::Syntax(error) => detail_of_syntax(error, level),
            Self::Upstream(failure) => failure.error.detail().to_owned(),
        }
    }
}

fn detail_of(exceeded: &Exceeded) -> String {
    let Exceeded {
        limit,
        sent,
        allowed,
        field,
    } = exceeded;
    let field = field.as_deref().unwrap_or_default();
    match limit {
        Limit::Field => {
            format!("The field {field} has {sent} octets where {allowed} are allowed.")
        }
        Limit::Fields => format!("The request has {sent} fields where {allowed} are allowed."),
        Limit::Head => format!(
            "The request's head has {sent} octets where {allowed} are allowed; its longest field is {field}."
        ),
        Limit::Target => {
            format!("The request's target has {sent} octets where {allowed} are allowed.")
        }
    }
}

const fn syntax_name(error: &SyntaxError) -> &'static str {
    match error {
        SyntaxError::BareLf(_) => "bare-lf",
        SyntaxError::FieldName(_) => "field-name",
        SyntaxError::FieldValue(_) => "control",
        SyntaxError::Folded(_) => "obs-fold",
        SyntaxError::Malformed => "malformed",
        SyntaxError::Method(_) => "method",
        SyntaxError::NoColon(_) => "no-colon",
        SyntaxError::RequestLine => "request-line",
        SyntaxError::Target(_) => "target",
        SyntaxError::TooManyFields => "too-many-fields",
        SyntaxError::Version => "version",
    }
}

/// What is wrong with a head, where, and what to send instead.
fn detail_of_syntax(error: &SyntaxError, level: DetailLevel) -> String {
    let Some(place) = error.place() else {
        return match error {
            SyntaxError::RequestLine => {
                "The request does not start with a method, a target and HTTP/1.1, one space apart."
            }
            SyntaxError::Version => "HTTP/1.1, HTTP/1.0 and HTTP/2 are served here.",
            SyntaxError::TooManyFields => "There are too many field lines.",
            _ => "The head is not HTTP.",
        }
        .to_owned();
    };
    let octet = match level {
        DetailLevel::Full => format!("octet {:02X}", place.octet),
        _ => "an octet".to_owned(),
    };
    let Place { offset, .. } = place;
    let field = place.field.as_deref().map(|name| match name {
        [] => "a field without a name".to_owned(),
        name => {
            let which = match place.occurrence {
                1 => String::new(),
                occurrence => format!(" (occurrence {occurrence})"),
            };
            format!("the field {}{which}", Preview::new(name).up_to(80))
        }
    });
    let field = field.as_deref();
    match error {
        SyntaxError::BareLf(_) => match field {
            Some(field) => format!(
                "The line of {field} ends in LF alone, at offset {offset} of its value: lines end in CR LF."
            ),
            None => "A line of the head ends in LF alone: lines end in CR LF.".to_owned(),
        },
        SyntaxError::FieldName(_) if place.octet == b' ' || place.octet == b'\t' => format!(
            "There is whitespace between the name of {} and its colon: remove it.",
            field.unwrap_or("a field")
        ),
        SyntaxError::FieldName(_) => format!(
            "A field's name has {octet} at offset {offset}, which no name can have. It starts with \"{}\".",
            Preview::new(place.field.as_deref().unwrap_or_default()).up_to(80)
        ),
        SyntaxError::FieldValue(_) => format!(
            "The value of {} has {octet} at offset {offset}, a control that no value may have: remove it.",
            field.unwrap_or("a field")
        ),
        SyntaxError::Folded(_) => format!(
            "The value of {} goes on in the next line: write it on one line.",
            field.unwrap_or("a field")
        ),
        SyntaxError::Method(_) => {
            format!("The method has {octet} at offset {offset}, which no method can have.")
        }
        SyntaxError::NoColon(_) => format!(
            "A line of the head has no colon. It starts with \"{}\".",
            Preview::new(place.field.as_deref().unwrap_or_default()).up_to(80)
        ),
        _ => format!(
            "The target has {octet} at offset {offset}, which no target can have: percent-encode it."
        ),
    }
}

/// What of a request decides how it is answered.
#[derive(Clone, Debug)]
pub(super) struct Asker<'r> {
    pub(super) id: &'r RequestId<'r>,
    pub(super) level: DetailLevel,
    /// It prefers plain text (RFC 9110 §12.5.1).
    pub(super) as_text: bool,
    /// It asked for a head without a body.
    to_head: bool,
}

impl<'r> Asker<'r> {
    /// Somebody whose `Accept` fields have these values.
    pub(super) fn new<'h>(
        id: &'r RequestId<'r>,
        level: DetailLevel,
        accept: impl Iterator<Item = &'h [u8]>,
        to_head: bool,
    ) -> Self {
        Self {
            id,
            level,
            as_text: prefers_text(accept),
            to_head,
        }
    }

    /// Somebody of whom no request is known.
    pub(super) const fn unknown(id: &'r RequestId<'r>, level: DetailLevel) -> Self {
        Self {
            id,
            level,
            as_text: false,
            to_head: false,
        }
    }
}

/// Whether the connection may be used again after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Afterwards {
    Close,
    KeepOpen,
}

/// Writes the whole response to what went wrong.
pub(super) fn write(fault: &Fault, asker: &Asker<'_>, afterwards: Afterwards, out: &mut Vec<u8>) {
    let (urn, id) = asker.id.urn();
    let (head, body);
    let (head, parts) = match fault {
        Fault::Repeated(refusal) => {
            let (before, after) = refusal.body();
            (refusal.head.as_str(), [before, urn, &id, after])
        }
        _ => {
            let media_type;
            (media_type, body) = told(fault, asker, &[urn, &id].concat());
            head = self::head(fault.status(), media_type, &item(fault, asker.level));
            (head.as_str(), [body.as_str(), "", "", ""])
        }
    };
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.extend_from_slice(head.as_bytes());
    // Writing to a vector cannot fail.
    let _ = write!(out, "{length}\r\n");
    if matches!(fault, Fault::Busy) {
        out.extend_from_slice(b"Retry-After: 1\r\n");
    }
    if afterwards == Afterwards::Close {
        out.extend_from_slice(b"Connection: close\r\n");
    }
    out.extend_from_slice(b"\r\n");
    if !asker.to_head {
        for part in parts {
            out.extend_from_slice(part.as_bytes());
        }
    }
}

/// The head of an answer, as far as `Content-Length: `.
pub(super) fn head(status: StatusCode, media_type: &str, item: &str) -> String {
    [
        "HTTP/1.1 ",
        status.as_str(),
        " ",
        title(status),
        "\r\nCache-Control: no-store\r\nContent-Type: ",
        media_type,
        "\r\nHeadguard: ",
        item,
        "\r\nContent-Length: ",
    ]
    .concat()
}

/// The media type and the body, as the client prefers them.
fn told(fault: &Fault, asker: &Asker<'_>, instance: &str) -> (&'static str, String) {
    match fault {
        Fault::Rejected(rejected) => rejected
            .problem(Some(instance), asker.level)
            .told(asker.as_text),
        _ if asker.as_text => ("text/plain; charset=utf-8", text(fault, asker, instance)),
        _ => (Problem::MEDIA_TYPE, json(fault, asker, instance)),
    }
}

/// `refused;reason=field-too-long`, an sf-item (RFC 9651 §3.3).
fn item(fault: &Fault, level: DetailLevel) -> Cow<'_, str> {
    match fault {
        Fault::Rejected(rejected) => rejected.item(level).into(),
        Fault::Repeated(refusal) => refusal.item.as_str().into(),
        _ if level == DetailLevel::Id => fault.verb().into(),
        _ => format!("{};reason={}", fault.verb(), fault.reason()).into(),
    }
}

/// Problem details (RFC 9457); without a type of its own the title is the status's.
fn json(fault: &Fault, asker: &Asker<'_>, instance: &str) -> String {
    let status = fault.status();
    let mut object = Object::new()
        .string("type", "about:blank")
        .string("title", title(status))
        .number("status", status.as_u16().into());
    if asker.level != DetailLevel::Id {
        object = object.string("detail", &fault.detail(asker.level));
    }
    object = object.string("instance", instance);
    if asker.level != DetailLevel::Id {
        object = object.string("reason", fault.reason());
        object = fault.particulars(object, asker.level);
    }
    object.finish() + "\n"
}

fn text(fault: &Fault, asker: &Asker<'_>, instance: &str) -> String {
    let status = fault.status();
    let detail = if asker.level == DetailLevel::Id {
        String::new()
    } else {
        format!("{}\n", fault.detail(asker.level))
    };
    format!(
        "{} {}\n{detail}Request: {instance}\n",
        status.as_u16(),
        title(status)
    )
}

fn title(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}
