//! The requests of a member, each in the version that the broker has.

use std::time::Duration;

use corelog_protocol::messages::heartbeat::HeartbeatRequest;
use corelog_protocol::messages::join_group::{JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse};
use corelog_protocol::messages::leave_group::{LeaveGroupRequest, MemberIdentity};
use corelog_protocol::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use corelog_protocol::messages::sync_group::{
    SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse,
};
use corelog_protocol::{ApiKey, ErrorCode};

use super::assign::{RANGE, subscription};
use crate::client::{BrokerConnection, ClientError, TopicPlan};

/// The protocol type of consumers (Kafka's `ConsumerProtocol.PROTOCOL_TYPE`).
const CONSUMER: &str = "consumer";
/// Java's `session.timeout.ms`: the coordinator takes a member for gone that it has not heard of for so long.
const SESSION_TIMEOUT: Duration = Duration::from_secs(45);
/// Java's `max.poll.interval.ms`: how long a rebalance waits for those who have not joined again.
pub(super) const REBALANCE_TIMEOUT: Duration = Duration::from_secs(300);
/// From this version on LeaveGroup names several members.
const MANY_MEMBERS: i16 = 3;

/// Who a member is to its group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Identity {
    /// The group.
    pub(super) group: String,
    /// What it reads.
    pub(super) topic: TopicPlan,
    /// Its id, given by the coordinator; empty before.
    pub(super) member_id: String,
    /// The generation of the group that it has joined last.
    pub(super) generation: i32,
}

impl Identity {
    pub(super) async fn join(
        &self,
        coordinator: &mut BrokerConnection,
    ) -> Result<JoinGroupResponse, ClientError> {
        let request = JoinGroupRequest {
            group_id: self.group.clone(),
            session_timeout_ms: milliseconds(SESSION_TIMEOUT),
            rebalance_timeout_ms: milliseconds(REBALANCE_TIMEOUT),
            member_id: self.member_id.clone(),
            protocol_type: String::from(CONSUMER),
            protocols: vec![JoinGroupRequestProtocol {
                name: String::from(RANGE),
                metadata: subscription(&self.topic)?,
            }],
            ..JoinGroupRequest::default()
        };
        coordinator.call(&request).await
    }

    pub(super) async fn sync(
        &self,
        coordinator: &mut BrokerConnection,
        assignments: Vec<SyncGroupRequestAssignment>,
    ) -> Result<SyncGroupResponse, ClientError> {
        let request = SyncGroupRequest {
            group_id: self.group.clone(),
            generation_id: self.generation,
            member_id: self.member_id.clone(),
            protocol_type: Some(String::from(CONSUMER)),
            protocol_name: Some(String::from(RANGE)),
            assignments,
            ..SyncGroupRequest::default()
        };
        coordinator.call(&request).await
    }

    /// Gives the answer's error code.
    pub(super) async fn heartbeat(&self, coordinator: &mut BrokerConnection) -> Result<i16, ClientError> {
        let request = HeartbeatRequest {
            group_id: self.group.clone(),
            generation_id: self.generation,
            member_id: self.member_id.clone(),
            ..HeartbeatRequest::default()
        };
        Ok(coordinator.call(&request).await?.error_code)
    }

    /// Commits the offsets that are to be read next, by partition. Gives the first partition's error code that is one.
    pub(super) async fn commit(
        &self,
        coordinator: &mut BrokerConnection,
        offsets: &[(i32, i64)],
    ) -> Result<i16, ClientError> {
        let partitions = offsets
            .iter()
            .map(|(partition, offset)| OffsetCommitRequestPartition {
                partition_index: *partition,
                committed_offset: *offset,
                ..OffsetCommitRequestPartition::default()
            });
        let request = OffsetCommitRequest {
            group_id: self.group.clone(),
            generation_id_or_member_epoch: self.generation,
            member_id: self.member_id.clone(),
            // Named in the one way or in the other, as the version has it.
            topics: vec![OffsetCommitRequestTopic {
                name: self.topic.name.clone(),
                topic_id: self.topic.id,
                partitions: partitions.collect(),
            }],
            ..OffsetCommitRequest::default()
        };
        let response = coordinator.call(&request).await?;
        let codes: Vec<i16> = response
            .topics
            .iter()
            .flat_map(|topic| &topic.partitions)
            .map(|partition| partition.error_code)
            .collect();
        if codes.len() != offsets.len() {
            return Err(ClientError::Missing {
                api: ApiKey::OffsetCommit,
                what: format!("each of {} partitions", offsets.len()),
            });
        }
        let none = ErrorCode::None.code();
        Ok(codes.into_iter().find(|code| *code != none).unwrap_or(none))
    }

    /// Gives the answer's error code, or the member's.
    pub(super) async fn leave(&self, coordinator: &mut BrokerConnection) -> Result<i16, ClientError> {
        let version = coordinator.versions().pick(ApiKey::LeaveGroup)?;
        let response = coordinator.call_as(&self.leave_request(version), version).await?;
        let codes = response.members.iter().map(|member| member.error_code);
        let mut codes = std::iter::once(response.error_code).chain(codes);
        let none = ErrorCode::None.code();
        Ok(codes.find(|code| *code != none).unwrap_or(none))
    }

    fn leave_request(&self, version: i16) -> LeaveGroupRequest {
        if version < MANY_MEMBERS {
            return LeaveGroupRequest {
                group_id: self.group.clone(),
                member_id: self.member_id.clone(),
                ..LeaveGroupRequest::default()
            };
        }
        LeaveGroupRequest {
            group_id: self.group.clone(),
            members: vec![MemberIdentity {
                member_id: self.member_id.clone(),
                ..MemberIdentity::default()
            }],
            ..LeaveGroupRequest::default()
        }
    }
}

fn milliseconds(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).expect("a constant of minutes")
}

#[cfg(test)]
mod tests {
    use corelog_model::TopicId;
    use corelog_protocol::{Message, Writer};

    use super::*;

    #[test]
    fn leaving_can_be_written_in_each_version() {
        let identity = Identity {
            group: String::from("g"),
            topic: TopicPlan {
                name: String::from("t"),
                id: TopicId::ZERO,
                leaders: vec![1],
            },
            member_id: String::from("m"),
            generation: 1,
        };
        for version in ApiKey::LeaveGroup.versions() {
            let mut writer = Writer::new();
            let request = identity.leave_request(version);
            request.encode(&mut writer, version).unwrap();
            let read = LeaveGroupRequest::from_bytes(writer.into_bytes(), version).unwrap();
            let members = read.members.into_iter().map(|member| member.member_id);
            let named: Vec<String> = members
                .chain([read.member_id])
                .filter(|id| !id.is_empty())
                .collect();
            assert_eq!(named, ["m"], "version {version}");
        }
    }
}
