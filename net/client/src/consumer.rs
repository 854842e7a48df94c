//! Fetching from chosen partitions of one topic, without a group.

use std::collections::BTreeMap;
use std::time::Duration;

use corelog_model::{Offset, PartitionIndex};
use corelog_protocol::ByteStr;
use corelog_protocol::messages::fetch::{
    FetchPartition, FetchRequest, FetchTopic, FetchableTopicResponse, PartitionData,
};

use crate::api_error::ApiError;
use crate::client::{Client, Target};
use crate::error::ClientError;
use crate::record::{AbortedProducer, StoredRecord, decode_batches};

/// Which records a consumer sees.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Isolation {
    /// All of them.
    #[default]
    ReadUncommitted,
    /// Those of no transaction and of committed ones.
    ReadCommitted,
}

/// How records are fetched.
#[derive(Clone, Debug)]
pub struct ConsumerOptions {
    /// How long a fetch waits for records.
    pub wait_max: Duration,
    /// The bytes of one partition in one answer.
    pub partition_bytes_max: i32,
    /// The bytes of one answer.
    pub bytes_max: i32,
    /// Which records.
    pub isolation: Isolation,
}

impl Default for ConsumerOptions {
    fn default() -> ConsumerOptions {
        ConsumerOptions {
            wait_max: Duration::from_millis(500),
            partition_bytes_max: 1024 * 1024,
            bytes_max: 32 * 1024 * 1024,
            isolation: Isolation::ReadUncommitted,
        }
    }
}

/// What one fetch brought from one partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetched {
    /// The partition.
    pub partition: PartitionIndex,
    /// Its records, in order.
    pub records: Vec<StoredRecord>,
    /// Where the next fetch begins.
    pub next_offset: Offset,
    /// The end of what consumers may read.
    pub high_watermark: Offset,
}

/// A consumer of chosen partitions of one topic.
#[derive(Debug)]
pub struct Consumer<'a> {
    client: &'a mut Client,
    topic: String,
    options: ConsumerOptions,
    positions: BTreeMap<PartitionIndex, Offset>,
    /// Counts polls, so that each leader is asked first in turn.
    turn: usize,
}

impl<'a> Consumer<'a> {
    /// A consumer that begins at `positions`.
    pub fn new(
        client: &'a mut Client,
        topic: &str,
        positions: BTreeMap<PartitionIndex, Offset>,
        options: ConsumerOptions,
    ) -> Consumer<'a> {
        Consumer {
            client,
            topic: topic.to_owned(),
            options,
            positions,
            turn: 0,
        }
    }

    /// Where each partition's next fetch begins.
    pub fn positions(&self) -> &BTreeMap<PartitionIndex, Offset> {
        &self.positions
    }

    /// Takes a partition out.
    pub fn remove(&mut self, partition: PartitionIndex) {
        self.positions.remove(&partition);
    }

    /// The client, for other requests between fetches.
    pub fn client(&mut self) -> &mut Client {
        self.client
    }

    /// Fetches from the next leader in turn and moves the positions on. Waits up to `wait_max` for records; what
    /// comes may be empty.
    ///
    /// # Errors
    /// OFFSET_OUT_OF_RANGE if a position lies outside its log; else see [`ClientError`].
    pub fn poll(&mut self) -> Result<Vec<Fetched>, ClientError> {
        let (topic, options, positions) = (&self.topic, &self.options, &self.positions);
        self.turn = self.turn.wrapping_add(1);
        let turn = self.turn;
        let fetched = self.client.retrying(|client| {
            let mut by_leader: BTreeMap<i32, Vec<(PartitionIndex, Offset)>> = BTreeMap::new();
            for (partition, offset) in positions {
                let leader = client.cluster().leader(topic, *partition)?;
                by_leader.entry(leader).or_default().push((*partition, *offset));
            }
            let Some((leader, partitions)) = by_leader.iter().nth(turn % by_leader.len().max(1)) else {
                return Ok(Vec::new());
            };
            fetch(client, topic, *leader, partitions, options)
        })?;
        for part in &fetched {
            self.positions.insert(part.partition, part.next_offset);
        }
        Ok(fetched)
    }
}

fn fetch(
    client: &mut Client,
    topic: &str,
    leader: i32,
    partitions: &[(PartitionIndex, Offset)],
    options: &ConsumerOptions,
) -> Result<Vec<Fetched>, ClientError> {
    let mut fetched = Vec::new();
    for (index, from, data) in fetch_data(client, topic, leader, partitions, options)? {
        fetched.push(decode(topic, index, from, data, options.isolation)?);
    }
    Ok(fetched)
}

/// Fetches once: what the leader has of each partition from the offset that stands beside it, as it came.
pub(crate) fn fetch_data(
    client: &mut Client,
    topic: &str,
    leader: i32,
    partitions: &[(PartitionIndex, Offset)],
    options: &ConsumerOptions,
) -> Result<Vec<(PartitionIndex, Offset, PartitionData)>, ClientError> {
    let topic_id = client.cluster().topic(topic)?.id;
    let request = FetchRequest {
        max_wait_ms: i32::try_from(options.wait_max.as_millis()).unwrap_or(i32::MAX),
        min_bytes: 1,
        max_bytes: options.bytes_max,
        isolation_level: match options.isolation {
            Isolation::ReadUncommitted => 0,
            Isolation::ReadCommitted => 1,
        },
        topics: vec![FetchTopic {
            topic: ByteStr::from(topic),
            topic_id,
            partitions: partitions
                .iter()
                .map(|(index, offset)| FetchPartition {
                    partition: index.get(),
                    fetch_offset: offset.get(),
                    partition_max_bytes: options.partition_bytes_max,
                    ..FetchPartition::default()
                })
                .collect(),
        }],
        ..FetchRequest::default()
    };
    let response = client.call(&Target::Broker(leader), options.wait_max, |_| request)?;
    ApiError::check(response.error_code, None)
        .map_err(|error| ClientError::refused(format!("a fetch from topic {topic}"), error))?;
    let mut fetched = Vec::new();
    for data in response
        .topics
        .into_iter()
        .flat_map(|topic: FetchableTopicResponse| topic.partitions)
    {
        let index = PartitionIndex::new(data.partition_index);
        let Some((_, from)) = partitions.iter().find(|(asked, _)| *asked == index) else {
            continue;
        };
        ApiError::check(data.error_code, None)
            .map_err(|error| ClientError::refused(format!("partition {index} of topic {topic}"), error))?;
        fetched.push((index, *from, data));
    }
    Ok(fetched)
}

fn decode(
    topic: &str,
    partition: PartitionIndex,
    from: Offset,
    data: PartitionData,
    isolation: Isolation,
) -> Result<Fetched, ClientError> {
    let aborted: Vec<AbortedProducer> = match isolation {
        Isolation::ReadUncommitted => Vec::new(),
        Isolation::ReadCommitted => data
            .aborted_transactions
            .iter()
            .flatten()
            .map(|transaction| AbortedProducer {
                producer_id: transaction.producer_id,
                first_offset: transaction.first_offset,
            })
            .collect(),
    };
    let bytes = data
        .records
        .map(|records| records.into_bytes())
        .unwrap_or_default();
    let decoded = decode_batches(bytes, from, &aborted).map_err(|source| ClientError::DecodeRecords {
        topic: topic.to_owned(),
        partition: partition.get(),
        source,
    })?;
    Ok(Fetched {
        partition,
        records: decoded.records,
        next_offset: decoded.next_offset.unwrap_or(from),
        high_watermark: Offset::new(data.high_watermark).unwrap_or(from),
    })
}
