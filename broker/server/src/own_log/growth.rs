//! When a log is due for a snapshot.

use std::cell::Cell;

/// How far a log grows until its next snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct GrowthMax {
    /// By so many bytes in any case.
    pub bytes: usize,
    /// By so many times the last snapshot: bounds what snapshots add to the writes, and what a start reads.
    pub snapshots: usize,
}

/// How much a replay would read behind the last snapshot, and how long that one is, both in bytes, about.
#[derive(Debug)]
pub(super) struct Growth {
    max: GrowthMax,
    grown: Cell<usize>,
    snapshot: Cell<usize>,
}

impl Growth {
    pub(super) fn new(max: GrowthMax) -> Growth {
        Growth {
            max,
            grown: Cell::new(0),
            snapshot: Cell::new(0),
        }
    }

    /// Notes what a replay found.
    pub(super) fn set(&self, grown: usize, snapshot: usize) {
        self.grown.set(grown);
        self.snapshot.set(snapshot);
    }

    /// Notes an append.
    pub(super) fn add(&self, bytes: usize) {
        self.grown.set(self.grown.get().saturating_add(bytes));
    }

    /// Notes that a snapshot begins.
    pub(super) fn begin_snapshot(&self) {
        self.set(0, 0);
    }

    /// Notes a part of a snapshot.
    pub(super) fn add_snapshot(&self, bytes: usize) {
        self.snapshot.set(self.snapshot.get().saturating_add(bytes));
    }

    pub(super) fn is_due(&self) -> bool {
        let snapshots = self.snapshot.get().saturating_mul(self.max.snapshots);
        self.grown.get() > self.max.bytes.max(snapshots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_due_when_the_log_has_grown_by_four_times_the_last_one() {
        let check = |grown, snapshot, expected| {
            let growth = Growth::new(GrowthMax {
                bytes: 100,
                snapshots: 4,
            });
            growth.set(grown, snapshot);
            assert_eq!(growth.is_due(), expected, "{grown} {snapshot}");
        };
        check(100, 0, false);
        check(101, 0, true);
        check(101, 100, false);
        check(401, 100, true);
    }
}
