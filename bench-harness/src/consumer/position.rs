//! How far a consumer has read a partition, for those beside its fetcher.

use std::cell::Cell;
use std::rc::Rc;

/// A partition of a consumer. Clones are the same one.
#[derive(Clone, Debug)]
pub struct ReadPosition {
    partition: i32,
    next: Rc<Cell<Option<i64>>>,
}

impl ReadPosition {
    /// Of `partition`, which was not begun yet.
    pub fn new(partition: i32) -> ReadPosition {
        ReadPosition {
            partition,
            next: Rc::default(),
        }
    }

    /// Which partition.
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// The partition and the offset that is to be read next; none before it is known where to begin.
    pub fn read(&self) -> Option<(i32, i64)> {
        Some((self.partition, self.next.get()?))
    }

    /// Everything below `next` was read.
    pub fn advance(&self, next: i64) {
        self.next.set(Some(next));
    }
}
