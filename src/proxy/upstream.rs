//! The way to the origin: connections, those kept for later, and what can go
//! wrong there.
//!
//! A worker keeps its own connections. The one used last is used next, so that
//! those that are not needed grow old and are closed.

use super::reply::Fault;
use super::resolve::{Addresses, Rotation};
use super::tls::{self, Connector, TlsError};
use super::worker::Worker;
use crate::config::{Config, HostHeader, Scheme};
use crate::wire::stream::Stream;
use std::cell::{Cell, RefCell};
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// Why the upstream has no answer for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UpstreamError {
    /// Its answer can be read in two ways.
    Ambiguous,
    /// It closed the connection instead of answering.
    Closed,
    /// It did not accept a connection in time.
    ConnectTimedOut,
    /// Its answer is not HTTP.
    Garbled,
    /// It did not answer in time.
    ResponseTimedOut,
    /// It changed to a protocol nobody asked for.
    Switched,
    /// It cannot be connected to.
    Unreachable,
}

/// That failure, with what was seen of it, which only the operator is told.
#[derive(Debug)]
pub(super) struct UpstreamFailure {
    pub(super) error: UpstreamError,
    pub(super) cause: String,
}

impl UpstreamError {
    /// The same, with its cause.
    pub(super) fn caused(self, cause: impl Into<String>) -> Fault {
        Fault::Upstream(UpstreamFailure {
            error: self,
            cause: cause.into(),
        })
    }

    /// The kebab-case name, for the log and for clients.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ambiguous => "upstream-ambiguous",
            Self::Closed => "upstream-closed",
            Self::ConnectTimedOut => "upstream-connect-timeout",
            Self::Garbled => "upstream-garbled",
            Self::ResponseTimedOut => "upstream-response-timeout",
            Self::Switched => "upstream-switched",
            Self::Unreachable => "upstream-unreachable",
        }
    }

    pub(super) const fn detail(self) -> &'static str {
        match self {
            Self::Ambiguous => "The upstream's response is framed in two ways at once.",
            Self::Closed => "The upstream closed the connection without a response.",
            Self::ConnectTimedOut => "The upstream did not accept a connection in time.",
            Self::Garbled => "The upstream's response is not HTTP.",
            Self::ResponseTimedOut => "The upstream did not respond in time.",
            Self::Switched => "The upstream switched to a protocol nobody asked for.",
            Self::Unreachable => "The upstream cannot be connected to.",
        }
    }
}

/// The origin: where it is, and how it is spoken to.
pub(super) struct Upstream {
    /// No other upstream of this process has it: connections are kept by it.
    id: u64,
    place: Place,
    tls: Option<Connector>,
    speaks_h2: bool,
    /// Its name and port, as people know them.
    told: String,
    /// `Host`, where it is not the client's.
    host: Option<String>,
    /// `Host` for a client that said none.
    authority: String,
}

enum Place {
    Addresses(Arc<Addresses>),
    Socket(PathBuf),
}

