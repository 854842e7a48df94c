//! The controller's decisions, one table a request.

mod common;

use common::{
    BROKER, DIRECTORY, Rules, ask, configs, controller, create, created, decide_at, image, name, new_topic,
    register, registration, set_broker, set_topic, topic_id,
};
use corelog_controller::{
    AssignmentFault, BrokerHeartbeat, CHANGES_PER_REQUEST_MAX, CONFIG_VALUE_SIZE_MAX, ConfigChange,
    ConfigFault, ConfigOperation, Controller, ControllerError, ControllerRequest, ControllerResponse,
    CreatedTopic, Decision, NewTopic, PARTITIONS_PER_REQUEST_MAX, PRODUCER_ID_BLOCK_SIZE, ProducerIdBlock,
    RequestSize, TopicReference,
};
use corelog_metadata::{
    Configs, FeatureRange, METADATA_VERSION, METADATA_VERSION_LEVEL, MetadataImage, MetadataRecord,
    RESOURCE_TOPIC, config_changes,
};
use corelog_model::{
    BrokerEpoch, BrokerId, DirectoryId, Offset, PartitionId, PartitionIndex, ProducerId, TopicNameError,
};
use corelog_protocol::messages::remove_topic_record::RemoveTopicRecord;

type Decided = Result<Decision, ControllerError>;

fn create_decision(topic: &NewTopic, image: &MetadataImage) -> Decided {
    ask(&ControllerRequest::CreateTopic(topic.clone()), image)
}

/// The replicas of each partition that the decision creates.
fn assigned(decision: Decided) -> Vec<Vec<i32>> {
    let records = decision.unwrap().records;
    let replicas = records.into_iter().filter_map(|record| match record {
        MetadataRecord::Partition(record) => {
            assert_eq!(
                (record.leader, &record.isr),
                (record.replicas[0], &record.replicas)
            );
            Some(record.replicas)
        }
        _ => None,
    });
    replicas.collect()
}

#[test]
fn names_of_new_topics() {
    let check = |text: &str, expected: ControllerError| {
        let image = image(&[create(1, "taken.name", 1)]);
        assert_eq!(
            create_decision(&new_topic(text), &image),
            Err(expected),
            "{text:?}"
        );
    };
    check("", ControllerError::TopicName(TopicNameError::Empty));
    check("..", ControllerError::TopicName(TopicNameError::Dots));
    check("a b", ControllerError::TopicName(TopicNameError::Character(' ')));
    check("taken.name", ControllerError::TopicExists(name("taken.name")));
    check(
        "taken_name",
        ControllerError::TopicCollides {
            name: name("taken_name"),
            existing: name("taken.name"),
        },
    );
    check(
        "__cluster_metadata",
        ControllerError::TopicReserved(name("__cluster_metadata")),
    );
}

#[test]
fn numbers_of_new_topics() {
    let numbers = |partition_count, replication_factor| NewTopic {
        partition_count,
        replication_factor,
        ..new_topic("t")
    };
    let one_broker = image(&[]);
    let accepted = |partitions, replicas, expected: usize| {
        let decision = create_decision(&numbers(partitions, replicas), &one_broker);
        assert_eq!(
            assigned(decision),
            vec![vec![1]; expected],
            "{partitions} {replicas}"
        );
    };
    accepted(-1, -1, 3);
    accepted(1, -1, 1);
    accepted(-1, 1, 3);
    accepted(10_000, 1, PARTITIONS_PER_REQUEST_MAX);

    let refused = |partitions, replicas, expected: ControllerError| {
        let decision = create_decision(&numbers(partitions, replicas), &one_broker);
        assert_eq!(decision, Err(expected), "{partitions} {replicas}");
    };
    let factor = |requested| ControllerError::ReplicationFactor {
        requested,
        brokers: 1,
    };
    refused(1, 0, factor(0));
    refused(1, -2, factor(-2));
    refused(1, 2, factor(2));
    refused(1, i16::MAX, factor(i16::MAX));
    refused(0, 0, factor(0));
    refused(0, 1, ControllerError::PartitionCount(0));
    refused(-2, -1, ControllerError::PartitionCount(-2));
    refused(i32::MIN, 1, ControllerError::PartitionCount(i32::MIN));
    let too_many = |count| ControllerError::TooManyPartitions { count, max: 10_000 };
    refused(10_001, 1, too_many(10_001));
    refused(i32::MAX, 1, too_many(0x7fff_ffff));

    let no_broker = MetadataImage::new("cluster");
    let decision = create_decision(&numbers(1, 1), &no_broker);
    let expected = ControllerError::ReplicationFactor {
        requested: 1,
        brokers: 0,
    };
    assert_eq!(decision, Err(expected));
}

