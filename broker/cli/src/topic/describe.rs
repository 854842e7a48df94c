//! `corelog topic describe`.

use std::collections::BTreeMap;

use corelog_client::{Client, ConfigResource, ConfigValue, OffsetAt, TopicInfo, ValueSource};
use corelog_model::{Offset, PartitionIndex};
use serde_json::{Value, json};

use super::ConfigsShown;
use crate::error::CliError;
use crate::output::{Output, Table, cell, joined};

pub(super) fn describe(
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
            let text = match value.value.as_deref() {
                None => "(hidden)",
                Some("") => "(empty)",
                Some(text) => text,
            };
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
