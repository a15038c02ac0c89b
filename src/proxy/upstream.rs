//! The way to the origin: connections, their pool, and what can go wrong there.
//!
//! A request is sent twice only if it cannot have been answered or acted upon
//! in any way that matters: an idempotent one without a body, when a connection
//! that had served before turns out dead before the first octet of a response.

use super::body::{Phase, Progress, Upload};
use super::reply::Fault;
use crate::config::Config;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tower_service::Service;

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

/// The origin, and the connections to it.
pub(super) struct Upstream {
    pooled: Client,
    /// Opens a connection for each request.
    fresh: Client,
    authority: Authority,
    response_timeout: Duration,
}

/// How much of a response is held at most; also the longest head of one.
const MOST_BUFFERED: usize = 128 << 10;

type Client = legacy::Client<Connector, Upload>;

impl Upstream {
    /// The upstream of a configuration; nothing is connected yet.
    ///
    /// # Errors
    ///
    /// When its name and port do not make an authority.
    pub(super) fn new(config: &Config) -> Result<Self, http::Error> {
        let (host, port) = (config.upstream.host(), config.upstream.port());
        let bracketed = if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        };
        let authority = bracketed.parse::<Authority>()?;
        let connector = Connector {
            host: host.into(),
            port,
            authority: authority.clone(),
            timeout: config.timeouts.connect,
        };
        let client = |most_idle: usize| {
            legacy::Client::builder(TokioExecutor::new())
                .timer(TokioTimer::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(config.timeouts.pool_idle)
                .pool_max_idle_per_host(most_idle)
                .http1_preserve_header_case(true)
                .http1_max_buf_size(MOST_BUFFERED)
                .build(connector.clone())
        };
        Ok(Self {
            pooled: client(usize::MAX),
            fresh: client(0),
            authority,
            response_timeout: config.timeouts.response,
        })
    }

    /// Its name and port, as configured.
    pub(super) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// Sends a request and waits for the head of its response.
    pub(super) async fn send(
        &self,
        mut request: Request<Upload>,
    ) -> Result<Response<Incoming>, Fault> {
        *request.uri_mut() = self.target(request.uri())?;
        *request.version_mut() = Version::HTTP_11;
        let again = replay(&request);
        let mut response = self.attempt(&self.pooled, request).await;
        if let (Err(Failure { stale: true, .. }), Some(request)) = (&response, again) {
            response = self.attempt(&self.fresh, request).await;
        }
        let mut response = response.map_err(|failure| failure.fault)?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(UpstreamError::Switched.caused("101 to a request without Upgrade"));
        }
        *response.version_mut() = Version::HTTP_11;
        Ok(response)
    }

    async fn attempt(
        &self,
        client: &Client,
        request: Request<Upload>,
    ) -> Result<Response<Incoming>, Failure> {
        let progress = request.body().progress();
        let mut response = pin!(client.request(request));
        let mut at = Instant::now() + self.response_timeout;
        loop {
            tokio::select! {
                biased;
                response = &mut response => {
                    return response.map_err(|error| Failure::new(&error, &progress));
                }
                () = sleep_until(at) => {
                    // While the client's body is awaited nothing can be asked of the upstream.
                    let since = progress.waiting_for_upstream().unwrap_or_else(Instant::now);
                    if since + self.response_timeout <= Instant::now() {
                        return Err(Failure::timed_out(self.response_timeout));
                    }
                    at = since + self.response_timeout;
                }
            }
        }
    }

    /// The target in the form the client library asks for; on the wire it is
    /// the path and the query alone.
    fn target(&self, sent: &Uri) -> Result<Uri, Fault> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(
            sent.path_and_query()
                .cloned()
                .unwrap_or_else(|| PathAndQuery::from_static("/")),
        );
        Uri::from_parts(parts).map_err(|_| Fault::Panicked)
    }
}

