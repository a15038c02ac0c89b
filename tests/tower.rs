//! The tower layer in front of a real axum application, spoken to in octets.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]
#![cfg(feature = "tower")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

#[allow(dead_code, reason = "its main is for people")]
#[path = "../examples/axum.rs"]
mod example;

/// The example, listening on a port of its own for as long as the test runs.
fn serve() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, example::app().expect("a right policy")).await
        })
    });
    address
}

fn ask(address: SocketAddr, fields: &[u8]) -> String {
    let mut connection = TcpStream::connect(address).expect("a connection");
    let request = [
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        fields,
        b"Connection: close\r\n\r\n",
    ]
    .concat();
    connection.write_all(&request).expect("sent");
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).expect("an answer");
    String::from_utf8(answer).expect("UTF-8")
}

#[test]
fn a_repaired_value_reaches_the_handler() {
    let address = serve();
    for spelling in [
        &b"CompanyName: T\xE9l\xE9bec LP\r\n"[..],
        b"companyname: T&#233;l&eacute;bec LP\r\n",
    ] {
        let answer = ask(address, spelling);
        assert!(
            answer.starts_with("HTTP/1.1 200")
                && answer.ends_with("Hello, Télébec LP! Values repaired: 1\n"),
            "{answer}"
        );
    }
    let answer = ask(address, "CompanyName: Télébec LP\r\n".as_bytes());
    assert!(
        answer.ends_with("Hello, Télébec LP! Values repaired: 0\n"),
        "{answer}"
    );
}

#[test]
fn a_refused_request_never_reaches_the_handler() {
    let address = serve();
    let answer = ask(address, b"CompanyName: T\xC3\xA9l\xFFbec\r\n");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(
        answer.contains("content-type: application/problem+json")
            && answer.contains("headguard: rejected;kind=invalid-utf8")
    );
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["findings"][0]["offset"], 4);
    assert_eq!(body["findings"][0]["hex"], "ff");
    let plain = ask(
        address,
        b"Accept: text/plain\r\nCompanyName: T\xC3\xA9l\xFFbec\r\n",
    );
    assert!(
        plain.contains("content-type: text/plain") && plain.contains("octet FF at offset 4"),
        "{plain}"
    );
}
