//! The controller's decisions, one table a request.

mod common;

use common::{
    BROKER, Rules, ask, configs, controller, create, grow, image, name, new_topic, register, topic_id,
};
use corelog_metadata::controller::{
    AssignmentFault, COMMANDS_PER_REQUEST_MAX, CONFIG_VALUE_SIZE_MAX, ConfigChange, ConfigFault,
    ConfigOperation, Controller, ControllerError, ControllerRequest, NewTopic, PARTITIONS_PER_REQUEST_MAX,
    PRODUCER_ID_BLOCK_SIZE, RequestSize, TopicReference,
};
use corelog_metadata::{Command, Configs, Incarnation, MetadataImage};
use corelog_model::{BrokerId, PartitionIndex, ProducerId, TopicNameError};

type Decision = Result<Vec<Command>, ControllerError>;

fn create_decision(topic: &NewTopic, image: &MetadataImage) -> Decision {
    ask(&ControllerRequest::CreateTopic(topic.clone()), image)
}

/// The replicas of each partition of the one topic that the decision creates.
fn assigned(decision: Decision) -> Vec<Vec<i32>> {
    match decision.unwrap().as_slice() {
        [Command::CreateTopic { assignments, .. } | Command::CreatePartitions { assignments, .. }] => {
            assignments
                .iter()
                .map(|replicas| replicas.iter().map(|id| id.get()).collect())
                .collect()
        }
        other => panic!("{other:?}"),
    }
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
        assigned(controller().handle(&request, &image, &mut || start))
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
        let commands = create_decision(&new_topic(&format!("t{topic}")), &image).unwrap();
        image.apply_in_place(&commands[0]).unwrap();
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
        let expected = expected.map(|id| vec![Command::DeleteTopic { id: topic_id(id) }]);
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
    assert!(image.apply(&decide("t", 4, None).unwrap()[0]).is_ok());

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
    let sum = |commands: &[Command]| {
        let mut size = RequestSize::default();
        commands.iter().try_for_each(|command| size.add(command))
    };
    let too_many_partitions = Err(ControllerError::TooManyPartitions {
        count: PARTITIONS_PER_REQUEST_MAX + 1,
        max: PARTITIONS_PER_REQUEST_MAX,
    });
    let most = create(1, "t", PARTITIONS_PER_REQUEST_MAX - 2);
    assert_eq!(sum(&[most.clone(), grow(2, 1, 2)]), Ok(()));
    assert_eq!(sum(&[most.clone(), grow(2, 1, 3)]), too_many_partitions);
    assert_eq!(sum(&[most, create(2, "u", 3)]), too_many_partitions);
    let delete = |_| Command::DeleteTopic { id: topic_id(1) };
    let deletions = |count| (0..count).map(delete).collect::<Vec<_>>();
    let max = COMMANDS_PER_REQUEST_MAX;
    assert_eq!(sum(&deletions(max)), Ok(()));
    assert_eq!(
        sum(&deletions(max + 1)),
        Err(ControllerError::TooManyChanges { max })
    );
}

#[test]
fn replaced_settings() {
    let set = Command::SetTopicConfigs {
        id: topic_id(1),
        configs: configs(&[("k", "old")]),
    };
    let image = image(&[create(1, "t", 1), set]);
    let replace = |topic: &str, configs: Configs| {
        let topic = topic.to_owned();
        ask(&ControllerRequest::ReplaceTopicConfigs { topic, configs }, &image)
    };
    let set = |pairs| {
        Ok(vec![Command::SetTopicConfigs {
            id: topic_id(1),
            configs: configs(pairs),
        }])
    };
    assert_eq!(replace("t", configs(&[("k", "old")])), Ok(vec![]));
    assert_eq!(replace("t", configs(&[("k2", "v")])), set(&[("k2", "v")]));
    assert_eq!(replace("t", configs(&[])), set(&[]));
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
    let decide = |current: &[(&str, &str)], changes: &[ConfigChange]| {
        let set = Command::SetTopicConfigs {
            id: topic_id(1),
            configs: configs(current),
        };
        let request = ControllerRequest::AlterTopicConfigs {
            topic: "t".to_owned(),
            changes: changes.to_vec(),
        };
        ask(&request, &image(&[create(1, "t", 1), set]))
    };
    let check = |current: &[(&str, &str)], changes: &[ConfigChange], expected: &[(&str, &str)]| {
        let expected = if current == expected {
            vec![]
        } else {
            vec![Command::SetTopicConfigs {
                id: topic_id(1),
                configs: configs(expected),
            }]
        };
        assert_eq!(decide(current, changes), Ok(expected), "{current:?} {changes:?}");
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
        let set = Command::SetBrokerConfigs {
            broker,
            configs: configs(&[("k", "v")]),
        };
        assert_eq!(alter(broker, &image), Ok(vec![set.clone()]));
        let after = image.apply(&set).unwrap();
        assert_eq!(alter(broker, &after), Ok(vec![]));
        let replace = |pairs| {
            let configs = configs(pairs);
            ask(
                &ControllerRequest::ReplaceBrokerConfigs { broker, configs },
                &after,
            )
            .map(|commands| commands.len())
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
    let block = |start| Command::AllocateProducerIds {
        block_start: ProducerId::new(start),
        count: PRODUCER_ID_BLOCK_SIZE,
    };
    let mut image = image(&[]);
    for start in [0, 1000, 2000] {
        let commands = ask(&ControllerRequest::AllocateProducerIds, &image).unwrap();
        assert_eq!(commands, [block(start)]);
        image.apply_in_place(&commands[0]).unwrap();
    }
}

#[test]
fn a_registration_is_taken_as_it_is() {
    let request = ControllerRequest::RegisterBroker {
        id: BROKER,
        host: "broker.example".to_owned(),
        port: 9092,
        rack: None,
        incarnation: Incarnation::new(5),
    };
    let image = MetadataImage::new("cluster");
    assert_eq!(ask(&request, &image), Ok(vec![register(1, 5)]));
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
    assert_eq!(controller.handle(&request, &image(&[]), &mut || 0), Err(expected));
}
