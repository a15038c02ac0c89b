//! The effective configuration as a file that says the same.

use super::Config;
use super::key::Key;
use super::keys::{KEYS, RULE_KEYS};
use crate::finding::FindingKind;
use crate::policy::{Action, Rule};
use std::fmt::Write as _;

/// Writes every key with what it is for, its flag and its variable, and every rule.
pub(super) fn print(config: &Config) -> String {
    let mut file = String::from(
        "# The effective configuration of headguard.\n\
         # A flag goes before a variable, a variable before this file.\n",
    );
    let mut section = "";
    for key in KEYS {
        let (home, name) = key.place();
        if home != section {
            section = home;
            line(&mut file, &format!("\n[{section}]"));
        }
        comment(&mut file, key);
        line(&mut file, &format!("{name} = {}", (key.slot.show)(config)));
    }
    line(&mut file, "");
    comment_lines(
        &mut file,
        "Rules: later ones win, and all win over the preset, kind by kind.",
    );
    if config.policy.rules().is_empty() {
        example(&mut file);
    }
    for (place, rule) in config.policy.rules().iter().enumerate() {
        print_rule(&mut file, rule, place == 0);
    }
    file
}

fn comment(file: &mut String, key: &Key) {
    line(file, "");
    comment_lines(file, key.doc);
    comment_lines(file, key.more);
    let (flag, variable, default) = (key.flag, key.variable, key.default);
    comment_lines(file, &format!("{flag}, {variable}; default {default}"));
}

/// The keys that the rule has, explained in the first rule.
fn print_rule(file: &mut String, rule: &Rule, explained: bool) {
    line(file, "\n[[policy.rule]]");
    for key in RULE_KEYS {
        if let Some(value) = rule_value(rule, key.name) {
            if explained {
                comment_lines(file, key.doc);
            }
            line(file, &format!("{} = {value}", key.name));
        }
    }
}

/// A rule that is only a comment, for who has none yet.
fn example(file: &mut String) {
    comment_lines(file, "For example:\n\n[[policy.rule]]");
    for key in RULE_KEYS {
        comment_lines(
            file,
            &format!("# {}\n{} = {}", key.doc, key.name, key.example),
        );
    }
}

/// The value of a rule's key as written in a file; `None` where leaving the
/// key out says the same.
fn rule_value(rule: &Rule, key: &str) -> Option<String> {
    let filled = |list: &[String]| (!list.is_empty()).then(|| quoted_list(list));
    match key {
        "name" => rule.name().map(quoted),
        "fields" => Some(quoted_list(rule.fields())),
        "routes" => filled(&rule.scope().routes),
        "methods" => filled(&rule.scope().methods),
        "hosts" => filled(&rule.scope().hosts),
        "charsets" => {
            let names: Vec<_> = rule
                .charsets()
                .iter()
                .map(|charset| charset.name())
                .collect();
            Some(quoted_list(&names))
        }
        "decode_markup" => Some(rule.decodes_markup().to_string()),
        "max_octets" => rule.octet_limit().map(|limit| limit.to_string()),
        "forward_as" => Some(quoted("utf-8")),
        action => {
            let action = action.parse::<Action>().ok()?;
            let names: Vec<_> = rule.kinds(action).map(FindingKind::name).collect();
            (!names.is_empty()).then(|| quoted_list(&names))
        }
    }
}

fn quoted_list<S: AsRef<str>>(list: &[S]) -> String {
    let list: Vec<_> = list.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", list.join(", "))
}

/// A TOML basic string (TOML 1.0, "String"): only `"`, `\` and controls are escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if character.is_control() => {
                // Writing to a string does not fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(character));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

fn comment_lines(file: &mut String, text: &str) {
    for text in text.lines() {
        line(file, format!("# {text}").trim_end());
    }
}

fn line(file: &mut String, text: &str) {
    file.push_str(text);
    file.push('\n');
}
