//! `corelog topic describe`.

use std::collections::BTreeMap;

use corelog_client::{Client, ConfigResource, ConfigValue, OffsetAt, TopicInfo, ValueSource};
use corelog_model::{Offset, PartitionIndex};
use serde_json::{Value, json};

use super::cleaning::{self, Cleanings};
use super::{ConfigsShown, DescribeArgs};
use crate::admin::Admin;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{Output, Table, cell, joined};
use crate::parse::show_time;

pub(super) fn describe(
    globals: &Globals,
    client: &mut Client,
    args: &DescribeArgs,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    let (names, configs) = (&args.names, args.configs);
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
    let mut cleanings = None;
    for (number, topic) in topics.iter().enumerate() {
        let (starts, ends) = bounds(client, topic)?;
        let all = client.describe_configs(&ConfigResource::Topic(topic.name.clone()), false)?;
        // Asked for once, and for a compacted topic alone.
        let cleaning = if is_compacted(&all) {
            let asked = cleanings.get_or_insert_with(|| ask_for_cleanings(globals, args.admin.as_deref()));
            asked.as_ref().map(|topics| topics.get(&topic.name))
        } else {
            Ok(None)
        };
        let is_shown = |value: &ConfigValue| match configs {
            ConfigsShown::None => false,
            ConfigsShown::Changed => value.source == ValueSource::Topic,
            ConfigsShown::All => true,
        };
        let shown: Vec<_> = all.into_iter().filter(is_shown).collect();
        let told = cleaning.as_ref().ok().copied().flatten();
        if output.is_json() {
            values.push(topic_json(topic, &shown, &starts, &ends, told));
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
            let text = match value.value.as_deref() {
                None => "(hidden)",
                Some("") => "(empty)",
                Some(text) => text,
            };
            output.line(&format!("  {} = {text}  ({})", value.name, value.source.name()))?;
        }
        output.table(&partitions_table(topic, &starts, &ends, told))?;
        if let Err(reason) = cleaning {
            output.line(&format!("What is to be compacted is not known: {reason}"))?;
        }
    }
    if output.is_json() {
        output.json(&values)
    } else {
        Ok(())
    }
}

/// Whether the settings of a topic have it compacted.
fn is_compacted(configs: &[ConfigValue]) -> bool {
    let policy = configs.iter().find(|value| value.name == "cleanup.policy");
    let policy = policy.and_then(|value| value.value.as_deref());
    policy.is_some_and(|policy| policy.split(',').any(|word| word.trim() == "compact"))
}

/// Asks the admin port: the one that is named, else that of the first broker to ask.
fn ask_for_cleanings(globals: &Globals, admin: Option<&str>) -> Result<BTreeMap<String, Cleanings>, String> {
    let named = globals.admin(admin).map_err(|error| error.to_string())?;
    let admin = Admin::new(&named).map_err(|error| error.to_string())?;
    cleaning::ask(&admin)
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

fn partitions_table(
    topic: &TopicInfo,
    starts: &Offsets,
    ends: &Offsets,
    cleanings: Option<&Cleanings>,
) -> Table {
    let mut headings = vec![
        "PARTITION",
        "LEADER",
        "EPOCH",
        "REPLICAS",
        "IN-SYNC",
        "START",
        "END",
    ];
    if cleanings.is_some() {
        headings.extend(["DIRTY BYTES", "LAST CLEANED"]);
    }
    let mut table = Table::new(&headings);
    for partition in &topic.partitions {
        let cleaning = cleanings.map(|cleanings| cleanings.get(&partition.index));
        let cleaned = cleaning.map(|cleaning| {
            let at = cleaning.map(|cleaning| cleaning.cleaned_at.map_or("never".to_owned(), show_time));
            [cell(cleaning.map(|cleaning| cleaning.dirty_bytes)), cell(at)]
        });
        let row = [
            partition.index.to_string(),
            cell(partition.leader),
            partition.leader_epoch.to_string(),
            joined(&partition.replicas),
            joined(&partition.in_sync_replicas),
            cell(at(starts, partition.index)),
            cell(at(ends, partition.index)),
        ];
        table.row(row.into_iter().chain(cleaned.into_iter().flatten()));
    }
    table
}

fn topic_json(
    topic: &TopicInfo,
    configs: &[ConfigValue],
    starts: &Offsets,
    ends: &Offsets,
    cleanings: Option<&Cleanings>,
) -> Value {
    let partitions: Vec<_> = topic
        .partitions
        .iter()
        .map(|partition| {
            let cleaning = cleanings.and_then(|cleanings| cleanings.get(&partition.index));
            json!({
                "dirty_bytes": cleaning.map(|cleaning| cleaning.dirty_bytes),
                "last_cleaned": cleaning.and_then(|cleaning| cleaning.cleaned_at).map(show_time),
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
