//! The upstream is asked: the request goes, and the head of its final response
//! comes, over a connection that may turn out dead.

use super::{Answer, Exchange, Plan, is_gone};
use crate::proxy::connection::Client;
use crate::proxy::event::Told;
use crate::proxy::judge;
use crate::proxy::reply::Fault;
use crate::proxy::upstream::{Connected, Pool, UpstreamError};
use crate::proxy::{Shared, tls};
use crate::wire::framing;
use crate::wire::head::{self, Parsed, StatusLine, Version};
use crate::wire::scratch::{FIRST_READ, Scratch, make_room};
use crate::wire::stream::{Stream, poll_read_onto};
use crate::wire::timer::Timer;
use crate::wire::transfer::{Broken, Coding, Transfer, Waiting};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

impl Exchange<'_> {
    /// Sends the request and waits for the head of its final response. A kept
    /// connection that turns out dead costs a request that can be sent again
    /// one more try.
    pub(super) async fn ask(
        &mut self,
        plan: &Plan<'_>,
        upload: &mut Transfer,
        scratch: &mut Scratch,
        record: &mut Told,
    ) -> Result<(Connected, Answer), Fault> {
        let upstream = &self.shared.upstream;
        let limit = self.shared.config.timeouts.connect;
        let worker = Rc::clone(&self.client.worker);
        self.client.timer.disarm();
        let kept = worker.pool.take(upstream, !plan.idempotent);
        let mut connected = match kept {
            Some(kept) => kept,
            None => {
                // Rare, and large: not part of every exchange.
                let connecting = Box::pin(Pool::connect(&worker, upstream, limit));
                self.while_client_stays(scratch, upload, connecting).await?
            }
        };
        let mut tries = 0;
        loop {
            let failed = match self
                .converse(plan, upload, &mut connected.stream, scratch, record)
                .await
            {
                Ok(answer) => {
                    worker.pool.answered(worker.clock.now());
                    return Ok((connected, answer));
                }
                Err(failed) => failed,
            };
            let again = match failed {
                // An upstream that was killed resets what waits to be accepted.
                Failed::Reset(_) if !connected.used => {
                    tries += 1;
                    tries == 1 && plan.idempotent && upload.rewind()
                }
                _ if !connected.used => false,
                Failed::Reset(_) | Failed::Stale(_) => plan.idempotent && upload.rewind(),
                Failed::NeverSent(_) => upload.rewind_untouched(),
                Failed::Otherwise(_) => false,
            };
            if !again {
                return Err(failed.into());
            }
            let connecting = Box::pin(Pool::fresh(&worker, upstream, limit));
            connected = self.while_client_stays(scratch, upload, connecting).await?;
        }
    }

    /// Waits for something, as long as the client does.
    async fn while_client_stays<T>(
        &mut self,
        scratch: &mut Scratch,
        upload: &Transfer,
        mut what: Pin<Box<impl Future<Output = Result<T, Fault>>>>,
    ) -> Result<T, Fault> {
        let stream = &mut self.client.stream;
        let awaits_body = !upload.has_no_body();
        poll_fn(|cx| {
            if let Poll::Ready(done) = what.as_mut().poll(cx) {
                return Poll::Ready(done);
            }
            if !awaits_body && is_gone(stream, cx, &mut scratch.inbound) {
                return Poll::Ready(Err(Fault::ClientGone));
            }
            Poll::Pending
        })
        .await
    }

    /// Sends what is to be sent and reads up to the head of the final response.
    async fn converse(
        &mut self,
        plan: &Plan<'_>,
        upload: &mut Transfer,
        upstream: &mut Stream,
        scratch: &mut Scratch,
        record: &mut Told,
    ) -> Result<Answer, Failed> {
        scratch.answer.clear();
        let mut interim = 0;
        let mut wants_continue = plan.expects_continue;
        loop {
            let came = self
                .response_head(plan, upload, upstream, scratch, record, wants_continue)
                .await
                .map_err(|failed| match interim {
                    0 => failed,
                    // An interim response is one: the request was delivered.
                    _ => Failed::Otherwise(failed.into()),
                })?;
            let Came::Head(line) = came else {
                // The upstream does not know about it, or waits for the body.
                wants_continue = false;
                self.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
                continue;
            };
            let Scratch {
                answer,
                answer_fields,
                ..
            } = scratch;
            let read = framing::response(&line, answer, answer_fields, plan.to_head);
            let Ok(read) = read else {
                let cause = "Transfer-Encoding other than chunked, once and alone, or Content-Length not one number";
                return Err(UpstreamError::Ambiguous.caused(cause).into());
            };
            let answer = Answer { line, read };
            match answer.line.status {
                101 if plan.upgrades => return Ok(answer),
                101 => {
                    let cause = "101 to a request without Upgrade";
                    return Err(UpstreamError::Switched.caused(cause).into());
                }
                100..=199 => {
                    interim += 1;
                    if interim > MOST_INTERIM {
                        let cause = "too many interim responses";
                        return Err(UpstreamError::Garbled.caused(cause).into());
                    }
                    let is_continue = answer.line.status == 100;
                    if plan.expects_continue && is_continue && !wants_continue {
                        // It was told already.
                    } else {
                        self.relay_interim(plan, &answer, scratch, record).await?;
                    }
                    wants_continue &= !is_continue;
                    scratch.answer.drain(..answer.line.octets);
                }
                _ => return Ok(answer),
            }
        }
    }

    /// Reads the next head of a response, while the request's body goes up.
    async fn response_head(
        &mut self,
        plan: &Plan<'_>,
        upload: &mut Transfer,
        upstream: &mut Stream,
        scratch: &mut Scratch,
        record: &mut Told,
        wants_continue: bool,
    ) -> Result<Came, Failed> {
        let shared = self.shared;
        let client = &mut *self.client;
        let mut rate = Rate::new(&client.timer, shared);
        let mut trailer_fault = None;
        let mut upload_failed: Option<io::Error> = None;
        let mut searched = 0usize;
        let mut before = None;
        let asked = client.timer.clock().now();
        poll_fn(|cx| {
            let timeouts = &shared.config.timeouts;
            let Client { stream, timer, .. } = &mut *client;
            let Scratch {
                inbound,
                outbound,
                answer,
                answer_fields,
                ..
            } = &mut *scratch;
            if !upload.is_done() && upload_failed.is_none() {
                let mut on_trailers = |section: &[u8], out: &mut Vec<u8>| {
                    let judged = judge::trailers(shared, record, Some(&plan.policy), section, out);
                    trailer_fault = judged.err();
                    trailer_fault.is_none()
                };
                let from = (&mut *stream, &mut *inbound);
                let to = (&mut *upstream, &mut *outbound);
                match upload.poll(cx, from, to, &mut on_trailers) {
                    Poll::Ready(Ok(())) | Poll::Pending => {}
                    // It may have answered all the same, and closed its ears.
                    Poll::Ready(Err(Broken::Sink(error))) => upload_failed = Some(error),
                    Poll::Ready(Err(Broken::Trailers)) => {
                        let fault = trailer_fault.take().unwrap_or(Fault::BodyBroken);
                        return Poll::Ready(Err(Failed::Otherwise(fault)));
                    }
                    Poll::Ready(Err(Broken::Malformed(_))) => {
                        return Poll::Ready(Err(Fault::BodyBroken.into()));
                    }
                    Poll::Ready(Err(Broken::Source(_))) => {
                        return Poll::Ready(Err(Fault::ClientGone.into()));
                    }
                }
            }
            loop {
                if !answer.is_empty()
                    && (searched == 0 || head::end(answer, searched.saturating_sub(2)).is_some())
                {
                    match head::response(answer, MOST_RESPONSE_FIELDS, answer_fields) {
                        Ok(Parsed::Complete(line)) => return Poll::Ready(Ok(Came::Head(line))),
                        Ok(Parsed::Partial) => {}
                        Err(error) => {
                            let cause = format!("its head is no HTTP: {error}");
                            return Poll::Ready(Err(UpstreamError::Garbled.caused(cause).into()));
                        }
                    }
                }
                searched = answer.len();
                if answer.len() > MOST_RESPONSE_HEAD {
                    let cause = "its head is too long";
                    return Poll::Ready(Err(UpstreamError::Garbled.caused(cause).into()));
                }
                make_room(answer, FIRST_READ);
                match poll_read_onto(upstream, cx, answer) {
                    Poll::Ready(Ok(1..)) => {}
                    Poll::Ready(ended) => {
                        let error = ended.err().or(upload_failed.take());
                        return Poll::Ready(Err(closed(error, upload, answer)));
                    }
                    Poll::Pending => break,
                }
            }
            // Whoever has to act next has so long for it.
            // A head that has begun has it once more, however it drips.
            let now = (upload.moved(), answer.is_empty());
            let waits_for_client = !upload.is_done() && upload.waiting() == Waiting::Source;
            if before != Some(now) {
                before = Some(now);
                timer.arm(match waits_for_client && upload_failed.is_none() {
                    true if wants_continue => LONGEST_CONTINUE,
                    true => timeouts.body,
                    false => timeouts.response,
                });
            }
            if wants_continue && waits_for_client && upload.moved().0 == 0 {
                let waited = timer.clock().now().saturating_sub(asked);
                if u128::from(waited) >= LONGEST_CONTINUE.as_millis() {
                    return Poll::Ready(Ok(Came::Nothing));
                }
                let _ = timer.is_over(cx);
                return Poll::Pending;
            }
            if timer.is_over(cx) {
                return Poll::Ready(Err(match waits_for_client {
                    true => Fault::BodyStalled,
                    false => {
                        let limit = timeouts.response;
                        let cause = format!("no response within {limit:?}");
                        UpstreamError::ResponseTimedOut.caused(cause)
                    }
                }
                .into()));
            }
            if waits_for_client && rate.is_too_low(timer, upload.moved().0) {
                return Poll::Ready(Err(Fault::BodySlow.into()));
            }
            if upload.is_read() && is_gone(stream, cx, inbound) {
                return Poll::Ready(Err(Fault::ClientGone.into()));
            }
            Poll::Pending
        })
        .await
    }

    /// Passes on what is not the final response (RFC 9110 §15.2).
    async fn relay_interim(
        &mut self,
        plan: &Plan<'_>,
        answer: &Answer,
        scratch: &mut Scratch,
        record: &mut Told,
    ) -> Result<(), Failed> {
        if plan.version == Version::Http10 {
            return Ok(());
        }
        let policy = plan.response_policy.as_ref();
        let (head, fields) = (&scratch.answer, &scratch.answer_fields);
        let Ok(repairs) = judge::response(self.shared, record, policy, head, fields) else {
            // Nobody misses it: the final response is still to come.
            return Ok(());
        };
        self.write_head(answer, Coding::Identity, &repairs, false, scratch);
        let written = self.write(&scratch.reply).await;
        scratch.reply.clear();
        written.map_err(Failed::from)
    }
}

