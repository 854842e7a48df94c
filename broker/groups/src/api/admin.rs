//! ListGroups and DescribeGroups.

use bytes::Bytes;

use crate::{GroupId, GroupStateName, InstanceId, MemberId};

/// ListGroups. Empty filters let everything pass; comparisons ignore case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ListGroupsRequest {
    /// From v4 (KIP-518): states by name.
    pub states: Vec<String>,
    /// From v5 (KIP-848): group types by name; all groups here are `classic`.
    pub types: Vec<String>,
}

/// One group of ListGroups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedGroup {
    /// Its name.
    pub group_id: GroupId,
    /// Empty for a group that only stores offsets.
    pub protocol_type: String,
    /// Its state.
    pub state: GroupStateName,
    /// `classic`, as Kafka writes it.
    pub group_type: &'static str,
}

/// DescribeGroups' answer for one group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DescribedGroup {
    /// Its name.
    pub group_id: GroupId,
    /// Its state.
    pub state: GroupStateName,
    /// Empty for a group that only stores offsets.
    pub protocol_type: String,
    /// The chosen protocol; empty unless the group is stable.
    pub protocol_name: String,
    /// The members, by id. Metadata and assignments are empty unless the group is stable.
    pub members: Vec<DescribedMember>,
}

/// One member of a described group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DescribedMember {
    /// Its id.
    pub member_id: MemberId,
    /// Its instance id, if it is static.
    pub group_instance_id: Option<InstanceId>,
    /// Its client id.
    pub client_id: String,
    /// Its address.
    pub client_host: String,
    /// Its metadata for the chosen protocol, opaque.
    pub metadata: Bytes,
    /// Its assignment, opaque.
    pub assignment: Bytes,
}
