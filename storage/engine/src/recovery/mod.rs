//! Recovery: what opening a shard does to what the last run left behind.
//!
//! The checkpoint says what is durable in the segments; the journal's frames say what was appended since. Their
//! payloads are written to the segments again, the segments are read from the recovery point on, and the end of the
//! last whole batch that the journal knows of is the end of the log. All of it can be killed and begun again: nothing
//! but the last step, the new checkpoint, changes what a later recovery sees.
//!
//! What is read is not durable for that: a sync may have failed before the restart, and the page cache holds what the
//! device does not. Only frames that a later one says were acknowledged are durable for certain. So everything that
//! the new checkpoint covers is written again before it is synced, and what cannot be undone waits for the checkpoint
//! unless the frame that asks for it is acknowledged. Nor need the checkpoint's name be durable: the process before may
//! have been killed between its renaming and the sync of the directory. That is synced before anything relies on it.

mod replay;
mod scan;
mod segments;
pub(crate) mod target;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use corelog_model::PartitionId;
use corelog_runtime::{DiskError, Handle};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::checkpoint_file;
use crate::format::envelope;
use crate::format::names::{self, SegmentName};
use crate::format::v2::{AppendV2, EntryV2};
use crate::format::v4::{CheckpointV4, LeftoverV4, PartitionV4, decode_checkpoint};
use crate::journal::manifest;
use crate::journal::reader::{JournalReader, Wanted};
use crate::log::core::{LogCore, partition_id};
use crate::options::LogConfig;
use crate::{FormatError, OpenError};
use corelog_model::{LeaderEpoch, Offset, TimestampMs};
use scan::{SegmentFile, Synced};
use target::Target;

/// The part of a recovery that the replay of the journal is taken for.
const REPLAY_SHARE: f64 = 0.6;
/// The part that the search for the logs' ends is taken for.
const SETTLE_SHARE: f64 = 0.2;
/// The part that making the segments durable is taken for.
const SYNC_SHARE: f64 = 1.0 - REPLAY_SHARE - SETTLE_SHARE;

/// How much `part` is of `whole`, to a thousandth.
fn fraction(part: usize, whole: usize) -> f64 {
    let thousandths = part.saturating_mul(1000) / whole.max(1);
    f64::from(u32::try_from(thousandths).unwrap_or(1000)) / 1000.0
}

/// How many partitions are written, read or synced at once.
const CONCURRENCY: usize = 16;

/// A shard as recovery found it.
pub(crate) struct Recovered {
    /// The checkpoint to write.
    pub(crate) checkpoint: CheckpointV4,
    /// Directories of partitions whose deletion is in a frame that may not be durable: they are needed until the
    /// checkpoint is.
    deleted: Vec<PathBuf>,
    /// What was cut off a log by a frame that may not be durable is still in its segments, for the same reason.
    is_cut_in_doubt: bool,
}

impl Recovered {
    fn new(checkpoint: CheckpointV4) -> Recovered {
        Recovered {
            checkpoint,
            deleted: Vec::new(),
            is_cut_in_doubt: false,
        }
    }

    /// Does what had to wait for the checkpoint, which is durable now.
    pub(crate) async fn finish(&self, handle: &Handle, parent: &Path) -> Result<(), DiskError> {
        for directory in &self.deleted {
            crate::removal::retire_directory(handle, parent, directory).await?;
        }
        Ok(())
    }
}

/// A run that the journal knows of.
#[derive(Clone, Copy, Debug)]
struct KnownRun {
    append: AppendV2,
    /// The byte of the segment, and the offset, that it ends before: earlier than the append if its end was cut off since.
    end: u64,
    end_offset: i64,
    is_acknowledged: bool,
    is_payload_whole: bool,
}

impl KnownRun {
    fn new(append: AppendV2, is_acknowledged: bool) -> KnownRun {
        KnownRun {
            end: append.position + u64::from(append.length),
            end_offset: append.end_offset,
            append,
            is_acknowledged,
            is_payload_whole: false,
        }
    }

