//! What records do to the image, and what two images differ in.

mod common;

use std::sync::Arc;

use common::{
    BROKER, DIRECTORY, create, grow, image, name, partition_record, producer_ids, register, reign, remove,
    set_broker, set_topic, topic, topic_id,
};
use corelog_metadata::{
    ApplyError, ImageDelta, METADATA_VERSION, METADATA_VERSION_LEVEL, MetadataImage, MetadataRecord,
    feature_level,
};
use corelog_model::{
    BrokerEpoch, BrokerId, DirectoryId, PartitionId, PartitionIndex, ProducerId, TopicId, TopicNameError,
};
use corelog_protocol::messages;
use corelog_protocol::messages::broker_registration_change_record::BrokerRegistrationChangeRecord;
use corelog_protocol::messages::config_record::ConfigRecord;
use corelog_protocol::messages::fence_broker_record::FenceBrokerRecord;
use corelog_protocol::messages::partition_change_record::PartitionChangeRecord;
use corelog_protocol::messages::register_broker_record::RegisterBrokerRecord;
use corelog_protocol::messages::unfence_broker_record::UnfenceBrokerRecord;
use corelog_protocol::messages::unregister_broker_record::UnregisterBrokerRecord;

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
fn a_set_leader_begins_a_reign_and_every_change_counts() {
    let shrink = PartitionChangeRecord {
        partition_id: 1,
        topic_id: topic_id(2),
        isr: Some(vec![1]),
        ..Default::default()
    };
    let two = [
        topic(2, "other"),
        partition_record(2, 0, &[2, 1]).into(),
        partition_record(2, 1, &[1, 2]).into(),
    ];
    let before = image(&[vec![register(2, 2)], create(1, "one", 2), two.to_vec()]);
    let epochs = |image: &MetadataImage| {
        [partition(1, 0), partition(2, 0), partition(2, 1)].map(|id| {
            let partition = image.partition(id).unwrap();
            (partition.leader_epoch.get(), partition.partition_epoch.get())
        })
    };
    assert_eq!(epochs(&before), [(0, 0); 3]);
    let after = before
        .apply(&[reign(1, 0, 1), reign(2, 0, 1), shrink.into()])
        .unwrap();
    assert_eq!(epochs(&after), [(1, 1), (1, 1), (0, 1)]);
    assert_eq!(after.partition(partition(2, 0)).unwrap().leader, BROKER);
    let shrunk = after.partition(partition(2, 1)).unwrap();
    assert_eq!(
        (&*shrunk.in_sync_replicas, shrunk.replicas.len()),
        (&[BROKER][..], 2)
    );
    assert_eq!(
        after.changes_since(&before),
        ImageDelta {
            changed_partitions: sorted_like(&after, &[partition(1, 0), partition(2, 0), partition(2, 1)]),
            ..ImageDelta::default()
        }
    );
}

#[test]
fn a_broker_registers_is_fenced_and_goes() {
    let broker = |image: &MetadataImage| image.broker(BROKER).map(|broker| broker.is_fenced);
    let first = image(&[]);
    assert_eq!(broker(&first), Some(true));
    let registered = first.broker(BROKER).unwrap();
    let [endpoint] = &registered.endpoints[..] else {
        panic!("{registered:?}")
    };
    assert_eq!((endpoint.host.as_str(), endpoint.port), ("broker.example", 9092));
    assert_eq!(registered.epoch, BrokerEpoch::new(1));
    assert_eq!(registered.log_dirs, [DirectoryId::new(DIRECTORY.get())]);
    let unfence = |epoch| UnfenceBrokerRecord { id: 1, epoch }.into();
    let fence = |epoch| FenceBrokerRecord { id: 1, epoch }.into();
    let change = |fenced, in_controlled_shutdown| {
        let record = BrokerRegistrationChangeRecord {
            broker_id: 1,
            broker_epoch: 1,
            fenced,
            in_controlled_shutdown,
            ..Default::default()
        };
        record.into()
    };
    let after = |records: &[MetadataRecord]| first.apply(records).unwrap();
    assert_eq!(broker(&after(&[unfence(1)])), Some(false));
    assert_eq!(broker(&after(&[unfence(1), fence(1)])), Some(true));
    assert_eq!(broker(&after(&[change(-1, 0)])), Some(false));
    assert_eq!(broker(&after(&[change(-1, 0), change(0, 1)])), Some(false));
    assert_eq!(broker(&after(&[change(-1, 0), change(1, 0)])), Some(true));
    let stopping = after(&[change(0, 1)]);
    assert!(stopping.broker(BROKER).unwrap().is_shutting_down);
    assert_eq!(
        stopping.changes_since(&first).changed_brokers,
        [BROKER],
        "which a shard may act on"
    );
    let gone = |broker_epoch| {
        let record = UnregisterBrokerRecord {
            broker_id: 1,
            broker_epoch,
        };
        record.into()
    };
    assert_eq!(broker(&after(&[gone(1)])), None);
    for stale in [unfence(2), fence(0), gone(3)] {
        let error = first.apply(&[stale]).unwrap_err();
        assert!(matches!(error, ApplyError::BrokerEpoch { .. }), "{error}");
    }
    let unknown = first.apply(&[gone(1), unfence(1)]);
    assert_eq!(unknown, Err(ApplyError::UnknownBroker(BROKER)));
}

