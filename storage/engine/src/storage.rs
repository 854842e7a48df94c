//! The storage of one shard: its partitions, and the tasks that journal, flush and checkpoint.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use corelog_model::{PartitionId, TimestampMs};
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_runtime::local::{Queue, Semaphore};
use corelog_runtime::{DiskError, Handle, OpenOptions, WorkClass};

use crate::checkpoint::Checkpointer;
use crate::checkpoint_requests::CheckpointRequests;
use crate::clean::run::Cleaner;
use crate::errors::{CheckpointError, CreateError, DeleteError, OpenError};
use crate::fence::{Fence, Life};
use crate::files::Files;
use crate::format::v2::EntryV2;
use crate::format::{envelope, names};
use crate::journal::commit::Committer;
use crate::journal::core::{JournalCore, Limits};
use crate::journal::files::JournalFiles;
use crate::journal::ring::Ring;
use crate::journal::state::Journal;
use crate::log::core::{LogCore, partition_id};
use crate::memory::cache::Cache;
use crate::memory::dirty::DirtyBytes;
use crate::memory::windows::Windows;
use crate::options::{LogConfig, StorageOptions};
use crate::partition::{self, LogServices, PartitionLog};
use crate::read_rate::ReadTurns;
use crate::recovery;
use crate::recovery::target::Target;
use crate::registry::Registry;
use crate::removal::Removals;
use crate::retry::Retry;
use crate::types::{PartitionSpec, StorageStats};
use crate::{checkpoint, checkpoint_file, clean, journal, removal};

/// Commits overlap as long as they are small: so much together. A device that does several of these as fast as one is
/// the usual one; with more bytes it is busy with one.
const OVERLAP_BYTES_MAX: usize = 128 << 10;

/// The storage of one shard. All calls come from that shard.
pub struct Storage {
    logs: Rc<LogServices>,
    checkpointer: Rc<Checkpointer>,
    removals: Rc<Removals>,
}

fn check_options(options: &StorageOptions) -> Result<(), OpenError> {
    const PAGE: u64 = 4096;
    let bad = |option, reason| Err(OpenError::Option { option, reason });
    let frame = u64::try_from(options.frame_bytes_max).unwrap_or(u64::MAX);
    if !options.journal_file_bytes.is_multiple_of(PAGE)
        || options.journal_file_bytes < frame.saturating_mul(2)
    {
        return bad(
            "journal_file_bytes",
            "whole pages, at least twice frame_bytes_max",
        );
    }
    if options.journal_files_max < 2 {
        return bad("journal_files_max", "at least two");
    }
    if options.bypass_bytes_min < 8192 || options.frame_bytes_max / 2 < options.bypass_bytes_min {
        return bad("bypass_bytes_min", "from two pages to half of frame_bytes_max");
    }
    if frame > 1 << 30 {
        return bad("frame_bytes_max", "at most 1 GiB");
    }
    if options.commits_in_flight_max == 0 {
        return bad("commits_in_flight_max", "at least one");
    }
    Ok(())
}

