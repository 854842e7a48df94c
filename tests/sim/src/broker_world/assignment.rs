//! Who reads what in a group, and the forms of it that requests want.

use std::collections::BTreeMap;

use corelog_protocol::messages::consumer_protocol::{AssignedTopicPartitions, ConsumerProtocolAssignment};
use corelog_protocol::messages::join_group::JoinGroupResponse;
use corelog_protocol::messages::sync_group::SyncGroupRequestAssignment;

use super::clients::Topic;
use super::position::{Position, Positions};

/// Positions by topic, as requests by name want them.
pub(super) fn by_topic(topics: &[Topic], positions: &Positions) -> Vec<(Topic, Vec<(i32, Position)>)> {
    topics
        .iter()
        .filter_map(|topic| {
            let partitions: Vec<(i32, Position)> = positions
                .iter()
                .filter(|(id, _)| id.topic == topic.id)
                .map(|(id, position)| (id.index.get(), *position))
                .collect();
            (!partitions.is_empty()).then(|| (topic.clone(), partitions))
        })
        .collect()
}

/// What the leader does: partitions go round the members.
pub(super) fn share_out(topics: &[Topic], joined: &JoinGroupResponse) -> Vec<SyncGroupRequestAssignment> {
    let count = joined.members.len().max(1);
    let all = topics
        .iter()
        .flat_map(|topic| (0..topic.partitions).map(move |index| (topic.name.clone(), index)));
    let mut shares: Vec<BTreeMap<String, Vec<i32>>> = vec![BTreeMap::new(); count];
    for (turn, (topic, index)) in all.enumerate() {
        shares[turn % count].entry(topic).or_default().push(index);
    }
    joined
        .members
        .iter()
        .zip(shares)
        .map(|(member, share)| SyncGroupRequestAssignment {
            member_id: member.member_id.clone(),
            assignment: ConsumerProtocolAssignment {
                assigned_partitions: share
                    .into_iter()
                    .map(|(topic, partitions)| AssignedTopicPartitions { topic, partitions })
                    .collect(),
                user_data: None,
            }
            .to_assignment(1)
            .expect("an assignment is encoded"),
        })
        .collect()
}
