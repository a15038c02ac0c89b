//! An upstream that speaks HTTP/2.
//!
//! An exchange gets a pipe and talks HTTP/1.1 over it. What it says goes as a
//! stream over a connection that is shared; which one is decided anew for each
//! request, so that a pipe may outlive the connection it used last.

use super::body::{FromPipe, IntoPipe, invalid};
use super::{Local, Traffic, Watched, fields};
use crate::proxy::upstream::Upstream;
use crate::proxy::worker::Worker;
use crate::wire::framing::{self, Framing, decimal};
use crate::wire::head::{self, Known, Parsed};
use crate::wire::pipe::{Pipe, Reader, Writer, pipe};
use crate::wire::syntax::SyntaxError;
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::uri::{PathAndQuery, Scheme};
use http::{Method, Request, Response, Uri};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::spawn_local;
use tokio::time::timeout;

/// A worker's connections.
#[derive(Debug, Default)]
pub(in crate::proxy) struct Connections {
    links: RefCell<Vec<Rc<Link>>>,
    /// One opens for all.
    opening: Mutex<()>,
}

/// A connection that is shared.
#[derive(Debug)]
struct Link {
    upstream: u64,
    send: SendRequest<Upload>,
    traffic: Rc<Traffic>,
    /// How many streams it has, and may have.
    streams: Cell<usize>,
    most: Cell<usize>,
    /// When the last of them ended.
    since: Cell<u64>,
    /// It takes no more.
    retired: Cell<bool>,
}

/// How many streams a connection has at most, if the upstream allows as many.
const MOST_STREAMS: usize = 100;

/// How many it has before the upstream has said how many it may have: more
/// could be refused, and what is refused may not be sent again.
const FIRST_STREAMS: usize = 1;

/// How much an upstream may send of one body, and of all together, before it
/// is taken.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

/// How much of one request waits for the upstream to take it.
const MOST_UNSENT: usize = 64 << 10;

/// The longest head of a response, as over HTTP/1.
const MOST_RESPONSE_HEAD: u32 = 256 << 10;

/// A connection on which nothing is heard for so long, while an answer is
/// awaited, is not used for others.
const SILENCE: u64 = 5000;

/// How often a request is tried that no connection has taken.
const TRIES: usize = 3;

/// A pipe to the upstream, and whether it goes over a connection that was there.
///
/// # Errors
///
/// Why a connection cannot be opened.
pub(in crate::proxy) async fn open(
    upstream: &Arc<Upstream>,
    worker: &Rc<Worker>,
    limit: Duration,
) -> io::Result<(Pipe, bool)> {
    let there = worker.h2.free(upstream.id()).is_some();
    if !there {
        // It is there for the request that is about to come.
        link(upstream, worker, limit).await?;
    }
    let (near, far) = pipe();
    let relay = Relay {
        upstream: Arc::clone(upstream),
        worker: Rc::clone(worker),
        limit,
    };
    spawn_local(relay.serve(far));
    Ok((near, there))
}

