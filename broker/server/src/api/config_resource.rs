//! Whose settings a request means: `ConfigResource` of Kafka, a type and a name.

use corelog_model::{BrokerId, TopicName};

use crate::api::changes::invalid_request;
use crate::cluster::Identity;
use crate::error_codes::{Failure, topic_name_failure};

/// Kafka's number of the type of a topic.
pub(super) const TOPIC: i8 = 2;
/// Of a broker, or of all brokers if the name is empty.
pub(super) const BROKER: i8 = 4;
/// Of a broker's loggers.
pub(super) const BROKER_LOGGER: i8 = 8;
/// Of a subscription to clients' metrics (KIP-714).
pub(super) const CLIENT_METRICS: i8 = 16;
/// Of a group (KIP-848).
pub(super) const GROUP: i8 = 32;

/// Something that has settings here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum ConfigResource {
    /// A topic, whether or not it exists.
    Topic(TopicName),
    /// A broker; `None`: the default of all brokers.
    Broker(Option<BrokerId>),
    /// A type of which nothing has settings here, so that there are none to describe: groups and metrics' subscriptions.
    Bare,
}

impl ConfigResource {
    /// Whether there are resources of this type at all, here or elsewhere (Kafka's `ConfigResource.Type`).
    pub(super) fn is_type(kind: i8) -> bool {
        matches!(kind, TOPIC | BROKER | BROKER_LOGGER | CLIENT_METRICS | GROUP)
    }

    /// Takes a type and a name of a request that came to broker `here`.
    ///
    /// # Errors
    /// What to answer where there can be no such resource, or where another broker is to be asked.
    pub(super) fn parse(kind: i8, name: &str, here: &Identity) -> Result<ConfigResource, Failure> {
        match kind {
            TOPIC => TopicName::new(name)
                .map(ConfigResource::Topic)
                .map_err(|error| topic_name_failure(&error)),
            BROKER if name.is_empty() => Ok(ConfigResource::Broker(None)),
            BROKER => match name.parse() {
                Ok(id) if here.is_me(id) => Ok(ConfigResource::Broker(Some(here.broker))),
                Ok(id) => Err(invalid_request(format!(
                    "this is broker {}, not {id}",
                    here.broker
                ))),
                Err(_) => Err(invalid_request(format!(
                    "a broker's id is a number, not {name:?}"
                ))),
            },
            CLIENT_METRICS | GROUP if name.is_empty() => {
                Err(invalid_request("a group or a metrics subscription has a name"))
            }
            CLIENT_METRICS | GROUP => Ok(ConfigResource::Bare),
            BROKER_LOGGER => Err(invalid_request(
                "the levels of loggers are changed one by one, by IncrementalAlterConfigs",
            )),
            kind => Err(invalid_request(format!("there is no resource of type {kind}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use corelog_protocol::ErrorCode;

    use super::*;
    use crate::cluster::test_image::{LEADER, identity};

    #[test]
    fn types_and_names() {
        let here = identity(None);
        let topic = |name| ConfigResource::Topic(TopicName::new(name).unwrap());
        let cases = [
            (TOPIC, "a", Ok(topic("a"))),
            (TOPIC, "", Err(ErrorCode::InvalidTopicException)),
            (TOPIC, "a b", Err(ErrorCode::InvalidTopicException)),
            (BROKER, "", Ok(ConfigResource::Broker(None))),
            (BROKER, "1", Ok(ConfigResource::Broker(Some(LEADER)))),
            (BROKER, "2", Err(ErrorCode::InvalidRequest)),
            (BROKER, "one", Err(ErrorCode::InvalidRequest)),
            (BROKER_LOGGER, "1", Err(ErrorCode::InvalidRequest)),
            (CLIENT_METRICS, "s", Ok(ConfigResource::Bare)),
            (GROUP, "g", Ok(ConfigResource::Bare)),
            (GROUP, "", Err(ErrorCode::InvalidRequest)),
            (0, "a", Err(ErrorCode::InvalidRequest)),
            (-1, "a", Err(ErrorCode::InvalidRequest)),
        ];
        for (kind, name, expected) in cases {
            let parsed = ConfigResource::parse(kind, name, &here).map_err(|failure| failure.code);
            assert_eq!(parsed, expected, "{kind} {name:?}");
        }
    }
}
