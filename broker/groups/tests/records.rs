//! The record formats against bytes that Kafka wrote.
//!
//! Provenance: `MessageUtil.toVersionPrefixedBytes` of the generated classes in `kafka-group-coordinator` 4.1.0 and
//! `kafka-clients` 4.1.0 (Maven Central), run on Java; hash codes by `String.hashCode` and `Utils.abs` of the same.

use std::time::Duration;

use bytes::Bytes;
use corelog_groups::records::{
    GroupMetadataValue, MemberMetadata, OffsetCommitValue, RecordError, RecordKey,
};
use corelog_groups::{CommittedOffset, Generation, GroupId, GroupOffset, InstanceId, MemberId};
use corelog_model::partition_for;
use corelog_model::{LeaderEpoch, PartitionIndex, TimestampMs, TopicId, TopicName};
use proptest::prelude::*;

const OFFSET_COMMIT_KEY: &str = "0001000767726f75702d310007746f7069632e6100000007";
const GROUP_METADATA_KEY: &str = "0002000767726f75702d31";
const OFFSET_COMMIT_VALUES: [&str; 5] = [
    "0000000000000000002a00056dc3a974610000018bcfe5687b",
    "0001000000000000002a00056dc3a974610000018bcfe5687b0000018bcfe6ef1b",
    "0002000000000000002a00056dc3a974610000018bcfe5687b",
    "0003000000000000002a0000000500056dc3a974610000018bcfe5687b",
    "0004000000000000002a00000005066dc3a974610000018bcfe5687b0100100102030405060708090a0b0c0d0e0f10",
];
const GROUP_METADATA_VALUES: [&str; 5] = [
    "00000008636f6e73756d657200000009000572616e67650003632d31000000020003632d31000163000a2f3132372e302e302e310000271000000002010200000001030003692d32000000042f3a3a31000017700000000000000000",
    "00010008636f6e73756d657200000009000572616e67650003632d31000000020003632d31000163000a2f3132372e302e302e31000493e00000271000000002010200000001030003692d32000000042f3a3a310000ea60000017700000000000000000",
    "00020008636f6e73756d657200000009000572616e67650003632d310000018bcfe5687b000000020003632d31000163000a2f3132372e302e302e31000493e00000271000000002010200000001030003692d32000000042f3a3a310000ea60000017700000000000000000",
    "00030008636f6e73756d657200000009000572616e67650003632d310000018bcfe5687b000000020003632d31ffff000163000a2f3132372e302e302e31000493e00000271000000002010200000001030003692d32000169000000042f3a3a310000ea60000017700000000000000000",
    "000409636f6e73756d6572000000090672616e676504632d310000018bcfe5687b0304632d310002630b2f3132372e302e302e31000493e00000271003010202030004692d32026901052f3a3a310000ea600000177001010000",
];
const EMPTY_GROUP_METADATA_VALUE: &str = "000300000000000affffffffffffffffffffffff00000000";

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex"))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn committed() -> CommittedOffset {
    CommittedOffset {
        offset: GroupOffset::new(42),
        leader_epoch: None,
        metadata: "m\u{e9}ta".to_owned(),
        commit_timestamp: TimestampMs::new(1_700_000_000_123),
        expire_timestamp: None,
        topic_id: TopicId::ZERO,
    }
}

#[test]
fn keys_are_kafkas() {
    assert_eq!(
        RecordKey::decode(&unhex(OFFSET_COMMIT_KEY)),
        Ok(RecordKey::OffsetCommit {
            group_id: GroupId::new("group-1"),
            topic: TopicName::new("topic.a").expect("valid"),
            partition: PartitionIndex::new(7),
        })
    );
    assert_eq!(
        RecordKey::decode(&unhex(GROUP_METADATA_KEY)),
        Ok(RecordKey::GroupMetadata {
            group_id: GroupId::new("group-1")
        })
    );
    // ConsumerGroupMetadataKey and whatever else is newer.
    assert_eq!(
        RecordKey::decode(&[0, 3, 1, 2, 3]),
        Ok(RecordKey::Unknown { version: 3 })
    );
}

#[test]
fn offset_commit_values_of_all_versions() {
    let epoch = Some(LeaderEpoch::new(5));
    let mut topic_id = [0; 16];
    for (byte, value) in topic_id.iter_mut().zip(1..) {
        *byte = value;
    }
    let expected = [
        committed(),
        CommittedOffset {
            expire_timestamp: Some(TimestampMs::new(1_700_000_100_123)),
            ..committed()
        },
        committed(),
        CommittedOffset {
            leader_epoch: epoch,
            ..committed()
        },
        CommittedOffset {
            leader_epoch: epoch,
            topic_id: TopicId::new(topic_id),
            ..committed()
        },
    ];
    for (golden, expected) in OFFSET_COMMIT_VALUES.iter().zip(&expected) {
        assert_eq!(OffsetCommitValue::decode(&unhex(golden)).as_ref(), Ok(expected));
    }
    for version in [1, 3, 4] {
        assert_eq!(
            hex(&OffsetCommitValue::encode(&expected[version])),
            OFFSET_COMMIT_VALUES[version]
        );
    }
}

#[test]
fn negative_offsets_are_read_and_written_as_they_are() {
    for offset in [-1, -2, i64::MIN] {
        // v0 to v4: the offset follows the version in each.
        for golden in OFFSET_COMMIT_VALUES {
            let mut bytes = unhex(golden);
            bytes[2..10].copy_from_slice(&offset.to_be_bytes());
            let read = OffsetCommitValue::decode(&bytes).expect("Kafka writes such records");
            assert_eq!(read.offset, GroupOffset::new(offset));
        }
        let stored = CommittedOffset {
            offset: GroupOffset::new(offset),
            ..committed()
        };
        let read = OffsetCommitValue::decode(&OffsetCommitValue::encode(&stored));
        assert_eq!(read, Ok(stored));
    }
}

