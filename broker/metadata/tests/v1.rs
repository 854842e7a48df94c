//! What release 0.1.0 wrote: golden commands and a golden snapshot, hostile ones, and what records mean the same.

mod common;

use bytes::Bytes;
use common::{BROKER, configs, name, topic_id, unhex};
use corelog_metadata::v1::{Command, DecodeError, decode, decode_snapshot, is_snapshot, records};
use corelog_metadata::{Configs, Incarnation, MetadataImage, Replay};
use corelog_model::{BrokerId, DirectoryId, Offset, PartitionId, PartitionIndex, ProducerId};
use proptest::prelude::*;

const SNAPSHOT: &str = "434c6d73010000003b01000008bd2fc962726f6b65722e6578616d706c6562726f6b65722e6578616d706c6501000000\
     8e000000e0ffffff842300000000000000000000000000000000000000000000000009020000008e000000c7ffffff84\
     230000000000000000000000000000000000000000000000000561ffffffffffffff62ffffffffffffff0000000000eb\
     ffffff01000000726574656e74696f6e2e6d738c000000f4ffffff2d31ffffffffffff01000000010000000100000001\
     000000010000000100000001000000e4ffffff01000000e0ffffff01000000010000000100000001000000d0ffffff01\
     000000ccffffff01000000000000000000000000000000000000076f7264657273ffff90ffffff01000000a8ffffff02\
     0000000700000000000000e803000000000000f9feffff020000004fffffff01000000b8ffffff01000000";

/// Each kind of command with the bytes that release 0.1.0 gave it. Never edit the bytes: data directories hold them.
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
            Command::CreatePartitions {
                id: topic_id(7),
                first: PartitionIndex::new(2),
                assignments: vec![vec![BROKER]],
            },
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

#[test]
fn golden_commands_stay_readable() {
    for (command, bytes) in golden() {
        assert_eq!(decode(&unhex(bytes)).unwrap(), command);
    }
}

