//! Where a consumer stands in a partition, and whether the log still has what it has read (KIP-320).
//!
//! A consumer does as the Java client (`SubscriptionState`). It keeps the leader epoch of the record before its
//! position. After a reconnect, and when the broker fences its epoch of the leader, it asks Metadata who leads, and then
//! where the epoch of its last record ended. An end before its position, or none, is truncation: the client falls back
//! to `auto.offset.reset`. Nothing that was acknowledged is truncated here, so no client may be told so. Where a fetch is
//! refused as out of range, the consumer asks ListOffsets where the log begins.

use std::collections::BTreeMap;

use corelog_model::{PartitionId, PartitionIndex};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsTopic,
};
use corelog_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use corelog_protocol::messages::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};

use super::oracle::Oracle;
use super::wire::{Gone, Wire, name_of};

const METADATA: i16 = 12;
const OFFSET_FOR_LEADER_EPOCH: i16 = 4;
const LIST_OFFSETS: i16 = 10;
/// Special values of ListOffsets' timestamp (Kafka's `ListOffsetsRequest`).
pub(super) const LATEST: i64 = -1;
pub(super) const EARLIEST: i64 = -2;
pub(super) const MAX_TIMESTAMP: i64 = -3;
/// What stands for an epoch that is not known.
pub(super) const NO_EPOCH: i32 = -1;

/// See the module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Position {
    /// The next offset to read.
    pub(super) next: i64,
    /// The leader epoch of the record before it, or the one that came with the offset.
    pub(super) epoch: i32,
    /// The leader's epoch in which the position was validated; none if it is to be validated.
    pub(super) leader: i32,
    /// A fetch from it was refused as out of range: where the log begins is to be asked for.
    pub(super) is_refused: bool,
}

/// The positions of a consumer.
pub(super) type Positions = BTreeMap<PartitionId, Position>;

impl Position {
    /// An offset that came without an epoch.
    pub(super) const fn at(next: i64) -> Position {
        Position::of(next, NO_EPOCH)
    }

    /// An offset that came with an epoch.
    pub(super) const fn of(next: i64, epoch: i32) -> Position {
        Position {
            next,
            epoch,
            leader: NO_EPOCH,
            is_refused: false,
        }
    }

    /// This offset, out of the log's range.
    pub(super) const fn refused(self) -> Position {
        Position {
            is_refused: true,
            ..Position::at(self.next)
        }
    }
}

/// The leader may be another one: all positions are to be validated.
pub(super) fn doubt(positions: &mut Positions) {
    for position in positions.values_mut() {
        position.leader = NO_EPOCH;
    }
}

/// Validates the positions that are to be validated, and has those that were refused begin where their logs do. One whose
/// partition cannot be asked about stays as it is.
pub(super) async fn validate(
    oracle: &Oracle,
    wire: &mut Wire,
    positions: &mut Positions,
) -> Result<(), Gone> {
    let doubtful = positions
        .iter()
        .filter(|(_, position)| position.leader == NO_EPOCH);
    let floors: BTreeMap<PartitionId, i32> =
        doubtful.map(|(id, _)| (*id, oracle.leader_floor(*id))).collect();
    if floors.is_empty() {
        return Ok(());
    }
    let questions = ask_leaders(oracle, wire, &floors, positions).await?;
    let is_refused = |question: &Question| positions[&question.id].is_refused;
    let (refused, questions): (Vec<_>, Vec<_>) = questions.into_iter().partition(is_refused);
    for question in refused {
        let position = positions.get_mut(&question.id).expect("what was asked is known");
        begin_anew(oracle, wire, &question, position).await?;
    }
    if questions.is_empty() {
        return Ok(());
    }
    let request = OffsetForLeaderEpochRequest {
        topics: questions
            .iter()
            .map(|question| question.wire(positions))
            .collect(),
        ..OffsetForLeaderEpochRequest::default()
    };
    let response = wire.call(OFFSET_FOR_LEADER_EPOCH, &request).await?;
    let answers = response
        .topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|answer| (&topic.topic, answer)));
    for (topic, answer) in answers {
        let index = PartitionIndex::new(answer.partition);
        let asked = questions
            .iter()
            .find(|asked| asked.topic == *topic && asked.id.index == index);
        let Some(asked) = asked else {
            oracle.violate(format!("{topic}-{index}: an epoch's end that was not asked for"));
            continue;
        };
        let position = positions.get_mut(&asked.id).expect("what was asked is known");
        match ErrorCode::from_code(answer.error_code) {
            Some(ErrorCode::None) => {
                oracle.validated(asked.id, *position, (answer.leader_epoch, answer.end_offset));
                position.leader = asked.leader;
            }
            Some(
                ErrorCode::FencedLeaderEpoch
                | ErrorCode::KafkaStorageError
                | ErrorCode::NotLeaderOrFollower
                | ErrorCode::UnknownServerError
                | ErrorCode::LeaderNotAvailable,
            ) => {}
            _ => {
                if !oracle.is_doomed(asked.id.topic) {
                    let name = name_of(answer.error_code);
                    oracle.violate(format!("{:?}: an epoch's end is answered {name}", asked.id));
                }
            }
        }
    }
    Ok(())
}

