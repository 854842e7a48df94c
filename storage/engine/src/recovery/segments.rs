//! Checks that the segments are there that must be: those that the checkpoint covers, and those that acknowledged
//! bytes were written to past the journal.
//!
//! One that is missing, or has lost its end, ends the start before anything is written. To go on would leave a hole in
//! the log and recycle the journal, and then not even the file itself could bring the log back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use corelog_model::{Offset, PartitionId};
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_runtime::{Handle, OpenOptions};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::target::Target;
use super::{CONCURRENCY, Recovering};
use crate::OpenError;
use crate::format::names;

/// Checks the segments of all partitions by their lengths. A segment that lies before its log's start is not needed: it
/// may have been removed, and a checkpoint that was under way then has not synced it.
///
/// # Errors
/// `SegmentMissing` or `Shortened`.
pub(super) async fn check(
    handle: &Handle,
    target: &Target,
    partitions: &BTreeMap<PartitionId, Recovering>,
) -> Result<(), OpenError> {
    let needed = partitions
        .values()
        .filter(|partition| partition.corrupt.is_none())
        .flat_map(|partition| {
            let dir = target.dir.join(&partition.directory);
            needed(partition).into_iter().map(move |(base, size)| {
                let name = partition.core.name_of(base);
                (dir.join(names::segment_file(name)), size)
            })
        });
    stream::iter(needed)
        .map(|(path, needed)| check_one(handle, path, needed))
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await
}

/// Where a log begins, as far as its checkpoint and its journal say.
fn log_start(partition: &Recovering) -> Offset {
    let known = partition.core.offsets().log_start;
    partition.log_start.unwrap_or_default().max(known)
}

/// Where the newest segment that the checkpoint knows of ends, with what the journal has of it.
fn newest_end(partition: &Recovering) -> Offset {
    let base = partition.core.active().base.get();
    let runs = partition.runs.iter();
    runs.filter(|run| run.append.segment_base_offset == base && !run.is_cut_off())
        .filter_map(|run| Offset::new(run.end_offset))
        .fold(partition.core.offsets().log_end, Offset::max)
}

/// Checks that nothing has been written to the logs since a checkpoint that was made at a clean stop: then it is an old
/// one, and what it does not know would be taken for what nobody needs.
///
/// # Errors
/// `CheckpointOutrun`.
pub(super) async fn check_untouched(
    handle: &Handle,
    target: &Target,
    partitions: &BTreeMap<PartitionId, Recovering>,
) -> Result<(), OpenError> {
    let active = partitions
        .values()
        .filter(|partition| partition.corrupt.is_none())
        .map(|partition| {
            let active = partition.core.active();
            let dir = target.dir.join(&partition.directory);
            (dir.join(names::segment_file(active.name())), active.size)
        });
    stream::iter(active)
        .map(|(segment, end)| async move {
            if is_written_behind(handle, &segment, end).await? {
                let path = target.checkpoint_path();
                return Err(OpenError::CheckpointOutrun { path, segment });
            }
            Ok(())
        })
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await
}

/// Whether there is anything but reserved room behind a segment's `end`.
async fn is_written_behind(handle: &Handle, path: &Path, end: u64) -> Result<bool, OpenError> {
    let file = match handle.disk.open(path, OpenOptions::default()).await {
        // Nothing was ever appended, or the room that was reserved was given back.
        Err(error) if error.is_not_found() => return Ok(false),
        opened => opened?,
    };
    if file.size().await? <= end {
        return Ok(false);
    }
    let (read, page) = file.read_at(end, AlignedBuf::zeroed(PAGE)).await;
    Ok(page[..read?].iter().any(|&byte| byte != 0))
}

/// How long each segment of a partition must be; none that may be empty.
fn needed(partition: &Recovering) -> BTreeMap<Offset, u64> {
    let segments = partition.core.segments();
    let log_start = log_start(partition);
    let ends = segments[1..]
        .iter()
        .map(|next| next.base)
        .chain([newest_end(partition)]);
    let mut needed: BTreeMap<Offset, u64> = segments
        .iter()
        .zip(ends)
        .filter(|(_, end)| *end > log_start)
        .map(|(segment, _)| (segment.base, segment.size))
        .collect();
    // What is in the journal can be written again; what bypassed it, and was acknowledged, was synced with its length. No
    // segment that the journal speaks of is removed before a checkpoint has passed it, wherever the log begins, and
    // recovery finds what comes behind it only through it.
    let bypassed = partition
        .runs
        .iter()
        .filter(|run| run.is_acknowledged && run.bypass_end() > run.append.run_position);
    for run in bypassed {
        let base = Offset::new(run.append.segment_base_offset).unwrap_or_default();
        let size = needed.entry(base).or_default();
        *size = run.bypass_end().max(*size);
    }
    if let Some(reread) = &partition.reread {
        let size = needed.entry(reread.base).or_default();
        *size = reread.position.max(*size);
    }
    needed.retain(|_, size| *size > 0);
    needed
}

async fn check_one(handle: &Handle, path: PathBuf, needed: u64) -> Result<(), OpenError> {
    let file = match handle.disk.open(&path, OpenOptions::default()).await {
        Err(error) if error.is_not_found() => {
            return Err(OpenError::SegmentMissing { path, size: needed });
        }
        opened => opened?,
    };
    let size = file.size().await?;
    if size < needed {
        return Err(OpenError::Shortened { path, size, needed });
    }
    Ok(())
}
