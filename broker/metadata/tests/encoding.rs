//! Commands as bytes: golden ones of each shipped version, hostile ones, and replays of random histories.

mod common;

use common::{BROKER, configs, controller, create, grow, image, name, new_topic, register, topic_id};

use corelog_metadata::controller::{
    ConfigChange, ConfigOperation, ControllerRequest, NewTopic, TopicReference,
};
use corelog_metadata::{
    Command, Configs, DecodeError, Incarnation, MetadataImage, decode, decode_prefix, decode_snapshot,
    encode, encode_snapshot, is_snapshot,
};
use corelog_model::{BrokerId, ProducerId};
use proptest::prelude::*;

const SNAPSHOT: &str = "434c6d73010000003b01000008bd2fc962726f6b65722e6578616d706c6562726f6b65722e6578616d706c6501000000\
     8e000000e0ffffff842300000000000000000000000000000000000000000000000009020000008e000000c7ffffff84\
     230000000000000000000000000000000000000000000000000561ffffffffffffff62ffffffffffffff0000000000eb\
     ffffff01000000726574656e74696f6e2e6d738c000000f4ffffff2d31ffffffffffff01000000010000000100000001\
     000000010000000100000001000000e4ffffff01000000e0ffffff01000000010000000100000001000000d0ffffff01\
     000000ccffffff01000000000000000000000000000000000000076f7264657273ffff90ffffff01000000a8ffffff02\
     0000000700000000000000e803000000000000f9feffff020000004fffffff01000000b8ffffff01000000";

/// Each kind of command with the bytes that version 1 gives it. Never edit the bytes: data directories hold them.
fn golden() -> Vec<(Command, &'static str)> {
    let two = |a, b| vec![BrokerId::new(a), BrokerId::new(b)];
    vec![
        (
            Command::RegisterBroker {
                id: BrokerId::new(0x0102_0304),
                host: "broker.example".to_owned(),
                port: 9092,
                rack: Some("rack".to_owned()),
                incarnation: Incarnation::new(0x1122_3344_5566_7788_99aa_bbcc_ddee_ff00),
            },
            "434c6d630100000037000000b83a6fdf62726f6b65722e6578616d706c6500040302018e000000edffffff84\
             23017261636bffffffff112233445566778899aabbccddeeff0000",
        ),
        (
            Command::CreateTopic {
                id: topic_id(7),
                name: name("orders-eu"),
                assignments: vec![two(1, 2), two(2, 1)],
                configs: configs(&[("cleanup.policy", "compact"), ("retention.ms", "-1")]),
            },
            "434c6d63010000008c00000064a6f2b76f72646572732d657501000000020000000200000001000000f0ffff\
             ff02000000f0ffffff02000000636c65616e75702e706f6c696379726574656e74696f6e2e6d738e000000e6\
             ffffff636f6d70616374ff8c000000e4ffffff2d31ffffffffffff0100000000000000000000000000000007\
             890000008cffffff9dffffff02000000bfffffff02000000",
        ),
        (
            Command::DeleteTopic { id: topic_id(7) },
            "434c6d6301000000290000005c416e2102000000000000000000000000000000070000000000000000000000\
             00000000000000000000000000",
        ),
        (
            grow(7, 2, 1),
            "434c6d63010000003500000059b2499301000000fcffffff0100000003000000000000000000000000000000\
             0702000000e3ffffff01000000000000000000000000000000",
        ),
        (
            Command::SetTopicConfigs {
                id: topic_id(7),
                configs: Configs::new(),
            },
            "434c6d630100000029000000bb62d91f0400000000000000000000000000000007efffffff00000000000000\
             00000000000000000000000000",
        ),
        (
            Command::SetBrokerConfigs {
                broker: Some(BROKER),
                configs: configs(&[("log.retention.ms", "1000")]),
            },
            "434c6d630100000049000000b586a54e6c6f672e726574656e74696f6e2e6d7390000000f0ffffff31303030\
             ffffffff050101000000eaffffff010000000000000000000000000000000000000000000000000000000000\
             00",
        ),
        (
            Command::SetBrokerConfigs {
                broker: None,
                configs: configs(&[("a", "")]),
            },
            "434c6d63010000003900000043db06d661ffffffffffffffffffffffffffffff050000000000eaffffff0100\
             0000000000000000000000000000000000000000000000000000000000",
        ),
        (
            Command::AllocateProducerIds {
                block_start: ProducerId::new(123_000),
                count: 1000,
            },
            "434c6d6301000000290000004a0e0c170678e0010000000000e8030000000000000000000000000000000000\
             00000000000000000000000000",
        ),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |c: u8| u8::try_from(char::from(c).to_digit(16).unwrap()).unwrap();
    let byte = |pair: &[u8]| digit(pair[0]) << 4 | digit(pair[1]);
    text.as_bytes().chunks(2).map(byte).collect()
}

#[test]
fn version_1_stays_readable_and_is_what_is_written() {
    for (command, bytes) in golden() {
        assert_eq!(hex(&encode(&command)), bytes, "{command:?}");
        assert_eq!(decode(&unhex(bytes)).unwrap(), command);
    }
}

#[test]
fn commands_in_a_row() {
    let mut bytes = Vec::new();
    for (command, _) in golden() {
        bytes.extend_from_slice(&encode(&command));
    }
    let mut rest = &bytes[..];
    for (command, _) in golden() {
        let (decoded, size) = decode_prefix(rest).unwrap();
        assert_eq!(decoded, command);
        rest = &rest[size..];
    }
    assert!(rest.is_empty());
}

#[test]
fn damaged_commands() {
    for (command, _) in golden() {
        let bytes = encode(&command);
        for size in 0..bytes.len() {
            match decode(&bytes[..size]) {
                Err(DecodeError::Truncated { needed, available }) => {
                    assert_eq!(available, size);
                    assert_eq!(needed, if size < 16 { 16 } else { bytes.len() });
                }
                other => panic!("{other:?}"),
            }
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut bytes = bytes.clone();
                bytes[at] ^= 1 << bit;
                assert!(decode(&bytes).is_err(), "bit {bit} of byte {at} of {command:?}");
            }
        }
        let with_tail = [&bytes[..], &[0; 3]].concat();
        match decode(&with_tail) {
            Err(DecodeError::Tail(size)) => assert_eq!(size, 3),
            other => panic!("{other:?}"),
        }
    }
}

