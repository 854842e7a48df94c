//! DescribeConfigs (API key 32): settings with their sources (Kafka's `ConfigHelper`).

use std::collections::BTreeMap;
use std::mem::size_of;

use corelog_config::{BrokerConfig, ConfigEntry, ConfigSource, validate_topic_configs};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResponse,
    DescribeConfigsResult, DescribeConfigsSynonym,
};

use crate::api::broker_loggers;
use crate::api::changes;
use crate::api::config_resource::{BROKER_LOGGER, ConfigResource};
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::Failure;
use crate::memory::Memory;
use crate::memory::long_answer::Allowance;

/// What a resource takes of an answer with all of its keys, about, in bytes.
const RESOURCE_BYTES: usize = 4 << 10;

/// Answers from this shard's image and configuration. Resources for which there is no memory any more are refused.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    memory: &Memory,
    context: &RequestContext,
    request: DescribeConfigsRequest,
) -> DescribeConfigsResponse {
    let shape = Shape {
        synonyms: request.include_synonyms,
        documentation: request.include_documentation,
    };
    let bytes = request.resources.len().saturating_mul(RESOURCE_BYTES);
    memory.answers.begin(context, bytes).await;
    let mut allowance = memory.answers.allowance();
    // One of an unknown type refuses all of them (`ConfigHelper.handleDescribeConfigsRequest`).
    let mut kinds = request.resources.iter().map(|resource| resource.resource_type);
    let unknown = kinds.find(|kind| !ConfigResource::is_type(*kind));
    let results: Vec<DescribeConfigsResult> = request
        .resources
        .into_iter()
        .map(|resource| {
            if unknown.is_none() && resource.resource_type == BROKER_LOGGER {
                return within(&mut allowance, loggers(metadata, resource, shape));
            }
            let entries = match unknown {
                Some(kind) => Err(changes::invalid_request(format!(
                    "there is no resource of type {kind}"
                ))),
                None => entries(metadata, &resource),
            };
            within(&mut allowance, result(resource, entries, shape))
        })
        .collect();
    DescribeConfigsResponse {
        results,
        ..Default::default()
    }
}

/// The levels of this broker's loggers.
fn loggers(
    metadata: &MetadataCache,
    resource: DescribeConfigsResource,
    shape: Shape,
) -> DescribeConfigsResult {
    let config = metadata.config();
    let setting = config.log_level.as_deref();
    let (name, here) = (resource.resource_name, &metadata.identity);
    let described = broker_loggers::describe(&name, here, setting, shape.synonyms);
    let (error_code, error_message) = changes::code_and_message(&described);
    let keys = resource.configuration_keys.unwrap_or_default();
    let is_asked = |entry: &DescribeConfigsResourceResult| keys.is_empty() || keys.contains(&entry.name);
    DescribeConfigsResult {
        error_code,
        error_message: Some(error_message.unwrap_or_default()),
        resource_type: resource.resource_type,
        resource_name: name,
        configs: described.into_iter().flatten().filter(is_asked).collect(),
    }
}

/// Every key of a topic whose own settings are `own`.
pub(crate) fn topic_entries(config: &BrokerConfig, own: &BTreeMap<String, String>) -> Vec<ConfigEntry> {
    match validate_topic_configs(own) {
        Ok(canonical) => config.describe_topic(&canonical),
        // They passed their checks when they were set; a later version may know better, and shows them as they are.
        Err(_) => config.describe_topic(own),
    }
}

#[derive(Clone, Copy)]
struct Shape {
    synonyms: bool,
    documentation: bool,
}

