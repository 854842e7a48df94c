//! Requests as clients send them, for group `g` and topic `t`.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use corelog_groups::{
    GroupId, GroupOffset, InstanceId, JoinRequest, JoinedGroup, MemberId, OffsetCommitPartition,
    OffsetCommitRequest, OffsetCommitTopic, SyncRequest,
};
use corelog_model::{PartitionIndex, TopicId, TopicName};

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn topic(name: &str) -> TopicName {
    TopicName::new(name).expect("a valid name")
}

pub(crate) fn text(bytes: &Bytes) -> &str {
    std::str::from_utf8(bytes).expect("tests assign text")
}

/// A consumer's JoinGroup to `g` before v4, without an id.
pub(crate) fn join() -> JoinRequest {
    JoinRequest {
        group_id: GroupId::new("g"),
        member_id: MemberId::new(""),
        group_instance_id: None,
        client_id: "c".to_owned(),
        client_host: "/127.0.0.1".to_owned(),
        session_timeout: secs(10),
        rebalance_timeout: secs(60),
        protocol_type: "consumer".to_owned(),
        protocols: vec![("range".to_owned(), subscription(&["t"]))],
        require_known_member_id: false,
        supports_skip_assignment: false,
        reason: None,
        random: 0,
    }
}

/// A member's JoinGroup under its id.
pub(crate) fn rejoin(member: &JoinedGroup) -> JoinRequest {
    JoinRequest {
        member_id: member.member_id.clone(),
        ..join()
    }
}

/// A static member's JoinGroup without an id.
pub(crate) fn join_static(instance: &str) -> JoinRequest {
    JoinRequest {
        group_instance_id: Some(InstanceId::new(instance)),
        ..join()
    }
}

pub(crate) fn sync(member: &JoinedGroup, assignments: &[(&MemberId, &str)]) -> SyncRequest {
    SyncRequest {
        group_id: GroupId::new("g"),
        generation: Some(member.generation),
        member_id: member.member_id.clone(),
        group_instance_id: None,
        protocol_type: member.protocol_type.clone(),
        protocol_name: member.protocol_name.clone(),
        assignments: assignments
            .iter()
            .map(|(member_id, assignment)| {
                let assignment = Bytes::copy_from_slice(assignment.as_bytes());
                ((*member_id).clone(), assignment)
            })
            .collect(),
    }
}

/// A commit for partition 0 of `t`, by a member or by nobody.
pub(crate) fn commit(member: Option<&JoinedGroup>, offset: i64) -> OffsetCommitRequest {
    OffsetCommitRequest {
        group_id: GroupId::new("g"),
        generation: member.map(|member| member.generation),
        member_id: member.map_or_else(|| MemberId::new(""), |member| member.member_id.clone()),
        group_instance_id: None,
        retention: None,
        supports_group_id_not_found: true,
        topics: vec![commit_topic("t", offset, "")],
    }
}

pub(crate) fn commit_topic(name: &str, offset: i64, metadata: &str) -> OffsetCommitTopic {
    OffsetCommitTopic {
        topic: topic(name),
        topic_id: TopicId::ZERO,
        partitions: vec![OffsetCommitPartition {
            partition: PartitionIndex::new(0),
            offset: GroupOffset::new(offset),
            leader_epoch: None,
            metadata: metadata.to_owned(),
        }],
    }
}

/// ConsumerProtocolSubscription, v0.
pub(crate) fn subscription(topics: &[&str]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i16(0);
    out.put_i32(i32::try_from(topics.len()).expect("few"));
    for topic in topics {
        out.put_i16(i16::try_from(topic.len()).expect("short"));
        out.put_slice(topic.as_bytes());
    }
    out.put_i32(-1);
    out.freeze()
}
