//! The table of keys: what the parser knows, `config print` says and the
//! command line offers comes from here.

use super::choice::LogFormat;
use super::key::{Form, Key, PREFIX, Slot, flag_of, variable_of};
use super::print::{quoted, quoted_list};
use super::slots::{boolean, choice, duration, file, key, number, spelled};
use super::value::{self, OFF, Zero};
use super::{Listen, Network, host, upstream};
use crate::explain::DetailLevel;
use crate::policy::{Policy, Preset};
use std::path::Path;

/// The greatest limit in octets. Heads are held in memory, one a connection.
const MOST_OCTETS: u32 = 16 << 20;

/// No client can do with less.
const LEAST_HEAD: u32 = 1 << 10;

/// Every key that has one value, in the order of the file.
pub static KEYS: &[Key] = &[
    key! {
        at_start "listen", Form::Addresses, r#""127.0.0.1:8080""#,
        "Where clients connect: IP:port, unix:/path, or a list of them.",
        "As a flag or a variable, several are separated by commas. 0.0.0.0 is every\n\
         IPv4 interface, [::] every interface; port 0 is any free port. off is nowhere,\n\
         where tls.listen is given.",
        Slot {
            set: |draft, given| {
                draft.config.listen = value::listeners(given)?;
                Ok(())
            },
            show: |config| Some(addresses(&config.listen)),
        }
    },
    key! {
        at_start "proxy_protocol", Form::Boolean, "false",
        "true: each TCP connection starts with a PROXY protocol header, v1 or v2.",
        "Only behind a balancer that sends one: what it says of the client is believed.",
        boolean!(proxy_protocol)
    },
    key! {
        "upstream", Form::Url, r#""http://127.0.0.1:3000""#,
        "The origin that requests are passed on to: http://host:port.",
        "https is HTTP/1.1 over TLS, h2c HTTP/2 in the clear, h2 HTTP/2 over TLS;\n\
         unix:/path is a unix socket. The port is 80, over TLS 443, unless it is written.",
        Slot {
            set: |draft, given| {
                draft.config.upstream = value::text(given, upstream::upstream)?;
                Ok(())
            },
            show: |config| Some(quoted(&config.upstream.to_string())),
        }
    },
    key! {
        "host_header", Form::Host, r#""preserve""#,
        "The Host that the upstream is sent: preserve, upstream or a host[:port].",
        "preserve is the client's, upstream that of the upstream's URL.",
        Slot {
            set: |draft, given| {
                draft.config.host_header = value::text(given, host::host_header)?;
                Ok(())
            },
            show: |config| Some(quoted(&config.host_header.to_string())),
        }
    },
    key! {
        at_start "workers", Form::Count, "0",
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
        at_start "log", Form::Choice(LogFormat::NAMES), r#""auto""#,
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
        "log_rate", Form::Count, "1000",
        "How many events are logged a second at most; 0 is no bound.",
        "What is more is counted, and the count logged.",
        number!(log_rate, 0..=u32::MAX)
    },
    key! {
        "detail_level", Form::Choice(DetailLevel::NAMES), r#""full""#,
        "How much a refusal tells the client: full, brief or id.",
        "full says which octets are wrong and what to send instead, brief only which\n\
         kinds of finding in which fields, id only the request's id.",
        choice!(detail_level, DetailLevel)
    },
    key! {
        at_start "tls.listen", Form::Addresses, r#""off""# or r#""0.0.0.0:8443""#,
        "Where clients connect over TLS, written as in listen; or off.",
        "It needs a certificate and a key.",
        Slot {
            set: |draft, given| {
                draft.tls.listen = value::listeners(given)?;
                Ok(())
            },
            show: |config| {
                Some(addresses(config.tls.as_ref().map_or(&[], |tls| &tls.listen)))
            },
        }
    },
    key! {
        "tls.certificate", Form::File, unset r#""/etc/headguard/tls.crt""#,
        "The PEM file of the certificate, and of those that vouch for it.", "",
        Slot {
            set: |draft, given| {
                draft.tls.certificate = Some(value::text(given, value::file)?);
                Ok(())
            },
            show: |config| config.tls.as_ref().map(|tls| path(&tls.certificate)),
        }
    },
    key! {
        "tls.key", Form::File, unset r#""/etc/headguard/tls.key""#,
        "The PEM file of the certificate's private key.", "",
        Slot {
            set: |draft, given| {
                draft.tls.key = Some(value::text(given, value::file)?);
                Ok(())
            },
            show: |config| config.tls.as_ref().map(|tls| path(&tls.key)),
        }
    },
    key! {
        "upstream_tls.ca", Form::File, unset r#""/etc/headguard/ca.crt""#,
        "The PEM file of the roots to trust for the upstream, not the system's.", "",
        file!(upstream_tls.ca)
    },
    key! {
        "upstream_tls.certificate", Form::File, unset r#""/etc/headguard/client.crt""#,
        "The PEM file of the certificate to show to the upstream.", "It needs its key.",
        file!(upstream_tls.certificate)
    },
    key! {
        "upstream_tls.key", Form::File, unset r#""/etc/headguard/client.key""#,
        "The PEM file of that certificate's private key.", "",
        file!(upstream_tls.key)
    },
    key! {
        "upstream_tls.server_name", Form::Host, unset r#""api.example.com""#,
        "The name in the upstream's certificate, where it is not the upstream's host.", "",
        Slot {
            set: |draft, given| {
                let name = value::text(given, host::server_name)?;
                draft.config.upstream_tls.server_name = Some(name);
                Ok(())
            },
            show: |config| config.upstream_tls.server_name.as_deref().map(quoted),
        }
    },
    key! {
        "forwarded.x_forwarded", Form::Boolean, "true",
        "true: X-Forwarded-For, -Proto and -Host tell the upstream who asked.", "",
        boolean!(forwarded.x_forwarded)
    },
    key! {
        "forwarded.forwarded", Form::Boolean, "false",
        "true: Forwarded (RFC 7239) tells the upstream who asked.", "",
        boolean!(forwarded.forwarded)
    },
    key! {
        "forwarded.via", Form::Boolean, "true",
        "true: Via tells both sides that a proxy is between them.", "",
        boolean!(forwarded.via)
    },
    key! {
        "forwarded.trust", Form::Networks, r#"["127.0.0.0/8", "::1/128"]"#,
        "The peers whose own X-Forwarded-* and Forwarded are kept and added to.",
        "Networks and addresses, or none; those of all other peers are replaced. As a\n\
         flag or a variable, several are separated by commas. Unix sockets are trusted.",
        Slot {
            set: |draft, given| {
                draft.config.forwarded.trust = value::networks(given)?;
                Ok(())
            },
            show: |config| {
                let networks = config.forwarded.trust.iter();
                Some(quoted_list(&networks.map(Network::to_string).collect::<Vec<_>>()))
            },
        }
    },
    key! {
        at_start "admin.listen", Form::Address, r#""off""# or r#""127.0.0.1:9180""#,
        "Where /livez and /readyz are answered: IP:port, unix:/path or off.",
        "Not where clients connect.",
        Slot {
            set: |draft, given| {
                draft.config.admin = value::listener(given)?;
                Ok(())
            },
            show: |config| Some(addresses(config.admin.as_slice())),
        }
    },
    key! {
        "limits.head", Form::Octets, "65536",
        "The longest request head, in octets: request line and all fields.", "At least 1024.",
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
        "limits.connections", Form::Count, "65536",
        "How many clients' connections there may be.", "",
        number!(limits.connections, 1..=MOST_CONNECTIONS)
    },
    key! {
        "limits.requests", Form::Count, "8192",
        "How many requests may be in flight; more get 503 with Retry-After.", "",
        number!(limits.requests, 1..=MOST_CONNECTIONS)
    },
    key! {
        "limits.body_rate", Form::Octets, "64",
        "How many octets a second a request's body averages at least; 0 asks for none.",
        "Over each span of timeouts.body, until the response starts. Tunnels may be idle.",
        number!(limits.body_rate, 0..=MOST_OCTETS)
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
        "timeouts.tunnel", Form::Duration, r#""1h""#,
        "How long an upgraded connection may be silent.", "",
        duration!(timeouts.tunnel, Zero::Refused)
    },
    key! {
        "timeouts.pool_idle", Form::Duration, r#""4s""#,
        "How long an unused connection to the upstream is kept.",
        "Keep it below the time after which the upstream closes them itself.",
        duration!(timeouts.pool_idle, Zero::Refused)
    },
    key! {
        "timeouts.resolve", Form::Duration, r#""30s""#,
        "How often the upstream's name is looked up again.", "",
        duration!(timeouts.resolve, Zero::Refused)
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
        "policy.preset" as "preset", Form::Choice(REQUEST_PRESETS), r#""log""#,
        "What findings get where no rule speaks of them: log, repair or strict.",
        "log reports everything and changes nothing. repair normalizes latin1, char-ref\n\
         and double-encoded in free text and rejects broken UTF-8 and controls. strict\n\
         rejects every kind that is a fault.",
        Slot {
            set: |draft, given| {
                draft.requests.preset = value::preset(given)?;
                Ok(())
            },
            show: |config| Some(quoted(config.policy.preset().name())),
        }
    },
    key! {
        "policy.response.preset" as "response.preset", Form::Choice(Preset::NAMES), r#""off""#,
        "What findings in responses get: off, log, repair or strict.",
        "off: nothing, where no rule speaks of them.",
        Slot {
            set: |draft, given| {
                draft.responses.preset = value::choice(given, Preset::ALL, Preset::name)?;
                Ok(())
            },
            show: |config| {
                let policy = config.response_policy.as_ref();
                Some(quoted(policy.map_or(Preset::Off, Policy::preset).name()))
            },
        }
    },
];

const REQUEST_PRESETS: &[&str] = &[
    Preset::Log.name(),
    Preset::Repair.name(),
    Preset::Strict.name(),
];

/// More descriptors than systems give.
const MOST_CONNECTIONS: u32 = 16 << 20;

/// Addresses as in the file: one by itself, several as a list.
fn addresses(addresses: &[Listen]) -> String {
    let spelled: Vec<_> = addresses.iter().map(Listen::to_string).collect();
    match spelled.as_slice() {
        [] => quoted(OFF),
        [address] => quoted(address),
        several => quoted_list(several),
    }
}

fn path(path: &Path) -> String {
    quoted(&path.display().to_string())
}
