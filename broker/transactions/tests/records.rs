//! The record formats against bytes that Kafka wrote.
//!
//! Provenance: `TransactionLog.keyToBytes` and `valueToBytes`, and `MessageUtil.toVersionPrefixedBytes` of the generated
//! `TransactionLogValue` where the order of the partitions matters, of `kafka-transaction-coordinator` 4.4.0 and
//! `kafka-clients` 4.4.0 (Maven Central), run on Java 17; partitions by `String.hashCode` and `Utils.abs` of the same.

use corelog_model::partition_for;
use corelog_model::{PartitionIndex, ProducerEpoch, ProducerId, TimestampMs, TopicName};
use corelog_transactions::records::{LogValueVersion, RecordError, RecordKey};
use corelog_transactions::{
    Loaded, Partitions, TopicPartition, TransactionConfig, TransactionCoordinator, TransactionLogValue,
    TransactionState, TransactionVersion, TransactionalId,
};
use proptest::prelude::*;

const KEY: &str = "000000086d792d74782dc3a9";
const ONGOING_V0: &str = "00000000000000000fa000070000ea60010000000200125f5f636f6e73756d65725f6f666673657473000000010000000d0007746f7069632e610000000200000000000000020000018bcfe5687b0000018bcfe56801";
const ONGOING_V1: &str = "00010000000000000fa000070000ea600103135f5f636f6e73756d65725f6f666673657473020000000d0008746f7069632e61030000000000000002000000018bcfe5687b0000018bcfe568010100080000000000000fa0";
/// With tag 10000 as an unknown tagged field, which Kafka keeps and reads on.
const WITH_LAST_EPOCH_V1: &str = "00010000000000000fa000070000ea600103135f5f636f6e73756d65725f6f666673657473020000000d0008746f7069632e61030000000000000002000000018bcfe5687b0000018bcfe568010300080000000000000fa002020002904e020006";
const NEXT_EPOCH_V1: &str = "00010000000000000fa000070000ea600103135f5f636f6e73756d65725f6f666673657473020000000d0008746f7069632e61030000000000000002000000018bcfe5687b0000018bcfe568010200080000000000000fa003020003";
const EMPTY_V0: &str = "00000000000000000fa000070000ea6000ffffffff0000018bcfe5687bffffffffffffffff";
const EMPTY_V1: &str =
    "00010000000000000fa000070000ea6000000000018bcfe5687bffffffffffffffff0100080000000000000fa0";
const PREPARE_COMMIT_V1: &str = "00010000000000000fa07fff0000ea60020208746f7069632e610200000002000000018bcfe5687b0000018bcfe568010300080000000000000fa00108000000000000138802020002";
const COMPLETE_ABORT_V0: &str = "00000000000000000fa000080000ea6005000000000000018bcfe5687b0000018bcfe56801";
const COMPLETE_ABORT_V1: &str =
    "00010000000000000fa000080000ea6005010000018bcfe5687b0000018bcfe568010200080000000000000fa002020002";

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex"))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn partition(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition {
        topic: TopicName::new(topic).expect("valid"),
        partition: PartitionIndex::new(partition),
    }
}

fn ongoing() -> TransactionLogValue {
    TransactionLogValue {
        producer_id: ProducerId::new(4000),
        previous_producer_id: None,
        next_producer_id: None,
        producer_epoch: ProducerEpoch::new(7),
        last_producer_epoch: None,
        timeout_ms: 60_000,
        state: TransactionState::Ongoing,
        partitions: Partitions::from_iter([
            partition("topic.a", 2),
            partition("__consumer_offsets", 13),
            partition("topic.a", 0),
        ]),
        last_update: TimestampMs::new(1_700_000_000_123),
        start: Some(TimestampMs::new(1_700_000_000_001)),
        client_version: TransactionVersion::V0,
    }
}

/// The value is what Kafka wrote, and is written as Kafka does.
fn check(golden: &str, version: LogValueVersion, value: &TransactionLogValue) {
    assert_eq!(TransactionLogValue::decode(&unhex(golden)).as_ref(), Ok(value));
    assert_eq!(hex(&value.encode(version)), golden);
}