#[test]
fn replicas_go_round_the_brokers() {
    let image = image(&[register(2, 1), register(3, 1)]);
    let topic = NewTopic {
        partition_count: 4,
        replication_factor: 2,
        ..new_topic("t")
    };
    let from = |start: u64| {
        let request = ControllerRequest::CreateTopic(topic.clone());
        assigned(controller().handle(&request, &image, Offset::ZERO, &mut || start))
    };
    assert_eq!(from(0), [[1, 2], [2, 3], [3, 1], [1, 2]]);
    assert_eq!(from(u64::MAX), from(0));
    assert_eq!(from(2), [[3, 1], [1, 2], [2, 3], [3, 1]]);
}

#[test]
fn assignments_of_new_topics() {
    let image = image(&[register(2, 1)]);
    let topic = |assignments: &[(i32, &[i32])]| NewTopic {
        assignments: assignments
            .iter()
            .map(|(index, replicas)| {
                let replicas = replicas.iter().map(|id| BrokerId::new(*id)).collect();
                (PartitionIndex::new(*index), replicas)
            })
            .collect(),
        ..new_topic("t")
    };
    let accepted = create_decision(&topic(&[(1, &[2, 1]), (0, &[1, 2])]), &image);
    assert_eq!(assigned(accepted), [[1, 2], [2, 1]]);

    let refused = |assignments: &[(i32, &[i32])], expected: AssignmentFault| {
        let decision = create_decision(&topic(assignments), &image);
        assert_eq!(
            decision,
            Err(ControllerError::Assignment(expected)),
            "{assignments:?}"
        );
    };
    let index = PartitionIndex::new;
    refused(&[(0, &[])], AssignmentFault::Empty(index(0)));
    refused(&[(1, &[1])], AssignmentFault::Indices(0));
    refused(&[(0, &[1]), (0, &[1])], AssignmentFault::Indices(1));
    refused(&[(0, &[1]), (2, &[1])], AssignmentFault::Indices(1));
    refused(&[(-1, &[1])], AssignmentFault::Indices(0));
    refused(
        &[(0, &[2, 1, 2])],
        AssignmentFault::Repeated {
            index: index(0),
            broker: BrokerId::new(2),
        },
    );
    refused(
        &[(0, &[1]), (1, &[7])],
        AssignmentFault::UnknownBroker {
            index: index(1),
            broker: BrokerId::new(7),
        },
    );
    refused(
        &[(0, &[1, 2]), (1, &[1])],
        AssignmentFault::Uneven {
            index: index(1),
            count: 1,
            expected: 2,
        },
    );
    let numbers = NewTopic {
        partition_count: 1,
        ..topic(&[(0, &[1])])
    };
    let expected = ControllerError::AssignmentAndNumbers {
        partition_count: 1,
        replication_factor: -1,
    };
    assert_eq!(create_decision(&numbers, &image), Err(expected));
}

#[test]
fn topic_ids_are_fresh_uuids_however_poor_the_randomness() {
    let mut image = image(&[]);
    for topic in 0..300 {
        let decision = create_decision(&new_topic(&format!("t{topic}")), &image).unwrap();
        image.apply_in_place(&decision.records).unwrap();
    }
    assert_eq!(image.topic_count(), 300);
    for topic in image.topics() {
        let bytes = topic.id.get();
        assert_eq!((bytes[6] >> 4, bytes[8] >> 6), (4, 2), "a version 4 UUID");
        assert!(!topic.id.to_string().starts_with('-'));
    }
}

