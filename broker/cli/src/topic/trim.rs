//! `corelog topic trim`: a plan first, then records before a place are deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, IsTerminal, Write};

use clap::{ArgGroup, Args};
use corelog_client::{Client, ClientError, OffsetAt};
use corelog_model::{Offset, PartitionIndex, TimestampMs};
use serde_json::{Value, json};

use crate::error::CliError;
use crate::failures::Failures;
use crate::output::{Output, Table};
use crate::parse::{TopicPartitions, time, topic_partitions};

/// The arguments of `topic trim`.
#[derive(Clone, PartialEq, Debug, Args)]
#[command(group = ArgGroup::new("where").required(true))]
pub struct TrimArgs {
    /// The topic, or some of its partitions.
    #[arg(value_name = "TOPIC[:P,...]", required = true, value_parser = topic_partitions)]
    topics: Vec<TopicPartitions>,

    /// Delete records before this offset.
    #[arg(long, value_name = "OFFSET", group = "where", value_parser = clap::value_parser!(i64).range(0..))]
    to_offset: Option<i64>,

    /// Delete records before the first one at or after a point in time, UTC if it names no zone.
    #[arg(long, visible_alias = "to-datetime", value_name = "TIME", group = "where", value_parser = time)]
    to_timestamp: Option<TimestampMs>,

    /// Delete all records that are there.
    #[arg(long, group = "where")]
    to_end: bool,

    /// Only show what would be deleted.
    #[arg(long)]
    dry_run: bool,

    /// Ask nothing.
    #[arg(long, short)]
    yes: bool,
}

/// Where records before it go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Goal {
    Offset(i64),
    Time(TimestampMs),
    End,
}

impl TrimArgs {
    /// The one goal; clap has made sure that there is exactly one.
    fn goal(&self) -> Goal {
        match (self.to_offset, self.to_timestamp) {
            (Some(offset), _) => Goal::Offset(offset),
            (None, Some(at)) => Goal::Time(at),
            (None, None) => Goal::End,
        }
    }
}

/// What becomes of a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Cut {
    start: Offset,
    end: Offset,
    to: Offset,
}

impl Cut {
    /// Within the log: nothing comes back before its start, and what is behind its end is not there.
    fn new(goal: Goal, start: Offset, end: Offset, at_time: Option<Offset>) -> Cut {
        let wanted = match goal {
            Goal::Offset(offset) => offset,
            // Without a record that is as young all are older.
            Goal::Time(_) => at_time.unwrap_or(end).get(),
            Goal::End => end.get(),
        };
        let to = Offset::new(wanted.clamp(start.get(), end.get().max(start.get()))).unwrap_or(start);
        Cut { start, end, to }
    }

    /// Offsets that go; compaction may have left fewer records.
    fn count(&self) -> i64 {
        self.to.get() - self.start.get()
    }
}

type Plan = BTreeMap<(String, PartitionIndex), Cut>;

pub(super) fn run(client: &mut Client, args: &TrimArgs, output: &mut Output<'_>) -> Result<(), CliError> {
    let plan = plan(client, args)?;
    let total: i64 = plan.values().map(Cut::count).sum();
    if args.dry_run || total == 0 {
        print(&plan, false, output)?;
        if !output.is_json() {
            output.line(if total == 0 {
                "There is nothing to delete."
            } else {
                "This is the plan; nothing was deleted."
            })?;
        }
        return Ok(());
    }
    if !args.yes {
        confirm(&plan, total)?;
    }
    let mut failures = Failures::default();
    let mut done = Plan::new();
    for ((topic, partition), cut) in plan {
        match client.delete_records(&topic, partition, Some(cut.to)) {
            Ok(_) => {
                done.insert((topic, partition), cut);
            }
            Err(ClientError::Refused { subject, source }) => failures.add(&subject, &source),
            Err(error) => return Err(error.into()),
        }
    }
    if !done.is_empty() {
        print(&done, true, output)?;
        output.flush()?;
    }
    failures.into_result()
}

