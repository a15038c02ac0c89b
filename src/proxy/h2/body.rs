//! Bodies between the two versions: frames here, HTTP/1 framing in a pipe there.

use super::fields;
use crate::wire::chunked::{self, Decoder, Step};
use crate::wire::framing::Framing;
use crate::wire::head;
use crate::wire::pipe::{Reader, Writer};
use crate::wire::syntax::SyntaxError;
use bytes::{Buf as _, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A body that comes out of a pipe.
#[derive(Debug)]
pub(super) struct FromPipe {
    /// What was read and is not dealt with.
    held: Bytes,
    left: Left,
    /// Looked at already, to know whether it is the last.
    next: Option<Frame<Bytes>>,
}

#[derive(Debug)]
enum Left {
    Chunks(Decoder),
    Nothing,
    Octets(u64),
}

/// The longest trailer section; the exchange's own limit is lower.
const MOST_TRAILERS: usize = 16 << 20;

impl FromPipe {
    /// A body of which `held` was read with the head.
    pub(super) fn new(held: Bytes, framing: Framing) -> io::Result<Self> {
        let mut body = Self {
            held,
            left: match framing {
                Framing::Chunked => Left::Chunks(Decoder::new(MOST_TRAILERS)),
                Framing::Length(octets @ 1..) => Left::Octets(octets),
                Framing::Length(0) | Framing::None => Left::Nothing,
                Framing::UntilClose => return Err(invalid("a body without a length")),
            },
            next: None,
        };
        body.look_ahead()?;
        Ok(body)
    }

    /// Whether all of it was given.
    pub(super) const fn is_over(&self) -> bool {
        self.next.is_none() && matches!(self.left, Left::Nothing)
    }

    /// What came after it.
    pub(super) fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.held)
    }

    /// The next frame of it.
    pub(super) fn poll_frame(
        &mut self,
        reader: &Reader,
        cx: &Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        loop {
            if self.next.is_none() {
                self.look_ahead()?;
            }
            if let Some(frame) = self.next.take() {
                self.look_ahead()?;
                return Poll::Ready(Some(Ok(frame)));
            }
            if self.is_over() {
                return Poll::Ready(None);
            }
            let more = ready!(reader.poll_take(cx))?;
            if more.is_empty() {
                return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
            }
            self.held = match self.held.is_empty() {
                true => more.into(),
                false => [&self.held[..], &more].concat().into(),
            };
        }
    }

    /// Finds the next frame in what was read.
    fn look_ahead(&mut self) -> io::Result<()> {
        let (frame, used) = match &mut self.left {
            Left::Nothing => return Ok(()),
            Left::Octets(left) => {
                let most = usize::try_from(*left).unwrap_or(usize::MAX);
                let data = self.held.slice(..self.held.len().min(most));
                let used = data.len();
                *left -= used as u64;
                if *left == 0 {
                    self.left = Left::Nothing;
                }
                ((used > 0).then(|| Frame::data(data)), used)
            }
            Left::Chunks(decoder) => match decoder.step(&self.held).map_err(invalid)? {
                Step::Data { data, used } => (Some(Frame::data(self.held.slice_ref(data))), used),
                Step::End { used } => {
                    self.left = Left::Nothing;
                    (None, used)
                }
                Step::More { used } => (None, used),
                Step::Trailers { section, used } => {
                    let section = self.held.slice_ref(section);
                    self.left = Left::Nothing;
                    let trailers = trailers(&section)?;
                    (Some(Frame::trailers(trailers)), used + section.len())
                }
            },
        };
        self.held.advance(used);
        self.next = frame;
        Ok(())
    }
}

fn trailers(section: &Bytes) -> io::Result<HeaderMap> {
    let mut places = Vec::new();
    let parse = |most| head::trailers(section, most, &mut places);
    fields::with_room(parse, |error| *error == SyntaxError::TooManyFields)
        .map_err(|error| invalid(format!("trailers: {error:?}")))?;
    places.retain(|field| !field.known.is_framing_or_routing());
    Ok(fields::to_h2(section, &places))
}

pub(super) fn invalid(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A message on its way into a pipe, its head before its body.
#[derive(Debug)]
pub(super) struct IntoPipe {
    body: Option<Incoming>,
    framing: Framing,
    out: Vec<u8>,
    written: usize,
}

/// So much is gathered before it is written, where so much is there.
const GATHERED: usize = 16 << 10;

impl IntoPipe {
    /// A message whose head says that its body is framed so.
    pub(super) fn new(head: Vec<u8>, framing: Framing, body: Incoming) -> Self {
        Self {
            body: Some(body),
            framing,
            out: head,
            written: 0,
        }
    }

    /// Writes what can be written now. Ready when all was.
    pub(super) fn poll(&mut self, writer: &Writer, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let waits = self.gather(cx)?;
            while let Some(left) = self.out.get(self.written..)
                && !left.is_empty()
            {
                self.written += ready!(writer.poll_write(cx, left))?;
            }
            self.out.clear();
            self.written = 0;
            if self.body.is_none() {
                return Poll::Ready(Ok(()));
            }
            if waits {
                return Poll::Pending;
            }
        }
    }

    /// Frames what has come. True where there is nothing more for now.
    fn gather(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        while self.out.len() - self.written < GATHERED
            && let Some(body) = &mut self.body
        {
            let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) else {
                return Ok(true);
            };
            match frame {
                None => {
                    self.end(None)?;
                }
                Some(Err(error)) => return Err(io::Error::other(error)),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.data(&data)?,
                    Err(frame) => {
                        if let Ok(trailers) = frame.into_trailers() {
                            self.end(Some(&trailers))?;
                        }
                    }
                },
            }
        }
        Ok(false)
    }

    fn data(&mut self, data: &[u8]) -> io::Result<()> {
        match &mut self.framing {
            Framing::Chunked => chunked::encode(data, &mut self.out),
            Framing::Length(left) => {
                *left = left
                    .checked_sub(data.len() as u64)
                    .ok_or_else(|| invalid("more octets than Content-Length says"))?;
                self.out.extend_from_slice(data);
            }
            // Of an answer to HEAD, say, there is none to be passed on.
            Framing::None | Framing::UntilClose => {}
        }
        Ok(())
    }

    fn end(&mut self, trailers: Option<&HeaderMap>) -> io::Result<()> {
        match self.framing {
            Framing::Chunked => {
                self.out.extend_from_slice(chunked::LAST);
                if let Some(trailers) = trailers {
                    fields::to_h1(trailers, &mut self.out);
                }
                self.out.extend_from_slice(b"\r\n");
            }
            // There is no place for trailers.
            Framing::Length(0) | Framing::None | Framing::UntilClose => {}
            Framing::Length(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        self.body = None;
        Ok(())
    }
}
