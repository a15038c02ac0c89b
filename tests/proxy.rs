//! The proxy as clients and origins meet it: octets in, octets out.

#![cfg(feature = "proxy")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test says what is wrong by panicking"
)]

mod support;

use headguard::config::{Source, read};
use std::net::SocketAddr;
use support::{Connection, Guard, Log, Message, OK, Origin, Peer, soon};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

const LATIN1: &[u8] = b"T\xE9l\xE9bec LP";
const UTF8: &[u8] = "Télébec LP".as_bytes();
const REFERENCES: &[u8] = b"T&#233;l&#233;bec LP";

const NORMALIZE: &str = r#"
[[policy.rule]]
name = "company names are UTF-8"
fields = ["CompanyName"]
normalize = ["latin1", "char-ref"]
"#;

const REJECT: &str = r#"
[[policy.rule]]
name = "company names are UTF-8"
fields = ["CompanyName"]
reject = ["latin1", "char-ref"]
"#;

fn get(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut request = b"GET /orders?q=1 HTTP/1.1\r\nHost: api.example.com\r\n".to_vec();
    for (name, value) in fields {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            request.extend_from_slice(part);
        }
    }
    request.extend_from_slice(b"\r\n");
    request
}

fn company(value: &[u8]) -> Vec<u8> {
    get(&[("CompanyName", value)])
}

// The three spellings, and what becomes of them.

#[tokio::test]
async fn log_mode_passes_every_octet_on() {
    let mut origin = Origin::answering(OK).await;
    let alone = "[forwarded]\nx_forwarded = false\nvia = false\n";
    let proxy = Guard::before(origin.address, alone).await;
    for value in [
        LATIN1,
        UTF8,
        REFERENCES,
        "🐳 ok".as_bytes(),
        b"\x80\xFF\xC3",
    ] {
        assert_eq!(proxy.ask(company(value)).await.status(), 200);
        let received = origin.received().await;
        assert_eq!(received.exactly("CompanyName"), [value]);
        assert_eq!(received.line(), "GET /orders?q=1 HTTP/1.1");
        assert_eq!(received.exactly("Host"), [b"api.example.com"]);
        let names = received.head.iter().filter(|&&octet| octet == b':').count();
        assert_eq!(names, 2, "nothing is added: {received:?}");
    }
}

#[tokio::test]
async fn normalize_mode_sends_utf8() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, NORMALIZE).await;
    for value in [LATIN1, UTF8, REFERENCES] {
        assert_eq!(proxy.ask(company(value)).await.status(), 200);
        assert_eq!(origin.received().await.exactly("CompanyName"), [UTF8]);
    }
}

#[tokio::test]
async fn a_declared_form_is_what_arrives() {
    let form = "[[policy.rule]]\nfields = [\"CompanyName\"]\nnormalize = [\"char-ref\"]\nforward_as = \"latin1\"\n";
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, form).await;
    for value in [LATIN1, UTF8, REFERENCES] {
        assert_eq!(proxy.ask(company(value)).await.status(), 200);
        assert_eq!(origin.received().await.exactly("CompanyName"), [LATIN1]);
    }
}

#[tokio::test]
async fn a_signed_field_arrives_as_it_was_sent() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, NORMALIZE).await;
    let signature = "Signature-Input: sig1=(\"@path\" \"companyname\");created=1\r\n";
    let mut asked = company(LATIN1);
    let lines = asked
        .windows(2)
        .position(|octets| octets == b"\r\n")
        .unwrap()
        + 2;
    asked.splice(lines..lines, signature.bytes());
    assert_eq!(proxy.ask(asked).await.status(), 200);
    assert_eq!(origin.received().await.exactly("CompanyName"), [LATIN1]);
}

#[tokio::test]
async fn reject_mode_says_what_is_wrong_and_what_to_send() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, REJECT).await;
    assert_eq!(proxy.ask(company(UTF8)).await.status(), 200);
    origin.received().await;

    let refused = proxy.ask(company(LATIN1)).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.value("content-type"), "application/problem+json");
    assert_eq!(refused.value("cache-control"), "no-store");
    assert!(
        refused
            .value("headguard")
            .starts_with("rejected;kind=latin1")
    );
    let problem = refused.json();
    let finding = &problem["findings"][0];
    let field = finding["field"].as_str().expect("a field");
    assert!(field.eq_ignore_ascii_case("CompanyName"));
    assert_eq!(
        (&finding["offset"], &finding["hex"]),
        (&1.into(), &"e9".into())
    );
    assert_eq!(finding["charset"], "windows-1252");
    assert_eq!(problem["send"][0]["hex"], "54c3a96cc3a9626563204c50");
    let instance = problem["instance"].as_str().expect("an instance");
    assert!(instance.starts_with("urn:headguard:request:"));

    let refused = proxy.ask(company(REFERENCES)).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.json()["findings"][0]["kind"], "char-ref");
    assert!(origin.is_idle());
}

#[tokio::test]
async fn a_client_can_ask_for_plain_text() {
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, REJECT).await;
    let accept = ("Accept", b"text/plain".as_slice());
    let refused = proxy.ask(get(&[("CompanyName", LATIN1), accept])).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.value("content-type"), "text/plain; charset=utf-8");
    let text = String::from_utf8(refused.body).expect("UTF-8");
    assert!(text.contains("octet E9 at offset 1"), "{text}");

    let missing = proxy
        .ask("GET / HTTP/1.1\r\nAccept: text/plain\r\n\r\n")
        .await;
    assert_eq!(missing.value("content-type"), "text/plain; charset=utf-8");
    assert!(missing.body.starts_with(b"400 Bad Request\n"));
}

#[tokio::test]
async fn a_refusal_tells_no_more_than_it_may() {
    let origin = Origin::answering(OK).await;
    let id = ("X-Request-Id", b"abc-1".as_slice());
    let long = "v".repeat(20_000);
    for level in ["brief", "id"] {
        let settings = format!("detail_level = \"{level}\"\n{REJECT}");
        let proxy = Guard::before(origin.address, &settings).await;
        for (field, value) in [("CompanyName", LATIN1), ("X-Long", long.as_bytes())] {
            let refused = proxy.ask(get(&[(field, value), id])).await;
            assert!(matches!(refused.status(), 400 | 431));
            let problem = refused.json();
            assert_eq!(problem["instance"], "urn:headguard:request:abc-1");
            let all = [refused.head, refused.body].concat();
            let all = String::from_utf8(all).expect("UTF-8").to_lowercase();
            assert_eq!(
                all.contains(&field.to_lowercase()),
                level == "brief",
                "{all}"
            );
            assert!(!all.contains("e9") && !all.contains("bec"), "{all}");
        }
    }
}

#[tokio::test]
async fn a_dry_run_changes_and_refuses_nothing() {
    let (log, _capturing) = Log::json();
    let mut origin = Origin::answering(OK).await;
    for rules in [NORMALIZE, REJECT] {
        let proxy = Guard::before(origin.address, &format!("dry_run = true\n{rules}")).await;
        assert_eq!(proxy.ask(company(LATIN1)).await.status(), 200);
        assert_eq!(origin.received().await.exactly("CompanyName"), [LATIN1]);
    }
    let events = log.requests(2).await;
    assert_eq!(events[0]["action"], "normalize");
    assert_eq!(events[1]["action"], "reject");
    assert!(
        events
            .iter()
            .all(|event| event["dry_run"] == true && event["status"] == 200)
    );
}

