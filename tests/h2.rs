//! HTTP/2 on either side of the proxy: what a client and an origin that speak
//! it see, and what is refused where HTTP/1 would refuse it.

#![cfg(feature = "proxy")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test says what is wrong by panicking"
)]

mod support;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Request, Response};
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::sync::Arc;
use support::{Connection, Guard, Log, OK, Origin, soon};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const LATIN1: &[u8] = b"T\xE9l\xE9bec LP";
const UTF8: &[u8] = "Télébec LP".as_bytes();

const REJECT: &str = r#"
[[policy.rule]]
name = "company names are UTF-8"
fields = ["CompanyName"]
reject = ["latin1"]
"#;

const NORMALIZE: &str = r#"
[[policy.rule]]
name = "company names are UTF-8"
fields = ["CompanyName"]
normalize = ["latin1"]
"#;

/// A client's connection.
#[derive(Clone)]
struct Client {
    send: SendRequest<Bytes>,
}

/// How a connection ended.
type Ended = JoinHandle<Result<(), h2::Error>>;

impl Client {
    async fn to(proxy: &Guard) -> Self {
        Self::and_end(proxy).await.0
    }

    async fn and_end(proxy: &Guard) -> (Self, Ended) {
        let stream = soon(TcpStream::connect(proxy.address))
            .await
            .expect("connected");
        Self::over(stream).await
    }

    async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> (Self, Ended) {
        let (send, connection) = soon(h2::client::handshake(stream)).await.expect("h2");
        (Self { send }, tokio::spawn(connection))
    }

    async fn start(&self, request: Request<()>, ends: bool) -> (ResponseFuture, SendStream<Bytes>) {
        let mut send = soon(self.send.clone().ready()).await.expect("ready");
        send.send_request(request, ends).expect("a request")
    }

    /// Sends a request that is all head.
    async fn get(&self, fields: &[(&str, &[u8])]) -> Answer {
        self.ask(request("GET", fields), None)
            .await
            .expect("an answer")
    }

    async fn ask(&self, request: Request<()>, body: Option<&[u8]>) -> Result<Answer, h2::Error> {
        let (response, mut stream) = self.start(request, body.is_none()).await;
        if let Some(body) = body {
            stream.send_data(Bytes::copy_from_slice(body), true)?;
        }
        Answer::of(soon(response).await?).await
    }
}

fn request(method: &str, fields: &[(&str, &[u8])]) -> Request<()> {
    let mut request = Request::builder()
        .method(method)
        .uri("http://api.example.com/orders?q=1");
    for (name, value) in fields {
        request = request.header(*name, HeaderValue::from_bytes(value).expect("a value"));
    }
    request.body(()).expect("a request")
}

/// A response with all of its body.
#[derive(Debug)]
struct Answer {
    head: Response<()>,
    body: Vec<u8>,
    trailers: Option<HeaderMap>,
}

impl Answer {
    async fn of(response: Response<RecvStream>) -> Result<Self, h2::Error> {
        let (head, mut stream) = response.into_parts();
        let mut body = Vec::new();
        while let Some(data) = soon(stream.data()).await {
            let data = data?;
            stream.flow_control().release_capacity(data.len())?;
            body.extend_from_slice(&data);
        }
        let trailers = soon(stream.trailers()).await?;
        Ok(Self {
            head: Response::from_parts(head, ()),
            body,
            trailers,
        })
    }

    fn status(&self) -> u16 {
        self.head.status().as_u16()
    }

    fn value(&self, name: &str) -> &[u8] {
        self.head
            .headers()
            .get(name)
            .map_or(b"", HeaderValue::as_bytes)
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// Sends a body with the flow control it needs.
async fn send_all(stream: &mut SendStream<Bytes>, mut body: Bytes) -> Result<(), h2::Error> {
    while !body.is_empty() {
        stream.reserve_capacity(body.len());
        let room = match soon(poll_fn(|cx| stream.poll_capacity(cx))).await {
            Some(room) => room?,
            None => return Err(Reason::CANCEL.into()),
        };
        stream.send_data(body.split_to(room.min(body.len())), false)?;
    }
    Ok(())
}

/// An origin that speaks HTTP/2 in cleartext.
struct H2Origin {
    address: SocketAddr,
    task: JoinHandle<()>,
    connections: mpsc::UnboundedReceiver<()>,
}

type Incoming = Request<RecvStream>;

impl H2Origin {
    /// Each request is served by `script`.
    async fn serving<F>(
        script: impl Fn(Incoming, SendResponse<Bytes>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::with_connections(
            move |mut connection: h2::server::Connection<TcpStream, Bytes>| {
                let script = script.clone();
                async move {
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        tokio::spawn(script(request, respond));
                    }
                }
            },
        )
        .await
    }

    /// Each connection is served by `script`.
    async fn with_connections<F>(
        script: impl Fn(h2::server::Connection<TcpStream, Bytes>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let (opened, connections) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("accepted");
                let _ = opened.send(());
                let connection = h2::server::handshake(stream).await.expect("h2");
                tokio::spawn(script(connection));
            }
        });
        Self {
            address,
            task,
            connections,
        }
    }

    /// An origin that gives back what it gets, trailers included.
    async fn echoing() -> Self {
        Self::serving(|request, mut respond| async move {
            let (head, mut body) = request.into_parts();
            let mut response = Response::new(());
            for (name, value) in &head.headers {
                let name = format!("x-{name}");
                let name = http::HeaderName::try_from(name).expect("a name");
                response.headers_mut().append(name, value.clone());
            }
            let authority = head
                .uri
                .authority()
                .map_or("", |authority| authority.as_str());
            response
                .headers_mut()
                .insert("x-authority", authority.parse().unwrap());
            response
                .headers_mut()
                .insert("x-path", head.uri.path().parse().unwrap());
            let ends = body.is_end_stream();
            let mut stream = respond.send_response(response, ends).expect("sent");
            if ends {
                return;
            }
            while let Some(data) = body.data().await {
                let Ok(data) = data else { return };
                let length = data.len();
                if send_all(&mut stream, data).await.is_err() {
                    return;
                }
                let _ = body.flow_control().release_capacity(length);
            }
            let trailers = body.trailers().await.ok().flatten();
            let _ = match trailers {
                Some(trailers) => stream.send_trailers(trailers),
                None => stream.send_data(Bytes::new(), true),
            };
        })
        .await
    }

