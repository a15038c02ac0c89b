//! HTTP/2, by hyper, on both sides of the same exchange.
//!
//! A stream is turned into a request in HTTP/1.1 and goes through a pipe to an
//! [`exchange`](super::exchange), as if it came over a connection of its own;
//! for an upstream it is turned back. So there is one policy, one set of limits
//! and one way to forward, whatever is spoken.

mod body;
mod fields;
pub(super) mod server;
pub(super) mod upstream;

use crate::wire::timer::Clock;
use hyper::rt::Executor;
use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::spawn_local;

/// What a client sends first that speaks HTTP/2 without being asked (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Whether the first octets of a connection are the preface, or its start.
pub(super) fn may_be_preface(first: &[u8]) -> bool {
    let known = first.len().min(PREFACE.len());
    first.get(..known) == PREFACE.get(..known)
}

/// Whether all of it is there.
pub(super) fn is_preface(first: &[u8]) -> bool {
    first.starts_with(PREFACE)
}

/// A connection of which something was read already.
pub(super) struct Prefixed<S> {
    first: Vec<u8>,
    read: usize,
    stream: S,
}

impl<S> Prefixed<S> {
    pub(super) const fn new(first: Vec<u8>, stream: S) -> Self {
        Self {
            first,
            read: 0,
            stream,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = self.first.get(self.read..).unwrap_or_default();
        if left.is_empty() {
            self.first = Vec::new();
            self.read = 0;
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let taken = left.get(..buffer.remaining()).unwrap_or(left);
        buffer.put_slice(taken);
        let taken = taken.len();
        self.read += taken;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefixed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Runs what hyper wants run, on this thread.
#[derive(Clone, Copy, Debug)]
struct Local;

impl<F: Future<Output = ()> + 'static> Executor<F> for Local {
    fn execute(&self, future: F) {
        spawn_local(future);
    }
}

/// What passes over a connection.
#[derive(Debug)]
struct Traffic {
    clock: Rc<Clock>,
    /// When something was read last.
    heard: Cell<u64>,
    /// How many octets were written.
    written: Cell<u64>,
}

impl Traffic {
    fn new(clock: &Rc<Clock>) -> Rc<Self> {
        Rc::new(Self {
            clock: Rc::clone(clock),
            heard: Cell::new(clock.now()),
            written: Cell::new(0),
        })
    }
}

/// A connection whose traffic is watched.
struct Watched<S> {
    stream: S,
    traffic: Rc<Traffic>,
}

impl<S> Watched<S> {
    const fn new(stream: S, traffic: Rc<Traffic>) -> Self {
        Self { stream, traffic }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_ready() {
            self.traffic.heard.set(self.traffic.clock.now());
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, octets);
        if let Poll::Ready(Ok(octets)) = wrote {
            let written = &self.traffic.written;
            written.set(written.get() + octets as u64);
        }
        wrote
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
