//! The whole exchange, from a client's octets over an origin's back to the
//! client. Whatever either of them sends, however it is cut:
//!
//! 1. Nothing panics; libFuzzer ends the process also for a panic that would
//!    be contained.
//! 2. What the origin receives is complete requests, the last perhaps cut off,
//!    each with right octets, one `Host` and one framing.
//! 3. Each of them is one that the client sent, with its fields and its body,
//!    and with what the proxy says of the client; no value in it is one that
//!    the policy rejects; and what is not idempotent comes no more often than
//!    it was sent.
//! 4. What the client receives is responses, one for each request at most, the
//!    last perhaps cut off, and none behind one that closes.
//! 5. Nothing lasts: once the client is gone and all time is over, so is its
//!    connection.
//! 6. A line of the log is one line.

#![no_main]

use headguard::Outcome;
use headguard::config::{Config, Source, read};
use headguard::proxy::fuzzing::{self, Accept, Request, Server};
use headguard::proxy::trace::EventLayer;
use libfuzzer_sys::fuzz_target;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Once;
use std::time::Duration;
use strict::{End, Message};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, timeout};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[path = "../pieces.rs"]
mod pieces;
#[path = "../strict.rs"]
mod strict;

/// Stands between what the client sends and each of the origin's answers.
const SEPARATOR: &[u8] = b"\xFE\xFF";

/// What the policies are: each a file of its own.
const CONFIGS: [&str; 5] = [
    "policy.preset = 'strict'",
    "policy.preset = 'repair'\n\
     [limits]\nhead = 1024\nfield = 128\nfields = 16\ntarget = 64\n",
    "[forwarded]\nforwarded = true\nx_forwarded = false\n\
     [policy]\npreset = 'log'\n\
     [[policy.rule]]\nname = 'a'\nfields = ['*']\n\
     normalize = ['latin1', 'char-ref', 'double-encoded']\n\
     reject = ['invalid-utf8', 'control', 'bidi-control']\n\
     [[policy.response.rule]]\nname = 'b'\nfields = ['*']\n\
     normalize = ['latin1', 'char-ref']\nreject = ['invalid-utf8']\n",
    "[policy]\npreset = 'log'\n\
     [[policy.rule]]\nname = 'a'\nfields = ['*']\nnormalize = ['latin1', 'char-ref']\n",
    "dry_run = true\n\
     [policy]\npreset = 'strict'\n",
];

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    static SERVERS: Vec<(Config, Server)> = CONFIGS.iter().map(|text| server(text)).collect();
}

fn server(text: &str) -> (Config, Server) {
    let name = "headguard.toml";
    let config = read(Some(Source { name, text }), &[]).unwrap_or_else(|wrong| panic!("{wrong}"));
    let server = Server::new(config.clone()).expect("it has no TLS");
    (config, server)
}

// The client's octets come first, then the origin's answers; of the last octets
// one chooses the policy and how the origin behaves, and one the cuts.
fuzz_target!(|input: &[u8]| {
    static LOG: Once = Once::new();
    LOG.call_once(|| {
        tracing_subscriber::registry()
            .with(EventLayer::json(|| Lines))
            .init();
    });
    let [octets @ .., choice, cuts] = input else {
        return;
    };
    let mut parts = split(octets).into_iter();
    let client = parts.next().unwrap_or_default();
    if client.starts_with(b"PRI") {
        // HTTP/2 is hyper's to read.
        return;
    }
    let script = Script {
        client,
        answers: parts.map(<[u8]>::to_vec).collect(),
        cuts: *cuts,
        closes: choice & 0x10 != 0,
        is_hasty: choice & 0x20 != 0,
        client_leaves: choice & 0x40 != 0,
    };
    SERVERS.with(|servers| {
        let (config, server) = &servers[usize::from(choice & 15) % servers.len()];
        let seen = RUNTIME.with(|runtime| LocalSet::new().block_on(runtime, play(server, &script)));
        check(config, &script, &seen);
    });
});