    /// The log was cut off at `end`, byte `position` of its last segment.
    fn cut(&mut self, end: Offset, position: u64) {
        if self.append.base_offset >= end.get() {
            (self.end, self.end_offset) = (self.append.run_position, self.append.base_offset);
        } else if self.end_offset > end.get() {
            (self.end, self.end_offset) = (position, end.get());
        }
    }

    /// Nothing of it is left.
    fn is_cut_off(&self) -> bool {
        self.end <= self.append.run_position
    }

    /// Where what went straight to the segment ends, of what is left.
    fn bypass_end(&self) -> u64 {
        self.append.position.min(self.end)
    }
}

/// The segment that a log's end was cut off in, where the checkpoint knows more of the log: it is read again from its
/// beginning.
#[derive(Clone, Copy, Debug)]
struct Reread {
    base: Offset,
    /// Its bytes before this place were durable when the end was cut off.
    position: u64,
    /// The log's end then.
    end: Offset,
    has_gaps: bool,
    created: TimestampMs,
}

/// A partition that was deleted, and whose directory may still be there.
struct Deleted {
    id: PartitionId,
    directory: String,
    is_acknowledged: bool,
}

/// A partition on its way back.
struct Recovering {
    id: PartitionId,
    directory: String,
    core: LogCore,
    corrupt: Option<String>,
    /// What the checkpoint covers.
    recovered_end: Offset,
    /// The high watermark of the checkpoint.
    high_watermark: Offset,
    reread: Option<Reread>,
    /// The frame that its end was cut off by may not be durable: nothing may be taken from its segments before the
    /// checkpoint is.
    is_cut_in_doubt: bool,
    log_start: Option<Offset>,
    runs: Vec<KnownRun>,
    /// The first run that the replay has not come to.
    next_run: usize,
    /// Segments that were written or cut and are to be made durable.
    unsynced: Vec<SegmentName>,
    /// Files beside the segments that the checkpoint of a clean stop knows of.
    leftovers: Vec<LeftoverV4>,
}

impl Recovering {
    fn new(id: PartitionId, directory: String, core: LogCore, corrupt: Option<String>) -> Recovering {
        let offsets = core.offsets();
        Recovering {
            id,
            directory,
            core,
            corrupt,
            recovered_end: offsets.log_end,
            high_watermark: offsets.high_watermark,
            reread: None,
            is_cut_in_doubt: false,
            log_start: None,
            runs: Vec::new(),
            next_run: 0,
            unsynced: Vec::new(),
            leftovers: Vec::new(),
        }
    }

    /// The log's end was cut off at the offset `end`, byte `position` of the segment at `base`.
    fn cut(&mut self, end: Offset, base: Offset, position: u64) {
        for run in &mut self.runs {
            run.cut(end, position);
        }
        self.high_watermark = self.high_watermark.min(end);
        if end >= self.recovered_end {
            return;
        }
        self.recovered_end = end;
        let mut segments = self.core.segments().iter();
        let Some(segment) = segments.find(|segment| segment.base == base).copied() else {
            self.corrupt = Some(format!(
                "its end was cut off at offset {end}, in a segment at {base} that is not known"
            ));
            return;
        };
        let (has_gaps, created) = match self.reread {
            Some(before) if before.base == base => (before.has_gaps, before.created),
            Some(_) | None => (segment.has_gaps, segment.created),
        };
        self.log_start = self.log_start.max(Some(self.core.offsets().log_start));
        self.core.return_to(base);
        self.reread = Some(Reread {
            base,
            position,
            end,
            has_gaps,
            created,
        });
    }

    /// As it was kept, as far as the log reaches: what lies beyond is not known to be committed until whoever leads the
    /// partition says so.
    fn restore_high_watermark(&mut self) {
        self.core.commit(self.high_watermark, self.high_watermark);
    }

    /// Where all of the log lies before its start, it goes on in a new segment: what lies there is not synced for a
    /// checkpoint, and behind a hole nothing could be found by a reader that comes from before. A segment that was read
    /// again has none.
    fn go_on_after_start(&mut self) {
        let offsets = self.core.offsets();
        let is_left = self.corrupt.is_none() && self.reread.is_none() && self.core.active().size > 0;
        if is_left && offsets.log_start >= offsets.log_end {
            self.core.roll();
        }
    }

