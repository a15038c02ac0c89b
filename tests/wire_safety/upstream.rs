//! Origins that misbehave, and what their clients see of it (points 6–8 and
//! 12–15).

use super::support::{Connection, Guard, Message, OK, Origin, Peer, soon};
use super::{answered, assert_answered, get};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::yield_now;

const SAYS_NOTHING: &str = "forwarded = { x_forwarded = false, via = false }\n";

/// What an origin does with a request that it has read whole.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    /// Sends this and closes.
    Say(&'static str),
    /// Sends this and resets the connection.
    Reset(&'static str),
    /// Sends this octet by octet, and goes on.
    Drip(&'static str),
    /// Sends this and waits for the end.
    Hang(&'static str),
}

impl Deed {
    async fn origin(self) -> Origin {
        Origin::scripted(move |mut connection| async move {
            while connection.request().await.is_some() {
                match self {
                    Self::Say(text) => return connection.send(text).await,
                    Self::Reset(text) => {
                        connection.send(text).await;
                        // Not before it has been read.
                        tokio::time::sleep(Duration::from_millis(30)).await;
                        return reset(connection.peer);
                    }
                    Self::Drip(text) => {
                        connection.peer.stream.set_nodelay(true).expect("set");
                        for octet in text.bytes() {
                            connection.send([octet]).await;
                            yield_now().await;
                        }
                    }
                    Self::Hang(text) => {
                        connection.send(text).await;
                        connection.peer.rest().await;
                        return;
                    }
                }
            }
        })
        .await
    }
}

fn reset(peer: Peer) {
    peer.stream.set_zero_linger().expect("set");
}

#[tokio::test]
async fn point_13_what_is_no_answer_is_502_or_504() {
    let settings = "[timeouts]\nresponse = \"200ms\"\n";
    for (deed, status, reason) in [
        (Deed::Say(""), 502, "upstream-closed"),
        (Deed::Reset(""), 502, "upstream-closed"),
        (Deed::Say("HTTP/1.1 200 OK\r\nX: "), 502, "upstream-closed"),
        (Deed::Reset("HTTP/1.1 200 OK\r\n"), 502, "upstream-closed"),
        (
            Deed::Say("HTTP/1.1 103 Early Hints\r\n\r\n"),
            502,
            "upstream-closed",
        ),
        (Deed::Hang(""), 504, "upstream-response-timeout"),
        (
            Deed::Hang("HTTP/1.1 200 OK\r\nX: "),
            504,
            "upstream-response-timeout",
        ),
        (Deed::Say("garbage\r\n\r\n"), 502, "upstream-garbled"),
        (Deed::Hang("\x16\x03\x01\x02"), 502, "upstream-garbled"),
        (
            Deed::Hang("SSH-2.0-OpenSSH_9.7\r\n"),
            502,
            "upstream-garbled",
        ),
        (Deed::Say("<html>hello</html>"), 502, "upstream-garbled"),
        (Deed::Say("HTTP/2 200\r\n\r\n"), 502, "upstream-garbled"),
        (Deed::Say("HTTP/1.1 20 OK\r\n\r\n"), 502, "upstream-garbled"),
        (
            Deed::Say("HTTP/1.1 2000 OK\r\n\r\n"),
            502,
            "upstream-garbled",
        ),
        (
            Deed::Say("HTTP/1.1 abc OK\r\n\r\n"),
            502,
            "upstream-garbled",
        ),
        (
            Deed::Say("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"),
            502,
            "upstream-garbled",
        ),
        (
            Deed::Say("HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n"),
            502,
            "upstream-garbled",
        ),
        (
            Deed::Say("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"),
            502,
            "upstream-garbled",
        ),
        (
            Deed::Say("HTTP/1.1 200 OK\r\nX : a\r\n\r\n"),
            502,
            "upstream-garbled",
        ),
        (
            Deed::Say("HTTP/1.1 200 OK\r\nX\r\n\r\n"),
            502,
            "upstream-garbled",
        ),
        (
            Deed::Say("HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n"),
            502,
            "upstream-garbled",
        ),
        (
            Deed::Say("HTTP/1.1 200 OK\nX: a\n\n"),
            502,
            "upstream-garbled",
        ),
        (
            Deed::Say("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
            502,
            "upstream-ambiguous",
        ),
        (
            Deed::Say("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok"),
            502,
            "upstream-ambiguous",
        ),
        (
            Deed::Say("HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok!"),
            502,
            "upstream-ambiguous",
        ),
        (
            Deed::Say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!"),
            502,
            "upstream-ambiguous",
        ),
        (
            Deed::Say(
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            ),
            502,
            "upstream-ambiguous",
        ),
        (
            Deed::Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
            502,
            "upstream-ambiguous",
        ),
        (
            Deed::Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nok"),
            502,
            "upstream-ambiguous",
        ),
        (
            Deed::Say(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
            ),
            502,
            "upstream-switched",
        ),
    ] {
        let origin = deed.origin().await;
        let proxy = Guard::before(origin.address, settings).await;
        let mut client = proxy.connect().await;
        client.send(get("")).await;
        // A 103 goes on before the rest turns out to be missing.
        let mut answer = answered(&mut client).await;
        if answer.status() == 103 {
            answer = answered(&mut client).await;
        }
        assert_eq!(
            (answer.status(), super::reason(&answer)),
            (status, reason.to_owned()),
            "{deed:?}"
        );
        // Its request was whole: the client's connection goes on.
        client.send(get("Connection: close\r\n")).await;
        assert!(client.message().await.is_some(), "{deed:?}");
    }
}

#[tokio::test]
async fn point_13_a_refused_connection_is_502_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let nobody = listener.local_addr().expect("an address");
    drop(listener);
    let proxy = Guard::before(nobody, "[timeouts]\nconnect = \"10s\"\n").await;
    let start = Instant::now();
    assert_answered(&proxy.ask(get("")).await, 502, "upstream-unreachable");
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn point_13_a_connection_that_is_not_accepted_is_504() {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .bind("127.0.0.1:0".parse().expect("an address"))
        .expect("bound");
    let full = socket.listen(0).expect("listening");
    let address = full.local_addr().expect("an address");
    let _first = Peer::connect(address).await;
    let proxy = Guard::before(address, "[timeouts]\nconnect = \"100ms\"\n").await;
    assert_answered(&proxy.ask(get("")).await, 504, "upstream-connect-timeout");
}

#[tokio::test]
async fn point_13_a_body_cut_short_never_looks_whole() {
    for deed in [
        Deed::Say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart"),
        Deed::Reset("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart"),
        Deed::Hang("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart"),
        Deed::Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"),
        Deed::Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\npart"),
        Deed::Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n0\r\n"),
        Deed::Say(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n0\r\nX: 1\r\n",
        ),
        Deed::Reset("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"),
        Deed::Hang("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"),
        Deed::Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\nx\r\n"),
        Deed::Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n0x0\r\n\r\n"),
        Deed::Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n0\n\n"),
        Deed::Say(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n0\r\nX: a\0\r\n\r\n",
        ),
        Deed::Reset("HTTP/1.1 200 OK\r\n\r\npart"),
        Deed::Hang("HTTP/1.1 200 OK\r\n\r\npart"),
    ] {
        let origin = deed.origin().await;
        let proxy = Guard::before(origin.address, "[timeouts]\nbody = \"200ms\"\n").await;
        let mut client = proxy.connect().await;
        client.send(get("")).await;
        let mut answer = client.head().await.expect("a head");
        assert_eq!(answer.status(), 200, "{deed:?}");
        assert!(client.body(&mut answer).await.is_none(), "{deed:?}");

        // HTTP/1.0 has no chunks: there, an end that is no reset looks whole.
        let mut old = proxy.connect().await;
        old.send("GET / HTTP/1.0\r\n\r\n").await;
        let mut answer = old.head().await.expect("a head");
        assert!(!answer.has("transfer-encoding"), "{deed:?}");
        if answer.has("content-length") {
            assert!(old.body(&mut answer).await.is_none(), "{deed:?}");
        } else {
            let ended = loop {
                match old.fill().await {
                    Ok(0) => break "closed",
                    Ok(_) => {}
                    Err(_) => break "reset",
                }
            };
            assert_eq!(ended, "reset", "{deed:?}");
        }
    }
}

#[tokio::test]
async fn point_13_an_answer_that_comes_octet_by_octet_is_an_answer() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nwh\r\n3\r\nole\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole",
    ] {
        let origin = Deed::Drip(text).origin().await;
        let proxy = Guard::before(origin.address, "").await;
        let mut client = proxy.connect().await;
        for _ in 0..2 {
            client.send(get("")).await;
            let mut answer = answered(&mut client).await;
            if answer.status() == 100 {
                answer = answered(&mut client).await;
            }
            assert_eq!(
                (answer.status(), &*answer.body),
                (200, &b"whole"[..]),
                "{text}"
            );
        }
    }
}

#[tokio::test]
async fn point_13_a_response_head_may_be_large_and_not_endless() {
    let large = format!(
        "HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 2\r\n\r\nok",
        "x".repeat(100_000)
    );
    let origin = Origin::answering(&large).await;
    let proxy = Guard::before(origin.address, "").await;
    assert_eq!(proxy.ask(get("")).await.value("x").len(), 100_000);
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(300_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: 1\r\n".repeat(600));
    for head in [endless, many] {
        let origin = Origin::answering(head).await;
        let proxy = Guard::before(origin.address, "").await;
        assert_answered(&proxy.ask(get("")).await, 502, "upstream-garbled");
    }
}

#[tokio::test]
async fn point_13_what_an_origin_says_beyond_its_answer_reaches_nobody() {
    // In one piece with the answer, and a moment later.
    for pause in [0, 50] {
        for head in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ] {
            let mut origin = Origin::scripted(move |mut connection| async move {
                while connection.request().await.is_some() {
                    let more = "HTTP/1.1 200 OK\r\nX-Poison: 1\r\nContent-Length: 0\r\n\r\n";
                    if pause == 0 {
                        connection.send(format!("{head}{more}")).await;
                    } else {
                        connection.send(head).await;
                        tokio::time::sleep(Duration::from_millis(10)).await;
                        connection.send(more).await;
                    }
                }
            })
            .await;
            let proxy = Guard::before(origin.address, "").await;
            let mut client = proxy.connect().await;
            for _ in 0..3 {
                client.send(get("")).await;
                let mut answer = client.head().await.expect("a head");
                if answer.status() == 200 {
                    client.body(&mut answer).await.expect("a body");
                }
                assert!(!answer.has("x-poison"), "{head}");
                origin.received().await;
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        }
    }
}

#[tokio::test]
async fn point_06_interim_responses_are_relayed_in_order() {
    let answer = format!(
        "HTTP/1.1 100 Continue\r\n\r\n\
         HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nConnection: close\r\nContent-Length: 5\r\n\r\n\
         HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n\
         HTTP/1.1 199 Whatever\r\n\r\n{OK}"
    );
    let origin = Origin::answering(answer).await;
    let proxy = Guard::before(origin.address, SAYS_NOTHING).await;
    let mut client = proxy.connect().await;
    for _ in 0..2 {
        client.send(get("")).await;
        for (status, link) in [
            (100, None),
            (103, Some("</a>; rel=preload")),
            (103, Some("</b>")),
            (199, None),
        ] {
            let interim = client.head().await.expect("a head");
            assert_eq!(interim.status(), status);
            assert_eq!(link.is_some(), interim.has("link"));
            if let Some(link) = link {
                assert_eq!(interim.value("link"), link);
            }
            assert!(!interim.has("connection") && !interim.has("content-length"));
        }
        assert_eq!(answered(&mut client).await.body, b"ok");
    }
    // HTTP/1.0 knows none (RFC 9110 §15.2).
    let mut old = proxy.connect().await;
    old.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n").await;
    assert_eq!(old.head().await.expect("a head").status(), 200);

    let endless = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100);
    let origin = Origin::answering(endless).await;
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    client.send(get("")).await;
    let last = loop {
        let head = answered(&mut client).await;
        if head.status() != 103 {
            break head;
        }
    };
    assert_answered(&last, 502, "upstream-garbled");
}

#[tokio::test]
async fn point_06_policy_comes_before_100_continue() {
    let rule = "[[policy.rule]]\nfields = [\"CompanyName\"]\nreject = [\"latin1\"]\n";
    let mut origin = Origin::scripted(|mut connection| async move {
        while let Some(head) = connection.peer.head().await {
            let mut head = head;
            assert_eq!(head.value("expect"), "100-Continue");
            connection.send("HTTP/1.1 100 Continue\r\n\r\n").await;
            connection.peer.body(&mut head).await;
            connection.tell(head);
            connection.send(OK).await;
        }
    })
    .await;
    let proxy = Guard::before(origin.address, rule).await;
    let post = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n";

    let mut client = proxy.connect().await;
    client.send(post.to_owned() + "\r\n").await;
    assert_eq!(client.head().await.expect("a head").status(), 100);
    client.send("hello").await;
    assert_eq!(answered(&mut client).await.status(), 200);
    assert_eq!(origin.received().await.body, b"hello");

    let mut refused = proxy.connect().await;
    refused
        .send([post.as_bytes(), b"CompanyName: T\xE9l\r\n\r\n"].concat())
        .await;
    let answer = answered(&mut refused).await;
    assert_eq!(
        (answer.status(), &*answer.value("connection")),
        (400, "close")
    );
    assert!(refused.is_closed().await);
    assert!(origin.is_idle());

    let other = post.replace("100-Continue", "200-ok") + "\r\n";
    assert_answered(&proxy.ask(other).await, 417, "expectation");
    assert!(origin.is_idle());
}

#[tokio::test]
async fn point_06_a_final_answer_in_place_of_100_ends_the_connection() {
    let origin = Origin::scripted(|mut connection| async move {
        connection.peer.head().await;
        connection
            .send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
            .await;
        connection.peer.rest().await;
    })
    .await;
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    let answer = client
        .ask("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 35\r\n\r\n")
        .await;
    assert_eq!(
        (answer.status(), &*answer.value("connection")),
        (417, "close")
    );
    // What the client sends now is a body, or a request: nobody can tell.
    let _ = client
        .try_send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        .await;
    assert!(client.is_closed().await);
}

/// Answers an upgrade, and then echoes what comes in capitals.
async fn echo(mut connection: Connection) {
    let Some(head) = connection.request().await else {
        return;
    };
    if !head.has("upgrade") {
        return connection.send(OK).await;
    }
    // What came with the head came too early.
    tokio::time::sleep(Duration::from_millis(50)).await;
    connection.tell(Message {
        body: connection.peer.buffer.clone(),
        ..Message::default()
    });
    connection
        .send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello")
        .await;
    loop {
        let heard = std::mem::take(&mut connection.peer.buffer);
        connection.send(heard.to_ascii_uppercase()).await;
        if !matches!(connection.peer.fill().await, Ok(1..)) {
            break;
        }
    }
    connection.send("bye").await;
}

const UPGRADE: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

async fn expect_octets(client: &mut Peer, expected: &[u8]) {
    while client.buffer.len() < expected.len() {
        assert!(client.fill().await.expect("octets") > 0, "the end");
    }
    let rest = client.buffer.split_off(expected.len());
    assert_eq!(
        client.buffer.escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
    client.buffer = rest;
}

#[tokio::test]
async fn point_06_a_tunnel_opens_with_the_upstreams_101_and_not_before() {
    let mut origin = Origin::scripted(echo).await;
    let proxy = Guard::before(origin.address, SAYS_NOTHING).await;
    let mut client = proxy.connect().await;
    // Octets that are sent before the consent (CVE-2026-2833).
    client
        .send(format!("{UPGRADE}GET /smuggled HTTP/1.1\r\n\r\n"))
        .await;
    let head = origin.received().await;
    assert_eq!(
        head.head.escape_ascii().to_string(),
        "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Connection: upgrade\r\n\r\n"
            .escape_default()
            .to_string()
            .replace("\\u{", "\\x")
    );
    assert_eq!(origin.received().await.body.escape_ascii().to_string(), "");
    let switched = client.head().await.expect("a head");
    assert_eq!(
        (switched.status(), &*switched.value("upgrade")),
        (101, "websocket")
    );
    assert_eq!(switched.value("connection"), "upgrade");
    expect_octets(&mut client, b"helloGET /SMUGGLED HTTP/1.1\r\n\r\n").await;
    client.send(b"\0\xFFabc").await;
    expect_octets(&mut client, b"\0\xFFABC").await;
    // Half of it is closed; the other half still speaks.
    tokio::io::AsyncWriteExt::shutdown(&mut client.stream)
        .await
        .expect("shut down");
    assert_eq!(client.rest().await, b"bye");
}

#[tokio::test]
async fn point_06_an_upgrade_that_is_declined_is_a_request_like_others() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    client.send(format!("{UPGRADE}{}", get(""))).await;
    for _ in 0..2 {
        assert_eq!(answered(&mut client).await.status(), 200);
    }
    assert_eq!(origin.received().await.line(), "GET /chat HTTP/1.1");
    assert_eq!(origin.received().await.line(), "GET / HTTP/1.1");
}

#[tokio::test]
async fn point_06_a_refused_upgrade_opens_nothing() {
    let rule = "[policy]\npreset = \"strict\"\n";
    let mut origin = Origin::scripted(echo).await;
    let proxy = Guard::before(origin.address, rule).await;
    let mut client = proxy.connect().await;
    let request = UPGRADE.replace("Sec-", "X: a&#233;b\r\nSec-");
    client.send(format!("{request}{}", get(""))).await;
    assert_eq!(answered(&mut client).await.status(), 400);
    assert_eq!(answered(&mut client).await.status(), 200);
    assert_eq!(origin.received().await.line(), "GET / HTTP/1.1");
    assert!(origin.is_idle());
}

#[tokio::test]
async fn point_07_what_has_no_body_has_none_whatever_it_says() {
    for (method, head, fields) in [
        (
            "HEAD",
            "HTTP/1.1 200 OK\r\nContent-Length: 5",
            "Content-Length: 5",
        ),
        ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", ""),
        ("HEAD", "HTTP/1.1 200 OK", ""),
        ("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5", ""),
        (
            "GET",
            "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked",
            "",
        ),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 5",
            "Content-Length: 5",
        ),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked",
            "",
        ),
        (
            "HEAD",
            "HTTP/1.1 404 Not Found\r\nContent-Length: 5",
            "Content-Length: 5",
        ),
    ] {
        // With a body that is not one, and without.
        for lie in ["", "hello"] {
            let origin = Origin::scripted(move |mut connection| async move {
                while connection.request().await.is_some() {
                    connection.send(format!("{head}\r\n\r\n{lie}")).await;
                }
            })
            .await;
            let proxy = Guard::before(origin.address, SAYS_NOTHING).await;
            let mut client = proxy.connect().await;
            let line = head.lines().next().expect("a line");
            let end = if fields.is_empty() {
                String::new()
            } else {
                format!("{fields}\r\n")
            };
            let expected = format!("{line}\r\n{end}\r\n");
            for _ in 0..3 {
                client
                    .send(format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"))
                    .await;
                let answer = client.head().await.expect("a head");
                assert_eq!(
                    answer.head.escape_ascii().to_string(),
                    expected.as_bytes().escape_ascii().to_string()
                );
            }
            assert!(client.buffer.is_empty());
        }
    }
}

#[tokio::test]
async fn point_07_bodies_that_end_with_their_connection() {
    for head in [
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 200 OK\r\n",
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n",
    ] {
        let origin = Origin::scripted(move |mut connection| async move {
            connection.request().await;
            connection.send(format!("{head}\r\nto the ")).await;
            connection.send("end").await;
        })
        .await;
        let proxy = Guard::before(origin.address, "").await;
        let mut client = proxy.connect().await;
        for _ in 0..2 {
            let answer = client.ask(get("")).await;
            assert_eq!(answer.value("transfer-encoding"), "chunked");
            assert_eq!(
                (&*answer.body, answer.has("connection")),
                (&b"to the end"[..], false)
            );
        }
        let mut old = proxy.connect().await;
        old.send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
            .await;
        let answer = old.head().await.expect("a head");
        assert!(!answer.has("transfer-encoding"));
        assert_eq!(answer.value("connection"), "close");
        assert_eq!(old.rest().await, b"to the end");
    }
}

#[tokio::test]
async fn point_07_an_http_1_0_client_gets_no_chunks_and_a_close() {
    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nok\r\n0\r\nX-T: 1\r\n\r\n";
    for (answer, body) in [
        (OK, "ok"),
        (chunked, "ok"),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok"),
    ] {
        let origin = Origin::answering(answer).await;
        let proxy = Guard::before(origin.address, "").await;
        let mut old = proxy.connect().await;
        old.send("GET / HTTP/1.0\r\n\r\nGET /smuggled HTTP/1.0\r\n\r\n")
            .await;
        let head = old.head().await.expect("a head");
        assert_eq!((head.status(), &*head.value("connection")), (200, "close"));
        assert!(!head.has("transfer-encoding") && !head.has("trailer"));
        assert_eq!(old.rest().await, body.as_bytes());
    }
}

#[tokio::test]
async fn point_08_an_early_answer_is_relayed_and_the_connection_ends() {
    // The origin reads on, or closes at once, with what was sent unread.
    for reads_on in [true, false] {
        for (framing, body) in [
            ("Content-Length: 1000000", "part"),
            ("Transfer-Encoding: chunked", "4\r\npart\r\n"),
        ] {
            let mut origin = Origin::scripted(move |mut connection| async move {
                let Some(head) = connection.peer.head().await else {
                    return;
                };
                let is_first = head.line().starts_with("POST");
                connection.tell(head);
                connection
                    .send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
                    .await;
                if reads_on && is_first {
                    connection.peer.rest().await;
                }
            })
            .await;
            let proxy = Guard::before(origin.address, "").await;
            let mut client = proxy.connect().await;
            client
                .send(format!(
                    "POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n{body}"
                ))
                .await;
            let answer = answered(&mut client).await;
            assert_eq!((answer.status(), &*answer.body), (413, &b"no"[..]));
            assert_eq!(answer.value("connection"), "close");
            origin.received().await;
            // Not a request, whatever it looks like (CVE-2025-4366).
            let _ = client
                .try_send("\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
                .await;
            assert!(client.is_closed().await);
            // And the upstream's connection is not used again.
            assert_eq!(proxy.ask(get("")).await.status(), 413);
            assert_eq!(origin.received().await.line(), "GET / HTTP/1.1");
            assert!(origin.is_idle());
        }
    }
}

#[tokio::test]
async fn point_08_an_early_answer_to_a_large_body_arrives() {
    let origin = Origin::scripted(|mut connection| async move {
        connection.peer.head().await;
        connection
            .send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
            .await;
        // And closes with octets unread: a reset.
    })
    .await;
    let proxy = Guard::before(origin.address, "").await;
    for _ in 0..10 {
        let mut client = proxy.connect().await;
        client
            .send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
            .await;
        let sending = async {
            let block = vec![b'x'; 1 << 16];
            while client.stream.try_write(&block).is_ok() {
                yield_now().await;
            }
        };
        sending.await;
        let answer = answered(&mut client).await;
        assert_eq!(answer.status(), 413);
    }
}

/// Serves one request of each connection, and does this with the next.
#[derive(Clone, Copy, Debug)]
enum Second {
    CloseAtOnce,
    CloseWhenAsked,
    ResetWhenAsked,
}

async fn first_only(mut connection: Connection, second: Second) {
    if connection.request().await.is_none() {
        return;
    }
    connection.send(OK).await;
    if connection.number > 0 {
        while connection.request().await.is_some() {
            connection.send(OK).await;
        }
        return;
    }
    match second {
        Second::CloseAtOnce => {}
        Second::CloseWhenAsked => drop(connection.request().await),
        Second::ResetWhenAsked => {
            connection.request().await;
            reset(connection.peer);
        }
    }
}

#[tokio::test]
async fn point_12_a_dead_connection_costs_an_idempotent_request_one_more_try() {
    for second in [
        Second::CloseAtOnce,
        Second::CloseWhenAsked,
        Second::ResetWhenAsked,
    ] {
        for request in [
            get(""),
            "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".to_owned(),
            "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n".to_owned(),
        ] {
            let mut origin = Origin::scripted(move |connection| first_only(connection, second)).await;
            let proxy = Guard::before(origin.address, "").await;
            let mut client = proxy.connect().await;
            assert_eq!(client.ask(get("")).await.status(), 200);
            origin.received().await;
            client.send(&request).await;
            assert_eq!(client.head().await.expect("a head").status(), 200, "{second:?} {request}");
            let mut last = origin.received().await;
            if !matches!(second, Second::CloseAtOnce) {
                let again = origin.received().await;
                assert_eq!(last.head, again.head);
                last = again;
            }
            if request.starts_with("PUT") {
                assert_eq!(last.body, b"hello");
            }
            assert!(origin.is_idle());
        }
    }
}

#[tokio::test]
async fn point_12_a_post_is_never_delivered_twice() {
    for second in [Second::CloseWhenAsked, Second::ResetWhenAsked] {
        for request in [
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
            "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
            "PATCH / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
            "MAKE-IT-SO / HTTP/1.1\r\nHost: a\r\n\r\n",
            "get / HTTP/1.1\r\nHost: a\r\n\r\n",
        ] {
            let mut origin =
                Origin::scripted(move |connection| first_only(connection, second)).await;
            let proxy = Guard::before(origin.address, "").await;
            let mut client = proxy.connect().await;
            assert_eq!(client.ask(get("")).await.status(), 200);
            let answer = client.ask(request).await;
            assert_answered(&answer, 502, "upstream-closed");
            origin.received().await;
            assert_eq!(
                origin.received().await.line(),
                request.lines().next().expect("a line")
            );
            assert!(origin.is_idle(), "{request}");
        }
    }
}

#[tokio::test]
async fn point_12_a_post_that_was_never_written_is() {
    let mut origin =
        Origin::scripted(|connection| first_only(connection, Second::CloseAtOnce)).await;
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    assert_eq!(client.ask(get("")).await.status(), 200);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    assert_eq!(client.ask(post).await.status(), 200);
    origin.received().await;
    assert_eq!(origin.received().await.body, b"hello");
    assert!(origin.is_idle());
}

#[tokio::test]
async fn point_12_a_fresh_connection_that_dies_is_not_tried_again() {
    let mut origin = Deed::Say("").origin().await;
    let proxy = Guard::before(origin.address, "").await;
    assert_answered(&proxy.ask(get("")).await, 502, "upstream-closed");
    origin.received().await;
    assert!(origin.is_idle());
}

#[tokio::test]
async fn point_12_once_an_octet_has_come_nothing_is_sent_again() {
    for start in [
        "H",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    ] {
        let mut origin = Origin::scripted(move |mut connection| async move {
            connection.request().await;
            connection.send(OK).await;
            connection.request().await;
            connection.send(start).await;
        })
        .await;
        let proxy = Guard::before(origin.address, "").await;
        let mut client = proxy.connect().await;
        assert_eq!(client.ask(get("")).await.status(), 200);
        client.send(get("")).await;
        let mut answer = answered(&mut client).await;
        if answer.status() == 103 {
            answer = answered(&mut client).await;
        }
        assert_answered(&answer, 502, "upstream-closed");
        origin.received().await;
        origin.received().await;
        assert!(origin.is_idle(), "{start}");
    }
}

#[tokio::test]
async fn point_12_a_body_too_large_to_keep_is_not_sent_again() {
    let mut origin =
        Origin::scripted(|connection| first_only(connection, Second::CloseWhenAsked)).await;
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    assert_eq!(client.ask(get("")).await.status(), 200);
    let put = format!(
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n{}",
        "x".repeat(300_000)
    );
    let answer = client.ask(put).await;
    assert_answered(&answer, 502, "upstream-closed");
    origin.received().await;
    assert_eq!(origin.received().await.body.len(), 300_000);
    assert!(origin.is_idle());
}

#[tokio::test]
async fn point_12_an_origin_that_closes_after_each_answer_costs_nobody_a_502() {
    let mut origin = Deed::Say(OK).origin().await;
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    for turn in 0..100 {
        assert_eq!(client.ask(get("")).await.status(), 200, "GET {turn}");
        origin.received().await;
        assert!(origin.is_idle());
    }
}

#[tokio::test]
async fn point_14_after_an_outage_all_is_well_within_a_second() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let proxy = Guard::before(address, "").await;
    let mut client = proxy.connect().await;
    for _ in 0..50 {
        assert_eq!(client.ask(get("")).await.status(), 502);
    }
    let listener = TcpListener::bind(address).await.expect("bound");
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let mut peer = Peer::new(stream);
                while peer.message().await.is_some() {
                    peer.send(OK).await;
                }
            });
        }
    });
    let back = Instant::now();
    while client.ask(get("")).await.status() != 200 {
        assert!(back.elapsed() < Duration::from_secs(1));
    }
    // No herd: one client at a time needs one connection.
    for _ in 0..20 {
        assert_eq!(client.ask(get("")).await.status(), 200);
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn point_15_a_client_that_gives_up_takes_its_request_along() {
    // While the answer is awaited, while its body comes, and while the
    // request's own body comes.
    for (request, answer) in [
        (get(""), ""),
        (get(""), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\npart".to_owned(),
            "",
        ),
    ] {
        for resets in [false, true] {
            let answer = answer.to_owned();
            let mut origin = Origin::scripted(move |mut connection| {
                let answer = answer.clone();
                async move {
                    let head = connection.peer.head().await.expect("a head");
                    connection.tell(head);
                    connection.send(answer).await;
                    connection.peer.rest().await;
                    connection.tell(Message::default());
                }
            })
            .await;
            let proxy = Guard::before(origin.address, "").await;
            let mut client = proxy.connect().await;
            client.send(&request).await;
            origin.received().await;
            match resets {
                true => reset(client),
                false => drop(client),
            }
            assert!(origin.received().await.head.is_empty(), "the end");
        }
    }
}

#[tokio::test]
async fn point_22_an_upstream_that_restarts_costs_idempotent_requests_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let serve = |listener: TcpListener| {
        tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(async move {
                    let mut peer = Peer::new(stream);
                    while peer.message().await.is_some() {
                        if peer.try_send(OK).await.is_err() {
                            return;
                        }
                    }
                });
            }
        })
    };
    let mut serving = serve(listener);
    let proxy = Guard::before(address, "").await;
    let over = Arc::new(AtomicBool::new(false));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (mut client, over) = (proxy.connect().await, Arc::clone(&over));
        clients.spawn(async move {
            let mut asked = 0;
            while !over.load(Ordering::Relaxed) {
                assert_eq!(client.ask(get("")).await.status(), 200, "request {asked}");
                asked += 1;
            }
            asked
        });
    }
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        serving.abort();
        let _ = soon(&mut serving).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        serving = serve(TcpListener::bind(address).await.expect("bound"));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    over.store(true, Ordering::Relaxed);
    while let Some(asked) = clients.join_next().await {
        assert!(asked.expect("no 502") > 1);
    }
}