#[test]
fn deletions() {
    let image = image(&[create(1, "t", 1), create(2, "__consumer_offsets", 1)]);
    let check = |topic: TopicReference, expected: Result<u8, ControllerError>| {
        let expected = expected.map(|id| Decision {
            records: vec![
                RemoveTopicRecord {
                    topic_id: topic_id(id),
                }
                .into(),
            ],
            response: ControllerResponse::Done,
        });
        assert_eq!(ask(&ControllerRequest::DeleteTopic { topic }, &image), expected);
    };
    check(TopicReference::Name("t".to_owned()), Ok(1));
    check(TopicReference::Id(topic_id(1)), Ok(1));
    check(TopicReference::Name("__consumer_offsets".to_owned()), Ok(2));
    let unknown = ControllerError::UnknownTopicName("u".to_owned());
    check(TopicReference::Name("u".to_owned()), Err(unknown));
    let unknown = ControllerError::UnknownTopicId(topic_id(9));
    check(TopicReference::Id(topic_id(9)), Err(unknown));
}

#[test]
fn more_partitions() {
    let image = image(&[register(2, 1), create(1, "t", 3)]);
    let decide = |topic: &str, count, assignments: Option<&[&[i32]]>| {
        let own = |replicas: &&[i32]| replicas.iter().map(|id| BrokerId::new(*id)).collect();
        let request = ControllerRequest::CreatePartitions {
            topic: topic.to_owned(),
            count,
            assignments: assignments.map(|all| all.iter().map(own).collect()),
        };
        ask(&request, &image)
    };
    assert_eq!(assigned(decide("t", 5, None)), [[2], [1]]);
    assert_eq!(assigned(decide("t", 5, Some(&[&[2], &[2]]))), [[2], [2]]);
    assert!(image.apply(&decide("t", 4, None).unwrap().records).is_ok());

    let not_an_increase = |requested| {
        Err(ControllerError::NotAnIncrease {
            name: name("t"),
            current: 3,
            requested,
        })
    };
    for count in [i32::MIN, -1, 0, 2, 3] {
        assert_eq!(decide("t", count, None), not_an_increase(count));
    }
    let too_many = ControllerError::TooManyPartitions {
        count: 0x7fff_fffc,
        max: 10_000,
    };
    assert_eq!(decide("t", i32::MAX, None), Err(too_many));
    assert_eq!(
        decide("u", 4, None),
        Err(ControllerError::UnknownTopicName("u".to_owned()))
    );
    let fault = |fault| Err(ControllerError::Assignment(fault));
    let count = AssignmentFault::Count {
        assigned: 1,
        added: 2,
    };
    assert_eq!(decide("t", 5, Some(&[&[1]])), fault(count));
    let uneven = AssignmentFault::Uneven {
        index: PartitionIndex::new(3),
        count: 2,
        expected: 1,
    };
    assert_eq!(decide("t", 4, Some(&[&[1, 2]])), fault(uneven));
}

#[test]
fn the_partitions_of_an_internal_topic_stay_as_many() {
    for internal in ["__consumer_offsets", "__transaction_state"] {
        let image = image(&[create(1, internal, 3)]);
        for (count, assignments) in [(4, None), (4, Some(vec![vec![BROKER]])), (3, None), (0, None)] {
            let request = ControllerRequest::CreatePartitions {
                topic: internal.to_owned(),
                count,
                assignments,
            };
            let refused = Err(ControllerError::InternalTopic(name(internal)));
            assert_eq!(ask(&request, &image), refused, "{internal} {count}");
        }
    }
}

#[test]
fn a_request_has_a_size() {
    let sum = |decisions: &[Vec<MetadataRecord>]| {
        let mut size = RequestSize::default();
        decisions.iter().try_for_each(|records| {
            size.add(&Decision {
                records: records.clone(),
                response: ControllerResponse::Done,
            })
        })
    };
    let too_many_partitions = Err(ControllerError::TooManyPartitions {
        count: PARTITIONS_PER_REQUEST_MAX + 1,
        max: PARTITIONS_PER_REQUEST_MAX,
    });
    let most = create(1, "t", PARTITIONS_PER_REQUEST_MAX - 2);
    assert_eq!(sum(&[most.clone(), create(2, "u", 2)]), Ok(()));
    assert_eq!(sum(&[most, create(2, "u", 3)]), too_many_partitions);
    let delete = || {
        let topic_id = topic_id(1);
        vec![RemoveTopicRecord { topic_id }.into()]
    };
    let max = CHANGES_PER_REQUEST_MAX;
    assert_eq!(sum(&vec![delete(); max]), Ok(()));
    assert_eq!(
        sum(&vec![delete(); max + 1]),
        Err(ControllerError::TooManyChanges { max })
    );
    assert_eq!(sum(&vec![Vec::new(); max + 1]), Ok(()), "nothing is no change");
}

