//! Batches that a cleaner takes records out of (Kafka's `MemoryRecords.filterTo`).
//!
//! Whatever goes, a batch keeps its first and last offset, its first and last sequence, its producer and its leader epoch:
//! what follows from them holds although the records are gone. Records that stay are the bytes that they were, unless the
//! batch gets a delete horizon: that takes the place of its base timestamp, which all of its timestamps are relative to.

use corelog_model::batch::{HEADER_SIZE, LOG_OVERHEAD, TimestampType};
use corelog_model::{BatchHeader, TimestampMs};

use crate::compression::{CompressError, compress};
use crate::records::{Record, RecordError, read_record};
use crate::varint::{Cursor, put_varint, put_varlong, size};

const CRC_START: usize = 21;
/// The bits of a batch's attributes that name its codec.
const CODEC_BITS: i16 = 0b111;
/// The bit of a batch's attributes that says that its base timestamp is a delete horizon.
const DELETE_HORIZON: i16 = 0b100_0000;

/// Why a batch was not written anew.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// Its records are none.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The codec failed.
    #[error(transparent)]
    Compress(#[from] CompressError),
    /// A timestamp is too far from the delete horizon, or the result is longer than a batch may be.
    #[error("the batch at offset {0} cannot be written anew")]
    Unfit(i64),
}

/// The records of a batch that stay.
#[derive(Debug, Default)]
pub struct Kept {
    records: Vec<u8>,
    count: i32,
    max_timestamp: Option<i64>,
}

impl Kept {
    /// How many they are.
    pub fn count(&self) -> i32 {
        self.count
    }

    /// The whole batch `bytes` that `header` was parsed from, with these records alone and in its codec; with `horizon`
    /// as its delete horizon if it gets one.
    ///
    /// # Errors
    /// See [`CleanError`].
    pub fn batch(
        &self,
        header: &BatchHeader,
        bytes: &[u8],
        horizon: Option<TimestampMs>,
    ) -> Result<Vec<u8>, CleanError> {
        let unfit = || CleanError::Unfit(header.base_offset.get());
        let records = compress(header.compression, &self.records)?;
        let length = i32::try_from(HEADER_SIZE - LOG_OVERHEAD + records.len()).map_err(|_| unfit())?;
        let mut out = Vec::with_capacity(HEADER_SIZE + records.len());
        out.extend_from_slice(bytes.get(..HEADER_SIZE).ok_or_else(unfit)?);
        out.extend_from_slice(&records);
        out[8..12].copy_from_slice(&length.to_be_bytes());
        if let Some(horizon) = horizon {
            let attributes = i16::from_be_bytes([out[21], out[22]]) | DELETE_HORIZON;
            out[21..23].copy_from_slice(&attributes.to_be_bytes());
            out[27..35].copy_from_slice(&horizon.get().to_be_bytes());
        }
        // Where the broker stamps, all records have the time of the batch.
        if header.timestamp_type == TimestampType::CreateTime {
            let max_timestamp = self.max_timestamp.unwrap_or(header.max_timestamp.get());
            out[35..43].copy_from_slice(&max_timestamp.to_be_bytes());
        }
        out[57..61].copy_from_slice(&self.count.to_be_bytes());
        seal(&mut out);
        Ok(out)
    }
}

