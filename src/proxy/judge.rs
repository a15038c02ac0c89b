//! What becomes of a head: HTTP, limits, and then the policy.
//!
//! A request goes on exactly when all of these hold:
//!
//! 1. Nobody can read its framing or its host differently than we do.
//! 2. It keeps the limits.
//! 3. The policy forwards or repairs each of its field values, or it is a dry run.
//!
//! 1 and 2 hold in a dry run too: what HTTP forbids is never passed on.

use super::Shared;
use super::event::Told;
use super::forwarding;
use super::limits;
use super::memo::{Asking, Memo, Refusal, Refused};
use super::reply::Fault;
use crate::decide::RequestPolicy;
use crate::headers::Rejected;
use crate::headers::lines::{Judgement, Line, Repair};
use crate::policy::{Policy, Target};
use crate::wire::framing;
use crate::wire::head::{self, Field, RequestLine};
use std::rc::Rc;

/// Decides about a request's head whose framing was read. Gives the policy as
/// it stands for the request, and the repairs to make.
pub(super) fn request<'p>(
    shared: &'p Shared,
    record: &mut Told,
    memo: &Memo,
    line: &RequestLine,
    head: &[u8],
    fields: &[Field],
    read: &framing::Request<'_>,
) -> Result<(RequestPolicy<'p>, Vec<Repair>), Fault> {
    limits::check(line, head, fields, &shared.config.limits).map_err(Fault::Exceeded)?;
    let policy = policy_for(&shared.config.policy, read.method, &read.target);
    let lines = || fields.iter().map(|field| InHead { field, head });
    let mut unclear = policy.unclear(lines());
    let (first, second) = (unclear.next(), unclear.next());
    // Where nobody listens, a value that was refused before needs no reasons.
    if let (Some((_, line)), None, None, false) = (&first, &second, &record, shared.config.dry_run)
        && policy.is_of_any_request()
        && let Some(refusal) = recall(shared, memo, &policy, *line, fields)
    {
        return Err(Fault::Repeated(refusal));
    }
    let unclear = first.into_iter().chain(second).chain(unclear);
    let found = policy.find_in_lines(unclear, lines);
    let repairs = told(shared, record, policy.judge_lines(found, lines))?;
    Ok((policy, repairs))
}

/// How a request was refused of which this line is all there is to judge.
fn recall(
    shared: &Shared,
    memo: &Memo,
    policy: &RequestPolicy<'_>,
    line: InHead<'_>,
    fields: &[Field],
) -> Option<Rc<Refusal>> {
    if memo.is_empty() {
        return None;
    }
    let InHead { field, head } = line;
    let asking = Asking::of(shared.id, head, fields)?;
    let name = field.name_octets(head);
    let up_to = fields.partition_point(|one| one.line().start <= field.line().start);
    let refused = Refused {
        field: policy.spelling(line.name()),
        occurrence: fields
            .iter()
            .take(up_to)
            .filter(|one| one.name_octets(head).eq_ignore_ascii_case(name))
            .count(),
        value: line.value(),
    };
    memo.recall(asking, refused)
}

/// Decides about a trailer section of a request, or of a response where
/// `policy` is the one for these. Writes what of it goes on.
pub(super) fn trailers(
    shared: &Shared,
    record: &mut Told,
    policy: Option<&RequestPolicy<'_>>,
    section: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Fault> {
    let mut fields = Vec::new();
    head::trailers(section, shared.config.limits.fields, &mut fields).map_err(Fault::Syntax)?;
    let repairs = match policy {
        Some(policy) => values(shared, record, policy, section, &fields)?,
        None => Vec::new(),
    };
    forwarding::write_trailers(section, &fields, &repairs, out);
    Ok(())
}

/// Decides about the values of a response.
pub(super) fn response(
    shared: &Shared,
    record: &mut Told,
    policy: Option<&RequestPolicy<'_>>,
    head: &[u8],
    fields: &[Field],
) -> Result<Vec<Repair>, Fault> {
    match policy {
        Some(policy) => {
            values(shared, record, policy, head, fields).map_err(|_| Fault::ResponseRejected)
        }
        None => Ok(Vec::new()),
    }
}

/// The policy as it stands for a request.
pub(super) fn policy_for<'p>(
    policy: &'p Policy,
    method: &str,
    target: &framing::Target<'_>,
) -> RequestPolicy<'p> {
    match policy.is_for_every_request() {
        true => policy.for_any_request(),
        false => policy.for_request(Target::new(method, target.host(), target.path())),
    }
}

/// A field line in a head.
#[derive(Clone, Copy)]
struct InHead<'h> {
    field: &'h Field,
    head: &'h [u8],
}

impl<'h> Line<'h> for InHead<'h> {
    fn name(&self) -> &'h str {
        self.field.name(self.head)
    }

    fn value(&self) -> &'h [u8] {
        self.field.value(self.head)
    }

    fn is_secret(&self) -> bool {
        false
    }
}

fn values(
    shared: &Shared,
    record: &mut Told,
    policy: &RequestPolicy<'_>,
    head: &[u8],
    fields: &[Field],
) -> Result<Vec<Repair>, Fault> {
    let lines = || fields.iter().map(|field| InHead { field, head });
    told(shared, record, policy.inspect_lines(lines))
}

/// Tells the record what was decided. In a dry run that is all.
fn told(
    shared: &Shared,
    record: &mut Told,
    judged: Result<Judgement, Rejected>,
) -> Result<Vec<Repair>, Fault> {
    let dry_run = shared.config.dry_run;
    match judged {
        Ok(judgement) => {
            if let Some(record) = record {
                record.reported(judgement.report);
            }
            match dry_run {
                true => Ok(Vec::new()),
                false => Ok(judgement.repairs),
            }
        }
        Err(rejected) => {
            if let Some(record) = record {
                record.rejected(&rejected);
            }
            match dry_run {
                true => Ok(Vec::new()),
                false => Err(Fault::Rejected(Box::new(rejected))),
            }
        }
    }
}