fn split(octets: &[u8]) -> Vec<&[u8]> {
    let (mut parts, mut rest) = (Vec::new(), octets);
    while let Some(at) = rest.windows(2).position(|two| two == SEPARATOR) {
        parts.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    parts.push(rest);
    parts
}

/// Who does what.
struct Script<'i> {
    client: &'i [u8],
    answers: VecDeque<Vec<u8>>,
    cuts: u8,
    /// The origin closes after each answer.
    closes: bool,
    /// The origin answers as soon as something comes.
    is_hasty: bool,
    /// The client closes its half as soon as it has sent everything.
    client_leaves: bool,
}

/// What came of it.
#[derive(Default)]
struct Seen {
    by_client: Vec<u8>,
    /// By connection.
    by_origin: Vec<Vec<u8>>,
}

/// So long that everybody waits for everybody else.
const LONG: Duration = Duration::from_secs(60);

/// So long that nobody has anything more to say.
const QUIET: Duration = Duration::from_millis(1);

async fn play(server: &Server, script: &Script<'_>) -> Seen {
    let seen = Rc::new(RefCell::new(Seen::default()));
    let room = 16 << (script.cuts & 7);
    let thread = server.worker({
        let seen = Rc::clone(&seen);
        let answers = Rc::new(RefCell::new(script.answers.clone()));
        let (closes, is_hasty) = (script.closes, script.is_hasty);
        move || {
            let (near, far) = duplex(room);
            let answers = Rc::clone(&answers);
            spawn_local(originate(far, Rc::clone(&seen), answers, closes, is_hasty));
            near
        }
    });
    let (near, far) = duplex(room);
    let served = spawn_local(thread.clone().serve(far));
    let (mut from, mut to) = tokio::io::split(near);
    let listening = spawn_local({
        let seen = Rc::clone(&seen);
        async move {
            let mut buffer = [0; 256];
            while let Ok(length @ 1..) = from.read(&mut buffer).await {
                seen.borrow_mut()
                    .by_client
                    .extend_from_slice(&buffer[..length]);
            }
        }
    });
    let said = async {
        for piece in pieces::cut(script.client, script.cuts) {
            to.write_all(piece).await?;
            tokio::task::yield_now().await;
        }
        io::Result::Ok(())
    };
    // It may be closed already, or nobody listens any more.
    let _ = timeout(LONG, said).await;
    if !script.client_leaves {
        sleep(LONG).await;
    }
    let _ = to.shutdown().await;
    // Whoever still waits is told that all time is over, and again.
    for hours in 1..=8 {
        sleep(LONG).await;
        thread.let_it_be(Duration::from_secs(3600 * hours));
    }
    sleep(LONG).await;
    assert!(served.is_finished(), "it lasts");
    listening.abort();
    let _ = listening.await;
    seen.take()
}

async fn originate(
    mut stream: DuplexStream,
    seen: Rc<RefCell<Seen>>,
    answers: Rc<RefCell<VecDeque<Vec<u8>>>>,
    closes: bool,
    is_hasty: bool,
) {
    let place = {
        let mut seen = seen.borrow_mut();
        seen.by_origin.push(Vec::new());
        seen.by_origin.len() - 1
    };
    let mut buffer = [0; 256];
    let mut is_asked = false;
    loop {
        let came = match is_asked {
            true if is_hasty => None,
            true => timeout(QUIET, stream.read(&mut buffer)).await.ok(),
            false => Some(stream.read(&mut buffer).await),
        };
        match came {
            Some(Ok(length @ 1..)) => {
                is_asked = true;
                let mut seen = seen.borrow_mut();
                seen.by_origin[place].extend_from_slice(&buffer[..length]);
            }
            Some(_) => return,
            None => {
                is_asked = false;
                let answer = answers.borrow_mut().pop_front();
                let Some(answer) = answer else { return };
                let _ = timeout(LONG, stream.write_all(&answer)).await;
                if closes {
                    return;
                }
            }
        }
    }
}

