//! Group commit: the task that writes all pending appends of a shard as one journal frame, makes it durable, and
//! acknowledges them.
//!
//! No timer delays a commit. What comes in while a commit is under way goes into the next frame.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_runtime::local::select;
use corelog_runtime::{DiskError, Handle, Remedy, WorkClass};
use futures_util::future::{TryFutureExt, try_join, try_join_all};
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::core::{CommitState, Plan, Planned, Progress};
use super::frame::{self, FrameStamp};
use super::ring::FramePlace;
use super::state::Journal;
use crate::checkpoint_requests::CheckpointRequests;
use crate::errors::Fenced;
use crate::fence::{Fence, Life};
use crate::format::v2::{EntryV2, TableV2};
use crate::options::{StorageOptions, SyncMethod};
use crate::partition::PartitionLog;
use crate::read_rate::ReadTurns;
use crate::registry::Registry;
use crate::retry::Retry;
use crate::types::StorageStats;

/// The newest frame is marked as acknowledged when so long nothing has come after it.
const MARK_AFTER: Duration = Duration::from_millis(100);

/// Bytes of one partition that go straight to its segment.
struct Bypass {
    partition: Rc<PartitionLog>,
    segment_base: corelog_model::Offset,
    upto: u64,
}

/// A frame ready to be written.
struct Commit {
    sequence: u64,
    entries: usize,
    /// The frame's and those that bypass it.
    bytes: u64,
    place: FramePlace,
    frame: Bytes,
    bypasses: Vec<Bypass>,
}

/// What commits.
pub(crate) struct Committer {
    pub(crate) handle: Handle,
    pub(crate) options: Rc<StorageOptions>,
    pub(crate) journal: Rc<Journal>,
    pub(crate) registry: Rc<Registry>,
    pub(crate) fence: Rc<Fence>,
    pub(crate) retry: Rc<Retry>,
    pub(crate) reads: Rc<ReadTurns>,
    pub(crate) checkpoints: Rc<CheckpointRequests>,
    pub(crate) stats: Rc<RefCell<StorageStats>>,
}

impl Committer {
    /// Passes on what a commit acknowledged.
    fn acknowledge(&self, progress: Progress) {
        for (key, end) in progress.written {
            if let Some(partition) = self.registry.partition(key) {
                partition.on_written(end);
            }
        }
        for (key, end) in progress.durable {
            if let Some(partition) = self.registry.partition(key) {
                partition.on_durable(end);
            }
        }
        self.journal.tell_durable(progress.tickets);
        self.journal.tell_acknowledged();
    }
}

/// Commits until the storage closes or is fenced.
pub(crate) async fn run(committer: Rc<Committer>) {
    let mut under_way = FuturesUnordered::new();
    loop {
        let work = committer.journal.work.notified();
        if committer.fence.life() == Life::Closed || committer.fence.fenced().is_some() {
            break;
        }
        prepare_file_ahead(&committer);
        match next_commit(&committer) {
            Some(commit) => under_way.push(commit_one(&committer, commit)),
            None if under_way.is_empty() => work.await,
            None => {
                select(work, under_way.next()).await;
            }
        }
    }
    // What is under way ends by itself: nobody else may write where it writes.
    under_way.collect::<()>().await;
}

/// Writes an empty frame once no commit has come for [`MARK_AFTER`]. Each frame says that those before it were
/// acknowledged; the newest one has no frame behind it to say so. While commits come this task looks ten times a
/// second, and not at all while there are none.
pub(crate) async fn run_marks(committer: Rc<Committer>) {
    loop {
        let acknowledged = committer.journal.acknowledged();
        if committer.fence.life() != Life::Open || committer.fence.fenced().is_some() {
            return;
        }
        if committer.journal.core.borrow().is_marked() {
            acknowledged.await;
            continue;
        }
        drop(acknowledged);
        let before = committer.journal.core.borrow().next_sequence();
        let later = committer.handle.clock.now() + MARK_AFTER;
        committer.handle.clock.sleep_until(later).await;
        if committer.journal.core.borrow().next_sequence() == before {
            committer.journal.is_mark_due.set(true);
            committer.journal.work.notify_all();
        }
    }
}

