//! Heartbeat (Kafka's `classicGroupHeartbeatToClassicGroup`).

use crate::context::Context;
use crate::coordinator::GroupCoordinator;
use crate::group::Group;
use crate::{GroupError, GroupStateName, HeartbeatRequest, MemberId, RequestToken, Response};

impl GroupCoordinator {
    pub(crate) fn heartbeat(&mut self, token: RequestToken, request: &HeartbeatRequest) {
        let result = match self.groups.get_mut(&request.group_id) {
            Some(group) => beat(group, &mut self.cx, request),
            None => Err(GroupError::UnknownMemberId),
        };
        self.cx.reply(token, Response::Heartbeat(result));
    }
}

fn beat(group: &mut Group, cx: &mut Context, request: &HeartbeatRequest) -> Result<(), GroupError> {
    if group.is(GroupStateName::Dead) {
        return Err(GroupError::CoordinatorNotAvailable);
    }
    group.validate_member(&request.member_id, request.group_instance_id.as_ref())?;
    if request.generation != Some(group.generation) {
        return Err(GroupError::IllegalGeneration);
    }
    renew_session(group, cx, &request.member_id);
    match group.state_name() {
        GroupStateName::PreparingRebalance => Err(GroupError::RebalanceInProgress),
        // A member may beat as soon as it has joined, before it has its assignment.
        GroupStateName::CompletingRebalance | GroupStateName::Stable => Ok(()),
        GroupStateName::Empty | GroupStateName::Dead => Err(GroupError::UnknownMemberId),
    }
}

/// A member was heard of.
pub(crate) fn renew_session(group: &Group, cx: &mut Context, member_id: &MemberId) {
    if let Some(member) = group.members.get(member_id) {
        cx.schedule_session(&group.id, member_id, member.session_timeout);
    }
}
