//! From a coordinator's records to the log's, and from the log's errors to the machine's.

use corelog_storage::AppendError;
use corelog_transactions::{PersistError, Record};

use crate::own_log::{LogAppendError, OwnRecord};

/// The record as the log takes it.
pub(super) fn own_record(record: Record) -> OwnRecord {
    OwnRecord {
        key: Some(record.key),
        value: record.value,
    }
}

/// What the machine is to know of a failed append.
pub(super) fn persist_error(error: &LogAppendError) -> PersistError {
    match error {
        LogAppendError::Build(_) | LogAppendError::Append(AppendError::RecordTooLarge { .. }) => {
            PersistError::TooLarge
        }
        LogAppendError::Append(
            AppendError::InvalidTimestamp { .. }
            | AppendError::OutOfPlace { .. }
            | AppendError::OutOfOrderSequence { .. }
            | AppendError::InvalidProducerEpoch { .. }
            | AppendError::InvalidTransactionState { .. }
            | AppendError::CoordinatorFenced { .. }
            | AppendError::DiskFull(_)
            | AppendError::Io(_),
        ) => PersistError::Unavailable,
        LogAppendError::Append(
            AppendError::Fenced(_) | AppendError::Corrupt(_) | AppendError::Deleted | AppendError::Closed,
        ) => PersistError::NotLeader,
    }
}
