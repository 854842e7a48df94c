//! DescribeGroups (API key 15): a group's state, its members and what they are assigned.

use corelog_groups::{self as groups, GroupError, GroupId, GroupStateName, Request, Response};
use corelog_protocol::messages::describe_groups::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};
use futures_util::future::join_all;

use crate::api::authorized;
use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::group_failure;
use crate::memory::Memory;
use crate::shard::Shards;

/// Before this version a group that is not there is a dead one (KIP-1043).
const NOT_FOUND_IS_ERROR: i16 = 6;
/// From this version on an error has a sentence. The field is not ignorable: set in an older version, the answer cannot be
/// encoded.
const HAS_MESSAGE: i16 = 6;

/// Asks the coordinator of each group.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    memory: &Memory,
    context: &RequestContext,
    request: DescribeGroupsRequest,
) -> DescribeGroupsResponse {
    // How many members the groups have is not known here.
    memory.answers.begin(context, usize::MAX).await;
    let operations = authorized::report(request.include_authorized_operations, authorized::GROUP);
    let described = request.groups.into_iter().map(|group| {
        let describe = Request::DescribeGroup(GroupId::new(&group));
        let asked = coordinator::ask(metadata, shards, &group, describe);
        async move {
            match asked.await {
                Response::DescribeGroup(result) => to_wire(group, result, operations, context.version),
                _ => unreachable!("a DescribeGroup is answered as one"),
            }
        }
    });
    DescribeGroupsResponse {
        groups: join_all(described).await,
        ..Default::default()
    }
}

fn to_wire(
    group: String,
    result: Result<groups::DescribedGroup, GroupError>,
    operations: i32,
    version: i16,
) -> DescribedGroup {
    match result {
        Ok(described) => DescribedGroup {
            group_id: group,
            group_state: described.state.as_str().to_owned(),
            protocol_type: described.protocol_type,
            protocol_data: described.protocol_name,
            members: described.members.into_iter().map(member_to_wire).collect(),
            authorized_operations: operations,
            ..Default::default()
        },
        Err(GroupError::GroupIdNotFound) if version < NOT_FOUND_IS_ERROR => DescribedGroup {
            group_id: group,
            group_state: GroupStateName::Dead.as_str().to_owned(),
            authorized_operations: operations,
            ..Default::default()
        },
        Err(error) => {
            let failure = group_failure(&group, &error);
            DescribedGroup {
                error_code: failure.code.code(),
                error_message: failure.message.filter(|_| version >= HAS_MESSAGE),
                group_id: group,
                group_state: if error == GroupError::GroupIdNotFound {
                    GroupStateName::Dead.as_str().to_owned()
                } else {
                    String::new()
                },
                authorized_operations: authorized::NOT_ASKED,
                ..Default::default()
            }
        }
    }
}

fn member_to_wire(member: groups::DescribedMember) -> DescribedGroupMember {
    DescribedGroupMember {
        member_id: member.member_id.to_string(),
        group_instance_id: member.group_instance_id.map(|id| id.to_string()),
        client_id: member.client_id,
        client_host: member.client_host,
        member_metadata: member.metadata,
        member_assignment: member.assignment,
    }
}
