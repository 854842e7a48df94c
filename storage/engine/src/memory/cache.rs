//! How much of logs is in memory, and which log gives up something when that is too much.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use super::windows::Windows;
use crate::journal::core::PartitionKey;
use crate::partition::PartitionLog;
use crate::registry::Registry;
use crate::tail::{BULK_CHUNK_BYTES_MAX, CHUNK_BYTES_MAX, Evicted};

/// How much of logs is kept in memory before any reader has missed something, in bytes, or a quarter of what may be.
const CACHE_BYTES_BEGIN: usize = 256 << 20;
/// How much is kept for each log that has something in memory, at least, in bytes.
const TAIL_BYTES: usize = 256 << 10;

/// See the module.
pub(crate) struct Cache {
    max: usize,
    /// An append of so many bytes takes large chunks.
    bulk_bytes_min: usize,
    windows: Rc<Windows>,
    /// Of all tails.
    bytes: Cell<usize>,
    /// How large a cache readers would have had a use for, in bytes.
    wanted: Cell<usize>,
    /// The tails that hold something.
    tails: Cell<usize>,
    /// The chunks of all tails, oldest first.
    order: RefCell<VecDeque<(PartitionKey, u64)>>,
}

impl Cache {
    /// An empty one, of `max` bytes at most with what `windows` hold.
    pub(crate) fn new(max: usize, bulk_bytes_min: usize, windows: Rc<Windows>) -> Cache {
        Cache {
            max,
            bulk_bytes_min,
            windows,
            bytes: Cell::new(0),
            wanted: Cell::new(CACHE_BYTES_BEGIN.min(max / 4)),
            tails: Cell::new(0),
            order: RefCell::default(),
        }
    }

    /// Bytes of logs in memory, tails and windows.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.get() + self.windows.bytes()
    }

    /// The largest chunk to take now for an append of `bytes`, so that many logs share the cache.
    pub(crate) fn chunk_bytes_max(&self, bytes: u64) -> usize {
        let is_bulk = usize::try_from(bytes).is_ok_and(|bytes| bytes >= self.bulk_bytes_min);
        let largest = if is_bulk {
            BULK_CHUNK_BYTES_MAX
        } else {
            CHUNK_BYTES_MAX
        };
        let share = (self.limit() / (4 * self.tails.get().max(1))).clamp(4096, largest);
        1 << share.ilog2()
    }

    /// A chunk was opened.
    pub(crate) fn add_chunk(&self, key: PartitionKey, ordinal: u64, capacity: usize) {
        self.bytes.set(self.bytes.get() + capacity);
        self.order.borrow_mut().push_back((key, ordinal));
    }

    /// Memory of a tail was freed.
    pub(crate) fn remove(&self, bytes: usize) {
        self.bytes.set(self.bytes.get() - bytes);
    }

    /// A tail came to hold something, or holds nothing any more.
    pub(crate) fn count_tail(&self, holds: bool) {
        let count = self.tails.get();
        self.tails.set(if holds { count + 1 } else { count - 1 });
    }

    /// How much of logs is kept in memory now: memory that nobody would have read from is not taken, since every page
    /// costs when it is touched for the first time.
    fn limit(&self) -> usize {
        let wanted = self.wanted.get().max(self.tails.get().saturating_mul(TAIL_BYTES));
        wanted.min(self.max)
    }

    /// `bytes` were read from a segment, `distance` before the end of their log: if its share of the whole cache
    /// reaches so far back, the cache grows.
    pub(crate) fn missed(&self, distance: u64, bytes: usize) {
        let share = self.max / self.tails.get().max(1);
        if distance <= u64::try_from(share).unwrap_or(u64::MAX) {
            let wanted = self.wanted.get().saturating_add(bytes);
            self.wanted.set(wanted.min(self.max));
        }
    }

    /// There is too much in memory.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes() > self.limit()
    }

    /// Evicts the oldest chunks that are in their segments while there is too much in memory. Returns a log that must
    /// be flushed before more can go.
    pub(crate) fn evict(&self, registry: &Registry) -> Option<Rc<PartitionLog>> {
        let mut looked_at = self.order.borrow().len();
        while self.is_full() && looked_at > 0 {
            looked_at -= 1;
            let (key, ordinal) = self.order.borrow_mut().pop_front()?;
            let Some(partition) = registry.partition(key) else {
                continue;
            };
            match partition.evict_front(ordinal) {
                Evicted::Gone | Evicted::Freed(_) => {}
                Evicted::InUse => self.order.borrow_mut().push_back((key, ordinal)),
                Evicted::Dirty => {
                    // Flushing comes in the order of age too: what follows is not cleaner than this.
                    self.order.borrow_mut().push_front((key, ordinal));
                    return Some(partition);
                }
            }
        }
        None
    }
}