#[test]
fn damaged_commands() {
    for (command, bytes) in golden() {
        let bytes = unhex(bytes);
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
fn another_version_is_told() {
    let mut bytes = unhex(golden()[0].1);
    bytes[4] = 2;
    seal(&mut bytes);
    match decode(&bytes) {
        Err(DecodeError::Version(version)) => assert_eq!(version, 2),
        other => panic!("{other:?}"),
    }
}

/// A snapshot with everything in it: broker 2, the topic `orders` of two partitions, broker 1 in its second incarnation.
#[test]
fn a_golden_snapshot_stays_readable() {
    let bytes = unhex(SNAPSHOT);
    assert!(is_snapshot(&bytes) && !is_snapshot(&unhex(golden()[0].1)));
    let image = decode_snapshot(&bytes, "cluster").unwrap();
    let brokers: Vec<_> = image
        .brokers()
        .map(|broker| (broker.id.get(), broker.incarnation.get(), broker.is_fenced))
        .collect();
    assert_eq!(brokers, [(1, 9, false), (2, 5, false)]);
    let broker = image.broker(BROKER).unwrap();
    let [endpoint] = &broker.endpoints[..] else {
        panic!("{broker:?}")
    };
    assert_eq!((endpoint.host.as_str(), endpoint.port), ("broker.example", 9092));
    let topic = image.topic("orders").unwrap();
    assert_eq!((topic.id, topic.partitions.len()), (topic_id(7), 2));
    for partition in topic.partitions.iter() {
        let epochs = (partition.leader_epoch.get(), partition.partition_epoch.get());
        assert_eq!((partition.leader, epochs), (BROKER, (1, 1)));
        assert_eq!(*partition.directories, [DirectoryId::UNASSIGNED]);
    }
    assert_eq!(*topic.configs, configs(&[("retention.ms", "-1")]));
    assert_eq!(**image.broker_configs(None).unwrap(), configs(&[("a", "b")]));
    assert_eq!(image.next_producer_id(), ProducerId::new(1000));
}

#[test]
fn a_damaged_snapshot_is_refused() {
    let bytes = unhex(SNAPSHOT);
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
    let refused = decode_snapshot(&longer, "cluster");
    assert!(matches!(refused, Err(DecodeError::Tail(1))), "{refused:?}");
    assert!(decode(&bytes).is_err());
}

/// The image that commands led to in release 0.1.0.
fn led_to(commands: &[Command]) -> MetadataImage {
    let mut image = MetadataImage::new("cluster");
    for command in commands {
        let records = records(command, &image);
        image.apply_in_place(&records).unwrap();
    }
    image
}

fn register(id: i32, incarnation: u128) -> Command {
    Command::RegisterBroker {
        id: BrokerId::new(id),
        host: "broker.example".to_owned(),
        port: 9092,
        rack: None,
        incarnation: Incarnation::new(incarnation),
    }
}

fn create(id: u8, text: &str, assignments: Vec<Vec<BrokerId>>) -> Command {
    Command::CreateTopic {
        id: topic_id(id),
        name: name(text),
        assignments,
        configs: configs(&[("k", "v")]),
    }
}

#[test]
fn commands_do_what_they_did() {
    let other = BrokerId::new(2);
    let history = [
        register(1, 1),
        register(2, 1),
        create(1, "one", vec![vec![BROKER]; 2]),
        create(2, "two", vec![vec![other, BROKER], vec![BROKER, other]]),
        create(3, "gone", vec![vec![BROKER]]),
    ];
    let epochs = |image: &MetadataImage| {
        [(1, 0), (1, 1), (2, 0), (2, 1)].map(|(topic, index)| {
            let id = PartitionId {
                topic: topic_id(topic),
                index: PartitionIndex::new(index),
            };
            let partition = image.partition(id).unwrap();
            assert_eq!(partition.leader_epoch.get(), partition.partition_epoch.get());
            partition.leader_epoch.get()
        })
    };
    let after = |more: &[Command]| led_to(&[&history[..], more].concat());
    assert_eq!(epochs(&after(&[])), [0; 4]);
    // A restart begins a reign in each partition that the broker leads, and a new address does not.
    assert_eq!(epochs(&after(&[register(1, 2)])), [1, 1, 0, 1]);
    assert_eq!(epochs(&after(&[register(1, 2), register(1, 2)])), [1, 1, 0, 1]);
    let set = |pairs| Command::SetTopicConfigs {
        id: topic_id(1),
        configs: configs(pairs),
    };
    let topic = |image: &MetadataImage| image.topic("one").unwrap().clone();
    assert_eq!(*topic(&after(&[])).configs, configs(&[("k", "v")]));
    assert_eq!(
        *topic(&after(&[set(&[("l", "w")])])).configs,
        configs(&[("l", "w")])
    );
    let set_broker = |broker, pairs| Command::SetBrokerConfigs {
        broker,
        configs: configs(pairs),
    };
    let set = after(&[
        set_broker(None, &[("k", "v")]),
        set_broker(Some(BROKER), &[("k", "v")]),
        set_broker(None, &[]),
    ]);
    assert!(set.broker_configs(None).is_none());
    assert_eq!(
        **set.broker_configs(Some(BROKER)).unwrap(),
        configs(&[("k", "v")])
    );
    let grow = Command::CreatePartitions {
        id: topic_id(1),
        first: PartitionIndex::new(2),
        assignments: vec![vec![other]],
    };
    assert_eq!(topic(&after(&[grow])).partitions[2].leader, other);
    let delete = Command::DeleteTopic { id: topic_id(3) };
    assert_eq!(after(&[delete]).topic_count(), 2);
    let block = Command::AllocateProducerIds {
        block_start: ProducerId::new(0),
        count: 1000,
    };
    assert_eq!(after(&[block]).next_producer_id(), ProducerId::new(1000));
}

#[test]
fn a_log_of_release_0_1_0_replays() {
    let values = [golden()[0].1, golden()[2].1];
    let mut replay = Replay::new("cluster");
    replay.next(Offset::ZERO, unhex(values[0]).into()).unwrap();
    // It deletes a topic that was never created.
    let error = replay.next(Offset::ZERO.next(), unhex(values[1]).into());
    assert!(
        error.unwrap_err().to_string().contains("offset 1"),
        "the offset is named"
    );

    let mut replay = Replay::new("cluster");
    for (offset, value) in [golden()[0].1, SNAPSHOT, golden()[7].1].into_iter().enumerate() {
        let offset = Offset::new(i64::try_from(offset).unwrap()).unwrap();
        let result = replay.next(offset, Bytes::from(unhex(value)));
        assert!(result.is_ok(), "{result:?}");
    }
    let replayed = replay.finish();
    assert!(replayed.is_old_form && !replayed.is_transaction_open);
    assert_eq!(replayed.image.topic_count(), 1);
    assert_eq!(replayed.image.brokers().len(), 2, "those of the snapshot");
    assert_eq!(replayed.image.next_producer_id(), ProducerId::new(124_000));
}

proptest! {
    #[test]
    fn sealed_nonsense_never_panics(
        which: prop::sample::Index,
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = unhex(which.get(&golden()).1);
        for (at, value) in flips {
            let at = 16 + at.index(bytes.len() - 16);
            bytes[at] ^= value;
        }
        seal(&mut bytes);
        if let Ok(command) = decode(&bytes) {
            let image = MetadataImage::new("cluster");
            let _ = image.apply(&records(&command, &image));
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
