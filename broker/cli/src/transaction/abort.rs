//! `corelog transaction abort`: the end of a transaction in one partition, written by an administrator.

use std::collections::BTreeSet;

use clap::{ArgGroup, Args};
use corelog_client::{AbortMarker, Client, ClientError, PartitionProducer, TopicPartition};
use corelog_model::{Offset, PartitionIndex};
use corelog_protocol::ErrorCode;
use serde_json::json;

use super::coordinated::{of_producers, who_ends};
use crate::error::CliError;
use crate::output::Output;
use crate::parse::{offset, partition_index};

/// The arguments of `transaction abort`.
#[derive(Clone, PartialEq, Debug, Args)]
#[command(group = ArgGroup::new("which").required(true))]
pub struct AbortArgs {
    /// The topic.
    #[arg(long)]
    topic: String,

    /// The partition.
    #[arg(long, value_name = "N", value_parser = partition_index)]
    partition: PartitionIndex,

    /// The transaction that begins at this offset, as `find-hanging` and `describe-producers` show it.
    #[arg(long, value_name = "OFFSET", group = "which", value_parser = offset)]
    start_offset: Option<Offset>,

    /// The transaction of this producer; for brokers that do not tell their producers.
    #[arg(long, value_name = "ID", group = "which", requires_all = ["producer_epoch", "coordinator_epoch"],
        value_parser = clap::value_parser!(i64).range(0..))]
    producer_id: Option<i64>,

    /// The producer's epoch.
    #[arg(long, value_name = "EPOCH", conflicts_with = "start_offset",
        value_parser = clap::value_parser!(i16).range(0..))]
    producer_epoch: Option<i16>,

    /// The epoch of the coordinator's last marker of that producer; -1 if there was none.
    #[arg(
        long,
        value_name = "EPOCH",
        conflicts_with = "start_offset",
        allow_negative_numbers = true
    )]
    coordinator_epoch: Option<i32>,

    /// Also if the transaction's coordinator knows it as open here. With --producer-id nobody asks.
    #[arg(long, conflicts_with = "producer_id")]
    force: bool,
}

impl AbortArgs {
    fn at(&self) -> TopicPartition {
        (self.topic.clone(), self.partition)
    }

    /// The marker that `--producer-id` and its companions say; `None` with `--start-offset`.
    fn marker(&self) -> Option<AbortMarker> {
        Some(AbortMarker {
            partition: self.at(),
            producer_id: self.producer_id?,
            producer_epoch: self.producer_epoch?,
            // As in Kafka's tool: zero is not above the epoch of any coordinator.
            coordinator_epoch: self.coordinator_epoch?.max(0),
        })
    }
}

pub(super) fn run(client: &mut Client, args: &AbortArgs, output: &mut Output<'_>) -> Result<(), CliError> {
    client.topic(&args.topic, false)?.partition(args.partition)?;
    let marker = match (args.marker(), args.start_offset) {
        (Some(marker), _) => marker,
        (None, start) => {
            let start = start.unwrap_or_default();
            let producer = find(client, args.at(), start)?;
            if !args.force {
                check_hangs(client, &args.at(), producer.producer_id)?;
            }
            marker_of(args.at(), producer)?
        }
    };
    client.abort_in_partition(&marker).map_err(explain)?;
    let (topic, partition) = &marker.partition;
    if output.is_json() {
        return output.json(&json!({
            "topic": topic, "partition": partition.get(), "producer_id": marker.producer_id,
            "producer_epoch": marker.producer_epoch, "coordinator_epoch": marker.coordinator_epoch,
            "result": "aborted",
        }));
    }
    output.line(&format!(
        "{topic}-{partition}  producer {} epoch {}  aborted",
        marker.producer_id, marker.producer_epoch
    ))
}

