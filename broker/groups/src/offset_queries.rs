//! OffsetFetch and OffsetDelete (Kafka's `OffsetMetadataManager`).

use corelog_model::{PartitionIndex, TopicId, TopicName};

use crate::coordinator::GroupCoordinator;
use crate::group::Group;
use crate::log::{Change, OffsetApi, Then};
use crate::{
    CommittedOffset, FetchedOffset, GroupError, GroupStateName, OffsetDeleteRequest, OffsetFetchRequest,
    OffsetFetchTopic, PartitionResult, RequestToken, Response, TopicResult,
};

impl GroupCoordinator {
    /// Answers from what is durable, whatever the group's state: it may only store offsets.
    pub(crate) fn fetch_offsets(&mut self, token: RequestToken, request: &OffsetFetchRequest) {
        let group = self.groups.get(&request.group_id);
        let topics = match (&request.topics, group) {
            (Some(topics), _) => topics
                .iter()
                .map(|topic| OffsetFetchTopic {
                    topic: topic.topic.clone(),
                    topic_id: topic.topic_id,
                    partitions: topic
                        .partitions
                        .iter()
                        .map(|partition| fetched(group, topic, *partition, request.require_stable))
                        .collect(),
                })
                .collect(),
            (None, Some(group)) => fetch_all(group, request.require_stable),
            (None, None) => Vec::new(),
        };
        self.cx.reply(token, Response::OffsetFetch(Ok(topics)));
    }

    pub(crate) fn delete_offsets(&mut self, token: RequestToken, request: OffsetDeleteRequest) {
        let cx = &mut self.cx;
        let Some(group) = self.groups.get_mut(&request.group_id) else {
            return cx.reply(token, Response::OffsetDelete(Err(GroupError::GroupIdNotFound)));
        };
        let refused = match group.state_name() {
            GroupStateName::Dead => Some(GroupError::GroupIdNotFound),
            GroupStateName::Empty => None,
            GroupStateName::PreparingRebalance
            | GroupStateName::CompletingRebalance
            | GroupStateName::Stable => {
                (!group.uses_consumer_protocol()).then_some(GroupError::NonEmptyGroup)
            }
        };
        if let Some(error) = refused {
            return cx.reply(token, Response::OffsetDelete(Err(error)));
        }
        let mut changes = Vec::new();
        let mut topics = Vec::with_capacity(request.topics.len());
        for (topic, partitions) in request.topics {
            let result = if group.is_subscribed_to(&topic) {
                Err(GroupError::GroupSubscribedToTopic)
            } else {
                for partition in &partitions {
                    if group.offsets.get(&topic, *partition).is_some()
                        || group.offsets.is_unstable(&topic, *partition)
                    {
                        changes.push(removal(group, &topic, *partition));
                    }
                }
                Ok(())
            };
            topics.push(TopicResult {
                topic,
                topic_id: TopicId::ZERO,
                partitions: partitions
                    .into_iter()
                    .map(|partition| PartitionResult {
                        partition,
                        result: result.clone(),
                    })
                    .collect(),
            });
        }
        if changes.is_empty() {
            cx.reply(token, Response::OffsetDelete(Ok(topics)));
        } else {
            let api = OffsetApi::Delete;
            cx.append(changes, Then::AnswerOffsets { token, topics, api });
        }
    }

    /// Removes a deleted topic's offsets from every group.
    pub(crate) fn delete_topic_offsets(&mut self, topic: &TopicName) {
        for group in self.groups.values_mut() {
            let changes: Vec<Change> = group
                .offsets
                .partitions()
                .into_iter()
                .filter(|(name, _)| name == topic)
                .map(|(name, partition)| removal(group, &name, partition))
                .collect();
            if !changes.is_empty() {
                self.cx.append_removals(changes, Then::Nothing);
            }
        }
    }
}

/// The removal of one offset, which is counted as in flight.
pub(crate) fn removal(group: &mut Group, topic: &TopicName, partition: PartitionIndex) -> Change {
    group.offsets.begin_write(topic, partition);
    Change::Offset {
        group_id: group.id.clone(),
        topic: topic.clone(),
        partition,
        committed: None,
    }
}

fn fetched(
    group: Option<&Group>,
    topic: &OffsetFetchTopic<PartitionIndex>,
    partition: PartitionIndex,
    require_stable: bool,
) -> FetchedOffset {
    let committed = match group {
        None => Ok(None),
        Some(group) if require_stable && group.offsets.is_unstable(&topic.topic, partition) => {
            Err(GroupError::UnstableOffsetCommit)
        }
        Some(group) => Ok(group
            .offsets
            .get(&topic.topic, partition)
            .filter(|committed| is_of_topic(committed, topic.topic_id))
            .cloned()),
    };
    FetchedOffset { partition, committed }
}

/// An offset of a topic that was deleted and made anew under its name is not an offset of the new one.
fn is_of_topic(committed: &CommittedOffset, topic_id: TopicId) -> bool {
    topic_id == TopicId::ZERO || committed.topic_id == TopicId::ZERO || committed.topic_id == topic_id
}

fn fetch_all(group: &Group, require_stable: bool) -> Vec<OffsetFetchTopic<FetchedOffset>> {
    group
        .offsets
        .topics()
        .map(|(topic, partitions)| OffsetFetchTopic {
            topic: topic.clone(),
            topic_id: TopicId::ZERO,
            partitions: partitions
                .iter()
                .map(|(partition, committed)| FetchedOffset {
                    partition: *partition,
                    committed: if require_stable && group.offsets.is_unstable(topic, *partition) {
                        Err(GroupError::UnstableOffsetCommit)
                    } else {
                        Ok(Some(committed.clone()))
                    },
                })
                .collect(),
        })
        .collect()
}