/// What came while a response was waited for.
enum Came {
    Head(StatusLine),
    /// Nothing, for as long as a client waits to be told to send its body.
    Nothing,
}

/// Why an attempt failed, and whether there may be another.
enum Failed {
    /// A connection was closed before an octet of the answer came.
    Stale(Fault),
    /// The same, and by a reset.
    Reset(Fault),
    /// The same, and not an octet of the request went.
    NeverSent(Fault),
    Otherwise(Fault),
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Otherwise(fault)
    }
}

impl From<Failed> for Fault {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::NeverSent(fault)
            | Failed::Otherwise(fault)
            | Failed::Reset(fault)
            | Failed::Stale(fault) => fault,
        }
    }
}

/// The upstream closed its connection before the head of its answer was whole.
fn closed(error: Option<io::Error>, upload: &Transfer, answer: &[u8]) -> Failed {
    let reset = error
        .as_ref()
        .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionReset);
    let cause = match error.map(tls::explain) {
        Some(error) => crate::proxy::upstream::chain(&error),
        None => "it closed the connection".to_owned(),
    };
    if !answer.is_empty() {
        let cause = format!("in the middle of its head: {cause}");
        return UpstreamError::Closed.caused(cause).into();
    }
    let fault = UpstreamError::Closed.caused(cause);
    match upload.moved() {
        (_, 0) => Failed::NeverSent(fault),
        _ if reset => Failed::Reset(fault),
        _ => Failed::Stale(fault),
    }
}

