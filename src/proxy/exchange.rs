//! One request and its response.
//!
//! The head is read and judged ([`judge`](super::judge)); what may go on is
//! written for the upstream, and both bodies pass each other until each is
//! done. Octets go upstream only after the whole head was judged.

mod ask;
mod refuse;
mod relay;
mod request_head;

use self::refuse::Refused;
use self::request_head::{read_head, refuse_head};
use super::connection::{self, Client};
use super::event::{Asked, Record, Told};
use super::forwarding::{self, HostLine};
use super::judge;
use super::reply::Fault;
use super::request_id::RequestId;
use super::worker::Counted;
use super::{Shared, h2, trace};
use crate::decide::RequestPolicy;
use crate::preview::Preview;
use crate::wire::framing::{self, Framing};
use crate::wire::head::{Known, RequestLine, StatusLine, Version};
use crate::wire::scratch::{FIRST_READ, Scratch, make_room};
use crate::wire::stream::{Stream, poll_read_onto};
use crate::wire::syntax::{Place, SyntaxError};
use crate::wire::timer::Timer;
use crate::wire::transfer::{Coding, Drained, Transfer};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite as _;

/// What becomes of the client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// It may send the next request, or has sent it.
    Again,
    /// Everything was said.
    Close,
    /// What it was sent is not whole, and would look so if it were closed.
    Abort,
    /// It is gone.
    Gone,
    /// Everything was said, but not everything was read.
    Linger,
    /// We broke down.
    Panicked,
}

/// Serves the request whose first octets are in `scratch`. With `arms`, the time
/// for its head runs from now. When it is done, the time until the next request
/// runs.
pub(super) async fn run(client: &mut Client, scratch: &mut Scratch, arms: bool) -> After {
    let shared = client.worker.shared();
    client.answering = false;
    if client.settings != shared.id {
        client.hop = connection::hop(&shared, client.peer, client.secure);
        client.settings = shared.id;
    }
    if arms {
        client.timer.arm(shared.config.timeouts.head);
    }
    let line = match read_head(client, scratch, &shared).await {
        Ok(Some(line)) => line,
        Ok(None) => return After::Gone,
        Err(fault) => return refuse_head(client, scratch, &shared, &fault).await,
    };
    let mut record = None;
    let mut exchange = Exchange {
        client,
        shared: &shared,
        line: &line,
    };
    let after = match exchange.attempt(scratch, &mut record).await {
        Ok(after) => after,
        Err(Refused {
            fault: Fault::ClientGone,
            ..
        }) => After::Gone,
        Err(refused) => {
            let answered = exchange.answer(scratch, &mut record, refused);
            exchange.send(scratch, record, answered).await
        }
    };
    client.timer.arm(shared.config.timeouts.idle);
    after
}

/// The values of one field of the request in `scratch`.
fn sent(scratch: &Scratch, known: Known) -> impl Iterator<Item = &[u8]> {
    let fields = scratch.fields.iter();
    let named = fields.filter(move |field| field.known == known);
    named.map(|field| field.value(&scratch.inbound))
}

/// What a request is called: as it says, or anew.
fn request_id(scratch: &Scratch) -> RequestId<'_> {
    RequestId::of(sent(scratch, Known::RequestId))
}

/// What was decided about a request that goes on.
struct Plan<'p> {
    framing: Framing,
    version: Version,
    keep_alive: bool,
    expects_continue: bool,
    upgrades: bool,
    to_head: bool,
    /// It can be sent twice without being done twice (RFC 9110 §9.2.2).
    idempotent: bool,
    /// For its trailers.
    policy: RequestPolicy<'p>,
    /// For its response.
    response_policy: Option<RequestPolicy<'p>>,
}

/// What the upstream answered.
struct Answer {
    line: StatusLine,
    read: framing::Response,
}

struct Exchange<'x> {
    client: &'x mut Client,
    shared: &'x Shared,
    line: &'x RequestLine,
}