/// A connection with room for one more stream.
async fn link(
    upstream: &Arc<Upstream>,
    worker: &Rc<Worker>,
    limit: Duration,
) -> io::Result<Rc<Link>> {
    let connections = &worker.h2;
    if let Some(link) = connections.free(upstream.id()) {
        return Ok(link);
    }
    let _one = connections.opening.lock().await;
    if let Some(link) = connections.free(upstream.id()) {
        return Ok(link);
    }
    let stream = upstream.reach(worker, limit).await?;
    let traffic = Traffic::new(&worker.clock);
    let watched = Watched::new(stream, Rc::clone(&traffic));
    let (send, connection) = http2::Builder::new(Local)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_max_send_streams(FIRST_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .max_header_list_size(MOST_RESPONSE_HEAD)
        .max_send_buf_size(MOST_UNSENT)
        .handshake(TokioIo::new(watched))
        .await
        .map_err(io::Error::other)?;
    let link = Rc::new(Link {
        upstream: upstream.id(),
        send,
        traffic,
        streams: Cell::new(0),
        most: Cell::new(MOST_STREAMS),
        since: Cell::new(worker.clock.now()),
        retired: Cell::new(false),
    });
    spawn_local({
        let link = Rc::downgrade(&link);
        async move {
            let mut connection = pin!(connection);
            // What ends it is told to those who wait for an answer.
            let _ = poll_fn(|cx| {
                let polled = connection.as_mut().poll(cx);
                if let Some(link) = link.upgrade() {
                    let most = connection.current_max_send_streams();
                    if most > FIRST_STREAMS {
                        link.most.set(most.min(MOST_STREAMS));
                    }
                }
                polled
            })
            .await;
        }
    });
    connections.links.borrow_mut().push(Rc::clone(&link));
    Ok(link)
}

impl Connections {
    fn free(&self, upstream: u64) -> Option<Rc<Link>> {
        let mut links = self.links.borrow_mut();
        links.retain(|link| !link.retired.get() && !link.send.is_closed());
        let mut free = links
            .iter()
            .filter(|link| link.upstream == upstream && link.streams.get() < link.most.get());
        free.next().map(Rc::clone)
    }

    /// Closes what was not used for so long, or leads to another upstream.
    pub(in crate::proxy) fn sweep(&self, upstream: &Upstream, longest: Duration, now: u64) {
        let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        self.links.borrow_mut().retain(|link| {
            let is_new = now.saturating_sub(link.since.get()) < longest;
            link.upstream == upstream.id()
                && !link.send.is_closed()
                && (link.streams.get() > 0 || is_new)
        });
    }
}

/// A stream of a connection.
struct Taken {
    link: Rc<Link>,
    since: u64,
}

impl Taken {
    fn new(link: Rc<Link>) -> Self {
        link.streams.set(link.streams.get() + 1);
        let since = link.traffic.clock.now();
        Self { link, since }
    }

    /// Looks at a connection whose answer nobody waits for any longer.
    fn doubt(&self) {
        let traffic = &self.link.traffic;
        let waited = traffic.clock.now().saturating_sub(self.since);
        if waited >= SILENCE && traffic.heard.get() < self.since {
            self.link.retired.set(true);
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let link = &self.link;
        link.streams.set(link.streams.get().saturating_sub(1));
        link.since.set(link.traffic.clock.now());
    }
}

/// A stream whose answer is awaited.
struct Awaiting(Option<Taken>);

impl Awaiting {
    fn answered(mut self) -> Option<Taken> {
        self.0.take()
    }
}

impl Drop for Awaiting {
    fn drop(&mut self) {
        if let Some(taken) = &self.0 {
            taken.doubt();
        }
    }
}

/// The far end of a pipe.
struct Relay {
    upstream: Arc<Upstream>,
    worker: Rc<Worker>,
    limit: Duration,
}

/// What comes out of the pipe, from the end of a request on.
struct Inbound {
    reader: Rc<Reader>,
    held: Bytes,
}

impl Relay {
    /// Serves one request after the other.
    async fn serve(self, pipe: Pipe) {
        let Pipe { reader, writer } = pipe;
        let mut inbound = Inbound {
            reader: Rc::new(reader),
            held: Bytes::new(),
        };
        loop {
            match self.one(inbound, &writer).await {
                Ok(Some(rest)) => inbound = rest,
                Ok(None) => return,
                Err(error) => return writer.fail(error),
            }
        }
    }

    /// Serves one. Nothing is left where the pipe is of no more use.
    async fn one(&self, inbound: Inbound, writer: &Writer) -> io::Result<Option<Inbound>> {
        let Some((request, sending, expects_continue)) = self.request(inbound).await? else {
            return Ok(None);
        };
        let to_head = request.method() == Method::HEAD;
        if expects_continue {
            // hyper does not tell us what the upstream says.
            let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
            poll_fn(|cx| writer.poll_write(cx, interim)).await?;
        }
        let answer = unless_deaf(writer, self.send(request)).await;
        let Some(answer) = answer else {
            return Ok(None);
        };
        let (_taken, response) = answer?;
        let (head, framing) = write_head(&response, to_head);
        let mut message = IntoPipe::new(head, framing, response.into_body());
        let passed = poll_fn(|cx| message.poll(writer, cx));
        match unless_deaf(writer, passed).await {
            Some(passed) => passed?,
            None => return Ok(None),
        }
        Ok(sending.rest())
    }

    /// Sends a request over a connection that takes it.
    async fn send(
        &self,
        mut request: Request<Upload>,
    ) -> io::Result<(Option<Taken>, Response<Incoming>)> {
        let mut tries = 1;
        loop {
            let linking = timeout(self.limit, link(&self.upstream, &self.worker, self.limit));
            let timed_out = |_| Err(io::ErrorKind::TimedOut.into());
            let link = linking.await.unwrap_or_else(timed_out)?;
            let awaiting = Awaiting(Some(Taken::new(Rc::clone(&link))));
            let mut send = link.send.clone();
            match send.try_send_request(request).await {
                Ok(response) => return Ok((awaiting.answered(), response)),
                Err(mut error) => match error.take_message() {
                    // Not an octet of it was sent.
                    Some(again) if tries < TRIES => request = again,
                    _ => return Err(io::Error::other(error.into_error())),
                },
            }
            link.retired.set(true);
            tries += 1;
        }
    }

    /// Reads a request, and says whether it waits to be told to go on.
    /// Nothing, where no other comes.
    async fn request(
        &self,
        inbound: Inbound,
    ) -> io::Result<Option<(Request<Upload>, Sending, bool)>> {
        let Inbound { reader, held } = inbound;
        let mut octets = Vec::from(held);
        let mut places = Vec::new();
        let line = loop {
            if !octets.is_empty() {
                let parse = |most| head::request(&octets, most, &mut places);
                match fields::with_room(parse, |error| *error == SyntaxError::TooManyFields) {
                    Ok(Parsed::Complete(line)) => break line,
                    Ok(Parsed::Partial) => {}
                    Err(error) => return Err(invalid(format!("{error:?}"))),
                }
            }
            let more = poll_fn(|cx| reader.poll_take(cx)).await?;
            if more.is_empty() {
                return Ok(None);
            }
            match octets.is_empty() {
                true => octets = more,
                false => octets.extend_from_slice(&more),
            }
        };
        let octets = Bytes::from(octets);
        let read = framing::request(&line, &octets, &places, false)
            .map_err(|malformed| invalid(malformed.detail()))?;
        let path = match read.target.path_and_query {
            "" => "/",
            path => path,
        };
        let authority = match read.target.authority {
            // It may be empty, but in HTTP/2 it may not.
            "" => self.upstream.authority(),
            authority => authority,
        };
        let scheme = match self.upstream.is_secure() {
            true => Scheme::HTTPS,
            false => Scheme::HTTP,
        };
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(authority)
            .path_and_query(path)
            .build()
            .map_err(invalid)?;
        let body = FromPipe::new(octets.slice(line.octets.min(octets.len())..), read.framing)?;
        let uploading = Rc::new(Uploading {
            reader,
            body: RefCell::new(body),
            cancelled: Cell::new(false),
            waker: RefCell::new(None),
        });
        let mut request = Request::new(Upload(Rc::clone(&uploading)));
        *request.method_mut() =
            Method::from_bytes(line.method(&octets).as_bytes()).map_err(invalid)?;
        *request.uri_mut() = uri;
        let expects_continue = read.expects_continue;
        places.retain(|place| !matches!(place.known, Known::Expect | Known::Host));
        *request.headers_mut() = fields::to_h2(&octets, &places);
        Ok(Some((request, Sending(uploading), expects_continue)))
    }
}

/// The first octet of a target that cannot be said in HTTP/2, and its place:
/// `<` in a path, for one, which HTTP/1 lets pass.
pub(in crate::proxy) fn unsayable(target: &str) -> Option<(u8, usize)> {
    if target.is_empty() || PathAndQuery::try_from(target).is_ok() {
        return None;
    }
    let query = target.find('?').unwrap_or(target.len());
    let alone = |at: usize, character: char| match at > query {
        true => format!("/?{character}"),
        false => format!("/{character}"),
    };
    let mut characters = target.char_indices();
    let wrong = characters.find(|&(at, one)| PathAndQuery::try_from(alone(at, one)).is_err());
    let at = wrong.map_or(0, |(at, _)| at);
    Some((*target.as_bytes().get(at)?, at))
}

/// Waits for something, as long as anybody listens to what is written.
async fn unless_deaf<T>(writer: &Writer, what: impl Future<Output = T>) -> Option<T> {
    let mut what = pin!(what);
    poll_fn(|cx| match what.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => writer.poll_deaf(cx).map(|()| None),
    })
    .await
}

/// Writes the head of a response as HTTP/1.1 has it, and says how its body is framed.
fn write_head(response: &Response<Incoming>, to_head: bool) -> (Vec<u8>, Framing) {
    let status = response.status();
    let mut head = Vec::with_capacity(512);
    head.extend_from_slice(b"HTTP/1.1 ");
    head.extend_from_slice(status.as_str().as_bytes());
    head.push(b' ');
    let reason = status.canonical_reason().unwrap_or_default();
    head.extend_from_slice(reason.as_bytes());
    head.extend_from_slice(b"\r\n");
    fields::to_h1(response.headers(), &mut head);
    let bodiless = to_head || matches!(status.as_u16(), 204 | 304);
    let framing = match response.headers().get(CONTENT_LENGTH) {
        _ if bodiless => Framing::None,
        // Where it is no number, the exchange refuses it.
        Some(length) => Framing::Length(decimal(length.as_bytes()).unwrap_or(0)),
        // An answer that is all head stays so.
        None if response.body().is_end_stream() => {
            fields::line(b"content-length", b"0", &mut head);
            Framing::None
        }
        None => {
            fields::line(b"transfer-encoding", b"chunked", &mut head);
            Framing::Chunked
        }
    };
    head.extend_from_slice(b"\r\n");
    (head, framing)
}

/// A request's body, of which hyper and we know.
#[derive(Debug)]
struct Uploading {
    reader: Rc<Reader>,
    body: RefCell<FromPipe>,
    /// Nobody waits for what is to come of it.
    cancelled: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// Our hold on it: when it is let go, the rest is not sent.
struct Sending(Rc<Uploading>);

impl Sending {
    /// What follows, if all of it was sent.
    fn rest(self) -> Option<Inbound> {
        let mut body = self.0.body.borrow_mut();
        body.is_over().then(|| Inbound {
            reader: Rc::clone(&self.0.reader),
            held: body.rest(),
        })
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if !self.0.body.borrow().is_over() {
            self.0.cancelled.set(true);
            if let Some(waker) = self.0.waker.take() {
                waker.wake();
            }
        }
    }
}

/// What hyper sends.
#[derive(Debug)]
struct Upload(Rc<Uploading>);

impl Body for Upload {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        let uploading = &self.0;
        if uploading.cancelled.get() {
            return Poll::Ready(Some(Err(h2::Reason::CANCEL.into())));
        }
        let polled = uploading
            .body
            .borrow_mut()
            .poll_frame(&uploading.reader, cx);
        if polled.is_pending() {
            uploading.waker.replace(Some(cx.waker().clone()));
        }
        // What broke off here was given up by the client.
        polled.map_err(|_| h2::Reason::CANCEL.into())
    }

    fn is_end_stream(&self) -> bool {
        self.0.body.borrow().is_over()
    }
}
