//! DeleteGroups (API key 42): removes groups without members, and their offsets.

use std::collections::BTreeSet;

use corelog_groups::{GroupId, Request, Response};
use corelog_protocol::messages::delete_groups::{
    DeletableGroupResult, DeleteGroupsRequest, DeleteGroupsResponse,
};
use futures_util::future::join_all;

use crate::api::changes;
use crate::api::coordinator;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::group_failure;
use crate::shard::Shards;

/// Has the coordinator of each group delete it. One that is named twice is deleted and answered once
/// (`KafkaApis.handleDeleteGroupsRequest`).
pub(crate) async fn handle(
    metadata: &MetadataCache,
    shards: &Shards,
    _context: &RequestContext,
    request: DeleteGroupsRequest,
) -> DeleteGroupsResponse {
    let mut seen = BTreeSet::new();
    let mut groups = request.groups_names;
    groups.retain(|group| seen.insert(group.clone()));
    let deleted = groups.into_iter().map(|group| {
        let delete = Request::DeleteGroups(vec![GroupId::new(&group)]);
        let asked = coordinator::ask(metadata, shards, &group, delete);
        async move {
            let Response::DeleteGroups(results) = asked.await else {
                unreachable!("a DeleteGroups is answered as one");
            };
            let failed = results.into_iter().find_map(|(_, result)| result.err());
            let outcome = match failed {
                None => Ok(()),
                Some(error) => Err(group_failure(&group, &error)),
            };
            let (error_code, error_message) = changes::code_and_message(&outcome);
            DeletableGroupResult {
                group_id: group,
                error_code,
                error_message,
            }
        }
    });
    DeleteGroupsResponse {
        results: join_all(deleted).await,
        ..Default::default()
    }
}
