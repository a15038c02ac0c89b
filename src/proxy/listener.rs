//! Sockets that are listened on, and the loop that takes connections from them.

use super::trace;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, sleep_until};

/// How many connections may wait to be accepted. 1024, the usual number, makes
/// ten thousand clients that connect at once wait for their third SYN.
const BACKLOG: u32 = 4096;

/// Every socket that is listened on.
pub(super) struct Listeners {
    listeners: Vec<TcpListener>,
    /// How long to wait after the next failure.
    pause: Duration,
    /// Until when to wait after the last one. Kept here because `accept` may be
    /// dropped and called again at any time.
    paused_until: Option<Instant>,
    /// When a failure was last told.
    told: Option<Instant>,
}

impl Listeners {
    /// Binds every address.
    ///
    /// # Errors
    ///
    /// The first address that cannot be bound, and why.
    pub(super) fn bind(addresses: &[SocketAddr]) -> Result<Self, (SocketAddr, io::Error)> {
        let listen = |&address| listen(address).map_err(|error| (address, error));
        Ok(Self {
            listeners: addresses.iter().map(listen).collect::<Result<_, _>>()?,
            pause: SHORTEST_PAUSE,
            paused_until: None,
            told: None,
        })
    }

    /// The addresses as they are bound, with their real ports.
    pub(super) fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.listeners.iter().map(TcpListener::local_addr).collect()
    }

    /// Listens no longer; nothing is accepted afterwards.
    pub(super) fn close(&mut self) {
        self.listeners.clear();
    }

    /// The next connection. Failures are told and waited out.
    pub(super) async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            if let Some(until) = self.paused_until {
                sleep_until(until).await;
                self.paused_until = None;
            }
            let accepted = poll_fn(|cx| {
                let mut polled = self.listeners.iter().map(|one| one.poll_accept(cx));
                polled.find(Poll::is_ready).unwrap_or(Poll::Pending)
            });
            match accepted.await {
                Ok(accepted) => {
                    self.pause = SHORTEST_PAUSE;
                    return accepted;
                }
                // It was given up before we came to it.
                Err(error) if is_of_one_connection(&error) => {}
                // Out of descriptors or memory: the connection stays in the
                // queue, and asking again at once would only spin.
                Err(error) => self.pause_after(&error),
            }
        }
    }

    fn pause_after(&mut self, error: &io::Error) {
        let now = Instant::now();
        if self.told.is_none_or(|told| now - told >= TOLD_EVERY) {
            trace::accept_failed(error);
            self.told = Some(now);
        }
        self.paused_until = Some(now + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
const TOLD_EVERY: Duration = Duration::from_secs(1);

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // So that a restart need not wait for the last connections to be forgotten.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
