//! Metadata: which topics null and empty name, and topic ids.

use corelog_model::TopicId;
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};

use crate::support::{TOPIC, with_broker};

#[test]
fn null_is_all_topics_and_empty_is_all_in_version_0_alone() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        broker.create("other", 2, &[]).await;
        let client = broker.connect().await;
        for (version, topics, expected) in [
            (0, Some(vec![]), 2),
            (1, Some(vec![]), 0),
            (1, None, 2),
            (9, Some(vec![]), 0),
            (12, None, 2),
        ] {
            let request = MetadataRequest {
                topics,
                ..Default::default()
            };
            let response = client.call(version, &request).await;
            assert_eq!(response.topics.len(), expected, "version {version}");
        }
    });
}

#[test]
fn topics_are_created_only_if_the_client_lets_it_and_ids_are_known() {
    with_broker(|broker| async move {
        let id = broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        let ask = |name: Option<&str>, topic_id: TopicId, allow: bool| MetadataRequest {
            topics: Some(vec![MetadataRequestTopic {
                name: name.map(str::to_owned),
                topic_id,
            }]),
            allow_auto_topic_creation: allow,
            ..Default::default()
        };
        for (request, expected) in [
            (ask(None, id, false), ErrorCode::None),
            (ask(None, TopicId::new([9; 16]), true), ErrorCode::UnknownTopicId),
            (
                ask(Some("new"), TopicId::ZERO, false),
                ErrorCode::UnknownTopicOrPartition,
            ),
            (
                ask(Some("bad name"), TopicId::ZERO, true),
                ErrorCode::InvalidTopicException,
            ),
            (ask(Some("new"), TopicId::ZERO, true), ErrorCode::None),
        ] {
            let response = client.call(12, &request).await;
            assert_eq!(response.topics[0].error_code, expected.code(), "{request:?}");
        }
    });
}

#[test]
fn topics_are_told_once_and_by_ids_or_names() {
    with_broker(|broker| async move {
        let id = broker.create(TOPIC, 1, &[]).await;
        broker.create("other", 1, &[]).await;
        let client = broker.connect().await;
        let gone = TopicId::new([9; 16]);
        let named = |name: &'static str| (Some(name), TopicId::ZERO);
        for (asked, expected) in [
            (
                vec![named(TOPIC), named("other"), named(TOPIC)],
                vec![(Some(TOPIC), 0), (Some("other"), 0)],
            ),
            (
                vec![named("nowhere"), named("nowhere")],
                vec![(Some("nowhere"), 3)],
            ),
            (
                vec![(None, id), named("other"), (Some("name"), gone), (None, id)],
                vec![(Some(TOPIC), 0), (None, 100)],
            ),
        ] {
            let topic = |(name, topic_id): &(Option<&str>, TopicId)| MetadataRequestTopic {
                name: name.map(str::to_owned),
                topic_id: *topic_id,
            };
            let request = MetadataRequest {
                topics: Some(asked.iter().map(topic).collect()),
                allow_auto_topic_creation: false,
                include_topic_authorized_operations: true,
                ..Default::default()
            };
            let response = client.call(12, &request).await;
            let found: Vec<(Option<&str>, i16)> = response
                .topics
                .iter()
                .map(|topic| (topic.name.as_deref(), topic.error_code))
                .collect();
            assert_eq!(found, expected);
            for topic in &response.topics {
                // Of a name that is no topic's, too.
                let is_told = topic.topic_authorized_operations != i32::MIN;
                assert_eq!(is_told, topic.name.is_some(), "{topic:?}");
            }
        }
    });
}

#[test]
fn levels_of_partitions_say_what_is() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 3, &[]).await;
        broker
            .create("replicated", 2, &[("min.insync.replicas", "2")])
            .await;
        let text = corelog_broker::admin::metrics(&broker.shard).await;
        for line in [
            "corelog_partitions 5",
            "corelog_offline_partitions 0",
            "corelog_under_min_isr_partitions 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
        }
    });
}
