//! The state that the partitions, the journal and the background tasks of one shard share.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corelog_model::{Offset, PartitionId};
use corelog_runtime::descriptors::BRIEF_OPENS_MAX;
use corelog_runtime::local::{Budget, Notify, Queue, oneshot};
use corelog_runtime::{DiskError, Handle};

use crate::errors::Fenced;
use crate::files::Files;
use crate::format::v2::EntryV2;
use crate::hash::Map;
use crate::journal::core::{JournalCore, PartitionKey, Progress, Run};
use crate::journal::files::JournalFiles;
use crate::journal::ring::Ring;
use crate::options::StorageOptions;
use crate::partition::PartitionLog;
use crate::patience::Waits;
use crate::read_pace::ReadPace;
use crate::removal::Removals;
use crate::tail::{BULK_CHUNK_BYTES_MAX, CHUNK_BYTES_MAX, Evicted};
use crate::types::StorageStats;

/// Whether the storage is open, closing or closed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Life {
    /// It serves.
    Open,
    /// No more appends.
    Closing,
    /// The tasks end.
    Closed,
}

/// Bytes that were read of a segment. What is flushed never changes.
#[derive(Clone)]
pub(crate) struct Window {
    pub(crate) key: PartitionKey,
    pub(crate) base: Offset,
    pub(crate) start: u64,
    pub(crate) bytes: Bytes,
}

/// How much of logs is kept in memory before any reader has missed something, in bytes, or a quarter of what may be.
const CACHE_BYTES_BEGIN: usize = 256 << 20;
/// How much is kept for each log that has something in memory, at least, in bytes.
const TAIL_BYTES: usize = 256 << 10;
/// How many segments are closed or removed at a time.
const SEGMENT_WORK_MAX: usize = 16;
/// How many windows are kept for readers that come back for the rest of what was read ahead.
const WINDOWS_MAX: usize = 64;
/// The part of the cache's memory that windows may take: one in so many.
const WINDOWS_SHARE: usize = 16;
/// The largest window that is kept, and the most that is read at a time unless a batch is larger, in bytes.
pub(crate) const WINDOW_BYTES_MAX: usize = 1 << 20;

/// See the module.
pub(crate) struct Shared {
    pub(crate) handle: Handle,
    pub(crate) options: StorageOptions,
    pub(crate) journal: RefCell<JournalCore>,
    pub(crate) ring: RefCell<Ring>,
    pub(crate) journal_files: JournalFiles,
    pub(crate) incarnation: u64,
    /// Something to commit, room in the ring, or the end.
    pub(crate) journal_work: Notify,
    /// A commit ended.
    pub(crate) journal_idle: Notify,
    /// The newest frame is to be marked as acknowledged.
    pub(crate) is_mark_due: Cell<bool>,
    pub(crate) partitions: RefCell<BTreeMap<PartitionKey, Rc<PartitionLog>>>,
    pub(crate) by_id: RefCell<Map<PartitionId, PartitionKey>>,
    pub(crate) directories: RefCell<BTreeSet<String>>,
    pub(crate) next_key: Cell<PartitionKey>,
    pub(crate) files: Files,
    pub(crate) flush_queue: Queue<PartitionKey>,
    /// Fewer dirty bytes, or the end.
    pub(crate) dirty_changed: Notify,
    pub(crate) checkpoint_wanted: Notify,
    pub(crate) checkpoint_lane: Budget,
    /// Taken for an index or a directory that is open for a moment: none of those counts among the segment files.
    pub(crate) brief_opens: Budget,
    /// Taken by the reader that waits for its turn: see [`Shared::turn_to_read`].
    reading_lane: Budget,
    read_pace: RefCell<ReadPace>,
    /// Taken for a sync of the journal: see [`Shared::alone`].
    pub(crate) journal_sync_lane: Budget,
    pub(crate) since_checkpoint: Cell<u64>,
    /// Ends of logs that are being cut off, the journal told of it or about to be.
    pub(crate) truncations: Cell<usize>,
    /// Segments that retention let go wait for a checkpoint to be removed.
    pub(crate) removals_wait: Cell<bool>,
    /// The removal of deleted partitions' files.
    pub(crate) removals: Rc<Removals>,
    /// Taken to close or remove a segment: retention may want that of every partition at once.
    pub(crate) segment_work: Budget,
    /// What must be done and lacks something for a moment: see [`Shared::persist`].
    pub(crate) waits: Waits,
    /// The last checkpoint lacked room on the disk, or a descriptor.
    pub(crate) checkpoint_refused: RefCell<Option<Arc<DiskError>>>,
    /// What was last read of segments, newest last.
    windows: RefCell<VecDeque<Window>>,
    windows_bytes: Cell<usize>,
    pub(crate) life: Cell<Life>,
    pub(crate) stats: RefCell<StorageStats>,
    tickets: RefCell<Map<u64, oneshot::Sender<()>>>,
    fenced: RefCell<Option<Fenced>>,
    dirty_bytes: Cell<u64>,
    cache_bytes: Cell<usize>,
    /// How large a cache readers would have had a use for, in bytes.
    cache_wanted: Cell<usize>,
    tails: Cell<usize>,
    /// The chunks of all tails, oldest first.
    cache_order: RefCell<VecDeque<(PartitionKey, u64)>>,
}