/// Goes through the records of the batch of `header`, whose decompressed bytes are `payload`, and takes those that `keeps`
/// says. With `horizon` their timestamps are written relative to that.
///
/// # Errors
/// `Record` for the first record that is none, and `Unfit`.
pub fn kept_records(
    header: &BatchHeader,
    payload: &[u8],
    horizon: Option<TimestampMs>,
    mut keeps: impl FnMut(&Record<'_>) -> bool,
) -> Result<Kept, CleanError> {
    let mut kept = Kept::default();
    let mut cursor = Cursor::new(payload);
    for index in 0..header.record_count {
        let begin = payload.len() - cursor.remaining();
        let record = read_record(&mut cursor, index)?;
        if !keeps(&record) {
            continue;
        }
        let unfit = || CleanError::Unfit(header.base_offset.get());
        let timestamp = header.base_timestamp.get().checked_add(record.timestamp_delta);
        let bytes = &payload[begin..payload.len() - cursor.remaining()];
        match horizon {
            None => kept.records.extend_from_slice(bytes),
            Some(horizon) => {
                let delta = timestamp.and_then(|timestamp| timestamp.checked_sub(horizon.get()));
                put_at(&mut kept.records, bytes, delta.ok_or_else(unfit)?).ok_or_else(unfit)?;
            }
        }
        kept.count += 1;
        let timestamp = timestamp.unwrap_or(header.max_timestamp.get());
        kept.max_timestamp = Some(kept.max_timestamp.map_or(timestamp, |max| max.max(timestamp)));
    }
    match cursor.remaining() {
        0 => Ok(kept),
        bytes => Err(RecordError::BatchTail {
            count: header.record_count,
            bytes,
        }
        .into()),
    }
}

/// Writes the record `bytes`, which was decoded, with another distance in time.
fn put_at(out: &mut Vec<u8>, bytes: &[u8], timestamp_delta: i64) -> Option<()> {
    let mut cursor = Cursor::new(bytes);
    cursor.varint().ok()?;
    let attributes = cursor.byte()?;
    cursor.varlong().ok()?;
    let offset_delta = cursor.varint().ok()?;
    let rest = cursor.take(cursor.remaining())?;
    let wire = 1 + size(timestamp_delta) + size(i64::from(offset_delta)) + rest.len();
    put_varlong(out, i64::try_from(wire).ok()?);
    out.push(attributes);
    put_varlong(out, timestamp_delta);
    put_varint(out, offset_delta);
    out.extend_from_slice(rest);
    Some(())
}

/// The header of the batch `bytes` without any records (Kafka's `DefaultRecordBatch.writeEmptyHeader`).
///
/// # Panics
/// If `bytes` are shorter than a header.
pub fn emptied(header: &BatchHeader, bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes[..HEADER_SIZE].to_vec();
    let length = i32::try_from(HEADER_SIZE - LOG_OVERHEAD).expect("49");
    out[8..12].copy_from_slice(&length.to_be_bytes());
    let attributes = i16::from_be_bytes([out[21], out[22]]) & !CODEC_BITS & !DELETE_HORIZON;
    out[21..23].copy_from_slice(&attributes.to_be_bytes());
    out[27..35].copy_from_slice(&header.max_timestamp.get().to_be_bytes());
    out[57..61].copy_from_slice(&0i32.to_be_bytes());
    seal(&mut out);
    out
}

/// Sets the checksum.
fn seal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[CRC_START..]);
    batch[CRC_START - 4..CRC_START].copy_from_slice(&crc.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use corelog_model::batch::{self, BatchProducer, Compression};
    use corelog_model::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, ValidatedBatch};

    use super::*;
    use crate::builder::{BatchOptions, NewRecord, RecordBatchBuilder, Stamps};
    use crate::records::{Header, Records, payload};

    const ALL: [Compression; 5] = [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];

    /// Six records at the offsets from 40 on and the times 1000, 1010, ..., those of odd offset without a value.
    fn sample(compression: Compression, stamps: Stamps) -> ValidatedBatch {
        let mut builder = RecordBatchBuilder::new(BatchOptions {
            base_offset: Offset::new(40).unwrap(),
            leader_epoch: LeaderEpoch::new(5),
            compression,
            stamps,
            producer: Some(BatchProducer {
                id: ProducerId::new(7),
                epoch: ProducerEpoch::new(3),
                base_sequence: Sequence::new(11),
            }),
            is_transactional: true,
            ..BatchOptions::default()
        });
        for number in 0..6u8 {
            let key = [number];
            let headers = [Header {
                key: b"h",
                value: None,
            }];
            let record = NewRecord {
                timestamp: TimestampMs::new(1000 + 10 * i64::from(number)),
                key: Some(&key),
                value: (number % 2 == 0).then_some(b"value".as_slice()),
                headers: &headers,
            };
            builder.append(&record).unwrap();
        }
        builder.build().unwrap()
    }

    type Seen = Vec<(i64, i64, Vec<u8>, Option<Vec<u8>>, usize)>;

    fn seen(batch: &ValidatedBatch) -> Seen {
        let header = batch.header();
        let payload = payload(header, batch.bytes(), 1 << 20).unwrap();
        let records = Records::new(header, &payload).map(|record| {
            let record = record.unwrap();
            (
                record.offset(header).unwrap().get(),
                record.timestamp(header).unwrap().get(),
                record.key.unwrap().to_vec(),
                record.value.map(<[u8]>::to_vec),
                record.headers.len(),
            )
        });
        records.collect()
    }

    fn cleaned(
        batch: &ValidatedBatch,
        horizon: Option<TimestampMs>,
        keeps: impl Fn(i64) -> bool,
    ) -> ValidatedBatch {
        let header = batch.header();
        let records = payload(header, batch.bytes(), 1 << 20).unwrap();
        let kept = kept_records(header, &records, horizon, |record| {
            keeps(record.offset(header).unwrap().get())
        })
        .unwrap();
        let bytes = kept.batch(header, batch.bytes(), horizon).unwrap();
        ValidatedBatch::new(Bytes::from(bytes)).unwrap()
    }

    /// What must stay as it was.
    fn check_frame(before: &ValidatedBatch, after: &ValidatedBatch) {
        let (before, after) = (before.header(), after.header());
        assert_eq!(before.base_offset, after.base_offset);
        assert_eq!(before.last_offset(), after.last_offset());
        assert_eq!(before.producer, after.producer);
        assert_eq!(before.last_sequence(), after.last_sequence());
        assert_eq!(before.leader_epoch, after.leader_epoch);
        assert_eq!(before.is_transactional, after.is_transactional);
        assert_eq!(before.timestamp_type, after.timestamp_type);
    }

    #[test]
    fn records_go_and_the_batch_keeps_its_place() {
        for codec in ALL {
            let before = sample(codec, Stamps::Create);
            for horizon in [None, Some(TimestampMs::new(500_000)), Some(TimestampMs::new(3))] {
                let after = cleaned(&before, horizon, |offset| [41, 42, 44].contains(&offset));
                check_frame(&before, &after);
                assert_eq!(after.header().compression, codec);
                assert_eq!(after.header().max_timestamp.get(), 1040);
                assert_eq!(batch::delete_horizon(after.bytes()), horizon);
                let expected: Seen = seen(&before)
                    .into_iter()
                    .filter(|record| [41, 42, 44].contains(&record.0))
                    .collect();
                assert_eq!(seen(&after), expected, "{codec:?} {horizon:?}");
                // Once more: a horizon stays.
                let again = cleaned(&after, None, |offset| offset != 42);
                check_frame(&before, &again);
                assert_eq!(batch::delete_horizon(again.bytes()), horizon);
                assert_eq!(seen(&again).len(), 2);
                assert_eq!(seen(&again)[1], expected[2]);
            }
        }
    }

    #[test]
    fn a_batch_that_the_broker_stamped_keeps_its_time() {
        let before = sample(Compression::Lz4, Stamps::LogAppend(TimestampMs::new(77)));
        let after = cleaned(&before, Some(TimestampMs::new(9000)), |offset| offset == 45);
        check_frame(&before, &after);
        assert_eq!(seen(&after), vec![(45, 77, vec![5], None, 1)]);
    }

    #[test]
    fn an_empty_batch_keeps_its_place() {
        for codec in ALL {
            let before = cleaned(&sample(codec, Stamps::Create), Some(TimestampMs::new(5)), |_| {
                true
            });
            let after = ValidatedBatch::new(Bytes::from(emptied(before.header(), before.bytes()))).unwrap();
            check_frame(&before, &after);
            assert_eq!(
                (after.header().record_count, after.header().size),
                (0, HEADER_SIZE)
            );
            assert_eq!(batch::delete_horizon(after.bytes()), None);
            assert_eq!(after.header().compression, Compression::None);
            assert_eq!(seen(&after), vec![]);
        }
    }

    #[test]
    fn what_is_no_record_is_an_error() {
        let batch = sample(Compression::None, Stamps::Create);
        let records = &batch.bytes()[HEADER_SIZE..];
        for length in 0..records.len() {
            assert!(kept_records(batch.header(), &records[..length], None, |_| true).is_err());
        }
        let longer = [records, &[0]].concat();
        assert!(kept_records(batch.header(), &longer, None, |_| false).is_err());
        // The distance in time does not fit.
        let far = Some(TimestampMs::new(i64::MIN));
        assert!(kept_records(batch.header(), records, far, |_| true).is_err());
    }
}