fn plan(client: &mut Client, args: &TrimArgs) -> Result<Plan, CliError> {
    let mut plan = Plan::new();
    let goal = args.goal();
    for asked in &args.topics {
        let topic = client.topic(&asked.topic, false)?;
        let partitions: BTreeSet<_> = match &asked.partitions {
            None => topic.partitions.iter().map(|partition| partition.index).collect(),
            Some(some) => some.iter().copied().collect(),
        };
        for partition in &partitions {
            topic.partition(*partition)?;
        }
        let partitions: Vec<_> = partitions.into_iter().collect();
        let starts = client.list_offsets(&topic.name, &partitions, OffsetAt::Earliest)?;
        let ends = client.list_offsets(&topic.name, &partitions, OffsetAt::Latest)?;
        let times = match goal {
            Goal::Time(at) => client.list_offsets(&topic.name, &partitions, OffsetAt::Timestamp(at))?,
            Goal::Offset(_) | Goal::End => BTreeMap::new(),
        };
        for partition in partitions {
            let found = |offsets: &BTreeMap<PartitionIndex, Option<Offset>>| {
                offsets.get(&partition).copied().flatten()
            };
            let (start, end) = (
                found(&starts).unwrap_or_default(),
                found(&ends).unwrap_or_default(),
            );
            plan.insert(
                (topic.name.clone(), partition),
                Cut::new(goal, start, end, found(&times)),
            );
        }
    }
    Ok(plan)
}

/// Asks whoever sits at the terminal.
fn confirm(plan: &Plan, total: i64) -> Result<(), CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::NotConfirmed("give --yes to delete without being asked"));
    }
    let mut question = Vec::new();
    print(
        plan,
        false,
        &mut Output::new(crate::globals::Format::Table, &mut question),
    )?;
    let mut stderr = io::stderr();
    let asked = stderr
        .write_all(&question)
        .and_then(|()| write!(stderr, "Delete these {total} records for good? [y/N] "));
    asked.and_then(|()| stderr.flush()).map_err(CliError::Output)?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(CliError::Input)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(CliError::NotConfirmed("nothing was deleted"))
    }
}

fn print(plan: &Plan, is_done: bool, output: &mut Output<'_>) -> Result<(), CliError> {
    let count = if is_done { "DELETED" } else { "TO DELETE" };
    let mut table = Table::new(&["TOPIC", "PARTITION", "START", "NEW START", "END", count]);
    let mut values: Vec<Value> = Vec::new();
    for ((topic, partition), cut) in plan {
        table.row([
            topic.clone(),
            partition.to_string(),
            cut.start.to_string(),
            cut.to.to_string(),
            cut.end.to_string(),
            cut.count().to_string(),
        ]);
        values.push(json!({
            "topic": topic, "partition": partition.get(), "start": cut.start.get(), "new_start": cut.to.get(),
            "end": cut.end.get(), "records": cut.count(),
        }));
    }
    if output.is_json() {
        return output.json(&json!({ "executed": is_done, "partitions": values }));
    }
    output.table(&table)
}

#[cfg(test)]
mod tests {
    use crate::args::Command;
    use crate::args::tests::parse;
    use crate::topic::TopicCommand;

    use super::*;

    #[test]
    fn cuts_stay_within_the_log() {
        let offset = |value: i64| Offset::new(value).unwrap();
        let check = |goal: Goal, at_time: Option<i64>, expected: i64| {
            let cut = Cut::new(goal, offset(10), offset(100), at_time.map(offset));
            assert_eq!(cut.to.get(), expected, "{goal:?} {at_time:?}");
            assert!(cut.count() >= 0);
        };
        let time = Goal::Time(TimestampMs::new(1));
        check(Goal::Offset(50), None, 50);
        check(Goal::Offset(5), None, 10);
        check(Goal::Offset(500), None, 100);
        check(Goal::End, None, 100);
        check(time, Some(70), 70);
        check(time, None, 100);
    }

    #[test]
    fn exactly_one_goal_is_given() {
        for (rest, expected) in [
            ("--to-offset 7", Goal::Offset(7)),
            ("--to-end -y", Goal::End),
            (
                "--to-timestamp 1970-01-01T00:00:01Z --dry-run",
                Goal::Time(TimestampMs::new(1000)),
            ),
        ] {
            let command = parse(&format!("topic trim t:0,2 {rest}")).unwrap().command;
            let Command::Topic(TopicCommand::Trim(args)) = command else {
                panic!("another command");
            };
            assert_eq!(args.goal(), expected);
        }
        assert!(parse("topic trim t").is_err());
        assert!(parse("topic trim t --to-end --to-offset 5").is_err());
        assert!(parse("topic trim --to-end").is_err());
    }
}
