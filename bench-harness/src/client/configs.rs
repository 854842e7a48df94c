//! What the target's topics are set to, as far as it bears on what an acknowledgement is worth.

use std::collections::BTreeMap;

use corelog_protocol::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use corelog_protocol::{ApiKey, ErrorCode};

use super::{BrokerConnection, ClientError};

/// A topic, as DescribeConfigs has it (Kafka's `ConfigResource.Type.TOPIC`).
const TOPIC: i8 = 2;
/// Kafka's keys and Corelog's own.
const KEYS: [&str; 8] = [
    "durability",
    "flush.messages",
    "flush.ms",
    "min.insync.replicas",
    "compression.type",
    "cleanup.policy",
    "segment.bytes",
    "message.timestamp.type",
];

/// The settings of `topic` that the target tells; none if it cannot tell or does not want to.
///
/// # Errors
/// Those of a connection.
pub async fn topic_config(
    broker: &mut BrokerConnection,
    topic: &str,
) -> Result<BTreeMap<String, String>, ClientError> {
    if !broker.versions().has(ApiKey::DescribeConfigs) {
        return Ok(BTreeMap::new());
    }
    let request = DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type: TOPIC,
            resource_name: topic.to_owned(),
            // All: a broker may refuse the keys that it does not know.
            configuration_keys: None,
        }],
        ..DescribeConfigsRequest::default()
    };
    let response = broker.call(&request).await?;
    let told = response
        .results
        .into_iter()
        .filter(|result| result.error_code == ErrorCode::None.code())
        .flat_map(|result| result.configs);
    Ok(told
        .filter(|config| KEYS.contains(&config.name.as_str()))
        .filter_map(|config| Some((config.name, config.value?)))
        .collect())
}