/// The settings that the topic `t` has after a decision.
fn settled(decision: Decided, image: &MetadataImage) -> Configs {
    let after = image.apply(&decision.unwrap().records).unwrap();
    Configs::clone(&after.topic("t").unwrap().configs)
}

#[test]
fn replaced_settings() {
    let image = image(&[create(1, "t", 1), set_topic("t", &[("k", "old")])]);
    let replace = |topic: &str, configs: Configs| {
        let topic = topic.to_owned();
        ask(&ControllerRequest::ReplaceTopicConfigs { topic, configs }, &image)
    };
    let same = replace("t", configs(&[("k", "old")])).unwrap();
    assert_eq!(same.records, []);
    let other = configs(&[("k2", "v")]);
    let changed = replace("t", other.clone()).unwrap();
    let expected = config_changes(RESOURCE_TOPIC, "t", &configs(&[("k", "old")]), &other);
    assert_eq!((changed.records.len(), &changed.records), (2, &expected));
    assert_eq!(settled(replace("t", other.clone()), &image), other);
    assert_eq!(settled(replace("t", configs(&[])), &image), configs(&[]));
    assert_eq!(
        replace("u", configs(&[])),
        Err(ControllerError::UnknownTopicName("u".to_owned()))
    );
    let reason = "x cannot be y".to_owned();
    let fault = ControllerError::Config(ConfigFault { reason });
    assert_eq!(replace("t", configs(&[("x", "y")])), Err(fault.clone()));
    let topic = NewTopic {
        configs: configs(&[("x", "y")]),
        ..new_topic("new")
    };
    assert_eq!(create_decision(&topic, &image), Err(fault));
    let long = "v".repeat(CONFIG_VALUE_SIZE_MAX + 1);
    let too_long = ControllerError::ConfigValueTooLong {
        key: "k".to_owned(),
        size: CONFIG_VALUE_SIZE_MAX + 1,
        max: CONFIG_VALUE_SIZE_MAX,
    };
    assert_eq!(replace("t", configs(&[("k", &long)])), Err(too_long));
    assert!(replace("t", configs(&[("k", &long[1..])])).is_ok());
}

#[test]
fn altered_settings() {
    use ConfigOperation::{Append, Delete, Set, Subtract};
    let change = |key: &str, operation: fn(String) -> ConfigOperation, value: &str| ConfigChange {
        key: key.to_owned(),
        operation: operation(value.to_owned()),
    };
    let delete = |key: &str| ConfigChange {
        key: key.to_owned(),
        operation: Delete,
    };
    let with = |current: &[(&str, &str)]| image(&[create(1, "t", 1), set_topic("t", current)]);
    let decide = |current: &[(&str, &str)], changes: &[ConfigChange]| {
        let request = ControllerRequest::AlterTopicConfigs {
            topic: "t".to_owned(),
            changes: changes.to_vec(),
        };
        ask(&request, &with(current))
    };
    let check = |current: &[(&str, &str)], changes: &[ConfigChange], expected: &[(&str, &str)]| {
        let decision = decide(current, changes);
        let is_change = decision
            .as_ref()
            .is_ok_and(|decision| !decision.records.is_empty());
        assert_eq!(is_change, current != expected, "{current:?} {changes:?}");
        assert_eq!(
            settled(decision, &with(current)),
            configs(expected),
            "{current:?} {changes:?}"
        );
    };
    let policy = |value| ("cleanup.policy", value);
    let append = |value| change("cleanup.policy", Append, value);
    let subtract = |value| change("cleanup.policy", Subtract, value);
    check(&[], &[change("k", Set, "v")], &[("k", "v")]);
    check(&[("k", "v")], &[change("k", Set, "v")], &[("k", "v")]);
    check(&[("k", "v"), ("k2", "w")], &[delete("k")], &[("k2", "w")]);
    check(&[], &[delete("k")], &[]);
    check(&[], &[append("compact")], &[policy("delete,compact")]);
    check(
        &[policy("compact")],
        &[append("compact, delete")],
        &[policy("compact,delete")],
    );
    check(
        &[policy("compact,delete")],
        &[subtract("compact")],
        &[policy("delete")],
    );
    check(&[policy("compact")], &[subtract("compact,delete")], &[policy("")]);
    check(&[policy("")], &[append("delete")], &[policy("delete")]);
    check(
        &[("k", "v")],
        &[change("k2", Set, "w"), delete("k"), append("compact")],
        &[policy("delete,compact"), ("k2", "w")],
    );

    let key = |key: &str| key.to_owned();
    let not_list = Err(ControllerError::ConfigNotList { key: key("k") });
    assert_eq!(decide(&[], &[change("k", Append, "v")]), not_list);
    assert_eq!(decide(&[], &[change("k", Subtract, "v")]), not_list);
    let repeated = Err(ControllerError::ConfigRepeated { key: key("k") });
    assert_eq!(decide(&[], &[change("k", Set, "v"), delete("k")]), repeated);
    let reason = "cleanup.policy cannot be delete,shrink".to_owned();
    let fault = Err(ControllerError::Config(ConfigFault { reason }));
    assert_eq!(decide(&[], &[append("shrink")]), fault);
}

