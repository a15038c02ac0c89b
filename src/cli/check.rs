//! `headguard check`: many values, judged one by one.

use super::input::{Field, UNNAMED, hex_octets};
use super::policy::PolicyArgs;
use super::{Failure, write_stderr};
use clap::Args;
use headguard::charset::Charset;
use headguard::explain::Explanation;
use headguard::preview::{Preview, hex};
use headguard::{Action, Confidence, Facts, Finding, FindingKind, Outcome, Policy, Verdict, scan};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
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

/// Judges everything; `true` when something was found at or above `--fail-on`.
pub(crate) fn run(args: &CheckArgs) -> Result<bool, Failure> {
    let mut judge = Judge {
        args,
        policy: args.policy.load()?,
        output: BufWriter::new(io::stdout().lock()),
        tally: Tally::default(),
    };
    let standard_input = [PathBuf::from("-")];
    let files = if args.files.is_empty() {
        &standard_input[..]
    } else {
        &args.files[..]
    };
    for file in files {
        let (name, source): (_, Box<dyn Read>) = if file.as_os_str() == "-" {
            ("standard input".to_owned(), Box::new(io::stdin().lock()))
        } else {
            let name = file.display().to_string();
            let opened = File::open(file).map_err(|error| Failure::io(&name, &error))?;
            (name, Box::new(opened))
        };
        match judge.all(&name, BufReader::with_capacity(1 << 16, source)) {
            // Whoever reads our output has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            done => done.map_err(|error| Failure::io(&name, &error))?,
        }
    }
    judge.tally.verdict(args)
}

/// What was judged, over all files.
#[derive(Default)]
struct Tally {
    values: usize,
    found: usize,
    greatest: Option<Action>,
    unreadable: usize,
}

impl Tally {
    fn add(&mut self, verdict: &Verdict<'_>) {
        self.values += 1;
        self.found += usize::from(verdict.found() > 0);
        self.greatest = self.greatest.max(Some(verdict.action()));
    }

    /// Says how much was judged, and whether it is to fail.
    fn verdict(&self, args: &CheckArgs) -> Result<bool, Failure> {
        if !args.jsonl {
            let checked = plural(self.values, "value");
            write_stderr(&format!("{checked} checked, findings in {}\n", self.found));
        }
        if self.unreadable > 0 {
            let lines = plural(self.unreadable, "line");
            return Err(Failure::usage(format!("{lines} could not be read")));
        }
        let threshold = args.fail_on.parse().unwrap_or(Action::Log);
        Ok(self.greatest.is_some_and(|greatest| greatest >= threshold))
    }
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}

/// Judges lines and writes what it finds.
struct Judge<'a, W> {
    args: &'a CheckArgs,
    policy: Policy,
    output: W,
    tally: Tally,
}

/// Where a line stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    file: &'a str,
    line: usize,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl<W: Write> Judge<'_, W> {
    /// Judges every line of a file.
    fn all(&mut self, file: &str, mut input: BufReader<Box<dyn Read>>) -> io::Result<()> {
        let mut octets = Vec::new();
        let mut place = Place { file, line: 0 };
        while {
            octets.clear();
            input.read_until(b'\n', &mut octets)? > 0
        } {
            place.line += 1;
            let line = octets.strip_suffix(b"\n").unwrap_or(&octets);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            if self.args.jsonl {
                self.json(place, line)?;
            } else if !is_start_line(line) {
                self.line(place, line)?;
            }
            // Who asks line by line waits for the answer before asking again.
            if input.buffer().is_empty() {
                self.output.flush()?;
            }
        }
        self.output.flush()
    }

    fn line(&mut self, place: Place<'_>, octets: &[u8]) -> io::Result<()> {
        let mut field = Field::from_octets(octets, None);
        if field.name == UNNAMED {
            field.name.clone_from(&self.args.field);
        }
        let verdict = self.policy.decide(&field.name, &field.value);
        self.tally.add(&verdict);
        if verdict.is_clean() {
            return Ok(());
        }
        let explanation = Explanation::new(&field.name, 1, &field.value, &verdict);
        let (output, name) = (
            &mut self.output,
            Preview::new(field.name.as_bytes()).up_to(80),
        );
        for one in explanation.findings() {
            let (kind, detail) = (one.finding().kind(), one.detail());
            writeln!(
                output,
                "{place}: {name}: {detail} [{kind}, {}]",
                one.action()
            )?;
        }
        if explanation.findings().is_empty() {
            writeln!(
                output,
                "{place}: {} [{}]",
                explanation.sentence(),
                explanation.action()
            )?;
        }
        if let Some(reading) = explanation.reading() {
            let meant = Preview::new(reading.text().as_bytes());
            writeln!(output, "{place}: {name}: meant {meant}")?;
        }
        Ok(())
    }

    fn json(&mut self, place: Place<'_>, line: &[u8]) -> io::Result<()> {
        let asked: Result<Asked<'_>, _> = serde_json::from_slice(line);
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
                let field = field.as_deref().unwrap_or(&self.args.field);
                let verdict = self.policy.decide(field, &value);
                self.tally.add(&verdict);
                serde_json::to_writer(&mut self.output, &Answer::new(id, field, &value, &verdict))?;
            }
            Err(error) => {
                self.tally.unreadable += 1;
                write_stderr(&format!("{place}: {error}\n"));
                serde_json::to_writer(
                    &mut self.output,
                    &Unread {
                        id,
                        line: place.line,
                        error,
                    },
                )?;
            }
        }
        self.output.write_all(b"\n")
    }
}

/// `GET / HTTP/1.1`, or a response's first line.
fn is_start_line(octets: &[u8]) -> bool {
    octets.starts_with(b"HTTP/1.")
        || [&b" HTTP/1.1"[..], b" HTTP/1.0"]
            .iter()
            .any(|end| octets.ends_with(end))
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

impl<'l> Answer<'l> {
    fn new(id: Option<&'l RawValue>, field: &str, value: &[u8], verdict: &Verdict<'_>) -> Self {
        let scanned = scan(value).in_field(field);
        let plain = if scanned.facts().contains(Facts::NON_ASCII) {
            "utf-8"
        } else {
            "ascii"
        };
        Self {
            id,
            class: verdict.heaviest().map_or(plain, FindingKind::name),
            findings: verdict
                .judged()
                .iter()
                .map(|one| Found::new(&one.finding))
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
}

impl Found {
    fn new(finding: &Finding) -> Self {
        Self {
            kind: finding.kind().name(),
            start: finding.span().start,
            end: finding.span().end,
            charset: finding.charset().map(Charset::name),
            confidence: finding.confidence().map(Confidence::name),
        }
    }
}
