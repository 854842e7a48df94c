//! What a shard shows its watchdog: whether it is inside a task, which one, and whether it has made a step since.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The part that the watchdog reads. A shard writes it with plain stores, a few nanoseconds a poll.
#[derive(Default)]
pub(crate) struct Pulse {
    /// Odd inside a task; grows at each entry and exit.
    beat: AtomicU64,
    /// The task's name, as an index into `names`.
    name: AtomicU32,
    thread_id: AtomicI32,
    names: Mutex<Vec<&'static str>>,
}

impl Pulse {
    /// The number that changes at each entry and exit of a task, the driver's turns included: odd inside one, zero
    /// before the first.
    pub(super) fn beat(&self) -> u64 {
        self.beat.load(Ordering::Relaxed)
    }

    /// Whether the shard is there: neither still to be set up nor ending.
    pub(super) fn is_there(&self) -> bool {
        self.thread_id() != 0
    }

    /// The name of the task that the shard is inside, or was last.
    pub(super) fn task_name(&self) -> &'static str {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let index = usize::try_from(self.name.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        names.get(index).copied().unwrap_or("?")
    }

    /// The shard's thread, as `/proc/self/task` names it; zero before it runs and after it has ended.
    pub(super) fn thread_id(&self) -> i32 {
        self.thread_id.load(Ordering::Relaxed)
    }
}

/// The part that the shard holds.
pub(crate) struct Heartbeat {
    pulse: Arc<Pulse>,
    beat: Cell<u64>,
    indices: RefCell<HashMap<&'static str, u32>>,
}

impl Heartbeat {
    /// Of this thread.
    pub(crate) fn new(pulse: Arc<Pulse>) -> Rc<Heartbeat> {
        pulse.thread_id.store(crate::ring::thread_id(), Ordering::Relaxed);
        Rc::new(Heartbeat {
            pulse,
            beat: Cell::new(0),
            indices: RefCell::new(HashMap::new()),
        })
    }

    /// The number that stands for `name`.
    pub(crate) fn name_of(&self, name: &'static str) -> u32 {
        *self.indices.borrow_mut().entry(name).or_insert_with(|| {
            let mut names = self.pulse.names.lock().unwrap_or_else(PoisonError::into_inner);
            names.push(name);
            u32::try_from(names.len() - 1).expect("names are literals of the program")
        })
    }

    /// The shard enters a task.
    pub(crate) fn enter(&self, name: u32) {
        self.pulse.name.store(name, Ordering::Relaxed);
        self.step();
    }

    /// The shard leaves the task.
    pub(crate) fn leave(&self) {
        self.step();
    }

    /// The shard has no more tasks: what it still does at its end is not watched.
    pub(crate) fn end(&self) {
        self.pulse.thread_id.store(0, Ordering::Relaxed);
    }

    fn step(&self) {
        self.beat.set(self.beat.get() + 1);
        self.pulse.beat.store(self.beat.get(), Ordering::Relaxed);
    }
}
