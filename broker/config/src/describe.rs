//! DescribeConfigs: every key with its value, where the value comes from, and its synonyms
//! (Kafka's `ConfigHelper`).

use std::collections::BTreeMap;

use crate::broker::BrokerConfig;
use crate::key::{ConfigKey, Kind};
use crate::origin::{ConfigSource, ConfigSynonym};
use crate::registry::registry;
use crate::topic;

/// One key as DescribeConfigs returns it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigEntry {
    /// The key.
    pub name: &'static str,
    /// The value in force; `None` if there is none, and always for a sensitive key.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: ConfigSource,
    /// The type.
    pub kind: Kind,
    /// Whether the value is withheld.
    pub is_sensitive: bool,
    /// Whether AlterConfigs refuses it.
    pub is_read_only: bool,
    /// What the key does.
    pub doc: &'static str,
    /// The values behind it that Kafka lists, the strongest first.
    pub synonyms: Vec<ConfigSynonym>,
}

impl ConfigEntry {
    /// Whether nobody set it.
    pub fn is_default(&self) -> bool {
        self.source == ConfigSource::Default
    }

    fn new(key: &ConfigKey, value: Option<String>, mut synonyms: Vec<ConfigSynonym>) -> ConfigEntry {
        if key.is_sensitive() {
            synonyms.iter_mut().for_each(|synonym| synonym.value.clear());
        }
        ConfigEntry {
            name: key.name,
            value: value.filter(|_| !key.is_sensitive()),
            source: synonyms
                .first()
                .map_or(ConfigSource::Default, |synonym| synonym.source),
            kind: key.kind,
            is_sensitive: key.is_sensitive(),
            is_read_only: key.is_read_only(),
            doc: key.doc,
            synonyms,
        }
    }
}

impl BrokerConfig {
    /// Every broker key, sorted by name.
    pub fn describe(&self) -> Vec<ConfigEntry> {
        registry()
            .broker_keys()
            .map(|key| {
                let family = registry().broker_family(key);
                let stack = self.layers().stack(&family);
                // Kafka shows a key's own value, although a synonym's may be in force.
                let value = self.layers().value(key);
                let synonyms = stack.into_iter().map(|(_, synonym)| synonym).collect();
                ConfigEntry::new(key, value, listed(synonyms, key.name))
            })
            .collect()
    }

    /// Every topic key, sorted by name, for a topic whose own settings are `overrides` (canonical, as
    /// `validate_topic_configs` returns them).
    pub fn describe_topic(&self, overrides: &BTreeMap<String, String>) -> Vec<ConfigEntry> {
        registry()
            .topic_keys()
            .map(|key| {
                let own = overrides.get(key.name);
                let from_topic = own.map(|value| ConfigSynonym {
                    name: key.name,
                    value: value.clone(),
                    source: ConfigSource::DynamicTopic,
                });
                let stack = self.layers().stack(key.synonyms);
                let from_broker: Vec<ConfigSynonym> = stack.into_iter().map(|(_, synonym)| synonym).collect();
                let source = from_topic
                    .as_ref()
                    .or(from_broker.first())
                    .map(|synonym| synonym.source);
                let first = key.synonyms.first().map_or(key.name, |first| first.name);
                let synonyms = from_topic.into_iter().chain(listed(from_broker, first)).collect();
                let value = own.cloned().unwrap_or_else(|| topic::inherited(self, key));
                ConfigEntry {
                    // The one in force, listed or not.
                    source: source.unwrap_or(ConfigSource::Default),
                    ..ConfigEntry::new(key, Some(value), synonyms)
                }
            })
            .collect()
    }
}