/// The parts of a [`Shared`] that opening provides.
pub(crate) struct Parts {
    pub(crate) handle: Handle,
    pub(crate) options: StorageOptions,
    pub(crate) journal: JournalCore,
    pub(crate) ring: Ring,
    pub(crate) journal_files: JournalFiles,
    pub(crate) incarnation: u64,
}

fn bytes_of(windows: &VecDeque<Window>) -> usize {
    windows.iter().map(|window| window.bytes.len()).sum()
}

impl Shared {
    pub(crate) fn new(parts: Parts) -> Shared {
        let Parts {
            handle,
            options,
            journal,
            ring,
            journal_files,
            incarnation,
        } = parts;
        let cache_wanted = CACHE_BYTES_BEGIN.min(options.cache_bytes_max / 4);
        let now = handle.clock.now();
        Shared {
            files: Files::new(handle.clone(), options.direct, options.open_files_max),
            handle,
            options,
            journal: RefCell::new(journal),
            ring: RefCell::new(ring),
            journal_files,
            incarnation,
            journal_work: Notify::new(),
            journal_idle: Notify::new(),
            is_mark_due: Cell::new(false),
            partitions: RefCell::default(),
            by_id: RefCell::default(),
            directories: RefCell::default(),
            next_key: Cell::new(0),
            windows: RefCell::default(),
            windows_bytes: Cell::new(0),
            waits: Waits::default(),
            checkpoint_refused: RefCell::default(),
            flush_queue: Queue::new(),
            dirty_changed: Notify::new(),
            checkpoint_wanted: Notify::new(),
            checkpoint_lane: Budget::new(1),
            brief_opens: Budget::new(BRIEF_OPENS_MAX),
            reading_lane: Budget::new(1),
            read_pace: RefCell::new(ReadPace::new(now)),
            journal_sync_lane: Budget::new(1),
            since_checkpoint: Cell::new(0),
            truncations: Cell::new(0),
            removals_wait: Cell::new(false),
            removals: Rc::default(),
            segment_work: Budget::new(SEGMENT_WORK_MAX),
            life: Cell::new(Life::Open),
            stats: RefCell::default(),
            tickets: RefCell::default(),
            fenced: RefCell::default(),
            dirty_bytes: Cell::new(0),
            cache_bytes: Cell::new(0),
            cache_wanted: Cell::new(cache_wanted),
            tails: Cell::new(0),
            cache_order: RefCell::default(),
        }
    }

