//! What a connection becomes after 101: octets both ways, which nobody reads.

use super::connection::Client;
use crate::wire::framing::Framing;
use crate::wire::stream::Stream;
use crate::wire::transfer::{Coding, Transfer};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncWrite as _;

/// Carries octets until both sides are done, or neither speaks for `silence`.
///
/// `early` is what the client sent before it was answered; it waited here for
/// the upstream's consent. `first` is what the client gets first: the 101, and
/// what came behind it.
pub(super) async fn run(
    client: &mut Client,
    upstream: &mut Stream,
    early: &[u8],
    first: &[u8],
    silence: Duration,
) {
    let Client { stream, timer, .. } = client;
    let mut up = Way::new(early);
    let mut down = Way::new(first);
    let mut before = None;
    poll_fn(|cx| {
        let ended = [
            up.poll(cx, stream, upstream),
            down.poll(cx, upstream, stream),
        ];
        let broken = ended.iter().any(|one| matches!(one, Poll::Ready(Err(()))));
        if broken || ended.iter().all(Poll::is_ready) {
            return Poll::Ready(());
        }
        let now = (up.transfer.moved(), down.transfer.moved());
        if before != Some(now) {
            before = Some(now);
            timer.arm(silence);
        }
        if timer.is_over(cx) {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
}

/// One direction.
struct Way {
    transfer: Transfer,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    closed: bool,
}

impl Way {
    fn new(first: &[u8]) -> Self {
        Self {
            transfer: Transfer::new(Framing::UntilClose, 0, Coding::Identity, 0, false),
            incoming: Vec::new(),
            outgoing: first.to_vec(),
            closed: false,
        }
    }

    /// Carries on; when one side has closed its half, the other's is closed.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut Stream,
        sink: &mut Stream,
    ) -> Poll<Result<(), ()>> {
        let from = (source, &mut self.incoming);
        let to = (&mut *sink, &mut self.outgoing);
        match self.transfer.poll(cx, from, to, &mut |_, _| false) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(_)) => return Poll::Ready(Err(())),
            Poll::Ready(Ok(())) => {}
        }
        if !self.closed {
            match Pin::new(sink).poll_shutdown(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(_) => self.closed = true,
            }
        }
        Poll::Ready(Ok(()))
    }
}
