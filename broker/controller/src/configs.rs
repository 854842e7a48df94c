//! Settings of topics and brokers: replace them all, or change some.

use std::collections::BTreeSet;

use corelog_metadata::{Configs, MetadataImage, RESOURCE_BROKER, RESOURCE_TOPIC, config_changes};
use corelog_model::{BrokerId, TopicName};

use crate::controller::Controller;
use crate::decision::Decision;
use crate::error::{ConfigFault, ControllerError};
use crate::limits::CONFIG_VALUE_SIZE_MAX;
use crate::request::{ConfigChange, ConfigOperation};
use crate::topics::by_name;

/// Whose settings.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ConfigScope {
    /// A topic's.
    Topic,
    /// A broker's, or the default of all brokers' (`None`).
    Broker(Option<BrokerId>),
}

/// What settings may be: the table of them lives elsewhere.
pub trait ConfigRules {
    /// Checks all the settings of a topic or a broker together.
    ///
    /// # Errors
    /// The first fault found.
    fn check(&self, scope: ConfigScope, configs: &Configs) -> Result<(), ConfigFault>;

    /// The default of a setting that is a list, elements separated by commas; `None` if it is not a list.
    fn list_default(&self, scope: ConfigScope, key: &str) -> Option<String>;
}

impl<R: ConfigRules> Controller<R> {
    /// Name and settings are judged before the topic is looked for (Kafka's
    /// `ConfigurationControlManager.validateAlterConfig`).
    pub(crate) fn replace_topic_configs(
        &self,
        topic: &str,
        configs: &Configs,
        image: &MetadataImage,
    ) -> Result<Decision, ControllerError> {
        TopicName::new(topic)?;
        self.check_configs(ConfigScope::Topic, configs)?;
        let topic = by_name(topic, image)?;
        let name = topic.name.as_str();
        let records = config_changes(RESOURCE_TOPIC, name, &topic.configs, configs);
        Ok(Decision::done(records))
    }

    pub(crate) fn alter_topic_configs(
        &self,
        topic: &str,
        changes: &[ConfigChange],
        image: &MetadataImage,
    ) -> Result<Decision, ControllerError> {
        let none = Configs::new();
        let current = image.topic(topic).map_or(&none, |topic| &*topic.configs);
        let configs = self.changed(ConfigScope::Topic, current, changes)?;
        self.replace_topic_configs(topic, &configs, image)
    }

    pub(crate) fn replace_broker_configs(
        &self,
        broker: Option<BrokerId>,
        configs: &Configs,
        image: &MetadataImage,
    ) -> Result<Decision, ControllerError> {
        if let Some(id) = broker.filter(|id| image.broker(*id).is_none()) {
            return Err(ControllerError::UnknownBroker(id));
        }
        self.check_configs(ConfigScope::Broker(broker), configs)?;
        let none = Configs::new();
        let current = image.broker_configs(broker).map_or(&none, |configs| &**configs);
        let name = broker.map_or(String::new(), |id| id.to_string());
        let records = config_changes(RESOURCE_BROKER, &name, current, configs);
        Ok(Decision::done(records))
    }

    pub(crate) fn alter_broker_configs(
        &self,
        broker: Option<BrokerId>,
        changes: &[ConfigChange],
        image: &MetadataImage,
    ) -> Result<Decision, ControllerError> {
        let none = Configs::new();
        let current = image.broker_configs(broker).map_or(&none, |configs| &**configs);
        let configs = self.changed(ConfigScope::Broker(broker), current, changes)?;
        self.replace_broker_configs(broker, &configs, image)
    }

    pub(crate) fn check_configs(&self, scope: ConfigScope, configs: &Configs) -> Result<(), ControllerError> {
        let max = CONFIG_VALUE_SIZE_MAX;
        if let Some((key, value)) = configs.iter().find(|(_, value)| value.len() > max) {
            return Err(ControllerError::ConfigValueTooLong {
                key: key.clone(),
                size: value.len(),
                max,
            });
        }
        Ok(self.rules.check(scope, configs)?)
    }

    fn changed(
        &self,
        scope: ConfigScope,
        current: &Configs,
        changes: &[ConfigChange],
    ) -> Result<Configs, ControllerError> {
        let mut configs = current.clone();
        let mut keys = BTreeSet::new();
        for ConfigChange { key, operation } in changes {
            if !keys.insert(key) {
                return Err(ControllerError::ConfigRepeated { key: key.clone() });
            }
            match operation {
                ConfigOperation::Set(value) => {
                    configs.insert(key.clone(), value.clone());
                }
                ConfigOperation::Delete => {
                    configs.remove(key);
                }
                ConfigOperation::Append(values) => {
                    let mut list = self.list(scope, &configs, key)?;
                    for value in values.split(',').map(str::trim) {
                        if !list.iter().any(|known| known == value) {
                            list.push(value.to_owned());
                        }
                    }
                    configs.insert(key.clone(), list.join(","));
                }
                ConfigOperation::Subtract(values) => {
                    let mut list = self.list(scope, &configs, key)?;
                    list.retain(|known| !values.split(',').any(|value| value.trim() == known));
                    configs.insert(key.clone(), list.join(","));
                }
            }
        }
        Ok(configs)
    }

    /// The elements of a list as it is set, or by default.
    fn list(&self, scope: ConfigScope, configs: &Configs, key: &str) -> Result<Vec<String>, ControllerError> {
        let default = self
            .rules
            .list_default(scope, key)
            .ok_or_else(|| ControllerError::ConfigNotList { key: key.to_owned() })?;
        let text = configs.get(key).unwrap_or(&default);
        let elements = text
            .split(',')
            .map(str::trim)
            .filter(|element| !element.is_empty());
        Ok(elements.map(str::to_owned).collect())
    }
}
