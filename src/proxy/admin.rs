//! The administrator's listener: pages for those who run the proxy, apart from
//! the traffic and never on its port.
//!
//! Whoever reaches it may read everything it has; nothing can be changed by
//! it. It takes few connections, each for one request and a short time, so
//! that it cannot take anything away from the traffic.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::fmt;
use std::future::{poll_fn, ready};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Where the proxy is in its life; it only goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Phase {
    /// Not every worker accepts connections yet.
    Starting,
    /// Send traffic.
    Ready,
    /// Send no more.
    Draining,
}

/// The phase, for all to see.
#[derive(Debug)]
pub(super) struct Readiness(AtomicU8);

impl Readiness {
    pub(super) const fn new() -> Self {
        Self(AtomicU8::new(Phase::Starting as u8))
    }

    pub(super) fn phase(&self) -> Phase {
        match self.0.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Ready,
            _ => Phase::Draining,
        }
    }

    /// Goes on to a later phase. An earlier one is not gone back to: a worker
    /// that comes up late does not make a proxy ready that is stopping.
    pub(super) fn reach(&self, phase: Phase) {
        self.0.fetch_max(phase as u8, Ordering::AcqRel);
    }
}

/// The pages, and how many may read them at a time.
pub(super) struct Admin {
    routes: Vec<(&'static str, Show)>,
    connections: Arc<Semaphore>,
}

/// Makes a page for a request.
type Show = Box<dyn Fn(&Parts) -> Page + Send + Sync>;

impl Admin {
    /// The pages that say how the proxy is.
    pub(super) fn new(readiness: Arc<Readiness>) -> Self {
        let empty = Self {
            routes: Vec::new(),
            connections: Arc::new(Semaphore::new(MOST_CONNECTIONS)),
        };
        empty
            .with_page("/livez", |_| Page::text(StatusCode::OK, "ok\n"))
            .with_page("/readyz", move |_| readyz(readiness.phase()))
    }

    /// Adds a page. `show` runs between the exchanges of other administrators:
    /// it does not wait.
    pub(super) fn with_page(
        mut self,
        path: &'static str,
        show: impl Fn(&Parts) -> Page + Send + Sync + 'static,
    ) -> Self {
        self.routes.push((path, Box::new(show)));
        self
    }

    /// Serves the pages on a socket until it is dropped, which ends what is
    /// under way. Several sockets share the number of connections.
    pub(super) async fn serve(self: Arc<Self>, socket: Socket) {
        let mut connections = JoinSet::new();
        loop {
            // Those beyond the number wait in the queue of the system.
            let Ok(permit) = Arc::clone(&self.connections).acquire_owned().await else {
                return;
            };
            match &socket {
                Socket::Tcp(listener) => {
                    let stream = taken(|cx| listener.poll_accept(cx)).await;
                    connections.spawn(Arc::clone(&self).talk(stream, permit));
                }
                #[cfg(unix)]
                Socket::Unix(listener) => {
                    let stream = taken(|cx| listener.poll_accept(cx)).await;
                    connections.spawn(Arc::clone(&self).talk(stream, permit));
                }
            }
            // Taken off the set as they end, or it would only grow.
            while connections.try_join_next().is_some() {}
        }
    }

    /// One connection, which holds `_permit` as long as it lasts.
    async fn talk<S>(self: Arc<Self>, stream: S, _permit: impl Send)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let answer = service_fn(|request: Request<_>| {
            ready(Ok::<_, Infallible>(self.answer(&request.into_parts().0)))
        });
        let conversation = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(LONGEST_HEAD)
            .max_buf_size(MOST_BUFFERED)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), answer);
        // Whoever asks sees what went wrong; nobody else is concerned.
        let _ = timeout(LONGEST_CONNECTION, conversation).await;
    }

    fn answer(&self, request: &Parts) -> Response<String> {
        let path = request.uri.path();
        let Some((_, show)) = self.routes.iter().find(|(known, _)| *known == path) else {
            return self.not_found().into_response();
        };
        if request.method == Method::GET || request.method == Method::HEAD {
            return show(request).into_response();
        }
        let page = Page::text(
            StatusCode::METHOD_NOT_ALLOWED,
            "pages are only read: use GET or HEAD\n",
        );
        let mut response = page.into_response();
        let allowed = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(ALLOW, allowed);
        response
    }

    fn not_found(&self) -> Page {
        let mut text = String::from("there is no such page; there are:\n");
        for (path, _) in &self.routes {
            text.push_str(path);
            text.push('\n');
        }
        Page::text(StatusCode::NOT_FOUND, text)
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = self.routes.iter().map(|(path, _)| path);
        f.debug_list().entries(paths).finish()
    }
}

