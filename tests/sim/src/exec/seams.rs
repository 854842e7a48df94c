//! Clock, Spawn and Rng of one shard.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use corelog_model::TimestampMs;
use corelog_runtime::{Clock, LocalFuture, Monotonic, Rng, Spawn, WorkClass};

use super::{Core, Process, Sleep};
use crate::rng::SimRng;

/// Virtual time. The wall clock is the monotonic one plus an offset of the machine's, which may jump.
pub(crate) struct SimClock {
    pub(crate) core: Rc<Core>,
    pub(crate) wall_offset_ms: Rc<Cell<i64>>,
}

impl Clock for SimClock {
    fn now(&self) -> Monotonic {
        Monotonic::from_nanos(self.core.now())
    }

    fn wall(&self) -> TimestampMs {
        let elapsed = i64::try_from(self.core.now() / 1_000_000).expect("within 292 million years");
        TimestampMs::new(self.wall_offset_ms.get() + elapsed)
    }

    fn sleep_until(&self, deadline: Monotonic) -> LocalFuture<()> {
        Box::pin(Sleep::new(Rc::clone(&self.core), deadline.as_nanos()))
    }
}

/// Starts tasks of one process. The class is not looked at: any order is a legal one, and the seed picks.
pub(crate) struct SimSpawn {
    pub(crate) core: Rc<Core>,
    pub(crate) process: Rc<Process>,
}

impl Spawn for SimSpawn {
    fn spawn(&self, _class: WorkClass, name: &'static str, future: LocalFuture<()>) {
        self.core.spawn(&self.process, name, future);
    }
}

/// A stream of random numbers for one shard in one life of its process.
pub(crate) struct SimShardRng(pub(crate) RefCell<SimRng>);

impl Rng for SimShardRng {
    fn next_u64(&self) -> u64 {
        self.0.borrow_mut().next_u64()
    }
}
