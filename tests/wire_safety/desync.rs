//! Octets that would be a request, or an answer, to one reader and not to the
//! other: what was found by trying.

use super::support::{Connection, Guard, OK, Origin};
use super::{answered, assert_answered, get};
use std::time::Duration;
use tokio::time::sleep;

/// A chunked request whose head is refused where `field` is.
fn chunked(field: &str, body: &str) -> Vec<u8> {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";
    format!("{head}{field}\r\n{body}").into_bytes()
}

/// Reads all that comes, and tells the test when it has ended.
async fn swallow(mut connection: Connection) {
    let body = connection.peer.rest().await;
    connection.tell(super::Message {
        body,
        ..super::Message::default()
    });
}

/// What was said anew of a field that does not go on once stayed, without its
/// line's end, and took the next line with it.
#[tokio::test]
async fn a_repaired_field_that_does_not_go_on_takes_no_other_along() {
    let mut origin = Origin::answering(OK).await;
    let settings = "policy.preset = \"repair\"\nforwarded.trust = []\n";
    let proxy = Guard::before(origin.address, settings).await;
    for next in [
        "Content-Length: 5",
        "Authorization: s",
        "X-Forwarded-For: b",
    ] {
        let mut request = b"POST / HTTP/1.1\r\nHost: a\r\n".to_vec();
        request.extend_from_slice(b"X-Forwarded-Server: T\xE9l\xE9bec LP\r\n");
        request.extend_from_slice(next.as_bytes());
        request.extend_from_slice(b"\r\nX: T\xE9l\xE9bec LP\r\n\r\n");
        if next.starts_with("Content-Length") {
            request.extend_from_slice(b"hello");
        }
        assert_eq!(proxy.ask(request).await.status(), 200);
        let received = origin.received().await;
        assert!(!received.has("x-forwarded-server"), "{received:?}");
        assert_eq!(received.value("x-forwarded-for"), "127.0.0.1");
        assert_eq!(received.value("x"), "T\u{e9}l\u{e9}bec LP");
        let (name, value) = next.split_once(": ").expect("a field");
        if name != "X-Forwarded-For" {
            assert_eq!(received.value(name), value);
        }
    }
}

/// A chunk's size may be all that came of a body when the upstream failed.
#[tokio::test]
async fn a_body_that_has_begun_is_not_read_from_its_start_again() {
    let mut origin = Origin::scripted(|mut connection| async move {
        let head = connection.peer.head().await.unwrap_or_default();
        connection.tell(head);
        // Not before the proxy has read what came with the head.
        sleep(Duration::from_millis(50)).await;
    })
    .await;
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    let data = format!("0\r\n\r\n{}", get(""));
    let size = format!("{:x}\r\n", data.len());
    client.send(chunked("", &size)).await;
    assert!(origin.received().await.line().starts_with("POST "));
    sleep(Duration::from_millis(100)).await;
    let _ = client.try_send(format!("{data}\r\n0\r\n\r\n")).await;
    assert_answered(&answered(&mut client).await, 502, "upstream-closed");
    assert!(client.is_closed().await);
    assert!(
        origin.is_idle(),
        "the data of a chunk was taken for a request"
    );
}

#[tokio::test]
async fn a_refused_requests_trailers_end_in_one_place() {
    let mut origin = Origin::answering(OK).await;
    let rule = "[[policy.rule]]\nfields = [\"Name\"]\nreject = [\"char-ref\"]\n";
    let proxy = Guard::before(origin.address, rule).await;
    for trailers in ["X: y\n\n", "X: y\n\r\n", "X: y\r\n\n", "X y\r\n\r\n"] {
        let mut client = proxy.connect().await;
        let body = format!("0\r\n{trailers}{}", get(""));
        client.send(chunked("Name: T&#233;l\r\n", &body)).await;
        assert_eq!(answered(&mut client).await.status(), 400);
        assert!(client.is_closed().await, "{trailers:?}");
    }
    let mut client = proxy.connect().await;
    let body = format!("0\r\nX: y\r\n\r\n{}", get(""));
    client.send(chunked("Name: T&#233;l\r\n", &body)).await;
    assert_eq!(answered(&mut client).await.status(), 400);
    assert_eq!(answered(&mut client).await.status(), 200);
    origin.received().await;
    assert!(origin.is_idle());
}

#[tokio::test]
async fn an_empty_line_before_a_message_does_not_go_on() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    for empty in ["\n", "\r\n\n", "\n\r\n"] {
        let answer = proxy.ask(format!("{empty}{}", get(""))).await;
        assert_answered(&answer, 400, "request-line");
    }
    assert!(origin.is_idle());
    let empty = "\r\n".repeat(1000);
    assert_eq!(proxy.ask(format!("{empty}{}", get(""))).await.status(), 200);
    assert!(origin.received().await.head.starts_with(b"GET "));

    for empty in ["\r\n", "\n"] {
        for version in ["HTTP/1.1", "HTTP/1.0"] {
            let answer = OK.replace("HTTP/1.1", version);
            let origin = Origin::answering(format!("{empty}{answer}")).await;
            let proxy = Guard::before(origin.address, "").await;
            let answer = proxy.ask(get("")).await;
            assert_answered(&answer, 502, "upstream-garbled");
        }
    }
}

/// Some readers take the last chunk for the end of a body.
#[tokio::test]
async fn a_body_whose_trailers_are_refused_has_no_end() {
    let rules = "[[policy.rule]]\nfields = [\"Name\"]\nreject = [\"char-ref\"]\n\
                 [[policy.response.rule]]\nfields = [\"Name\"]\nreject = [\"char-ref\"]\n";
    let body = "2\r\nhi\r\n0\r\nName: T&#233;l\r\n\r\n";

    let mut origin = Origin::scripted(swallow).await;
    let proxy = Guard::before(origin.address, rules).await;
    assert_eq!(proxy.ask(chunked("", body)).await.status(), 400);
    let received = origin.received().await.body;
    assert!(received.ends_with(b"\r\n\r\n2\r\nhi\r\n"), "{received:?}");

    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let origin = Origin::answering(format!("{head}{body}")).await;
    let proxy = Guard::before(origin.address, rules).await;
    let mut client = proxy.connect().await;
    client.send(get("")).await;
    let answer = client.rest().await;
    assert!(answer.ends_with(b"\r\n\r\n2\r\nhi\r\n"), "{answer:?}");
}
