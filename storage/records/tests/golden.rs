//! Batches that another implementation wrote: kafka-python 3.0.12 (`kafka.record.default_records`,
//! `DefaultRecordBatchBuilder(magic=2, compression_type=c, is_transactional=0, producer_id=4242, producer_epoch=7,
//! base_sequence=11)`) on Python 3.11 with python-snappy 0.7.3, lz4 4.4.5 and zstandard 0.25.0, three `append` calls
//! with the records below, bytes printed as they were built. `JAVA_*`: the same records by the Java client, kafka-clients
//! 4.4.0 (`MemoryRecords.builder` with `Compression.of(type).build()`) with lz4-java 1.11.2, snappy-java 1.1.10.7 and
//! zstd-jni 1.5.7-17; its uncompressed and its snappy batch are kafka-python's to the byte.

use bytes::Bytes;
use corelog_model::batch::{BatchProducer, Compression};
use corelog_model::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs, ValidatedBatch};
use corelog_records::{
    BatchOptions, Header, KeyPolicy, NewRecord, RecordBatchBuilder, RecordRules, Records, RecordsFault,
    check_produced_header, check_produced_records, payload,
};

const NONE: &str = "\
    0000000000000000000000d700000000022c7381a70000000000020000018bcfe568000000018bcfe568050000000000\
    00109200070000000b0000000396020000000a6b65792d30f00176616c75652076616c75652076616c75652076616c75\
    652076616c75652076616c75652076616c75652076616c75652076616c75652076616c75652076616c75652076616c75\
    652076616c75652076616c75652076616c75652076616c75652076616c75652076616c75652076616c75652076616c75\
    6520040268027802680118000a02010c7365636f6e6400160006040a6b65792d320100";

const GZIP: &str = "\
    000000000000000000000078000000000285d2d6510001000000020000018bcfe568000000018bcfe568050000000000\
    00109200070000000b000000031f8b080059ba026b02ff9bc6c4c0c0c0959d5aa96bf081b12c31a7345581fe240b5306\
    53055306a304031713234f716a727e5e0a8318031b0bd861468c0c00f04266aea6000000";

const SNAPPY: &str = "\
    0000000000000000000000830000000002dedefc5f0002000000020000018bcfe568000000018bcfe568050000000000\
    00109200070000000b0000000382534e415050590000000001000000010000003ea6014896020000000a6b65792d30f0\
    0176616c756520fe0600c6060080040268027802680118000a02010c7365636f6e6400160006040a6b65792d320100";

const LZ4: &str = "\
    00000000000000000000008300000000022a13b30a0003000000020000018bcfe568000000018bcfe568050000000000\
    00109200070000000b0000000304224d186840a600000000000000fd3b000000ff0496020000000a6b65792d30f00176\
    616c75652006005ff012040268027802680118000a02010c7365636f6e6400160006040a6b65792d32010000000000";

const ZSTD: &str = "\
    000000000000000000000076000000000299ce96720004000000020000018bcfe568000000018bcfe568050000000000\
    00109200070000000b0000000328b52ffd20a6e50100440396020000000a6b65792d30f00176616c7565200402680278\
    02680118000a02010c7365636f6e6400160006040a6b65792d32010001005fd21206";

const PLAIN_TX: &str = "\
    00000000000000000000003800000000028f311b0900100000000000000000000000050000000000000005ffffffffff\
    ffffffffffffffffff000000010c000000000000";

const JAVA_GZIP: &str = "\
    00000000000000000000007800000000027dfb55f50001000000020000018bcfe568000000018bcfe568050000000000\
    00109200070000000b000000031f8b08000000000000ff9bc6c4c0c0c0959d5aa96bf081b12c31a7345581fe240b5306\
    53055306a304031713234f716a727e5e0a8318031b0bd861468c0c00f04266aea6000000";

const JAVA_LZ4: &str = "\
    00000000000000000000007b0000000002d3fe99290003000000020000018bcfe568000000018bcfe568050000000000\
    00109200070000000b0000000304224d186040823b000000ff0496020000000a6b65792d30f00176616c75652006005f\
    f012040268027802680118000a02010c7365636f6e6400160006040a6b65792d32010000000000";

const JAVA_ZSTD: &str = "\
    00000000000000000000007900000000022a7f0af10004000000020000018bcfe568000000018bcfe568050000000000\
    00109200070000000b0000000328b52ffd0058e40100440396020000000a6b65792d30f00176616c7565200402680278\
    02680118000a02010c7365636f6e6400160006040a6b65792d32010001005fd21206010000";

const SIZE_MAX: usize = 1 << 20;

