//! OffsetCommit (API key 8): stores how far a group has read. Answered when the offsets are durable.

use std::time::Duration;

use corelog_groups::{
    self as groups, Generation, GroupError, GroupId, GroupOffset, InstanceId, MemberId,
    OffsetCommitPartition, OffsetCommitTopic, Request, Response, TopicResult,
};
use corelog_metadata::{MetadataImage, TopicImage};
use corelog_model::{LeaderEpoch, PartitionIndex};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponse,
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::{group_code, group_result_code};
use crate::shard::Shards;

/// From this version on topics are named by their ids.
const TOPIC_IDS: i16 = 10;
/// From this version on a generation of an unknown group is answered as such (KIP-848).
const GROUP_ID_NOT_FOUND: i16 = 9;

/// Answers for what cannot be committed and has the group's coordinator store the rest.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    context: &RequestContext,
    request: OffsetCommitRequest,
) -> OffsetCommitResponse {
    let mut sorted = Sorted::default();
    let image = metadata.image();
    for topic in request.topics {
        sorted.add(&image, topic, context.version);
    }
    if sorted.topics.is_empty() {
        return sorted.into_response(Ok(Vec::new()));
    }
    let commit = Request::OffsetCommit(groups::OffsetCommitRequest {
        group_id: GroupId::new(&request.group_id),
        generation: Generation::new(request.generation_id_or_member_epoch),
        member_id: MemberId::new(&request.member_id),
        group_instance_id: request.group_instance_id.as_deref().map(InstanceId::new),
        // -1: as the broker is configured.
        retention: u64::try_from(request.retention_time_ms)
            .ok()
            .map(Duration::from_millis),
        supports_group_id_not_found: context.version >= GROUP_ID_NOT_FOUND,
        topics: std::mem::take(&mut sorted.topics),
    });
    match coordinator::ask(metadata, shards, &request.group_id, commit).await {
        Response::OffsetCommit(result) => sorted.into_response(result),
        _ => unreachable!("an OffsetCommit is answered as one"),
    }
}

/// A partition's answer: known, or the next of the coordinator's.
type Slot = (i32, Option<ErrorCode>);

/// The request's partitions: those for the coordinator, and the frame of the response.
#[derive(Default)]
struct Sorted {
    topics: Vec<OffsetCommitTopic>,
    answers: Vec<(OffsetCommitResponseTopic, Vec<Slot>)>,
}

impl Sorted {
    /// Whether topic and partition are there is judged before the group and its member; a topic that is there and has no
    /// partitions in the request is not answered (`KafkaApis.handleOffsetCommitRequest`).
    fn add(&mut self, image: &MetadataImage, topic: OffsetCommitRequestTopic, version: i16) {
        let (known, unknown) = if version >= TOPIC_IDS {
            (image.topic_by_id(topic.topic_id), ErrorCode::UnknownTopicId)
        } else {
            (image.topic(&topic.name), ErrorCode::UnknownTopicOrPartition)
        };
        if known.is_some() && topic.partitions.is_empty() {
            return;
        }
        let mut slots = Vec::with_capacity(topic.partitions.len());
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in topic.partitions {
            let index = partition.partition_index;
            let slot = match known {
                None => Some(unknown),
                Some(known) if known.partition(PartitionIndex::new(index)).is_none() => {
                    Some(ErrorCode::UnknownTopicOrPartition)
                }
                Some(_) => {
                    partitions.push(to_machine(partition));
                    None
                }
            };
            slots.push((index, slot));
        }
        if let Some(known) = known.filter(|_| !partitions.is_empty()) {
            self.topics.push(commit_topic(known, partitions));
        }
        let answer = OffsetCommitResponseTopic {
            name: topic.name,
            topic_id: topic.topic_id,
            partitions: Vec::new(),
        };
        self.answers.push((answer, slots));
    }

    fn into_response(self, result: Result<Vec<TopicResult>, GroupError>) -> OffsetCommitResponse {
        let (refused, results) = match result {
            Ok(topics) => (None, topics),
            Err(error) => (Some(group_code(&error).code()), Vec::new()),
        };
        let mut results = results.into_iter().flat_map(|topic| topic.partitions);
        let topics = self.answers.into_iter().map(|(mut answer, slots)| {
            let partitions =
                slots
                    .into_iter()
                    .map(|(partition_index, known)| OffsetCommitResponsePartition {
                        partition_index,
                        error_code: match (known, refused) {
                            (Some(code), _) => code.code(),
                            (None, Some(code)) => code,
                            (None, None) => {
                                let result = results.next().expect("one result a partition");
                                group_result_code(&result.result)
                            }
                        },
                    });
            answer.partitions = partitions.collect();
            answer
        });
        OffsetCommitResponse {
            topics: topics.collect(),
            ..Default::default()
        }
    }
}

