//! Bytes that no honest client sends: each is an error with the right values, none a panic or a large allocation.

use bytes::Bytes;
use corelog_model::batch::{Compression, HEADER_SIZE};
use corelog_model::{BatchHeader, Offset, OffsetDelta, TimestampMs, ValidatedBatch};
use corelog_records::{
    BatchOptions, BuildError, DecompressError, HeaderFault, NewRecord, PayloadError, RecordBatchBuilder,
    RecordError, RecordRules, Records, RecordsFault, check_produced_header, check_produced_records, compress,
    decompress, payload,
};

fn header(record_count: i32) -> BatchHeader {
    let mut builder = RecordBatchBuilder::new(BatchOptions::default());
    builder.append(&NewRecord::default()).unwrap();
    let header = *builder.build().unwrap().header();
    BatchHeader {
        record_count,
        last_offset_delta: OffsetDelta::new(i64::from(record_count) - 1),
        ..header
    }
}

#[test]
fn malformed_records() {
    let check = |payload: &[u8], expected: RecordError| {
        let header = header(1);
        let mut records = Records::new(&header, payload);
        let first = match &expected {
            RecordError::BatchTail { .. } => records.nth(1),
            RecordError::Truncated { .. }
            | RecordError::Field { .. }
            | RecordError::Varint { .. }
            | RecordError::RecordTail { .. } => records.next(),
        };
        assert_eq!(first, Some(Err(expected.clone())), "{payload:?}");
        assert_eq!(records.next(), None, "nothing follows an error");
        assert_eq!(
            check_produced_records(&header, payload, RecordRules::FORM),
            Err(RecordsFault::Malformed(expected))
        );
    };
    let truncated = |field| RecordError::Truncated { index: 0, field };
    let field = |field, value| RecordError::Field {
        index: 0,
        field,
        value,
    };
    // size, attributes, timestamp delta, offset delta, key, value, header count: the smallest record is 12 0 0 0 1 1 0.
    check(&[], truncated("size"));
    check(&[1], field("size", -1));
    check(
        &[0x80; 6],
        RecordError::Varint {
            index: 0,
            field: "size",
        },
    );
    check(&[0xfe, 0xff, 0xff, 0xff, 0x0f], truncated("body"));
    check(&[0], truncated("attributes"));
    check(&[2, 0], truncated("timestamp delta"));
    check(&[4, 0, 0], truncated("offset delta"));
    check(&[6, 0, 0, 0], truncated("key"));
    check(&[10, 0, 0, 0, 4, 9], truncated("key"));
    check(&[8, 0, 0, 0, 1], truncated("value"));
    check(&[10, 0, 0, 0, 1, 1], truncated("header count"));
    check(&[12, 0, 0, 0, 1, 1, 1], field("header count", -1));
    check(&[12, 0, 0, 0, 1, 1, 2], field("header count", 1));
    check(
        &[20, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f],
        field("header count", i64::from(i32::MAX)),
    );
    check(&[16, 0, 0, 0, 1, 1, 2, 1, 1], field("header key size", -1));
    check(&[16, 0, 0, 0, 1, 1, 2, 4, 7], truncated("header key"));
    check(&[16, 0, 0, 0, 1, 1, 2, 2, 7], truncated("header value"));
    check(
        &[14, 0, 0, 0, 1, 1, 0, 9],
        RecordError::RecordTail { index: 0, bytes: 1 },
    );
    check(
        &[12, 0, 0, 0, 1, 1, 0, 9],
        RecordError::BatchTail { count: 1, bytes: 1 },
    );
}

#[test]
fn faulty_headers() {
    let check = |header: BatchHeader, expected: Result<(), HeaderFault>| {
        assert_eq!(check_produced_header(&header), expected);
    };
    let count = |record_count, last_offset_delta| {
        Err(HeaderFault::Count {
            record_count,
            last_offset_delta,
        })
    };
    check(header(1), Ok(()));
    let five = Offset::new(5).unwrap();
    check(
        BatchHeader {
            base_offset: five,
            ..header(1)
        },
        Err(HeaderFault::BaseOffset(five)),
    );
    check(header(i32::MAX), Ok(()));
    check(
        BatchHeader {
            is_control: true,
            ..header(1)
        },
        Err(HeaderFault::Control),
    );
    check(
        BatchHeader {
            record_count: 0,
            ..header(1)
        },
        count(0, 0),
    );
    check(
        BatchHeader {
            record_count: 2,
            ..header(1)
        },
        count(2, 0),
    );
    check(
        BatchHeader {
            record_count: 1,
            ..header(3)
        },
        count(1, 2),
    );
    let producer = |epoch, base_sequence| {
        use corelog_model::{ProducerEpoch, ProducerId, Sequence, batch::BatchProducer};
        BatchHeader {
            producer: Some(BatchProducer {
                id: ProducerId::new(3),
                epoch: ProducerEpoch::new(epoch),
                base_sequence: Sequence::new(base_sequence),
            }),
            ..header(1)
        }
    };
    check(producer(0, 0), Ok(()));
    check(
        producer(0, -1),
        Err(HeaderFault::NoSequence {
            producer_id: corelog_model::ProducerId::new(3),
        }),
    );
    check(
        producer(-1, 0),
        Err(HeaderFault::NegativeEpoch {
            producer_id: corelog_model::ProducerId::new(3),
            epoch: corelog_model::ProducerEpoch::new(-1),
        }),
    );
}

