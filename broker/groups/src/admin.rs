//! DescribeGroups, ListGroups and DeleteGroups.

use bytes::Bytes;

use crate::context::Context;
use crate::coordinator::GroupCoordinator;
use crate::group::Group;
use crate::log::{Change, DeletionAnswer, Then, forget_members};
use crate::offset_queries::removal;
use crate::state::GroupState;
use crate::{
    DescribedGroup, DescribedMember, GroupError, GroupId, GroupStateName, ListGroupsRequest, ListedGroup,
    PersistError, RequestToken, Response,
};

/// The type of every group here, as Kafka writes it (`Group.GroupType`).
const GROUP_TYPE: &str = "classic";

impl GroupCoordinator {
    pub(crate) fn describe_group(&mut self, token: RequestToken, group_id: &GroupId) {
        let result = self
            .groups
            .get(group_id)
            .map(describe)
            .ok_or(GroupError::GroupIdNotFound);
        self.cx.reply(token, Response::DescribeGroup(result));
    }

    pub(crate) fn list_groups(&mut self, token: RequestToken, request: &ListGroupsRequest) {
        let passes = |filter: &[String], value: &str| {
            filter.is_empty()
                || filter
                    .iter()
                    .any(|wanted| wanted.trim().eq_ignore_ascii_case(value))
        };
        let groups = self
            .groups
            .values()
            .filter(|group| {
                passes(&request.states, group.state_name().as_str()) && passes(&request.types, GROUP_TYPE)
            })
            .map(|group| ListedGroup {
                group_id: group.id.clone(),
                protocol_type: group.protocol_type.clone().unwrap_or_default(),
                state: group.state_name(),
                group_type: GROUP_TYPE,
            })
            .collect();
        self.cx.reply(token, Response::ListGroups(Ok(groups)));
    }

    /// Deletes groups without members, with their offsets. The answer waits until the tombstones are durable.
    pub(crate) fn delete_groups(&mut self, token: RequestToken, group_ids: Vec<GroupId>) {
        let mut changes = Vec::new();
        let mut removed = Vec::new();
        let mut results = Vec::with_capacity(group_ids.len());
        for group_id in group_ids {
            let result = match self.groups.get_mut(&group_id) {
                None => Err(GroupError::GroupIdNotFound),
                Some(group) => check_deletion(group),
            };
            if result.is_ok()
                && let Some(group) = self.groups.get_mut(&group_id)
            {
                changes.extend(bury(group, &mut self.cx));
                removed.push(group_id.clone());
            }
            results.push((group_id, result));
        }
        if changes.is_empty() {
            self.cx.reply(token, Response::DeleteGroups(results));
        } else {
            let answer = Some(DeletionAnswer { token, results });
            self.cx
                .append_removals(changes, Then::RemoveGroups { removed, answer });
        }
    }

    /// The tombstones of groups are durable, or are not.
    pub(crate) fn remove_groups(
        &mut self,
        removed: &[GroupId],
        answer: Option<DeletionAnswer>,
        outcome: Result<(), PersistError>,
    ) {
        for group_id in removed {
            match outcome {
                Ok(()) => forget_members(&mut self.groups, group_id),
                Err(_) => self.with_group(group_id, |group, _| group.revive()),
            }
        }
        if let Some(DeletionAnswer { token, mut results }) = answer {
            for (group_id, result) in results.iter_mut().filter(|(_, result)| result.is_ok()) {
                *result = match outcome {
                    Err(error) => Err(error.for_group()),
                    // An earlier batch of its tombstones failed, so offsets are left.
                    Ok(()) if self.groups.contains_key(group_id) => Err(GroupError::CoordinatorNotAvailable),
                    Ok(()) => Ok(()),
                };
            }
            self.cx.reply(token, Response::DeleteGroups(results));
        }
    }
}

fn check_deletion(group: &Group) -> Result<(), GroupError> {
    match group.state_name() {
        GroupStateName::Empty => Ok(()),
        GroupStateName::Dead => Err(GroupError::GroupIdNotFound),
        GroupStateName::PreparingRebalance | GroupStateName::CompletingRebalance | GroupStateName::Stable => {
            Err(GroupError::NonEmptyGroup)
        }
    }
}

/// Ends an empty group and returns the tombstones of all that the log has, or will have, of it.
pub(crate) fn bury(group: &mut Group, cx: &mut Context) -> Vec<Change> {
    for member_id in std::mem::take(&mut group.pending_joins) {
        cx.cancel_session(&group.id, &member_id);
    }
    let state_since = group.state_since;
    group.transition(GroupState::Dead, cx.now.wall);
    // Should the deletion fail, the group has been empty since then.
    group.state_since = state_since;
    let mut changes: Vec<Change> = group
        .offsets
        .partitions()
        .iter()
        .map(|(topic, partition)| removal(group, topic, *partition))
        .collect();
    changes.push(Change::Metadata {
        group_id: group.id.clone(),
        value: None,
    });
    changes
}

fn describe(group: &Group) -> DescribedGroup {
    let stable_protocol = match group.state_name() {
        GroupStateName::Stable => group.protocol_name.clone(),
        GroupStateName::Empty
        | GroupStateName::PreparingRebalance
        | GroupStateName::CompletingRebalance
        | GroupStateName::Dead => None,
    };
    DescribedGroup {
        group_id: group.id.clone(),
        state: group.state_name(),
        protocol_type: group.protocol_type.clone().unwrap_or_default(),
        members: group
            .members
            .values()
            .map(|member| {
                let (metadata, assignment) = match &stable_protocol {
                    Some(protocol) => (member.metadata(protocol), member.assignment.clone()),
                    None => (Bytes::new(), Bytes::new()),
                };
                DescribedMember {
                    member_id: member.id.clone(),
                    group_instance_id: member.instance_id.clone(),
                    client_id: member.client_id.clone(),
                    client_host: member.client_host.clone(),
                    metadata,
                    assignment,
                }
            })
            .collect(),
        protocol_name: stable_protocol.unwrap_or_default(),
    }
}
