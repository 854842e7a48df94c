//! SyncGroup (Kafka's `classicGroupSyncToClassicGroup`).

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::context::Context;
use crate::coordinator::GroupCoordinator;
use crate::group::Group;
use crate::log::{Change, Then};
use crate::rebalance;
use crate::state::GroupState;
use crate::{GroupError, GroupStateName, MemberId, RequestToken, Response, SyncRequest, SyncedMember};

impl GroupCoordinator {
    pub(crate) fn sync(&mut self, token: RequestToken, request: SyncRequest) {
        let cx = &mut self.cx;
        let Some(group) = self.groups.get_mut(&request.group_id) else {
            return cx.reply(token, Response::Sync(Err(GroupError::UnknownMemberId)));
        };
        if let Err(error) = check_request(group, &request) {
            return cx.reply(token, Response::Sync(Err(error)));
        }
        match group.state_name() {
            GroupStateName::Empty | GroupStateName::Dead => {
                cx.reply(token, Response::Sync(Err(GroupError::UnknownMemberId)));
            }
            GroupStateName::PreparingRebalance => {
                cx.reply(token, Response::Sync(Err(GroupError::RebalanceInProgress)));
            }
            GroupStateName::CompletingRebalance => await_assignment(group, cx, token, request),
            GroupStateName::Stable => answer_stable(group, cx, token, &request.member_id),
        }
    }
}

fn check_request(group: &Group, request: &SyncRequest) -> Result<(), GroupError> {
    if group.is(GroupStateName::Dead) {
        return Err(GroupError::CoordinatorNotAvailable);
    }
    group.validate_member(&request.member_id, request.group_instance_id.as_ref())?;
    if request.generation != Some(group.generation) {
        return Err(GroupError::IllegalGeneration);
    }
    let differs = |asked: &Option<String>, actual: &Option<String>| asked.is_some() && asked != actual;
    if differs(&request.protocol_type, &group.protocol_type)
        || differs(&request.protocol_name, &group.protocol_name)
    {
        return Err(GroupError::InconsistentGroupProtocol);
    }
    Ok(())
}

fn await_assignment(group: &mut Group, cx: &mut Context, token: RequestToken, request: SyncRequest) {
    let member_id = &request.member_id;
    if let Some(member) = group.members.get_mut(member_id)
        && let Some(former) = member.awaiting_sync.replace(token)
    {
        // The client has given the former request up, or its connection is gone.
        cx.reply(former, Response::Sync(Err(GroupError::RebalanceInProgress)));
    }
    rebalance::note_sync(group, cx, member_id);
    if group.is_leader(member_id) {
        store_assignment(group, cx, request.assignments);
    }
}

/// Has the leader's assignment stored; members it leaves out get an empty one. A repeated request adds nothing: the
/// group becomes stable with what is on its way to the log.
fn store_assignment(group: &mut Group, cx: &mut Context, assignments: Vec<(MemberId, Bytes)>) {
    let GroupState::CompletingRebalance { assignment_in_flight } = &mut group.state else {
        return;
    };
    if std::mem::replace(assignment_in_flight, true) {
        return;
    }
    let mut assignments: BTreeMap<MemberId, Bytes> = assignments.into_iter().collect();
    assignments.retain(|member_id, _| group.members.contains_key(member_id));
    let value = group
        .metadata_value(|member| assignments.get(&member.id).cloned().unwrap_or_default())
        .encode();
    let change = Change::Metadata {
        group_id: group.id.clone(),
        value: Some(value),
    };
    let then = Then::Assign {
        group_id: group.id.clone(),
        generation: group.generation,
        assignments,
    };
    cx.append(vec![change], then);
}

fn answer_stable(group: &mut Group, cx: &mut Context, token: RequestToken, member_id: &MemberId) {
    rebalance::note_sync(group, cx, member_id);
    let Some(member) = group.members.get(member_id) else {
        return cx.reply(token, Response::Sync(Err(GroupError::UnknownMemberId)));
    };
    let synced = SyncedMember {
        protocol_type: group.protocol_type.clone(),
        protocol_name: group.protocol_name.clone(),
        assignment: member.assignment.clone(),
    };
    cx.schedule_session(&group.id, member_id, member.session_timeout);
    cx.reply(token, Response::Sync(Ok(synced)));
}