/// The producer whose open transaction begins there.
fn find(
    client: &mut Client,
    partition: TopicPartition,
    start: Offset,
) -> Result<PartitionProducer, CliError> {
    let mut told = client.describe_producers(std::slice::from_ref(&partition), None)?;
    let (topic, index) = partition;
    let producers = match told.remove(&(topic.clone(), index)) {
        Some(Ok(producers)) => producers,
        Some(Err(source)) => {
            let subject = format!("partition {index} of topic {topic}");
            return Err(ClientError::Refused { subject, source }.into());
        }
        None => Vec::new(),
    };
    let open: BTreeSet<Offset> = producers
        .iter()
        .filter_map(|producer| producer.transaction_start)
        .collect();
    producers
        .into_iter()
        .find(|producer| producer.transaction_start == Some(start))
        .ok_or_else(|| CliError::NoTransactionAt {
            topic,
            partition: index,
            start,
            open: open.into_iter().collect(),
        })
}

/// Refuses a transaction that its coordinator has open in the partition, and is going to end.
fn check_hangs(client: &mut Client, partition: &TopicPartition, producer_id: i64) -> Result<(), CliError> {
    let descriptions = of_producers(client, [producer_id].into())?;
    match who_ends(&descriptions, producer_id, partition) {
        None => Ok(()),
        Some(found) => Err(CliError::TransactionIsOpen {
            transactional_id: found.transactional_id.clone(),
            state: found.state.clone(),
        }),
    }
}

fn marker_of(partition: TopicPartition, producer: PartitionProducer) -> Result<AbortMarker, CliError> {
    let epoch = i16::try_from(producer.producer_epoch);
    Ok(AbortMarker {
        partition,
        producer_id: producer.producer_id,
        producer_epoch: epoch.map_err(|_| CliError::ProducerEpoch(producer.producer_epoch))?,
        coordinator_epoch: producer.coordinator_epoch.unwrap_or(0),
    })
}

/// What to do about a refusal.
fn explain(error: ClientError) -> CliError {
    let advice = match error.code() {
        Some(ErrorCode::InvalidProducerEpoch) => {
            "the partition knows the producer by another epoch: `corelog transaction describe-producers` shows it"
        }
        Some(ErrorCode::TransactionCoordinatorFenced) => {
            "the partition has a marker of a later coordinator: give --coordinator-epoch as `corelog transaction \
             describe-producers` shows it"
        }
        _ => return error.into(),
    };
    CliError::AbortRefused {
        source: error,
        advice,
    }
}

#[cfg(test)]
mod tests {
    use crate::args::Command;
    use crate::args::tests::parse;
    use crate::transaction::TransactionCommand;

    use super::*;

    fn abort(rest: &str) -> Result<AbortArgs, clap::Error> {
        let cli = parse(&format!("transaction abort --topic t --partition 3 {rest}"))?;
        match cli.command {
            Command::Transaction(TransactionCommand::Abort(args)) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_transaction_is_named_in_one_of_two_ways() {
        for rest in [
            "",
            "--producer-id 5",
            "--producer-id 5 --producer-epoch 1",
            "--producer-epoch 1 --coordinator-epoch 1",
            "--start-offset 1 --producer-id 5 --producer-epoch 1 --coordinator-epoch 1",
            "--start-offset 1 --producer-epoch 1",
            "--start-offset -1",
            "--producer-id 5 --producer-epoch -1 --coordinator-epoch 1",
        ] {
            assert!(abort(rest).is_err(), "{rest}");
        }
        assert_eq!(abort("--start-offset 7 --force").unwrap().marker(), None);
        let check = |epoch: &str, coordinator_epoch: i32| {
            let rest = format!("--producer-id 5 --producer-epoch 1 --coordinator-epoch {epoch}");
            let expected = AbortMarker {
                partition: ("t".into(), PartitionIndex::new(3)),
                producer_id: 5,
                producer_epoch: 1,
                coordinator_epoch,
            };
            assert_eq!(abort(&rest).unwrap().marker(), Some(expected));
        };
        check("8", 8);
        check("-1", 0);
    }
}