/// Pre-writes the next file of the ring while there is still room in the one before.
fn prepare_file_ahead(committer: &Rc<Committer>) {
    let next = committer.journal.ring.borrow_mut().next_to_prepare();
    let Some(number) = next else {
        if committer.journal.ring.borrow().is_exhausted() {
            committer.checkpoints.look();
        }
        return;
    };
    let here = Rc::clone(committer);
    committer
        .handle
        .spawn(WorkClass::Background, "journal pre-write", async move {
            let pace = async |written: u64| may_prepare(&here, written).await;
            match prepare_file(&here, number, pace).await {
                // The storage closes.
                Ok(false) => {}
                Ok(true) => {
                    here.journal.ring.borrow_mut().file_ready(number);
                    here.journal.work.notify_all();
                }
                Err(error) => match error.remedy() {
                    Remedy::Again | Remedy::Later => {
                        // The files there are have to do; a checkpoint frees them.
                        tracing::warn!(%error, "there can be no other journal file now");
                        here.journal.ring.borrow_mut().file_refused();
                        here.checkpoints.look();
                    }
                    Remedy::Refuse | Remedy::Fence | Remedy::Close => {
                        here.fence.fence(&error);
                    }
                },
            }
        });
}

/// Makes the file `number` and writes down that it is there; false when there is no need any more.
async fn prepare_file(
    committer: &Committer,
    number: u32,
    pace: impl AsyncFn(u64) -> bool,
) -> Result<bool, DiskError> {
    let is_made = committer.journal.files.prepare(number, pace).await?;
    if is_made {
        committer.journal.files.note().await?;
    }
    Ok(is_made)
}

/// Waits until more than the `written` bytes of the next file should be there; false when there is no need any more.
async fn may_prepare(committer: &Committer, written: u64) -> bool {
    let frame_bytes_max = u64::try_from(committer.options.frame_bytes_max).unwrap_or(u64::MAX);
    loop {
        let committed = committer.journal.acknowledged();
        if committer.fence.life() == Life::Closed || committer.fence.fenced().is_some() {
            return false;
        }
        if written < committer.journal.ring.borrow().prepare_upto(frame_bytes_max) {
            return true;
        }
        committed.await;
    }
}

/// Plans the next frame and puts it together, if there is something to commit and room for it.
fn next_commit(committer: &Rc<Committer>) -> Option<Commit> {
    if committer.journal.is_mark_due.take()
        && committer.fence.life() == Life::Open
        && committer
            .journal
            .ring
            .borrow()
            .has_room(u64::try_from(PAGE).expect("4096"))
    {
        let mark = committer.journal.core.borrow_mut().plan_mark();
        if let Some(plan) = mark {
            return Some(assemble(committer, &plan));
        }
    }
    if !committer.journal.core.borrow().wants_frame() {
        return None;
    }
    let frame_bytes_max = u64::try_from(committer.options.frame_bytes_max).unwrap_or(u64::MAX);
    if !committer.journal.ring.borrow().has_room(frame_bytes_max) {
        committer.checkpoints.look();
        return None;
    }
    let plan = committer.journal.core.borrow_mut().plan()?;
    Some(assemble(committer, &plan))
}

fn assemble(committer: &Rc<Committer>, plan: &Plan) -> Commit {
    let table = TableV2 {
        entries: plan.items.iter().map(|item| entry(committer, item)).collect(),
    };
    let table_bytes = frame::encode_table(&table);
    let length = frame::frame_length(table_bytes.len(), plan.payload_length);
    assert!(
        length <= committer.options.frame_bytes_max,
        "a frame of {length} bytes was planned too large"
    );
    let frame_bytes = u64::try_from(length).expect("a length within u64");
    let place = committer
        .journal
        .ring
        .borrow_mut()
        .place(plan.sequence, frame_bytes);
    let stamp = FrameStamp {
        shard: committer.options.shard.get(),
        incarnation: committer.journal.incarnation,
        sequence: plan.sequence,
        acknowledged_end: plan.acknowledged_end,
    };
    // Every byte of it is written below: the head, the payloads, the zeros behind them.
    let mut frame = AlignedBuf::recycled(length);
    let entries = table.entries.len();
    let mut at = frame::write_head(&mut frame, stamp, &table_bytes, entries, plan.payload_length);
    let mut bypasses = Vec::new();
    let mut journaled = frame_bytes;
    for item in &plan.items {
        let Planned::Run { run, payload_from } = item else {
            continue;
        };
        let partition = committer
            .registry
            .partition(run.key)
            .expect("a partition stays until its runs are journaled");
        at = partition.take_for_journal(run, *payload_from, &mut frame, at);
        if *payload_from > run.start {
            journaled += payload_from - run.start;
            committer.stats.borrow_mut().bypassed_bytes += payload_from - run.start;
            bypasses.push(Bypass {
                upto: partition.stream_of(run.segment_base, *payload_from),
                segment_base: run.segment_base,
                partition,
            });
        }
    }
    frame[at..].fill(0);
    let since = committer.journal.since_checkpoint.get() + journaled;
    committer.journal.since_checkpoint.set(since);
    if since >= committer.options.checkpoint_bytes {
        committer.checkpoints.look();
    }
    Commit {
        sequence: plan.sequence,
        entries,
        bytes: journaled,
        place,
        frame: frame.freeze(),
        bypasses,
    }
}

