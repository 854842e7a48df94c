//! DescribeCluster (API key 60): the cluster's id and its brokers (KIP-700).

use corelog_metadata::MetadataImage;
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
};

use crate::api::authorized;
use crate::clients::RequestContext;
use crate::cluster::{ClusterView, MetadataCache};

/// The type of endpoint that clients talk to (KIP-919).
const BROKERS: i8 = 1;
/// The type of endpoint that administrators of Kafka's controllers talk to.
const CONTROLLERS: i8 = 2;

/// Answers from this shard's image.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    context: &RequestContext,
    request: DescribeClusterRequest,
) -> DescribeClusterResponse {
    let view = metadata.identity.seen_from(&context.client.listener);
    describe(&request, &metadata.image(), view)
}

fn describe(
    request: &DescribeClusterRequest,
    image: &MetadataImage,
    view: ClusterView<'_>,
) -> DescribeClusterResponse {
    let fault = match request.endpoint_type {
        BROKERS => None,
        CONTROLLERS => Some(ErrorCode::MismatchedEndpointType),
        _ => Some(ErrorCode::UnsupportedEndpointType),
    };
    if let Some(code) = fault {
        return DescribeClusterResponse {
            error_code: code.code(),
            error_message: Some(code.message().to_owned()),
            ..Default::default()
        };
    }
    let nodes = view.nodes(image).into_iter();
    let brokers = nodes.map(|node| DescribeClusterBroker {
        broker_id: node.id,
        host: node.host,
        port: node.port,
        rack: node.rack,
        is_fenced: false,
    });
    DescribeClusterResponse {
        cluster_id: view.identity().cluster_id.clone(),
        controller_id: view.identity().broker.get(),
        brokers: brokers.collect(),
        cluster_authorized_operations: authorized::report(
            request.include_cluster_authorized_operations,
            authorized::CLUSTER,
        ),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::test_image::{LISTENER, identity, image};

    fn check(endpoint_type: i8, expected: ErrorCode) -> DescribeClusterResponse {
        let request = DescribeClusterRequest {
            endpoint_type,
            ..Default::default()
        };
        let response = describe(&request, &image(&[]), identity(None).seen_from(LISTENER));
        assert_eq!(response.error_code, expected.code());
        response
    }

    #[test]
    fn brokers_are_described_and_controllers_are_not() {
        let response = check(BROKERS, ErrorCode::None);
        assert_eq!(
            (response.cluster_id.as_str(), response.controller_id),
            ("cluster", 1)
        );
        let ids: Vec<_> = response.brokers.iter().map(|broker| broker.broker_id).collect();
        assert_eq!(ids, [1, 2]);
        assert_eq!(response.cluster_authorized_operations, authorized::NOT_ASKED);

        assert!(
            check(CONTROLLERS, ErrorCode::MismatchedEndpointType)
                .brokers
                .is_empty()
        );
        assert!(check(3, ErrorCode::UnsupportedEndpointType).brokers.is_empty());
    }
}
