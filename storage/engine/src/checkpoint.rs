//! Checkpoints. One makes everything that was appended durable in the segments, writes that into one file, and then
//! frees the journal's files before it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use corelog_model::Offset;
use corelog_runtime::local::Semaphore;
use corelog_runtime::{DiskError, Handle, Remedy};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::checkpoint_file;
use crate::checkpoint_requests::CheckpointRequests;
use crate::errors::{CheckpointError, Fenced};
use crate::fence::{Fence, Life};
use crate::format::envelope;
use crate::format::names;
use crate::format::v4::{CheckpointV4, PartitionV4};
use crate::journal::core::PartitionKey;
use crate::journal::state::Journal;
use crate::options::StorageOptions;
use crate::partition::PartitionLog;
use crate::registry::Registry;
use crate::retry::Retry;
use crate::types::StorageStats;

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

/// What makes checkpoints.
pub(crate) struct Checkpointer {
    pub(crate) handle: Handle,
    pub(crate) options: Rc<StorageOptions>,
    pub(crate) requests: Rc<CheckpointRequests>,
    pub(crate) journal: Rc<Journal>,
    pub(crate) registry: Rc<Registry>,
    pub(crate) fence: Rc<Fence>,
    pub(crate) retry: Rc<Retry>,
    pub(crate) stats: Rc<RefCell<StorageStats>>,
    /// Taken while one is made.
    pub(crate) mutex: Semaphore,
}

fn concurrency_now(checkpointer: &Checkpointer) -> usize {
    if checkpointer.fence.life() != Life::Open || checkpointer.journal.is_exhausted() {
        return CONCURRENCY;
    }
    let files = u64::try_from(checkpointer.options.journal_files_max).unwrap_or(u64::MAX);
    let capacity = files.saturating_mul(checkpointer.options.journal_file_bytes);
    concurrency(checkpointer.journal.since_checkpoint.get(), capacity)
}

/// A snapshot of what a checkpoint will say.
struct Snapshot {
    first_sequence: u64,
    partitions: Vec<PartitionV4>,
    /// The logs to flush, and how far.
    dirty: Vec<(Rc<PartitionLog>, u64)>,
    logs: Vec<Rc<PartitionLog>>,
    /// How often the end of each had been cut off, and how often segments had been replaced by cleaned ones.
    changes: Vec<(u64, u64)>,
}

/// Takes the snapshot. There is no await in here: what is appended later is not covered and is in later frames.
fn snapshot(checkpointer: &Checkpointer) -> Snapshot {
    // A creation that the journal has not heard of may yet be refused.
    // A deletion is in a later frame, or it is durable already and the name may be another's.
    let logs: Vec<_> = checkpointer
        .registry
        .all()
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
        first_sequence: checkpointer.journal.core.borrow().next_sequence(),
        partitions: logs.iter().map(|log| log.to_image()).collect(),
        dirty,
        changes: logs.iter().map(|log| (log.cuts(), log.swaps())).collect(),
        logs,
    }
}

/// Makes a checkpoint, one at a time. `is_clean` says that nothing is appended or journaled any more.
pub(crate) async fn make(checkpointer: &Checkpointer, is_clean: bool) -> Result<(), CheckpointError> {
    let _held = checkpointer.mutex.acquire(1).await;
    if let Some(fenced) = checkpointer.fence.fenced() {
        return Err(fenced.into());
    }
    let since = checkpointer.journal.since_checkpoint.get();
    checkpointer.requests.begin();
    let taken = snapshot(checkpointer);
    let first_sequence = taken.first_sequence;
    let busy: BTreeSet<PartitionKey> = taken.dirty.iter().map(|(log, _)| log.key()).collect();
    // The segments have their room: no failure here is a passing one.
    let flushed = flush(checkpointer, taken.dirty).await;
    flushed.map_err(|error| checkpointer.fence.fence(&error))?;
    sync_segments(checkpointer, &taken.logs).await?;
    end_commits(checkpointer).await?;
    let recovery_bases: Vec<_> = taken
        .partitions
        .iter()
        .map(recovery_base)
        .zip(taken.changes)
        .collect();
    let checkpoint = CheckpointV4 {
        shard: checkpointer.options.shard.get(),
        incarnation: checkpointer.journal.incarnation,
        first_sequence,
        is_clean,
        partitions: taken.partitions,
    };
    let dir = names::journal_dir(
        &checkpointer.options.dir,
        checkpointer.options.generation,
        checkpointer.options.shard,
    );
    let content = envelope::encode(envelope::CHECKPOINT, &checkpoint);
    match checkpoint_file::replace(&checkpointer.handle, &dir.join(names::CHECKPOINT), content).await {
        Ok(()) => checkpointer.requests.made(),
        Err(error) => match error.remedy() {
            // The checkpoint before stays in force, and so do the journal's files.
            Remedy::Again | Remedy::Later => {
                let error = Arc::new(error);
                checkpointer.requests.refuse(Arc::clone(&error));
                return Err(CheckpointError::Refused(error));
            }
            Remedy::Refuse | Remedy::Fence | Remedy::Close => {
                return Err(checkpointer.fence.fence(&error).into());
            }
        },
    }
    checkpointer
        .journal
        .since_checkpoint
        .set(checkpointer.journal.since_checkpoint.get() - since);
    checkpointer.journal.ring.borrow_mut().recycle(first_sequence);
    checkpointer.stats.borrow_mut().checkpoints += 1;
    checkpointer.journal.work.notify_all();
    for (log, (base, (cuts, swaps))) in taken.logs.iter().zip(recovery_bases) {
        log.on_checkpoint(base, cuts, swaps);
    }
    checkpointer.requests.tell_ended();
    // Logs without an append since the checkpoint before keep nothing in memory.
    for log in taken.logs.iter().filter(|log| !busy.contains(&log.key())) {
        log.evict_cold();
    }
    Ok(())
}