/// Gives `bytes`, an envelope, the checksum that they should have.
fn seal(bytes: &mut [u8]) {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..12]);
    hasher.update(&bytes[16..]);
    bytes[12..16].copy_from_slice(&hasher.finalize().to_le_bytes());
}

#[test]
fn a_version_of_the_future_is_told() {
    let mut bytes = encode(&create(1, "t", 1));
    bytes[4] = 2;
    seal(&mut bytes);
    match decode(&bytes) {
        Err(DecodeError::Version(version)) => assert_eq!(version, 2),
        other => panic!("{other:?}"),
    }
}

/// A snapshot with everything in it, and the bytes that version 1 gives it. Never edit the bytes.
#[test]
fn a_snapshot_has_its_golden_bytes() {
    let image = image(&[
        register(2, 5),
        create(7, "orders", 2),
        register(1, 9),
        Command::SetTopicConfigs {
            id: topic_id(7),
            configs: configs(&[("retention.ms", "-1")]),
        },
        Command::SetBrokerConfigs {
            broker: None,
            configs: configs(&[("a", "b")]),
        },
        Command::AllocateProducerIds {
            block_start: ProducerId::new(0),
            count: 1000,
        },
    ]);
    let bytes = encode_snapshot(&image);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, SNAPSHOT);
    assert!(is_snapshot(&bytes) && !is_snapshot(&encode(&create(1, "t", 1))));
    let decoded = decode_snapshot(&bytes, "cluster").unwrap();
    assert_eq!(decoded, image);
    assert!(decoded.topic("orders").unwrap().partitions[1].leader_epoch.get() > 0);
    let next = create(8, "orders.eu", 1);
    assert_eq!(decoded.apply(&next), image.apply(&next));
}