fn readyz(phase: Phase) -> Page {
    match phase {
        Phase::Starting => Page::text(StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
        Phase::Ready => Page::text(StatusCode::OK, "ready\n"),
        Phase::Draining => Page::text(StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
    }
}

/// What is shown.
#[derive(Clone, Debug)]
pub(super) struct Page {
    status: StatusCode,
    content_type: &'static str,
    body: String,
}

impl Page {
    pub(super) fn text(status: StatusCode, body: impl Into<String>) -> Self {
        Self::of("text/plain; charset=utf-8", status, body)
    }

    /// A page of another media type.
    pub(super) fn of(
        content_type: &'static str,
        status: StatusCode,
        body: impl Into<String>,
    ) -> Self {
        Self {
            status,
            content_type,
            body: body.into(),
        }
    }

    fn into_response(self) -> Response<String> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        for (name, value) in [
            (CONTENT_TYPE, self.content_type),
            (CACHE_CONTROL, "no-store"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            let value = HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// A socket that is listened on already.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

/// The next connection; failures are waited out.
async fn taken<S, A>(
    mut poll_accept: impl FnMut(&mut Context<'_>) -> Poll<io::Result<(S, A)>>,
) -> S {
    loop {
        match poll_fn(&mut poll_accept).await {
            Ok((stream, _)) => return stream,
            // Out of descriptors, most likely, which the listeners of the
            // traffic tell. Asking again at once would only spin.
            Err(_) => sleep(PAUSE).await,
        }
    }
}

const PAUSE: Duration = Duration::from_millis(50);

/// How many connections there are at a time. Probes and scrapes are few.
const MOST_CONNECTIONS: usize = 64;

/// From the first moment of a connection to the end of its head.
const LONGEST_HEAD: Duration = Duration::from_secs(5);

/// To the last octet of a page, read as slowly as may be.
const LONGEST_CONNECTION: Duration = Duration::from_secs(30);

/// The longest head.
const MOST_BUFFERED: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::time::Instant;

    /// Serves on a socket of its own.
    async fn served(admin: Admin) -> (std::net::SocketAddr, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut serving = JoinSet::new();
        serving.spawn(Arc::new(admin).serve(Socket::Tcp(listener)));
        (address, serving)
    }

    async fn connected(address: std::net::SocketAddr) -> TcpStream {
        TcpStream::connect(address).await.expect("a connection")
    }

    /// All that comes back for these octets.
    async fn exchange<S>(mut stream: S, octets: &[u8]) -> String
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        stream.write_all(octets).await.expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("text");
        answer
    }

    /// Status, fields and body of an answer.
    fn parts(answer: &str) -> (&str, Vec<String>, &str) {
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let (line, fields) = head.split_once("\r\n").unwrap_or((head, ""));
        let fields = fields
            .split("\r\n")
            .filter(|field| !field.starts_with("date: "))
            .map(str::to_owned)
            .collect();
        (line, fields, body)
    }

    #[tokio::test]
    async fn pages() {
        let readiness = Arc::new(Readiness::new());
        let admin = Admin::new(Arc::clone(&readiness)).with_page("/metrics", |request| {
            let query = request.uri.query().unwrap_or("none");
            Page::of("text/x-test", StatusCode::OK, format!("query: {query}"))
        });
        let (address, _serving) = served(admin).await;
        let ask = async |line: &str| {
            let request = format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n");
            exchange(connected(address).await, request.as_bytes()).await
        };

        let answer = ask("GET /livez").await;
        assert_eq!(
            parts(&answer),
            (
                "HTTP/1.1 200 OK",
                vec![
                    "content-type: text/plain; charset=utf-8".to_owned(),
                    "cache-control: no-store".to_owned(),
                    "x-content-type-options: nosniff".to_owned(),
                    "connection: close".to_owned(),
                    "content-length: 3".to_owned(),
                ],
                "ok\n"
            )
        );
        let head = ask("HEAD /livez").await;
        assert_eq!(parts(&head), ("HTTP/1.1 200 OK", parts(&answer).1, ""));

        for (phase, line, body) in [
            (
                Phase::Starting,
                "HTTP/1.1 503 Service Unavailable",
                "starting\n",
            ),
            (Phase::Ready, "HTTP/1.1 200 OK", "ready\n"),
            (
                Phase::Draining,
                "HTTP/1.1 503 Service Unavailable",
                "draining\n",
            ),
        ] {
            readiness.reach(phase);
            let answer = ask("GET /readyz?verbose").await;
            let (answered, _, text) = parts(&answer);
            assert_eq!((answered, text), (line, body));
            assert!(ask("GET /livez").await.ends_with("ok\n"));
        }

        for target in ["/", "/livez/", "/LIVEZ", "/%6Civez", "*"] {
            let method = if target == "*" { "OPTIONS" } else { "GET" };
            let answer = ask(&format!("{method} {target}")).await;
            let (line, _, body) = parts(&answer);
            assert_eq!(line, "HTTP/1.1 404 Not Found", "{target}");
            assert_eq!(
                body,
                "there is no such page; there are:\n/livez\n/readyz\n/metrics\n"
            );
        }

        for method in ["POST", "PUT", "DELETE", "OPTIONS", "get", "BREW"] {
            let answer = ask(&format!("{method} /livez")).await;
            let (line, fields, _) = parts(&answer);
            assert_eq!(line, "HTTP/1.1 405 Method Not Allowed", "{method}");
            assert!(fields.contains(&"allow: GET, HEAD".to_owned()), "{method}");
        }

        let answer = ask("GET /metrics?a=b").await;
        assert!(answer.contains("\r\ncontent-type: text/x-test\r\n"));
        assert!(answer.ends_with("\r\n\r\nquery: a=b"));
    }

    #[tokio::test]
    async fn what_is_no_request() {
        let (address, _serving) = served(Admin::new(Arc::new(Readiness::new()))).await;
        let long = format!("GET /livez HTTP/1.1\r\nA: {}\r\n", "x".repeat(20_000));
        for (octets, line) in [
            (&b"nonsense\r\n\r\n"[..], "HTTP/1.1 400"),
            (b"GET /livez HTTP/1.1\r\nHost : a\r\n\r\n", "HTTP/1.1 400"),
            (long.as_bytes(), "HTTP/1.1 431"),
        ] {
            let answer = exchange(connected(address).await, octets).await;
            assert!(answer.starts_with(line), "{answer}");
        }
        // One request a connection.
        let two = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2);
        let answer = exchange(connected(address).await, &two).await;
        assert_eq!(answer.matches("HTTP/1.1 200").count(), 1);
    }

    #[tokio::test]
    async fn a_page_that_panics_harms_nobody_else() {
        let admin =
            Admin::new(Arc::new(Readiness::new())).with_page("/panic", |_| panic!("on purpose"));
        let (address, _serving) = served(admin).await;
        for _ in 0..=MOST_CONNECTIONS {
            let answer = exchange(connected(address).await, b"GET /panic HTTP/1.0\r\n\r\n").await;
            assert_eq!(answer, "");
        }
        let answer = exchange(connected(address).await, b"GET /livez HTTP/1.0\r\n\r\n").await;
        assert!(answer.ends_with("ok\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_its_time() {
        let (address, _serving) = served(Admin::new(Arc::new(Readiness::new()))).await;
        let began = Instant::now();
        for octets in [&b""[..], b"GET /livez HTTP/1.1\r\n"] {
            let answer = exchange(connected(address).await, octets).await;
            assert!(!answer.contains("200"), "{answer}");
        }
        assert!(began.elapsed() <= LONGEST_CONNECTION * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn those_beyond_the_number_wait() {
        let (address, _serving) = served(Admin::new(Arc::new(Readiness::new()))).await;
        let mut idle = Vec::new();
        for _ in 0..MOST_CONNECTIONS {
            idle.push(connected(address).await);
        }
        let began = Instant::now();
        let answer = exchange(connected(address).await, b"GET /livez HTTP/1.0\r\n\r\n").await;
        assert!(answer.ends_with("ok\n"));
        assert!(began.elapsed() >= LONGEST_HEAD, "{:?}", began.elapsed());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_unix_socket() {
        let name = format!("headguard-admin-{}.sock", std::process::id());
        let path = std::env::temp_dir().join(name);
        let listener = UnixListener::bind(&path).expect("a socket");
        let admin = Arc::new(Admin::new(Arc::new(Readiness::new())));
        let mut serving = JoinSet::new();
        serving.spawn(admin.serve(Socket::Unix(listener)));
        let stream = tokio::net::UnixStream::connect(&path).await;
        std::fs::remove_file(&path).expect("removed");
        let stream = stream.expect("a connection");
        let answer = exchange(stream, b"GET /readyz HTTP/1.0\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.0 503"), "{answer}");
        assert!(answer.ends_with("starting\n"));
    }

    #[test]
    fn a_phase_is_not_gone_back_to() {
        let readiness = Readiness::new();
        assert_eq!(readiness.phase(), Phase::Starting);
        readiness.reach(Phase::Draining);
        readiness.reach(Phase::Ready);
        assert_eq!(readiness.phase(), Phase::Draining);
    }
}
