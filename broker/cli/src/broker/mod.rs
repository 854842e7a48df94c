//! `corelog broker`.

mod log_level;

use std::collections::BTreeMap;

use clap::{ArgGroup, Args, Subcommand};
use corelog_client::{Client, ConfigChange, ConfigResource, ConfigValue, ValueSource};
use serde_json::json;

use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{Output, Table};
use crate::parse::{ParseError, key_value};

use log_level::LogLevelArgs;

/// The commands on brokers.
#[derive(Clone, PartialEq, Debug, Subcommand)]
pub enum BrokerCommand {
    /// Show the settings of a broker that is running, or those set for all brokers.
    #[command(after_help = "\
Examples:
  corelog broker describe 1
  corelog broker describe 1 --all -o json")]
    Describe {
        /// The broker's node id; without it the settings for all brokers.
        #[arg(value_name = "ID")]
        id: Option<i32>,

        /// Show keys at their defaults too.
        #[arg(long)]
        all: bool,
    },

    /// Change settings of a broker while it runs, or those for all brokers.
    #[command(after_help = "\
Examples:
  corelog broker alter 1 --set max.connections=500
  corelog broker alter --unset log.retention.ms
`corelog config reference` says which settings change at run time.")]
    Alter(AlterArgs),

    /// Show or change which log lines a broker writes, while it runs.
    #[command(after_help = "\
Examples:
  corelog broker log-level 1
  corelog broker log-level 1 corelog_storage=debug
  corelog broker log-level 1 --reset
It is the broker's key log.level, which is kept over restarts until --reset.")]
    LogLevel(LogLevelArgs),
}

/// The arguments of `broker alter`.
#[derive(Clone, PartialEq, Debug, Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true))]
pub struct AlterArgs {
    /// The broker's node id; without it the settings for all brokers.
    #[arg(value_name = "ID")]
    id: Option<i32>,

    /// Change a setting; may be given several times.
    #[arg(long, visible_alias = "config", value_name = "KEY=VALUE", group = "change", value_parser = key_value)]
    set: Vec<(String, String)>,

    /// Forget what was set; may be given several times.
    #[arg(long, value_name = "KEY", group = "change")]
    unset: Vec<String>,

    /// Only check whether it could be changed.
    #[arg(long)]
    dry_run: bool,
}

fn resource(id: Option<i32>) -> ConfigResource {
    id.map_or(ConfigResource::AllBrokers, ConfigResource::Broker)
}

fn name(id: Option<i32>) -> String {
    id.map_or_else(|| "all brokers".to_owned(), |id| format!("broker {id}"))
}

pub(crate) fn run(
    globals: &Globals,
    command: &BrokerCommand,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    match command {
        BrokerCommand::Describe { id, all } => describe(&mut globals.client()?, *id, *all, output),
        BrokerCommand::Alter(args) => {
            let changes = changes(&args.set, &args.unset)?;
            alter(&mut globals.client()?, args, &changes, output)
        }
        BrokerCommand::LogLevel(args) => log_level::run(&mut globals.client()?, args, output),
    }
}

/// What is set and unset, by key. One key cannot be both.
pub(crate) fn changes(
    set: &[(String, String)],
    unset: &[String],
) -> Result<BTreeMap<String, ConfigChange>, CliError> {
    if let Some(key) = unset.iter().find(|key| set.iter().any(|(set, _)| set == *key)) {
        return Err(CliError::Parse(ParseError::Pair {
            text: key.clone(),
            form: "either set or unset: it is given as both",
        }));
    }
    let set = set
        .iter()
        .map(|(key, value)| (key.clone(), ConfigChange::Set(value.clone())));
    let unset = unset.iter().map(|key| (key.clone(), ConfigChange::Unset));
    Ok(set.chain(unset).collect())
}

fn describe(
    client: &mut Client,
    id: Option<i32>,
    all: bool,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    let is_shown = |value: &ConfigValue| all || value.source != ValueSource::Default;
    let mut shown = client.describe_configs(&resource(id), false)?;
    shown.retain(is_shown);
    let mut table = Table::new(&["KEY", "VALUE", "SET BY", "CHANGES"]);
    let mut values = Vec::new();
    for value in shown {
        let changes = if value.is_read_only {
            "at a start"
        } else {
            "at run time"
        };
        values.push(json!({
            "key": value.name, "value": value.value, "source": value.source.name(), "read_only": value.is_read_only,
        }));
        table.row([
            value.name,
            value.value.unwrap_or_else(|| "(hidden)".to_owned()),
            value.source.name().to_owned(),
            changes.to_owned(),
        ]);
    }
    output.table_or_json(&table, &values)
}

fn alter(
    client: &mut Client,
    args: &AlterArgs,
    changes: &BTreeMap<String, ConfigChange>,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    client.alter_configs(&resource(args.id), changes, args.dry_run)?;
    let result = if args.dry_run {
        "would be altered"
    } else {
        "altered"
    };
    if output.is_json() {
        let keys: Vec<_> = changes.keys().collect();
        return output.json(&json!({ "broker": args.id, "result": result, "configs": keys }));
    }
    output.line(&format!("{} {result}", name(args.id)))
}
