//! Batches that can be told apart: a batch's number is its first timestamp.

use bytes::Bytes;
use corelog_model::TimestampMs;
use corelog_model::batch::{BatchHeader, BatchProducer};
use corelog_records::{BatchOptions, NewRecord, RecordBatchBuilder};

use crate::machine::EPOCH_MS;

/// Builds batch `number` of `records` records with `filler` bytes each.
pub(super) fn build(number: u64, records: i32, filler: usize, producer: Option<BatchProducer>) -> Bytes {
    let mut builder = RecordBatchBuilder::new(BatchOptions {
        producer,
        ..BatchOptions::default()
    });
    let stamp = EPOCH_MS + i64::try_from(number).expect("a run has fewer batches");
    let mut word = crate::rng::mix(number);
    for _ in 0..records {
        let value: Vec<u8> = (0..filler.div_ceil(8) + 1)
            .flat_map(|_| {
                word = crate::rng::mix(word);
                word.to_le_bytes()
            })
            .collect();
        builder
            .append(&NewRecord {
                timestamp: TimestampMs::new(stamp),
                key: None,
                value: Some(&value),
                headers: &[],
            })
            .expect("small records fit");
    }
    builder.build().expect("a batch has records").bytes().clone()
}

/// What a client sends of the honest batch `number`: at times one whose header says another largest timestamp than its
/// records have, as Sarama did until 1.45, or that there is a delete horizon. The log has to hold the honest one.
pub(super) fn as_sent(number: u64, honest: &Bytes) -> Bytes {
    let draw = crate::rng::mix(number ^ 0x11e5);
    let max_timestamp = match draw % 8 {
        0 => -1,
        1 => 0,
        2 => EPOCH_MS / 2,
        3 => EPOCH_MS * 2,
        _ => return honest.clone(),
    };
    let mut bytes = honest.to_vec();
    bytes[35..43].copy_from_slice(&max_timestamp.to_be_bytes());
    bytes[22] |= if draw & 0x100 == 0 { 0 } else { 0b100_0000 };
    let crc = crc32c::crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    bytes.into()
}

/// The number of a batch that was built here; `None` if it cannot have been.
pub(super) fn number_of(header: &BatchHeader) -> Option<u64> {
    u64::try_from(header.base_timestamp.get() - EPOCH_MS).ok()
}
