//! A rebalance from its beginning to the assignment: the join phase, its barrier and deadlines, and the sync barrier.
//!
//! ```text
//! Empty ──────────────┐ (initial delay)
//! Stable ─────────────┼─> PreparingRebalance ─> CompletingRebalance ─> Stable
//! CompletingRebalance ┘           └─> Empty (nobody is left)
//! ```
//! Source: Kafka's `GroupMetadataManager` (classic paths).

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use crate::context::Context;
use crate::group::Group;
use crate::log::{Change, Then};
use crate::state::{GroupState, InitialDelay};
use crate::timers::TimerKey;
use crate::{Generation, GroupError, GroupStateName, MemberId, PersistError, Response, SyncedMember};

/// The least delay of a join phase that is postponed because nobody rejoined: a client may give a timeout of zero.
const POSTPONED_JOIN_DELAY_MIN: Duration = Duration::from_secs(1);

/// Begins a rebalance, or completes the one that runs if everybody has joined. Called when something changed that
/// needs a new generation.
pub(crate) fn prepare_or_complete(group: &mut Group, cx: &mut Context) {
    match group.state_name() {
        GroupStateName::Empty | GroupStateName::CompletingRebalance | GroupStateName::Stable => {
            prepare(group, cx);
        }
        GroupStateName::PreparingRebalance => complete_join_if_all_joined(group, cx),
        GroupStateName::Dead => {}
    }
}

/// Begins a rebalance (Kafka's `prepareRebalance`).
pub(crate) fn prepare(group: &mut Group, cx: &mut Context) {
    if group.is(GroupStateName::CompletingRebalance) {
        fail_assignment(group, cx, &GroupError::RebalanceInProgress);
    }
    cx.timers.cancel(&TimerKey::Sync(group.id.clone()));
    let join_timer = TimerKey::Join(group.id.clone());
    let rebalance_timeout = group.rebalance_timeout();
    if group.is(GroupStateName::Empty) {
        let delay = cx.config.initial_rebalance_delay;
        let initial = Some(InitialDelay {
            delay,
            remaining: rebalance_timeout.saturating_sub(delay),
            member_added: false,
        });
        group.transition(GroupState::PreparingRebalance { initial }, cx.now.wall);
        cx.schedule(join_timer, delay);
    } else {
        group.transition(GroupState::PreparingRebalance { initial: None }, cx.now.wall);
        cx.schedule(join_timer, rebalance_timeout);
        complete_join_if_all_joined(group, cx);
    }
}

/// Ends the join phase if everybody is there, unless the initial delay of an empty group runs.
pub(crate) fn complete_join_if_all_joined(group: &mut Group, cx: &mut Context) {
    if group.state == (GroupState::PreparingRebalance { initial: None }) && group.has_all_joined() {
        complete_join(group, cx);
    }
}

/// The join phase has lasted long enough: extends an initial delay that members came in, else goes on with who is there.
pub(crate) fn on_join_deadline(group: &mut Group, cx: &mut Context) {
    let GroupState::PreparingRebalance { initial } = &mut group.state else {
        return;
    };
    if let Some(initial) = initial
        && initial.member_added
        && !initial.remaining.is_zero()
    {
        let next = cx.config.initial_rebalance_delay.min(initial.remaining);
        initial.remaining = initial.remaining.saturating_sub(initial.delay);
        initial.delay = next;
        initial.member_added = false;
        cx.schedule(TimerKey::Join(group.id.clone()), next);
        return;
    }
    complete_join(group, cx);
}

/// Ends the join phase: dynamic members that did not rejoin are out, the rest is the next generation
/// (Kafka's `completeClassicGroupJoin`).
fn complete_join(group: &mut Group, cx: &mut Context) {
    let join_timer = TimerKey::Join(group.id.clone());
    cx.timers.cancel(&join_timer);
    let absent: Vec<MemberId> = group
        .members
        .values()
        .filter(|member| member.awaiting_join.is_none() && member.instance_id.is_none())
        .map(|member| member.id.clone())
        .collect();
    for member_id in &absent {
        remove_member(group, cx, member_id);
    }
    if !group.elect_joined_leader() && !group.members.is_empty() {
        // Static members alone are left and none has rejoined: wait until their sessions end.
        group.state = GroupState::PreparingRebalance { initial: None };
        cx.schedule(
            join_timer,
            group.rebalance_timeout().max(POSTPONED_JOIN_DELAY_MIN),
        );
        return;
    }
    group.begin_generation(cx.now.wall);
    if group.members.is_empty() {
        let value = group.metadata_value(|_| Bytes::new()).encode();
        // Should this fail, the former generation comes back after a restart, and its sessions end then.
        let change = Change::Metadata {
            group_id: group.id.clone(),
            value: Some(value),
        };
        cx.append(vec![change], Then::Nothing);
        return;
    }
    let member_ids: Vec<MemberId> = group.members.keys().cloned().collect();
    for member_id in &member_ids {
        let joined = group.joined(member_id);
        let Some(member) = group.members.get_mut(member_id) else {
            continue;
        };
        member.is_new = false;
        if let Some(token) = member.awaiting_join.take() {
            cx.reply_join(token, Ok(joined));
        }
        cx.schedule_session(&group.id, member_id, member.session_timeout);
    }
    group.pending_syncs = member_ids.into_iter().collect();
    cx.schedule(TimerKey::Sync(group.id.clone()), group.rebalance_timeout());
}

