//! A configuration while it is read, and what its keys must agree on.

use super::key::Key;
use super::listen::Listen;
use super::report::{At, Report};
use super::sections::ListenTls;
use super::{Config, rule, rules};
use crate::policy::Preset;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A configuration while it is read.
pub(super) struct Draft {
    pub(super) config: Config,
    pub(super) tls: Tls,
    pub(super) requests: Rules,
    pub(super) responses: Rules,
    /// Where the keys come from that were given, by path.
    given: BTreeMap<&'static str, Given>,
}

/// What `[tls]` says, whole or not.
#[derive(Default)]
pub(super) struct Tls {
    pub(super) listen: Vec<Listen>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

/// What a policy is made of.
pub(super) struct Rules {
    pub(super) preset: Preset,
    pub(super) rules: Vec<rule::Written>,
}

struct Given {
    at: At,
    is_right: bool,
}

impl Default for Draft {
    fn default() -> Self {
        let rules = |preset| Rules {
            preset,
            rules: Vec::new(),
        };
        Self {
            config: Config::default(),
            tls: Tls::default(),
            requests: rules(Preset::Log),
            responses: rules(Preset::Off),
            given: BTreeMap::new(),
        }
    }
}

impl Draft {
    /// Remembers where a key was given, and whether its value could be read.
    pub(super) fn note(&mut self, key: &'static Key, at: At, is_right: bool) {
        self.given.insert(key.path, Given { at, is_right });
    }

    /// The configuration, with everything reported that its keys do not agree on.
    pub(super) fn finish(mut self, report: &mut Report<'_>) -> Config {
        let limits = self.config.limits.clone();
        self.config.policy = rules::build(&mut self.requests, &limits, report);
        let policy = rules::build(&mut self.responses, &limits, report);
        let is_said = policy.preset() != Preset::Off || !policy.rules().is_empty();
        self.config.response_policy = is_said.then_some(policy);
        self.check_tls(report);
        self.check_upstream_tls(report);
        self.check_addresses(report);
        self.check_for_loop(report);
        let Tls {
            listen,
            certificate,
            key,
        } = self.tls;
        self.config.tls = match (certificate, key) {
            (Some(certificate), Some(key)) if !listen.is_empty() => Some(ListenTls {
                listen,
                certificate,
                key,
            }),
            _ => None,
        };
        self.config
    }

    fn check_tls(&self, report: &mut Report<'_>) {
        let keys = ["tls.certificate", "tls.key"];
        match self.given.get("tls.listen") {
            Some(given) if !self.tls.listen.is_empty() => {
                let missing = |path: &&str| !self.given.contains_key(path);
                let missing: Vec<_> = keys.iter().copied().filter(missing).collect();
                if !missing.is_empty() && !report.has_gaps() {
                    report.add(
                        given.at.clone(),
                        format!("tls.listen needs {}", missing.join(" and ")),
                        Some(give(&given.at, &missing)),
                    );
                }
            }
            // Turned off, or wrong, which is said already.
            Some(_) => {}
            None => {
                let given = keys
                    .iter()
                    .filter_map(|path| self.given.get_key_value(path));
                for (path, Given { at, .. }) in given {
                    if report.has_gaps() {
                        return;
                    }
                    report.add(
                        at.clone(),
                        format!("{path} has no use without tls.listen"),
                        Some(format!(
                            "{}, or leave {path} out",
                            give(at, &["tls.listen"])
                        )),
                    );
                }
            }
        }
    }

    fn check_upstream_tls(&self, report: &mut Report<'_>) {
        let upstream = &self.config.upstream;
        if !upstream.is_tls() && self.is_right("upstream") {
            let given = self.given.iter();
            for (path, Given { at, .. }) in given.filter(|(path, _)| path.starts_with(UPSTREAM_TLS))
            {
                report.add(
                    at.clone(),
                    format!("{path} has no use: the upstream {upstream} has no TLS"),
                    Some(format!(
                        "write https:// or h2:// for the upstream, or leave {path} out"
                    )),
                );
            }
            return;
        }
        let (certificate, key) = ("upstream_tls.certificate", "upstream_tls.key");
        for (one, other) in [(certificate, key), (key, certificate)] {
            if let Some(Given { at, .. }) = self.given.get(one)
                && !self.given.contains_key(other)
                && !report.has_gaps()
            {
                report.add(
                    at.clone(),
                    format!("{one} needs {other}"),
                    Some(give(at, &[other])),
                );
            }
        }
    }