fn unhex(text: &str) -> Bytes {
    let digit = |c: u8| u8::try_from(char::from(c).to_digit(16).unwrap()).unwrap();
    text.as_bytes()
        .chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

const HEADERS: [Header<'static>; 2] = [
    Header {
        key: b"h",
        value: Some(b"x"),
    },
    Header {
        key: b"h",
        value: None,
    },
];

fn records(value: &[u8]) -> [NewRecord<'_>; 3] {
    [
        NewRecord {
            timestamp: TimestampMs::new(1_700_000_000_000),
            key: Some(b"key-0"),
            value: Some(value),
            headers: &HEADERS,
        },
        NewRecord {
            timestamp: TimestampMs::new(1_700_000_000_005),
            key: None,
            value: Some(b"second"),
            headers: &[],
        },
        NewRecord {
            timestamp: TimestampMs::new(1_700_000_000_003),
            key: Some(b"key-2"),
            value: None,
            headers: &[],
        },
    ]
}

fn options(compression: Compression) -> BatchOptions {
    BatchOptions {
        leader_epoch: LeaderEpoch::new(0),
        compression,
        producer: Some(BatchProducer {
            id: ProducerId::new(4242),
            epoch: ProducerEpoch::new(7),
            base_sequence: Sequence::new(11),
        }),
        ..BatchOptions::default()
    }
}

fn build(options: BatchOptions, records: &[NewRecord<'_>]) -> ValidatedBatch {
    let mut builder = RecordBatchBuilder::new(options);
    for record in records {
        builder.append(record).unwrap();
    }
    builder.build().unwrap()
}

fn check_records(batch: &ValidatedBatch, expected: &[NewRecord<'_>]) {
    let payload = payload(batch.header(), batch.bytes(), SIZE_MAX).unwrap();
    let got: Vec<_> = Records::new(batch.header(), &payload)
        .map(|record| record.unwrap())
        .collect();
    assert_eq!(got.len(), expected.len());
    for ((index, got), expected) in (0i64..).zip(&got).zip(expected) {
        assert_eq!(got.offset(batch.header()), Offset::new(index));
        assert_eq!(got.create_time(batch.header()), Some(expected.timestamp));
        assert_eq!(got.key, expected.key);
        assert_eq!(got.value, expected.value);
        let headers: Vec<_> = got.headers.clone().collect();
        assert_eq!(headers, expected.headers);
    }
}

#[test]
fn every_codec_is_read_and_written() {
    let value = b"value ".repeat(20);
    let check = |compression: Compression, golden: &str| {
        let golden = ValidatedBatch::new(unhex(golden)).unwrap();
        let header = golden.header();
        assert_eq!(header.compression, compression);
        assert_eq!(header.producer, options(compression).producer);
        assert_eq!(header.max_timestamp, TimestampMs::new(1_700_000_000_005));
        assert_eq!(check_produced_header(header), Ok(()));
        check_records(&golden, &records(&value));

        let payload = payload(header, golden.bytes(), SIZE_MAX).unwrap();
        let summary = check_produced_records(header, &payload, RecordRules::FORM).unwrap();
        assert_eq!(summary.max_timestamp, header.max_timestamp);
        assert!(summary.is_dense);
        let keyed = RecordRules {
            keys: KeyPolicy::Required,
            ..RecordRules::FORM
        };
        let keys = check_produced_records(header, &payload, keyed);
        assert_eq!(keys, Err(RecordsFault::NullKey { indexes: vec![1] }));

        let ours = build(options(compression), &records(&value));
        check_records(&ours, &records(&value));
        if compression == Compression::None {
            assert_eq!(ours.bytes(), golden.bytes());
        }
    };
    check(Compression::None, NONE);
    check(Compression::Gzip, GZIP);
    check(Compression::Snappy, SNAPPY);
    check(Compression::Lz4, LZ4);
    check(Compression::Zstd, ZSTD);
    check(Compression::Gzip, JAVA_GZIP);
    check(Compression::Lz4, JAVA_LZ4);
    check(Compression::Zstd, JAVA_ZSTD);
}

#[test]
fn a_transactional_batch_without_a_producer_is_the_same_bytes_and_refused() {
    let golden = unhex(PLAIN_TX);
    let ours = build(
        BatchOptions {
            leader_epoch: LeaderEpoch::new(0),
            is_transactional: true,
            ..BatchOptions::default()
        },
        &[NewRecord {
            timestamp: TimestampMs::new(5),
            key: Some(b""),
            value: Some(b""),
            headers: &[],
        }],
    );
    assert_eq!(ours.bytes(), &golden);
    assert_eq!(
        check_produced_header(ours.header()),
        Err(corelog_records::HeaderFault::TransactionalWithoutProducer)
    );
}
