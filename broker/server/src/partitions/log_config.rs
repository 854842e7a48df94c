//! From a topic's configuration to the settings of its logs.

use std::collections::BTreeMap;
use std::hash::BuildHasher as _;

use corelog_config::{BrokerConfig, ConfigError, Durability, TopicConfig};
use corelog_metadata::names;
use corelog_model::PartitionIndex;
use corelog_storage::LogConfig;
use foldhash::fast::FixedState;

/// The settings of the log of a partition of the topic `name`, whose own settings are `overrides`.
///
/// # Errors
/// When a setting and a default do not go together; stored settings have passed their checks one by one.
pub(crate) fn log_config(
    broker: &BrokerConfig,
    name: &str,
    index: PartitionIndex,
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
        segment_ms: ms(topic.segment_ms - jitter(&topic, name, index)),
        retention_ms: topic.retention_ms.map(ms),
        retention_bytes: topic.retention_bytes,
        max_message_bytes: usize::try_from(topic.max_message_bytes).unwrap_or(usize::MAX),
        timestamp_type: topic.message_timestamp_type,
        timestamp_before_max_ms: topic.message_timestamp_before_max_ms.map(ms),
        timestamp_after_max_ms: topic.message_timestamp_after_max_ms.map(ms),
        compact: topic.cleanup_policy.compact,
        dirty_ppm_min: topic.min_cleanable_dirty_ppm,
        compaction_lag_min_ms: ms(topic.min_compaction_lag_ms),
        compaction_lag_max_ms: topic.max_compaction_lag_ms.map(ms),
        delete_retention_ms: ms(topic.delete_retention_ms),
        delete: topic.cleanup_policy.delete,
        index_interval_bytes: u64::from(topic.index_interval_bytes),
        producer_id_expiration_ms: ms(broker.producers.producer_id_expiration_ms),
    })
}

/// What a partition's segments are closed earlier than `segment.ms` by, at most `segment.jitter.ms`, so that those of many
/// partitions are not closed at one moment. Kafka draws it for each segment; here it is the partition's own.
fn jitter(topic: &TopicConfig, name: &str, index: PartitionIndex) -> u64 {
    // Kafka's `LogConfig.randomSegmentJitter`: below both.
    match topic.segment_jitter_ms.min(topic.segment_ms) {
        0 => 0,
        most => FixedState::default().hash_one((name, index)) % most,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment_ms(jitter: &str, index: i32) -> i64 {
        let overrides = [("segment.ms", "1000"), ("segment.jitter.ms", jitter)];
        let overrides = overrides.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let index = PartitionIndex::new(index);
        let config = log_config(&BrokerConfig::default(), "t", index, &BTreeMap::from(overrides));
        config.unwrap().segment_ms
    }

    #[test]
    fn partitions_close_their_segments_at_different_times() {
        assert!((0..20).all(|index| segment_ms("0", index) == 1000));
        let times: Vec<i64> = (0..20).map(|index| segment_ms("400", index)).collect();
        assert!(times.iter().all(|time| (601..=1000).contains(time)), "{times:?}");
        let distinct: std::collections::BTreeSet<_> = times.iter().collect();
        assert!(distinct.len() > 10, "{times:?}");
        // Never before it was begun.
        assert!((0..20).all(|index| segment_ms("999999", index) >= 1));
    }
}
