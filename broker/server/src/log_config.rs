//! From a topic's configuration to the settings of its logs.

use std::collections::BTreeMap;

use corelog_config::{BrokerConfig, ConfigError, Durability, TopicConfig};
use corelog_metadata::names;
use corelog_storage::LogConfig;

/// The settings of the logs of the topic `name`, whose own settings are `overrides`.
///
/// # Errors
/// When a setting and a default do not go together; stored settings have passed their checks one by one.
pub fn log_config(
    broker: &BrokerConfig,
    name: &str,
    overrides: &BTreeMap<String, String>,
) -> Result<LogConfig, ConfigError> {
    let topic = TopicConfig::effective(broker, overrides)?;
    let is_internal = names::is_internal(name);
    let ms = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    Ok(LogConfig {
        // What the broker itself relies on is durable whatever the default says.
        durability: match topic.durability {
            _ if is_internal => corelog_storage::Durability::Durable,
            Durability::Durable => corelog_storage::Durability::Durable,
            Durability::Written => corelog_storage::Durability::Written,
            Durability::Memory => corelog_storage::Durability::Memory,
        },
        segment_bytes: u64::from(topic.segment_bytes),
        segment_ms: ms(topic.segment_ms),
        retention_ms: topic.retention_ms.map(ms),
        retention_bytes: topic.retention_bytes,
        max_message_bytes: usize::try_from(topic.max_message_bytes).unwrap_or(usize::MAX),
        timestamp_type: topic.message_timestamp_type,
        timestamp_before_max_ms: topic.message_timestamp_before_max_ms.map(ms),
        timestamp_after_max_ms: topic.message_timestamp_after_max_ms.map(ms),
        compact: topic.cleanup_policy.compact,
        delete: topic.cleanup_policy.delete,
        index_interval_bytes: u64::from(topic.index_interval_bytes),
        producer_id_expiration_ms: ms(broker.producers.producer_id_expiration_ms),
    })
}
