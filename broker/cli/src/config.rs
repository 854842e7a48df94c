//! `corelog config`.

use std::path::PathBuf;

use clap::Subcommand;
use corelog_config::{
    BrokerConfig, ConfigSource, ConfigSources, Profile, profiles_markdown, reference_markdown, registry,
};
use serde_json::json;

use crate::config_args::{ConfigArgs, environment};
use crate::error::CliError;
use crate::output::{Output, Table, cell};

/// The commands on the configuration.
#[derive(Clone, PartialEq, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the reference of every key, in Markdown; with --output json as data.
    Reference,

    /// Print what each profile sets and why, in Markdown; with --output json as data.
    Profiles,

    /// Show what a broker would run with, started with these flags, and who set each key.
    #[command(after_help = "\
Examples:
  corelog config show --profile latency
  corelog config show -c corelog.toml --journal-files 8 -o json")]
    Show {
        #[command(flatten)]
        config: ConfigArgs,
    },

    /// Check a configuration file with the environment, and show what is in force.
    #[command(after_help = "\
Examples:
  corelog config check corelog.toml
  CORELOG_NUM_PARTITIONS=3 corelog config check --all")]
    Check {
        /// The file; without it only the environment counts.
        #[arg(value_name = "FILE", env = "CORELOG_CONFIG")]
        file: Option<PathBuf>,

        /// Show keys at their defaults too.
        #[arg(long)]
        all: bool,
    },
}

pub(crate) fn run(command: &ConfigCommand, output: &mut Output<'_>) -> Result<(), CliError> {
    match command {
        ConfigCommand::Reference if output.is_json() => output.json(&reference_json()),
        ConfigCommand::Reference => output.bytes(reference_markdown().as_bytes()),
        ConfigCommand::Profiles if output.is_json() => output.json(&profiles_json()),
        ConfigCommand::Profiles => output.bytes(profiles_markdown().as_bytes()),
        ConfigCommand::Show { config } => print_config(&BrokerConfig::load(&config.sources())?, true, output),
        ConfigCommand::Check { file, all } => {
            let config = BrokerConfig::load(&ConfigSources {
                file: file.clone(),
                environment: environment(),
                flags: Vec::new(),
            })?;
            print_config(&config, *all, output)
        }
    }
}

fn reference_json() -> serde_json::Value {
    let keys = registry().broker_keys().chain(registry().topic_keys());
    keys.map(|key| {
        json!({
            "key": key.name, "type": key.kind.name(), "unit": key.unit.name(), "default": key.default,
            "scope": key.scope.name(), "doc": key.doc, "inert": key.inert,
            "broker_keys": key.synonyms.iter().map(|synonym| synonym.name).collect::<Vec<_>>(),
        })
    })
    .collect()
}

fn profiles_json() -> serde_json::Value {
    let settings = |profile: Profile| -> serde_json::Value {
        let settings = profile.settings().iter();
        settings
            .map(|setting| json!({ "key": setting.key, "value": setting.value, "reason": setting.reason }))
            .collect()
    };
    let profiles = Profile::ALL.into_iter();
    profiles
        .map(|profile| {
            json!({
                "profile": profile.name(), "purpose": profile.purpose(), "settings": settings(profile),
            })
        })
        .collect()
}

/// Prints what a broker's keys are and who set them; those at their defaults too if `all` says so.
pub(crate) fn print_config(
    config: &BrokerConfig,
    all: bool,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    let mut table = Table::new(&["KEY", "VALUE", "SET BY"]);
    let mut values = Vec::new();
    for entry in config.describe() {
        let origin = config.origin(entry.name).map(ToString::to_string);
        if !all && origin.is_none() {
            continue;
        }
        let set_by = match (&origin, entry.source) {
            (Some(origin), ConfigSource::StaticBroker) => origin.clone(),
            _ => "default".to_owned(),
        };
        values.push(json!({ "key": entry.name, "value": entry.value, "set_by": set_by }));
        table.row([entry.name.to_owned(), cell(entry.value), set_by]);
    }
    output.table_or_json(&table, &values)
}
