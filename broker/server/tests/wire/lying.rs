//! Batches whose header says something else than their records: what Kafka corrects, and what it refuses with which code.

use bytes::Bytes;
use corelog_model::batch::{self, BatchHeader, Compression, HEADER_SIZE};
use corelog_model::{BatchError, TimestampMs, ValidatedBatch};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use corelog_records::{BatchOptions, NewRecord, RecordBatchBuilder, Records, payload};

use crate::support::{Batch, Broker, Client, NOW, TOPIC, fetch, produce, with_broker};

const ALL: [Compression; 5] = [
    Compression::None,
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];

/// Records with keys and these timestamps, in values of `value_bytes`.
fn timed(compression: Compression, timestamps: &[i64], value_bytes: usize) -> Bytes {
    let mut builder = RecordBatchBuilder::new(BatchOptions {
        compression,
        ..BatchOptions::default()
    });
    // Not to be compressed away.
    let mut word = 1u64;
    for timestamp in timestamps {
        let value: Vec<u8> = (0..value_bytes)
            .map(|_| {
                word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                word.to_be_bytes()[0]
            })
            .collect();
        let record = NewRecord {
            timestamp: TimestampMs::new(*timestamp),
            key: Some(b"key"),
            value: Some(&value),
            headers: &[],
        };
        builder.append(&record).expect("it fits");
    }
    builder.build().expect("a batch").bytes().clone()
}

/// The batch with other bytes at `at`, under a checksum that is right.
fn told(batch: &Bytes, at: usize, bytes: &[u8]) -> Bytes {
    let mut out = batch.to_vec();
    out[at..at + bytes.len()].copy_from_slice(bytes);
    let length = i32::try_from(out.len() - 12).expect("small");
    if at != 8 {
        out[8..12].copy_from_slice(&length.to_be_bytes());
    }
    let header = BatchHeader {
        size: out.len(),
        crc: 0,
        ..batch::parse_header(&Batch::of(1).bytes()).expect("a header")
    };
    if let Err(BatchError::Crc { computed, .. }) = batch::check_crc(&header, &out) {
        out[17..21].copy_from_slice(&computed.to_be_bytes());
    }
    out.into()
}

/// Less or more bytes at the end.
fn resized(batch: &Bytes, length: usize) -> Bytes {
    let mut out = batch.to_vec();
    out.resize(length, 0);
    told(&out.into(), 20, &[])
}

async fn stored(client: &Client, topic: &str) -> Vec<(BatchHeader, Bytes)> {
    let answer = client.call(11, &fetch(topic, &[(0, 0)])).await;
    let records = answer.topics[0].partitions[0].records.clone();
    let mut bytes = records.map(|records| records.into_bytes()).unwrap_or_default();
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let header = batch::parse_header(&bytes).expect("a batch");
        batch::check_crc(&header, &bytes).expect("whole");
        found.push((header, bytes.split_to(header.size)));
    }
    found
}

async fn offset_at(client: &Client, topic: &str, timestamp: i64) -> i64 {
    let request = ListOffsetsRequest {
        replica_id: -1,
        topics: vec![ListOffsetsTopic {
            name: topic.to_owned(),
            partitions: vec![ListOffsetsPartition {
                timestamp,
                current_leader_epoch: -1,
                ..ListOffsetsPartition::default()
            }],
        }],
        ..ListOffsetsRequest::default()
    };
    client.call(5, &request).await.topics[0].partitions[0].offset
}

#[test]
fn a_false_largest_timestamp_is_put_right() {
    with_broker(|broker| async move {
        let client = broker.connect().await;
        for codec in ALL {
            // Small ones are looked into where they come, large ones as long work.
            for (name, value_bytes) in [("small", 10), ("large", 40_000)] {
                let topic = format!("{name}-{codec:?}").to_lowercase();
                broker.create(&topic, 1, &[]).await;
                let now = NOW.get();
                let honest = timed(codec, &[now, now + 20, now + 10], value_bytes);
                for (at, max) in (0..).zip([-1i64, 0, now, now + 99, i64::MAX, i64::MIN]) {
                    let sent = told(&honest, 35, &max.to_be_bytes());
                    let answer = client.produce(&topic, sent).await;
                    assert_eq!(
                        (answer.error_code, answer.base_offset),
                        (0, 3 * at),
                        "{topic} {max}"
                    );
                }
                let found = stored(&client, &topic).await;
                assert_eq!(found.len(), 6);
                for (header, bytes) in found {
                    assert_eq!(header.max_timestamp.get(), now + 20);
                    assert_eq!(bytes[HEADER_SIZE..], honest[HEADER_SIZE..]);
                }
                assert_eq!(offset_at(&client, &topic, now + 5).await, 1);
                assert_eq!(offset_at(&client, &topic, now + 21).await, -1);
            }
        }
        assert!(broker.shard.long_work.is_empty());
    });
}

