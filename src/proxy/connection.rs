//! One client's connection: who it is, what it speaks, one request after the
//! other, and an end after which the last answer still arrives.
//!
//! Between requests it holds no buffer.

use super::contain::{Contained, Panicked};
use super::event::Peer;
use super::exchange::{self, After};
use super::forwarded::{self, Hop, Trust};
use super::h2;
use super::listener::{Accepted, Speaks};
use super::proxy_protocol::{self, Step};
use super::reply::{self, Afterwards, Asker, Fault};
use super::request_id::RequestId;
use super::trace;
use super::worker::{Counted, Stage, Worker};
use super::{Shared, tls};
use crate::explain::DetailLevel;
use crate::wire::scratch::{self, FIRST_READ, Scratch, make_room};
use crate::wire::stream::{Stream, poll_read_onto};
use crate::wire::timer::Timer;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncWrite as _, AsyncWriteExt as _};
use tokio::time::timeout;

/// A client, as long as its connection lasts.
pub(super) struct Client {
    pub(super) stream: Stream,
    pub(super) peer: Peer,
    /// It speaks to us over TLS.
    pub(super) secure: bool,
    /// The same for all requests of a connection, as long as the settings are.
    pub(super) hop: Rc<Hop>,
    /// Of which settings it was made.
    pub(super) settings: u64,
    /// The final answer to the request of the moment was begun.
    pub(super) answering: bool,
    pub(super) timer: Timer,
    pub(super) worker: Rc<Worker>,
}

/// Serves a client's connection until it is closed.
///
/// What this holds is held by each connection as long as it is open: what only
/// some need, or only at times, is in boxes.
pub(super) async fn serve(worker: Rc<Worker>, accepted: Box<Accepted>, _counted: Counted) {
    let timer = worker.clock.timer();
    // From here to a whole head, and also if nothing is ever sent.
    timer.arm(worker.shared().config.timeouts.head);
    let speaks_first = worker.shared().config.proxy_protocol;
    let (client, first) = if accepted.speaks == Speaks::Tls || speaks_first {
        let Some(met) = Box::pin(meet(&worker, *accepted, &timer)).await else {
            return;
        };
        if met.h2 {
            let rest = h2::server::serve(worker, met.stream, met.peer, met.secure, met.first);
            return Box::pin(rest).await;
        }
        let client = client(&worker, met.stream, met.peer, met.secure, timer);
        (Box::new(client), met.first)
    } else {
        let Accepted { stream, peer, .. } = *accepted;
        let client = client(&worker, stream, peer, false, timer);
        (Box::new(client), Vec::new())
    };
    drop(worker);
    serve_h1(client, first).await;
}

/// A client that was met on a stream.
pub(super) fn client(
    worker: &Rc<Worker>,
    stream: Stream,
    peer: Peer,
    secure: bool,
    timer: Timer,
) -> Client {
    let shared = worker.shared();
    Client {
        stream,
        peer,
        secure,
        hop: hop(&shared, peer, secure),
        settings: shared.id,
        answering: false,
        timer,
        worker: Rc::clone(worker),
    }
}

/// A connection whose beginning is known.
struct Met {
    stream: Stream,
    peer: Peer,
    secure: bool,
    h2: bool,
    /// What was read beyond the beginning.
    first: Vec<u8>,
}

/// Reads what comes before any request: a PROXY protocol header, TLS.
async fn meet(worker: &Rc<Worker>, accepted: Accepted, timer: &Timer) -> Option<Met> {
    let Accepted {
        mut stream,
        mut peer,
        speaks,
    } = accepted;
    let shared = worker.shared();
    let mut first = Vec::new();
    if shared.config.proxy_protocol && peer != Peer::Unix {
        let source = read_proxy_header(&mut stream, &mut first, timer, peer).await?;
        if let Some(source) = source {
            peer = Peer::Address(source);
        }
    }
    if speaks == Speaks::Plain {
        return Some(Met {
            stream,
            peer,
            secure: false,
            h2: false,
            first,
        });
    }
    let acceptor = shared.acceptor.clone()?;
    let prefixed = h2::Prefixed::new(first, stream);
    let shaking = acceptor.accept(prefixed);
    let shaken = timeout(shared.config.timeouts.head, shaking).await;
    match shaken {
        Ok(Ok(tls)) => Some(Met {
            h2: tls::is_h2(&tls),
            stream: Stream::Carried(Box::new(tls)),
            peer,
            secure: true,
            first: Vec::new(),
        }),
        Ok(Err(error)) if tls::is_not_tls(&error) => {
            trace::not_tls(peer);
            None
        }
        Ok(Err(error)) => {
            trace::handshake_failed(peer, &error);
            None
        }
        Err(_) => {
            trace::head_stalled(peer);
            None
        }
    }
}

