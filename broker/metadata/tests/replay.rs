//! From the values of a log to the image: golden records, transactions, snapshots, and what is refused.

mod common;

use bytes::Bytes;
use common::{
    BROKER, DIRECTORY, create, grow, hex, image, partition_record, producer_ids, register, remove,
    set_broker, set_topic, topic_id, unhex,
};
use corelog_metadata::{
    METADATA_VERSION_LEVEL, MetadataImage, MetadataRecord, Replay, ReplayError, Replayed, abort_transaction,
    begin_transaction, encode, end_transaction, feature_level, snapshot_records,
};
use corelog_model::Offset;
use corelog_protocol::messages::broker_registration_change_record::BrokerRegistrationChangeRecord;
use corelog_protocol::messages::config_record::ConfigRecord;
use corelog_protocol::messages::partition_change_record::PartitionChangeRecord;
use corelog_protocol::metadata_log;
use proptest::prelude::*;

fn replay(records: &[MetadataRecord]) -> Result<Replayed, ReplayError> {
    let mut replay = Replay::new("cluster");
    for (offset, record) in (0..).zip(records) {
        replay.next(Offset::new(offset).unwrap(), encode(record).unwrap())?;
    }
    Ok(replay.finish())
}

/// Each kind of record that is written, with the bytes that Kafka 4.4's `MetadataRecordSerde` gives it, too. Never edit
/// the bytes: data directories hold them.
fn golden() -> Vec<(MetadataRecord, &'static str)> {
    let unfence = BrokerRegistrationChangeRecord {
        broker_id: 1,
        broker_epoch: 9,
        fenced: -1,
        ..Default::default()
    };
    let reign = PartitionChangeRecord {
        partition_id: 3,
        topic_id: topic_id(7),
        leader: 1,
        directories: Some(vec![DIRECTORY]),
        ..Default::default()
    };
    let unset = ConfigRecord {
        resource_type: 4,
        resource_name: "1".to_owned(),
        name: "log.retention.ms".to_owned(),
        value: None,
    };
    let set = set_topic("orders-eu", &[("retention.ms", "-1")]).remove(0);
    vec![
        (feature_level(METADATA_VERSION_LEVEL), GOLDEN[0]),
        (register(1, 9), GOLDEN[1]),
        (unfence.into(), GOLDEN[2]),
        (common::topic(7, "orders-eu"), GOLDEN[3]),
        (partition_record(7, 3, &[1, 2]).into(), GOLDEN[4]),
        (reign.into(), GOLDEN[5]),
        (set, GOLDEN[6]),
        (unset.into(), GOLDEN[7]),
        (remove(7), GOLDEN[8]),
        (producer_ids(124_000), GOLDEN[9]),
        (begin_transaction("snapshot"), GOLDEN[10]),
        (end_transaction(), GOLDEN[11]),
        (abort_transaction("it was cut short"), GOLDEN[12]),
    ]
}

const GOLDEN: [&str; 13] = [
    "010c00116d657461646174612e76657273696f6e001e00",
    "0100040000000100000000000000000000000000000000090000000000000009020a504c41494e544558540f62726f6b\
     65722e6578616d706c65238400000002116d657461646174612e76657273696f6e001e001e0000010001001102d1d1d1\
     d1d1d1d1d1d1d1d1d1d1d1d1d1",
    "011103000000010000000000000009010001ff",
    "0102000a6f72646572732d65750000000000000000000000000000000700",
    "010302000000030000000000000000000000000000000703000000010000000203000000010000000201010000000100\
     0000000000000003d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d100",
    "010502000000030000000000000000000000000000000702010400000001081102d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1",
    "010400020a6f72646572732d65750d726574656e74696f6e2e6d73032d3100",
    "010400040231116c6f672e726574656e74696f6e2e6d730000",
    "0109000000000000000000000000000000000700",
    "010f00000000010000000000000001000000000001e46000",
    "01170001000909736e617073686f74",
    "01180000",
    "01190001001111697420776173206375742073686f7274",
];

#[test]
fn golden_records() {
    for (record, bytes) in golden() {
        assert_eq!(hex(&encode(&record).unwrap()), bytes, "{record:?}");
        let (decoded, _) = metadata_log::decode(unhex(bytes).into()).unwrap();
        assert_eq!(decoded, record);
    }
}

