//! Group commit: the task that writes all pending appends of a shard as one journal frame, makes it durable, and
//! acknowledges them.
//!
//! No timer delays a commit. What comes in while a commit is under way goes into the next frame.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_runtime::local::select;
use corelog_runtime::{DiskError, Remedy, WorkClass};
use futures_util::future::{TryFutureExt, try_join, try_join_all};
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::core::{CommitState, Plan, Planned};
use super::frame::{self, FrameStamp};
use super::ring::FramePlace;
use crate::errors::Fenced;
use crate::format::v2::{EntryV2, TableV2};
use crate::options::SyncMethod;
use crate::partition::PartitionLog;
use crate::shared::{Life, Shared};

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

/// Commits until the storage closes or is fenced.
pub(crate) async fn run(shared: Rc<Shared>) {
    let mut under_way = FuturesUnordered::new();
    loop {
        let work = shared.journal_work.notified();
        if shared.life.get() == Life::Closed || shared.fenced().is_some() {
            break;
        }
        prepare_file_ahead(&shared);
        match next_commit(&shared) {
            Some(commit) => under_way.push(commit_one(&shared, commit)),
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
pub(crate) async fn run_marks(shared: Rc<Shared>) {
    loop {
        let acknowledged = shared.journal_idle.notified();
        if shared.life.get() != Life::Open || shared.fenced().is_some() {
            return;
        }
        if shared.journal.borrow().is_marked() {
            acknowledged.await;
            continue;
        }
        drop(acknowledged);
        let before = shared.journal.borrow().next_sequence();
        let later = shared.handle.clock.now() + MARK_AFTER;
        shared.handle.clock.sleep_until(later).await;
        if shared.journal.borrow().next_sequence() == before {
            shared.is_mark_due.set(true);
            shared.journal_work.notify_all();
        }
    }
}

/// Pre-writes the next file of the ring while there is still room in the one before.
fn prepare_file_ahead(shared: &Rc<Shared>) {
    let next = shared.ring.borrow_mut().next_to_prepare();
    let Some(number) = next else {
        if shared.ring.borrow().is_exhausted() {
            shared.checkpoint_wanted.notify_all();
        }
        return;
    };
    let shared_too = Rc::clone(shared);
    shared
        .handle
        .spawn(WorkClass::Background, "journal pre-write", async move {
            let pace = async |written: u64| may_prepare(&shared_too, written).await;
            match prepare_file(&shared_too, number, pace).await {
                // The storage closes.
                Ok(false) => {}
                Ok(true) => {
                    shared_too.ring.borrow_mut().file_ready(number);
                    shared_too.journal_work.notify_all();
                }
                Err(error) => match error.remedy() {
                    Remedy::Again | Remedy::Later => {
                        // The files there are have to do; a checkpoint frees them.
                        tracing::warn!(%error, "there can be no other journal file now");
                        shared_too.ring.borrow_mut().file_refused();
                        shared_too.checkpoint_wanted.notify_all();
                    }
                    Remedy::Refuse | Remedy::Fence | Remedy::Close => {
                        shared_too.fence(&error);
                    }
                },
            }
        });
}

/// Makes the file `number` and writes down that it is there; false when there is no need any more.
async fn prepare_file(
    shared: &Shared,
    number: u32,
    pace: impl AsyncFn(u64) -> bool,
) -> Result<bool, DiskError> {
    let is_made = shared.journal_files.prepare(number, pace).await?;
    if is_made {
        shared.journal_files.note().await?;
    }
    Ok(is_made)
}

/// Waits until more than the `written` bytes of the next file should be there; false when there is no need any more.
async fn may_prepare(shared: &Shared, written: u64) -> bool {
    let frame_bytes_max = u64::try_from(shared.options.frame_bytes_max).unwrap_or(u64::MAX);
    loop {
        let committed = shared.journal_idle.notified();
        if shared.life.get() == Life::Closed || shared.fenced().is_some() {
            return false;
        }
        if written < shared.ring.borrow().prepare_upto(frame_bytes_max) {
            return true;
        }
        committed.await;
    }
}

/// Plans the next frame and puts it together, if there is something to commit and room for it.
fn next_commit(shared: &Rc<Shared>) -> Option<Commit> {
    if shared.is_mark_due.take()
        && shared.life.get() == Life::Open
        && shared.ring.borrow().has_room(u64::try_from(PAGE).expect("4096"))
    {
        let mark = shared.journal.borrow_mut().plan_mark();
        if let Some(plan) = mark {
            return Some(assemble(shared, &plan));
        }
    }
    if !shared.journal.borrow().wants_frame() {
        return None;
    }
    let frame_bytes_max = u64::try_from(shared.options.frame_bytes_max).unwrap_or(u64::MAX);
    if !shared.ring.borrow().has_room(frame_bytes_max) {
        shared.checkpoint_wanted.notify_all();
        return None;
    }
    let plan = shared.journal.borrow_mut().plan()?;
    Some(assemble(shared, &plan))
}

fn assemble(shared: &Rc<Shared>, plan: &Plan) -> Commit {
    let table = TableV2 {
        entries: plan.items.iter().map(|item| entry(shared, item)).collect(),
    };
    let table_bytes = frame::encode_table(&table);
    let length = frame::frame_length(table_bytes.len(), plan.payload_length);
    assert!(
        length <= shared.options.frame_bytes_max,
        "a frame of {length} bytes was planned too large"
    );
    let frame_bytes = u64::try_from(length).expect("a length within u64");
    let place = shared.ring.borrow_mut().place(plan.sequence, frame_bytes);
    let stamp = FrameStamp {
        shard: shared.options.shard.get(),
        incarnation: shared.incarnation,
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
        let partition = shared
            .partition(run.key)
            .expect("a partition stays until its runs are journaled");
        at = partition.take_for_journal(run, *payload_from, &mut frame, at);
        if *payload_from > run.start {
            journaled += payload_from - run.start;
            shared.stats.borrow_mut().bypassed_bytes += payload_from - run.start;
            bypasses.push(Bypass {
                upto: partition.stream_of(run.segment_base, *payload_from),
                segment_base: run.segment_base,
                partition,
            });
        }
    }
    frame[at..].fill(0);
    let since = shared.since_checkpoint.get() + journaled;
    shared.since_checkpoint.set(since);
    if since >= shared.options.checkpoint_bytes {
        shared.checkpoint_wanted.notify_all();
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

fn entry(shared: &Shared, item: &Planned) -> EntryV2 {
    match item {
        Planned::Change(_) => item.entry(0),
        Planned::Run { run, payload_from } => {
            let partition = shared
                .partition(run.key)
                .expect("a partition stays until its runs are journaled");
            item.entry(partition.payload_crc(run, *payload_from))
        }
    }
}

async fn commit_one(shared: &Rc<Shared>, commit: Commit) {
    let began = shared.handle.clock.now();
    let (sequence, entries, bytes) = (commit.sequence, commit.entries, commit.bytes);
    let frame_bytes = u64::try_from(commit.frame.len()).unwrap_or(u64::MAX);
    if write(shared, commit).await.is_err() {
        return;
    }
    let took = shared.handle.clock.now().since(began);
    // A mark is no sign of producers.
    if entries > 0 {
        shared.committed(bytes, took);
    }
    {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let mut stats = shared.stats.borrow_mut();
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
    let progress = shared
        .journal
        .borrow_mut()
        .advance(sequence, CommitState::Durable);
    shared.acknowledge(progress);
}

/// Writes a frame and what bypasses it, and makes both durable; fences the journal if that fails.
async fn write(shared: &Rc<Shared>, commit: Commit) -> Result<(), Fenced> {
    let Commit {
        sequence,
        place,
        frame,
        bypasses,
        ..
    } = commit;
    let file = shared.journal_files.get(place.file);
    let bypass_writes = try_join_all(
        bypasses
            .iter()
            .map(|bypass| bypass.partition.write_out(bypass.upto, false)),
    );
    let sync_method = shared.options.sync_method;
    let frame_write = async {
        let write = async || match sync_method {
            SyncMethod::WriteThenSync => file.write_at(place.position, frame.clone()).await,
            SyncMethod::Dsync => file.write_durably_at(place.position, frame.clone()).await,
        };
        // Through the page cache a durable write ends in a sync.
        if sync_method == SyncMethod::Dsync && !shared.options.direct {
            shared.alone(&shared.journal_sync_lane, write).await
        } else {
            // No room, on a file system that copies on write: the same bytes go to the same place until there is some.
            let written = shared.persist(write).await;
            written.map_err(|error| shared.fence(&error))
        }
    };
    let bypass_writes = bypass_writes.map_err(|error| shared.fence(&error));
    try_join(frame_write, bypass_writes).await?;
    let progress = shared
        .journal
        .borrow_mut()
        .advance(sequence, CommitState::Written);
    shared.acknowledge(progress);
    let bypass_syncs = try_join_all(
        bypasses
            .iter()
            .map(|bypass| bypass.partition.sync_segment(bypass.segment_base)),
    );
    match sync_method {
        SyncMethod::WriteThenSync => {
            let sync = shared.alone(&shared.journal_sync_lane, async || file.sync().await);
            try_join(sync, bypass_syncs).await.map(|_| ())
        }
        SyncMethod::Dsync => bypass_syncs.await.map(|_| ()),
    }
}
