//! AlterConfigs (API key 33): replaces all settings of a topic or a broker. Old clients use it.

use std::rc::Rc;

use corelog_protocol::messages::alter_configs::{
    AlterConfigsRequest, AlterConfigsResourceResponse, AlterConfigsResponse, AlterableConfig,
};

use crate::api::config_changes::{self, Asked, Change};
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::Failure;
use crate::shard::ControllerChannel;

/// Answers for each resource, in the order of the request.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    controller: &Rc<ControllerChannel>,
    _context: &RequestContext,
    request: AlterConfigsRequest,
) -> AlterConfigsResponse {
    let mut asked = Vec::with_capacity(request.resources.len());
    let mut responses = Vec::with_capacity(request.resources.len());
    for resource in request.resources {
        responses.push(AlterConfigsResourceResponse {
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.clone(),
            ..Default::default()
        });
        asked.push(Asked {
            kind: resource.resource_type,
            name: resource.resource_name,
            change: replacement(resource.configs),
        });
    }
    let outcomes = config_changes::alter(&metadata.identity, controller, asked, request.validate_only).await;
    for (response, (code, message)) in responses.iter_mut().zip(outcomes) {
        response.error_code = code;
        response.error_message = message;
    }
    AlterConfigsResponse {
        responses,
        ..Default::default()
    }
}

fn replacement(configs: Vec<AlterableConfig>) -> Result<Change, Failure> {
    config_changes::check_keys(configs.iter().map(|config| config.name.as_str()))?;
    let all = configs.into_iter().map(|config| {
        let value = config_changes::value_of(&config.name, config.value)?;
        Ok((config.name, value))
    });
    Ok(Change::Replace(all.collect::<Result<_, Failure>>()?))
}

#[cfg(test)]
mod tests {
    use corelog_metadata::Configs;

    use super::*;

    #[test]
    fn settings_become_a_replacement() {
        let config = |name: &str, value: Option<&str>| AlterableConfig {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        };
        let expected = Configs::from([("a".to_owned(), "1".to_owned())]);
        assert_eq!(
            replacement(vec![config("a", Some("1"))]),
            Ok(Change::Replace(expected))
        );
        assert_eq!(replacement(vec![]), Ok(Change::Replace(Configs::new())));
        for faulty in [
            vec![config("a", None)],
            vec![config("a", Some("1")), config("a", Some("1"))],
        ] {
            assert!(replacement(faulty).is_err());
        }
    }
}
