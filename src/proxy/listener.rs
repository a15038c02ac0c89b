//! Sockets that are listened on, and the loop that takes connections from them.
//!
//! Each worker has a socket of its own for each TCP address (`SO_REUSEPORT`),
//! and the system shares connections out among them. Where the system does not
//! do that, and for unix sockets, they share one.

use super::event::Peer;
use super::trace;
use crate::config::Listen;
use crate::wire::stream::Stream;
use crate::wire::timer::Timer;
use socket2::{Domain, SockAddr, SockRef, Socket, Type};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::{Instant, sleep_until};

/// How many connections may wait to be accepted. 1024, the usual number, makes
/// ten thousand clients that connect at once wait for their third SYN.
const BACKLOG: i32 = 4096;

/// What is spoken on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    Plain,
    Tls,
}

/// A socket of one worker that is bound and not yet part of a runtime.
pub(super) struct Listener {
    socket: Bound,
    speaks: Speaks,
}

enum Bound {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener),
}

/// Every socket of every worker.
pub(super) struct Listeners {
    /// One list a worker.
    pub(super) of_workers: Vec<Vec<Listener>>,
    /// The addresses as they are bound, with their real ports.
    pub(super) addresses: Vec<Listen>,
    /// Files to be removed in the end.
    pub(super) files: Vec<PathBuf>,
}

impl Listeners {
    /// Binds every address for so many workers.
    ///
    /// # Errors
    ///
    /// The first address that cannot be bound, and why.
    pub(super) fn bind(
        wanted: &[(Listen, Speaks)],
        workers: usize,
    ) -> Result<Self, (Listen, io::Error)> {
        let mut all = Self {
            of_workers: (0..workers).map(|_| Vec::new()).collect(),
            addresses: Vec::new(),
            files: Vec::new(),
        };
        for (listen, speaks) in wanted {
            all.add(listen, *speaks)
                .map_err(|error| (listen.clone(), error))?;
        }
        Ok(all)
    }

    fn add(&mut self, listen: &Listen, speaks: Speaks) -> io::Result<()> {
        match listen {
            Listen::Tcp(address) => {
                let sockets = bind_tcp(*address, self.of_workers.len())?;
                if let Some(first) = sockets.first() {
                    self.addresses.push(first.local_addr()?.into());
                }
                for (sockets, socket) in self.of_workers.iter_mut().zip(sockets) {
                    let socket = Bound::Tcp(socket);
                    sockets.push(Listener { socket, speaks });
                }
            }
            Listen::Unix(path) => {
                let socket = bind_unix(path)?;
                self.files.push(path.clone());
                self.addresses.push(listen.clone());
                for sockets in &mut self.of_workers {
                    let socket = Bound::Unix(socket.try_clone()?);
                    sockets.push(Listener { socket, speaks });
                }
            }
        }
        Ok(())
    }
}

/// Binds one address for an administrator.
pub(super) fn bind_admin(listen: &Listen) -> io::Result<super::admin::Socket> {
    match listen {
        Listen::Tcp(address) => {
            let socket = tcp_socket(*address, false)?;
            Ok(super::admin::Socket::Tcp(TcpListener::from_std(
                socket.into(),
            )?))
        }
        Listen::Unix(path) => Ok(super::admin::Socket::Unix(UnixListener::from_std(
            bind_unix(path)?,
        )?)),
    }
}

fn bind_tcp(address: SocketAddr, workers: usize) -> io::Result<Vec<std::net::TcpListener>> {
    // Without the option first: with it, two proxies would share a port by
    // mistake, and each get every other connection.
    let alone: std::net::TcpListener = tcp_socket(address, false)?.into();
    if workers == 1 {
        return Ok(vec![alone]);
    }
    if !cfg!(target_os = "linux") {
        return (0..workers).map(|_| alone.try_clone()).collect();
    }
    let address = alone.local_addr()?;
    drop(alone);
    (0..workers)
        .map(|_| tcp_socket(address, true).map(Into::into))
        .collect()
}

fn tcp_socket(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // So that a restart need not wait for the last connections to be forgotten.
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

/// A file that a proxy before us left behind is in the way; one that somebody
/// listens on is not ours to remove.
fn bind_unix(path: &Path) -> io::Result<std::os::unix::net::UnixListener> {
    let is_socket =
        std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    if is_socket {
        let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        // A queue that is full has somebody behind it, too.
        probe.set_nonblocking(true)?;
        match probe.connect(&SockAddr::unix(path)?) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path)?;
            }
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            _ => return Err(io::ErrorKind::AddrInUse.into()),
        }
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

