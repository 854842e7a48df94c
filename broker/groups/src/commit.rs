//! OffsetCommit and TxnOffsetCommit (Kafka's `OffsetMetadataManager.commitOffset` and `commitTransactionalOffset`): the answer
//! waits until the offsets are durable, and until then nobody sees them; those of a transaction until it is committed.

use std::time::Duration;

use corelog_model::TimestampMs;

use crate::coordinator::GroupCoordinator;
use crate::group::Group;
use crate::heartbeat::renew_session;
use crate::ids::TEXT_SIZE_MAX;
use crate::log::{Change, OffsetApi, Then};
use crate::{
    CommittedOffset, GroupError, GroupStateName, OffsetCommitPartition, OffsetCommitRequest, PartitionResult,
    PersistError, RequestToken, Response, TopicResult, TransactionalProducer, TxnOffsetCommitRequest,
};

impl GroupCoordinator {
    pub(crate) fn commit_offsets(&mut self, token: RequestToken, request: OffsetCommitRequest) {
        self.commit(token, request, None);
    }

    pub(crate) fn commit_in_transaction(&mut self, token: RequestToken, request: TxnOffsetCommitRequest) {
        self.commit(token, request.commit, Some(request.producer));
    }

    fn commit(
        &mut self,
        token: RequestToken,
        request: OffsetCommitRequest,
        transaction: Option<TransactionalProducer>,
    ) {
        let group_id = request.group_id.clone();
        let api = match transaction {
            Some(_) => OffsetApi::TxnCommit,
            None => OffsetApi::Commit,
        };
        if !self.groups.contains_key(&group_id) {
            if request.generation.is_some() {
                let error = if request.supports_group_id_not_found {
                    GroupError::GroupIdNotFound
                } else {
                    GroupError::IllegalGeneration
                };
                return self.cx.reply(token, api.response(Err(error)));
            }
            // Whoever is not a member uses the group to store offsets alone.
            let group = Group::new(group_id.clone(), self.cx.now.wall);
            self.groups.insert(group_id.clone(), group);
        }
        if let Some(group) = self.groups.get_mut(&group_id) {
            let cx = &mut self.cx;
            match check_request(group, &request, transaction.is_some()) {
                Err(error) => cx.reply(token, api.response(Err(error))),
                Ok(()) => {
                    // A commit keeps the session of a member alive; in Kafka, one of a transaction does not.
                    if transaction.is_none() {
                        renew_session(group, cx, &request.member_id);
                    }
                    let (topics, changes) = changes_of(group, request, transaction, &cx.config, cx.now.wall);
                    if changes.is_empty() {
                        cx.reply(token, api.response(Ok(topics)));
                    } else {
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
        self.cx.reply(token, api.response(Ok(topics)));
    }
}

impl OffsetApi {
    fn response(self, result: Result<Vec<TopicResult>, GroupError>) -> Response {
        match self {
            OffsetApi::Commit => Response::OffsetCommit(result),
            OffsetApi::TxnCommit => Response::TxnOffsetCommit(result),
            OffsetApi::Delete => Response::OffsetDelete(result),
        }
    }
}

/// Kafka's `ClassicGroup.validateOffsetCommit`. Of a commit in a transaction the group's state is not asked, and older clients
/// do not say whether they are members.
fn check_request(
    group: &Group,
    request: &OffsetCommitRequest,
    is_transactional: bool,
) -> Result<(), GroupError> {
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
        } else if group.is(GroupStateName::CompletingRebalance) && !is_transactional {
            // The member knows of the generation, so it is about to sync; in PreparingRebalance a commit is welcome.
            Err(GroupError::RebalanceInProgress)
        } else {
            Ok(())
        }
    } else if is_empty || is_transactional {
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
    transaction: Option<TransactionalProducer>,
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
                let (group_id, topic_name) = (group.id.clone(), topic.topic.clone());
                let committed = CommittedOffset {
                    offset: committed.offset,
                    leader_epoch: committed.leader_epoch,
                    metadata: committed.metadata,
                    commit_timestamp: now,
                    expire_timestamp,
                    topic_id: topic.topic_id,
                };
                changes.push(match transaction {
                    Some(producer) => Change::PendingOffset {
                        group_id,
                        topic: topic_name,
                        partition,
                        producer,
                        committed,
                    },
                    None => Change::Offset {
                        group_id,
                        topic: topic_name,
                        partition,
                        committed: Some(committed),
                    },
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
