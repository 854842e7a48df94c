//! CreateTopics (API key 19): makes topics (Kafka's `ControllerApis.createTopics`, `ReplicationControlManager`).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use corelog_config::{BrokerConfig, ConfigEntry};
use corelog_controller::{
    ControllerRequest, ControllerResponse, CreatedTopic, NewTopic, PARTITIONS_PER_REQUEST_MAX,
};
use corelog_metadata::{Configs, names};
use corelog_model::{BrokerId, PartitionIndex};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfigs, CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};

use crate::api::changes::{self, Options, Outcome, Planned};
use crate::api::describe_configs::topic_entries;
use crate::clients::RequestContext;
use crate::cluster::MetadataCache;
use crate::error_codes::Failure;
use crate::memory::Memory;
use crate::memory::long_answer::Allowance;
use crate::shard::ControllerChannel;

/// From this version on the answer describes the topic (KIP-525).
const DESCRIBES: i16 = 5;

/// Answers once per name, in the order of the request. Topics for whose settings there is no memory any more are
/// answered without them.
pub(crate) async fn handle(
    metadata: &MetadataCache,
    controller: &Rc<ControllerChannel>,
    memory: &Memory,
    context: &RequestContext,
    request: CreateTopicsRequest,
) -> CreateTopicsResponse {
    let options = Options {
        validate_only: request.validate_only,
        timeout_ms: request.timeout_ms,
    };
    let default_count = usize::try_from(metadata.config().topics.partitions).unwrap_or(usize::MAX);
    let (names, planned): (Vec<_>, Vec<_>) = plan(request.topics, default_count).into_iter().unzip();
    let outcomes = changes::decide(controller, planned, options).await;
    let config = (context.version >= DESCRIBES).then(|| metadata.config());
    let mut allowance = memory.answers.allowance();
    let answers = names.into_iter().zip(outcomes);
    CreateTopicsResponse {
        topics: answers
            .map(|(name, outcome)| within(&mut allowance, result(name, outcome, config.as_deref())))
            .collect(),
        ..Default::default()
    }
}

/// What to ask for each name, once.
fn plan(topics: Vec<CreatableTopic>, default_count: usize) -> Vec<(String, Planned)> {
    let counts = changes::occurrences(topics.iter().map(|topic| topic.name.clone()));
    let is_once = |topic: &&CreatableTopic| counts.get(&topic.name) == Some(&1);
    let partitions = topics
        .iter()
        .filter(is_once)
        .map(|topic| partition_count(topic, default_count));
    let total = partitions.fold(0usize, usize::saturating_add);
    let mut seen = BTreeSet::new();
    let distinct = topics.into_iter().filter(|topic| seen.insert(topic.name.clone()));
    distinct
        .map(|topic| {
            let name = topic.name.clone();
            let planned = if counts.get(&name) != Some(&1) {
                Err(changes::invalid_request(format!(
                    "the topic {name} is there twice"
                )))
            } else if names::is_reserved(&name) {
                Err(changes::invalid_request(format!(
                    "the topic {name} is the cluster's own"
                )))
            } else if total > PARTITIONS_PER_REQUEST_MAX {
                let text = format!(
                    "one request creates at most {PARTITIONS_PER_REQUEST_MAX} partitions, not {total}"
                );
                Err(Failure::new(ErrorCode::PolicyViolation, text))
            } else {
                new_topic(topic).map(ControllerRequest::CreateTopic)
            };
            (name, planned)
        })
        .collect()
}

fn partition_count(topic: &CreatableTopic, default_count: usize) -> usize {
    match topic.assignments.len() {
        0 if topic.num_partitions == -1 => default_count,
        0 => usize::try_from(topic.num_partitions).unwrap_or(0),
        assigned => assigned,
    }
}

fn new_topic(topic: CreatableTopic) -> Result<NewTopic, Failure> {
    let absent: Vec<&str> = topic
        .configs
        .iter()
        .filter(|config| config.value.is_none())
        .map(|config| config.name.as_str())
        .collect();
    if !absent.is_empty() {
        let text = format!("a topic's settings cannot be null: {}", absent.join(", "));
        return Err(Failure::new(ErrorCode::InvalidConfig, text));
    }
    // Of two values for one key the last counts, as in Kafka.
    let configs: Configs = topic
        .configs
        .into_iter()
        .filter_map(|config| Some((config.name, config.value?)))
        .collect();
    let assignments = topic.assignments.into_iter().map(|assigned| {
        let brokers = assigned.broker_ids.into_iter().map(BrokerId::new).collect();
        (PartitionIndex::new(assigned.partition_index), brokers)
    });
    Ok(NewTopic {
        name: topic.name,
        partition_count: topic.num_partitions,
        replication_factor: topic.replication_factor,
        assignments: assignments.collect(),
        configs,
    })
}

fn result(name: String, outcome: Outcome, config: Option<&BrokerConfig>) -> CreatableTopicResult {
    let (error_code, error_message) = changes::code_and_message(&outcome);
    let mut result = CreatableTopicResult {
        name,
        error_code,
        error_message,
        ..Default::default()
    };
    if let Ok(ControllerResponse::Created(topic)) = outcome {
        let CreatedTopic {
            id,
            partition_count,
            replication_factor,
            configs,
        } = topic;
        result.topic_id = id;
        result.num_partitions = i32::try_from(partition_count).unwrap_or(i32::MAX);
        result.replication_factor = i16::try_from(replication_factor).unwrap_or(i16::MAX);
        result.configs = config.map(|config| described(config, &configs));
    }
    result
}

