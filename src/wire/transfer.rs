//! One body on its way from one connection to another.
//!
//! Nothing is held but what fits a buffer, so a reader that stops stops the
//! writer. A head that is to go first lies in the outgoing buffer already: what
//! has come of the body by then leaves with it, in one send.

use super::chunked::{self, ChunkError, Decoder, Step};
use super::framing::Framing;
use super::head;
use super::scratch::{FIRST_READ, LARGE_READ, make_room};
use super::stream::{Stream, poll_read_onto};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite as _;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Chunked,
    /// Octet by octet; a length or the connection's end frames it.
    Identity,
}

/// Why a body did not arrive.
#[derive(Debug)]
pub(crate) enum Broken {
    /// What came is no body.
    Malformed(ChunkError),
    /// The reader does not take it.
    Sink(io::Error),
    /// The writer went away in the middle.
    Source(io::Error),
    /// Its trailers were refused.
    Trailers,
}

/// Whom a transfer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    Sink,
    Source,
}

/// One body on its way.
#[derive(Debug)]
pub(crate) struct Transfer {
    inflow: Inflow,
    coding: Coding,
    /// What of the incoming buffer is not read yet starts here.
    at: usize,
    /// What lies before this in the incoming buffer is not the body's.
    floor: usize,
    /// Something of it was taken out of its framing.
    begun: bool,
    /// So much of the outgoing buffer was written.
    sent: usize,
    /// So many octets at `at` are written without being copied.
    direct: usize,
    /// All that was written still lies in the outgoing buffer.
    whole: bool,
    /// The body's end is in the outgoing buffer, or was written.
    ended: bool,
    done: bool,
    /// So many octets came from the source's connection.
    read: u64,
    /// So many went to the sink's.
    written: u64,
    waiting: Waiting,
    /// Why no more comes; what came before it is written first.
    broken: Option<Broken>,
}

/// A body of which all was written is kept for a second try up to this.
const MOST_KEPT: usize = 64 << 10;

/// Less than this is rather copied than sent by itself.
const LEAST_DIRECT: usize = 8 << 10;

impl Transfer {
    /// A body that starts in the incoming buffer at `at`, which is also where
    /// it may be emptied to. `whole` keeps what was written for a second try.
    pub(crate) const fn new(
        framing: Framing,
        most_trailers: usize,
        coding: Coding,
        at: usize,
        whole: bool,
    ) -> Self {
        let inflow = match framing {
            Framing::Chunked => Inflow::Chunked(Decoder::new(most_trailers)),
            Framing::Length(octets) => Inflow::Length(octets),
            Framing::None => Inflow::Length(0),
            Framing::UntilClose => Inflow::UntilClose,
        };
        Self {
            inflow,
            coding: match framing {
                Framing::None => Coding::Identity,
                _ => coding,
            },
            at,
            floor: at,
            begun: false,
            sent: 0,
            direct: 0,
            whole,
            ended: false,
            done: false,
            read: 0,
            written: 0,
            waiting: Waiting::Source,
            broken: None,
        }
    }

    /// Whether nothing of the body was looked at yet.
    pub(crate) const fn is_untouched(&self) -> bool {
        !self.begun && self.read == 0 && !self.ended
    }

    /// Whether all of it was written.
    pub(crate) const fn is_done(&self) -> bool {
        self.done
    }

    /// Whether all of it was read.
    pub(crate) const fn is_read(&self) -> bool {
        self.ended
    }

    /// Where in the incoming buffer the next message starts, once all was read.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// Octets that came and went since the start, for those who watch the clock.
    pub(crate) const fn moved(&self) -> (u64, u64) {
        (self.read, self.written)
    }

    /// Whose turn it was when it last could not go on.
    pub(crate) const fn waiting(&self) -> Waiting {
        self.waiting
    }

    /// Whether there is no body, or none that was not read with the head.
    pub(crate) const fn has_no_body(&self) -> bool {
        self.ended || matches!(self.inflow, Inflow::Length(0))
    }

    /// Starts over, if not an octet was written.
    pub(crate) const fn rewind_untouched(&mut self) -> bool {
        self.written == 0
    }

    /// Starts over with what was written, if nothing of it is lost.
    pub(crate) const fn rewind(&mut self) -> bool {
        if self.whole {
            self.sent = 0;
            self.done = false;
            self.written = 0;
        }
        self.whole
    }

