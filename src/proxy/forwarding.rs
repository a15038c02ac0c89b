//! The head for the next hop: what was sent, less what was for us alone, and
//! with what we say.
//!
//! Lines go on in runs of the octets they came in, so that names keep their
//! case and fields their order. Fields of one connection are left out in both
//! directions, and those that `Connection` nominates with them (RFC 9110
//! §7.6.1). Framing fields are written anew from the framing that was read.

use super::forwarded::{self, Hop, Seen, Treatment};
use crate::fields::{Protection, same_name};
use crate::headers::lines::Repair;
use crate::policy::Policy;
use crate::wire::framing::{self, Framing, is_nominated};
use crate::wire::head::{Field, Known, RequestLine, StatusLine, Version};
use crate::wire::transfer::Coding;

/// What the next hop is told as its `Host`.
#[derive(Clone, Copy, Debug)]
pub(super) enum HostLine<'h> {
    /// What the client said, and this where it said nothing.
    AsSent { otherwise: &'h str },
    /// This.
    Set(&'h str),
}

/// A request that goes on.
#[derive(Clone, Copy)]
pub(super) struct Request<'h> {
    pub(super) line: &'h RequestLine,
    pub(super) head: &'h [u8],
    pub(super) fields: &'h [Field],
    pub(super) read: &'h framing::Request<'h>,
    /// In the order of the lines.
    pub(super) repairs: &'h [Repair],
    pub(super) policy: &'h Policy,
    pub(super) hop: &'h Hop,
    pub(super) host: HostLine<'h>,
}

/// Writes the head of a request for the upstream.
pub(super) fn write_request(request: &Request<'_>, out: &mut Vec<u8>) {
    let Request {
        line,
        head,
        fields,
        read,
        ..
    } = *request;
    let mut run = Runs::new(head, out);
    let method = read.method;
    let path = read.target.path_and_query;
    if !path.starts_with(['/', '*'])
        || line.version == Version::Http10
        || path.len() != line.target_octets()
    {
        run.skip(..fields_start(line.octets, fields));
        run.say(method.as_bytes());
        run.say(b" ");
        match path.as_bytes() {
            // RFC 9112 §3.2.4: what was asked is about the server as a whole.
            [] if method == "OPTIONS" => run.say(b"*"),
            [] => run.say(b"/"),
            [b'?', ..] => {
                run.say(b"/");
                run.say(path.as_bytes());
            }
            _ => run.say(path.as_bytes()),
        }
        run.say(b" HTTP/1.1\r\n");
    }
    let mut chains = Chains::of(fields, head, |name| request.hop.treatment(name));
    let mut repairs = request.repairs.iter().peekable();
    for (at, field) in fields.iter().enumerate() {
        let repair = repairs.next_if(|repair| repair.line == at);
        let treatment = match (field.known, &mut chains) {
            (Known::Hop, Some(chains)) => chains.next(|| request.hop.treatment(field.name(head))),
            _ => Treatment::Keep,
        };
        match field.known {
            Known::ContentLength => frame(&mut run, field, read.framing),
            Known::TransferEncoding => run.replace(field, b"chunked"),
            Known::Host => {
                if let HostLine::Set(host) = request.host {
                    run.replace(field, host.as_bytes());
                }
            }
            Known::Expect if !read.expects_continue => run.leave_out(field),
            Known::Expect => {}
            Known::Upgrade if read.upgrades => {}
            Known::Trailer if read.framing == Framing::Chunked => {}
            known if known.is_of_one_connection() => run.leave_out(field),
            _ if read.nominates && is_stripped(request, field) => run.leave_out(field),
            // Whatever it was repaired to.
            Known::Hop if treatment == Treatment::Drop => {
                run.leave_out(field);
            }
            _ => {
                if let Some(repair) = repair {
                    run.replace(field, &repair.octets);
                }
                if let (Known::Hop, Some(chains)) = (field.known, &chains) {
                    let host = read.target.authority.as_bytes();
                    let seen = &chains.seen;
                    carry_on(&mut run, field, (at, treatment), seen, request.hop, host);
                }
            }
        }
    }
    run.up_to(line.octets.saturating_sub(2));
    let host = read.target.authority;
    if !read.has_host {
        let name = match request.host {
            // The target's own, where it has one.
            HostLine::AsSent { .. } if !host.is_empty() => host,
            HostLine::AsSent { otherwise } => otherwise,
            HostLine::Set(host) => host,
        };
        run.say_line(b"Host", name.as_bytes());
    }
    request
        .hop
        .lines(run.out, host.as_bytes(), seen_in(chains.as_ref()));
    match (read.upgrades, read.takes_trailers) {
        (true, true) => run.say(b"Connection: upgrade, TE\r\nTE: trailers\r\n"),
        (true, false) => run.say(b"Connection: upgrade\r\n"),
        (false, true) => run.say(b"Connection: TE\r\nTE: trailers\r\n"),
        (false, false) => {}
    }
    run.say(b"\r\n");
}

