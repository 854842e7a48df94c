//! One partition's log as its shard holds it. It joins the decisions of `log::core` with the bytes of `tail`, and does
//! their I/O.
//!
//! Invariants: appends are admitted in the order of the calls; what is admitted has its place reserved in the segment
//! file; at most one task writes to the segment files at a time (`write_mutex`), so that an older image of a page
//! never lands after a newer one; the durable end moves in one function, and so does the high watermark.

mod append;
mod cleaning;
mod flush;
mod index;
mod lookup;
mod read;
mod retention;
mod roll;
mod services;
mod truncate;
mod watchers;

pub use self::append::{Appending, Batches};
pub(crate) use self::flush::run as run_flush;
pub use self::watchers::LogWatcher;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use corelog_model::{LeaderEpoch, Offset, PartitionId, ProducerEpoch, ProducerId, TimestampMs};
use corelog_runtime::local::Semaphore;

use self::append::{Admission, Waiter};
use self::cleaning::Leftover;
pub(crate) use self::services::LogServices;
use self::watchers::Watchers;
use crate::clean;
use crate::errors::{AppendError, DeleteRecordsError, Fenced, ReadError};
use crate::format::names::{self, SegmentName};
use crate::format::v2::EntryV2;
use crate::format::v4::{LeftoverV4, PartitionV4};
use crate::journal::core::{PartitionKey, Run};
use crate::log::core::LogCore;
use crate::log::index::SparseIndex;
use crate::log::segment::Segment;
use crate::options::{Durability, LogConfig};
use crate::tail::{Evicted, Tail};
use crate::types::{ActiveProducer, LogOffsets};

/// Whether a log is served, and why not.
#[derive(Clone, Debug)]
pub(crate) enum Status {
    /// It is.
    Open,
    /// It was deleted.
    Deleted,
    /// It was found corrupt.
    Corrupt(Arc<str>),
}

impl Status {
    fn check_readable(&self) -> Result<(), ReadError> {
        match self {
            Status::Open => Ok(()),
            Status::Deleted => Err(ReadError::Deleted),
            Status::Corrupt(reason) => Err(ReadError::Corrupt(Arc::clone(reason))),
        }
    }
}

/// What is reserved of the active segment's file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Reserved {
    /// Bytes from the file's start; zero when nothing is known.
    bytes: u64,
    /// How much was added the last time.
    step: u64,
}

pub(crate) struct State {
    pub(crate) core: LogCore,
    pub(crate) tail: Tail,
    pub(crate) status: Status,
    waiters: VecDeque<Waiter>,
    admissions: VecDeque<Admission>,
    is_admitting: bool,
    is_flush_queued: bool,
    reserved: Reserved,
    /// How many segment files were created.
    files_created: u64,
    /// How many of their names are durable.
    files_named: u64,
    /// Segments closed since the last checkpoint, written to since, or both: to be synced by the next one.
    unsynced: Vec<Offset>,
    /// The indexes of closed segments whose file is not written yet.
    closed_indexes: Vec<(SegmentName, Rc<SparseIndex>)>,
    /// Appended to since the last checkpoint.
    is_touched: bool,
    /// The start that the log will have when the journal has it. A checkpoint says so already: the entry may lie
    /// before it.
    coming_log_start: Offset,
    /// The log without what is being cut off, while that is so.
    coming_core: Option<LogCore>,
    /// The journal is being told of the cut.
    is_truncating: bool,
    /// How often the log's end was cut off.
    cuts: u64,
    /// The segment that a recovery would begin to read at: the active one of the last checkpoint.
    recovery_base: Offset,
    /// Segments before the log's start whose files are still there.
    removals: Vec<Segment>,
    /// Files that a cleaning has replaced, or is writing.
    leftovers: Vec<Leftover>,
    /// How often segments were replaced by cleaned ones.
    swaps: u64,
    /// How often they had been when the last checkpoint was taken.
    swaps_kept: u64,
    /// The log's end is being cut off, or it is looked where: no segment may be replaced.
    is_cutting: bool,
    /// The journal was told of the partition.
    is_announced: bool,
    /// The end of the last record that belongs to a transaction.
    transactional_end: Offset,
    /// Appends before it are known to be durable.
    synced_end: Offset,
    /// Its deletion is durable: nothing may be written to its directory, which is another's soon. Until then a crash may
    /// bring the log back, so what the journal and checkpoints say of it must be so.
    is_gone: bool,
}

