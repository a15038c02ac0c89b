//! Both ends of the proxy as raw octets: an origin that answers by script, a
//! client that sends what clients refuse to send, and the log in between.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use headguard::config::{Listen, Source, read};
use headguard::proxy::trace::EventLayer;
use headguard::proxy::{Proxy, Reloader};
use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

/// Longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(15);

/// Waits for what must come.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("came in time")
}

/// A message as it was on the wire, with its body taken out of its framing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
    /// Trailer lines, if any came.
    pub(crate) trailers: Vec<u8>,
}

impl Message {
    pub(crate) fn status(&self) -> u16 {
        let line = self.line();
        line[9..12].parse().expect("a status line")
    }

    pub(crate) fn line(&self) -> String {
        let line = self.lines().next().expect("a first line");
        String::from_utf8(line.to_vec()).expect("a first line in ASCII")
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.head
            .split(|&octet| octet == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// The values of a field, in order. The name is compared as it stands.
    pub(crate) fn exactly(&self, name: &str) -> Vec<Vec<u8>> {
        self.fields(|sent| sent == name.as_bytes())
    }

    /// The values of a field, in order.
    pub(crate) fn values(&self, name: &str) -> Vec<Vec<u8>> {
        self.fields(|sent| sent.eq_ignore_ascii_case(name.as_bytes()))
    }

    fn fields(&self, is: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
        self.lines()
            .skip(1)
            .filter_map(|line| {
                let colon = line.iter().position(|&octet| octet == b':')?;
                is(&line[..colon]).then(|| line[colon + 1..].trim_ascii().to_vec())
            })
            .collect()
    }

    /// The only value of a field.
    pub(crate) fn value(&self, name: &str) -> String {
        let values = self.values(name);
        assert_eq!(values.len(), 1, "{name} in {self:?}");
        String::from_utf8(values[0].clone()).expect("a value in UTF-8")
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        !self.values(name).is_empty()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a body in JSON")
    }
}

/// One end of a connection.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    pub(crate) buffer: Vec<u8>,
}

impl Peer {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = soon(TcpStream::connect(address)).await.expect("connected");
        Self::new(stream)
    }

    pub(crate) fn new(stream: TcpStream) -> Self {
        let buffer = Vec::new();
        Self { stream, buffer }
    }

    pub(crate) async fn send(&mut self, octets: impl AsRef<[u8]>) {
        soon(self.stream.write_all(octets.as_ref()))
            .await
            .expect("sent");
    }

    /// Sends as much as the other side takes.
    pub(crate) async fn try_send(&mut self, octets: impl AsRef<[u8]>) -> io::Result<()> {
        soon(self.stream.write_all(octets.as_ref())).await
    }

    /// Reads once. 0 is the end.
    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        if self.buffer.capacity() - self.buffer.len() < 1 << 12 {
            self.buffer.reserve(1 << 16);
        }
        soon(self.stream.read_buf(&mut self.buffer)).await
    }

    /// Octets up to and with `end`, or nothing if the connection ends first.
    async fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        let mut from = 0;
        loop {
            let found = self.buffer[from..]
                .windows(end.len())
                .position(|window| window == end);
            if let Some(at) = found {
                return Some(self.buffer.drain(..from + at + end.len()).collect());
            }
            from = self.buffer.len().saturating_sub(end.len());
            if self.fill().await.ok()? == 0 {
                return None;
            }
        }
    }

    async fn octets(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.buffer.len() < count {
            if self.fill().await.ok()? == 0 {
                return None;
            }
        }
        Some(self.buffer.drain(..count).collect())
    }

    /// The next head, or nothing if the connection ends first.
    pub(crate) async fn head(&mut self) -> Option<Message> {
        let head = self.until(b"\r\n\r\n").await?;
        Some(Message {
            head,
            ..Message::default()
        })
    }

    /// The next message whole, or nothing if the connection ends first.
    pub(crate) async fn message(&mut self) -> Option<Message> {
        let mut message = self.head().await?;
        self.body(&mut message).await?;
        Some(message)
    }

    /// The body of a message whose head has come.
    pub(crate) async fn body(&mut self, message: &mut Message) -> Option<()> {
        if message.has("transfer-encoding") {
            assert_eq!(message.value("transfer-encoding"), "chunked");
            loop {
                let line = self.until(b"\r\n").await?;
                let size = std::str::from_utf8(line.trim_ascii()).expect("a chunk size");
                let size = usize::from_str_radix(size, 16).expect("a chunk size");
                if size == 0 {
                    break;
                }
                message.body.extend(self.octets(size).await?);
                assert_eq!(self.octets(2).await?, b"\r\n");
            }
            loop {
                let line = self.until(b"\r\n").await?;
                if line == b"\r\n" {
                    return Some(());
                }
                message.trailers.extend(line);
            }
        }
        if message.has("content-length") {
            let length = message.value("content-length").parse().expect("a length");
            message.body = self.octets(length).await?;
        }
        Some(())
    }

    /// Everything until the connection ends, cleanly or not.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while matches!(self.fill().await, Ok(1..)) {}
        std::mem::take(&mut self.buffer)
    }

    /// Whether the other side closed without a further octet.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.rest().await.is_empty()
    }

    /// Sends a request and reads the response.
    pub(crate) async fn ask(&mut self, request: impl AsRef<[u8]>) -> Message {
        self.send(request).await;
        self.message().await.expect("a response")
    }
}

