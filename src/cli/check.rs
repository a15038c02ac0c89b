//! `headguard check`: many values, judged one by one.

use super::input::{Field, UNNAMED, hex_octets};
use super::policy::PolicyArgs;
use super::{Failure, write_stderr};
use clap::Args;
use headguard::explain::Explanation;
use headguard::preview::{Preview, hex};
use headguard::{Action, Facts, FindingKind, Outcome, Policy, scan};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;

/// Judge many values.
///
/// Reads lines of `Name: value` octets, such as a captured request head, and
/// writes one line a finding. Lines without a name are values of the field
/// that --field names; empty lines and request lines are passed over.
#[derive(Args, Debug)]
#[command(after_help = "\
Exit status: 0 when nothing was found at or above --fail-on, 1 when something
was, 2 when the input or the command line could not be read.

Examples:
  headguard check < request-head.txt
  curl -sv https://api.example.com 2>&1 | sed -n 's/^> //p' | headguard check
  echo '{\"id\":1,\"field\":\"CompanyName\",\"hex\":\"54e96c\"}' | headguard check --jsonl")]
pub(crate) struct CheckArgs {
    /// Files to read; standard input when left out, or for `-`
    files: Vec<PathBuf>,

    /// Read {"id":…,"field":…,"hex":…} lines, and answer each with a line of JSON, in order
    #[arg(long)]
    jsonl: bool,

    /// The field of values that come without a name
    #[arg(long, value_name = "NAME", default_value = UNNAMED)]
    field: String,

    /// The least action that makes the exit status 1
    #[arg(long, value_name = "ACTION", default_value = "log", value_parser = ["log", "normalize", "reject"])]
    fail_on: String,

    #[command(flatten)]
    policy: PolicyArgs,
}

/// What was judged, over all files.
#[derive(Default)]
struct Tally {
    values: usize,
    found: usize,
    greatest: Option<Action>,
    unreadable: usize,
}

/// Judges everything; `true` when something was found at or above `--fail-on`.
pub(crate) fn run(args: &CheckArgs) -> Result<bool, Failure> {
    let policy = args.policy.load()?;
    let mut output = BufWriter::new(io::stdout().lock());
    let mut tally = Tally::default();
    let standard_input = [PathBuf::from("-")];
    let files = if args.files.is_empty() {
        &standard_input[..]
    } else {
        &args.files[..]
    };
    for file in files {
        let name = if file.as_os_str() == "-" {
            "standard input".to_owned()
        } else {
            file.display().to_string()
        };
        let source: Box<dyn Read> = if file.as_os_str() == "-" {
            Box::new(io::stdin().lock())
        } else {
            Box::new(File::open(file).map_err(|error| Failure::io(&name, &error))?)
        };
        let mut input = BufReader::with_capacity(1 << 16, source);
        let judged = judge_all(args, &policy, &name, &mut input, &mut output, &mut tally);
        match judged.and_then(|()| output.flush()) {
            // Whoever reads our output has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            other => other.map_err(|error| Failure::io(&name, &error))?,
        }
    }
    if !args.jsonl {
        let checked = plural(tally.values, "value");
        write_stderr(&format!("{checked} checked, findings in {}\n", tally.found));
    }
    if tally.unreadable > 0 {
        let lines = plural(tally.unreadable, "line");
        return Err(Failure::usage(format!("{lines} could not be read")));
    }
    let threshold = args.fail_on.parse().unwrap_or(Action::Log);
    Ok(tally.greatest.is_some_and(|greatest| greatest >= threshold))
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}

fn judge_all(
    args: &CheckArgs,
    policy: &Policy,
    name: &str,
    input: &mut BufReader<Box<dyn Read>>,
    output: &mut impl Write,
    tally: &mut Tally,
) -> io::Result<()> {
    let mut line = Vec::new();
    let mut number = 0;
    while {
        line.clear();
        input.read_until(b'\n', &mut line)? > 0
    } {
        number += 1;
        let octets = line.strip_suffix(b"\n").unwrap_or(&line);
        let octets = octets.strip_suffix(b"\r").unwrap_or(octets);
        if octets.is_empty() {
            continue;
        }
        if args.jsonl {
            judge_json(args, policy, name, number, octets, output, tally)?;
        } else if !is_request_line(octets) {
            judge_line(args, policy, name, number, octets, output, tally)?;
        }
        // Who asks line by line waits for the answer before asking again.
        if input.buffer().is_empty() {
            output.flush()?;
        }
    }
    Ok(())
}

/// `GET / HTTP/1.1`, or an answer's first line.
fn is_request_line(octets: &[u8]) -> bool {
    octets.starts_with(b"HTTP/1.")
        || [&b" HTTP/1.1"[..], b" HTTP/1.0"]
            .iter()
            .any(|end| octets.ends_with(end))
}

