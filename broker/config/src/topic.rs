//! A topic's configuration in force: its own settings over the broker's defaults.

use std::collections::BTreeMap;

use corelog_model::batch::{Compression, TimestampType};

use crate::broker::BrokerConfig;
use crate::error::ConfigError;
use crate::key::ConfigKey;
use crate::keys;
use crate::layers::scaled;
use crate::list;
use crate::reader::note_read;
use crate::registry::registry;
use crate::value;

/// What an acknowledgement promises (Corelog's key `durability`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Durability {
    /// The records are on stable storage: they survive a power failure.
    #[default]
    Durable,
    /// The records were handed to the operating system: they survive the broker's crash.
    Written,
    /// The records are in the broker's memory alone.
    Memory,
}

/// What becomes of old records (`cleanup.policy`); neither means that everything is kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CleanupPolicy {
    /// Old segments are deleted by `retention.ms` and `retention.bytes`.
    pub delete: bool,
    /// The latest record of each key is kept.
    pub compact: bool,
}

/// How batches are stored (`compression.type` and its levels).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TopicCompression {
    /// As the producer sent them.
    Producer,
    /// Recompressed. `level` is `None` for codecs without levels and for gzip's own default.
    Codec {
        /// The codec; `None` is uncompressed.
        codec: Compression,
        /// Its level.
        level: Option<i32>,
    },
}

