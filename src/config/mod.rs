//! The configuration of the proxy: text in, typed settings out.
//!
//! A [`Config`] is read from a file in TOML and from [`Setting`]s, which are
//! flags and environment variables. All that is wrong is reported in one run,
//! with its line, its column and its remedy. Everything has a default that
//! works. This room reads no files, no environment and no command line: who
//! does hands over what they found.
//!
//! ```
//! use headguard::config::{Key, Origin, Setting, Source, read};
//!
//! let file = Source { name: "headguard.toml", text: "listen = \"0.0.0.0:8080\"\n" };
//! let flag = Setting {
//!     key: Key::find("limits.head").ok_or("no such key")?,
//!     value: "16384".to_owned(),
//!     origin: Origin::Flag,
//! };
//! let config = read(Some(file), &[flag])?;
//! assert_eq!(config.limits.head, 16384);
//!
//! let typo = Source { name: "headguard.toml", text: "[limits]\nhaed = 16384\n" };
//! let mistakes = read(Some(typo), &[]).unwrap_err();
//! assert_eq!(
//!     mistakes.to_string(),
//!     "error: unknown key limits.haed
//!  --> headguard.toml:2:1
//!   |
//! 2 | haed = 16384
//!   | ^^^^
//!   = help: did you mean head?
//!
//! 1 mistake",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod choice;
mod document;
mod key;
mod keys;
mod mistake;
mod nearest;
mod print;
mod report;
mod rule;
mod rules;
mod source;
mod value;
mod walk;
mod words;

pub use address::Upstream;
pub use choice::LogFormat;

use crate::explain::DetailLevel;
pub use key::{Form, Key, Origin, Setting};
pub use keys::KEYS;
pub use mistake::{Mistake, Mistakes};
pub use source::Source;

use crate::policy::{Policy, Preset};
use report::{At, Report};
use source::Lines;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The settings of the proxy. The default is what an empty file gives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where clients connect. Never empty.
    pub listen: Vec<SocketAddr>,
    /// The origin that requests are passed on to.
    pub upstream: Upstream,
    /// How many threads serve connections; 0 is one per core.
    pub workers: usize,
    /// Whether to decide and report, but change and refuse nothing.
    pub dry_run: bool,
    /// How events are written.
    pub log: LogFormat,
    /// One in so many requests without a finding is logged; 0 logs none of them.
    pub log_clean: u32,
    /// Whether the log shows values.
    pub log_values: bool,
    /// How much a refusal tells the client.
    pub detail_level: DetailLevel,
    /// How much of everything a request may have.
    pub limits: Limits,
    /// How long everything may take.
    pub timeouts: Timeouts,
    /// What is to be done about findings.
    pub policy: Policy,
}

/// How much of everything a request may have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Octets of a request head.
    pub head: usize,
    /// Octets of a field line, and of a value after its repair.
    pub field: usize,
    /// Field lines.
    pub fields: usize,
    /// Octets of a request target.
    pub target: usize,
}

/// How long everything may take.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the start of a request head to its end.
    pub head: Duration,
    /// Between two reads of a body.
    pub body: Duration,
    /// Between two requests of a client's connection.
    pub idle: Duration,
    /// Until the upstream accepts a connection.
    pub connect: Duration,
    /// Until the upstream's response starts.
    pub response: Duration,
    /// How long an unused connection to the upstream is kept.
    pub pool_idle: Duration,
    /// How long requests in progress may take when the proxy is told to stop.
    pub drain: Duration,
    /// How long connections are still accepted after being told to stop.
    pub drain_delay: Duration,
}

/// Reads the configuration: flags before variables before the file, defaults
/// for the rest. Of one key's settings of one origin the last counts.
///
/// What is overridden must be right all the same: a file that only works
/// with the right flag is a trap.
///
/// # Errors
///
/// Everything that is wrong, at once.
pub fn read(file: Option<Source<'_>>, settings: &[Setting]) -> Result<Config, Mistakes> {
    let mut draft = Draft::default();
    let mut report = Report::new(None);
    if let Some(Source { name, text }) = file {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        source::check_size(name, text.len())?;
        report = Report::new(Some(Lines::new(name, text.as_bytes())));
        let (table, errors) = document::parse(text);
        report.syntax(errors);
        walk::section("", &table, &mut draft, &mut report);
    }
    for origin in [Origin::Variable, Origin::Flag] {
        for setting in settings.iter().filter(|setting| setting.origin == origin) {
            walk::setting(setting, &mut draft, &mut report);
        }
    }
    draft.config.policy = rules::build(&mut draft, &mut report);
    draft.check_for_loop(&mut report);
    if report.is_empty() {
        Ok(draft.config)
    } else {
        Err(report.into_mistakes())
    }
}

impl Config {
    /// The configuration as a file in TOML that reads back to the same, with
    /// a comment at every key: what it is for, its flag, its variable.
    #[must_use]
    pub fn print(&self) -> String {
        print::print(self)
    }
}

/// A configuration while it is read.
#[derive(Default)]
struct Draft {
    config: Config,
    preset: Preset,
    rules: Vec<rule::Written>,
    /// Where the addresses come from that the configuration ends with.
    listen_at: Option<At>,
    upstream_at: Option<At>,
}

impl Draft {
    /// Remembers where a key's value came from, where that is asked later.
    fn said(&mut self, key: &Key, at: At) {
        match key.path() {
            "listen" => self.listen_at = Some(at),
            "upstream" => self.upstream_at = Some(at),
            _ => {}
        }
    }

    /// A proxy that is its own upstream asks itself until it runs out of sockets.
    fn check_for_loop(&self, report: &mut Report<'_>) {
        let upstream = &self.config.upstream;
        let Some(listener) = self.config.listen.iter().find(|one| upstream.is(**one)) else {
            return;
        };
        if let Some(at) = self.upstream_at.as_ref().or(self.listen_at.as_ref()) {
            report.add(
                at.clone(),
                format!("the upstream {upstream} is this proxy, which listens on {listener}"),
                Some("give upstream or listen another port".to_owned()),
            );
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            listen: vec![(Ipv4Addr::LOCALHOST, 8080).into()],
            upstream: Upstream::default(),
            workers: 0,
            dry_run: false,
            log: LogFormat::Auto,
            log_clean: 1,
            log_values: false,
            detail_level: DetailLevel::Full,
            // A policy without rules has no mistakes.
            policy: Policy::builder()
                .field_octets(limits.field)
                .head_octets(limits.head)
                .build()
                .unwrap_or_default(),
            limits,
            timeouts: Timeouts::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 65536,
            field: 16384,
            fields: 100,
            target: 8192,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            idle: Duration::from_secs(60),
            connect: Duration::from_secs(2),
            response: Duration::from_secs(15),
            pool_idle: Duration::from_secs(4),
            drain: Duration::from_secs(25),
            drain_delay: Duration::ZERO,
        }
    }
}