#[tokio::test]
async fn point_12_a_body_that_is_still_coming_arrives_whole_on_the_second_try() {
    for (framing, first, second) in [
        ("Content-Length: 10", "hello", "world"),
        (
            "Transfer-Encoding: chunked",
            "5\r\nhello\r\n",
            "5\r\nworld\r\n0\r\nX-T: 1\r\n\r\n",
        ),
    ] {
        let mut origin = Origin::scripted(|mut connection| async move {
            if connection.number == 0 {
                connection.request().await;
                connection.send(OK).await;
                // It goes away in the middle of the next request.
                let head = connection.peer.head().await.expect("a head");
                while !connection.peer.buffer.ends_with(b"hello")
                    && !connection.peer.buffer.ends_with(b"hello\r\n")
                {
                    connection.peer.fill().await.expect("octets");
                }
                return connection.tell(head);
            }
            connection.request().await;
            connection.send(OK).await;
        })
        .await;
        let proxy = Guard::before(origin.address, "").await;
        let mut client = proxy.connect().await;
        assert_eq!(client.ask(get("")).await.status(), 200);
        origin.received().await;
        client
            .send(format!(
                "PUT / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n{first}"
            ))
            .await;
        origin.received().await;
        client.send(second).await;
        assert_eq!(answered(&mut client).await.status(), 200, "{framing}");
        let whole = origin.received().await;
        assert_eq!(whole.body, b"helloworld");
        assert_eq!(whole.trailers.is_empty(), framing.starts_with("Content"));
        assert!(origin.is_idle());
    }
}

