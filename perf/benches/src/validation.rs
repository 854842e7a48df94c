//! What it costs to look through the records of a produced batch, beside its checksum.

use std::hint::black_box;

use bytes::Bytes;
use corelog_model::ValidatedBatch;
use corelog_model::batch::{Compression, HEADER_SIZE};
use corelog_records::{
    BatchOptions, NewRecord, PayloadCheck, RecordBatchBuilder, RecordRules, check_produced_records,
};

/// What is done to a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Checked {
    /// The header and the checksum.
    Checksum,
    /// The records as well.
    Records,
}

/// One batch, as a request holds it.
pub struct Validation {
    bytes: Bytes,
}

impl Validation {
    /// A batch of about `batch_bytes` before its compression, of records with values of `value_bytes`, which look like JSON
    /// and compress to a third or less.
    pub fn new(compression: Compression, batch_bytes: usize, value_bytes: usize) -> Validation {
        let mut builder = RecordBatchBuilder::new(BatchOptions {
            compression,
            ..BatchOptions::default()
        });
        let mut left = batch_bytes;
        let mut number = 0u64;
        while left > value_bytes {
            let mut value = Vec::with_capacity(value_bytes);
            while value.len() < value_bytes {
                number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                value
                    .extend_from_slice(format!("{{\"id\":{},\"state\":\"ready\"}}", number >> 40).as_bytes());
            }
            value.truncate(value_bytes);
            let record = NewRecord {
                value: Some(&value),
                ..NewRecord::default()
            };
            builder.append(&record).expect("it fits");
            left -= value_bytes;
        }
        let batch = builder.build().expect("it has records");
        Validation {
            bytes: batch.bytes().clone(),
        }
    }

    /// The batch's bytes.
    pub fn size(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }

    /// Checks it.
    pub fn once(&self, checked: Checked) {
        let batch = ValidatedBatch::new(self.bytes.clone()).expect("it was built here");
        if checked == Checked::Checksum {
            black_box(batch);
        } else if batch.header().compression == Compression::None {
            let records = &batch.bytes()[HEADER_SIZE..];
            let found = check_produced_records(batch.header(), records, RecordRules::FORM);
            black_box(found.expect("it was built here"));
        } else {
            let mut check = PayloadCheck::new(&batch, RecordRules::FORM).expect("it was built here");
            black_box(check.step(u64::MAX).expect("it was built here"));
        }
    }
}
