//! Records of the client: owned, and whole batches of them; the encoding is that of `corelog-records`.

mod decode;
mod encode;
mod types;

pub use corelog_records::{BatchOptions, BuildError};
pub use decode::{AbortedProducer, DecodeBatchError, DecodedRecords, decode_batches};
pub use encode::encode_batch;
pub use types::{Record, RecordHeader, StoredRecord};

#[cfg(test)]
mod tests {
    use bytes::{Bytes, BytesMut};
    use corelog_model::batch::{BatchProducer, Compression, HEADER_SIZE, parse_header};
    use corelog_model::{Offset, ProducerEpoch, ProducerId, Sequence, TimestampMs, ValidatedBatch};

    use super::*;

    fn record(key: Option<&'static str>, value: Option<&'static str>, timestamp: i64) -> Record {
        Record {
            key: key.map(|text| Bytes::from_static(text.as_bytes())),
            value: value.map(|text| Bytes::from_static(text.as_bytes())),
            headers: vec![
                RecordHeader {
                    key: "h".into(),
                    value: Some(Bytes::from_static(b"1")),
                },
                RecordHeader {
                    key: "h".into(),
                    value: None,
                },
            ],
            timestamp: TimestampMs::new(timestamp),
        }
    }

    fn sample() -> Vec<Record> {
        vec![
            record(Some("k"), Some("v"), 1_700_000_000_000),
            record(None, Some(""), 1_699_999_999_000),
            record(Some(""), None, 1_700_000_000_005),
        ]
    }

    #[test]
    fn batches_come_back_as_they_went() {
        for compression in [
            Compression::None,
            Compression::Gzip,
            Compression::Snappy,
            Compression::Lz4,
            Compression::Zstd,
        ] {
            let options = BatchOptions {
                compression,
                ..BatchOptions::default()
            };
            let bytes = encode_batch(&sample(), options).unwrap();
            let header = *ValidatedBatch::new(bytes.clone()).unwrap().header();
            assert_eq!(header.compression, compression);
            assert_eq!(header.record_count, 3);
            assert_eq!(header.max_timestamp.get(), 1_700_000_000_005);

            let decoded = decode_batches(bytes, Offset::ZERO, &[]).unwrap();
            assert_eq!(decoded.next_offset, Offset::new(3));
            for (index, (sent, got)) in sample().iter().zip(&decoded.records).enumerate() {
                assert_eq!(got.offset.get(), i64::try_from(index).unwrap());
                assert_eq!(
                    (&got.key, &got.value, &got.headers, got.timestamp),
                    (&sent.key, &sent.value, &sent.headers, sent.timestamp)
                );
            }
        }
    }

    #[test]
    fn a_producer_stands_in_the_header() {
        let producer = BatchProducer {
            id: ProducerId::new(9),
            epoch: ProducerEpoch::new(2),
            base_sequence: Sequence::new(40),
        };
        let options = BatchOptions {
            producer: Some(producer),
            ..BatchOptions::default()
        };
        let bytes = encode_batch(&sample(), options).unwrap();
        let header = parse_header(&bytes).unwrap();
        assert_eq!(header.producer, Some(producer));
        assert_eq!(header.last_sequence().map(Sequence::get), Some(42));
    }

    #[test]
    fn records_before_the_asked_offset_and_cut_batches_are_left_out() {
        let first = encode_batch(&sample(), BatchOptions::default()).unwrap();
        let mut two = BytesMut::from(&first[..]);
        two.extend_from_slice(&first[..first.len() - 1]);
        let decoded = decode_batches(two.freeze(), Offset::new(2).unwrap(), &[]).unwrap();
        assert_eq!(
            decoded.records.iter().map(|r| r.offset.get()).collect::<Vec<_>>(),
            [2]
        );
        assert_eq!(decoded.next_offset, Offset::new(3));
        let decoded = decode_batches(first.slice(..20), Offset::ZERO, &[]).unwrap();
        assert_eq!(decoded, DecodedRecords::default());
    }

    #[test]
    fn damaged_bytes_are_errors_and_never_panic() {
        let good = encode_batch(&sample(), BatchOptions::default()).unwrap();
        for at in HEADER_SIZE..good.len() {
            for bit in 0..8 {
                let mut bad = BytesMut::from(&good[..]);
                bad[at] ^= 1 << bit;
                assert!(
                    decode_batches(bad.clone().freeze(), Offset::ZERO, &[]).is_err(),
                    "CRC at {at}"
                );
                // With a matching checksum the records' own checks are all that is left: they may not panic.
                let crc = crc32c::crc32c(&bad[21..]);
                bad[17..21].copy_from_slice(&crc.to_be_bytes());
                let _ = decode_batches(bad.freeze(), Offset::ZERO, &[]);
            }
        }
    }

    /// A batch of a transaction; `control` makes it a marker of that type: 0 aborts, 1 commits.
    fn transactional(producer: i64, offset: i64, control: Option<u8>) -> Bytes {
        let key = control.map(|kind| Bytes::copy_from_slice(&[0, 0, 0, kind]));
        let records = [Record {
            key,
            ..Record::default()
        }];
        let producer = BatchProducer {
            id: ProducerId::new(producer),
            epoch: ProducerEpoch::new(0),
            base_sequence: Sequence::new(0),
        };
        let options = BatchOptions {
            producer: Some(producer),
            is_transactional: true,
            ..BatchOptions::default()
        };
        let mut batch = BytesMut::from(&encode_batch(&records, options).unwrap()[..]);
        if control.is_some() {
            batch[22] |= 0b10_0000;
        }
        let crc = crc32c::crc32c(&batch[21..]);
        batch[17..21].copy_from_slice(&crc.to_be_bytes());
        batch[..8].copy_from_slice(&offset.to_be_bytes());
        batch.freeze()
    }

    #[test]
    fn records_of_aborted_transactions_are_hidden_up_to_their_marker() {
        let log = [
            transactional(1, 0, None),
            transactional(2, 1, None),
            transactional(1, 2, Some(0)),
            transactional(2, 3, Some(1)),
            transactional(1, 4, None),
            transactional(1, 5, Some(1)),
        ];
        let bytes = Bytes::from(log.concat());
        let offsets = |aborted: &[AbortedProducer]| {
            let decoded = decode_batches(bytes.clone(), Offset::ZERO, aborted).unwrap();
            assert_eq!(decoded.next_offset, Offset::new(6));
            decoded
                .records
                .iter()
                .map(|record| record.offset.get())
                .collect::<Vec<_>>()
        };
        assert_eq!(offsets(&[]), [0, 1, 4]);
        assert_eq!(
            offsets(&[AbortedProducer {
                producer_id: 1,
                first_offset: 0
            }]),
            [1, 4]
        );
    }
}
