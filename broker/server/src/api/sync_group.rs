//! SyncGroup (API key 14): the leader brings everybody's assignment, and each member gets its own.

use corelog_groups::{
    Generation, GroupError, GroupId, InstanceId, MemberId, Request, Response, SyncRequest, SyncedMember,
};
use corelog_protocol::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::group_code;
use crate::shard::Shards;

/// From this version on protocol type and name have to be given.
const NAMES_PROTOCOL: i16 = 5;

/// Has the group's coordinator give out the assignment.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    context: &RequestContext,
    request: SyncGroupRequest,
) -> SyncGroupResponse {
    let names_protocol = request.protocol_type.is_some() && request.protocol_name.is_some();
    if context.version >= NAMES_PROTOCOL && !names_protocol {
        return to_wire(Err(GroupError::InconsistentGroupProtocol));
    }
    let group = request.group_id.clone();
    match coordinator::ask(metadata, shards, &group, Request::Sync(to_machine(request))).await {
        Response::Sync(result) => to_wire(result),
        _ => unreachable!("a Sync is answered as one"),
    }
}

fn to_machine(request: SyncGroupRequest) -> SyncRequest {
    SyncRequest {
        group_id: GroupId::new(&request.group_id),
        generation: Generation::new(request.generation_id),
        member_id: MemberId::new(&request.member_id),
        group_instance_id: request.group_instance_id.as_deref().map(InstanceId::new),
        protocol_type: request.protocol_type,
        protocol_name: request.protocol_name,
        assignments: request
            .assignments
            .into_iter()
            .map(|assigned| (MemberId::new(&assigned.member_id), assigned.assignment))
            .collect(),
    }
}

fn to_wire(result: Result<SyncedMember, GroupError>) -> SyncGroupResponse {
    match result {
        Ok(synced) => SyncGroupResponse {
            protocol_type: synced.protocol_type,
            protocol_name: synced.protocol_name,
            assignment: synced.assignment,
            ..Default::default()
        },
        Err(error) => SyncGroupResponse {
            error_code: group_code(&error).code(),
            ..Default::default()
        },
    }
}