#[test]
fn offset_deltas_other_than_0_1_2_are_numbered_anew() {
    with_broker(|broker| async move {
        let client = broker.connect().await;
        let record = |delta: u8| [14, 0, 0, delta, 2, 9, 1, 0];
        for codec in ALL {
            let topic = format!("{codec:?}").to_lowercase();
            broker.create(&topic, 1, &[]).await;
            let records = [record(8), record(8), record(2)].concat();
            let payload_bytes = corelog_records::compress(codec, &records).expect("it compresses");
            let head = Batch::of(3).compressed(codec).bytes();
            let sent = [&head[..HEADER_SIZE], &payload_bytes].concat();
            let answer = client.produce(&topic, told(&sent.into(), 20, &[])).await;
            assert_eq!(answer.error_code, 0, "{codec:?}: {answer:?}");
            let found = stored(&client, &topic).await;
            let (header, bytes) = &found[0];
            assert_eq!(header.compression, codec);
            let records = payload(header, bytes, 1 << 20).expect("records");
            let deltas: Vec<i32> = Records::new(header, &records)
                .map(|record| record.expect("a record").offset_delta)
                .collect();
            assert_eq!(deltas, [0, 1, 2]);
        }
    });
}

#[test]
fn a_delete_horizon_is_not_a_clients_to_say() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        let honest = Batch::of(2).bytes();
        let answer = client.produce(TOPIC, told(&honest, 22, &[0b100_0000])).await;
        assert_eq!(answer.error_code, 0);
        assert_eq!(stored(&client, TOPIC).await[0].1[22], 0);
    });
}

#[test]
fn what_no_consumer_can_read_is_refused() {
    with_broker(|broker| async move {
        use ErrorCode::{
            CorruptMessage, InvalidRecord, InvalidTimestamp, MessageTooLarge, UnknownServerError,
        };
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        let good = Batch::of(2).bytes();
        let now = broker.shard.handle.clock.wall().get();
        let far = now + 10_000_000_000;
        let mut cases = vec![
            ("base offset 5", told(&good, 7, &[5]), InvalidRecord),
            ("base offset -1", told(&good, 0, &[0xff; 8]), InvalidRecord),
            (
                "three records",
                told(&told(&good, 26, &[2]), 60, &[3]),
                InvalidRecord,
            ),
            (
                "one record",
                told(&told(&good, 26, &[0]), 60, &[1]),
                InvalidRecord,
            ),
            (
                "no records",
                told(&told(&good, 60, &[0]), 26, &[0]),
                InvalidRecord,
            ),
            ("count -1", told(&good, 57, &[0xff; 4]), InvalidRecord),
            ("last offset delta -1", told(&good, 23, &[0xff; 4]), InvalidRecord),
            ("last offset delta 5", told(&good, 26, &[5]), InvalidRecord),
            ("a byte more", resized(&good, good.len() + 1), InvalidRecord),
            ("a byte less", resized(&good, good.len() - 1), InvalidRecord),
            ("no bytes", resized(&good, HEADER_SIZE), InvalidRecord),
            ("message format 1", told(&good, 16, &[1]), InvalidRecord),
            ("message format 3", told(&good, 16, &[3]), CorruptMessage),
            ("message format -1", told(&good, 16, &[0xff]), CorruptMessage),
            ("length 13", told(&good, 8, &13i32.to_be_bytes()), CorruptMessage),
            ("length 48", told(&good, 8, &48i32.to_be_bytes()), CorruptMessage),
            ("length -1", told(&good, 8, &[0xff; 4]), CorruptMessage),
            (
                "a length beyond the end",
                told(&good, 8, &999i32.to_be_bytes()),
                InvalidRecord,
            ),
            ("codec 5", told(&good, 22, &[5]), UnknownServerError),
            (
                "a producer without a sequence",
                told(&good, 43, &[0; 10]),
                InvalidRecord,
            ),
            (
                "too large",
                timed(Compression::None, &[now], 2 << 20),
                MessageTooLarge,
            ),
        ];
        for codec in ALL {
            let late = timed(codec, &[now, far], 10);
            cases.push((
                "a record far ahead",
                told(&late, 35, &now.to_be_bytes()),
                InvalidTimestamp,
            ));
            if codec != Compression::None {
                let bits = late[22];
                cases.push(("not in its codec", told(&good, 22, &[bits]), UnknownServerError));
                let large = timed(codec, &[now, now], 40_000);
                cases.push(("cut short", resized(&large, large.len() - 9), UnknownServerError));
                cases.push((
                    "three large records",
                    told(&told(&large, 26, &[2]), 60, &[3]),
                    InvalidRecord,
                ));
                cases.push((
                    "one large record",
                    told(&told(&large, 26, &[0]), 60, &[1]),
                    InvalidRecord,
                ));
            }
        }
        for (name, bytes, expected) in cases {
            let answer = client.produce(TOPIC, bytes).await;
            assert_eq!(answer.error_code, expected.code(), "{name}: {answer:?}");
            assert!(answer.error_message.is_some(), "{name}");
        }
        let answer = client.produce(TOPIC, good).await;
        assert_eq!(
            (answer.error_code, answer.base_offset),
            (0, 0),
            "nothing was stored"
        );
    });
}

