//! Produce: what is accepted, what is refused and how, recompression, timeouts.

use bytes::{Bytes, BytesMut};
use corelog_model::batch::Compression;
use corelog_model::{TimestampMs, batch};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::produce::ProduceRequest;
use corelog_records::{Records, Stamps, payload};
use futures_util::FutureExt as _;

use crate::offsets::delete;
use crate::support::{Batch, NOW, TOPIC, fetch, produce, with_broker};

#[test]
fn batches_that_a_client_may_not_send() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        broker
            .create("compacted", 1, &[("cleanup.policy", "compact")])
            .await;
        broker
            .create("stamped", 1, &[("message.timestamp.type", "LogAppendTime")])
            .await;
        let client = broker.connect().await;
        let with = |change: fn(&mut Batch)| {
            let mut batch = Batch::of(2);
            change(&mut batch);
            batch.bytes()
        };
        let good = Batch::of(2).bytes();
        let corrupt = {
            let mut bytes = BytesMut::from(&good[..]);
            bytes[70] ^= 1;
            bytes.freeze()
        };
        let future = TimestampMs::new(broker.shard.handle.clock.wall().get() + 2 * 3_600_000);
        let late = Batch {
            timestamp: Some(future),
            ..Batch::of(1)
        };
        let keyless = Batch {
            has_key: false,
            ..Batch::of(1)
        };
        let stamped = with(|b| b.options.stamps = Stamps::LogAppend(NOW));
        let huge = Batch {
            value_bytes: 2 << 20,
            ..Batch::of(1)
        };
        for (name, topic, bytes, expected) in [
            ("good", TOPIC, good.clone(), ErrorCode::None),
            (
                "two batches",
                TOPIC,
                [&good[..], &good[..]].concat().into(),
                ErrorCode::InvalidRecord,
            ),
            ("none", TOPIC, Bytes::new(), ErrorCode::InvalidRecord),
            (
                "cut off",
                TOPIC,
                good.slice(..good.len() - 1),
                ErrorCode::InvalidRecord,
            ),
            ("corrupt", TOPIC, corrupt, ErrorCode::CorruptMessage),
            (
                "control",
                TOPIC,
                with(|b| b.options.is_control = true),
                ErrorCode::InvalidRecord,
            ),
            (
                "of a transaction in a request without a transactional id",
                TOPIC,
                {
                    let mut batch = Batch::of(1).sequenced(5, 0, 0);
                    batch.options.is_transactional = true;
                    batch.bytes()
                },
                ErrorCode::TransactionalIdAuthorizationFailed,
            ),
            ("stamped by the client", TOPIC, stamped.clone(), ErrorCode::None),
            (
                "stamped by the client where the broker stamps",
                "stamped",
                stamped,
                ErrorCode::InvalidTimestamp,
            ),
            (
                "from the future",
                TOPIC,
                late.bytes(),
                ErrorCode::InvalidTimestamp,
            ),
            ("too large", TOPIC, huge.bytes(), ErrorCode::MessageTooLarge),
            ("keyless", TOPIC, keyless.clone().bytes(), ErrorCode::None),
            (
                "keyless, compacted",
                "compacted",
                keyless.clone().bytes(),
                ErrorCode::InvalidRecord,
            ),
            (
                "keyless, compacted, zstd",
                "compacted",
                keyless.compressed(Compression::Zstd).bytes(),
                ErrorCode::InvalidRecord,
            ),
            (
                "keyed, compacted, zstd",
                "compacted",
                Batch::of(3).compressed(Compression::Zstd).bytes(),
                ErrorCode::None,
            ),
            (
                "unknown topic",
                "nowhere",
                good,
                ErrorCode::UnknownTopicOrPartition,
            ),
        ] {
            let answer = client.produce(topic, bytes).await;
            assert_eq!(answer.error_code, expected.code(), "{name}: {answer:?}");
        }
    });
}

#[test]
fn requests_that_are_refused_whole() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        broker
            .create("replicated", 1, &[("min.insync.replicas", "2")])
            .await;
        let client = broker.connect().await;
        let records = Batch::of(1).bytes();
        let zstd = Batch::of(1).compressed(Compression::Zstd).bytes();
        for (version, acks, topic, records, expected) in [
            (3, 2, TOPIC, &records, ErrorCode::InvalidRequiredAcks),
            (3, 1, TOPIC, &zstd, ErrorCode::UnsupportedCompressionType),
            (7, 1, TOPIC, &zstd, ErrorCode::None),
            (7, 1, "replicated", &records, ErrorCode::None),
            // A partition with fewer replicas than that needs them all.
            (7, -1, "replicated", &records, ErrorCode::None),
        ] {
            let request = produce(acks, topic, &[(0, records.clone())]);
            let answer = client.call(version, &request).await;
            assert_eq!(answer.topics[0].partitions[0].error_code, expected.code());
        }
    });
}

