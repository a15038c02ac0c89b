//! Clients that speak HTTP/2.

use super::body::{FromPipe, IntoPipe, invalid};
use super::{Local, Prefixed, Traffic, Watched, fields};
use crate::config::Config;
use crate::proxy::connection::{self, Client};
use crate::proxy::event::Peer;
use crate::proxy::forwarded::Hop;
use crate::proxy::trace;
use crate::proxy::worker::{Stage, Worker};
use crate::wire::framing::{self, Framing, decimal};
use crate::wire::head::{self, Field, Parsed, StatusLine};
use crate::wire::pipe::{Reader, Writer, pipe};
use crate::wire::stream::Stream;
use crate::wire::syntax::SyntaxError;
use crate::wire::timer::Timer;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::uri::{Authority, PathAndQuery};
use http::{Method, Request, Response, StatusCode, request};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::task::{AbortHandle, spawn_local};

/// How many streams a client may have open at a time.
const MOST_STREAMS: u32 = 100;

/// How much a client may send of one body, and of all together, before it is
/// taken.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;

/// How much of one response waits for the client to take it.
const MOST_UNSENT: usize = 64 << 10;

/// How many streams may be reset before they are looked at, and how many may
/// break the protocol: more than this on one connection is an attack
/// (CVE-2023-44487, CVE-2025-8671).
const MOST_RESET: usize = 20;
const MOST_BROKEN: usize = 100;

/// How long a client may take to answer a ping.
const PONG: Duration = Duration::from_secs(20);

/// How long a client may take to go away, and what it has to take in that time
/// to be waited for longer.
const GOODBYE: Duration = Duration::from_secs(2);
const LEAST_TAKEN: u64 = 1 << 10;

/// Serves a client's connection until it is closed.
pub(in crate::proxy) async fn serve(
    worker: Rc<Worker>,
    stream: Stream,
    peer: Peer,
    secure: bool,
    first: Vec<u8>,
) {
    let shared = worker.shared();
    let timer = worker.clock.timer();
    timer.arm(shared.config.timeouts.head);
    let origin = Rc::new(Origin {
        hop: connection::hop(&shared, peer, secure),
        settings: shared.id,
        peer,
        secure,
        open: Cell::new(0),
        served: Cell::new(false),
        timer,
        worker: Rc::clone(&worker),
    });
    let traffic = Traffic::new(&worker.clock);
    let watched = Watched::new(Prefixed::new(first, stream), Rc::clone(&traffic));
    let service = service_fn({
        let origin = Rc::clone(&origin);
        move |request| respond(Rc::clone(&origin), request)
    });
    let mut connection =
        pin!(builder(&shared.config).serve_connection(TokioIo::new(watched), service));
    drop(shared);
    let mut leaving = false;
    let mut written = 0;
    poll_fn(|cx| {
        loop {
            // What went wrong on it is the client's affair, and it was told.
            if connection.as_mut().poll(cx).is_ready() || worker.stage() == Stage::Over {
                return Poll::Ready(());
            }
            let over = origin.timer.is_over(cx);
            if !over && (leaving || worker.stage() < Stage::Draining) {
                return Poll::Pending;
            }
            if over && origin.open.get() > 0 {
                origin.rest();
            } else if !leaving {
                if !origin.served.get() && over {
                    trace::head_stalled(peer);
                }
                leaving = true;
                connection.as_mut().graceful_shutdown();
                origin.timer.arm(GOODBYE);
            } else if traffic.written.get() < written + LEAST_TAKEN {
                return Poll::Ready(());
            } else {
                // It still takes what it asked for.
                origin.timer.arm(GOODBYE);
            }
            written = traffic.written.get();
        }
    })
    .await;
}

fn builder(config: &Config) -> http2::Builder<Local> {
    let mut builder = http2::Builder::new(Local);
    let head = u32::try_from(config.limits.head).unwrap_or(u32::MAX);
    builder
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_stream_window_size(STREAM_WINDOW)
        .keep_alive_interval(config.timeouts.idle)
        .keep_alive_timeout(PONG)
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(head)
        .max_local_error_reset_streams(MOST_BROKEN)
        .max_pending_accept_reset_streams(MOST_RESET)
        .max_send_buf_size(MOST_UNSENT);
    builder
}

/// Whom the requests of a connection come from.
struct Origin {
    hop: Rc<Hop>,
    /// Of which settings that was made.
    settings: u64,
    peer: Peer,
    secure: bool,
    /// How many exchanges are under way.
    open: Cell<usize>,
    /// There was a request.
    served: Cell<bool>,
    timer: Timer,
    worker: Rc<Worker>,
}

impl Origin {
    /// Starts the time that the client may let pass without a request.
    fn rest(&self) {
        self.timer.arm(self.worker.shared().config.timeouts.idle);
    }
}

/// Counts an exchange of a connection.
struct Open(Rc<Origin>);

impl Open {
    fn new(origin: Rc<Origin>) -> Self {
        origin.served.set(true);
        origin.open.set(origin.open.get() + 1);
        Self(origin)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let left = self.0.open.get().saturating_sub(1);
        self.0.open.set(left);
        if left == 0 {
            self.0.rest();
        }
    }
}

