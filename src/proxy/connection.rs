//! One client's connection: requests in, answers out, in order, on time.
//!
//! hyper reads and writes; this room says how long it may take and closes so
//! that the last answer arrives: a socket closed with octets unread resets the
//! connection, and the client's system throws the answer away.

use super::Shared;
use super::body::{AnswerBody, BodyError, Phase, Progress, Upload};
use super::clock::{Clock, Clocked, Opening, Waiting};
use super::event::Record;
use super::exchange::exchange;
use super::reply::{Asker, Fault, respond};
use super::trace;
use bytes::Bytes;
use http::Request;
use http::header::EXPECT;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// Serves a client's connection until it is closed.
pub(super) async fn serve(
    shared: Arc<Shared>,
    stream: TcpStream,
    client: SocketAddr,
    stopping: watch::Receiver<bool>,
) {
    let clock = Arc::new(Clock::new(&shared.config.timeouts));
    let leaves_octets = Arc::new(AtomicBool::new(false));
    let turns = Turns {
        clock: Arc::clone(&clock),
        leaves_octets: Arc::clone(&leaves_octets),
    };
    let service = service_fn(|request: Request<Incoming>| {
        let shared = Arc::clone(&shared);
        // Not in the future: one that is dropped before it is polled, because
        // the client closed with its request, would leave no event.
        let record = Record::open(&shared.logging, client, &request);
        let (request, turn) = turns.clone().take(request, shared.config.timeouts.body);
        // Boxed, so that the connection can be polled without being pinned.
        let answering: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(async move {
            let response = exchange(&shared, request, record).await;
            Ok::<_, Infallible>(response.map(|body| TurnBody { body, _turn: turn }))
        });
        answering
    });
    let io = TokioIo::new(Clocked::new(stream, Arc::clone(&clock)));
    let limits = &shared.config.limits;
    let mut connection = http1::Builder::new()
        .preserve_header_case(true)
        .header_read_timeout(None)
        // Somewhat more than the limits, so that what exceeds them a little is
        // refused with an explanation; hyper's own refusal has none.
        .max_headers(limits.fields.saturating_mul(2))
        .max_buf_size(limits.head.saturating_add(LEAST_BUFFER))
        .serve_connection(io, service);

    let ended = drive(&mut connection, &clock, stopping).await;
    let stream = connection.into_parts().io.into_inner().into_stream();
    // Boxed where it needs a buffer, which would be in every connection's future.
    match ended {
        Ended::Done if leaves_octets.load(Ordering::Relaxed) => Box::pin(linger(stream)).await,
        Ended::Done => close(stream).await,
        Ended::Overdue(Waiting::Head) => {
            trace::head_stalled(client);
            Box::pin(time_out(stream, &shared)).await;
        }
        Ended::Overdue(_) => {}
        Ended::Failed(error) if error.is_parse() => {
            match clock.opening() {
                Opening::Request => trace::head_malformed(client, &error),
                Opening::Tls => trace::tls(client),
            }
            Box::pin(linger(stream)).await;
        }
        Ended::Failed(error) => trace::connection_broke(client, &error),
    }
}

/// hyper's least.
const LEAST_BUFFER: usize = 8192;

enum Ended {
    Done,
    Failed(hyper::Error),
    Overdue(Waiting),
}

/// Runs a connection until it is done, fails or takes too long.
async fn drive<S>(
    connection: &mut http1::Connection<TokioIo<Clocked>, S>,
    clock: &Clock,
    mut stopping: watch::Receiver<bool>,
) -> Ended
where
    S: hyper::service::HttpService<Incoming, ResBody = TurnBody, Error = Infallible> + Unpin,
    S::Future: Unpin,
{
    let mut stop = pin!(async move { drop(stopping.wait_for(|stop| *stop).await) });
    let mut stopped = false;
    let mut armed = None;
    let mut timer = pin!(sleep_until(Instant::now()));
    poll_fn(|cx| {
        if !stopped && stop.as_mut().poll(cx).is_ready() {
            stopped = true;
            Pin::new(&mut *connection).graceful_shutdown();
        }
        if let Poll::Ready(result) = connection.poll_without_shutdown(cx) {
            return Poll::Ready(result.map_or_else(Ended::Failed, |()| Ended::Done));
        }
        let (mut waiting, mut due) = clock.due();
        loop {
            let Some(at) = due else { return Poll::Pending };
            if armed != Some(at) {
                timer.as_mut().reset(at);
                armed = Some(at);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let before = (waiting, due);
            (waiting, due) = clock.due();
            if before == (waiting, due) {
                return Poll::Ready(Ended::Overdue(waiting));
            }
        }
    })
    .await
}

/// What a request needs to say when its turn is over.
#[derive(Clone)]
struct Turns {
    clock: Arc<Clock>,
    leaves_octets: Arc<AtomicBool>,
}

impl Turns {
    fn take(self, request: Request<Incoming>, timeout: Duration) -> (Request<Upload>, Turn) {
        self.clock.now_waits_for(Waiting::Exchange);
        let expects_continue = request.headers().contains_key(EXPECT);
        let request = request.map(|body| Upload::new(body, timeout, expects_continue));
        let progress = request.body().progress();
        (
            request,
            Turn {
                turns: self,
                progress,
            },
        )
    }
}

/// The time from a request's head to the end of its answer.
struct Turn {
    turns: Turns,
    progress: Arc<Progress>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let done = self.progress.phase() == Phase::Done;
        self.turns.leaves_octets.store(!done, Ordering::Relaxed);
        self.turns.clock.now_waits_for(if done {
            Waiting::Idle
        } else {
            Waiting::Leftover
        });
    }
}

/// The body of an answer; dropping it ends the request's turn.
struct TurnBody {
    body: AnswerBody,
    _turn: Turn,
}

impl Body for TurnBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Says goodbye to a client whose head did not come in time.
async fn time_out(mut stream: TcpStream, shared: &Shared) {
    let response = respond(
        &Fault::HeadStalled,
        &Asker::unknown(shared.config.detail_level),
    );
    let mut text = format!("HTTP/1.1 {}\r\nconnection: close\r\n", response.status()).into_bytes();
    for (name, value) in response.headers() {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            text.extend_from_slice(part);
        }
    }
    text.extend_from_slice(format!("content-length: {}\r\n\r\n", response.body().len()).as_bytes());
    text.extend_from_slice(response.body().as_bytes());
    // The client may be gone, or read nothing: either is its own affair.
    let _ = timeout(LINGER, stream.write_all(&text)).await;
    linger(stream).await;
}

async fn close(mut stream: TcpStream) {
    // A client that closed first makes this fail, and has all it wants.
    let _ = stream.shutdown().await;
}

/// Closes our half and lets the client finish talking, so that it reads the answer.
async fn linger(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut sink = [0; 4096];
    let read_out = async { while !matches!(stream.read(&mut sink).await, Ok(0) | Err(_)) {} };
    let _ = timeout(LINGER, read_out).await;
}

/// How long a client may go on talking after its last answer.
const LINGER: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    /// Every connection holds its future as long as it is open: what only a
    /// few need at their end is not in it.
    #[test]
    fn a_connection_is_small() {
        fn size<A, B, C, D, F>(_: fn(A, B, C, D) -> F) -> usize {
            size_of::<F>()
        }
        assert!(size(serve) <= 2048, "{} octets", size(serve));
    }
}
