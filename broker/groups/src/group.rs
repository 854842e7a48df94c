//! One group: its state, members and offsets (Kafka's `ClassicGroup`). What it does over time is elsewhere.
//!
//! Invariants:
//! 1. Members are absent in `Empty` and `Dead`.
//! 2. `leader` is a member; there is one if there are members.
//! 3. `static_members` holds exactly the members with an instance id.
//! 4. Some protocol is common to all members.
//! 5. `pending_syncs` are members, and there are none outside `CompletingRebalance` and `Stable`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use corelog_model::{TimestampMs, TopicName};

use crate::member::Member;
use crate::offsets::Offsets;
use crate::state::{GroupState, may_follow};
use crate::subscription::{CONSUMER_PROTOCOL_TYPE, collect_topics};
use crate::{
    Generation, GroupError, GroupId, GroupStateName, InstanceId, JoinedGroup, JoinedMember, MemberId,
};

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: GroupId,
    pub(crate) state: GroupState,
    /// Since when it is Empty, or its generation exists; what the record says.
    pub(crate) state_since: Option<TimestampMs>,
    pub(crate) generation: Generation,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol_name: Option<String>,
    pub(crate) leader: Option<MemberId>,
    pub(crate) members: BTreeMap<MemberId, Member>,
    pub(crate) static_members: BTreeMap<InstanceId, MemberId>,
    /// Ids that were given out and have not joined yet (KIP-394).
    pub(crate) pending_joins: BTreeSet<MemberId>,
    /// Members of this generation that have not asked for their assignment yet.
    pub(crate) pending_syncs: BTreeSet<MemberId>,
    /// Known for protocol type `consumer` alone.
    pub(crate) subscribed_topics: Option<BTreeSet<String>>,
    pub(crate) offsets: Offsets,
    /// The value of the last durable GroupMetadata record; `None` if the log has none.
    pub(crate) durable_metadata: Option<Bytes>,
    /// The record of a group that is there was appended, and may not be durable yet.
    pub(crate) is_recorded: bool,
}

impl Group {
    pub(crate) fn new(id: GroupId, since: TimestampMs) -> Group {
        Group {
            id,
            state: GroupState::Empty,
            state_since: Some(since),
            generation: Generation::default(),
            protocol_type: None,
            protocol_name: None,
            leader: None,
            members: BTreeMap::new(),
            static_members: BTreeMap::new(),
            pending_joins: BTreeSet::new(),
            pending_syncs: BTreeSet::new(),
            subscribed_topics: None,
            offsets: Offsets::default(),
            durable_metadata: None,
            is_recorded: false,
        }
    }

    pub(crate) fn state_name(&self) -> GroupStateName {
        match self.state {
            GroupState::Empty => GroupStateName::Empty,
            GroupState::PreparingRebalance { .. } => GroupStateName::PreparingRebalance,
            GroupState::CompletingRebalance { .. } => GroupStateName::CompletingRebalance,
            GroupState::Stable => GroupStateName::Stable,
            GroupState::Dead => GroupStateName::Dead,
        }
    }

    pub(crate) fn is(&self, name: GroupStateName) -> bool {
        self.state_name() == name
    }

    /// Moves to another state. A generation that becomes stable keeps the timestamp that its record carries.
    pub(crate) fn transition(&mut self, to: GroupState, now: TimestampMs) {
        let from = self.state_name();
        self.state = to;
        let to = self.state_name();
        assert!(may_follow(from, to), "a group does not go from {from} to {to}");
        if to != GroupStateName::Stable {
            self.state_since = Some(now);
        }
        if !matches!(to, GroupStateName::CompletingRebalance | GroupStateName::Stable) {
            self.pending_syncs.clear();
        }
    }

    /// A deletion that did not become durable did not happen.
    pub(crate) fn revive(&mut self) {
        assert!(self.is(GroupStateName::Dead), "only a dead group is revived");
        self.state = GroupState::Empty;
    }

