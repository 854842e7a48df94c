//! The coordinator of the groups in one partition of `__consumer_offsets`: where events come in and deadlines fall due.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::time::Duration;

use corelog_model::{PartitionIndex, ProducerId, TopicName, TransactionResult};

use crate::context::Context;
use crate::group::Group;
use crate::ids::TEXT_SIZE_MAX;
use crate::log::{self, Change, Changes, PendingAppend, Then};
use crate::rebalance;
use crate::timers::TimerKey;
use crate::{
    Action, CommittedOffset, CommittedPartition, Event, GroupConfig, GroupError, GroupId, Now, PersistError,
    Request, RequestToken, Response,
};

/// Whether the coordinator serves requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// The log is being replayed.
    Loading,
    /// Requests are served.
    Active,
    /// The partition is led elsewhere.
    Unloaded,
}

/// Coordinates the groups of one partition of `__consumer_offsets`.
///
/// A new one is loading: feed it the partition's records with `load`, then call `finish_load`. From then on, call
/// `handle` for each event and `handle_timeout` when `next_timeout` has come, and perform the actions in order. When the
/// partition moves away, call `unload`.
#[derive(Debug)]
pub struct GroupCoordinator {
    pub(crate) phase: Phase,
    pub(crate) groups: BTreeMap<GroupId, Group>,
    /// The groups with offsets in the open transaction of each producer, and perhaps some that have none any more.
    transactions: BTreeMap<ProducerId, BTreeSet<GroupId>>,
    pub(crate) cx: Context,
}

impl GroupCoordinator {
    /// Makes a coordinator that waits for its partition's records.
    pub fn new(config: GroupConfig) -> GroupCoordinator {
        GroupCoordinator {
            phase: Phase::Loading,
            groups: BTreeMap::new(),
            transactions: BTreeMap::new(),
            cx: Context::new(config),
        }
    }

    /// Takes one event and returns what the shell is to do.
    pub fn handle(&mut self, event: Event, now: Now) -> Vec<Action> {
        self.cx.now = now;
        match event {
            Event::Request { token, request } => self.handle_request(token, request),
            Event::Persisted { token, result } => {
                self.cx.log.report(token, result);
                while let Some((append, outcome)) = self.cx.log.pop_known() {
                    self.complete_append(append, outcome);
                }
            }
            // While loading, what the log says is not known yet; such offsets are told by their topic id.
            Event::TopicDeleted { topic } if self.phase == Phase::Active => self.delete_topic_offsets(&topic),
            Event::TopicDeleted { .. } => {}
        }
        std::mem::take(&mut self.cx.actions)
    }

    /// When to call `handle_timeout`, as `Now::monotonic`. Ask again after every call.
    pub fn next_timeout(&self) -> Option<Duration> {
        self.cx.timers.next()
    }

    /// Does what has fallen due by `now` and returns what the shell is to do. Too early a call does nothing.
    pub fn handle_timeout(&mut self, now: Now) -> Vec<Action> {
        self.cx.now = now;
        while let Some(key) = self.cx.timers.pop_due(now.monotonic) {
            match key {
                TimerKey::Expiry => self.expire_offsets(),
                TimerKey::Join(group_id) => self.with_group(&group_id, rebalance::on_join_deadline),
                TimerKey::Sync(group_id) => self.with_group(&group_id, rebalance::on_sync_deadline),
                TimerKey::Session(group_id, member_id) => {
                    self.with_group(&group_id, |group, cx| {
                        rebalance::on_session_deadline(group, cx, &member_id);
                    });
                    self.drop_if_void(&group_id);
                }
            }
        }
        std::mem::take(&mut self.cx.actions)
    }

