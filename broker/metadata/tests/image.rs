//! What commands do to the image, and what two images differ in.

mod common;

use std::sync::Arc;

use common::{BROKER, configs, create, grow, image, name, register, topic_id};
use corelog_metadata::{ApplyError, Command, ImageDelta, MetadataImage};
use corelog_model::{BrokerId, PartitionId, PartitionIndex, ProducerId, TopicId};

fn partition(topic: u8, index: i32) -> PartitionId {
    PartitionId {
        topic: topic_id(topic),
        index: PartitionIndex::new(index),
    }
}

#[test]
fn a_topic_is_found_by_name_and_by_id() {
    let image = image(&[create(7, "events", 2), create(8, "__consumer_offsets", 50)]);
    let topic = image.topic("events").unwrap();
    assert!(Arc::ptr_eq(topic, image.topic_by_id(topic_id(7)).unwrap()));
    assert!(!topic.is_internal());
    assert!(image.topic("__consumer_offsets").unwrap().is_internal());
    assert_eq!(image.topic("Events"), None);
    assert_eq!((image.topic_count(), image.partition_count()), (2, 52));
    assert_eq!(image.topics().count(), 2);

    let second = image.partition(partition(7, 1)).unwrap();
    assert_eq!((second.leader, second.index.get()), (BROKER, 1));
    assert_eq!((second.leader_epoch.get(), second.partition_epoch.get()), (0, 0));
    assert_eq!(
        (&*second.replicas, &*second.in_sync_replicas),
        (&[BROKER][..], &[BROKER][..])
    );
    for nowhere in [partition(7, 2), partition(7, -1), partition(9, 0)] {
        assert_eq!(image.partition(nowhere), None);
    }
}

#[test]
fn a_restart_begins_a_reign_and_a_new_address_does_not() {
    let two_brokers = [
        register(2, 1),
        create(1, "one", 2),
        Command::CreateTopic {
            id: topic_id(2),
            name: name("other"),
            assignments: vec![vec![BrokerId::new(2), BROKER], vec![BROKER, BrokerId::new(2)]],
            configs: configs(&[]),
        },
    ];
    let before = image(&two_brokers);
    let epochs = |image: &MetadataImage| {
        [partition(1, 0), partition(1, 1), partition(2, 0), partition(2, 1)].map(|id| {
            let partition = image.partition(id).unwrap();
            assert_eq!(partition.leader_epoch.get(), partition.partition_epoch.get());
            partition.leader_epoch.get()
        })
    };
    assert_eq!(epochs(&before), [0, 0, 0, 0]);
    let restarted = before.apply(&register(1, 2)).unwrap();
    assert_eq!(
        epochs(&restarted),
        [1, 1, 0, 1],
        "the partition that broker 2 leads is left alone"
    );
    assert_eq!(epochs(&restarted.apply(&register(1, 2)).unwrap()), [1, 1, 0, 1]);
    assert_eq!(
        restarted.changes_since(&before),
        ImageDelta {
            changed_partitions: sorted_like(&restarted, &[partition(1, 0), partition(1, 1), partition(2, 1)]),
            changed_brokers: vec![BROKER],
            ..ImageDelta::default()
        }
    );
}

/// `ids` in the order in which the image holds their topics.
fn sorted_like(image: &MetadataImage, ids: &[PartitionId]) -> Vec<PartitionId> {
    let of = |topic: TopicId| ids.iter().filter(move |id| id.topic == topic).copied();
    image.topics().flat_map(|topic| of(topic.id)).collect()
}

#[test]
fn commands_that_do_not_fit_change_nothing() {
    let check = |command: &Command, expected: ApplyError| {
        let mut image = image(&[create(1, "a.b", 2), create(2, "plain", 1)]);
        let before = image.clone();
        assert_eq!(image.apply_in_place(command), Err(expected), "{command:?}");
        assert_eq!(image, before);
    };
    let collides = |new: &str, existing: &str| ApplyError::TopicName {
        name: name(new),
        existing: name(existing),
    };
    let create_with = |assignments: Vec<Vec<BrokerId>>| Command::CreateTopic {
        id: topic_id(3),
        name: name("new"),
        assignments,
        configs: configs(&[]),
    };
    let replicas = |index, replicas| ApplyError::Replicas {
        index: PartitionIndex::new(index),
        replicas,
    };
    let stranger = BrokerId::new(9);
    check(&create(0, "new", 1), ApplyError::TopicId(TopicId::ZERO));
    check(&create(1, "new", 1), ApplyError::TopicId(topic_id(1)));
    check(&create(3, "plain", 1), collides("plain", "plain"));
    check(&create(3, "a_b", 1), collides("a_b", "a.b"));
    check(&create(3, "new", 0), replicas(0, vec![]));
    check(&create_with(vec![vec![BROKER], vec![]]), replicas(1, vec![]));
    check(&create_with(vec![vec![BROKER; 2]]), replicas(0, vec![BROKER; 2]));
    check(
        &create_with(vec![vec![stranger]]),
        ApplyError::UnknownBroker(stranger),
    );
    check(
        &Command::DeleteTopic { id: topic_id(3) },
        ApplyError::UnknownTopic(topic_id(3)),
    );
    check(&grow(3, 1, 1), ApplyError::UnknownTopic(topic_id(3)));
    check(&grow(1, 2, 0), replicas(2, vec![]));
    for first in [-1, 1, 3] {
        let expected = ApplyError::PartitionIndex {
            topic: topic_id(1),
            count: 2,
            first: PartitionIndex::new(first),
        };
        check(&grow(1, first, 1), expected);
    }
    let set = Command::SetTopicConfigs {
        id: topic_id(3),
        configs: configs(&[]),
    };
    check(&set, ApplyError::UnknownTopic(topic_id(3)));
    let set = Command::SetBrokerConfigs {
        broker: Some(stranger),
        configs: configs(&[]),
    };
    check(&set, ApplyError::UnknownBroker(stranger));
    for (start, count) in [(0, 0), (1, 1000), (-1, 1000)] {
        let block_start = ProducerId::new(start);
        let expected = ApplyError::ProducerIds {
            next: ProducerId::new(0),
            block_start,
            count,
        };
        check(&Command::AllocateProducerIds { block_start, count }, expected);
    }
}