/// The least rate at which a request's body has to come.
struct Rate {
    least: u64,
    span: u64,
    from: u64,
    octets: u64,
}

impl Rate {
    fn new(timer: &Timer, shared: &Shared) -> Self {
        let span = shared.config.timeouts.body.as_millis();
        Self {
            least: shared.config.limits.body_rate as u64,
            span: u64::try_from(span).unwrap_or(u64::MAX),
            from: timer.clock().now(),
            octets: 0,
        }
    }

    /// Whether less than that came in the last span; `octets` came in all.
    fn is_too_low(&mut self, timer: &Timer, octets: u64) -> bool {
        let passed = timer.clock().now().saturating_sub(self.from);
        if passed < self.span {
            return false;
        }
        let too_low =
            (octets - self.octets).saturating_mul(1000) < self.least.saturating_mul(passed);
        (self.from, self.octets) = (timer.clock().now(), octets);
        too_low
    }
}

/// How long the upstream may take to say that it wants the body. Clients do not
/// wait much longer than that.
const LONGEST_CONTINUE: Duration = Duration::from_millis(500);

/// The longest head of a response, and how many fields it may have.
const MOST_RESPONSE_HEAD: usize = 256 << 10;
const MOST_RESPONSE_FIELDS: usize = 512;

/// More than these is no answer.
const MOST_INTERIM: usize = 64;
