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
use super::reply::Fault;
use crate::decide::RequestPolicy;
use crate::headers::{Line, Rejected, Repair};
use crate::policy::{Policy, Target};
use crate::wire::framing;
use crate::wire::head::{self, Field, RequestLine};

/// Decides about a request's head whose framing was read. Gives the policy as
/// it stands for the request, and the repairs to make.
pub(super) fn request<'p>(
    shared: &'p Shared,
    record: &mut Told,
    line: &RequestLine,
    head: &[u8],
    fields: &[Field],
    read: &framing::Request<'_>,
) -> Result<(RequestPolicy<'p>, Vec<Repair>), Fault> {
    limits::check(line, head, fields, &shared.config.limits).map_err(Fault::Exceeded)?;
    let policy = policy_for(&shared.config.policy, line.method(head), &read.target);
    let repairs = values(shared, record, &policy, head, fields).map_err(Fault::Rejected)?;
    Ok((policy, repairs))
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
        Some(policy) => {
            values(shared, record, policy, section, &fields).map_err(Fault::Rejected)?
        }
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
    policy.for_request(Target::new(method, target.host(), target.path()))
}

/// A field line in a head.
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
) -> Result<Vec<Repair>, Box<Rejected>> {
    let lines = || fields.iter().map(|field| InHead { field, head });
    let dry_run = shared.config.dry_run;
    match policy.inspect_lines(lines) {
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
                false => Err(Box::new(rejected)),
            }
        }
    }
}
