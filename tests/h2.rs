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

#[allow(dead_code, reason = "it is shared with tests that need more of it")]
mod support;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Request, Response};
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::sync::Arc;
use support::{Connection, Guard, Log, Message, OK, Origin, Peer, soon};
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

    /// The next frame of that kind: its stream and its payload.
    async fn next(&mut self, kind: u8) -> Option<(u32, Vec<u8>)> {
        loop {
            let mut head = [0; 9];
            soon(self.0.read_exact(&mut head)).await.ok()?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            soon(self.0.read_exact(&mut payload)).await.ok()?;
            if head[3] == kind {
                let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
                return Some((stream, payload));
            }
        }
    }

    /// The reason of the next GOAWAY.
    async fn goaway(&mut self) -> u32 {
        let (_, payload) = self.next(GOAWAY).await.expect("a GOAWAY");
        u32::from_be_bytes(payload[4..8].try_into().expect("four octets"))
    }

    /// The reason of the next RST_STREAM.
    async fn reset(&mut self) -> u32 {
        let (_, payload) = self.next(RST_STREAM).await.expect("a RST_STREAM");
        u32::from_be_bytes(payload[..4].try_into().expect("four octets"))
    }
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
    assert_eq!(answer.json()["findings"][0]["field"], "companyname");
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
    // None of these is a path in HTTP/1.
    for path in [
        &b"/a b"[..],
        b"/a\rb",
        b"/a\nb",
        b"/a\0b",
        b"/ HTTP/1.1\r\nX: y",
        b"",
        b"/\xE9",
        b"x",
    ] {
        let fields = hpack(&[
            (":method", b"GET"),
            (":scheme", b"http"),
            (":authority", b"x"),
            (":path", path),
        ]);
        raw.frame(HEADERS, END_STREAM | END_HEADERS, stream, &fields)
            .await;
        stream += 2;
    }
    for method in [&b"GE T"[..], b"GET\r\n", b""] {
        let fields = hpack(&[
            (":method", method),
            (":scheme", b"http"),
            (":authority", b"x"),
            (":path", b"/"),
        ]);
        raw.frame(HEADERS, END_STREAM | END_HEADERS, stream, &fields)
            .await;
        stream += 2;
    }
    raw.frame(
        HEADERS,
        END_STREAM | END_HEADERS,
        stream,
        &get(&[("last", b"1")]),
    )
    .await;
    assert_eq!(origin.received().await.value("last"), "1");
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
        ("Upper", b"case"),
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
    for value in [&b"a\rb"[..], b"a\nb", b"a\0b"] {
        raw.frame(
            HEADERS,
            END_STREAM | END_HEADERS,
            stream,
            &get(&[("x", value)]),
        )
        .await;
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
