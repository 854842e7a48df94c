//! Which logs of a shard are cleaned, and when: one at a time, those first that need it most.
//!
//! It is work of the background class. What it reads and writes takes its turn beside commits as readers do, and what it holds
//! in memory is bounded by `clean_bytes_max`. A shard without a log that is compacted has no such task.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use corelog_runtime::local::{Notify, Semaphore, select};
use corelog_runtime::{DiskError, Handle, Monotonic, WorkClass};

use super::key_map::HashKey;
use crate::errors::{Fenced, ReadError};
use crate::fence::{Fence, Life, OnFence};
use crate::hash::Map;
use crate::journal::core::PartitionKey;
use crate::partition::{LogServices, PartitionLog};

/// How long a log rests that could not be read.
const REST: Duration = Duration::from_secs(300);

/// Why a log was not cleaned to its end. What was done until then stands, and the rest is done another time.
#[derive(Debug)]
pub(crate) enum CleanStop {
    /// The log has changed meanwhile, or the storage closes.
    GivenUp,
    /// There is no room, or no descriptor.
    Later(DiskError),
    /// The log cannot be read.
    Read(ReadError),
    /// The journal is fenced.
    Fenced,
}

impl From<ReadError> for CleanStop {
    fn from(error: ReadError) -> CleanStop {
        match error {
            ReadError::CutOff | ReadError::Deleted | ReadError::OffsetOutOfRange { .. } => CleanStop::GivenUp,
            ReadError::Corrupt(_) | ReadError::Io(_) => CleanStop::Read(error),
        }
    }
}

impl From<Fenced> for CleanStop {
    fn from(_: Fenced) -> CleanStop {
        CleanStop::Fenced
    }
}

/// The cleaner of one shard.
pub(crate) struct Cleaner {
    is_running: Cell<bool>,
    /// The storage closes, or is fenced.
    ends: Notify,
    /// Taken for a round.
    mutex: Semaphore,
    /// Made for the first round.
    hash_key: Cell<Option<HashKey>>,
    /// Logs that could not be read, and until when each rests.
    resting: RefCell<Map<PartitionKey, Monotonic>>,
}

impl Cleaner {
    /// One that has nothing to do yet.
    pub(crate) fn new() -> Cleaner {
        Cleaner {
            is_running: Cell::new(false),
            ends: Notify::new(),
            mutex: Semaphore::new(1),
            hash_key: Cell::new(None),
            resting: RefCell::default(),
        }
    }

    /// Wakes the task, since the storage closes.
    pub(crate) fn wake(&self) {
        self.ends.notify_all();
    }

    /// Waits until no round is under way, for as long as what is returned is held.
    pub(crate) async fn hold(&self) -> impl Drop {
        self.mutex.acquire(1).await
    }

    /// The secret of the hashes of keys.
    fn hash_key(&self, handle: &Handle) -> HashKey {
        let key = self.hash_key.get();
        let key = key.unwrap_or_else(|| HashKey(handle.rng.next_u64(), handle.rng.next_u64()));
        self.hash_key.set(Some(key));
        key
    }
}

impl OnFence for Cleaner {
    fn on_fence(&self, _: &Fenced) {
        self.wake();
    }
}

/// Whether there is no point in going on.
pub(crate) fn is_over(fence: &Fence) -> bool {
    fence.life() != Life::Open || fence.fenced().is_some()
}

/// Starts the task, if it does not run: there is a log that is to be compacted.
pub(crate) fn start(services: &Rc<LogServices>) {
    if services.cleaner.is_running.replace(true) {
        return;
    }
    let handle = services.handle.clone();
    let weak = Rc::downgrade(services);
    handle.spawn(WorkClass::Background, "cleaner", run(weak));
}

async fn run(weak: Weak<LogServices>) {
    loop {
        let (ends, until) = {
            let Some(services) = weak.upgrade() else { return };
            let ends = services.cleaner.ends.notified();
            if is_over(&services.fence) {
                return;
            }
            let clock = &services.handle.clock;
            let interval = Duration::from_millis(services.options.clean_interval_ms);
            (ends, clock.sleep_until(clock.now() + interval))
        };
        select(ends, until).await;
        let Some(services) = weak.upgrade() else { return };
        round(&services).await;
    }
}

/// Cleans the logs that are to be cleaned now; how many were.
pub(crate) async fn round(services: &Rc<LogServices>) -> usize {
    let cleaner = &services.cleaner;
    let _held = cleaner.hold().await;
    let now = services.handle.clock.now();
    cleaner.resting.borrow_mut().retain(|_, until| *until > now);
    let mut due = Vec::new();
    for log in services.registry.all() {
        let choice = log.clean_choice(services.handle.clock.wall());
        let is_resting = cleaner.resting.borrow().contains_key(&log.key());
        if let Some(choice) = choice.filter(|choice| choice.is_due() && !is_resting) {
            due.push((choice.urgency(), log.key()));
        }
    }
    due.sort_by_key(|(urgency, key)| (std::cmp::Reverse(*urgency), *key));
    let mut cleaned = 0;
    for (_, key) in due {
        if is_over(&services.fence) {
            break;
        }
        let Some(log) = services.registry.partition(key) else {
            continue;
        };
        match clean_one(services, &log).await {
            Ok(was_cleaned) => cleaned += usize::from(was_cleaned),
            Err(CleanStop::GivenUp) => {}
            Err(CleanStop::Later(error)) => {
                tracing::warn!(%error, "logs are cleaned later");
                services.stats.borrow_mut().cleanings_failed += 1;
                break;
            }
            Err(CleanStop::Read(error)) => {
                tracing::warn!(partition = log.directory(), %error, "a log cannot be cleaned");
                services.stats.borrow_mut().cleanings_failed += 1;
                let until = services.handle.clock.now() + REST;
                cleaner.resting.borrow_mut().insert(key, until);
            }
            Err(CleanStop::Fenced) => break,
        }
    }
    cleaned
}

async fn clean_one(services: &Rc<LogServices>, log: &Rc<PartitionLog>) -> Result<bool, CleanStop> {
    let key = services.cleaner.hash_key(&services.handle);
    log.clean(key).await
}