/// An origin on a socket of its own.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    received: mpsc::UnboundedReceiver<Message>,
    task: JoinHandle<()>,
}

/// What a script gets of its connection.
pub(crate) struct Connection {
    pub(crate) peer: Peer,
    /// Counts the connections from 0.
    pub(crate) number: usize,
    received: mpsc::UnboundedSender<Message>,
}

impl Connection {
    /// The next request whole; the test gets a copy.
    pub(crate) async fn request(&mut self) -> Option<Message> {
        let message = self.peer.message().await?;
        // A test that is over reads no more.
        let _ = self.received.send(message.clone());
        Some(message)
    }

    /// Tells the test something that is no request.
    pub(crate) fn tell(&self, what: Message) {
        let _ = self.received.send(what);
    }

    pub(crate) async fn send(&mut self, octets: impl AsRef<[u8]>) {
        // The proxy may close at any time; the test sees what came of it.
        let _ = self.peer.try_send(octets).await;
    }
}

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

impl Origin {
    /// An origin whose connections are served by `script`.
    pub(crate) async fn scripted<F>(script: impl Fn(Connection) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let (sender, received) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            for number in 0.. {
                let (stream, _) = listener.accept().await.expect("accepted");
                let connection = Connection {
                    peer: Peer::new(stream),
                    number,
                    received: sender.clone(),
                };
                tokio::spawn(script(connection));
            }
        });
        Self {
            address,
            received,
            task,
        }
    }

    /// An origin that gives every request the same answer.
    pub(crate) async fn answering(answer: impl AsRef<[u8]>) -> Self {
        let answer = answer.as_ref().to_vec();
        Self::scripted(move |mut connection| {
            let answer = answer.clone();
            async move {
                while connection.request().await.is_some() {
                    connection.send(&answer).await;
                }
            }
        })
        .await
    }

    /// The next request that came in, whatever its connection.
    pub(crate) async fn received(&mut self) -> Message {
        soon(self.received.recv()).await.expect("a request")
    }

    /// Whether nothing more came in than was taken by `received`.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.received.try_recv().is_err()
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A proxy on a socket of its own.
pub(crate) struct Guard {
    pub(crate) address: SocketAddr,
    pub(crate) reloader: Reloader,
    stop: Option<oneshot::Sender<()>>,
    stop_at_once: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Guard {
    /// A proxy in front of `upstream`; `settings` is TOML.
    pub(crate) async fn before(upstream: SocketAddr, settings: &str) -> Self {
        Self::with(&format!(
            "listen = \"127.0.0.1:0\"\nupstream = \"http://{upstream}\"\n{settings}"
        ))
        .await
    }

    /// A proxy with these settings, on one thread unless they say otherwise.
    pub(crate) async fn with(settings: &str) -> Self {
        install_subscriber();
        let text = match settings.contains("workers =") {
            true => settings.to_owned(),
            false => format!("workers = 1\n{settings}"),
        };
        let config = read(
            Some(Source {
                name: "test.toml",
                text: &text,
            }),
            &[],
        )
        .unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let proxy = Proxy::bind(config).await.expect("bound");
        let slot = CAPTURED.with_borrow(Arc::clone);
        let proxy = proxy.on_worker_start(move || CAPTURED.set(Arc::clone(&slot)));
        let Listen::Tcp(address) = proxy.addresses()[0] else {
            panic!("the first address is a TCP one");
        };
        let reloader = proxy.reloader();
        let (stop, stopped) = oneshot::channel();
        let (stop_at_once, at_once) = oneshot::channel();
        let serving = proxy.run_until(async { drop(stopped.await) }, async { drop(at_once.await) });
        let task = tokio::spawn(async { serving.await.expect("served") });
        Self {
            address,
            reloader,
            stop: Some(stop),
            stop_at_once: Some(stop_at_once),
            task,
        }
    }

    pub(crate) async fn connect(&self) -> Peer {
        Peer::connect(self.address).await
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(&self, request: impl AsRef<[u8]>) -> Message {
        self.connect().await.ask(request).await
    }

    /// Tells the proxy to stop, and goes on.
    pub(crate) fn stop(&mut self) {
        let _ = self.stop.take().expect("stopped once").send(());
    }

    /// Tells it, after that, not to wait for anything.
    pub(crate) fn stop_at_once(&mut self) {
        let _ = self.stop_at_once.take().expect("stopped once").send(());
    }

    /// Waits until it has stopped.
    pub(crate) async fn stopped(&mut self) {
        soon(&mut self.task).await.expect("stopped without a panic");
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the proxy writes to its log, in this thread.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Json,
    Text,
}

thread_local! {
    static CAPTURED: RefCell<Slot> = RefCell::default();
}

/// Where the events of a test go, if anywhere. The threads of its proxies have
/// the same one.
type Slot = Arc<Mutex<Option<(Form, Log)>>>;

/// Sends the events of each thread to that thread's log, if it has one.
///
/// There is one subscriber, and it is there before the first event: with one
/// for each thread, `tracing` may remember the answer of a thread that has
/// none, and the others lose their events.
fn install_subscriber() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::registry()
            .with(EventLayer::json(Router(Form::Json)))
            .with(EventLayer::text(Router(Form::Text)));
        tracing::subscriber::set_global_default(subscriber).expect("the only subscriber");
    });
}