#[test]
fn keys_are_kafkas() {
    assert_eq!(
        RecordKey::decode(&unhex(KEY)),
        Ok(RecordKey::TransactionLog {
            transactional_id: TransactionalId::new("my-tx-\u{e9}")
        })
    );
    assert_eq!(
        RecordKey::decode(&[0, 1, 2, 3]),
        Ok(RecordKey::Unknown { version: 1 })
    );
}

#[test]
fn values_are_kafkas() {
    let previous_producer_id = Some(ProducerId::new(4000));
    check(ONGOING_V0, LogValueVersion::V0, &ongoing());
    let with_previous = TransactionLogValue {
        previous_producer_id,
        ..ongoing()
    };
    check(ONGOING_V1, LogValueVersion::V1, &with_previous);
    let with_last_epoch = TransactionLogValue {
        last_producer_epoch: Some(ProducerEpoch::new(6)),
        client_version: TransactionVersion::V2,
        ..with_previous.clone()
    };
    check(WITH_LAST_EPOCH_V1, LogValueVersion::V1, &with_last_epoch);

    let empty = TransactionLogValue {
        state: TransactionState::Empty,
        partitions: Partitions::default(),
        start: None,
        ..ongoing()
    };
    check(EMPTY_V0, LogValueVersion::V0, &empty);
    check(
        EMPTY_V1,
        LogValueVersion::V1,
        &TransactionLogValue {
            previous_producer_id,
            ..empty
        },
    );
    check(
        PREPARE_COMMIT_V1,
        LogValueVersion::V1,
        &TransactionLogValue {
            producer_epoch: ProducerEpoch::new(i16::MAX),
            next_producer_id: Some(ProducerId::new(5000)),
            state: TransactionState::PrepareCommit,
            partitions: Partitions::from_iter([partition("topic.a", 2)]),
            client_version: TransactionVersion::V2,
            ..with_previous.clone()
        },
    );
    let complete = TransactionLogValue {
        producer_epoch: ProducerEpoch::new(8),
        state: TransactionState::CompleteAbort,
        partitions: Partitions::default(),
        ..ongoing()
    };
    check(COMPLETE_ABORT_V0, LogValueVersion::V0, &complete);
    check(
        COMPLETE_ABORT_V1,
        LogValueVersion::V1,
        &TransactionLogValue {
            previous_producer_id,
            client_version: TransactionVersion::V2,
            ..complete
        },
    );
    // Kafka's tag for KIP-939, which 4.4 does not use, is skipped.
    assert_eq!(
        TransactionLogValue::decode(&unhex(NEXT_EPOCH_V1)).as_ref(),
        Ok(&with_previous)
    );
}

#[test]
fn the_old_version_loses_the_tags_alone() {
    let value = TransactionLogValue {
        previous_producer_id: Some(ProducerId::new(1)),
        next_producer_id: Some(ProducerId::new(2)),
        last_producer_epoch: Some(ProducerEpoch::new(3)),
        client_version: TransactionVersion::V1,
        ..ongoing()
    };
    let decoded = TransactionLogValue::decode(&value.encode(LogValueVersion::V0));
    assert_eq!(decoded, Ok(ongoing()));
}

#[test]
fn impossible_values_are_refused() {
    let check = |at: usize, bytes: &[u8], expected: RecordError| {
        let mut value = unhex(ONGOING_V0);
        value[at..at + bytes.len()].copy_from_slice(bytes);
        assert_eq!(TransactionLogValue::decode(&value), Err(expected), "at {at}");
    };
    let field = |field, value| RecordError::Field { field, value };
    check(0, &[0, 2], RecordError::Version { version: 2 });
    check(2, &[0xff; 8], field("producer_id", -1));
    check(10, &[0xff; 2], field("producer_epoch", -1));
    check(16, &[8], field("transaction_status", 8));
    // Dead and PrepareEpochFence are never written.
    check(16, &[6], field("transaction_status", 6));
    check(16, &[7], field("transaction_status", 7));
    check(17, &[0xff; 4], RecordError::Null("transaction_partitions"));
    check(17, &[0xff, 0xff, 0xff, 0xfe], RecordError::Length(-2));
    check(21, &[0xff, 0xff], RecordError::Null("string"));
    check(23, b"#", RecordError::TopicName);
    check(23, &[0xff], RecordError::Utf8);
    check(45, &[0x80], field("partition_ids", i64::from(i32::MIN) + 13));
    for size in 0..unhex(ONGOING_V1).len() {
        assert!(TransactionLogValue::decode(&unhex(ONGOING_V1)[..size]).is_err());
    }
}

