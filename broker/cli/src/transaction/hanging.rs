//! `corelog transaction find-hanging`, as Kafka's `FindHangingTransactionsCommand` finds them.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;
use corelog_client::{
    Client, PartitionProducer, PartitionProducers, TopicInfo, TopicPartition, TransactionDescription,
};
use corelog_model::{Offset, PartitionIndex, TimestampMs};
use serde_json::{Value, json};

use super::coordinated::{of_producers, who_ends};
use super::producers::failures;
use crate::clock::{age_ms, now};
use crate::error::CliError;
use crate::output::{Output, Table, cell};
use crate::parse::{minutes_or_duration, partition_index, show_duration, show_time};

/// The arguments of `transaction find-hanging`.
#[derive(Clone, PartialEq, Debug, Args)]
pub struct HangingArgs {
    /// Look at this topic alone; at all topics if it is not given.
    #[arg(long)]
    topic: Option<String>,

    /// Look at this partition of the topic alone.
    #[arg(long, value_name = "N", requires = "topic", value_parser = partition_index)]
    partition: Option<PartitionIndex>,

    /// Look at the replicas that this broker has, and ask it instead of the leaders.
    #[arg(long, value_name = "ID", visible_alias = "broker")]
    broker_id: Option<i32>,

    /// How long a transaction may take, the broker's transaction.max.timeout.ms: 15m, or a number of minutes.
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = minutes_or_duration)]
    max_transaction_timeout: Duration,
}

/// A transaction that is open in a partition.
#[derive(Clone, PartialEq, Eq, Debug)]
struct OpenTransaction {
    partition: TopicPartition,
    producer: PartitionProducer,
    start: Offset,
}

pub(super) fn run(client: &mut Client, args: &HangingArgs, output: &mut Output<'_>) -> Result<(), CliError> {
    let partitions = partitions(client, args)?;
    let producers = client.describe_producers(&partitions, args.broker_id)?;
    let candidates = open_since(&producers, args.max_transaction_timeout, now());
    let ids: BTreeSet<i64> = candidates.iter().map(|open| open.producer.producer_id).collect();
    let descriptions = of_producers(client, ids)?;
    let mut hanging = unknown_to_coordinators(candidates, &descriptions);
    if !hanging.is_empty() {
        // One that ended between the two looks is unknown to its coordinator, too.
        let again: Vec<TopicPartition> = hanging.iter().map(|open| open.partition.clone()).collect();
        let again = client.describe_producers(&again, args.broker_id)?;
        hanging.retain(|open| is_still_open(open, &again));
    }
    let (table, values) = shown(&hanging, now());
    if output.is_json() {
        output.json(&values)?;
    } else if let Some(first) = hanging.first() {
        output.table(&table)?;
        output.line(&format!("To end the first one: {}", abort_command(first)))?;
    } else {
        let count = partitions.len();
        let noun = if count == 1 { "partition" } else { "partitions" };
        output.line(&format!("No transaction hangs in the {count} {noun} looked at."))?;
    }
    output.flush()?;
    failures(&producers).into_result()
}

/// Which partitions to look at.
fn partitions(client: &mut Client, args: &HangingArgs) -> Result<Vec<TopicPartition>, CliError> {
    let topics: Vec<TopicInfo> = match &args.topic {
        Some(name) => vec![client.topic(name, false)?],
        None => client.topics()?,
    };
    if let (Some(index), Some(topic)) = (args.partition, topics.first()) {
        topic.partition(index)?;
        return Ok(vec![(topic.name.clone(), index)]);
    }
    let of = |topic: &TopicInfo| -> Vec<TopicPartition> {
        let partitions = topic.partitions.iter();
        let here = partitions.filter(|partition| {
            args.broker_id
                .is_none_or(|broker| partition.replicas.contains(&broker))
        });
        here.map(|partition| (topic.name.clone(), partition.index))
            .collect()
    };
    Ok(topics.iter().flat_map(of).collect())
}

/// The transactions whose last record is older than any transaction may become.
fn open_since(
    producers: &PartitionProducers,
    timeout_max: Duration,
    now: TimestampMs,
) -> Vec<OpenTransaction> {
    let mut open = Vec::new();
    for (partition, told) in producers {
        for producer in told.iter().flatten() {
            let age = age_ms(producer.last_timestamp, now);
            let is_old = u128::from(age.unsigned_abs()) > timeout_max.as_millis();
            if let Some(start) = producer.transaction_start.filter(|_| is_old) {
                open.push(OpenTransaction {
                    partition: partition.clone(),
                    producer: *producer,
                    start,
                });
            }
        }
    }
    open
}

/// Those that no coordinator has open, or decided without a marker, in their partition.
fn unknown_to_coordinators(
    mut open: Vec<OpenTransaction>,
    descriptions: &[TransactionDescription],
) -> Vec<OpenTransaction> {
    open.retain(|open| who_ends(descriptions, open.producer.producer_id, &open.partition).is_none());
    open
}

fn is_still_open(open: &OpenTransaction, producers: &PartitionProducers) -> bool {
    let told = producers.get(&open.partition).into_iter().flatten().flatten();
    let mut of_producer = told.filter(|producer| producer.producer_id == open.producer.producer_id);
    of_producer.any(|producer| producer.transaction_start == Some(open.start))
}