#[test]
fn acks_0_is_silent_and_closes_the_connection_on_an_error() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        client
            .send(9, &produce(0, TOPIC, &[(0, Batch::of(1).bytes())]))
            .await;
        let next = client.produce(TOPIC, Batch::of(1).bytes()).await;
        assert_eq!(
            (next.error_code, next.base_offset),
            (0, 1),
            "the first is answered by nothing"
        );
        client
            .send(9, &produce(0, TOPIC, &[(9, Batch::of(1).bytes())]))
            .await;
        assert!(client.receive_raw().await.is_none());
    });
}

#[test]
fn sequences_are_checked_and_duplicates_get_their_first_offset() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        let (gap, stale) = (
            ErrorCode::OutOfOrderSequenceNumber,
            ErrorCode::InvalidProducerEpoch,
        );
        let last = i32::MAX;
        for (producer, epoch, sequence, records, expected) in [
            (1, 0, 0, 3, Ok(0)),
            (1, 0, 3, 2, Ok(3)),
            (1, 0, 0, 3, Ok(0)),
            (1, 0, 9, 1, Err(gap)),
            (1, 1, 5, 1, Err(gap)),
            (1, 1, 0, 1, Ok(5)),
            (1, 0, 5, 1, Err(stale)),
            // The sequence wraps behind the int32 maximum.
            (2, 0, last, 2, Ok(6)),
            (2, 0, 1, 1, Ok(8)),
            (2, 0, last, 2, Ok(6)),
        ] {
            let bytes = Batch::of(records).sequenced(producer, epoch, sequence).bytes();
            let answer = client.produce(TOPIC, bytes).await;
            let (code, offset) = match expected {
                Ok(offset) => (0, offset),
                Err(code) => (code.code(), -1),
            };
            assert_eq!(
                (answer.error_code, answer.base_offset),
                (code, offset),
                "{producer} {epoch} {sequence}"
            );
        }
    });
}

#[test]
fn log_append_time_is_echoed_for_a_duplicate_too() {
    with_broker(|broker| async move {
        broker
            .create(TOPIC, 1, &[("message.timestamp.type", "LogAppendTime")])
            .await;
        let client = broker.connect().await;
        let bytes = Batch::of(1).sequenced(1, 0, 0).bytes();
        let first = client.produce(TOPIC, bytes.clone()).await;
        assert!(first.log_append_time_ms > NOW.get());
        let again = client.produce(TOPIC, bytes).await;
        assert_eq!(
            (again.base_offset, again.log_append_time_ms),
            (0, first.log_append_time_ms)
        );
    });
}

/// As in Kafka, whatever the topic's kind of timestamp.
#[test]
fn a_duplicate_is_told_the_largest_timestamp_of_its_original() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        let bytes = Batch::of(2).sequenced(1, 0, 0).bytes();
        assert_eq!(client.produce(TOPIC, bytes.clone()).await.log_append_time_ms, -1);
        assert_eq!(client.produce(TOPIC, bytes).await.log_append_time_ms, NOW.get());
    });
}

#[test]
fn a_partition_named_twice_is_written_and_answered_once() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        let one = |records| (0, Batch::of(records).bytes());
        let mut request = produce(-1, TOPIC, &[one(1), one(2)]);
        let again = request.topics[0].clone();
        request.topics.push(again);
        request.topics.extend(produce(-1, "nowhere", &[]).topics);
        let answer = client.call(9, &request).await;
        assert_eq!((answer.topics.len(), answer.topics[0].partitions.len()), (1, 1));
        assert_eq!(answer.topics[0].partitions[0].base_offset, 0);
        assert_eq!(client.produce(TOPIC, Batch::of(1).bytes()).await.base_offset, 2);
    });
}

/// Kafka looks at the records before it looks at the acks (`KafkaApis.handleProduceRequest`), and tells where the log
/// starts once it has come to it.
#[test]
fn what_is_wrong_first_and_where_the_log_starts() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        client.produce(TOPIC, Batch::of(5).bytes()).await;
        delete(&client, TOPIC, 3).await;
        let good = Batch::of(1).bytes();
        client
            .produce(TOPIC, Batch::of(1).sequenced(1, 0, 0).bytes())
            .await;
        let gap = Batch::of(1).sequenced(1, 0, 7).bytes();
        let late = Batch {
            timestamp: Some(TimestampMs::new(i64::MAX / 2)),
            ..Batch::of(1)
        };
        for (acks, records, expected, log_start) in [
            (-1, &good, ErrorCode::None, 3),
            (2, &good, ErrorCode::InvalidRequiredAcks, -1),
            (2, &Bytes::new(), ErrorCode::InvalidRecord, -1),
            (-1, &Bytes::new(), ErrorCode::InvalidRecord, -1),
            (-1, &gap, ErrorCode::OutOfOrderSequenceNumber, 3),
            (-1, &late.bytes(), ErrorCode::InvalidTimestamp, 3),
        ] {
            let answer = client
                .call(9, &produce(acks, TOPIC, &[(0, records.clone())]))
                .await;
            let answer = &answer.topics[0].partitions[0];
            assert_eq!(
                (answer.error_code, answer.log_start_offset),
                (expected.code(), log_start)
            );
        }
    });
}

