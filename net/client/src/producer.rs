//! Producing to one topic: records are gathered by partition and sent a batch a partition.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use bytes::Bytes;
use corelog_model::batch::{BatchProducer, Compression};
use corelog_model::{Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence};
use corelog_protocol::messages::init_producer_id::InitProducerIdRequest;
use corelog_protocol::messages::produce::{
    PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData,
};
use corelog_protocol::{ByteStr, ErrorCode};

use crate::api_error::ApiError;
use crate::client::{Client, Target};
use crate::error::ClientError;
use crate::partitioner::Partitioner;
use crate::record::{BatchOptions, Record, encode_batch};

/// How long the broker may wait for acknowledgements.
const ACKS_WAIT: Duration = Duration::from_secs(30);
const ACKS_WAIT_MS: i32 = 30_000;

/// Who must have a record before it is acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Acks {
    /// Nobody: there is no answer.
    None,
    /// The leader.
    Leader,
    /// Every replica that is in sync.
    #[default]
    All,
}

impl Acks {
    const fn wire(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }
}

/// How records are produced.
#[derive(Clone, Debug)]
pub struct ProducerOptions {
    /// Who must have them.
    pub acks: Acks,
    /// The codec.
    pub compression: Compression,
    /// The uncompressed bytes of a partition's batch from which everything gathered is sent.
    pub batch_bytes: usize,
    /// Whether the broker removes duplicates of retries (KIP-98). Needs `Acks::All`.
    pub is_idempotent: bool,
    /// Whether a topic that does not exist may be created by the broker.
    pub create_topic: bool,
}

impl Default for ProducerOptions {
    fn default() -> ProducerOptions {
        ProducerOptions {
            acks: Acks::All,
            compression: Compression::None,
            // Below Kafka's default `max.message.bytes` of 1,048,588, with room for the batch's header.
            batch_bytes: 900 * 1024,
            is_idempotent: true,
            create_topic: true,
        }
    }
}

/// What became of a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// Its partition.
    pub partition: PartitionIndex,
    /// Its records.
    pub records: usize,
    /// Its first record's offset; `None` if nobody acknowledges, or if it was a duplicate.
    pub base_offset: Option<Offset>,
}

#[derive(Debug, Default)]
struct Gathered {
    records: Vec<Record>,
    bytes: usize,
}

struct Encoded {
    bytes: Bytes,
    records: usize,
}

/// A producer to one topic.
#[derive(Debug)]
pub struct Producer<'a> {
    client: &'a mut Client,
    topic: String,
    options: ProducerOptions,
    partitions: u32,
    partitioner: Partitioner,
    identity: Option<(ProducerId, ProducerEpoch)>,
    sequences: BTreeMap<PartitionIndex, Sequence>,
    gathered: BTreeMap<PartitionIndex, Gathered>,
}

impl<'a> Producer<'a> {
    /// Finds the topic, and gets a producer id if the options want idempotence.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn new(
        client: &'a mut Client,
        topic: &str,
        options: ProducerOptions,
    ) -> Result<Producer<'a>, ClientError> {
        let info = client.topic(topic, options.create_topic)?;
        let identity = match (options.is_idempotent, options.acks) {
            (true, Acks::All) => Some(client.init_producer_id()?),
            (true, Acks::None | Acks::Leader) | (false, _) => None,
        };
        Ok(Producer {
            client,
            topic: topic.to_owned(),
            options,
            partitions: u32::try_from(info.partitions.len()).unwrap_or(u32::MAX).max(1),
            partitioner: Partitioner::starting_at(random()),
            identity,
            sequences: BTreeMap::new(),
            gathered: BTreeMap::new(),
        })
    }

    /// Adds a record, to the partition given or the one that its key or the partitioner chooses. Sends everything
    /// gathered when a batch is full; the deliveries are those of that.
    ///
    /// # Errors
    /// `NoPartition`; else see [`ClientError`].
    pub fn add(
        &mut self,
        record: Record,
        partition: Option<PartitionIndex>,
    ) -> Result<Vec<Delivery>, ClientError> {
        let size = record.encoded_size_max();
        let partition = match partition {
            Some(index) => {
                self.client.cluster().topic(&self.topic)?.partition(index)?;
                index
            }
            None => self
                .partitioner
                .choose(record.key.as_deref(), size, self.partitions),
        };
        let is_full = |gathered: &Gathered, bytes: usize| gathered.bytes + size > bytes && gathered.bytes > 0;
        let deliveries = match self.gathered.get(&partition) {
            Some(gathered) if is_full(gathered, self.options.batch_bytes) => self.flush()?,
            Some(_) | None => Vec::new(),
        };
        let gathered = self.gathered.entry(partition).or_default();
        gathered.bytes += size;
        gathered.records.push(record);
        Ok(deliveries)
    }

    /// Sends everything gathered and waits for the acknowledgements.
    ///
    /// # Errors
    /// See [`ClientError`]; what was gathered is then given up.
    pub fn flush(&mut self) -> Result<Vec<Delivery>, ClientError> {
        let gathered = std::mem::take(&mut self.gathered);
        let mut batches = BTreeMap::new();
        for (partition, gathered) in gathered {
            batches.insert(partition, self.encode(partition, &gathered.records)?);
        }
        if batches.is_empty() {
            return Ok(Vec::new());
        }
        let (topic, options) = (&self.topic, &self.options);
        let mut deliveries = Vec::new();
        self.client.retrying(|client| {
            if options.acks == Acks::None {
                return send_unacknowledged(client, topic, &mut batches);
            }
            send_round(client, topic, options, &mut batches, &mut deliveries)
        })?;
        Ok(deliveries)
    }

    fn encode(&mut self, partition: PartitionIndex, records: &[Record]) -> Result<Encoded, ClientError> {
        let producer = self.identity.map(|(id, epoch)| {
            let sequence = self.sequences.entry(partition).or_default();
            let base_sequence = Some(*sequence);
            *sequence = sequence.advance(i32::try_from(records.len()).unwrap_or(i32::MAX));
            BatchProducer {
                id,
                epoch,
                base_sequence,
            }
        });
        let options = BatchOptions {
            compression: self.options.compression,
            producer,
            ..BatchOptions::default()
        };
        Ok(Encoded {
            bytes: encode_batch(records, options)?,
            records: records.len(),
        })
    }
}

