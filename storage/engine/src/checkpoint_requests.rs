//! Why a checkpoint is wanted, and whether the last one could be made. The task of [`crate::checkpoint`] makes them.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use corelog_runtime::DiskError;
use corelog_runtime::local::{Notified, Notify};

use crate::errors::Fenced;
use crate::fence::OnFence;

/// See the module.
#[derive(Default)]
pub(crate) struct CheckpointRequests {
    wanted: Notify,
    ended: Notify,
    /// Segments that retention let go wait for a checkpoint to be removed.
    removals_wait: Cell<bool>,
    /// The last checkpoint lacked room on the disk, or a descriptor.
    refused: RefCell<Option<Arc<DiskError>>>,
}

impl CheckpointRequests {
    /// Has the task look whether one is due.
    pub(crate) fn look(&self) {
        self.wanted.notify_all();
    }

    /// Resolves when there may be a reason for one.
    pub(crate) fn wanted(&self) -> Notified {
        self.wanted.notified()
    }

    /// Segments wait for a checkpoint to be removed.
    pub(crate) fn want_for_removals(&self) {
        self.removals_wait.set(true);
        self.look();
    }

    /// Whether segments wait for one.
    pub(crate) fn do_removals_wait(&self) -> bool {
        self.removals_wait.get()
    }

    /// A checkpoint begins that will let them go.
    pub(crate) fn begin(&self) {
        self.removals_wait.set(false);
    }

    /// Resolves when one has ended, or none comes any more.
    pub(crate) fn ended(&self) -> Notified {
        self.ended.notified()
    }

    /// One has ended, and the logs know, or none comes any more.
    pub(crate) fn tell_ended(&self) {
        self.ended.notify_all();
    }

    /// It was made.
    pub(crate) fn made(&self) {
        *self.refused.borrow_mut() = None;
    }

    /// It could not be made.
    pub(crate) fn refuse(&self, error: Arc<DiskError>) {
        *self.refused.borrow_mut() = Some(error);
        self.removals_wait.set(true);
    }

    /// Why the last one could not be made.
    pub(crate) fn refused(&self) -> Option<Arc<DiskError>> {
        self.refused.borrow().clone()
    }
}

impl OnFence for CheckpointRequests {
    fn on_fence(&self, _: &Fenced) {
        self.look();
        self.tell_ended();
    }
}
