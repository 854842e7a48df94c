//! `corelog broker log-level`: which log lines a broker writes, seen and changed while it runs.
//!
//! The broker's key for it is `log.level`, changed by IncrementalAlterConfigs as any other: a level for all of the program, and
//! others for parts of it, as in `info,corelog_storage=debug`.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use corelog_client::{Client, ConfigChange, ConfigResource};
use serde_json::json;

use crate::error::CliError;
use crate::output::{Output, Table};
use crate::parse::ParseError;

const KEY: &str = "log.level";
/// What a broker writes that was told nothing.
const DEFAULT: &str = "info,glommio=warn";

/// The arguments of `broker log-level`.
#[derive(Clone, PartialEq, Eq, Debug, Args)]
pub struct LogLevelArgs {
    /// The broker's node id.
    #[arg(value_name = "ID")]
    id: i32,

    /// The new level: of all of the program, or of a part of it; may be given several times. Without it the levels are shown.
    #[arg(value_name = "[PART=]LEVEL", value_parser = directive)]
    levels: Vec<Directive>,

    /// Forget what was set while the broker ran.
    #[arg(long, conflicts_with = "levels")]
    reset: bool,
}

/// How much is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Level {
    Off,
    #[value(alias = "fatal")]
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Off => "off",
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Info => "info",
            Level::Debug => "debug",
            Level::Trace => "trace",
        }
    }
}

/// The level of a part; of all the rest, if none is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Directive {
    part: Option<String>,
    level: Level,
}

fn directive(text: &str) -> Result<Directive, ParseError> {
    let refuse = || ParseError::Pair {
        text: text.to_owned(),
        form: "LEVEL or PART=LEVEL, with off, error, warn, info, debug or trace, as in corelog_storage=debug",
    };
    let (part, level) = match text.split_once('=') {
        Some((part, level)) => (Some(part.trim()), level),
        None => (None, text),
    };
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))
    };
    if part.is_some_and(|part| !is_part(part)) {
        return Err(refuse());
    }
    Ok(Directive {
        // Kafka calls all of it root.
        part: part.filter(|part| *part != "root").map(str::to_owned),
        level: Level::from_str(level.trim(), true).map_err(|_| refuse())?,
    })
}

/// Levels by part; the empty name is that of all the rest.
fn parse(text: &str) -> BTreeMap<String, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| match part.split_once('=') {
            Some((part, level)) => (part.to_owned(), level.to_owned()),
            None => (String::new(), part.to_owned()),
        })
        .collect()
}

fn shown(levels: &BTreeMap<String, String>) -> String {
    let parts: Vec<_> = levels
        .iter()
        .map(|(part, level)| {
            if part.is_empty() {
                level.clone()
            } else {
                format!("{part}={level}")
            }
        })
        .collect();
    parts.join(",")
}

pub(super) fn run(client: &mut Client, args: &LogLevelArgs, output: &mut Output<'_>) -> Result<(), CliError> {
    let resource = ConfigResource::Broker(args.id);
    if args.reset {
        let changes = BTreeMap::from([(KEY.to_owned(), ConfigChange::Unset)]);
        client.alter_configs(&resource, &changes, false)?;
    } else if !args.levels.is_empty() {
        let mut levels = now(client, &resource)?;
        for directive in &args.levels {
            let part = directive.part.clone().unwrap_or_default();
            levels.insert(part, directive.level.name().to_owned());
        }
        let changes = BTreeMap::from([(KEY.to_owned(), ConfigChange::Set(shown(&levels)))]);
        client.alter_configs(&resource, &changes, false)?;
    }
    print(args.id, &now(client, &resource)?, output)
}

/// The levels in force. A broker that has none set goes by its environment, which is not asked for here.
fn now(client: &mut Client, resource: &ConfigResource) -> Result<BTreeMap<String, String>, CliError> {
    let values = client.describe_configs(resource, false)?;
    let set = values.iter().find(|value| value.name == KEY);
    let set = set
        .and_then(|value| value.value.as_deref())
        .filter(|text| !text.is_empty());
    Ok(parse(set.unwrap_or(DEFAULT)))
}

fn print(id: i32, levels: &BTreeMap<String, String>, output: &mut Output<'_>) -> Result<(), CliError> {
    let mut table = Table::new(&["PART", "LEVEL"]);
    for (part, level) in levels {
        let name = if part.is_empty() { "root" } else { part };
        table.row([name.to_owned(), level.clone()]);
    }
    let values: BTreeMap<_, _> = levels
        .iter()
        .map(|(part, level)| (if part.is_empty() { "root" } else { part.as_str() }, level))
        .collect();
    output.table_or_json(&table, &json!({ "broker": id, "levels": values }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_parsed_and_changed_by_part() {
        let mut levels = parse("info, glommio=warn");
        for text in ["corelog_storage=DEBUG", "root=warn", "glommio=off"] {
            let directive = directive(text).unwrap();
            levels.insert(
                directive.part.unwrap_or_default(),
                directive.level.name().to_owned(),
            );
        }
        assert_eq!(shown(&levels), "warn,corelog_storage=debug,glommio=off");
        for text in ["loud", "a b=info", "=info", "corelog_storage="] {
            assert!(directive(text).is_err(), "{text}");
        }
    }
}