#[tokio::test]
async fn no_spelling_of_a_field_passes_by_the_policy() {
    let mut origin = Origin::answering(OK).await;
    let rules = REJECT.replace("CompanyName", "Company-Name");
    let proxy = Guard::before(origin.address, &rules).await;
    for name in [
        "Company-Name",
        "COMPANY-NAME",
        "company_name",
        "Company_Name",
    ] {
        assert_eq!(
            proxy.ask(get(&[(name, LATIN1)])).await.status(),
            400,
            "{name}"
        );
        let second = get(&[(name, UTF8), (name, LATIN1)]);
        let refused = proxy.ask(second).await;
        assert_eq!(refused.status(), 400, "{name}");
        assert_eq!(refused.json()["findings"][0]["occurrence"], 2);
    }
    let nominated = get(&[("Company-Name", LATIN1), ("Connection", b"Company-Name")]);
    assert_eq!(proxy.ask(nominated).await.status(), 400);
    let padded = b"GET / HTTP/1.1\r\nHost: a\r\nCompany-Name: \t T\xE9l \t\r\n\r\n";
    assert_eq!(proxy.ask(padded).await.status(), 400);
    assert!(origin.is_idle());
}

#[tokio::test]
async fn pipelined_requests_are_judged_one_by_one() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, REJECT).await;
    let mut client = proxy.connect().await;
    client
        .send([company(UTF8), company(LATIN1), company(UTF8)].concat())
        .await;
    for expected in [200, 400, 200] {
        assert_eq!(
            client.message().await.expect("a response").status(),
            expected
        );
    }
    assert_eq!(origin.received().await.exactly("CompanyName"), [UTF8]);
    assert_eq!(origin.received().await.exactly("CompanyName"), [UTF8]);
    assert!(origin.is_idle());
}

#[tokio::test]
async fn duplicates_keep_their_order_and_names_their_case() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, NORMALIZE).await;
    let fields: [(&str, &[u8]); 4] = [
        ("X-A", b"1"),
        ("CompanyName", UTF8),
        ("x-a", b"\xE9"),
        ("CompanyName", LATIN1),
    ];
    assert_eq!(proxy.ask(get(&fields)).await.status(), 200);
    let received = origin.received().await;
    assert_eq!(received.exactly("CompanyName"), [UTF8, UTF8]);
    assert_eq!(received.values("x-a"), [b"1".as_slice(), b"\xE9"]);
    assert_eq!(received.exactly("X-A"), [b"1"]);
}

#[tokio::test]
async fn no_repair_makes_a_field_or_a_control() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, NORMALIZE).await;
    for value in [
        &b"a&#13;&#10;X-Evil: 1"[..],
        b"a&NewLine;b&#233;",
        b"\xE9&#0;",
    ] {
        assert_eq!(proxy.ask(company(value)).await.status(), 400, "{value:?}");
    }
    let escaped = b"a%0d%0aX-Evil:1";
    assert_eq!(proxy.ask(company(escaped)).await.status(), 200);
    assert_eq!(origin.received().await.exactly("CompanyName"), [escaped]);
    assert!(origin.is_idle());
}

// Framing and addressing.

#[tokio::test]
async fn ambiguous_framing_is_refused() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    for fields in [
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: \x0bchunked",
        "Transfer_Encoding: chunked",
        "Content-Length: +2",
        "Content-Length: 2, 3",
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: 99999999999999999999",
        "Content_Length: 2",
        "X: a\r\n b",
        "X : a",
        "X: a\x00b",
        "X: a\rb",
    ] {
        let mut client = proxy.connect().await;
        client
            .send(format!(
                "POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n0\r\n\r\n"
            ))
            .await;
        let answer = client.message().await.expect("an answer");
        assert_eq!(answer.status(), 400, "{fields}: {answer:?}");
        assert!(client.is_closed().await, "{fields}");
    }
    assert!(origin.is_idle());
}

#[tokio::test]
async fn empty_lines_before_a_request_end_in_crlf_and_stay_here() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let asked = |before: &str| [before.as_bytes(), &get(&[])].concat();
    assert_eq!(proxy.ask(asked("\r\n\r\n")).await.status(), 200);
    assert!(origin.received().await.head.starts_with(b"GET "));
    for before in ["\n", "\r\n\n", "\n\r\n"] {
        assert_eq!(proxy.ask(asked(before)).await.status(), 400, "{before:?}");
    }
    assert!(origin.is_idle());
}

#[tokio::test]
async fn a_field_that_is_replaced_is_not_repaired() {
    let mut origin = Origin::answering(OK).await;
    let settings = "[forwarded]\ntrust = []\n\
        [[policy.rule]]\nname = 'all'\nfields = ['*']\nnormalize = ['latin1']\n";
    let proxy = Guard::before(origin.address, settings).await;
    let request = get(&[("X-Forwarded-Host", LATIN1), ("X-Next", b"1")]);
    assert_eq!(proxy.ask(request).await.status(), 200);
    let received = origin.received().await;
    assert_eq!(received.exactly("X-Forwarded-Host"), [b"api.example.com"]);
    assert_eq!(received.exactly("X-Next"), [b"1"]);
}

#[tokio::test]
async fn a_length_beside_a_transfer_coding_never_goes_on() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    for fields in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 3",
    ] {
        let mut client = proxy.connect().await;
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
        client.send(request).await;
        let refused = client.message().await.expect("a response");
        assert_eq!(refused.status(), 400);
        assert_eq!(refused.json()["reason"], "transfer-encoding");
        assert!(client.is_closed().await);
    }
    assert!(origin.is_idle());
}

#[tokio::test]
async fn hosts_and_targets() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    for (request, status, reason) in [
        ("GET / HTTP/1.1\r\n\r\n", 400, "host-missing"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            400,
            "host-repeated",
        ),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "host-invalid"),
        (
            "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n",
            400,
            "host-differs",
        ),
        ("GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "scheme"),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "asterisk-target"),
        (
            "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
            501,
            "connect",
        ),
    ] {
        let refused = proxy.ask(request).await;
        assert_eq!(refused.status(), status, "{request}");
        assert_eq!(refused.json()["reason"], reason);
        assert_eq!(
            refused.value("headguard"),
            format!("refused;reason={reason}")
        );
        assert!(refused.body.ends_with(b"}\n"), "a line of its own");
    }
    assert!(origin.is_idle());
    for (target, line) in [
        (
            "GET http://API.example.com/x?y=1 HTTP/1.1",
            "GET /x?y=1 HTTP/1.1",
        ),
        ("GET http://api.example.com HTTP/1.1", "GET / HTTP/1.1"),
        ("OPTIONS * HTTP/1.1", "OPTIONS * HTTP/1.1"),
        (
            "GET //a//b/../%2e?? HTTP/1.1",
            "GET //a//b/../%2e?? HTTP/1.1",
        ),
    ] {
        let answer = proxy
            .ask(format!("{target}\r\nHost: api.example.com\r\n\r\n"))
            .await;
        assert_eq!(answer.status(), 200, "{target}");
        let received = origin.received().await;
        assert_eq!(received.line(), line);
        assert_eq!(received.value("host"), "api.example.com");
    }
    let old = proxy.ask("GET / HTTP/1.0\r\n\r\n").await;
    assert_eq!(old.status(), 200);
}