/// One topic's configuration in force. Bytes and milliseconds as the names say; `None` is "no limit".
#[derive(Clone, PartialEq, Debug)]
pub struct TopicConfig {
    /// `cleanup.policy`
    pub cleanup_policy: CleanupPolicy,
    /// `durability`
    pub durability: Durability,
    /// `retention.ms`
    pub retention_ms: Option<u64>,
    /// `retention.bytes`
    pub retention_bytes: Option<u64>,
    /// `segment.bytes`
    pub segment_bytes: u32,
    /// `segment.ms`
    pub segment_ms: u64,
    /// `segment.jitter.ms`
    pub segment_jitter_ms: u64,
    /// `index.interval.bytes`
    pub index_interval_bytes: u32,
    /// `max.message.bytes`
    pub max_message_bytes: u32,
    /// `message.timestamp.type`
    pub message_timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`; `None` if it is unlimited.
    pub message_timestamp_before_max_ms: Option<u64>,
    /// `message.timestamp.after.max.ms`; `None` if it is unlimited.
    pub message_timestamp_after_max_ms: Option<u64>,
    /// `compression.type` and the level that belongs to it
    pub compression: TopicCompression,
    /// `min.insync.replicas`
    pub min_insync_replicas: u32,
    /// `min.cleanable.dirty.ratio`, in millionths
    pub min_cleanable_dirty_ppm: u32,
    /// `min.compaction.lag.ms`
    pub min_compaction_lag_ms: u64,
    /// `max.compaction.lag.ms`; `None` if it is unlimited.
    pub max_compaction_lag_ms: Option<u64>,
    /// `delete.retention.ms`
    pub delete_retention_ms: u64,
}

/// Checks what a client wants to set on a topic: every name, every value, and that they go together among
/// themselves. Returns the canonical values, which are what should be stored.
///
/// # Errors
/// The first fault, in the order of the names.
pub fn validate_topic_configs(
    configs: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut canonical = BTreeMap::new();
    for (name, text) in configs {
        let key = registry().topic_key(name)?;
        canonical.insert(name.clone(), value::check(key, text)?);
    }
    let lag = |key: &ConfigKey| canonical.get(key.name).and_then(|text| text.parse::<i64>().ok());
    let (least, most) = (&keys::MIN_COMPACTION_LAG_MS, &keys::MAX_COMPACTION_LAG_MS);
    if let (Some(least), Some(most)) = (lag(least), lag(most)) {
        check_lags(least, most)?;
    }
    Ok(canonical)
}

fn check_lags(least: i64, most: i64) -> Result<(), ConfigError> {
    if least <= most {
        return Ok(());
    }
    Err(ConfigError::Conflict {
        first: keys::MIN_COMPACTION_LAG_MS.name,
        second: keys::MAX_COMPACTION_LAG_MS.name,
        rule: format!("{least} should be at most {most}"),
    })
}

impl TopicConfig {
    /// Builds the view of a topic whose own settings are `overrides`, over `broker`'s defaults.
    ///
    /// # Errors
    /// As `validate_topic_configs`, and `Conflict` where a setting and a default do not go together.
    pub fn effective(
        broker: &BrokerConfig,
        overrides: &BTreeMap<String, String>,
    ) -> Result<TopicConfig, ConfigError> {
        let overrides = validate_topic_configs(overrides)?;
        let view = View {
            broker,
            overrides: &overrides,
        };
        let (least, most) = (
            view.long(&keys::MIN_COMPACTION_LAG_MS),
            view.long(&keys::MAX_COMPACTION_LAG_MS),
        );
        check_lags(least, most)?;
        Ok(TopicConfig {
            cleanup_policy: view.cleanup_policy(),
            durability: view.durability(),
            retention_ms: view.limit(&keys::RETENTION_MS),
            retention_bytes: view.limit(&keys::RETENTION_BYTES),
            segment_bytes: view.size(&keys::SEGMENT_BYTES),
            segment_ms: view.count(&keys::SEGMENT_MS),
            segment_jitter_ms: view.count(&keys::SEGMENT_JITTER_MS),
            index_interval_bytes: view.size(&keys::INDEX_INTERVAL_BYTES),
            max_message_bytes: view.size(&keys::MAX_MESSAGE_BYTES),
            message_timestamp_type: view.timestamp_type(),
            message_timestamp_before_max_ms: view.difference(&keys::MESSAGE_TIMESTAMP_BEFORE_MAX_MS),
            message_timestamp_after_max_ms: view.difference(&keys::MESSAGE_TIMESTAMP_AFTER_MAX_MS),
            compression: view.compression(),
            min_insync_replicas: view.size(&keys::MIN_INSYNC_REPLICAS),
            min_cleanable_dirty_ppm: view.millionths(&keys::MIN_CLEANABLE_DIRTY_RATIO),
            min_compaction_lag_ms: view.count(&keys::MIN_COMPACTION_LAG_MS),
            max_compaction_lag_ms: view.difference(&keys::MAX_COMPACTION_LAG_MS),
            delete_retention_ms: view.count(&keys::DELETE_RETENTION_MS),
        })
    }
}

/// The value of a topic key where the topic sets none.
pub(crate) fn inherited(broker: &BrokerConfig, key: &ConfigKey) -> String {
    broker
        .layers()
        .stack(key.synonyms)
        .into_iter()
        .next()
        .map(|(factor, entry)| scaled(factor, &entry.value))
        .or_else(|| key.default.map(str::to_owned))
        .expect("every topic key has a default")
}

/// Reads checked values; a name or a form that is not the table's is our own mistake and panics.
struct View<'a> {
    broker: &'a BrokerConfig,
    overrides: &'a BTreeMap<String, String>,
}

impl View<'_> {
    fn text(&self, key: &ConfigKey) -> String {
        note_read(key);
        match self.overrides.get(key.name) {
            Some(value) => value.clone(),
            None => inherited(self.broker, key),
        }
    }

    fn long(&self, key: &ConfigKey) -> i64 {
        self.text(key)
            .parse()
            .expect("the key's kind is a checked integer")
    }

    fn count(&self, key: &ConfigKey) -> u64 {
        u64::try_from(self.long(key)).expect("the key's bounds exclude negative values")
    }

    fn size(&self, key: &ConfigKey) -> u32 {
        u32::try_from(self.long(key)).expect("the key's kind is int and its bounds exclude negative values")
    }

    /// A fraction, in millionths; its finer digits are left out.
    fn millionths(&self, key: &ConfigKey) -> u32 {
        let text = self.text(key);
        let value: f64 = text.parse().expect("the key's kind is a checked number");
        let whole = format!("{:.0}", (value * 1e6).floor());
        whole.parse().expect("the key's bounds are those of a fraction")
    }

    fn limit(&self, key: &ConfigKey) -> Option<u64> {
        u64::try_from(self.long(key)).ok()
    }

    fn difference(&self, key: &ConfigKey) -> Option<u64> {
        Some(self.count(key)).filter(|ms| *ms != i64::MAX.unsigned_abs())
    }

    fn cleanup_policy(&self) -> CleanupPolicy {
        let text = self.text(&keys::CLEANUP_POLICY);
        let policies = list::elements(&text);
        CleanupPolicy {
            delete: policies.contains(&"delete"),
            compact: policies.contains(&"compact"),
        }
    }

    fn durability(&self) -> Durability {
        match self.text(&keys::DURABILITY).as_str() {
            "durable" => Durability::Durable,
            "written" => Durability::Written,
            "memory" => Durability::Memory,
            other => unreachable!("durability {other} passed its check"),
        }
    }

    fn timestamp_type(&self) -> TimestampType {
        match self.text(&keys::MESSAGE_TIMESTAMP_TYPE).as_str() {
            "CreateTime" => TimestampType::CreateTime,
            "LogAppendTime" => TimestampType::LogAppendTime,
            other => unreachable!("timestamp type {other} passed its check"),
        }
    }

    fn compression(&self) -> TopicCompression {
        let level = |key: &ConfigKey| i32::try_from(self.long(key)).expect("the key's kind is int");
        let codec = |codec, level| TopicCompression::Codec { codec, level };
        match self.text(&keys::COMPRESSION_TYPE).as_str() {
            "producer" => TopicCompression::Producer,
            "uncompressed" => codec(Compression::None, None),
            "snappy" => codec(Compression::Snappy, None),
            "gzip" => {
                let level = level(&keys::COMPRESSION_GZIP_LEVEL);
                codec(Compression::Gzip, (level != -1).then_some(level))
            }
            "lz4" => codec(Compression::Lz4, Some(level(&keys::COMPRESSION_LZ4_LEVEL))),
            "zstd" => codec(Compression::Zstd, Some(level(&keys::COMPRESSION_ZSTD_LEVEL))),
            other => unreachable!("compression type {other} passed its check"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn defaults_are_kafkas() {
        let config = TopicConfig::effective(&BrokerConfig::default(), &map(&[])).unwrap();
        assert_eq!(config.retention_ms, Some(604_800_000));
        assert_eq!(config.retention_bytes, None);
        assert_eq!(config.segment_bytes, 1 << 30);
        assert_eq!(config.max_message_bytes, 1_048_588);
        assert_eq!(
            config.cleanup_policy,
            CleanupPolicy {
                delete: true,
                compact: false
            }
        );
        assert_eq!(config.durability, Durability::Durable);
        assert_eq!(config.message_timestamp_before_max_ms, None);
        assert_eq!(config.message_timestamp_after_max_ms, Some(3_600_000));
        assert_eq!(config.compression, TopicCompression::Producer);
        assert_eq!(config.min_cleanable_dirty_ppm, 500_000);
        assert_eq!(
            (config.min_compaction_lag_ms, config.max_compaction_lag_ms),
            (0, None)
        );
        assert_eq!(config.delete_retention_ms, 86_400_000);
    }

    #[test]
    fn a_ratio_is_read_to_a_millionth() {
        for (text, expected) in [("0", 0), ("0.25", 250_000), ("1.0", 1_000_000), ("0.0000019", 1)] {
            let set = map(&[("min.cleanable.dirty.ratio", text)]);
            let config = TopicConfig::effective(&BrokerConfig::default(), &set).unwrap();
            assert_eq!(config.min_cleanable_dirty_ppm, expected, "{text}");
        }
    }

    #[test]
    fn retention_takes_the_finest_unit_that_is_set() {
        let check = |broker: &[(&str, &str)], topic: &[(&str, &str)], expected: Option<u64>| {
            let broker = BrokerConfig::from_pairs(broker).unwrap();
            let config = TopicConfig::effective(&broker, &map(topic)).unwrap();
            assert_eq!(config.retention_ms, expected, "{topic:?}");
        };
        check(&[("log.retention.hours", "1")], &[], Some(3_600_000));
        check(&[("log.retention.hours", "-1")], &[], None);
        check(
            &[("log.retention.hours", "1"), ("log.retention.minutes", "1")],
            &[],
            Some(60_000),
        );
        let all = &[
            ("log.retention.hours", "1"),
            ("log.retention.minutes", "1"),
            ("log.retention.ms", "7"),
        ];
        check(all, &[], Some(7));
        check(all, &[("retention.ms", "9")], Some(9));
        check(all, &[("retention.ms", "-1")], None);
    }

    #[test]
    fn overrides_are_checked_and_canonical() {
        let good = map(&[("retention.ms", " 5 "), ("cleanup.policy", "compact, delete")]);
        let canonical = map(&[("retention.ms", "5"), ("cleanup.policy", "compact,delete")]);
        assert_eq!(validate_topic_configs(&good), Ok(canonical));
        let check = |pairs: &[(&str, &str)], part: &str| {
            let message = validate_topic_configs(&map(pairs)).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        };
        check(&[("retention.msec", "5")], "did you mean retention.ms?");
        check(&[("segment.bytes", "1")], "at least 1048576");
        check(&[("durability", "yes")], "one of durable, written, memory");
        check(&[("remote.storage.enable", "true")], "should be false");
        check(
            &[("min.compaction.lag.ms", "9"), ("max.compaction.lag.ms", "8")],
            "contradict",
        );
    }

    #[test]
    fn a_setting_that_contradicts_a_default_is_refused() {
        let broker = BrokerConfig::from_pairs(&[("log.cleaner.max.compaction.lag.ms", "5")]).unwrap();
        let result = TopicConfig::effective(&broker, &map(&[("min.compaction.lag.ms", "6")]));
        assert!(matches!(result, Err(ConfigError::Conflict { .. })), "{result:?}");
    }

    #[test]
    fn levels_belong_to_their_codec() {
        let check = |pairs: &[(&str, &str)], codec: Compression, level: Option<i32>| {
            let config = TopicConfig::effective(&BrokerConfig::default(), &map(pairs)).unwrap();
            assert_eq!(config.compression, TopicCompression::Codec { codec, level });
        };
        check(&[("compression.type", "gzip")], Compression::Gzip, None);
        check(
            &[("compression.type", "gzip"), ("compression.gzip.level", "9")],
            Compression::Gzip,
            Some(9),
        );
        check(&[("compression.type", "zstd")], Compression::Zstd, Some(3));
        check(&[("compression.type", "uncompressed")], Compression::None, None);
    }
}