    /// Two sockets on one address take each other's connections.
    fn check_addresses(&self, report: &mut Report<'_>) {
        let config = &self.config;
        if config.listen.is_empty()
            && self.tls.listen.is_empty()
            && self.is_right("tls.listen")
            && let Some(Given { at, .. }) =
                self.given.get("listen").or(self.given.get("tls.listen"))
        {
            report.add(
                at.clone(),
                "there is no address to listen on",
                Some("give listen or tls.listen an address".to_owned()),
            );
        }
        let sockets: Vec<(&str, &Listen)> = (config.listen.iter().map(|one| ("listen", one)))
            .chain(self.tls.listen.iter().map(|one| ("tls.listen", one)))
            .chain(config.admin.iter().map(|one| ("admin.listen", one)))
            .filter(|(key, _)| self.is_right(key))
            .collect();
        for (place, &(key, socket)) in sockets.iter().enumerate() {
            let earlier = sockets.iter().take(place);
            // What one key says of every interface and of one is the system's to judge.
            let collides = |&&(other_key, other): &&(&str, &Listen)| match key == other_key {
                true => socket == other && socket.collides_with(other),
                false => socket.collides_with(other),
            };
            let Some(&(other_key, other)) = earlier.clone().find(collides) else {
                continue;
            };
            let Some(Given { at, .. }) = self.given.get(key).or(self.given.get(other_key)) else {
                continue;
            };
            let message = if key == other_key {
                format!("{key} has {socket} twice")
            } else if socket == other {
                format!("{key} and {other_key} are both on {socket}")
            } else {
                format!(
                    "{key} on {socket} and {other_key} on {other} would take each other's connections"
                )
            };
            let help = match key == other_key {
                true => "take one of them out".to_owned(),
                false => format!("give one of them {}", another(socket)),
            };
            report.add(at.clone(), message, Some(help));
        }
    }

    /// A proxy that is its own upstream asks itself until it runs out of sockets.
    fn check_for_loop(&self, report: &mut Report<'_>) {
        let upstream = &self.config.upstream;
        if !self.is_right("upstream") {
            return;
        }
        let config = &self.config;
        let groups = [
            ("listen", config.listen.as_slice()),
            ("tls.listen", self.tls.listen.as_slice()),
            ("admin.listen", config.admin.as_slice()),
        ];
        for (key, listeners) in groups {
            if !self.is_right(key) {
                continue;
            }
            let Some(listener) = listeners.iter().find(|one| upstream.is(one)) else {
                continue;
            };
            let Some(Given { at, .. }) = self.given.get("upstream").or(self.given.get(key)) else {
                continue;
            };
            report.add(
                at.clone(),
                format!("the upstream {upstream} is this proxy, which listens on {listener}"),
                Some(format!("give upstream or {key} {}", another(listener))),
            );
        }
    }

    /// Whether the key has its default or a value that could be read.
    fn is_right(&self, path: &str) -> bool {
        self.given.get(path).is_none_or(|given| given.is_right)
    }
}

const UPSTREAM_TLS: &str = "upstream_tls.";

/// What keeps two sockets apart.
const fn another(socket: &Listen) -> &'static str {
    match socket {
        Listen::Tcp(_) => "another port",
        Listen::Unix(_) => "another path",
    }
}

/// How the keys are given where something else was.
fn give(at: &At, paths: &[&str]) -> String {
    let keys = paths.iter().filter_map(|path| Key::find(path));
    let spelled = |key: &Key| match at {
        At::File(_) => {
            let (section, name) = key.place();
            format!("{name} = {} under [{section}]", key.example)
        }
        At::Setting(name) if name.starts_with("--") => key.flag.to_owned(),
        At::Setting(_) => key.variable.to_owned(),
    };
    let spelled: Vec<_> = keys.map(spelled).collect();
    match at {
        At::File(_) => format!("write {}", spelled.join(" and ")),
        At::Setting(_) => format!("give {} too", spelled.join(" and ")),
    }
}