    pub(crate) fn is_leader(&self, member_id: &MemberId) -> bool {
        self.leader.as_ref() == Some(member_id)
    }

    pub(crate) fn static_member(&self, instance_id: &InstanceId) -> Option<&MemberId> {
        self.static_members.get(instance_id)
    }

    /// Checks that a request comes from a member (Kafka's `validateMember`).
    pub(crate) fn validate_member(
        &self,
        member_id: &MemberId,
        instance_id: Option<&InstanceId>,
    ) -> Result<(), GroupError> {
        if let Some(instance_id) = instance_id {
            match self.static_member(instance_id) {
                None => return Err(GroupError::UnknownMemberId),
                Some(current) if current != member_id => return Err(GroupError::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member_id) {
            Ok(())
        } else {
            Err(GroupError::UnknownMemberId)
        }
    }

    /// Adds a member. The caller has checked that its instance id is free and its protocols fit.
    pub(crate) fn add_member(&mut self, member: Member, protocol_type: &str) {
        if self.members.is_empty() {
            self.protocol_type = Some(protocol_type.to_owned());
        }
        if let Some(instance_id) = &member.instance_id {
            let former = self.static_members.insert(instance_id.clone(), member.id.clone());
            assert!(former.is_none(), "an instance id has one member");
        }
        if self.leader.is_none() {
            self.leader = Some(member.id.clone());
        }
        self.pending_joins.remove(&member.id);
        let former = self.members.insert(member.id.clone(), member);
        assert!(
            former.is_none(),
            "a new member's id is fresh: its random bits do not repeat"
        );
    }

    /// Removes a member. The caller answers the requests that it waits with.
    pub(crate) fn remove_member(&mut self, member_id: &MemberId) -> Option<Member> {
        let member = self.members.remove(member_id)?;
        if let Some(instance_id) = &member.instance_id {
            self.static_members.remove(instance_id);
        }
        if self.is_leader(member_id) {
            self.leader = self.members.keys().next().cloned();
        }
        self.pending_syncs.remove(member_id);
        Some(member)
    }

    /// Gives a static member another id and keeps everything else.
    pub(crate) fn rename_static_member(&mut self, from: &MemberId, to: &MemberId) {
        let Some(mut member) = self.members.remove(from) else {
            return;
        };
        member.id = to.clone();
        if let Some(instance_id) = &member.instance_id {
            self.static_members.insert(instance_id.clone(), to.clone());
        }
        self.members.insert(to.clone(), member);
        if self.is_leader(from) {
            self.leader = Some(to.clone());
        }
        if self.pending_syncs.remove(from) {
            self.pending_syncs.insert(to.clone());
        }
    }

    /// Says whether a member of this type and with these protocols can be in the group.
    pub(crate) fn supports_protocols(&self, protocol_type: &str, protocols: &[(String, Bytes)]) -> bool {
        if self.is(GroupStateName::Empty) {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        self.protocol_type.as_deref() == Some(protocol_type)
            && protocols.iter().any(|(name, _)| self.is_common(name))
    }

    fn is_common(&self, protocol: &str) -> bool {
        self.members.values().all(|member| member.supports(protocol))
    }

    /// Chooses the protocol that most members prefer among those that all support. A tie goes to the one that the
    /// first member prefers (Kafka leaves it to a hash map).
    pub(crate) fn select_protocol(&self) -> Option<String> {
        let first = self.members.values().next()?;
        let mut votes: Vec<(&str, usize)> = first
            .protocols
            .iter()
            .filter(|(name, _)| self.is_common(name))
            .map(|(name, _)| (name.as_str(), 0))
            .collect();
        for member in self.members.values() {
            let vote = member
                .protocols
                .iter()
                .find_map(|(name, _)| votes.iter().position(|(candidate, _)| candidate == name));
            if let Some(index) = vote {
                votes[index].1 += 1;
            }
        }
        let most = votes.iter().map(|(_, count)| *count).max()?;
        votes
            .iter()
            .find(|(_, count)| *count == most)
            .map(|(name, _)| (*name).to_owned())
    }

    /// Whether every member has rejoined, and every id that was given out has joined.
    pub(crate) fn has_all_joined(&self) -> bool {
        self.pending_joins.is_empty() && self.awaiting_join_count() == self.members.len()
    }

    pub(crate) fn awaiting_join_count(&self) -> usize {
        self.members
            .values()
            .filter(|member| member.awaiting_join.is_some())
            .count()
    }

    /// The longest of the members' rebalance timeouts.
    pub(crate) fn rebalance_timeout(&self) -> Duration {
        self.members
            .values()
            .map(|member| member.rebalance_timeout)
            .max()
            .unwrap_or_default()
    }

    /// Keeps the leader if it has rejoined, else takes a member that has. False if nobody has.
    pub(crate) fn elect_joined_leader(&mut self) -> bool {
        let leader_joined = self
            .leader
            .as_ref()
            .and_then(|leader| self.members.get(leader))
            .is_some_and(|leader| leader.awaiting_join.is_some());
        if leader_joined {
            return true;
        }
        match self
            .members
            .values()
            .find(|member| member.awaiting_join.is_some())
        {
            Some(member) => {
                self.leader = Some(member.id.clone());
                true
            }
            None => false,
        }
    }

    /// Begins the next generation, with those who are members now.
    pub(crate) fn begin_generation(&mut self, now: TimestampMs) {
        self.generation = self.generation.next();
        self.protocol_name = self.select_protocol();
        self.subscribed_topics = self.compute_subscribed_topics();
        let to = if self.members.is_empty() {
            GroupState::Empty
        } else {
            GroupState::CompletingRebalance {
                assignment_in_flight: false,
            }
        };
        self.transition(to, now);
    }

    /// JoinGroup's success for a member.
    pub(crate) fn joined(&self, member_id: &MemberId) -> JoinedGroup {
        let members = if self.is_leader(member_id) {
            self.joined_members()
        } else {
            Vec::new()
        };
        JoinedGroup {
            member_id: member_id.clone(),
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol_name.clone(),
            leader: self.leader.clone(),
            skip_assignment: false,
            members,
        }
    }

    fn joined_members(&self) -> Vec<JoinedMember> {
        let protocol = self.protocol_name.as_deref().unwrap_or_default();
        self.members
            .values()
            .map(|member| JoinedMember {
                member_id: member.id.clone(),
                group_instance_id: member.instance_id.clone(),
                metadata: member.metadata(protocol),
            })
            .collect()
    }

    pub(crate) fn uses_consumer_protocol(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMER_PROTOCOL_TYPE)
    }

    /// Says whether the members consume `topic`; yes if a consumer group's subscriptions cannot be read.
    pub(crate) fn is_subscribed_to(&self, topic: &TopicName) -> bool {
        match &self.subscribed_topics {
            Some(topics) => topics.contains(topic.as_str()),
            None => self.uses_consumer_protocol(),
        }
    }

    pub(crate) fn knows_subscriptions(&self) -> bool {
        self.subscribed_topics.is_some()
    }

    pub(crate) fn compute_subscribed_topics(&self) -> Option<BTreeSet<String>> {
        if !self.uses_consumer_protocol() {
            return None;
        }
        let mut topics = BTreeSet::new();
        if !self.members.is_empty() {
            let protocol = self.protocol_name.as_deref()?;
            for member in self.members.values() {
                collect_topics(&member.metadata(protocol), &mut topics)?;
            }
        }
        Some(topics)
    }

    /// Whether the group is empty in memory, in the log, and in the appends under way, so that it may be dropped.
    pub(crate) fn is_void(&self) -> bool {
        self.is(GroupStateName::Empty)
            && self.generation == Generation::default()
            && self.durable_metadata.is_none()
            && !self.is_recorded
            && self.pending_joins.is_empty()
            && self.offsets.is_empty()
    }
}