    /// Its persisted form.
    fn image(&self) -> PartitionV4 {
        let image = self
            .core
            .to_image(self.id, &self.directory, self.corrupt.as_deref());
        PartitionV4 {
            leftovers: self.leftovers.clone(),
            ..image
        }
    }
}

/// Reads a checkpoint.
pub(crate) async fn read_checkpoint(handle: &Handle, target: &Target) -> Result<CheckpointV4, OpenError> {
    let path = target.checkpoint_path();
    let Some((in_force, content)) = checkpoint_file::read(handle, &path).await? else {
        return Err(OpenError::CheckpointMissing { path });
    };
    let checked = decode_checkpoint(&content).and_then(|checkpoint| {
        if checkpoint.shard == target.shard.get() {
            Ok(checkpoint)
        } else {
            // Another shard's, whole as it may be, is not this one's.
            Err(FormatError::Field {
                field: "shard",
                value: i128::from(checkpoint.shard),
            })
        }
    });
    checked.map_err(|source| {
        if in_force == path {
            OpenError::Damaged { path, source }
        } else {
            // What is left of the one before does not stand for it.
            OpenError::CheckpointMissing { path }
        }
    })
}

fn open_images(
    images: Vec<PartitionV4>,
    path: &Path,
    now: TimestampMs,
) -> Result<BTreeMap<PartitionId, Recovering>, OpenError> {
    let mut partitions = BTreeMap::new();
    for image in images {
        let id = partition_id(image.base.topic, image.base.index);
        let core =
            LogCore::from_image(&image, LogConfig::default(), now).map_err(|source| OpenError::Damaged {
                path: path.to_owned(),
                source,
            })?;
        let base = image.base;
        partitions.insert(id, Recovering::new(id, base.directory, core, base.corrupt));
    }
    Ok(partitions)
}

/// Brings a shard's partitions to a state in which everything is durable in whole segments, and returns that state.
/// The progress is a fraction: of the journal's bytes that are replayed, then of the partitions that are settled, then of
/// those that are made durable.
///
/// The kernel keeps an error of a write-back for the next sync of the file, even if it was a process before this one that
/// did not live to hear it. Which it was nobody can tell, so after a failed sync all is done again, once: everything in
/// doubt is written anew, and all files have told what they had to tell, so another failure is a new one.
pub(crate) async fn recover(
    handle: &Handle,
    target: &Target,
    progress: &dyn Fn(f64),
) -> Result<Recovered, OpenError> {
    let recovered = attempt_twice(handle, target, progress).await?;
    if !recovered.is_cut_in_doubt {
        return Ok(recovered);
    }
    // With a checkpoint that knows of the cut, what was cut off is behind the log's end, and goes.
    let checkpoint = CheckpointV4 {
        is_clean: false,
        ..recovered.checkpoint.clone()
    };
    let content = envelope::encode(envelope::CHECKPOINT, &checkpoint);
    checkpoint_file::forget_spare(handle, &target.checkpoint_path()).await?;
    checkpoint_file::replace(handle, &target.checkpoint_path(), content).await?;
    recovered.finish(handle, &target.dir).await?;
    attempt_twice(handle, target, &|_| {}).await
}

async fn attempt_twice(
    handle: &Handle,
    target: &Target,
    progress: &dyn Fn(f64),
) -> Result<Recovered, OpenError> {
    let suspects = match attempt(handle, target, &BTreeSet::new(), progress).await? {
        Attempt::Recovered(recovered) => return Ok(recovered),
        Attempt::Unsynced { files, error } => {
            tracing::warn!(%error, files = files.len(), "segments are not durable; they are recovered again");
            files
        }
    };
    match attempt(handle, target, &suspects, progress).await? {
        Attempt::Recovered(recovered) => Ok(recovered),
        Attempt::Unsynced { error, .. } => Err(error.into()),
    }
}

