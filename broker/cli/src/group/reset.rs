//! `corelog group reset-offsets`: a plan first, and with `--execute` its execution.

use std::collections::{BTreeMap, BTreeSet};

use clap::{ArgGroup, Args};
use corelog_client::{Client, GroupOffsets, OffsetAt};
use corelog_model::{Offset, PartitionIndex, TimestampMs};
use serde_json::json;

use crate::error::CliError;
use crate::output::{Output, Table, cell};
use crate::parse::{TopicPartitions, time, topic_partitions};

use super::lookup::{by_topic, check_inactive};

/// The arguments of `group reset-offsets`.
#[derive(Clone, PartialEq, Debug, Args)]
#[command(group = ArgGroup::new("which").required(true))]
#[command(group = ArgGroup::new("where").required(true))]
pub struct ResetArgs {
    /// The group.
    #[arg(value_name = "GROUP")]
    group: String,

    /// A topic, or some of its partitions; may be given several times.
    #[arg(long = "topic", value_name = "TOPIC[:P,...]", group = "which", value_parser = topic_partitions)]
    topics: Vec<TopicPartitions>,

    /// Every topic that the group committed offsets of.
    #[arg(long, group = "which")]
    all_topics: bool,

    /// To the first record that is there.
    #[arg(long, group = "where")]
    to_earliest: bool,

    /// Behind the last record.
    #[arg(long, group = "where")]
    to_latest: bool,

    /// To this offset.
    #[arg(long, value_name = "OFFSET", group = "where", value_parser = clap::value_parser!(i64).range(0..))]
    to_offset: Option<i64>,

    /// By so many records, forwards or, if negative, back.
    #[arg(long, value_name = "N", group = "where", allow_negative_numbers = true)]
    shift_by: Option<i64>,

    /// To the first record at or after a point in time, UTC if it names no zone.
    #[arg(long, value_name = "TIME", group = "where", value_parser = time)]
    to_datetime: Option<TimestampMs>,

    /// Only show the plan; this is what happens without --execute.
    #[arg(long, conflicts_with = "execute")]
    dry_run: bool,

    /// Change the offsets.
    #[arg(long)]
    execute: bool,
}

/// Where offsets go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Goal {
    Earliest,
    Latest,
    Offset(i64),
    ShiftBy(i64),
    Time(TimestampMs),
}

impl ResetArgs {
    /// The one goal; clap has made sure that there is exactly one.
    fn goal(&self) -> Goal {
        match (self.to_offset, self.shift_by, self.to_datetime) {
            (Some(offset), _, _) => Goal::Offset(offset),
            (None, Some(by), _) => Goal::ShiftBy(by),
            (None, None, Some(at)) => Goal::Time(at),
            (None, None, None) if self.to_latest => Goal::Latest,
            (None, None, None) => Goal::Earliest,
        }
    }
}

/// What a partition's log and group say.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    committed: Option<Offset>,
    start: Offset,
    end: Offset,
    /// The first record at or after the point in time, if there is one and it was asked for.
    at_time: Option<Offset>,
}

/// The new offset: within the log, as Kafka's tool keeps it. A shift without a committed offset is one from the start.
fn target(goal: Goal, bounds: Bounds) -> Offset {
    let wanted = match goal {
        Goal::Earliest => bounds.start.get(),
        Goal::Latest => bounds.end.get(),
        Goal::Offset(offset) => offset,
        Goal::ShiftBy(by) => bounds.committed.unwrap_or(bounds.start).get().saturating_add(by),
        Goal::Time(_) => bounds.at_time.unwrap_or(bounds.end).get(),
    };
    let kept = wanted.clamp(bounds.start.get(), bounds.end.get().max(bounds.start.get()));
    Offset::new(kept).unwrap_or(bounds.start)
}

type Plan = BTreeMap<(String, PartitionIndex), (Bounds, Offset)>;

pub(crate) fn run(client: &mut Client, args: &ResetArgs, output: &mut Output<'_>) -> Result<(), CliError> {
    check_inactive(client, &args.group)?;
    let committed = client.group_offsets(&args.group)?;
    let plan = plan(client, args, &committed)?;
    if args.execute {
        let offsets = plan.iter().map(|(key, (_, new))| (key.clone(), *new)).collect();
        client.commit_offsets(&args.group, &offsets)?;
    }
    print(args, &plan, output)
}

