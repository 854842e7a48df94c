//! LeaveGroup (API key 13): members go, without waiting for their sessions to end.

use corelog_groups::{
    GroupError, GroupId, InstanceId, LeaveRequest, LeavingMember, LeftMember, MemberId, Request, Response,
};
use corelog_protocol::messages::leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberResponse};

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::{group_code, group_result_code};
use crate::shard::Shards;

/// From this version on a request names many members (KIP-345).
const MANY_MEMBERS: i16 = 3;

/// Tells the group's coordinator.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    context: &RequestContext,
    request: LeaveGroupRequest,
) -> LeaveGroupResponse {
    let leave = Request::Leave(to_machine(&request, context.version));
    match coordinator::ask(metadata, shards, &request.group_id, leave).await {
        Response::Leave(result) => to_wire(result, context.version),
        _ => unreachable!("a Leave is answered as one"),
    }
}

fn to_machine(request: &LeaveGroupRequest, version: i16) -> LeaveRequest {
    let members = if version < MANY_MEMBERS {
        vec![LeavingMember {
            member_id: MemberId::new(&request.member_id),
            group_instance_id: None,
        }]
    } else {
        let members = request.members.iter();
        members
            .map(|member| LeavingMember {
                member_id: MemberId::new(&member.member_id),
                group_instance_id: member.group_instance_id.as_deref().map(InstanceId::new),
            })
            .collect()
    };
    LeaveRequest {
        group_id: GroupId::new(&request.group_id),
        members,
    }
}

fn to_wire(result: Result<Vec<LeftMember>, GroupError>, version: i16) -> LeaveGroupResponse {
    let left = match result {
        Ok(left) => left,
        Err(error) => {
            return LeaveGroupResponse {
                error_code: group_code(&error).code(),
                ..Default::default()
            };
        }
    };
    if version < MANY_MEMBERS {
        let code = left.first().map_or(0, |left| group_result_code(&left.result));
        return LeaveGroupResponse {
            error_code: code,
            ..Default::default()
        };
    }
    let members = left.into_iter().map(|left| MemberResponse {
        error_code: group_result_code(&left.result),
        member_id: left.member.member_id.to_string(),
        group_instance_id: left.member.group_instance_id.map(|id| id.to_string()),
    });
    LeaveGroupResponse {
        members: members.collect(),
        ..Default::default()
    }
}