    async fn guard(&self, settings: &str) -> Guard {
        Guard::with(&format!(
            "listen = \"127.0.0.1:0\"\nupstream = \"h2c://{}\"\n{settings}",
            self.address
        ))
        .await
    }

    /// Waits for the next connection.
    async fn connected(&mut self) {
        soon(self.connections.recv()).await.expect("a connection");
    }
}

impl Drop for H2Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A connection on which frames are written by hand.
struct Raw(TcpStream);

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

impl Raw {
    async fn to(proxy: &Guard) -> Self {
        let stream = soon(TcpStream::connect(proxy.address))
            .await
            .expect("connected");
        let mut raw = Self(stream);
        raw.0.write_all(PREFACE).await.expect("sent");
        raw.frame(SETTINGS, 0, 0, b"").await;
        raw
    }

    async fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        // The other side may have closed; the test reads why.
        let _ = soon(self.0.write_all(&frame(kind, flags, stream, payload))).await;
    }

    /// The next frame: its kind, its stream and its payload.
    async fn any(&mut self) -> Option<(u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        soon(self.0.read_exact(&mut head)).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        soon(self.0.read_exact(&mut payload)).await.ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some((head[3], stream, payload))
    }

    /// The next frame of that kind: its stream and its payload.
    async fn next(&mut self, kind: u8) -> Option<(u32, Vec<u8>)> {
        loop {
            let (of, stream, payload) = self.any().await?;
            if of == kind {
                return Some((stream, payload));
            }
        }
    }

    /// How a request was refused.
    async fn refusal(&mut self) -> Refusal {
        loop {
            let Some((kind, _, payload)) = self.any().await else {
                return Refusal::Closed;
            };
            match kind {
                HEADERS => return Refusal::Head(payload),
                RST_STREAM => return Refusal::Reset,
                GOAWAY => return Refusal::Goaway,
                _ => {}
            }
        }
    }

    /// The reason of the next GOAWAY.
    async fn goaway(&mut self) -> u32 {
        let (_, payload) = self.next(GOAWAY).await.expect("a GOAWAY");
        u32::from_be_bytes(payload[4..8].try_into().expect("four octets"))
    }

    /// The reason of the next `RST_STREAM`.
    async fn reset(&mut self) -> u32 {
        let (_, payload) = self.next(RST_STREAM).await.expect("a RST_STREAM");
        u32::from_be_bytes(payload[..4].try_into().expect("four octets"))
    }
}

#[derive(Debug)]
enum Refusal {
    Closed,
    Goaway,
    /// A header block: 0x8c is `:status 400`.
    Head(Vec<u8>),
    Reset,
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Fields as HPACK has them without a table and without Huffman.
fn hpack(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for part in [name.as_bytes(), value] {
            let length = u8::try_from(part.len()).expect("short");
            assert!(length < 127);
            block.push(length);
            block.extend(part);
        }
    }
    block
}

fn get(more: &[(&str, &[u8])]) -> Vec<u8> {
    let mut fields: Vec<(&str, &[u8])> = vec![
        (":method", b"GET"),
        (":scheme", b"http"),
        (":authority", b"api.example.com"),
        (":path", b"/"),
    ];
    fields.extend(more);
    hpack(&fields)
}

#[tokio::test]
async fn both_versions_on_one_port() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let answer = Client::to(&proxy).await.get(&[("CompanyName", UTF8)]).await;
    assert_eq!((answer.status(), &*answer.body), (200, &b"ok"[..]));
    assert_eq!(answer.value("content-length"), b"2");
    let received = origin.received().await;
    assert_eq!(received.line(), "GET /orders?q=1 HTTP/1.1");
    assert_eq!(received.value("host"), "api.example.com");
    assert_eq!(received.exactly("companyname"), [UTF8]);
    assert!(!received.has("transfer-encoding") && !received.has("content-length"));
    let answer = proxy.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(answer.status(), 200);
    // Each starts as the preface does, and is another request.
    for start in [
        "P",
        "PRI",
        "PRI *",
        "PROPFIND / HTTP/1.1\r\n",
        "PUT / HTTP/1.1\r\n",
    ] {
        let mut peer = proxy.connect().await;
        peer.send(start).await;
        if start.len() > 8 {
            peer.send("Host: x\r\n\r\n").await;
            assert_eq!(peer.message().await.expect("an answer").status(), 200);
        }
    }
}

#[tokio::test]
async fn a_policy_holds_whatever_is_spoken() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, REJECT).await;
    let client = Client::to(&proxy).await;
    let answer = client.get(&[("CompanyName", LATIN1)]).await;
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.value("content-type"), b"application/problem+json");
    assert_eq!(answer.json()["findings"][0]["field"], "CompanyName");
    assert!(origin.is_idle());
    // The connection goes on, and so do other streams of it.
    let answer = client.get(&[("CompanyName", UTF8)]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(origin.received().await.exactly("companyname"), [UTF8]);

    let proxy = Guard::before(origin.address, NORMALIZE).await;
    let answer = Client::to(&proxy)
        .await
        .get(&[("CompanyName", LATIN1)])
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(origin.received().await.exactly("companyname"), [UTF8]);

    let proxy = Guard::before(origin.address, "").await;
    let answer = Client::to(&proxy)
        .await
        .get(&[("CompanyName", LATIN1)])
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(origin.received().await.exactly("companyname"), [LATIN1]);

    let origin = H2Origin::echoing().await;
    let proxy = origin.guard(NORMALIZE).await;
    let answer = Client::to(&proxy)
        .await
        .get(&[("CompanyName", LATIN1)])
        .await;
    assert_eq!(answer.value("x-companyname"), UTF8);
    let proxy = origin.guard("").await;
    let answer = Client::to(&proxy)
        .await
        .get(&[("CompanyName", LATIN1)])
        .await;
    assert_eq!(answer.value("x-companyname"), LATIN1);
}

#[tokio::test]
async fn a_policy_holds_for_trailers() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, NORMALIZE).await;
    let client = Client::to(&proxy).await;
    let (response, mut stream) = client.start(request("POST", &[]), false).await;
    stream.send_data("body".into(), false).expect("sent");
    let mut trailers = HeaderMap::new();
    trailers.insert(
        "companyname",
        HeaderValue::from_bytes(LATIN1).expect("a value"),
    );
    trailers.insert("host", HeaderValue::from_static("evil"));
    stream.send_trailers(trailers).expect("sent");
    assert_eq!(soon(response).await.expect("an answer").status(), 200);
    let received = origin.received().await;
    assert_eq!(received.body, b"body");
    assert_eq!(
        received.trailers,
        [b"companyname: ", UTF8, b"\r\n"].concat()
    );
}