    /// Why the journal takes nothing any more.
    pub(crate) fn fenced(&self) -> Option<Fenced> {
        self.fenced.borrow().clone()
    }

    /// Ends the journal for good: a write or a sync failed and what is on disk is not known. Logged once, here.
    pub(crate) fn fence(&self, error: &DiskError) -> Fenced {
        if let Some(fenced) = self.fenced() {
            return fenced;
        }
        tracing::error!(shard = self.options.shard.get(), %error, "the journal is fenced until a restart");
        let fenced = Fenced(Arc::from(error.to_string()));
        // INV-5: nothing sets it back; the next start recovers.
        *self.fenced.borrow_mut() = Some(fenced.clone());
        self.journal.borrow_mut().fence();
        self.stats.borrow_mut().is_fenced = true;
        // Dropped senders tell whoever waits for a change.
        let tickets = std::mem::take(&mut *self.tickets.borrow_mut());
        drop(tickets);
        for partition in self.all_partitions() {
            partition.on_fenced();
        }
        self.journal_work.notify_all();
        self.journal_idle.notify_all();
        self.dirty_changed.notify_all();
        self.checkpoint_wanted.notify_all();
        fenced
    }

    /// Syncs with no other sync of the same file beside it. The kernel reports a failed write-back once: of two syncs
    /// that overlap one may hear of it, and the other succeed although its pages never came to the device. So each
    /// holds the file's mutex, `lane` (INV-5), and a failure has fenced the journal before the next one has it.
    pub(crate) async fn alone(
        &self,
        lane: &Budget,
        sync: impl AsyncFn() -> Result<(), DiskError>,
    ) -> Result<(), Fenced> {
        let _lane = lane.acquire(1).await;
        if let Some(fenced) = self.fenced() {
            return Err(fenced);
        }
        // An open that fails on the way is no failed sync, and is done again.
        self.persist(sync).await.map_err(|error| self.fence(&error))
    }

    /// The partitions, by age.
    pub(crate) fn all_partitions(&self) -> Vec<Rc<PartitionLog>> {
        self.partitions.borrow().values().map(Rc::clone).collect()
    }

    /// A partition that is open.
    pub(crate) fn partition(&self, key: PartitionKey) -> Option<Rc<PartitionLog>> {
        self.partitions.borrow().get(&key).map(Rc::clone)
    }

    /// The path of a partition's directory.
    pub(crate) fn partition_dir(&self, directory: &str) -> PathBuf {
        self.options.dir.join(directory)
    }

    /// Gives a run to the journal.
    pub(crate) fn push_run(&self, run: Run) {
        self.journal.borrow_mut().push_run(run);
        self.journal_work.notify_all();
    }

    /// Journals a change and waits until it is durable.
    pub(crate) async fn change(&self, entry: EntryV2) -> Result<(), Fenced> {
        if let Some(fenced) = self.fenced() {
            return Err(fenced);
        }
        if self.life.get() != Life::Open {
            // Nothing may follow the checkpoint of a clean close.
            return Err(Fenced(Arc::from("the storage is closing")));
        }
        let (sender, receiver) = oneshot::channel();
        let ticket = self.journal.borrow_mut().push_change(entry);
        self.tickets.borrow_mut().insert(ticket, sender);
        self.journal_work.notify_all();
        match receiver.await {
            Ok(()) => Ok(()),
            Err(oneshot::Canceled) => Err(self
                .fenced()
                .unwrap_or_else(|| Fenced(Arc::from("the storage was closed")))),
        }
    }

    /// Passes on what a commit acknowledged.
    pub(crate) fn acknowledge(&self, progress: Progress) {
        for (key, end) in progress.written {
            if let Some(partition) = self.partition(key) {
                partition.on_written(end);
            }
        }
        for (key, end) in progress.durable {
            if let Some(partition) = self.partition(key) {
                partition.on_durable(end);
            }
        }
        for ticket in progress.tickets {
            let sender = self.tickets.borrow_mut().remove(&ticket);
            if let Some(sender) = sender {
                // Whoever asked may have gone; the change stands.
                let _ = sender.send(());
            }
        }
        self.journal_idle.notify_all();
    }