impl Upstream {
    /// The upstream of a configuration; nothing is connected yet.
    ///
    /// # Errors
    ///
    /// When its TLS cannot be set up.
    pub(super) fn new(config: &Config) -> Result<Self, TlsError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let upstream = &config.upstream;
        let server_name = config.upstream_tls.server_name.as_deref();
        let tls = match upstream.is_tls() {
            true => Some(Connector::load(&tls::Options {
                ca: config.upstream_tls.ca.as_deref(),
                client: config
                    .upstream_tls
                    .certificate
                    .as_deref()
                    .zip(config.upstream_tls.key.as_deref()),
                server_name: server_name.unwrap_or(upstream.host()),
                h2: upstream.scheme() == Scheme::H2,
            })?),
            false => None,
        };
        let authority = upstream.authority();
        Ok(Self {
            id: COUNT.fetch_add(1, Ordering::Relaxed),
            place: match upstream.path() {
                Some(path) => Place::Socket(path.to_owned()),
                None => {
                    Place::Addresses(Arc::new(Addresses::new(upstream.host(), upstream.port())))
                }
            },
            tls,
            speaks_h2: upstream.is_h2(),
            told: match upstream.path() {
                Some(_) => upstream.to_string(),
                None => told(upstream.host(), upstream.port()),
            },
            host: match &config.host_header {
                HostHeader::Upstream => Some(authority.clone()),
                HostHeader::Value(host) => Some(host.clone()),
                _ => None,
            },
            authority,
        })
    }

    /// Its name and port, as configured.
    pub(super) fn told(&self) -> &str {
        &self.told
    }

    /// `Host`, where it is not the client's.
    pub(super) fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// `Host` for a client that said none.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// The names to look up, if there is one.
    pub(super) fn addresses(&self) -> Option<&Arc<Addresses>> {
        match &self.place {
            Place::Addresses(addresses) => Some(addresses),
            Place::Socket(_) => None,
        }
    }

    /// What is wrong with our own certificate, if something is.
    pub(super) fn warning(&self) -> Option<&str> {
        self.tls.as_ref().and_then(Connector::warning)
    }

    /// No other upstream has it.
    pub(super) const fn id(&self) -> u64 {
        self.id
    }

    /// Whether it is spoken to in HTTP/2.
    pub(super) const fn speaks_h2(&self) -> bool {
        self.speaks_h2
    }

    /// Whether it is spoken to over TLS.
    pub(super) const fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Opens a connection, within `limit`.
    async fn connect(
        self: &Arc<Self>,
        worker: &Rc<Worker>,
        limit: Duration,
    ) -> Result<Connected, NotConnected> {
        match timeout(limit, self.connecting(worker, limit)).await {
            Ok(connected) => connected.map_err(|error| NotConnected::new(&error, &self.told)),
            Err(_) => {
                if let Some(addresses) = self.addresses() {
                    addresses.look_up_soon();
                }
                let cause = format!("connect {}: not accepted within {limit:?}", self.told);
                Err(NotConnected {
                    fault: UpstreamError::ConnectTimedOut.caused(cause),
                    refused: false,
                })
            }
        }
    }

    async fn connecting(
        self: &Arc<Self>,
        worker: &Rc<Worker>,
        limit: Duration,
    ) -> io::Result<Connected> {
        if self.speaks_h2 {
            let (pipe, used) = super::h2::upstream::open(self, worker, limit).await?;
            let stream = Stream::Pipe(pipe);
            return Ok(Connected { stream, used });
        }
        let stream = self.reach(worker, limit).await?;
        let used = false;
        Ok(Connected { stream, used })
    }

    /// Opens what octets go over.
    pub(super) async fn reach(&self, worker: &Worker, limit: Duration) -> io::Result<Stream> {
        #[cfg(fuzzing)]
        if let Some(stream) = super::fuzzing::connect() {
            return Ok(stream);
        }
        let stream = match &self.place {
            Place::Socket(path) => return knock(path).await.map(Stream::Unix),
            Place::Addresses(addresses) => dial(addresses, worker, limit).await?,
        };
        match &self.tls {
            Some(connector) => Ok(Stream::Carried(Box::new(connector.connect(stream).await?))),
            None => Ok(Stream::Tcp(stream)),
        }
    }
}

fn told(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// Connects to a unix socket. Where its queue is full, the system does not wait
/// as it does with TCP: we do.
async fn knock(path: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(RETRY).await,
            connected => return connected,
        }
    }
}

/// Connects to the next of the addresses that accepts.
async fn dial(addresses: &Addresses, worker: &Worker, limit: Duration) -> io::Result<TcpStream> {
    let known = addresses
        .wait()
        .await
        .map_err(|error| io::Error::other(format!("look-up: {error}")))?;
    let order = worker
        .pool
        .rotation
        .borrow_mut()
        .order(&known, Instant::now());
    // None of several may use up the time of the others.
    let each = limit / u32::try_from(order.len()).unwrap_or(u32::MAX).max(1);
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in order {
        let connected = timeout(each, TcpStream::connect(address)).await;
        let mut rotation = worker.pool.rotation.borrow_mut();
        match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => {
                rotation.connected(address);
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => {
                rotation.failed(address, Instant::now());
                last = error;
            }
        }
    }
    addresses.look_up_soon();
    Err(last)
}

/// Why there is no connection.
struct NotConnected {
    fault: Fault,
    /// Nobody listens there, which ends when the upstream is up again.
    refused: bool,
}

impl NotConnected {
    fn new(error: &io::Error, told: &str) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::TimedOut => UpstreamError::ConnectTimedOut,
            _ => UpstreamError::Unreachable,
        };
        Self {
            fault: kind.caused(format!("connect {told}: {}", chain(error))),
            // A unix socket that is being replaced is not there at all.
            refused: matches!(
                error.kind(),
                io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::NotFound
            ),
        }
    }
}