#[tokio::test]
async fn cookie_crumbs_become_one_cookie() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let crumbs = [
        ("cookie", &b"a=1"[..]),
        ("x", b"y"),
        ("cookie", b"b=2"),
        ("cookie", b"c=3"),
    ];
    assert_eq!(Client::to(&proxy).await.get(&crumbs).await.status(), 200);
    assert_eq!(origin.received().await.value("cookie"), "a=1; b=2; c=3");
}

#[tokio::test]
async fn the_authority_and_host_agree() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let client = Client::to(&proxy).await;
    for host in ["api.example.com", "API.example.com:80"] {
        let answer = client.get(&[("host", host.as_bytes())]).await;
        assert_eq!(answer.status(), 200, "{host}");
        let _ = origin.received().await;
    }
    for host in [&b"evil.example.com"[..], b"api.example.com:81", b"", b"a b"] {
        let answer = client.get(&[("host", host)]).await;
        assert_eq!(answer.status(), 400);
    }
    let twice = [
        ("host", &b"api.example.com"[..]),
        ("host", b"api.example.com"),
    ];
    assert_eq!(client.get(&twice).await.status(), 400);
    assert!(origin.is_idle());
}

#[tokio::test]
async fn targets_of_every_form() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let mut raw = Raw::to(&proxy).await;
    let mut stream = 1;
    for (method, authority, host, path, line) in [
        ("OPTIONS", Some("x"), None, "*", "OPTIONS * HTTP/1.1"),
        ("OPTIONS", Some("x"), Some("x"), "*", "OPTIONS * HTTP/1.1"),
        ("GET", Some("x"), Some("x"), "/a?b", "GET /a?b HTTP/1.1"),
        ("GET", None, Some("x"), "/a?b", "GET /a?b HTTP/1.1"),
        ("GET", Some("x"), None, "/\u{e9}", "GET /\u{e9} HTTP/1.1"),
    ] {
        let mut fields = vec![
            (":method", method.as_bytes()),
            // What the client's side of another proxy said of its own.
            (":scheme", b"https"),
            (":path", path.as_bytes()),
        ];
        fields.extend(authority.map(|authority| (":authority", authority.as_bytes())));
        fields.extend(host.map(|host| ("host", host.as_bytes())));
        raw.frame(HEADERS, END_STREAM | END_HEADERS, stream, &hpack(&fields))
            .await;
        let received = origin.received().await;
        assert_eq!(received.line(), line);
        assert_eq!(received.value("host"), "x");
        stream += 2;
    }
}

#[tokio::test]
async fn what_would_break_a_request_line() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let path = |path: &'static [u8]| (":path", path);
    let method = |method: &'static [u8]| (":method", method);
    for (name, value) in [
        path(b"/a b"),
        path(b"/a\rb"),
        path(b"/a\nb"),
        path(b"/a\0b"),
        path(b"/a\x7Fb"),
        path(b"/ HTTP/1.1\r\nX: y"),
        path(b""),
        path(b"/\xE9"),
        path(b"x"),
        path(b"http://x/"),
        method(b"GE T"),
        method(b"GET\r\n"),
        method(b""),
        (":authority", b"a b"),
        (":authority", b"a\r\nb"),
        (":authority", b"a/b"),
        ("host", b"a\r\nb"),
        ("a b", b"c"),
        ("a:", b"c"),
        ("Upper", b"c"),
        ("", b"c"),
        ("x", b"a\rb"),
        ("x", b"a\nb"),
        ("x", b"a\0b"),
    ] {
        let mut fields: Vec<(&str, &[u8])> = vec![
            (":method", b"GET"),
            (":scheme", b"http"),
            (":authority", b"x"),
            (":path", b"/"),
        ];
        match fields.iter_mut().find(|field| field.0 == name) {
            Some(field) => field.1 = value,
            None => fields.push((name, value)),
        }
        let mut raw = Raw::to(&proxy).await;
        raw.frame(HEADERS, END_STREAM | END_HEADERS, 1, &hpack(&fields))
            .await;
        let refusal = raw.refusal().await;
        assert!(
            matches!(refusal, Refusal::Reset | Refusal::Goaway)
                || matches!(&refusal, Refusal::Head(block) if block.starts_with(&[0x8c])),
            "{name}: {}: {refusal:?}",
            value.escape_ascii()
        );
        assert!(origin.is_idle(), "{name}: {}", value.escape_ascii());
    }
}

#[tokio::test]
async fn neither_tunnels_nor_users() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let client = Client::to(&proxy).await;
    let connect = Request::builder()
        .method("CONNECT")
        .uri("x:443")
        .body(())
        .unwrap();
    assert_eq!(
        client.ask(connect, None).await.expect("an answer").status(),
        501
    );
    let user = Request::builder().uri("http://user@x/").body(()).unwrap();
    assert_eq!(
        client.ask(user, None).await.expect("an answer").status(),
        400
    );
    let mut raw = Raw::to(&proxy).await;
    let extended = hpack(&[
        (":method", b"CONNECT"),
        (":protocol", b"websocket"),
        (":scheme", b"http"),
        (":authority", b"x"),
        (":path", b"/"),
    ]);
    raw.frame(HEADERS, END_HEADERS, 1, &extended).await;
    assert_eq!(raw.reset().await, u32::from(Reason::PROTOCOL_ERROR));
    assert!(origin.is_idle());
}

