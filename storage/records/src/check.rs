//! What a leader demands of a batch that a client produced (Kafka's `LogValidator`), beyond its checksum.
//!
//! Two steps: the header alone, and every record, which takes the decompressed bytes.

use corelog_model::{BatchHeader, Offset, ProducerEpoch, ProducerId, TimestampMs};

use crate::records::RecordError;
use crate::walk::{RecordRules, RecordsWalk};

/// Why a produced batch's header is refused. Kafka answers INVALID_RECORD to each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeaderFault {
    /// Only brokers write control batches.
    #[error("a client may not write a control batch")]
    Control,
    /// A base offset that is not zero: the leader gives offsets.
    #[error("the batch's base offset is {0} and should be 0")]
    BaseOffset(Offset),
    /// The count and the offsets disagree, or there are no records.
    #[error("the batch says {record_count} records and its last offset delta is {last_offset_delta}")]
    Count {
        /// The records that the header counts.
        record_count: i32,
        /// The last record's delta.
        last_offset_delta: i64,
    },
    /// A producer id without a sequence.
    #[error("the batch of producer {producer_id} has no sequence")]
    NoSequence {
        /// The producer.
        producer_id: ProducerId,
    },
    /// A producer id with a negative epoch.
    #[error("the batch of producer {producer_id} has the epoch {epoch}")]
    NegativeEpoch {
        /// The producer.
        producer_id: ProducerId,
        /// Its epoch.
        epoch: ProducerEpoch,
    },
    /// A transactional batch of nobody.
    #[error("the batch is transactional and has no producer id")]
    TransactionalWithoutProducer,
}

/// Checks what a client's batch header says: from offset zero, whole, dense, not a control batch, and with a sequence if it has a
/// producer. Costs no look at the records.
///
/// # Errors
/// The first `HeaderFault` found.
pub fn check_produced_header(header: &BatchHeader) -> Result<(), HeaderFault> {
    // `UnifiedLog.analyzeAndValidateRecords`
    if header.base_offset != Offset::ZERO {
        return Err(HeaderFault::BaseOffset(header.base_offset));
    }
    if header.is_control {
        return Err(HeaderFault::Control);
    }
    if i64::from(header.record_count) != header.last_offset_delta.get() + 1 {
        return Err(HeaderFault::Count {
            record_count: header.record_count,
            last_offset_delta: header.last_offset_delta.get(),
        });
    }
    match header.producer {
        None if header.is_transactional => Err(HeaderFault::TransactionalWithoutProducer),
        None => Ok(()),
        Some(producer) if producer.epoch.get() < 0 => Err(HeaderFault::NegativeEpoch {
            producer_id: producer.id,
            epoch: producer.epoch,
        }),
        Some(producer) if producer.base_sequence.is_none() => Err(HeaderFault::NoSequence {
            producer_id: producer.id,
        }),
        Some(_) => Ok(()),
    }
}

/// Whether a record may lack a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyPolicy {
    /// It may.
    Optional,
    /// It may not: the topic is compacted.
    Required,
}

/// Why the records of a produced batch are refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordsFault {
    /// The bytes are no records. Kafka answers INVALID_RECORD.
    #[error("the batch does not hold the records that its header counts: {0}")]
    Malformed(#[from] RecordError),
    /// Null keys where keys are required, and no timestamp out of bounds. Kafka answers INVALID_RECORD.
    #[error("{} records have no key, and the topic is compacted", indexes.len())]
    NullKey {
        /// The records without a key, by their place in the batch.
        indexes: Vec<i32>,
    },
    /// Timestamps out of bounds. Kafka answers INVALID_TIMESTAMP, also where other records lack their key.
    #[error("the timestamp {timestamp} is not between {earliest} and {latest}")]
    Timestamp {
        /// The records that are refused, by their place in the batch.
        indexes: Vec<i32>,
        /// The first timestamp out of bounds.
        timestamp: TimestampMs,
        /// The earliest that is taken.
        earliest: TimestampMs,
        /// The latest.
        latest: TimestampMs,
    },
}

/// What was learned on the way through a batch's records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordsSummary {
    /// The largest create time; -1 if none is larger. A client's `max_timestamp` may differ from it.
    pub max_timestamp: TimestampMs,
    /// The records are numbered 0, 1, 2, ... Kafka numbers others anew where it decompresses them.
    pub is_dense: bool,
}

/// Checks every record of the batch of `header`, whose decompressed bytes after the header are `payload`: there are
/// as many as it counts, nothing follows them, and each keeps the `rules`.
///
/// # Errors
/// The first malformed record, else all that break a rule.
pub fn check_produced_records(
    header: &BatchHeader,
    payload: &[u8],
    rules: RecordRules,
) -> Result<RecordsSummary, RecordsFault> {
    let mut walk = RecordsWalk::new(header, rules);
    walk.feed(payload, true)?;
    walk.finish()
}
