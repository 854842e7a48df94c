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

/// The number of a batch that was built here; `None` if it cannot have been.
pub(super) fn number_of(header: &BatchHeader) -> Option<u64> {
    u64::try_from(header.base_timestamp.get() - EPOCH_MS).ok()
}