/// `ids` in the order in which the image holds their topics.
fn sorted_like(image: &MetadataImage, ids: &[PartitionId]) -> Vec<PartitionId> {
    let of = |topic: TopicId| ids.iter().filter(move |id| id.topic == topic).copied();
    image.topics().flat_map(|topic| of(topic.id)).collect()
}

#[test]
fn records_that_do_not_fit_are_refused() {
    let before = image(&[create(1, "a.b", 2), create(2, "plain", 1)]);
    let check = |record: MetadataRecord, expected: ApplyError| {
        let applied = before.apply(std::slice::from_ref(&record));
        assert_eq!(applied, Err(expected), "{record:?}");
    };
    let collides = |new: &str, existing: &str| ApplyError::TopicName {
        name: name(new),
        existing: name(existing),
    };
    check(topic(0, "new"), ApplyError::TopicId(TopicId::ZERO));
    check(topic(1, "new"), ApplyError::TopicId(topic_id(1)));
    check(topic(3, "plain"), collides("plain", "plain"));
    check(topic(3, "a_b"), collides("a_b", "a.b"));
    check(topic(3, ""), ApplyError::InvalidTopicName(TopicNameError::Empty));
    check(remove(3), ApplyError::UnknownTopic(topic_id(3)));
    check(
        partition_record(3, 0, &[1]).into(),
        ApplyError::UnknownTopic(topic_id(3)),
    );
    check(reign(3, 0, 1), ApplyError::UnknownTopic(topic_id(3)));
    let index = |index| ApplyError::PartitionIndex {
        topic: topic_id(1),
        count: 2,
        index,
    };
    for wrong in [-1, 0, 1, 3] {
        check(partition_record(1, wrong, &[1]).into(), index(wrong));
    }
    for wrong in [-1, 2] {
        check(reign(1, wrong, 1), index(wrong));
    }
    for replicas in [&[][..], &[1, 1]] {
        let applied = before.apply(&[partition_record(1, 2, replicas).into()]);
        assert!(matches!(applied, Err(ApplyError::Replicas { .. })), "{applied:?}");
    }
    let applied = before.apply(&[reign(1, 0, 9)]);
    assert!(matches!(applied, Err(ApplyError::Replicas { .. })), "{applied:?}");
    let mut elsewhere = partition_record(1, 2, &[1]);
    elsewhere.directories.push(DIRECTORY);
    let applied = before.apply(&[elsewhere.into()]);
    assert!(
        matches!(applied, Err(ApplyError::Directories { .. })),
        "{applied:?}"
    );
    let set = |resource_type, resource_name: &str| {
        let record = ConfigRecord {
            resource_type,
            resource_name: resource_name.to_owned(),
            name: "k".to_owned(),
            value: Some("v".to_owned()),
        };
        record.into()
    };
    check(set(2, "t"), ApplyError::UnknownTopicName("t".to_owned()));
    for (kind, resource) in [(4, "one"), (16, "metrics"), (32, "group")] {
        let expected = ApplyError::Resource {
            kind,
            name: resource.to_owned(),
            key: "k".to_owned(),
        };
        check(set(kind, resource), expected);
    }
    for found in [-1, 0] {
        let expected = ApplyError::ProducerIds {
            next: ProducerId::new(0),
            found: ProducerId::new(found),
        };
        check(producer_ids(found), expected);
    }
    let feature = |name: &str, level| {
        let record = messages::feature_level_record::FeatureLevelRecord {
            name: name.to_owned(),
            feature_level: level,
        };
        record.into()
    };
    for (name, level) in [
        (METADATA_VERSION, METADATA_VERSION_LEVEL + 1),
        (METADATA_VERSION, 0),
        ("group.version", 1),
    ] {
        let expected = ApplyError::Feature {
            name: name.to_owned(),
            level,
        };
        check(feature(name, level), expected);
    }
    assert!(before.apply(&[feature("group.version", 0)]).is_ok());
    let level = before.apply(&[feature_level(METADATA_VERSION_LEVEL)]).unwrap();
    assert_eq!(level.feature(METADATA_VERSION), Some(METADATA_VERSION_LEVEL));
}

