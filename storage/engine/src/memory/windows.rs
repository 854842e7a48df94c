//! What was last read of segments, kept for readers that come back for the rest of what was read ahead.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use bytes::Bytes;

use crate::format::names::SegmentName;
use crate::journal::core::PartitionKey;

/// How many windows are kept.
const WINDOWS_MAX: usize = 64;
/// The part of the cache's memory that windows may take: one in so many.
const WINDOWS_SHARE: usize = 16;
/// The largest window that is kept, and the most that is read at a time unless a batch is larger, in bytes.
pub(crate) const WINDOW_BYTES_MAX: usize = 1 << 20;

/// Bytes that were read of a segment. What is flushed never changes.
#[derive(Clone)]
pub(crate) struct Window {
    pub(crate) key: PartitionKey,
    pub(crate) segment: SegmentName,
    pub(crate) start: u64,
    pub(crate) bytes: Bytes,
}

/// See the module.
pub(crate) struct Windows {
    bytes_max: usize,
    /// Newest last.
    kept: RefCell<VecDeque<Window>>,
    bytes: Cell<usize>,
}

fn bytes_of(windows: &VecDeque<Window>) -> usize {
    windows.iter().map(|window| window.bytes.len()).sum()
}

impl Windows {
    /// None, beside a cache of `cache_bytes_max`.
    pub(crate) fn new(cache_bytes_max: usize) -> Windows {
        Windows {
            bytes_max: cache_bytes_max / WINDOWS_SHARE,
            kept: RefCell::default(),
            bytes: Cell::new(0),
        }
    }

    /// The bytes of all windows.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.get()
    }

    /// A window that holds the byte at `position`.
    pub(crate) fn find(&self, key: PartitionKey, segment: SegmentName, position: u64) -> Option<Window> {
        let holds = |window: &&Window| {
            let length = u64::try_from(window.bytes.len()).unwrap_or(0);
            window.key == key
                && window.segment == segment
                && (window.start..window.start + length).contains(&position)
        };
        self.kept.borrow().iter().rev().find(holds).cloned()
    }

    /// Keeps a window for who reads on.
    pub(crate) fn keep(&self, window: Window) {
        if window.bytes.is_empty() || window.bytes.len() > WINDOW_BYTES_MAX {
            return;
        }
        let mut kept = self.kept.borrow_mut();
        kept.push_back(window);
        while kept.len() > WINDOWS_MAX || bytes_of(&kept) > self.bytes_max {
            kept.pop_front();
        }
        self.bytes.set(bytes_of(&kept));
    }

    /// Keeps nothing that was read of a segment.
    pub(crate) fn forget(&self, key: PartitionKey, segment: SegmentName) {
        let of_segment = |window: &Window| window.key == key && window.segment == segment;
        let mut kept = self.kept.borrow_mut();
        kept.retain(|window| !of_segment(window));
        self.bytes.set(bytes_of(&kept));
    }
}
