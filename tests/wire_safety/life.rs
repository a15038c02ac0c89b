//! The program's life: signals, reloads, drains, and what it costs (points 18,
//! 20 and 21).

use super::support::{Guard, Log, OK, Origin, Peer, soon};
use super::{answered, get};
use headguard::config::{Source, read};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::yield_now;

const SLOW: Duration = Duration::from_secs(15);

/// A folder of this test's own.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("headguard-life-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, text: &str) -> PathBuf {
        let path = self.0.join("headguard.toml");
        std::fs::write(&path, text).expect("written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The program, as it is started on a machine.
struct Program {
    child: Child,
    address: SocketAddr,
    log: mpsc::Receiver<String>,
}

impl Program {
    fn start(file: &Path, limit: Option<u32>) -> Self {
        // `exec`, so that the process is the proxy itself.
        let limit = limit
            .map(|limit| format!("ulimit -n {limit}; "))
            .unwrap_or_default();
        let mut child = Command::new("sh")
            .args(["-c", &format!("{limit}exec \"$0\" \"$@\"")])
            .arg(env!("CARGO_BIN_EXE_headguard"))
            .args(["proxy", "--log", "json", "--config"])
            .arg(file)
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let stderr = child.stderr.take().expect("a pipe");
        let (sender, log) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut program = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log,
        };
        let listening = program.says("listening");
        let event: serde_json::Value = serde_json::from_str(&listening).expect("JSON");
        let address = event["address"].as_str().expect("an address");
        program.address = address.parse().expect("an address");
        program
    }

    /// The next line of the log with this in it.
    fn says(&mut self, what: &str) -> String {
        let mut before = Vec::new();
        loop {
            match self.log.recv_timeout(SLOW) {
                Ok(line) if line.contains(what) => return line,
                Ok(line) => before.push(line),
                Err(_) => panic!("nothing of {what} in {before:#?}"),
            }
        }
    }

    fn signal(&self, name: &str) {
        // The shell's own `kill`: not every machine has one as a program.
        let told = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.child.id())])
            .status();
        assert!(told.expect("a shell runs").success());
    }

    async fn ended(&mut self) -> ExitStatus {
        soon(async {
            loop {
                if let Some(status) = self.child.try_wait().expect("a status") {
                    return status;
                }
                yield_now().await;
            }
        })
        .await
    }

    /// What it has in memory, in KiB.
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("a status");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.expect("a size").parse().expect("a number")
    }

    /// What it has used of the processors, in ticks of 10 ms.
    fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.expect("a status");
        let (_, after) = stat.rsplit_once(')').expect("a name");
        let fields: Vec<&str> = after.split_whitespace().collect();
        let number = |at: usize| fields[at].parse::<u64>().expect("a number");
        number(11) + number(12)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn settings(upstream: SocketAddr, rest: &str) -> String {
    format!("listen = \"127.0.0.1:0\"\nupstream = \"http://{upstream}\"\nworkers = 2\n{rest}")
}

