//! Bodies on their way through: streamed, timed, and without trailers.
//!
//! Nothing is held but the frame at hand, so a reader that stops stops the
//! writer. Trailers are dropped in both directions: nobody has judged them.

use super::event::{Ending, Record};
use super::upstream::chain;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// Why a body ended before its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// The connection broke, or what came is no body.
    #[error("body broken off")]
    Broken(#[source] hyper::Error),
    /// Nothing came for too long.
    #[error("body stalled")]
    Stalled,
}

/// The body of a request.
pub(super) struct Upload {
    inner: Option<Incoming>,
    stall: Stall,
    progress: Arc<Progress>,
    /// Reading from a client that waits for `100 Continue` sends it one.
    expects_continue: bool,
}

impl Upload {
    pub(super) fn new(inner: Incoming, timeout: Duration, expects_continue: bool) -> Self {
        let progress = Progress::default();
        if inner.is_end_stream() {
            progress.set(Phase::Done);
        }
        Self {
            inner: Some(inner),
            stall: Stall::new(timeout),
            progress: Arc::new(progress),
            expects_continue,
        }
    }

    /// No body, for a request that is sent again.
    pub(super) fn none() -> Self {
        let progress = Progress::default();
        progress.set(Phase::Done);
        Self {
            inner: None,
            stall: Stall::new(Duration::MAX),
            progress: Arc::new(progress),
            expects_continue: false,
        }
    }

    /// How far the body has come, for those who do not read it.
    pub(super) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Reads what is left of a small body, so that the connection can be used
    /// again. A client that waits to be told to send is not told.
    pub(super) async fn drain(&mut self) -> Drained {
        if self.is_end_stream() {
            return Drained::Whole;
        }
        if self.expects_continue || self.size_hint().lower() > MOST_DRAINED {
            return Drained::Part;
        }
        let read = async {
            let mut left = MOST_DRAINED;
            while let Some(frame) = poll_fn(|cx| Pin::new(&mut *self).poll_frame(cx)).await {
                let octets = frame.ok()?.data_ref().map_or(0, Bytes::len);
                left = left.checked_sub(u64::try_from(octets).ok()?)?;
            }
            Some(())
        };
        match tokio::time::timeout(LONGEST_DRAIN, read).await {
            Ok(Some(())) => Drained::Whole,
            _ => Drained::Part,
        }
    }
}

/// How much of a refused request's body is read at most, in octets.
const MOST_DRAINED: u64 = 64 << 10;

/// How long that may take.
const LONGEST_DRAIN: Duration = Duration::from_secs(1);

/// Whether a body was read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drained {
    Part,
    Whole,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let Some(inner) = &mut this.inner else {
            return Poll::Ready(None);
        };
        match Pin::new(&mut *inner).poll_frame(cx) {
            Poll::Pending => {
                this.progress.set_once(Phase::AwaitingClient);
                ready!(this.stall.poll(cx));
                this.progress.set(Phase::Stalled);
                Poll::Ready(Some(Err(BodyError::Stalled)))
            }
            Poll::Ready(Some(Ok(frame))) if frame.is_data() => {
                this.stall.rest();
                this.progress.set(if inner.is_end_stream() {
                    Phase::Done
                } else {
                    Phase::AwaitingUpstream
                });
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.progress.set(Phase::Broken);
                Poll::Ready(Some(Err(BodyError::Broken(error))))
            }
            // The end, or trailers, which come at the end.
            Poll::Ready(_) => {
                this.progress.set(Phase::Done);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

/// How far a request's body has come, and since when.
#[derive(Debug)]
pub(super) struct Progress(Mutex<(Phase, Instant)>);

/// Whose turn it is in a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The client's.
    AwaitingClient,
    /// The upstream's: it has not asked for more.
    AwaitingUpstream,
    /// What the client sent is no body, or its connection broke.
    Broken,
    /// Nobody's: it was read to its end.
    Done,
    /// Nobody's: the client sent nothing for too long.
    Stalled,
}

impl Default for Progress {
    fn default() -> Self {
        Self(Mutex::new((Phase::AwaitingUpstream, Instant::now())))
    }
}

impl Progress {
    pub(super) fn phase(&self) -> Phase {
        self.lock().0
    }

    /// Since when the upstream has been the one to act, if it is.
    pub(super) fn waiting_for_upstream(&self) -> Option<Instant> {
        let (phase, since) = *self.lock();
        (phase != Phase::AwaitingClient).then_some(since)
    }

    fn set(&self, phase: Phase) {
        *self.lock() = (phase, Instant::now());
    }

    fn set_once(&self, phase: Phase) {
        if self.phase() != phase {
            self.set(phase);
        }
    }

    fn lock(&self) -> MutexGuard<'_, (Phase, Instant)> {
        // Two words are whole at any time.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of an answer, ours or the upstream's. It takes the request's
/// record along, which is written when the body is dropped.
pub(super) struct AnswerBody {
    source: Source,
    stall: Stall,
    record: Record,
}

enum Source {
    Own(Option<Bytes>),
    Relayed(Incoming),
}

impl AnswerBody {
    /// An answer of our own.
    pub(super) fn own(text: String, record: Record) -> Self {
        let text = Some(Bytes::from(text)).filter(|text| !text.is_empty());
        Self::new(Source::Own(text), Duration::MAX, record)
    }

    /// An answer of the upstream, which may pause for `timeout` at most.
    pub(super) fn relayed(body: Incoming, timeout: Duration, record: Record) -> Self {
        Self::new(Source::Relayed(body), timeout, record)
    }

    fn new(source: Source, timeout: Duration, record: Record) -> Self {
        let mut body = Self {
            source,
            stall: Stall::new(timeout),
            record,
        };
        body.note_end();
        body
    }

    fn note_end(&mut self) {
        if self.is_end_stream() {
            self.record.ended(Ending::Complete);
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let polled = match &mut this.source {
            Source::Own(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Source::Relayed(body) => Pin::new(body).poll_frame(cx),
        };
        match polled {
            Poll::Pending => {
                ready!(this.stall.poll(cx));
                let cause = format!("no octet of the response within {:?}", this.stall.timeout);
                this.record.broken_off(Ending::UpstreamStalled, cause);
                Poll::Ready(Some(Err(BodyError::Stalled)))
            }
            Poll::Ready(Some(Ok(frame))) if frame.is_data() => {
                this.stall.rest();
                this.note_end();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.record.broken_off(Ending::UpstreamCut, chain(&error));
                Poll::Ready(Some(Err(BodyError::Broken(error))))
            }
            // The end, or trailers, which come at the end.
            Poll::Ready(_) => {
                this.record.ended(Ending::Complete);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Own(text) => text.is_none(),
            Source::Relayed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Own(text) => {
                let octets = text.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(octets).unwrap_or(u64::MAX))
            }
            Source::Relayed(body) => body.size_hint(),
        }
    }
}

/// The clock of one body: it runs while somebody waits for the next frame.
struct Stall {
    timeout: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    running: bool,
}

impl Stall {
    const fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            timer: None,
            running: false,
        }
    }

    /// Ready when nothing has come for too long.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timeout = self.timeout;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(timeout)));
        if !self.running {
            // A timeout beyond what the clock can tell never comes.
            if let Some(at) = Instant::now().checked_add(timeout) {
                timer.as_mut().reset(at);
            }
            self.running = true;
        }
        timer.as_mut().poll(cx)
    }

    const fn rest(&mut self) {
        self.running = false;
    }
}