/// Removes a member and answers what it waits with; the client is to join anew if it is still there.
pub(crate) fn remove_member(group: &mut Group, cx: &mut Context, member_id: &MemberId) {
    cx.cancel_session(&group.id, member_id);
    if let Some(mut member) = group.remove_member(member_id) {
        cx.fail_waiting(
            &mut member,
            GroupError::UnknownMemberId,
            GroupError::UnknownMemberId,
        );
    }
}

/// Nobody has heard of a member, or of whoever was given this id, for its session timeout.
pub(crate) fn on_session_deadline(group: &mut Group, cx: &mut Context, member_id: &MemberId) {
    if group.pending_joins.remove(member_id) {
        complete_join_if_all_joined(group, cx);
        return;
    }
    match group.members.get(member_id) {
        // A member that waits gets a new deadline with its answer.
        Some(member) if !member.is_excused_from_heartbeats() => {
            remove_member(group, cx, member_id);
            prepare_or_complete(group, cx);
        }
        Some(_) | None => {}
    }
}

/// Removes the members that have not sent SyncGroup in time, and has the rest rejoin.
pub(crate) fn on_sync_deadline(group: &mut Group, cx: &mut Context) {
    if group.pending_syncs.is_empty() {
        return;
    }
    for member_id in std::mem::take(&mut group.pending_syncs) {
        remove_member(group, cx, &member_id);
    }
    prepare(group, cx);
}

/// A member has asked for its assignment.
pub(crate) fn note_sync(group: &mut Group, cx: &mut Context, member_id: &MemberId) {
    group.pending_syncs.remove(member_id);
    if group.pending_syncs.is_empty() {
        cx.timers.cancel(&TimerKey::Sync(group.id.clone()));
    }
}

/// The leader's assignment is durable, or is not. If another rebalance began meanwhile, it is of no interest.
pub(crate) fn complete_assignment(
    group: &mut Group,
    cx: &mut Context,
    generation: Generation,
    mut assignments: BTreeMap<MemberId, Bytes>,
    outcome: Result<(), PersistError>,
) {
    if !group.is(GroupStateName::CompletingRebalance) || group.generation != generation {
        return;
    }
    match outcome {
        Ok(()) => {
            for member in group.members.values_mut() {
                member.assignment = assignments.remove(&member.id).unwrap_or_default();
            }
            answer_syncs(group, cx, None);
            group.transition(GroupState::Stable, cx.now.wall);
        }
        Err(error) => {
            fail_assignment(group, cx, &error.for_group());
            prepare(group, cx);
        }
    }
}

fn fail_assignment(group: &mut Group, cx: &mut Context, error: &GroupError) {
    for member in group.members.values_mut() {
        member.assignment = Bytes::new();
    }
    answer_syncs(group, cx, Some(error));
}

/// Answers every SyncGroup that waits, and starts these members' session timeouts again: while a member waits, its
/// session does not expire.
fn answer_syncs(group: &mut Group, cx: &mut Context, error: Option<&GroupError>) {
    for member in group.members.values_mut() {
        let Some(token) = member.awaiting_sync.take() else {
            continue;
        };
        let result = match error {
            Some(error) => Err(error.clone()),
            None => Ok(SyncedMember {
                protocol_type: group.protocol_type.clone(),
                protocol_name: group.protocol_name.clone(),
                assignment: member.assignment.clone(),
            }),
        };
        cx.reply(token, Response::Sync(result));
        cx.schedule_session(&group.id, &member.id, member.session_timeout);
    }
}
