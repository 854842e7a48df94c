//! FindCoordinator (API key 10): which broker coordinates a group. The first question creates `__consumer_offsets`.

use std::rc::Rc;

use corelog_protocol::ErrorCode;
use corelog_protocol::messages::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};

use crate::error_codes::{Failure, change_failure};
use crate::offsets_topic::partition_of;
use crate::request::RequestContext;
use crate::shard::Shard;

/// From this version on a request asks for many keys (KIP-699).
const MANY_KEYS: i16 = 4;

/// A group's name as key; the others are transactional ids (1) and share groups (2).
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

/// Answers with this broker, which coordinates all groups.
pub async fn handle(
    shard: Rc<Shard>,
    context: RequestContext,
    request: FindCoordinatorRequest,
) -> FindCoordinatorResponse {
    if context.version < MANY_KEYS {
        let found = find(&shard, request.key_type, request.key).await;
        return FindCoordinatorResponse {
            error_code: found.error_code,
            error_message: found.error_message,
            node_id: found.node_id,
            host: found.host,
            port: found.port,
            ..Default::default()
        };
    }
    let mut coordinators = Vec::with_capacity(request.coordinator_keys.len());
    for key in request.coordinator_keys {
        coordinators.push(find(&shard, request.key_type, key).await);
    }
    FindCoordinatorResponse {
        coordinators,
        ..Default::default()
    }
}

async fn find(shard: &Rc<Shard>, key_type: i8, key: String) -> Coordinator {
    let partition = match key_type {
        GROUP => partition_of(shard, &key).await.map_err(|error| {
            tracing::warn!(%error, "the topic of the groups' offsets cannot be created");
            // Clients try again after this, as they do while Kafka creates the topic.
            Failure {
                code: ErrorCode::CoordinatorNotAvailable,
                ..change_failure(&error)
            }
        }),
        TRANSACTION => Err(Failure::new(
            ErrorCode::CoordinatorNotAvailable,
            "this broker does not coordinate transactions".to_owned(),
        )),
        other => Err(Failure::new(
            ErrorCode::InvalidRequest,
            format!("there are no coordinators of the key type {other}"),
        )),
    };
    // What is advertised stands in the metadata; other shards than the first do not know the listeners.
    let image = shard.image();
    let found = partition.and_then(|partition| {
        let node = shard.identity.coordinator(&image, partition);
        node.ok_or_else(|| ErrorCode::CoordinatorNotAvailable.into())
    });
    match found {
        Ok(node) => Coordinator {
            key,
            node_id: node.id,
            host: node.host,
            port: node.port,
            error_code: ErrorCode::None.code(),
            error_message: Some(String::new()),
        },
        Err(failure) => Coordinator {
            key,
            node_id: -1,
            host: String::new(),
            port: -1,
            error_code: failure.code.code(),
            error_message: failure.message,
        },
    }
}
