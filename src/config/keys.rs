//! The tables of keys: what the parser knows, `config print` says and the
//! command line offers comes from here.

use super::choice::LogFormat;
use super::key::{Form, Key, PREFIX, Slot, flag_of, variable_of};
use super::value::{self, Zero};
use crate::explain::DetailLevel;
use crate::policy::Preset;

/// The greatest limit in octets. Heads are held in memory, one a connection.
const MOST_OCTETS: u32 = 16 << 20;

/// The smallest buffer that hyper reads a head with.
const LEAST_HEAD: u32 = 8 << 10;

/// Every key that has one value, in the order of the file.
pub static KEYS: &[Key] = &[
    key! {
        "listen", Form::Addresses, r#""127.0.0.1:8080""#,
        "Where clients connect: IP:port, or a list of them.",
        "As a flag or a variable, several are separated by commas. 0.0.0.0 is every\n\
         IPv4 interface, [::] every interface; port 0 is any free port.",
        Slot {
            set: |draft, given| {
                draft.config.listen = value::listeners(given)?;
                Ok(())
            },
            show: |config| match config.listen.as_slice() {
                [address] => format!("\"{address}\""),
                addresses => {
                    let list: Vec<_> = addresses.iter().map(|one| format!("\"{one}\"")).collect();
                    format!("[{}]", list.join(", "))
                }
            },
        }
    },
    key! {
        "upstream", Form::Url, r#""http://127.0.0.1:3000""#,
        "The origin that requests are passed on to: http://host:port.",
        "This version speaks plain HTTP/1.1 to it.",
        Slot {
            set: |draft, given| {
                draft.config.upstream = value::upstream(given)?;
                Ok(())
            },
            show: |config| format!("\"{}\"", config.upstream),
        }
    },
    key! {
        "workers", Form::Count, "0",
        "How many threads serve connections; 0 is one per core.", "",
        number!(workers, 0..=1024)
    },
    key! {
        "dry_run", Form::Boolean, "false",
        "true: decide and report, but change and refuse nothing.",
        "What HTTP itself forbids is refused all the same.",
        boolean!(dry_run)
    },
    key! {
        "log", Form::Choice(LogFormat::NAMES), r#""auto""#,
        "How events are written to standard error: auto, text, json or off.",
        "auto is text on a terminal and JSON elsewhere.",
        choice!(log, LogFormat)
    },
    key! {
        "log_clean", Form::Count, "1",
        "One in so many requests without a finding is logged; 0 logs none of them.",
        "Requests with a finding are always logged.",
        number!(log_clean, 0..=u32::MAX)
    },
    key! {
        "log_values", Form::Boolean, "false",
        "true: the log shows the values that something was found in.",
        "Values can be personal data. Credentials are never shown.",
        boolean!(log_values)
    },
    key! {
        "detail_level", Form::Choice(DetailLevel::NAMES), r#""full""#,
        "How much a refusal tells the client: full, brief or id.",
        "full says which octets are wrong and what to send instead, brief only which\n\
         kinds of finding in which fields, id only the request's id.",
        choice!(detail_level, DetailLevel)
    },
    key! {
        "limits.head", Form::Octets, "65536",
        "The longest request head, in octets: request line and all fields.", "At least 8192.",
        number!(limits.head, LEAST_HEAD..=MOST_OCTETS)
    },
    key! {
        "limits.field", Form::Octets, "16384",
        "The longest field line, in octets; no repair makes a value longer.", "",
        number!(limits.field, 1..=MOST_OCTETS)
    },
    key! {
        "limits.fields", Form::Count, "100",
        "How many field lines a request may have.", "",
        number!(limits.fields, 1..=10_000)
    },
    key! {
        "limits.target", Form::Octets, "8192",
        "The longest request target, in octets: path and query.", "",
        number!(limits.target, 1..=MOST_OCTETS)
    },
    key! {
        "timeouts.head", Form::Duration, r#""10s""#,
        "How long a request head may take, from its start to its end.", "",
        duration!(timeouts.head, Zero::Refused)
    },
    key! {
        "timeouts.body", Form::Duration, r#""30s""#,
        "How long a body may pause.", "",
        duration!(timeouts.body, Zero::Refused)
    },
    key! {
        "timeouts.idle", Form::Duration, r#""60s""#,
        "How long a client's connection is kept between requests.", "",
        duration!(timeouts.idle, Zero::Refused)
    },
    key! {
        "timeouts.connect", Form::Duration, r#""2s""#,
        "How long connecting to the upstream may take.", "",
        duration!(timeouts.connect, Zero::Refused)
    },
    key! {
        "timeouts.response", Form::Duration, r#""15s""#,
        "How long the upstream may take until its response starts.", "",
        duration!(timeouts.response, Zero::Refused)
    },
    key! {
        "timeouts.pool_idle", Form::Duration, r#""4s""#,
        "How long an unused connection to the upstream is kept.",
        "Keep it below the time after which the upstream closes them itself.",
        duration!(timeouts.pool_idle, Zero::Refused)
    },
    key! {
        "timeouts.drain", Form::Duration, r#""25s""#,
        "How long requests in progress may take when the proxy is told to stop.",
        "0s ends them at once.",
        duration!(timeouts.drain, Zero::Accepted)
    },
    key! {
        "timeouts.drain_delay", Form::Duration, r#""0s""#,
        "How long connections are still accepted after being told to stop.",
        "Gives a load balancer the time to notice.",
        duration!(timeouts.drain_delay, Zero::Accepted)
    },
    key! {
        "policy.preset" as "preset", Form::Choice(PRESETS), r#""log""#,
        "What findings get where no rule speaks of them: log, repair or strict.",
        "log reports everything and changes nothing. repair normalizes latin1, char-ref\n\
         and double-encoded in free text and rejects broken UTF-8 and controls. strict\n\
         rejects every kind that is a fault.",
        Slot {
            set: |draft, given| {
                draft.preset = value::choice(given, Preset::ALL, Preset::name)?;
                Ok(())
            },
            show: |config| format!("\"{}\"", config.policy.preset()),
        }
    },
];

