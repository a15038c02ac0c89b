//! The policy that `explain` and `check` judge by, and the request they judge in.

use super::Failure;
use super::config::Given;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use headguard::charset::{Charset, Context};
use headguard::config::{KEYS, Key};
use headguard::policy::Target;
use headguard::{Policy, RequestPolicy};

/// Where the policy comes from, and what is known of the request.
#[derive(Debug)]
pub(crate) struct PolicyArgs {
    given: Given,
    known: Known,
}

impl PolicyArgs {
    /// Reads the policy; the `log` preset where nothing is said.
    pub(crate) fn load(&self) -> Result<Policy, Failure> {
        Ok(self.given.load()?.policy)
    }

    /// What the flags say of the request.
    pub(crate) const fn known(&self) -> &Known {
        &self.known
    }
}

/// What is known of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) method: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) path: Option<String>,
    /// Its client's `Accept-Language`.
    pub(crate) accept_language: Option<Vec<u8>>,
    /// The charset that an earlier value of its client was in.
    pub(crate) earlier_charset: Option<Charset>,
}

impl Known {
    /// The policy as it stands for this request; without the rules for some
    /// requests only, where nothing is known of it.
    pub(crate) fn apply<'p>(&self, policy: &'p Policy) -> RequestPolicy<'p> {
        let policy = match self.is_nothing() {
            true => policy.for_any_request(),
            false => policy.for_request(Target::new(
                self.method.as_deref().unwrap_or("GET"),
                self.host.as_deref().unwrap_or_default(),
                self.path.as_deref().unwrap_or("/"),
            )),
        };
        let mut context = Context::default();
        if let Some(languages) = &self.accept_language {
            context = context.with_accept_language(languages);
        }
        if let Some(charset) = self.earlier_charset {
            context = context.with_earlier(charset);
        }
        policy.in_context(context)
    }

    /// The same, with what `flags` say of the client.
    pub(crate) fn with_client_of(self, flags: &Known) -> Known {
        Known {
            accept_language: self
                .accept_language
                .or_else(|| flags.accept_language.clone()),
            earlier_charset: flags.earlier_charset,
            ..self
        }
    }

    const fn is_nothing(&self) -> bool {
        self.method.is_none() && self.host.is_none() && self.path.is_none()
    }

    /// A remark, where rules were left out because nothing is known.
    pub(crate) fn remark(&self, policy: &Policy) -> Option<String> {
        let scoped = policy
            .rules()
            .iter()
            .filter(|rule| !rule.scope().is_any())
            .count();
        let rules = if scoped == 1 { "rule is" } else { "rules are" };
        (scoped > 0 && self.is_nothing()).then(|| {
            format!(
                "{scoped} {rules} for some methods, hosts or routes only and left out here; \
                 give --method, --host or --path to judge in such a request\n"
            )
        })
    }
}

/// The one key of the configuration that is worth a flag here.
fn keys() -> &'static [Key] {
    let preset = KEYS.iter().position(|key| key.path() == "policy.preset");
    preset.and_then(|at| KEYS.get(at..=at)).unwrap_or_default()
}

impl Args for PolicyArgs {
    fn augment_args(command: Command) -> Command {
        let about_request = |name: &'static str, value: &'static str, help: &'static str| {
            Arg::new(name).long(name).value_name(value).help(help)
        };
        Given::augment(command, keys())
            .arg(about_request(
                "method",
                "METHOD",
                "The method of the request to judge in, for rules that name some",
            ))
            .arg(about_request(
                "host",
                "HOST",
                "The host of the request to judge in, without a port",
            ))
            .arg(about_request(
                "path",
                "PATH",
                "The path of the request to judge in, without a query",
            ))
            .arg(about_request(
                "accept-language",
                "LANGUAGES",
                "The client's Accept-Language, which helps to tell its charset",
            ))
            .arg(
                about_request(
                    "earlier-charset",
                    "CHARSET",
                    "The charset that an earlier value of the client was in",
                )
                .value_parser(|label: &str| label.parse::<Charset>()),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for PolicyArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let told = |name| matches.get_one::<String>(name).cloned();
        let known = Known {
            method: told("method"),
            host: told("host"),
            path: told("path"),
            accept_language: told("accept-language").map(String::into_bytes),
            earlier_charset: matches.get_one::<Charset>("earlier-charset").copied(),
        };
        Ok(Self {
            given: Given::from_matches(matches, keys()),
            known,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
