//! From any shard to the coordinator of a group, or of a transactional id.

use std::rc::Rc;

use corelog_groups::{ListGroupsRequest, Request, Response};
use corelog_metadata::names;
use corelog_runtime::LocalFuture;
use corelog_transactions::{self as transactions, ListTransactionsRequest};
use futures_util::future::join_all;

use crate::cluster::MetadataCache;
use crate::groups::{Coordinators, refuse};
use crate::metadata::internal_topics::known_partition_of;
use crate::shard::Shards;
use crate::transactions::{self as coordination, TransactionCoordinators};

/// Has the coordinator of `group` answer `request`. Without `__consumer_offsets` nobody coordinates it.
pub(super) fn ask(
    metadata: &MetadataCache,
    shards: &Shards,
    group: &str,
    request: Request,
) -> LocalFuture<Response> {
    match known_partition_of(&metadata.image(), names::CONSUMER_OFFSETS, group) {
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

/// Has the coordinator of `transactional_id` answer `request`. Without `__transaction_state` nobody coordinates it.
pub(super) fn ask_of_transactions(
    metadata: &MetadataCache,
    shards: &Shards,
    transactional_id: &str,
    request: transactions::Request,
) -> LocalFuture<transactions::Response> {
    match known_partition_of(&metadata.image(), names::TRANSACTION_STATE, transactional_id) {
        Some(id) => {
            let submit = move |coordinators: Rc<TransactionCoordinators>| coordinators.submit(id, request);
            shards.submit_to(shards.owner_of(id), submit)
        }
        None => {
            let response = coordination::refuse(request);
            Box::pin(async move { response })
        }
    }
}

/// Asks every coordinator of every shard for its transactions.
pub(super) fn list_transactions(
    shards: &Shards,
    request: &ListTransactionsRequest,
) -> LocalFuture<Vec<transactions::Response>> {
    let asked: Vec<_> = shards
        .all()
        .map(|to| {
            let request = request.clone();
            shards.submit_to(to, move |coordinators: Rc<TransactionCoordinators>| {
                coordinators.list(&request)
            })
        })
        .collect();
    Box::pin(async move { join_all(asked).await.into_iter().flatten().collect() })
}