#[tokio::test]
async fn fields_of_one_connection_stay_there() {
    let answer = "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=1\r\n\
                  Upgrade: h2c\r\nX-Stays: 1\r\nContent-Length: 0\r\n\r\n";
    let mut origin = Origin::answering(answer).await;
    let proxy = Guard::before(origin.address, NORMALIZE).await;
    let mut client = proxy.connect().await;
    let answer = client
        .ask(get(&[
            (
                "Connection",
                b"Upgrade, X-Hop, Authorization, CompanyName, Host",
            ),
            ("Upgrade", b"websocket"),
            ("TE", b"trailers"),
            ("X-Hop", b"1"),
            ("Authorization", b"Basic eA=="),
            ("CompanyName", b"a"),
            ("X-Stays", b"1"),
        ]))
        .await;
    assert_eq!(answer.status(), 200);
    for gone in ["X-Hop", "Keep-Alive", "Upgrade", "Connection"] {
        assert!(!answer.has(gone), "{gone}");
    }
    assert_eq!(answer.exactly("X-Stays"), [b"1"]);
    let received = origin.received().await;
    assert!(!received.has("X-Hop"));
    // What we ask of the next hop for the client, in our own words.
    assert_eq!(received.values("Connection"), [b"upgrade, TE"]);
    assert_eq!(received.values("Upgrade"), [b"websocket"]);
    assert_eq!(received.values("TE"), [b"trailers"]);
    for kept in ["Host", "Authorization", "CompanyName", "X-Stays"] {
        assert_eq!(received.exactly(kept).len(), 1, "{kept}");
    }
    let again = client.ask(get(&[])).await;
    assert_eq!(again.status(), 200, "an upgrade that came to nothing");
}

#[tokio::test]
async fn request_bodies_go_on_framed_anew() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    for method in ["POST", "GET", "DELETE"] {
        let answer = client
            .ask(format!(
                "{method} / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nTrailer: X-T\r\n\r\n\
                 3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\nContent-Length: 9\r\n\r\n"
            ))
            .await;
        assert_eq!(answer.status(), 200);
        let received = origin.received().await;
        assert_eq!(received.body, b"abcde");
        // A length has no place behind the body.
        assert_eq!(received.trailers, b"X-T: 1\r\n");
        assert_eq!(received.value("trailer"), "X-T");
    }
    let answer = client
        .ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(origin.received().await.value("content-length"), "0");
}

// Responses.

#[tokio::test]
async fn responses_pass_as_they_come() {
    let answer =
        b"HTTP/1.1 404 Nicht da\r\nX-Name: T\xE9l\r\nX-name: 2\r\nContent-Length: 3\r\n\r\nabc";
    let origin = Origin::answering(answer).await;
    let proxy = Guard::before(origin.address, "").await;
    let answer = proxy.ask(get(&[])).await;
    assert_eq!(answer.line(), "HTTP/1.1 404 Nicht da");
    assert_eq!(answer.values("x-name"), [b"T\xE9l".as_slice(), b"2"]);
    assert_eq!(answer.exactly("X-Name"), [b"T\xE9l"]);
    assert_eq!(answer.body, b"abc");
}

#[tokio::test]
async fn responses_without_a_body_have_none() {
    for (method, answer, length) in [
        (
            "HEAD",
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
            Some("7"),
        ),
        (
            "HEAD",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            None,
        ),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", None),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
            Some("7"),
        ),
    ] {
        let origin = Origin::answering(answer).await;
        let proxy = Guard::before(origin.address, "").await;
        let mut client = proxy.connect().await;
        for _ in 0..2 {
            client
                .send(format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"))
                .await;
            let head = client.head().await.expect("a head");
            let sent = head.values("content-length");
            assert_eq!(
                sent.first().map(Vec::as_slice),
                length.map(str::as_bytes),
                "{answer}"
            );
        }
    }
}

#[tokio::test]
async fn a_response_that_ends_with_its_connection_becomes_chunked() {
    let origin = Origin::scripted(|mut connection| async move {
        connection.request().await;
        connection
            .send("HTTP/1.0 200 OK\r\n\r\nuntil the end")
            .await;
    })
    .await;
    let proxy = Guard::before(origin.address, "").await;
    let answer = proxy.ask(get(&[])).await;
    assert_eq!(answer.line(), "HTTP/1.1 200 OK");
    assert_eq!(
        (answer.has("transfer-encoding"), &*answer.body),
        (true, &b"until the end"[..])
    );

    let mut old = proxy.connect().await;
    old.send("GET / HTTP/1.0\r\n\r\n").await;
    let whole = old.rest().await;
    assert!(whole.starts_with(b"HTTP/1.1 200 OK") && whole.ends_with(b"\r\n\r\nuntil the end"));
}

#[tokio::test]
async fn response_trailers_go_on() {
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n\
                  2\r\nok\r\n0\r\nX-T: 1\r\n\r\n";
    let origin = Origin::answering(answer).await;
    let proxy = Guard::before(origin.address, "").await;
    let answer = proxy.ask(get(&[("TE", b"trailers")])).await;
    assert_eq!(
        (&*answer.body, &*answer.trailers),
        (&b"ok"[..], &b"X-T: 1\r\n"[..])
    );
    assert_eq!(answer.value("trailer"), "X-T");
}

#[tokio::test]
async fn what_is_no_response_is_not_relayed() {
    for (answer, reason) in [
        ("garbage\r\n\r\n", "upstream-garbled"),
        ("HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n", "upstream-garbled"),
        (
            "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
            "upstream-garbled",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "upstream-ambiguous",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "upstream-ambiguous",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "upstream-ambiguous",
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            "upstream-switched",
        ),
        (
            "\r\nHTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
            "upstream-garbled",
        ),
        (
            "\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "upstream-garbled",
        ),
        (
            "HTTP/1.1 099 x\r\nContent-Length: 0\r\n\r\n",
            "upstream-garbled",
        ),
        ("HTTP/1.1 200", "upstream-closed"),
        ("", "upstream-closed"),
    ] {
        let origin = Origin::scripted(move |mut connection| async move {
            connection.request().await;
            connection.send(answer).await;
        })
        .await;
        let proxy = Guard::before(origin.address, "").await;
        let refused = proxy.ask(get(&[])).await;
        assert_eq!(refused.status(), 502, "{answer}");
        assert_eq!(refused.json()["reason"], reason, "{answer}");
    }
}

#[tokio::test]
async fn a_response_cut_short_is_cut_short() {
    let (log, _capturing) = Log::json();
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
    ] {
        let origin = Origin::scripted(move |mut connection| async move {
            connection.request().await;
            connection.send(answer).await;
        })
        .await;
        let proxy = Guard::before(origin.address, "").await;
        let mut client = proxy.connect().await;
        client.send(get(&[])).await;
        let mut answer = client.head().await.expect("a head");
        assert!(
            client.body(&mut answer).await.is_none(),
            "the body must not look complete"
        );
    }
    let events = log.requests(2).await;
    assert!(
        events.iter().all(|event| event["ended"] == "upstream-cut"),
        "{events:?}"
    );
}

#[tokio::test]
async fn informational_responses_do_not_stand_for_the_final_one() {
    let answer =
        format!("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n{OK}");
    let origin = Origin::answering(answer).await;
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    for _ in 0..2 {
        client.send(get(&[])).await;
        let hints = client.head().await.expect("a head");
        assert_eq!((hints.status(), &*hints.value("link")), (103, "</a>"));
        assert_eq!(client.head().await.expect("a head").status(), 100);
        assert_eq!(client.message().await.expect("an answer").status(), 200);
    }
}

// Settings that change.

#[tokio::test]
async fn a_reload_changes_the_policy_between_requests() {
    let (log, _capturing) = Log::json();
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, REJECT).await;
    let mut client = proxy.connect().await;
    assert_eq!(client.ask(company(LATIN1)).await.status(), 400);
    let text = format!(
        "listen = \"127.0.0.1:0\"\nupstream = \"http://{}\"\nworkers = 2\n{NORMALIZE}",
        origin.address
    );
    let source = Source {
        name: "new.toml",
        text: &text,
    };
    let config = read(Some(source), &[]).expect("a right configuration");
    let reloaded = proxy.reloader.reload(config).expect("reloaded");
    assert_eq!(reloaded.restart_needed, ["workers"]);
    assert_eq!(client.ask(company(LATIN1)).await.status(), 200);
    assert_eq!(origin.received().await.exactly("CompanyName"), [UTF8]);
    assert!(log.contents().contains("\"keys\":\"workers\""));
}