#[tokio::test]
async fn point_09_trailers_of_a_response_carry_no_framing() {
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
                  2;a=b\r\nok\r\n0\r\nX-Sum: T\u{e9}l\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\n\
                  Connection: close\r\nSet-Cookie: a=b\r\n\r\n";
    let origin = Origin::answering(answer).await;
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    for _ in 0..2 {
        let answer = client.ask(get("TE: trailers\r\n")).await;
        assert_eq!(answer.body, b"ok");
        assert_eq!(answer.trailers, "X-Sum: T\u{e9}l\r\n".as_bytes());
    }
    let strict = "[policy.response]\npreset = \"strict\"\n";
    let wrong =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: T\xE9l\r\n\r\n";
    let origin = Origin::answering(wrong).await;
    let proxy = Guard::before(origin.address, strict).await;
    let mut client = proxy.connect().await;
    client.send(get("")).await;
    let mut answer = client.head().await.expect("a head");
    assert!(
        client.body(&mut answer).await.is_none(),
        "it must not look whole"
    );
}

#[tokio::test]
async fn point_05_hop_by_hop_fields_of_a_response_stay_there() {
    let answer = "HTTP/1.1 200 OK\r\nConnection: X-Hop, Content-Length, Set-Cookie, keep-alive\r\n\
                  X-Hop: 1\r\nKeep-Alive: timeout=1\r\nProxy-Connection: close\r\nUpgrade: h2c\r\n\
                  Set-Cookie: a=b\r\nX: 1\r\nContent-Length: 2\r\n\r\nok";
    let origin = Origin::answering(answer).await;
    let proxy = Guard::before(origin.address, SAYS_NOTHING).await;
    let mut client = proxy.connect().await;
    for _ in 0..2 {
        client.send(get("")).await;
        let mut answer = client.head().await.expect("a head");
        let text = answer.head.escape_ascii().to_string();
        assert!(
            text.ends_with(r"X: 1\r\nContent-Length: 2\r\n\r\n"),
            "{text}"
        );
        for gone in [
            "connection",
            "x-hop",
            "keep-alive",
            "proxy-connection",
            "upgrade",
        ] {
            assert!(!answer.has(gone), "{gone} in {text}");
        }
        client.body(&mut answer).await.expect("a body");
    }
}

#[tokio::test]
async fn point_13_a_status_says_what_it_is_about() {
    for (status, relayed) in [
        ("000", 502),
        ("099", 502),
        ("299", 299),
        ("600", 600),
        ("999", 999),
    ] {
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
        let origin = Origin::answering(answer).await;
        let proxy = Guard::before(origin.address, "").await;
        assert_eq!(proxy.ask(get("")).await.status(), relayed);
    }
}
