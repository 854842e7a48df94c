//! Describing and altering the configuration of topics and brokers.

use std::collections::BTreeMap;
use std::time::Duration;

use corelog_protocol::ApiKey;
use corelog_protocol::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult,
};
use corelog_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};

use crate::api_error::ApiError;
use crate::client::{Client, Target};
use crate::error::ClientError;

const OPERATION_SET: i8 = 0;
const OPERATION_DELETE: i8 = 1;

/// What has a configuration.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ConfigResource {
    /// A topic.
    Topic(String),
    /// A broker.
    Broker(i32),
    /// All brokers, as far as they set nothing themselves.
    AllBrokers,
}

impl ConfigResource {
    fn wire(&self) -> (i8, String) {
        match self {
            ConfigResource::Topic(name) => (2, name.clone()),
            ConfigResource::Broker(id) => (4, id.to_string()),
            ConfigResource::AllBrokers => (4, String::new()),
        }
    }

    /// Who answers for it.
    fn target(&self) -> Target {
        match self {
            ConfigResource::Topic(_) | ConfigResource::AllBrokers => Target::Any,
            ConfigResource::Broker(id) => Target::Broker(*id),
        }
    }

    fn name(&self) -> String {
        match self {
            ConfigResource::Topic(name) => format!("topic {name}"),
            ConfigResource::Broker(id) => format!("broker {id}"),
            ConfigResource::AllBrokers => "all brokers".to_owned(),
        }
    }
}

/// Where a value comes from (`DescribeConfigsResponse.ConfigSource`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ValueSource {
    /// Set on the topic.
    Topic,
    /// Set on the broker while it ran.
    Broker,
    /// Set on all brokers while they ran.
    AllBrokers,
    /// Set when the broker started.
    StaticBroker,
    /// Set nowhere.
    Default,
    /// A source that this client does not know.
    Other(i8),
}

impl ValueSource {
    fn new(id: i8) -> ValueSource {
        match id {
            1 => ValueSource::Topic,
            2 => ValueSource::Broker,
            3 => ValueSource::AllBrokers,
            4 => ValueSource::StaticBroker,
            5 => ValueSource::Default,
            other => ValueSource::Other(other),
        }
    }

    /// The source for people.
    pub fn name(self) -> &'static str {
        match self {
            ValueSource::Topic => "topic",
            ValueSource::Broker => "broker",
            ValueSource::AllBrokers => "all brokers",
            ValueSource::StaticBroker => "broker's file",
            ValueSource::Default => "default",
            ValueSource::Other(_) => "other",
        }
    }
}

/// One key with its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigValue {
    /// The key.
    pub name: String,
    /// The value; `None` if there is none or it is withheld.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: ValueSource,
    /// Whether it cannot be altered.
    pub is_read_only: bool,
    /// Whether the value is withheld.
    pub is_sensitive: bool,
    /// What the key does, if the broker says.
    pub documentation: Option<String>,
}

/// A change of one key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConfigChange {
    /// Set it.
    Set(String),
    /// Forget what was set.
    Unset,
}

impl Client {
    /// Describes all keys of a topic or broker, with documentation if asked for.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn describe_configs(
        &mut self,
        resource: &ConfigResource,
        with_documentation: bool,
    ) -> Result<Vec<ConfigValue>, ClientError> {
        let (resource_type, resource_name) = resource.wire();
        self.retrying(|client| {
            let response = client.call(&resource.target(), Duration::ZERO, |version| {
                DescribeConfigsRequest {
                    resources: vec![DescribeConfigsResource {
                        resource_type,
                        resource_name: resource_name.clone(),
                        configuration_keys: None,
                    }],
                    include_synonyms: false,
                    include_documentation: with_documentation && version >= 3,
                }
            })?;
            let result = response.results.first().ok_or_else(|| ClientError::Missing {
                api: ApiKey::DescribeConfigs,
                subject: resource.name(),
            })?;
            ApiError::check(result.error_code, result.error_message.as_ref())
                .map_err(|error| ClientError::refused(resource.name(), error))?;
            let mut values: Vec<_> = result.configs.iter().map(config_value).collect();
            values.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(values)
        })
    }

    /// Changes single keys of a topic or broker, or with `validate_only` checks that they could be.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn alter_configs(
        &mut self,
        resource: &ConfigResource,
        changes: &BTreeMap<String, ConfigChange>,
        validate_only: bool,
    ) -> Result<(), ClientError> {
        let (resource_type, resource_name) = resource.wire();
        let configs: Vec<_> = changes
            .iter()
            .map(|(name, change)| match change {
                ConfigChange::Set(value) => AlterableConfig {
                    name: name.clone(),
                    config_operation: OPERATION_SET,
                    value: Some(value.clone()),
                },
                ConfigChange::Unset => AlterableConfig {
                    name: name.clone(),
                    config_operation: OPERATION_DELETE,
                    value: None,
                },
            })
            .collect();
        self.retrying(|client| {
            let target = match resource {
                ConfigResource::Topic(_) | ConfigResource::AllBrokers => Target::Controller,
                ConfigResource::Broker(id) => Target::Broker(*id),
            };
            let response = client.call(&target, Duration::ZERO, |_| IncrementalAlterConfigsRequest {
                resources: vec![AlterConfigsResource {
                    resource_type,
                    resource_name: resource_name.clone(),
                    configs: configs.clone(),
                }],
                validate_only,
            })?;
            let result = response.responses.first().ok_or_else(|| ClientError::Missing {
                api: ApiKey::IncrementalAlterConfigs,
                subject: resource.name(),
            })?;
            ApiError::check(result.error_code, result.error_message.as_ref())
                .map_err(|error| ClientError::refused(resource.name(), error))
        })
    }
}

fn config_value(result: &DescribeConfigsResourceResult) -> ConfigValue {
    ConfigValue {
        name: result.name.clone(),
        value: result.value.clone(),
        source: ValueSource::new(result.config_source),
        is_read_only: result.read_only,
        is_sensitive: result.is_sensitive,
        documentation: result.documentation.clone(),
    }
}