/// What Kafka lists of a family's values under `name`: those from the first on that is set under this very name
/// (`ConfigHelper.configSynonyms`). A time that is set in hours alone is not listed under the key in milliseconds.
fn listed(synonyms: Vec<ConfigSynonym>, name: &str) -> Vec<ConfigSynonym> {
    let is_other = |synonym: &ConfigSynonym| synonym.name != name;
    synonyms.into_iter().skip_while(is_other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(entries: &[ConfigEntry], name: &str) -> ConfigEntry {
        entries.iter().find(|entry| entry.name == name).unwrap().clone()
    }

    #[test]
    fn a_topic_key_names_all_its_sources() {
        let pairs = [("log.retention.hours", "2"), ("log.roll.ms", "7200000")];
        let broker = BrokerConfig::from_pairs(&pairs).unwrap();
        let overrides = BTreeMap::from([("segment.bytes".to_owned(), "2097152".to_owned())]);
        let entries = broker.describe_topic(&overrides);

        let retention = entry(&entries, "retention.ms");
        assert_eq!(retention.value.as_deref(), Some("7200000"));
        assert_eq!(retention.source, ConfigSource::StaticBroker);
        assert_eq!(retention.synonyms, [], "Kafka lists none before the first key");
        assert_eq!(
            entry(&entries, "segment.ms").synonyms,
            [
                ConfigSynonym {
                    name: "log.roll.ms",
                    value: "7200000".into(),
                    source: ConfigSource::StaticBroker
                },
                ConfigSynonym {
                    name: "log.roll.hours",
                    value: "168".into(),
                    source: ConfigSource::Default
                },
            ]
        );

        let segment = entry(&entries, "segment.bytes");
        assert_eq!(segment.source, ConfigSource::DynamicTopic);
        assert_eq!(segment.synonyms.len(), 2);
        assert!(!segment.is_default());
        assert!(entry(&entries, "remote.storage.enable").is_default());
    }

    #[test]
    fn a_topic_shows_every_key_of_kafka_4_4() {
        // LogConfig.nonInternalConfigNames of Kafka 4.4, and ours.
        let kafka = "cleanup.policy compression.gzip.level compression.lz4.level compression.type \
            compression.zstd.level delete.retention.ms durability errors.deadletterqueue.group.enable \
            file.delete.delay.ms flush.messages flush.ms follower.replication.throttled.replicas \
            index.interval.bytes leader.replication.throttled.replicas local.retention.bytes local.retention.ms \
            max.compaction.lag.ms max.message.bytes message.timestamp.after.max.ms \
            message.timestamp.before.max.ms message.timestamp.type min.cleanable.dirty.ratio \
            min.compaction.lag.ms min.insync.replicas preallocate remote.copy.lag.bytes remote.copy.lag.ms \
            remote.log.copy.disable remote.log.delete.on.disable remote.storage.enable retention.bytes \
            retention.ms segment.bytes segment.index.bytes segment.jitter.ms segment.ms \
            unclean.leader.election.enable";
        let entries = BrokerConfig::default().describe_topic(&BTreeMap::new());
        let names: Vec<_> = entries.iter().map(|entry| entry.name).collect();
        assert_eq!(names, kafka.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn dynamic_values_stand_over_static_ones() {
        let broker = BrokerConfig::from_pairs(&[("log.retention.ms", "1")]).unwrap();
        let cluster = BTreeMap::from([("log.retention.ms".to_owned(), "2".to_owned())]);
        let own = BTreeMap::from([("log.retention.ms".to_owned(), "3".to_owned())]);

        let changed = broker.with_dynamic(&cluster, &BTreeMap::new()).unwrap();
        let described = entry(&changed.describe(), "log.retention.ms");
        assert_eq!(described.source, ConfigSource::DynamicDefaultBroker);

        let changed = broker.with_dynamic(&cluster, &own).unwrap();
        let described = entry(&changed.describe(), "log.retention.ms");
        assert_eq!(
            (described.value.as_deref(), described.source),
            (Some("3"), ConfigSource::DynamicBroker)
        );
        assert_eq!(
            entry(&changed.describe_topic(&BTreeMap::new()), "retention.ms")
                .value
                .as_deref(),
            Some("3")
        );

        let fixed = BTreeMap::from([("log.dirs".to_owned(), "/x".to_owned())]);
        let message = broker
            .with_dynamic(&BTreeMap::new(), &fixed)
            .unwrap_err()
            .to_string();
        assert!(message.contains("restart"), "{message}");
    }
}
