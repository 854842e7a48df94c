//! Transactions that are begun before a run and left open over it: what a broker keeps of them is the load.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use corelog_model::Sequence;
use corelog_model::TimestampMs;
use corelog_model::batch::{BatchProducer, Compression};
use corelog_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use corelog_protocol::{ApiKey, ByteStr};
use corelog_runtime::Handle;

use super::transaction::{Reaction, reaction, retry_wait};
use crate::batch::{BatchWriter, Slate};
use crate::client::{BrokerConnection, ClientError, Cluster, SETUP_WAIT, TopicPlan, TransactionalId, refuse};
use crate::number::to_usize;
use crate::task::TaskGroup;
use crate::workload::{Acks, Workload};

/// How long they may last: the most that Kafka allows unless its `transaction.max.timeout.ms` is set.
const TIMEOUT_MS: i32 = 900_000;
/// How long a broker may take for a message, in milliseconds.
const PRODUCE_TIMEOUT_MS: i32 = 30_000;
/// Transactions of a shard that are begun at once.
const AT_ONCE: u32 = 16;

/// Begins a shard's share of the workload's `open_transactions`: those of number `first`, and every `step`-th after it.
/// Each has one message, in the partitions of the run's topics in turn.
///
/// # Errors
/// See `ClientError`.
pub async fn begin_idle(
    handle: &Handle,
    cluster: &Arc<Cluster>,
    workload: &Rc<Workload>,
    first: u32,
    step: u32,
) -> Result<(), ClientError> {
    let tasks = TaskGroup::new();
    for worker in 0..AT_ONCE {
        let (handle, cluster, workload) = (handle.clone(), Arc::clone(cluster), Rc::clone(workload));
        let numbers = (first..workload.open_transactions)
            .step_by(to_usize(step))
            .skip(to_usize(worker))
            .step_by(to_usize(AT_ONCE));
        tasks.spawn(&handle.clone(), "begin", async move {
            for number in numbers {
                begin(&handle, &cluster, &workload, number).await?;
            }
            Ok(())
        });
    }
    tasks.join().await
}

async fn begin(
    handle: &Handle,
    cluster: &Cluster,
    workload: &Workload,
    number: u32,
) -> Result<(), ClientError> {
    let topic = &cluster.topics[to_usize(number % workload.topics)];
    let partition = to_usize(number / workload.topics % workload.partitions_per_topic);
    let id = format!("{}-idle-{number}", topic.name);
    let open = TransactionalId::open(handle, cluster, id, TIMEOUT_MS).await?;
    let leader = topic.leaders[partition];
    let address = cluster.brokers.get(&leader).ok_or_else(|| ClientError::Missing {
        api: ApiKey::Metadata,
        what: format!("broker {leader}"),
    })?;
    let mut connection = BrokerConnection::open(handle, *address).await?;
    let records = message(open.producer(), handle.clock.wall())?;
    let request = request(topic, open.id(), partition, records);
    let deadline = handle.clock.now() + SETUP_WAIT;
    for retries in 0.. {
        let response = connection.call(&request).await?;
        let answer = response.topics.first().and_then(|topic| topic.partitions.first());
        let answer = answer.ok_or_else(|| ClientError::Missing {
            api: ApiKey::Produce,
            what: format!("partition {partition}"),
        })?;
        let now = handle.clock.now();
        if reaction(answer.error_code, false) != Reaction::Again || now >= deadline {
            return refuse("Produce in an idle transaction", answer.error_code);
        }
        handle.clock.sleep_until(now + retry_wait(retries)).await;
    }
    Ok(())
}

fn message(producer: BatchProducer, now: TimestampMs) -> Result<Bytes, ClientError> {
    let mut writer = BatchWriter::new(Slate::default(), now);
    writer.push(now, None, b"idle", b"");
    let producer = BatchProducer {
        base_sequence: Sequence::new(0),
        ..producer
    };
    let (batch, _memory) = writer.finish(Compression::None, Some(producer), true)?;
    Ok(batch)
}

fn request(topic: &TopicPlan, id: &str, partition: usize, records: Bytes) -> ProduceRequest {
    ProduceRequest {
        transactional_id: Some(ByteStr::from(id)),
        acks: Acks::All.wire(),
        timeout_ms: PRODUCE_TIMEOUT_MS,
        topics: vec![TopicProduceData {
            name: ByteStr::from(topic.name.as_str()),
            topic_id: topic.id,
            partitions: vec![PartitionProduceData {
                index: i32::try_from(partition).expect("a topic's partitions are numbered by i32"),
                records: Some(records),
            }],
        }],
    }
}
