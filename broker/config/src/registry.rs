//! All keys by name, and the nearest name to a misspelt one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::error::ConfigError;
use crate::key::{ConfigKey, Scope, Synonym};
use crate::keys;

/// The tables, indexed.
#[derive(Debug)]
pub struct Registry {
    broker: BTreeMap<&'static str, ConfigKey>,
    topic: BTreeMap<&'static str, ConfigKey>,
}

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::build);

/// The one registry.
pub fn registry() -> &'static Registry {
    &REGISTRY
}

impl Registry {
    fn build() -> Registry {
        let mut broker = BTreeMap::new();
        let mut add = |key: ConfigKey| {
            assert!(
                broker.insert(key.name, key).is_none(),
                "{} is declared twice",
                key.name
            );
        };
        keys::BROKER.iter().copied().flatten().copied().for_each(&mut add);
        keys::TOPIC.iter().filter_map(broker_default).for_each(&mut add);
        let topic = keys::TOPIC.iter().map(|key| (key.name, *key)).collect();
        Registry { broker, topic }
    }

    /// The broker keys, sorted by name.
    pub fn broker_keys(&self) -> impl Iterator<Item = &ConfigKey> {
        self.broker.values()
    }

    /// The topic keys, sorted by name.
    pub fn topic_keys(&self) -> impl Iterator<Item = &ConfigKey> {
        self.topic.values()
    }

    /// The broker key of that name.
    ///
    /// # Errors
    /// `UnknownKey` with the nearest name, or `Replaced`.
    pub fn broker_key(&self, name: &str) -> Result<&ConfigKey, ConfigError> {
        self.broker.get(name).ok_or_else(|| unknown(name, &self.broker))
    }

    /// The topic key of that name.
    ///
    /// # Errors
    /// `UnknownKey` with the nearest name, or `Replaced`.
    pub fn topic_key(&self, name: &str) -> Result<&ConfigKey, ConfigError> {
        self.topic.get(name).ok_or_else(|| unknown(name, &self.topic))
    }

    /// The broker keys that stand for the same setting as `name`, `name` included, the strongest first, each with its
    /// factor (Kafka's `DynamicBrokerConfig.brokerConfigSynonyms`).
    pub(crate) fn broker_family(&self, key: &ConfigKey) -> Vec<Synonym> {
        keys::TOPIC
            .iter()
            .find(|topic| topic.synonyms.iter().any(|synonym| synonym.name == key.name))
            .map_or_else(|| vec![Synonym::same(key.name)], |topic| topic.synonyms.to_vec())
    }
}

/// The broker key behind a topic key: its first synonym. Where there are weaker synonyms, the last of them carries
/// the default, as in Kafka.
fn broker_default(topic: &ConfigKey) -> Option<ConfigKey> {
    let first = topic.synonyms.first()?;
    Some(ConfigKey {
        name: first.name,
        scope: Scope::BrokerDynamic,
        default: if topic.synonyms.len() == 1 {
            topic.default
        } else {
            None
        },
        synonyms: &[],
        ..*topic
    })
}

fn unknown(name: &str, known: &BTreeMap<&'static str, ConfigKey>) -> ConfigError {
    if let Some((name, advice)) = keys::REPLACED.iter().find(|(replaced, _)| *replaced == name) {
        return ConfigError::Replaced { name, advice };
    }
    ConfigError::UnknownKey {
        name: name.to_owned(),
        nearest: nearest(name, known.keys().copied()),
    }
}

/// The candidate with the fewest typing errors between it and `name`, if they are few enough to be a slip.
pub(crate) fn nearest(name: &str, candidates: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let folded = name.to_ascii_lowercase().replace(['_', '-'], ".");
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(&folded, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= slips_max(&folded))
        .map(|(_, candidate)| candidate)
}

/// Whether few enough typing errors lie between `written` and `meant` to be a slip.
pub fn is_slip(written: &str, meant: &str) -> bool {
    strsim::damerau_levenshtein(written, meant) <= slips_max(written)
}

fn slips_max(name: &str) -> usize {
    (name.chars().count() / 3).max(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn every_default_passes_its_own_check() {
        for key in registry().broker_keys().chain(registry().topic_keys()) {
            if let Some(default) = key.default {
                assert_eq!(value::check(key, default).as_deref(), Ok(default), "{}", key.name);
            }
            assert!(key.doc.ends_with('.'), "{} has a doc sentence", key.name);
        }
    }

    #[test]
    fn every_synonym_is_a_broker_key_and_agrees_on_the_default() {
        for topic in registry().topic_keys() {
            for (index, synonym) in topic.synonyms.iter().enumerate() {
                let broker = registry().broker_key(synonym.name).unwrap();
                let is_last = index + 1 == topic.synonyms.len();
                assert_eq!(broker.default.is_some(), is_last, "{}", broker.name);
                if is_last && synonym.factor != 1 {
                    let scaled = broker.default.unwrap().parse::<i64>().unwrap() * synonym.factor;
                    assert_eq!(Some(scaled.to_string().as_str()), topic.default, "{}", topic.name);
                } else if is_last {
                    assert_eq!(broker.default, topic.default, "{}", topic.name);
                }
            }
        }
    }

    #[test]
    fn a_misspelt_name_finds_its_neighbour() {
        let check = |name: &str, expected: Option<&'static str>| {
            let ConfigError::UnknownKey { nearest, .. } = registry().broker_key(name).unwrap_err() else {
                panic!("{name} is known");
            };
            assert_eq!(nearest, expected, "{name}");
        };
        check("num.partition", Some("num.partitions"));
        check("num_partitions", Some("num.partitions"));
        check("NUM.PARTITONS", Some("num.partitions"));
        check("log.retention.msec", Some("log.retention.ms"));
        check("listner", Some("listeners"));
        check("shard", Some("shards"));
        check("completely.different.thing", None);
    }

    #[test]
    fn kafka_keys_that_are_missing_say_what_to_do() {
        let message = registry()
            .broker_key("num.network.threads")
            .unwrap_err()
            .to_string();
        assert!(message.contains("set shards"), "{message}");
    }
}