    /// Moves what can be moved now. `on_trailers` writes what is to follow of a
    /// trailer section, or refuses it.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        (source, incoming): (&mut Stream, &mut Vec<u8>),
        (sink, outgoing): (&mut Stream, &mut Vec<u8>),
        on_trailers: &mut dyn FnMut(&[u8], &mut Vec<u8>) -> bool,
    ) -> Poll<Result<(), Broken>> {
        if self.done {
            return Poll::Ready(Ok(()));
        }
        loop {
            let from = (&mut *source, &mut *incoming);
            let filled = match self.broken {
                Some(_) => Filled::Enough,
                None => self
                    .fill(cx, from, outgoing, on_trailers)
                    .unwrap_or_else(|broken| {
                        self.broken = Some(broken);
                        Filled::Enough
                    }),
            };
            let pending = if self.sent < outgoing.len() {
                outgoing.get(self.sent..)
            } else {
                incoming.get(self.at..self.at + self.direct)
            };
            let pending = pending.unwrap_or_default();
            if pending.is_empty() {
                if Pin::new(&mut *sink)
                    .poll_flush(cx)
                    .map_err(Broken::Sink)?
                    .is_pending()
                {
                    self.waiting = Waiting::Sink;
                    return Poll::Pending;
                }
                if let Some(broken) = self.broken.take() {
                    return Poll::Ready(Err(broken));
                }
                if self.ended {
                    self.done = true;
                    return Poll::Ready(Ok(()));
                }
                match filled {
                    Filled::Waits => {
                        self.waiting = Waiting::Source;
                        return Poll::Pending;
                    }
                    Filled::Enough => continue,
                }
            }
            let Poll::Ready(taken) = Pin::new(&mut *sink)
                .poll_write(cx, pending)
                .map_err(Broken::Sink)?
            else {
                self.waiting = Waiting::Sink;
                return Poll::Pending;
            };
            if taken == 0 {
                return Poll::Ready(Err(Broken::Sink(io::ErrorKind::WriteZero.into())));
            }
            self.written += taken as u64;
            if self.sent < outgoing.len() {
                self.sent += taken;
                if self.sent == outgoing.len() && !self.whole {
                    outgoing.clear();
                    self.sent = 0;
                }
            } else {
                self.at += taken;
                self.direct -= taken.min(self.direct);
            }
        }
    }

    /// Reads, and puts into the outgoing buffer what was read.
    fn fill(
        &mut self,
        cx: &mut Context<'_>,
        (source, incoming): (&mut Stream, &mut Vec<u8>),
        outgoing: &mut Vec<u8>,
        on_trailers: &mut dyn FnMut(&[u8], &mut Vec<u8>) -> bool,
    ) -> Result<Filled, Broken> {
        while !self.ended && self.direct == 0 && outgoing.len() - self.sent < LARGE_READ {
            let input = incoming.get(self.at..).unwrap_or_default();
            match self.inflow.step(input).map_err(Broken::Malformed)? {
                Step::Data { data, used } => {
                    self.begun = true;
                    let length = data.len();
                    self.make_way(length, outgoing);
                    if self.coding == Coding::Identity
                        && length >= LEAST_DIRECT
                        && outgoing.is_empty()
                    {
                        self.at += used - length;
                        self.direct = length;
                        break;
                    }
                    match self.coding {
                        Coding::Chunked => chunked::encode(data, outgoing),
                        Coding::Identity => outgoing.extend_from_slice(data),
                    }
                    self.at += used;
                }
                Step::End { used } => {
                    self.at += used;
                    if self.coding == Coding::Chunked {
                        outgoing.extend_from_slice(chunked::LAST);
                        outgoing.extend_from_slice(b"\r\n");
                    }
                    self.ended = true;
                }
                Step::Trailers { section, used } => {
                    self.at += used + section.len();
                    let mut dropped = Vec::new();
                    let before = outgoing.len();
                    let out = match self.coding {
                        Coding::Chunked => {
                            outgoing.extend_from_slice(chunked::LAST);
                            &mut *outgoing
                        }
                        // There is no place for them; they are judged all the same.
                        Coding::Identity => &mut dropped,
                    };
                    if !on_trailers(section, out) {
                        // Some readers take the last chunk for the end.
                        outgoing.truncate(before);
                        return Err(Broken::Trailers);
                    }
                    out.extend_from_slice(b"\r\n");
                    self.ended = true;
                }
                Step::More { used } => {
                    // A chunk's size can be all that has come of it.
                    self.begun |= used > 0;
                    self.at += used;
                    if !self.read_more(cx, source, incoming)? {
                        return Ok(Filled::Waits);
                    }
                }
            }
        }
        Ok(Filled::Enough)
    }

    /// Forgets what was written, where more is to come than is kept.
    fn make_way(&mut self, more: usize, outgoing: &mut Vec<u8>) {
        if self.whole && outgoing.len() + more > MOST_KEPT {
            self.whole = false;
            outgoing.drain(..self.sent);
            self.sent = 0;
        }
    }

    /// Reads once. False where nothing has come.
    fn read_more(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut Stream,
        incoming: &mut Vec<u8>,
    ) -> Result<bool, Broken> {
        if self.at > self.floor {
            incoming.drain(self.floor..self.at);
            self.at = self.floor;
        }
        let wanted = match self.inflow.left() {
            left if left > LARGE_READ as u64 => LARGE_READ,
            _ => FIRST_READ,
        };
        make_room(incoming, wanted);
        match poll_read_onto(source, cx, incoming) {
            Poll::Pending => Ok(false),
            Poll::Ready(Err(error)) => Err(Broken::Source(error)),
            Poll::Ready(Ok(0)) if self.inflow.ends_with_the_connection() => {
                self.inflow = Inflow::Length(0);
                Ok(true)
            }
            Poll::Ready(Ok(0)) => Err(Broken::Source(io::ErrorKind::UnexpectedEof.into())),
            Poll::Ready(Ok(octets)) => {
                self.read += octets as u64;
                Ok(true)
            }
        }
    }
}

