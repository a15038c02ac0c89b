//! What arrives is what was sent, octet for octet, less what must change
//! (points 5, 7 and 24), and who asked is told to those who may know.

use super::framing::Recorder;
use super::support::{Guard, Message, OK, Origin, Peer, soon};
use super::{answered, assert_answered, get};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

const SAYS_NOTHING: &str = "forwarded = { x_forwarded = false, via = false }\n";

/// A head with all that proxies like to tidy.
const HEAD: &[u8] = b"PATCH //a/./b%2f?q=1&&x=%zz HTTP/1.1\r\n\
    x-FIRST:1\r\n\
    hOST: a\r\n\
    X-Dup: 1\r\n\
    Accept:*/*\r\n\
    x-dup:   2,,  3\r\n\
    X_Under.Score~!#$%&'*+^`|: v\r\n\
    CompanyName: T\xE9l\xE9bec  \t LP\r\n\
    Empty:\r\n\
    Spaces: \t padded \t \r\n\
    Cookie: a=\"b; c\"; d=\r\n\
    cookie: e\r\n\
    CONTENT-length: 3\r\n\
    Comment: (a \\(b\\) \"q\\\"\")\r\n\
    Obs: \x80\xFF\xC0\xAF&#13;&#10;\r\n\
    \r\n";

#[tokio::test]
async fn point_24_a_head_arrives_octet_for_octet() {
    let origin = Recorder::start().await;
    let guard = Guard::before(origin.address, SAYS_NOTHING).await;
    let answer = guard.ask([HEAD, b"abc"].concat()).await;
    assert_eq!(answer.status(), 200);
    let octets = origin.octets(guard).await.concat();
    assert_eq!(
        octets.escape_ascii().to_string(),
        [HEAD, b"abc"].concat().escape_ascii().to_string()
    );
}

#[tokio::test]
async fn point_24_a_repair_changes_its_value_and_nothing_else() {
    let rule = format!(
        "{SAYS_NOTHING}[[policy.rule]]\nfields = [\"CompanyName\"]\nnormalize = [\"latin1\"]\n"
    );
    let origin = Recorder::start().await;
    let guard = Guard::before(origin.address, &rule).await;
    assert_eq!(guard.ask([HEAD, b"abc"].concat()).await.status(), 200);
    let octets = origin.octets(guard).await.concat();
    let text = |octets: &[u8]| octets.escape_ascii().to_string();
    let expected = text(HEAD).replace(r"T\xe9l\xe9bec", &text("Télébec".as_bytes())) + "abc";
    assert_eq!(text(&octets), expected);
}

#[tokio::test]
async fn point_24_a_response_arrives_octet_for_octet() {
    let head =
        b"HTTP/1.1 299 T\xE9l  (really)\r\nx-FIRST:1\r\nSet-Cookie: a=b\r\nX-Name:  T\xE9l\t \r\n\
        set-cookie: c=d\r\nEmpty:\r\nServer: o\r\ncontent-LENGTH: 2\r\n\r\nok";
    let origin = Origin::answering(head).await;
    let proxy = Guard::before(origin.address, SAYS_NOTHING).await;
    let mut client = proxy.connect().await;
    client.send(get("Connection: close\r\n")).await;
    let received = client.rest().await;
    let received = received.escape_ascii().to_string();
    let sent = head.escape_ascii().to_string();
    let closing = sent.replace(r"\r\n\r\nok", r"\r\nConnection: close\r\n\r\nok");
    assert_eq!(received, closing);
}

#[tokio::test]
async fn point_24_bodies_are_nobodys_business() {
    let body: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let mut origin = Origin::scripted(|mut connection| async move {
        while let Some(request) = connection.request().await {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                request.body.len()
            );
            connection.send(head).await;
            connection.send(request.body).await;
        }
    })
    .await;
    let strict = "[policy]\npreset = \"strict\"\n";
    let proxy = Guard::before(origin.address, strict).await;
    let mut client = proxy.connect().await;
    let length = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut chunks = Vec::new();
    for piece in body.chunks(777) {
        chunks.extend_from_slice(format!("{:X}\r\n", piece.len()).as_bytes());
        chunks.extend_from_slice(piece);
        chunks.extend_from_slice(b"\r\n");
    }
    chunks.extend_from_slice(b"0\r\n\r\n");
    for request in [
        [length.as_bytes(), &body].concat(),
        [chunked.as_bytes(), &chunks].concat(),
    ] {
        let answer = client.ask(request).await;
        assert!(answer.body == body);
        assert!(origin.received().await.body == body);
    }
}

