//! The effective configuration as a file that says the same.

use super::Config;
use super::key::Key;
use super::keys::KEYS;
use super::rule_keys::RULE_KEYS;
use crate::finding::FindingKind;
use crate::policy::{Action, Policy, Rule};
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
            print_rules(&mut file, section, config);
            section = home;
            line(&mut file, &format!("\n[{section}]"));
        }
        comment(&mut file, key);
        match (key.slot.show)(config) {
            Some(value) => line(&mut file, &format!("{name} = {value}")),
            None => line(&mut file, &format!("# {name} = {}", key.example)),
        }
    }
    print_rules(&mut file, section, config);
    file
}

fn comment(file: &mut String, key: &Key) {
    line(file, "");
    comment_lines(file, key.doc);
    comment_lines(file, key.more);
    let (flag, variable) = (key.flag, key.variable);
    let default = match key.default {
        Some(default) => format!("default {default}"),
        None => "no default; for example:".to_owned(),
    };
    let start = if key.at_start {
        "; counts at a start only"
    } else {
        ""
    };
    comment_lines(file, &format!("{flag}, {variable}; {default}{start}"));
}

/// The rules that stand in a section, if it is one that has them.
fn print_rules(file: &mut String, section: &str, config: &Config) {
    let about = "Rules: later ones win, and all win over the preset, kind by kind.";
    let (rules, about) = match section {
        "policy" => (config.policy.rules(), about),
        "policy.response" => (
            config
                .response_policy
                .as_ref()
                .map_or(&[][..], Policy::rules),
            "Rules for responses, [[policy.response.rule]], have the keys of those for requests.",
        ),
        _ => return,
    };
    line(file, "");
    comment_lines(file, about);
    if rules.is_empty() && section == "policy" {
        example(file);
    }
    for (place, rule) in rules.iter().enumerate() {
        line(file, &format!("\n[[{section}.rule]]"));
        print_rule(file, rule, place == 0);
    }
}

/// The keys that the rule has, explained in the first rule.
fn print_rule(file: &mut String, rule: &Rule, explained: bool) {
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
        "forward_as" => rule.form().map(|form| quoted(form.name())),
        action => {
            let action = action.parse::<Action>().ok()?;
            let names: Vec<_> = rule.kinds(action).map(FindingKind::name).collect();
            (!names.is_empty()).then(|| quoted_list(&names))
        }
    }
}

pub(super) fn quoted_list<S: AsRef<str>>(list: &[S]) -> String {
    let list: Vec<_> = list.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", list.join(", "))
}

/// A TOML basic string (TOML 1.0, "String"): only `"`, `\` and controls are escaped.
pub(super) fn quoted(text: &str) -> String {
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