/// What is left of a body that nobody wants.
#[derive(Debug)]
pub(crate) struct Drain {
    inflow: Inflow,
    at: usize,
    /// So much more is read at most.
    left: usize,
}

/// Whether a body was read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    Part,
    /// It was, and what follows starts there in the incoming buffer.
    Whole {
        next: usize,
    },
}

/// How much of a body is read that nobody wants.
const MOST_DRAINED: usize = 64 << 10;

/// How many field lines its trailer section may have.
const MOST_TRAILERS: usize = 128;

impl Drain {
    /// A body that starts in the incoming buffer at `at`.
    pub(crate) const fn new(framing: Framing, at: usize) -> Self {
        let inflow = match framing {
            Framing::Chunked => Inflow::Chunked(Decoder::new(MOST_DRAINED)),
            Framing::Length(octets) => Inflow::Length(octets),
            Framing::None => Inflow::Length(0),
            Framing::UntilClose => Inflow::UntilClose,
        };
        Self {
            inflow,
            at,
            left: MOST_DRAINED,
        }
    }

    /// Reads on: what has come already, and more only if it may.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut Stream,
        incoming: &mut Vec<u8>,
        may_read: bool,
    ) -> Poll<Drained> {
        loop {
            let input = incoming.get(self.at..).unwrap_or_default();
            match self.inflow.step(input) {
                Err(_) => return Poll::Ready(Drained::Part),
                Ok(Step::Data { used, .. }) => self.at += used,
                Ok(Step::End { used }) => {
                    let next = self.at + used;
                    return Poll::Ready(Drained::Whole { next });
                }
                Ok(Step::Trailers { section, used }) => {
                    // Where a section that is not right ends, others may see elsewhere.
                    let read = head::trailers(section, MOST_TRAILERS, &mut Vec::new());
                    let next = self.at + used + section.len();
                    return Poll::Ready(match read {
                        Ok(()) => Drained::Whole { next },
                        Err(_) => Drained::Part,
                    });
                }
                Ok(Step::More { used }) => {
                    self.at += used;
                    let known = self.inflow.left();
                    let too_much =
                        matches!(self.inflow, Inflow::Length(_)) && known > self.left as u64;
                    if !may_read || self.left == 0 || too_much {
                        return Poll::Ready(Drained::Part);
                    }
                    make_room(incoming, FIRST_READ);
                    match poll_read_onto(source, cx, incoming) {
                        Poll::Ready(Ok(octets @ 1..)) => {
                            self.left = self.left.saturating_sub(octets);
                        }
                        Poll::Ready(_) => return Poll::Ready(Drained::Part),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            }
        }
    }
}

enum Filled {
    /// There is something to write, or the end was read.
    Enough,
    /// Nothing more has come.
    Waits,
}

/// Takes a body out of its framing.
#[derive(Debug)]
enum Inflow {
    Chunked(Decoder),
    /// So much is left.
    Length(u64),
    UntilClose,
}

impl Inflow {
    fn step<'i>(&mut self, input: &'i [u8]) -> Result<Step<'i>, ChunkError> {
        let data = match self {
            Self::Chunked(decoder) => return decoder.step(input),
            Self::Length(0) => return Ok(Step::End { used: 0 }),
            Self::Length(left) => {
                let most = usize::try_from(*left).unwrap_or(usize::MAX);
                let data = input.get(..input.len().min(most)).unwrap_or_default();
                *left -= data.len() as u64;
                data
            }
            Self::UntilClose => input,
        };
        if data.is_empty() {
            return Ok(Step::More { used: 0 });
        }
        let used = data.len();
        Ok(Step::Data { data, used })
    }

    /// How many octets are still to come, as far as that is known.
    const fn left(&self) -> u64 {
        match self {
            Self::Length(left) => *left,
            // Streams start small and grow with what comes.
            Self::Chunked(_) | Self::UntilClose => LARGE_READ as u64 + 1,
        }
    }

    const fn ends_with_the_connection(&self) -> bool {
        matches!(self, Self::UntilClose)
    }
}