fn plan(client: &mut Client, args: &ResetArgs, committed: &GroupOffsets) -> Result<Plan, CliError> {
    let mut chosen: BTreeMap<String, Vec<PartitionIndex>> = BTreeMap::new();
    if args.all_topics {
        if committed.is_empty() {
            return Err(CliError::NoOffsets(args.group.clone()));
        }
        chosen = by_topic(committed.keys().cloned());
    }
    for asked in &args.topics {
        let topic = client.topic(&asked.topic, false)?;
        let all = topic.partitions.iter().map(|partition| partition.index);
        let partitions: BTreeSet<_> = match &asked.partitions {
            None => all.collect(),
            Some(some) => some.iter().copied().collect(),
        };
        for partition in &partitions {
            topic.partition(*partition)?;
        }
        chosen.entry(asked.topic.clone()).or_default().extend(partitions);
    }
    let goal = args.goal();
    let mut plan = Plan::new();
    for (topic, partitions) in chosen {
        client.topic(&topic, false)?;
        let starts = client.list_offsets(&topic, &partitions, OffsetAt::Earliest)?;
        let ends = client.list_offsets(&topic, &partitions, OffsetAt::Latest)?;
        let times = match goal {
            Goal::Time(at) => client.list_offsets(&topic, &partitions, OffsetAt::Timestamp(at))?,
            Goal::Earliest | Goal::Latest | Goal::Offset(_) | Goal::ShiftBy(_) => BTreeMap::new(),
        };
        for partition in partitions {
            let key = (topic.clone(), partition);
            let found = |offsets: &BTreeMap<PartitionIndex, Option<Offset>>| {
                offsets.get(&partition).copied().flatten()
            };
            let bounds = Bounds {
                committed: committed.get(&key).map(|committed| committed.offset),
                start: found(&starts).unwrap_or_default(),
                end: found(&ends).unwrap_or_default(),
                at_time: found(&times),
            };
            plan.insert(key, (bounds, target(goal, bounds)));
        }
    }
    Ok(plan)
}

fn print(args: &ResetArgs, plan: &Plan, output: &mut Output<'_>) -> Result<(), CliError> {
    let mut table = Table::new(&["TOPIC", "PARTITION", "COMMITTED", "NEW", "START", "END"]);
    let mut values = Vec::new();
    for ((topic, partition), (bounds, new)) in plan {
        table.row([
            topic.clone(),
            partition.to_string(),
            cell(bounds.committed),
            new.to_string(),
            bounds.start.to_string(),
            bounds.end.to_string(),
        ]);
        values.push(json!({
            "topic": topic, "partition": partition.get(), "committed": bounds.committed.map(Offset::get),
            "new": new.get(), "start": bounds.start.get(), "end": bounds.end.get(),
        }));
    }
    if output.is_json() {
        return output.json(&json!({ "group": args.group, "executed": args.execute, "partitions": values }));
    }
    output.table(&table)?;
    if !args.execute {
        output.line("This is the plan; nothing was changed. Add --execute to change it.")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::args::Command;
    use crate::args::tests::parse;
    use crate::group::GroupCommand;

    use super::*;

    #[test]
    fn new_offsets_stay_within_the_log() {
        let offset = |value: i64| Offset::new(value).unwrap();
        let check = |goal: Goal, committed: Option<i64>, at_time: Option<i64>, expected: i64| {
            let bounds = Bounds {
                committed: committed.map(offset),
                start: offset(10),
                end: offset(100),
                at_time: at_time.map(offset),
            };
            assert_eq!(target(goal, bounds).get(), expected, "{goal:?} {committed:?}");
        };
        let time = Goal::Time(TimestampMs::new(1));
        check(Goal::Earliest, Some(50), None, 10);
        check(Goal::Latest, Some(50), None, 100);
        check(Goal::Offset(60), None, None, 60);
        check(Goal::Offset(5), None, None, 10);
        check(Goal::Offset(500), None, None, 100);
        check(Goal::ShiftBy(-5), Some(50), None, 45);
        check(Goal::ShiftBy(-500), Some(50), None, 10);
        check(Goal::ShiftBy(i64::MAX), Some(50), None, 100);
        check(Goal::ShiftBy(5), None, None, 15);
        check(time, Some(50), Some(70), 70);
        check(time, Some(50), None, 100);
    }

    #[test]
    fn exactly_one_goal_is_given() {
        let check = |rest: &str, expected: Goal| {
            let line = format!("group reset-offsets g --all-topics {rest}");
            let Command::Group(GroupCommand::ResetOffsets(args)) = parse(&line).unwrap().command else {
                panic!("another command");
            };
            assert_eq!(args.goal(), expected);
            assert!(!args.execute);
        };
        check("--to-earliest", Goal::Earliest);
        check("--to-latest", Goal::Latest);
        check("--to-offset 0", Goal::Offset(0));
        check("--shift-by -3", Goal::ShiftBy(-3));
        check(
            "--to-datetime 1970-01-01T00:00:01Z --dry-run",
            Goal::Time(TimestampMs::new(1000)),
        );
    }
}