#[test]
fn what_decompresses_to_more_than_allowed_is_an_error() {
    let zeros = vec![0; 1 << 20];
    let check = |compression| {
        let small = compress(compression, &zeros).unwrap();
        assert_eq!(decompress(compression, &small, zeros.len()).unwrap(), zeros);
        for size_max in [0, 1, 1000, zeros.len() - 1] {
            match decompress(compression, &small, size_max) {
                Err(DecompressError::TooLarge { size_max: told }) => assert_eq!(told, size_max),
                other => panic!("{compression:?} to {size_max}: {other:?}"),
            }
        }
    };
    check(Compression::None);
    check(Compression::Gzip);
    check(Compression::Snappy);
    check(Compression::Lz4);
    check(Compression::Zstd);
}

#[test]
fn truncated_and_empty_streams() {
    let text = b"corelog ".repeat(10_000);
    for compression in [
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ] {
        let whole = compress(compression, &text).unwrap();
        // Five, because lz4's end mark, which carries nothing, is four bytes and may be missing.
        for size in [3, 15, 17, whole.len() / 2, whole.len() - 5] {
            let result = decompress(compression, &whole[..size], text.len());
            assert!(
                result.as_ref().map_or(true, |out| out != &text),
                "{compression:?} cut to {size} bytes"
            );
        }
        let empty = compress(compression, b"").unwrap();
        assert_eq!(decompress(compression, &empty, 0).unwrap(), b"");
    }
}

#[test]
fn snappy_without_a_frame_is_accepted_and_its_claims_are_not_believed() {
    let raw = snap::raw::Encoder::new().compress_vec(b"bare").unwrap();
    assert_eq!(decompress(Compression::Snappy, &raw, 100).unwrap(), b"bare");
    // A varint that claims 2^31 bytes, and nothing that would give them.
    let claim = [0x80, 0x80, 0x80, 0x80, 0x08];
    let check = |input: &[u8]| {
        assert!(decompress(Compression::Snappy, input, usize::MAX).is_err());
    };
    check(&claim);
    let frame = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    check(&frame[..12]);
    check(&[&frame[..], &[0, 0]].concat());
    check(&[&frame[..], &[0xff; 4]].concat());
    check(&[&frame[..], &[0x7f, 0xff, 0xff, 0xff]].concat());
    check(&[&frame[..], &[0, 0, 0, 5], &claim].concat());
}

#[test]
fn payloads_need_the_whole_batch() {
    let mut builder = RecordBatchBuilder::new(BatchOptions::default());
    builder.append(&NewRecord::default()).unwrap();
    let batch = builder.build().unwrap();
    for available in [0, HEADER_SIZE, batch.bytes().len() - 1] {
        match payload(batch.header(), &batch.bytes()[..available], 0) {
            Err(PayloadError::Truncated {
                needed,
                available: got,
            }) => {
                assert_eq!((needed, got), (batch.bytes().len(), available));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(payload(batch.header(), batch.bytes(), 0).unwrap().len(), 7);
}

#[test]
fn what_cannot_be_built() {
    let none = RecordBatchBuilder::new(BatchOptions::default()).build();
    assert!(matches!(none, Err(BuildError::Empty)));

    let mut builder = RecordBatchBuilder::new(BatchOptions {
        base_offset: Offset::new(10).unwrap(),
        ..BatchOptions::default()
    });
    let record = NewRecord {
        timestamp: TimestampMs::new(1),
        ..NewRecord::default()
    };
    let at =
        |builder: &mut RecordBatchBuilder, offset| builder.append_at(Offset::new(offset).unwrap(), &record);
    assert!(matches!(at(&mut builder, 9), Err(BuildError::Offset { .. })));
    at(&mut builder, 10).unwrap();
    assert!(matches!(at(&mut builder, 10), Err(BuildError::Offset { .. })));
    at(&mut builder, 15).unwrap();
    builder.append(&record).unwrap();
    let too_far = 10 + i64::from(i32::MAX) + 1;
    assert!(matches!(
        at(&mut builder, too_far),
        Err(BuildError::Offset { .. })
    ));
    let early = NewRecord {
        timestamp: TimestampMs::new(i64::MIN),
        ..record
    };
    assert!(matches!(
        builder.append(&early),
        Err(BuildError::Timestamp { .. })
    ));

    let batch = builder.build().unwrap();
    assert_eq!(batch.header().next_offset(), Offset::new(17).unwrap());
    assert_eq!(batch.header().record_count, 3);
    let payload = payload(batch.header(), batch.bytes(), 0).unwrap();
    let offsets: Vec<_> = Records::new(batch.header(), &payload)
        .map(|record| record.unwrap().offset(batch.header()).unwrap().get())
        .collect();
    assert_eq!(offsets, [10, 15, 16]);

    let mut past_the_end = RecordBatchBuilder::new(BatchOptions {
        base_offset: Offset::MAX,
        ..BatchOptions::default()
    });
    past_the_end.append(&record).unwrap();
    assert!(matches!(past_the_end.build(), Err(BuildError::Invalid(_))));
}

#[test]
fn a_batch_that_ends_early_is_no_batch() {
    let mut builder = RecordBatchBuilder::new(BatchOptions::default());
    builder.append(&NewRecord::default()).unwrap();
    let bytes = builder.build().unwrap().bytes().clone();
    for size in 0..bytes.len() {
        assert!(ValidatedBatch::new(Bytes::copy_from_slice(&bytes[..size])).is_err());
    }
}
