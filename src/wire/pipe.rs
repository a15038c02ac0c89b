//! A connection between two places of one thread: what goes in at one end
//! comes out at the other.
//!
//! Each direction holds so much and no more, so a reader that stops stops the
//! writer, as on a socket. Dropping a writer is the end of what it wrote;
//! dropping a reader tells the writer that nobody listens.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much of one direction may wait to be read.
const MOST: usize = 64 << 10;

/// One end.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
}

/// Both ends of a new pipe.
pub(crate) fn pipe() -> (Pipe, Pipe) {
    let (there, back) = (one_way(), one_way());
    let near = Pipe {
        reader: back.0,
        writer: there.1,
    };
    let far = Pipe {
        reader: there.0,
        writer: back.1,
    };
    (near, far)
}

fn one_way() -> (Reader, Writer) {
    let way = Rc::new(RefCell::new(Way::default()));
    (Reader(Rc::clone(&way)), Writer(way))
}

/// One direction.
#[derive(Debug, Default)]
struct Way {
    held: Vec<u8>,
    /// So much of it was read.
    read: usize,
    /// The writer is gone.
    ended: bool,
    /// Why, if it was not as it should be.
    failure: Option<io::Error>,
    /// The reader is gone.
    deaf: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Way {
    fn left(&self) -> &[u8] {
        self.held.get(self.read..).unwrap_or_default()
    }

    /// Whether there is anything to be said to the reader; it is woken when
    /// there is.
    fn poll_left(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        if !self.left().is_empty() {
            return Poll::Ready(Ok(()));
        }
        if let Some(failure) = self.failure.take() {
            return Poll::Ready(Err(failure));
        }
        if self.ended {
            return Poll::Ready(Ok(()));
        }
        wake_later(&mut self.reader, cx);
        Poll::Pending
    }
}

fn wake_later(waker: &mut Option<Waker>, cx: &Context<'_>) {
    let known = waker.as_ref();
    if !known.is_some_and(|waker| waker.will_wake(cx.waker())) {
        *waker = Some(cx.waker().clone());
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// What comes out.
#[derive(Debug)]
pub(crate) struct Reader(Rc<RefCell<Way>>);

impl Reader {
    /// Everything that is there, without a copy; empty at the end.
    pub(crate) fn poll_take(&self, cx: &Context<'_>) -> Poll<io::Result<Vec<u8>>> {
        let mut way = self.0.borrow_mut();
        match way.poll_left(cx) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => return Poll::Pending,
        }
        let mut held = std::mem::take(&mut way.held);
        held.drain(..std::mem::take(&mut way.read));
        wake(&mut way.writer);
        Poll::Ready(Ok(held))
    }

    fn poll_read(&self, cx: &Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut way = self.0.borrow_mut();
        match way.poll_left(cx) {
            Poll::Ready(Ok(())) => {}
            polled => return polled,
        }
        let left = way.left();
        let taken = left.get(..buffer.remaining()).unwrap_or(left);
        buffer.put_slice(taken);
        way.read += taken.len();
        if way.read == way.held.len() {
            // An idle pipe holds no buffer.
            way.held = Vec::new();
            way.read = 0;
        }
        wake(&mut way.writer);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut way = self.0.borrow_mut();
        way.deaf = true;
        way.held = Vec::new();
        way.read = 0;
        wake(&mut way.writer);
    }
}

/// What goes in.
#[derive(Debug)]
pub(crate) struct Writer(Rc<RefCell<Way>>);

impl Writer {
    /// As much of `octets` as there is room for.
    pub(crate) fn poll_write(&self, cx: &Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let mut way = self.0.borrow_mut();
        if way.deaf || way.ended {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = MOST.saturating_sub(way.left().len());
        if room == 0 && !octets.is_empty() {
            wake_later(&mut way.writer, cx);
            return Poll::Pending;
        }
        if way.read > 0 {
            let read = std::mem::take(&mut way.read);
            way.held.drain(..read);
        }
        let taken = octets.get(..room).unwrap_or(octets);
        way.held.extend_from_slice(taken);
        wake(&mut way.reader);
        Poll::Ready(Ok(taken.len()))
    }

    /// Ready once nobody listens any longer.
    pub(crate) fn poll_deaf(&self, cx: &Context<'_>) -> Poll<()> {
        let mut way = self.0.borrow_mut();
        if way.deaf {
            return Poll::Ready(());
        }
        wake_later(&mut way.writer, cx);
        Poll::Pending
    }

    /// Ends what was written with a reason why there is no more.
    pub(crate) fn fail(self, failure: io::Error) {
        self.0.borrow_mut().failure = Some(failure);
    }

    fn end(&self) {
        let mut way = self.0.borrow_mut();
        way.ended = true;
        wake(&mut way.reader);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.end();
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.reader.poll_read(cx, buffer)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writer.poll_write(cx, octets)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writer.end();
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn what_goes_in_comes_out() {
        let (mut near, mut far) = pipe();
        near.write_all(b"hello").await.expect("room");
        let mut two = [0; 2];
        far.read_exact(&mut two).await.expect("five octets");
        near.write_all(b"!").await.expect("room");
        let rest = poll_fn(|cx| far.reader.poll_take(cx)).await;
        assert_eq!((&two, &*rest.expect("the rest")), (b"he", &b"llo!"[..]));
        drop(near);
        assert_eq!(far.read(&mut two).await.expect("the end"), 0);
        assert_eq!(
            far.write(b"x").await.map_err(|error| error.kind()),
            Err(io::ErrorKind::BrokenPipe)
        );
    }

    #[tokio::test]
    async fn a_reader_that_stops_stops_the_writer() {
        let (near, far) = pipe();
        let mut cx = Context::from_waker(Waker::noop());
        let wrote = near.writer.poll_write(&cx, &vec![0; 2 * MOST]);
        assert!(matches!(wrote, Poll::Ready(Ok(MOST))));
        let writing = std::pin::pin!(async {
            let wrote = poll_fn(|cx| near.writer.poll_write(cx, b"x")).await;
            wrote.expect("room")
        });
        let mut writing = writing;
        assert!(writing.as_mut().poll(&mut cx).is_pending());
        let read = async { poll_fn(|cx| far.reader.poll_take(cx)).await.expect("all") };
        let (wrote, read) = tokio::join!(writing, read);
        assert_eq!((wrote, read.len()), (1, MOST));
    }

    #[tokio::test]
    async fn a_failure_comes_after_what_was_written() {
        let (near, mut far) = pipe();
        let wrote = near
            .writer
            .poll_write(&Context::from_waker(Waker::noop()), b"x");
        assert!(wrote.is_ready());
        near.writer.fail(io::ErrorKind::ConnectionReset.into());
        let mut octet = [0];
        assert_eq!(far.read(&mut octet).await.expect("what was written"), 1);
        let failed = far.read(&mut octet).await.map_err(|error| error.kind());
        assert_eq!(failed, Err(io::ErrorKind::ConnectionReset));
        assert_eq!(far.read(&mut octet).await.expect("the end"), 0);
    }

    #[tokio::test]
    async fn the_writer_learns_that_nobody_listens() {
        let (near, far) = pipe();
        let deaf = poll_fn(|cx| near.writer.poll_deaf(cx));
        let ((), ()) = tokio::join!(deaf, async { drop(far) });
    }
}