    /// The number of groups, those that only store offsets included.
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// Every committed and durable offset, by group, topic and partition.
    pub fn committed_offsets(&self) -> impl Iterator<Item = CommittedPartition<'_>> {
        self.groups.values().flat_map(|group| {
            group
                .offsets
                .iter()
                .map(|(topic, partition, committed)| CommittedPartition {
                    group_id: &group.id,
                    topic,
                    partition,
                    committed,
                })
        })
    }

    /// The topics that groups have offsets of, committed or pending.
    pub fn topics(&self) -> impl Iterator<Item = &TopicName> {
        let offsets = self.groups.values().map(|group| &group.offsets);
        offsets.flat_map(|offsets| {
            let committed = offsets.topics().map(|(topic, _)| topic);
            committed.chain(offsets.pending_topics())
        })
    }

    /// The first group after `after`, or of all, with its committed and durable offsets by topic and partition: for those
    /// who look at the groups one after another and do other things between.
    pub fn next_group(
        &self,
        after: Option<&GroupId>,
    ) -> Option<(
        &GroupId,
        impl Iterator<Item = (&TopicName, PartitionIndex, &CommittedOffset)>,
    )> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let (id, group) = self.groups.range((start, Bound::Unbounded)).next()?;
        Some((id, group.offsets.iter()))
    }

    pub(crate) fn with_group(
        &mut self,
        group_id: &GroupId,
        operation: impl FnOnce(&mut Group, &mut Context),
    ) {
        if let Some(group) = self.groups.get_mut(group_id) {
            operation(group, &mut self.cx);
        }
    }

    /// Drops a group that was made for a request and holds nothing: see [`Group::is_void`].
    pub(crate) fn drop_if_void(&mut self, group_id: &GroupId) {
        if self.groups.get(group_id).is_some_and(Group::is_void) {
            self.groups.remove(group_id);
        }
    }

    fn handle_request(&mut self, token: RequestToken, request: Request) {
        if !has_valid_group_id(&request) {
            return self
                .cx
                .reply(token, refusal(&request, &GroupError::InvalidGroupId));
        }
        match self.phase {
            Phase::Loading => {
                let response = match &request {
                    // A member that beats while the group loads is doing well, and clients do not expect the error.
                    Request::Heartbeat(_) => Response::Heartbeat(Ok(())),
                    // The rebalance is lost with the former coordinator's memory; older clients know no other error.
                    Request::Sync(_) => Response::Sync(Err(GroupError::RebalanceInProgress)),
                    Request::Join(_)
                    | Request::Leave(_)
                    | Request::OffsetCommit(_)
                    | Request::TxnOffsetCommit(_)
                    | Request::EndTransaction(_)
                    | Request::OffsetFetch(_)
                    | Request::OffsetDelete(_)
                    | Request::DeleteGroups(_)
                    | Request::DescribeGroup(_)
                    | Request::ListGroups(_) => refusal(&request, &GroupError::CoordinatorLoadInProgress),
                };
                return self.cx.reply(token, response);
            }
            Phase::Unloaded => {
                return self
                    .cx
                    .reply(token, refusal(&request, &GroupError::NotCoordinator));
            }
            Phase::Active => {}
        }
        match request {
            Request::Join(request) => self.join(token, &request),
            Request::Sync(request) => self.sync(token, request),
            Request::Heartbeat(request) => self.heartbeat(token, &request),
            Request::Leave(request) => self.leave(token, request),
            Request::OffsetCommit(request) => self.commit_offsets(token, request),
            Request::TxnOffsetCommit(request) => self.commit_in_transaction(token, request),
            Request::EndTransaction(end) => self.cx.append_marker(end, Then::AnswerEnd { token }),
            Request::OffsetFetch(request) => self.fetch_offsets(token, &request),
            Request::OffsetDelete(request) => self.delete_offsets(token, request),
            Request::DeleteGroups(group_ids) => self.delete_groups(token, group_ids),
            Request::DescribeGroup(group_id) => self.describe_group(token, &group_id),
            Request::ListGroups(request) => self.list_groups(token, &request),
        }
    }

    /// Makes an append's changes visible if it is durable, and does what was to follow.
    pub(crate) fn complete_append(&mut self, append: PendingAppend, outcome: Result<(), PersistError>) {
        match &append.changes {
            Changes::Records(changes) => {
                for change in changes {
                    self.end_write(change);
                    if outcome.is_ok() {
                        log::apply(&mut self.groups, change);
                        self.note_transaction(change);
                    }
                }
            }
            Changes::End(end) if outcome.is_ok() => self.end_transaction(end.producer.id, end.result),
            Changes::End(_) => {}
        }
        match append.then {
            Then::Nothing => {}
            Then::AnswerOffsets { token, topics, api } => self.answer_offsets(token, topics, api, outcome),
            Then::AnswerEnd { token } => {
                let result = outcome.map_err(PersistError::for_offsets);
                self.cx.reply(token, Response::EndTransaction(result));
            }
            Then::RemoveGroups { removed, answer } => self.remove_groups(&removed, answer, outcome),
            Then::Assign {
                group_id,
                generation,
                assignments,
            } => self.with_group(&group_id, |group, cx| {
                rebalance::complete_assignment(group, cx, generation, assignments, outcome);
            }),
            Then::AnswerStaticRejoin(rejoin) => self.complete_static_rejoin(*rejoin, outcome),
        }
    }
}

