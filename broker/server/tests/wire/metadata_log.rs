//! The log of the metadata: what a start makes of it, whatever a crash left.

use std::rc::Rc;

use corelog_broker::controller::METADATA_PARTITION;
use corelog_broker::metadata;
use corelog_metadata::controller::{ControllerRequest, TopicReference};
use corelog_model::Offset;
use corelog_storage::{LogOffsets, PartitionLog};

use crate::support::{Broker, TOPIC, with_broker};

fn log(broker: &Broker) -> Rc<PartitionLog> {
    broker
        .shard
        .storage
        .partition(&METADATA_PARTITION)
        .expect("it is there")
}

fn offsets(broker: &Broker) -> LogOffsets {
    log(broker).offsets()
}

/// What a start now would make of the log is what is in force.
async fn check_replay(broker: &Broker) {
    let (_, image) = metadata::load(&broker.shard).await.expect("the log is read");
    assert!(image == *broker.shard.image(), "a replay gives another image");
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
        broker.change(ControllerRequest::AllocateProducerIds).await;
        let shell = broker.shard.controller().expect("loaded");
        check_replay(&broker).await;

        // A crash here leaves commands and the snapshot behind them.
        let first = shell
            .log
            .append_snapshot(&broker.shard.image())
            .await
            .expect("a snapshot");
        assert_eq!(offsets(&broker).log_start, Offset::ZERO);
        check_replay(&broker).await;
        // The next start finds it and goes on without having moved the log's start.
        set(&broker, "1:1").await;
        check_replay(&broker).await;

        shell
            .log
            .shorten(&broker.shard.image())
            .await
            .expect("a shorter log");
        assert!(offsets(&broker).log_start > first);
        assert_eq!(offsets(&broker).log_start.next(), offsets(&broker).log_end);
        check_replay(&broker).await;
        set(&broker, "2:1").await;
        broker.change(ControllerRequest::AllocateProducerIds).await;
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
            assert!(held <= 40, "{held} entries of 30 KB");
        }
        assert!(shortened >= 3, "{shortened}");
    });
}
