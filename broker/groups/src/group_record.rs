//! A group to its record and back.

use bytes::Bytes;
use corelog_model::TimestampMs;

use crate::group::Group;
use crate::log::Change;
use crate::member::Member;
use crate::records::{GroupMetadataValue, MemberMetadata};
use crate::state::GroupState;

impl Group {
    /// The group's record, with the assignment that `assignment` gives for each member.
    pub(crate) fn metadata_value(&self, assignment: impl Fn(&Member) -> Bytes) -> GroupMetadataValue {
        let protocol = self.protocol_name.as_deref().unwrap_or_default();
        GroupMetadataValue {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol_name.clone(),
            leader: self.leader.clone(),
            current_state_timestamp: self.state_since,
            members: self
                .members
                .values()
                .map(|member| MemberMetadata {
                    member_id: member.id.clone(),
                    group_instance_id: member.instance_id.clone(),
                    client_id: member.client_id.clone(),
                    client_host: member.client_host.clone(),
                    rebalance_timeout: member.rebalance_timeout,
                    session_timeout: member.session_timeout,
                    subscription: member.metadata(protocol),
                    assignment: assignment(member),
                })
                .collect(),
        }
    }

    /// The record of a group that nobody has joined yet (Kafka's `newEmptyGroupMetadataRecord`).
    pub(crate) fn empty_metadata(&self) -> Change {
        let value = self.metadata_value(|_| Bytes::new());
        Change::Metadata {
            group_id: self.id.clone(),
            value: Some(value.encode()),
        }
    }

    /// Becomes what a record says, apart from the offsets. For replay alone: nobody waits for anything.
    pub(crate) fn restore(&mut self, value: GroupMetadataValue, raw: Bytes) {
        let offsets = std::mem::take(&mut self.offsets);
        *self = Group {
            state: if value.members.is_empty() {
                GroupState::Empty
            } else {
                GroupState::Stable
            },
            state_since: value.current_state_timestamp,
            generation: value.generation,
            protocol_type: (!value.protocol_type.is_empty()).then_some(value.protocol_type),
            protocol_name: value.protocol,
            offsets,
            durable_metadata: Some(raw),
            ..Group::new(self.id.clone(), TimestampMs::default())
        };
        let protocol = self.protocol_name.clone().unwrap_or_default();
        for member in value.members {
            let instance_is_taken = member
                .group_instance_id
                .as_ref()
                .is_some_and(|id| self.static_members.contains_key(id));
            if instance_is_taken || self.members.contains_key(&member.member_id) {
                continue;
            }
            if let Some(instance_id) = &member.group_instance_id {
                self.static_members
                    .insert(instance_id.clone(), member.member_id.clone());
            }
            self.members.insert(
                member.member_id.clone(),
                Member {
                    id: member.member_id,
                    instance_id: member.group_instance_id,
                    client_id: member.client_id,
                    client_host: member.client_host,
                    rebalance_timeout: member.rebalance_timeout,
                    session_timeout: member.session_timeout,
                    protocols: vec![(protocol.clone(), member.subscription)],
                    assignment: member.assignment,
                    is_new: false,
                    awaiting_join: None,
                    awaiting_sync: None,
                },
            );
        }
        self.leader = value
            .leader
            .filter(|leader| self.members.contains_key(leader))
            .or_else(|| self.members.keys().next().cloned());
        self.subscribed_topics = self.compute_subscribed_topics();
    }
}