#[tokio::test]
async fn point_23_sixteen_requests_in_one_send_and_one_of_them_rejected() {
    let rule = "[[policy.rule]]\nfields = [\"CompanyName\"]\nreject = [\"latin1\"]\n";
    let mut origin = Origin::scripted(|mut connection| async move {
        while let Some(request) = connection.request().await {
            let target = request.line().split(' ').nth(1).map(str::to_owned);
            let target = target.unwrap_or_default();
            connection
                .send(format!(
                    "HTTP/1.1 200 OK\r\nX-Target: {target}\r\nContent-Length: 0\r\n\r\n"
                ))
                .await;
        }
    })
    .await;
    let proxy = Guard::before(origin.address, rule).await;
    let mut all = Vec::new();
    for number in 0..16 {
        let (method, value) = if number % 2 == 0 {
            ("GET", "")
        } else {
            ("POST", "hello")
        };
        all.extend_from_slice(
            format!(
                "{method} /{number} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n",
                value.len()
            )
            .as_bytes(),
        );
        if number == 7 {
            all.extend_from_slice(b"CompanyName: T\xE9l\r\n");
        }
        all.extend_from_slice(format!("\r\n{value}").as_bytes());
    }
    let mut client = proxy.connect().await;
    client.send(all).await;
    for number in 0..16 {
        let answer = answered(&mut client).await;
        if number == 7 {
            assert_eq!(answer.status(), 400);
        } else {
            assert_eq!(answer.value("x-target"), format!("/{number}"));
            let received = origin.received().await;
            assert!(received.line().contains(&format!(" /{number} ")));
        }
    }
    assert!(origin.is_idle());
    assert_eq!(client.ask(get("")).await.status(), 200);
}

// Who asked.

/// What the origin is told of the client, for a request with these fields.
async fn told(settings: &str, fields: &str) -> Vec<String> {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, settings).await;
    assert_eq!(proxy.ask(get(fields)).await.status(), 200);
    let received = origin.received().await;
    let text = String::from_utf8(received.head).expect("UTF-8");
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.skip(2).map(str::to_owned).collect()
}

#[tokio::test]
async fn point_05_who_asked_is_told_and_clients_cannot_say_it_of_themselves() {
    let claims = "X-Forwarded-For: 192.0.2.1\r\nx_forwarded_for: 192.0.2.9\r\nX-Forwarded-Proto: https\r\n\
                  X-Forwarded-Host: evil\r\nForwarded: for=192.0.2.1\r\nX-Real-IP: 192.0.2.1\r\nVia: 1.0 old\r\n";
    let untrusted = "forwarded = { trust = [] }\n";
    assert_eq!(
        told(untrusted, claims).await,
        [
            "Via: 1.0 old, 1.1 headguard",
            "X-Forwarded-For: 127.0.0.1",
            "X-Forwarded-Proto: http",
            "X-Forwarded-Host: a"
        ]
    );
    let trusted = "forwarded = { trust = [\"127.0.0.0/8\"], forwarded = true }\n";
    assert_eq!(
        told(trusted, claims).await,
        [
            "X-Forwarded-For: 192.0.2.1, 127.0.0.1",
            "X-Forwarded-Proto: https",
            "X-Forwarded-Host: evil",
            "Forwarded: for=192.0.2.1, for=127.0.0.1;proto=http;host=a",
            "X-Real-IP: 192.0.2.1",
            "Via: 1.0 old, 1.1 headguard",
        ]
    );
    assert_eq!(
        told(SAYS_NOTHING, claims).await.join("\r\n") + "\r\n",
        claims
    );
}