fn entries(
    metadata: &MetadataCache,
    resource: &DescribeConfigsResource,
) -> Result<Vec<ConfigEntry>, Failure> {
    let here = &metadata.identity;
    match ConfigResource::parse(resource.resource_type, &resource.resource_name, here)? {
        ConfigResource::Topic(name) => match metadata.image().topic(name.as_str()) {
            Some(topic) => Ok(topic_entries(&metadata.config(), &topic.configs)),
            None => Err(ErrorCode::UnknownTopicOrPartition.into()),
        },
        ConfigResource::Broker(Some(_)) => Ok(metadata.config().describe()),
        ConfigResource::Broker(None) => {
            let image = metadata.image();
            let cluster = image.broker_configs(None);
            Ok(cluster.map_or_else(Vec::new, |own| cluster_entries(&metadata.config(), own)))
        }
        ConfigResource::Bare => Ok(Vec::new()),
    }
}

/// The keys that are set for all brokers, and nothing of what one of them has besides.
fn cluster_entries(config: &BrokerConfig, own: &BTreeMap<String, String>) -> Vec<ConfigEntry> {
    let is_for_all = |source: ConfigSource| source == ConfigSource::DynamicDefaultBroker;
    let mut entries = config.describe();
    entries.retain(|entry| own.contains_key(entry.name));
    for entry in &mut entries {
        entry.synonyms.retain(|synonym| is_for_all(synonym.source));
        entry.source = ConfigSource::DynamicDefaultBroker;
        let set = entry.synonyms.iter().find(|synonym| synonym.name == entry.name);
        let value = set.map(|synonym| synonym.value.clone());
        entry.value = value.filter(|_| !entry.is_sensitive);
    }
    entries
}

fn result(
    resource: DescribeConfigsResource,
    entries: Result<Vec<ConfigEntry>, Failure>,
    shape: Shape,
) -> DescribeConfigsResult {
    let (error_code, error_message) = changes::code_and_message(&entries);
    let keys = resource.configuration_keys.unwrap_or_default();
    let is_asked = |entry: &ConfigEntry| keys.is_empty() || keys.iter().any(|key| key == entry.name);
    DescribeConfigsResult {
        error_code,
        // Kafka leaves the field at its default, which is empty and not null.
        error_message: Some(error_message.unwrap_or_default()),
        resource_type: resource.resource_type,
        resource_name: resource.resource_name,
        configs: entries
            .into_iter()
            .flatten()
            .filter(is_asked)
            .map(|entry| wire(entry, shape))
            .collect(),
    }
}

/// `result`, or that there is no room for its entries.
fn within(allowance: &mut Allowance, mut result: DescribeConfigsResult) -> DescribeConfigsResult {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let synonym = |synonym: &DescribeConfigsSynonym| {
        size_of::<DescribeConfigsSynonym>() + synonym.name.len() + length(&synonym.value)
    };
    let entry = |entry: &DescribeConfigsResourceResult| {
        let synonyms: usize = entry.synonyms.iter().map(synonym).sum();
        entry.name.len() + length(&entry.value) + length(&entry.documentation) + synonyms
    };
    let bytes = result.configs.iter().map(entry).sum();
    if let Err(failure) = allowance.take::<DescribeConfigsResourceResult>(result.configs.len(), bytes) {
        result.configs = Vec::new();
        result.error_code = failure.code.code();
        result.error_message = failure.message;
    }
    result
}

