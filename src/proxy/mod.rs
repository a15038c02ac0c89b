//! The proxy: HTTP/1.1 and HTTP/2 in front of one origin, with a policy in between.
//!
//! ```no_run
//! use headguard::config::Config;
//! use headguard::proxy::{Proxy, trace};
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::default();
//! let _guard = trace::init(config.log, config.log_rate);
//! let proxy = Proxy::bind(config).await?;
//! let interrupted = async { drop(tokio::signal::ctrl_c().await) };
//! proxy.run(interrupted).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Connections are served by threads of its own, one runtime each; the runtime
//! it is started on only waits, looks names up and serves the administrator.

mod admin;
mod connection;
mod contain;
mod event;
mod exchange;
mod forwarded;
mod forwarding;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod h2;
mod judge;
mod limits;
mod listener;
mod memo;
mod proxy_protocol;
mod reload;
mod reply;
mod request_id;
mod resolve;
mod tls;
pub mod trace;
mod tunnel;
mod upstream;
mod worker;

pub use reload::{ReloadError, Reloaded, Reloader};
pub use tls::TlsError;

use crate::config::{Config, Listen};
use admin::{Admin, Phase, Readiness};
use arc_swap::ArcSwap;
use event::Logging;
use listener::{Listeners, Speaks};
use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use tls::Acceptor;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use upstream::Upstream;
use worker::{Load, Stage};

/// A proxy that is bound and not yet serving.
pub struct Proxy {
    shared: Arc<ArcSwap<Shared>>,
    reloads: watch::Sender<u64>,
    listeners: Listeners,
    admin: Option<admin::Socket>,
    addresses: Vec<Listen>,
    on_worker_start: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

/// The settings of the moment, and what is made of them.
struct Shared {
    /// No other settings of this process have it.
    id: u64,
    config: Config,
    logging: Logging,
    upstream: Arc<Upstream>,
    acceptor: Option<Acceptor>,
}

impl Shared {
    fn new(config: Config, logging: Option<&Logging>) -> Result<Self, TlsError> {
        let upstream = Arc::new(Upstream::new(&config)?);
        Self::with_upstream(config, upstream, logging)
    }

    /// The same in front of an upstream that is there already.
    fn with_upstream(
        config: Config,
        upstream: Arc<Upstream>,
        logging: Option<&Logging>,
    ) -> Result<Self, TlsError> {
        let acceptor = match &config.tls {
            Some(tls) => Some(Acceptor::load(&tls.certificate, &tls.key)?),
            None => None,
        };
        let warnings = [
            acceptor.as_ref().and_then(Acceptor::warning),
            upstream.warning(),
        ];
        for warning in warnings.into_iter().flatten() {
            trace::certificate(warning);
        }
        let told = upstream.told().to_owned();
        static COUNT: AtomicU64 = AtomicU64::new(0);
        Ok(Self {
            id: COUNT.fetch_add(1, Ordering::Relaxed),
            logging: match logging {
                Some(logging) => logging.with(&config, &told),
                None => Logging::new(&config, &told),
            },
            upstream,
            acceptor,
            config,
        })
    }
}

/// Why a proxy cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: Listen,
        /// Why not.
        source: io::Error,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A thread cannot serve.
    #[error("a worker cannot run")]
    Worker {
        /// Why not.
        source: io::Error,
    },
}

impl ProxyError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        let (address, source) = match self {
            Self::Tls(error) => return error.help(),
            Self::Listen { address, source } => (address, source),
            Self::Worker { .. } => {
                return Some(
                    "each worker needs a thread and some descriptors: look at ulimit -n and -u",
                );
            }
        };
        match (source.kind(), address) {
            (io::ErrorKind::AddrInUse, _) => {
                Some("another program listens there: choose another with --listen")
            }
            (io::ErrorKind::AddrNotAvailable, _) => Some("this machine has no such address"),
            (io::ErrorKind::NotFound, Listen::Unix(_)) => {
                Some("the directory must be there before the proxy is started")
            }
            (io::ErrorKind::PermissionDenied, Listen::Unix(_)) => {
                Some("the directory must be writable for the user that runs the proxy")
            }
            (io::ErrorKind::PermissionDenied, _) => Some(
                "ports below 1024 need rights: choose another with --listen or grant CAP_NET_BIND_SERVICE",
            ),
            _ => None,
        }
    }
}

