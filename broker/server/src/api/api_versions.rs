//! ApiVersions (API key 18): what this broker speaks.

use corelog_protocol::messages::api_versions::{
    ApiVersion, ApiVersionsRequest, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};
use corelog_protocol::{ApiKey, ErrorCode};

use crate::clients::{Answer, RequestContext};
use crate::cluster::{Identity, MetadataCache};

/// The first version in which the client names its software (KIP-511).
const SOFTWARE: i16 = 3;
/// The first version that says which broker it means to talk to.
const IDENTITY: i16 = 5;

/// The feature that says which protocol of transactions the coordinators speak (KIP-890).
const TRANSACTION_VERSION: &str = "transaction.version";
/// Its level: each end of a transaction raises the epoch of its producer.
const TRANSACTION_VERSION_LEVEL: i16 = 2;
/// Clients believe features of a later epoch than those that they know. They never change here.
const FEATURES_EPOCH: i64 = 1;
/// Before this version clients refuse an answer with a feature that begins at level 0.
const LEVEL_ZERO: i16 = 4;

/// The features that this broker can work with.
fn supported_features(version: i16) -> Vec<SupportedFeatureKey> {
    if version < LEVEL_ZERO {
        return Vec::new();
    }
    vec![SupportedFeatureKey {
        name: TRANSACTION_VERSION.to_owned(),
        min_version: 0,
        max_version: TRANSACTION_VERSION_LEVEL,
    }]
}

/// Answers a version that we know: the APIs that are `supported`.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    context: &RequestContext,
    request: ApiVersionsRequest,
    supported: &[ApiKey],
) -> ApiVersionsResponse {
    let mut response = ApiVersionsResponse {
        api_keys: supported.iter().map(|api| row(*api)).collect(),
        supported_features: supported_features(context.version),
        finalized_features_epoch: FEATURES_EPOCH,
        finalized_features: vec![FinalizedFeatureKey {
            name: TRANSACTION_VERSION.to_owned(),
            max_version_level: TRANSACTION_VERSION_LEVEL,
            min_version_level: TRANSACTION_VERSION_LEVEL,
        }],
        ..Default::default()
    };
    if context.version >= SOFTWARE {
        let told = &context.client.told;
        told.software(&request.client_software_name, &request.client_software_version);
    }
    let is_half_named = context.version >= IDENTITY && is_half_named(&request);
    if is_half_named
        || context.version >= SOFTWARE
            && !(is_software(&request.client_software_name) && is_software(&request.client_software_version))
    {
        response = ApiVersionsResponse {
            error_code: ErrorCode::InvalidRequest.code(),
            ..Default::default()
        };
    } else if context.version >= IDENTITY && is_elsewhere(&metadata.identity, &request) {
        response = ApiVersionsResponse {
            error_code: ErrorCode::RebootstrapRequired.code(),
            ..Default::default()
        };
    }
    response
}

/// Answers a version that we do not know, without a look at its body: in version 0, with our range of this API
/// (KIP-511), so that the client can ask again.
pub(crate) fn refuse(context: &RequestContext) -> Answer {
    let response = ApiVersionsResponse {
        error_code: ErrorCode::UnsupportedVersion.code(),
        api_keys: vec![row(ApiKey::ApiVersions)],
        ..Default::default()
    };
    context.answer(|writer| response.encode(writer, 0))
}

fn row(api: ApiKey) -> ApiVersion {
    let versions = api.advertised_versions();
    ApiVersion {
        api_key: api.key(),
        min_version: *versions.start(),
        max_version: *versions.end(),
    }
}

/// Kafka's `ApiVersionsRequest.SOFTWARE_NAME_VERSION_PATTERN`: letters and digits, with `-` and `.` within.
fn is_software(text: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    is_edge(text.chars().next())
        && is_edge(text.chars().next_back())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
}

/// A cluster without a broker of it, or the reverse (Kafka's `ApiVersionsRequest.isValid`).
fn is_half_named(request: &ApiVersionsRequest) -> bool {
    request.cluster_id.is_some() != (request.node_id != -1)
}

fn is_elsewhere(identity: &Identity, request: &ApiVersionsRequest) -> bool {
    request
        .cluster_id
        .as_ref()
        .is_some_and(|id| *id != identity.cluster_id)
        || (request.node_id != -1 && !identity.is_me(request.node_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_named_with_its_cluster() {
        for (cluster_id, node_id, expected) in [
            (None, -1, false),
            (Some("c"), 1, false),
            (Some("c"), -1, true),
            (None, 1, true),
        ] {
            let request = ApiVersionsRequest {
                cluster_id: cluster_id.map(str::to_owned),
                node_id,
                ..Default::default()
            };
            assert_eq!(is_half_named(&request), expected, "{cluster_id:?} {node_id}");
        }
    }

    #[test]
    fn software_names_follow_kafkas_pattern() {
        let check = |text: &str, expected: bool| assert_eq!(is_software(text), expected, "{text:?}");
        check("apache-kafka-java", true);
        check("4.1.0", true);
        check("a", true);
        check("", false);
        check("-a", false);
        check("a.", false);
        check("a b", false);
        check("a_b", false);
    }
}