// The policy for responses.

#[tokio::test]
async fn responses_are_judged_where_a_policy_asks_for_it() {
    let answer = b"HTTP/1.1 103 Early Hints\r\nX-Name: T\xE9l\xE9bec\r\n\r\n\
        HTTP/1.1 200 OK\r\nLocation: /\xE9\r\nX-Name: T\xE9l\xE9bec LP\r\nContent-Length: 2\r\n\r\nok";
    let origin = Origin::answering(answer).await;
    let rules = "[[policy.response.rule]]\nfields = [\"X-Name\"]\n";
    let proxy = Guard::before(
        origin.address,
        &format!("{rules}normalize = [\"latin1\"]\n"),
    )
    .await;
    let mut client = proxy.connect().await;
    client.send(get(&[])).await;
    let hints = client.head().await.expect("a head");
    assert_eq!(hints.exactly("X-Name"), ["T\u{e9}l\u{e9}bec".as_bytes()]);
    let answer = client.message().await.expect("an answer");
    assert_eq!(answer.exactly("X-Name"), [UTF8]);
    assert_eq!(answer.exactly("Location"), [b"/\xE9"]);

    let proxy = Guard::before(origin.address, &format!("{rules}reject = [\"latin1\"]\n")).await;
    let mut client = proxy.connect().await;
    for _ in 0..2 {
        // The hints are left out; nobody misses them.
        let refused = client.ask(get(&[])).await;
        assert_eq!(refused.status(), 502);
        assert_eq!(refused.json()["reason"], "response-rejected");
    }
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    client.send(get(&[])).await;
    let hints = client.head().await.expect("a head");
    assert_eq!(hints.exactly("X-Name"), [b"T\xE9l\xE9bec"]);
}

// Limits.

#[tokio::test]
async fn limits_are_named() {
    let mut origin = Origin::answering(OK).await;
    let limits = "[limits]\nhead = 8192\nfield = 4096\nfields = 5\ntarget = 100\n";
    let proxy = Guard::before(origin.address, limits).await;
    let long = "v".repeat(4000);
    let longer = "v".repeat(5000);
    let padding = "v".repeat(180);
    let many = [("x", b"1".as_slice()); 5];
    let target = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "t".repeat(100));
    for (request, status, reason, field) in [
        (target.into_bytes(), 414, "target-too-long", None),
        (get(&many), 431, "too-many-fields", None),
        (
            get(&[("X-Long", longer.as_bytes())]),
            431,
            "field-too-long",
            Some("X-Long"),
        ),
        (
            get(&[
                ("X-A", long.as_bytes()),
                ("X-B", long.as_bytes()),
                ("X-C", padding.as_bytes()),
            ]),
            431,
            "head-too-long",
            Some("X-B"),
        ),
    ] {
        let mut client = proxy.connect().await;
        let refused = client.ask(request).await;
        let problem = refused.json();
        assert_eq!(
            (refused.status(), &problem["reason"]),
            (status, &reason.into())
        );
        assert_eq!(problem["field"].as_str(), field);
        assert!(problem["sent"].as_u64() > problem["allowed"].as_u64());
        // Its framing was clear: the connection goes on.
        assert_eq!(client.ask(get(&[])).await.status(), 200);
        origin.received().await;
    }
    let endless = get(&[("X", "v".repeat(64 << 10).as_bytes())]);
    let mut client = proxy.connect().await;
    client.send(endless).await;
    assert_eq!(client.message().await.expect("an answer").status(), 431);
    assert!(origin.is_idle());
}

// Time.

#[tokio::test]
async fn a_head_must_come_in_time() {
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "[timeouts]\nhead = \"50ms\"\n").await;
    let mut silent = proxy.connect().await;
    assert!(silent.is_closed().await, "who says nothing is told nothing");
    let mut slow = proxy.connect().await;
    slow.send("GET / HTTP/1.1\r\nHost:").await;
    let answer = slow.message().await.expect("an answer");
    assert_eq!(
        (answer.status(), &*answer.value("connection")),
        (408, "close")
    );
    assert_eq!(answer.json()["reason"], "head-stalled");
    let mut again = proxy.connect().await;
    assert_eq!(again.ask(get(&[])).await.status(), 200);
    again.send("GET / HTTP/1.1\r\n").await;
    assert_eq!(again.message().await.expect("an answer").status(), 408);
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let origin = Origin::answering(OK).await;
    let settings = "[timeouts]\nidle = \"50ms\"\nhead = \"60s\"\n";
    let proxy = Guard::before(origin.address, settings).await;
    let mut client = proxy.connect().await;
    assert_eq!(client.ask(get(&[])).await.status(), 200);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_request_body_that_stalls_is_answered_408() {
    let origin = Origin::scripted(|mut connection| async move {
        let head = connection.peer.head().await.expect("a head");
        connection.tell(head);
        // The rest never comes; the proxy ends the connection.
        let rest = connection.peer.rest().await;
        connection.tell(Message {
            body: rest,
            ..Message::default()
        });
    })
    .await;
    let settings = "[timeouts]\nbody = \"50ms\"\n";
    let proxy = Guard::before(origin.address, settings).await;
    let mut client = proxy.connect().await;
    client
        .send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\npart")
        .await;
    let answer = client.message().await.expect("an answer");
    assert_eq!(
        (answer.status(), &*answer.value("connection")),
        (408, "close")
    );
    assert_eq!(answer.json()["reason"], "body-stalled");
    assert!(client.is_closed().await);
    let mut origin = origin;
    origin.received().await;
    assert_eq!(origin.received().await.body, b"part");
}

#[tokio::test]
async fn a_request_body_that_is_no_body_is_answered_400() {
    let origin = Origin::scripted(|mut connection| async move {
        connection.peer.rest().await;
    })
    .await;
    let proxy = Guard::before(origin.address, "").await;
    for chunk in [
        "xyz\r\n",
        "5\r\nabcdefgh\r\n",
        "-1\r\n",
        "fffffffffffffffff\r\n",
    ] {
        let mut client = proxy.connect().await;
        client
            .send(format!(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}"
            ))
            .await;
        let answer = client.message().await.expect("an answer");
        assert_eq!(
            (answer.status(), answer.json()["reason"].as_str()),
            (400, Some("body-broken"))
        );
        assert!(client.is_closed().await);
    }
}

