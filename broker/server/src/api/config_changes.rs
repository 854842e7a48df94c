//! What AlterConfigs and IncrementalAlterConfigs share (Kafka's `ConfigAdminManager`).

use std::rc::Rc;

use corelog_controller::{ConfigChange, ControllerRequest};
use corelog_metadata::Configs;

use crate::api::changes::{self, Options, Planned, invalid_request};
use crate::api::config_resource::{self, ConfigResource};
use crate::cluster::Identity;
use crate::error_codes::Failure;
use crate::shard::ControllerChannel;

/// One resource of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    /// Kafka's number of its type.
    pub kind: i8,
    /// Its name.
    pub name: String,
    /// What to do with its settings, or what is wrong with that.
    pub change: Result<Change, Failure>,
}

/// What to do with the settings of a resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Change {
    /// These are all of them from now on.
    Replace(Configs),
    /// Change some of them.
    Alter(Vec<ConfigChange>),
}

/// Changes settings and returns code and message for each resource, in order.
pub(super) async fn alter(
    here: &Identity,
    controller: &Rc<ControllerChannel>,
    asked: Vec<Asked>,
    validate_only: bool,
) -> Vec<(i16, Option<String>)> {
    let options = Options {
        validate_only,
        timeout_ms: 0,
    };
    let planned = plan(asked, here);
    let outcomes = changes::decide(controller, planned, options).await;
    outcomes.iter().map(changes::code_and_message).collect()
}

/// Refuses what names a key twice.
///
/// # Errors
/// INVALID_REQUEST with the first such key.
pub(super) fn check_keys<'a>(keys: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
    let counts = changes::occurrences(keys);
    match counts.iter().find(|(_, count)| **count > 1) {
        Some((key, _)) => Err(invalid_request(format!("the setting {key} is there twice"))),
        None => Ok(()),
    }
}

/// A value that has to be there.
///
/// # Errors
/// INVALID_REQUEST if it is not.
pub(super) fn value_of(key: &str, value: Option<String>) -> Result<String, Failure> {
    value.ok_or_else(|| invalid_request(format!("the setting {key} cannot be null")))
}

fn plan(asked: Vec<Asked>, here: &Identity) -> Vec<Planned> {
    let counts = changes::occurrences(asked.iter().map(|asked| (asked.kind, asked.name.clone())));
    asked
        .into_iter()
        .map(|asked| {
            if counts.get(&(asked.kind, asked.name.clone())) != Some(&1) {
                return Err(invalid_request("each resource can be there once only"));
            }
            let change = asked.change?;
            if asked.kind == config_resource::TOPIC {
                return Ok(topic_request(asked.name, change));
            }
            match (ConfigResource::parse(asked.kind, &asked.name, here)?, change) {
                (ConfigResource::Broker(broker), Change::Replace(configs)) => {
                    Ok(ControllerRequest::ReplaceBrokerConfigs { broker, configs })
                }
                (ConfigResource::Broker(broker), Change::Alter(changes)) => {
                    Ok(ControllerRequest::AlterBrokerConfigs { broker, changes })
                }
                (ConfigResource::Topic(_) | ConfigResource::Bare, Change::Replace(_) | Change::Alter(_)) => {
                    Err(invalid_request(
                        "groups and metrics subscriptions have no settings here",
                    ))
                }
            }
        })
        .collect()
}

/// The controller judges the name, too, for some mistakes in the settings come before it.
fn topic_request(topic: String, change: Change) -> ControllerRequest {
    match change {
        Change::Replace(configs) => ControllerRequest::ReplaceTopicConfigs { topic, configs },
        Change::Alter(changes) => ControllerRequest::AlterTopicConfigs { topic, changes },
    }
}

#[cfg(test)]
mod tests {
    use corelog_protocol::ErrorCode;

    use super::*;
    use crate::api::config_resource::{BROKER, GROUP, TOPIC};
    use crate::cluster::test_image::{LEADER, identity};

    fn replace(kind: i8, name: &str) -> Asked {
        Asked {
            kind,
            name: name.to_owned(),
            change: Ok(Change::Replace(Configs::new())),
        }
    }

    #[test]
    fn resources_become_requests() {
        let alter = Asked {
            change: Ok(Change::Alter(Vec::new())),
            ..replace(TOPIC, "a")
        };
        let alter_broker = Asked {
            kind: BROKER,
            name: String::new(),
            ..alter.clone()
        };
        let cases = [
            (
                replace(TOPIC, "a"),
                ControllerRequest::ReplaceTopicConfigs {
                    topic: "a".to_owned(),
                    configs: Configs::new(),
                },
            ),
            (
                alter,
                ControllerRequest::AlterTopicConfigs {
                    topic: "a".to_owned(),
                    changes: Vec::new(),
                },
            ),
            (
                replace(BROKER, "1"),
                ControllerRequest::ReplaceBrokerConfigs {
                    broker: Some(LEADER),
                    configs: Configs::new(),
                },
            ),
            (
                alter_broker,
                ControllerRequest::AlterBrokerConfigs {
                    broker: None,
                    changes: Vec::new(),
                },
            ),
        ];
        for (asked, expected) in cases {
            assert_eq!(plan(vec![asked], &identity(None)), [Ok(expected)]);
        }
    }

    #[test]
    fn refusals() {
        let codes = |asked| -> Vec<Option<ErrorCode>> {
            let planned = plan(asked, &identity(None));
            planned
                .into_iter()
                .map(|planned| planned.err().map(|f| f.code))
                .collect()
        };
        let invalid = Some(ErrorCode::InvalidRequest);
        let twice = vec![replace(TOPIC, "a"), replace(TOPIC, "b"), replace(TOPIC, "a")];
        assert_eq!(codes(twice), [invalid, None, invalid]);
        assert_eq!(
            codes(vec![replace(TOPIC, "1"), replace(BROKER, "1")]),
            [None, None]
        );
        assert_eq!(
            codes(vec![replace(GROUP, "g"), replace(BROKER, "2")]),
            [invalid; 2]
        );
    }

    #[test]
    fn keys_are_there_once_and_have_values() {
        assert_eq!(check_keys(["a", "b"].into_iter()), Ok(()));
        let code = |checked: Result<(), Failure>| checked.unwrap_err().code;
        assert_eq!(
            code(check_keys(["a", "b", "a"].into_iter())),
            ErrorCode::InvalidRequest
        );
        assert_eq!(value_of("a", Some(String::new())), Ok(String::new()));
        assert_eq!(code(value_of("a", None).map(drop)), ErrorCode::InvalidRequest);
    }
}
