//! What an administrator may ask for at a time, and what is refused with a reason.

use std::time::Duration;

use corelog_protocol::ErrorCode;
use corelog_protocol::messages::alter_configs::{self, AlterConfigsRequest};
use corelog_protocol::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreatePartitionsTopic,
};
use corelog_protocol::messages::create_topics::{CreatableTopic, CreateTopicsRequest};
use corelog_protocol::messages::delete_groups::DeleteGroupsRequest;
use corelog_protocol::messages::describe_acls::DescribeAclsRequest;
use corelog_protocol::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use corelog_protocol::messages::describe_log_dirs::DescribeLogDirsRequest;
use corelog_protocol::messages::elect_leaders::{ElectLeadersRequest, TopicPartitions};
use corelog_protocol::messages::incremental_alter_configs::{self, IncrementalAlterConfigsRequest};
use corelog_protocol::messages::list_groups::ListGroupsRequest;
use corelog_protocol::messages::metadata::MetadataRequest;

use crate::support::{ANSWER_MEMORY, Broker, Client, TOPIC, with_broker};

/// Kafka's `ConfigResource.Type.TOPIC`.
const TOPIC_RESOURCE: i8 = 2;
/// So many that their settings do not fit into the memory for an answer.
const MANY: usize = 1_000;

async fn grow(client: &Client, asked: &[(&str, i32)]) -> CreatePartitionsResponse {
    let topics = asked.iter().map(|(name, count)| CreatePartitionsTopic {
        name: (*name).to_owned(),
        count: *count,
        assignments: None,
    });
    let request = CreatePartitionsRequest {
        topics: topics.collect(),
        timeout_ms: 30_000,
        validate_only: false,
    };
    client.call(3, &request).await
}

fn partitions(broker: &Broker, topic: &str) -> usize {
    broker
        .shard
        .metadata
        .image()
        .topic(topic)
        .expect("it is there")
        .partitions
        .len()
}

#[test]
fn the_offsets_topic_gets_no_more_partitions() {
    with_broker(|broker| async move {
        broker.create("__consumer_offsets", 2, &[]).await;
        let client = broker.connect().await;
        let response = grow(&client, &[("__consumer_offsets", 4)]).await;
        let refused = &response.results[0];
        assert_eq!(refused.error_code, ErrorCode::InvalidPartitions.code());
        let message = refused.error_message.as_deref().expect("a reason");
        assert!(message.contains("__consumer_offsets"), "{message}");
        assert_eq!(partitions(&broker, "__consumer_offsets"), 2);
    });
}

#[test]
fn the_partitions_of_one_request_are_counted_over_all_of_its_topics() {
    with_broker(|broker| async move {
        broker.create("a", 1, &[]).await;
        broker.create("b", 1, &[]).await;
        let client = broker.connect().await;
        let response = grow(&client, &[("a", 5_002), ("b", 5_001)]).await;
        for result in &response.results {
            assert_eq!(result.error_code, ErrorCode::PolicyViolation.code(), "{result:?}");
        }
        assert_eq!((partitions(&broker, "a"), partitions(&broker, "b")), (1, 1));
        let response = grow(&client, &[("a", 3), ("b", 2)]).await;
        assert!(
            response.results.iter().all(|result| result.error_code == 0),
            "{response:?}"
        );
        assert_eq!((partitions(&broker, "a"), partitions(&broker, "b")), (3, 2));
    });
}

