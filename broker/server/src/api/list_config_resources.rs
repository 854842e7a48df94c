//! ListConfigResources (API key 74): what has settings (KIP-1142).

use corelog_metadata::MetadataImage;
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::list_config_resources::{
    ConfigResource, ListConfigResourcesRequest, ListConfigResourcesResponse,
};

use crate::api::config_resource::{BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC};
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::memory::Memory;

/// What a topic takes of an answer, about, in bytes.
const RESOURCE_BYTES: usize = 48;

/// Answers from this shard's image.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    memory: &Memory,
    context: &RequestContext,
    request: ListConfigResourcesRequest,
) -> ListConfigResourcesResponse {
    let bytes = metadata.image().topic_count() * RESOURCE_BYTES;
    memory.answers.begin(context, bytes).await;
    list(&request.resource_types, context.version, &metadata.image())
}

/// Version 0 knows metrics' subscriptions alone; no types are all of the version's.
fn list(asked: &[i8], version: i16, image: &MetadataImage) -> ListConfigResourcesResponse {
    let supported: &[i8] = match version {
        0 => &[CLIENT_METRICS],
        _ => &[TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP],
    };
    if !asked.iter().all(|kind| supported.contains(kind)) {
        return ListConfigResourcesResponse {
            error_code: ErrorCode::UnsupportedVersion.code(),
            ..Default::default()
        };
    }
    let is_asked = |kind| asked.contains(&kind) || (asked.is_empty() && supported.contains(&kind));
    let resource = |resource_type| {
        move |resource_name| ConfigResource {
            resource_name,
            resource_type,
        }
    };
    let mut config_resources = Vec::new();
    if is_asked(BROKER) {
        let names = image.brokers().map(|broker| broker.id.to_string());
        config_resources.extend(names.map(resource(BROKER)));
    }
    if is_asked(BROKER_LOGGER) {
        let names = image.brokers().map(|broker| broker.id.to_string());
        config_resources.extend(names.map(resource(BROKER_LOGGER)));
    }
    if is_asked(TOPIC) {
        let mut names: Vec<String> = image.topics().map(|topic| topic.name.to_string()).collect();
        names.sort();
        config_resources.extend(names.into_iter().map(resource(TOPIC)));
    }
    ListConfigResourcesResponse {
        config_resources,
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::test_image::image;

    #[test]
    fn resources_of_each_type() {
        let image = image(&[("b", 1), ("a", 1)]);
        let topics = [("a", TOPIC), ("b", TOPIC)];
        let brokers = [("1", BROKER), ("2", BROKER)];
        let loggers = [("1", BROKER_LOGGER), ("2", BROKER_LOGGER)];
        let check = |version, asked: &[i8], expected: Result<Vec<(&str, i8)>, ErrorCode>| {
            let response = list(asked, version, &image);
            let listed: Vec<_> = response
                .config_resources
                .iter()
                .map(|resource| (resource.resource_name.as_str(), resource.resource_type))
                .collect();
            let code = expected.as_ref().err().map_or(0, |code| code.code());
            assert_eq!(response.error_code, code, "{version} {asked:?}");
            assert_eq!(listed, expected.unwrap_or_default(), "{version} {asked:?}");
        };
        check(0, &[], Ok(vec![]));
        check(1, &[], Ok([brokers, loggers, topics].concat()));
        check(1, &[TOPIC], Ok(topics.to_vec()));
        check(1, &[BROKER, GROUP], Ok(brokers.to_vec()));
        check(1, &[CLIENT_METRICS, BROKER_LOGGER], Ok(loggers.to_vec()));
        check(1, &[TOPIC, 3], Err(ErrorCode::UnsupportedVersion));
    }
}