fn judge_line(
    args: &CheckArgs,
    policy: &Policy,
    name: &str,
    number: usize,
    octets: &[u8],
    output: &mut impl Write,
    tally: &mut Tally,
) -> io::Result<()> {
    let mut field = Field::from_octets(octets, None);
    if field.name == UNNAMED {
        field.name.clone_from(&args.field);
    }
    let verdict = policy.decide(&field.name, &field.value);
    tally.add(verdict.found() > 0, verdict.action());
    if verdict.is_clean() {
        return Ok(());
    }
    let explanation = Explanation::new(&field.name, 1, &field.value, &verdict);
    let field_name = Preview::new(field.name.as_bytes()).up_to(80);
    for one in explanation.findings() {
        let kind = one.finding().kind();
        writeln!(
            output,
            "{name}:{number}: {field_name}: {} [{kind}, {}]",
            one.detail(),
            one.action()
        )?;
    }
    if explanation.findings().is_empty() {
        writeln!(
            output,
            "{name}:{number}: {} [{}]",
            explanation.sentence(),
            explanation.action()
        )?;
    }
    if let Some(reading) = explanation.reading() {
        writeln!(
            output,
            "{name}:{number}: {field_name}: meant {}",
            Preview::new(reading.text().as_bytes())
        )?;
    }
    Ok(())
}

/// A line of `check --jsonl`.
#[derive(Deserialize)]
struct Asked<'l> {
    #[serde(borrow, default)]
    id: Option<&'l RawValue>,
    #[serde(borrow, default)]
    field: Option<Cow<'l, str>>,
    #[serde(borrow)]
    hex: Cow<'l, str>,
}

/// What such a line looks like, for who wrote another.
const FORM: &str = r#"{"id":1,"field":"CompanyName","hex":"54e96c"}"#;

/// The answer to it.
#[derive(Serialize)]
struct Answer<'l> {
    id: Option<&'l RawValue>,
    class: &'static str,
    findings: Vec<Found>,
    reading: Option<String>,
    action: &'static str,
    forward: Option<String>,
}

#[derive(Serialize)]
struct Found {
    kind: &'static str,
    start: usize,
    end: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    charset: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<&'static str>,
}

/// The answer to a line that could not be read.
#[derive(Serialize)]
struct Unread<'l> {
    id: Option<&'l RawValue>,
    line: usize,
    error: String,
}

fn judge_json(
    args: &CheckArgs,
    policy: &Policy,
    name: &str,
    number: usize,
    octets: &[u8],
    output: &mut impl Write,
    tally: &mut Tally,
) -> io::Result<()> {
    let asked: Result<Asked<'_>, _> = serde_json::from_slice(octets);
    let id = asked.as_ref().ok().and_then(|asked| asked.id);
    let read = asked
        .map_err(|error| format!("not a line like {FORM}: {error}"))
        .and_then(|asked| {
            let value =
                hex_octets(asked.hex.as_bytes()).map_err(|error| format!("hex: {error}"))?;
            Ok((asked.field, value))
        });
    match read {
        Ok((field, value)) => {
            let field = field.as_deref().unwrap_or(&args.field);
            serde_json::to_writer(&mut *output, &answer(policy, id, field, &value, tally))?;
        }
        Err(error) => {
            tally.unreadable += 1;
            write_stderr(&format!("{name}:{number}: {error}\n"));
            serde_json::to_writer(
                &mut *output,
                &Unread {
                    id,
                    line: number,
                    error,
                },
            )?;
        }
    }
    output.write_all(b"\n")
}

fn answer<'l>(
    policy: &Policy,
    id: Option<&'l RawValue>,
    field: &str,
    value: &[u8],
    tally: &mut Tally,
) -> Answer<'l> {
    let verdict = policy.decide(field, value);
    let scanned = scan(value).in_field(field);
    tally.add(verdict.found() > 0, verdict.action());
    let plain = || {
        if scanned.facts().contains(Facts::NON_ASCII) {
            "utf-8"
        } else {
            "ascii"
        }
    };
    Answer {
        id,
        class: verdict.heaviest().map_or_else(plain, FindingKind::name),
        findings: verdict
            .judged()
            .iter()
            .map(|one| Found {
                kind: one.finding.kind().name(),
                start: one.finding.span().start,
                end: one.finding.span().end,
                charset: one.finding.charset().map(|charset| charset.name()),
                confidence: one.finding.confidence().map(|confidence| confidence.name()),
            })
            .collect(),
        reading: scanned.reading().map(|reading| reading.text().to_owned()),
        action: verdict.action().name(),
        forward: match verdict.outcome() {
            Outcome::Forward(octets) => Some(hex(octets, octets.len())),
            Outcome::Rewrite(normalized) => {
                Some(hex(normalized.as_bytes(), normalized.as_bytes().len()))
            }
            Outcome::Reject(_) => None,
        },
    }
}

impl Tally {
    fn add(&mut self, found: bool, action: Action) {
        self.values += 1;
        self.found += usize::from(found);
        self.greatest = self.greatest.max(Some(action));
    }
}