    /// Whether segments are read beside no commits, and so at any pace.
    pub(crate) fn are_reads_free(&self) -> bool {
        let is_quiet = self.read_pace.borrow().is_quiet(self.handle.clock.now());
        (is_quiet && !self.journal.borrow().is_committing()) || self.fenced().is_some()
    }

    /// Waits until `bytes` of a segment may be read: see [`ReadPace`].
    pub(crate) async fn turn_to_read(&self, bytes: usize) {
        if self.are_reads_free() {
            return;
        }
        let clock = &self.handle.clock;
        let _lane = self.reading_lane.acquire(1).await;
        while !self.are_reads_free() {
            let taken = self.read_pace.borrow_mut().take(bytes, clock.now());
            match taken {
                Ok(()) => return,
                Err(until) => clock.sleep_until(until).await,
            }
        }
    }

    /// A commit of `bytes` has ended that took so long.
    pub(crate) fn committed(&self, bytes: u64, took: Duration) {
        let now = self.handle.clock.now();
        self.read_pace.borrow_mut().committed(bytes, took, now);
    }

    /// A window that holds the byte at `position`.
    pub(crate) fn window(&self, key: PartitionKey, base: Offset, position: u64) -> Option<Window> {
        let holds = |window: &&Window| {
            let length = u64::try_from(window.bytes.len()).unwrap_or(0);
            window.key == key
                && window.base == base
                && (window.start..window.start + length).contains(&position)
        };
        self.windows.borrow().iter().rev().find(holds).cloned()
    }

    /// Keeps a window for who reads on.
    pub(crate) fn keep_window(&self, window: Window) {
        if window.bytes.is_empty() || window.bytes.len() > WINDOW_BYTES_MAX {
            return;
        }
        let mut windows = self.windows.borrow_mut();
        windows.push_back(window);
        let bytes_max = self.options.cache_bytes_max / WINDOWS_SHARE;
        while windows.len() > WINDOWS_MAX || bytes_of(&windows) > bytes_max {
            windows.pop_front();
        }
        self.windows_bytes.set(bytes_of(&windows));
    }

    /// Keeps nothing that was read of a segment.
    pub(crate) fn forget_windows(&self, key: PartitionKey, base: Offset) {
        let of_segment = |window: &Window| window.key == key && window.base == base;
        let mut windows = self.windows.borrow_mut();
        windows.retain(|window| !of_segment(window));
        self.windows_bytes.set(bytes_of(&windows));
    }

    /// Why nothing can be appended at this moment: what must be written finds no room, or no commit is possible before a
    /// checkpoint, and a checkpoint is refused.
    pub(crate) fn stuck(&self) -> Option<Arc<DiskError>> {
        if let Some(full) = self.waits.full() {
            return Some(full);
        }
        let refused = self.checkpoint_refused.borrow().clone()?;
        self.ring.borrow().is_exhausted().then_some(refused)
    }

    /// Bytes in no segment yet.
    pub(crate) fn dirty_bytes(&self) -> u64 {
        self.dirty_bytes.get()
    }

    /// Whether so many more bytes may be appended now.
    pub(crate) fn has_dirty_room(&self, bytes: u64) -> bool {
        let max = u64::try_from(self.options.dirty_bytes_max).unwrap_or(u64::MAX);
        self.dirty_bytes.get() == 0 || self.dirty_bytes.get().saturating_add(bytes) <= max
    }

    /// More than half of what may be dirty is.
    pub(crate) fn is_dirty_high(&self) -> bool {
        let max = u64::try_from(self.options.dirty_bytes_max).unwrap_or(u64::MAX);
        self.dirty_bytes.get() > max / 2
    }

