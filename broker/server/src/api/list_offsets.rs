//! ListOffsets (API key 2): where a log begins and ends, and where a time begins in it.

use std::collections::BTreeMap;
use std::rc::Rc;

use corelog_model::{LeaderEpoch, PartitionId, PartitionIndex, TimestampMs};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopic, ListOffsetsTopicResponse,
};
use corelog_runtime::LocalFuture;
use futures_util::future::join_all;

use crate::clients::RequestContext;
use crate::error_codes::{Failure, epoch_failure, read_failure};
use crate::partitions::LogApi;
use crate::shard::Shard;

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
    is_committed_only: bool,
}

/// The answer in wire form: timestamp, offset and leader epoch, each -1 for none.
type Place = (i64, i64, i32);

/// Asks the owner of each partition.
pub(crate) async fn handle(
    shard: Rc<Shard>,
    context: RequestContext,
    request: ListOffsetsRequest,
) -> ListOffsetsResponse {
    let image = shard.image();
    let mut items = Vec::new();
    let mut topics = Vec::with_capacity(request.topics.len());
    for (name, asked) in by_topic(request.topics) {
        let known = image.topic(&name);
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
            match known.filter(|topic| topic.partition(index).is_some()) {
                Some(topic) => {
                    let question = Question {
                        timestamp: partition.timestamp,
                        current_leader_epoch: partition.current_leader_epoch,
                        is_committed_only: request.isolation_level == 1,
                    };
                    items.push((
                        PartitionId {
                            topic: topic.id,
                            index,
                        },
                        question,
                    ));
                }
                None => answer.error_code = ErrorCode::UnknownTopicOrPartition.code(),
            }
            partitions.push(answer);
        }
        topics.push(ListOffsetsTopicResponse { name, partitions });
    }
    let mut found = shard.on_owners(items, look_up).await.into_iter();
    for answer in topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        if answer.error_code != 0 {
            continue;
        }
        match found.next().expect("one result a partition that is known") {
            Ok((timestamp, offset, leader_epoch)) => {
                answer.timestamp = timestamp;
                answer.offset = offset;
                if context.version >= LEADER_EPOCH {
                    answer.leader_epoch = leader_epoch;
                }
            }
            Err(failure) => answer.error_code = failure.code.code(),
        }
    }
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

fn look_up(
    shard: &Rc<Shard>,
    items: Vec<(PartitionId, Question)>,
) -> LocalFuture<Vec<Result<Place, Failure>>> {
    let answers = items.into_iter().map(move |(id, question)| {
        let shard = Rc::clone(shard);
        async move { look_up_one(&shard, id, question).await }
    });
    Box::pin(join_all(answers))
}

async fn look_up_one(shard: &Shard, id: PartitionId, question: Question) -> Result<Place, Failure> {
    let partition = shard.partition(LogApi::ListOffsets, &id)?;
    partition
        .check_epoch(question.current_leader_epoch)
        .map_err(|error| epoch_failure(&error))?;
    let log = partition.log();
    let epoch = log.leader_epoch();
    let offsets = log.offsets();
    // A record that is not yet readable is no answer.
    let readable_end = if question.is_committed_only {
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

fn wire(found: Option<corelog_storage::TimestampedOffset>) -> Place {
    found.map_or((-1, -1, -1), |found| {
        (
            found.timestamp.get(),
            found.offset.get(),
            found.leader_epoch.get(),
        )
    })
}