#[tokio::test]
async fn fields_of_one_connection_are_refused() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let mut raw = Raw::to(&proxy).await;
    let mut stream = 1;
    for (name, value) in [
        ("connection", &b"close"[..]),
        ("keep-alive", b"5"),
        ("proxy-connection", b"close"),
        ("te", b"gzip"),
        ("transfer-encoding", b"chunked"),
        ("upgrade", b"websocket"),
        ("content-length", b"5"),
        ("content-length", b"+0"),
    ] {
        raw.frame(
            HEADERS,
            END_STREAM | END_HEADERS,
            stream,
            &get(&[(name, value)]),
        )
        .await;
        let (of, reason) = raw.next(RST_STREAM).await.expect("a RST_STREAM");
        assert_eq!((of, &reason[..]), (stream, &[0, 0, 0, 1][..]), "{name}");
        stream += 2;
    }
    assert!(origin.is_idle());
    let mut raw = Raw::to(&proxy).await;
    raw.frame(
        HEADERS,
        END_STREAM | END_HEADERS,
        1,
        &get(&[("te", b"trailers"), ("expect", b"100-continue")]),
    )
    .await;
    let received = origin.received().await;
    assert_eq!(received.value("te"), "trailers");
    assert!(!received.has("expect"));
}

#[tokio::test]
async fn a_body_has_its_length() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let client = Client::to(&proxy).await;
    let answer = client
        .ask(request("POST", &[("content-length", b"4")]), Some(b"body"))
        .await;
    assert_eq!(answer.expect("an answer").status(), 200);
    let received = origin.received().await;
    assert_eq!(
        (received.value("content-length"), &*received.body),
        ("4".into(), &b"body"[..])
    );
    let answer = client.ask(request("POST", &[]), Some(b"body")).await;
    assert_eq!(answer.expect("an answer").status(), 200);
    let received = origin.received().await;
    assert_eq!(
        (received.value("transfer-encoding"), &*received.body),
        ("chunked".into(), &b"body"[..])
    );
    assert_eq!(
        client
            .ask(request("POST", &[]), None)
            .await
            .expect("an answer")
            .status(),
        200
    );
    assert_eq!(origin.received().await.value("content-length"), "0");
    // More and less than was said: by hand, since the client counts too.
    for body in [&b"bod"[..], b"body!"] {
        let mut raw = Raw::to(&proxy).await;
        raw.frame(HEADERS, END_HEADERS, 1, &get(&[("content-length", b"4")]))
            .await;
        raw.frame(DATA, END_STREAM, 1, body).await;
        assert_eq!(raw.reset().await, u32::from(Reason::PROTOCOL_ERROR));
    }
    assert!(origin.is_idle());
}

#[tokio::test]
async fn too_much_of_a_head() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(
        origin.address,
        "[limits]\nhead = 8192\nfield = 4096\nfields = 20\ntarget = 1000\n",
    )
    .await;
    let client = Client::to(&proxy).await;
    let long = vec![b'x'; 3000];
    let answer = client
        .get(&[("a", &long), ("b", &long), ("c", &long)])
        .await;
    assert_eq!(answer.status(), 431);
    let answer = client.get(&[("a", &vec![b'x'; 5000])]).await;
    assert_eq!(
        (answer.status(), answer.json()["reason"].as_str()),
        (431, Some("field-too-long"))
    );
    let many: Vec<_> = (0..21).map(|_| ("a", &b"b"[..])).collect();
    assert_eq!(client.get(&many).await.status(), 431);
    let uri = format!("http://x/{}", "x".repeat(2000));
    let target = Request::builder().uri(uri).body(()).expect("a request");
    assert_eq!(
        client.ask(target, None).await.expect("an answer").status(),
        414
    );
    assert!(origin.is_idle());
    assert_eq!(client.get(&[]).await.status(), 200);
}

/// A certificate for `localhost` in a folder of its own.
struct Certificate {
    folder: std::path::PathBuf,
    settings: String,
    roots: tokio_rustls::rustls::RootCertStore,
    server: tokio_rustls::rustls::ServerConfig,
}

