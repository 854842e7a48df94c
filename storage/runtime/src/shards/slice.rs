//! Time slices: when one class of work gives way to another, and tasks to the driver.
//!
//! Glommio's preemption timer would do this, but it has a fault. If the timer fires after it was armed and before the
//! first queue has run, as when the kernel takes the thread off its core for a moment, glommio goes to sleep with
//! runnable tasks and nothing to wake it (0.9 and 0.12: `run_task_queues` returns false, and `run` parks).
//!
//! So that timer is set to an hour. Each poll of a task reads the clock instead, and a queue that has had its time
//! yields (`yield_task_queue_now`).

#![expect(
    clippy::disallowed_methods,
    reason = "the real form of the seams is where time comes from"
)]

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use crate::seams::WorkClass;

/// How long one class runs while others have work.
const SLICE: Duration = Duration::from_millis(1);
/// How long tasks run before the driver looks at what has come meanwhile.
const TURN: Duration = Duration::from_micros(500);

/// The clock of one shard's tasks.
pub(crate) struct Slices {
    running: Cell<Option<WorkClass>>,
    since: Cell<Instant>,
    last_turn: Cell<Instant>,
    driver: RefCell<Option<Waker>>,
}

impl Slices {
    pub(crate) fn new() -> Slices {
        let now = Instant::now();
        Slices {
            running: Cell::new(None),
            since: Cell::new(now),
            last_turn: Cell::new(now),
            driver: RefCell::new(None),
        }
    }

    /// A task of `class` is about to be polled, in its class's queue; gives the time.
    pub(crate) fn enter(&self, class: WorkClass) -> Instant {
        let now = Instant::now();
        if self.running.get() != Some(class) {
            self.running.set(Some(class));
            self.since.set(now);
        } else if now.duration_since(self.since.get()) >= SLICE {
            self.since.set(now);
            give_way();
        }
        if now.duration_since(self.last_turn.get()) >= TURN {
            let driver = self.driver.borrow_mut().take();
            if let Some(driver) = driver {
                driver.wake();
            }
        }
        now
    }

    /// The driver takes a turn; gives the time.
    pub(crate) fn turned(&self) -> Instant {
        let now = self.enter(WorkClass::Latency);
        self.last_turn.set(now);
        now
    }

    /// The driver is about to sleep, and wants to be woken for a turn while tasks run.
    pub(crate) fn set_driver(&self, waker: &Waker) {
        *self.driver.borrow_mut() = Some(waker.clone());
        self.last_turn.set(Instant::now());
    }
}

/// Ends the current queue's run after the task that is being polled.
pub(crate) fn give_way() {
    let executor = glommio::executor();
    let mark = pin!(executor.yield_task_queue_now());
    // The first poll marks the queue; what it would wake later is nobody.
    let _marked = mark.poll(&mut Context::from_waker(Waker::noop()));
}
