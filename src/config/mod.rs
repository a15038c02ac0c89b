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

mod authority;
mod choice;
mod document;
mod draft;
mod host;
mod key;
mod keys;
mod listen;
mod mistake;
mod nearest;
mod network;
mod print;
mod report;
mod rule;
mod rule_keys;
mod rules;
mod sections;
mod slots;
mod source;
mod upstream;
mod value;
mod walk;
mod words;

pub use choice::LogFormat;
pub use host::HostHeader;
pub use key::{Form, Key, Origin, Setting};
pub use keys::KEYS;
pub use listen::Listen;
pub use mistake::{Mistake, Mistakes};
pub use network::Network;
pub use sections::{Forwarded, Limits, ListenTls, Timeouts, UpstreamTls};
pub use source::Source;
pub use upstream::{Scheme, Upstream};

use crate::explain::DetailLevel;
use crate::policy::Policy;
use draft::Draft;
use report::Report;
use source::Lines;
use std::net::{Ipv4Addr, SocketAddr};

/// The settings of the proxy. The default is what an empty file gives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where clients connect in the clear. Empty only where `tls` is not none.
    pub listen: Vec<Listen>,
    /// Where clients connect over TLS.
    pub tls: Option<ListenTls>,
    /// Whether each TCP connection starts with a PROXY protocol header, which
    /// is believed.
    pub proxy_protocol: bool,
    /// The origin that requests are passed on to.
    pub upstream: Upstream,
    /// How an upstream with TLS is verified.
    pub upstream_tls: UpstreamTls,
    /// Which `Host` requests to the upstream carry.
    pub host_header: HostHeader,
    /// What the upstream is told of who asked, and by which way.
    pub forwarded: Forwarded,
    /// Where `/livez` and `/readyz` are answered.
    pub admin: Option<Listen>,
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
    /// How many events a second are written at most; 0 is no bound.
    pub log_rate: u32,
    /// How much a refusal tells the client.
    pub detail_level: DetailLevel,
    /// How much of everything there may be.
    pub limits: Limits,
    /// How long everything may take.
    pub timeouts: Timeouts,
    /// What is to be done about findings in requests.
    pub policy: Policy,
    /// What is to be done about findings in responses; none are judged without it.
    pub response_policy: Option<Policy>,
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
    let config = draft.finish(&mut report);
    if report.is_empty() {
        Ok(config)
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

    /// The paths of the keys that differ in `new` and only count at a start;
    /// everything else can change while the proxy runs.
    #[must_use]
    pub fn restart_needed(&self, new: &Self) -> Vec<&'static str> {
        let differs = |key: &&Key| (key.slot.show)(self) != (key.slot.show)(new);
        let keys = KEYS.iter().filter(|key| key.at_start).filter(differs);
        keys.map(Key::path).collect()
    }
}

impl Default for Config {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)).into()],
            tls: None,
            proxy_protocol: false,
            upstream: Upstream::default(),
            upstream_tls: UpstreamTls::default(),
            host_header: HostHeader::default(),
            forwarded: Forwarded::default(),
            admin: None,
            workers: 0,
            dry_run: false,
            log: LogFormat::Auto,
            log_clean: 1,
            log_values: false,
            log_rate: 1000,
            detail_level: DetailLevel::Full,
            // A policy without rules has no mistakes.
            policy: Policy::builder()
                .field_octets(limits.field)
                .head_octets(limits.head)
                .build()
                .unwrap_or_default(),
            limits,
            timeouts: Timeouts::default(),
            response_policy: None,
        }
    }
}
