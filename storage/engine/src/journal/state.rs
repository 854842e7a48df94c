//! The journal of one shard as its logs see it: what they give to it, and what they wait for. The task of
//! [`super::commit`] writes it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use corelog_runtime::local::{Notified, Notify, Semaphore, oneshot};

use super::core::{JournalCore, Run};
use super::files::JournalFiles;
use super::ring::Ring;
use crate::errors::Fenced;
use crate::fence::{Fence, Life, OnFence};
use crate::format::v2::EntryV2;
use crate::hash::Map;

/// See the module.
pub(crate) struct Journal {
    pub(crate) core: RefCell<JournalCore>,
    pub(crate) ring: RefCell<Ring>,
    pub(crate) files: JournalFiles,
    pub(crate) incarnation: u64,
    /// Something to commit, room in the ring, or the end.
    pub(crate) work: Notify,
    /// A commit ended.
    idle: Notify,
    /// The newest frame is to be marked as acknowledged.
    pub(crate) is_mark_due: Cell<bool>,
    /// Taken for a sync of the journal.
    pub(crate) sync_mutex: Semaphore,
    /// Bytes that were journaled since the last checkpoint began.
    pub(crate) since_checkpoint: Cell<u64>,
    /// Ends of logs that are being cut off, the journal told of it or about to be.
    truncations: Cell<usize>,
    /// Who waits for a change to be durable.
    tickets: RefCell<Map<u64, oneshot::Sender<()>>>,
    fence: Rc<Fence>,
}

impl Journal {
    /// An idle one.
    pub(crate) fn new(
        core: JournalCore,
        ring: Ring,
        files: JournalFiles,
        incarnation: u64,
        fence: Rc<Fence>,
    ) -> Journal {
        Journal {
            core: RefCell::new(core),
            ring: RefCell::new(ring),
            files,
            incarnation,
            work: Notify::new(),
            idle: Notify::new(),
            is_mark_due: Cell::new(false),
            sync_mutex: Semaphore::new(1),
            since_checkpoint: Cell::new(0),
            truncations: Cell::new(0),
            tickets: RefCell::default(),
            fence,
        }
    }

    /// Gives a run to the journal.
    pub(crate) fn push_run(&self, run: Run) {
        self.core.borrow_mut().push_run(run);
        self.work.notify_all();
    }

    /// Journals a change and waits until it is durable.
    pub(crate) async fn change(&self, entry: EntryV2) -> Result<(), Fenced> {
        if let Some(fenced) = self.fence.fenced() {
            return Err(fenced);
        }
        if self.fence.life() != Life::Open {
            // Nothing may follow the checkpoint of a clean close.
            return Err(Fenced(Arc::from("the storage is closing")));
        }
        let (sender, receiver) = oneshot::channel();
        let ticket = self.core.borrow_mut().push_change(entry);
        self.tickets.borrow_mut().insert(ticket, sender);
        self.work.notify_all();
        match receiver.await {
            Ok(()) => Ok(()),
            Err(oneshot::Canceled) => Err(self
                .fence
                .fenced()
                .unwrap_or_else(|| Fenced(Arc::from("the storage was closed")))),
        }
    }

    /// The changes with these tickets are durable.
    pub(crate) fn tell_durable(&self, tickets: Vec<u64>) {
        for ticket in tickets {
            let sender = self.tickets.borrow_mut().remove(&ticket);
            if let Some(sender) = sender {
                // Whoever asked may have gone; the change stands.
                let _ = sender.send(());
            }
        }
    }

    /// Whether such a change waits to be put into a frame.
    pub(crate) fn has_waiting(&self, is_such: impl Fn(&EntryV2) -> bool) -> bool {
        self.core.borrow().has_waiting(is_such)
    }

    /// Whether a commit is under way.
    pub(crate) fn is_committing(&self) -> bool {
        self.core.borrow().is_committing()
    }

    /// Whether nothing waits and nothing is under way, cuts of logs included.
    pub(crate) fn is_idle(&self) -> bool {
        self.core.borrow().is_idle() && self.truncations.get() == 0
    }

    /// Whether no commit is possible before a checkpoint.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.ring.borrow().is_exhausted()
    }

    /// Resolves when a commit has ended, or the end of a log was cut off.
    pub(crate) fn acknowledged(&self) -> Notified {
        self.idle.notified()
    }

    /// A commit has ended.
    pub(crate) fn tell_acknowledged(&self) {
        self.idle.notify_all();
    }

    /// A log's end is about to be cut off.
    pub(crate) fn begin_truncation(&self) {
        self.truncations.update(|count| count + 1);
    }

    /// It was, or that was given up.
    pub(crate) fn end_truncation(&self) {
        self.truncations.update(|count| count - 1);
        self.idle.notify_all();
    }

    /// Wakes whoever waits, since the storage closes.
    pub(crate) fn wake_all(&self) {
        self.work.notify_all();
        self.idle.notify_all();
    }
}

impl OnFence for Journal {
    fn on_fence(&self, _: &Fenced) {
        self.core.borrow_mut().fence();
        // Dropped senders tell whoever waits for a change.
        let tickets = std::mem::take(&mut *self.tickets.borrow_mut());
        drop(tickets);
        self.wake_all();
    }
}