#[tokio::test]
async fn a_response_body_that_stalls_is_cut() {
    let (log, _capturing) = Log::json();
    let origin = Origin::scripted(|mut connection| async move {
        connection.request().await;
        connection
            .send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart")
            .await;
        connection.peer.rest().await;
    })
    .await;
    let proxy = Guard::before(origin.address, "[timeouts]\nbody = \"50ms\"\n").await;
    let mut client = proxy.connect().await;
    client.send(get(&[])).await;
    let mut answer = client.head().await.expect("a head");
    assert!(client.body(&mut answer).await.is_none());
    assert_eq!(log.requests(1).await[0]["ended"], "upstream-stalled");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut() {
    let (log, _capturing) = Log::json();
    let origin = Origin::scripted(|mut connection| async move {
        connection.request().await;
        connection
            .send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            .await;
        let block = vec![b'x'; 1 << 20];
        while connection.peer.try_send(&block).await.is_ok() {}
    })
    .await;
    let proxy = Guard::before(origin.address, "[timeouts]\nbody = \"100ms\"\n").await;
    let mut client = proxy.connect().await;
    client.send(get(&[])).await;
    assert_eq!(log.requests(1).await[0]["ended"], "client-gone");
}

#[tokio::test]
async fn a_response_must_start_in_time() {
    let origin = Origin::scripted(|mut connection| async move {
        connection.request().await;
        connection.peer.rest().await;
    })
    .await;
    let proxy = Guard::before(origin.address, "[timeouts]\nresponse = \"50ms\"\n").await;
    let answer = proxy.ask(get(&[])).await;
    assert_eq!(answer.status(), 504);
    assert_eq!(answer.json()["reason"], "upstream-response-timeout");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_must_be_accepted_in_time() {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .bind("127.0.0.1:0".parse().expect("an address"))
        .expect("bound");
    let full = socket.listen(0).expect("listening");
    let address = full.local_addr().expect("an address");
    // The one that fits into the queue; further ones get no answer.
    let _first = soon(TcpStream::connect(address)).await.expect("connected");
    let proxy = Guard::before(address, "[timeouts]\nconnect = \"50ms\"\n").await;
    let answer = proxy.ask(get(&[])).await;
    assert_eq!(
        (answer.status(), answer.json()["reason"].as_str()),
        (504, Some("upstream-connect-timeout"))
    );
}

async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    listener.local_addr().expect("an address")
}

#[tokio::test]
async fn an_upstream_that_is_down_is_502_and_comes_back() {
    let address = nobody().await;
    let proxy = Guard::before(address, "").await;
    let mut client = proxy.connect().await;
    let answer = client.ask(get(&[])).await;
    assert_eq!(
        (answer.status(), answer.json()["reason"].as_str()),
        (502, Some("upstream-unreachable"))
    );
    assert_eq!(
        answer.value("headguard"),
        "upstream;reason=upstream-unreachable"
    );
    let listener = TcpListener::bind(address).await.expect("bound");
    let serving = async {
        let (mut stream, _) = listener.accept().await.expect("accepted");
        tokio::io::AsyncWriteExt::write_all(&mut stream, OK.as_bytes())
            .await
            .expect("sent");
        stream
    };
    let (answer, _stream) = tokio::join!(client.ask(get(&[])), serving);
    assert_eq!(answer.status(), 200);
}

// Connections to the upstream that turn out dead.

/// Answers the first request of the first connection and drops the second one.
async fn drops_second(mut connection: Connection) {
    if connection.request().await.is_none() {
        return;
    }
    connection.send(OK).await;
    if connection.number == 0 {
        connection.request().await;
        return;
    }
    while connection.request().await.is_some() {
        connection.send(OK).await;
    }
}

#[tokio::test]
async fn a_get_on_a_dead_connection_is_sent_again() {
    let mut origin = Origin::scripted(drops_second).await;
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    for _ in 0..2 {
        assert_eq!(client.ask(get(&[])).await.status(), 200);
    }
    for _ in 0..3 {
        origin.received().await;
    }
    assert!(origin.is_idle());
}

#[tokio::test]
async fn a_post_on_a_dead_connection_is_never_sent_again() {
    let mut origin = Origin::scripted(drops_second).await;
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    assert_eq!(client.ask(get(&[])).await.status(), 200);
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    let answer = client.message_after(post).await;
    assert_eq!(answer.status(), 502);
    origin.received().await;
    assert_eq!(origin.received().await.body, b"hi");
    assert_eq!(proxy.ask(get(&[])).await.status(), 200);
    assert_eq!(origin.received().await.line(), "GET /orders?q=1 HTTP/1.1");
    assert!(origin.is_idle());
}

#[tokio::test]
async fn an_origin_that_closes_after_each_answer_costs_nobody_a_502() {
    let origin = Origin::scripted(|mut connection| async move {
        connection.request().await;
        connection.send(OK).await;
    })
    .await;
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    for turn in 0..200 {
        assert_eq!(client.ask(get(&[])).await.status(), 200, "turn {turn}");
    }
}

// Bodies that are waited for, refused, or large.

#[tokio::test]
async fn a_client_that_expects_100_is_told_to_go_on_only_when_it_may() {
    let mut origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, REJECT).await;
    let head = |company: &[u8]| {
        let start = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nCompanyName: ";
        [start.as_bytes(), company, b"\r\n\r\n"].concat()
    };
    let mut client = proxy.connect().await;
    client.send(head(UTF8)).await;
    assert_eq!(client.head().await.expect("a head").status(), 100);
    let answer = client.ask("hi").await;
    assert_eq!(
        (answer.status(), &*origin.received().await.body),
        (200, &b"hi"[..])
    );

    let mut client = proxy.connect().await;
    let refused = client.ask(head(LATIN1)).await;
    assert_eq!(
        (refused.status(), &*refused.value("connection")),
        (400, "close")
    );
    assert!(client.is_closed().await && origin.is_idle());
}

#[tokio::test]
async fn a_refusal_keeps_the_connection_where_the_body_is_small() {
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, REJECT).await;
    let post = |framing: &str, body: &[u8]| {
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\nCompanyName: ");
        [head.as_bytes(), LATIN1, b"\r\n\r\n", body].concat()
    };
    let small = vec![b'x'; 60_000];
    let mut client = proxy.connect().await;
    for request in [
        post("X: 1", b""),
        post(&format!("Content-Length: {}", small.len()), &small),
        post("Transfer-Encoding: chunked", b"3\r\nabc\r\n0\r\n\r\n"),
    ] {
        let refused = client.ask(request).await;
        assert_eq!((refused.status(), refused.has("connection")), (400, false));
    }
    assert_eq!(client.ask(get(&[])).await.status(), 200);

    // Other readers may look for another end of such a trailer section.
    let mut other = proxy.connect().await;
    let torn = post("Transfer-Encoding: chunked", b"0\r\nX: 1\n\n");
    let refused = other.ask(torn).await;
    assert_eq!(
        (refused.status(), &*refused.value("connection")),
        (400, "close")
    );

    let large = vec![b'x'; 4 << 20];
    let refused = client
        .ask(post(&format!("Content-Length: {}", large.len()), &large))
        .await;
    assert_eq!(
        (refused.status(), &*refused.value("connection")),
        (400, "close")
    );
    assert!(client.is_closed().await);

    let chunk = [
        b"100000\r\n".as_slice(),
        &vec![b'x'; 1 << 20],
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    let mut client = proxy.connect().await;
    let refused = client.ask(post("Transfer-Encoding: chunked", &chunk)).await;
    assert_eq!(
        (refused.status(), &*refused.value("connection")),
        (400, "close")
    );
}

const LARGE: usize = 32 << 20;

#[tokio::test]
async fn large_bodies_stream_both_ways() {
    let mut origin = Origin::scripted(|mut connection| async move {
        while let Some(request) = connection.peer.message().await {
            connection.tell(Message {
                body: request.body.len().to_string().into_bytes(),
                ..Message::default()
            });
            connection
                .send(format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n"
                ))
                .await;
            connection.send(vec![b'y'; LARGE]).await;
        }
    })
    .await;
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    client
        .send(format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {LARGE}\r\n\r\n"
        ))
        .await;
    client.send(vec![b'x'; LARGE]).await;
    let answer = client.message().await.expect("a response");
    assert_eq!(answer.body.len(), LARGE);
    assert!(answer.body.iter().all(|&octet| octet == b'y'));
    assert_eq!(origin.received().await.body, LARGE.to_string().as_bytes());
}

#[tokio::test]
async fn an_early_response_is_relayed_while_the_body_still_comes() {
    let origin = Origin::scripted(|mut connection| async move {
        connection.peer.head().await;
        connection
            .send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
            .await;
        connection.peer.rest().await;
    })
    .await;
    let proxy = Guard::before(origin.address, "[timeouts]\nbody = \"200ms\"\n").await;
    let mut client = proxy.connect().await;
    client
        .send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\npart")
        .await;
    assert_eq!(client.message().await.expect("an answer").status(), 413);
    // The rest never comes: the connection is not used again.
    assert!(client.is_closed().await);
}