impl Certificate {
    fn new(name: &str) -> Self {
        use tokio_rustls::rustls::pki_types::PrivateKeyDer;
        let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("issued");
        let folder = std::env::temp_dir().join(format!("headguard-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&cert, issued.cert.pem()).expect("written");
        std::fs::write(&key, issued.signing_key.serialize_pem()).expect("written");
        let mut roots = tokio_rustls::rustls::RootCertStore::empty();
        roots.add(issued.cert.der().clone()).expect("a root");
        let der = PrivateKeyDer::try_from(issued.signing_key.serialize_der()).expect("a key");
        let server = tokio_rustls::rustls::ServerConfig::builder_with_provider(Arc::new(
            tokio_rustls::rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.der().clone()], der)
        .expect("a certificate");
        let settings = format!(
            "[tls]\nlisten = \"127.0.0.1:0\"\ncertificate = \"{}\"\nkey = \"{}\"\n",
            cert.display(),
            key.display()
        );
        Self {
            folder,
            settings,
            roots,
            server,
        }
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn over_tls_by_alpn() {
    let mut origin = Origin::answering(OK).await;
    let certificate = Certificate::new("alpn");
    let proxy = Guard::with(&format!(
        "listen = []\nupstream = \"http://{}\"\n{REJECT}{}",
        origin.address, certificate.settings
    ))
    .await;
    let mut config = tokio_rustls::rustls::ClientConfig::builder_with_provider(Arc::new(
        tokio_rustls::rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .expect("versions")
    .with_root_certificates(certificate.roots.clone())
    .with_no_client_auth();
    for (offered, chosen) in [
        (&[&b"h2"[..], b"http/1.1"][..], Some(&b"h2"[..])),
        (&[b"http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ] {
        config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config.clone()));
        let stream = TcpStream::connect(proxy.address).await.expect("connected");
        let name = "localhost".try_into().expect("a name");
        let mut stream = soon(connector.connect(name, stream)).await.expect("TLS");
        assert_eq!(stream.get_ref().1.alpn_protocol(), chosen);
        if chosen == Some(b"h2") {
            let (client, _) = Client::over(stream).await;
            let mut request = request("GET", &[("host", b"api.example.com")]);
            *request.uri_mut() = "https://api.example.com/".parse().expect("a URI");
            let answer = client.ask(request, None).await.expect("an answer");
            assert_eq!(answer.status(), 200);
            assert_eq!(client.get(&[("CompanyName", LATIN1)]).await.status(), 400);
            let received = origin.received().await;
            assert_eq!(received.value("x-forwarded-proto"), "https");
        } else {
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .await
                .expect("sent");
            let mut answer = Vec::new();
            let _ = soon(stream.read_to_end(&mut answer)).await;
            assert!(answer.starts_with(b"HTTP/1.1 200"));
            let _ = origin.received().await;
        }
    }
}

#[tokio::test]
async fn an_upstream_over_tls() {
    let certificate = Certificate::new("upstream");
    let mut config = certificate.server.clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let port = listener.local_addr().expect("an address").port();
    let (tell, mut told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("accepted");
            let stream = acceptor.accept(stream).await.expect("TLS");
            let mut connection = h2::server::handshake(stream).await.expect("h2");
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let _ = tell.send(request.uri().to_string());
                respond
                    .send_response(Response::new(()), true)
                    .expect("sent");
            }
        }
    });
    let proxy = Guard::with(&format!(
        "listen = \"127.0.0.1:0\"\nupstream = \"h2://localhost:{port}\"\n[upstream_tls]\nca = \"{}\"\n",
        certificate.folder.join("cert.pem").display()
    ))
    .await;
    let answer = proxy.ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(
        (answer.status(), answer.value("content-length")),
        (200, "0".into())
    );
    assert_eq!(soon(told.recv()).await.expect("a request"), "https://x/a");
}

const LARGE: usize = 4 << 20;

#[tokio::test]
async fn large_bodies_both_ways_through_h2_alone() {
    let origin = H2Origin::echoing().await;
    large(&origin.guard("").await).await;
}

#[tokio::test]
async fn large_bodies_both_ways_to_http1() {
    let origin = Origin::scripted(|mut connection: Connection| async move {
        let request = connection.request().await.expect("a request");
        connection
            .send(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n"
            ))
            .await;
        connection.send(&request.body).await;
    })
    .await;
    large(&Guard::before(origin.address, "").await).await;
}

async fn large(proxy: &Guard) {
    let client = Client::to(proxy).await;
    let sent: Vec<u8> = (0..251).cycle().take(LARGE).collect();
    let sent = Bytes::from(sent);
    let (response, mut stream) = client.start(request("POST", &[]), false).await;
    let sending = {
        let sent = sent.clone();
        tokio::spawn(async move {
            send_all(&mut stream, sent).await?;
            stream.send_data(Bytes::new(), true)
        })
    };
    let answer = Answer::of(soon(response).await.expect("a head"))
        .await
        .expect("whole");
    sending.await.expect("no panic").expect("sent");
    assert!(answer.body == sent, "what came back is what went");
}

#[tokio::test]
async fn a_reader_that_stops_stops_the_writer() {
    let (count, mut counted) = mpsc::unbounded_channel();
    let origin = H2Origin::serving(move |_, mut respond| {
        let count = count.clone();
        async move {
            let mut stream = respond
                .send_response(Response::new(()), false)
                .expect("sent");
            loop {
                let block = Bytes::from_static(&[0; 64 << 10]);
                if send_all(&mut stream, block).await.is_err() {
                    let _ = count.send(0);
                    return;
                }
                let _ = count.send(64 << 10);
            }
        }
    })
    .await;
    let proxy = origin.guard("[timeouts]\nbody = \"1s\"\n").await;
    let client = Client::to(&proxy).await;
    let (response, _stream) = client.start(request("GET", &[]), true).await;
    let body = soon(response).await.expect("a head").into_body();
    let mut total = 0;
    // Until nothing goes any longer, and the upstream's stream is given up.
    loop {
        match soon(counted.recv()).await.expect("a count") {
            0 => break,
            more => total += more,
        }
    }
    assert!(total < 4 << 20, "{total} octets were taken for nobody");
    drop(body);
}

/// A call as gRPC makes it, to an origin that gives back what it gets.
async fn call(client: &Client, messages: &[&'static str]) -> Answer {
    let fields = [
        ("te", &b"trailers"[..]),
        ("content-type", b"application/grpc"),
    ];
    let (response, mut stream) = client.start(request("POST", &fields), false).await;
    for message in messages {
        stream.send_data((*message).into(), false).expect("sent");
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    trailers.insert("x-checksum", HeaderValue::from_static("7"));
    stream.send_trailers(trailers).expect("sent");
    Answer::of(soon(response).await.expect("a head"))
        .await
        .expect("whole")
}

#[tokio::test]
async fn unary_calls_with_trailers_to_h2() {
    let origin = H2Origin::echoing().await;
    let proxy = origin.guard("").await;
    let answer = call(&Client::to(&proxy).await, &["hello"]).await;
    assert_eq!((answer.status(), &*answer.body), (200, &b"hello"[..]));
    assert_eq!(answer.value("x-te"), b"trailers");
    assert_eq!(answer.value("x-content-type"), b"application/grpc");
    assert_eq!(answer.value("x-authority"), b"api.example.com");
    let trailers = answer.trailers.expect("trailers");
    assert_eq!(
        (&trailers["grpc-status"], &trailers["x-checksum"]),
        (&"0".parse().unwrap(), &"7".parse().unwrap())
    );
}

#[tokio::test]
async fn unary_calls_with_trailers_to_http1() {
    let mut origin = Origin::answering(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: grpc-status\r\n\r\n5\r\nhello\r\n0\r\ngrpc-status: 0\r\n\r\n",
    )
    .await;
    let proxy = Guard::before(origin.address, "").await;
    let answer = call(&Client::to(&proxy).await, &["he", "llo"]).await;
    assert_eq!((answer.status(), &*answer.body), (200, &b"hello"[..]));
    assert_eq!(answer.trailers.expect("trailers")["grpc-status"], "0");
    assert!(!answer.head.headers().contains_key("transfer-encoding"));
    let received = origin.received().await;
    assert_eq!(
        (&*received.body, &*received.trailers),
        (&b"hello"[..], &b"grpc-status: 0\r\nx-checksum: 7\r\n"[..])
    );
    assert_eq!(received.value("te"), "trailers");
}

#[tokio::test]
async fn an_answer_that_is_all_head_ends_with_it() {
    let origin = H2Origin::serving(|_, mut respond| async move {
        let response = Response::builder()
            .header("grpc-status", "12")
            .body(())
            .unwrap();
        let _ = respond.send_response(response, true);
    })
    .await;
    let proxy = origin.guard("").await;
    let client = Client::to(&proxy).await;
    let (response, _stream) = client.start(request("POST", &[]), true).await;
    let response = soon(response).await.expect("a head");
    assert_eq!(response.headers()["grpc-status"], "12");
    assert!(response.body().is_end_stream());
}

#[tokio::test]
async fn both_sides_talk_at_once() {
    let origin = H2Origin::echoing().await;
    let proxy = origin.guard("").await;
    let client = Client::to(&proxy).await;
    let (response, mut stream) = client
        .start(request("POST", &[("te", b"trailers")]), false)
        .await;
    let (head, mut body) = soon(response).await.expect("a head").into_parts();
    assert_eq!(head.status, 200);
    for message in ["one", "two", "three"] {
        stream.send_data(message.into(), false).expect("sent");
        assert_eq!(
            soon(body.data()).await.expect("data").expect("whole"),
            message
        );
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    stream.send_trailers(trailers.clone()).expect("sent");
    assert!(soon(body.data()).await.is_none());
    assert_eq!(soon(body.trailers()).await.expect("whole"), Some(trailers));
}

#[tokio::test]
async fn head_and_empty_answers_have_no_body() {
    let origin = Origin::scripted(|mut connection: Connection| async move {
        while let Some(request) = connection.request().await {
            let line = request.line();
            connection
                .send(match line.split(' ').nth(1) {
                    Some("/204") => "HTTP/1.1 204 No Content\r\n\r\n",
                    Some("/304") => "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
                    _ => "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n\r\n",
                })
                .await;
        }
    })
    .await;
    let proxy = Guard::before(origin.address, "").await;
    let client = Client::to(&proxy).await;
    for (method, path, status, length) in [
        ("HEAD", "/", 200, &b"5"[..]),
        ("GET", "/204", 204, b""),
        ("GET", "/304", 304, b"5"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://x{path}"));
        let (response, _stream) = client.start(request.body(()).unwrap(), true).await;
        let response = soon(response).await.expect("a head");
        assert_eq!(response.status().as_u16(), status);
        assert!(response.body().is_end_stream(), "{path}");
        let sent = response.headers().get("content-length");
        assert_eq!(sent.map_or(&b""[..], HeaderValue::as_bytes), length);
        for name in ["connection", "x-hop", "keep-alive", "link"] {
            assert!(!response.headers().contains_key(name), "{name}");
        }
    }
}

#[tokio::test]
async fn an_early_answer_arrives() {
    for settings in ["", REJECT] {
        let origin = H2Origin::serving(|_, mut respond| async move {
            let response = Response::builder().status(413).body(()).unwrap();
            let mut stream = respond.send_response(response, false).expect("sent");
            stream.send_data("too large".into(), true).expect("sent");
        })
        .await;
        let proxy = origin.guard(settings).await;
        let client = Client::to(&proxy).await;
        let fields: &[(&str, &[u8])] = match settings {
            "" => &[],
            _ => &[("CompanyName", LATIN1)],
        };
        let (response, mut stream) = client.start(request("POST", fields), false).await;
        stream.send_data("part".into(), false).expect("sent");
        let answer = Answer::of(soon(response).await.expect("a head"))
            .await
            .expect("whole");
        assert_eq!(answer.status(), if settings.is_empty() { 413 } else { 400 });
        // What is left of the request is not asked for.
        let reason = soon(poll_fn(|cx| stream.poll_reset(cx))).await;
        assert_eq!(reason.expect("a reason"), Reason::NO_ERROR);
        assert_eq!(client.get(&[("a", b"b")]).await.status(), 413);
    }
}

#[tokio::test]
async fn a_reset_cancels_the_request_to_http1() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let origin = Origin::scripted(move |mut connection: Connection| {
        let tell = tell.clone();
        async move {
            if connection.request().await.is_some() {
                let _ = tell.send("asked");
                let _ = connection.peer.is_closed().await;
                let _ = tell.send("closed");
            }
        }
    })
    .await;
    let (log, _capturing) = Log::json();
    let proxy = Guard::before(origin.address, "log_clean = 1\n").await;
    let client = Client::to(&proxy).await;
    let (response, mut stream) = client.start(request("GET", &[]), true).await;
    assert_eq!(soon(told.recv()).await, Some("asked"));
    stream.send_reset(Reason::CANCEL);
    assert_eq!(soon(told.recv()).await, Some("closed"));
    drop(response);
    let events = log.requests(1).await;
    assert_eq!(events[0]["ended"], "client-gone", "{events:?}");
}

#[tokio::test]
async fn a_reset_cancels_the_request_to_h2() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let origin = H2Origin::serving(move |request, mut respond| {
        let tell = tell.clone();
        async move {
            let _ = tell.send(None);
            let reason = poll_fn(|cx| respond.poll_reset(cx)).await;
            let _ = tell.send(Some(reason.expect("a reason")));
            drop(request);
        }
    })
    .await;
    let proxy = origin.guard("").await;
    let client = Client::to(&proxy).await;
    for ends in [true, false] {
        let (response, mut stream) = client.start(request("POST", &[]), ends).await;
        assert_eq!(soon(told.recv()).await, Some(None));
        stream.send_reset(Reason::CANCEL);
        assert_eq!(
            soon(told.recv()).await,
            Some(Some(Reason::CANCEL)),
            "{ends}"
        );
        drop(response);
    }
}

#[tokio::test]
async fn a_cut_answer_does_not_look_whole() {
    let origin = Origin::scripted(|mut connection: Connection| async move {
        if connection.request().await.is_some() {
            connection
                .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")
                .await;
        }
    })
    .await;
    let proxy = Guard::before(origin.address, "").await;
    let answer = Client::to(&proxy)
        .await
        .ask(request("GET", &[]), None)
        .await;
    assert!(answer.expect_err("cut").is_reset());

    let seen = Arc::new(tokio::sync::Notify::new());
    let origin = H2Origin::serving({
        let seen = Arc::clone(&seen);
        move |_, mut respond| {
            let seen = Arc::clone(&seen);
            async move {
                let response = respond.send_response(Response::new(()), false);
                let mut stream = response.expect("sent");
                let _ = send_all(&mut stream, "hel".into()).await;
                // A reset takes with it what is not sent yet.
                seen.notified().await;
                stream.send_reset(Reason::INTERNAL_ERROR);
            }
        }
    })
    .await;
    let proxy = origin.guard("").await;
    let client = Client::to(&proxy).await;
    let (response, _stream) = client.start(request("GET", &[]), true).await;
    let mut body = soon(response).await.expect("a head").into_body();
    assert_eq!(soon(body.data()).await.expect("data").expect("some"), "hel");
    seen.notify_one();
    let cut = soon(body.data()).await.expect("no end");
    assert!(cut.expect_err("cut").is_reset());
    // To an HTTP/1 client it is a body without its end.
    let mut peer = proxy.connect().await;
    peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(peer.head().await.expect("a head").status(), 200);
    seen.notify_one();
    let rest = peer.rest().await;
    assert_eq!(rest, b"3\r\nhel\r\n");
}

#[tokio::test]
async fn a_drain_lets_streams_finish() {
    let (go, gone) = tokio::sync::watch::channel(false);
    let (tell, mut told) = mpsc::unbounded_channel();
    let origin = H2Origin::serving(move |_, mut respond| {
        let (mut gone, tell) = (gone.clone(), tell.clone());
        async move {
            let _ = tell.send(());
            let _ = gone.wait_for(|go| *go).await;
            let mut stream = respond
                .send_response(Response::new(()), false)
                .expect("sent");
            stream.send_data("late".into(), true).expect("sent");
        }
    })
    .await;
    let mut proxy = origin.guard("").await;
    let (client, ended) = Client::and_end(&proxy).await;
    let (response, _stream) = client.start(request("GET", &[]), true).await;
    soon(told.recv()).await.expect("asked");
    let (_idle, idle_ended) = Client::and_end(&proxy).await;
    proxy.stop();
    soon(idle_ended)
        .await
        .expect("no panic")
        .expect("closed in order");
    go.send_replace(true);
    let answer = Answer::of(soon(response).await.expect("a head"))
        .await
        .expect("whole");
    assert_eq!(answer.body, b"late");
    soon(ended)
        .await
        .expect("no panic")
        .expect("closed in order");
    proxy.stopped().await;
}

#[tokio::test]
async fn an_end_at_once_waits_for_nobody() {
    let origin = H2Origin::serving(|_, respond| async move {
        std::future::pending::<()>().await;
        drop(respond);
    })
    .await;
    let mut proxy = origin.guard("").await;
    let (client, ended) = Client::and_end(&proxy).await;
    let (response, _stream) = client.start(request("GET", &[]), true).await;
    proxy.stop();
    proxy.stop_at_once();
    proxy.stopped().await;
    assert!(soon(response).await.is_err());
    let _ = soon(ended).await;
}

#[tokio::test]
async fn an_idle_client_is_told_to_go() {
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(
        origin.address,
        "[timeouts]\nhead = \"100ms\"\nidle = \"200ms\"\n",
    )
    .await;
    // One that never asks anything, one that has asked, one that does not even
    // say how it wants to be spoken to.
    let (_client, ended) = Client::and_end(&proxy).await;
    soon(ended)
        .await
        .expect("no panic")
        .expect("closed in order");
    let (client, ended) = Client::and_end(&proxy).await;
    assert_eq!(client.get(&[]).await.status(), 200);
    soon(ended)
        .await
        .expect("no panic")
        .expect("closed in order");
    let mut peer = proxy.connect().await;
    peer.send(PREFACE).await;
    let _ = peer.rest().await;
}

#[tokio::test]
async fn a_flood_of_resets_ends_the_connection() {
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let mut raw = Raw::to(&proxy).await;
    let mut flood = Vec::new();
    for stream in (1..4001).step_by(2) {
        flood.extend(frame(HEADERS, END_STREAM | END_HEADERS, stream, &get(&[])));
        flood.extend(frame(RST_STREAM, 0, stream, &8u32.to_be_bytes()));
    }
    let _ = soon(raw.0.write_all(&flood)).await;
    assert_eq!(raw.goaway().await, u32::from(Reason::ENHANCE_YOUR_CALM));
    assert_eq!(Client::to(&proxy).await.get(&[]).await.status(), 200);
}

#[tokio::test]
async fn a_flood_of_broken_streams_ends_the_connection() {
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let mut raw = Raw::to(&proxy).await;
    let mut flood = Vec::new();
    for stream in (1..2001).step_by(2) {
        flood.extend(frame(HEADERS, END_HEADERS, stream, &get(&[])));
        // WINDOW_UPDATE beyond all bounds makes the server reset the stream.
        flood.extend(frame(8, 0, stream, &0x7fff_ffff_u32.to_be_bytes()));
    }
    let _ = soon(raw.0.write_all(&flood)).await;
    assert_eq!(raw.goaway().await, u32::from(Reason::ENHANCE_YOUR_CALM));
    assert_eq!(Client::to(&proxy).await.get(&[]).await.status(), 200);
}

#[tokio::test]
async fn a_head_without_end_ends_the_connection() {
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    for payload in [hpack(&[("x", &[b'x'; 100])]), Vec::new()] {
        let mut raw = Raw::to(&proxy).await;
        raw.frame(HEADERS, END_STREAM, 1, &get(&[])).await;
        let flood = frame(CONTINUATION, 0, 1, &payload).repeat(5000);
        let _ = soon(raw.0.write_all(&flood)).await;
        assert_eq!(raw.goaway().await, u32::from(Reason::ENHANCE_YOUR_CALM));
    }
    assert_eq!(Client::to(&proxy).await.get(&[]).await.status(), 200);
}

#[tokio::test]
async fn a_flood_of_empty_frames_ends_the_connection() {
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let mut raw = Raw::to(&proxy).await;
    raw.frame(HEADERS, END_HEADERS, 1, &get(&[])).await;
    let flood = frame(DATA, 0, 1, b"").repeat(200_000);
    let _ = soon(raw.0.write_all(&flood)).await;
    assert_eq!(raw.goaway().await, u32::from(Reason::ENHANCE_YOUR_CALM));
}

#[tokio::test]
async fn a_hundred_streams_at_once() {
    // None is answered before all have come.
    let all = Arc::new(tokio::sync::Barrier::new(100));
    let mut origin = H2Origin::serving({
        let all = Arc::clone(&all);
        move |_, mut respond| {
            let all = Arc::clone(&all);
            async move {
                all.wait().await;
                let mut stream = respond
                    .send_response(Response::new(()), false)
                    .expect("sent");
                stream.send_data("ok".into(), true).expect("sent");
            }
        }
    })
    .await;
    let proxy = origin.guard("").await;
    let client = Client::to(&proxy).await;
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.get(&[]).await })
        })
        .collect();
    for asked in asking {
        let answer = soon(asked).await.expect("no panic");
        assert_eq!((answer.status(), &*answer.body), (200, &b"ok"[..]));
    }
    origin.connected().await;
    assert!(
        origin.connections.try_recv().is_err(),
        "one connection for all"
    );
}