impl Proxy {
    /// Binds every address of `config`. Connections are queued from now on.
    ///
    /// # Errors
    ///
    /// [`ProxyError`] when an address cannot be bound, or TLS not be set up.
    pub async fn bind(config: Config) -> Result<Self, ProxyError> {
        let plain = config.listen.iter().map(|one| (one.clone(), Speaks::Plain));
        let tls = config.tls.iter().flat_map(|tls| &tls.listen);
        let wanted: Vec<_> = plain
            .chain(tls.map(|one| (one.clone(), Speaks::Tls)))
            .collect();
        let workers = match config.workers {
            0 => thread::available_parallelism().map_or(1, NonZero::get),
            workers => workers,
        };
        let shared = Shared::new(config, None)?;
        let cannot_listen = |(address, source)| ProxyError::Listen { address, source };
        let listeners = Listeners::bind(&wanted, workers).map_err(cannot_listen)?;
        let admin = match &shared.config.admin {
            Some(listen) => Some(
                listener::bind_admin(listen)
                    .map_err(|source| cannot_listen((listen.clone(), source)))?,
            ),
            None => None,
        };
        Ok(Self {
            shared: Arc::new(ArcSwap::from_pointee(shared)),
            reloads: watch::Sender::new(0),
            addresses: listeners.addresses.clone(),
            listeners,
            admin,
            on_worker_start: None,
        })
    }

    /// The addresses that are listened on, with their real ports.
    #[must_use]
    pub fn addresses(&self) -> &[Listen] {
        &self.addresses
    }

    /// The address of the administrator's listener, if there is one and it is
    /// a TCP socket.
    #[must_use]
    pub fn admin_address(&self) -> Option<std::net::SocketAddr> {
        match &self.admin {
            Some(admin::Socket::Tcp(listener)) => listener.local_addr().ok(),
            _ => None,
        }
    }

    /// Runs this on each of the proxy's threads before it serves: to name it,
    /// to pin it, to set what is the thread's own.
    #[must_use]
    pub fn on_worker_start(mut self, what: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_worker_start = Some(Arc::new(what));
        self
    }

    /// What changes the settings while the proxy runs.
    #[must_use]
    pub fn reloader(&self) -> Reloader {
        Reloader::new(Arc::clone(&self.shared), self.reloads.clone())
    }

    /// Serves until `shutdown` is ready; then goes on accepting for
    /// `timeouts.drain_delay`, stops accepting, and lets what is in flight
    /// finish for at most `timeouts.drain`.
    ///
    /// # Errors
    ///
    /// [`ProxyError::Worker`] when one of its threads cannot serve. All are
    /// stopped then: a proxy that serves in part is hard to notice.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), ProxyError> {
        self.run_until(shutdown, pending()).await
    }

    /// The same, but what is in flight is cut off as soon as `at_once` is ready
    /// after `shutdown`: a second signal, say.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_until(
        self,
        shutdown: impl Future<Output = ()>,
        at_once: impl Future<Output = ()>,
    ) -> Result<(), ProxyError> {
        let Self {
            shared,
            reloads,
            listeners,
            admin,
            addresses,
            on_worker_start,
        } = self;
        let first = shared.load_full();
        trace::listening(&addresses, &first.config.upstream);
        let readiness = Arc::new(Readiness::new());
        let mut background = JoinSet::new();
        background.spawn(look_names_up(Arc::clone(&shared), reloads.subscribe()));
        if let Some(socket) = admin {
            background.spawn(Arc::new(Admin::new(Arc::clone(&readiness))).serve(socket));
        }
        let stage = watch::Sender::new(Stage::Starting);
        let load = Arc::new(Load::default());
        let files = Files(listeners.files);
        let mut workers = Workers::start(
            listeners.of_workers,
            &shared,
            &load,
            &stage,
            &readiness,
            on_worker_start.as_ref(),
        );

        let lost = tokio::select! {
            biased;
            () = shutdown => None,
            error = workers.lost() => Some(error),
        };
        if let Some(source) = lost {
            stage.send_replace(Stage::Over);
            workers.ended().await;
            background.shutdown().await;
            return Err(ProxyError::Worker { source });
        }
        readiness.reach(Phase::Draining);
        let timeouts = shared.load().config.timeouts.clone();
        trace::stopping(load.connections.load(Ordering::Relaxed));
        stage.send_replace(Stage::Leaving);
        let drain = async {
            sleep(timeouts.drain_delay).await;
            drop(files);
            stage.send_replace(Stage::Draining);
            timeout(timeouts.drain, workers.ended()).await.is_ok()
        };
        let drained = tokio::select! {
            biased;
            () = at_once => false,
            drained = drain => drained,
        };
        let logging = shared.load().logging.clone();
        logging.drain_is_over();
        if !drained {
            trace::abandoned(load.connections.load(Ordering::Relaxed));
            stage.send_replace(Stage::Over);
            workers.ended().await;
        }
        background.shutdown().await;
        trace::stopped();
        Ok(())
    }
}