/// What one attempt at a recovery came to.
enum Attempt {
    Recovered(Recovered),
    /// A sync failed: these may be in memory alone, clean in the kernel's eyes.
    Unsynced {
        files: BTreeSet<SegmentFile>,
        error: DiskError,
    },
}

/// Recovers, of `suspects` also what seems to be done already.
async fn attempt(
    handle: &Handle,
    target: &Target,
    suspects: &BTreeSet<SegmentFile>,
    progress: &dyn Fn(f64),
) -> Result<Attempt, OpenError> {
    let checkpoint = read_checkpoint(handle, target).await?;
    // The one before it needs files that this one has let go.
    handle.disk.sync_dir(&target.journal_dir()).await?;
    let next = |first_sequence, partitions| CheckpointV4 {
        shard: checkpoint.shard,
        incarnation: checkpoint.incarnation + 1,
        first_sequence,
        is_clean: true,
        partitions,
    };
    let proof_bytes = manifest::check(handle, target, &checkpoint).await?;
    let target = &Target {
        proof_bytes: target.proof_bytes.max(proof_bytes),
        ..target.clone()
    };
    if checkpoint.is_clean {
        let mut partitions = open_images(
            checkpoint.partitions.clone(),
            &target.checkpoint_path(),
            handle.clock.wall(),
        )?;
        segments::check(handle, target, &partitions).await?;
        segments::check_untouched(handle, target, &partitions).await?;
        for image in &checkpoint.partitions {
            let id = partition_id(image.base.topic, image.base.index);
            if let Some(partition) = partitions.get_mut(&id) {
                // Nothing was looked through that they would have been found in.
                partition.leftovers.clone_from(&image.leftovers);
            }
        }
        partitions.values_mut().for_each(Recovering::go_on_after_start);
        let images = partitions.values().map(Recovering::image).collect();
        let next = next(checkpoint.first_sequence, images);
        return Ok(Attempt::Recovered(Recovered::new(next)));
    }
    let wanted = Wanted {
        shard: checkpoint.shard,
        incarnation: checkpoint.incarnation,
        first_sequence: checkpoint.first_sequence,
    };
    let reader = JournalReader::open(handle, target).await?;
    let chain = reader.chain(wanted).await?;
    if chain.newest_incarnation > checkpoint.incarnation {
        return Err(OpenError::CheckpointStale {
            path: target.checkpoint_path(),
            incarnation: checkpoint.incarnation,
            newer: chain.newest_incarnation,
        });
    }
    if let Some((path, position)) = chain.lost.clone() {
        return Err(OpenError::JournalDamaged { path, position });
    }
    let mut partitions = open_images(
        checkpoint.partitions.clone(),
        &target.checkpoint_path(),
        handle.clock.wall(),
    )?;
    let acknowledged_end = chain.acknowledged_end();
    let mut deleted = Vec::new();
    for frame in &chain.frames {
        let is_acknowledged = frame.header.sequence < acknowledged_end;
        for entry in &frame.table.entries {
            apply(entry, is_acknowledged, &mut partitions, &mut deleted);
        }
    }
    segments::check(handle, target, &partitions).await?;
    // A later partition may have taken the name: its directory was made before its entry.
    deleted.retain(|gone| partitions.values().all(|kept| kept.directory != gone.directory));
    let mut doubtful = Vec::new();
    for gone in deleted {
        let path = target.dir.join(&gone.directory);
        if gone.is_acknowledged {
            crate::removal::retire_directory(handle, &target.dir, &path).await?;
        } else {
            doubtful.push(path);
        }
    }
    replay::replay(handle, target, &reader, &chain.frames, &mut partitions, progress).await?;
    for partition in partitions.values_mut() {
        partition.runs.retain(|run| !run.is_cut_off());
    }
    let count = partitions.len();
    let mut settled: Vec<Recovering> = Vec::with_capacity(count);
    let mut settling = stream::iter(partitions.into_values())
        .map(|partition| scan::settle(handle, target, partition, suspects))
        .buffer_unordered(CONCURRENCY);
    while let Some(partition) = settling.try_next().await? {
        settled.push(partition);
        progress(REPLAY_SHARE + SETTLE_SHARE * fraction(settled.len(), count));
    }
    drop(settling);
    let touched = settled.iter().filter(|partition| !partition.unsynced.is_empty());
    let is_synced_whole = target.checkpoint_sync.is_whole(touched.count());
    let report = |synced| progress(REPLAY_SHARE + SETTLE_SHARE + SYNC_SHARE * synced);
    let synced = scan::make_durable(handle, target, &settled, is_synced_whole, &report).await?;
    if let Synced::Not { files, error } = synced {
        return Ok(Attempt::Unsynced { files, error });
    }
    settled.sort_by_key(|partition| partition.id);
    let is_cut_in_doubt = settled.iter().any(|partition| partition.is_cut_in_doubt);
    let mut images = Vec::with_capacity(settled.len());
    for mut partition in settled {
        if let Some(offset) = partition.log_start {
            partition.core.recover_log_start(offset);
        }
        partition.restore_high_watermark();
        partition.go_on_after_start();
        images.push(partition.image());
    }
    handle.disk.sync_dir(&target.dir).await?;
    progress(1.0);
    Ok(Attempt::Recovered(Recovered {
        checkpoint: next(chain.end_sequence, images),
        deleted: doubtful,
        is_cut_in_doubt,
    }))
}