#[tokio::test]
async fn no_more_streams_than_the_upstream_allows() {
    let mut origin = H2Origin::with_connections(|_| async {}).await;
    origin.task.abort();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    origin.address = listener.local_addr().expect("an address");
    origin.task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("accepted");
            tokio::spawn(async move {
                let mut connection: h2::server::Connection<_, Bytes> = h2::server::Builder::new()
                    .max_concurrent_streams(2)
                    .handshake(stream)
                    .await
                    .expect("h2");
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    let _ = respond.send_response(Response::new(()), true);
                }
            });
        }
    });
    let proxy = origin.guard("").await;
    let client = Client::to(&proxy).await;
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.get(&[]).await })
        })
        .collect();
    for asked in asking {
        assert_eq!(soon(asked).await.expect("no panic").status(), 200);
    }
}

#[tokio::test]
async fn an_origin_that_dies_is_a_502_and_its_return_is_not() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut origin = H2Origin::with_connections(move |mut connection| {
        let tell = tell.clone();
        async move {
            // The first request of each connection is served, the second not.
            let Some(Ok((_, mut respond))) = connection.accept().await else {
                return;
            };
            respond
                .send_response(Response::new(()), true)
                .expect("sent");
            let Some(Ok((request, _respond))) = connection.accept().await else {
                return;
            };
            let _ = tell.send(request.method().clone());
        }
    })
    .await;
    let proxy = origin.guard("").await;
    let client = Client::to(&proxy).await;
    assert_eq!(client.get(&[]).await.status(), 200);
    // Never twice: it was delivered, and nobody knows what became of it.
    let answer = client
        .ask(request("POST", &[]), Some(b"x"))
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 502);
    assert_eq!(soon(told.recv()).await, Some(http::Method::POST));
    assert!(told.try_recv().is_err());
    // A GET is asked again, over another connection.
    for _ in 0..3 {
        assert_eq!(client.get(&[]).await.status(), 200);
        assert_eq!(client.get(&[]).await.status(), 200);
    }
    for _ in 0..4 {
        origin.connected().await;
    }
    drop(origin);
}

