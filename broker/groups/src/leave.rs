//! LeaveGroup (Kafka's `classicGroupLeaveToClassicGroup`).

use crate::context::Context;
use crate::coordinator::GroupCoordinator;
use crate::group::Group;
use crate::rebalance;
use crate::{GroupError, GroupStateName, LeaveRequest, LeavingMember, LeftMember, RequestToken, Response};

impl GroupCoordinator {
    pub(crate) fn leave(&mut self, token: RequestToken, request: LeaveRequest) {
        let cx = &mut self.cx;
        let Some(group) = self.groups.get_mut(&request.group_id) else {
            let left = request.members.into_iter().map(|member| LeftMember {
                member,
                result: Err(GroupError::UnknownMemberId),
            });
            return cx.reply(token, Response::Leave(Ok(left.collect())));
        };
        if group.is(GroupStateName::Dead) {
            return cx.reply(token, Response::Leave(Err(GroupError::CoordinatorNotAvailable)));
        }
        let mut departed = Departed::default();
        let left = request
            .members
            .into_iter()
            .map(|member| {
                let result = remove(group, cx, &member, &mut departed);
                LeftMember { member, result }
            })
            .collect();
        cx.reply(token, Response::Leave(Ok(left)));
        // One rebalance for all of them. An id that was only given out does not disturb a stable group.
        if departed.members {
            rebalance::prepare_or_complete(group, cx);
        } else if departed.pending {
            rebalance::complete_join_if_all_joined(group, cx);
        }
        self.drop_if_void(&request.group_id);
    }
}

/// Who has left with a request.
#[derive(Default)]
struct Departed {
    members: bool,
    pending: bool,
}

fn remove(
    group: &mut Group,
    cx: &mut Context,
    leaving: &LeavingMember,
    departed: &mut Departed,
) -> Result<(), GroupError> {
    let instance_id = leaving.group_instance_id.as_ref();
    let member_id = if leaving.member_id.is_empty() {
        // An administrator removes a static member by its instance id.
        instance_id
            .and_then(|id| group.static_member(id))
            .cloned()
            .ok_or(GroupError::UnknownMemberId)?
    } else if group.pending_joins.remove(&leaving.member_id) {
        cx.cancel_session(&group.id, &leaving.member_id);
        departed.pending = true;
        return Ok(());
    } else {
        group.validate_member(&leaving.member_id, instance_id)?;
        leaving.member_id.clone()
    };
    rebalance::remove_member(group, cx, &member_id);
    departed.members = true;
    Ok(())
}
