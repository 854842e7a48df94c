//! OffsetCommit (Kafka's `OffsetMetadataManager.commitOffset`): the answer waits until the offsets are durable, and
//! until then nobody sees them.

use std::time::Duration;

use corelog_model::TimestampMs;

use crate::coordinator::GroupCoordinator;
use crate::group::Group;
use crate::heartbeat::renew_session;
use crate::ids::TEXT_SIZE_MAX;
use crate::log::{Change, OffsetApi, Then};
use crate::{
    CommittedOffset, GroupError, GroupStateName, OffsetCommitPartition, OffsetCommitRequest, PartitionResult,
    PersistError, RequestToken, Response, TopicResult,
};

impl GroupCoordinator {
    pub(crate) fn commit_offsets(&mut self, token: RequestToken, request: OffsetCommitRequest) {
        let group_id = request.group_id.clone();
        if !self.groups.contains_key(&group_id) {
            if request.generation.is_some() {
                let error = if request.supports_group_id_not_found {
                    GroupError::GroupIdNotFound
                } else {
                    GroupError::IllegalGeneration
                };
                return self.cx.reply(token, Response::OffsetCommit(Err(error)));
            }
            // Whoever is not a member uses the group to store offsets alone.
            let group = Group::new(group_id.clone(), self.cx.now.wall);
            self.groups.insert(group_id.clone(), group);
        }
        if let Some(group) = self.groups.get_mut(&group_id) {
            let cx = &mut self.cx;
            match check_request(group, &request) {
                Err(error) => cx.reply(token, Response::OffsetCommit(Err(error))),
                Ok(()) => {
                    // A commit keeps the session of a member alive.
                    renew_session(group, cx, &request.member_id);
                    let (topics, changes) = changes_of(group, request, &cx.config, cx.now.wall);
                    if changes.is_empty() {
                        cx.reply(token, Response::OffsetCommit(Ok(topics)));
                    } else {
                        let api = OffsetApi::Commit;
                        cx.append(changes, Then::AnswerOffsets { token, topics, api });
                    }
                }
            }
        }
        self.drop_if_void(&group_id);
    }

    /// The offsets of a commit, or of an OffsetDelete, are durable or are not.
    pub(crate) fn answer_offsets(
        &mut self,
        token: RequestToken,
        mut topics: Vec<TopicResult>,
        api: OffsetApi,
        outcome: Result<(), PersistError>,
    ) {
        if let Err(error) = outcome {
            let partitions = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
            for partition in partitions.filter(|partition| partition.result.is_ok()) {
                partition.result = Err(error.for_offsets());
            }
        }
        let response = match api {
            OffsetApi::Commit => Response::OffsetCommit(Ok(topics)),
            OffsetApi::Delete => Response::OffsetDelete(Ok(topics)),
        };
        self.cx.reply(token, response);
    }
}

/// Kafka's `ClassicGroup.validateOffsetCommit`.
fn check_request(group: &Group, request: &OffsetCommitRequest) -> Result<(), GroupError> {
    let is_empty = group.is(GroupStateName::Empty);
    let claims_membership =
        request.generation.is_some() || !request.member_id.is_empty() || request.group_instance_id.is_some();
    if group.is(GroupStateName::Dead) {
        Err(GroupError::CoordinatorNotAvailable)
    } else if request.generation.is_none() && is_empty {
        Ok(())
    } else if claims_membership {
        group.validate_member(&request.member_id, request.group_instance_id.as_ref())?;
        if request.generation != Some(group.generation) {
            Err(GroupError::IllegalGeneration)
        } else if group.is(GroupStateName::CompletingRebalance) {
            // The member knows of the generation, so it is about to sync; in PreparingRebalance a commit is welcome.
            Err(GroupError::RebalanceInProgress)
        } else {
            Ok(())
        }
    } else if is_empty {
        Ok(())
    } else {
        // While a group has members, they alone commit.
        Err(GroupError::UnknownMemberId)
    }
}

/// The answer if all goes well, and the changes that it takes; these are counted as in flight.
fn changes_of(
    group: &mut Group,
    request: OffsetCommitRequest,
    config: &crate::GroupConfig,
    now: TimestampMs,
) -> (Vec<TopicResult>, Vec<Change>) {
    let expire_timestamp = request.retention.map(|retention| later(now, retention));
    let mut changes = Vec::new();
    let mut results = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for committed in topic.partitions {
            let partition = committed.partition;
            let result = if is_too_large(&committed, config.offset_metadata_size_max) {
                Err(GroupError::OffsetMetadataTooLarge)
            } else {
                group.offsets.begin_write(&topic.topic, partition);
                changes.push(Change::Offset {
                    group_id: group.id.clone(),
                    topic: topic.topic.clone(),
                    partition,
                    committed: Some(CommittedOffset {
                        offset: committed.offset,
                        leader_epoch: committed.leader_epoch,
                        metadata: committed.metadata,
                        commit_timestamp: now,
                        expire_timestamp,
                        topic_id: topic.topic_id,
                    }),
                });
                Ok(())
            };
            partitions.push(PartitionResult { partition, result });
        }
        results.push(TopicResult {
            topic: topic.topic,
            topic_id: topic.topic_id,
            partitions,
        });
    }
    (results, changes)
}

fn is_too_large(committed: &OffsetCommitPartition, size_max: usize) -> bool {
    committed.metadata.encode_utf16().count() > size_max || committed.metadata.len() > TEXT_SIZE_MAX
}

fn later(now: TimestampMs, by: Duration) -> TimestampMs {
    let milliseconds = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    TimestampMs::new(now.get().saturating_add(milliseconds))
}