impl<'x> Exchange<'x> {
    /// Judges the request, and passes it and its response on.
    async fn attempt(
        &mut self,
        scratch: &mut Scratch,
        record: &mut Told,
    ) -> Result<After, Refused> {
        let plan = match self.judge(scratch, record) {
            Ok(plan) => plan,
            Err((fault, framing, expects_continue)) => {
                let drained = match framing.is_empty() && fault.leaves_framing_clear() {
                    true => Drained::Whole {
                        next: self.line.octets,
                    },
                    false => Box::pin(self.drain(scratch, &fault, framing, expects_continue)).await,
                };
                return Err(Refused { fault, drained });
            }
        };
        let Some(_counted) = self.admit() else {
            let (fault, expects) = (Fault::Busy, plan.expects_continue);
            let drained = Box::pin(self.drain(scratch, &fault, plan.framing, expects)).await;
            return Err(Refused { fault, drained });
        };
        let mut upload = Transfer::new(
            plan.framing,
            self.shared.config.limits.head,
            coding_of(plan.framing),
            self.line.octets,
            plan.idempotent,
        );
        // In a box: two small ones are had faster than one large one.
        let asked = Box::pin(self.ask(&plan, &mut upload, scratch, record)).await;
        let (mut upstream, answer) = match asked {
            Ok(asked) => asked,
            Err(fault) if upload.is_untouched() => {
                let expects = plan.expects_continue;
                let drained = Box::pin(self.drain(scratch, &fault, plan.framing, expects)).await;
                return Err(Refused { fault, drained });
            }
            Err(fault) => {
                let drained = drained(&upload);
                return Err(Refused { fault, drained });
            }
        };
        if answer.line.status == 101 {
            let switched = self.switch(&plan, &answer, upstream.stream, &upload, scratch, record);
            return Box::pin(switched).await;
        }
        let relaying = self.relay(&plan, &answer, &mut upload, &mut upstream, scratch, record);
        Box::pin(relaying).await.map(|(after, reusable)| {
            if reusable {
                let now = self.client.worker.clock.now();
                let pool = &self.client.worker.pool;
                pool.keep(upstream.stream, &self.shared.upstream, now);
            }
            after
        })
    }

    /// Counts the request, unless there are too many.
    fn admit(&self) -> Option<Counted> {
        let most = self.shared.config.limits.requests;
        Counted::one(&self.client.worker.load, |load| &load.requests, most)
    }

    /// Decides about the head, and writes the one for the upstream.
    fn judge(
        &self,
        scratch: &mut Scratch,
        record: &mut Told,
    ) -> Result<Plan<'x>, (Fault, Framing, bool)> {
        let (shared, line) = (self.shared, self.line);
        let read = {
            let head = &scratch.inbound[..];
            framing::request(line, head, &scratch.fields, self.client.secure)
        };
        if trace::is_on() {
            *record = Some(Box::new(self.open_record(scratch, read.as_ref().ok())));
        }
        let read = read.map_err(|malformed| {
            let fault = Fault::Malformed(malformed);
            (fault, framing_at_least(line, scratch), true)
        })?;
        let head = &scratch.inbound[..];
        let (policy, repairs) = judge::request(
            shared,
            record,
            &self.client.worker.memo,
            line,
            head,
            &scratch.fields,
            &read,
        )
        .map_err(|fault| (fault, read.framing, read.expects_continue))?;
        if shared.upstream.speaks_h2()
            && let Some((octet, offset)) = h2::upstream::unsayable(read.target.path_and_query)
        {
            let fault = Fault::Syntax(SyntaxError::Target(Place::outside(octet, offset)));
            return Err((fault, read.framing, read.expects_continue));
        }
        let method = read.method;
        let host = match shared.upstream.host() {
            Some(host) => HostLine::Set(host),
            None => HostLine::AsSent {
                otherwise: shared.upstream.authority(),
            },
        };
        forwarding::write_request(
            &forwarding::Request {
                line,
                head,
                fields: &scratch.fields,
                read: &read,
                repairs: &repairs,
                policy: &shared.config.policy,
                hop: &self.client.hop,
                host,
            },
            &mut scratch.outbound,
        );
        Ok(Plan {
            framing: read.framing,
            version: line.version,
            keep_alive: read.keep_alive,
            expects_continue: read.expects_continue,
            upgrades: read.upgrades,
            to_head: method == "HEAD",
            idempotent: is_idempotent(method),
            policy,
            response_policy: shared
                .config
                .response_policy
                .as_ref()
                .map(|policy| judge::policy_for(policy, method, &read.target)),
        })
    }

    fn open_record(&self, scratch: &Scratch, read: Option<&framing::Request<'_>>) -> Record {
        let head = &scratch.inbound[..];
        let host = match read {
            Some(read) => read.target.authority.to_owned(),
            None => sent(scratch, Known::Host)
                .next()
                .map(|host| Preview::new(host).to_string())
                .unwrap_or_default(),
        };
        let path = match read {
            Some(read) => read.target.path(),
            None => {
                let target = self.line.target(head);
                target.split('?').next().unwrap_or_default()
            }
        };
        let asked = Asked {
            method: self.line.method(head),
            authority: &host,
            path,
        };
        Record::open(
            &self.shared.logging,
            self.client.peer,
            request_id(scratch).into_owned(),
            &asked,
        )
    }

    /// Writes to the client.
    async fn write(&mut self, octets: &[u8]) -> Result<(), Fault> {
        let timer = &self.client.timer;
        timer.arm(self.shared.config.timeouts.body);
        write_all(&mut self.client.stream, timer, octets)
            .await
            .map_err(|_| Fault::ClientGone)
    }

    /// Leaves what follows the request at the front, for the next one.
    fn next(&self, at: usize, scratch: &mut Scratch) {
        scratch.inbound.drain(..at.min(scratch.inbound.len()));
        for buffer in [
            &mut scratch.outbound,
            &mut scratch.answer,
            &mut scratch.reply,
        ] {
            buffer.clear();
        }
    }
}

