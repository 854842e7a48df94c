//! Rolling from one segment to the next, and reserving space in the segment file before an append is admitted.

use std::rc::Rc;

use corelog_runtime::buffer::PAGE;
use corelog_runtime::{DiskError, WorkClass};

use super::{PartitionLog, Reserved};
use crate::format::names::SegmentName;
use crate::log::segment::Segment;

/// The first reservation of a segment, in bytes; each later one is twice as large.
const STEP_BYTES_MIN: u64 = 64 << 10;
/// The largest reservation at a time, in bytes.
const STEP_BYTES_MAX: u64 = 64 << 20;

/// How far to reserve so that `upto` bytes have room: a growing step, but not beyond what the segment can need.
fn next_reservation(reserved: Reserved, upto: u64, segment_bytes: u64) -> Reserved {
    let step = (reserved.step * 2).clamp(STEP_BYTES_MIN, STEP_BYTES_MAX);
    let page = u64::try_from(PAGE).expect("4096");
    let cap = segment_bytes.next_multiple_of(page).max(upto);
    Reserved {
        bytes: (reserved.bytes.max(upto) + step).min(cap).max(upto),
        step,
    }
}

impl PartitionLog {
    /// Reserves room in the active segment's file up to `upto`. A full disk is found here, before anything is
    /// promised.
    pub(super) async fn reserve(&self, upto: u64) -> Result<(), DiskError> {
        let (name, is_new, reserved, segment_bytes) = {
            let state = self.state.borrow();
            let active = state.core.active();
            (
                active.name(),
                active.size == 0,
                state.reserved,
                state.core.config.segment_bytes,
            )
        };
        let reserved = self.allocate(name, reserved, upto, segment_bytes).await?;
        let mut state = self.state.borrow_mut();
        state.reserved = reserved;
        state.files_created += u64::from(is_new);
        Ok(())
    }

    async fn allocate(
        &self,
        name: SegmentName,
        reserved: Reserved,
        upto: u64,
        segment_bytes: u64,
    ) -> Result<Reserved, DiskError> {
        let path = self.segment_path(name);
        let file = self.services.files.get(self.key, name, &path, true).await?;
        let wanted = next_reservation(reserved, upto, segment_bytes);
        match file.allocate(wanted.bytes).await {
            Ok(()) => Ok(wanted),
            // There may be room for this append alone.
            Err(error) if error.is_full() => {
                file.allocate(upto).await?;
                Ok(Reserved { bytes: upto, step: 0 })
            }
            Err(error) => Err(error),
        }
    }

    /// Begins a new segment, with room for `bytes` or without a file, and closes the old one in the background.
    pub(crate) async fn roll_for(self: &Rc<Self>, bytes: u64) -> Result<(), DiskError> {
        let (base, segment_bytes) = {
            let state = self.state.borrow();
            (state.core.offsets().log_end, state.core.config.segment_bytes)
        };
        let upto = bytes.next_multiple_of(u64::try_from(PAGE).expect("4096"));
        let has_file = bytes > 0;
        let reserved = if has_file {
            self.allocate(SegmentName::first(base), Reserved::default(), upto, segment_bytes)
                .await?
        } else {
            Reserved::default()
        };
        let (closed, cuts) = {
            let mut state = self.state.borrow_mut();
            let (closed, index) = state.core.roll();
            state.reserved = reserved;
            state.files_created += u64::from(has_file);
            state.is_touched = true;
            state.unsynced.push(closed.base);
            state.closed_indexes.push((closed.name(), index));
            (closed, state.cuts)
        };
        let log = Rc::clone(self);
        self.services
            .handle
            .spawn(WorkClass::Background, "segment close", async move {
                let services = Rc::clone(&log.services);
                let _work = services.files.changes.acquire(1).await;
                log.close_segment(closed, cuts).await;
            });
        Ok(())
    }

    /// Brings a closed segment to its true size and writes its index beside it.
    async fn close_segment(self: Rc<Self>, closed: Segment, cuts: u64) {
        let upto = self.state.borrow().tail.stream_of(closed.base, closed.size);
        if let Some(upto) = upto
            && let Err(error) = self.write_out(upto, true).await
        {
            self.services.fence.fence(&error);
            return;
        }
        if let Err(error) = self.trim_segment(closed, cuts).await {
            // The reserved room stays behind the segment; readers go by the size that is known.
            tracing::warn!(%error, "a closed segment keeps its reserved room");
        }
        self.write_index(closed).await;
    }

    /// Gives the room behind a segment's end back to the file system, if that is the end still: after another cut of the
    /// log's end it may not be.
    pub(crate) async fn trim_segment(&self, segment: Segment, cuts: u64) -> Result<(), DiskError> {
        let _writing = self.write_mutex.acquire(1).await;
        let is_there = {
            let state = self.state.borrow();
            state.cuts == cuts && state.core.has_segment(segment.name())
        };
        if !is_there {
            return Ok(());
        }
        let path = self.segment_path(segment.name());
        let file = self
            .services
            .files
            .get(self.key, segment.name(), &path, false)
            .await?;
        file.truncate(segment.size).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reservations_grow_up_to_the_segment() {
        let check = |bytes: u64, step: u64, upto: u64, segment: u64, expected: (u64, u64)| {
            let next = next_reservation(Reserved { bytes, step }, upto, segment);
            assert_eq!((next.bytes, next.step), expected);
            assert!(next.bytes >= upto);
        };
        const KIB: u64 = 1 << 10;
        check(0, 0, 4 * KIB, 1 << 30, (68 * KIB, 64 * KIB));
        check(68 * KIB, 64 * KIB, 72 * KIB, 1 << 30, (200 * KIB, 128 * KIB));
        check(0, 64 << 20, 4 * KIB, 1 << 30, ((64 << 20) + 4 * KIB, 64 << 20));
        check(0, 0, 4 * KIB, 10_000, (12 * KIB, 64 * KIB));
        check(0, 0, 200 * KIB, 10_000, (200 * KIB, 64 * KIB));
    }
}
