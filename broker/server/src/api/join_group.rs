//! JoinGroup (API key 11): a member enters a rebalance; answered when everybody has.

use std::time::Duration;

use corelog_groups::{
    GroupError, GroupId, InstanceId, JoinRequest, JoinedGroup, MemberId, Request, Response,
};
use corelog_protocol::messages::join_group::{JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember};
use corelog_runtime::Handle;

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::group_code;
use crate::shard::Shards;

/// A member without an id is given one and has to come back with it (KIP-394).
const MEMBER_ID_REQUIRED: i16 = 4;
/// The protocol's name is null where there is none.
const NULL_PROTOCOL_NAME: i16 = 7;
/// A leader may be told not to assign (KIP-814).
const SKIP_ASSIGNMENT: i16 = 9;

/// Has the group's coordinator let the member in.
pub(crate) async fn handle(
    handle: &Handle,
    metadata: &MetadataCache,
    shards: &Shards,
    context: &RequestContext,
    request: JoinGroupRequest,
) -> JoinGroupResponse {
    let random = (u128::from(handle.rng.next_u64()) << 64) | u128::from(handle.rng.next_u64());
    let group = request.group_id.clone();
    let member_id = request.member_id.clone();
    let version = context.version;
    let join = Request::Join(Box::new(to_machine(context, request, random)));
    match coordinator::ask(metadata, shards, &group, join).await {
        Response::Join(result) => to_wire(result, member_id, version),
        _ => unreachable!("a Join is answered as one"),
    }
}

fn to_machine(context: &RequestContext, request: JoinGroupRequest, random: u128) -> JoinRequest {
    let session_timeout = duration(request.session_timeout_ms);
    JoinRequest {
        group_id: GroupId::new(&request.group_id),
        member_id: MemberId::new(&request.member_id),
        group_instance_id: request.group_instance_id.as_deref().map(InstanceId::new),
        client_id: context
            .client_id
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        client_host: format!("/{}", context.client.peer.ip()),
        session_timeout,
        rebalance_timeout: match request.rebalance_timeout_ms {
            // Version 0 does not know it.
            ..0 => session_timeout,
            timeout => duration(timeout),
        },
        protocol_type: request.protocol_type,
        protocols: request
            .protocols
            .into_iter()
            .map(|protocol| (protocol.name, protocol.metadata))
            .collect(),
        require_known_member_id: context.version >= MEMBER_ID_REQUIRED,
        supports_skip_assignment: context.version >= SKIP_ASSIGNMENT,
        reason: request.reason,
        random,
    }
}

fn duration(ms: i32) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or_default())
}

/// The answer to a member that called itself `member_id`, which Kafka repeats with an error
/// (`GroupMetadataManager.classicGroupJoin`).
fn to_wire(result: Result<JoinedGroup, GroupError>, member_id: String, version: i16) -> JoinGroupResponse {
    let no_name = (version < NULL_PROTOCOL_NAME).then(String::new);
    match result {
        Ok(joined) => JoinGroupResponse {
            generation_id: joined.generation.get(),
            protocol_type: joined.protocol_type,
            protocol_name: joined.protocol_name.or(no_name),
            leader: joined.leader.map(|leader| leader.to_string()).unwrap_or_default(),
            skip_assignment: joined.skip_assignment,
            member_id: joined.member_id.to_string(),
            members: joined
                .members
                .into_iter()
                .map(|member| JoinGroupResponseMember {
                    member_id: member.member_id.to_string(),
                    group_instance_id: member.group_instance_id.map(|id| id.to_string()),
                    metadata: member.metadata,
                })
                .collect(),
            ..Default::default()
        },
        Err(error) => JoinGroupResponse {
            error_code: group_code(&error).code(),
            generation_id: -1,
            protocol_name: no_name,
            member_id: if let GroupError::MemberIdRequired(member_id) = &error {
                member_id.to_string()
            } else {
                member_id
            },
            ..Default::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_repeats_the_members_id() {
        let given = GroupError::MemberIdRequired(MemberId::new("given"));
        for (error, expected) in [(GroupError::UnknownMemberId, "mine"), (given, "given")] {
            let answer = to_wire(Err(error), "mine".to_owned(), SKIP_ASSIGNMENT);
            assert_ne!(answer.error_code, 0);
            assert_eq!(answer.member_id, expected);
        }
    }
}