/// A copy of a request that may be sent twice.
fn replay(request: &Request<Upload>) -> Option<Request<Upload>> {
    let idempotent = [
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::TRACE,
        Method::PUT,
        Method::DELETE,
    ];
    (idempotent.contains(request.method()) && request.body().is_end_stream()).then(|| {
        let mut copy = Request::new(Upload::none());
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.version_mut() = request.version();
        *copy.headers_mut() = request.headers().clone();
        *copy.extensions_mut() = request.extensions().clone();
        copy
    })
}

/// Why an attempt failed.
struct Failure {
    fault: Fault,
    /// Whether the connection was an old one that died before it answered.
    stale: bool,
}

impl Failure {
    fn new(error: &legacy::Error, progress: &Progress) -> Self {
        let kind = match find::<ConnectError>(error) {
            Some(ConnectError::TimedOut { .. }) => UpstreamError::ConnectTimedOut,
            Some(ConnectError::Failed { .. }) => UpstreamError::Unreachable,
            None if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) => {
                UpstreamError::Garbled
            }
            None => UpstreamError::Closed,
        };
        let fault = match progress.phase() {
            Phase::Stalled => Fault::BodyStalled,
            Phase::Broken => Fault::BodyBroken,
            // The client library's own words say only where it noticed.
            _ => kind.caused(error.source().map_or_else(|| error.to_string(), chain)),
        };
        let mut extensions = http::Extensions::new();
        if let Some(connection) = error.connect_info() {
            connection.get_extras(&mut extensions);
        }
        Self {
            stale: kind == UpstreamError::Closed
                && matches!(fault, Fault::Upstream(_))
                && extensions
                    .get::<Arc<Life>>()
                    .is_some_and(|life| life.is_stale()),
            fault,
        }
    }

    fn timed_out(limit: Duration) -> Self {
        Self {
            fault: UpstreamError::ResponseTimedOut.caused(format!("no response within {limit:?}")),
            stale: false,
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

fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Opens connections to the upstream, whatever address is asked for.
#[derive(Clone, Debug)]
struct Connector {
    host: Arc<str>,
    port: u16,
    /// The two, as they are told.
    authority: Authority,
    timeout: Duration,
}

#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error("connect {authority}")]
    Failed {
        authority: Authority,
        source: io::Error,
    },
    #[error("connect {authority}: not accepted within {limit:?}")]
    TimedOut {
        authority: Authority,
        limit: Duration,
    },
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Observed>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self {
            host,
            port,
            authority,
            timeout: limit,
        } = self.clone();
        Box::pin(async move {
            let connecting = async {
                let stream = TcpStream::connect((&*host, port)).await?;
                stream.set_nodelay(true)?;
                Ok(stream)
            };
            let stream = match timeout(limit, connecting).await {
                Ok(Ok(stream)) => stream,
                Ok(Err(source)) => return Err(ConnectError::Failed { authority, source }),
                Err(_) => return Err(ConnectError::TimedOut { authority, limit }),
            };
            Ok(TokioIo::new(Observed {
                stream,
                life: Arc::default(),
            }))
        })
    }
}

/// What a connection has done, as far as sending again depends on it.
#[derive(Debug, Default)]
struct Life {
    /// It answered some request before the present one.
    served: AtomicBool,
    /// An octet came since the last octet went.
    answered: AtomicBool,
}

impl Life {
    fn wrote(&self) {
        if self.answered.swap(false, Ordering::Relaxed) {
            self.served.store(true, Ordering::Relaxed);
        }
    }

    fn read(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    fn is_stale(&self) -> bool {
        self.served.load(Ordering::Relaxed) && !self.answered.load(Ordering::Relaxed)
    }
}

/// A connection to the upstream that remembers whether it was answered.
struct Observed {
    stream: TcpStream,
    life: Arc<Life>,
}

impl Connection for Observed {
    fn connected(&self) -> Connected {
        Connected::new().extra(Arc::clone(&self.life))
    }
}

impl AsyncRead for Observed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.life.read();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Observed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.life.wrote();
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.life.wrote();
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