// Who goes away.

#[tokio::test]
async fn a_client_that_gives_up_takes_its_upstream_request_along() {
    let (log, _capturing) = Log::json();
    let mut origin = Origin::scripted(|mut connection| async move {
        connection.request().await;
        let rest = connection.peer.rest().await;
        connection.tell(Message {
            body: rest,
            ..Message::default()
        });
    })
    .await;
    let proxy = Guard::before(origin.address, "").await;
    let mut client = proxy.connect().await;
    client.send(get(&[])).await;
    origin.received().await;
    drop(client);
    assert!(
        origin.received().await.head.is_empty(),
        "the connection ended"
    );
    let event = &log.requests(1).await[0];
    assert_eq!(
        (&event["ended"], event.get("status")),
        (&"client-gone".into(), None)
    );
}

#[tokio::test]
async fn stopping_finishes_what_is_in_flight() {
    let (release, released) = tokio::sync::watch::channel(false);
    let mut origin = Origin::scripted(move |mut connection| {
        let mut released = released.clone();
        async move {
            while connection.request().await.is_some() {
                if released.wait_for(|go| *go).await.is_ok() {
                    connection.send(OK).await;
                }
            }
        }
    })
    .await;
    let mut proxy = Guard::before(origin.address, "").await;
    let mut idle = proxy.connect().await;
    let mut busy = proxy.connect().await;
    busy.send(get(&[])).await;
    origin.received().await;
    proxy.stop();
    assert!(idle.is_closed().await);
    let refused = soon(TcpStream::connect(proxy.address)).await;
    assert!(refused.is_err(), "nothing is accepted any more");
    release.send(true).expect("the origin listens");
    let answer = busy.message().await.expect("an answer");
    assert_eq!(
        (answer.status(), &*answer.value("connection")),
        (200, "close")
    );
    proxy.stopped().await;
}

#[tokio::test]
async fn stopping_does_not_wait_forever() {
    let mut origin = Origin::scripted(|mut connection| async move {
        connection.request().await;
        connection.peer.rest().await;
    })
    .await;
    let (log, _capturing) = Log::json();
    let mut proxy = Guard::before(origin.address, "[timeouts]\ndrain = \"50ms\"\n").await;
    let mut busy = proxy.connect().await;
    busy.send(get(&[])).await;
    origin.received().await;
    proxy.stop();
    proxy.stopped().await;
    assert!(busy.is_closed().await);
    let events = log.requests(1).await;
    assert_eq!(
        (&events[0]["ended"], &events[0]["level"]),
        (&"drain-over".into(), &"warn".into())
    );
}

#[tokio::test]
async fn stopping_at_once_waits_for_nothing() {
    let mut origin = Origin::scripted(|mut connection| async move {
        connection.request().await;
        connection.peer.rest().await;
    })
    .await;
    let forever = "[timeouts]\ndrain = \"1h\"\ndrain_delay = \"1h\"\n";
    let (log, _capturing) = Log::json();
    let mut proxy = Guard::before(origin.address, forever).await;
    let mut busy = proxy.connect().await;
    busy.send(get(&[])).await;
    origin.received().await;
    proxy.stop();
    proxy.stop_at_once();
    proxy.stopped().await;
    assert!(busy.is_closed().await);
    assert_eq!(log.requests(1).await[0]["ended"], "drain-over");
}

#[tokio::test]
async fn stopping_tells_of_answers_it_cuts() {
    let origin = Origin::scripted(|mut connection| async move {
        connection.request().await;
        connection
            .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
            .await;
        connection.peer.rest().await;
    })
    .await;
    let (log, _capturing) = Log::json();
    let mut proxy = Guard::before(origin.address, "[timeouts]\ndrain = \"50ms\"\n").await;
    let mut busy = proxy.connect().await;
    busy.send(get(&[])).await;
    let mut answer = busy.head().await.expect("a head");
    proxy.stop();
    proxy.stopped().await;
    assert!(busy.body(&mut answer).await.is_none());
    let event = &log.requests(1).await[0];
    assert_eq!(
        (&event["ended"], &event["status"]),
        (&"drain-over".into(), &200.into())
    );
}

// Starting.

#[tokio::test]
async fn an_address_that_cannot_be_listened_on_comes_with_a_remedy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let taken = listener.local_addr().expect("an address");
    // TEST-NET-1 (RFC 5737) is nobody's.
    let nobodys = "192.0.2.1:8080".parse().expect("an address");
    for (address, help) in [
        (taken, "another program listens there"),
        (nobodys, "this machine has no such address"),
    ] {
        let mut config = headguard::config::Config::default();
        config.listen = vec![address.into()];
        let error = headguard::proxy::Proxy::bind(config)
            .await
            .expect_err("not bound");
        assert_eq!(error.to_string(), format!("cannot listen on {address}"));
        let told = error.help().expect("help");
        assert!(told.starts_with(help), "{told}");
    }
}

// The log.

#[tokio::test]
async fn each_request_leaves_one_event() {
    let (log, _capturing) = Log::json();
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, REJECT).await;
    let mut client = proxy.connect().await;
    client.ask(get(&[("X-Request-Id", b"abc-1")])).await;
    client
        .ask(get(&[
            ("CompanyName", LATIN1),
            ("X-Other", b"T\xE9l"),
            ("X-Request-Id", b"a b"),
        ]))
        .await;
    client.ask("GET / HTTP/1.1\r\n\r\n").await;
    let events = log.requests(3).await;
    assert_eq!(events.len(), 3);
    let clean = &events[0];
    assert_eq!(
        (&clean["request_id"], &clean["method"]),
        (&"abc-1".into(), &"GET".into())
    );
    assert_eq!(
        (&clean["host"], &clean["path"]),
        (&"api.example.com".into(), &"/orders".into())
    );
    assert_eq!(
        (&clean["status"], &clean["upstream_status"]),
        (&200.into(), &200.into())
    );
    assert_eq!(
        (&clean["action"], &clean["ended"]),
        (&"allow".into(), &"complete".into())
    );
    assert!(clean["duration_ms"].as_f64().is_some() && clean.get("values").is_none());
    let client_address = clean["client"].as_str().expect("an address");
    assert!(client_address.parse::<SocketAddr>().is_ok());
    let timestamp = clean["timestamp"].as_str().expect("a time");
    assert!(timestamp.contains('T') && timestamp.ends_with('Z'));

    let refused = &events[1];
    assert_eq!(
        (&refused["status"], refused.get("upstream_status")),
        (&400.into(), None)
    );
    assert_eq!(
        (&refused["answer"], &refused["action"]),
        (&"rejected".into(), &"reject".into())
    );
    assert_eq!(refused["request_id"].as_str().map(str::len), Some(32));
    let values = refused["values"].as_array().expect("JSON, not a string");
    assert_eq!((values.len(), refused.get("findings")), (2, None));
    let one = &values[0]["findings"][0];
    assert_eq!(
        (&one["kind"], &one["start"], &one["end"]),
        (&"latin1".into(), &1.into(), &2.into())
    );
    assert_eq!(values[0]["by"], "rule \"company names are UTF-8\"");
    assert_eq!(
        (&values[1]["field"], &values[1]["action"]),
        (&"X-Other".into(), &"log".into())
    );
    assert_eq!(
        (&events[2]["answer"], events[2].get("action")),
        (&"host-missing".into(), None)
    );
}

