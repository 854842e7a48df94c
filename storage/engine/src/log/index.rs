//! The sparse index of a segment: some batches' offsets and positions, and how timestamps grew on the way; and the
//! transactions that its markers abort (Kafka's `TransactionIndex`).
//!
//! Invariant: offsets and positions grow strictly, `max_timestamp_before` never falls.

use corelog_model::{Offset, TimestampMs};

use crate::format::v1::IndexEntryV1;
use crate::format::v3::AbortedV3;
use crate::types::AbortedTransaction;

/// The least distance of two entries, in bytes.
pub(crate) const INTERVAL_BYTES: u64 = 64 << 10;

/// See the module.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct SparseIndex {
    entries: Vec<IndexEntryV1>,
    /// In the order of their markers.
    aborted: Vec<AbortedTransaction>,
}

impl SparseIndex {
    /// A batch begins at `position`; it gets an entry if the last one is far enough behind.
    pub(crate) fn note(
        &mut self,
        offset: Offset,
        position: u64,
        max_timestamp_before: TimestampMs,
        interval: u64,
    ) {
        let last = self.entries.last().map_or(0, |entry| entry.position);
        if position >= last + interval.max(INTERVAL_BYTES) {
            self.entries.push(IndexEntryV1 {
                offset: offset.get(),
                position,
                max_timestamp_before: max_timestamp_before.get(),
            });
        }
    }

    /// Where to begin the search for the batch that holds `offset`: the position of a batch at or before it.
    pub(crate) fn position_for_offset(&self, offset: Offset) -> u64 {
        let after = self.entries.partition_point(|entry| entry.offset <= offset.get());
        self.before(after)
    }

    /// Where to begin the search for the first timestamp at or after `timestamp`.
    pub(crate) fn position_for_timestamp(&self, timestamp: TimestampMs) -> u64 {
        let after = self
            .entries
            .partition_point(|entry| entry.max_timestamp_before < timestamp.get());
        self.before(after)
    }

    /// A marker aborts a transaction.
    pub(crate) fn note_aborted(&mut self, aborted: AbortedTransaction) {
        self.aborted.push(aborted);
    }

    /// Adds to `found` the aborted transactions with records in `from..to`. Whether those whose markers come later have
    /// none there.
    pub(crate) fn collect_aborted(
        &self,
        from: Offset,
        to: Offset,
        found: &mut Vec<AbortedTransaction>,
    ) -> bool {
        // The markers are in order.
        let begin = self.aborted.partition_point(|aborted| aborted.last_offset < from);
        for aborted in &self.aborted[begin..] {
            if aborted.last_offset >= from && aborted.first_offset < to {
                found.push(*aborted);
            }
            if aborted.last_stable >= to {
                return true;
            }
        }
        false
    }

    fn before(&self, after: usize) -> u64 {
        match after.checked_sub(1) {
            Some(index) => self.entries[index].position,
            None => 0,
        }
    }

    /// The persisted form.
    pub(crate) fn entries(&self) -> &[IndexEntryV1] {
        &self.entries
    }

    /// The persisted form of the aborted transactions.
    pub(crate) fn aborted_v3(&self) -> Vec<AbortedV3> {
        self.aborted.iter().map(AbortedV3::from).collect()
    }

    /// With the aborted transactions of the persisted form; impossible ones are left out.
    pub(crate) fn with_aborted(mut self, aborted: &[AbortedV3]) -> SparseIndex {
        self.aborted = aborted.iter().filter_map(AbortedV3::value).collect();
        self
    }

    /// From the persisted form; an entry out of order ends it.
    pub(crate) fn from_entries(entries: &[IndexEntryV1]) -> SparseIndex {
        let mut index = SparseIndex::default();
        for entry in entries {
            let grows = index.entries.last().is_none_or(|last| {
                last.position < entry.position
                    && last.offset < entry.offset
                    && last.max_timestamp_before <= entry.max_timestamp_before
            });
            if !grows || entry.offset < 0 {
                break;
            }
            index.entries.push(*entry);
        }
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_begin_at_or_before_the_target() {
        let mut index = SparseIndex::default();
        for n in 0..10u64 {
            let value = i64::try_from(n).unwrap();
            index.note(
                Offset::new(value * 10).unwrap(),
                n * INTERVAL_BYTES / 2,
                TimestampMs::new(value * 100),
                0,
            );
        }
        assert_eq!(index.entries().len(), 4);
        let at = |offset: i64| index.position_for_offset(Offset::new(offset).unwrap()) / INTERVAL_BYTES;
        assert_eq!(
            (at(0), at(19), at(20), at(39), at(40), at(1000)),
            (0, 0, 1, 1, 2, 4)
        );
        let at = |time: i64| index.position_for_timestamp(TimestampMs::new(time)) / INTERVAL_BYTES;
        // The entry says what came before it: 200 may be the first batch at or after the entry for offset 20.
        assert_eq!((at(0), at(200), at(201), at(9999)), (0, 0, 1, 4));
        assert_eq!(SparseIndex::from_entries(index.entries()), index);
    }
}