#[test]
fn settings_of_brokers() {
    let image = image(&[]);
    let alter = |broker, image: &MetadataImage| {
        let request = ControllerRequest::AlterBrokerConfigs {
            broker,
            changes: vec![ConfigChange {
                key: "k".to_owned(),
                operation: ConfigOperation::Set("v".to_owned()),
            }],
        };
        ask(&request, image)
    };
    for broker in [None, Some(BROKER)] {
        let set = set_broker(broker, &[("k", "v")]);
        assert_eq!(alter(broker, &image).unwrap().records, set);
        let after = image.apply(&set).unwrap();
        assert_eq!(alter(broker, &after).unwrap().records, []);
        let replace = |pairs| {
            let configs = configs(pairs);
            let request = ControllerRequest::ReplaceBrokerConfigs { broker, configs };
            ask(&request, &after).map(|decision| decision.records.len())
        };
        assert_eq!(replace(&[("k", "v")]), Ok(0));
        assert_eq!(replace(&[]), Ok(1));
    }
    let stranger = BrokerId::new(9);
    let unknown = Err(ControllerError::UnknownBroker(stranger));
    assert_eq!(alter(Some(stranger), &image), unknown);
}

#[test]
fn blocks_of_producer_ids() {
    let mut image = image(&[]);
    let request = ControllerRequest::AllocateProducerIds { broker: BROKER };
    for start in [0, 1000, 2000] {
        let decision = ask(&request, &image).unwrap();
        let block = ProducerIdBlock {
            start: ProducerId::new(start),
            count: PRODUCER_ID_BLOCK_SIZE,
        };
        assert_eq!(decision.response, ControllerResponse::ProducerIds(block));
        image.apply_in_place(&decision.records).unwrap();
        assert_eq!(image.next_producer_id(), ProducerId::new(start + 1000));
    }
    let stranger = BrokerId::new(9);
    let unknown = ask(
        &ControllerRequest::AllocateProducerIds { broker: stranger },
        &image,
    );
    assert_eq!(unknown, Err(ControllerError::UnknownBroker(stranger)));
}

/// What a request at this offset leads to.
fn after(request: &ControllerRequest, image: &MetadataImage, offset: i64) -> (MetadataImage, Decision) {
    let decision = decide_at(request, image, offset).unwrap();
    (image.apply(&decision.records).unwrap(), decision)
}