/// Reads the header; what came behind it is left in `first`.
async fn read_proxy_header(
    stream: &mut Stream,
    first: &mut Vec<u8>,
    timer: &Timer,
    peer: Peer,
) -> Option<Option<std::net::SocketAddr>> {
    loop {
        match proxy_protocol::read(first) {
            Step::Done { used, source } => {
                first.drain(..used);
                return Some(source);
            }
            Step::Wrong(reason) => {
                trace::no_proxy_header(peer, reason);
                return None;
            }
            Step::Incomplete => {}
        }
        make_room(first, 1024);
        let read = poll_fn(|cx| {
            if timer.is_over(cx) {
                return Poll::Ready(Ok(0));
            }
            poll_read_onto(stream, cx, first)
        });
        if !matches!(read.await, Ok(1..)) {
            return None;
        }
    }
}

/// What is told of a client.
pub(super) fn hop(shared: &Shared, peer: Peer, secure: bool) -> Rc<Hop> {
    let forwarded = &shared.config.forwarded;
    let trusted = match peer.address() {
        Some(address) => forwarded
            .trust
            .iter()
            .any(|network| network.contains(address.ip())),
        None => true,
    };
    let settings = forwarded::Settings {
        x_forwarded: forwarded.x_forwarded,
        forwarded: forwarded.forwarded,
        via: forwarded.via,
    };
    Rc::new(Hop::new(
        settings,
        &forwarded::Client {
            peer: peer.address(),
            scheme: match secure {
                true => forwarded::Scheme::Https,
                false => forwarded::Scheme::Http,
            },
            trust: match trusted {
                true => Trust::Trusted,
                false => Trust::Untrusted,
            },
        },
    ))
}

/// Serves HTTP/1 until the connection is closed.
async fn serve_h1(mut client: Box<Client>, first: Vec<u8>) {
    let mut opening = true;
    let mut held = (!first.is_empty()).then(|| {
        let mut scratch = scratch::take();
        scratch.inbound.extend_from_slice(&first);
        scratch
    });
    drop(first);
    loop {
        let scratch = match held.take() {
            Some(scratch) => scratch,
            None => match next_request(&mut client, opening).await {
                Next::Octets(scratch) => scratch,
                Next::Closed => return,
                Next::Overdue => {
                    // Who says nothing is told nothing.
                    if opening {
                        trace::head_stalled(client.peer);
                    }
                    return close(client).await;
                }
                Next::Leave => return close(client).await,
            },
        };
        if opening && h2::may_be_preface(&scratch.inbound) {
            match Box::pin(preface(&mut client, scratch)).await {
                Preface::Http2(first) => {
                    return serve_h2(*client, first).await;
                }
                Preface::Other(scratch) => {
                    held = Some(scratch);
                    opening = false;
                    continue;
                }
                Preface::Nothing => return,
            }
        }
        // The time for the first head runs since the connection was accepted.
        let arms = !std::mem::take(&mut opening);
        let mut scratch = scratch;
        // In a box of its own, which is there only while a request is.
        let exchanged = Contained::new(exchange::run(&mut client, &mut scratch, arms)).await;
        let after = exchanged.unwrap_or(After::Panicked);
        match after {
            After::Again => {
                if scratch.inbound.is_empty() {
                    scratch::give_back(scratch);
                } else {
                    held = Some(scratch);
                }
            }
            After::Close => {
                scratch::give_back(scratch);
                return close(client).await;
            }
            After::Linger => {
                scratch::give_back(scratch);
                return Box::pin(linger(client)).await;
            }
            After::Abort => return client.stream.abort(),
            After::Panicked => {
                return Box::pin(give_up(client, scratch)).await;
            }
            After::Gone => return scratch::give_back(scratch),
        }
    }
}

/// Goes on in HTTP/2, from its preface.
fn serve_h2(client: Client, first: Vec<u8>) -> Pin<Box<dyn Future<Output = ()>>> {
    let Client {
        stream,
        peer,
        secure,
        worker,
        ..
    } = client;
    Box::pin(h2::server::serve(worker, stream, peer, secure, first))
}

enum Next {
    /// Some of a request came.
    Octets(Box<Scratch>),
    /// The client is gone.
    Closed,
    /// The proxy is leaving, and nothing is under way here.
    Leave,
    /// Nothing came in time.
    Overdue,
}