/// What a topic's name and settings are is judged before it is looked for.
#[test]
fn settings_of_topics_that_are_not_there() {
    with_broker(|broker| async move {
        let client = broker.connect().await;
        let [invalid, request, name, unknown] = [
            ErrorCode::InvalidConfig,
            ErrorCode::InvalidRequest,
            ErrorCode::InvalidTopicException,
            ErrorCode::UnknownTopicOrPartition,
        ]
        .map(ErrorCode::code);
        let subtract = 3;
        for (topic, key, value, operation, expected) in [
            ("nowhere", "no.such.key", "1", 0, invalid),
            ("nowhere", "flush.ms", "x", 0, invalid),
            ("nowhere", "flush.ms", "1", 0, unknown),
            ("a b", "flush.ms", "1", subtract, invalid),
            ("a b", "no.such.key", "1", 0, name),
            ("", "flush.ms", "1", 0, request),
        ] {
            let incremental = IncrementalAlterConfigsRequest {
                resources: vec![incremental_alter_configs::AlterConfigsResource {
                    resource_type: TOPIC_RESOURCE,
                    resource_name: topic.to_owned(),
                    configs: vec![incremental_alter_configs::AlterableConfig {
                        name: key.to_owned(),
                        config_operation: operation,
                        value: Some(value.to_owned()),
                    }],
                }],
                validate_only: false,
            };
            let answer = client.call(1, &incremental).await;
            assert_eq!(
                answer.responses[0].error_code, expected,
                "{topic:?} {key} {value}"
            );
            if operation != 0 {
                continue;
            }
            let whole = AlterConfigsRequest {
                resources: vec![alter_configs::AlterConfigsResource {
                    resource_type: TOPIC_RESOURCE,
                    resource_name: topic.to_owned(),
                    configs: vec![alter_configs::AlterableConfig {
                        name: key.to_owned(),
                        value: Some(value.to_owned()),
                    }],
                }],
                validate_only: false,
            };
            let answer = client.call(2, &whole).await;
            assert_eq!(
                answer.responses[0].error_code, expected,
                "{topic:?} {key} {value}"
            );
        }
    });
}

#[test]
fn an_unknown_type_of_resource_refuses_the_whole_request() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        let resource = |resource_type, name: &str| DescribeConfigsResource {
            resource_type,
            resource_name: name.to_owned(),
            configuration_keys: None,
        };
        let (refused, name) = (
            ErrorCode::InvalidRequest.code(),
            ErrorCode::InvalidTopicException.code(),
        );
        for (resources, expected) in [
            (
                vec![resource(TOPIC_RESOURCE, TOPIC), resource(TOPIC_RESOURCE, "")],
                [0, name],
            ),
            (
                vec![resource(TOPIC_RESOURCE, TOPIC), resource(7, TOPIC)],
                [refused; 2],
            ),
        ] {
            let request = DescribeConfigsRequest {
                resources,
                ..Default::default()
            };
            let answer = client.call(4, &request).await;
            let codes: Vec<i16> = answer.results.iter().map(|result| result.error_code).collect();
            assert_eq!(codes, expected);
        }
    });
}

#[test]
fn the_size_of_the_volume_is_told() {
    with_broker(|broker| async move {
        let client = broker.connect().await;
        let answer = client.call(4, &DescribeLogDirsRequest::default()).await;
        let dir = &answer.results[0];
        assert!(
            0 < dir.usable_bytes && dir.usable_bytes <= dir.total_bytes,
            "{dir:?}"
        );
    });
}

#[test]
fn an_election_of_an_unknown_type_refuses_each_partition() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        let request = ElectLeadersRequest {
            election_type: -2,
            topic_partitions: Some(vec![TopicPartitions {
                topic: TOPIC.to_owned(),
                partitions: vec![0],
            }]),
            timeout_ms: 1000,
        };
        let answer = client.call(1, &request).await;
        let refused = ErrorCode::InvalidRequest.code();
        let partition = &answer.replica_election_results[0].partition_result[0];
        assert_eq!((answer.error_code, partition.error_code), (refused, refused));
    });
}

#[test]
fn a_rule_of_unknown_numbers_closes_the_connection() {
    with_broker(|broker| async move {
        for (number, is_answered) in [(3, true), (0, false)] {
            let client = broker.connect().await;
            let request = DescribeAclsRequest {
                resource_type_filter: 2,
                operation: number,
                permission_type: 3,
                ..Default::default()
            };
            client.send(3, &request).await;
            assert_eq!(client.receive_raw().await.is_some(), is_answered, "{number}");
        }
    });
}