fn wire(entry: ConfigEntry, shape: Shape) -> DescribeConfigsResourceResult {
    let is_sensitive = entry.is_sensitive;
    let synonyms = entry.synonyms.into_iter().map(|synonym| DescribeConfigsSynonym {
        name: synonym.name.to_owned(),
        value: Some(synonym.value).filter(|_| !is_sensitive),
        source: synonym.source.wire_id(),
    });
    DescribeConfigsResourceResult {
        name: entry.name.to_owned(),
        value: entry.value,
        read_only: entry.is_read_only,
        config_source: entry.source.wire_id(),
        is_sensitive,
        synonyms: synonyms.filter(|_| shape.synonyms).collect(),
        config_type: entry.kind.wire_id(),
        documentation: shape.documentation.then(|| entry.doc.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use corelog_config::{ConfigSynonym, Kind};

    use super::*;

    const ALL: Shape = Shape {
        synonyms: true,
        documentation: true,
    };
    const LEAST: Shape = Shape {
        synonyms: false,
        documentation: false,
    };

    fn own(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn resource(keys: Option<Vec<&str>>) -> DescribeConfigsResource {
        DescribeConfigsResource {
            resource_type: 2,
            resource_name: "t".to_owned(),
            configuration_keys: keys.map(|keys| keys.into_iter().map(str::to_owned).collect()),
        }
    }

    fn names(keys: Option<Vec<&str>>) -> Vec<String> {
        let entries = topic_entries(&BrokerConfig::default(), &own(&[]));
        let result = result(resource(keys), Ok(entries), LEAST);
        assert_eq!(
            (result.error_code, result.error_message.as_deref()),
            (0, Some(""))
        );
        result.configs.into_iter().map(|entry| entry.name).collect()
    }

    #[test]
    fn keys_choose_entries() {
        let all = names(None);
        assert!(all.iter().any(|name| name == "cleanup.policy"));
        assert_eq!(names(Some(vec![])), all, "no keys are all keys, as in Kafka");
        assert_eq!(names(Some(vec!["retention.ms", "no.such"])), ["retention.ms"]);
    }

    #[test]
    fn an_entry_of_a_topic() {
        let config = BrokerConfig::default();
        let entries = topic_entries(&config, &own(&[("retention.ms", " 5 ")]));
        let entry = entries
            .into_iter()
            .find(|entry| entry.name == "retention.ms")
            .unwrap();
        let full = wire(entry.clone(), ALL);
        assert_eq!(full.value.as_deref(), Some("5"));
        assert_eq!((full.config_source, full.config_type), (1, 5));
        assert!(!full.read_only && !full.is_sensitive);
        let synonyms: Vec<_> = full
            .synonyms
            .iter()
            .map(|synonym| (synonym.name.as_str(), synonym.value.as_deref(), synonym.source))
            .collect();
        assert_eq!(synonyms, [("retention.ms", Some("5"), 1)]);
        assert!(full.documentation.is_some_and(|text| !text.is_empty()));

        let least = wire(entry, LEAST);
        assert_eq!((least.synonyms.len(), least.documentation), (0, None));
    }

    #[test]
    fn a_secret_stays_one() {
        let secret = ConfigEntry {
            name: "secret",
            value: None,
            source: ConfigSource::StaticBroker,
            kind: Kind::Password,
            is_sensitive: true,
            is_read_only: true,
            doc: "",
            synonyms: vec![ConfigSynonym {
                name: "secret",
                value: "hidden".to_owned(),
                source: ConfigSource::StaticBroker,
            }],
        };
        let wire = wire(secret, ALL);
        assert_eq!((wire.value, wire.synonyms[0].value.clone()), (None, None));
        assert!(wire.is_sensitive && wire.read_only);
    }

    #[test]
    fn the_cluster_default_is_what_was_set_for_all_brokers() {
        let all = own(&[("max.connections", "2"), ("log.retention.ms", "7")]);
        let one = own(&[("log.retention.ms", "9")]);
        let config = BrokerConfig::default().with_dynamic(&all, &one).unwrap();
        let entries: Vec<_> = cluster_entries(&config, &all)
            .into_iter()
            .map(|entry| wire(entry, ALL))
            .map(|entry| {
                (
                    entry.name,
                    entry.value.unwrap(),
                    entry.config_source,
                    entry.synonyms.len(),
                )
            })
            .collect();
        let expected = [
            ("log.retention.ms".to_owned(), "7".to_owned(), 3, 1),
            ("max.connections".to_owned(), "2".to_owned(), 3, 1),
        ];
        assert_eq!(entries, expected);
    }

    #[test]
    fn a_failure_has_no_entries() {
        let unknown = Failure::from(ErrorCode::UnknownTopicOrPartition);
        let result = result(resource(None), Err(unknown), ALL);
        assert_eq!(result.error_code, ErrorCode::UnknownTopicOrPartition.code());
        assert!(result.configs.is_empty() && result.error_message.is_some_and(|text| !text.is_empty()));
    }
}
