//! JoinGroup (Kafka's `classicGroupJoinToClassicGroup`).

use crate::context::Context;
use crate::coordinator::GroupCoordinator;
use crate::group::Group;
use crate::ids::TEXT_SIZE_MAX;
use crate::log::Then;
use crate::member::Member;
use crate::state::GroupState;
use crate::{GroupConfig, GroupError, GroupStateName, InstanceId, JoinRequest, MemberId, RequestToken};
use crate::{rebalance, static_join};

impl GroupCoordinator {
    pub(crate) fn join(&mut self, token: RequestToken, request: &JoinRequest) {
        if let Err(error) = check_request(request, &self.cx.config) {
            return self.cx.reply_join(token, Err(error));
        }
        let group_id = &request.group_id;
        let is_new = !self.groups.contains_key(group_id);
        if is_new {
            if !request.member_id.is_empty() {
                return self.cx.reply_join(token, Err(GroupError::UnknownMemberId));
            }
            let group = Group::new(group_id.clone(), self.cx.now.wall);
            self.groups.insert(group_id.clone(), group);
        }
        self.with_group(group_id, |group, cx| {
            // As Kafka: the group is known after a restart, whatever comes of this.
            if is_new {
                group.is_recorded = true;
                cx.append(vec![group.empty_metadata()], Then::Nothing);
            }
            join_group(group, cx, token, request);
        });
    }
}

fn check_request(request: &JoinRequest, config: &GroupConfig) -> Result<(), GroupError> {
    let session_bounds = config.session_timeout_min..=config.session_timeout_max;
    if !session_bounds.contains(&request.session_timeout) {
        return Err(GroupError::InvalidSessionTimeout);
    }
    // What an instance id may consist of is checked by Kafka's clients alone, and an empty one is one.
    let instance_id = request.group_instance_id.as_ref().map(InstanceId::as_str);
    let texts = [
        request.member_id.as_str(),
        instance_id.unwrap_or_default(),
        &request.client_id,
        &request.client_host,
        &request.protocol_type,
    ];
    let protocol_names = request.protocols.iter().map(|(name, _)| name.as_str());
    if texts
        .into_iter()
        .chain(protocol_names)
        .any(|text| text.len() > TEXT_SIZE_MAX)
    {
        return Err(GroupError::InvalidRequest);
    }
    Ok(())
}

fn join_group(group: &mut Group, cx: &mut Context, token: RequestToken, request: &JoinRequest) {
    if !has_room_for(group, &cx.config, &request.member_id) {
        if !request.member_id.is_empty() {
            group.pending_joins.remove(&request.member_id);
            rebalance::remove_member(group, cx, &request.member_id);
            rebalance::complete_join_if_all_joined(group, cx);
        }
        return cx.reply_join(token, Err(GroupError::GroupMaxSizeReached));
    }
    if group.is(GroupStateName::Dead) {
        // The group is about to go; the client looks for its coordinator again and finds a new group.
        return cx.reply_join(token, Err(GroupError::CoordinatorNotAvailable));
    }
    if !group.supports_protocols(&request.protocol_type, &request.protocols) {
        return cx.reply_join(token, Err(GroupError::InconsistentGroupProtocol));
    }
    if request.member_id.is_empty() {
        join_new_member(group, cx, token, request);
    } else if request.group_instance_id.is_none() && group.pending_joins.contains(&request.member_id) {
        add_member(group, cx, token, request, request.member_id.clone());
    } else {
        join_known_member(group, cx, token, request);
    }
}

/// Kafka's `acceptJoiningMember`. While a group prepares, those who have joined are counted: whoever is late is out.
fn has_room_for(group: &Group, config: &GroupConfig, member_id: &MemberId) -> bool {
    match group.state_name() {
        GroupStateName::Empty | GroupStateName::Dead => true,
        GroupStateName::PreparingRebalance => {
            group
                .members
                .get(member_id)
                .is_some_and(|member| member.awaiting_join.is_some())
                || group.awaiting_join_count() < config.group_size_max
        }
        GroupStateName::CompletingRebalance | GroupStateName::Stable => {
            group.members.contains_key(member_id) || group.members.len() < config.group_size_max
        }
    }
}

