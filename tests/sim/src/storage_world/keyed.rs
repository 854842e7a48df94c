//! Batches of logs that are compacted: their records have keys, few of them, and all of a record follows from its batch's number
//! and its place in it. Whatever a cleaning leaves of a batch can be held against that.

use corelog_model::batch::{BatchProducer, Compression};
use corelog_model::{OffsetDelta, TimestampMs, ValidatedBatch};
use corelog_records::{BatchOptions, Header, NewRecord, RecordBatchBuilder, Records, payload};

use super::batches::Fields;
use crate::rng::mix;

/// How many keys a log has.
const KEYS: u64 = 24;
/// The most that the records of a batch may become, in bytes.
const RECORDS_BYTES_MAX: usize = 1 << 20;

/// A record as it was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sent {
    pub(crate) key: u64,
    /// `None` is a tombstone.
    pub(crate) value: Option<Vec<u8>>,
}

/// The record at `place` of batch `number`, whose first one has a value of about `size` bytes.
pub(crate) fn record(number: u64, place: i64, size: usize) -> Sent {
    let drawn = mix(number ^ mix(place.unsigned_abs() + 77));
    let key = drawn % KEYS;
    let length = if place == 0 { size } else { 20 };
    let mut word = drawn;
    let mut filler = || {
        word = word.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        word.to_le_bytes()[7]
    };
    let value = !(drawn >> 32).is_multiple_of(5);
    Sent {
        key,
        value: value.then(|| (0..length).map(|_| filler()).collect()),
    }
}

/// Builds the batch.
pub(crate) fn build(fields: &Fields) -> ValidatedBatch {
    let compression = match mix(fields.number ^ 0x51) % 3 {
        0 => Compression::Lz4,
        1 => Compression::Zstd,
        _ => Compression::None,
    };
    let mut builder = RecordBatchBuilder::new(BatchOptions {
        compression,
        producer: fields.stamp.map(|stamp| BatchProducer {
            id: stamp.id,
            epoch: stamp.epoch,
            base_sequence: Some(stamp.sequence),
        }),
        ..BatchOptions::default()
    });
    for place in 0..i64::from(fields.records) {
        let sent = record(fields.number, place, fields.payload);
        let (number, size) = (fields.number.to_be_bytes(), fields.payload.to_be_bytes());
        let headers = [
            Header {
                key: b"number",
                value: Some(&number),
            },
            Header {
                key: b"size",
                value: Some(&size),
            },
        ];
        let new = NewRecord {
            timestamp: fields.timestamp,
            key: Some(&sent.key.to_be_bytes()),
            value: sent.value.as_deref(),
            headers: &headers,
        };
        builder.append(&new).expect("a small record");
    }
    builder.build().expect("a small batch")
}

/// What a batch was built of; nothing if it is none that was built here.
pub(crate) fn sent(batch: &ValidatedBatch) -> Vec<Sent> {
    match left(batch, None) {
        Ok(Left {
            number: Some(number),
            size,
            places,
        }) => places.iter().map(|place| record(number, *place, size)).collect(),
        Ok(_) | Err(_) => Vec::new(),
    }
}

/// The number of a batch that has a record left.
pub(crate) fn number_of(batch: &ValidatedBatch) -> Option<u64> {
    left(batch, None).ok()?.number
}

/// What is left of a batch.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Left {
    /// Of the batch; `None` if no record is left.
    pub(crate) number: Option<u64>,
    /// What its first record was built with.
    pub(crate) size: usize,
    /// The places of the records in the batch.
    pub(crate) places: Vec<i64>,
}

/// Takes a batch apart.
///
/// # Errors
/// Says what of it was never sent.
pub(crate) fn left(batch: &ValidatedBatch, timestamp: Option<TimestampMs>) -> Result<Left, String> {
    let header = batch.header();
    let records = payload(header, batch.bytes(), RECORDS_BYTES_MAX).map_err(|error| error.to_string())?;
    let mut left = Left::default();
    for record_ in Records::new(header, &records) {
        let found = record_.map_err(|error| error.to_string())?;
        let place = i64::from(found.offset_delta);
        let mut headers = found.headers.clone();
        let mut number = || {
            let value = headers.next().and_then(|header| header.value)?;
            Some(u64::from_be_bytes(value.try_into().ok()?))
        };
        let (Some(of), Some(size)) = (number(), number()) else {
            return Err(format!("the record at place {place} has no number"));
        };
        if left.number.is_some_and(|known| known != of) {
            return Err(format!("it has records of {of} and of {:?}", left.number));
        }
        let size = usize::try_from(size).unwrap_or(0);
        let sent = record(of, place, size);
        let key = sent.key.to_be_bytes();
        if found.key != Some(&key[..]) || found.value != sent.value.as_deref() {
            return Err(format!(
                "the record at place {place} of {of} has another key or value"
            ));
        }
        if timestamp.is_some_and(|time| found.create_time(header) != Some(time)) {
            return Err(format!("the record at place {place} of {of} has another time"));
        }
        (left.number, left.size) = (Some(of), size);
        left.places.push(place);
    }
    if !left.places.is_sorted()
        || left
            .places
            .last()
            .is_some_and(|last| OffsetDelta::new(*last) > header.last_offset_delta)
    {
        return Err(format!("its records are at the places {:?}", left.places));
    }
    Ok(left)
}
