//! Retries of operations that must succeed and lack something for the moment: a descriptor, memory, space on the disk.
//!
//! An append that was admitted cannot be refused any more, so a write of it that finds no space is repeated until it
//! succeeds. That is safe: the same bytes go to the same place, and nothing is acknowledged before they have landed.
//!
//! A sync is never repeated. A failure that leaves anything in doubt fences the journal: see
//! [`corelog_runtime::remedy`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_runtime::local::Semaphore;
use corelog_runtime::{Clock, DiskError, Monotonic, Remedy};

use crate::errors::Fenced;
use crate::fence::{Fence, Life};
use crate::memory::dirty::DirtyBytes;

/// The first pause; each later one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(1);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// How long a storage that closes waits, about: the next start recovers what is not done then.
const CLOSING_MAX: Duration = Duration::from_secs(3);

/// How often it is told that something waits.
const TELL_INTERVAL: Duration = Duration::from_secs(1);

/// See the module.
pub(crate) struct Retry {
    clock: Rc<dyn Clock>,
    fence: Rc<Fence>,
    dirty: Rc<DirtyBytes>,
    waits: Waits,
}

/// What waits.
#[derive(Default)]
struct Waits {
    count: Cell<u64>,
    /// Of them, how many wait for room on the disk, and the last one's error.
    full_count: Cell<u64>,
    full: RefCell<Option<Arc<DiskError>>>,
    told_last: Cell<Option<Monotonic>>,
}

/// One operation that waits.
struct Waiting<'a> {
    waits: &'a Waits,
    is_full: bool,
}

impl<'a> Waiting<'a> {
    fn begin(waits: &'a Waits, error: DiskError, now: Monotonic) -> Waiting<'a> {
        let is_full = error.is_full();
        let told_last = waits.told_last.get();
        if told_last.is_none_or(|told| now.since(told) >= TELL_INTERVAL) {
            waits.told_last.set(Some(now));
            tracing::warn!(%error, "what must be done waits, and is tried again until it succeeds");
        }
        waits.count.set(waits.count.get() + 1);
        if is_full {
            waits.full_count.set(waits.full_count.get() + 1);
            *waits.full.borrow_mut() = Some(Arc::new(error));
        }
        Waiting { waits, is_full }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.waits.count.set(self.waits.count.get() - 1);
        if self.is_full {
            let left = self.waits.full_count.get() - 1;
            self.waits.full_count.set(left);
            if left == 0 {
                *self.waits.full.borrow_mut() = None;
            }
        }
    }
}

impl Retry {
    /// Of a shard on which nothing waits.
    pub(crate) fn new(clock: Rc<dyn Clock>, fence: Rc<Fence>, dirty: Rc<DirtyBytes>) -> Retry {
        Retry {
            clock,
            fence,
            dirty,
            waits: Waits::default(),
        }
    }

    /// How many operations wait.
    pub(crate) fn waiting(&self) -> u64 {
        self.waits.count.get()
    }

    /// Something that must be written finds no room on the disk.
    pub(crate) fn full(&self) -> Option<Arc<DiskError>> {
        self.waits.full.borrow().clone()
    }

    /// Syncs with no other sync of the same file beside it. The kernel reports a failed write-back once: of two syncs
    /// that overlap one may hear of it, and the other succeed although its pages never came to the device. So each
    /// holds the file's `mutex` (INV-5), and a failure has fenced the journal before the next one has it.
    pub(crate) async fn alone(
        &self,
        mutex: &Semaphore,
        sync: impl AsyncFn() -> Result<(), DiskError>,
    ) -> Result<(), Fenced> {
        let _held = mutex.acquire(1).await;
        if let Some(fenced) = self.fence.fenced() {
            return Err(fenced);
        }
        // An open that fails on the way is no failed sync, and is done again.
        let done = self.persist(sync).await;
        done.map_err(|error| self.fence.fence(&error))
    }

    /// Does `operation` again for as long as the kernel lacks what it needs for the moment. Meanwhile new appends are
    /// refused if it is room.
    ///
    /// # Errors
    /// What does not come right by itself, or leaves something in doubt; whatever it is, when the journal is fenced or
    /// the storage closed meanwhile.
    pub(crate) async fn persist<T>(
        &self,
        operation: impl AsyncFn() -> Result<T, DiskError>,
    ) -> Result<T, DiskError> {
        let mut pause = PAUSE_MIN;
        let mut closing = Duration::ZERO;
        let mut waiting = None;
        loop {
            let error = match operation().await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            match error.remedy() {
                Remedy::Again => continue,
                Remedy::Later if self.fence.fenced().is_none() => {}
                Remedy::Later | Remedy::Refuse | Remedy::Fence | Remedy::Close => return Err(error),
            }
            match self.fence.life() {
                Life::Open => {}
                Life::Closing if closing < CLOSING_MAX => closing += pause,
                Life::Closing | Life::Closed => return Err(error),
            }
            let clock = &self.clock;
            if waiting.is_none() {
                waiting = Some(Waiting::begin(&self.waits, error, clock.now()));
                // Whoever waits for room in memory is to be told that there is none on the disk.
                self.dirty.look_again();
            }
            clock.sleep_until(clock.now() + pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}