/// Takes one entry of the journal into account.
fn apply(
    entry: &EntryV2,
    is_acknowledged: bool,
    partitions: &mut BTreeMap<PartitionId, Recovering>,
    deleted: &mut Vec<Deleted>,
) {
    match entry {
        EntryV2::PartitionCreated {
            topic,
            index,
            leader_epoch,
            directory,
        } => {
            let id = partition_id(*topic, *index);
            // The checkpoint may have seen it already.
            partitions.entry(id).or_insert_with(|| {
                let core = LogCore::new(LeaderEpoch::new(*leader_epoch), LogConfig::default());
                Recovering::new(id, directory.clone(), core, None)
            });
        }
        EntryV2::PartitionDeleted {
            topic,
            index,
            directory,
        } => {
            let id = partition_id(*topic, *index);
            partitions.remove(&id);
            deleted.retain(|earlier| earlier.id != id);
            // Without a name it says that the directory is gone; the name may be another partition's by now, perhaps
            // one of another shard.
            if !directory.is_empty() {
                deleted.push(Deleted {
                    id,
                    directory: directory.clone(),
                    is_acknowledged,
                });
            }
        }
        EntryV2::LogStart { topic, index, offset } => {
            if let Some(partition) = partitions.get_mut(&partition_id(*topic, *index)) {
                partition.log_start = partition.log_start.max(Offset::new(*offset));
            }
        }
        EntryV2::Append(append) => {
            if let Some(partition) = partitions.get_mut(&partition_id(append.topic, append.index))
                && append.end_offset > partition.recovered_end.get()
            {
                partition.runs.push(KnownRun::new(*append, is_acknowledged));
            }
        }
        EntryV2::LogEnd {
            topic,
            index,
            offset,
            segment_base_offset,
            position,
        } => {
            if let Some(partition) = partitions.get_mut(&partition_id(*topic, *index)) {
                let end = Offset::new(*offset).unwrap_or_default();
                let base = Offset::new(*segment_base_offset).unwrap_or_default();
                partition.cut(end, base, *position);
                partition.is_cut_in_doubt |= !is_acknowledged;
            }
        }
    }
}

/// Opens a segment's file for recovery.
async fn open_segment(
    handle: &Handle,
    target: &Target,
    directory: &str,
    name: SegmentName,
) -> Result<Rc<dyn corelog_runtime::File>, OpenError> {
    let options = corelog_runtime::OpenOptions {
        write: true,
        create: true,
        direct: target.direct,
        ..corelog_runtime::OpenOptions::default()
    };
    let path = target.dir.join(directory).join(names::segment_file(name));
    Ok(handle.disk.open(&path, options).await?)
}
