//! What is known of a segment without reading it.

use corelog_model::batch::BatchHeader;
use corelog_model::{Offset, TimestampMs};

use crate::format::v1::SegmentV1;

/// No timestamp, as Kafka writes it.
pub(crate) const NO_TIMESTAMP: TimestampMs = TimestampMs::new(-1);

/// See the module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Segment {
    /// The offset of its first record.
    pub(crate) base: Offset,
    /// Its bytes; the file may be longer, reserved.
    pub(crate) size: u64,
    /// The largest timestamp of the first batch: what `segment.ms` counts from.
    pub(crate) first_timestamp: TimestampMs,
    /// The largest timestamp.
    pub(crate) max_timestamp: TimestampMs,
    /// The base offset of the first batch that holds it.
    pub(crate) max_timestamp_offset: Offset,
}

impl Segment {
    /// An empty one.
    pub(crate) fn new(base: Offset) -> Segment {
        Segment {
            base,
            size: 0,
            first_timestamp: NO_TIMESTAMP,
            max_timestamp: NO_TIMESTAMP,
            max_timestamp_offset: base,
        }
    }

    /// A batch was appended at `offset`.
    pub(crate) fn absorb(&mut self, header: &BatchHeader, offset: Offset, max_timestamp: TimestampMs) {
        if self.size == 0 {
            self.first_timestamp = max_timestamp;
        }
        if max_timestamp > self.max_timestamp {
            self.max_timestamp = max_timestamp;
            self.max_timestamp_offset = offset;
        }
        self.size += u64::try_from(header.size).expect("a size within u64");
    }

    /// The persisted form.
    pub(crate) fn to_v1(self) -> SegmentV1 {
        SegmentV1 {
            base_offset: self.base.get(),
            size: self.size,
            first_timestamp: self.first_timestamp.get(),
            max_timestamp: self.max_timestamp.get(),
            max_timestamp_offset: self.max_timestamp_offset.get(),
        }
    }

    /// From the persisted form.
    pub(crate) fn from_v1(segment: &SegmentV1) -> Option<Segment> {
        Some(Segment {
            base: Offset::new(segment.base_offset)?,
            size: segment.size,
            first_timestamp: TimestampMs::new(segment.first_timestamp),
            max_timestamp: TimestampMs::new(segment.max_timestamp),
            max_timestamp_offset: Offset::new(segment.max_timestamp_offset)?,
        })
    }
}