fn check(config: &Config, script: &Script<'_>, seen: &Seen) {
    let sent = fuzzing::requests([script.client], 1000);
    let is_clean = |lines: &[(String, Vec<u8>)]| {
        !lines
            .iter()
            .any(|(name, value)| is_rejected(config, name, value))
    };
    let may_go_on = |request: &&Request| request.accepted.is_some() && is_clean(&request.fields);
    let right: Vec<_> = sent.iter().filter(may_go_on).collect();
    let switches = script
        .answers
        .iter()
        .any(|answer| answer.windows(3).any(|three| three == b"101"));
    let mut unsafe_ones = 0;
    for octets in &seen.by_origin {
        let mut rest = &octets[..];
        while let Some(request) = received(&mut rest) {
            let mut alike = right.iter().filter(|sent| is_the_same(sent, &request));
            // Where its trailers are refused, a body does not come to its end.
            let known = alike.any(|sent| {
                has_its_fields(config, sent, &request)
                    && (!request.is_complete || is_clean(&sent.trailers))
            });
            assert!(known, "nobody sent {request:?}\nbut {sent:?}");
            hops_are_ours(config, &request);
            for (name, value) in request.fields.iter().chain(&request.trailers) {
                assert!(!is_rejected(config, name, value), "{name} of {request:?}");
            }
            unsafe_ones += usize::from(!is_idempotent(&request.first));
            let is_tunnel = switches && !request.values("Upgrade").is_empty();
            if is_tunnel || !request.is_complete {
                break;
            }
        }
    }
    let most = sent
        .iter()
        .filter(|request| !is_idempotent(&request.method))
        .count();
    assert!(
        unsafe_ones <= most,
        "{unsafe_ones} of {most} were sent twice"
    );
    answered(&seen.by_client, &sent);
}

/// The next request that the origin has of a connection; nothing at its end.
fn received(rest: &mut &[u8]) -> Option<Message> {
    let mut request = strict::head(rest)?;
    let words: Vec<_> = request.first.split(' ').collect();
    let [method, target, "HTTP/1.1"] = words[..] else {
        panic!("no request line: {request:?}");
    };
    assert!(
        !method.is_empty() && target.starts_with(['/', '*']),
        "{request:?}"
    );
    assert_eq!(request.values("Host").len(), 1, "{request:?}");
    let end = request.end().unwrap_or(End::Length(0));
    strict::body(&mut request, end, rest);
    for (name, _) in &request.trailers {
        assert!(!fuzzing::is_framing_or_routing(name), "{request:?}");
    }
    Some(request)
}

/// Whether a request is the one that was sent, as much of it as came.
fn is_the_same(sent: &Request, received: &Message) -> bool {
    let Some(Accept { path_and_query, .. }) = &sent.accepted else {
        return false;
    };
    let path = match path_and_query.as_str() {
        "" if sent.method == "OPTIONS" => "*".to_owned(),
        "" => "/".to_owned(),
        query if query.starts_with('?') => format!("/{query}"),
        path => path.to_owned(),
    };
    let bodies_agree = match received.is_complete {
        true => sent.complete && sent.body == received.body,
        false => sent.body.starts_with(&received.body),
    };
    received.first == format!("{} {path} HTTP/1.1", sent.method) && bodies_agree
}