#[test]
fn a_start_registers_and_leads_when_it_is_ready() {
    let register = |incarnation| ControllerRequest::RegisterBroker(registration(1, incarnation));
    let heartbeat = |epoch| {
        ControllerRequest::BrokerHeartbeat(BrokerHeartbeat {
            id: BROKER,
            epoch: BrokerEpoch::new(epoch),
        })
    };
    let broker = |image: &MetadataImage| {
        let broker = image.broker(BROKER).unwrap();
        (broker.epoch.get(), broker.is_fenced)
    };
    let (image, first) = after(&register(1), &MetadataImage::new("cluster"), 5);
    let epoch = ControllerResponse::Registered(BrokerEpoch::new(5));
    assert_eq!((broker(&image), first.response), ((5, true), epoch));
    let (image, _) = after(&heartbeat(5), &image, 6);
    assert_eq!(broker(&image), (5, false));
    assert_eq!(after(&heartbeat(5), &image, 7).1.records, []);
    let image = image.apply(&created("t", 2)).unwrap();
    let epochs = |image: &MetadataImage| {
        let topic = image.topic("t").unwrap();
        let epochs = topic
            .partitions
            .iter()
            .map(|partition| partition.leader_epoch.get());
        epochs.collect::<Vec<_>>()
    };
    // The same start once more.
    let (same, decision) = after(&register(1), &image, 20);
    assert_eq!((decision.records.len(), broker(&same)), (0, (5, false)));
    let mut moved = registration(1, 1);
    moved.endpoints[0].port = 7;
    let (moved, _) = after(&ControllerRequest::RegisterBroker(moved), &image, 20);
    assert_eq!(
        (broker(&moved), moved.broker(BROKER).unwrap().endpoints[0].port),
        ((5, false), 7)
    );
    assert_eq!(epochs(&moved), [0, 0]);
    // The next start.
    let (restarted, _) = after(&register(2), &image, 20);
    assert_eq!((broker(&restarted), epochs(&restarted)), ((20, true), vec![0, 0]));
    let stale = decide_at(&heartbeat(5), &restarted, 21);
    assert!(
        matches!(stale, Err(ControllerError::StaleBrokerEpoch { .. })),
        "{stale:?}"
    );
    let (ready, _) = after(&heartbeat(20), &restarted, 21);
    assert_eq!((broker(&ready), epochs(&ready)), ((20, false), vec![1, 1]));
}

#[test]
fn what_the_cluster_works_with_the_broker_must_work_with() {
    let level = corelog_metadata::feature_level(METADATA_VERSION_LEVEL);
    let image = MetadataImage::new("cluster").apply(&[level]).unwrap();
    let check = |range: Option<(i16, i16)>, expected: bool| {
        let mut registration = registration(1, 1);
        registration.features = range
            .map(|(min, max)| (METADATA_VERSION.to_owned(), FeatureRange { min, max }))
            .into_iter()
            .collect();
        let decided = ask(&ControllerRequest::RegisterBroker(registration), &image);
        assert_eq!(decided.is_ok(), expected, "{range:?}");
    };
    let level = METADATA_VERSION_LEVEL;
    check(Some((level, level)), true);
    check(Some((1, level + 1)), true);
    check(Some((1, level - 1)), false);
    check(Some((level + 1, level + 1)), false);
    check(None, false);
}

#[test]
fn partitions_are_in_the_only_directory_of_their_broker() {
    let of = |image: &MetadataImage, index| {
        let id = PartitionId {
            topic: image.topic("t").unwrap().id,
            index: PartitionIndex::new(index),
        };
        image.partition(id).unwrap().directories.to_vec()
    };
    let (image, decision) = after(
        &ControllerRequest::CreateTopic(new_topic("t")),
        &image(&[register(2, 1)]),
        0,
    );
    let ControllerResponse::Created(CreatedTopic { partition_count, .. }) = decision.response else {
        panic!("{decision:?}");
    };
    assert_eq!(partition_count, 3);
    // The broker of these tests has one, and an earlier release did not say which.
    for index in 0..3 {
        assert_eq!(of(&image, index), [DirectoryId::new(DIRECTORY.get())]);
    }
    let mut lost = created("u", 1);
    if let Some(MetadataRecord::Partition(record)) = lost.last_mut() {
        record.directories = Vec::new();
    }
    let image = image.apply(&lost).unwrap();
    let known = |image: &MetadataImage| image.topic("u").unwrap().partitions[0].directories.to_vec();
    assert_eq!(known(&image), [DirectoryId::UNASSIGNED]);
    let register = ControllerRequest::RegisterBroker(registration(1, 7));
    let (image, _) = after(&register, &image, 30);
    let ready = ControllerRequest::BrokerHeartbeat(BrokerHeartbeat {
        id: BROKER,
        epoch: BrokerEpoch::new(30),
    });
    let (image, _) = after(&ready, &image, 31);
    assert_eq!(known(&image), [DirectoryId::new(DIRECTORY.get())]);
}

#[test]
fn defaults_that_do_not_fit_are_told() {
    let controller = Controller {
        rules: Rules,
        default_partition_count: 1,
        default_replication_factor: 3,
    };
    let request = ControllerRequest::CreateTopic(new_topic("t"));
    let expected = ControllerError::ReplicationFactor {
        requested: 3,
        brokers: 1,
    };
    let decided = controller.handle(&request, &image(&[]), Offset::ZERO, &mut || 0);
    assert_eq!(decided, Err(expected));
}