/// A position that was refused goes to where the log begins; what was refused has to lie before it, or behind its end.
async fn begin_anew(
    oracle: &Oracle,
    wire: &mut Wire,
    question: &Question,
    position: &mut Position,
) -> Result<(), Gone> {
    let id = question.id;
    let floor = oracle.floor(id);
    let Some(start) = list_offset(wire, &question.topic, id, EARLIEST).await? else {
        return Ok(());
    };
    oracle.offsets(id, floor, -1, start.offset);
    if start.offset <= position.next
        && let Some(end) = list_offset(wire, &question.topic, id, LATEST).await?
        && position.next <= end.offset
    {
        oracle.violate(format!(
            "{id:?}: {} is refused as out of {}..={}",
            position.next, start.offset, end.offset
        ));
    }
    *position = Position {
        leader: question.leader,
        ..Position::at(start.offset)
    };
    Ok(())
}

/// What ListOffsets answers for a time, or for one of its special values; nothing if that is an error.
pub(super) async fn list_offset(
    wire: &mut Wire,
    topic: &str,
    id: PartitionId,
    timestamp: i64,
) -> Result<Option<ListOffsetsPartitionResponse>, Gone> {
    let request = ListOffsetsRequest {
        topics: vec![ListOffsetsTopic {
            name: topic.to_owned(),
            partitions: vec![ListOffsetsPartition {
                partition_index: id.index.get(),
                timestamp,
                ..ListOffsetsPartition::default()
            }],
        }],
        replica_id: -1,
        ..ListOffsetsRequest::default()
    };
    let response = wire.call(LIST_OFFSETS, &request).await?;
    let answers = response.topics.into_iter().flat_map(|topic| topic.partitions);
    Ok(answers.into_iter().find(|answer| answer.error_code == 0))
}

/// A position whose epoch's end, or whose log's beginning, is asked for, and who leads.
struct Question {
    topic: String,
    id: PartitionId,
    leader: i32,
}

impl Question {
    fn wire(&self, positions: &Positions) -> OffsetForLeaderTopic {
        OffsetForLeaderTopic {
            topic: self.topic.clone(),
            partitions: vec![OffsetForLeaderPartition {
                partition: self.id.index.get(),
                current_leader_epoch: self.leader,
                leader_epoch: positions[&self.id].epoch,
            }],
        }
    }
}

/// Asks who leads. A position without an epoch needs no more; the others, and those that were refused, are returned.
async fn ask_leaders(
    oracle: &Oracle,
    wire: &mut Wire,
    floors: &BTreeMap<PartitionId, i32>,
    positions: &mut Positions,
) -> Result<Vec<Question>, Gone> {
    let mut topics: Vec<_> = floors.keys().map(|id| id.topic).collect();
    topics.dedup();
    let topics = topics
        .into_iter()
        .map(|topic_id| MetadataRequestTopic { topic_id, name: None });
    let request = MetadataRequest {
        topics: Some(topics.collect()),
        ..MetadataRequest::default()
    };
    let response = wire.call(METADATA, &request).await?;
    let mut questions = Vec::new();
    for topic in response.topics.into_iter().filter(|topic| topic.error_code == 0) {
        for partition in topic
            .partitions
            .iter()
            .filter(|partition| partition.error_code == 0)
        {
            let id = PartitionId {
                topic: topic.topic_id,
                index: PartitionIndex::new(partition.partition_index),
            };
            let (Some(floor), Some(position)) = (floors.get(&id), positions.get_mut(&id)) else {
                continue;
            };
            let leader = partition.leader_epoch;
            oracle.leader_told(id, *floor, leader);
            if position.epoch == NO_EPOCH && !position.is_refused {
                position.leader = leader;
            } else {
                let topic = topic.name.clone().unwrap_or_default();
                questions.push(Question { topic, id, leader });
            }
        }
    }
    Ok(questions)
}
