//! What is known of a segment without reading it.

use corelog_model::batch::BatchHeader;
use corelog_model::{Offset, TimestampMs};

use crate::format::names::SegmentName;
use crate::format::v1::SegmentV1;
use crate::format::v4::SegmentV4;

/// No timestamp, as Kafka writes it.
pub(crate) const NO_TIMESTAMP: TimestampMs = TimestampMs::new(-1);

/// See the module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Segment {
    /// The offset that it begins at.
    pub(crate) base: Offset,
    /// Which file it is in: see [`SegmentName`].
    pub(crate) generation: u32,
    /// Its bytes; the file may be longer, reserved.
    pub(crate) size: u64,
    /// The largest timestamp of the first batch: what `segment.ms` counts from.
    pub(crate) first_timestamp: TimestampMs,
    /// The largest timestamp.
    pub(crate) max_timestamp: TimestampMs,
    /// The base offset of the first batch that holds it.
    pub(crate) max_timestamp_offset: Offset,
    /// When its first batch was appended, by the broker's clock.
    pub(crate) created: TimestampMs,
    /// When its last one was.
    pub(crate) changed: TimestampMs,
    /// Offsets are missing in it, as compaction leaves them.
    pub(crate) has_gaps: bool,
    /// Markers in it abort transactions: its index says which.
    pub(crate) has_aborted: bool,
}

impl Segment {
    /// An empty one.
    pub(crate) fn new(base: Offset) -> Segment {
        Segment {
            base,
            generation: 0,
            size: 0,
            first_timestamp: NO_TIMESTAMP,
            max_timestamp: NO_TIMESTAMP,
            max_timestamp_offset: base,
            created: NO_TIMESTAMP,
            changed: NO_TIMESTAMP,
            has_gaps: false,
            has_aborted: false,
        }
    }

    /// Which files it is in.
    pub(crate) fn name(&self) -> SegmentName {
        SegmentName {
            base: self.base,
            generation: self.generation,
        }
    }

    /// A batch was appended at `offset` at the time `now`, or is read back then.
    pub(crate) fn absorb(
        &mut self,
        header: &BatchHeader,
        offset: Offset,
        max_timestamp: TimestampMs,
        now: TimestampMs,
    ) {
        if self.size == 0 {
            self.first_timestamp = max_timestamp;
            self.created = now;
        }
        self.changed = now;
        // A batch that lost its records keeps a timestamp, which nobody finds in it.
        if max_timestamp > self.max_timestamp && header.record_count > 0 {
            self.max_timestamp = max_timestamp;
            self.max_timestamp_offset = offset;
        }
        self.size += u64::try_from(header.size).expect("a size within u64");
    }

    /// How old its first batch is where the newest has the timestamp `newest`: what `segment.ms` is held against. By the
    /// broker's clock where the first batch has no timestamp (Kafka's `LogSegment.timeWaitedForRoll`).
    pub(crate) fn age_ms(&self, newest: TimestampMs, now: TimestampMs) -> i64 {
        if self.first_timestamp.get() >= 0 {
            newest.get().saturating_sub(self.first_timestamp.get())
        } else {
            now.get().saturating_sub(self.created.get())
        }
    }

    /// The time that `retention.ms` counts from: its largest timestamp, or where no record has one the time of its last
    /// append (Kafka's `LogSegment.largestTimestamp`, which takes the file's).
    pub(crate) fn largest_time(&self) -> TimestampMs {
        if self.max_timestamp.get() >= 0 {
            self.max_timestamp
        } else {
            self.changed
        }
    }

    /// What version 4 of the persisted form says beside version 1.
    pub(crate) fn to_v4(self) -> SegmentV4 {
        SegmentV4 {
            created: self.created.get(),
            changed: self.changed.get(),
            generation: self.generation,
            has_gaps: self.has_gaps,
            has_aborted: self.has_aborted,
        }
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
    pub(crate) fn from_persisted(segment: &SegmentV1, more: SegmentV4) -> Option<Segment> {
        Some(Segment {
            base: Offset::new(segment.base_offset)?,
            generation: more.generation,
            size: segment.size,
            first_timestamp: TimestampMs::new(segment.first_timestamp),
            max_timestamp: TimestampMs::new(segment.max_timestamp),
            max_timestamp_offset: Offset::new(segment.max_timestamp_offset)?,
            created: TimestampMs::new(more.created),
            changed: TimestampMs::new(more.changed),
            has_gaps: more.has_gaps,
            has_aborted: more.has_aborted,
        })
    }
}
