//! One request: framing, limits, policy, and only then the upstream.
//!
//! A request reaches the upstream exactly when all of these hold:
//!
//! 1. Nobody can read its framing or its host differently than we do.
//! 2. It keeps the limits.
//! 3. The policy forwards or repairs each of its field values, or it is a dry run.
//!
//! 1 and 2 hold in a dry run too: what HTTP forbids is never passed on.

use super::Shared;
use super::body::{AnswerBody, Drained, Phase, Upload};
use super::contain::Contained;
use super::event::Record;
use super::forwarding::{self, Length};
use super::reply::{Asker, Fault, and_close, respond};
use super::upstream::UpstreamError;
use super::{framing, limits};
use http::{Request, Response, request};
use http_body::Body as _;
use hyper::body::Incoming;

/// Answers one request, by the upstream's answer or by our own.
pub(super) async fn exchange(
    shared: &Shared,
    request: Request<Upload>,
    mut record: Record,
) -> Response<AnswerBody> {
    let asker = Asker::new(request.headers(), record.id(), shared.config.detail_level);
    let attempt = Contained::new(attempt(shared, &mut record, request)).await;
    match attempt {
        Ok(Ok(response)) => {
            record.relayed(response.status());
            let timeout = shared.config.timeouts.body;
            response.map(|body| AnswerBody::relayed(body, timeout, record))
        }
        Ok(Err(Refusal { fault, drained })) => {
            let response = answer(record, &fault, &asker);
            match drained {
                Drained::Whole if fault.leaves_framing_clear() => response,
                _ => and_close(response),
            }
        }
        Err(_) => and_close(answer(record, &Fault::Panicked, &asker)),
    }
}

fn answer(mut record: Record, fault: &Fault, asker: &Asker) -> Response<AnswerBody> {
    let response = respond(fault, asker);
    record.answered(response.status(), fault);
    response.map(|text| AnswerBody::own(text, record))
}

/// A request that is answered by us, and whether its body is out of the way.
struct Refusal {
    fault: Fault,
    drained: Drained,
}

async fn attempt(
    shared: &Shared,
    record: &mut Record,
    mut request: Request<Upload>,
) -> Result<Response<Incoming>, Refusal> {
    if let Err(fault) = judge(shared, record, &mut request) {
        let drained = if fault.leaves_framing_clear() {
            request.body_mut().drain().await
        } else {
            Drained::Part
        };
        return Err(Refusal { fault, drained });
    }
    let (mut head, body) = request.into_parts();
    prepare(shared, &mut head, &body);
    let progress = body.progress();
    let response = shared.upstream.send(Request::from_parts(head, body)).await;
    let checked = response.and_then(|response| {
        if forwarding::is_plainly_framed(response.headers()) {
            Ok(response)
        } else {
            let cause =
                "Transfer-Encoding other than chunked, once and alone, or Content-Length repeated";
            Err(UpstreamError::Ambiguous.caused(cause))
        }
    });
    let mut response = checked.map_err(|fault| Refusal {
        fault,
        drained: match progress.phase() {
            Phase::Done => Drained::Whole,
            _ => Drained::Part,
        },
    })?;
    forwarding::strip_response(response.headers_mut());
    Ok(response)
}

/// Decides about the request, and makes the repairs that are decided.
fn judge(shared: &Shared, record: &mut Record, request: &mut Request<Upload>) -> Result<(), Fault> {
    framing::check(request).map_err(Fault::Malformed)?;
    limits::check(request, &shared.config.limits).map_err(Fault::Exceeded)?;
    let policy = &shared.config.policy;
    let judged = policy.for_http_request(request).inspect(request.headers());
    let refused = match judged {
        Ok(enforcement) if shared.config.dry_run => {
            record.reported(enforcement.into_report());
            return Ok(());
        }
        Ok(enforcement) => match enforcement.apply(request.headers_mut()) {
            Ok(report) => {
                record.reported(report);
                return Ok(());
            }
            Err(rejected) => rejected,
        },
        Err(rejected) => rejected,
    };
    record.rejected(&refused);
    if shared.config.dry_run {
        return Ok(());
    }
    Err(Fault::Rejected(Box::new(refused)))
}

/// Makes the head for the next hop.
fn prepare(shared: &Shared, head: &mut request::Parts, body: &Upload) {
    forwarding::strip_request(&mut head.headers, &shared.config.policy);
    let length = if body.is_end_stream() {
        Length::None
    } else {
        body.size_hint()
            .exact()
            .map_or(Length::Chunked, Length::Known)
    };
    forwarding::frame(&mut head.headers, length);
}