    /// Bytes were appended.
    pub(crate) fn add_dirty(&self, bytes: u64) {
        self.dirty_bytes.set(self.dirty_bytes.get() + bytes);
    }

    /// Bytes were flushed, or dropped with their partition.
    pub(crate) fn remove_dirty(&self, bytes: u64) {
        self.dirty_bytes.set(self.dirty_bytes.get() - bytes);
        self.dirty_changed.notify_all();
    }

    /// Bytes of logs in memory, tails and windows.
    pub(crate) fn cache_bytes(&self) -> usize {
        self.cache_bytes.get() + self.windows_bytes.get()
    }

    /// The largest chunk to take now for an append of `bytes`, so that many logs share the cache.
    pub(crate) fn chunk_bytes_max(&self, bytes: u64) -> usize {
        let is_bulk = usize::try_from(bytes).is_ok_and(|bytes| bytes >= self.options.bypass_bytes_min);
        let largest = if is_bulk {
            BULK_CHUNK_BYTES_MAX
        } else {
            CHUNK_BYTES_MAX
        };
        let share = (self.cache_limit() / (4 * self.tails.get().max(1))).clamp(4096, largest);
        1 << share.ilog2()
    }

    /// A chunk was opened.
    pub(crate) fn add_chunk(&self, key: PartitionKey, ordinal: u64, capacity: usize) {
        self.cache_bytes.set(self.cache_bytes.get() + capacity);
        self.cache_order.borrow_mut().push_back((key, ordinal));
    }

    /// Memory of a tail was freed.
    pub(crate) fn remove_cache(&self, bytes: usize) {
        self.cache_bytes.set(self.cache_bytes.get() - bytes);
    }

    /// A tail came to hold something, or holds nothing any more.
    pub(crate) fn count_tail(&self, holds: bool) {
        let count = self.tails.get();
        self.tails.set(if holds { count + 1 } else { count - 1 });
    }

    /// How much of logs is kept in memory now: memory that nobody would have read from is not taken, since every page
    /// costs when it is touched for the first time.
    fn cache_limit(&self) -> usize {
        let wanted = self
            .cache_wanted
            .get()
            .max(self.tails.get().saturating_mul(TAIL_BYTES));
        wanted.min(self.options.cache_bytes_max)
    }

    /// `bytes` were read from a segment, `distance` before the end of their log: if its share of the whole cache
    /// reaches so far back, the cache grows.
    pub(crate) fn missed(&self, distance: u64, bytes: usize) {
        let share = self.options.cache_bytes_max / self.tails.get().max(1);
        if distance <= u64::try_from(share).unwrap_or(u64::MAX) {
            let wanted = self.cache_wanted.get().saturating_add(bytes);
            self.cache_wanted.set(wanted.min(self.options.cache_bytes_max));
        }
    }

    /// There is too much in memory.
    pub(crate) fn is_cache_full(&self) -> bool {
        self.cache_bytes() > self.cache_limit()
    }

    /// Evicts the oldest chunks that are in their segments while there is too much in memory. Returns a log that must
    /// be flushed before more can go.
    pub(crate) fn evict(&self) -> Option<Rc<PartitionLog>> {
        let mut looked_at = self.cache_order.borrow().len();
        while self.is_cache_full() && looked_at > 0 {
            looked_at -= 1;
            let (key, ordinal) = self.cache_order.borrow_mut().pop_front()?;
            let Some(partition) = self.partition(key) else {
                continue;
            };
            match partition.evict_front(ordinal) {
                Evicted::Gone | Evicted::Freed(_) => {}
                Evicted::InUse => self.cache_order.borrow_mut().push_back((key, ordinal)),
                Evicted::Dirty => {
                    // Flushing comes in the order of age too: what follows is not cleaner than this.
                    self.cache_order.borrow_mut().push_front((key, ordinal));
                    return Some(partition);
                }
            }
        }
        None
    }
}