#[test]
fn bytes_behind_the_batch_that_are_none_are_let_fall() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        let good = Batch::of(1).bytes();
        for rest in [&[0u8; 3][..], &[0; 11], &good[..good.len() - 1]] {
            let answer = client.produce(TOPIC, [&good[..], rest].concat()).await;
            assert_eq!(answer.error_code, 0, "{}", rest.len());
        }
        assert!(
            stored(&client, TOPIC)
                .await
                .iter()
                .all(|(_, bytes)| bytes[20..] == good[20..])
        );
    });
}

/// Each record at fault is named, so that clients send the others again (KIP-467).
#[test]
fn records_at_fault_are_named() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        broker
            .create("stamped", 1, &[("message.timestamp.type", "LogAppendTime")])
            .await;
        let client = broker.connect().await;
        let now = broker.shard.handle.clock.wall().get();
        let far = now + 10_000_000_000;
        let refused = |answer: &corelog_protocol::messages::produce::PartitionProduceResponse| {
            let records = answer.record_errors.iter();
            let indexes: Vec<i32> = records.map(|record| record.batch_index).collect();
            let is_told = answer
                .record_errors
                .iter()
                .all(|record| record.batch_index_error_message.is_some());
            (indexes, is_told)
        };
        for codec in ALL {
            let bytes = timed(codec, &[far, now, far, -1, -2], 10);
            let answer = client.produce(TOPIC, bytes.clone()).await;
            assert_eq!(answer.error_code, ErrorCode::InvalidTimestamp.code());
            assert_eq!(refused(&answer), (vec![0, 2], true), "{codec:?}");
            // There the broker's time counts.
            let answer = client.produce("stamped", bytes).await;
            assert_eq!(answer.error_code, 0);
        }
        for (header, _) in stored(&client, "stamped").await {
            assert!((now..far).contains(&header.max_timestamp.get()));
        }
        // Of many, the sentence is told once.
        let answer = client
            .produce(TOPIC, timed(Compression::None, &[far; 300], 1))
            .await;
        assert_eq!(refused(&answer), ((0..300).collect(), false));
        assert!(answer.error_message.is_some());
    });
}

/// What comes behind a large compressed batch on its own connection keeps its order.
#[test]
fn large_compressed_batches_are_checked_beside_the_rest() {
    with_broker(|broker: Broker| async move {
        broker.create(TOPIC, 2, &[]).await;
        let (busy, other) = (broker.connect().await, broker.connect().await);
        let large = timed(Compression::Gzip, &[NOW.get(); 20], 40_000);
        assert!(ValidatedBatch::new(large.clone()).is_ok());
        let mut sent = Vec::new();
        for _ in 0..8 {
            sent.push(busy.send(9, &produce(-1, TOPIC, &[(0, large.clone())])).await);
            sent.push(
                busy.send(9, &produce(-1, TOPIC, &[(0, Batch::of(1).bytes())]))
                    .await,
            );
        }
        let answer = other
            .call(9, &produce(-1, TOPIC, &[(1, Batch::of(1).bytes())]))
            .await;
        assert_eq!(answer.topics[0].partitions[0].error_code, 0);
        let mut next = 0;
        for (nth, id) in sent.into_iter().enumerate() {
            let answer = busy
                .receive::<corelog_protocol::messages::produce::ProduceRequest>(9, id)
                .await;
            let answer = &answer.topics[0].partitions[0];
            assert_eq!((answer.error_code, answer.base_offset), (0, next));
            next += if nth % 2 == 0 { 20 } else { 1 };
        }
    });
}
