//! The tables: what is sent, and whether it goes on or is refused.
//!
//! Each case is sent whole and then octet by octet. What the origin received
//! is read by every reader of [`readers`](super::readers).

use super::readers::{Reading, read_by_all, whole};
use super::reason;
use super::support::{Guard, Message, Peer, soon};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::task::{JoinSet, yield_now};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

/// One case; `tests/corpus/wire/README.md` explains its keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    point: u8,
    #[serde(default)]
    line: Option<String>,
    #[serde(default)]
    fields: Vec<String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    send: Option<String>,
    #[serde(default)]
    forwarded: Vec<String>,
    #[serde(default)]
    head: Option<String>,
    #[serde(default)]
    refused: Option<String>,
    #[serde(default)]
    then: Then,
    #[serde(default)]
    settings: String,
    #[serde(default)]
    part_of_body_may_go: bool,
}

/// What becomes of the client's connection.
#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Then {
    #[default]
    Usual,
    Open,
    Closed,
}

impl Case {
    fn octets(&self) -> Vec<u8> {
        if let Some(send) = &self.send {
            return unescaped(&send.replace('\n', ""));
        }
        let mut octets = unescaped(self.line.as_deref().unwrap_or("POST / HTTP/1.1"));
        octets.extend_from_slice(b"\r\n");
        let has_host = self.fields.iter().any(|field| field.starts_with("Host:"));
        if !has_host && self.line.as_ref().is_none_or(|line| !line.contains("://")) {
            octets.extend_from_slice(b"Host: a\r\n");
        }
        for field in self.fields.iter().filter(|field| *field != "Host: none") {
            octets.extend_from_slice(&unescaped(field));
            octets.extend_from_slice(b"\r\n");
        }
        octets.extend_from_slice(b"\r\n");
        octets.extend_from_slice(&unescaped(&self.body.replace('\n', "")));
        octets
    }

    fn closes(&self) -> bool {
        match self.then {
            Then::Usual => self.refused.is_some(),
            Then::Open => false,
            Then::Closed => true,
        }
    }
}

/// `\r`, `\n`, `\t`, `\0`, `\\`, `\xNN` and `\{N*text}`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        octets.extend_from_slice(before.as_bytes());
        let (octet, length) = match after.as_bytes().first() {
            Some(b'r') => (b'\r', 1),
            Some(b'n') => (b'\n', 1),
            Some(b't') => (b'\t', 1),
            Some(b'0') => (0, 1),
            Some(b'\\') => (b'\\', 1),
            Some(b'x') => {
                let octet = u8::from_str_radix(&after[1..3], 16).expect("two hex digits");
                (octet, 3)
            }
            Some(b'{') => {
                let (times, end) = after[1..].split_once('*').expect("a number and *");
                let (what, end) = end.split_once('}').expect("a brace");
                octets.extend(what.repeat(times.parse().expect("a number")).bytes());
                rest = end;
                continue;
            }
            other => panic!("an escape of {other:?} in {text}"),
        };
        octets.push(octet);
        rest = &after[length..];
    }
    octets.extend_from_slice(rest.as_bytes());
    octets
}

/// The points that have a test below.
const POINTS: [u8; 8] = [1, 2, 3, 4, 5, 7, 9, 11];

fn cases(point: u8) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/wire");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a file");
        let file: File =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        all.extend(file.case);
    }
    let mut names: Vec<_> = all.iter().map(|case| case.name.clone()).collect();
    names.sort();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "two cases have the same name");
    let unknown = all.iter().find(|case| !POINTS.contains(&case.point));
    assert!(unknown.is_none(), "no test runs a case");
    all.retain(|case| case.point == point);
    all
}

/// An origin that writes down every octet and answers each whole request.
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    connections: Arc<Mutex<Vec<Vec<u8>>>>,
    tasks: JoinSet<()>,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        let all = Arc::clone(&connections);
        tasks.spawn(async move {
            let mut serving = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let (stream, _) = accepted.expect("accepted");
                        serving.spawn(record(stream, Arc::clone(&all)));
                    }
                    Some(_) = serving.join_next() => {}
                }
            }
        });
        Self {
            address,
            connections,
            tasks,
        }
    }

    /// What came, connection by connection, once nobody can send any more.
    pub(crate) async fn octets(mut self, guard: Guard) -> Vec<Vec<u8>> {
        drop(guard);
        // Taken after all others, and empty.
        drop(Peer::connect(self.address).await);
        let connections = Arc::clone(&self.connections);
        // Each connection holds one of them until it is read to its end.
        soon(async {
            while Arc::strong_count(&connections) > 3
                || connections.lock().expect("whole").is_empty()
            {
                yield_now().await;
            }
        })
        .await;
        self.tasks.abort_all();
        let mut connections = connections.lock().expect("whole").clone();
        connections.retain(|octets| !octets.is_empty());
        connections
    }
}

async fn record(mut stream: tokio::net::TcpStream, all: Arc<Mutex<Vec<Vec<u8>>>>) {
    let place = {
        let mut all = all.lock().expect("whole");
        all.push(Vec::new());
        all.len() - 1
    };
    let mut answered = 0;
    let mut buffer = Vec::with_capacity(1 << 16);
    while let Ok(1..) = stream.read_buf(&mut buffer).await {
        all.lock().expect("whole")[place].clone_from(&buffer);
        let requests = whole(&buffer);
        for request in &requests[answered..] {
            let body = match request.method.as_str() {
                "HEAD" => "",
                _ => "ok",
            };
            let answer = format!(
                "HTTP/1.1 200 OK\r\nX-Target: {}\r\nContent-Length: 2\r\n\r\n{body}",
                request.target
            );
            // The proxy may be gone.
            let _ = stream.write_all(answer.as_bytes()).await;
        }
        answered = requests.len();
    }
}

