//! How long a connection of the admin port may take: for its next request to begin, for a request to come whole, for an
//! answer to be made and taken. Whoever takes longer is cut off.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use corelog_runtime::local::{Either, Notify, select};
use corelog_runtime::{Clock, Monotonic};

/// Between requests. Longer than the minute that scrapes are apart at most places.
const IDLE_MAX: Duration = Duration::from_secs(120);
/// From the first byte of a request to the last of its head.
const REQUEST_MAX: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Idle,
    Receiving,
    Answering,
}

/// The phase of one connection and its deadline.
pub(super) struct Pace {
    clock: Rc<dyn Clock>,
    phase: Cell<Phase>,
    deadline: Cell<Monotonic>,
    changed: Notify,
    /// Told when somebody waits for the place of an idle connection.
    crowded: Notify,
}

impl Pace {
    /// Of a connection that has just been accepted. It counts as one whose request has begun: who connects has something
    /// to ask.
    pub(super) fn new(clock: Rc<dyn Clock>, crowded: Notify) -> Pace {
        let deadline = clock.now() + REQUEST_MAX;
        Pace {
            clock,
            phase: Cell::new(Phase::Receiving),
            deadline: Cell::new(deadline),
            changed: Notify::new(),
            crowded,
        }
    }

    /// Bytes have come.
    pub(super) fn heard(&self) {
        if self.phase.get() == Phase::Idle {
            self.enter(Phase::Receiving, REQUEST_MAX);
        }
    }

    /// A request is answered from now on, until what is returned is dropped; `within` is for all of it.
    pub(super) fn answers(self: &Rc<Self>, within: Duration) -> Answering {
        self.enter(Phase::Answering, within);
        Answering(Rc::clone(self))
    }

    fn enter(&self, phase: Phase, within: Duration) {
        self.phase.set(phase);
        self.deadline.set(self.clock.now() + within);
        self.changed.notify_all();
    }

    /// Resolves when the connection has taken too long, or is idle and its place is wanted.
    pub(super) async fn is_over(&self) {
        loop {
            let (changed, crowded) = (self.changed.notified(), self.crowded.notified());
            if self.clock.now() >= self.deadline.get() {
                return;
            }
            let sleep = self.clock.sleep_until(self.deadline.get());
            if let Either::Left(()) = select(crowded, select(changed, sleep)).await
                && self.phase.get() == Phase::Idle
            {
                return;
            }
        }
    }
}

/// An answer that is being made or taken.
pub(super) struct Answering(Rc<Pace>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.enter(Phase::Idle, IDLE_MAX);
    }
}
