//! Flushing: writing the tail to the segment files.

use std::rc::Rc;

use corelog_model::Offset;
use corelog_runtime::DiskError;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};

use super::{LogServices, PartitionLog, Status};
use crate::errors::Fenced;
use crate::fence::Life;
use crate::journal::core::PartitionKey;

/// About how much of one log is being written at a time, in bytes.
const WRITES_BYTES_MAX: u64 = 4 << 20;

impl PartitionLog {
    /// Writes the tail up to a stream position to the segments, without a sync. Without `partial_pages` the page that
    /// the log ends in stays.
    ///
    /// Not to be dropped before it has ended, unless the journal is fenced: its writes go on, and an older image of a
    /// page would land after whoever writes next.
    pub(crate) async fn write_out(&self, upto: u64, partial_pages: bool) -> Result<(), DiskError> {
        let _writing = self.write_mutex.acquire(1).await;
        self.write_out_locked(upto, partial_pages).await
    }

    async fn write_out_locked(&self, upto: u64, partial_pages: bool) -> Result<(), DiskError> {
        loop {
            let writes = {
                let state = self.state.borrow();
                if state.is_gone {
                    return Ok(());
                }
                state.tail.next_writes(upto, partial_pages, WRITES_BYTES_MAX)
            };
            let Some(last) = writes.last() else { return Ok(()) };
            let (base, flushed_to) = (last.segment_base, last.flushed_to);
            let name = self.state.borrow().core.name_of(base);
            let path = self.segment_path(name);
            let file = self
                .services
                .retry
                .persist(async || self.services.files.get(self.key, name, &path, true).await)
                .await?;
            let bytes: usize = writes.iter().map(|write| write.data.len()).sum();
            // A chunk each: with many logs chunks are small, and one after the other would take a round trip for each.
            // All of them end before the mutex is free, also when one has failed.
            let written = join_all(writes.into_iter().map(|write| {
                let file = &file;
                self.services
                    .retry
                    .persist(async move || file.write_at(write.position, write.data.clone()).await)
            }));
            written.await.into_iter().collect::<Result<(), DiskError>>()?;
            let before = {
                let mut state = self.state.borrow_mut();
                if !state.unsynced.contains(&base) {
                    state.unsynced.push(base);
                }
                let before = state.tail.dirty();
                state.tail.flushed_to(flushed_to);
                before - state.tail.dirty()
            };
            self.services.dirty.remove(before);
            self.services.stats.borrow_mut().flushed_bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        }
    }

    /// Makes what was written of a segment durable, its name included.
    pub(crate) async fn sync_segment(&self, base: Offset) -> Result<(), Fenced> {
        self.services
            .retry
            .alone(&self.sync_mutex, async || self.sync_named(base).await)
            .await
    }

    async fn sync_named(&self, base: Offset) -> Result<(), DiskError> {
        let created = {
            let state = self.state.borrow();
            (state.files_named < state.files_created).then_some(state.files_created)
        };
        if let Some(created) = created {
            let dir = self.services.partition_dir(&self.directory);
            let brief = self.services.files.brief_opens.acquire(1).await;
            self.services.handle.disk.sync_dir(&dir).await?;
            drop(brief);
            let mut state = self.state.borrow_mut();
            state.files_named = state.files_named.max(created);
        }
        let name = self.state.borrow().core.name_of(base);
        let path = self.segment_path(name);
        let file = self.services.files.get(self.key, name, &path, true).await?;
        file.sync().await
    }

    /// As [`PartitionLog::sync_segment`], unless retention has removed the segment or the log is deleted.
    pub(crate) async fn sync_segment_if_there(&self, base: Offset) -> Result<(), Fenced> {
        let _writing = self.write_mutex.acquire(1).await;
        {
            let state = self.state.borrow();
            let is_known = state.core.segments().iter().any(|segment| segment.base == base);
            if !is_known || state.is_gone {
                return Ok(());
            }
        }
        self.sync_segment(base).await
    }

    /// The stream position after the last byte of the log.
    pub(crate) fn tail_end(&self) -> u64 {
        self.state.borrow().tail.end()
    }

    /// The segments that were written to since they were last taken, for a checkpoint to sync.
    pub(crate) fn take_unsynced(&self) -> Vec<Offset> {
        let mut state = self.state.borrow_mut();
        std::mem::take(&mut state.unsynced)
    }

    /// Whether anything happened since the last call; asked by checkpoints.
    pub(crate) fn take_touched(&self) -> bool {
        std::mem::take(&mut self.state.borrow_mut().is_touched)
    }

    /// Queues the log for the flusher, once.
    pub(crate) fn want_flush(&self) {
        let mut state = self.state.borrow_mut();
        let is_deleted = matches!(state.status, Status::Deleted);
        if state.tail.dirty() > 0 && !is_deleted && !std::mem::replace(&mut state.is_flush_queued, true) {
            self.services.flushes.push(self.key);
        }
    }

    async fn flush_queued(&self) -> Result<(), DiskError> {
        let _writing = self.write_mutex.acquire(1).await;
        // Only now: a log waits for its mutex in one of the places for flushes, not in all of them.
        self.state.borrow_mut().is_flush_queued = false;
        // With memory short, the last pages go too.
        let partial_pages = self.services.dirty.is_high() || self.services.cache.is_full();
        self.write_out_locked(self.tail_end(), partial_pages).await
    }
}

/// How many logs are flushed at once.
const FLUSHES_MAX: usize = 8;

/// Flushes the logs that queue up.
pub(crate) async fn run(services: Rc<LogServices>) {
    let queue = services.flushes.clone();
    let keys = stream::unfold(
        queue,
        |queue| async move { queue.pop().await.map(|key| (key, queue)) },
    );
    keys.for_each_concurrent(FLUSHES_MAX, |key| flush_one(&services, key))
        .await;
}

async fn flush_one(services: &LogServices, key: PartitionKey) {
    let Some(log) = services.registry.partition(key) else {
        return;
    };
    if services.fence.fenced().is_some() {
        return;
    }
    if let Err(error) = log.flush_queued().await {
        services.fence.fence(&error);
        return;
    }
    // Whoever appends next asks for more flushing, should this not have sufficed.
    drop(services.cache.evict(&services.registry));
    if services.fence.life() == Life::Open && services.flushes.is_empty() && services.dirty.is_high() {
        // Many logs with little each: none of them asks by itself.
        for log in services.registry.all() {
            log.want_flush();
        }
    }
}