/// How a case is sent.
#[derive(Clone, Copy, Debug)]
enum Pace {
    Whole,
    Drip,
}

async fn run(case: &Case, pace: Pace) {
    let name = format!("{} ({pace:?})", case.name);
    let origin = Recorder::start().await;
    let guard = Guard::before(origin.address, &case.settings).await;
    let mut client = guard.connect().await;
    client.stream.set_nodelay(true).expect("set");
    let octets = case.octets();
    // A refusal may come before all is sent.
    match pace {
        Pace::Whole => drop(client.try_send(&octets).await),
        Pace::Drip => {
            for octet in octets {
                if client.try_send([octet]).await.is_err() {
                    break;
                }
                yield_now().await;
            }
        }
    }
    let mut expected: Vec<String> = case.forwarded.clone();
    for request in &case.forwarded {
        let mut words = request.split(' ');
        let (method, target) = (words.next().expect("a method"), words.next());
        let answer = answer(&mut client, method == "HEAD").await;
        let answer = answer.unwrap_or_else(|| panic!("{name}: no answer to {request}"));
        assert_eq!(
            (answer.status(), &*answer.value("x-target")),
            (200, target.expect("a target")),
            "{name}: {}",
            answer.head.escape_ascii()
        );
    }
    if let Some(refused) = &case.refused {
        let refusal = answer(&mut client, false).await;
        let refusal = refusal.unwrap_or_else(|| panic!("{name}: no answer"));
        let told = format!("{} {}", refusal.status(), reason(&refusal));
        assert_eq!(&told, refused, "{name}");
        if case.closes() {
            assert_eq!(refusal.value("connection"), "close", "{name}");
        }
    }
    if case.closes() {
        let more = client.rest().await;
        assert_eq!(more.escape_ascii().to_string(), "", "{name}: more came");
    } else {
        // The connection is in step: it carries on with the next request.
        client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let next = answer(&mut client, false).await;
        let next = next.unwrap_or_else(|| panic!("{name}: closed"));
        assert_eq!(next.status(), 200, "{name}: {}", next.head.escape_ascii());
        assert_eq!(next.value("x-target"), "/next", "{name}");
        expected.push("GET /next".to_owned());
    }
    let connections = origin.octets(guard).await;
    check(case, &name, &connections, &expected);
}

/// The next answer whole. One to HEAD has no body, whatever it says.
async fn answer(client: &mut Peer, to_head: bool) -> Option<Message> {
    match to_head {
        true => client.head().await,
        false => client.message().await,
    }
}

fn check(case: &Case, name: &str, connections: &[Vec<u8>], expected: &[String]) {
    let readings: Vec<Reading> = connections
        .iter()
        .map(|octets| read_by_all(octets, name))
        .collect();
    let requests: Vec<_> = readings
        .iter()
        .flat_map(|reading| &reading.requests)
        .collect();
    let told: Vec<String> = requests
        .iter()
        .map(|request| {
            let start = format!("{} {}", request.method, request.target);
            match &*request.body {
                [] => start,
                body => format!("{start} {}", body.escape_ascii()),
            }
        })
        .collect();
    assert_eq!(told, expected, "{name}");
    let octets = connections.concat();
    if expected.is_empty() && !case.part_of_body_may_go {
        assert_eq!(
            octets.escape_ascii().to_string(),
            "",
            "{name}: nothing goes"
        );
    }
    if !case.part_of_body_may_go {
        let unfinished = readings.iter().any(|reading| reading.unfinished);
        assert!(!unfinished, "{name}: {}", octets.escape_ascii());
    }
    if let Some(head) = &case.head {
        let head = unescaped(&head.replace('\n', ""));
        assert_eq!(
            octets[..head.len().min(octets.len())]
                .escape_ascii()
                .to_string(),
            head.escape_ascii().to_string(),
            "{name}"
        );
    }
}

async fn run_all(point: u8, at_least: usize) {
    let cases = cases(point);
    assert!(cases.len() >= at_least, "{} cases", cases.len());
    let mut failed = Vec::new();
    for case in cases.into_iter().map(Arc::new) {
        for pace in [Pace::Whole, Pace::Drip] {
            let case = Arc::clone(&case);
            let name = case.name.clone();
            // A task of its own, so that all that fail are told.
            if tokio::spawn(async move { run(&case, pace).await })
                .await
                .is_err()
            {
                failed.push(format!("{name} ({pace:?})"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test]
async fn point_01_transfer_encoding_is_one_chunked_or_refused() {
    run_all(1, 35).await;
}

#[tokio::test]
async fn point_02_lengths_and_chunk_sizes_are_digits_or_refused() {
    run_all(2, 35).await;
}

#[tokio::test]
async fn point_03_there_is_one_host_and_it_is_the_targets() {
    run_all(3, 25).await;
}

#[tokio::test]
async fn point_04_controls_bare_line_ends_and_folds_are_refused() {
    run_all(4, 30).await;
}

#[tokio::test]
async fn point_05_hop_by_hop_fields_stay_and_no_checked_field_is_stripped() {
    run_all(5, 12).await;
}

#[tokio::test]
async fn point_07_http_1_0_is_told_1_1_and_closed() {
    run_all(7, 3).await;
}

#[tokio::test]
async fn point_09_trailers_carry_no_framing() {
    run_all(9, 10).await;
}

#[tokio::test]
async fn point_11_asterisk_and_absolute_form_work_and_connect_does_not() {
    run_all(11, 12).await;
}
