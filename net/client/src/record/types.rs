//! A record before it is produced, and as it lies in a log.

use bytes::Bytes;
use corelog_model::batch::TimestampType;
use corelog_model::{Offset, TimestampMs};

/// A header of a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordHeader {
    /// The name. Names may repeat, and their order counts.
    pub key: String,
    /// The value.
    pub value: Option<Bytes>,
}

/// A record to be produced.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Record {
    /// The key.
    pub key: Option<Bytes>,
    /// The value; `None` is a tombstone on a compacted topic.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Vec<RecordHeader>,
    /// When it was made.
    pub timestamp: TimestampMs,
}

impl Record {
    /// About how many bytes it takes in a batch, uncompressed; never fewer.
    pub fn encoded_size_max(&self) -> usize {
        let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        let headers: usize = self
            .headers
            .iter()
            .map(|header| header.key.len() + length(&header.value) + 10)
            .sum();
        length(&self.key) + length(&self.value) + headers + 36
    }
}

/// A record as it lies in a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredRecord {
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp.
    pub timestamp: TimestampMs,
    /// Who set the timestamp.
    pub timestamp_type: TimestampType,
    /// The key.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Vec<RecordHeader>,
}
