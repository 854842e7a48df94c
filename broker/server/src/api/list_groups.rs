//! ListGroups (API key 16): the groups of all coordinators of this broker.

use corelog_groups::{self as groups, GroupError, Response};
use corelog_protocol::messages::list_groups::{ListGroupsRequest, ListGroupsResponse, ListedGroup};

use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::error_codes::group_code;
use crate::memory::Memory;
use crate::shard::Shards;

/// Asks every coordinator of every shard. While one of them loads there is no whole answer.
pub(crate) async fn handle(
    shards: &Shards,
    memory: &Memory,
    context: &RequestContext,
    request: ListGroupsRequest,
) -> ListGroupsResponse {
    // How many groups there are is not known here.
    memory.answers.begin(context, usize::MAX).await;
    let request = groups::ListGroupsRequest {
        states: request.states_filter,
        types: request.types_filter,
    };
    let mut response = ListGroupsResponse::default();
    for listed in coordinator::list(shards, &request).await {
        match listed {
            Response::ListGroups(Ok(groups)) => response.groups.extend(groups.into_iter().map(to_wire)),
            // A coordinator that is gone has no groups (Kafka's `GroupCoordinatorService.listGroups`).
            Response::ListGroups(Err(GroupError::NotCoordinator)) => {}
            Response::ListGroups(Err(error)) => {
                return ListGroupsResponse {
                    error_code: group_code(&error).code(),
                    ..Default::default()
                };
            }
            _ => unreachable!("a ListGroups is answered as one"),
        }
    }
    response.groups.sort_by(|a, b| a.group_id.cmp(&b.group_id));
    response
}

fn to_wire(group: groups::ListedGroup) -> ListedGroup {
    ListedGroup {
        group_id: group.group_id.to_string(),
        protocol_type: group.protocol_type,
        group_state: group.state.as_str().to_owned(),
        group_type: group.group_type.to_owned(),
    }
}