#[test]
fn a_group_that_is_named_twice_is_answered_once() {
    with_broker(|broker| async move {
        let client = broker.connect().await;
        let request = DeleteGroupsRequest {
            groups_names: ["a", "b", "a"].map(str::to_owned).to_vec(),
        };
        let answer = client.call(2, &request).await;
        let names: Vec<&str> = answer
            .results
            .iter()
            .map(|result| result.group_id.as_str())
            .collect();
        assert_eq!(names, ["a", "b"]);
    });
}

#[test]
fn settings_are_described_as_far_as_there_is_memory() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        let resource = DescribeConfigsResource {
            resource_type: TOPIC_RESOURCE,
            resource_name: TOPIC.to_owned(),
            configuration_keys: None,
        };
        let request = DescribeConfigsRequest {
            resources: vec![resource; MANY],
            include_synonyms: true,
            include_documentation: true,
        };
        let response = client.call(4, &request).await;
        assert_eq!(response.results.len(), MANY);
        let is_whole = |code: i16| code == 0;
        let whole = response
            .results
            .iter()
            .filter(|result| is_whole(result.error_code))
            .count();
        assert!((10..MANY).contains(&whole), "{whole} are described");
        for result in &response.results {
            assert_eq!(result.configs.is_empty(), !is_whole(result.error_code));
            if !is_whole(result.error_code) {
                assert_eq!(result.error_code, ErrorCode::PolicyViolation.code());
                let message = result.error_message.as_deref().expect("a reason");
                assert!(message.contains("memory.bytes"), "{message}");
            }
        }
        assert_eq!(broker.shard.memory.answers.memory.free(), ANSWER_MEMORY);
    });
}

#[test]
fn topics_are_created_whether_or_not_there_is_memory_to_describe_them() {
    with_broker(|broker| async move {
        let client = broker.connect().await;
        let topic = |number| CreatableTopic {
            name: format!("topic-{number}"),
            num_partitions: 1,
            replication_factor: 1,
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest {
            topics: (0..MANY).map(topic).collect(),
            timeout_ms: 60_000,
            validate_only: true,
        };
        let response = client.call(7, &request).await;
        assert!(response.topics.iter().all(|topic| topic.error_code == 0));
        let described = response
            .topics
            .iter()
            .filter(|topic| topic.configs.is_some())
            .count();
        assert!((10..MANY).contains(&described), "{described} are described");
        for topic in &response.topics {
            let code = if topic.configs.is_some() {
                ErrorCode::None
            } else {
                ErrorCode::PolicyViolation
            };
            assert_eq!(
                (topic.topic_config_error_code, topic.num_partitions),
                (code.code(), 1)
            );
        }
    });
}

#[test]
fn a_long_answer_waits_for_memory_and_keeps_nobody_from_a_short_one() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1_000, &[]).await;
        let ask = |topics| MetadataRequest {
            topics,
            ..Default::default()
        };
        let (memory, clock) = (&broker.shard.memory.answers.memory, &broker.shard.handle.clock);
        let others = memory.try_acquire(ANSWER_MEMORY).expect("it is free");
        let (waiting, client) = (broker.connect().await, broker.connect().await);
        let id = waiting.send(12, &ask(None)).await;
        // Nothing is given, not even nothing, while somebody waits.
        let deadline = clock.now() + Duration::from_secs(30);
        while memory.try_acquire(0).is_some() {
            assert!(clock.now() < deadline, "nobody waits for memory");
            clock.sleep_until(clock.now() + Duration::from_millis(1)).await;
        }
        let groups = client.call(4, &ListGroupsRequest::default()).await;
        assert_eq!((groups.error_code, groups.groups.len()), (0, 0));
        assert_eq!(client.call(12, &ask(Some(Vec::new()))).await.topics.len(), 0);
        drop(others);
        let topics = waiting.receive::<MetadataRequest>(12, id).await.topics;
        assert_eq!(topics[0].partitions.len(), 1_000);
        // The next request of the connection begins when the answer has been sent.
        waiting.call(4, &ListGroupsRequest::default()).await;
        assert_eq!(memory.free(), ANSWER_MEMORY);
    });
}
