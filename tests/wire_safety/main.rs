//! Whether the proxy may be trusted with traffic: every promise about the wire,
//! over real sockets, in raw octets, by the octets that the origin received.
//!
//! Tests are named for the point they hold, `point_01_…` to `point_26_…`; the
//! tables of framing are `tests/corpus/wire/*.toml`. Point 10 is HTTP/2's and
//! has its own file. Point 19 has no test here: no request is known that makes
//! an exchange panic, and a switch that makes one would be a way to make one.

#![cfg(feature = "proxy")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test says what is wrong by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod desync;
mod fidelity;
mod framing;
#[cfg(all(feature = "cli", target_os = "linux"))]
mod life;
mod policy;
mod readers;
mod time;
mod upstream;

use support::{Message, Peer};

/// A request for `/` with these field lines after `Host`.
fn get(fields: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

/// Why the proxy answered by itself, as it says in a field of its own.
fn reason(answer: &Message) -> String {
    let said = answer.value("headguard");
    let reason = said.split_once(";reason=").map(|(_, reason)| reason);
    reason.unwrap_or(&said).to_owned()
}

/// That the proxy answered by itself, with this status and for this reason.
#[track_caller]
fn assert_answered(answer: &Message, status: u16, why: &str) {
    assert_eq!(
        (answer.status(), reason(answer)),
        (status, why.to_owned()),
        "{}",
        answer.head.escape_ascii()
    );
}

/// The next message whole, or how the connection ended instead.
async fn answered(client: &mut Peer) -> Message {
    match client.message().await {
        Some(message) => message,
        None => panic!(
            "no answer, but {:?} and an end",
            client.buffer.escape_ascii().to_string()
        ),
    }
}
