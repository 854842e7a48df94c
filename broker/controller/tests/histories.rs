//! Whatever is asked, in whatever order: the records that are decided replay to the image that they led to, from the log's
//! beginning and from a snapshot alike.

mod common;

use bytes::Bytes;
use common::{controller, new_topic, registration};
use corelog_controller::{
    BrokerHeartbeat, ConfigChange, ConfigOperation, ControllerRequest, NewTopic, TopicReference,
};
use corelog_metadata::{Configs, MetadataImage, Replay, encode, snapshot_records};
use corelog_model::{BrokerEpoch, BrokerId, Offset};
use proptest::prelude::*;

fn small_configs() -> impl Strategy<Value = Configs> {
    proptest::collection::btree_map("k[a-c]", "[a-z]{0,3}", 0..3)
}

fn topic() -> impl Strategy<Value = String> {
    // Few names, so that requests meet each other's topics; two of them collide.
    let names = prop_oneof![
        Just("a.b"),
        Just("a_b"),
        Just("c"),
        Just("d"),
        Just("__consumer_offsets")
    ];
    names.prop_map(str::to_owned)
}

/// A request; a heartbeat is of the broker's latest registration.
fn request() -> impl Strategy<Value = ControllerRequest> {
    let broker = || 0..3i32;
    let change = ("k[a-c]", "[a-z]{0,3}", any::<bool>()).prop_map(|(key, value, is_set)| ConfigChange {
        key,
        operation: if is_set {
            ConfigOperation::Set(value)
        } else {
            ConfigOperation::Delete
        },
    });
    prop_oneof![
        (broker(), 0..3u128)
            .prop_map(|(id, start)| ControllerRequest::RegisterBroker(registration(id, start))),
        broker().prop_map(|id| {
            let epoch = BrokerEpoch::new(-1);
            let id = BrokerId::new(id);
            ControllerRequest::BrokerHeartbeat(BrokerHeartbeat { id, epoch })
        }),
        (topic(), -1..5i32, -1..3i16, small_configs()).prop_map(
            |(name, partition_count, replication_factor, configs)| {
                ControllerRequest::CreateTopic(NewTopic {
                    partition_count,
                    replication_factor,
                    configs,
                    ..new_topic(&name)
                })
            }
        ),
        topic().prop_map(|name| ControllerRequest::DeleteTopic {
            topic: TopicReference::Name(name),
        }),
        (topic(), 0..8i32).prop_map(|(topic, count)| ControllerRequest::CreatePartitions {
            topic,
            count,
            assignments: None,
        }),
        (topic(), small_configs())
            .prop_map(|(topic, configs)| ControllerRequest::ReplaceTopicConfigs { topic, configs }),
        (topic(), proptest::collection::vec(change, 0..3))
            .prop_map(|(topic, changes)| ControllerRequest::AlterTopicConfigs { topic, changes }),
        (proptest::option::of(broker()), small_configs()).prop_map(|(broker, configs)| {
            ControllerRequest::ReplaceBrokerConfigs {
                broker: broker.map(BrokerId::new),
                configs,
            }
        }),
        broker().prop_map(|id| {
            let broker = BrokerId::new(id);
            ControllerRequest::AllocateProducerIds { broker }
        }),
    ]
}

fn replayed(values: &[Bytes]) -> MetadataImage {
    let mut replay = Replay::new("cluster");
    for (offset, value) in (0..).zip(values) {
        replay.next(Offset::new(offset).unwrap(), value.clone()).unwrap();
    }
    replay.finish().image
}

proptest! {
    #[test]
    fn whatever_the_controller_decides_replays_to_the_same_image(
        requests in proptest::collection::vec(request(), 0..60),
        mut seed: u64,
    ) {
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            seed
        };
        let mut image = MetadataImage::new("cluster");
        let mut log = Vec::new();
        let mut checkpoint = (image.clone(), 0);
        for (at, mut request) in requests.into_iter().enumerate() {
            if at == 30 {
                checkpoint = (image.clone(), log.len());
            }
            if let ControllerRequest::BrokerHeartbeat(heartbeat) = &mut request
                && let Some(broker) = image.broker(heartbeat.id)
            {
                heartbeat.epoch = broker.epoch;
            }
            let offset = Offset::new(i64::try_from(log.len()).unwrap()).unwrap();
            if let Ok(decision) = controller().handle(&request, &image, offset, &mut random) {
                image = image.apply(&decision.records).expect("a decision fits the image that it was made on");
                log.extend(decision.records.iter().map(|record| encode(record).unwrap()));
            }
        }
        let snapshot: Vec<Bytes> = snapshot_records(&checkpoint.0).map(|record| encode(&record).unwrap()).collect();
        prop_assert_eq!(&replayed(&snapshot), &checkpoint.0);
        prop_assert_eq!(&replayed(&log), &image);
        let (before, behind) = log.split_at(checkpoint.1);
        prop_assert_eq!(&replayed(&[&snapshot, behind].concat()), &image);
        prop_assert_eq!(&replayed(&[before, &snapshot, behind].concat()), &image);

        let partitions: usize = image.topics().map(|topic| topic.partitions.len()).sum();
        prop_assert_eq!(image.partition_count(), partitions);
        prop_assert_eq!(image.topics().count(), image.topic_count());
        for topic in image.topics() {
            prop_assert_eq!(image.topic(topic.name.as_str()), Some(topic));
            prop_assert_eq!(image.topic_by_id(topic.id), Some(topic));
            prop_assert!(!topic.partitions.is_empty());
            for id in topic.partition_ids() {
                let partition = image.partition(id).unwrap();
                prop_assert_eq!(partition.index, id.index);
                prop_assert!(partition.in_sync_replicas.contains(&partition.leader));
                prop_assert!(partition.in_sync_replicas.iter().all(|id| partition.replicas.contains(id)));
                prop_assert_eq!(partition.directories.len(), partition.replicas.len());
            }
        }
        let delta = image.changes_since(&checkpoint.0);
        let topics = image.topic_count() + delta.deleted_topics.len() - delta.created_topics.len();
        prop_assert_eq!(topics, checkpoint.0.topic_count());
        let partitions = image.partition_count() + delta.deleted_partitions.len() - delta.created_partitions.len();
        prop_assert_eq!(partitions, checkpoint.0.partition_count());
    }
}