#[tokio::test]
async fn what_the_upstream_did_is_told_to_the_operator_alone() {
    let (log, _capturing) = Log::json();
    let down = nobody().await;
    let silent = Origin::scripted(|mut connection| async move {
        connection.request().await;
        connection.peer.rest().await;
    })
    .await;
    let curt = Origin::scripted(|mut connection| async move {
        connection.request().await;
    })
    .await;
    let garbled = Origin::answering("garbage\r\n\r\n").await;
    let ambiguous = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n";
    let ambiguous = Origin::answering(ambiguous).await;
    let cut = Origin::scripted(|mut connection| async move {
        connection.request().await;
        connection
            .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")
            .await;
    })
    .await;
    let connect = format!("connect {down}: ");
    for (number, (upstream, answer, error)) in [
        (down, "upstream-unreachable", connect.as_str()),
        (
            silent.address,
            "upstream-response-timeout",
            "no response within 50ms",
        ),
        (curt.address, "upstream-closed", "it closed the connection"),
        (garbled.address, "upstream-garbled", "its head is no HTTP"),
        (ambiguous.address, "upstream-ambiguous", "Transfer-Encoding"),
        (
            cut.address,
            "",
            "it closed the connection in the middle of its body",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let proxy = Guard::before(upstream, "[timeouts]\nresponse = \"50ms\"\n").await;
        let mut client = proxy.connect().await;
        client.send(get(&[])).await;
        let told = String::from_utf8(client.rest_after_head().await).expect("UTF-8");
        assert!(!told.contains(error) && !told.contains(&upstream.to_string()));

        let event = &log.requests(number + 1).await[number];
        assert_eq!(event["level"], "warn", "{event}");
        assert_eq!(event["answer"].as_str().unwrap_or_default(), answer);
        assert_eq!(event["upstream"], upstream.to_string());
        let logged = event["error"].as_str().expect("an error");
        assert!(logged.contains(error), "{event}");
    }
    #[cfg(target_os = "linux")]
    assert_eq!(
        log.requests(1).await[0]["error"],
        format!("connect {down}: Connection refused (os error 111)")
    );

    let (log, _capturing) = Log::text();
    let proxy = Guard::before(down, "").await;
    proxy.ask(get(&[])).await;
    let lines = log.with(" 502 ").await;
    let mut lines = lines.lines().skip_while(|line| !line.contains(" 502 "));
    let request = lines.next().expect("a line for the request");
    assert!(request.contains(" 502 upstream-unreachable "), "{request}");
    let under = lines.next().expect("a line under it");
    let start = format!("    upstream: connect {down}: ");
    assert!(under.starts_with(&start), "{under}");
}

#[tokio::test]
async fn a_refusal_before_the_policy_is_told_as_the_client_is_told() {
    let long = "v".repeat(20_000);
    let field = get(&[("X-Long", long.as_bytes())]);
    let named = get(&[(&format!("X-{long}"), b"1")]);
    let target = format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n");
    let body = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n";
    let host = b"GET / HTTP/1.1\r\nHost: b\xFCcher.example\r\n\r\n";
    let origin = Origin::scripted(|mut connection| async move {
        connection.peer.rest().await;
    })
    .await;

    let (log, _capturing) = Log::json();
    let proxy = Guard::before(origin.address, "").await;
    for (number, (request, reason, action)) in [
        (&field[..], "field-too-long", None),
        (&named, "field-too-long", None),
        (target.as_bytes(), "target-too-long", None),
        (b"GET / HTTP/1.1\r\n\r\n", "host-missing", None),
        (host, "host-invalid", None),
        (body.as_bytes(), "body-broken", Some("allow")),
    ]
    .into_iter()
    .enumerate()
    {
        let told = proxy.ask(request).await.json();
        let event = &log.requests(number + 1).await[number];
        let refused = &event["refused"];
        assert_eq!(refused["reason"], reason, "{event}");
        for member in ["reason", "detail", "field", "sent", "allowed", "offset"] {
            assert_eq!(refused.get(member), told.get(member), "{member}");
        }
        assert_eq!(event.get("action").and_then(|one| one.as_str()), action);
        assert!(event.to_string().len() < 4000, "{event}");
    }
    let events = log.requests(6).await;
    assert_eq!(
        (
            &events[0]["refused"]["field"],
            &events[0]["refused"]["sent"]
        ),
        (&"X-Long".into(), &20_008.into())
    );
    assert_eq!(
        (
            &events[4]["refused"]["octets"],
            &events[4]["refused"]["offset"]
        ),
        (&"fc".into(), &1.into())
    );

    let (log, _capturing) = Log::text();
    let refused = proxy.ask(host).await;
    let detail = refused.json()["detail"].to_string();
    assert!(detail.contains("octet FC at offset 1"), "{detail}");
    let lines = log.with(" 400 ").await;
    let lines: Vec<&str> = lines.lines().collect();
    assert!(lines[0].contains(r" GET b\xFCcher.example/ 400 host-invalid "));
    assert_eq!(lines[1], format!("    {}", detail.trim_matches('"')));
}

#[tokio::test]
async fn a_brief_refusal_of_a_host_tells_no_octet() {
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "detail_level = \"brief\"\n").await;
    let refused = proxy
        .ask(b"GET / HTTP/1.1\r\nHost: b\xFCcher.example\r\n\r\n")
        .await
        .json();
    let detail = refused["detail"].as_str().expect("a detail");
    assert!(detail.contains("offset 1") && !detail.contains("FC"));
    assert_eq!(
        (&refused["offset"], refused.get("octets")),
        (&1.into(), None)
    );
}

#[tokio::test]
async fn an_event_lists_so_many_values_and_counts_the_rest() {
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    let request = get(&[("X", b"T\xE9l".as_slice()); 40]);
    let (log, _capturing) = Log::json();
    proxy.ask(&request).await;
    let event = &log.requests(1).await[0];
    assert_eq!(event["values"].as_array().map(Vec::len), Some(32));
    assert_eq!(event["unlisted_values"], 8);
    let (log, _capturing) = Log::text();
    proxy.ask(&request).await;
    let lines = log.with(" 200 ").await;
    assert!(lines.ends_with("    … and 8 values more\n"), "{lines}");
}

#[tokio::test]
async fn a_head_that_cannot_be_read_is_told_for_what_it_is() {
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "").await;
    for (sent, message) in [
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03".as_slice(),
            "TLS on a plain HTTP listener",
        ),
        (b"GE(T / HTTP/1.1\r\n\r\n", "malformed request head"),
        (
            b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n",
            "malformed request head",
        ),
    ] {
        let (log, _capturing) = Log::json();
        let mut client = proxy.connect().await;
        client.send(sent).await;
        client.rest().await;
        let log = log.with("\"message\"").await;
        let said = format!("\"message\":\"{message}\"");
        assert!(log.contains(&said), "{log}");
    }
}

#[tokio::test]
async fn values_are_logged_only_when_asked_for() {
    for (setting, shown) in [("", false), ("log_values = true\n", true)] {
        let (log, _capturing) = Log::json();
        let origin = Origin::answering(OK).await;
        let proxy = Guard::before(origin.address, setting).await;
        let secret = b"Basic s\xE9cret".as_slice();
        proxy
            .ask(get(&[("CompanyName", LATIN1), ("Authorization", secret)]))
            .await;
        log.requests(1).await;
        let line = log.contents();
        for part in [
            "Télébec",
            "54e96ce9626563204c50",
            "54c3a96cc3a9626563204c50",
        ] {
            assert_eq!(line.contains(part), shown, "{part} in {line}");
        }
        for part in ["cret", "73e9", "q=1"] {
            assert!(!line.contains(part), "{part} in {line}");
        }
    }
}

