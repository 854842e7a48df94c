//! The members of a shard: each a task of its own, and all led through the same phases.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use corelog_runtime::local::{Notify, Semaphore, select};
use corelog_runtime::{Handle, Monotonic};

use super::member::Candidate;
use crate::client::{ClientError, Cluster};
use crate::consumer::{ConsumerSeat, ReadPosition};
use crate::task::TaskGroup;

/// Members of a shard that connect at the same time: as many as no broker's listen queue is too short for.
const CONNECTING_MAX: usize = 32;

/// What the members do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Phase {
    /// Join, and stay.
    #[default]
    Running,
    /// Commit for the last time, and stay.
    Closing,
    /// Leave.
    Leaving,
}

/// A member whose group is complete.
#[derive(Clone, Debug)]
pub struct Assigned {
    /// Which consumer it is.
    pub seat: ConsumerSeat,
    /// What it reads. What is noted there is committed.
    pub positions: Vec<ReadPosition>,
}

/// The members of a shard.
#[derive(Clone)]
pub struct Crew(Rc<Inner>);

struct Inner {
    tasks: TaskGroup,
    members: Cell<usize>,
    phase: Cell<Phase>,
    phase_changed: Notify,
    /// Members that have not come to the end of the phase.
    busy: Cell<usize>,
    one_done: Notify,
    assigned: RefCell<Vec<Assigned>>,
    connecting: Semaphore,
}

impl Default for Crew {
    fn default() -> Crew {
        Crew(Rc::new(Inner {
            tasks: TaskGroup::new(),
            members: Cell::default(),
            phase: Cell::default(),
            phase_changed: Notify::new(),
            busy: Cell::default(),
            one_done: Notify::new(),
            assigned: RefCell::default(),
            connecting: Semaphore::new(CONNECTING_MAX),
        }))
    }
}

impl Crew {
    /// Has the consumer of `seat` join its group, which is to have `members` members.
    pub fn join(&self, handle: &Handle, cluster: &Arc<Cluster>, seat: ConsumerSeat, members: usize) {
        let candidate = Candidate {
            handle: handle.clone(),
            cluster: Arc::clone(cluster),
            crew: self.clone(),
            seat,
            expected: members,
        };
        self.0.members.set(self.0.members.get() + 1);
        self.0.busy.set(self.0.busy.get() + 1);
        self.0.tasks.spawn(handle, "member", candidate.run());
    }

    /// Waits until the groups of all members are complete, and gives what each reads.
    pub async fn joined(&self) -> Vec<Assigned> {
        self.idle().await;
        std::mem::take(&mut *self.0.assigned.borrow_mut())
    }

    /// Has all members commit what was read, and waits for that. No member of any shard may leave before: the others
    /// would take that for a rebalance in mid-run.
    pub async fn close(&self) {
        self.enter(Phase::Closing).await;
    }

    /// Has all members leave, and waits for that.
    pub async fn leave(&self) {
        self.enter(Phase::Leaving).await;
    }

    /// Waits for a member's error, for ever if there is none.
    pub async fn failed(&self) -> ClientError {
        self.0.tasks.failed().await
    }

    async fn enter(&self, phase: Phase) {
        self.0.phase.set(phase);
        self.0.busy.set(self.0.members.get());
        self.0.phase_changed.notify_all();
        self.idle().await;
    }

    async fn idle(&self) {
        loop {
            let one_done = self.0.one_done.notified();
            if self.0.busy.get() == 0 {
                return;
            }
            one_done.await;
        }
    }

    /// A member has come to the end of its phase.
    pub(super) fn done(&self) {
        self.0.busy.set(self.0.busy.get() - 1);
        self.0.one_done.notify_all();
    }

    /// A member's group is complete.
    pub(super) fn assigned(&self, assigned: Assigned) {
        self.0.assigned.borrow_mut().push(assigned);
        self.done();
    }

    pub(super) fn phase(&self) -> Phase {
        self.0.phase.get()
    }

    /// To be held while connecting.
    pub(super) fn connecting(&self) -> &Semaphore {
        &self.0.connecting
    }

    /// Waits until `due`, or until the phase changes.
    pub(super) async fn phase_changed_or(&self, handle: &Handle, due: Monotonic) {
        let changed = self.0.phase_changed.notified();
        select(changed, handle.clock.sleep_until(due)).await;
    }
}