const PRESETS: &[&str] = &[
    Preset::Log.name(),
    Preset::Repair.name(),
    Preset::Strict.name(),
];

/// A key of a `[[policy.rule]]`.
pub(super) struct RuleKey {
    pub(super) name: &'static str,
    /// A value to show, as written in the file.
    pub(super) example: &'static str,
    pub(super) doc: &'static str,
}

/// Every key of a rule, in the order in which they are printed.
pub(super) const RULE_KEYS: &[RuleKey] = &[
    rule_key(
        "name",
        r#""company names are UTF-8""#,
        "What reports and logs call the rule.",
    ),
    rule_key(
        "fields",
        r#"["CompanyName", "X-Company-*"]"#,
        "The fields it is for; a trailing * stands for anything, _ and - are the same.",
    ),
    rule_key(
        "routes",
        r#"["/api/*"]"#,
        "Only requests with one of these paths; a trailing * stands for anything.",
    ),
    rule_key(
        "methods",
        r#"["POST"]"#,
        "Only requests with one of these methods.",
    ),
    rule_key(
        "hosts",
        r#"["*.example.com"]"#,
        "Only requests to one of these hosts, without a port; *. stands for any name below.",
    ),
    rule_key(
        "allow",
        r#"["percent-encoded"]"#,
        "Finding kinds that nothing is said about.",
    ),
    rule_key(
        "log",
        r#"["not-nfc"]"#,
        "Finding kinds that are reported, and the value passed on as it came.",
    ),
    rule_key(
        "normalize",
        r#"["latin1", "char-ref", "double-encoded"]"#,
        "Finding kinds that are repaired where that is safe.",
    ),
    rule_key(
        "reject",
        r#"["invalid-utf8", "control"]"#,
        "Finding kinds that the request is refused for.",
    ),
    rule_key(
        "charsets",
        r#"["windows-1252"]"#,
        "The charsets that a repair may assume: windows-1252, iso-8859-1.",
    ),
    rule_key(
        "decode_markup",
        "false",
        "true lowers protection: references to <, >, \", letters and digits are decoded too.",
    ),
    rule_key(
        "max_octets",
        "200",
        "The longest value, in octets, before and after a repair.",
    ),
    rule_key(
        "forward_as",
        r#""utf-8""#,
        "The form in which repaired values are passed on: utf-8 in this version.",
    ),
];

const fn rule_key(name: &'static str, example: &'static str, doc: &'static str) -> RuleKey {
    RuleKey { name, example, doc }
}

/// One key. `as` gives a shorter path for its flag and variable.
macro_rules! key {
    ($path:literal, $($rest:tt)*) => { key!(@ $path, $path, $($rest)*) };
    ($path:literal as $short:literal, $($rest:tt)*) => { key!(@ $path, $short, $($rest)*) };
    (@ $path:literal, $name:literal, $form:expr, $default:literal, $doc:literal, $more:literal, $slot:expr) => {
        Key {
            path: $path,
            flag: spelled!(flag_of, 2, $name),
            variable: spelled!(variable_of, PREFIX.len(), $name),
            form: $form,
            default: $default,
            doc: $doc,
            more: $more,
            slot: $slot,
        }
    };
}

/// Spells a path by one of the two rules, with so many octets more.
macro_rules! spelled {
    ($rule:ident, $more:expr, $path:literal) => {{
        const OCTETS: [u8; $path.len() + $more] = $rule($path);
        match str::from_utf8(&OCTETS) {
            Ok(text) => text,
            // Paths are ASCII; one that is not would not compile.
            Err(_) => panic!(),
        }
    }};
}

macro_rules! boolean {
    ($($field:ident).+) => {
        Slot {
            set: |draft, given| {
                draft.config.$($field).+ = value::boolean(given)?;
                Ok(())
            },
            show: |config| config.$($field).+.to_string(),
        }
    };
}

macro_rules! choice {
    ($field:ident, $of:ident) => {
        Slot {
            set: |draft, given| {
                draft.config.$field = value::choice(given, $of::ALL, $of::name)?;
                Ok(())
            },
            show: |config| format!("\"{}\"", config.$field),
        }
    };
}

macro_rules! duration {
    ($section:ident.$field:ident, $zero:expr) => {
        Slot {
            set: |draft, given| {
                draft.config.$section.$field = value::duration(given, $zero)?;
                Ok(())
            },
            show: |config| format!("\"{}\"", value::spell_duration(config.$section.$field)),
        }
    };
}

macro_rules! number {
    ($($field:ident).+, $range:expr) => {
        Slot {
            set: |draft, given| {
                draft.config.$($field).+ = value::number(given, $range)? as _;
                Ok(())
            },
            show: |config| config.$($field).+.to_string(),
        }
    };
}

use {boolean, choice, duration, key, number, spelled};