#[cfg(all(feature = "cli", unix))]
#[tokio::test]
async fn a_log_that_is_off_says_nothing_from_start_to_stop() {
    use std::process::{Command, Stdio};
    for (format, says) in [("json", true), ("off", false)] {
        let address = nobody().await;
        let command = Command::new(env!("CARGO_BIN_EXE_headguard"))
            .args(["proxy", "--listen", &address.to_string(), "--log", format])
            .args(["--upstream", &format!("http://{}", nobody().await)])
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let mut client = soon(async {
            loop {
                if let Ok(stream) = TcpStream::connect(address).await {
                    return Peer::new(stream);
                }
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(client.ask(get(&[])).await.status(), 502);
        let told = Command::new("kill").arg(command.id().to_string()).status();
        assert!(told.expect("told").success());
        let output = command.wait_with_output().expect("ended");
        assert_eq!(output.status.code(), Some(0));
        let log = String::from_utf8(output.stderr).expect("UTF-8");
        for part in ["listening", "upstream-unreachable", "stopped"] {
            assert_eq!(log.contains(part), says, "{part} in {log}");
        }
        assert_eq!(log.is_empty(), !says);
    }
}

#[tokio::test]
async fn no_part_of_a_value_is_logged_unasked() {
    let origin = Origin::answering(OK).await;
    let long = [b"Qzv\xE9".repeat(40), b"wkx".repeat(10_000)].concat();
    let strict = "[policy]\npreset = \"strict\"\n";
    let dry = format!("dry_run = true\n{strict}");
    for capture in [Log::json, Log::text] {
        for settings in ["", strict, &dry, NORMALIZE, REJECT] {
            let (log, _capturing) = capture();
            let proxy = Guard::before(origin.address, settings).await;
            for (number, value) in [
                b"Qzv\xE9wkx".as_slice(),
                b"Qzv&#233;wkx&#13;&Qzv;",
                b"Qzv\xC3\xA9\xE9wkx",
                b"=?UTF-8?Q?Qzv?= Qzv%E9 \\u00e9wkx Qzv\xC3\x83\xC2\xA9",
                b"Qzv\xC0\xAFwkx\xC3",
                &long,
            ]
            .into_iter()
            .enumerate()
            {
                proxy
                    .ask(get(&[("CompanyName", value), ("wrong", value)]))
                    .await;
                soon(async {
                    while log.contents().matches("/orders").count() <= number {
                        tokio::task::yield_now().await;
                    }
                })
                .await;
            }
            let log = log.contents();
            for part in ["Qzv", "wkx", "517a76", "776b78"] {
                assert!(!log.contains(part), "{part} in {log}");
            }
        }
    }
}

#[tokio::test]
async fn requests_that_are_abandoned_leave_an_event_each_and_no_connection() {
    let (log, _capturing) = Log::json();
    let mut origin = Origin::scripted(|mut connection| async move {
        while connection.request().await.is_some() {}
        connection.tell(Message::default());
    })
    .await;
    let proxy = Guard::before(origin.address, "").await;
    for turn in 1..=50 {
        let mut client = proxy.connect().await;
        client.send(get(&[])).await;
        origin.received().await;
        drop(client);
        assert!(origin.received().await.head.is_empty(), "the end");
        let events = log.requests(turn).await;
        assert_eq!(events.len(), turn);
        assert_eq!(events[turn - 1]["ended"], "client-gone");
    }
    // Also where the client does not wait for its request to be read.
    for _ in 0..50 {
        proxy.connect().await.send(get(&[])).await;
    }
    assert_eq!(log.requests(100).await.len(), 100);
}

#[tokio::test]
async fn clean_requests_are_sampled() {
    for (every, expected) in [(0, 1), (2, 3), (1, 5)] {
        let (log, _capturing) = Log::json();
        let origin = Origin::answering(OK).await;
        let proxy = Guard::before(origin.address, &format!("log_clean = {every}\n")).await;
        let mut client = proxy.connect().await;
        for _ in 0..4 {
            client.ask(get(&[])).await;
        }
        client.ask(company(LATIN1)).await;
        assert_eq!(
            log.requests(expected).await.len(),
            expected,
            "one in {every}"
        );
    }
}

#[tokio::test]
async fn nothing_can_be_injected_into_the_log() {
    let nasty = "\u{202e}\u{2028}\u{9b}31m\u{200b}\",\"x\":\"\\";
    let request = get(&[
        ("CompanyName", nasty.as_bytes()),
        ("X", b"\xE9\"}\n\t".trim_ascii()),
        ("User-Agent", b"\xC2\x85&#27;[2J"),
    ]);
    for capture in [Log::json, Log::text] {
        let (log, _capturing) = capture();
        let origin = Origin::answering(OK).await;
        let proxy = Guard::before(origin.address, "log_values = true\n").await;
        let mut client = proxy.connect().await;
        client.ask(&request).await;
        client
            .ask(b"GET /%1b[2J HTTP/1.1\r\nHost: a\xE2\x80\xAE\r\n\r\n")
            .await;
        drop(proxy);
        let lines = log.with("host-invalid").await;
        let obeyed = |character: char| {
            (character.is_control() && character != '\n')
                || matches!(character, '\u{200b}' | '\u{2028}' | '\u{202e}')
        };
        assert!(!lines.contains(obeyed), "{lines}");
        for line in lines.lines().filter(|line| line.starts_with('{')) {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON");
        }
    }
}

#[tokio::test]
async fn text_is_for_a_person() {
    let (log, _capturing) = Log::text();
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, REJECT).await;
    proxy.ask(company(LATIN1)).await;
    let lines = log.with(" GET ").await;
    let mut lines = lines.lines().skip_while(|line| !line.contains(" GET "));
    let request = lines.next().expect("a line for the request");
    assert!(
        request.contains(" GET api.example.com/orders 400 rejected ") && request.ends_with("ms"),
        "{request}"
    );
    assert_eq!(
        lines.next(),
        Some(
            "    CompanyName: 1 octet at offset 1, likely windows-1252 \
             (latin1, reject, rule \"company names are UTF-8\")"
        )
    );
}

#[tokio::test]
async fn text_shows_a_value_and_what_was_meant_where_values_are_logged() {
    let (log, _capturing) = Log::text();
    let origin = Origin::answering(OK).await;
    let proxy = Guard::before(origin.address, "log_values = true\n").await;
    let secret = ("Authorization", b"Basic s\xE9cret".as_slice());
    proxy
        .ask(get(&[("X-Name", b"T\xE9l\\\xE9\xC2\x9B"), secret]))
        .await;
    let lines = log.with(" 200 ").await;
    let lines: Vec<&str> = lines.lines().filter(|line| line.starts_with(' ')).collect();
    let sent = r" — sent T\xE9l\\\xE9\xC2\x9B";
    assert!(lines[0].starts_with("    X-Name: ") && lines[0].contains(sent));
    assert!(lines[1].starts_with("    X-Name: ") && !lines[1].contains("sent"));
    let last = lines.last().expect("a line");
    assert!(last.starts_with("    Authorization: ") && !last.contains("sent"));

    let (log, _capturing) = Log::text();
    proxy.ask(company(LATIN1)).await;
    let lines = log.with(" 200 ").await;
    let first = lines.lines().find(|line| line.starts_with(' '));
    let first = first.expect("a line");
    let end = r" — sent T\xE9l\xE9bec LP, meant Télébec LP";
    assert!(first.starts_with("    CompanyName: ") && first.ends_with(end));
}

impl Peer {
    /// What follows the next head, up to where its body ends or is cut.
    async fn rest_after_head(&mut self) -> Vec<u8> {
        let mut message = self.head().await.expect("a head");
        // A body that is cut off is among those that are asked for.
        let _ = self.body(&mut message).await;
        [message.head, message.body].concat()
    }

    /// Sends a request whose connection may end before it is all sent.
    async fn message_after(&mut self, request: &str) -> Message {
        let _ = self.try_send(request).await;
        self.message().await.expect("an answer")
    }
}
