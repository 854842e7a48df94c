//! ListOffsets (API key 2): where a log begins and ends, and where a time begins in it.

use std::collections::BTreeMap;
use std::rc::Rc;

use corelog_model::{LeaderEpoch, PartitionId, PartitionIndex, TimestampMs};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopic, ListOffsetsTopicResponse,
};
use futures_util::future::join_all;

use super::routed::{PartitionAnswer, Routed};
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::{Failure, epoch_failure, read_failure};
use crate::partitions::{LogApi, Partitions};
use crate::shard::{Items, OwnerWork, Results, Shards};

/// The first version that tells the leader epoch (KIP-320).
const LEADER_EPOCH: i16 = 4;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;

/// What is asked of a partition.
#[derive(Clone, Copy)]
struct Question {
    timestamp: i64,
    current_leader_epoch: i32,
}

/// Has the owners look places up in their logs.
#[derive(Clone, Copy)]
struct LookUp {
    /// What is committed and belongs to no open transaction, and no more.
    is_committed_only: bool,
}

/// The answer in wire form: timestamp, offset and leader epoch, each -1 for none.
type Place = (i64, i64, i32);

/// Asks the owner of each partition.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    context: &RequestContext,
    request: ListOffsetsRequest,
) -> ListOffsetsResponse {
    let image = metadata.image();
    let mut asking = Routed::new(LookUp {
        is_committed_only: request.isolation_level == 1,
    });
    let mut topics = Vec::with_capacity(request.topics.len());
    for (name, asked) in by_topic(request.topics) {
        let known = image.topic(&name).map(|topic| &**topic);
        let mut partitions = Vec::with_capacity(asked.len());
        for (index, asked) in asked {
            let index = PartitionIndex::new(index);
            let mut answer = ListOffsetsPartitionResponse {
                partition_index: index.get(),
                ..Default::default()
            };
            let partition = match asked {
                Asked::Once(partition) if context.version >= first_version(partition.timestamp) => partition,
                asked => {
                    answer.error_code = asked.refusal().code();
                    partitions.push(answer);
                    continue;
                }
            };
            let question = Question {
                timestamp: partition.timestamp,
                current_leader_epoch: partition.current_leader_epoch,
            };
            answer.error_code = asking.ask_of(known, index, question).code();
            partitions.push(answer);
        }
        topics.push(ListOffsetsTopicResponse { name, partitions });
    }
    let answers = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
    let fill = |answer: &mut ListOffsetsPartitionResponse, found| match found {
        Ok((timestamp, offset, leader_epoch)) => {
            answer.timestamp = timestamp;
            answer.offset = offset;
            if context.version >= LEADER_EPOCH {
                answer.leader_epoch = leader_epoch;
            }
        }
        Err(code) => answer.error_code = ErrorCode::code(code),
    };
    asking.answer(shards, answers, fill).await;
    ListOffsetsResponse {
        topics,
        ..Default::default()
    }
}

/// How a request names a partition.
#[derive(Clone, PartialEq, Debug)]
enum Asked {
    Once(ListOffsetsPartition),
    /// Then nothing is looked up (Kafka's `ListOffsetsRequest.duplicatePartitions`).
    Twice,
}

impl Asked {
    /// What refuses it before its topic is looked for (`ReplicaManager.fetchOffset`).
    fn refusal(&self) -> ErrorCode {
        match self {
            Asked::Once(_) => ErrorCode::UnsupportedVersion,
            Asked::Twice => ErrorCode::InvalidRequest,
        }
    }
}

/// What is asked of each partition, which is answered once; a topic without partitions is not answered.
fn by_topic(asked: Vec<ListOffsetsTopic>) -> BTreeMap<String, BTreeMap<i32, Asked>> {
    let mut topics: BTreeMap<String, BTreeMap<i32, Asked>> = BTreeMap::new();
    for topic in asked.into_iter().filter(|topic| !topic.partitions.is_empty()) {
        let partitions = topics.entry(topic.name).or_default();
        for partition in topic.partitions {
            let is_known = partitions.contains_key(&partition.partition_index);
            let index = partition.partition_index;
            let asked = if is_known {
                Asked::Twice
            } else {
                Asked::Once(partition)
            };
            partitions.insert(index, asked);
        }
    }
    topics
}

/// The first version in which a special timestamp may be asked for (`ReplicaManager.isListOffsetsTimestampUnsupported`).
fn first_version(timestamp: i64) -> i16 {
    match timestamp {
        MAX_TIMESTAMP => 7,
        EARLIEST_LOCAL => 8,
        LATEST_TIERED => 9,
        EARLIEST_PENDING_UPLOAD => 11,
        EARLIEST | LATEST | 0.. => 0,
        // There is none such.
        _ => i16::MAX,
    }
}

impl PartitionAnswer for ListOffsetsPartitionResponse {
    fn error_code(&self) -> i16 {
        self.error_code
    }
}

impl OwnerWork for LookUp {
    type Item = Question;
    type Done = Result<Place, ErrorCode>;

    async fn run(self, partitions: Rc<Partitions>, items: Items<Question>) -> Results<Self::Done> {
        let look_up = async |(id, question)| {
            let place = self.look_up(&partitions, id, question).await;
            place.map_err(|failure| failure.code)
        };
        join_all(items.into_iter().map(look_up)).await.into()
    }
}

impl LookUp {
    async fn look_up(
        self,
        partitions: &Partitions,
        id: PartitionId,
        question: Question,
    ) -> Result<Place, Failure> {
        let partition = partitions.find(LogApi::ListOffsets, &id)?;
        partition
            .check_epoch(question.current_leader_epoch)
            .map_err(|error| epoch_failure(&error))?;
        let log = partition.log();
        let epoch = log.leader_epoch();
        let offsets = log.offsets();
        // A record that is not yet readable is no answer.
        let readable_end = if self.is_committed_only {
            offsets.last_stable
        } else {
            offsets.high_watermark
        };
        let place = match question.timestamp {
            LATEST => (-1, readable_end.get(), epoch.get()),
            EARLIEST | EARLIEST_LOCAL => {
                let first = log.epoch_at(offsets.log_start).map_or(-1, LeaderEpoch::get);
                (-1, offsets.log_start.get(), first)
            }
            // Nothing is tiered, so nothing waits to be.
            LATEST_TIERED | EARLIEST_PENDING_UPLOAD => (-1, -1, -1),
            MAX_TIMESTAMP => {
                let found = log
                    .offset_of_max_timestamp()
                    .await
                    .map_err(|error| read_failure(&error))?;
                wire(found.filter(|found| found.offset < readable_end))
            }
            timestamp if timestamp >= 0 => {
                let timestamp = TimestampMs::new(timestamp);
                let found = log
                    .offset_for_timestamp(timestamp)
                    .await
                    .map_err(|error| read_failure(&error))?;
                wire(found.filter(|found| found.offset < readable_end))
            }
            other => {
                return Err(Failure::new(
                    ErrorCode::UnsupportedVersion,
                    format!("there is no special timestamp {other}"),
                ));
            }
        };
        Ok(place)
    }
}

fn wire(found: Option<corelog_storage::TimestampedOffset>) -> Place {
    found.map_or((-1, -1, -1), |found| {
        (
            found.timestamp.get(),
            found.offset.get(),
            found.leader_epoch.get(),
        )
    })
}
