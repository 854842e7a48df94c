//! A static member that comes back without its member id, most often after a restart (KIP-345).
//!
//! It gets a new id, and whoever holds the old one is fenced. A stable group whose protocol stays the same does not
//! rebalance: the member keeps its assignment, and is answered when the record with its new id is durable.

use crate::context::Context;
use crate::coordinator::GroupCoordinator;
use crate::group::Group;
use crate::log::{Change, FormerMember, StaticRejoin, Then};
use crate::{GroupError, GroupStateName, JoinRequest, JoinedGroup, MemberId, PersistError, RequestToken};
use crate::{join, rebalance};

/// Replaces `former_id` by `member_id` (Kafka's `updateStaticMemberThenRebalanceOrCompleteJoin`).
pub(crate) fn rejoin(
    group: &mut Group,
    cx: &mut Context,
    token: RequestToken,
    request: &JoinRequest,
    former_id: &MemberId,
    member_id: &MemberId,
) {
    let leader = group.leader.clone();
    let Some(member) = group.members.get_mut(former_id) else {
        return cx.reply_join(token, Err(GroupError::UnknownMemberId));
    };
    cx.fail_waiting(member, GroupError::FencedInstanceId, GroupError::FencedInstanceId);
    let former = FormerMember {
        id: former_id.clone(),
        leader,
        protocols: member.protocols.clone(),
        rebalance_timeout: member.rebalance_timeout,
        session_timeout: member.session_timeout,
    };
    cx.cancel_session(&group.id, former_id);
    group.rename_static_member(former_id, member_id);
    join::update_member(group, cx, token, request, member_id);
    cx.schedule_session(&group.id, member_id, request.session_timeout);
    match group.state_name() {
        GroupStateName::Stable if group.select_protocol() == group.protocol_name => {
            let value = group.metadata_value(|member| member.assignment.clone()).encode();
            let change = Change::Metadata {
                group_id: group.id.clone(),
                value: Some(value),
            };
            let rejoin = StaticRejoin {
                group_id: group.id.clone(),
                token,
                generation: group.generation,
                member_id: member_id.clone(),
                supports_skip_assignment: request.supports_skip_assignment,
                former,
            };
            cx.append(vec![change], Then::AnswerStaticRejoin(Box::new(rejoin)));
        }
        // In CompletingRebalance the leader may have been told of the old id already.
        GroupStateName::Stable | GroupStateName::CompletingRebalance => rebalance::prepare(group, cx),
        GroupStateName::PreparingRebalance => rebalance::complete_join_if_all_joined(group, cx),
        GroupStateName::Empty | GroupStateName::Dead => {
            unreachable!("a group without members has no static member")
        }
    }
}

impl GroupCoordinator {
    /// The record with the new member id is durable, or is not. If the group began a rebalance meanwhile, the member
    /// waits for that.
    pub(crate) fn complete_static_rejoin(&mut self, rejoin: StaticRejoin, outcome: Result<(), PersistError>) {
        let Some(group) = self.groups.get_mut(&rejoin.group_id) else {
            return;
        };
        if !group.is(GroupStateName::Stable) || group.generation != rejoin.generation {
            return;
        }
        let Some(member) = group.members.get_mut(&rejoin.member_id) else {
            return;
        };
        if member.awaiting_join != Some(rejoin.token) {
            return;
        }
        member.awaiting_join = None;
        let cx = &mut self.cx;
        if let Err(error) = outcome {
            member.protocols = rejoin.former.protocols;
            member.rebalance_timeout = rejoin.former.rebalance_timeout;
            member.session_timeout = rejoin.former.session_timeout;
            cx.cancel_session(&group.id, &rejoin.member_id);
            cx.schedule_session(&group.id, &rejoin.former.id, rejoin.former.session_timeout);
            group.rename_static_member(&rejoin.member_id, &rejoin.former.id);
            return cx.reply_join(rejoin.token, Err(error.for_group()));
        }
        cx.schedule_session(&group.id, &rejoin.member_id, member.session_timeout);
        let joined = if rejoin.supports_skip_assignment {
            // The leader learns that it leads, so that it watches the topics, and that it need not assign.
            JoinedGroup {
                skip_assignment: group.is_leader(&rejoin.member_id),
                ..group.joined(&rejoin.member_id)
            }
        } else {
            // Before v9 a leader would assign, and the group would not take it: it is named by its old id, so that it
            // does not know itself.
            JoinedGroup {
                leader: rejoin.former.leader,
                members: Vec::new(),
                ..group.joined(&rejoin.member_id)
            }
        };
        cx.reply_join(rejoin.token, Ok(joined));
    }
}
