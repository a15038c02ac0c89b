//! `headguard config`, and how every verb gets at its configuration.

use super::{Failure, write_stderr, write_stdout};
use clap::builder::ArgAction;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, Subcommand, ValueHint};
use headguard::config::{self, Config, Form, KEYS, Mistakes, Origin, Setting, Source};
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
            let rules = config.policy.rules().len();
            let rules = if rules == 1 {
                "1 rule".to_owned()
            } else {
                format!("{rules} rules")
            };
            write_stderr(&format!(
                "{}: no mistakes; preset {}, {rules}\n",
                file.name,
                config.policy.preset()
            ));
            Ok(())
        }
        ConfigVerb::Print(args) => write_stdout(&args.load()?.print()),
    }
}

fn wrong(mistakes: Mistakes) -> Failure {
    Failure::config(&mistakes.to_string())
}

/// The configuration file, and every key as a flag and a variable.
#[derive(Debug)]
pub(crate) struct ConfigArgs {
    file: Option<PathBuf>,
    settings: Vec<Setting>,
}

impl ConfigArgs {
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

// One table makes the file's keys, the flags and the variables; clap's derive
// would be a second.
impl Args for ConfigArgs {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new("config")
            .long("config")
            .env("HEADGUARD_CONFIG")
            .hide_env_values(true)
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .value_hint(ValueHint::FilePath)
            .help("The configuration file");
        KEYS.iter().fold(command.arg(file), |command, key| {
            let arg = Arg::new(key.path())
                .long(key.long())
                .env(key.variable())
                .hide_env_values(true)
                .value_name(key.form().value_name())
                .help(format!(
                    "{} [default: {}]",
                    key.doc(),
                    key.default().trim_matches('"')
                ));
            command.arg(match key.form() {
                Form::Boolean => arg
                    .num_args(0..=1)
                    .require_equals(true)
                    .default_missing_value("true"),
                _ => arg.action(ArgAction::Set),
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ConfigArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let settings = KEYS.iter().filter_map(|key| {
            let origin = match matches.value_source(key.path())? {
                ValueSource::EnvVariable => Origin::Variable,
                _ => Origin::Flag,
            };
            Some(Setting {
                key,
                value: matches.get_one::<String>(key.path())?.clone(),
                origin,
            })
        });
        Ok(Self {
            settings: settings.collect(),
            file: matches.get_one::<PathBuf>("config").cloned(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
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
