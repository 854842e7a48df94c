//! What `/metrics` counts of requests.

use std::collections::BTreeMap;

use corelog_broker::admin;
use corelog_protocol::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use corelog_protocol::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use corelog_protocol::messages::elect_leaders::{ElectLeadersRequest, TopicPartitions};
use corelog_protocol::messages::heartbeat::HeartbeatRequest;
use corelog_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use corelog_protocol::{ApiKey, ErrorCode, Request, Response as _};

use crate::support::{Batch, Client, TOPIC, fetch, produce, with_broker};

/// How often each API answered with each error.
type Errors = BTreeMap<(&'static str, &'static str), u64>;

async fn ask<R: Request>(client: &Client, version: i16, request: &R, errors: &mut Errors) {
    let response = client.call(version, request).await;
    let mut count = 0;
    response.error_codes(&mut |code| {
        let error = ErrorCode::from_code(code).expect("a code of Kafka's");
        if error != ErrorCode::None {
            *errors.entry((R::KEY.name(), error.name())).or_default() += 1;
            count += 1;
        }
    });
    assert!(count > 0, "{} was to fail", R::KEY);
}

/// Each code of each topic, partition and resource counts, whatever the API: as in Kafka.
#[test]
fn every_error_code_of_every_answer_is_counted() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 2, &[]).await;
        let client = broker.connect().await;
        let mut errors = Errors::new();
        let batch = || Batch::of(1).bytes();
        let partitions = [(0, batch()), (7, batch()), (8, batch())];
        ask(&client, 9, &produce(-1, TOPIC, &partitions), &mut errors).await;
        ask(
            &client,
            12,
            &fetch(TOPIC, &[(0, 0), (1, 99), (7, 0)]),
            &mut errors,
        )
        .await;
        let mut sessionless = fetch(TOPIC, &[(0, 0)]);
        (sessionless.session_id, sessionless.session_epoch) = (5, 5);
        ask(&client, 12, &sessionless, &mut errors).await;
        let heartbeat = HeartbeatRequest {
            group_id: "nobody".to_owned(),
            member_id: "nobody".to_owned(),
            ..Default::default()
        };
        ask(&client, 4, &heartbeat, &mut errors).await;
        let delete = DeleteTopicsRequest {
            topics: ["none", "nothing"]
                .map(|name| DeleteTopicState {
                    name: Some(name.to_owned()),
                    ..Default::default()
                })
                .to_vec(),
            timeout_ms: 1000,
            ..Default::default()
        };
        ask(&client, 6, &delete, &mut errors).await;
        let elect = ElectLeadersRequest {
            topic_partitions: Some(vec![TopicPartitions {
                topic: TOPIC.to_owned(),
                partitions: vec![0, 1, 2],
            }]),
            timeout_ms: 1000,
            ..Default::default()
        };
        ask(&client, 2, &elect, &mut errors).await;
        // These two may be put together more than once, and are counted once.
        let describe = DescribeConfigsRequest {
            resources: vec![
                DescribeConfigsResource {
                    resource_type: 2,
                    resource_name: "none".to_owned(),
                    configuration_keys: None,
                };
                1_000
            ],
            ..Default::default()
        };
        ask(&client, 4, &describe, &mut errors).await;
        let metadata = MetadataRequest {
            topics: Some(vec![MetadataRequestTopic {
                name: Some("no name".to_owned()),
                ..Default::default()
            }]),
            ..Default::default()
        };
        ask(&client, 12, &metadata, &mut errors).await;
        // ApiVersions of a version that is not there is answered, in version 0.
        client.send_body(ApiKey::ApiVersions, 99, &[]).await;
        client.receive_raw().await.expect("an answer");
        errors.insert(("ApiVersions", "UNSUPPORTED_VERSION"), 1);

        let text = admin::metrics(&broker.shard).await;
        let counted: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("corelog_request_errors_total{"))
            .collect();
        let expected: Vec<String> = errors
            .iter()
            .map(|((api, error), count)| {
                format!("corelog_request_errors_total{{api=\"{api}\",error=\"{error}\"}} {count}")
            })
            .collect();
        let sorted = |mut lines: Vec<String>| {
            lines.sort();
            lines
        };
        let counted = counted.into_iter().map(str::to_owned).collect();
        assert_eq!(sorted(counted), sorted(expected));
        assert!(errors.len() >= 9, "{errors:?}");
    });
}
