//! FindCoordinator (API key 10): which broker coordinates a group or a transactional id. The first question creates the topic
//! that its state is kept in.

use corelog_metadata::names;
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};

use crate::clients::RequestContext;
use crate::cluster::{MetadataCache, Node};
use crate::error_codes::{Failure, internal_topic_failure};
use crate::metadata::internal_topics::partition_of;
use crate::shard::ControllerChannel;

/// From this version on a request asks for many keys (KIP-699).
const MANY_KEYS: i16 = 4;

/// A group's name as key; the others are transactional ids (1) and share groups (2).
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

/// Answers with this broker, which coordinates all of them.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    controller: &ControllerChannel,
    context: &RequestContext,
    request: FindCoordinatorRequest,
) -> FindCoordinatorResponse {
    if context.version < MANY_KEYS {
        let found = find(metadata, controller, context, request.key_type, request.key).await;
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
        coordinators.push(find(metadata, controller, context, request.key_type, key).await);
    }
    FindCoordinatorResponse {
        coordinators,
        ..Default::default()
    }
}

async fn find(
    metadata: &MetadataCache,
    controller: &ControllerChannel,
    context: &RequestContext,
    key_type: i8,
    key: String,
) -> Coordinator {
    let found = match key_type {
        GROUP => of(metadata, controller, context, names::CONSUMER_OFFSETS, &key).await,
        // As Kafka: an empty group id has a coordinator, an empty transactional id has none.
        TRANSACTION if key.is_empty() => Err(ErrorCode::InvalidRequest.into()),
        TRANSACTION => of(metadata, controller, context, names::TRANSACTION_STATE, &key).await,
        other => Err(Failure::new(
            ErrorCode::InvalidRequest,
            format!("there are no coordinators of the key type {other}"),
        )),
    };
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

async fn of(
    metadata: &MetadataCache,
    controller: &ControllerChannel,
    context: &RequestContext,
    topic_name: &str,
    key: &str,
) -> Result<Node, Failure> {
    let partition = partition_of(metadata, controller, topic_name, key).await;
    let partition = partition.map_err(|error| {
        tracing::warn!(%error, topic = topic_name, "the topic of the coordinators cannot be created");
        internal_topic_failure(&error)
    })?;
    let view = metadata.identity.seen_from(&context.client.listener);
    known(view.coordinator(&metadata.image(), partition))
}

/// The node, if this broker is registered yet.
fn known(node: Option<Node>) -> Result<Node, Failure> {
    node.ok_or_else(|| ErrorCode::CoordinatorNotAvailable.into())
}