/// Ends the capture when it is dropped.
pub(crate) struct Capturing;

impl Drop for Capturing {
    fn drop(&mut self) {
        CAPTURED.with_borrow(|slot| *slot.lock().expect("whole") = None);
    }
}

impl Log {
    /// Captures events as JSON until the guard is dropped.
    pub(crate) fn json() -> (Self, Capturing) {
        Self::capture(Form::Json)
    }

    /// The same as text.
    pub(crate) fn text() -> (Self, Capturing) {
        Self::capture(Form::Text)
    }

    fn capture(form: Form) -> (Self, Capturing) {
        let log = Self::default();
        let captured = Some((form, log.clone()));
        CAPTURED.with_borrow(|slot| *slot.lock().expect("whole") = captured);
        (log, Capturing)
    }

    pub(crate) fn contents(&self) -> String {
        let octets = self.0.lock().expect("whole").clone();
        String::from_utf8(octets).expect("a log in UTF-8")
    }

    /// What was written, once `text` is in it.
    pub(crate) async fn with(&self, text: &str) -> String {
        soon(async {
            loop {
                let contents = self.contents();
                if contents.contains(text) {
                    return contents;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// The events of requests, once there are `count`.
    pub(crate) async fn requests(&self, count: usize) -> Vec<serde_json::Value> {
        soon(async {
            loop {
                let events: Vec<serde_json::Value> = self
                    .contents()
                    .lines()
                    .map(|line| serde_json::from_str(line).expect("a line of JSON"))
                    .filter(|event: &serde_json::Value| event["target"] == "headguard::request")
                    .collect();
                if events.len() >= count {
                    return events;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }
}

struct Router(Form);

impl<'w> MakeWriter<'w> for Router {
    type Writer = Box<dyn io::Write>;

    fn make_writer(&'w self) -> Self::Writer {
        CAPTURED.with_borrow(|slot| match &*slot.lock().expect("whole") {
            Some((form, log)) if *form == self.0 => Box::new(log.clone()) as Self::Writer,
            _ => Box::new(io::sink()),
        })
    }
}

impl io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("whole").extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
