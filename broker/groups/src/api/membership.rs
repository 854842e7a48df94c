//! JoinGroup, SyncGroup, Heartbeat and LeaveGroup.

use std::time::Duration;

use bytes::Bytes;

use crate::{Generation, GroupError, GroupId, InstanceId, MemberId};

/// JoinGroup.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JoinRequest {
    /// The group.
    pub group_id: GroupId,
    /// Empty at a member's first request.
    pub member_id: MemberId,
    /// A static member's instance id.
    pub group_instance_id: Option<InstanceId>,
    /// From the request's header.
    pub client_id: String,
    /// The connection's address, as Kafka prints it: `/127.0.0.1`.
    pub client_host: String,
    /// How long the member may be silent.
    pub session_timeout: Duration,
    /// How long the member may take to rejoin. The session timeout in v0.
    pub rebalance_timeout: Duration,
    /// `consumer`, `connect`, `sr`, ...: opaque.
    pub protocol_type: String,
    /// The member's protocols and their opaque metadata, the preferred one first.
    pub protocols: Vec<(String, Bytes)>,
    /// From v4 a dynamic member without an id is given one and has to come back with it (KIP-394).
    pub require_known_member_id: bool,
    /// From v9 a static leader can be told to skip the assignment (KIP-814).
    pub supports_skip_assignment: bool,
    /// Why the client joins (KIP-800), for logs alone.
    pub reason: Option<String>,
    /// Fresh random bits: the UUID of the member id, if one is given.
    pub random: u128,
}

/// JoinGroup's success.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JoinedGroup {
    /// The member's id.
    pub member_id: MemberId,
    /// The group's generation.
    pub generation: Generation,
    /// The group's protocol type.
    pub protocol_type: Option<String>,
    /// The chosen protocol.
    pub protocol_name: Option<String>,
    /// The leader, who assigns.
    pub leader: Option<MemberId>,
    /// The leader need not assign (KIP-814).
    pub skip_assignment: bool,
    /// Everybody, for the leader alone.
    pub members: Vec<JoinedMember>,
}

/// One member as the leader sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JoinedMember {
    /// Its id.
    pub member_id: MemberId,
    /// Its instance id, if it is static.
    pub group_instance_id: Option<InstanceId>,
    /// Its metadata for the chosen protocol.
    pub metadata: Bytes,
}

/// SyncGroup.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncRequest {
    /// The group.
    pub group_id: GroupId,
    /// As JoinGroup answered; `None` for a negative one.
    pub generation: Option<Generation>,
    /// The member.
    pub member_id: MemberId,
    /// Its instance id, if it is static.
    pub group_instance_id: Option<InstanceId>,
    /// From v5; checked if present.
    pub protocol_type: Option<String>,
    /// From v5; checked if present.
    pub protocol_name: Option<String>,
    /// Everybody's assignment, from the leader alone.
    pub assignments: Vec<(MemberId, Bytes)>,
}

/// SyncGroup's success.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncedMember {
    /// The group's protocol type.
    pub protocol_type: Option<String>,
    /// The chosen protocol.
    pub protocol_name: Option<String>,
    /// The member's own assignment, opaque.
    pub assignment: Bytes,
}

/// Heartbeat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeartbeatRequest {
    /// The group.
    pub group_id: GroupId,
    /// As JoinGroup answered; `None` for a negative one.
    pub generation: Option<Generation>,
    /// The member.
    pub member_id: MemberId,
    /// Its instance id, if it is static.
    pub group_instance_id: Option<InstanceId>,
}

/// LeaveGroup. Before v3 it names one member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeaveRequest {
    /// The group.
    pub group_id: GroupId,
    /// Who leaves.
    pub members: Vec<LeavingMember>,
}

/// Who leaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeavingMember {
    /// Empty: whoever holds the instance id.
    pub member_id: MemberId,
    /// Its instance id, if it is static.
    pub group_instance_id: Option<InstanceId>,
}

/// How it went for one of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftMember {
    /// As in the request.
    pub member: LeavingMember,
    /// Gone, or why not.
    pub result: Result<(), GroupError>,
}
