//! `corelog topic`.

mod analyze;
mod cleaning;
mod describe;
mod trim;

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, Subcommand};
use corelog_client::{Client, ConfigChange, ConfigResource, NewTopic, TopicInfo};
use corelog_protocol::ErrorCode;
use serde_json::json;

use crate::broker::changes;
use crate::error::CliError;
use crate::failures::{Failures, finish};
use crate::globals::Globals;
use crate::output::{Output, Table, cell};
use crate::parse::key_value;

use analyze::AnalyzeArgs;
use trim::TrimArgs;

/// The commands on topics.
#[derive(Clone, PartialEq, Debug, Subcommand)]
pub enum TopicCommand {
    /// Create topics.
    #[command(after_help = "\
Examples:
  corelog topic create orders --partitions 12
  corelog topic create prices -c cleanup.policy=compact -c durability=written
`corelog config reference` explains the settings.")]
    Create(CreateArgs),

    /// List topics.
    #[command(visible_alias = "ls")]
    List {
        /// Show the broker's own topics too, such as __consumer_offsets.
        #[arg(long)]
        internal: bool,
    },

    /// Show partitions, offsets and settings of topics.
    #[command(after_help = "\
Examples:
  corelog topic describe orders
  corelog topic describe orders --configs all --output json")]
    Describe(DescribeArgs),

    /// Add partitions to a topic, or change its settings.
    #[command(after_help = "\
Examples:
  corelog topic alter orders --partitions 24
  corelog topic alter orders --set retention.ms=3600000 --unset segment.bytes
Keys go to other partitions once a topic has more of them.")]
    Alter(AlterArgs),

    /// Delete topics with all their records.
    #[command(visible_alias = "rm")]
    Delete {
        /// The topics.
        #[arg(value_name = "TOPIC", required = true)]
        names: Vec<String>,

        /// Say nothing of topics that do not exist.
        #[arg(long)]
        if_exists: bool,
    },

    /// Delete the oldest records of topics.
    #[command(after_help = "\
Examples:
  corelog topic trim orders --to-offset 1000 --dry-run
  corelog topic trim orders:0,2 --to-timestamp 2026-01-31T12:00:00Z
  corelog topic trim orders --to-end --yes")]
    Trim(TrimArgs),

    /// Measure how fast topics grow, how large they are and how evenly they are spread.
    #[command(after_help = "\
Examples:
  corelog topic analyze orders
  corelog topic analyze --interval 30s -o json")]
    Analyze(AnalyzeArgs),
}

/// Which settings to show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum ConfigsShown {
    /// None.
    None,
    /// Those that somebody set.
    Changed,
    /// All.
    All,
}

/// The arguments of `topic describe`.
#[derive(Clone, PartialEq, Debug, Args)]
pub struct DescribeArgs {
    /// The topics; all if none is named.
    #[arg(value_name = "TOPIC")]
    names: Vec<String>,

    /// Which settings to show: those that were set, or all.
    #[arg(long, value_enum, default_value_t = ConfigsShown::Changed)]
    configs: ConfigsShown,

    /// The broker's admin port, which tells what is to be compacted; without it port 9644 of the broker.
    #[arg(long, value_name = "HOST:PORT", env = "CORELOG_ADMIN")]
    admin: Option<String>,
}

/// The arguments of `topic create`.
#[derive(Clone, PartialEq, Debug, Args)]
pub struct CreateArgs {
    /// The topics.
    #[arg(value_name = "TOPIC", required = true)]
    names: Vec<String>,

    /// How many partitions; the broker's num.partitions if it is not given.
    #[arg(long, short, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,

    /// How many replicas; the broker's default.replication.factor if it is not given.
    #[arg(long, short, value_parser = clap::value_parser!(i16).range(1..))]
    replication_factor: Option<i16>,

    /// A setting of the topic; may be given several times.
    #[arg(long = "config", visible_alias = "set", short, value_name = "KEY=VALUE", value_parser = key_value)]
    configs: Vec<(String, String)>,

    /// Say nothing of topics that exist already.
    #[arg(long)]
    if_not_exists: bool,

    /// Only check whether they could be created.
    #[arg(long)]
    dry_run: bool,
}

/// The arguments of `topic alter`.
#[derive(Clone, PartialEq, Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub struct AlterArgs {
    /// The topic.
    #[arg(value_name = "TOPIC")]
    name: String,

    /// How many partitions it shall have; more than now.
    #[arg(long, short, group = "change", value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,

    /// Change a setting; may be given several times.
    #[arg(long, visible_alias = "config", value_name = "KEY=VALUE", group = "change", value_parser = key_value)]
    set: Vec<(String, String)>,

    /// Give a setting its default back; may be given several times.
    #[arg(long, value_name = "KEY", group = "change")]
    unset: Vec<String>,

    /// Only check whether it could be changed.
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(
    globals: &Globals,
    command: &TopicCommand,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    // What is wrong with the command line is said before anybody is asked.
    let changes = match command {
        TopicCommand::Alter(args) => changes(&args.set, &args.unset)?,
        _ => BTreeMap::new(),
    };
    let mut client = globals.client()?;
    match command {
        TopicCommand::Create(args) => create(&mut client, args, output),
        TopicCommand::List { internal } => list(&mut client, *internal, output),
        TopicCommand::Describe(args) => describe::describe(globals, &mut client, args, output),
        TopicCommand::Alter(args) => alter(&mut client, args, &changes, output),
        TopicCommand::Trim(args) => trim::run(&mut client, args, output),
        TopicCommand::Analyze(args) => analyze::run(&mut client, args, output),
        TopicCommand::Delete { names, if_exists } => delete(&mut client, names, *if_exists, output),
    }
}

