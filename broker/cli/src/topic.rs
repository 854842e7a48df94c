//! `corelog topic`.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, Subcommand};
use corelog_client::{
    Client, ConfigChange, ConfigResource, ConfigValue, NewTopic, OffsetAt, TopicInfo, ValueSource,
};
use corelog_model::{Offset, PartitionIndex};
use corelog_protocol::ErrorCode;
use serde_json::{Value, json};

use crate::args::Globals;
use crate::error::{CliError, exit_of_code};
use crate::exit::Exit;
use crate::output::{Output, Table, cell, joined};
use crate::parse::{ParseError, key_value};

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
    Describe {
        /// The topics; all if none is named.
        #[arg(value_name = "TOPIC")]
        names: Vec<String>,

        /// Which settings to show: those that were set, or all.
        #[arg(long, value_enum, default_value_t = ConfigsShown::Changed)]
        configs: ConfigsShown,
    },

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
}

/// Which settings to show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum ConfigsShown {
    /// None.
    None,
    /// Those that somebody set.
    Changed,
    /// All.
    All,
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
    #[arg(long = "config", short, value_name = "KEY=VALUE", value_parser = key_value)]
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
    #[arg(long, value_name = "KEY=VALUE", group = "change", value_parser = key_value)]
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
    if let TopicCommand::Alter(args) = command {
        check_alter(args)?;
    }
    let mut client = globals.client()?;
    match command {
        TopicCommand::Create(args) => create(&mut client, args, output),
        TopicCommand::List { internal } => list(&mut client, *internal, output),
        TopicCommand::Describe { names, configs } => describe(&mut client, names, *configs, output),
        TopicCommand::Alter(args) => alter(&mut client, args, output),
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

fn describe(
    client: &mut Client,
    names: &[String],
    configs: ConfigsShown,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    let topics = if names.is_empty() {
        client
            .topics()?
            .into_iter()
            .filter(|topic| !topic.is_internal)
            .collect()
    } else {
        names
            .iter()
            .map(|name| client.topic(name, false))
            .collect::<Result<Vec<_>, _>>()?
    };
    let mut values = Vec::new();
    for (number, topic) in topics.iter().enumerate() {
        let (starts, ends) = bounds(client, topic)?;
        let shown = match configs {
            ConfigsShown::None => Vec::new(),
            ConfigsShown::Changed | ConfigsShown::All => {
                let all = client.describe_configs(&ConfigResource::Topic(topic.name.clone()), false)?;
                let is_shown =
                    |value: &ConfigValue| configs == ConfigsShown::All || value.source == ValueSource::Topic;
                all.into_iter().filter(is_shown).collect()
            }
        };
        if output.is_json() {
            values.push(topic_json(topic, &shown, &starts, &ends));
            continue;
        }
        if number > 0 {
            output.line("")?;
        }
        let count = topic.partitions.len();
        output.line(&format!(
            "{}  id {}  {count} partition{}",
            topic.name,
            topic.id,
            plural(count)
        ))?;
        for value in &shown {
            let text = value.value.as_deref().unwrap_or("(hidden)");
            output.line(&format!("  {} = {text}  ({})", value.name, value.source.name()))?;
        }
        output.table(&partitions_table(topic, &starts, &ends))?;
    }
    if output.is_json() {
        output.json(&values)
    } else {
        Ok(())
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

type Offsets = BTreeMap<PartitionIndex, Option<Offset>>;

/// First and next offsets, of the partitions that have a leader.
fn bounds(client: &mut Client, topic: &TopicInfo) -> Result<(Offsets, Offsets), CliError> {
    let led: Vec<_> = topic
        .partitions
        .iter()
        .filter(|partition| partition.leader.is_some())
        .map(|partition| partition.index)
        .collect();
    let starts = client.list_offsets(&topic.name, &led, OffsetAt::Earliest)?;
    let ends = client.list_offsets(&topic.name, &led, OffsetAt::Latest)?;
    Ok((starts, ends))
}

fn at(offsets: &Offsets, index: PartitionIndex) -> Option<i64> {
    offsets.get(&index).copied().flatten().map(Offset::get)
}

fn partitions_table(topic: &TopicInfo, starts: &Offsets, ends: &Offsets) -> Table {
    let mut table = Table::new(&[
        "PARTITION",
        "LEADER",
        "EPOCH",
        "REPLICAS",
        "IN-SYNC",
        "START",
        "END",
    ]);
    for partition in &topic.partitions {
        table.row([
            partition.index.to_string(),
            cell(partition.leader),
            partition.leader_epoch.to_string(),
            joined(&partition.replicas),
            joined(&partition.in_sync_replicas),
            cell(at(starts, partition.index)),
            cell(at(ends, partition.index)),
        ]);
    }
    table
}

fn topic_json(topic: &TopicInfo, configs: &[ConfigValue], starts: &Offsets, ends: &Offsets) -> Value {
    let partitions: Vec<_> = topic
        .partitions
        .iter()
        .map(|partition| {
            json!({
                "partition": partition.index.get(), "leader": partition.leader,
                "leader_epoch": partition.leader_epoch, "replicas": partition.replicas,
                "in_sync_replicas": partition.in_sync_replicas, "start_offset": at(starts, partition.index),
                "end_offset": at(ends, partition.index),
            })
        })
        .collect();
    let configs: Vec<_> = configs
        .iter()
        .map(|value| json!({ "key": value.name, "value": value.value, "source": value.source.name() }))
        .collect();
    json!({
        "topic": topic.name, "id": topic.id.to_string(), "internal": topic.is_internal,
        "configs": configs, "partitions": partitions,
    })
}

/// One key cannot be set and unset.
fn check_alter(args: &AlterArgs) -> Result<(), CliError> {
    match args
        .unset
        .iter()
        .find(|key| args.set.iter().any(|(set, _)| set == *key))
    {
        None => Ok(()),
        Some(key) => Err(CliError::Parse(ParseError::Pair {
            text: key.clone(),
            form: "either set or unset: it is given as both",
        })),
    }
}

fn alter(client: &mut Client, args: &AlterArgs, output: &mut Output<'_>) -> Result<(), CliError> {
    let topic = client.topic(&args.name, false)?;
    let mut changes: BTreeMap<String, ConfigChange> = BTreeMap::new();
    changes.extend(
        args.set
            .iter()
            .map(|(key, value)| (key.clone(), ConfigChange::Set(value.clone()))),
    );
    changes.extend(args.unset.iter().map(|key| (key.clone(), ConfigChange::Unset)));
    if !changes.is_empty() {
        client.alter_configs(&ConfigResource::Topic(args.name.clone()), &changes, args.dry_run)?;
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

/// What the broker refused of several things.
#[derive(Default)]
pub(crate) struct Failures {
    sentences: Vec<String>,
    exits: Vec<Exit>,
}

impl Failures {
    pub(crate) fn add(&mut self, name: &str, error: &corelog_client::ApiError) {
        self.sentences.push(format!("{name}: {error}"));
        self.exits.push(error.code().map_or(Exit::Failure, exit_of_code));
    }

    pub(crate) fn into_result(self) -> Result<(), CliError> {
        let Some(first) = self.exits.first().copied() else {
            return Ok(());
        };
        let exit = if self.exits.iter().all(|exit| *exit == first) {
            first
        } else {
            Exit::Failure
        };
        Err(CliError::Some {
            sentences: self.sentences,
            exit,
        })
    }
}

/// Prints what was done, if anything was, and then fails if anything failed.
pub(crate) fn finish(
    output: &mut Output<'_>,
    done: &Table,
    values: &[Value],
    failures: Failures,
) -> Result<(), CliError> {
    if !values.is_empty() {
        output.table_or_json(done, &values)?;
        output.flush()?;
    }
    failures.into_result()
}

#[cfg(test)]
mod tests {
    use crate::args::Command;
    use crate::args::tests::parse;

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
        let TopicCommand::Alter(args) = topic("topic alter a --set k=v --unset k") else {
            panic!("another command");
        };
        assert_eq!(check_alter(&args).unwrap_err().exit(), Exit::Usage);
    }
}