#[test]
fn a_deleted_name_is_free_again() {
    let before = image(&[create(1, "a.b", 2)]);
    let deleted = before.apply(&Command::DeleteTopic { id: topic_id(1) }).unwrap();
    assert_eq!((deleted.topic_count(), deleted.partition_count()), (0, 0));
    let delta = deleted.changes_since(&before);
    assert_eq!(delta.deleted_partitions, [partition(1, 0), partition(1, 1)]);
    assert_eq!(delta.deleted_topics[0].name, name("a.b"));

    let again = deleted.apply(&create(2, "a_b", 1)).unwrap();
    assert_eq!(again.colliding_topic(&name("a.b")), Some(&name("a_b")));
    let delta = again.changes_since(&before);
    assert_eq!(delta.created_partitions, [partition(2, 0)]);
    assert_eq!(
        delta.deleted_topics.len(),
        1,
        "another topic, though the name be the same"
    );
}

#[test]
fn differences() {
    let before = image(&[create(1, "one", 1), create(2, "two", 1)]);
    let check = |commands: &[Command], expected: &dyn Fn(&MetadataImage) -> ImageDelta| {
        let mut after = before.clone();
        for command in commands {
            after.apply_in_place(command).unwrap();
        }
        assert_eq!(after.changes_since(&before), expected(&after), "{commands:?}");
    };
    check(&[], &|_| ImageDelta::default());
    check(&[grow(1, 1, 2)], &|_| ImageDelta {
        created_partitions: vec![partition(1, 1), partition(1, 2)],
        ..ImageDelta::default()
    });
    let set = |id, pairs| Command::SetTopicConfigs {
        id: topic_id(id),
        configs: configs(pairs),
    };
    check(&[set(2, &[("k", "v")])], &|after| ImageDelta {
        reconfigured_topics: vec![after.topic("two").unwrap().clone()],
        ..ImageDelta::default()
    });
    check(&[set(2, &[("k", "v")]), set(2, &[])], &|_| ImageDelta::default());
    let set_broker = |broker, pairs| Command::SetBrokerConfigs {
        broker,
        configs: configs(pairs),
    };
    let both = [
        set_broker(None, &[("k", "v")]),
        set_broker(Some(BROKER), &[("k", "w")]),
    ];
    check(&both, &|_| ImageDelta {
        reconfigured_brokers: vec![None, Some(BROKER)],
        ..ImageDelta::default()
    });
    check(
        &[set_broker(None, &[("k", "v")]), set_broker(None, &[])],
        &|after| {
            assert_eq!(after.broker_configs(None), None);
            ImageDelta::default()
        },
    );
    check(&[register(2, 1)], &|_| ImageDelta {
        changed_brokers: vec![BrokerId::new(2)],
        ..ImageDelta::default()
    });
    check(&[create(3, "three", 1)], &|after| ImageDelta {
        created_topics: vec![after.topic("three").unwrap().clone()],
        created_partitions: vec![partition(3, 0)],
        ..ImageDelta::default()
    });
}

#[test]
fn what_did_not_change_is_shared() {
    let topics: Vec<_> = (1..=100)
        .map(|id| create(id, &format!("topic-{id}"), 3))
        .collect();
    let before = image(&topics);
    let grown = before.apply(&grow(5, 3, 1)).unwrap();
    for topic in before.topics() {
        let same = Arc::ptr_eq(topic, grown.topic_by_id(topic.id).unwrap());
        assert_eq!(same, topic.id != topic_id(5), "{}", topic.name);
    }
    let old = before.topic_by_id(topic_id(5)).unwrap();
    let new = grown.topic_by_id(topic_id(5)).unwrap();
    assert!(Arc::ptr_eq(&old.configs, &new.configs));
    assert!(Arc::ptr_eq(
        &new.partitions[0].replicas,
        &new.partitions[2].in_sync_replicas
    ));
}

#[test]
fn producer_ids_go_on_where_they_stopped() {
    let block = |start, count| Command::AllocateProducerIds {
        block_start: ProducerId::new(start),
        count,
    };
    let image = image(&[block(0, 1000), block(1000, 7)]);
    assert_eq!(image.next_producer_id(), ProducerId::new(1007));
    assert_eq!(image.commands_applied(), 3);
    assert_eq!(image.cluster_id(), "cluster");
}