fn create(client: &mut Client, args: &CreateArgs, output: &mut Output<'_>) -> Result<(), CliError> {
    let names: BTreeSet<&String> = args.names.iter().collect();
    let topics: Vec<_> = names
        .into_iter()
        .map(|name| NewTopic {
            name: name.clone(),
            partitions: args.partitions,
            replication_factor: args.replication_factor,
            configs: args.configs.iter().cloned().collect(),
        })
        .collect();
    let mut done = Table::new(&["TOPIC", "PARTITIONS", "REPLICAS", "RESULT"]);
    let mut values = Vec::new();
    let mut failures = Failures::default();
    let result = if args.dry_run {
        "would be created"
    } else {
        "created"
    };
    for (name, outcome) in client.create_topics(&topics, args.dry_run)? {
        match outcome {
            Ok(topic) => {
                done.row([
                    name.clone(),
                    cell(topic.partitions),
                    cell(topic.replication_factor),
                    result.into(),
                ]);
                values.push(json!({
                    "topic": name, "partitions": topic.partitions,
                    "replication_factor": topic.replication_factor, "result": result,
                }));
            }
            Err(error) if error.code() == Some(ErrorCode::TopicAlreadyExists) && args.if_not_exists => {
                done.row([
                    name.clone(),
                    cell(None::<i32>),
                    cell(None::<i32>),
                    "exists".into(),
                ]);
                values.push(json!({ "topic": name, "result": "exists" }));
            }
            Err(error) => failures.add(&name, &error),
        }
    }
    finish(output, &done, &values, failures)
}

fn list(client: &mut Client, internal: bool, output: &mut Output<'_>) -> Result<(), CliError> {
    let topics: Vec<_> = client
        .topics()?
        .into_iter()
        .filter(|topic| internal || !topic.is_internal)
        .collect();
    let mut table = Table::new(&["TOPIC", "PARTITIONS", "REPLICAS"]);
    for topic in &topics {
        table.row([
            topic.name.clone(),
            topic.partitions.len().to_string(),
            replicas(topic).to_string(),
        ]);
    }
    let values: Vec<_> = topics
        .iter()
        .map(|topic| {
            json!({
                "topic": topic.name, "id": topic.id.to_string(), "partitions": topic.partitions.len(),
                "replication_factor": replicas(topic), "internal": topic.is_internal,
            })
        })
        .collect();
    output.table_or_json(&table, &values)
}

fn replicas(topic: &TopicInfo) -> usize {
    topic
        .partitions
        .first()
        .map_or(0, |partition| partition.replicas.len())
}

fn alter(
    client: &mut Client,
    args: &AlterArgs,
    changes: &BTreeMap<String, ConfigChange>,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    let topic = client.topic(&args.name, false)?;
    if !changes.is_empty() {
        client.alter_configs(&ConfigResource::Topic(args.name.clone()), changes, args.dry_run)?;
    }
    if let Some(count) = args.partitions {
        client.create_partitions(&args.name, count, args.dry_run)?;
    }
    let before = topic.partitions.len();
    let result = if args.dry_run {
        "would be altered"
    } else {
        "altered"
    };
    if output.is_json() {
        let keys: Vec<_> = changes.keys().collect();
        return output.json(&json!({
            "topic": args.name, "result": result, "configs": keys, "partitions_before": before,
            "partitions": args.partitions,
        }));
    }
    output.line(&format!("{} {result}", args.name))
}

fn delete(
    client: &mut Client,
    names: &[String],
    if_exists: bool,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    let mut done = Table::new(&["TOPIC", "RESULT"]);
    let mut values = Vec::new();
    let mut failures = Failures::default();
    for (name, outcome) in client.delete_topics(names)? {
        let result = match outcome {
            Ok(()) => "deleted",
            Err(error) if error.code() == Some(ErrorCode::UnknownTopicOrPartition) && if_exists => {
                "not there"
            }
            Err(error) => {
                failures.add(&name, &error);
                continue;
            }
        };
        values.push(json!({ "topic": name, "result": result }));
        done.row([name, result.to_owned()]);
    }
    finish(output, &done, &values, failures)
}

#[cfg(test)]
mod tests {
    use crate::args::Command;
    use crate::args::tests::parse;
    use crate::exit::Exit;

    use super::*;

    fn topic(line: &str) -> TopicCommand {
        match parse(line).unwrap().command {
            Command::Topic(command) => command,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn create_takes_settings() {
        let TopicCommand::Create(args) = topic("topic create a b -p 3 -c retention.ms=5 -c x=y=z --dry-run")
        else {
            panic!("another command");
        };
        assert_eq!(args.names, ["a", "b"]);
        assert_eq!(args.partitions, Some(3));
        assert_eq!(
            args.configs,
            [("retention.ms".into(), "5".into()), ("x".into(), "y=z".into())]
        );
        assert!(args.dry_run && !args.if_not_exists);
    }

    #[test]
    fn alter_needs_a_change() {
        assert!(parse("topic alter a").is_err());
        assert!(parse("topic alter a --unset retention.ms").is_ok());
        assert!(parse("topic alter a --config retention.ms=5").is_ok());
        assert!(parse("topic create a --set retention.ms=5").is_ok());
        let TopicCommand::Alter(args) = topic("topic alter a --set k=v --unset k") else {
            panic!("another command");
        };
        assert_eq!(changes(&args.set, &args.unset).unwrap_err().exit(), Exit::Usage);
    }
}
