//! `headguard config`, and how every verb gets at its configuration.

use super::{Failure, write_stderr, write_stdout};
use clap::builder::ArgAction;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, Subcommand, ValueHint};
use headguard::Policy;
use headguard::config::{self, Config, Form, KEYS, Key, Mistakes, Origin, Setting, Source};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Check or print the configuration.
#[derive(Subcommand, Debug)]
pub(crate) enum ConfigVerb {
    /// Check a configuration file and report all mistakes in it
    Check {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the effective configuration: file, variables and flags together, with a comment a key
    Print(Box<ConfigArgs>),
}

pub(crate) fn run(verb: &ConfigVerb) -> Result<(), Failure> {
    match verb {
        ConfigVerb::Check { file } => {
            let file = read_source(file)?;
            let source = file.source().map_err(wrong)?;
            let config = config::read(Some(source), &[]).map_err(wrong)?;
            let responses = match &config.response_policy {
                Some(policy) => format!("; responses: {}", summary(policy)),
                None => String::new(),
            };
            write_stderr(&format!(
                "{}: no mistakes; {}{responses}\n",
                file.name,
                summary(&config.policy),
            ));
            Ok(())
        }
        ConfigVerb::Print(args) => write_stdout(&args.load()?.print()),
    }
}

fn summary(policy: &Policy) -> String {
    let rules = match policy.rules().len() {
        1 => "1 rule".to_owned(),
        count => format!("{count} rules"),
    };
    format!("preset {}, {rules}", policy.preset())
}

fn wrong(mistakes: Mistakes) -> Failure {
    Failure::config(&mistakes.to_string())
}

/// The configuration file, and every key as a flag and a variable.
#[derive(Clone, Debug)]
pub(crate) struct ConfigArgs(Given);

impl ConfigArgs {
    /// Reads the effective configuration.
    pub(crate) fn load(&self) -> Result<Config, Failure> {
        self.0.load()
    }
}

impl Args for ConfigArgs {
    fn augment_args(command: Command) -> Command {
        Given::augment(command, KEYS)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ConfigArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(Given::from_matches(matches, KEYS)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// What of the configuration was given on the command line and in the
/// environment.
///
/// One table makes the file's keys, the flags and the variables; clap's derive
/// would be a second.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    file: Option<PathBuf>,
    settings: Vec<Setting>,
}

impl Given {
    /// Adds `--config` and the flags of these keys.
    pub(crate) fn augment(command: Command, keys: &'static [Key]) -> Command {
        let file = Arg::new("config")
            .long("config")
            .env("HEADGUARD_CONFIG")
            .hide_env_values(true)
            .value_name("FILE")
            .value_parser(clap::value_parser!(OsString))
            .value_hint(ValueHint::FilePath)
            .help("The configuration file");
        keys.iter().fold(command.arg(file), |command, key| {
            let arg = Arg::new(key.path())
                .long(key.long())
                .env(key.variable())
                .hide_env_values(true)
                .value_name(key.form().value_name())
                .help(help(key));
            command.arg(match key.form() {
                Form::Boolean => arg
                    .num_args(0..=1)
                    .require_equals(true)
                    .default_missing_value("true"),
                Form::File => arg.value_hint(ValueHint::FilePath),
                _ => arg.action(ArgAction::Set),
            })
        })
    }

    pub(crate) fn from_matches(matches: &ArgMatches, keys: &'static [Key]) -> Self {
        // Who deploys by template sets variables to nothing; that is not set.
        let is_set = |id: &str, empty: bool| match matches.value_source(id) {
            Some(ValueSource::EnvVariable) => (!empty).then_some(Origin::Variable),
            Some(_) => Some(Origin::Flag),
            None => None,
        };
        let settings = keys.iter().filter_map(|key| {
            let value = matches.get_one::<String>(key.path())?;
            let origin = is_set(key.path(), value.is_empty())?;
            Some(Setting {
                key,
                value: value.clone(),
                origin,
            })
        });
        let settings = settings.collect();
        let file = matches.get_one::<OsString>("config");
        let file = file.filter(|file| is_set("config", file.is_empty()).is_some());
        Self {
            file: file.map(PathBuf::from),
            settings,
        }
    }

    /// Reads the effective configuration.
    pub(crate) fn load(&self) -> Result<Config, Failure> {
        let file = self.file.as_deref().map(read_source).transpose()?;
        let source = file
            .as_ref()
            .map(SourceFile::source)
            .transpose()
            .map_err(wrong)?;
        config::read(source, &self.settings).map_err(wrong)
    }
}

/// A key in one line of help.
fn help(key: &Key) -> String {
    let doc = key.doc().trim_end_matches('.');
    match (key.form(), key.bare_default()) {
        (Form::Boolean, _) | (_, None) => doc.to_owned(),
        (_, Some(default)) => format!("{doc} [default: {default}]"),
    }
}

/// A configuration file, read.
pub(crate) struct SourceFile {
    name: String,
    octets: Vec<u8>,
}

impl SourceFile {
    /// Its text, if it is text.
    pub(crate) fn source(&self) -> Result<Source<'_>, Mistakes> {
        Source::from_octets(&self.name, &self.octets)
    }
}

/// Reads a configuration file.
pub(crate) fn read_source(path: &Path) -> Result<SourceFile, Failure> {
    let name = path.display().to_string();
    match std::fs::read(path) {
        Ok(octets) => Ok(SourceFile { name, octets }),
        Err(error) => Err(Failure::config(&format!("error: {name}: {error}"))),
    }
}