fn join_new_member(group: &mut Group, cx: &mut Context, token: RequestToken, request: &JoinRequest) {
    if let Some(instance_id) = &request.group_instance_id {
        let member_id = MemberId::generate(instance_id.as_str(), request.random);
        return match group.static_member(instance_id).cloned() {
            Some(former_id) => static_join::rejoin(group, cx, token, request, &former_id, &member_id),
            None => add_member(group, cx, token, request, member_id),
        };
    }
    let member_id = MemberId::generate(&request.client_id, request.random);
    if !request.require_known_member_id {
        return add_member(group, cx, token, request, member_id);
    }
    if group.pending_joins.len() >= cx.config.pending_members_max {
        return cx.reply_join(token, Err(GroupError::GroupMaxSizeReached));
    }
    group.pending_joins.insert(member_id.clone());
    cx.schedule_session(&group.id, &member_id, request.session_timeout);
    cx.reply_join(token, Err(GroupError::MemberIdRequired(member_id)));
}

fn add_member(
    group: &mut Group,
    cx: &mut Context,
    token: RequestToken,
    request: &JoinRequest,
    member_id: MemberId,
) {
    if let GroupState::PreparingRebalance {
        initial: Some(initial),
    } = &mut group.state
    {
        initial.member_added = true;
    }
    // A new member cannot send heartbeats, so its session has not begun. Clients that went away in a long rebalance
    // and came again as others would pile up: a new member's request has a deadline of its own.
    let timeout = cx.config.new_member_join_timeout;
    cx.schedule_session(&group.id, &member_id, timeout);
    group.add_member(Member::joining(request, member_id, token), &request.protocol_type);
    rebalance::prepare_or_complete(group, cx);
}

fn join_known_member(group: &mut Group, cx: &mut Context, token: RequestToken, request: &JoinRequest) {
    let member_id = &request.member_id;
    if let Err(error) = group.validate_member(member_id, request.group_instance_id.as_ref()) {
        return cx.reply_join(token, Err(error));
    }
    let has_same_protocols = group
        .members
        .get(member_id)
        .is_some_and(|member| member.protocols == request.protocols);
    let has_current_metadata = match group.state_name() {
        // It may not have had the answer to its JoinGroup.
        GroupStateName::CompletingRebalance => has_same_protocols,
        // A leader that joins again wants to assign again, perhaps because a topic has changed.
        GroupStateName::Stable => has_same_protocols && !group.is_leader(member_id),
        GroupStateName::PreparingRebalance => false,
        GroupStateName::Empty | GroupStateName::Dead => {
            return cx.reply_join(token, Err(GroupError::UnknownMemberId));
        }
    };
    if has_current_metadata {
        return cx.reply_join(token, Ok(group.joined(member_id)));
    }
    update_member(group, cx, token, request, member_id);
    rebalance::prepare_or_complete(group, cx);
}

/// Takes over what a rejoining member says of itself, and has it wait for the rebalance.
pub(crate) fn update_member(
    group: &mut Group,
    cx: &mut Context,
    token: RequestToken,
    request: &JoinRequest,
    member_id: &MemberId,
) {
    let Some(member) = group.members.get_mut(member_id) else {
        return;
    };
    member.protocols.clone_from(&request.protocols);
    member.rebalance_timeout = request.rebalance_timeout;
    member.session_timeout = request.session_timeout;
    // A request that waited already was given up by the client, or its connection is gone.
    if let Some(former) = member.awaiting_join.replace(token) {
        cx.reply_join(former, Err(GroupError::RebalanceInProgress));
    }
}