/// Socket files, removed when they are of no use any longer.
struct Files(Vec<PathBuf>);

impl Drop for Files {
    fn drop(&mut self) {
        for file in &self.0 {
            // It may be somebody else's by now, or gone.
            let _ = std::fs::remove_file(file);
        }
    }
}

/// The threads that serve.
struct Workers {
    ends: JoinSet<io::Result<()>>,
}

impl Workers {
    fn start(
        listeners: Vec<Vec<listener::Listener>>,
        shared: &Arc<ArcSwap<Shared>>,
        load: &Arc<Load>,
        stage: &watch::Sender<Stage>,
        readiness: &Arc<Readiness>,
        on_start: Option<&Arc<dyn Fn() + Send + Sync>>,
    ) -> Self {
        let starting = Arc::new(AtomicUsize::new(listeners.len()));
        let mut ends = JoinSet::new();
        for (place, listeners) in listeners.into_iter().enumerate() {
            let (starting, readiness) = (Arc::clone(&starting), Arc::clone(readiness));
            let everybody = stage.clone();
            let start = worker::Start {
                place,
                shared: Arc::clone(shared),
                listeners,
                load: Arc::clone(load),
                stage: stage.subscribe(),
                ready: Box::new(move || {
                    if starting.fetch_sub(1, Ordering::AcqRel) == 1 {
                        everybody.send_if_modified(|stage| {
                            let starts = *stage == Stage::Starting;
                            if starts {
                                *stage = Stage::Serving;
                            }
                            starts
                        });
                        readiness.reach(Phase::Ready);
                    }
                }),
            };
            let on_start = on_start.cloned();
            let (ended, end) = oneshot::channel();
            let serve = move || {
                if let Some(on_start) = on_start {
                    on_start();
                }
                // Whoever waits for it is told, or gone.
                let _ = ended.send(worker::run(start));
            };
            let thread = thread::Builder::new().name(format!("headguard-{place}"));
            let spawned = thread.spawn(serve);
            ends.spawn(async move {
                spawned?;
                // One that panicked says nothing.
                end.await
                    .unwrap_or_else(|_| Err(io::Error::other("it panicked")))
            });
        }
        Self { ends }
    }

    /// Ready when one has ended that was not told to, with its reason.
    async fn lost(&mut self) -> io::Error {
        match self.ends.join_next().await {
            Some(Ok(Err(error))) => error,
            _ => io::Error::other("it ended"),
        }
    }

    /// Ready when all have ended.
    async fn ended(&mut self) {
        while self.ends.join_next().await.is_some() {}
    }
}

/// Keeps the addresses of the upstream up to date, whichever it is by now.
async fn look_names_up(shared: Arc<ArcSwap<Shared>>, mut reloads: watch::Receiver<u64>) {
    loop {
        reloads.mark_unchanged();
        let now = shared.load_full();
        let every = now.config.timeouts.resolve;
        let told = now.upstream.told().to_owned();
        let looking = async {
            if let Some(addresses) = now.upstream.addresses() {
                addresses
                    .keep_resolving(every, |change| trace::resolved(&told, &change))
                    .await;
            }
            pending::<()>().await;
        };
        tokio::select! {
            () = looking => {}
            changed = reloads.changed() => if changed.is_err() { return },
        }
    }
}