impl Listener {
    /// Makes it part of the runtime of this thread.
    pub(super) fn register(self) -> io::Result<Registered> {
        Ok(Registered {
            socket: match self.socket {
                Bound::Tcp(socket) => Socketed::Tcp(TcpListener::from_std(socket)?),
                Bound::Unix(socket) => Socketed::Unix(UnixListener::from_std(socket)?),
            },
            speaks: self.speaks,
            pause: SHORTEST_PAUSE,
            told: None,
        })
    }
}

/// A socket that connections come from.
pub(super) struct Registered {
    socket: Socketed,
    speaks: Speaks,
    /// How long to wait after the next failure.
    pause: Duration,
    /// When a failure was last told.
    told: Option<Instant>,
}

enum Socketed {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connection that was taken.
pub(super) struct Accepted {
    pub(super) stream: Stream,
    pub(super) peer: Peer,
    pub(super) speaks: Speaks,
}

impl Registered {
    /// The next connection; none once `ends` says so and the queue is empty.
    /// Failures are told and waited out.
    pub(super) async fn accept(
        &mut self,
        timer: &Timer,
        ends: impl Fn() -> bool,
    ) -> Option<Accepted> {
        loop {
            let accepted = poll_fn(|cx| {
                // Whoever ends it wakes the timers.
                let _ = timer.is_over(cx);
                match self.poll_accept(cx) {
                    // The runtime may not know yet of who came last.
                    Poll::Pending if ends() => match self.accept_now() {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                            Poll::Ready(None)
                        }
                        accepted => Poll::Ready(Some(accepted)),
                    },
                    polled => polled.map(Some),
                }
            });
            match accepted.await? {
                Ok(accepted) => {
                    self.pause = SHORTEST_PAUSE;
                    return Some(accepted);
                }
                // It was given up before we came to it.
                Err(error) if is_of_one_connection(&error) => {}
                // Out of descriptors or memory: the connection stays in the
                // queue, and asking again at once would only spin.
                Err(error) => {
                    self.tell(&error);
                    let pause = self.pause;
                    self.pause = (pause * 2).min(LONGEST_PAUSE);
                    sleep_until(Instant::now() + pause).await;
                    if ends() {
                        return None;
                    }
                }
            }
        }
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        let speaks = self.speaks;
        match &self.socket {
            Socketed::Tcp(listener) => listener.poll_accept(cx).map_ok(|(stream, address)| {
                // Answers are written whole; waiting for more to send only delays them.
                let _ = stream.set_nodelay(true);
                Accepted {
                    stream: Stream::Tcp(stream),
                    peer: Peer::Address(address),
                    speaks,
                }
            }),
            Socketed::Unix(listener) => listener.poll_accept(cx).map_ok(|(stream, _)| Accepted {
                stream: Stream::Unix(stream),
                peer: Peer::Unix,
                speaks,
            }),
        }
    }

    /// Asks the system whether somebody waits.
    fn accept_now(&self) -> io::Result<Accepted> {
        let speaks = self.speaks;
        match &self.socket {
            Socketed::Tcp(listener) => {
                let (socket, address) = SockRef::from(listener).accept()?;
                socket.set_nonblocking(true)?;
                let stream = TcpStream::from_std(socket.into())?;
                let _ = stream.set_nodelay(true);
                let peer = address.as_socket().map_or(Peer::Unix, Peer::Address);
                let stream = Stream::Tcp(stream);
                Ok(Accepted {
                    stream,
                    peer,
                    speaks,
                })
            }
            Socketed::Unix(listener) => {
                let (socket, _) = SockRef::from(listener).accept()?;
                socket.set_nonblocking(true)?;
                Ok(Accepted {
                    stream: Stream::Unix(UnixStream::from_std(socket.into())?),
                    peer: Peer::Unix,
                    speaks,
                })
            }
        }
    }

    fn tell(&mut self, error: &io::Error) {
        let now = Instant::now();
        if self.told.is_none_or(|told| now - told >= TOLD_EVERY) {
            trace::accept_failed(error);
            self.told = Some(now);
        }
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