#[tokio::test]
async fn point_03_the_upstream_is_told_the_host_that_was_set() {
    for (setting, expected) in [
        ("preserve", "a"),
        ("api.internal:8080", "api.internal:8080"),
    ] {
        let mut origin = Origin::answering(OK).await;
        let settings = format!("host_header = \"{setting}\"\n{SAYS_NOTHING}");
        let proxy = Guard::before(origin.address, &settings).await;
        proxy.ask(get("X: 1\r\n")).await;
        let received = origin.received().await;
        assert_eq!(
            received.head,
            format!("GET / HTTP/1.1\r\nHost: {expected}\r\nX: 1\r\n\r\n").into_bytes()
        );
        // The one of HTTP/1.0, which may say none.
        proxy.connect().await.send("GET / HTTP/1.0\r\n\r\n").await;
        let expected = match setting {
            "preserve" => origin.address.to_string(),
            other => other.to_owned(),
        };
        assert_eq!(origin.received().await.value("host"), expected);
    }
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "host_header = \"upstream\"\n").await;
    proxy.ask(get("")).await;
    let received = origin.received().await;
    assert_eq!(received.value("host"), origin.address.to_string());
    assert_eq!(received.value("x-forwarded-host"), "a");
}

#[tokio::test]
async fn point_16_a_proxy_protocol_header_says_who_asked_or_nothing_is_served() {
    let settings = "proxy_protocol = true\ntimeouts.head = \"300ms\"\n";
    let v2 = |command: u8, family: u8, addresses: &[u8]| {
        let length = u16::try_from(addresses.len()).expect("short").to_be_bytes();
        [
            b"\r\n\r\n\0\r\nQUIT\n".as_slice(),
            &[0x20 | command, family],
            &length,
            addresses,
        ]
        .concat()
    };
    let v4 = [192, 0, 2, 7, 127, 0, 0, 1, 0x30, 0x39, 0, 80];
    let mut v6 = [0; 36];
    v6[..2].copy_from_slice(&[0x20, 0x01]);
    v6[15] = 1;
    for (header, address) in [
        (
            b"PROXY TCP4 192.0.2.7 127.0.0.1 12345 80\r\n".to_vec(),
            "192.0.2.7",
        ),
        (
            b"PROXY TCP6 2001:db8::7 ::1 12345 80\r\n".to_vec(),
            "2001:db8::7",
        ),
        (b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1"),
        (v2(1, 0x11, &v4), "192.0.2.7"),
        (v2(1, 0x21, &v6), "2001::1"),
        (v2(0, 0x00, &[]), "127.0.0.1"),
    ] {
        let mut origin = Origin::answering(OK).await;
        let proxy = Guard::before(origin.address, settings).await;
        for dripped in [false, true] {
            let mut client = proxy.connect().await;
            if dripped {
                for octet in &header {
                    client.send([*octet]).await;
                    tokio::task::yield_now().await;
                }
            } else {
                client.send(&header).await;
            }
            assert_eq!(client.ask(get("")).await.status(), 200);
            assert_eq!(origin.received().await.value("x-forwarded-for"), address);
        }
    }
    for header in [
        b"".to_vec(),
        b"PROXY TCP4 192.0.2.7 127.0.0.1 12345 80\n".to_vec(),
        b"PROXY TCP4 192.0.2 127.0.0.1 12345 80\r\n".to_vec(),
        b"PROXY  TCP4 192.0.2.7 127.0.0.1 12345 80\r\n".to_vec(),
        v2(1, 0x11, &v4[..8]),
        v2(2, 0x11, &v4),
    ] {
        let mut origin = Origin::answering(OK).await;
        let proxy = Guard::before(origin.address, settings).await;
        let mut client = proxy.connect().await;
        let _ = client
            .try_send([&header, get("").as_bytes()].concat())
            .await;
        assert!(client.is_closed().await, "{}", header.escape_ascii());
        assert!(origin.is_idle());
    }
}

/// A path for a socket, removed in the end.
struct SocketFile(PathBuf);

impl SocketFile {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("headguard-safety-{}-{count}.sock", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn unix_sockets_on_both_sides() {
    let (front, back) = (SocketFile::new(), SocketFile::new());
    let listener = UnixListener::bind(&back.0).expect("bound");
    let serving = tokio::spawn(async move {
        let mut heads = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.expect("accepted");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut head).await.expect("octets");
            }
            heads.push(Message {
                head,
                ..Message::default()
            });
            // Closed after each answer: the second request finds it so.
            stream.write_all(OK.as_bytes()).await.expect("sent");
        }
        heads
    });
    // The first address is a TCP one, for `Guard`.
    let _guard = Guard::with(&format!(
        "listen = [\"127.0.0.1:0\", \"unix:{}\"]\nupstream = \"unix:{}\"\n",
        front.0.display(),
        back.0.display()
    ))
    .await;
    for _ in 0..2 {
        let mut client = soon(UnixStream::connect(&front.0))
            .await
            .expect("connected");
        let request = get("Connection: close\r\nX-Forwarded-For: 192.0.2.1\r\n");
        client.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        soon(client.read_to_string(&mut answer))
            .await
            .expect("an answer");
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok"),
            "{answer}"
        );
    }
    for head in soon(serving).await.expect("served") {
        assert_eq!(head.value("host"), "a");
        // Nobody has an address there; who speaks is trusted.
        assert_eq!(head.value("x-forwarded-for"), "192.0.2.1");
        assert_eq!(head.value("x-forwarded-proto"), "http");
    }
}

