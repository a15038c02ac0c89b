//! What the README shows is what happens.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]
#![cfg(feature = "cli")]

use headguard::config::{self, Source};
use std::process::Command;

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