/// Waits for the first octets of a request, without a buffer to put them in
/// until they come.
async fn next_request(client: &mut Client, opening: bool) -> Next {
    let mut hurried = false;
    poll_fn(|cx| {
        let mut scratch = scratch::take();
        make_room(&mut scratch.inbound, FIRST_READ);
        match poll_read_onto(&mut client.stream, cx, &mut scratch.inbound) {
            Poll::Ready(Ok(1..)) => return Poll::Ready(Next::Octets(scratch)),
            Poll::Ready(Ok(_) | Err(_)) => {
                scratch::give_back(scratch);
                return Poll::Ready(Next::Closed);
            }
            Poll::Pending => scratch::give_back(scratch),
        }
        if client.timer.is_over(cx) && !client.stream.has_octets() {
            return Poll::Ready(Next::Overdue);
        }
        match client.worker.stage() {
            Stage::Starting | Stage::Serving | Stage::Leaving => Poll::Pending,
            Stage::Over => Poll::Ready(Next::Leave),
            // Who has only just come is about to say something.
            Stage::Draining if opening && !hurried => {
                hurried = true;
                client.timer.arm(LONGEST_OPENING);
                Poll::Pending
            }
            Stage::Draining if opening => Poll::Pending,
            // Others may leave, unless something came of which the runtime
            // does not know yet.
            Stage::Draining if client.stream.has_octets() => Poll::Pending,
            Stage::Draining => Poll::Ready(Next::Leave),
        }
    })
    .await
}

enum Preface {
    Http2(Vec<u8>),
    Nothing,
    Other(Box<Scratch>),
}

/// Reads until it is clear whether the client speaks HTTP/2 (RFC 9113 §3.4).
async fn preface(client: &mut Client, mut scratch: Box<Scratch>) -> Preface {
    while h2::may_be_preface(&scratch.inbound) {
        if h2::is_preface(&scratch.inbound) {
            let first = std::mem::take(&mut scratch.inbound);
            scratch::give_back(scratch);
            return Preface::Http2(first);
        }
        let Scratch { inbound, .. } = &mut *scratch;
        let read = poll_fn(|cx| {
            if client.timer.is_over(cx) {
                return Poll::Ready(Ok(0));
            }
            poll_read_onto(&mut client.stream, cx, inbound)
        });
        if !matches!(read.await, Ok(1..)) {
            return Preface::Nothing;
        }
    }
    Preface::Other(scratch)
}

/// Says that there are too many connections, to one that is one too many.
pub(super) async fn turn_away(mut stream: Stream, level: DetailLevel) {
    let id = RequestId::fresh();
    let mut text = Vec::new();
    let asker = Asker::unknown(&id, level);
    reply::write(&Fault::Busy, &asker, Afterwards::Close, &mut text);
    let _ = timeout(LINGER, async {
        stream.write_all(&text).await?;
        stream.shutdown().await
    })
    .await;
}

/// Serves the one request that comes over a pipe.
pub(super) async fn serve_one(mut client: Client) {
    let mut scratch = scratch::take();
    match Contained::new(exchange::run(&mut client, &mut scratch, true)).await {
        Ok(_) => scratch::give_back(scratch),
        Err(Panicked) => say_panicked(&mut client, &scratch).await,
    }
}

/// Answers for an exchange that panicked, and closes.
async fn give_up(mut client: Box<Client>, scratch: Box<Scratch>) {
    if client.answering {
        // Nobody knows how much of the answer is there.
        return client.stream.abort();
    }
    say_panicked(&mut client, &scratch).await;
    linger(client).await;
}

/// Answers for an exchange that panicked, where nothing was answered yet.
async fn say_panicked(client: &mut Client, scratch: &Scratch) {
    if !client.answering && scratch.reply.is_empty() {
        let id = RequestId::fresh();
        let level = client.worker.shared().config.detail_level;
        let mut text = Vec::new();
        let asker = Asker::unknown(&id, level);
        reply::write(&Fault::Panicked, &asker, Afterwards::Close, &mut text);
        let _ = timeout(LINGER, client.stream.write_all(&text)).await;
    }
}

async fn close(mut client: Box<Client>) {
    // A client that closed first makes this fail, and has all it wants.
    client.timer.arm(LINGER);
    poll_fn(|cx| {
        let closed = Pin::new(&mut client.stream).poll_shutdown(cx).is_ready();
        match closed || client.timer.is_over(cx) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
}

/// Closes our half and lets the client finish talking, so that it reads the
/// answer: a socket closed with octets unread resets the connection, and the
/// client's system throws the answer away.
async fn linger(mut client: Box<Client>) {
    let _ = timeout(LINGER, client.stream.shutdown()).await;
    let mut sink = Vec::with_capacity(4096);
    let read_out = poll_fn(|cx: &mut Context<'_>| -> Poll<io::Result<()>> {
        loop {
            sink.clear();
            match poll_read_onto(&mut client.stream, cx, &mut sink) {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
        }
    });
    let _ = timeout(LINGER, read_out).await;
}

/// How long a client that has said nothing yet may keep a drain waiting.
const LONGEST_OPENING: Duration = Duration::from_secs(1);

/// How long a client may go on talking after its last answer.
const LINGER: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    /// Every connection holds its future as long as it is open: what only a
    /// few need, or only while a request is served, is not in it.
    #[test]
    fn a_connection_is_small() {
        fn size<A, B, C, F>(_: fn(A, B, C) -> F) -> usize {
            size_of::<F>()
        }
        assert!(size(serve) <= 288, "{} octets", size(serve));
    }
}