/// A response that goes on.
#[derive(Clone, Copy)]
pub(super) struct Response<'h> {
    pub(super) line: &'h StatusLine,
    pub(super) head: &'h [u8],
    pub(super) fields: &'h [Field],
    pub(super) read: &'h framing::Response,
    /// How its body is written.
    pub(super) coding: Coding,
    /// In the order of the lines.
    pub(super) repairs: &'h [Repair],
    pub(super) hop: &'h Hop,
    /// Whether the client's connection ends with it.
    pub(super) closes: bool,
}

/// Writes the head of a response for the client.
pub(super) fn write_response(response: &Response<'_>, out: &mut Vec<u8>) {
    let Response {
        line,
        head,
        fields,
        read,
        ..
    } = *response;
    let chunked = response.coding == Coding::Chunked && read.framing != Framing::None;
    let mut run = Runs::new(head, out);
    if line.version == Version::Http10 {
        run.skip(.."HTTP/1.0".len());
        run.say(b"HTTP/1.1");
    }
    let mut chains = Chains::of(fields, head, |name| response.hop.response_treatment(name));
    let mut repairs = response.repairs.iter().peekable();
    let mut said_chunked = false;
    for (at, field) in fields.iter().enumerate() {
        let repair = repairs.next_if(|repair| repair.line == at);
        let treatment = match (field.known, &mut chains) {
            (Known::Hop, Some(chains)) => {
                chains.next(|| response.hop.response_treatment(field.name(head)))
            }
            _ => Treatment::Keep,
        };
        match field.known {
            // RFC 9110 §8.6, RFC 9112 §6.1: not with these.
            Known::ContentLength | Known::TransferEncoding
                if matches!(line.status, 100..=199 | 204) =>
            {
                run.leave_out(field);
            }
            // What the body of a GET would have, where there is none (HEAD, 304).
            Known::ContentLength if read.framing == Framing::None => {}
            Known::ContentLength => frame(&mut run, field, read.framing),
            Known::TransferEncoding if chunked => {
                said_chunked = true;
                run.replace(field, b"chunked");
            }
            Known::Upgrade if matches!(line.status, 101 | 426) => {}
            Known::Trailer if chunked => {}
            known if known.is_of_one_connection() => run.leave_out(field),
            known
                if read.nominates
                    && !known.is_framing_or_routing()
                    && is_nominated(field.name(head), head, fields)
                    && !forwarded::is_of_hops(field.name(head)) =>
            {
                run.leave_out(field);
            }
            _ => {
                if let Some(repair) = repair {
                    run.replace(field, &repair.octets);
                }
                if let (Known::Hop, Some(chains)) = (field.known, &chains) {
                    let seen = &chains.seen;
                    carry_on(&mut run, field, (at, treatment), seen, response.hop, b"");
                }
            }
        }
    }
    run.up_to(line.octets.saturating_sub(2));
    response
        .hop
        .response_lines(run.out, seen_in(chains.as_ref()));
    if chunked && !said_chunked {
        run.say_line(b"Transfer-Encoding", b"chunked");
    }
    if line.status == 101 {
        run.say(b"Connection: upgrade\r\n");
    } else if response.closes && line.status >= 200 {
        run.say(b"Connection: close\r\n");
    }
    run.say(b"\r\n");
}

/// Writes what of a trailer section goes on: fields that frame or route have
/// no place there (RFC 9110 §6.5.1). The empty line is not written.
pub(super) fn write_trailers(
    section: &[u8],
    fields: &[Field],
    repairs: &[Repair],
    out: &mut Vec<u8>,
) {
    let mut run = Runs::new(section, out);
    let mut repairs = repairs.iter().peekable();
    for (at, field) in fields.iter().enumerate() {
        let repair = repairs.next_if(|repair| repair.line == at);
        let name = field.name(section);
        if field.known.is_framing_or_routing() || !may_trail(name) {
            run.leave_out(field);
        } else if let Some(repair) = repair {
            run.replace(field, &repair.octets);
        }
    }
    run.up_to(section.len().saturating_sub(2));
}

/// Whether a field may come after the body: not what frames, authenticates, or
/// says who asked.
pub(super) fn may_trail(name: &str) -> bool {
    Protection::of(name).is_none_or(|protection| protection == Protection::Integrity)
        && !forwarded::is_of_hops(name)
}