/// Whether the fields that mean nothing to a proxy are those that were sent, in
/// their order, repaired where that is asked. `Connection` takes some along.
fn has_its_fields(config: &Config, sent: &Request, received: &Message) -> bool {
    let plain = |(name, _): &&(String, Vec<u8>)| !fuzzing::is_known(name);
    let nominated = |name: &str| {
        let connections = sent.fields.iter();
        connections
            .filter(|(own, _)| own.eq_ignore_ascii_case("Connection"))
            .flat_map(|(_, value)| value.split(|&octet| octet == b','))
            .any(|option| option.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
    };
    let mut rest = received.fields.iter().filter(plain).peekable();
    for line in sent.fields.iter().filter(plain) {
        if rest
            .next_if(|own| is_what_is_made_of(config, line, own))
            .is_none()
            && !nominated(&line.0)
        {
            return false;
        }
    }
    let mut trailers = received.trailers.iter();
    rest.next().is_none()
        && trailers.all(|own| {
            let sent = &mut sent.trailers.iter();
            sent.any(|line| is_what_is_made_of(config, line, own))
        })
}

/// Whether a field is as it was sent, or as the policy repairs it.
fn is_what_is_made_of(
    config: &Config,
    (name, value): &(String, Vec<u8>),
    (own_name, own): &(String, Vec<u8>),
) -> bool {
    let verdict = config.policy.decide(name, value);
    let repaired = match verdict.outcome() {
        Outcome::Rewrite(normalized) => normalized.as_str().as_bytes(),
        _ => value,
    };
    own_name == name && (own == value || own == repaired)
}

/// The client is not trusted to say who it is.
fn hops_are_ours(config: &Config, request: &Message) {
    let ours = |name: &str, value: &[u8]| {
        let values = request.values(name);
        let expected: &[&[u8]] = if config.forwarded.x_forwarded {
            &[value]
        } else {
            &[]
        };
        assert_eq!(values, expected, "{name} of {request:?}");
    };
    ours("X-Forwarded-For", b"192.0.2.1");
    ours("X-Forwarded-Proto", b"http");
    let forwarded = request.values("Forwarded").len();
    assert_eq!(
        forwarded,
        usize::from(config.forwarded.forwarded),
        "{request:?}"
    );
}

fn is_rejected(config: &Config, name: &str, value: &[u8]) -> bool {
    !config.dry_run
        && matches!(
            config.policy.decide(name, value).outcome(),
            Outcome::Reject(_)
        )
}

fn is_idempotent(method: &str) -> bool {
    let method = method.split(' ').next().unwrap_or_default();
    const IDEMPOTENT: [&str; 9] = [
        "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PROPFIND", "REPORT", "SEARCH",
    ];
    IDEMPOTENT.contains(&method)
}

/// What the client has are responses to what it sent.
fn answered(octets: &[u8], sent: &[Request]) {
    let mut rest = octets;
    let mut asked = sent.iter();
    let mut current = asked.next();
    let mut closes = false;
    while !rest.is_empty() {
        let text = octets.escape_ascii();
        assert!(!closes, "something behind a response that closes: {text}");
        let Some(mut response) = strict::head(&mut rest) else {
            return;
        };
        let status = status(&response.first).unwrap_or_else(|| panic!("no status: {text}"));
        let is_http_11 = current.is_none_or(|request| request.is_http_11);
        let end = response.end();
        if let 100..=199 = status {
            assert!(end.is_none() && is_http_11, "{text}");
            match status {
                101 => return,
                _ => continue,
            }
        }
        let to_head = current.is_some_and(|request| request.method == "HEAD");
        closes = response
            .values("Connection")
            .iter()
            .any(|value| value.eq_ignore_ascii_case(b"close"));
        closes |= !is_http_11 || current.is_none();
        let end = match end {
            _ if to_head || matches!(status, 204 | 304) => End::Length(0),
            Some(end) => end,
            None if !is_http_11 => End::Close,
            None => panic!("without an end: {text}"),
        };
        assert!(is_http_11 || end != End::Chunked, "{text}");
        strict::body(&mut response, end, &mut rest);
        if !response.is_complete {
            return;
        }
        current = asked.next();
    }
}

fn status(line: &str) -> Option<u16> {
    let digits = line.strip_prefix("HTTP/1.1 ")?;
    let (digits, reason) = digits.split_at_checked(3)?;
    let is_line = digits.bytes().all(|digit| digit.is_ascii_digit())
        && (reason.is_empty() || reason.starts_with(' '));
    digits
        .parse()
        .ok()
        .filter(|status| is_line && (100..=999).contains(status))
}

/// What the log is written to.
struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(line).expect("a line of UTF-8");
        let content = text.strip_suffix('\n').expect("a whole line");
        assert!(!content.contains(char::is_control), "{content}");
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