impl State {
    /// Whether an append is acknowledged before it is durable, in a log of this durability. None is while records of a
    /// transaction wait to be.
    fn acknowledges_early(&self, durability: Durability) -> bool {
        self.core.config.durability == durability && self.synced_end >= self.transactional_end
    }
}

/// Who says how far a log is committed: whoever knows the partition's other replicas.
pub trait LogOwner {
    /// The log's start, its end or its durable end has moved. It is told in the midst of the change and answers with
    /// [`PartitionLog::commit`], if that moves anything.
    fn ends_moved(&self, log: &PartitionLog);
}

/// One partition's log. All calls come from the shard that owns it.
pub struct PartitionLog {
    id: PartitionId,
    directory: String,
    key: PartitionKey,
    services: Rc<LogServices>,
    state: RefCell<State>,
    write_mutex: Semaphore,
    sync_mutex: Semaphore,
    watchers: RefCell<Watchers>,
    owner: RefCell<Option<Weak<dyn LogOwner>>>,
}

impl PartitionLog {
    pub(crate) fn new(
        services: &Rc<LogServices>,
        key: PartitionKey,
        id: PartitionId,
        directory: String,
        core: LogCore,
        corrupt: Option<String>,
    ) -> PartitionLog {
        PartitionLog {
            id,
            directory,
            key,
            services: Rc::clone(services),
            state: RefCell::new(State {
                recovery_base: core.active().base,
                removals: Vec::new(),
                leftovers: Vec::new(),
                swaps: 0,
                swaps_kept: 0,
                is_cutting: false,
                is_announced: false,
                transactional_end: Offset::ZERO,
                synced_end: Offset::ZERO,
                is_gone: false,
                core,
                tail: Tail::default(),
                status: match corrupt {
                    Some(reason) => Status::Corrupt(Arc::from(reason)),
                    None => Status::Open,
                },
                waiters: VecDeque::new(),
                admissions: VecDeque::new(),
                is_admitting: false,
                is_flush_queued: false,
                reserved: Reserved::default(),
                files_created: 0,
                files_named: 0,
                unsynced: Vec::new(),
                closed_indexes: Vec::new(),
                is_touched: false,
                coming_log_start: Offset::ZERO,
                coming_core: None,
                is_truncating: false,
                cuts: 0,
            }),
            write_mutex: Semaphore::new(1),
            sync_mutex: Semaphore::new(1),
            watchers: RefCell::default(),
            owner: RefCell::default(),
        }
    }

    /// Which partition this is.
    pub fn id(&self) -> PartitionId {
        self.id
    }

    /// The name of its directory within the data directory.
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// The settings in force.
    pub fn config(&self) -> LogConfig {
        self.state.borrow().core.config.clone()
    }

    /// Changes the settings; appends that are admitted already keep the old ones.
    pub fn set_config(&self, config: LogConfig) {
        if config.compact {
            clean::run::start(&self.services);
        }
        self.state.borrow_mut().core.config = config;
    }

    /// Files that a cleaning before the start has left: no checkpoint needs them.
    pub(crate) fn take_leftovers(self: &Rc<Self>, leftovers: &[LeftoverV4]) {
        {
            let mut state = self.state.borrow_mut();
            let names = leftovers.iter().filter_map(|left| {
                let base = Offset::new(left.base_offset)?;
                let generation = left.generation;
                Some(SegmentName { base, generation })
            });
            let left: Vec<Leftover> = names
                .filter(|name| !state.core.has_segment(*name))
                .map(|name| Leftover { name, after: 0 })
                .collect();
            state.leftovers = left;
        }
        self.remove_leftovers();
    }