/// Whether `Connection` takes a field along. A client must not be able to
/// strip what frames, authenticates, is under policy or was said of it by a
/// hop before us.
fn is_stripped(request: &Request<'_>, field: &Field) -> bool {
    let name = field.name(request.head);
    is_nominated(name, request.head, request.fields)
        && Protection::of(name).is_none()
        && !forwarded::is_of_hops(name)
        && !same_name(name, "X-Request-Id")
        && !request.policy.names(name)
}

/// Writes a length in a field that had one. The number is written anew where it
/// was not sent as numbers are.
fn frame(run: &mut Runs<'_, '_>, field: &Field, framing: Framing) {
    match framing {
        Framing::Length(octets) => {
            let plain = matches!(field.value(run.head), [b'1'..=b'9', ..] | b"0");
            if !plain {
                run.replace(field, octets.to_string().as_bytes());
            }
        }
        Framing::Chunked | Framing::None | Framing::UntilClose => run.leave_out(field),
    }
}

/// What becomes of the fields that hops speak in.
struct Chains {
    seen: Seen,
    /// The first of them, in their order: asked once, since names are compared
    /// for it.
    known: [Treatment; MOST_KNOWN],
    next: usize,
}

/// More than a chain of proxies writes.
const MOST_KNOWN: usize = 8;

impl Chains {
    /// Nothing, where there are none of them.
    fn of(fields: &[Field], head: &[u8], treatment: impl Fn(&str) -> Treatment) -> Option<Self> {
        let hops = fields.iter().enumerate();
        let hops = hops.filter(|(_, field)| field.known == Known::Hop);
        let mut chains: Option<Self> = None;
        for (place, (at, field)) in hops.enumerate() {
            let chains = chains.get_or_insert(Self {
                seen: Seen::default(),
                known: [Treatment::Keep; MOST_KNOWN],
                next: 0,
            });
            let treatment = treatment(field.name(head));
            chains.seen.note(at, treatment);
            if let Some(known) = chains.known.get_mut(place) {
                *known = treatment;
            }
        }
        chains
    }

    /// What becomes of the next of them.
    fn next(&mut self, ask: impl FnOnce() -> Treatment) -> Treatment {
        let known = self.known.get(self.next).copied();
        self.next += 1;
        known.unwrap_or_else(ask)
    }
}

/// Where they were seen last.
fn seen_in(chains: Option<&Chains>) -> Seen {
    chains.map(|chains| chains.seen).unwrap_or_default()
}

/// Adds our element to a chain that others began.
fn carry_on(
    run: &mut Runs<'_, '_>,
    field: &Field,
    (at, treatment): (usize, Treatment),
    seen: &Seen,
    hop: &Hop,
    host: &[u8],
) {
    match treatment {
        Treatment::Append(chain) if seen.is_last(chain, at) => {
            let value = field.value(run.head);
            run.up_to(field.value_range().end.max(run.from));
            hop.append(run.out, chain, value, host);
        }
        Treatment::Append(_) | Treatment::Drop | Treatment::Keep | Treatment::Stand(_) => {}
    }
}

fn fields_start(octets: usize, fields: &[Field]) -> usize {
    fields
        .first()
        .map_or(octets.saturating_sub(2), |field| field.line().start)
}

/// Copies a head in runs, with parts left out and parts said anew.
struct Runs<'h, 'o> {
    head: &'h [u8],
    out: &'o mut Vec<u8>,
    /// What lies before this was dealt with.
    from: usize,
}

impl<'h, 'o> Runs<'h, 'o> {
    const fn new(head: &'h [u8], out: &'o mut Vec<u8>) -> Self {
        Self { head, out, from: 0 }
    }

    /// Copies what was not dealt with before `end`.
    fn up_to(&mut self, end: usize) {
        self.out
            .extend_from_slice(self.head.get(self.from..end).unwrap_or_default());
        self.from = end;
    }

    /// Leaves out what comes before `end`.
    const fn skip(&mut self, end: std::ops::RangeTo<usize>) {
        self.from = end.end;
    }

    fn leave_out(&mut self, field: &Field) {
        self.up_to(field.line().start);
        self.from = field.line().end;
    }

    fn replace(&mut self, field: &Field, value: &[u8]) {
        let range = field.value_range();
        self.up_to(range.start);
        self.out.extend_from_slice(value);
        self.from = range.end;
    }

    fn say(&mut self, octets: &[u8]) {
        self.out.extend_from_slice(octets);
    }

    fn say_line(&mut self, name: &[u8], value: &[u8]) {
        for part in [name, b": ", value, b"\r\n"] {
            self.say(part);
        }
    }
}