#[test]
fn a_topics_own_codec_is_what_is_stored() {
    with_broker(|broker| async move {
        let client = broker.connect().await;
        for (name, codec) in [
            ("uncompressed", Compression::None),
            ("gzip", Compression::Gzip),
            ("snappy", Compression::Snappy),
            ("lz4", Compression::Lz4),
            ("zstd", Compression::Zstd),
        ] {
            broker.create(name, 1, &[("compression.type", name)]).await;
            for (sequence, sent) in [
                (0, Compression::None),
                (3, Compression::Gzip),
                (6, Compression::Zstd),
            ] {
                let bytes = Batch::of(3).compressed(sent).sequenced(4, 0, sequence).bytes();
                let answer = client.produce(name, bytes).await;
                assert_eq!((answer.error_code, answer.base_offset), (0, i64::from(sequence)));
            }
            let answer = client.call(11, &fetch(name, &[(0, 0)])).await;
            let records = answer.topics[0].partitions[0].records.as_ref().expect("records");
            let whole = records.clone().into_bytes();
            let mut bytes: &[u8] = &whole;
            let mut count = 0;
            while !bytes.is_empty() {
                let header = batch::parse_header(bytes).expect("a batch");
                batch::check_crc(&header, bytes).expect("whole");
                assert_eq!(header.compression, codec, "{name}");
                assert_eq!(header.base_offset.get(), count);
                let payload = payload(&header, bytes, 1 << 20).expect("records");
                for record in Records::new(&header, &payload) {
                    assert_eq!(record.expect("a record").timestamp(&header), Some(NOW));
                    count += 1;
                }
                bytes = &bytes[header.size..];
            }
            assert_eq!(count, 9);
        }
    });
}

#[test]
fn requests_behind_one_that_is_recompressed_keep_their_order() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[("compression.type", "zstd")]).await;
        let client = broker.connect().await;
        let mut sent = Vec::new();
        for sequence in 0..20 {
            // Every other batch has the topic's codec and needs no work.
            let codec = if sequence % 2 == 0 {
                Compression::Gzip
            } else {
                Compression::Zstd
            };
            let bytes = Batch::of(1).compressed(codec).sequenced(1, 0, sequence).bytes();
            sent.push(client.send(9, &produce(-1, TOPIC, &[(0, bytes)])).await);
        }
        for (offset, id) in (0..).zip(sent) {
            let answer = client.receive::<ProduceRequest>(9, id).await;
            let answer = &answer.topics[0].partitions[0];
            assert_eq!((answer.error_code, answer.base_offset), (0, offset));
        }
        assert!(broker.shard.long_work.is_empty());
    });
}

#[test]
fn an_acknowledgement_that_is_late_is_answered_as_such() {
    with_broker(|broker| async move {
        broker.create(TOPIC, 1, &[]).await;
        let client = broker.connect().await;
        // Long enough for a disk, and answered as usual.
        let answer = client.produce(TOPIC, Batch::of(1).bytes()).await;
        assert_eq!(answer.error_code, 0);
        // A millisecond may be too little; then the code says so, and the record is there all the same.
        let mut request = produce(-1, TOPIC, &[(0, Batch::of(1).bytes())]);
        request.timeout_ms = 1;
        let answer = client.call(9, &request).await;
        let code = answer.topics[0].partitions[0].error_code;
        assert!([0, ErrorCode::RequestTimedOut.code()].contains(&code), "{code}");
        let answer = client.produce(TOPIC, Batch::of(1).bytes()).await;
        assert_eq!((answer.error_code, answer.base_offset), (0, 2));
        assert!(
            client.receive_raw().now_or_never().is_none(),
            "one answer a request"
        );
    });
}

#[test]
fn no_client_appends_to_an_internal_topic() {
    with_broker(|broker| async move {
        let client = broker.connect().await;
        for name in ["__consumer_offsets", "__transaction_state", "__share_group_state"] {
            // As in Kafka, a client may make it.
            let id = broker.create(name, 1, &[]).await;
            for version in ProduceRequest::VERSIONS {
                let mut request = produce(-1, name, &[(0, Batch::of(1).bytes())]);
                request.topics[0].topic_id = id;
                let answer = client.call(version, &request).await.topics[0].partitions[0].clone();
                let expected = ErrorCode::InvalidTopicException.code();
                assert_eq!(answer.error_code, expected, "{name} in version {version}");
                assert_eq!(answer.base_offset, -1);
            }
            let read = client.call(11, &fetch(name, &[(0, 0)])).await;
            assert_eq!(read.topics[0].partitions[0].high_watermark, 0, "{name}");
        }
    });
}
