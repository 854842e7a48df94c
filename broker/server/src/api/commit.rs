//! The partitions that a group's offsets are committed for, by OffsetCommit and TxnOffsetCommit: which of them go to the
//! coordinator, and how its results and what is known before it become one answer.

use corelog_groups::{GroupOffset, OffsetCommitPartition, OffsetCommitTopic, TopicResult};
use corelog_metadata::MetadataImage;
use corelog_model::{LeaderEpoch, PartitionIndex, TopicId};
use corelog_protocol::ErrorCode;

use crate::error_codes::group_result_code;

/// How a version of a request names its topics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Naming {
    Names,
    /// KIP-848.
    Ids,
}

/// A topic that offsets are committed for, as the request names it.
pub(crate) struct Committed {
    pub(crate) name: String,
    pub(crate) topic_id: TopicId,
    pub(crate) partitions: Vec<OffsetCommitPartition>,
}

/// The answer for a topic.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct CommittedAnswer {
    pub(crate) name: String,
    pub(crate) topic_id: TopicId,
    /// Each partition's index and error code.
    pub(crate) partitions: Vec<(i32, i16)>,
}

/// A partition's answer: known, or the next of the coordinator's.
type Slot = (PartitionIndex, Option<ErrorCode>);

/// A request's partitions: those for the coordinator, and the frame of the answer.
#[derive(Default)]
pub(crate) struct Commit {
    /// For the coordinator.
    pub(crate) topics: Vec<OffsetCommitTopic>,
    answers: Vec<(String, TopicId, Vec<Slot>)>,
}

impl Commit {
    /// Whether topic and partition are there is judged before the group and its member; a topic that is there and has no
    /// partitions in the request is not answered (`KafkaApis.handleOffsetCommitRequest`, `handleTxnOffsetCommitRequest`).
    pub(crate) fn add(&mut self, image: &MetadataImage, committed: Committed, naming: Naming) {
        let (known, unknown) = match naming {
            Naming::Ids => (image.topic_by_id(committed.topic_id), ErrorCode::UnknownTopicId),
            Naming::Names => (image.topic(&committed.name), ErrorCode::UnknownTopicOrPartition),
        };
        if known.is_some() && committed.partitions.is_empty() {
            return;
        }
        let mut slots = Vec::with_capacity(committed.partitions.len());
        let mut partitions = Vec::with_capacity(committed.partitions.len());
        for partition in committed.partitions {
            let index = partition.partition;
            let slot = match known {
                None => Some(unknown),
                Some(known) if known.partition(index).is_none() => Some(ErrorCode::UnknownTopicOrPartition),
                Some(_) => {
                    partitions.push(partition);
                    None
                }
            };
            slots.push((index, slot));
        }
        if let Some(known) = known.filter(|_| !partitions.is_empty()) {
            self.topics.push(OffsetCommitTopic {
                topic: known.name.clone(),
                topic_id: known.id,
                partitions,
            });
        }
        self.answers.push((committed.name, committed.topic_id, slots));
    }

    /// The answers, with the coordinator's results or its refusal where nothing was known before it.
    pub(crate) fn into_answers(
        self,
        result: Result<Vec<TopicResult>, ErrorCode>,
    ) -> impl Iterator<Item = CommittedAnswer> {
        let (refused, results) = match result {
            Ok(topics) => (None, topics),
            Err(code) => (Some(code.code()), Vec::new()),
        };
        let mut results = results.into_iter().flat_map(|topic| topic.partitions);
        self.answers.into_iter().map(move |(name, topic_id, slots)| {
            let code = |(index, known): Slot| {
                let code = match (known, refused) {
                    (Some(code), _) => code.code(),
                    (None, Some(code)) => code,
                    (None, None) => {
                        let result = results.next().expect("one result a partition");
                        group_result_code(&result.result)
                    }
                };
                (index.get(), code)
            };
            CommittedAnswer {
                name,
                topic_id,
                partitions: slots.into_iter().map(code).collect(),
            }
        })
    }
}

/// What the coordinator is asked to store of a partition.
pub(crate) fn committed_partition(
    index: i32,
    offset: i64,
    leader_epoch: i32,
    metadata: Option<String>,
) -> OffsetCommitPartition {
    OffsetCommitPartition {
        partition: PartitionIndex::new(index),
        offset: GroupOffset::new(offset),
        leader_epoch: Some(leader_epoch)
            .filter(|epoch| *epoch >= 0)
            .map(LeaderEpoch::new),
        metadata: metadata.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use corelog_groups::{GroupError, PartitionResult};
    use corelog_model::TopicName;

    use super::*;
    use crate::cluster::test_image::image;
    use crate::error_codes::group_code;

    fn topic(name: &str, indexes: &[i32]) -> Committed {
        let partition = |index: &i32| committed_partition(*index, 5, -1, None);
        Committed {
            name: name.to_owned(),
            topic_id: TopicId::ZERO,
            partitions: indexes.iter().map(partition).collect(),
        }
    }

    fn commit() -> Commit {
        let image = image(&[("t", 2)]);
        let mut commit = Commit::default();
        for asked in [
            topic("t", &[1, 2, -1]),
            topic("t", &[]),
            topic("gone", &[0]),
            topic("gone", &[]),
            topic("t", &[0]),
        ] {
            commit.add(&image, asked, Naming::Names);
        }
        commit
    }

    fn codes(answers: impl Iterator<Item = CommittedAnswer>) -> Vec<Vec<(i32, i16)>> {
        answers.map(|answer| answer.partitions).collect()
    }

    #[test]
    fn partitions_that_are_not_there_are_refused() {
        let commit = commit();
        let asked = |index| committed_partition(index, 5, -1, None);
        let partitions: Vec<_> = commit.topics.iter().map(|topic| &topic.partitions[..]).collect();
        assert_eq!(partitions, [&[asked(1)][..], &[asked(0)]]);
        assert_eq!(
            codes(commit.into_answers(Err(group_code(&GroupError::IllegalGeneration)))),
            [
                vec![(1, 22), (2, 3), (-1, 3)],
                vec![(0, 3)],
                vec![],
                vec![(0, 22)]
            ]
        );
    }

    #[test]
    fn the_coordinators_results_fill_the_gaps_in_order() {
        let result = |index, result| TopicResult {
            topic: TopicName::new("t").expect("a good name"),
            topic_id: TopicId::ZERO,
            partitions: vec![PartitionResult {
                partition: PartitionIndex::new(index),
                result,
            }],
        };
        let results = vec![
            result(1, Err(GroupError::OffsetMetadataTooLarge)),
            result(0, Ok(())),
        ];
        assert_eq!(
            codes(commit().into_answers(Ok(results))),
            [vec![(1, 12), (2, 3), (-1, 3)], vec![(0, 3)], vec![], vec![(0, 0)]]
        );
    }

    #[test]
    fn kafka_stores_any_offset() {
        for offset in [-1, -2, i64::MIN] {
            assert_eq!(committed_partition(0, offset, -1, None).offset.get(), offset);
        }
        let committed = committed_partition(0, 5, -1, None);
        assert_eq!(committed.offset.get(), 5);
        assert_eq!(committed.leader_epoch, None);
        assert_eq!(committed.metadata, "");
    }
}
