//! How a shutdown reaches the shards: one flag for all, and each one's wake-up.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Pollable;
use crate::local::Notify;
use crate::mailbox::Parking;

/// Asks all shards to stop; may be used from any thread, a signal handler's thread included.
#[derive(Clone)]
pub struct Stopper(Arc<StopperInner>);

struct StopperInner {
    requested: AtomicBool,
    shards: Vec<Arc<Parking>>,
}

impl Stopper {
    pub(crate) fn new(shards: Vec<Arc<Parking>>) -> Stopper {
        Stopper(Arc::new(StopperInner {
            requested: AtomicBool::new(false),
            shards,
        }))
    }

    /// Asks every shard to stop. Doing it again changes nothing.
    pub fn stop(&self) {
        self.0.requested.store(true, Ordering::Release);
        for shard in &self.0.shards {
            shard.wake();
        }
    }

    /// Whether the shards were asked to stop.
    pub fn is_requested(&self) -> bool {
        self.0.requested.load(Ordering::Acquire)
    }
}

/// One shard's view of the shutdown.
#[derive(Clone)]
pub struct ShutdownSignal(Rc<SignalInner>);

struct SignalInner {
    stopper: Stopper,
    told: Cell<bool>,
    notify: Notify,
}

impl ShutdownSignal {
    pub(crate) fn new(stopper: Stopper) -> ShutdownSignal {
        ShutdownSignal(Rc::new(SignalInner {
            stopper,
            told: Cell::new(false),
            notify: Notify::new(),
        }))
    }

    /// Whether a shutdown was asked for.
    pub fn is_requested(&self) -> bool {
        self.0.stopper.is_requested()
    }

    /// Resolves when a shutdown is asked for, at once if it was.
    pub async fn requested(&self) {
        loop {
            let notified = self.0.notify.notified();
            if self.is_requested() {
                return;
            }
            notified.await;
        }
    }

    /// For this shard's tasks to ask all shards to stop.
    pub fn stopper(&self) -> &Stopper {
        &self.0.stopper
    }
}

impl Pollable for ShutdownSignal {
    fn turn(&self) -> bool {
        if !self.is_ready() {
            return false;
        }
        self.0.told.set(true);
        self.0.notify.notify_all();
        true
    }

    fn is_ready(&self) -> bool {
        !self.0.told.get() && self.is_requested()
    }
}
