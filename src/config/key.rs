//! A key of the configuration, which is also a flag and a variable.
//!
//! One rule gives the three spellings: `limits.head` in the file, the flag
//! `--limits-head`, the variable `HEADGUARD_LIMITS_HEAD`. Only the presets are
//! shorter, `--preset` and `HEADGUARD_PRESET`, `--response-preset` and
//! `HEADGUARD_RESPONSE_PRESET`: they are what people try first.

use super::keys::KEYS;
use super::report::Complaint;
use super::value::Given;
use super::{Config, Draft};
use std::fmt;

/// A key that has one value: everything but the policy's rules.
pub struct Key {
    pub(super) path: &'static str,
    pub(super) flag: &'static str,
    pub(super) variable: &'static str,
    pub(super) form: Form,
    pub(super) default: Option<&'static str>,
    /// What may be written.
    pub(super) example: &'static str,
    pub(super) at_start: bool,
    pub(super) doc: &'static str,
    pub(super) more: &'static str,
    pub(super) slot: Slot,
}

/// Where the value goes, and how it is written.
pub(super) struct Slot {
    pub(super) set: fn(&mut Draft, Given<'_>) -> Result<(), Vec<Complaint>>,
    /// As in the file; `None` where there is no value.
    pub(super) show: fn(&Config) -> Option<String>,
}

impl Key {
    /// The key with this path, such as `limits.head`.
    #[must_use]
    pub fn find(path: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.path == path)
    }

    /// The path in the file, such as `limits.head`.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// The flag, such as `--limits-head`.
    #[must_use]
    pub const fn flag(&self) -> &'static str {
        self.flag
    }

    /// The flag without its hyphens, such as `limits-head`.
    #[must_use]
    pub fn long(&self) -> &'static str {
        self.flag.trim_start_matches('-')
    }

    /// The environment variable, such as `HEADGUARD_LIMITS_HEAD`.
    #[must_use]
    pub const fn variable(&self) -> &'static str {
        self.variable
    }

    /// What kind of value it takes.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The default, as written in the file, if there is one.
    #[must_use]
    pub const fn default(&self) -> Option<&'static str> {
        self.default
    }

    /// The default as a flag or a variable takes it: without quotes and brackets.
    #[must_use]
    pub fn bare_default(&self) -> Option<String> {
        self.default.map(bare)
    }

    /// Whether the key only counts when the proxy starts.
    #[must_use]
    pub const fn counts_at_start(&self) -> bool {
        self.at_start
    }

    /// What the key is for, in one line.
    #[must_use]
    pub const fn doc(&self) -> &'static str {
        self.doc
    }

    /// What else is to be known of it: lines of text, often none.
    #[must_use]
    pub const fn more(&self) -> &'static str {
        self.more
    }

    /// What may be written in a flag or a variable.
    pub(super) fn bare_example(&self) -> String {
        bare(self.example)
    }

    /// The section it is in, `""` for the top of the file, and its name there.
    pub(super) fn place(&self) -> (&'static str, &'static str) {
        self.path.rsplit_once('.').unwrap_or(("", self.path))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.path).finish()
    }
}

/// A value of the file without its quotes, and a list without its brackets.
fn bare(value: &str) -> String {
    // An address in IPv6 has brackets of its own.
    match value
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(list) => list.replace('"', "").replace(", ", ","),
        None => value.trim_matches('"').to_owned(),
    }
}

/// What kind of value a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// `IP:port`, `unix:/path` or `off`.
    Address,
    /// `IP:port` or `unix:/path`, or several: a list in the file, separated by
    /// commas elsewhere; or `off`.
    Addresses,
    /// `true` or `false`. As a flag without a value it is true.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number of things.
    Count,
    /// A whole number with its unit: `250ms`, `10s`, `2m`, `1h`.
    Duration,
    /// The path of a file.
    File,
    /// A host's name.
    Host,
    /// Networks and IP addresses: a list in the file, separated by commas
    /// elsewhere; or `none`.
    Networks,
    /// A whole number of octets.
    Octets,
    /// `http://host:port`, or the same with another scheme.
    Url,
}

impl Form {
    /// A name for the value, for a usage line: `OCTETS`.
    #[must_use]
    pub const fn value_name(self) -> &'static str {
        match self {
            Self::Address | Self::Addresses => "IP:PORT",
            Self::Boolean => "BOOL",
            Self::Choice(_) => "CHOICE",
            Self::Count => "N",
            Self::Duration => "DURATION",
            Self::File => "FILE",
            Self::Host => "HOST",
            Self::Networks => "CIDR",
            Self::Octets => "OCTETS",
            Self::Url => "URL",
        }
    }

    /// What is to be written, for a remedy.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Address | Self::Addresses => "IP:port or unix:/path",
            Self::Boolean => "true or false",
            Self::Choice(_) => "one of the words",
            Self::Count => "a whole number",
            Self::Duration => "a whole number with its unit",
            Self::File => "the path of a file",
            Self::Host => "a host",
            Self::Networks => "a list of networks",
            Self::Octets => "a whole number of octets",
            Self::Url => "http://host:port",
        }
    }
}

/// A value for a key from a flag or a variable.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The key.
    pub key: &'static Key,
    /// The value, as given.
    pub value: String,
    /// Where it was given.
    pub origin: Origin,
}

impl Setting {
    /// The flag or variable it came in.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.origin {
            Origin::Flag => self.key.flag,
            Origin::Variable => self.key.variable,
        }
    }
}

/// Where a setting comes from, in rising precedence; both go before the file.
/// The list is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// An environment variable.
    Variable,
    /// A command line flag.
    Flag,
}

/// The flag of a path: half of the rule, evaluated when compiling so that no
/// table can break it.
pub(super) const fn flag_of<const N: usize>(path: &str) -> [u8; N] {
    spell(path.as_bytes(), Spelling::Flag)
}

/// The variable of a path: the other half.
pub(super) const fn variable_of<const N: usize>(path: &str) -> [u8; N] {
    spell(path.as_bytes(), Spelling::Variable)
}

#[derive(Clone, Copy)]
enum Spelling {
    Flag,
    Variable,
}

const fn spell<const N: usize>(mut path: &[u8], spelling: Spelling) -> [u8; N] {
    let (mut prefix, joint) = match spelling {
        Spelling::Flag => (b"--".as_slice(), b'-'),
        Spelling::Variable => (PREFIX.as_bytes(), b'_'),
    };
    let mut spelled = [joint; N];
    let mut room: &mut [u8] = &mut spelled;
    while let [slot, more @ ..] = room {
        if let [octet, rest @ ..] = prefix {
            *slot = *octet;
            prefix = rest;
        } else if let [octet, rest @ ..] = path {
            *slot = match (*octet, spelling) {
                (b'.' | b'_', _) => joint,
                (octet, Spelling::Flag) => octet,
                (octet, Spelling::Variable) => octet.to_ascii_uppercase(),
            };
            path = rest;
        }
        room = more;
    }
    spelled
}

/// What every variable's name starts with.
pub(super) const PREFIX: &str = "HEADGUARD_";
