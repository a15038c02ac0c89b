//! HTTP/2, by hyper, on both sides of the same exchange.

pub(super) mod server;
pub(super) mod upstream;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

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
