//! FindCoordinator (API key 10): which broker coordinates a group. The first question creates `__consumer_offsets`.

use corelog_protocol::ErrorCode;
use corelog_protocol::messages::find_coordinator::{
    Coordinator, FindCoordinatorRequest, FindCoordinatorResponse,
};

use crate::clients::RequestContext;
use crate::cluster::{MetadataCache, Node};
use crate::error_codes::{Failure, offsets_topic_failure};
use crate::metadata::offsets_topic::partition_of;
use crate::shard::ControllerChannel;

/// From this version on a request asks for many keys (KIP-699).
const MANY_KEYS: i16 = 4;

/// A group's name as key; the others are transactional ids (1) and share groups (2).
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

/// Answers with this broker, which coordinates all groups.
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
        GROUP => of_group(metadata, controller, context, &key).await,
        TRANSACTION => Err(no_transactions(context.version)),
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

/// What ends a transactional producer at once, instead of having it ask for ever. Clients of the versions with many keys
/// (Java, franz-go) show the sentence with any code that is not to be tried again. librdkafka, whose last version is 2,
/// tries again after every code but those of authorization, and shows the sentence with them; the older ones of the others
/// end by that code, too.
fn no_transactions(version: i16) -> Failure {
    let code = if version < MANY_KEYS {
        ErrorCode::TransactionalIdAuthorizationFailed
    } else {
        ErrorCode::UnsupportedVersion
    };
    let text = "this broker has no transactions; a producer without a transactional id can be idempotent";
    Failure::new(code, text.to_owned())
}

async fn of_group(
    metadata: &MetadataCache,
    controller: &ControllerChannel,
    context: &RequestContext,
    group: &str,
) -> Result<Node, Failure> {
    let partition = partition_of(metadata, controller, group).await.map_err(|error| {
        tracing::warn!(%error, "the topic of the groups' offsets cannot be created");
        offsets_topic_failure(&error)
    })?;
    let view = metadata.identity.seen_from(&context.client.listener);
    known(view.coordinator(&metadata.image(), partition))
}

/// The node, if this broker is registered yet.
fn known(node: Option<Node>) -> Result<Node, Failure> {
    node.ok_or_else(|| ErrorCode::CoordinatorNotAvailable.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_client_asks_again_for_a_coordinator_of_transactions() {
        for version in FindCoordinatorRequest::VERSIONS {
            let failure = no_transactions(version);
            assert!(!failure.code.is_retriable(), "version {version}");
            // librdkafka: `rd_kafka_txn_handle_FindCoordinator`.
            let ends_librdkafka = failure.code == ErrorCode::TransactionalIdAuthorizationFailed;
            assert_eq!(ends_librdkafka, version < MANY_KEYS, "version {version}");
        }
    }
}