#[tokio::test]
async fn point_07_a_refusal_is_framed_for_who_asked() {
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "[policy]\npreset = \"strict\"\n").await;
    let mut client = proxy.connect().await;
    let wrong = b"HEAD / HTTP/1.1\r\nHost: a\r\nX: T\xE9l\r\n\r\n";
    client.send(wrong).await;
    let head = client.head().await.expect("a head");
    assert_eq!(head.status(), 400);
    assert!(head.has("content-length"));
    // No body: the next answer comes right behind.
    assert_eq!(client.ask(get("")).await.status(), 200);

    let mut old: Peer = proxy.connect().await;
    old.send(b"GET / HTTP/1.0\r\nX: T\xE9l\r\n\r\n").await;
    let refused = answered(&mut old).await;
    assert_eq!(
        (refused.status(), &*refused.value("connection")),
        (400, "close")
    );
    assert!(old.is_closed().await);
}

/// A unix socket that queues one connection, and the connections it queues.
fn full(path: &std::path::Path) -> (socket2::Socket, Vec<socket2::Socket>) {
    use socket2::{Domain, SockAddr, Socket, Type};
    let unix = || Socket::new(Domain::UNIX, Type::STREAM, None).expect("a socket");
    let listener = unix();
    let address = SockAddr::unix(path).expect("an address");
    listener.bind(&address).expect("bound");
    listener.listen(0).expect("listening");
    let mut queued = Vec::new();
    loop {
        let client = unix();
        client.set_nonblocking(true).expect("set");
        if client.connect(&address).is_err() {
            return (listener, queued);
        }
        queued.push(client);
    }
}

/// The system does not wait there, as it does with TCP.
#[tokio::test]
async fn an_upstream_whose_queue_is_full_is_waited_for() {
    let back = SocketFile::new();
    let (listener, queued) = full(&back.0);
    let upstream = back.0.display();
    let settings = format!("listen = \"127.0.0.1:0\"\nupstream = \"unix:{upstream}\"\n");
    let short = format!("{settings}timeouts.connect = \"100ms\"\n");
    let guard = Guard::with(&short).await;
    assert_answered(&guard.ask(get("")).await, 504, "upstream-connect-timeout");

    let guard = Guard::with(&settings).await;
    let mut client = guard.connect().await;
    client.send(get("")).await;
    listener.set_nonblocking(true).expect("set");
    let listener = UnixListener::from_std(listener.into()).expect("registered");
    // Whoever is in the queue leaves it.
    for _ in &queued {
        soon(listener.accept()).await.expect("accepted");
    }
    // The first proxy may have come and gone.
    loop {
        let (mut stream, _) = soon(listener.accept()).await.expect("accepted");
        let mut head = Vec::new();
        if matches!(soon(stream.read_buf(&mut head)).await, Ok(1..)) {
            stream.write_all(OK.as_bytes()).await.expect("sent");
            break;
        }
    }
    assert_eq!(answered(&mut client).await.status(), 200);
}

/// Whoever listens there is busy, not gone.
#[tokio::test]
async fn a_socket_whose_queue_is_full_is_in_use() {
    let front = SocketFile::new();
    let (_listener, _queued) = full(&front.0);
    let text = format!("listen = \"unix:{}\"\n", front.0.display());
    let source = headguard::config::Source {
        name: "test.toml",
        text: &text,
    };
    let config = headguard::config::read(Some(source), &[]).expect("right");
    let refused = headguard::proxy::Proxy::bind(config)
        .await
        .expect_err("in use");
    assert!(
        refused
            .help()
            .is_some_and(|help| help.contains("another program"))
    );
    assert!(front.0.exists());
}
