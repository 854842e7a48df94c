//! From a coordinator's records to the log's, and from the log's errors to the machine's.

use corelog_groups::{PersistError, Record, TransactionalProducer};
use corelog_model::batch::BatchProducer;
use corelog_storage::AppendError;

use crate::own_log::{LogAppendError, OwnRecord};

/// The record as the log takes it.
pub(super) fn own_record(record: Record) -> OwnRecord {
    OwnRecord {
        key: Some(record.key),
        value: record.value,
    }
}

/// A transaction's producer, as batches have it.
pub(super) fn batch_producer(producer: TransactionalProducer) -> BatchProducer {
    BatchProducer {
        id: producer.id,
        epoch: producer.epoch,
        base_sequence: None,
    }
}

/// A batch's producer, as the machine has that of a transaction.
pub(super) fn transactional_producer(producer: BatchProducer) -> TransactionalProducer {
    TransactionalProducer {
        id: producer.id,
        epoch: producer.epoch,
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
            | AppendError::DiskFull(_)
            | AppendError::Io(_),
        ) => PersistError::Unavailable,
        LogAppendError::Append(AppendError::InvalidProducerEpoch { .. }) => {
            PersistError::InvalidProducerEpoch
        }
        LogAppendError::Append(AppendError::InvalidTransactionState { .. }) => PersistError::InvalidTxnState,
        LogAppendError::Append(AppendError::CoordinatorFenced { .. }) => {
            PersistError::TransactionCoordinatorFenced
        }
        LogAppendError::Append(
            AppendError::Fenced(_) | AppendError::Corrupt(_) | AppendError::Deleted | AppendError::Closed,
        ) => PersistError::NotLeader,
    }
}
