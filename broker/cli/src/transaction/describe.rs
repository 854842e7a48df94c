//! `corelog transaction describe`.

use corelog_client::{Client, TransactionDescription};
use corelog_model::TimestampMs;
use serde_json::{Value, json};

use super::coordinated::find;
use crate::clock::{age_ms, now};
use crate::error::CliError;
use crate::output::{Output, Table};
use crate::parse::{show_duration, show_time};

pub(super) fn run(client: &mut Client, ids: &[String], output: &mut Output<'_>) -> Result<(), CliError> {
    let mut values = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        let description = find(client, id)?.ok_or_else(|| CliError::NoTransactionalId(id.clone()))?;
        let now = now();
        if output.is_json() {
            values.push(to_json(&description, now));
            continue;
        }
        if number > 0 {
            output.line("")?;
        }
        output.bytes(text(&description, now).as_bytes())?;
    }
    if output.is_json() {
        output.json(&values)
    } else {
        Ok(())
    }
}

/// Whether the transaction that began at `start` is not complete.
fn is_open(description: &TransactionDescription) -> bool {
    !matches!(
        description.state.as_str(),
        "Empty" | "CompleteCommit" | "CompleteAbort" | "Dead"
    )
}

fn open_for_ms(description: &TransactionDescription, now: TimestampMs) -> Option<i64> {
    let start = description.start.filter(|_| is_open(description))?;
    Some(age_ms(start, now))
}

fn text(description: &TransactionDescription, now: TimestampMs) -> String {
    let mut text = format!(
        "{}  {}  producer {} epoch {}  timeout {}  coordinator {}\n",
        description.transactional_id,
        description.state,
        description.producer_id,
        description.producer_epoch,
        show_duration(description.timeout_ms.into()),
        description.coordinator,
    );
    if let Some(start) = description.start {
        let began = show_time(start);
        text.push_str(&match open_for_ms(description, now) {
            Some(age) => format!("  open since {began}, for {}\n", show_duration(age)),
            None => format!("  the last transaction began at {began}\n"),
        });
    }
    if !description.partitions.is_empty() {
        let mut table = Table::new(&["TOPIC", "PARTITION"]);
        for (topic, partition) in &description.partitions {
            table.row([topic.clone(), partition.to_string()]);
        }
        text.push_str(&table.render());
    }
    text
}

fn to_json(description: &TransactionDescription, now: TimestampMs) -> Value {
    let partitions: Vec<_> = description
        .partitions
        .iter()
        .map(|(topic, partition)| json!({ "topic": topic, "partition": partition.get() }))
        .collect();
    json!({
        "transactional_id": description.transactional_id, "state": description.state,
        "producer_id": description.producer_id, "producer_epoch": description.producer_epoch,
        "timeout_ms": description.timeout_ms, "coordinator": description.coordinator,
        "start_time_ms": description.start.map(TimestampMs::get),
        "duration_ms": open_for_ms(description, now), "partitions": partitions,
    })
}

#[cfg(test)]
mod tests {
    use corelog_model::PartitionIndex;

    use super::*;

    fn description(state: &str, partitions: &[i32]) -> TransactionDescription {
        let partition = |index: &i32| ("orders".to_owned(), PartitionIndex::new(*index));
        TransactionDescription {
            transactional_id: "payments".into(),
            coordinator: 1,
            state: state.into(),
            timeout_ms: 60_000,
            start: Some(TimestampMs::new(1_000)),
            producer_id: 4000,
            producer_epoch: 3,
            partitions: partitions.iter().map(partition).collect(),
        }
    }

    #[test]
    fn what_is_open_has_an_age() {
        let now = TimestampMs::new(64_500);
        assert_eq!(
            text(&description("Ongoing", &[10, 2]), now),
            "payments  Ongoing  producer 4000 epoch 3  timeout 1m  coordinator 1\n  \
             open since 1970-01-01T00:00:01.000Z, for 1m 3s\n\
             TOPIC   PARTITION\norders          2\norders         10\n"
        );
        assert_eq!(
            text(&description("CompleteCommit", &[]), now),
            "payments  CompleteCommit  producer 4000 epoch 3  timeout 1m  coordinator 1\n  \
             the last transaction began at 1970-01-01T00:00:01.000Z\n"
        );
        assert_eq!(
            to_json(&description("PrepareAbort", &[]), now)["duration_ms"],
            63_500
        );
        assert_eq!(
            to_json(&description("CompleteAbort", &[]), now)["duration_ms"],
            Value::Null
        );
    }
}
