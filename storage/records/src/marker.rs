//! Transaction markers: the control batches that end a producer's transaction in a partition (Kafka's
//! `EndTransactionMarker` and `ControlRecordType`).
//!
//! ```text
//! key    version i16, type i16: 0 abort, 1 commit; others mark no transaction's end
//! value  version i16, coordinator_epoch i32
//! ```

use corelog_model::batch::{BatchProducer, Compression};
use corelog_model::{BatchHeader, ProducerEpoch, ProducerId, TimestampMs, TransactionResult, ValidatedBatch};

use crate::builder::{BatchOptions, BuildError, NewRecord, RecordBatchBuilder};
use crate::records::Records;

const VERSION: i16 = 0;
const ABORT: i16 = 0;
const COMMIT: i16 = 1;

/// What a marker says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EndMarker {
    /// How the transaction ended.
    pub result: TransactionResult,
    /// The leader epoch of the coordinator's partition of `__transaction_state`: an older coordinator is refused.
    pub coordinator_epoch: i32,
}

/// The batch that ends the transaction of a producer.
///
/// # Errors
/// See [`BuildError`]; a marker is a few bytes, so none is expected.
pub fn marker_batch(
    producer_id: ProducerId,
    epoch: ProducerEpoch,
    marker: EndMarker,
    timestamp: TimestampMs,
) -> Result<ValidatedBatch, BuildError> {
    let kind = match marker.result {
        TransactionResult::Abort => ABORT,
        TransactionResult::Commit => COMMIT,
    };
    let mut key = [0; 4];
    key[..2].copy_from_slice(&VERSION.to_be_bytes());
    key[2..].copy_from_slice(&kind.to_be_bytes());
    let mut value = [0; 6];
    value[..2].copy_from_slice(&VERSION.to_be_bytes());
    value[2..].copy_from_slice(&marker.coordinator_epoch.to_be_bytes());
    let mut builder = RecordBatchBuilder::new(BatchOptions {
        producer: Some(BatchProducer {
            id: producer_id,
            epoch,
            base_sequence: None,
        }),
        is_transactional: true,
        is_control: true,
        ..BatchOptions::default()
    });
    builder.append(&NewRecord {
        timestamp,
        key: Some(&key),
        value: Some(&value),
        headers: &[],
    })?;
    builder.build()
}

/// What the control batch `bytes` that `header` was parsed from says of a transaction; `None` if it is no control batch, or
/// one that ends no transaction.
pub fn end_marker(header: &BatchHeader, bytes: &[u8]) -> Option<EndMarker> {
    if !header.is_control || header.compression != Compression::None {
        return None;
    }
    let payload = bytes.get(corelog_model::batch::HEADER_SIZE..header.size)?;
    let record = Records::new(header, payload).next()?.ok()?;
    let kind = record.key?.get(2..4)?;
    let result = match i16::from_be_bytes(kind.try_into().ok()?) {
        ABORT => TransactionResult::Abort,
        COMMIT => TransactionResult::Commit,
        _ => return None,
    };
    let coordinator_epoch = record.value?.get(2..6)?;
    Some(EndMarker {
        result,
        coordinator_epoch: i32::from_be_bytes(coordinator_epoch.try_into().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(result: TransactionResult) -> ValidatedBatch {
        let marker = EndMarker {
            result,
            coordinator_epoch: 7,
        };
        marker_batch(
            ProducerId::new(4),
            ProducerEpoch::new(2),
            marker,
            TimestampMs::new(9),
        )
        .unwrap()
    }

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        for result in [TransactionResult::Commit, TransactionResult::Abort] {
            let batch = marker(result);
            let header = batch.header();
            assert!(header.is_control && header.is_transactional);
            let expected = EndMarker {
                result,
                coordinator_epoch: 7,
            };
            assert_eq!(end_marker(header, batch.bytes()), Some(expected));
        }
    }

    /// The records of Kafka's `MemoryRecords.withEndTransactionMarker`: one, whose key and value have no more than these
    /// fields.
    #[test]
    fn a_marker_has_its_bytes() {
        let batch = marker(TransactionResult::Commit);
        let records = &batch.bytes()[corelog_model::batch::HEADER_SIZE..];
        assert_eq!(
            records,
            [
                32, 0, 0, 0, 8, 0, 0, 0, 1, // size 16, attributes, deltas, the key: 4 bytes
                12, 0, 0, 0, 0, 0, 7, // the value: 6 bytes
                0, // no headers
            ]
        );
    }

    #[test]
    fn other_batches_end_no_transaction() {
        let batch = marker(TransactionResult::Commit);
        let data = BatchHeader {
            is_control: false,
            ..*batch.header()
        };
        assert_eq!(end_marker(&data, batch.bytes()), None);
        for length in 0..batch.bytes().len() {
            assert_eq!(end_marker(batch.header(), &batch.bytes()[..length]), None);
        }
        let mut leader_change = batch.bytes().to_vec();
        let kind = corelog_model::batch::HEADER_SIZE + 8;
        leader_change[kind] = 2;
        assert_eq!(end_marker(batch.header(), &leader_change), None);
    }
}
