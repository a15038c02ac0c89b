//! The proxy: HTTP/1.1 in front of one origin, with a policy in between.
//!
//! ```no_run
//! use headguard::config::Config;
//! use headguard::proxy::{Proxy, trace};
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::default();
//! let _guard = trace::init(config.log, 0);
//! let proxy = Proxy::bind(config).await?;
//! let interrupted = async { drop(tokio::signal::ctrl_c().await) };
//! proxy.run(interrupted).await;
//! # Ok(())
//! # }
//! ```
//!
//! It runs on the tokio runtime it is started on; how many threads that has is
//! for whoever makes it. Trailers are dropped and `Upgrade` is not passed on.
//! Nothing is added to a request but the `Host` that HTTP/1.0 may lack.

#[cfg_attr(not(test), expect(dead_code, reason = "called once the workers are"))]
mod admin;
mod body;
mod clock;
mod connection;
mod contain;
mod event;
mod exchange;
#[cfg_attr(not(test), expect(dead_code, reason = "called once the workers are"))]
mod forwarded;
mod forwarding;
mod framing;
mod limits;
mod listener;
#[cfg_attr(not(test), expect(dead_code, reason = "called once the workers are"))]
mod proxy_protocol;
mod reply;
mod request_id;
#[cfg_attr(not(test), expect(dead_code, reason = "called once the workers are"))]
mod resolve;
pub mod trace;
mod upstream;

use crate::config::{Config, Listen, Scheme};
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "no listener and no upstream asks for it yet")
)]
#[expect(unused_imports, reason = "no listener and no upstream asks for it yet")]
mod tls;
pub mod trace;
mod upstream;

pub use tls::TlsError;

use crate::config::Config;
use event::Logging;
use listener::Listeners;
use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use upstream::Upstream;

/// A proxy that is bound and not yet serving.
pub struct Proxy {
    shared: Arc<Shared>,
    listeners: Listeners,
    addresses: Vec<SocketAddr>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

/// What every exchange needs.
struct Shared {
    config: Config,
    logging: Logging,
    upstream: Upstream,
}

/// Why a proxy cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// A bound socket does not tell its address.
    #[error("cannot tell the address of a listening socket")]
    Address(#[source] io::Error),
    /// The configuration asks for what this proxy does not do.
    #[error("not in this version: {0}")]
    Unsupported(&'static str),
    /// The upstream's name and port make no authority.
    #[error("not an upstream")]
    Upstream(#[source] http::Error),
}

impl ProxyError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        let Self::Listen { source, .. } = self else {
            return None;
        };
        match source.kind() {
            io::ErrorKind::AddrInUse => {
                Some("another program listens there: choose another with --listen")
            }
            io::ErrorKind::AddrNotAvailable => Some("this machine has no such address"),
            io::ErrorKind::PermissionDenied => Some(
                "ports below 1024 need rights: choose another with --listen or grant CAP_NET_BIND_SERVICE",
            ),
            _ => None,
        }
    }
}

/// The addresses of a configuration that asks for nothing else than plain
/// HTTP/1.1 on both sides.
fn plain(config: &Config) -> Result<Vec<SocketAddr>, ProxyError> {
    if config.tls.is_some() {
        return Err(ProxyError::Unsupported("TLS for clients"));
    }
    if config.proxy_protocol {
        return Err(ProxyError::Unsupported("the PROXY protocol"));
    }
    if config.upstream.scheme() != Scheme::Http {
        return Err(ProxyError::Unsupported("an upstream other than http"));
    }
    let address = |listen: &Listen| match listen {
        Listen::Tcp(address) => Ok(*address),
        Listen::Unix(_) => Err(ProxyError::Unsupported("unix sockets")),
    };
    config.listen.iter().map(address).collect()
}

impl Proxy {
    /// Binds every address of `config`. Connections are queued from now on.
    ///
    /// # Errors
    ///
    /// [`ProxyError`] when an address cannot be bound.
    pub async fn bind(config: Config) -> Result<Self, ProxyError> {
        let addresses = plain(&config)?;
        let upstream = Upstream::new(&config).map_err(ProxyError::Upstream)?;
        let listeners = Listeners::bind(&addresses)
            .map_err(|(address, source)| ProxyError::Listen { address, source })?;
        let addresses = listeners.addresses().map_err(ProxyError::Address)?;
        let shared = Shared {
            logging: Logging::new(&config, upstream.authority()),
            upstream,
            config,
        };
        Ok(Self {
            shared: Arc::new(shared),
            listeners,
            addresses,
        })
    }

    /// The addresses that are listened on, with their real ports.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves until `shutdown` is ready; then goes on accepting for
    /// `timeouts.drain_delay`, stops accepting, and lets what is in flight
    /// finish for at most `timeouts.drain`.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        self.run_until(shutdown, pending()).await;
    }

    /// The same, but what is in flight is cut off as soon as `at_once` is ready
    /// after `shutdown`: a second signal, say.
    pub async fn run_until(
        mut self,
        shutdown: impl Future<Output = ()>,
        at_once: impl Future<Output = ()>,
    ) {
        trace::listening(&self.addresses, &self.shared.config.upstream);
        let (stop, stopping) = watch::channel(false);
        let mut connections = JoinSet::new();
        self.accept_until(shutdown, &mut connections, &stopping)
            .await;

        let timeouts = self.shared.config.timeouts.clone();
        trace::stopping(connections.len());
        let drain = async {
            let delay = sleep(timeouts.drain_delay);
            self.accept_until(delay, &mut connections, &stopping).await;
            self.listeners.close();
            // Connections hold receivers; if there are none, nobody needs to know.
            let _ = stop.send(true);
            let all_done = async { while connections.join_next().await.is_some() {} };
            timeout(timeouts.drain, all_done).await.is_ok()
        };
        let drained = tokio::select! {
            biased;
            () = at_once => false,
            drained = drain => drained,
        };
        if !drained {
            trace::abandoned(connections.len());
        }
        self.shared.logging.drain_is_over();
        // Dropping the set ends what is left of it.
        connections.shutdown().await;
        trace::stopped();
    }

    async fn accept_until(
        &mut self,
        end: impl Future<Output = ()>,
        connections: &mut JoinSet<()>,
        stopping: &watch::Receiver<bool>,
    ) {
        let mut end = pin!(end);
        loop {
            tokio::select! {
                biased;
                () = &mut end => return,
                // Taken off the set as they end, or it would only grow.
                Some(_) = connections.join_next() => {}
                (stream, client) = self.listeners.accept() => {
                    // Answers are written whole; waiting for more to send only delays them.
                    let _ = stream.set_nodelay(true);
                    let shared = Arc::clone(&self.shared);
                    connections.spawn(connection::serve(shared, stream, client, stopping.clone()));
                }
            }
        }
    }
}
