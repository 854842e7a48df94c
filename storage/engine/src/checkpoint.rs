//! Checkpoints. One makes everything that was appended durable in the segments, writes that into one file, and then
//! frees the journal's files before it.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use corelog_model::Offset;
use corelog_runtime::{DiskError, Remedy};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::checkpoint_file;
use crate::errors::{CheckpointError, Fenced};
use crate::format::envelope;
use crate::format::names;
use crate::format::v2::{CheckpointV2, PartitionV2};
use crate::journal::core::PartitionKey;
use crate::partition::PartitionLog;
use crate::shared::{Life, Shared};

/// How many partitions are synced at once, and flushed when it is urgent.
const CONCURRENCY: usize = 16;

/// How many partitions are flushed at once, by how much of the journal is in use. It is no more than need be, since
/// commits wait behind these writes. A checkpoint begins long before the journal is full (`checkpoint.bytes`, by
/// default at half); the rest takes what comes meanwhile.
fn concurrency(used: u64, capacity: u64) -> usize {
    match used {
        used if used < capacity / 8 * 5 => 1,
        used if used < capacity / 8 * 6 => CONCURRENCY / 4,
        _ => CONCURRENCY,
    }
}

fn concurrency_now(shared: &Shared) -> usize {
    if shared.life.get() != Life::Open || shared.ring.borrow().is_exhausted() {
        return CONCURRENCY;
    }
    let files = u64::try_from(shared.options.journal_files_max).unwrap_or(u64::MAX);
    let capacity = files.saturating_mul(shared.options.journal_file_bytes);
    concurrency(shared.since_checkpoint.get(), capacity)
}

/// A snapshot of what a checkpoint will say.
struct Snapshot {
    first_sequence: u64,
    partitions: Vec<PartitionV2>,
    /// The logs to flush, and how far.
    dirty: Vec<(Rc<PartitionLog>, u64)>,
    logs: Vec<Rc<PartitionLog>>,
    /// How often the end of each had been cut off.
    cuts: Vec<u64>,
}

/// Takes the snapshot. There is no await in here: what is appended later is not covered and is in later frames.
fn snapshot(shared: &Shared) -> Snapshot {
    // A creation that the journal has not heard of may yet be refused.
    // A deletion is in a later frame, or it is durable already and the name may be another's.
    let logs: Vec<_> = shared
        .all_partitions()
        .into_iter()
        .filter(|log| log.is_announced() && !log.is_deleted())
        .collect();
    let mut dirty = Vec::new();
    for log in &logs {
        if log.take_touched() {
            dirty.push((Rc::clone(log), log.tail_end()));
        }
    }
    Snapshot {
        first_sequence: shared.journal.borrow().next_sequence(),
        partitions: logs.iter().map(|log| log.to_image()).collect(),
        dirty,
        cuts: logs.iter().map(|log| log.cuts()).collect(),
        logs,
    }
}

/// Makes a checkpoint, one at a time. `is_clean` says that nothing is appended or journaled any more.
pub(crate) async fn make(shared: &Rc<Shared>, is_clean: bool) -> Result<(), CheckpointError> {
    let _lane = shared.checkpoint_lane.acquire(1).await;
    if let Some(fenced) = shared.fenced() {
        return Err(fenced.into());
    }
    let since = shared.since_checkpoint.get();
    shared.removals_wait.set(false);
    let taken = snapshot(shared);
    let first_sequence = taken.first_sequence;
    let busy: BTreeSet<PartitionKey> = taken.dirty.iter().map(|(log, _)| log.key()).collect();
    // The segments have their room: no failure here is a passing one.
    let flushed = flush(shared, taken.dirty).await;
    flushed.map_err(|error| shared.fence(&error))?;
    sync_segments(shared, &taken.logs).await?;
    end_commits(shared).await?;
    let recovery_bases: Vec<_> = taken
        .partitions
        .iter()
        .map(recovery_base)
        .zip(taken.cuts)
        .collect();
    let checkpoint = CheckpointV2 {
        shard: shared.options.shard.get(),
        incarnation: shared.incarnation,
        first_sequence,
        is_clean,
        partitions: taken.partitions,
    };
    let dir = names::journal_dir(
        &shared.options.dir,
        shared.options.generation,
        shared.options.shard,
    );
    let content = envelope::encode(envelope::CHECKPOINT, &checkpoint);
    match checkpoint_file::replace(&shared.handle, &dir.join(names::CHECKPOINT), content).await {
        Ok(()) => *shared.checkpoint_refused.borrow_mut() = None,
        Err(error) => match error.remedy() {
            // The checkpoint before stays in force, and so do the journal's files.
            Remedy::Again | Remedy::Later => {
                let error = Arc::new(error);
                *shared.checkpoint_refused.borrow_mut() = Some(Arc::clone(&error));
                shared.removals_wait.set(true);
                return Err(CheckpointError::Refused(error));
            }
            Remedy::Refuse | Remedy::Fence | Remedy::Close => return Err(shared.fence(&error).into()),
        },
    }
    shared.since_checkpoint.set(shared.since_checkpoint.get() - since);
    shared.ring.borrow_mut().recycle(first_sequence);
    shared.stats.borrow_mut().checkpoints += 1;
    shared.journal_work.notify_all();
    for (log, (base, cuts)) in taken.logs.iter().zip(recovery_bases) {
        log.on_checkpoint(base, cuts);
    }
    // Logs without an append since the checkpoint before keep nothing in memory.
    for log in taken.logs.iter().filter(|log| !busy.contains(&log.key())) {
        log.evict_cold();
    }
    Ok(())
}