#[test]
fn what_the_image_has_no_place_for_is_refused() {
    let before = image(&[create(1, "t", 1)]);
    let check = |record: MetadataRecord| {
        let applied = before.apply(std::slice::from_ref(&record));
        assert!(
            matches!(applied, Err(ApplyError::Unsupported(_))),
            "{record:?}: {applied:?}"
        );
    };
    let partition = |change: fn(&mut messages::partition_record::PartitionRecord)| {
        let mut record = partition_record(1, 1, &[1]);
        change(&mut record);
        record.into()
    };
    check(partition(|record| record.adding_replicas = vec![2]));
    check(partition(|record| record.removing_replicas = vec![1]));
    check(partition(|record| record.leader_recovery_state = 1));
    check(partition(|record| {
        record.eligible_leader_replicas = Some(vec![2])
    }));
    check(partition(|record| record.last_known_elr = Some(vec![2])));
    let change = |change: fn(&mut PartitionChangeRecord)| {
        let mut record = PartitionChangeRecord {
            partition_id: 0,
            topic_id: topic_id(1),
            ..Default::default()
        };
        change(&mut record);
        record.into()
    };
    check(change(|record| record.adding_replicas = Some(vec![2])));
    check(change(|record| record.leader_recovery_state = 1));
    check(change(|record| record.eligible_leader_replicas = Some(vec![1])));
    let register = |change: fn(&mut RegisterBrokerRecord)| {
        let mut record = RegisterBrokerRecord::default();
        change(&mut record);
        record.into()
    };
    check(register(|record| record.is_migrating_zk_broker = true));
    check(register(|record| {
        record.cordoned_log_dirs = Some(vec![DIRECTORY])
    }));
    check(messages::client_quota_record::ClientQuotaRecord::default().into());
    check(messages::access_control_entry_record::AccessControlEntryRecord::default().into());
    check(messages::user_scram_credential_record::UserScramCredentialRecord::default().into());
    check(messages::delegation_token_record::DelegationTokenRecord::default().into());
    check(messages::register_controller_record::RegisterControllerRecord::default().into());
    for nothing in [
        messages::no_op_record::NoOpRecord::default().into(),
        messages::clear_elr_record::ClearElrRecord::default().into(),
        messages::zk_migration_state_record::ZkMigrationStateRecord::default().into(),
    ] {
        assert_eq!(before.apply(&[nothing]).as_ref(), Ok(&before));
    }
}

#[test]
fn a_deleted_name_is_free_again() {
    let before = image(&[create(1, "a.b", 2)]);
    let deleted = before.apply(&[remove(1)]).unwrap();
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
    let check = |records: &[Vec<MetadataRecord>], expected: &dyn Fn(&MetadataImage) -> ImageDelta| {
        let after = before.apply(&records.concat()).unwrap();
        assert_eq!(after.changes_since(&before), expected(&after), "{records:?}");
    };
    check(&[], &|_| ImageDelta::default());
    check(&[grow(1, 1, 2)], &|_| ImageDelta {
        created_partitions: vec![partition(1, 1), partition(1, 2)],
        ..ImageDelta::default()
    });
    check(&[set_topic("two", &[("k", "v")])], &|after| ImageDelta {
        reconfigured_topics: vec![after.topic("two").unwrap().clone()],
        ..ImageDelta::default()
    });
    let unset = |resource_type, resource_name: &str| {
        let record = ConfigRecord {
            resource_type,
            resource_name: resource_name.to_owned(),
            name: "k".to_owned(),
            value: None,
        };
        vec![record.into()]
    };
    check(&[set_topic("two", &[("k", "v")]), unset(2, "two")], &|_| {
        ImageDelta::default()
    });
    let both = [
        set_broker(None, &[("k", "v")]),
        set_broker(Some(BROKER), &[("k", "w")]),
    ];
    check(&both, &|_| ImageDelta {
        reconfigured_brokers: vec![None, Some(BROKER)],
        ..ImageDelta::default()
    });
    check(&[set_broker(None, &[("k", "v")]), unset(4, "")], &|after| {
        assert_eq!(after.broker_configs(None), None);
        ImageDelta::default()
    });
    check(&[vec![register(2, 1)]], &|_| ImageDelta {
        changed_brokers: vec![BrokerId::new(2)],
        ..ImageDelta::default()
    });
    check(&[create(3, "three", 1)], &|after| ImageDelta {
        created_topics: vec![after.topic("three").unwrap().clone()],
        created_partitions: vec![partition(3, 0)],
        ..ImageDelta::default()
    });
    // The settings go with the topic: one of the same name has none of them.
    let again = [
        set_topic("two", &[("k", "v")]),
        vec![remove(2)],
        create(4, "two", 1),
    ];
    check(&again, &|after| {
        assert!(after.topic("two").unwrap().configs.is_empty());
        ImageDelta {
            deleted_topics: vec![before.topic("two").unwrap().clone()],
            deleted_partitions: vec![partition(2, 0)],
            created_topics: vec![after.topic("two").unwrap().clone()],
            created_partitions: vec![partition(4, 0)],
            ..ImageDelta::default()
        }
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
    assert!(Arc::ptr_eq(
        &new.partitions[0].directories,
        &new.partitions[2].directories
    ));
}

#[test]
fn producer_ids_go_on_where_they_stopped() {
    let image = image(&[vec![producer_ids(1000), producer_ids(1007)]]);
    assert_eq!(image.next_producer_id(), ProducerId::new(1007));
    assert_eq!(image.cluster_id(), "cluster");
}