/// `result`, or, when there is no room for the topic's settings, that code in their place: the topic is there.
fn within(allowance: &mut Allowance, mut result: CreatableTopicResult) -> CreatableTopicResult {
    let configs = result.configs.as_deref().unwrap_or_default();
    let strings =
        |config: &CreatableTopicConfigs| config.name.len() + config.value.as_ref().map_or(0, String::len);
    let bytes = configs.iter().map(strings).sum();
    if let Err(failure) = allowance.take::<CreatableTopicConfigs>(configs.len(), bytes) {
        result.configs = None;
        result.topic_config_error_code = failure.code.code();
    }
    result
}

fn described(config: &BrokerConfig, own: &BTreeMap<String, String>) -> Vec<CreatableTopicConfigs> {
    let entry = |entry: ConfigEntry| CreatableTopicConfigs {
        name: entry.name.to_owned(),
        value: entry.value,
        read_only: entry.is_read_only,
        config_source: entry.source.wire_id(),
        is_sensitive: entry.is_sensitive,
    };
    topic_entries(config, own).into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use corelog_model::TopicId;
    use corelog_protocol::messages::create_topics::{CreatableReplicaAssignment, CreatableTopicConfig};

    use super::*;

    fn topic(name: &str, count: i32) -> CreatableTopic {
        CreatableTopic {
            name: name.to_owned(),
            num_partitions: count,
            replication_factor: -1,
            ..Default::default()
        }
    }

    fn setting(name: &str, value: Option<&str>) -> CreatableTopicConfig {
        CreatableTopicConfig {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        }
    }

    fn check(topics: Vec<CreatableTopic>, expected: &[(&str, Option<ErrorCode>)]) {
        let planned: Vec<_> = plan(topics, 3)
            .into_iter()
            .map(|(name, planned)| (name, planned.err().map(|failure| failure.code)))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, code)| ((*name).to_owned(), *code))
            .collect();
        assert_eq!(planned, expected);
    }

    #[test]
    fn each_name_is_planned_once() {
        check(vec![topic("a", 1), topic("b", -1)], &[("a", None), ("b", None)]);
        check(
            vec![topic("a", 1), topic("b", 1), topic("a", 2), topic("a", 3)],
            &[("a", Some(ErrorCode::InvalidRequest)), ("b", None)],
        );
        check(
            vec![topic("__cluster_metadata", 1)],
            &[("__cluster_metadata", Some(ErrorCode::InvalidRequest))],
        );
    }

    #[test]
    fn a_request_has_a_limit_of_partitions() {
        check(
            vec![topic("a", 9_997), topic("b", -1)],
            &[("a", None), ("b", None)],
        );
        let many = Some(ErrorCode::PolicyViolation);
        check(
            vec![topic("a", 9_998), topic("b", -1)],
            &[("a", many), ("b", many)],
        );
    }

    #[test]
    fn settings_and_assignments_are_taken_over() {
        let mut asked = topic("a", -1);
        asked.configs = vec![setting("x", Some("1")), setting("x", Some("2"))];
        asked.assignments = vec![CreatableReplicaAssignment {
            partition_index: 0,
            broker_ids: vec![7],
        }];
        let made = new_topic(asked.clone()).unwrap();
        assert_eq!(made.configs, Configs::from([("x".to_owned(), "2".to_owned())]));
        assert_eq!(
            made.assignments,
            [(PartitionIndex::new(0), vec![BrokerId::new(7)])]
        );
        assert_eq!((made.partition_count, made.replication_factor), (-1, -1));

        asked.configs.push(setting("y", None));
        assert_eq!(new_topic(asked).unwrap_err().code, ErrorCode::InvalidConfig);
    }

    #[test]
    fn a_new_topic_is_described_from_version_5_on() {
        let id = TopicId::new([9; 16]);
        let created = ControllerResponse::Created(CreatedTopic {
            id,
            partition_count: 2,
            replication_factor: 1,
            configs: Configs::from([("retention.ms".to_owned(), "5".to_owned())]),
        });
        let config = BrokerConfig::default();
        let result = result("a".to_owned(), Ok(created), Some(&config));
        assert_eq!((result.error_code, result.error_message), (0, None));
        assert_eq!(
            (result.topic_id, result.num_partitions, result.replication_factor),
            (id, 2, 1)
        );
        let configs = result.configs.unwrap();
        let retention = configs.iter().find(|entry| entry.name == "retention.ms").unwrap();
        assert_eq!(
            (retention.value.as_deref(), retention.config_source),
            (Some("5"), 1)
        );
        assert!(
            configs
                .iter()
                .any(|entry| entry.name == "cleanup.policy" && entry.config_source == 5)
        );
    }

    #[test]
    fn a_refused_topic_has_a_message() {
        let failure = Failure::new(ErrorCode::TopicAlreadyExists, "it is there".to_owned());
        let result = result("a".to_owned(), Err(failure), None);
        assert_eq!(result.error_code, ErrorCode::TopicAlreadyExists.code());
        assert_eq!(result.error_message.as_deref(), Some("it is there"));
        assert_eq!((result.num_partitions, result.replication_factor), (-1, -1));
    }
}