#[test]
fn what_is_not_known_is_named() {
    let check = |value: &[u8], expected: &str| {
        let mut replay = Replay::new("cluster");
        let error = replay.next(Offset::new(5).unwrap(), Bytes::copy_from_slice(value));
        let text = error.unwrap_err().to_string();
        assert!(text.contains("offset 5") && text.contains(expected), "{text}");
    };
    check(&[], "it has no frame");
    check(&[2, 2, 0], "its frame has version 2, and 1 is known");
    check(
        &[1, 99, 0],
        "its kind has the key 99, which this release does not know",
    );
    check(&[1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0], "the key 4294967295");
    check(
        &[1, 3, 3],
        "it is a PartitionRecord of version 3, and this release knows 0 to 2",
    );
    check(&[1, 3, 0x80, 0x80, 0x04], "a PartitionRecord of version 65536");
    check(&[1, 9, 0, 1], "its RemoveTopicRecord is malformed");
    let mut longer = encode(&remove(1)).unwrap().to_vec();
    longer.push(7);
    check(&longer, "1 bytes follow its RemoveTopicRecord");
    check(
        &encode(&remove(1)).unwrap(),
        "the RemoveTopicRecord at offset 5 does not fit",
    );
}

#[test]
fn a_transaction_is_in_force_at_its_end_alone() {
    let before = image(&[create(1, "one", 1)]);
    let log = |records: &[MetadataRecord]| {
        let first = std::iter::once(register(1, 1)).chain(create(1, "one", 1));
        first.chain(records.iter().cloned()).collect::<Vec<_>>()
    };
    let begin = begin_transaction("change");
    let more = create(2, "two", 2);
    let open = [std::slice::from_ref(&begin), &more].concat();
    let replayed = replay(&log(&open)).unwrap();
    assert!(replayed.is_transaction_open && replayed.image == before);
    let aborted = [&open[..], &[abort_transaction("why")]].concat();
    let replayed = replay(&log(&aborted)).unwrap();
    assert!(!replayed.is_transaction_open && replayed.image == before);
    let ended = [&open[..], &[end_transaction()]].concat();
    let replayed = replay(&log(&ended)).unwrap();
    assert!(!replayed.is_transaction_open);
    assert_eq!(replayed.image, before.apply(&more).unwrap());
    for wrong in [
        vec![begin.clone(), begin],
        vec![end_transaction()],
        vec![abort_transaction("why")],
    ] {
        let error = replay(&wrong).unwrap_err();
        assert!(matches!(error, ReplayError::Transaction { .. }), "{error}");
    }
}

fn full() -> MetadataImage {
    let image = image(&[
        vec![feature_level(METADATA_VERSION_LEVEL), register(2, 7)],
        create(1, "one", 3),
        create(2, "two", 1),
        set_topic("two", &[("k", "v"), ("l", "w")]),
        set_broker(None, &[("k", "v")]),
        set_broker(Some(BROKER), &[("k", "w")]),
        vec![producer_ids(5000), common::reign(1, 2, 1)],
    ]);
    assert_ne!(image, MetadataImage::new("cluster"));
    image
}

#[test]
fn a_snapshot_needs_nothing_before_it_and_changes_nothing_behind_it() {
    let image = full();
    let snapshot: Vec<_> = snapshot_records(&image).collect();
    assert_eq!(snapshot[1], feature_level(METADATA_VERSION_LEVEL));
    let alone = replay(&snapshot).unwrap();
    assert_eq!(alone.image, image);
    assert!(alone.size.snapshot > 0 && alone.size.grown == 0);
    // Behind what it says, and with more behind it.
    let twice = [&snapshot[..], &grow(2, 1, 1), &snapshot].concat();
    assert_eq!(replay(&twice).unwrap().image, image);
    let more = [&snapshot[..], &grow(2, 1, 1)].concat();
    let replayed = replay(&more).unwrap();
    assert_eq!(replayed.image, image.apply(&grow(2, 1, 1)).unwrap());
    assert!(replayed.size.grown > 0);
    // A crash amid it.
    for length in 1..snapshot.len() {
        let cut = [&snapshot[..], &snapshot[..length]].concat();
        let replayed = replay(&cut).unwrap();
        assert!(
            replayed.is_transaction_open && replayed.image == image,
            "{length}"
        );
    }
}

proptest! {
    #[test]
    fn nonsense_is_never_more_than_an_error(
        which: prop::sample::Index,
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in 0..4usize,
    ) {
        let mut bytes = unhex(which.get(&golden()).1);
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= value;
        }
        bytes.truncate(bytes.len().saturating_sub(cut));
        if let Ok((record, version)) = metadata_log::decode(Bytes::from(bytes)) {
            let again = metadata_log::encode(&record, version).unwrap();
            let (decoded, _) = metadata_log::decode(again.clone()).unwrap();
            prop_assert_eq!(metadata_log::encode(&decoded, version).unwrap(), again);
            let _ = full().apply(&[record]);
        }
    }
}