/// Waits until the commits that are under way have ended. A segment's failed sync may be one of theirs, and whoever
/// syncs after it hears nothing of it; and no journal file is free while a frame is being written to it.
async fn end_commits(shared: &Shared) -> Result<(), CheckpointError> {
    let end = shared.journal.borrow().next_sequence();
    loop {
        let ended = shared.journal_idle.notified();
        if let Some(fenced) = shared.fenced() {
            return Err(fenced.into());
        }
        if shared.journal.borrow().acknowledged_end() >= end {
            return Ok(());
        }
        ended.await;
    }
}

/// The segment that recovery begins to read a partition at.
fn recovery_base(image: &PartitionV2) -> Offset {
    let active = image.base.segments.last().map(|segment| segment.base_offset);
    active.and_then(Offset::new).unwrap_or_default()
}

async fn flush(shared: &Shared, dirty: Vec<(Rc<PartitionLog>, u64)>) -> Result<(), DiskError> {
    let mut dirty = dirty.into_iter();
    loop {
        // By the group, since how full the journal is changes meanwhile.
        let mut group = dirty.by_ref().take(CONCURRENCY).peekable();
        if group.peek().is_none() {
            return Ok(());
        }
        stream::iter(group)
            .map(|(log, end)| async move { log.write_out(end, true).await })
            .buffer_unordered(concurrency_now(shared))
            .try_collect::<Vec<()>>()
            .await?;
    }
}

async fn sync_segments(shared: &Rc<Shared>, logs: &[Rc<PartitionLog>]) -> Result<(), Fenced> {
    let mut unsynced = Vec::new();
    for log in logs {
        for base in log.take_unsynced() {
            unsynced.push((Rc::clone(log), base));
        }
    }
    if shared.options.checkpoint_sync.is_whole(unsynced.len()) {
        let synced = shared.persist(async || shared.handle.disk.sync_filesystem(&shared.options.dir).await);
        return synced.await.map_err(|error| shared.fence(&error));
    }
    // Many at once: a commit that syncs one of these segments waits for its turn.
    stream::iter(unsynced)
        .map(|(log, base)| async move { log.sync_segment_if_there(base).await })
        .buffer_unordered(CONCURRENCY)
        .try_collect::<Vec<()>>()
        .await
        .map(|_| ())
}

/// Makes checkpoints when they are asked for, until the storage closes or is fenced.
pub(crate) async fn run(shared: Rc<Shared>) {
    loop {
        let wanted = shared.checkpoint_wanted.notified();
        if shared.life.get() != Life::Open || shared.fenced().is_some() {
            return;
        }
        let is_due = shared.since_checkpoint.get() >= shared.options.checkpoint_bytes
            || shared.ring.borrow().is_exhausted()
            || shared.removals_wait.get();
        if !is_due {
            wanted.await;
            continue;
        }
        match make(&shared, false).await {
            Ok(()) => {
                if shared.ring.borrow().is_exhausted() {
                    // The one file in use is not full yet: there is nothing to free before it is.
                    wanted.await;
                }
            }
            Err(CheckpointError::Fenced(_)) => return,
            Err(CheckpointError::Refused(error)) => {
                tracing::warn!(%error, "there can be no checkpoint now; it is tried again");
                let again = shared.handle.clock.now() + std::time::Duration::from_secs(1);
                shared.handle.clock.sleep_until(again).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_takes_its_time_until_the_journal_fills() {
        for (used, expected) in [(0, 1), (799, 1), (800, 4), (959, 4), (960, 16), (5000, 16)] {
            assert_eq!(concurrency(used, 1280), expected, "{used} of 1280");
        }
    }
}