fn drained(upload: &Transfer) -> Drained {
    match upload.is_read() {
        true => Drained::Whole { next: upload.at() },
        false => Drained::Part,
    }
}

/// Whether the client has closed its side, while nothing of it is awaited. What
/// it sends ahead is kept for later, as much as fits.
fn is_gone(stream: &mut Stream, cx: &mut Context<'_>, inbound: &mut Vec<u8>) -> bool {
    while inbound.len() < MOST_AHEAD {
        make_room(inbound, FIRST_READ);
        match poll_read_onto(stream, cx, inbound) {
            Poll::Ready(Ok(1..)) => {}
            Poll::Ready(_) => return true,
            Poll::Pending => return false,
        }
    }
    false
}

/// How the length of a refused request's body is still known.
fn framing_at_least(line: &RequestLine, scratch: &Scratch) -> Framing {
    let head = &scratch.inbound[..];
    framing::body_of(line, head, &scratch.fields).unwrap_or(Framing::UntilClose)
}

const fn coding_of(framing: Framing) -> Coding {
    match framing {
        Framing::Chunked => Coding::Chunked,
        Framing::Length(_) | Framing::None | Framing::UntilClose => Coding::Identity,
    }
}

/// RFC 9110 §9.2.2.
fn is_idempotent(method: &str) -> bool {
    matches!(
        method,
        "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE" | "PROPFIND" | "REPORT" | "SEARCH"
    )
}

/// Writes to a client, for as long as the timer allows.
async fn write_all(stream: &mut Stream, timer: &Timer, octets: &[u8]) -> io::Result<()> {
    let mut written = 0;
    poll_fn(|cx| {
        while let Some(left) = octets.get(written..).filter(|left| !left.is_empty()) {
            match Pin::new(&mut *stream).poll_write(cx, left)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(taken) => written += taken,
                Poll::Pending if timer.is_over(cx) => {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        Pin::new(&mut *stream).poll_flush(cx)
    })
    .await
}

/// How much a client may send ahead of its turn, together with its request.
const MOST_AHEAD: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// One of these is allocated for each request.
    #[test]
    fn an_exchange_is_small() {
        fn size<'c, A, B, C, F>(_: fn(&'c mut A, &'c mut B, C) -> F) -> usize {
            size_of::<F>()
        }

        assert!(size(run) <= 1024, "{} octets", size(run));
    }
}
