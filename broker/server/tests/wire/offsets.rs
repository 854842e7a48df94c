//! ListOffsets, DeleteRecords.

use corelog_model::TimestampMs;
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use corelog_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsTopic,
};

use crate::support::{Batch, Client, NOW, TOPIC, with_broker};

pub(crate) async fn list(
    client: &Client,
    version: i16,
    timestamp: i64,
    epoch: i32,
) -> ListOffsetsPartitionResponse {
    let request = ListOffsetsRequest {
        replica_id: -1,
        topics: vec![ListOffsetsTopic {
            name: TOPIC.to_owned(),
            partitions: vec![ListOffsetsPartition {
                partition_index: 0,
                current_leader_epoch: epoch,
                timestamp,
            }],
        }],
        ..Default::default()
    };
    client.call(version, &request).await.topics[0].partitions[0].clone()
}

pub(crate) async fn delete(client: &Client, topic: &str, offset: i64) -> (i16, i64) {
    let request = DeleteRecordsRequest {
        topics: vec![DeleteRecordsTopic {
            name: topic.to_owned(),
            partitions: vec![DeleteRecordsPartition {
                partition_index: 0,
                offset,
            }],
        }],
        timeout_ms: 1000,
    };
    let answer = client.call(2, &request).await;
    let answer = &answer.topics[0].partitions[0];
    (answer.error_code, answer.low_watermark)
}

#[test]
fn special_timestamps_and_times() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        for later in [0, 100, 50] {
            let batch = Batch {
                timestamp: Some(TimestampMs::new(NOW.get() + later)),
                ..Batch::of(2)
            };
            client.produce(TOPIC, batch.bytes()).await;
        }
        assert_eq!(delete(&client, TOPIC, 1).await, (0, 1));
        let unsupported = ErrorCode::UnsupportedVersion;
        for (version, timestamp, expected) in [
            (7, -1, Ok(6)),
            (7, -2, Ok(1)),
            (7, -3, Ok(2)),
            (6, -3, Err(unsupported)),
            (8, -4, Ok(1)),
            (7, -4, Err(unsupported)),
            (9, -5, Ok(-1)),
            (11, -6, Ok(-1)),
            (9, -6, Err(unsupported)),
            (9, -9, Err(unsupported)),
            (7, NOW.get() + 1, Ok(2)),
            (7, NOW.get() + 101, Ok(-1)),
            (7, i64::MAX, Ok(-1)),
        ] {
            let answer = list(&client, version, timestamp, -1).await;
            let (code, offset) = match expected {
                Ok(offset) => (0, offset),
                Err(code) => (code.code(), -1),
            };
            assert_eq!(
                (answer.error_code, answer.offset),
                (code, offset),
                "{timestamp} in version {version}"
            );
        }
        let ahead = list(&client, 7, -1, 1_000_000).await;
        assert_eq!(ahead.error_code, ErrorCode::UnknownLeaderEpoch.code());
    });
}

#[test]
fn records_are_deleted_up_to_the_high_watermark() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        broker
            .create("compacted", 1, &[("cleanup.policy", "compact")])
            .await;
        let client = broker.connect().await;
        client.produce(TOPIC, Batch::of(5).bytes()).await;
        assert_eq!(delete(&client, TOPIC, 2).await, (0, 2));
        assert_eq!(delete(&client, TOPIC, 1).await, (0, 2), "nothing comes back");
        let outside = (ErrorCode::OffsetOutOfRange.code(), -1);
        assert_eq!(delete(&client, TOPIC, 6).await, outside);
        assert_eq!(delete(&client, TOPIC, -2).await, outside);
        assert_eq!(delete(&client, TOPIC, -1).await, (0, 5));
        let policy = (ErrorCode::PolicyViolation.code(), -1);
        assert_eq!(delete(&client, "compacted", -1).await, policy);
    });
}

/// Each of a request's partitions is answered once, and a topic without any is not.
#[test]
fn partitions_that_are_named_twice() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 2, &[]).await;
        let client = broker.connect().await;
        client.produce(TOPIC, Batch::of(5).bytes()).await;
        let asked = |partition_index, offset| DeleteRecordsPartition {
            partition_index,
            offset,
        };
        let topic = |name: &str, partitions| DeleteRecordsTopic {
            name: name.to_owned(),
            partitions,
        };
        let request = DeleteRecordsRequest {
            topics: vec![
                topic(TOPIC, vec![asked(0, 4), asked(1, 0)]),
                topic("empty", vec![]),
                topic(TOPIC, vec![asked(0, 2)]),
            ],
            timeout_ms: 1000,
        };
        let answer = client.call(2, &request).await;
        assert_eq!(answer.topics.len(), 1);
        let found: Vec<(i32, i64)> = answer.topics[0]
            .partitions
            .iter()
            .map(|answer| (answer.partition_index, answer.low_watermark))
            .collect();
        assert_eq!(found, [(0, 2), (1, 0)], "the last offset counts");

        let asked = |partition_index, timestamp| ListOffsetsPartition {
            partition_index,
            current_leader_epoch: -1,
            timestamp,
        };
        let topic = |name: &str, partitions| ListOffsetsTopic {
            name: name.to_owned(),
            partitions,
        };
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![
                topic(TOPIC, vec![asked(0, -1), asked(1, -1), asked(0, -2)]),
                topic("empty", vec![]),
                topic("nowhere", vec![asked(0, -1), asked(1, -9), asked(2, -4)]),
            ],
            ..Default::default()
        };
        let answer = client.call(7, &request).await;
        let found: Vec<(String, Vec<(i32, i16)>)> = answer
            .topics
            .into_iter()
            .map(|topic| {
                let partitions = topic.partitions.iter();
                let codes = partitions.map(|answer| (answer.partition_index, answer.error_code));
                (topic.name, codes.collect())
            })
            .collect();
        let [twice, unknown, unsupported] = [
            ErrorCode::InvalidRequest,
            ErrorCode::UnknownTopicOrPartition,
            ErrorCode::UnsupportedVersion,
        ]
        .map(ErrorCode::code);
        // A timestamp that cannot be is seen before the topic is looked for.
        let nowhere = vec![(0, unknown), (1, unsupported), (2, unsupported)];
        assert_eq!(
            found,
            [
                ("nowhere".to_owned(), nowhere),
                (TOPIC.to_owned(), vec![(0, twice), (1, 0)])
            ]
        );
    });
}
