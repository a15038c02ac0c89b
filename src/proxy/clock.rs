//! Whose turn it is on a client's connection, and until when.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::config::Timeouts;

/// What a connection is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// The rest of a head.
    Head,
    /// The next request.
    Idle,
    /// The first octet of all.
    Start,
    /// The rest of a body whose request is answered already.
    Leftover,
    /// An exchange, which keeps its own time.
    Exchange,
    /// The client's taking what is written to it.
    Reader,
}

/// The clock of one client's connection.
#[derive(Debug)]
pub(super) struct Clock {
    timeouts: Timeouts,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    waiting: Waiting,
    since: Instant,
    /// Since when the client has not taken what is written to it.
    blocked: Option<Instant>,
    /// What the client opened with.
    opening: Opening,
}

/// What a client opens its connection with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// Perhaps a request; nothing, to begin with.
    Request,
    /// A TLS record with a handshake in it (RFC 8446 §5.1): no method starts
    /// with such an octet.
    Tls,
}

impl Clock {
    /// The clock of a connection that was just accepted: its first head is
    /// due although no octet of it has come.
    pub(super) fn new(timeouts: &Timeouts) -> Self {
        Self {
            timeouts: timeouts.clone(),
            state: Mutex::new(State {
                waiting: Waiting::Start,
                since: Instant::now(),
                blocked: None,
                opening: Opening::Request,
            }),
        }
    }

    /// What the connection waits for, and until when it may.
    pub(super) fn due(&self) -> (Waiting, Option<Instant>) {
        let State {
            waiting,
            since,
            blocked,
            ..
        } = *self.lock();
        if let Some(blocked) = blocked {
            return (Waiting::Reader, blocked.checked_add(self.timeouts.body));
        }
        let limit = match waiting {
            Waiting::Head | Waiting::Start => self.timeouts.head,
            Waiting::Idle => self.timeouts.idle,
            Waiting::Leftover | Waiting::Reader => self.timeouts.body,
            Waiting::Exchange => Duration::MAX,
        };
        (waiting, since.checked_add(limit))
    }

    pub(super) fn now_waits_for(&self, waiting: Waiting) {
        let mut state = self.lock();
        (state.waiting, state.since) = (waiting, Instant::now());
    }

    pub(super) fn opening(&self) -> Opening {
        self.lock().opening
    }

    fn read(&self, first: u8) {
        let mut state = self.lock();
        if state.waiting == Waiting::Start && first == TLS_HANDSHAKE {
            state.opening = Opening::Tls;
        }
        match state.waiting {
            Waiting::Idle => (state.waiting, state.since) = (Waiting::Head, Instant::now()),
            // The time runs from when the connection was accepted.
            Waiting::Start => state.waiting = Waiting::Head,
            Waiting::Exchange | Waiting::Head | Waiting::Leftover | Waiting::Reader => {}
        }
    }

    fn wrote(&self, taken: bool) {
        let mut state = self.lock();
        if taken {
            state.blocked = None;
        } else if state.blocked.is_none() {
            state.blocked = Some(Instant::now());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Plain words are whole at any time.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const TLS_HANDSHAKE: u8 = 22;

/// A client's connection that tells its clock what happens on it.
pub(super) struct Clocked {
    stream: TcpStream,
    clock: Arc<Clock>,
}

impl Clocked {
    pub(super) const fn new(stream: TcpStream, clock: Arc<Clock>) -> Self {
        Self { stream, clock }
    }

    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }
}

impl AsyncRead for Clocked {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Some(&first) = buffer.filled().get(before) {
            self.clock.read(first);
        }
        polled
    }
}

impl AsyncWrite for Clocked {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, octets);
        self.clock.wrote(polled.is_ready());
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.clock.wrote(polled.is_ready());
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