fn commit_topic(topic: &TopicImage, partitions: Vec<OffsetCommitPartition>) -> OffsetCommitTopic {
    OffsetCommitTopic {
        topic: topic.name.clone(),
        topic_id: topic.id,
        partitions,
    }
}

fn to_machine(partition: OffsetCommitRequestPartition) -> OffsetCommitPartition {
    OffsetCommitPartition {
        partition: PartitionIndex::new(partition.partition_index),
        offset: GroupOffset::new(partition.committed_offset),
        leader_epoch: Some(partition.committed_leader_epoch)
            .filter(|epoch| *epoch >= 0)
            .map(LeaderEpoch::new),
        metadata: partition.committed_metadata.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use corelog_groups::PartitionResult;
    use corelog_model::TopicName;

    use super::*;
    use crate::cluster::test_image::image;

    fn asked(index: i32, offset: i64) -> OffsetCommitRequestPartition {
        OffsetCommitRequestPartition {
            partition_index: index,
            committed_offset: offset,
            committed_leader_epoch: -1,
            committed_metadata: None,
        }
    }

    #[test]
    fn partitions_that_are_not_there_are_refused() {
        let image = image(&[("t", 2)]);
        let topic = |name: &str, indexes: &[i32]| OffsetCommitRequestTopic {
            name: name.to_owned(),
            partitions: indexes.iter().map(|index| asked(*index, 5)).collect(),
            ..Default::default()
        };
        let mut sorted = Sorted::default();
        for asked in [
            topic("t", &[1, 2, -1]),
            topic("t", &[]),
            topic("gone", &[0]),
            topic("gone", &[]),
        ] {
            sorted.add(&image, asked, TOPIC_IDS - 1);
        }
        let unknown = Some(ErrorCode::UnknownTopicOrPartition);
        let slots: Vec<_> = sorted.answers.iter().map(|(_, slots)| slots.clone()).collect();
        assert_eq!(
            slots,
            [
                vec![(1, None), (2, unknown), (-1, unknown)],
                vec![(0, unknown)],
                vec![]
            ]
        );
        assert_eq!(sorted.topics.len(), 1);
        assert_eq!(sorted.topics[0].partitions, [to_machine(asked(1, 5))]);
    }

    #[test]
    fn kafka_stores_any_offset() {
        for offset in [-1, -2, i64::MIN] {
            assert_eq!(to_machine(asked(0, offset)).offset.get(), offset);
        }
        let committed = to_machine(asked(0, 5));
        assert_eq!(committed.offset.get(), 5);
        assert_eq!(committed.leader_epoch, None);
        assert_eq!(committed.metadata, "");
    }

    fn sorted() -> Sorted {
        let answer = |name: &str| OffsetCommitResponseTopic {
            name: name.to_owned(),
            ..Default::default()
        };
        Sorted {
            topics: Vec::new(),
            answers: vec![
                (
                    answer("gone"),
                    vec![(0, Some(ErrorCode::UnknownTopicOrPartition))],
                ),
                (
                    answer("t"),
                    vec![(0, None), (1, Some(ErrorCode::InvalidRequest)), (2, None)],
                ),
            ],
        }
    }

    fn codes(response: &OffsetCommitResponse) -> Vec<i16> {
        let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
        partitions.map(|partition| partition.error_code).collect()
    }

    #[test]
    fn the_coordinators_results_fill_the_gaps_in_order() {
        let result = |index, result| PartitionResult {
            partition: PartitionIndex::new(index),
            result,
        };
        let topic = TopicResult {
            topic: TopicName::new("t").expect("a good name"),
            topic_id: corelog_model::TopicId::ZERO,
            partitions: vec![
                result(0, Ok(())),
                result(2, Err(GroupError::OffsetMetadataTooLarge)),
            ],
        };
        assert_eq!(codes(&sorted().into_response(Ok(vec![topic]))), [3, 0, 42, 12]);
        assert_eq!(
            codes(&sorted().into_response(Err(GroupError::IllegalGeneration))),
            [3, 22, 42, 22]
        );
    }
}
