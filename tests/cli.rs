//! The command, run as people run it: what it prints and how it ends.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]
#![cfg(feature = "cli")]

use insta::assert_snapshot;
use std::io::Write;
use std::process::{Command, Stdio};

/// Runs the command and tells everything it said.
fn headguard(args: &[&str], input: &[u8]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headguard"));
    // Nothing of the environment may change what is printed.
    command.env_clear().args(args);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut standard_input = child.stdin.take().expect("a pipe");
    // A command that wants no input closes its end first; that is its right.
    let _ = standard_input.write_all(input);
    drop(standard_input);
    let output = child.wait_with_output().expect("the command ends");
    let text = |octets| String::from_utf8(octets).expect("UTF-8");
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    let status = output.status.code().expect("a status");
    let mut told = format!("$ headguard {}\n{stdout}", args.join(" "));
    if !stderr.is_empty() {
        told += &format!("--- standard error\n{stderr}");
    }
    told + &format!("--- status {status}\n")
}

const INCIDENT: &str = r"CompanyName: T\xE9l\xE9bec LP";

#[test]
fn help() {
    for verb in ["", "explain", "check", "config", "proxy", "demo"] {
        let args: Vec<&str> = [verb, "--help"]
            .into_iter()
            .filter(|arg| !arg.is_empty())
            .collect();
        assert_snapshot!(format!("help-{verb}"), headguard(&args, b""));
    }
}

#[test]
fn explain() {
    for (name, value) in [
        ("latin1", INCIDENT),
        ("char-ref", "CompanyName: T&#233;l&eacute;bec LP"),
        ("double-encoded", "CompanyName: TÃ©lÃ©bec LP"),
        ("nested", "CompanyName: T&amp;#233;l"),
        ("clean", "CompanyName: Télébec LP"),
        ("emoji", "Name: Jérôme 🐳🚢📦 👩🏽‍💻 🇨🇦 e\u{301}"),
        ("scripts", "Name: 東京 עברית العربية हिन्दी"),
        (
            "broken",
            r"Name: \xC0\xAF \xED\xA0\x80 \xF4\x90\x80\x80 \x81 a\xC3",
        ),
        (
            "terminal",
            r"Name: a\x1B[2J\x9B31m\r\nX: 1\x00\xE2\x80\xAEb",
        ),
        ("credentials", r"Authorization: Basic s\xE9cret"),
        ("line-break", "Name: a&#13;&#10;X-Evil: 1"),
    ] {
        assert_snapshot!(
            format!("explain-{name}"),
            headguard(&["explain", value], b"")
        );
    }
}

#[test]
fn explain_takes_values_in_other_forms() {
    let told = |args: &[&str], input: &[u8]| {
        let told = headguard(args, input);
        told.lines().nth(1).unwrap_or_default().to_owned()
    };
    let expected = r"CompanyName: T\xE9l\xE9bec LP  10 octets";
    assert_eq!(told(&["explain", INCIDENT], b""), expected);
    assert_eq!(
        told(
            &["explain", "--field", "CompanyName", r"T\xE9l\xE9bec LP"],
            b""
        ),
        expected
    );
    assert_eq!(
        told(
            &[
                "explain",
                "--field",
                "CompanyName",
                "--hex",
                "54 e9 6c e9 62 65 63 20 4c 50"
            ],
            b""
        ),
        expected
    );
    assert_eq!(
        told(&["explain"], b"CompanyName: T\xE9l\xE9bec LP\r\n"),
        expected
    );
    assert_eq!(
        told(
            &["explain", "--hex", "--field", "CompanyName"],
            b"54e96ce9626563204c50\n"
        ),
        expected
    );
}

#[test]
fn explain_json_is_the_same_object() {
    let told = headguard(&["explain", "--json", INCIDENT], b"");
    let json: serde_json::Value =
        serde_json::from_str(told.lines().nth(1).expect("a line")).expect("JSON");
    assert_eq!(json["reading"]["text"], "Télébec LP");
    assert_eq!(json["findings"][1]["start"], 3);
    assert_eq!(json["send"], "54c3a96cc3a9626563204c50");
    assert_snapshot!(
        "explain-json",
        serde_json::to_string_pretty(&json).expect("JSON")
    );
}

#[test]
fn explain_tells_every_kind() {
    for kind in headguard::FindingKind::ALL {
        let told = headguard(&["explain", kind.name()], b"");
        assert!(
            told.contains("Meaning.") && told.contains("Fix the sender.") && !told.contains("**"),
            "{told}"
        );
        assert!(told.ends_with("--- status 0\n"), "{told}");
    }
}

