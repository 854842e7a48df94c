//! Appends of a coordinator: from its records to one batch, and from the log's errors to the machine's.

use corelog_groups::{PersistError, Record};
use corelog_model::TimestampMs;
use corelog_model::batch::ValidatedBatch;
use corelog_records::{BatchOptions, BuildError, NewRecord, RecordBatchBuilder};
use corelog_storage::{AppendError, AppendOptions, AppendOrigin};

/// The options of every append of a coordinator: the broker's own are not measured by the clients' rules.
pub(super) const OPTIONS: AppendOptions = AppendOptions {
    origin: AppendOrigin::Internal,
};

/// What a record takes in a batch besides its key and value, at most.
const RECORD_OVERHEAD: usize = 32;

/// One batch of these records, all stamped `timestamp`.
pub(super) fn batch_of(records: &[Record], timestamp: TimestampMs) -> Result<ValidatedBatch, BuildError> {
    let mut builder = RecordBatchBuilder::new(BatchOptions::default());
    for record in records {
        builder.append(&NewRecord {
            timestamp,
            key: Some(&record.key),
            value: record.value.as_deref(),
            headers: &[],
        })?;
    }
    builder.build()
}

/// The bytes of a record in a batch, about.
pub(super) fn size_of(record: &Record) -> usize {
    RECORD_OVERHEAD + record.key.len() + record.value.as_ref().map_or(0, |value| value.len())
}

/// What the machine is to know of a failed append.
pub(super) fn persist_error(error: &AppendError) -> PersistError {
    match error {
        AppendError::RecordTooLarge { .. } => PersistError::TooLarge,
        AppendError::InvalidTimestamp { .. }
        | AppendError::OutOfPlace { .. }
        | AppendError::OutOfOrderSequence { .. }
        | AppendError::InvalidProducerEpoch { .. }
        | AppendError::DiskFull(_)
        | AppendError::Io(_) => PersistError::Unavailable,
        AppendError::Fenced(_) | AppendError::Corrupt(_) | AppendError::Deleted | AppendError::Closed => {
            PersistError::NotLeader
        }
    }
}
