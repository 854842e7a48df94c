//! The appends to `__consumer_offsets`, and what is done when one is durable. The one place where durable state
//! changes.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use corelog_model::{PartitionIndex, TimestampMs, TopicName};

use crate::group::Group;
use crate::records::{GroupMetadataValue, OffsetCommitValue, Record, RecordError, RecordKey, key};
use crate::{
    Action, AppendToken, CommittedOffset, Generation, GroupError, GroupId, MemberId, PersistError,
    RequestToken, TopicResult, TransactionEnd, TransactionalProducer,
};

/// One change of durable state, which is one record or a marker.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// An offset is committed, or removed.
    Offset {
        group_id: GroupId,
        topic: TopicName,
        partition: PartitionIndex,
        committed: Option<CommittedOffset>,
    },
    /// An offset that counts when a transaction is committed.
    PendingOffset {
        group_id: GroupId,
        topic: TopicName,
        partition: PartitionIndex,
        producer: TransactionalProducer,
        committed: CommittedOffset,
    },
    /// A group's metadata, encoded, or its removal.
    Metadata { group_id: GroupId, value: Option<Bytes> },
}

/// What an append changes.
#[derive(Clone, Debug)]
pub(crate) enum Changes {
    /// Records of one batch.
    Records(Vec<Change>),
    /// The marker that ends a transaction.
    End(TransactionEnd),
}

impl Change {
    pub(crate) fn encode(&self) -> Record {
        match self {
            Change::Offset {
                group_id,
                topic,
                partition,
                committed,
            } => Record {
                key: key::encode_offset_commit_key(group_id, topic, *partition),
                value: committed.as_ref().map(OffsetCommitValue::encode),
            },
            Change::PendingOffset {
                group_id,
                topic,
                partition,
                committed,
                producer: _,
            } => Record {
                key: key::encode_offset_commit_key(group_id, topic, *partition),
                value: Some(OffsetCommitValue::encode(committed)),
            },
            Change::Metadata { group_id, value } => Record {
                key: key::encode_group_metadata_key(group_id),
                value: value.clone(),
            },
        }
    }

    /// The transaction that the change is a part of.
    fn transaction(&self) -> Option<TransactionalProducer> {
        match self {
            Change::PendingOffset { producer, .. } => Some(*producer),
            Change::Offset { .. } | Change::Metadata { .. } => None,
        }
    }

    /// Reads a record, of a batch that is a part of `transaction`; `None` if it is of a kind that is not for the classic
    /// protocol. As in Kafka, a removal counts at once.
    pub(crate) fn decode(
        key: &[u8],
        value: Option<&[u8]>,
        transaction: Option<TransactionalProducer>,
    ) -> Result<Option<Change>, RecordError> {
        match RecordKey::decode(key)? {
            RecordKey::OffsetCommit {
                group_id,
                topic,
                partition,
            } => {
                let committed = value.map(OffsetCommitValue::decode).transpose()?;
                Ok(Some(match (transaction, committed) {
                    (Some(producer), Some(committed)) => Change::PendingOffset {
                        group_id,
                        topic,
                        partition,
                        producer,
                        committed,
                    },
                    (_, committed) => Change::Offset {
                        group_id,
                        topic,
                        partition,
                        committed,
                    },
                }))
            }
            RecordKey::GroupMetadata { group_id } => Ok(Some(Change::Metadata {
                group_id,
                value: value.map(Bytes::copy_from_slice),
            })),
            RecordKey::Unknown { .. } => Ok(None),
        }
    }
}

/// What to do when an append is durable or failed.
#[derive(Debug)]
pub(crate) enum Then {
    Nothing,
    /// Answer an OffsetCommit or OffsetDelete; a failure takes the place of every `Ok`.
    AnswerOffsets {
        token: RequestToken,
        topics: Vec<TopicResult>,
        api: OffsetApi,
    },
    /// Answer an EndTransaction.
    AnswerEnd {
        token: RequestToken,
    },
    /// Groups are gone, or not; answer the DeleteGroups, if there was one.
    RemoveGroups {
        removed: Vec<GroupId>,
        answer: Option<DeletionAnswer>,
    },
    /// Give out the leader's assignment.
    Assign {
        group_id: GroupId,
        generation: Generation,
        assignments: BTreeMap<MemberId, Bytes>,
    },
    /// Answer a static member that came back to a stable group.
    AnswerStaticRejoin(Box<StaticRejoin>),
}

/// What is needed to answer a static member that came back, or to undo its return.
#[derive(Debug)]
pub(crate) struct StaticRejoin {
    pub(crate) group_id: GroupId,
    pub(crate) token: RequestToken,
    pub(crate) generation: Generation,
    pub(crate) member_id: MemberId,
    pub(crate) supports_skip_assignment: bool,
    pub(crate) former: FormerMember,
}

/// The member as it was.
#[derive(Debug)]
pub(crate) struct FormerMember {
    pub(crate) id: MemberId,
    /// The group's leader at the time, under the id of the time.
    pub(crate) leader: Option<MemberId>,
    pub(crate) protocols: Vec<(String, Bytes)>,
    pub(crate) rebalance_timeout: Duration,
    pub(crate) session_timeout: Duration,
}