fn entry(committer: &Committer, item: &Planned) -> EntryV2 {
    match item {
        Planned::Change(_) => item.entry(0),
        Planned::Run { run, payload_from } => {
            let partition = committer
                .registry
                .partition(run.key)
                .expect("a partition stays until its runs are journaled");
            item.entry(partition.payload_crc(run, *payload_from))
        }
    }
}

async fn commit_one(committer: &Rc<Committer>, commit: Commit) {
    let began = committer.handle.clock.now();
    let (sequence, entries, bytes) = (commit.sequence, commit.entries, commit.bytes);
    let frame_bytes = u64::try_from(commit.frame.len()).unwrap_or(u64::MAX);
    if write(committer, commit).await.is_err() {
        return;
    }
    let took = committer.handle.clock.now().since(began);
    // A mark is no sign of producers.
    if entries > 0 {
        committer.reads.committed(bytes, took);
    }
    {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let mut stats = committer.stats.borrow_mut();
        stats.frames += 1;
        stats.frame_entries += u64::try_from(entries).unwrap_or(u64::MAX);
        stats.journaled_bytes += frame_bytes;
        stats.commit_nanos = stats.commit_nanos.saturating_add(took);
        let bucket = (took / 16_000).checked_ilog2().map_or(0, |log| log + 1);
        let bucket = usize::try_from(bucket)
            .unwrap_or(usize::MAX)
            .min(stats.commit_buckets.len() - 1);
        stats.commit_buckets[bucket] += 1;
    }
    let progress = committer
        .journal
        .core
        .borrow_mut()
        .advance(sequence, CommitState::Durable);
    committer.acknowledge(progress);
}

/// Writes a frame and what bypasses it, and makes both durable; fences the journal if that fails.
async fn write(committer: &Rc<Committer>, commit: Commit) -> Result<(), Fenced> {
    let Commit {
        sequence,
        place,
        frame,
        bypasses,
        ..
    } = commit;
    let file = committer.journal.files.get(place.file);
    let bypass_writes = try_join_all(
        bypasses
            .iter()
            .map(|bypass| bypass.partition.write_out(bypass.upto, false)),
    );
    let sync_method = committer.options.sync_method;
    let frame_write = async {
        let write = async || match sync_method {
            SyncMethod::WriteThenSync => file.write_at(place.position, frame.clone()).await,
            SyncMethod::Dsync => file.write_durably_at(place.position, frame.clone()).await,
        };
        // Through the page cache a durable write ends in a sync.
        if sync_method == SyncMethod::Dsync && !committer.options.direct {
            committer.retry.alone(&committer.journal.sync_mutex, write).await
        } else {
            // No room, on a file system that copies on write: the same bytes go to the same place until there is some.
            let written = committer.retry.persist(write).await;
            written.map_err(|error| committer.fence.fence(&error))
        }
    };
    let bypass_writes = bypass_writes.map_err(|error| committer.fence.fence(&error));
    try_join(frame_write, bypass_writes).await?;
    let progress = committer
        .journal
        .core
        .borrow_mut()
        .advance(sequence, CommitState::Written);
    committer.acknowledge(progress);
    let bypass_syncs = try_join_all(
        bypasses
            .iter()
            .map(|bypass| bypass.partition.sync_segment(bypass.segment_base)),
    );
    match sync_method {
        SyncMethod::WriteThenSync => {
            let sync = committer
                .retry
                .alone(&committer.journal.sync_mutex, async || file.sync().await);
            try_join(sync, bypass_syncs).await.map(|_| ())
        }
        SyncMethod::Dsync => bypass_syncs.await.map(|_| ()),
    }
}
