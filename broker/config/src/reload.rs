//! Reading the sources again while the broker runs: keys that change at once do, the others wait for a restart.

use crate::broker::BrokerConfig;
use crate::error::ConfigError;
use crate::key::Scope;
use crate::registry::registry;

/// What reading the sources again has found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reloaded {
    /// The configuration from now on.
    pub config: BrokerConfig,
    /// Keys whose value is another one now, sorted.
    pub changed: Vec<&'static str>,
    /// Keys that are set otherwise and keep their value until a restart, sorted.
    pub waiting: Vec<&'static str>,
}

impl BrokerConfig {
    /// This configuration with what `read` has set otherwise, as far as that can change while the broker runs. What
    /// AlterConfigs has set stays.
    ///
    /// # Errors
    /// When what changes does not go together with what stays.
    pub fn reloaded(&self, read: &BrokerConfig) -> Result<Reloaded, ConfigError> {
        let mut layers = self.layers().clone();
        let (mut changed, mut waiting) = (Vec::new(), Vec::new());
        for key in registry().broker_keys() {
            let (now, then) = (self.layers().fixed(key.name), read.layers().fixed(key.name));
            if now == then {
                continue;
            }
            if key.scope == Scope::BrokerDynamic {
                layers.take(key.name, read.layers());
                changed.push(key.name);
            } else {
                waiting.push(key.name);
            }
        }
        changed.sort_unstable();
        waiting.sort_unstable();
        Ok(Reloaded {
            config: BrokerConfig::build(layers)?,
            changed,
            waiting,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn config(pairs: &[(&str, &str)]) -> BrokerConfig {
        BrokerConfig::from_pairs(pairs).unwrap()
    }

    #[test]
    fn only_what_can_change_changes() {
        let running = config(&[
            ("num.partitions", "2"),
            ("max.connections", "10"),
            ("shards", "1"),
        ]);
        let read = config(&[
            ("log.level", "debug"),
            ("log.retention.ms", "5000"),
            ("shards", "2"),
        ]);
        let reloaded = running.reloaded(&read).unwrap();
        assert_eq!(
            reloaded.changed,
            ["log.level", "log.retention.ms", "max.connections"]
        );
        assert_eq!(reloaded.waiting, ["num.partitions", "shards"]);
        assert_eq!(reloaded.config.log_level.as_deref(), Some("debug"));
        assert_eq!(reloaded.config.network.connections_max, 2_147_483_647);
        assert_eq!(reloaded.config.topics.partitions, 2);
        let again = reloaded.config.reloaded(&read).unwrap();
        assert_eq!((again.changed.len(), again.waiting.len()), (0, 2));
    }

    #[test]
    fn what_was_altered_stands_over_what_is_read() {
        let altered = BTreeMap::from([("max.connections".to_owned(), "7".to_owned())]);
        let running = config(&[]).with_dynamic(&BTreeMap::new(), &altered).unwrap();
        let reloaded = running.reloaded(&config(&[("max.connections", "9")])).unwrap();
        assert_eq!(reloaded.config.network.connections_max, 7);
    }
}