#[test]
fn kinds_are_found_however_they_are_spelled() {
    let page = headguard(&["explain", "latin1"], b"").replace("explain latin1", "");
    assert_eq!(
        headguard(&["explain", "Latin-1"], b"").replace("explain Latin-1", ""),
        page
    );
    assert_snapshot!("kinds", headguard(&["explain", "--kinds"], b""));
    assert!(headguard(&["explain", "--field", "N", "latin1"], b"").contains("Nothing is wrong"));
    assert!(headguard(&["explain", "--json", "latin1"], b"").contains(r#""kind":"latin1""#));
}

#[test]
fn empty_variables_are_not_set() {
    let output = Command::new(env!("CARGO_BIN_EXE_headguard"))
        .args(["config", "print"])
        .envs([
            ("HEADGUARD_CONFIG", ""),
            ("HEADGUARD_LOG", ""),
            ("HEADGUARD_DRY_RUN", "true"),
        ])
        .output()
        .expect("the command runs");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        output.status.success() && printed.contains("\ndry_run = true\n"),
        "{printed}"
    );
}

#[test]
fn check_lines() {
    let head = b"GET /orders HTTP/1.1\r\nHost: api.example.com\r\nCompanyName: T\xE9l\xE9bec LP\r\nX-City: Qu\xC3\xA9bec\r\nX-Note: AT&T\r\nX-Broken: \xC0\xAF\r\n\r\n";
    assert_snapshot!("check-lines", headguard(&["check"], head));
    assert_snapshot!(
        "check-strict",
        headguard(
            &["check", "--preset", "strict", "--fail-on", "reject"],
            head
        )
    );
    assert_snapshot!("check-clean", headguard(&["check"], b"CompanyName: AT&T\n"));
    assert_snapshot!(
        "check-tolerant",
        headguard(&["check", "--fail-on", "reject"], head)
    );
}

#[test]
fn check_judges_requests_by_the_rules_for_them() {
    let file = std::env::temp_dir().join(format!("headguard-scope-{}.toml", std::process::id()));
    let rule = "[[policy.rule]]\nfields = [\"CompanyName\"]\nroutes = [\"/api/*\"]\nhosts = [\"a.example\"]\nreject = [\"latin1\"]\n";
    std::fs::write(&file, rule).expect("a file");
    let config = file.display().to_string();
    let check = |more: &[&str], input: &[u8]| {
        let told = headguard(&[&["check", "--config", &config], more].concat(), input);
        told.replace(&config, "headguard.toml")
    };
    let requests = b"POST /api/x?y HTTP/1.1\r\nCompanyName: T\xE9l\r\nHost: a.example:80\r\n\r\nbody: caf\xE9\r\nGET / HTTP/1.1\r\nHost: a.example\r\nCompanyName: T\xE9l\r\n\r\n";
    assert_snapshot!("check-requests", check(&["--fail-on", "reject"], requests));
    assert_snapshot!(
        "check-unscoped",
        check(&["--fail-on", "reject"], b"CompanyName: T\xE9l\n")
    );
    let told = check(
        &[
            "--fail-on",
            "reject",
            "--path",
            "/api/",
            "--host",
            "A.example",
        ],
        b"CompanyName: T\xE9l\n",
    );
    assert!(told.ends_with("--- status 1\n"), "{told}");
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn check_is_not_fooled_by_lines_that_look_like_others() {
    for line in [
        &b"Via: caf\xE9 HTTP/1.1"[..],
        b"X: a HTTP/1.1 caf\xE9 HTTP/1.0",
        b"HTTP/1.1-Note: caf\xE9",
    ] {
        let told = headguard(&["check"], line);
        assert!(
            told.contains("latin1") && told.ends_with("--- status 1\n"),
            "{told}"
        );
    }
    let folded = headguard(&["check"], b"Authorization: Basic\r\n c2Vjcm\xE9t\r\n");
    assert!(
        !folded.contains("c2Vj") && folded.contains("Authorization: latin1"),
        "{folded}"
    );
    let json = headguard(
        &["check", "--jsonl"],
        br#"{"id":1,"field":"Authorization","hex":"42656172657220636166e9"}"#,
    );
    assert!(
        json.contains(r#""reading":null,"action":"log","forward":null"#),
        "{json}"
    );
}

#[test]
fn check_goes_on_after_a_file_it_cannot_read() {
    let told = headguard(&["check", "/nonexistent/a", "-"], b"N: T\xE9l\n");
    assert!(
        told.contains("standard input:1: N: ") && told.ends_with("--- status 2\n"),
        "{told}"
    );
}

#[test]
fn check_jsonl() {
    let lines = br#"{"id":1,"field":"CompanyName","hex":"54e96c"}
{"id":"two","field":"CompanyName","hex":"54c3a96c"}
{"id":{"n":3},"hex":"414226616d703b43"}
{"id":4,"hex":"5"}
not json
{"id":6,"field":"Referer","hex":"2f3f613d31266561637574653b"}
{"id":7,"field":"N","hex":"6126233133 3b"}
{"id":8,"feild":"Authorization","hex":"00"}
[]
"#;
    assert_snapshot!(
        "check-jsonl",
        headguard(&["check", "--jsonl", "--preset", "repair"], lines)
    );
}

#[test]
fn usage_errors() {
    for (name, args) in [
        ("no-verb", &[][..]),
        ("bad-hex", &["explain", "--hex", "5x"]),
        ("bad-name", &["explain", "--field", "Bad Name", "x"]),
        ("empty", &["explain"]),
        ("bad-preset", &["check", "--preset", "loose"]),
        ("no-file", &["check", "/nonexistent/head.txt"]),
        (
            "no-config",
            &["config", "check", "/nonexistent/headguard.toml"],
        ),
        (
            "bad-flag",
            &[
                "config",
                "print",
                "--limits-head",
                "many",
                "--upstream",
                "ftp://api.example.com",
            ],
        ),
    ] {
        assert_snapshot!(format!("usage-{name}"), headguard(args, b""));
    }
}

#[test]
fn config_check_reports_every_mistake_with_its_place() {
    let file = std::env::temp_dir().join(format!("headguard-cli-{}.toml", std::process::id()));
    let text = "[limits]\nhead = \"big\"\n\n[[policy.rule]]\nfields = [\"CompanyName\", \"Host\"]\nnormalize = [\"latin1\", \"latin-1\"]\n";
    std::fs::write(&file, text).expect("a file");
    let told = headguard(&["config", "check", &file.display().to_string()], b"");
    std::fs::remove_file(&file).expect("removed");
    assert_snapshot!(
        "config-check",
        told.replace(&file.display().to_string(), "headguard.toml")
    );
}

#[test]
fn config_print_reads_back() {
    let file = std::env::temp_dir().join(format!("headguard-print-{}.toml", std::process::id()));
    let print = |args: &[&str]| {
        let told = headguard(&[&["config", "print"], args].concat(), b"");
        told.split_once('\n')
            .map(|(_, rest)| rest.replace("--- status 0\n", ""))
            .expect("output")
    };
    let first = print(&["--preset", "strict", "--limits-field", "4096", "--dry-run"]);
    std::fs::write(&file, &first).expect("a file");
    let second = print(&["--config", &file.display().to_string()]);
    std::fs::remove_file(&file).expect("removed");
    assert_eq!(first, second);
    assert!(
        first.contains("\npreset = \"strict\"\n")
            && first.contains("\nfield = 4096\n")
            && first.contains("\ndry_run = true\n")
    );
}

#[test]
fn completions_name_the_verbs() {
    for shell in ["bash", "zsh", "fish"] {
        let script = headguard(&["completions", shell], b"");
        assert!(
            ["demo", "proxy", "explain", "check"]
                .iter()
                .all(|verb| script.contains(verb)),
            "{shell}"
        );
    }
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_headguard"))
        .args(["config", "print"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the command ends");
    assert!(
        output.stderr.is_empty() && output.status.success(),
        "{output:?}"
    );
}

#[test]
fn demo_shows_what_the_origin_received() {
    let told = headguard(&["demo", "--once", "--listen", "127.0.0.1:0"], b"");
    let received = |octets: &str| {
        told.matches(&format!("200 origin received {octets}  "))
            .count()
    };
    let (latin1, utf8) = (
        "54 E9 6C E9 62 65 63 20 4C 50",
        "54 C3 A9 6C C3 A9 62 65 63 20 4C 50",
    );
    let references = "54 26 23 32 33 33 3B 6C 26 23 32 33 33 3B 62 65 63 20 4C 50";
    // Latin-1 as it came by /log; UTF-8 three times as it came and twice repaired.
    assert_eq!(
        (received(latin1), received(utf8), received(references)),
        (1, 5, 1),
        "{told}"
    );
    let refused =
        "400 CompanyName: octet E9 at offset 1 is not UTF-8; it reads as é in windows-1252";
    assert!(
        told.contains(refused) && told.ends_with("--- status 0\n"),
        "{told}"
    );
}
