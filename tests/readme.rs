//! What the README shows is what happens.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]
#![cfg(feature = "cli")]

use headguard::config::{self, Source};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

const README: &str = include_str!("../README.md");

/// The blocks of one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    let blocks: Vec<&str> = README
        .split(&opening)
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .map(|(block, _)| block)
        .collect();
    assert!(!blocks.is_empty(), "no {language} in the README");
    blocks
}

#[test]
fn configurations_have_no_mistakes() {
    for text in blocks("toml") {
        if let Err(mistakes) = config::read(
            Some(Source {
                name: "README.md",
                text,
            }),
            &[],
        ) {
            panic!("{mistakes}");
        }
    }
}

#[test]
fn commands_print_what_is_shown() {
    for block in blocks("console") {
        let (command, shown) = block.split_once('\n').expect("a command and its output");
        let command = command
            .strip_prefix("$ headguard ")
            .expect("a headguard command");
        let shell = format!("\"$0\" {command}");
        let output = Command::new("sh")
            .args(["-c", &shell, env!("CARGO_BIN_EXE_headguard")])
            .env_remove("HEADGUARD_CONFIG")
            .env_remove("HEADGUARD_PRESET")
            .output()
            .expect("a shell");
        assert_eq!(std::str::from_utf8(&output.stdout), Ok(shown), "{command}");
    }
}

#[test]
fn refusals_look_as_shown() {
    use headguard::Policy;
    use headguard::explain::{DetailLevel, Explanation, Problem};
    let policy = Policy::builder()
        .preset(headguard::policy::Preset::Strict)
        .build()
        .expect("no rules");
    let value = b"T\xE9l\xE9bec LP";
    let refused = [Explanation::new(
        "CompanyName",
        1,
        value,
        &policy.decide("CompanyName", value),
    )];
    let problem = Problem {
        refused: &refused,
        instance: Some("urn:headguard:request:…"),
        level: DetailLevel::Full,
    };
    let real: serde_json::Value = serde_json::from_str(&problem.to_json()).expect("JSON");
    for block in blocks("json") {
        let shown: serde_json::Value = serde_json::from_str(block).expect("JSON");
        for member in [
            "type", "title", "status", "detail", "instance", "found", "send",
        ] {
            assert_eq!(shown[member], real[member], "{member}");
        }
        for (name, value) in shown["findings"][0].as_object().expect("an object") {
            assert_eq!(value, &real["findings"][0][name], "{name}");
        }
    }
}

/// The sidecar of the README, as a process: started, asked, told to stop.
#[test]
fn the_sidecar_repairs_and_stops_when_told() {
    let origin = TcpListener::bind("127.0.0.1:0").expect("a port");
    let upstream = format!("http://{}", origin.local_addr().expect("an address"));
    let file = std::env::temp_dir().join(format!("headguard-readme-{}.toml", std::process::id()));
    std::fs::write(&file, blocks("toml")[0]).expect("a file");
    let mut proxy = Command::new(env!("CARGO_BIN_EXE_headguard"))
        .args([
            "proxy",
            "--log",
            "json",
            "--listen",
            "127.0.0.1:0",
            "--upstream",
            &upstream,
        ])
        .arg("--config")
        .arg(&file)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the proxy starts");
    let mut log = BufReader::new(proxy.stderr.take().expect("a pipe")).lines();
    let mut event = || -> serde_json::Value {
        let line = log.next().expect("an event").expect("UTF-8");
        serde_json::from_str(&line).expect("JSON")
    };
    let address = event()["address"].as_str().expect("an address").to_owned();

    let received = std::thread::spawn(move || {
        let (mut stream, _) = origin.accept().expect("a connection");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut octet = [0];
            stream.read_exact(&mut octet).expect("a head");
            head.push(octet[0]);
        }
        let response = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
        stream.write_all(response).expect("sent");
        head
    });
    let mut client = TcpStream::connect(&address).expect("a connection");
    let request = b"GET /api/x HTTP/1.1\r\nHost: x\r\nCompanyName: T\xE9l\xE9bec LP\r\nConnection: close\r\n\r\n";
    client.write_all(request).expect("sent");
    let mut response = String::new();
    client.read_to_string(&mut response).expect("a response");
    assert!(response.starts_with("HTTP/1.1 204"), "{response}");
    let head = received.join().expect("a head");
    let repaired = "CompanyName: Télébec LP\r\n".as_bytes();
    assert!(
        head.windows(repaired.len())
            .any(|octets| octets == repaired),
        "{head:02x?}"
    );
    let told = event();
    assert_eq!(
        (&told["action"], &told["status"]),
        (&"normalize".into(), &204.into())
    );

    // The shell's own `kill`: not every machine has one as a program.
    let told = Command::new("sh")
        .args(["-c", &format!("kill -TERM {}", proxy.id())])
        .status();
    assert!(told.expect("a shell runs").success());
    assert!(proxy.wait().expect("the proxy ends").success());
    std::fs::remove_file(&file).expect("removed");
}
