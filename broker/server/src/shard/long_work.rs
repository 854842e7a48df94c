//! Work of clients' requests that takes long, off the path of everyone else: what takes the processor one job a shard at a
//! time, in the normal class.
//!
//! Invariant: a connection that has work here has all its later requests wait behind it, so that its appends keep the
//! order of its requests (INV-3). What waits is bounded by the memory for requests.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use corelog_runtime::local::{Permit, Semaphore};
use corelog_runtime::{Handle, LocalFuture, WorkClass};

/// The long work of one shard.
pub struct LongWork {
    handle: Handle,
    /// What waits of each connection behind what is being done of it.
    clients: RefCell<HashMap<u64, VecDeque<LocalFuture<()>>, foldhash::fast::RandomState>>,
    count: Cell<usize>,
    turn: Semaphore,
}

impl LongWork {
    /// None yet, to be done by tasks of `handle`.
    pub(super) fn new(handle: Handle) -> LongWork {
        LongWork {
            handle,
            clients: RefCell::default(),
            count: Cell::new(0),
            turn: Semaphore::new(1),
        }
    }

    /// The requests that are here.
    pub fn len(&self) -> usize {
        self.count.get()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a request of `client` is here, behind which its later ones wait.
    pub(crate) fn has(&self, client: u64) -> bool {
        self.clients.borrow().contains_key(&client)
    }

    /// Held while a job takes the processor for long.
    pub(crate) async fn turn(&self) -> Permit {
        self.turn.acquire(1).await
    }

    /// Has `work` done for `client`, after all of its that is here.
    pub(crate) fn enter(self: &Rc<Self>, client: u64, work: LocalFuture<()>) {
        self.count.set(self.count.get() + 1);
        if let Some(waiting) = self.clients.borrow_mut().get_mut(&client) {
            waiting.push_back(work);
            return;
        }
        self.clients.borrow_mut().insert(client, VecDeque::new());
        let run = Rc::clone(self).run(client, work);
        self.handle.spawn(WorkClass::Normal, "long work", run);
    }

    async fn run(self: Rc<Self>, client: u64, first: LocalFuture<()>) {
        let mut next = Some(first);
        while let Some(work) = next {
            work.await;
            self.count.set(self.count.get() - 1);
            let mut clients = self.clients.borrow_mut();
            // No await between the look at the queue and its removal: nobody can be overlooked.
            next = clients.get_mut(&client).and_then(VecDeque::pop_front);
            if next.is_none() {
                clients.remove(&client);
            }
        }
    }
}