/// Serves one stream.
async fn respond(origin: Rc<Origin>, request: Request<Incoming>) -> io::Result<Response<Answer>> {
    let (near, far) = pipe();
    let client = Client {
        stream: Stream::Pipe(far),
        peer: origin.peer,
        secure: origin.secure,
        hop: Rc::clone(&origin.hop),
        settings: origin.settings,
        answering: false,
        timer: origin.worker.clock.timer(),
        worker: Rc::clone(&origin.worker),
    };
    let (parts, body) = request.into_parts();
    let to_head = parts.method == Method::HEAD;
    let (head, framing) = write_head(&parts, origin.secure, body.is_end_stream());
    let mut exchange = Exchange {
        upload: Some((IntoPipe::new(head, framing, body), near.writer)),
        served: Box::pin(connection::serve_one(client)),
        _open: Open::new(origin),
    };
    let reader = near.reader;
    let mut received = Received::default();
    let mut ended = false;
    // Most exchanges are over by the time their answer is here; a task of its
    // own has only one that is not.
    let line = poll_fn(|cx| {
        ended = ended || Pin::new(&mut exchange).poll(cx).is_ready();
        received.poll_head(&reader, cx)
    });
    let line = line.await?;
    let task = match ended {
        true => None,
        false => Some(Task(spawn_local(exchange).abort_handle())),
    };
    received.response(&line, to_head, reader, task)
}

/// Writes the head of a request as HTTP/1.1 has it, and says how its body is framed.
fn write_head(parts: &request::Parts, secure: bool, is_over: bool) -> (Vec<u8>, Framing) {
    let mut head = Vec::with_capacity(1024);
    let authority = parts.uri.authority().map(Authority::as_str);
    let path = parts.uri.path_and_query().map_or("", PathAndQuery::as_str);
    head.extend_from_slice(parts.method.as_str().as_bytes());
    head.push(b' ');
    let mut host = None;
    match authority {
        Some(authority) if parts.method == Method::CONNECT => {
            head.extend_from_slice(authority.as_bytes());
        }
        // Whether the two agree is looked at as it is in HTTP/1. The scheme is
        // the connection's: what was sent may be what somebody in between saw.
        Some(authority) if parts.headers.contains_key(HOST) => {
            let scheme = if secure { "https://" } else { "http://" };
            head.extend_from_slice(scheme.as_bytes());
            head.extend_from_slice(authority.as_bytes());
            // RFC 9112 §3.2.4
            let path = if path == "*" { "" } else { path };
            head.extend_from_slice(path.as_bytes());
        }
        _ => {
            head.extend_from_slice(path.as_bytes());
            host = authority;
        }
    }
    head.extend_from_slice(b" HTTP/1.1\r\n");
    if let Some(host) = host {
        fields::line(b"host", host.as_bytes(), &mut head);
    }
    fields::to_h1(&parts.headers, &mut head);
    let framing = match parts.headers.get(CONTENT_LENGTH) {
        // Where it is no number, the exchange refuses it.
        Some(length) => Framing::Length(decimal(length.as_bytes()).unwrap_or(0)),
        None if !is_over => {
            fields::line(b"transfer-encoding", b"chunked", &mut head);
            Framing::Chunked
        }
        None => {
            // RFC 9110 §8.6: where a body means something, so does its absence.
            if matches!(parts.method, Method::POST | Method::PUT | Method::PATCH) {
                fields::line(b"content-length", b"0", &mut head);
            }
            Framing::None
        }
    };
    head.extend_from_slice(b"\r\n");
    (head, framing)
}

/// An exchange under way, with the request that goes into it.
struct Exchange {
    /// Gone when the request broke off.
    upload: Option<(IntoPipe, Writer)>,
    served: Pin<Box<dyn Future<Output = ()>>>,
    _open: Open,
}

impl Future for Exchange {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some((message, writer)) = &mut self.upload
            && let Poll::Ready(Err(_)) = message.poll(writer, cx)
        {
            self.upload = None;
        }
        self.served.as_mut().poll(cx)
    }
}

/// What came of a response.
#[derive(Default)]
struct Received {
    octets: Vec<u8>,
    places: Vec<Field>,
}

impl Received {
    /// Reads up to the end of the final response's head.
    fn poll_head(&mut self, reader: &Reader, cx: &Context<'_>) -> Poll<io::Result<StatusLine>> {
        loop {
            if !self.octets.is_empty() {
                let parse = |most| head::response(&self.octets, most, &mut self.places);
                match fields::with_room(parse, |error| *error == SyntaxError::TooManyFields) {
                    // There is no way to pass these on.
                    Ok(Parsed::Complete(line)) if line.status < 200 => {
                        self.octets.drain(..line.octets);
                        continue;
                    }
                    Ok(Parsed::Complete(line)) => return Poll::Ready(Ok(line)),
                    Ok(Parsed::Partial) => {}
                    Err(error) => return Poll::Ready(Err(invalid(format!("{error:?}")))),
                }
            }
            let more = ready!(reader.poll_take(cx))?;
            if more.is_empty() {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            match self.octets.is_empty() {
                true => self.octets = more,
                false => self.octets.extend_from_slice(&more),
            }
        }
    }

    /// The response of which that is the head.
    fn response(
        self,
        line: &StatusLine,
        to_head: bool,
        reader: Reader,
        task: Option<Task>,
    ) -> io::Result<Response<Answer>> {
        let octets = Bytes::from(self.octets);
        let read = framing::response(line, &octets, &self.places, to_head)
            .map_err(|framing::Ambiguous| invalid("framed in two ways"))?;
        let held = octets.slice(line.octets.min(octets.len())..);
        let mut response = Response::new(Answer {
            body: FromPipe::new(held, read.framing)?,
            reader,
            _task: task,
        });
        *response.status_mut() = StatusCode::from_u16(line.status).map_err(invalid)?;
        *response.headers_mut() = fields::to_h2(&octets, &self.places);
        Ok(response)
    }
}

/// Something that ends with whoever wants it.
struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A response's body.
struct Answer {
    body: FromPipe,
    reader: Reader,
    _task: Option<Task>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let answer = self.get_mut();
        answer.body.poll_frame(&answer.reader, cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_over()
    }
}