impl Storage {
    /// Opens a shard's storage, recovering what a crash left. `progress` hears how far that is, as a fraction.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(
        handle: Handle,
        options: StorageOptions,
        progress: impl Fn(f64) + 'static,
    ) -> Result<Rc<Storage>, OpenError> {
        check_options(&options)?;
        crate::layout::check_layout(&handle, &options).await?;
        let target = Target {
            dir: options.dir.clone(),
            generation: options.generation,
            shard: options.shard,
            direct: options.direct,
            memory_bytes: options.cache_bytes_max / 2,
            proof_bytes: options.proof_bytes(),
            checkpoint_sync: options.checkpoint_sync,
        };
        let mut recovered = recovery::recover(&handle, &target, &progress).await?;
        let checkpoint = &mut recovered.checkpoint;
        let images = checkpoint.partitions.clone();
        checkpoint.is_clean = false;
        // From here on frames of this incarnation count and no others. None has been written yet.
        let content = envelope::encode(envelope::CHECKPOINT, &*checkpoint);
        checkpoint_file::forget_spare(&handle, &target.checkpoint_path()).await?;
        checkpoint_file::replace(&handle, &target.checkpoint_path(), content).await?;
        let (first_sequence, incarnation) = (checkpoint.first_sequence, checkpoint.incarnation);
        recovered.finish(&handle, &target.dir).await?;

        let journal_files = JournalFiles::new(handle.clone(), &options, incarnation);
        let mut ring = Ring::new(options.journal_file_bytes, options.journal_files_max);
        let mut ready = journal_files.open_existing().await?;
        // Two files at least: with one alone nothing could be recycled on a full disk.
        for number in 0.. {
            if ready.len() >= 2 {
                break;
            }
            if !ready.contains(&number) {
                journal_files.prepare(number, async |_| true).await?;
                ready.push(number);
            }
        }
        match journal_files.note().await {
            // A full disk keeps no broker from starting: what was noted by the start before does not count any more.
            Err(error) if error.is_full() => {
                tracing::warn!(%error, "a missing journal file would not be noticed at the next start");
            }
            noted => noted?,
        }
        for number in ready {
            ring.file_ready(number);
        }
        let limits = Limits {
            frame_bytes_max: options.frame_bytes_max,
            bypass_bytes_min: options.bypass_bytes_min,
            commits_in_flight_max: options.commits_in_flight_max,
            overlap_bytes_max: OVERLAP_BYTES_MAX,
        };
        let core = JournalCore::new(limits, first_sequence);
        let fence = Fence::new(options.shard);
        let journal = Journal::new(core, ring, journal_files, incarnation, Rc::clone(&fence));
        let storage = Storage::assemble(handle, Rc::new(options), fence, Rc::new(journal));
        for image in images {
            let now = storage.logs.handle.clock.wall();
            let core = LogCore::from_image(&image, LogConfig::default(), now).map_err(|source| {
                OpenError::Damaged {
                    path: target.checkpoint_path(),
                    source,
                }
            })?;
            let leftovers = image.leftovers;
            let image = image.base;
            let id = partition_id(image.topic, image.index);
            let log = storage.insert(id, image.directory, core, image.corrupt);
            log.announce();
            log.take_leftovers(&leftovers);
            log.drop_old_segments();
        }
        storage.start_tasks();
        Ok(Rc::new(storage))
    }

    /// Joins the services.
    fn assemble(
        handle: Handle,
        options: Rc<StorageOptions>,
        fence: Rc<Fence>,
        journal: Rc<Journal>,
    ) -> Storage {
        let clock = Rc::clone(&handle.clock);
        let registry = Rc::<Registry>::default();
        let dirty = Rc::new(DirtyBytes::new(options.dirty_bytes_max));
        let checkpoints = Rc::<CheckpointRequests>::default();
        fence.tell(&journal);
        fence.tell(&registry);
        fence.tell(&dirty);
        fence.tell(&checkpoints);
        let cleaner = Rc::new(Cleaner::new());
        fence.tell(&cleaner);
        let retry = Retry::new(Rc::clone(&clock), Rc::clone(&fence), Rc::clone(&dirty));
        let retry = Rc::new(retry);
        let reads = ReadTurns::new(clock, Rc::clone(&fence), Rc::clone(&journal));
        let windows = Rc::new(Windows::new(options.cache_bytes_max));
        let stats = Rc::<RefCell<StorageStats>>::default();
        let checkpointer = Checkpointer {
            handle: handle.clone(),
            options: Rc::clone(&options),
            requests: Rc::clone(&checkpoints),
            journal: Rc::clone(&journal),
            registry: Rc::clone(&registry),
            fence: Rc::clone(&fence),
            retry: Rc::clone(&retry),
            stats: Rc::clone(&stats),
            mutex: Semaphore::new(1),
        };
        let logs = LogServices {
            files: Files::new(handle.clone(), options.direct, options.open_files_max),
            cache: Cache::new(
                options.cache_bytes_max,
                options.bypass_bytes_min,
                Rc::clone(&windows),
            ),
            flushes: Queue::new(),
            reads: Rc::new(reads),
            cleaner,
            handle,
            options,
            fence,
            retry,
            journal,
            checkpoints,
            registry,
            dirty,
            windows,
            stats,
        };
        Storage {
            logs: Rc::new(logs),
            checkpointer: Rc::new(checkpointer),
            removals: Rc::default(),
        }
    }

    fn insert(
        &self,
        id: PartitionId,
        directory: String,
        core: LogCore,
        corrupt: Option<String>,
    ) -> Rc<PartitionLog> {
        let registry = &self.logs.registry;
        let key = registry.next_key();
        let log = Rc::new(PartitionLog::new(&self.logs, key, id, directory, core, corrupt));
        if log.is_damaged() {
            self.logs.stats.borrow_mut().damaged_partitions += 1;
        }
        registry.insert(&log);
        if log.config().compact {
            clean::run::start(&self.logs);
        }
        log
    }

    fn start_tasks(&self) {
        let logs = &self.logs;
        let committer = Rc::new(Committer {
            handle: logs.handle.clone(),
            options: Rc::clone(&logs.options),
            journal: Rc::clone(&logs.journal),
            registry: Rc::clone(&logs.registry),
            fence: Rc::clone(&logs.fence),
            retry: Rc::clone(&logs.retry),
            reads: Rc::clone(&logs.reads),
            checkpoints: Rc::clone(&logs.checkpoints),
            stats: Rc::clone(&logs.stats),
        });
        let spawn = |class, name, task| logs.handle.spawner.spawn(class, name, task);
        spawn(
            WorkClass::Latency,
            "journal",
            Box::pin(journal::commit::run(Rc::clone(&committer))),
        );
        spawn(
            WorkClass::Background,
            "journal marks",
            Box::pin(journal::commit::run_marks(committer)),
        );
        spawn(
            WorkClass::Background,
            "flush",
            Box::pin(partition::run_flush(Rc::clone(logs))),
        );
        spawn(
            WorkClass::Normal,
            "checkpoint",
            Box::pin(checkpoint::run(Rc::clone(&self.checkpointer))),
        );
        self.spawn_removal();
    }

    /// Removes the files of deleted partitions, in the background: there may be very many. One removal is under way at a
    /// time, since each holds a listing of the data directory. What is deleted meanwhile, it looks for when it is done.
    fn spawn_removal(&self) {
        let removals = Rc::clone(&self.removals);
        if !removals.begin() {
            return;
        }
        let (handle, dir) = (self.logs.handle.clone(), self.logs.options.dir.clone());
        let task = async move {
            while removals.go_on() {
                removal::remove_retired(&handle, &dir).await;
            }
            removals.end();
        };
        self.logs
            .handle
            .spawn(WorkClass::Background, "partition removal", task);
    }

    /// The partitions there are, by age.
    pub fn partitions(&self) -> Vec<PartitionId> {
        self.logs.registry.all().iter().map(|log| log.id()).collect()
    }

    /// The data directory.
    pub fn path(&self) -> &Path {
        &self.logs.options.dir
    }

    /// The directories of the partitions there are.
    pub fn directories(&self) -> Vec<String> {
        self.logs.registry.directories()
    }

    /// Removes directories that no shard's partition has: those for whose names `is_stray` says so. What cannot be
    /// removed now stays until the next call.
    pub async fn remove_strays(&self, is_stray: impl Fn(&str) -> bool) {
        let (handle, parent) = (&self.logs.handle, &self.logs.options.dir);
        let names = match handle.disk.list_dir(parent).await {
            Ok(names) => names,
            Err(error) => return tracing::warn!(%error, "directories of no partition stay behind"),
        };
        let mut is_any = false;
        for name in names.iter().filter(|name| is_stray(name)) {
            is_any = true;
            tracing::info!(directory = name, "no partition has this directory; it is removed");
            if let Err(error) = removal::retire_directory(handle, parent, &parent.join(name)).await {
                tracing::warn!(%error, "a directory of no partition stays behind");
            }
        }
        if is_any {
            self.spawn_removal();
        }
    }

    /// Whether a directory, of a partition or of none, holds records: whether a segment in it begins with anything but
    /// zeros.
    ///
    /// # Errors
    /// The disk's; a directory that is not there holds none.
    pub async fn holds_records(&self, directory: &str) -> Result<bool, DiskError> {
        let disk = &self.logs.handle.disk;
        let dir = self.logs.partition_dir(directory);
        let found = match disk.list_dir(&dir).await {
            Err(error) if error.is_not_found() => return Ok(false),
            found => found?,
        };
        for name in found
            .iter()
            .filter(|name| names::parse_segment(name, ".log").is_some())
        {
            let file = disk.open(&dir.join(name), OpenOptions::default()).await?;
            let (read, page) = file.read_at(0, AlignedBuf::zeroed(PAGE)).await;
            if page[..read?].iter().any(|&byte| byte != 0) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A partition's log.
    pub fn partition(&self, id: &PartitionId) -> Option<Rc<PartitionLog>> {
        self.logs.registry.by_id(id)
    }

    /// Makes a partition; it is durable when this returns.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn create_partition(&self, spec: PartitionSpec) -> Result<Rc<PartitionLog>, CreateError> {
        let logs = &self.logs;
        if !names::is_partition_directory(&spec.directory) {
            return Err(CreateError::BadDirectory(spec.directory));
        }
        if let Some(fenced) = logs.fence.fenced() {
            return Err(fenced.into());
        }
        if logs.registry.by_id(&spec.id).is_some() {
            return Err(CreateError::Exists(spec.id));
        }
        if logs.registry.has_directory(&spec.directory) {
            return Err(CreateError::DirectoryInUse(spec.directory));
        }
        let core = LogCore::new(spec.leader_epoch, spec.config);
        // Entered before the first await: whoever asks for the same one meanwhile finds it there.
        let log = self.insert(spec.id, spec.directory.clone(), core, None);
        match self.make_directory(&spec.directory).await {
            Ok(()) => {}
            Err(error) => {
                logs.registry.remove(&log);
                return Err(if error.is_full() {
                    CreateError::DiskFull(Arc::new(error))
                } else {
                    CreateError::Io(Arc::new(error))
                });
            }
        }
        let entry = EntryV2::PartitionCreated {
            topic: spec.id.topic.get(),
            index: spec.id.index.get(),
            leader_epoch: spec.leader_epoch.get(),
            directory: spec.directory,
        };
        log.announce();
        if let Err(fenced) = logs.journal.change(entry).await {
            logs.registry.remove(&log);
            return Err(fenced.into());
        }
        Ok(log)
    }

    async fn make_directory(&self, directory: &str) -> Result<(), DiskError> {
        let logs = &self.logs;
        let dir = logs.partition_dir(directory);
        // What an interrupted creation left behind is not this partition's.
        removal::retire_directory(&logs.handle, &logs.options.dir, &dir).await?;
        logs.handle.disk.create_dir_all(&dir).await?;
        logs.handle.disk.sync_dir(&logs.options.dir).await
    }

    /// Removes a partition. It is gone for good when this returns; its files go in the background.
    ///
    /// # Errors
    /// See [`DeleteError`].
    pub async fn delete_partition(&self, id: PartitionId) -> Result<(), DeleteError> {
        let logs = &self.logs;
        let log = self.partition(&id).ok_or(DeleteError::NotFound(id))?;
        if let Some(fenced) = logs.fence.fenced() {
            return Err(fenced.into());
        }
        log.on_deleted();
        logs.journal
            .change(EntryV2::PartitionDeleted {
                topic: id.topic.get(),
                index: id.index.get(),
                directory: log.directory().to_owned(),
            })
            .await?;
        log.finish_writes().await;
        let dir = logs.partition_dir(log.directory());
        let retired = removal::retire_directory(&logs.handle, &logs.options.dir, &dir).await;
        let finished = match &retired {
            // The name may be given to another partition, of another shard even, as soon as this returns: no recovery
            // may look for the directory again.
            Ok(()) => {
                let done = EntryV2::PartitionDeleted {
                    topic: id.topic.get(),
                    index: id.index.get(),
                    directory: String::new(),
                };
                logs.journal.change(done).await
            }
            Err(_) => Ok(()),
        };
        log.discard_tail();
        logs.registry.remove(&log);
        finished?;
        retired.map_err(|error| DeleteError::Io(Arc::new(error)))?;
        self.spawn_removal();
        Ok(())
    }

    /// Makes everything durable in the segments and frees the journal.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub async fn checkpoint(&self) -> Result<(), CheckpointError> {
        checkpoint::make(&self.checkpointer, false).await
    }

    /// Closes cleanly: refuses new appends, commits those that are admitted, makes everything durable, brings the
    /// segments to their true size. The next start reads the checkpoint and nothing else.
    ///
    /// # Errors
    /// See [`CheckpointError`]; the next start recovers then.
    pub async fn close(&self) -> Result<(), CheckpointError> {
        let logs = &self.logs;
        logs.fence.set_life(Life::Closing);
        logs.dirty.look_again();
        loop {
            let idle = logs.journal.acknowledged();
            if let Some(fenced) = logs.fence.fenced() {
                self.end();
                return Err(fenced.into());
            }
            if logs.journal.is_idle() {
                break;
            }
            if logs.journal.is_exhausted() {
                checkpoint::make(&self.checkpointer, false).await?;
                continue;
            }
            idle.await;
        }
        logs.checkpoints.tell_ended();
        logs.cleaner.wake();
        let cleaning = logs.cleaner.hold().await;
        let result = self.close_segments().await;
        drop(cleaning);
        self.end();
        result
    }

    async fn close_segments(&self) -> Result<(), CheckpointError> {
        checkpoint::make(&self.checkpointer, false).await?;
        for log in self.logs.registry.all() {
            if let Err(error) = log.trim_active().await {
                tracing::warn!(%error, "a segment keeps its reserved room");
            }
        }
        checkpoint::make(&self.checkpointer, true).await
    }

    fn end(&self) {
        let logs = &self.logs;
        logs.fence.set_life(Life::Closed);
        logs.flushes.close();
        logs.journal.wake_all();
        logs.checkpoints.look();
        logs.checkpoints.tell_ended();
        logs.cleaner.wake();
        logs.dirty.look_again();
    }

    /// Removes what the logs' retention lets go, closes segments that are due, forgets silent producers.
    pub async fn apply_retention(&self, now: TimestampMs) {
        for log in self.logs.registry.all() {
            log.apply_retention(now).await;
        }
    }

    /// Cleans the logs that are to be cleaned now, as the background does from time to time; how many were.
    pub async fn clean(&self) -> usize {
        clean::run::round(&self.logs).await
    }

    /// Whether the journal is fenced.
    pub fn is_fenced(&self) -> bool {
        self.logs.fence.fenced().is_some()
    }

    /// Counters and levels. It looks at every partition.
    pub fn stats(&self) -> StorageStats {
        let logs = &self.logs;
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let ring = logs.journal.ring.borrow();
        let now = logs.handle.clock.wall();
        let (mut cleanable_bytes, mut dirty_ppm_max) = (0, 0);
        for choice in logs.registry.all().iter().filter_map(|log| log.clean_choice(now)) {
            cleanable_bytes += choice.dirty_bytes;
            dirty_ppm_max = choice.dirty_ppm().max(dirty_ppm_max);
        }
        StorageStats {
            cleanable_bytes,
            dirty_ppm_max,
            waiting: logs.retry.waiting(),
            dirty_bytes: logs.dirty.bytes(),
            cache_bytes: count(logs.cache.bytes()),
            journal_files: count(ring.count()),
            journal_files_free: count(ring.free_count()),
            partitions: count(logs.registry.len()),
            open_files: count(logs.files.count()),
            removals: count(self.removals.under_way()),
            is_fenced: self.is_fenced(),
            ..*logs.stats.borrow()
        }
    }
}

impl Drop for Storage {
    /// Without [`Storage::close`] this is a crash: the tasks end, nothing more is written.
    fn drop(&mut self) {
        self.end();
        for log in self.logs.registry.clear() {
            log.on_closed();
        }
    }
}