fn shown(hanging: &[OpenTransaction], now: TimestampMs) -> (Table, Vec<Value>) {
    let mut table = Table::new(&[
        "TOPIC",
        "PARTITION",
        "PRODUCER-ID",
        "PRODUCER-EPOCH",
        "COORDINATOR-EPOCH",
        "START-OFFSET",
        "LAST-TIMESTAMP",
        "DURATION",
    ]);
    let mut values = Vec::new();
    for open in hanging {
        let ((topic, partition), producer) = (&open.partition, &open.producer);
        let age = age_ms(producer.last_timestamp, now);
        table.row([
            topic.clone(),
            partition.to_string(),
            producer.producer_id.to_string(),
            producer.producer_epoch.to_string(),
            cell(producer.coordinator_epoch),
            open.start.to_string(),
            show_time(producer.last_timestamp),
            show_duration(age),
        ]);
        values.push(json!({
            "topic": topic, "partition": partition.get(), "producer_id": producer.producer_id,
            "producer_epoch": producer.producer_epoch, "coordinator_epoch": producer.coordinator_epoch,
            "start_offset": open.start.get(), "last_timestamp": producer.last_timestamp.get(),
            "duration_ms": age,
        }));
    }
    (table, values)
}

fn abort_command(open: &OpenTransaction) -> String {
    let ((topic, partition), start) = (&open.partition, open.start);
    format!("corelog transaction abort --topic {topic} --partition {partition} --start-offset {start}")
}

#[cfg(test)]
mod tests {
    use crate::args::Command;
    use crate::args::tests::parse;
    use crate::transaction::TransactionCommand;

    use super::*;

    const NOW: TimestampMs = TimestampMs::new(10_000_000);
    const MAX: Duration = Duration::from_secs(900);

    fn at(index: i32) -> TopicPartition {
        ("orders".to_owned(), PartitionIndex::new(index))
    }

    fn producer(producer_id: i64, age_ms: i64, start: Option<i64>) -> PartitionProducer {
        PartitionProducer {
            producer_id,
            producer_epoch: 2,
            coordinator_epoch: Some(5),
            last_sequence: Some(7),
            last_timestamp: TimestampMs::new(NOW.get() - age_ms),
            transaction_start: start.and_then(Offset::new),
        }
    }

    fn description(producer_id: i64, partitions: &[i32]) -> TransactionDescription {
        TransactionDescription {
            transactional_id: "payments".into(),
            coordinator: 1,
            state: "Ongoing".into(),
            timeout_ms: 60_000,
            start: None,
            producer_id,
            producer_epoch: 2,
            partitions: partitions.iter().copied().map(at).collect(),
        }
    }

    #[test]
    fn what_is_open_too_long_and_known_to_no_coordinator_hangs() {
        let check =
            |producers: Vec<PartitionProducer>, known: &[TransactionDescription], expected: &[i64]| {
                let producers: PartitionProducers = [(at(3), Ok(producers))].into();
                let open = open_since(&producers, MAX, NOW);
                let hanging = unknown_to_coordinators(open, known);
                let ids: Vec<i64> = hanging.iter().map(|open| open.producer.producer_id).collect();
                assert_eq!(ids, expected, "{producers:?} {known:?}");
            };
        check(vec![producer(1, 900_001, Some(0))], &[], &[1]);
        // Not longer than it may be; not open.
        check(
            vec![producer(1, 900_000, Some(0)), producer(2, 999_999, None)],
            &[],
            &[],
        );
        // By a clock that is behind the producer's it has not begun.
        check(vec![producer(1, -999_999, Some(0))], &[], &[]);
        // Its coordinator ends it here; has it open elsewhere; has one of another producer here.
        let old = || vec![producer(1, 999_999, Some(0))];
        check(old(), &[description(1, &[2, 3])], &[]);
        check(old(), &[description(1, &[2])], &[1]);
        check(old(), &[description(1, &[])], &[1]);
        check(old(), &[description(2, &[3])], &[1]);
    }

    #[test]
    fn what_has_ended_meanwhile_does_not_hang() {
        let open = OpenTransaction {
            partition: at(3),
            producer: producer(1, 0, Some(4)),
            start: Offset::new(4).unwrap(),
        };
        let check = |now: PartitionProducers, expected| {
            assert_eq!(is_still_open(&open, &now), expected, "{now:?}");
        };
        check([(at(3), Ok(vec![producer(1, 0, Some(4))]))].into(), true);
        check([(at(3), Ok(vec![producer(1, 0, None)]))].into(), false);
        check([(at(3), Ok(vec![producer(1, 0, Some(9))]))].into(), false);
        check([(at(3), Ok(vec![producer(2, 0, Some(4))]))].into(), false);
        check([(at(2), Ok(vec![producer(1, 0, Some(4))]))].into(), false);
        check(PartitionProducers::new(), false);
    }

    #[test]
    fn a_number_is_one_of_minutes_as_in_kafkas_tool() {
        let args = |rest: &str| match parse(&format!("transaction find-hanging {rest}"))
            .unwrap()
            .command
        {
            Command::Transaction(TransactionCommand::FindHanging(args)) => args,
            other => panic!("{other:?}"),
        };
        assert_eq!(args("").max_transaction_timeout, MAX);
        assert_eq!(
            args("--max-transaction-timeout 5")
                .max_transaction_timeout
                .as_secs(),
            300
        );
        assert_eq!(
            args("--max-transaction-timeout 5s")
                .max_transaction_timeout
                .as_secs(),
            5
        );
        assert_eq!(args("--broker 3").broker_id, Some(3));
        assert!(parse("transaction find-hanging --partition 1").is_err());
    }
}