/// The status of `/readyz` on the administrator's socket.
fn readiness(socket: &Path) -> Option<u16> {
    let mut stream = std::os::unix::net::UnixStream::connect(socket).ok()?;
    stream
        .write_all(b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.get(9..12)?.parse().ok()
}

/// An origin that answers when it is told to.
async fn held() -> (Origin, tokio::sync::watch::Sender<bool>) {
    let (release, released) = tokio::sync::watch::channel(false);
    let origin = Origin::scripted(move |mut connection| {
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
    (origin, release)
}

#[tokio::test]
async fn point_20_sigterm_fails_readiness_first_and_loses_nothing() {
    let folder = Folder::new();
    let admin = folder.0.join("admin.sock");
    let (mut origin, release) = held().await;
    let rest = format!(
        "[admin]\nlisten = \"unix:{}\"\n[timeouts]\ndrain_delay = \"500ms\"\n",
        admin.display()
    );
    let file = folder.file(&settings(origin.address, &rest));
    let mut program = Program::start(&file, None);
    soon(async {
        while readiness(&admin) != Some(200) {
            yield_now().await;
        }
    })
    .await;
    let mut busy = Peer::connect(program.address).await;
    busy.send(get("")).await;
    origin.received().await;

    program.signal("TERM");
    soon(async {
        while readiness(&admin) != Some(503) {
            yield_now().await;
        }
    })
    .await;
    // Who had not noticed yet is served all the same.
    let mut late = Peer::connect(program.address).await;
    late.send(get("")).await;
    origin.received().await;
    // In the end nobody is let in any more.
    soon(async {
        while TcpStream::connect(program.address).await.is_ok() {
            yield_now().await;
        }
    })
    .await;
    release.send(true).expect("the origin listens");
    for client in [&mut busy, &mut late] {
        let answer = answered(client).await;
        assert_eq!((answer.status(), &*answer.body), (200, &b"ok"[..]));
        assert_eq!(answer.value("connection"), "close");
        assert!(client.is_closed().await);
    }
    assert_eq!(program.ended().await.code(), Some(0));
    assert!(!admin.exists() || readiness(&admin).is_none());
}

/// More of them wait than a task takes before it lets others have their turn.
#[tokio::test]
async fn point_20_a_drain_takes_all_who_wait_to_be_accepted() {
    let folder = Folder::new();
    let origin = Origin::answering(OK).await;
    let file = folder.file(&settings(origin.address, ""));
    let mut program = Program::start(&file, None);
    program.signal("STOP");
    let mut waiting = Vec::new();
    for _ in 0..600 {
        let mut client = Peer::connect(program.address).await;
        client.send(get("")).await;
        waiting.push(client);
    }
    program.signal("TERM");
    program.signal("CONT");
    for client in &mut waiting {
        assert_eq!(answered(client).await.status(), 200);
    }
    assert_eq!(program.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_proxy_whose_workers_cannot_run_says_so_and_ends() {
    let folder = Folder::new();
    let file = folder.file("listen = \"127.0.0.1:0\"\n");
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -n 14; exec \"$0\" proxy --workers 8 --config \"$1\"",
        ])
        .arg(env!("CARGO_BIN_EXE_headguard"))
        .arg(&file)
        .output()
        .expect("started");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(told.contains("error: "), "{told}");
}

#[tokio::test]
async fn point_20_the_second_signal_ends_it_at_once() {
    let folder = Folder::new();
    let (mut origin, _release) = held().await;
    let file = folder.file(&settings(origin.address, "[timeouts]\ndrain = \"1h\"\n"));
    let mut program = Program::start(&file, None);
    let mut busy = Peer::connect(program.address).await;
    busy.send(get("")).await;
    origin.received().await;
    program.signal("TERM");
    program.says("stopping");
    assert!(program.child.try_wait().expect("a status").is_none());
    program.signal("INT");
    let status = program.ended().await;
    // Something was lost, and that is no success.
    assert!(status.code().is_some_and(|code| code != 0), "{status:?}");
    assert!(busy.is_closed().await);
}

#[tokio::test]
async fn point_20_a_drain_has_an_end() {
    let folder = Folder::new();
    let (mut origin, _release) = held().await;
    let file = folder.file(&settings(origin.address, "[timeouts]\ndrain = \"200ms\"\n"));
    let mut program = Program::start(&file, None);
    let mut busy = Peer::connect(program.address).await;
    busy.send(get("")).await;
    origin.received().await;
    program.signal("TERM");
    assert_eq!(program.ended().await.code(), Some(0));
    assert!(busy.is_closed().await);
}

#[tokio::test]
async fn point_20_a_drain_lets_bodies_and_pipelined_requests_finish() {
    let (mut origin, release) = held().await;
    let mut guard = Guard::before(origin.address, "").await;
    let mut uploading = guard.connect().await;
    let post = "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    uploading.send(format!("{post}he")).await;
    let mut idle = guard.connect().await;
    assert!(idle.buffer.is_empty());
    let mut asking = guard.connect().await;
    asking.send(get("")).await;
    origin.received().await;
    guard.stop();
    // Who has said nothing yet was about to, perhaps; who is idle is let go.
    uploading.send("llo").await;
    assert_eq!(origin.received().await.body, b"hello");
    release.send(true).expect("the origin listens");
    for client in [&mut uploading, &mut asking] {
        let answer = answered(client).await;
        assert_eq!(
            (answer.status(), &*answer.value("connection")),
            (200, "close")
        );
    }
    assert!(idle.is_closed().await);
    guard.stopped().await;
}

const REJECT: &str = "[[policy.rule]]\nfields = [\"CompanyName\"]\nreject = [\"latin1\"]\n";

async fn company(client: &mut Peer) -> u16 {
    let request = b"GET / HTTP/1.1\r\nHost: a\r\nCompanyName: T\xE9l\r\n\r\n";
    client.ask(request).await.status()
}

#[tokio::test]
async fn point_21_sighup_takes_a_whole_file_and_no_broken_one() {
    let folder = Folder::new();
    let origin = Origin::answering(OK).await;
    let file = folder.file(&settings(origin.address, ""));
    let mut program = Program::start(&file, None);
    let mut client = Peer::connect(program.address).await;
    assert_eq!(company(&mut client).await, 200);

    folder.file(&settings(origin.address, REJECT));
    program.signal("HUP");
    program.says("reload");
    // On the same connection, from the next request on.
    assert_eq!(company(&mut client).await, 400);

    for broken in [
        "[[policy.rule]\n",
        "[[policy.rule]]\nfields = [\"CompanyName\"]\nreject = [\"latin-1\"]\n",
        "no_such_key = 1\n",
        "[limits]\nhead = 3\n",
    ] {
        folder.file(&settings(origin.address, broken));
        program.signal("HUP");
        let refused = program.says("reload");
        assert!(refused.contains("headguard.toml"), "where: {refused}");
        assert!(refused.contains("\"level\":\"error\"") || refused.contains("\"level\":\"warn\""));
        assert_eq!(company(&mut client).await, 400, "{broken}");
    }
    std::fs::remove_file(&file).expect("removed");
    program.signal("HUP");
    program.says("reload");
    assert_eq!(company(&mut client).await, 400);

    folder.file(&settings(origin.address, ""));
    program.signal("HUP");
    program.says("reload");
    assert_eq!(company(&mut client).await, 200);
}

#[test]
fn point_21_at_a_start_a_broken_file_is_exit_64_with_its_place() {
    let folder = Folder::new();
    let file = folder.file("listen = \"127.0.0.1:0\"\n[limits]\nhead = \"much\"\nnonsense = 1\n");
    let output = Command::new(env!("CARGO_BIN_EXE_headguard"))
        .args(["proxy", "--config"])
        .arg(&file)
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(64));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    for place in ["headguard.toml:3:8", "headguard.toml:4:1"] {
        assert!(said.contains(place), "{place} in {said}");
    }
}

#[tokio::test]
async fn point_21_requests_end_with_the_settings_they_began_with() {
    let (log, _capturing) = Log::json();
    let (mut origin, release) = held().await;
    let guard = Guard::before(origin.address, "").await;
    let mut before = guard.connect().await;
    before
        .send(b"GET / HTTP/1.1\r\nHost: a\r\nCompanyName: T\xE9l\r\n\r\n")
        .await;
    origin.received().await;
    let text = settings(origin.address, REJECT);
    let source = Source {
        name: "new.toml",
        text: &text,
    };
    let config = read(Some(source), &[]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let reloaded = guard.reloader.reload(config).expect("reloaded");
    assert!(reloaded.restart_needed.contains(&"workers"), "{reloaded:?}");
    log.with("reload").await;
    assert_eq!(company(&mut guard.connect().await).await, 400);
    release.send(true).expect("the origin listens");
    assert_eq!(answered(&mut before).await.status(), 200);
    assert_eq!(company(&mut before).await, 400);
    assert!(origin.is_idle());
}

/// A network that is trusted no longer is not on a connection of its own either.
#[tokio::test]
async fn point_21_the_next_request_on_a_connection_is_told_of_as_the_new_settings_say() {
    let mut origin = Origin::answering(OK).await;
    let guard = Guard::before(origin.address, "").await;
    let mut client = guard.connect().await;
    let request = get("X-Forwarded-For: 192.0.2.1\r\n");
    client.ask(&request).await;
    let told = origin.received().await.value("x-forwarded-for");
    assert_eq!(told, "192.0.2.1, 127.0.0.1");
    let text = settings(origin.address, "forwarded.trust = []\n");
    let source = Source {
        name: "new.toml",
        text: &text,
    };
    let config = read(Some(source), &[]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    guard.reloader.reload(config).expect("reloaded");
    client.ask(&request).await;
    let told = origin.received().await.value("x-forwarded-for");
    assert_eq!(told, "127.0.0.1");
}

#[tokio::test]
async fn point_21_reloads_under_load_cost_no_request() {
    let origin = Origin::answering(OK).await;
    let guard = Guard::before(origin.address, "").await;
    let text = settings(origin.address, REJECT);
    let mut client = guard.connect().await;
    for turn in 0..50 {
        let source = Source {
            name: "new.toml",
            text: &text,
        };
        let config = read(Some(source), &[]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        client.send(get("")).await;
        guard.reloader.reload(config).expect("reloaded");
        assert_eq!(answered(&mut client).await.status(), 200, "{turn}");
    }
}

const LARGE: usize = 100 << 20;

/// An origin that reads so much without keeping it, or says so much.
async fn large_origin() -> Origin {
    Origin::scripted(|mut connection| async move {
        while let Some(head) = connection.peer.head().await {
            let mut left: usize = match head.has("content-length") {
                true => head.value("content-length").parse().expect("a length"),
                false => 0,
            };
            while left > 0 {
                let came = connection.peer.buffer.len().min(left);
                left -= came;
                connection.peer.buffer.drain(..came);
                if left > 0 && connection.peer.fill().await.unwrap_or(0) == 0 {
                    return;
                }
            }
            let length = if head.line().starts_with("GET") {
                LARGE
            } else {
                0
            };
            connection
                .send(format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
                ))
                .await;
            let block = vec![b'y'; 1 << 20];
            for _ in 0..length / block.len() {
                connection.send(&block).await;
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn point_18_large_bodies_cost_little_memory() {
    let folder = Folder::new();
    let origin = large_origin().await;
    let file = folder.file(&settings(origin.address, ""));
    let program = Program::start(&file, None);
    let mut client = Peer::connect(program.address).await;
    // Once round, so that what it keeps anyway is there.
    client
        .send(format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
            1 << 20
        ))
        .await;
    client.send(vec![b'x'; 1 << 20]).await;
    assert_eq!(answered(&mut client).await.status(), 200);
    let before = program.resident();
    let mut most = before;

    client
        .send(format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {LARGE}\r\n\r\n"
        ))
        .await;
    let block = vec![b'x'; 1 << 20];
    for _ in 0..LARGE / block.len() {
        client.send(&block).await;
        most = most.max(program.resident());
    }
    assert_eq!(answered(&mut client).await.status(), 200);

    client.send(get("")).await;
    assert_eq!(client.head().await.expect("a head").status(), 200);
    let mut left = LARGE;
    loop {
        left -= client.buffer.len();
        client.buffer.clear();
        if left == 0 {
            break;
        }
        assert!(client.fill().await.expect("octets") > 0, "the end");
        most = most.max(program.resident());
    }
    let grown = most.saturating_sub(before);
    assert!(grown < 8 << 10, "{grown} KiB above {before}");
}

#[tokio::test]
async fn point_18_out_of_descriptors_it_waits_and_recovers() {
    let folder = Folder::new();
    let origin = Origin::answering(OK).await;
    let file = folder.file(&settings(origin.address, ""));
    let mut program = Program::start(&file, Some(100));
    let mut clients = Vec::new();
    for _ in 0..150 {
        clients.push(Peer::connect(program.address).await);
    }
    program.says("cannot accept");
    let (before, start) = (program.ticks(), Instant::now());
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (used, passed) = (program.ticks() - before, start.elapsed());
    // Spinning, it would use all of a processor.
    assert!(
        u128::from(used) * 10 < passed.as_millis() / 4,
        "{used} ticks in {passed:?}"
    );
    clients.clear();
    let mut client = Peer::connect(program.address).await;
    assert_eq!(client.ask(get("")).await.status(), 200);
}
