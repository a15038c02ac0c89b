//! One request and its response.
//!
//! The head is read and judged ([`judge`](super::judge)); what may go on is
//! written for the upstream, and both bodies pass each other until each is
//! done. Octets go upstream only after the whole head was judged.

mod ask;
mod request_head;

use self::request_head::{read_head, refuse_head};
use super::connection::{self, Client};
use super::event::{Asked, Ending, Record, Told};
use super::forwarding::{self, HostLine};
use super::judge;
use super::memo::{Asking, Refusal};
use super::reply::{self, Afterwards, Asker, Fault};
use super::request_id::RequestId;
use super::tunnel;
use super::upstream::{Connected, chain};
use super::worker::{Counted, Stage};
use super::{Shared, h2, trace};
use crate::decide::RequestPolicy;
use crate::headers::Repair;
use crate::preview::Preview;
use crate::wire::framing::{self, Framing};
use crate::wire::head::{Known, RequestLine, StatusLine, Version};
use crate::wire::scratch::{FIRST_READ, Scratch, make_room};
use crate::wire::stream::{Stream, poll_read_onto};
use crate::wire::syntax::{Place, SyntaxError};
use crate::wire::timer::Timer;
use crate::wire::transfer::{Broken, Coding, Drain, Drained, Transfer, Waiting};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
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

/// A request that is answered by us, and whether its body is out of the way.
struct Refused {
    fault: Fault,
    drained: Drained,
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            drained: Drained::Part,
        }
    }
}

/// What follows an answer of our own.
struct Answered {
    /// Whether the connection can be used again.
    keeps: bool,
    drained: Drained,
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

    /// Writes the head of a response for the client.
    fn write_head(
        &self,
        answer: &Answer,
        coding: Coding,
        repairs: &[Repair],
        closes: bool,
        scratch: &mut Scratch,
    ) {
        forwarding::write_response(
            &forwarding::Response {
                line: &answer.line,
                head: &scratch.answer,
                fields: &scratch.answer_fields,
                read: &answer.read,
                coding,
                repairs,
                hop: &self.client.hop,
                closes,
            },
            &mut scratch.reply,
        );
    }

    /// Writes to the client.
    async fn write(&mut self, octets: &[u8]) -> Result<(), Fault> {
        let timer = &self.client.timer;
        timer.arm(self.shared.config.timeouts.body);
        write_all(&mut self.client.stream, timer, octets)
            .await
            .map_err(|_| Fault::ClientGone)
    }