#[test]
fn partitions_are_found_as_kafka_does() {
    let check = |id: &str, expected: i32| {
        assert_eq!(partition_for(id, 50), PartitionIndex::new(expected), "{id}");
    };
    check("", 0);
    check("a", 47);
    check("my-tx", 11);
    check("polygenelubricants", 0);
    check("tx-\u{e9}-1", 8);
}

fn any_value() -> impl Strategy<Value = TransactionLogValue> {
    let ids = proptest::option::of((0..i64::MAX).prop_map(ProducerId::new));
    let epochs = (0..=i16::MAX).prop_map(ProducerEpoch::new);
    let states = prop_oneof![
        Just(TransactionState::Empty),
        Just(TransactionState::Ongoing),
        Just(TransactionState::PrepareCommit),
        Just(TransactionState::CompleteAbort),
    ];
    let partitions = proptest::collection::vec(("[a-z]{1,3}", 0..9i32), 0..9);
    (
        (0..i64::MAX, ids.clone(), ids),
        (epochs.clone(), proptest::option::of(epochs), any::<i32>(), states),
        (
            partitions,
            any::<i64>(),
            proptest::option::of(0..i64::MAX),
            0..3i16,
        ),
    )
        .prop_map(|(ids, state, rest)| TransactionLogValue {
            producer_id: ProducerId::new(ids.0),
            previous_producer_id: ids.1,
            next_producer_id: ids.2,
            producer_epoch: state.0,
            last_producer_epoch: state.1,
            timeout_ms: state.2,
            state: state.3,
            partitions: match state.3 {
                TransactionState::Empty => Partitions::default(),
                _ => rest
                    .0
                    .iter()
                    .map(|(topic, index)| partition(topic, *index))
                    .collect(),
            },
            last_update: TimestampMs::new(rest.1),
            start: rest.2.map(TimestampMs::new),
            client_version: TransactionVersion::from_level(rest.3).expect("known"),
        })
}

/// What can be read can be written, and is the same again.
fn read_and_write(bytes: &[u8]) {
    if let Ok(value) = TransactionLogValue::decode(bytes) {
        let again = TransactionLogValue::decode(&value.encode(LogValueVersion::V1));
        assert_eq!(again.as_ref(), Ok(&value));
        let old = value.encode(LogValueVersion::V0);
        let settled = TransactionLogValue::decode(&old).expect("what was encoded can be decoded");
        assert_eq!(settled.encode(LogValueVersion::V0), old);
    }
}

proptest! {
    #[test]
    fn values_survive(value in any_value()) {
        let decoded = TransactionLogValue::decode(&value.encode(LogValueVersion::V1));
        prop_assert_eq!(decoded, Ok(value));
    }

    #[test]
    fn arbitrary_bytes_are_refused_or_read(
        key in proptest::collection::vec(any::<u8>(), 0..64),
        value in proptest::collection::vec(any::<u8>(), 0..256),
    ) {
        let _ = RecordKey::decode(&key);
        let _ = TransactionLogValue::decode(&value);
        for version in [0u8, 1] {
            let mut value = value.clone();
            value.splice(0..0, [0, version]);
            read_and_write(&value);
        }
    }

    /// Bytes that are nearly right reach further than those that are not.
    #[test]
    fn damaged_records_are_refused_or_read(
        version in prop_oneof![Just(LogValueVersion::V0), Just(LogValueVersion::V1)],
        value in any_value(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        size in any::<prop::sample::Index>(),
    ) {
        let mut bytes = value.encode(version).to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        read_and_write(&bytes);
        bytes.truncate(size.index(bytes.len() + 1));
        let mut coordinator = TransactionCoordinator::new(TransactionConfig::default(), corelog_model::LeaderEpoch::new(0));
        if let Ok(loaded) = coordinator.load(&unhex(KEY), Some(&bytes)) {
            prop_assert_eq!(loaded, Loaded::Known);
            prop_assert_eq!(coordinator.transactional_id_count(), 1);
        }
    }
}