#[tokio::test]
async fn a_connection_that_leaves_takes_no_post_along() {
    let mut origin = H2Origin::with_connections(|mut connection| async move {
        let Some(Ok((_, mut respond))) = connection.accept().await else {
            return;
        };
        respond
            .send_response(Response::new(()), true)
            .expect("sent");
        connection.graceful_shutdown();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let _ = respond.send_response(Response::new(()), true);
        }
    })
    .await;
    let proxy = origin.guard("").await;
    let client = Client::to(&proxy).await;
    for _ in 0..5 {
        let answer = client
            .ask(request("POST", &[]), Some(b"x"))
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200);
    }
    origin.connected().await;
    origin.connected().await;
}

#[tokio::test]
async fn an_origin_that_is_not_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let proxy = Guard::with(&format!(
        "listen = \"127.0.0.1:0\"\nupstream = \"h2c://{address}\"\n"
    ))
    .await;
    let answer = Client::to(&proxy).await.get(&[]).await;
    assert_eq!(
        (answer.status(), answer.json()["reason"].as_str()),
        (502, Some("upstream-unreachable"))
    );
}

#[tokio::test]
async fn an_origin_that_speaks_http1_only() {
    let origin = Origin::scripted(|mut connection: Connection| async move {
        connection
            .send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            .await;
    })
    .await;
    let proxy = Guard::with(&format!(
        "listen = \"127.0.0.1:0\"\nupstream = \"h2c://{}\"\n",
        origin.address
    ))
    .await;
    assert_eq!(Client::to(&proxy).await.get(&[]).await.status(), 502);
}

