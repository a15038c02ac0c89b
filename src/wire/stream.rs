//! A connection's octets, whatever carries them.

use super::pipe::Pipe;
use std::future::Future as _;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// Something that carries octets both ways besides a plain socket: TLS, say.
pub(crate) trait Carrier: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Carrier for T {}

/// A connection.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// To ourselves: the other end speaks HTTP/2 to somebody.
    Pipe(Pipe),
    /// Through something else. Boxed, so that plain connections stay small.
    Carried(Box<dyn Carrier>),
}

impl Stream {
    /// Whether the other side has closed an idle connection, or has spoken out
    /// of turn. Without a system call where the runtime knows of nothing new.
    pub(crate) fn is_dead(&mut self) -> bool {
        let mut octet = [0];
        let mut buffer = ReadBuf::new(&mut octet);
        let mut cx = Context::from_waker(Waker::noop());
        Pin::new(self).poll_read(&mut cx, &mut buffer).is_ready()
    }

    /// The same, asking the system, which may know more.
    pub(crate) fn is_surely_dead(&mut self) -> bool {
        let mut octet = [std::mem::MaybeUninit::uninit()];
        let peeked = match self {
            Self::Tcp(stream) => socket2::SockRef::from(&*stream).peek(&mut octet),
            Self::Unix(stream) => socket2::SockRef::from(&*stream).peek(&mut octet),
            Self::Pipe(_) | Self::Carried(_) => return self.is_dead(),
        };
        !matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Whether octets have come that the runtime need not know of yet.
    pub(crate) fn has_octets(&self) -> bool {
        let mut octet = [std::mem::MaybeUninit::uninit()];
        let peeked = match self {
            Self::Tcp(stream) => socket2::SockRef::from(stream).peek(&mut octet),
            Self::Unix(stream) => socket2::SockRef::from(stream).peek(&mut octet),
            Self::Pipe(_) | Self::Carried(_) => return false,
        };
        matches!(peeked, Ok(1..))
    }

    /// Closes so that the other side's unread octets are thrown away with what
    /// it was sent: it learns that what it got is not whole.
    pub(crate) fn abort(self) {
        if let Self::Tcp(stream) = &self {
            // Where this fails, the connection is closed all the same.
            let _ = stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Pipe(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Carried(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, octets),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, octets),
            Self::Pipe(stream) => Pin::new(stream).poll_write(cx, octets),
            Self::Carried(stream) => Pin::new(stream).poll_write(cx, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Pipe(stream) => Pin::new(stream).poll_flush(cx),
            Self::Carried(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Pipe(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Carried(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// Reads what is there to the end of `buffer`, into its spare room. Gives the
/// number of octets, 0 at the end.
pub(crate) fn poll_read_onto(
    stream: &mut Stream,
    cx: &mut Context<'_>,
    buffer: &mut Vec<u8>,
) -> Poll<io::Result<usize>> {
    // It holds nothing of its own, so that it may be made anew for each poll.
    pin!(stream.read_buf(buffer)).poll(cx)
}
