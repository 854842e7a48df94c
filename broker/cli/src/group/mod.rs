//! `corelog group`.

pub(crate) mod lookup;
mod reset;

use std::collections::{BTreeMap, BTreeSet};

use clap::Subcommand;
use corelog_client::{Client, ClientError, GroupDescription, OffsetAt};
use corelog_model::{Offset, PartitionIndex};
use serde_json::{Value, json};

use crate::error::CliError;
use crate::failures::{Failures, finish};
use crate::globals::Globals;
use crate::output::{Output, Table, cell};

use lookup::{by_topic, find};
use reset::ResetArgs;

/// The commands on consumer groups.
#[derive(Clone, PartialEq, Debug, Subcommand)]
pub enum GroupCommand {
    /// List consumer groups.
    #[command(visible_alias = "ls")]
    List,

    /// Show committed offsets, lag and members of groups.
    Describe {
        /// The groups.
        #[arg(value_name = "GROUP", required = true)]
        names: Vec<String>,
    },

    /// Move the committed offsets of a group that has no members.
    #[command(after_help = "\
Nothing is changed without --execute: the plan is shown, as Kafka's own tool does it.
Examples:
  corelog group reset-offsets billing --all-topics --to-earliest
  corelog group reset-offsets billing --topic orders:0,1 --shift-by -100 --execute
  corelog group reset-offsets billing --topic orders --to-datetime 2026-01-31T12:00:00Z --execute")]
    ResetOffsets(ResetArgs),

    /// Delete groups that have no members, with their offsets.
    #[command(visible_alias = "rm")]
    Delete {
        /// The groups.
        #[arg(value_name = "GROUP", required = true)]
        names: Vec<String>,
    },
}

pub(crate) fn run(
    globals: &Globals,
    command: &GroupCommand,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    let mut client = globals.client()?;
    match command {
        GroupCommand::List => list(&mut client, output),
        GroupCommand::Describe { names } => describe(&mut client, names, output),
        GroupCommand::ResetOffsets(args) => reset::run(&mut client, args, output),
        GroupCommand::Delete { names } => delete(&mut client, names, output),
    }
}

fn list(client: &mut Client, output: &mut Output<'_>) -> Result<(), CliError> {
    let groups = client.list_groups()?;
    let mut table = Table::new(&["GROUP", "STATE", "TYPE"]);
    let shown = |text: &str| cell(Some(text).filter(|text| !text.is_empty()));
    for group in &groups {
        table.row([group.id.clone(), shown(&group.state), shown(&group.protocol_type)]);
    }
    let values: Vec<_> = groups
        .iter()
        .map(|group| json!({ "group": group.id, "state": group.state, "type": group.protocol_type }))
        .collect();
    output.table_or_json(&table, &values)
}

/// One partition of a group.
struct Row {
    topic: String,
    partition: PartitionIndex,
    committed: Option<i64>,
    end: Option<i64>,
    member: Option<usize>,
}

impl Row {
    fn lag(&self) -> Option<i64> {
        Some((self.end? - self.committed?).max(0))
    }
}

fn describe(client: &mut Client, names: &[String], output: &mut Output<'_>) -> Result<(), CliError> {
    let mut values = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let group = find(client, name)?.ok_or_else(|| CliError::NoGroup(name.clone()))?;
        let rows = rows(client, &group)?;
        if output.is_json() {
            values.push(group_json(&group, &rows));
            continue;
        }
        if number > 0 {
            output.line("")?;
        }
        let count = group.members.len();
        let members = if count == 1 { "member" } else { "members" };
        let lag: i64 = rows.iter().filter_map(Row::lag).sum();
        output.line(&format!(
            "{}  {}  {count} {members}  lag {lag}",
            group.id, group.state
        ))?;
        output.table(&rows_table(&group, &rows))?;
    }
    if output.is_json() {
        output.json(&values)
    } else {
        Ok(())
    }
}