/// A DeleteGroups to be answered; a failure takes the place of every `Ok`.
#[derive(Debug)]
pub(crate) struct DeletionAnswer {
    pub(crate) token: RequestToken,
    pub(crate) results: Vec<(GroupId, Result<(), GroupError>)>,
}

/// Which of the APIs that answer by topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OffsetApi {
    Commit,
    TxnCommit,
    Delete,
}

/// An append that the shell has been given.
#[derive(Debug)]
pub(crate) struct PendingAppend {
    token: AppendToken,
    outcome: Option<Result<(), PersistError>>,
    pub(crate) changes: Changes,
    pub(crate) then: Then,
}

/// The appends in flight, in log order. They take effect in that order, whatever the order of the reports.
#[derive(Debug, Default)]
pub(crate) struct PendingLog {
    next: u64,
    pending: VecDeque<PendingAppend>,
}

impl PendingLog {
    /// `changes` are of one transaction, or of none.
    pub(crate) fn append(&mut self, changes: Vec<Change>, then: Then) -> Action {
        let first = changes.first().expect("an append has records");
        let transaction = first.transaction();
        let records = changes.iter().map(Change::encode).collect();
        let then = self.push(Changes::Records(changes), then);
        Action::Append {
            records,
            transaction,
            then,
        }
    }

    pub(crate) fn append_marker(&mut self, end: TransactionEnd, then: Then) -> Action {
        let then = self.push(Changes::End(end), then);
        Action::AppendMarker { end, then }
    }

    fn push(&mut self, changes: Changes, then: Then) -> AppendToken {
        let token = AppendToken::new(self.next);
        self.next += 1;
        self.pending.push_back(PendingAppend {
            token,
            outcome: None,
            changes,
            then,
        });
        token
    }

    /// Notes the shell's report. One of an append from before an `unload` is of no interest any more.
    pub(crate) fn report(&mut self, token: AppendToken, result: Result<(), PersistError>) {
        if let Ok(index) = self.pending.binary_search_by_key(&token, |append| append.token) {
            self.pending[index].outcome = Some(result);
        }
    }

    /// Takes the next append whose outcome, and that of all before it, is known.
    pub(crate) fn pop_known(&mut self) -> Option<(PendingAppend, Result<(), PersistError>)> {
        let outcome = self.pending.front()?.outcome?;
        self.pending.pop_front().map(|append| (append, outcome))
    }

    pub(crate) fn drain(&mut self) -> Vec<PendingAppend> {
        self.pending.drain(..).collect()
    }
}

/// Makes a durable change visible. A group that is not there is made: its offsets may come before its metadata.
pub(crate) fn apply(groups: &mut BTreeMap<GroupId, Group>, change: &Change) {
    take(groups, change, false);
}

fn take(groups: &mut BTreeMap<GroupId, Group>, change: &Change, is_replay: bool) {
    match change {
        Change::Offset {
            group_id,
            topic,
            partition,
            committed,
        } => {
            if committed.is_some() && !groups.contains_key(group_id) {
                groups.insert(
                    group_id.clone(),
                    Group::new(group_id.clone(), TimestampMs::default()),
                );
            }
            if let Some(group) = groups.get_mut(group_id) {
                let (offsets, committed) = (&mut group.offsets, committed.clone());
                if is_replay {
                    offsets.replay(topic, *partition, committed);
                } else {
                    offsets.apply(topic, *partition, committed);
                }
            }
        }
        Change::PendingOffset {
            group_id,
            topic,
            partition,
            producer,
            committed,
        } => {
            let group = groups
                .entry(group_id.clone())
                .or_insert_with(|| Group::new(group_id.clone(), TimestampMs::default()));
            let (offsets, committed) = (&mut group.offsets, committed.clone());
            if is_replay {
                offsets.replay_pending(topic, *partition, *producer, committed);
            } else {
                offsets.put_pending(topic, *partition, *producer, committed);
            }
        }
        Change::Metadata { group_id, value } => {
            if let Some(group) = groups.get_mut(group_id) {
                group.durable_metadata.clone_from(value);
            }
        }
    }
}

/// Applies a change that was read from the log, where a group is what its last record says.
///
/// # Errors
/// If a group's metadata cannot be decoded; then nothing has changed.
pub(crate) fn replay(groups: &mut BTreeMap<GroupId, Group>, change: Change) -> Result<(), RecordError> {
    let (group_id, value) = match change {
        Change::Offset { .. } | Change::PendingOffset { .. } => {
            take(groups, &change, true);
            return Ok(());
        }
        Change::Metadata { group_id, value } => (group_id, value),
    };
    match value {
        Some(raw) => {
            let value = GroupMetadataValue::decode(&raw)?;
            groups
                .entry(group_id.clone())
                .or_insert_with(|| Group::new(group_id, TimestampMs::default()))
                .restore(value, raw);
        }
        None => forget_members(groups, &group_id),
    }
    Ok(())
}

/// Removes a group whose metadata is gone from the log. Offsets that are still there keep it as a simple group.
pub(crate) fn forget_members(groups: &mut BTreeMap<GroupId, Group>, group_id: &GroupId) {
    let Some(group) = groups.remove(group_id) else {
        return;
    };
    if !group.offsets.is_empty() {
        let mut simple = Group::new(group_id.clone(), TimestampMs::default());
        simple.offsets = group.offsets;
        groups.insert(group_id.clone(), simple);
    }
}
