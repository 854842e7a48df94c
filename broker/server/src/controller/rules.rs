//! The controller's rules for configurations.

use std::sync::Arc;

use corelog_config::{BrokerConfig, registry, validate_topic_configs};
use corelog_controller::{ConfigFault, ConfigRules, ConfigScope};
use corelog_metadata::Configs;

/// What configuration keys and values may be, from their one table.
#[derive(Clone, Debug)]
pub(crate) struct Rules(Arc<BrokerConfig>);

impl Rules {
    /// The rules of a broker with this configuration.
    pub(crate) fn new(config: Arc<BrokerConfig>) -> Rules {
        Rules(config)
    }
}

impl ConfigRules for Rules {
    fn check(&self, scope: ConfigScope, configs: &Configs) -> Result<(), ConfigFault> {
        let empty = Configs::new();
        let checked = match scope {
            ConfigScope::Topic => validate_topic_configs(configs).map(drop),
            ConfigScope::Broker(None) => self.0.with_dynamic(configs, &empty).map(drop),
            ConfigScope::Broker(Some(_)) => self.0.with_dynamic(&empty, configs).map(drop),
        };
        checked.map_err(|error| ConfigFault {
            reason: error.to_string(),
        })
    }

    fn list_default(&self, scope: ConfigScope, key: &str) -> Option<String> {
        let key = match scope {
            ConfigScope::Topic => registry().topic_key(key),
            ConfigScope::Broker(_) => registry().broker_key(key),
        };
        let key = key.ok().filter(|key| key.kind == corelog_config::Kind::List)?;
        Some(key.default.unwrap_or_default().to_owned())
    }
}
