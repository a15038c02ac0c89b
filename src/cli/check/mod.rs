//! `headguard check`: many values, judged one by one.

mod head;
mod jsonl;

use super::input::{UNNAMED, field_name, read_hex};
use super::policy::PolicyArgs;
use super::{Failure, write_stderr};
use clap::Args;
use head::Head;
use headguard::explain::Explanation;
use headguard::preview::Preview;
use headguard::{Action, Policy, Verdict};
use jsonl::{Answers, Asked, FORM, Unread};
use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// Judge many values.
///
/// Reads lines of `Name: value` octets and writes one line a finding. After a
/// request line the fields are those of one request, up to the empty line, and
/// are judged by the rules for its method, host and path; what follows the empty
/// line is its body and passed over up to the next request line.
#[derive(Args, Debug)]
#[command(after_help = "\
Exit status: 0 when nothing was found at or above --fail-on, 1 when something
was, 2 when some input could not be read, 64 when the configuration is wrong.

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
    #[arg(long, value_name = "NAME", default_value = UNNAMED, value_parser = field_name)]
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
        output: BufWriter::with_capacity(BUFFER, io::stdout().lock()),
        tally: Tally::default(),
        value: Vec::new(),
        answers: Answers::default(),
    };
    let standard_input = [PathBuf::from("-")];
    let files = if args.files.is_empty() {
        &standard_input[..]
    } else {
        &args.files[..]
    };
    for file in files {
        let name = match file.as_os_str().as_encoded_bytes() {
            b"-" => "standard input".to_owned(),
            octets => Preview::new(octets).to_string(),
        };
        match judge.file(file, &name) {
            Ok(()) => {}
            Err(Trouble::Input(error)) => {
                judge.tally.unreadable += 1;
                write_stderr(&format!("{name}: {error}\n"));
            }
            // Whoever reads our output has read enough.
            Err(Trouble::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => break,
            Err(Trouble::Output(error)) => return Err(Failure::io("standard output", &error)),
        }
    }
    if let Some(remark) = args
        .policy
        .known()
        .remark(&judge.policy)
        .filter(|_| judge.tally.outside > 0)
    {
        write_stderr(&remark);
    }
    judge.tally.verdict(args)
}

/// Octets that are read and written at once.
const BUFFER: usize = 1 << 16;

/// What was judged, over all files.
#[derive(Default)]
struct Tally {
    values: usize,
    /// Those of them that came without a request around them.
    outside: usize,
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
            let what = if args.jsonl { "input" } else { "file" };
            return Err(Failure::usage(format!(
                "{} could not be read",
                plural(self.unreadable, what)
            )));
        }
        let threshold = args.fail_on.parse().unwrap_or(Action::Log);
        Ok(self.greatest.is_some_and(|greatest| greatest >= threshold))
    }
}

/// Whose fault it is that a file was not judged to its end.
enum Trouble {
    Input(io::Error),
    Output(io::Error),
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
    /// The value of a line of JSON, and its answer, in memory that is used again.
    value: Vec<u8>,
    answers: Answers,
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
    fn file(&mut self, file: &Path, name: &str) -> Result<(), Trouble> {
        let source: Box<dyn Read> = if file.as_os_str() == "-" {
            Box::new(io::stdin().lock())
        } else {
            Box::new(File::open(file).map_err(Trouble::Input)?)
        };
        let mut input = BufReader::with_capacity(BUFFER, source);
        let mut octets = Vec::new();
        let mut place = Place {
            file: name,
            line: 0,
        };
        let mut head = Head::default();
        while {
            octets.clear();
            input
                .read_until(b'\n', &mut octets)
                .map_err(Trouble::Input)?
                > 0
        } {
            place.line += 1;
            let line = octets.strip_suffix(b"\n").unwrap_or(&octets);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let judged = if !self.args.jsonl {
                head.take(line, place.line, &self.args.field)
                    .map_or(Ok(()), |done| self.head(name, &done))
            } else if line.is_empty() {
                Ok(())
            } else {
                self.json(place, line)
            };
            judged.map_err(Trouble::Output)?;
            // Who asks line by line waits for the answer before asking again.
            if input.buffer().is_empty() {
                self.output.flush().map_err(Trouble::Output)?;
            }
        }
        self.head(name, &head).map_err(Trouble::Output)?;
        self.output.flush().map_err(Trouble::Output)
    }

    /// Judges the fields of one request, or of none that is known.
    fn head(&mut self, name: &str, head: &Head) -> io::Result<()> {
        let flags = self.args.policy.known();
        let known = match &head.known {
            Some(request) => &request.clone().with_client_of(flags),
            None => flags,
        };
        for (line, field) in &head.fields {
            let verdict = known.apply(&self.policy).decide(&field.name, &field.value);
            self.tally.add(&verdict);
            self.tally.outside += usize::from(head.known.is_none());
            if verdict.is_clean() {
                continue;
            }
            let explanation = Explanation::new(&field.name, 1, &field.value, &verdict);
            tell(
                &mut self.output,
                Place {
                    file: name,
                    line: *line,
                },
                &explanation,
            )?;
        }
        Ok(())
    }

    fn json(&mut self, place: Place<'_>, line: &[u8]) -> io::Result<()> {
        let asked: Result<Asked<'_>, _> = serde_json::from_slice(line);
        let id = asked.as_ref().ok().and_then(|asked| asked.id);
        let read = asked
            .map_err(|error| {
                // The line's number is told already, and is not serde's.
                let error = error.to_string();
                let error = error.split(" at line ").next().unwrap_or_default();
                format!("not a line like {FORM}: {error}")
            })
            .and_then(|asked| {
                read_hex(asked.hex.as_bytes(), &mut self.value)
                    .map_err(|error| format!("hex: {error}"))?;
                Ok(asked)
            });
        match read {
            Ok(asked) => {
                let value = &self.value;
                let field = asked.field.as_deref().unwrap_or(&self.args.field);
                let mut known = Cow::Borrowed(self.args.policy.known());
                if let Some(languages) = &asked.accept_language {
                    known.to_mut().accept_language = Some(languages.as_bytes().to_vec());
                }
                let verdict = known.apply(&self.policy).decide(field, value);
                self.tally.add(&verdict);
                self.tally.outside += 1;
                let answer = self.answers.answer(id, field, value, &verdict)?;
                self.output.write_all(answer)?;
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

/// Writes what was found in one value, a line a finding.
fn tell(output: &mut impl Write, place: Place<'_>, explanation: &Explanation) -> io::Result<()> {
    let name = Preview::new(explanation.field().as_bytes()).up_to(80);
    for one in explanation.findings() {
        let (kind, detail) = (one.finding().kind(), one.detail());
        writeln!(
            output,
            "{place}: {name}: {detail} [{kind}, {}]",
            one.action()
        )?;
    }
    let told = explanation.findings().len();
    if explanation.found() > told {
        writeln!(
            output,
            "{place}: {name}: and {} findings more",
            explanation.found() - told
        )?;
    }
    if told == 0 {
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
