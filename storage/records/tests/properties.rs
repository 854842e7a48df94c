//! Any records survive a round trip through a batch, and no bytes bring a decoder to panic.

use corelog_model::batch::{BatchProducer, Compression, parse_header};
use corelog_model::{Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs};
use corelog_records::{
    BatchOptions, Header, NewRecord, RecordBatchBuilder, RecordRules, Records, Stamps,
    check_produced_records, compress, decompress, payload,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Owned {
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

fn record() -> impl Strategy<Value = Owned> {
    let bytes = |size| vec(any::<u8>(), 0..size);
    (
        0..i64::MAX / 2,
        option::of(bytes(20)),
        option::of(prop_oneof![
            bytes(200),
            (0..40_000usize).prop_map(|size| vec![7; size])
        ]),
        vec((bytes(10), option::of(bytes(10))), 0..4),
    )
        .prop_map(|(timestamp, key, value, headers)| Owned {
            timestamp,
            key,
            value,
            headers,
        })
}

fn compression() -> impl Strategy<Value = Compression> {
    prop_oneof![
        Just(Compression::None),
        Just(Compression::Gzip),
        Just(Compression::Snappy),
        Just(Compression::Lz4),
        Just(Compression::Zstd),
    ]
}

fn options() -> impl Strategy<Value = BatchOptions> {
    let producer =
        (0..i64::MAX, 0..i16::MAX, option::of(0..i32::MAX)).prop_map(|(id, epoch, sequence)| BatchProducer {
            id: ProducerId::new(id),
            epoch: ProducerEpoch::new(epoch),
            base_sequence: sequence.and_then(Sequence::new),
        });
    (
        0..i64::MAX / 2,
        compression(),
        option::of(any::<i64>()),
        option::of(producer),
        any::<[bool; 2]>(),
    )
        .prop_map(
            |(base_offset, compression, append_time, producer, flags)| BatchOptions {
                base_offset: Offset::new(base_offset).unwrap(),
                compression,
                stamps: append_time.map_or(Stamps::Create, |at| Stamps::LogAppend(TimestampMs::new(at))),
                producer,
                is_transactional: flags[0],
                is_control: flags[1],
                ..BatchOptions::default()
            },
        )
}

proptest! {
    #[test]
    fn records_survive(options in options(), records in vec(record(), 1..20)) {
        let mut builder = RecordBatchBuilder::new(options);
        for record in &records {
            let headers: Vec<_> = record
                .headers
                .iter()
                .map(|(key, value)| Header { key, value: value.as_deref() })
                .collect();
            builder
                .append(&NewRecord {
                    timestamp: TimestampMs::new(record.timestamp),
                    key: record.key.as_deref(),
                    value: record.value.as_deref(),
                    headers: &headers,
                })
                .unwrap();
        }
        let size = builder.size_uncompressed();
        let batch = builder.build().unwrap();
        let header = *batch.header();
        prop_assert_eq!(header.base_offset, options.base_offset);
        prop_assert_eq!(header.leader_epoch, options.leader_epoch);
        prop_assert_eq!(header.compression, options.compression);
        prop_assert_eq!(header.producer, options.producer);
        prop_assert_eq!(header.is_transactional, options.is_transactional);
        prop_assert_eq!(header.is_control, options.is_control);
        if options.compression == Compression::None {
            prop_assert_eq!(header.size, size);
        }
        let max = records.iter().map(|record| record.timestamp).max().unwrap();
        match options.stamps {
            Stamps::Create => prop_assert_eq!(header.max_timestamp.get(), max),
            Stamps::LogAppend(at) => prop_assert_eq!(header.max_timestamp, at),
        }
        let payload = payload(&header, batch.bytes(), size).unwrap();
        let summary = check_produced_records(&header, &payload, RecordRules::FORM).unwrap();
        prop_assert_eq!(summary.max_timestamp.get(), max.max(-1));
        let mut count = 0;
        for (got, expected) in Records::new(&header, &payload).zip(&records) {
            let got = got.unwrap();
            prop_assert_eq!(got.create_time(&header).unwrap().get(), expected.timestamp);
            let seen = match options.stamps {
                Stamps::Create => TimestampMs::new(expected.timestamp),
                Stamps::LogAppend(at) => at,
            };
            prop_assert_eq!(got.timestamp(&header), Some(seen));
            prop_assert_eq!(got.key, expected.key.as_deref());
            prop_assert_eq!(got.value, expected.value.as_deref());
            prop_assert_eq!(got.headers.len(), expected.headers.len());
            for (header, (key, value)) in got.headers.clone().zip(&expected.headers) {
                prop_assert_eq!(header.key, &key[..]);
                prop_assert_eq!(header.value, value.as_deref());
            }
            count += 1;
        }
        prop_assert_eq!(count, records.len());
    }

    #[test]
    fn arbitrary_payloads_never_panic(bytes in vec(any::<u8>(), 0..300), count in 0..i32::MAX) {
        let mut builder = RecordBatchBuilder::new(BatchOptions::default());
        builder.append(&NewRecord::default()).unwrap();
        let mut header = *builder.build().unwrap().header();
        header.record_count = count;
        for record in Records::new(&header, &bytes).flatten() {
            prop_assert_eq!(record.headers.len(), record.headers.clone().count());
        }
    }

    #[test]
    fn flipped_batches_never_panic(
        options in options(),
        records in vec(record(), 1..4),
        flips in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut builder = RecordBatchBuilder::new(options);
        for record in &records {
            builder
                .append(&NewRecord {
                    timestamp: TimestampMs::new(record.timestamp),
                    key: record.key.as_deref(),
                    value: record.value.as_deref(),
                    headers: &[],
                })
                .unwrap();
        }
        let mut bytes = builder.build().unwrap().bytes().to_vec();
        for (index, value) in flips {
            let at = index.index(bytes.len());
            bytes[at] ^= value;
        }
        // Without the checksum, as an attacker would compute it.
        if let Ok(header) = parse_header(&bytes)
            && let Ok(payload) = payload(&header, &bytes, 1 << 20)
        {
            for record in Records::new(&header, &payload).flatten() {
                prop_assert_eq!(record.headers.len(), record.headers.clone().count());
            }
        }
    }

    #[test]
    fn arbitrary_streams_stay_within_the_limit(
        compression in compression(),
        bytes in vec(any::<u8>(), 0..200),
        size_max in 0..500usize,
    ) {
        if let Ok(out) = decompress(compression, &bytes, size_max) {
            prop_assert!(out.len() <= size_max);
        }
    }

    #[test]
    fn streams_survive(compression in compression(), bytes in vec(0..4u8, 0..100_000)) {
        let small = compress(compression, &bytes).unwrap();
        prop_assert_eq!(decompress(compression, &small, bytes.len()).unwrap(), bytes);
    }
}
