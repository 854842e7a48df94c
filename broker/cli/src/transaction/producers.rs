//! `corelog transaction describe-producers`.

use clap::Args;
use corelog_client::{Client, PartitionProducer, PartitionProducers};
use corelog_model::{Offset, PartitionIndex};
use serde_json::{Value, json};

use crate::error::CliError;
use crate::failures::Failures;
use crate::output::{Output, Table, cell};
use crate::parse::{partition_index, show_time};

/// The arguments of `transaction describe-producers`.
#[derive(Clone, PartialEq, Debug, Args)]
pub struct ProducersArgs {
    /// The topic.
    #[arg(value_name = "TOPIC")]
    topic: String,

    /// Only this partition; may be given several times.
    #[arg(long = "partition", short, value_name = "N", value_delimiter = ',', value_parser = partition_index)]
    partitions: Vec<PartitionIndex>,

    /// Ask this broker instead of the partitions' leaders.
    #[arg(long, value_name = "ID", visible_alias = "broker")]
    broker_id: Option<i32>,
}

pub(super) fn run(
    client: &mut Client,
    args: &ProducersArgs,
    output: &mut Output<'_>,
) -> Result<(), CliError> {
    let topic = client.topic(&args.topic, false)?;
    let indexes: Vec<PartitionIndex> = if args.partitions.is_empty() {
        topic.partitions.iter().map(|partition| partition.index).collect()
    } else {
        args.partitions.clone()
    };
    for index in &indexes {
        topic.partition(*index)?;
    }
    let partitions: Vec<_> = indexes
        .into_iter()
        .map(|index| (topic.name.clone(), index))
        .collect();
    let producers = client.describe_producers(&partitions, args.broker_id)?;
    let (table, values) = shown(&producers);
    output.table_or_json(&table, &values)?;
    output.flush()?;
    failures(&producers).into_result()
}

/// What is said against partitions.
pub(super) fn failures(producers: &PartitionProducers) -> Failures {
    let mut failures = Failures::default();
    for ((topic, partition), told) in producers {
        if let Err(error) = told {
            failures.add(&format!("{topic}-{partition}"), error);
        }
    }
    failures
}

fn shown(producers: &PartitionProducers) -> (Table, Vec<Value>) {
    let mut table = Table::new(&[
        "PARTITION",
        "PRODUCER-ID",
        "PRODUCER-EPOCH",
        "COORDINATOR-EPOCH",
        "LAST-SEQUENCE",
        "LAST-TIMESTAMP",
        "START-OFFSET",
    ]);
    let mut values = Vec::new();
    for ((topic, partition), told) in producers {
        let mut told: Vec<&PartitionProducer> = told.iter().flatten().collect();
        told.sort_by_key(|producer| producer.producer_id);
        for producer in told {
            table.row([
                partition.to_string(),
                producer.producer_id.to_string(),
                producer.producer_epoch.to_string(),
                cell(producer.coordinator_epoch),
                cell(producer.last_sequence),
                show_time(producer.last_timestamp),
                cell(producer.transaction_start),
            ]);
            values.push(json!({
                "topic": topic, "partition": partition.get(), "producer_id": producer.producer_id,
                "producer_epoch": producer.producer_epoch, "coordinator_epoch": producer.coordinator_epoch,
                "last_sequence": producer.last_sequence, "last_timestamp": producer.last_timestamp.get(),
                "start_offset": producer.transaction_start.map(Offset::get),
            }));
        }
    }
    (table, values)
}

#[cfg(test)]
mod tests {
    use corelog_model::TimestampMs;

    use super::*;

    #[test]
    fn producers_are_shown_by_partition() {
        let producer = |producer_id, transaction_start| PartitionProducer {
            producer_id,
            producer_epoch: 2,
            coordinator_epoch: None,
            last_sequence: Some(7),
            last_timestamp: TimestampMs::new(5),
            transaction_start,
        };
        let told = vec![producer(30, None), producer(4, Offset::new(11))];
        let (table, values) = shown(&[(("orders".to_owned(), PartitionIndex::new(1)), Ok(told))].into());
        assert_eq!(
            table.render(),
            "PARTITION  PRODUCER-ID  PRODUCER-EPOCH  COORDINATOR-EPOCH  LAST-SEQUENCE  LAST-TIMESTAMP            START-OFFSET\n        \
             1            4               2                  -              7  1970-01-01T00:00:00.005Z            11\n        \
             1           30               2                  -              7  1970-01-01T00:00:00.005Z             -\n"
        );
        assert_eq!(values[0]["start_offset"], 11);
        assert_eq!(values[1]["start_offset"], Value::Null);
    }
}
