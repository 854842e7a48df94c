//! From any shard to the coordinator of a group.

use std::rc::Rc;

use corelog_groups::{ListGroupsRequest, Request, Response};
use corelog_runtime::LocalFuture;
use futures_util::future::join_all;

use crate::groups::refuse;
use crate::metadata::offsets_topic::known_partition_of;
use crate::shard::Shard;

/// Has the coordinator of `group` answer `request`. Without `__consumer_offsets` nobody coordinates it.
pub(super) fn ask(shard: &Rc<Shard>, group: &str, request: Request) -> LocalFuture<Response> {
    match known_partition_of(shard, group) {
        Some(id) => {
            let owner = shard.owner_of(id);
            shard.submit_to(owner, move |shard| shard.coordinators.submit(id, request))
        }
        None => Box::pin(std::future::ready(refuse(request))),
    }
}

/// Asks every coordinator of every shard for its groups.
pub(super) fn list(shard: &Rc<Shard>, request: &ListGroupsRequest) -> LocalFuture<Vec<Response>> {
    let asked: Vec<_> = shard
        .all()
        .map(|to| {
            let request = request.clone();
            shard.submit_to(to, move |shard| shard.coordinators.list(&request))
        })
        .collect();
    Box::pin(async move { join_all(asked).await.into_iter().flatten().collect() })
}
