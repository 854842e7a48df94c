//! Whether the storage of a shard goes on: it is open, closes, or its journal is fenced for good.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use corelog_model::ShardId;
use corelog_runtime::DiskError;

use crate::errors::Fenced;

/// Whether the storage is open, closing or closed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Life {
    /// It serves.
    Open,
    /// No more appends.
    Closing,
    /// The tasks end.
    Closed,
}

/// Who has to hear of a fence.
pub(crate) trait OnFence {
    /// Nothing is acknowledged any more.
    fn on_fence(&self, fenced: &Fenced);
}

/// See the module.
pub(crate) struct Fence {
    shard: ShardId,
    life: Cell<Life>,
    fenced: RefCell<Option<Fenced>>,
    /// In the order in which they are told.
    listeners: RefCell<Vec<Weak<dyn OnFence>>>,
}

impl Fence {
    /// Of an open storage.
    pub(crate) fn new(shard: ShardId) -> Rc<Fence> {
        Rc::new(Fence {
            shard,
            life: Cell::new(Life::Open),
            fenced: RefCell::default(),
            listeners: RefCell::default(),
        })
    }

    /// Has `listener` told of a fence, after those who listen already.
    pub(crate) fn tell<T: OnFence + 'static>(&self, listener: &Rc<T>) {
        let listener: Weak<dyn OnFence> = Rc::downgrade(listener) as Weak<dyn OnFence>;
        self.listeners.borrow_mut().push(listener);
    }

    /// Whether the storage is open.
    pub(crate) fn life(&self) -> Life {
        self.life.get()
    }

    /// The storage closes, or is closed. Whoever waits has to be woken besides.
    pub(crate) fn set_life(&self, life: Life) {
        self.life.set(life);
    }

    /// Why the journal takes nothing any more.
    pub(crate) fn fenced(&self) -> Option<Fenced> {
        self.fenced.borrow().clone()
    }

    /// Ends the journal for good: a write or a sync failed and what is on disk is not known. Logged once, here.
    pub(crate) fn fence(&self, error: &DiskError) -> Fenced {
        if let Some(fenced) = self.fenced() {
            return fenced;
        }
        tracing::error!(shard = self.shard.get(), %error, "the journal is fenced until a restart");
        let fenced = Fenced(Arc::from(error.to_string()));
        // INV-5: nothing sets it back; the next start recovers.
        *self.fenced.borrow_mut() = Some(fenced.clone());
        let listeners = self.listeners.borrow().clone();
        for listener in listeners.iter().filter_map(Weak::upgrade) {
            listener.on_fence(&fenced);
        }
        fenced
    }
}
