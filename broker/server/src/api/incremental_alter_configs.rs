//! IncrementalAlterConfigs (API key 44): changes some settings of a topic or a broker (KIP-339).

use std::rc::Rc;

use corelog_controller::{ConfigChange, ConfigOperation};
use corelog_protocol::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, AlterableConfig, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};

use crate::api::broker_loggers;
use crate::api::changes::invalid_request;
use crate::api::config_changes::{self, Asked, Change};
use crate::api::config_resource::{BROKER, BROKER_LOGGER};
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::Failure;
use crate::shard::ControllerChannel;

/// Answers for each resource, in the order of the request.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    controller: &Rc<ControllerChannel>,
    _context: &RequestContext,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let mut asked = Vec::with_capacity(request.resources.len());
    let mut responses = Vec::with_capacity(request.resources.len());
    for resource in request.resources {
        responses.push(AlterConfigsResourceResponse {
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.clone(),
            ..Default::default()
        });
        asked.push(if resource.resource_type == BROKER_LOGGER {
            of_loggers(metadata, resource)
        } else {
            Asked {
                kind: resource.resource_type,
                name: resource.resource_name,
                change: alteration(resource.configs),
            }
        });
    }
    let outcomes = config_changes::alter(&metadata.identity, controller, asked, request.validate_only).await;
    for (response, (code, message)) in responses.iter_mut().zip(outcomes) {
        response.error_code = code;
        response.error_message = message;
    }
    IncrementalAlterConfigsResponse {
        responses,
        ..Default::default()
    }
}

/// The levels of loggers are a setting of their broker.
fn of_loggers(metadata: &MetadataCache, resource: AlterConfigsResource) -> Asked {
    let config = metadata.config();
    let setting = config.log_level.as_deref();
    let name = resource.resource_name;
    let changes = config_changes::check_keys(resource.configs.iter().map(|config| config.name.as_str()))
        .and_then(|()| broker_loggers::change(&name, &metadata.identity, setting, &resource.configs));
    Asked {
        kind: BROKER,
        name,
        change: changes.map(Change::Alter),
    }
}

fn alteration(configs: Vec<AlterableConfig>) -> Result<Change, Failure> {
    config_changes::check_keys(configs.iter().map(|config| config.name.as_str()))?;
    let changes = configs.into_iter().map(|config| {
        let operation = operation(&config.name, config.config_operation, config.value)?;
        Ok(ConfigChange {
            key: config.name,
            operation,
        })
    });
    Ok(Change::Alter(changes.collect::<Result<_, Failure>>()?))
}

/// The numbers of Kafka's `AlterConfigOp.OpType`.
fn operation(key: &str, number: i8, value: Option<String>) -> Result<ConfigOperation, Failure> {
    match number {
        0 => config_changes::value_of(key, value).map(ConfigOperation::Set),
        // A value that comes along is of no account.
        1 => Ok(ConfigOperation::Delete),
        2 => config_changes::value_of(key, value).map(ConfigOperation::Append),
        3 => config_changes::value_of(key, value).map(ConfigOperation::Subtract),
        number => Err(invalid_request(format!(
            "{number} is no operation on the setting {key}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use corelog_protocol::ErrorCode;

    use super::*;

    #[test]
    fn operations() {
        let text = || "v".to_owned();
        let cases = [
            (0, Some("v"), Some(ConfigOperation::Set(text()))),
            (0, None, None),
            (1, None, Some(ConfigOperation::Delete)),
            (1, Some("v"), Some(ConfigOperation::Delete)),
            (2, Some("v"), Some(ConfigOperation::Append(text()))),
            (2, None, None),
            (3, Some("v"), Some(ConfigOperation::Subtract(text()))),
            (3, None, None),
            (4, Some("v"), None),
            (-1, Some("v"), None),
        ];
        for (number, value, expected) in cases {
            let made = operation("k", number, value.map(str::to_owned)).map_err(|failure| failure.code);
            assert_eq!(
                made,
                expected.ok_or(ErrorCode::InvalidRequest),
                "{number} {value:?}"
            );
        }
    }

    #[test]
    fn a_key_is_changed_once() {
        let config = |name: &str| AlterableConfig {
            name: name.to_owned(),
            config_operation: 1,
            value: None,
        };
        assert!(alteration(vec![config("a"), config("b")]).is_ok());
        assert!(alteration(vec![config("a"), config("a")]).is_err());
    }
}
