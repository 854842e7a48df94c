//! How much was appended and is in no segment yet, and who waits for it to become less.

use std::cell::Cell;

use corelog_runtime::local::{Notified, Notify};

use crate::errors::Fenced;
use crate::fence::OnFence;

/// See the module.
pub(crate) struct DirtyBytes {
    max: u64,
    bytes: Cell<u64>,
    /// Fewer bytes, or the end.
    changed: Notify,
}

impl DirtyBytes {
    /// None, of `max` at most.
    pub(crate) fn new(max: usize) -> DirtyBytes {
        DirtyBytes {
            max: u64::try_from(max).unwrap_or(u64::MAX),
            bytes: Cell::new(0),
            changed: Notify::new(),
        }
    }

    /// Bytes in no segment yet.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// Whether so many more bytes may be appended now.
    pub(crate) fn has_room(&self, bytes: u64) -> bool {
        self.bytes.get() == 0 || self.bytes.get().saturating_add(bytes) <= self.max
    }

    /// More than half of what may be dirty is.
    pub(crate) fn is_high(&self) -> bool {
        self.bytes.get() > self.max / 2
    }

    /// Bytes were appended.
    pub(crate) fn add(&self, bytes: u64) {
        self.bytes.set(self.bytes.get() + bytes);
    }

    /// Bytes were flushed, or dropped with their partition.
    pub(crate) fn remove(&self, bytes: u64) {
        self.bytes.set(self.bytes.get() - bytes);
        self.changed.notify_all();
    }

    /// Resolves when there may be more room, or none any more.
    pub(crate) fn changed(&self) -> Notified {
        self.changed.notified()
    }

    /// Has whoever waits for room look again.
    pub(crate) fn look_again(&self) {
        self.changed.notify_all();
    }
}

impl OnFence for DirtyBytes {
    fn on_fence(&self, _: &Fenced) {
        self.look_again();
    }
}