/// Where a producer's first records without a key go: short-lived producers should not all begin at partition 0.
fn random() -> u32 {
    // Each `RandomState` has keys of its own, so that the hash of nothing is random.
    let [a, b, c, d, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// Sends every batch that is left to its leader; those acknowledged are taken out.
fn send_round(
    client: &mut Client,
    topic: &str,
    options: &ProducerOptions,
    batches: &mut BTreeMap<PartitionIndex, Encoded>,
    deliveries: &mut Vec<Delivery>,
) -> Result<(), ClientError> {
    let mut failure = None;
    for (leader, partitions) in by_leader(client, topic, batches)? {
        let request = produce_request(client, topic, options.acks, &partitions, batches)?;
        let response = client.call(&Target::Broker(leader), ACKS_WAIT, |_| request)?;
        for (partition, outcome) in outcomes(&response) {
            let base_offset = match outcome {
                Ok(offset) => offset,
                Err(error) if error.code() == Some(ErrorCode::DuplicateSequenceNumber) => None,
                Err(error) => {
                    let error =
                        ClientError::refused(format!("partition {partition} of topic {topic}"), error);
                    if !error.is_retriable() {
                        return Err(error);
                    }
                    failure = Some(error);
                    continue;
                }
            };
            if let Some(batch) = batches.remove(&partition) {
                deliveries.push(Delivery {
                    partition,
                    records: batch.records,
                    base_offset,
                });
            }
        }
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

fn send_unacknowledged(
    client: &mut Client,
    topic: &str,
    batches: &mut BTreeMap<PartitionIndex, Encoded>,
) -> Result<(), ClientError> {
    for (leader, partitions) in by_leader(client, topic, batches)? {
        let request = produce_request(client, topic, Acks::None, &partitions, batches)?;
        client.send_only(&Target::Broker(leader), |_| request)?;
        for partition in partitions {
            batches.remove(&partition);
        }
    }
    Ok(())
}

fn by_leader(
    client: &Client,
    topic: &str,
    batches: &BTreeMap<PartitionIndex, Encoded>,
) -> Result<BTreeMap<i32, Vec<PartitionIndex>>, ClientError> {
    let mut leaders: BTreeMap<i32, Vec<PartitionIndex>> = BTreeMap::new();
    for partition in batches.keys() {
        let leader = client.cluster().leader(topic, *partition)?;
        leaders.entry(leader).or_default().push(*partition);
    }
    Ok(leaders)
}

fn produce_request(
    client: &Client,
    topic: &str,
    acks: Acks,
    partitions: &[PartitionIndex],
    batches: &BTreeMap<PartitionIndex, Encoded>,
) -> Result<ProduceRequest, ClientError> {
    let data = |index: &PartitionIndex| {
        batches.get(index).map(|batch| PartitionProduceData {
            index: index.get(),
            records: Some(batch.bytes.clone()),
        })
    };
    Ok(ProduceRequest {
        transactional_id: None,
        acks: acks.wire(),
        timeout_ms: ACKS_WAIT_MS,
        topics: vec![TopicProduceData {
            name: ByteStr::from(topic),
            topic_id: client.cluster().topic(topic)?.id,
            partitions: partitions.iter().filter_map(data).collect(),
        }],
    })
}

fn outcomes(
    response: &ProduceResponse,
) -> impl Iterator<Item = (PartitionIndex, Result<Option<Offset>, ApiError>)> {
    response
        .topics
        .iter()
        .flat_map(|topic| &topic.partitions)
        .map(|partition| {
            // The broker's words on single records say more than those on the batch.
            let on_record = partition
                .record_errors
                .iter()
                .find_map(|error| error.batch_index_error_message.as_ref());
            let message = on_record.or(partition.error_message.as_ref());
            let outcome = ApiError::check(partition.error_code, message);
            (
                PartitionIndex::new(partition.index),
                outcome.map(|()| Offset::new(partition.base_offset)),
            )
        })
}

impl Client {
    /// Gets a producer id for idempotent produce.
    fn init_producer_id(&mut self) -> Result<(ProducerId, ProducerEpoch), ClientError> {
        self.retrying(|client| {
            let response = client.call(&Target::Any, Duration::ZERO, |_| InitProducerIdRequest {
                // Null, for an empty one is refused.
                transactional_id: None,
                transaction_timeout_ms: i32::MAX,
                ..InitProducerIdRequest::default()
            })?;
            ApiError::check(response.error_code, None)
                .map_err(|error| ClientError::refused("a producer id", error))?;
            Ok((
                ProducerId::new(response.producer_id),
                ProducerEpoch::new(response.producer_epoch),
            ))
        })
    }
}
