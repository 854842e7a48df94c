//! What a leader demands of a batch that a client produced (Kafka's `LogValidator`), beyond its checksum.
//!
//! Two steps, because they differ in cost: the header alone, which every batch passes, and every record, which takes
//! the decompressed bytes.

use corelog_model::{BatchHeader, OffsetDelta, ProducerEpoch, ProducerId, TimestampMs};

use crate::records::{RecordError, Records};

/// Why a produced batch's header is refused. Kafka answers INVALID_RECORD to each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeaderFault {
    /// Only brokers write control batches.
    #[error("a client may not write a control batch")]
    Control,
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

/// Checks what a client's batch header says: whole, dense, not a control batch, and with a sequence if it has a
/// producer. Costs no look at the records.
///
/// # Errors
/// The first `HeaderFault` found.
pub fn check_produced_header(header: &BatchHeader) -> Result<(), HeaderFault> {
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

/// Why the records of a produced batch are refused. Kafka answers INVALID_RECORD to each.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordsFault {
    /// The bytes are no records.
    #[error("the batch does not hold the records that its header counts")]
    Malformed(#[from] RecordError),
    /// Offsets are not 0, 1, 2, ...
    #[error("record {index} has the offset delta {offset_delta}")]
    OffsetDelta {
        /// Which record, from zero.
        index: i32,
        /// What it says.
        offset_delta: i32,
    },
    /// A timestamp outside the range of 64 bits.
    #[error("record {index} has a timestamp {timestamp_delta} ms from the batch's, which overflows")]
    Timestamp {
        /// Which record, from zero.
        index: i32,
        /// What it says.
        timestamp_delta: i64,
    },
    /// A null key where keys are required.
    #[error("record {index} has no key, and the topic is compacted")]
    NullKey {
        /// Which record, from zero.
        index: i32,
    },
}

/// What was learned on the way through a batch's records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordsSummary {
    /// The largest create time; `None` if there are no records. A client's `max_timestamp` may differ from it.
    pub max_timestamp: Option<TimestampMs>,
    /// The first record that has it.
    pub max_timestamp_delta: OffsetDelta,
    /// The smallest create time; `None` if there are no records.
    pub min_timestamp: Option<TimestampMs>,
}

/// Checks every record of the batch of `header`, whose decompressed bytes after the header are `payload`: there are
/// as many as it counts, densely numbered from zero, with keys where `keys` demands them.
///
/// # Errors
/// The first `RecordsFault` found.
pub fn check_produced_records(
    header: &BatchHeader,
    payload: &[u8],
    keys: KeyPolicy,
) -> Result<RecordsSummary, RecordsFault> {
    let mut summary = RecordsSummary {
        max_timestamp: None,
        max_timestamp_delta: OffsetDelta::default(),
        min_timestamp: None,
    };
    for (index, record) in (0..).zip(Records::new(header, payload)) {
        let record = record?;
        if record.offset_delta != index {
            let offset_delta = record.offset_delta;
            return Err(RecordsFault::OffsetDelta { index, offset_delta });
        }
        if keys == KeyPolicy::Required && record.key.is_none() {
            return Err(RecordsFault::NullKey { index });
        }
        let timestamp = record.create_time(header).ok_or(RecordsFault::Timestamp {
            index,
            timestamp_delta: record.timestamp_delta,
        })?;
        if summary.max_timestamp.is_none_or(|max| timestamp > max) {
            summary.max_timestamp = Some(timestamp);
            summary.max_timestamp_delta = OffsetDelta::new(i64::from(index));
        }
        summary.min_timestamp = Some(summary.min_timestamp.map_or(timestamp, |min| min.min(timestamp)));
    }
    Ok(summary)
}