#[tokio::test]
async fn http1_clients_of_an_h2_upstream() {
    let origin = H2Origin::echoing().await;
    let proxy = origin.guard("").await;
    let mut peer = proxy.connect().await;
    for (request, body) in [
        (
            "GET /\u{e9} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\n\r\n",
            &b""[..],
        ),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody",
            b"body",
        ),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nx-t: 1\r\n\r\n",
            b"body",
        ),
        ("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", b""),
        ("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", b""),
    ] {
        peer.send(request).await;
        let mut answer = peer.head().await.expect("a head");
        assert_eq!(answer.status(), 200, "{request}");
        if !request.starts_with("HEAD") {
            peer.body(&mut answer).await.expect("a body");
        }
        assert_eq!(answer.body, body);
        assert_eq!(answer.value("x-authority"), "x");
        assert!(!answer.has("x-x-hop") && !answer.has("x-connection"));
        assert_eq!(answer.trailers.is_empty(), !request.contains("x-t"));
    }
    peer.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        .await;
    assert_eq!(peer.head().await.expect("a head").status(), 100);
    peer.send("body").await;
    assert_eq!(peer.message().await.expect("an answer").body, b"body");
}

/// What HTTP/1 lets pass and HTTP/2 does not is the client's fault, and never
/// the upstream's.
#[tokio::test]
async fn what_cannot_be_said_to_an_upstream_that_speaks_h2() {
    let origin = H2Origin::echoing().await;
    let proxy = origin.guard("").await;
    for (target, octet, offset) in [
        ("/a<b", "3C", 2),
        ("/a\"b`c", "60", 4),
        ("/?a=`b`&c=\"d\"", "22", 10),
        ("/\u{e9}>", "3E", 3),
    ] {
        let mut client = proxy.connect().await;
        let answer = client
            .ask(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"))
            .await;
        assert_eq!(answer.status(), 400, "{target}");
        let problem = answer.json();
        assert_eq!(problem["reason"], "target");
        assert_eq!(problem["octets"], octet.to_lowercase());
        assert_eq!(problem["offset"], offset);
    }
    for target in ["/\u{e9}?a=`b`", "http://x", "http://x?q", "/a\\b|c{d}"] {
        let host = if target.starts_with('/') { "" } else { "x" };
        let answer = proxy
            .ask(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .await;
        assert_eq!(answer.status(), 200, "{target}");
        if host.is_empty() {
            assert_eq!(answer.value("x-authority"), origin.address.to_string());
        }
    }
}
