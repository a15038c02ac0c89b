//! The policy that `explain` and `check` judge by.

use super::Failure;
use super::config::read_source;
use clap::Args;
use headguard::Policy;
use headguard::config::{self, Key, Origin, Setting};
use std::path::PathBuf;

/// Where the policy comes from.
#[derive(Args, Debug)]
pub(crate) struct PolicyArgs {
    /// The configuration file whose policy to use
    #[arg(
        long,
        value_name = "FILE",
        env = "HEADGUARD_CONFIG",
        hide_env_values = true
    )]
    config: Option<PathBuf>,

    /// What fields without a rule get
    #[arg(long, value_name = "PRESET", env = "HEADGUARD_PRESET", hide_env_values = true, value_parser = ["log", "repair", "strict"])]
    preset: Option<String>,
}

impl PolicyArgs {
    /// Reads the policy; the `log` preset where nothing is said.
    pub(crate) fn load(&self) -> Result<Policy, Failure> {
        let preset = self.preset.clone().zip(Key::find("policy.preset"));
        let settings: Vec<Setting> = preset
            .map(|(value, key)| Setting {
                key,
                value,
                origin: Origin::Flag,
            })
            .into_iter()
            .collect();
        let file = self.config.as_deref().map(read_source).transpose()?;
        let source = file.as_ref().map(|file| file.source());
        let config = config::read(
            source
                .transpose()
                .map_err(|mistakes| Failure::config(&mistakes.to_string()))?,
            &settings,
        );
        Ok(config
            .map_err(|mistakes| Failure::config(&mistakes.to_string()))?
            .policy)
    }
}