    /// The leader epoch of the next append.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.state.borrow().core.leader_epoch()
    }

    /// Sets the leader epoch of the next appends, which begins at the log's end; an older one than the current is
    /// ignored. Readers who wait are woken: they may have to be told.
    pub fn set_leader_epoch(&self, epoch: LeaderEpoch) {
        let before = self.leader_epoch();
        {
            let mut state = self.state.borrow_mut();
            state.core.set_leader_epoch(epoch);
            if let Some(kept) = &mut state.coming_core {
                kept.set_leader_epoch(epoch);
            }
        }
        if self.leader_epoch() != before {
            self.tell_watchers();
        }
    }

    /// Names who says from now on how far the log is committed; it is asked at once. A log that has no owner is committed
    /// as far as it is durable from its first append on: nobody else has it.
    pub fn set_owner(&self, owner: Weak<dyn LogOwner>) {
        *self.owner.borrow_mut() = Some(owner);
        self.tell_owner();
    }

    /// Says that no other broker has the log, so that all of it that is durable is committed.
    pub fn commit_alone(&self) {
        let durable_end = self.offsets().durable_end;
        self.commit(durable_end, durable_end);
    }

    /// Takes over what whoever leads the partition says, as far as the log reaches, and tells whoever waits for it. It is
    /// kept over a restart as of the last checkpoint.
    pub fn commit(&self, high_watermark: Offset, last_stable: Offset) {
        let (moved, is_freed) = {
            let core = &mut self.state.borrow_mut().core;
            let before = core.first_unstable();
            let moved = core.commit(high_watermark, last_stable);
            (moved, core.first_unstable() != before)
        };
        if moved {
            self.tell_watchers();
        }
        // The end of a transaction is committed: more is stable than whoever leads could know.
        if is_freed {
            self.tell_owner();
        }
    }

    /// The first offset of a transaction that has not ended, or whose end is not committed.
    pub fn first_unstable(&self) -> Option<Offset> {
        self.state.borrow().core.first_unstable()
    }

    /// The first offset of a producer's open transaction, if it is of this epoch.
    pub fn open_transaction(&self, id: ProducerId, epoch: ProducerEpoch) -> Option<Offset> {
        self.state.borrow().core.producers.open_transaction(id, epoch)
    }

    /// One of the log's ends has moved.
    fn tell_owner(&self) {
        let owner = self.owner.borrow().as_ref().map(Weak::upgrade);
        match owner {
            None => self.commit_alone(),
            Some(Some(owner)) => owner.ends_moved(self),
            // One that has gone leaves the log as committed as it was.
            Some(None) => {}
        }
    }

    /// The offsets as they are now.
    pub fn offsets(&self) -> LogOffsets {
        self.state.borrow().core.offsets()
    }

    /// Tells `watcher` once, at the next change of the high watermark, of the log's start or of the leader epoch, or when
    /// the log is deleted or its shard fenced. Asking twice is asking once, and a watcher that is gone by then is not
    /// told.
    pub fn watch(&self, watcher: &Rc<dyn LogWatcher>) {
        self.watchers.borrow_mut().add(watcher);
    }

    fn tell_watchers(&self) {
        let watchers = self.watchers.borrow_mut().take();
        for watcher in watchers {
            watcher.changed(self.id);
        }
    }

    /// Why the log is not served, if it was found corrupt.
    pub fn corruption(&self) -> Option<Arc<str>> {
        match &self.state.borrow().status {
            Status::Corrupt(reason) => Some(Arc::clone(reason)),
            Status::Open | Status::Deleted => None,
        }
    }

    /// Whether the log was found corrupt.
    pub fn is_damaged(&self) -> bool {
        matches!(self.state.borrow().status, Status::Corrupt(_))
    }

    /// The largest leader epoch not above `epoch` that the log knows, and its end, exclusive
    /// (OffsetForLeaderEpoch). `None` if the log knows nothing of it.
    ///
    /// # Errors
    /// A log that was deleted, or found corrupt: what is left of that one may end before what was acknowledged.
    pub fn end_offset_for_epoch(
        &self,
        epoch: LeaderEpoch,
    ) -> Result<Option<(LeaderEpoch, Offset)>, ReadError> {
        let state = self.state.borrow();
        state.status.check_readable()?;
        let log_end = state.core.offsets().log_end;
        Ok(state.core.epochs.end_offset_for(epoch, log_end))
    }

    /// The epoch that the record at `offset` was appended in; at the log's end, the leader's. `None` before the first
    /// epoch that is known.
    pub fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.state.borrow().core.epochs.epoch_of(offset)
    }

    /// The leader epochs that the log knows and the offset that each begins at, oldest first. Only the last one, the
    /// leader's, may have no records.
    pub fn leader_epochs(&self) -> Vec<(LeaderEpoch, Offset)> {
        self.state.borrow().core.epochs.entries().to_vec()
    }

    /// The bytes of all segments.
    pub fn size_bytes(&self) -> u64 {
        self.state.borrow().core.size_bytes()
    }

    /// The number of segments, the active one included.
    pub fn segment_count(&self) -> usize {
        self.state.borrow().core.segments().len()
    }

    /// The producers that the log remembers, by id.
    pub fn active_producers(&self) -> Vec<ActiveProducer> {
        self.state.borrow().core.producers.active()
    }

    /// Makes the log begin at `before`, or at the high watermark if it is `None`; an offset before the current start
    /// changes nothing. Returns the log's start once it is durable. Segments that are no longer needed are removed in
    /// the background.
    ///
    /// # Errors
    /// See [`DeleteRecordsError`].
    pub async fn delete_records(
        self: &Rc<Self>,
        before: Option<Offset>,
    ) -> Result<Offset, DeleteRecordsError> {
        let offsets = self.offsets();
        if let Status::Deleted = self.state.borrow().status {
            return Err(DeleteRecordsError::Deleted);
        }
        let target = before.unwrap_or(offsets.high_watermark);
        if target > offsets.high_watermark || self.is_cut_before(target) {
            return Err(DeleteRecordsError::OffsetOutOfRange {
                requested: target,
                log_start: offsets.log_start,
                high_watermark: offsets.high_watermark,
            });
        }
        if target > offsets.log_start {
            self.move_log_start(target).await?;
        }
        Ok(self.offsets().log_start)
    }

    /// Makes a new log start durable, then acts on it: readers never see a start that a crash takes back.
    pub(crate) async fn move_log_start(self: &Rc<Self>, target: Offset) -> Result<(), Fenced> {
        {
            let mut state = self.state.borrow_mut();
            state.coming_log_start = state.coming_log_start.max(target);
            state.is_touched = true;
        }
        let entry = EntryV2::LogStart {
            topic: self.id.topic.get(),
            index: self.id.index.get(),
            offset: target.get(),
        };
        self.services.journal.change(entry).await?;
        let dropped = self.state.borrow_mut().core.raise_log_start(target);
        self.tell_owner();
        self.tell_watchers();
        self.remove_dropped(dropped);
        Ok(())
    }

    /// Removes the segments before the log's start that a crash left behind.
    pub(crate) fn drop_old_segments(self: &Rc<Self>) {
        let dropped = {
            let mut state = self.state.borrow_mut();
            let log_start = state.core.offsets().log_start;
            state.core.raise_log_start(log_start)
        };
        self.remove_dropped(dropped);
    }

    /// Removes segments before the log's start, those that a recovery would read only after the next checkpoint:
    /// without their bytes it could not tell what came after them, nor what their producers had sent.
    fn remove_dropped(self: &Rc<Self>, dropped: Vec<Segment>) {
        let must_wait = {
            let mut state = self.state.borrow_mut();
            let base = state.recovery_base;
            state.removals.extend(dropped);
            state.removals.iter().any(|segment| segment.base >= base)
        };
        if must_wait {
            self.services.checkpoints.want_for_removals();
        }
        self.remove_unneeded();
    }

    /// How often the log's end was cut off.
    pub(crate) fn cuts(&self) -> u64 {
        self.state.borrow().cuts
    }

    /// A checkpoint is durable from which a recovery begins to read at `recovery_base`, if the log has been cut off no more
    /// than `cuts` times: if it has since, the recovery begins where the end is now. It knows of `swaps` replacements of
    /// segments by cleaned ones.
    pub(crate) fn on_checkpoint(self: &Rc<Self>, recovery_base: Offset, cuts: u64, swaps: u64) {
        if cuts == self.cuts() {
            let mut state = self.state.borrow_mut();
            state.recovery_base = state.recovery_base.max(recovery_base);
        }
        {
            let mut state = self.state.borrow_mut();
            state.swaps_kept = state.swaps_kept.max(swaps);
        }
        self.remove_leftovers();
        self.remove_unneeded();
    }

    fn remove_unneeded(self: &Rc<Self>) {
        let dropped: Vec<Segment> = {
            let mut state = self.state.borrow_mut();
            let base = state.recovery_base;
            state
                .removals
                .extract_if(.., |segment| segment.base < base)
                .collect()
        };
        if dropped.is_empty() {
            return;
        }
        let log = Rc::clone(self);
        self.services.handle.spawn(
            corelog_runtime::WorkClass::Background,
            "segment removal",
            async move {
                let services = Rc::clone(&log.services);
                let _work = services.files.changes.acquire(1).await;
                log.remove_segments(dropped).await;
            },
        );
    }

    /// The journal is told of the partition in this moment, or was before.
    pub(crate) fn announce(&self) {
        self.state.borrow_mut().is_announced = true;
    }

    pub(crate) fn is_announced(&self) -> bool {
        self.state.borrow().is_announced
    }

    /// Whether the log was deleted; it keeps its place until that is durable.
    pub fn is_deleted(&self) -> bool {
        matches!(self.state.borrow().status, Status::Deleted)
    }

    async fn remove_segments(self: Rc<Self>, segments: Vec<Segment>) {
        for segment in segments {
            // Whoever writes to it must be done, so that the file does not come back.
            let _writing = self.write_mutex.acquire(1).await;
            if self.state.borrow().is_gone {
                // Its files go with its directory, whose name may be another partition's by now.
                return;
            }
            self.services.files.forget(self.key, segment.name());
            {
                let mut state = self.state.borrow_mut();
                state.closed_indexes.retain(|(name, _)| *name != segment.name());
                state.unsynced.retain(|base| *base != segment.base);
            }
            for path in [self.segment_path(segment.name()), self.index_path(segment.name())] {
                match self.services.handle.disk.remove_file(&path).await {
                    Ok(()) => {}
                    Err(error) if error.is_not_found() => {}
                    Err(error) => tracing::warn!(%error, "a segment's file stays behind"),
                }
            }
        }
    }

    pub(crate) fn segment_path(&self, name: SegmentName) -> PathBuf {
        self.services
            .partition_dir(&self.directory)
            .join(names::segment_file(name))
    }

    pub(crate) fn index_path(&self, name: SegmentName) -> PathBuf {
        self.services
            .partition_dir(&self.directory)
            .join(names::index_file(name))
    }

    pub(crate) fn key(&self) -> PartitionKey {
        self.key
    }

    /// Whether a frame has the log's new end, so that a checkpoint made now would not have it replayed. While the entry
    /// waits, what was appended before it may come to be durable without it.
    fn is_cut_framed(&self, state: &State) -> bool {
        let (topic, index) = (self.id.topic.get(), self.id.index.get());
        let is_of_this = |entry: &EntryV2| {
            let id = (topic, index);
            matches!(entry, EntryV2::LogEnd { topic, index, .. } if (*topic, *index) == id)
        };
        state.is_truncating && !self.services.journal.has_waiting(is_of_this)
    }

    /// The persisted form of what the log is now.
    pub(crate) fn to_image(&self) -> PartitionV4 {
        let state = self.state.borrow();
        let corrupt = match &state.status {
            Status::Corrupt(reason) => Some(reason.as_ref()),
            Status::Open | Status::Deleted => None,
        };
        let coming = state.coming_core.as_ref().filter(|_| self.is_cut_framed(&state));
        let core = coming.unwrap_or(&state.core);
        let mut image = core.to_image(self.id, &self.directory, corrupt);
        image.base.log_start = image.base.log_start.max(state.coming_log_start.get());
        let leftover = |left: &Leftover| LeftoverV4 {
            base_offset: left.name.base.get(),
            generation: left.name.generation,
        };
        image.leftovers = state.leftovers.iter().map(leftover).collect();
        image
    }

    /// The checksum of a run's payload.
    pub(crate) fn payload_crc(&self, run: &Run, payload_from: u64) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        if payload_from < run.end {
            let (start, end) = (
                self.stream_of(run.segment_base, payload_from),
                self.stream_of(run.segment_base, run.end),
            );
            for slice in self.state.borrow().tail.slices(start, end) {
                hasher.update(slice);
            }
        }
        hasher.finalize()
    }

    /// Copies a run's payload into a frame at `at`; returns where it ends. The journal needs nothing of the run any
    /// more then.
    pub(crate) fn take_for_journal(
        &self,
        run: &Run,
        payload_from: u64,
        frame: &mut [u8],
        mut at: usize,
    ) -> usize {
        let mut state = self.state.borrow_mut();
        let stream = |position: u64| {
            let found = state.tail.stream_of(run.segment_base, position);
            found.expect("the tail holds what is not journaled")
        };
        let end = stream(run.end);
        if payload_from < run.end {
            for slice in state.tail.slices(stream(payload_from), end) {
                frame[at..at + slice.len()].copy_from_slice(slice);
                at += slice.len();
            }
        }
        state.tail.journaled_to(end);
        at
    }

    /// The stream position of a byte of the tail.
    pub(crate) fn stream_of(&self, segment_base: Offset, position: u64) -> u64 {
        let found = self.state.borrow().tail.stream_of(segment_base, position);
        found.expect("the tail holds what was just journaled")
    }

    /// Appends before `end` are written, not synced.
    pub(crate) fn on_written(&self, end: Offset) {
        // INV-4: of a durable log, or of records of a transaction, this acknowledges nothing; `on_durable` does.
        let acknowledges = {
            let state = self.state.borrow();
            state.acknowledges_early(Durability::Written) || state.acknowledges_early(Durability::Memory)
        };
        if acknowledges {
            self.acknowledge(end);
        }
    }

    /// Appends before `end` are durable.
    pub(crate) fn on_durable(&self, end: Offset) {
        {
            let mut state = self.state.borrow_mut();
            state.synced_end = state.synced_end.max(end);
        }
        self.acknowledge(end);
    }

    /// Moves the durable end and answers whom that acknowledges.
    pub(crate) fn acknowledge(&self, end: Offset) {
        let moved = self.state.borrow_mut().core.raise_durable_end(end);
        if !moved {
            return;
        }
        self.tell_owner();
        loop {
            let waiter = self
                .state
                .borrow_mut()
                .waiters
                .pop_front_if(|waiter| waiter.end <= end);
            match waiter {
                Some(waiter) => waiter.succeed(),
                None => break,
            }
        }
    }

    /// The journal is fenced: nobody who waits will be answered otherwise.
    pub(crate) fn on_fenced(&self, fenced: &Fenced) {
        self.fail_all(&AppendError::Fenced(fenced.clone()));
    }

    fn fail_all(&self, error: &AppendError) {
        let (waiters, admissions) = {
            let mut state = self.state.borrow_mut();
            (
                std::mem::take(&mut state.waiters),
                std::mem::take(&mut state.admissions),
            )
        };
        for waiter in waiters {
            waiter.fail(error.clone());
        }
        for admission in admissions {
            admission.fail(error);
        }
        self.tell_watchers();
    }

    /// The log is gone: readers and writers are told, its memory is given back.
    pub(crate) fn on_deleted(&self) {
        let before = std::mem::replace(&mut self.state.borrow_mut().status, Status::Deleted);
        if let Status::Corrupt(_) = before {
            self.services.stats.borrow_mut().damaged_partitions -= 1;
        }
        self.fail_all(&AppendError::Deleted);
    }

    /// The storage was closed.
    pub(crate) fn on_closed(&self) {
        self.fail_all(&AppendError::Closed);
    }

    /// The deletion is durable: waits until nothing is being written to the segment files, for good.
    pub(crate) async fn finish_writes(&self) {
        self.state.borrow_mut().is_gone = true;
        let _writing = self.write_mutex.acquire(1).await;
        let names: Vec<SegmentName> = {
            let state = self.state.borrow();
            let segments = state.core.segments().iter().map(Segment::name);
            segments
                .chain(state.leftovers.iter().map(|left| left.name))
                .collect()
        };
        for name in names {
            self.services.files.forget(self.key, name);
        }
    }

    /// Gives the reserved room of the active segment back; the next append reserves anew.
    pub(crate) async fn trim_active(&self) -> Result<(), corelog_runtime::DiskError> {
        let (active, cuts) = {
            let mut state = self.state.borrow_mut();
            if state.reserved.bytes <= state.core.active().size {
                return Ok(());
            }
            state.reserved = Reserved::default();
            let active = *state.core.active();
            state.unsynced.push(active.base);
            (active, state.cuts)
        };
        self.trim_segment(active, cuts).await
    }

    /// Gives back the memory of a deleted log, once nothing of it waits for the journal.
    pub(crate) fn discard_tail(&self) {
        let mut state = self.state.borrow_mut();
        let dirty = state.tail.dirty();
        let end = state.tail.end();
        state.tail.flushed_to(end);
        state.tail.journaled_to(end);
        let held = !state.tail.is_empty();
        let freed = state.tail.evict_all();
        drop(state);
        self.services.dirty.remove(dirty);
        self.services.cache.remove(freed);
        if held {
            self.services.cache.count_tail(false);
        }
    }

    /// Gives up the oldest chunk, if that is `ordinal` and can be.
    pub(crate) fn evict_front(&self, ordinal: u64) -> Evicted {
        let evicted = self.state.borrow_mut().tail.evict_front(ordinal);
        if let Evicted::Freed(bytes) = evicted {
            self.services.cache.remove(bytes);
        }
        evicted
    }

    /// Gives up all memory of a log that nobody appends to, if everything is in its segments.
    pub(crate) fn evict_cold(&self) {
        let mut state = self.state.borrow_mut();
        if state.is_touched || state.is_admitting || state.tail.is_empty() {
            return;
        }
        let freed = state.tail.evict_all();
        if freed > 0 {
            drop(state);
            self.services.cache.remove(freed);
            self.services.cache.count_tail(false);
        }
    }

    /// Producers that were silent for too long are forgotten.
    pub(crate) fn expire_producers(&self, now: TimestampMs) {
        let core = &mut self.state.borrow_mut().core;
        let expiration = core.config.producer_id_expiration_ms;
        core.producers.expire(now, expiration);
    }
}
