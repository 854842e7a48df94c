//! The number of a shard's runnable tasks: those that were woken, or spawned, since their last poll.
//!
//! The driver has to know it: with no runnable task and no work of its own it can wait in the kernel at once. Glommio
//! does not tell, so each task's waker is wrapped in one that counts. A waker may be called from any thread, so the
//! count is atomic.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Wake, Waker};

/// The tasks of one shard that are to be polled.
#[derive(Clone, Default, Debug)]
pub(crate) struct Runnable(Arc<AtomicUsize>);

impl Runnable {
    /// Whether there are none.
    pub(crate) fn is_none(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }

    fn add(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    fn subtract(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Waits to be woken.
const IDLE: u8 = 0;
/// Is to be polled.
const WOKEN: u8 = 1;
/// Will not be polled again.
const OVER: u8 = 2;

/// One task's share of the count, and the waker that keeps it.
#[derive(Debug)]
pub(crate) struct Mark {
    state: AtomicU8,
    runnable: Runnable,
    /// The executor's waker of the task, known from its first poll on.
    inner: OnceLock<Waker>,
}

impl Mark {
    /// Of a task that is about to begin.
    pub(crate) fn begun(runnable: &Runnable) -> Arc<Mark> {
        runnable.add();
        Arc::new(Mark {
            state: AtomicU8::new(WOKEN),
            runnable: runnable.clone(),
            inner: OnceLock::new(),
        })
    }

    /// The task is to be polled.
    fn count(&self) {
        let woken = self
            .state
            .compare_exchange(IDLE, WOKEN, Ordering::AcqRel, Ordering::Acquire);
        if woken.is_ok() {
            self.runnable.add();
        }
    }

    /// The task is being polled: what wakes it from here on counts anew.
    pub(crate) fn polled(&self) {
        self.turn(IDLE);
    }

    /// The task has ended, or will never be polled.
    pub(crate) fn over(&self) {
        self.turn(OVER);
    }

    fn turn(&self, state: u8) {
        if self.state.swap(state, Ordering::AcqRel) == WOKEN {
            self.runnable.subtract();
        }
    }
}

impl Wake for Mark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Counted first: who sees the task's turn sees that it was due.
        self.count();
        if let Some(inner) = self.inner.get() {
            inner.wake_by_ref();
        }
    }
}

/// `inner`, with the task's turns counted by `mark`. The executor has one waker for a task, so the first one is kept.
pub(crate) fn counting(mark: &Arc<Mark>, inner: &Waker) -> Waker {
    mark.inner.get_or_init(|| inner.clone());
    Waker::from(Arc::clone(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_counts_from_its_wake_up_to_its_poll() {
        let runnable = Runnable::default();
        let mark = Mark::begun(&runnable);
        let waker = counting(&mark, Waker::noop());
        assert!(!runnable.is_none(), "begun");
        mark.polled();
        assert!(runnable.is_none(), "polled");
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert!(!runnable.is_none(), "woken twice");
        mark.polled();
        assert!(runnable.is_none(), "polled once");
        waker.wake_by_ref();
        mark.over();
        assert!(runnable.is_none(), "over");
        waker.wake();
        assert!(runnable.is_none(), "woken after its end");
    }

    #[test]
    fn two_tasks_count_each_for_themselves() {
        let runnable = Runnable::default();
        let marks = [Mark::begun(&runnable), Mark::begun(&runnable)];
        marks[0].polled();
        assert!(!runnable.is_none());
        marks[1].over();
        assert!(runnable.is_none());
    }
}
