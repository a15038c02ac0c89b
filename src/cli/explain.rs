//! `headguard explain`: one value, or one kind of finding, explained.

use super::input::{Field, field_name};
use super::policy::PolicyArgs;
use super::{Failure, terminal_width, write_stderr, write_stdout};
use anstyle::Style;
use clap::Args;
use headguard::FindingKind;
use headguard::explain::{Explanation, render};
use std::ffi::OsString;
use std::io::{self, IsTerminal, Read};

/// Explain one value, or one kind of finding.
///
/// Draws the value's octets under the characters they make, marks those that
/// are wrong, and says what they were meant to be, what the policy does about
/// them, how to mend the client, and how to send the same octets again.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  headguard explain 'CompanyName: T\\xE9l\\xE9bec LP'
  headguard explain --hex '54 E9 6C E9 62 65 63' --field CompanyName
  printf 'T\\351l' | headguard explain --json
  headguard explain latin1
  headguard explain --kinds")]
pub(crate) struct ExplainArgs {
    /// `Name: value`, a value, or a kind such as `latin1`; in it, \xE9 stands for an octet. Standard input when left out, as it is
    what: Option<OsString>,

    /// The field the value came in; all of the text is the value then
    #[arg(long, value_name = "NAME", value_parser = field_name)]
    field: Option<String>,

    /// The value is written in hex digits
    #[arg(long)]
    hex: bool,

    /// List every kind of finding
    #[arg(long, exclusive = true)]
    kinds: bool,

    /// Write the explanation as one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    policy: PolicyArgs,
}

pub(crate) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    if args.kinds {
        return write_stdout(&kinds());
    }
    if let Some(kind) = kind_named(args) {
        return if args.json {
            write_stdout(&page_json(kind)?)
        } else {
            write_stdout(&page(kind))
        };
    }
    let policy = args.policy.load()?;
    let known = args.policy.known();
    let field = field(args)?;
    let verdict = known.apply(&policy).decide(&field.name, &field.value);
    let explanation = Explanation::new(&field.name, 1, &field.value, &verdict);
    if args.json {
        write_stdout(&(explanation.to_json() + "\n"))?;
    } else {
        write_stdout(&render(&explanation, terminal_width()))?;
    }
    if let Some(remark) = known.remark(&policy) {
        write_stderr(&remark);
    }
    Ok(())
}

/// The kind that was asked for, however it is spelled: `Latin-1` is `latin1`.
/// Who says which field it is, or that it is hex, means a value.
fn kind_named(args: &ExplainArgs) -> Option<FindingKind> {
    let plain = |name: &str| name.to_ascii_lowercase().replace(['-', '_'], "");
    let what = args
        .what
        .as_ref()
        .filter(|_| args.field.is_none() && !args.hex)?;
    let what = plain(what.to_str()?);
    FindingKind::ALL
        .iter()
        .copied()
        .find(|kind| plain(kind.name()) == what)
}

fn field(args: &ExplainArgs) -> Result<Field, Failure> {
    let name = args.field.as_deref();
    let bad_hex = |error| Failure::usage(format!("--hex: {error}"));
    match &args.what {
        Some(what) if args.hex => Field::from_hex(what.as_encoded_bytes(), name).map_err(bad_hex),
        Some(what) => Ok(Field::from_escaped(what.as_encoded_bytes(), name)),
        None => {
            if io::stdin().is_terminal() {
                let remedy =
                    "give `Name: value`, a kind such as latin1, or a value on standard input";
                return Err(Failure::usage(format!("nothing to explain: {remedy}")));
            }
            let mut octets = Vec::new();
            let read = io::stdin().read_to_end(&mut octets);
            read.map_err(|error| Failure::input("standard input", &error))?;
            if octets.is_empty() {
                return Err(Failure::usage(
                    "nothing to explain: standard input is empty".to_owned(),
                ));
            }
            if args.hex {
                return Field::from_hex(&octets, name).map_err(bad_hex);
            }
            // The line's end is not part of the value; anything else is.
            let line = octets.strip_suffix(b"\n").unwrap_or(&octets);
            Ok(Field::from_octets(
                line.strip_suffix(b"\r").unwrap_or(line),
                name,
            ))
        }
    }
}

/// Every kind with the first sentence of its page.
fn kinds() -> String {
    let kinds = FindingKind::ALL.iter();
    kinds
        .map(|kind| format!("{BOLD}{kind:<17}{BOLD:#} {}\n", first_sentence(*kind)))
        .collect()
}

fn first_sentence(kind: FindingKind) -> &'static str {
    kind.page().split("\n\n").next().unwrap_or_default()
}

/// A kind's reference page.
fn page(kind: FindingKind) -> String {
    let mut text = format!("{BOLD}{kind}{BOLD:#}\n\n");
    for line in kind.page().lines().filter(|line| !line.starts_with("```")) {
        // The pages' only markup is **labels** at the start of a paragraph.
        match line
            .strip_prefix("**")
            .and_then(|rest| rest.split_once("**"))
        {
            Some((label, rest)) => text += &format!("{BOLD}{label}{BOLD:#}{rest}\n"),
            None => text += &format!("{line}\n"),
        }
    }
    text
}

fn page_json(kind: FindingKind) -> Result<String, Failure> {
    let page = serde_json::json!({
        "kind": kind.name(),
        "fault": kind.is_fault(),
        "repairable": kind.is_repairable(),
        "url": kind.url(),
        "page": kind.page(),
    });
    let json = serde_json::to_string(&page).map_err(|error| Failure::caused(&error))?;
    Ok(json + "\n")
}

const BOLD: Style = Style::new().bold();
