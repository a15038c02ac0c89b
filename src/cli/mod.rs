//! The command line: verbs, and what their exit statuses mean.
//!
//! | status | meaning |
//! |---|---|
//! | 0 | done; for `check`: nothing found |
//! | 1 | `check`: something found; otherwise: it could not be done |
//! | 2 | the command line or the input could not be read |
//! | 64 | the configuration is wrong |
//!
//! Data goes to standard output, everything else to standard error. The
//! environment is read here and nowhere else.

mod check;
mod config;
mod demo;
mod explain;
mod input;
mod origin;
mod policy;
mod proxy;

use clap::{CommandFactory, Parser, Subcommand};
use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// Finds HTTP header values in the wrong encoding, says exactly what is wrong,
/// and rejects, normalizes or logs them.
#[derive(Parser, Debug)]
#[command(
    name = "headguard",
    version,
    propagate_version = true,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    Demo(demo::DemoArgs),
    Proxy(Box<proxy::ProxyArgs>),
    Explain(explain::ExplainArgs),
    Check(check::CheckArgs),
    #[command(subcommand)]
    Config(config::ConfigVerb),
    /// Write a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Runs the command and says with which status it ends.
pub(crate) fn main() -> ExitCode {
    let done = match Cli::parse().verb {
        Verb::Demo(args) => demo::run(&args),
        Verb::Proxy(args) => proxy::run(&args),
        Verb::Explain(args) => explain::run(&args),
        Verb::Check(args) => match check::run(&args) {
            Ok(true) => return ExitCode::from(1),
            Ok(false) => Ok(()),
            Err(failure) => Err(failure),
        },
        Verb::Config(verb) => config::run(&verb),
        Verb::Completions { shell } => completions(shell),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            write_stderr(&failure.message);
            ExitCode::from(failure.status)
        }
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "headguard", &mut script);
    let script = std::str::from_utf8(&script).map_err(|error| Failure::caused(&error))?;
    write_stdout(script)
}

/// Why a verb could not do its work: what to tell, and the exit status.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    status: u8,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Failure {
    /// The command line or the input cannot be read.
    pub(crate) fn usage(message: String) -> Self {
        Self {
            message: format!("error: {message}\n"),
            status: 2,
        }
    }

    /// The configuration is wrong; `report` is the whole of what to tell.
    pub(crate) fn config(report: &str) -> Self {
        Self {
            message: format!("{}\n", report.trim_end()),
            status: 64,
        }
    }

    /// The input cannot be read.
    pub(crate) fn input(what: &str, error: &io::Error) -> Self {
        Self {
            message: format!("error: {what}: {error}\n"),
            status: 2,
        }
    }

    /// Something outside us did not work.
    pub(crate) fn io(what: &str, error: &io::Error) -> Self {
        Self {
            message: format!("error: {what}: {error}\n"),
            status: 1,
        }
    }

    /// Anything else that could not be done.
    pub(crate) fn other(message: &str) -> Self {
        Self {
            message: format!("error: {message}\n"),
            status: 1,
        }
    }

    /// The same failure, with what helps.
    pub(crate) fn with_help(self, help: &str) -> Self {
        Self {
            message: format!("{}  = help: {help}\n", self.message),
            ..self
        }
    }

    /// Anything else that could not be done, with its causes.
    pub(crate) fn caused(error: &dyn Error) -> Self {
        let mut message = format!("error: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            message += &format!(": {error}");
            cause = error.source();
        }
        Self {
            message: message + "\n",
            status: 1,
        }
    }
}

/// Writes to standard output, without styles where they are not wanted.
///
/// A reader that has closed its end has read enough: that is no failure.
pub(crate) fn write_stdout(text: &str) -> Result<(), Failure> {
    let mut output = anstream::stdout().lock();
    match output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(|error| Failure::io("standard output", &error)),
    }
}

/// Writes to standard error. When that fails there is nobody left to tell.
pub(crate) fn write_stderr(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// The columns of the terminal, if standard output is one.
pub(crate) fn terminal_width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(width.0).clamp(40, 120))
}
