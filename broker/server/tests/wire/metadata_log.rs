//! The log of the metadata: what a start makes of it, whatever a crash left.

use std::rc::Rc;

use corelog_broker::controller::{ControllerLink as _, METADATA_PARTITION};
use corelog_broker::metadata;
use corelog_controller::{ControllerRequest, TopicReference};
use corelog_metadata::{MetadataRecord, begin_transaction, encode};
use corelog_model::{BrokerId, Offset};
use corelog_protocol::messages::client_quota_record::ClientQuotaRecord;
use corelog_protocol::messages::remove_topic_record::RemoveTopicRecord;
use corelog_records::{BatchOptions, NewRecord, RecordBatchBuilder};
use corelog_storage::{AppendOptions, AppendOrigin, LogOffsets, PartitionLog};

use crate::support::{Broker, TOPIC, with_broker};

fn log(broker: &Broker) -> Rc<PartitionLog> {
    broker
        .shard
        .partitions
        .storage()
        .partition(&METADATA_PARTITION)
        .expect("it is there")
}

fn offsets(broker: &Broker) -> LogOffsets {
    log(broker).offsets()
}

/// What a start now would make of the log is what is in force.
async fn check_replay(broker: &Broker) {
    let replayed = metadata::embedded(&broker.shard).await.expect("the log is read");
    assert!(
        *replayed.image() == *broker.shard.metadata.image(),
        "a replay gives another image"
    );
}

fn allocate_producer_ids() -> ControllerRequest {
    ControllerRequest::AllocateProducerIds {
        broker: BrokerId::new(1),
    }
}

async fn set(broker: &Broker, value: &str) {
    let configs = [("leader.replication.throttled.replicas", value)];
    broker
        .change(ControllerRequest::ReplaceTopicConfigs {
            topic: TOPIC.to_owned(),
            configs: configs.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        })
        .await;
}

#[test]
fn a_snapshot_takes_the_place_of_what_came_before_it() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 3, &[("retention.ms", "1000")]).await;
        broker.create("gone", 2, &[]).await;
        let delete = ControllerRequest::DeleteTopic {
            topic: TopicReference::Name("gone".to_owned()),
        };
        broker.change(delete).await;
        broker.change(allocate_producer_ids()).await;
        let controller = metadata::embedded(&broker.shard).await.expect("the log is read");
        check_replay(&broker).await;

        // A crash here leaves commands and the snapshot behind them.
        let first = controller
            .log()
            .append_snapshot(&broker.shard.metadata.image())
            .await
            .expect("a snapshot");
        assert_eq!(offsets(&broker).log_start, Offset::ZERO);
        check_replay(&broker).await;
        // The next start finds it and goes on without having moved the log's start.
        set(&broker, "1:1").await;
        check_replay(&broker).await;

        controller
            .log()
            .shorten(&broker.shard.metadata.image())
            .await
            .expect("a shorter log");
        assert!(offsets(&broker).log_start > first);
        let held = (offsets(&broker).log_end - offsets(&broker).log_start).get();
        // The bounds of the transaction, a level, a broker, a topic with a setting and three partitions, producer ids.
        assert_eq!(held, 2 + 1 + 1 + 1 + 1 + 3 + 1);
        check_replay(&broker).await;
        set(&broker, "2:1").await;
        broker.change(allocate_producer_ids()).await;
        check_replay(&broker).await;
    });
}

#[test]
fn the_log_does_not_grow_with_the_number_of_changes() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let value = vec!["1234567:1"; 3000].join(",");
        let mut shortened = 0;
        let mut start = offsets(&broker).log_start;
        for change in 0..120 {
            set(&broker, &format!("{value},{change}:1")).await;
            if offsets(&broker).log_start > start {
                start = offsets(&broker).log_start;
                shortened += 1;
                check_replay(&broker).await;
            }
            let held = offsets(&broker).log_end.get() - start.get();
            // Seven of them are the snapshot, without the setting that is changed.
            assert!(held <= 46, "{held} entries of 30 KB");
        }
        assert!(shortened >= 3, "{shortened}");
    });
}

#[test]
fn a_change_of_many_records_is_a_transaction() {
    with_broker(|broker| async move {
        let value = vec!["1234567:1"; 3000].join(",");
        let names: Vec<String> = (0..20).map(|number| format!("topic-{number}")).collect();
        for name in &names {
            broker.create(name, 1, &[]).await;
        }
        let before = offsets(&broker).log_end;
        let requests = names.iter().map(|name| ControllerRequest::ReplaceTopicConfigs {
            topic: name.clone(),
            configs: [("leader.replication.throttled.replicas".to_owned(), value.clone())].into(),
        });
        for result in metadata::change(&broker.shard.controller, requests.collect(), false).await {
            result.expect("the change is made");
        }
        let appended = (offsets(&broker).log_end - before).get();
        assert_eq!(
            appended,
            20 + 2,
            "a setting each, and the bounds of the transaction"
        );
        check_replay(&broker).await;
    });
}

/// Appends records as a crash may leave them.
async fn append_raw(broker: &Broker, records: &[MetadataRecord]) {
    let mut builder = RecordBatchBuilder::new(BatchOptions::default());
    for record in records {
        let value = encode(record).expect("a record");
        let record = NewRecord {
            timestamp: broker.shard.handle.clock.wall(),
            key: None,
            value: Some(&value),
            headers: &[],
        };
        builder.append(&record).expect("room");
    }
    let batch = builder.build().expect("a batch");
    let options = AppendOptions {
        origin: AppendOrigin::Internal,
    };
    log(broker)
        .append(vec![batch], options)
        .await
        .expect("it is stored");
}

#[test]
fn a_transaction_that_a_crash_cut_short_has_not_been() {
    with_broker(|broker| async move {
        let topic_id = broker.create(TOPIC, 2, &[]).await;
        let remove = RemoveTopicRecord { topic_id };
        append_raw(&broker, &[begin_transaction("change"), remove.into()]).await;
        check_replay(&broker).await;
        // What is appended next is no part of it.
        let next_start = metadata::embedded(&broker.shard).await.expect("the log is read");
        let end = offsets(&broker).log_end;
        let granted = Rc::clone(&next_start).allocate_producer_ids().await;
        granted.expect("the next start goes on");
        assert_eq!(
            (offsets(&broker).log_end - end).get(),
            2,
            "an end of the transaction, and ids"
        );
        let replayed = metadata::embedded(&broker.shard).await.expect("the log is read");
        assert!(*replayed.image() == *next_start.image());
        assert!(replayed.image().topic(TOPIC).is_some());
    });
}

#[test]
fn a_record_that_is_not_known_stops_the_start() {
    with_broker(|broker| async move {
        let quota = ClientQuotaRecord {
            key: "producer_byte_rate".to_owned(),
            ..Default::default()
        };
        append_raw(&broker, &[quota.into()]).await;
        let Err(error) = metadata::embedded(&broker.shard).await else {
            panic!("a quota is not dropped");
        };
        assert!(error.to_string().contains("ClientQuotaRecord"), "{error}");
    });
}
