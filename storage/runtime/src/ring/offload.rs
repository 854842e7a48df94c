//! The shard's helper thread, for the calls that block and that the ring cannot carry.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use slab::Slab;

use crate::local::{Notify, Semaphore, oneshot};
use crate::mailbox::Parking;
use crate::shards::Pollable;

/// Calls under way or queued at once; further callers wait their turn.
const CALLS_MAX: usize = 64;

type Call = Box<dyn FnOnce() + Send>;

/// Runs blocking calls one after another on a thread that starts with the first of them.
pub(crate) struct Offload {
    thread: RefCell<Option<Sender<(usize, Call)>>>,
    parking: Arc<Parking>,
    /// Calls that have ended and that the shard has not seen.
    ended: Arc<Mutex<Vec<usize>>>,
    waiting: RefCell<Slab<Option<oneshot::Sender<()>>>>,
    budget: Semaphore,
    idle: Notify,
    closed: Cell<bool>,
}

impl Offload {
    /// `parking` is how the thread wakes the shard.
    pub(crate) fn new(parking: Arc<Parking>) -> Rc<Offload> {
        Rc::new(Offload {
            thread: RefCell::new(None),
            parking,
            ended: Arc::default(),
            waiting: RefCell::new(Slab::new()),
            budget: Semaphore::new(CALLS_MAX),
            idle: Notify::new(),
            closed: Cell::new(false),
        })
    }

    /// Runs `call` on the helper thread. Once begun it runs to its end, also if the future is dropped.
    ///
    /// # Panics
    /// If `call` does.
    pub(crate) async fn run<T: Send + 'static>(
        self: Rc<Self>,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let _permit = self.budget.acquire(1).await;
        if self.closed.get() {
            return call();
        }
        let result = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&result);
        let (sender, receiver) = oneshot::channel();
        self.begin(Some(sender), move || {
            let outcome = catch_unwind(AssertUnwindSafe(call));
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        });
        receiver.await.expect("a call that has begun ends");
        let outcome = result.lock().unwrap_or_else(PoisonError::into_inner).take();
        match outcome.expect("the thread leaves a result before it says so") {
            Ok(value) => value,
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Runs `call` on the helper thread, or here if the shard is closing. Nobody waits for it but [`Self::close`].
    pub(crate) fn detach(&self, call: impl FnOnce() + Send + 'static) {
        if self.closed.get() {
            return call();
        }
        self.begin(None, call);
    }

    fn begin(&self, sender: Option<oneshot::Sender<()>>, call: impl FnOnce() + Send + 'static) {
        let key = self.waiting.borrow_mut().insert(sender);
        let mut thread = self.thread.borrow_mut();
        let calls = thread.get_or_insert_with(|| self.start_thread());
        calls
            .send((key, Box::new(call)))
            .expect("the thread ends only after its sender");
    }

    fn start_thread(&self) -> Sender<(usize, Call)> {
        let (calls, queue) = channel::<(usize, Call)>();
        let (ended, parking) = (Arc::clone(&self.ended), Arc::clone(&self.parking));
        let body = move || {
            for (key, call) in queue {
                call();
                ended.lock().unwrap_or_else(PoisonError::into_inner).push(key);
                parking.wake();
            }
        };
        let thread = thread::Builder::new().name("shard-helper".into()).spawn(body);
        drop(thread.expect("the process can start a thread"));
        calls
    }

    /// Waits for all calls under way; later ones run on the caller's thread.
    pub(crate) async fn close(&self) {
        self.closed.set(true);
        loop {
            let notified = self.idle.notified();
            if self.waiting.borrow().is_empty() {
                break;
            }
            notified.await;
        }
        self.thread.borrow_mut().take();
    }
}

impl Pollable for Offload {
    fn turn(&self) -> bool {
        if !self.is_ready() {
            return false;
        }
        let ended = std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner));
        for key in ended {
            let sender = self.waiting.borrow_mut().remove(key);
            if let Some(sender) = sender {
                // The caller may have stopped waiting.
                let _gone = sender.send(());
            }
        }
        self.idle.notify_all();
        true
    }

    fn is_ready(&self) -> bool {
        // The lock is taken only while a call is under way.
        !self.waiting.borrow().is_empty()
            && !self
                .ended
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_empty()
    }
}