fn group_metadata(version: usize) -> GroupMetadataValue {
    let member =
        |id: &str, instance: Option<&str>, client: (&str, &str), timeouts: (u64, u64), data: [&[u8]; 2]| {
            MemberMetadata {
                member_id: MemberId::new(id),
                group_instance_id: instance.map(InstanceId::new),
                client_id: client.0.to_owned(),
                client_host: client.1.to_owned(),
                rebalance_timeout: Duration::from_secs(if version >= 1 { timeouts.0 } else { timeouts.1 }),
                session_timeout: Duration::from_secs(timeouts.1),
                subscription: Bytes::copy_from_slice(data[0]),
                assignment: Bytes::copy_from_slice(data[1]),
            }
        };
    let instance = (version >= 3).then_some("i");
    GroupMetadataValue {
        protocol_type: "consumer".to_owned(),
        generation: Generation::new(9).expect("valid"),
        protocol: Some("range".to_owned()),
        leader: Some(MemberId::new("c-1")),
        current_state_timestamp: (version >= 2).then(|| TimestampMs::new(1_700_000_000_123)),
        members: vec![
            member("c-1", None, ("c", "/127.0.0.1"), (300, 10), [&[1, 2], &[3]]),
            member("i-2", instance, ("", "/::1"), (60, 6), [&[], &[]]),
        ],
    }
}

#[test]
fn group_metadata_values_of_all_versions() {
    for (version, golden) in GROUP_METADATA_VALUES.iter().enumerate() {
        assert_eq!(
            GroupMetadataValue::decode(&unhex(golden)),
            Ok(group_metadata(version)),
            "v{version}"
        );
    }
    assert_eq!(hex(&group_metadata(3).encode()), GROUP_METADATA_VALUES[3]);
    let empty = GroupMetadataValue {
        protocol_type: String::new(),
        generation: Generation::new(10).expect("valid"),
        protocol: None,
        leader: None,
        current_state_timestamp: None,
        members: Vec::new(),
    };
    assert_eq!(hex(&empty.encode()), EMPTY_GROUP_METADATA_VALUE);
    assert_eq!(
        GroupMetadataValue::decode(&unhex(EMPTY_GROUP_METADATA_VALUE)),
        Ok(empty)
    );
}

#[test]
fn malformed_values_are_refused() {
    let check = |bytes: &[u8], expected: RecordError| {
        assert_eq!(OffsetCommitValue::decode(bytes), Err(expected.clone()));
    };
    let version = |name, version| RecordError::Version { name, version };
    check(&[0, 5, 0], version("OffsetCommitValue", 5));
    check(&[0xff, 0xff], version("OffsetCommitValue", -1));
    // A members' count of two billion in a value of 30 bytes.
    let mut hostile = unhex(EMPTY_GROUP_METADATA_VALUE);
    let end = hostile.len();
    hostile[end - 4..].copy_from_slice(&i32::MAX.to_be_bytes());
    assert!(matches!(
        GroupMetadataValue::decode(&hostile),
        Err(RecordError::Truncated { .. })
    ));
    let mut no_protocol = unhex(GROUP_METADATA_VALUES[3]);
    no_protocol.splice(16..23, [0xff, 0xff]);
    assert_eq!(
        GroupMetadataValue::decode(&no_protocol),
        Err(RecordError::MembersWithoutProtocol)
    );
}

#[test]
fn every_prefix_is_refused() {
    for golden in OFFSET_COMMIT_VALUES {
        let bytes = unhex(golden);
        for end in 0..bytes.len() {
            assert!(OffsetCommitValue::decode(&bytes[..end]).is_err());
        }
    }
    for golden in &GROUP_METADATA_VALUES[..4] {
        let bytes = unhex(golden);
        for end in 0..bytes.len() {
            assert!(GroupMetadataValue::decode(&bytes[..end]).is_err());
        }
    }
}

#[test]
fn groups_go_to_the_partition_that_kafka_gives_them() {
    let check = |group_id: &str, expected: i32| {
        assert_eq!(partition_for(group_id, 50).get(), expected, "{group_id}");
    };
    check("", 0);
    check("a", 47);
    check("group-1", 49);
    check("console-consumer-12345", 6);
    check("my-connect-cluster", 10);
    check("gr\u{fc}ppe", 12);
    check("\u{1f680} rocket", 21);
    // Its hash code is i32::MIN, which has no magnitude.
    check("polygenelubricants", 0);
}

proptest! {
    #[test]
    fn decoders_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), version in 0i16..6) {
        let mut versioned = version.to_be_bytes().to_vec();
        versioned.extend(&bytes);
        let _ = RecordKey::decode(&versioned);
        let _ = OffsetCommitValue::decode(&versioned);
        let _ = GroupMetadataValue::decode(&versioned);
    }

    #[test]
    fn damaged_values_never_panic(which in 0usize..5, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        for golden in [OFFSET_COMMIT_VALUES[which], GROUP_METADATA_VALUES[which]] {
            let mut bytes = unhex(golden);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = OffsetCommitValue::decode(&bytes);
            if let Ok(value) = GroupMetadataValue::decode(&bytes) {
                prop_assert_eq!(GroupMetadataValue::decode(&value.encode()), Ok(value));
            }
        }
    }
}