/// Waits until the commits that are under way have ended. A segment's failed sync may be one of theirs, and whoever
/// syncs after it hears nothing of it; and no journal file is free while a frame is being written to it.
async fn end_commits(checkpointer: &Checkpointer) -> Result<(), CheckpointError> {
    let end = checkpointer.journal.core.borrow().next_sequence();
    loop {
        let ended = checkpointer.journal.acknowledged();
        if let Some(fenced) = checkpointer.fence.fenced() {
            return Err(fenced.into());
        }
        if checkpointer.journal.core.borrow().acknowledged_end() >= end {
            return Ok(());
        }
        ended.await;
    }
}

/// The segment that recovery begins to read a partition at.
fn recovery_base(image: &PartitionV4) -> Offset {
    let active = image.base.segments.last().map(|segment| segment.base_offset);
    active.and_then(Offset::new).unwrap_or_default()
}

async fn flush(checkpointer: &Checkpointer, dirty: Vec<(Rc<PartitionLog>, u64)>) -> Result<(), DiskError> {
    let mut dirty = dirty.into_iter();
    loop {
        // By the group, since how full the journal is changes meanwhile.
        let mut group = dirty.by_ref().take(CONCURRENCY).peekable();
        if group.peek().is_none() {
            return Ok(());
        }
        stream::iter(group)
            .map(|(log, end)| async move { log.write_out(end, true).await })
            .buffer_unordered(concurrency_now(checkpointer))
            .try_collect::<Vec<()>>()
            .await?;
    }
}

async fn sync_segments(checkpointer: &Checkpointer, logs: &[Rc<PartitionLog>]) -> Result<(), Fenced> {
    let mut unsynced = Vec::new();
    for log in logs {
        for base in log.take_unsynced() {
            unsynced.push((Rc::clone(log), base));
        }
    }
    if checkpointer.options.checkpoint_sync.is_whole(unsynced.len()) {
        let synced = checkpointer.retry.persist(async || {
            checkpointer
                .handle
                .disk
                .sync_filesystem(&checkpointer.options.dir)
                .await
        });
        return synced.await.map_err(|error| checkpointer.fence.fence(&error));
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
pub(crate) async fn run(checkpointer: Rc<Checkpointer>) {
    loop {
        let wanted = checkpointer.requests.wanted();
        if checkpointer.fence.life() != Life::Open || checkpointer.fence.fenced().is_some() {
            return;
        }
        let is_due = checkpointer.journal.since_checkpoint.get() >= checkpointer.options.checkpoint_bytes
            || checkpointer.journal.is_exhausted()
            || checkpointer.requests.do_removals_wait();
        if !is_due {
            wanted.await;
            continue;
        }
        match make(&checkpointer, false).await {
            Ok(()) => {
                if checkpointer.journal.is_exhausted() {
                    // The one file in use is not full yet: there is nothing to free before it is.
                    wanted.await;
                }
            }
            Err(CheckpointError::Fenced(_)) => return,
            Err(CheckpointError::Refused(error)) => {
                tracing::warn!(%error, "there can be no checkpoint now; it is tried again");
                let again = checkpointer.handle.clock.now() + std::time::Duration::from_secs(1);
                checkpointer.handle.clock.sleep_until(again).await;
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
