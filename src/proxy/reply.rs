//! Every answer of our own. One function turns what went wrong into a response.

use super::framing::{Malformed, Offender};
use super::limits::{Exceeded, Limit};
use super::request_id::RequestId;
use super::upstream::{UpstreamError, UpstreamFailure};
use crate::explain::json::Object;
use crate::explain::{DetailLevel, Problem};
use crate::headers::{HEADGUARD, Rejected, prefers_text};
use crate::preview::hex;
use http::header::{ACCEPT, CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

/// Why a request is answered by us.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its body is no body.
    BodyBroken,
    /// Its body stopped coming.
    BodyStalled,
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
    /// The upstream did not answer it.
    Upstream(UpstreamFailure),
}

impl Fault {
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::BodyBroken | Self::Rejected(_) => StatusCode::BAD_REQUEST,
            Self::BodyStalled | Self::HeadStalled => StatusCode::REQUEST_TIMEOUT,
            Self::Exceeded(exceeded) => match exceeded.limit {
                Limit::Target => StatusCode::URI_TOO_LONG,
                Limit::Field | Limit::Fields | Limit::Head => {
                    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
                }
            },
            Self::Malformed(Malformed::Connect) => StatusCode::NOT_IMPLEMENTED,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
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
            Self::BodyStalled => "body-stalled",
            Self::Exceeded(exceeded) => exceeded.limit.name(),
            Self::HeadStalled => "head-stalled",
            Self::Malformed(malformed) => malformed.name(),
            Self::Panicked => "internal-error",
            Self::Rejected(_) => "rejected",
            Self::Upstream(failure) => failure.error.name(),
        }
    }

    /// Whether what follows on the connection can still be told apart.
    pub(super) const fn leaves_framing_clear(&self) -> bool {
        match self {
            Self::BodyBroken | Self::BodyStalled | Self::HeadStalled | Self::Panicked => false,
            Self::Malformed(malformed) => !matches!(
                malformed,
                Malformed::Connect
                    | Malformed::ContentLength
                    | Malformed::HostRepeated
                    | Malformed::LookAlike
                    | Malformed::TransferEncoding
            ),
            Self::Exceeded(_) | Self::Rejected(_) | Self::Upstream(_) => true,
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
            | Self::BodyStalled
            | Self::Exceeded(_)
            | Self::HeadStalled
            | Self::Malformed(_) => "refused",
            Self::Panicked => "failed",
            Self::Rejected(_) => "rejected",
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
            _ => object,
        }
    }

    fn detail(&self, level: DetailLevel) -> String {
        match self {
            Self::BodyBroken => "The request's body is not framed as HTTP asks.".to_owned(),
            Self::BodyStalled => "The request's body stopped coming.".to_owned(),
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

/// What of a request decides how it is answered.
#[derive(Debug)]
pub(super) struct Asker {
    /// The request's `Accept` fields.
    accept: HeaderMap,
    id: RequestId,
    level: DetailLevel,
}

impl Asker {
    pub(super) fn new(request: &HeaderMap, id: &RequestId, level: DetailLevel) -> Self {
        let accept = request.get_all(ACCEPT).iter();
        Self {
            accept: accept.map(|value| (ACCEPT, value.clone())).collect(),
            id: id.clone(),
            level,
        }
    }

    /// Somebody of whom no request is known.
    pub(super) fn unknown(level: DetailLevel) -> Self {
        Self::new(&HeaderMap::new(), &RequestId::fresh(), level)
    }
}

/// The response to what went wrong.
pub(super) fn respond(fault: &Fault, asker: &Asker) -> Response<String> {
    let instance = asker.id.urn();
    if let Fault::Rejected(rejected) = fault {
        return rejected.to_response(&asker.accept, Some(&instance), asker.level);
    }
    let (media_type, body) = if prefers_text(&asker.accept) {
        ("text/plain; charset=utf-8", text(fault, asker, &instance))
    } else {
        (Problem::MEDIA_TYPE, json(fault, asker, &instance))
    };
    let mut response = Response::new(body);
    *response.status_mut() = fault.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HEADGUARD, headguard(fault, asker.level));
    response
}

/// The same answer, and the connection is closed after it.
pub(super) fn and_close<B>(mut response: Response<B>) -> Response<B> {
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// `Headguard: refused;reason=field-too-long`, an sf-item (RFC 9651 §3.3).
fn headguard(fault: &Fault, level: DetailLevel) -> HeaderValue {
    let item = fault.verb();
    if level == DetailLevel::Id {
        return HeaderValue::from_static(item);
    }
    HeaderValue::try_from(format!("{item};reason={}", fault.reason()))
        .unwrap_or(HeaderValue::from_static(item))
}

/// Problem details (RFC 9457); without a type of its own the title is the status's.
fn json(fault: &Fault, asker: &Asker, instance: &str) -> String {
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

fn text(fault: &Fault, asker: &Asker, instance: &str) -> String {
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
