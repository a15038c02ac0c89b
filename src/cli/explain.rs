//! `headguard explain`: one value, or one kind of finding, explained.

use super::input::Field;
use super::policy::PolicyArgs;
use super::{Failure, terminal_width, write_stdout};
use clap::Args;
use headguard::explain::{Explanation, render};
use headguard::{FindingKind, Policy};
use std::ffi::OsString;
use std::io::{IsTerminal, Read};

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
  headguard explain latin1")]
pub(crate) struct ExplainArgs {
    /// `Name: value`, a value, or a kind such as `latin1`; in it, \xE9 stands for an octet. Standard input when left out, as it is
    what: Option<OsString>,

    /// The field the value came in; all of the text is the value then
    #[arg(long, value_name = "NAME")]
    field: Option<String>,

    /// The value is written in hex digits
    #[arg(long)]
    hex: bool,

    /// Write the explanation as one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    policy: PolicyArgs,
}

pub(crate) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    if let Some(kind) = args
        .what
        .as_ref()
        .and_then(|what| what.to_str()?.parse::<FindingKind>().ok())
    {
        return page(kind);
    }
    let policy = args.policy.load()?;
    let field = field(args)?;
    let verdict = policy.decide(&field.name, &field.value);
    let explanation = Explanation::new(&field.name, 1, &field.value, &verdict);
    if args.json {
        return write_stdout(&(explanation.to_json() + "\n"));
    }
    write_stdout(&(render(&explanation, terminal_width()) + &scoped_note(&policy)))
}

/// Rules for some requests only have no part in what is told here.
fn scoped_note(policy: &Policy) -> String {
    let scoped = policy
        .rules()
        .iter()
        .filter(|rule| !rule.scope().is_any())
        .count();
    if scoped == 0 {
        return String::new();
    }
    let rules = if scoped == 1 { "rule is" } else { "rules are" };
    format!("\n{scoped} {rules} for some methods, hosts or routes only and left out here.\n")
}

fn field(args: &ExplainArgs) -> Result<Field, Failure> {
    let name = args.field.as_deref();
    let bad_hex = |error| Failure::usage(format!("--hex: {error}"));
    match &args.what {
        Some(what) if args.hex => Field::from_hex(what.as_encoded_bytes(), name).map_err(bad_hex),
        Some(what) => Ok(Field::from_escaped(what.as_encoded_bytes(), name)),
        None => {
            if std::io::stdin().is_terminal() {
                return Err(Failure::usage(
                    "nothing to explain: give `Name: value`, a kind such as latin1, or a value on standard input".to_owned(),
                ));
            }
            let mut octets = Vec::new();
            std::io::stdin()
                .read_to_end(&mut octets)
                .map_err(|error| Failure::io("standard input", &error))?;
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

/// A kind's reference page.
fn page(kind: FindingKind) -> Result<(), Failure> {
    use anstyle::Style;
    const BOLD: Style = Style::new().bold();
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
    write_stdout(&text)
}