/// Every partition that the group committed an offset of or assigned.
fn rows(client: &mut Client, group: &GroupDescription) -> Result<Vec<Row>, CliError> {
    let offsets = client.group_offsets(&group.id)?;
    let mut members: BTreeMap<(String, PartitionIndex), usize> = BTreeMap::new();
    for (number, member) in group.members.iter().enumerate() {
        for (topic, partitions) in &member.assignment {
            members.extend(
                partitions
                    .iter()
                    .map(|partition| ((topic.clone(), *partition), number)),
            );
        }
    }
    let all: BTreeSet<_> = offsets.keys().chain(members.keys()).cloned().collect();
    let ends = ends(client, &all)?;
    let row = |key: (String, PartitionIndex)| Row {
        committed: offsets.get(&key).map(|committed| committed.offset.get()),
        end: ends.get(&key).map(|offset| offset.get()),
        member: members.get(&key).copied(),
        topic: key.0,
        partition: key.1,
    };
    Ok(all.into_iter().map(row).collect())
}

/// The end offsets of partitions; those of deleted topics are left out.
fn ends(
    client: &mut Client,
    keys: &BTreeSet<(String, PartitionIndex)>,
) -> Result<BTreeMap<(String, PartitionIndex), Offset>, CliError> {
    let mut ends = BTreeMap::new();
    for (topic, partitions) in by_topic(keys.iter().cloned()) {
        match client.topic(&topic, false) {
            Ok(_) => {}
            Err(ClientError::NoTopic(_)) => continue,
            Err(error) => return Err(error.into()),
        }
        for (partition, offset) in client.list_offsets(&topic, &partitions, OffsetAt::Latest)? {
            if let Some(offset) = offset {
                ends.insert((topic.clone(), partition), offset);
            }
        }
    }
    Ok(ends)
}

fn rows_table(group: &GroupDescription, rows: &[Row]) -> Table {
    let mut table = Table::new(&[
        "TOPIC",
        "PARTITION",
        "COMMITTED",
        "END",
        "LAG",
        "CLIENT",
        "HOST",
        "MEMBER",
    ]);
    let mut idle: BTreeSet<usize> = (0..group.members.len()).collect();
    let mut add = |row: Option<&Row>, number: Option<usize>| {
        let member = number.map(|number| &group.members[number]);
        table.row([
            cell(row.map(|row| &row.topic)),
            cell(row.map(|row| row.partition)),
            cell(row.and_then(|row| row.committed)),
            cell(row.and_then(|row| row.end)),
            cell(row.and_then(Row::lag)),
            cell(member.map(|member| &member.client_id)),
            cell(member.map(|member| &member.client_host)),
            cell(member.map(|member| &member.member_id)),
        ]);
    };
    for row in rows {
        add(Some(row), row.member);
        if let Some(number) = row.member {
            idle.remove(&number);
        }
    }
    for number in idle {
        add(None, Some(number));
    }
    table
}

fn group_json(group: &GroupDescription, rows: &[Row]) -> Value {
    let members: Vec<_> = group
        .members
        .iter()
        .map(|member| {
            json!({
                "member": member.member_id, "instance": member.instance_id, "client": member.client_id,
                "host": member.client_host,
            })
        })
        .collect();
    let partitions: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "topic": row.topic, "partition": row.partition.get(), "committed": row.committed,
                "end": row.end, "lag": row.lag(),
                "member": row.member.map(|number| &group.members[number].member_id),
            })
        })
        .collect();
    json!({
        "group": group.id, "state": group.state, "type": group.protocol_type, "protocol": group.protocol,
        "members": members, "partitions": partitions,
    })
}

fn delete(client: &mut Client, names: &[String], output: &mut Output<'_>) -> Result<(), CliError> {
    let mut done = Table::new(&["GROUP", "RESULT"]);
    let mut values = Vec::new();
    let mut failures = Failures::default();
    for (name, outcome) in client.delete_groups(names)? {
        match outcome {
            Ok(()) => {
                values.push(json!({ "group": name, "result": "deleted" }));
                done.row([name, "deleted".to_owned()]);
            }
            Err(error) => failures.add(&name, &error),
        }
    }
    finish(output, &done, &values, failures)
}
