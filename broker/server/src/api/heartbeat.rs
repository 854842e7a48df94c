//! Heartbeat (API key 12): a member is alive, and learns whether it has to join again.

use corelog_groups::{self as groups, Generation, GroupId, InstanceId, MemberId, Request, Response};
use corelog_protocol::messages::heartbeat::{HeartbeatRequest, HeartbeatResponse};

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::group_result_code;
use crate::shard::Shards;

/// Tells the group's coordinator.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    _context: &RequestContext,
    request: HeartbeatRequest,
) -> HeartbeatResponse {
    let heartbeat = Request::Heartbeat(groups::HeartbeatRequest {
        group_id: GroupId::new(&request.group_id),
        generation: Generation::new(request.generation_id),
        member_id: MemberId::new(&request.member_id),
        group_instance_id: request.group_instance_id.as_deref().map(InstanceId::new),
    });
    match coordinator::ask(metadata, shards, &request.group_id, heartbeat).await {
        Response::Heartbeat(result) => HeartbeatResponse {
            error_code: group_result_code(&result),
            ..Default::default()
        },
        _ => unreachable!("a Heartbeat is answered as one"),
    }
}
