//! Work of clients' requests that takes long, off the path of everyone else: one task a shard does it, a job at a time, in
//! the normal class.
//!
//! Invariant: a connection that has work here has all its later requests wait behind it, so that its appends keep the
//! order of its requests (INV-3). What waits is bounded by the memory for requests.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use corelog_runtime::{Handle, LocalFuture, WorkClass};

struct Job {
    client: u64,
    work: LocalFuture<()>,
}

/// The long work of one shard.
pub struct LongWork {
    handle: Handle,
    jobs: RefCell<VecDeque<Job>>,
    /// The requests of each connection that are here.
    clients: RefCell<HashMap<u64, usize, foldhash::fast::RandomState>>,
    is_running: Cell<bool>,
}

impl LongWork {
    /// None yet, to be done by a task of `handle`.
    pub(super) fn new(handle: Handle) -> LongWork {
        LongWork {
            handle,
            jobs: RefCell::default(),
            clients: RefCell::default(),
            is_running: Cell::new(false),
        }
    }

    /// The requests that wait here.
    pub fn len(&self) -> usize {
        self.jobs.borrow().len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a request of `client` is here, behind which its later ones wait.
    pub(crate) fn has(&self, client: u64) -> bool {
        self.clients.borrow().contains_key(&client)
    }

    /// Has `work` done for `client`, after all that is here.
    pub(crate) fn enter(self: &Rc<Self>, client: u64, work: LocalFuture<()>) {
        *self.clients.borrow_mut().entry(client).or_default() += 1;
        self.jobs.borrow_mut().push_back(Job { client, work });
        if !self.is_running.replace(true) {
            let run = Rc::clone(self).run();
            self.handle.spawn(WorkClass::Normal, "long work", run);
        }
    }

    async fn run(self: Rc<Self>) {
        loop {
            let next = self.jobs.borrow_mut().pop_front();
            let Some(job) = next else {
                // No await between the look at the queue and this: nobody can be overlooked.
                self.is_running.set(false);
                return;
            };
            job.work.await;
            let mut clients = self.clients.borrow_mut();
            if let Some(count) = clients.get_mut(&job.client) {
                *count -= 1;
                if *count == 0 {
                    clients.remove(&job.client);
                }
            }
        }
    }
}
