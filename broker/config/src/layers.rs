//! Values by layer, the weakest first: default, profile, file, environment, flags; then what AlterConfigs set, for
//! all brokers and for this one.

use std::collections::BTreeMap;

use crate::error::ConfigError;
use crate::key::{ConfigKey, Synonym};
use crate::origin::{ConfigSource, ConfigSynonym, Origin};
use crate::registry::registry;
use crate::value;

/// All that was set on a broker; every value is canonical.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Layers {
    fixed: BTreeMap<&'static str, (Origin, String)>,
    dynamic_default: BTreeMap<&'static str, String>,
    dynamic_broker: BTreeMap<&'static str, String>,
}

impl Layers {
    /// Sets a static value, over what weaker layers set.
    pub(crate) fn set(&mut self, name: &str, text: &str, origin: Origin) -> Result<(), ConfigError> {
        let key = registry().broker_key(name)?;
        let canonical = value::check(key, text)?;
        self.fixed.insert(key.name, (origin, canonical));
        Ok(())
    }

    /// Replaces what AlterConfigs set.
    pub(crate) fn set_dynamic(
        &mut self,
        cluster: &BTreeMap<String, String>,
        broker: &BTreeMap<String, String>,
    ) -> Result<(), ConfigError> {
        self.dynamic_default = check_dynamic(cluster)?;
        self.dynamic_broker = check_dynamic(broker)?;
        Ok(())
    }

    /// A static value.
    pub(crate) fn fixed(&self, name: &str) -> Option<&str> {
        self.fixed.get(name).map(|(_, value)| value.as_str())
    }

    /// Takes a static value over from `other`, or its absence.
    pub(crate) fn take(&mut self, name: &'static str, other: &Layers) {
        match other.fixed.get(name) {
            Some(set) => {
                self.fixed.insert(name, set.clone());
            }
            None => {
                self.fixed.remove(name);
            }
        }
    }

    /// Who set a static value.
    pub(crate) fn origin(&self, name: &str) -> Option<&Origin> {
        self.fixed.get(name).map(|(origin, _)| origin)
    }

    /// All values that a family of synonyms has, the one in force first (Kafka's `ConfigHelper.configSynonyms`).
    pub(crate) fn stack(&self, family: &[Synonym]) -> Vec<(i64, ConfigSynonym)> {
        let mut stack = Vec::new();
        let mut push = |synonym: &Synonym, value: Option<&str>, source: ConfigSource| {
            if let Some(value) = value {
                let entry = ConfigSynonym {
                    name: synonym.name,
                    value: value.to_owned(),
                    source,
                };
                stack.push((synonym.factor, entry));
            }
        };
        for synonym in family {
            let value = self.dynamic_broker.get(synonym.name).map(String::as_str);
            push(synonym, value, ConfigSource::DynamicBroker);
        }
        for synonym in family {
            let value = self.dynamic_default.get(synonym.name).map(String::as_str);
            push(synonym, value, ConfigSource::DynamicDefaultBroker);
        }
        for synonym in family {
            let value = self.fixed.get(synonym.name).map(|(_, value)| value.as_str());
            push(synonym, value, ConfigSource::StaticBroker);
        }
        for synonym in family {
            let key = registry()
                .broker_key(synonym.name)
                .expect("synonyms are broker keys");
            push(synonym, key.default, ConfigSource::Default);
        }
        stack
    }

    /// The value in force of one broker key by itself, without its synonyms.
    pub(crate) fn value(&self, key: &ConfigKey) -> Option<String> {
        let own = [Synonym::same(key.name)];
        self.stack(&own).into_iter().next().map(|(_, entry)| entry.value)
    }
}

fn check_dynamic(values: &BTreeMap<String, String>) -> Result<BTreeMap<&'static str, String>, ConfigError> {
    values
        .iter()
        .map(|(name, text)| {
            let key = registry().broker_key(name)?;
            if key.is_read_only() {
                return Err(ConfigError::NeedsRestart { name: key.name });
            }
            Ok((key.name, value::check(key, text)?))
        })
        .collect()
}

/// The value of a synonym in the topic key's unit.
pub(crate) fn scaled(factor: i64, value: &str) -> String {
    if factor == 1 {
        return value.to_owned();
    }
    match value.parse::<i64>() {
        // -1 is "no limit" in every unit.
        Ok(number) if number < 0 => number.to_string(),
        Ok(number) => number.saturating_mul(factor).to_string(),
        Err(_) => value.to_owned(),
    }
}