/// An error with its causes, on one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        // Some errors say what caused them in their own words already.
        if !text.ends_with(&told) {
            text = format!("{text}: {told}");
        }
        cause = error.source();
    }
    text
}

/// A connection to the upstream, for one exchange.
pub(super) struct Connected {
    pub(super) stream: Stream,
    /// It has served an exchange before, and may be dead without our knowing.
    pub(super) used: bool,
}

/// One worker's connections to the upstream that are not in use.
#[derive(Default)]
pub(super) struct Pool {
    idle: RefCell<Vec<Idle>>,
    rotation: RefCell<Rotation>,
    /// When the upstream answered last, in milliseconds of the worker's clock.
    answered: Cell<Option<u64>>,
    /// Somebody is trying whether the upstream is back.
    probing: Cell<bool>,
    probed: Notify,
}

struct Idle {
    stream: Stream,
    upstream: u64,
    since: u64,
}

/// An upstream that refuses connections so soon after its last answer is taken
/// to be restarting, and waited for.
const RESTART: u64 = 1000;

/// The time between two tries to reach it then, or while its queue is full.
const RETRY: Duration = Duration::from_millis(20);

impl Pool {
    /// A pool whose first connection goes to the address at this place.
    pub(super) fn starting_at(place: usize) -> Self {
        Self {
            rotation: RefCell::new(Rotation::starting_at(place)),
            ..Self::default()
        }
    }

    /// A connection that nobody has used, or that is to be taken for such:
    /// it is the last one that is tried.
    pub(super) async fn fresh(
        worker: &Rc<Worker>,
        upstream: &Arc<Upstream>,
        limit: Duration,
    ) -> Result<Connected, Fault> {
        let Connected { stream, .. } = Self::connect(worker, upstream, limit).await?;
        Ok(Connected {
            stream,
            used: false,
        })
    }

    /// A connection that is not among those that are kept.
    pub(super) async fn connect(
        worker: &Rc<Worker>,
        upstream: &Arc<Upstream>,
        limit: Duration,
    ) -> Result<Connected, Fault> {
        let pool = &worker.pool;
        loop {
            let failure = match upstream.connect(worker, limit).await {
                Ok(connected) => return Ok(connected),
                Err(failure) => failure,
            };
            if !failure.refused || !pool.is_restarting(worker) {
                return Err(failure.fault);
            }
            // One tries for all: those that wait come back all at once only
            // when there is something to come back to.
            if pool.probing.replace(true) {
                let _ = timeout(RETRY * 4, pool.probed.notified()).await;
                continue;
            }
            let _probing = Probing(pool);
            while pool.is_restarting(worker) {
                sleep(RETRY).await;
                if let Ok(connected) = upstream.connect(worker, limit).await {
                    return Ok(connected);
                }
            }
        }
    }

    fn is_restarting(&self, worker: &Worker) -> bool {
        let now = worker.clock.now();
        self.answered
            .get()
            .is_some_and(|answered| now.saturating_sub(answered) < RESTART)
    }

    /// The upstream answers.
    pub(super) fn answered(&self, now: u64) {
        self.answered.set(Some(now));
    }

    /// A connection that is kept, if there is one. With `once`, what is sent
    /// cannot be sent again, so it is looked at more closely.
    pub(super) fn take(&self, upstream: &Upstream, once: bool) -> Option<Connected> {
        let mut idle = self.idle.borrow_mut();
        while let Some(mut kept) = idle.pop() {
            let dead = kept.upstream != upstream.id
                || match once {
                    true => kept.stream.is_surely_dead(),
                    false => kept.stream.is_dead(),
                };
            if !dead {
                let stream = kept.stream;
                return Some(Connected { stream, used: true });
            }
        }
        None
    }

    /// Keeps a connection for later.
    pub(super) fn keep(&self, stream: Stream, upstream: &Upstream, now: u64) {
        self.idle.borrow_mut().push(Idle {
            stream,
            upstream: upstream.id,
            since: now,
        });
    }

    /// Closes what was not used for so long, or leads to another upstream.
    pub(super) fn sweep(&self, upstream: &Upstream, longest: Duration, now: u64) {
        let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        self.idle.borrow_mut().retain(|kept| {
            kept.upstream == upstream.id && now.saturating_sub(kept.since) < longest
        });
    }
}

/// Ends the probing, whatever comes of it.
struct Probing<'p>(&'p Pool);

impl Drop for Probing<'_> {
    fn drop(&mut self) {
        self.0.probing.set(false);
        self.0.probed.notify_waiters();
    }
}
