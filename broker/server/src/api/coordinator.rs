//! From any shard to the coordinator of a group.

use std::rc::Rc;

use corelog_groups::{ListGroupsRequest, Request, Response};
use corelog_runtime::LocalFuture;
use futures_util::future::join_all;

use crate::cluster::MetadataCache;
use crate::groups::{Coordinators, refuse};
use crate::metadata::offsets_topic::known_partition_of;
use crate::shard::Shards;

/// Has the coordinator of `group` answer `request`. Without `__consumer_offsets` nobody coordinates it.
pub(super) fn ask(
    metadata: &MetadataCache,
    shards: &Shards,
    group: &str,
    request: Request,
) -> LocalFuture<Response> {
    match known_partition_of(&metadata.image(), group) {
        Some(id) => {
            let submit = move |coordinators: Rc<Coordinators>| coordinators.submit(id, request);
            shards.submit_to(shards.owner_of(id), submit)
        }
        None => Box::pin(std::future::ready(refuse(request))),
    }
}

/// Asks every coordinator of every shard for its groups.
pub(super) fn list(shards: &Shards, request: &ListGroupsRequest) -> LocalFuture<Vec<Response>> {
    let asked: Vec<_> = shards
        .all()
        .map(|to| {
            let request = request.clone();
            shards.submit_to(to, move |coordinators: Rc<Coordinators>| {
                coordinators.list(&request)
            })
        })
        .collect();
    Box::pin(async move { join_all(asked).await.into_iter().flatten().collect() })
}
