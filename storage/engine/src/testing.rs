//! Batches for the tests of this crate.

use bytes::Bytes;
use corelog_model::batch::{self, BatchHeader, HEADER_SIZE};
use corelog_model::{LeaderEpoch, Offset, ValidatedBatch};

/// The fields of a batch under test.
#[derive(Clone, Copy)]
pub(crate) struct Fields {
    pub(crate) size: usize,
    pub(crate) records: i32,
    pub(crate) producer: i64,
    pub(crate) epoch: i16,
    pub(crate) sequence: i32,
    pub(crate) timestamp: i64,
    pub(crate) fill: u8,
    pub(crate) is_transactional: bool,
}

impl Default for Fields {
    fn default() -> Fields {
        Fields {
            size: 100,
            records: 1,
            producer: -1,
            epoch: -1,
            sequence: -1,
            timestamp: 1000,
            fill: 0xab,
            is_transactional: false,
        }
    }
}

/// A batch whose records are filler.
pub(crate) fn batch(fields: Fields) -> Bytes {
    let mut out = vec![fields.fill; fields.size.max(HEADER_SIZE)];
    let length = i32::try_from(out.len() - 12).unwrap();
    out[0..8].copy_from_slice(&0i64.to_be_bytes());
    out[8..12].copy_from_slice(&length.to_be_bytes());
    out[12..16].copy_from_slice(&(-1i32).to_be_bytes());
    out[16] = 2;
    out[21..23].copy_from_slice(&(i16::from(fields.is_transactional) << 4).to_be_bytes());
    out[23..27].copy_from_slice(&(fields.records - 1).to_be_bytes());
    out[27..35].copy_from_slice(&fields.timestamp.to_be_bytes());
    out[35..43].copy_from_slice(&fields.timestamp.to_be_bytes());
    out[43..51].copy_from_slice(&fields.producer.to_be_bytes());
    out[51..53].copy_from_slice(&fields.epoch.to_be_bytes());
    out[53..57].copy_from_slice(&fields.sequence.to_be_bytes());
    out[57..61].copy_from_slice(&fields.records.to_be_bytes());
    let crc = crc32c::crc32c(&out[21..]);
    out[17..21].copy_from_slice(&crc.to_be_bytes());
    out.into()
}

/// A batch of one record without a producer.
pub(crate) fn batch_of_size(size: usize) -> Bytes {
    batch(Fields {
        size,
        ..Fields::default()
    })
}

/// The batch as it lies in a log.
pub(crate) fn patched(bytes: &Bytes, offset: Offset) -> Bytes {
    let mut out = bytes.to_vec();
    batch::patch(&mut out, offset, LeaderEpoch::new(0));
    out.into()
}

/// A validated one.
pub(crate) fn valid(fields: Fields) -> ValidatedBatch {
    ValidatedBatch::new(batch(fields)).unwrap()
}

/// The header of a producer's batch.
pub(crate) fn header(producer: i64, epoch: i16, sequence: i32, records: i32) -> BatchHeader {
    *valid(Fields {
        producer,
        epoch,
        sequence,
        records,
        ..Fields::default()
    })
    .header()
}