#[test]
fn a_damaged_snapshot_is_refused() {
    let bytes = encode_snapshot(&image(&[create(7, "orders", 2)]));
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(decode_snapshot(&bad, "cluster").is_err(), "bit {bit}");
    }
    for length in 0..bytes.len() {
        assert!(decode_snapshot(&bytes[..length], "cluster").is_err());
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(
        matches!(decode_snapshot(&longer, "cluster"), Err(DecodeError::Tail(1))),
        "a tail"
    );
    assert!(decode(&bytes).is_err());
}

fn small_configs() -> impl Strategy<Value = Configs> {
    proptest::collection::btree_map("k[a-c]", "[a-z]{0,3}", 0..3)
}

fn request() -> impl Strategy<Value = ControllerRequest> {
    // Few names, so that requests meet each other's topics; two of them collide.
    let topic = || {
        prop_oneof![
            Just("a.b"),
            Just("a_b"),
            Just("c"),
            Just("d"),
            Just("__consumer_offsets")
        ]
    };
    let topic = move || topic().prop_map(str::to_owned);
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
        (broker(), "[a-z]{1,5}", 0..3u128).prop_map(|(id, host, incarnation)| {
            ControllerRequest::RegisterBroker {
                id: BrokerId::new(id),
                host,
                port: 9092,
                rack: None,
                incarnation: Incarnation::new(incarnation),
            }
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
        Just(ControllerRequest::AllocateProducerIds),
    ]
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
        for (at, request) in requests.iter().enumerate() {
            if at == 30 {
                checkpoint = (image.clone(), log.len());
            }
            for command in controller().handle(request, &image, &mut random).unwrap_or_default() {
                log.extend_from_slice(&encode(&command));
                image = image.apply(&command).expect("a decision fits the image that it was made on");
            }
        }
        let snapshot = encode_snapshot(&checkpoint.0);
        prop_assert_eq!(&decode_snapshot(&snapshot, "cluster").unwrap(), &checkpoint.0);
        let replay = |mut image: MetadataImage, mut rest: &[u8]| {
            while !rest.is_empty() {
                let (command, size) = decode_prefix(rest).unwrap();
                image.apply_in_place(&command).unwrap();
                rest = &rest[size..];
            }
            image
        };
        prop_assert_eq!(&replay(MetadataImage::new("cluster"), &log), &image);
        prop_assert_eq!(&replay(checkpoint.0.clone(), &log[checkpoint.1..]), &image);

        let partitions: usize = image.topics().map(|topic| topic.partitions.len()).sum();
        prop_assert_eq!(image.partition_count(), partitions);
        prop_assert_eq!(image.topics().count(), image.topic_count());
        for topic in image.topics() {
            prop_assert_eq!(image.topic(topic.name.as_str()), Some(topic));
            prop_assert_eq!(image.topic_by_id(topic.id), Some(topic));
            for id in topic.partition_ids() {
                let partition = image.partition(id).unwrap();
                prop_assert_eq!(partition.index, id.index);
                prop_assert!(partition.in_sync_replicas.contains(&partition.leader));
                prop_assert!(partition.in_sync_replicas.iter().all(|id| partition.replicas.contains(id)));
            }
        }
        let delta = image.changes_since(&checkpoint.0);
        let topics = image.topic_count() + delta.deleted_topics.len() - delta.created_topics.len();
        prop_assert_eq!(topics, checkpoint.0.topic_count());
        let partitions = image.partition_count() + delta.deleted_partitions.len() - delta.created_partitions.len();
        prop_assert_eq!(partitions, checkpoint.0.partition_count());
    }

    #[test]
    fn sealed_nonsense_never_panics(
        which: prop::sample::Index,
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = encode(&which.get(&golden()).0);
        for (at, value) in flips {
            let at = 16 + at.index(bytes.len() - 16);
            bytes[at] ^= value;
        }
        seal(&mut bytes);
        if let Ok(command) = decode(&bytes) {
            prop_assert_eq!(decode(&encode(&command)).unwrap(), command);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 16..200)) {
        assert!(decode(&bytes).is_err());
        let size = u32::try_from(bytes.len() - 16).unwrap();
        bytes[..8].copy_from_slice(b"CLmc\x01\0\0\0");
        bytes[8..12].copy_from_slice(&size.to_le_bytes());
        seal(&mut bytes);
        let _ = decode(&bytes);
    }
}