    /// Passes the response on, and what is left of the request. Says whether
    /// the upstream's connection can be used again.
    async fn relay(
        &mut self,
        plan: &Plan<'_>,
        answer: &Answer,
        upload: &mut Transfer,
        upstream: &mut Connected,
        scratch: &mut Scratch,
        record: &mut Told,
    ) -> Result<(After, bool), Refused> {
        let shared = self.shared;
        let repairs = judge::response(
            shared,
            record,
            plan.response_policy.as_ref(),
            &scratch.answer,
            &scratch.answer_fields,
        );
        let repairs = repairs.map_err(|fault| Refused {
            fault,
            drained: drained(upload),
        })?;
        // A response that comes early may leave a body that nobody reads.
        let leaving = self.client.worker.stage() > Stage::Serving;
        let mut closes = !plan.keep_alive || leaving || !upload.is_read();
        let coding = match (answer.read.framing, plan.version) {
            (Framing::Chunked | Framing::UntilClose, Version::Http11) => Coding::Chunked,
            (Framing::Chunked | Framing::UntilClose, Version::Http10) => {
                closes = true;
                Coding::Identity
            }
            (Framing::Length(_) | Framing::None, _) => Coding::Identity,
        };
        self.write_head(answer, coding, &repairs, closes, scratch);
        self.client.answering = true;
        if let Some(record) = record {
            record.relayed(answer.line.status);
        }
        let mut download = Transfer::new(
            answer.read.framing,
            shared.config.limits.head,
            coding,
            answer.line.octets,
            false,
        );
        let ended = self
            .pass(
                plan,
                upload,
                &mut download,
                &mut upstream.stream,
                scratch,
                record,
            )
            .await;
        if let Err(ended) = ended {
            // A body that its length or its last chunk ends shows that it is cut.
            let shows =
                matches!(answer.read.framing, Framing::Length(_)) || coding == Coding::Chunked;
            return Ok((if shows { ended } else { After::Abort }, false));
        }
        if let Some(record) = record {
            record.ended(Ending::Complete);
        }
        let reusable =
            answer.read.keep_alive && upload.is_done() && scratch.answer.len() == download.at();
        let after = match (closes, upload.is_read()) {
            (false, _) => After::Again,
            (true, true) => After::Close,
            (true, false) => After::Linger,
        };
        if after == After::Again {
            self.next(upload.at(), scratch);
        }
        Ok((after, reusable))
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

    /// Moves both bodies until the response is complete.
    async fn pass(
        &mut self,
        plan: &Plan<'_>,
        upload: &mut Transfer,
        download: &mut Transfer,
        upstream: &mut Stream,
        scratch: &mut Scratch,
        record: &mut Told,
    ) -> Result<(), After> {
        let shared = self.shared;
        let limit = shared.config.timeouts.body;
        let Client { stream, timer, .. } = &mut *self.client;
        let Scratch {
            inbound,
            outbound,
            answer,
            reply,
            ..
        } = scratch;
        let mut upload_failed = false;
        let mut before = None;
        poll_fn(|cx| {
            if !upload.is_done() && !upload_failed {
                let mut on_trailers = |section: &[u8], out: &mut Vec<u8>| {
                    judge::trailers(shared, record, Some(&plan.policy), section, out).is_ok()
                };
                let from = (&mut *stream, &mut *inbound);
                let to = (&mut *upstream, &mut *outbound);
                let moved = upload.poll(cx, from, to, &mut on_trailers);
                upload_failed = matches!(moved, Poll::Ready(Err(_)));
            }
            let mut on_trailers = |section: &[u8], out: &mut Vec<u8>| {
                let policy = plan.response_policy.as_ref();
                judge::trailers(shared, record, policy, section, out).is_ok()
            };
            let from = (&mut *upstream, &mut *answer);
            let to = (&mut *stream, &mut *reply);
            match download.poll(cx, from, to, &mut on_trailers) {
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
                Poll::Ready(Err(Broken::Sink(_))) => return Poll::Ready(Err(After::Gone)),
                Poll::Ready(Err(broken)) => {
                    broken_off(record, Ending::UpstreamCut, cause_of(&broken));
                    return Poll::Ready(Err(After::Close));
                }
                Poll::Pending => {}
            }
            let now = (upload.moved(), download.moved());
            if before != Some(now) {
                before = Some(now);
                timer.arm(limit);
            }
            if timer.is_over(cx) {
                if download.waiting() == Waiting::Source {
                    let cause = format!("no octet of the response within {limit:?}");
                    broken_off(record, Ending::UpstreamStalled, cause);
                }
                return Poll::Ready(Err(After::Close));
            }
            if upload.is_read() && is_gone(stream, cx, inbound) {
                return Poll::Ready(Err(After::Gone));
            }
            Poll::Pending
        })
        .await
    }

    /// Becomes a tunnel, after the upstream's 101.
    async fn switch(
        &mut self,
        plan: &Plan<'_>,
        answer: &Answer,
        mut upstream: Stream,
        upload: &Transfer,
        scratch: &mut Scratch,
        record: &mut Told,
    ) -> Result<After, Refused> {
        let policy = plan.response_policy.as_ref();
        let (head, fields) = (&scratch.answer, &scratch.answer_fields);
        let repairs = judge::response(self.shared, record, policy, head, fields)?;
        self.write_head(answer, Coding::Identity, &repairs, false, scratch);
        self.client.answering = true;
        if let Some(record) = record {
            record.relayed(answer.line.status);
            record.ended(Ending::Complete);
        }
        scratch
            .inbound
            .drain(..upload.at().min(scratch.inbound.len()));
        let early = answer.line.octets.min(scratch.answer.len());
        let early = scratch.answer.get(early..).unwrap_or_default();
        scratch.reply.extend_from_slice(early);
        tunnel::run(
            self.client,
            &mut upstream,
            &scratch.inbound,
            &scratch.reply,
            self.shared.config.timeouts.tunnel,
        )
        .await;
        Ok(After::Close)
    }

    /// Reads what is left of a small body, so that the connection can be used
    /// again. A client that waits to be told to send is not told.
    async fn drain(
        &mut self,
        scratch: &mut Scratch,
        fault: &Fault,
        framing: Framing,
        expects_continue: bool,
    ) -> Drained {
        // A stream of HTTP/2 carries one request; nothing comes after it.
        let is_alone = matches!(self.client.stream, Stream::Pipe(_));
        if is_alone || !fault.leaves_framing_clear() {
            return Drained::Part;
        }
        let mut drain = Drain::new(framing, self.line.octets);
        let timer = &self.client.timer;
        timer.arm(LONGEST_DRAIN);
        let stream = &mut self.client.stream;
        poll_fn(|cx| {
            if timer.is_over(cx) {
                return Poll::Ready(Drained::Part);
            }
            let may_read = !expects_continue;
            drain.poll(cx, stream, &mut scratch.inbound, may_read)
        })
        .await
    }

    /// Writes an answer of our own.
    fn answer(
        &mut self,
        scratch: &mut Scratch,
        record: &mut Told,
        Refused { fault, drained }: Refused,
    ) -> Answered {
        if let Some(record) = record {
            record.answered(&fault);
        }
        let leaving = self.client.worker.stage() > Stage::Serving;
        let keeps = drained != Drained::Part
            && fault.leaves_framing_clear()
            && !leaving
            && self.keeps_alive(scratch);
        let afterwards = match keeps {
            true => Afterwards::KeepOpen,
            false => Afterwards::Close,
        };
        let mut reply = std::mem::take(&mut scratch.reply);
        reply.clear();
        let id = match &record {
            Some(record) => record.id().clone(),
            None => request_id(scratch),
        };
        // What is repeated is told as it was.
        let is_new = !matches!(fault, Fault::Repeated(_));
        let accept = is_new.then(|| sent(scratch, Known::Accept));
        let asker = Asker::new(
            &id,
            self.shared.config.detail_level,
            accept.into_iter().flatten(),
            self.line.method(&scratch.inbound) == "HEAD",
        );
        let fault = match fault {
            Fault::Rejected(rejected) => {
                let refusal = Rc::new(Refusal::new(&rejected, asker.level, asker.as_text));
                let asking = Asking::of(self.shared.id, &scratch.inbound, &scratch.fields);
                if let Some(asking) = asking {
                    self.client.worker.memo.keep(asking, &rejected, &refusal);
                }
                Fault::Repeated(refusal)
            }
            fault => fault,
        };
        reply::write(&fault, &asker, afterwards, &mut reply);
        scratch.reply = reply;
        self.client.answering = true;
        Answered { keeps, drained }
    }

    /// Sends the answer that was written.
    async fn send(
        &mut self,
        scratch: &mut Scratch,
        mut record: Told,
        Answered { keeps, drained }: Answered,
    ) -> After {
        let timer = &self.client.timer;
        timer.arm(self.shared.config.timeouts.body);
        let sent = write_all(&mut self.client.stream, timer, &scratch.reply).await;
        if sent.is_err() {
            return After::Gone;
        }
        if let Some(record) = &mut record {
            record.ended(Ending::Complete);
        }
        match (keeps, drained) {
            (true, Drained::Whole { next }) => {
                self.next(next, scratch);
                After::Again
            }
            _ => After::Linger,
        }
    }

    /// Whether the client may go on after this request.
    fn keeps_alive(&self, scratch: &Scratch) -> bool {
        let mut seen = framing::Connection::default();
        for value in sent(scratch, Known::Connection) {
            seen.read(value);
        }
        self.line.version == Version::Http11 && !seen.close
    }
}

fn drained(upload: &Transfer) -> Drained {
    match upload.is_read() {
        true => Drained::Whole { next: upload.at() },
        false => Drained::Part,
    }
}

fn broken_off(record: &mut Told, ending: Ending, cause: String) {
    if let Some(record) = record {
        record.broken_off(ending, cause);
    }
}

fn cause_of(broken: &Broken) -> String {
    match broken {
        Broken::Malformed(error) => error.to_string(),
        Broken::Source(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it closed the connection in the middle of its body".to_owned()
        }
        Broken::Sink(error) | Broken::Source(error) => chain(error),
        Broken::Trailers => "its trailers were refused".to_owned(),
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

/// How long a refused request's body may take to be read.
const LONGEST_DRAIN: Duration = Duration::from_secs(1);

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