impl GroupCoordinator {
    /// An offset's append is durable, or failed.
    fn end_write(&mut self, change: &Change) {
        let (Change::Offset {
            group_id,
            topic,
            partition,
            ..
        }
        | Change::PendingOffset {
            group_id,
            topic,
            partition,
            ..
        }) = change
        else {
            return;
        };
        if let Some(group) = self.groups.get_mut(group_id) {
            group.offsets.end_write(topic, *partition);
        }
    }

    /// Notes whose offsets a transaction has.
    pub(crate) fn note_transaction(&mut self, change: &Change) {
        if let Change::PendingOffset {
            group_id, producer, ..
        } = change
        {
            let groups = self.transactions.entry(producer.id).or_default();
            groups.insert(group_id.clone());
        }
    }

    pub(crate) fn forget_transactions(&mut self) {
        self.transactions.clear();
    }

    /// The marker of a transaction is durable.
    pub(crate) fn end_transaction(&mut self, producer: ProducerId, result: TransactionResult) {
        for group_id in self.transactions.remove(&producer).unwrap_or_default() {
            if let Some(group) = self.groups.get_mut(&group_id) {
                group.offsets.end_transaction(producer, result);
            }
            // While loading, the group's own record may come yet.
            if self.phase == Phase::Active {
                self.drop_if_void(&group_id);
            }
        }
    }
}

/// Offsets may be kept for the empty group id, and such a group can be looked at and deleted. No other request may have
/// it (Kafka's `GroupCoordinator.isValidGroupId`).
fn has_valid_group_id(request: &Request) -> bool {
    let fits = |group_id: &GroupId| group_id.as_str().len() <= TEXT_SIZE_MAX;
    let names_a_group = |group_id: &GroupId| fits(group_id) && !group_id.is_empty();
    match request {
        Request::Join(request) => names_a_group(&request.group_id),
        Request::Sync(request) => names_a_group(&request.group_id),
        Request::Heartbeat(request) => names_a_group(&request.group_id),
        Request::Leave(request) => names_a_group(&request.group_id),
        Request::OffsetDelete(request) => names_a_group(&request.group_id),
        Request::OffsetCommit(request) => fits(&request.group_id),
        Request::TxnOffsetCommit(request) => fits(&request.commit.group_id),
        Request::OffsetFetch(request) => fits(&request.group_id),
        Request::DescribeGroup(group_id) => fits(group_id),
        Request::DeleteGroups(_) | Request::ListGroups(_) | Request::EndTransaction(_) => true,
    }
}

/// The response that refuses a request as a whole.
fn refusal(request: &Request, error: &GroupError) -> Response {
    let error = error.clone();
    match request {
        Request::Join(_) => Response::Join(Err(error)),
        Request::Sync(_) => Response::Sync(Err(error)),
        Request::Heartbeat(_) => Response::Heartbeat(Err(error)),
        Request::Leave(_) => Response::Leave(Err(error)),
        Request::OffsetCommit(_) => Response::OffsetCommit(Err(error)),
        Request::TxnOffsetCommit(_) => Response::TxnOffsetCommit(Err(error)),
        Request::EndTransaction(_) => Response::EndTransaction(Err(error)),
        Request::OffsetFetch(_) => Response::OffsetFetch(Err(error)),
        Request::OffsetDelete(_) => Response::OffsetDelete(Err(error)),
        Request::DeleteGroups(group_ids) => Response::DeleteGroups(
            group_ids
                .iter()
                .map(|group_id| (group_id.clone(), Err(error.clone())))
                .collect(),
        ),
        Request::DescribeGroup(_) => Response::DescribeGroup(Err(error)),
        Request::ListGroups(_) => Response::ListGroups(Err(error)),
    }
}
