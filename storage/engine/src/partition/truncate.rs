//! Cutting the end of a log off: what a follower does with what its leader does not have (Kafka's
//! `UnifiedLog.truncateTo`).
//!
//! The journal says it before anything is touched, so that a crash leaves the log as it was or as it is to be. What was cut
//! off is durably gone from the segments before anything is appended in its place: after a crash nothing old can be
//! taken for what should be there.

use std::rc::Rc;
use std::sync::Arc;

use corelog_model::Offset;
use corelog_records::end_marker;
use corelog_runtime::DiskError;
use corelog_runtime::local::oneshot;

use super::append::Admission;
use super::{PartitionLog, Reserved, Status};
use crate::errors::TruncateError;
use crate::fence::Life;
use crate::format::names::SegmentName;
use crate::format::v2::EntryV2;
use crate::log::segment::Segment;

impl PartitionLog {
    /// Cuts the end of the log off. The batches that lie before `offset` as a whole stay, and the log ends with the last of
    /// them; that end is returned once it is durable. Appends that were asked for before are cut off with the rest, those
    /// that are asked for after it come after the new end. A producer all of whose remembered batches are cut off is
    /// known again from what the last segment that stays holds of it, or else not.
    ///
    /// # Errors
    /// See [`TruncateError`].
    pub async fn truncate_to(self: &Rc<Self>, offset: Offset) -> Result<Offset, TruncateError> {
        let (sender, receiver) = oneshot::channel();
        self.enqueue(Admission::Truncation { offset, sender });
        receiver.await.unwrap_or(Err(TruncateError::Closed))
    }

    /// Truncates in the turn that appends wait for: none is admitted meanwhile, and no segment is rolled.
    pub(super) async fn truncate_in_turn(self: &Rc<Self>, offset: Offset) -> Result<Offset, TruncateError> {
        self.check_truncation(offset)?;
        if offset >= self.offsets().log_end {
            return self.durable_log_end(offset).await;
        }
        // From here on no cleaning replaces what is looked at.
        self.state.borrow_mut().is_cutting = true;
        self.keep_cleaning(offset).await?;
        let found = self.find_end(offset).await;
        // The log may have been deleted or trimmed, or the storage closed, while it was read.
        self.check_truncation(offset)?;
        found?;
        let (end, last) = {
            let state = self.state.borrow();
            let kept = state.coming_core.as_ref().expect("found just now");
            (kept.offsets().log_end, *kept.active())
        };
        let entry = EntryV2::LogEnd {
            topic: self.id.topic.get(),
            index: self.id.index.get(),
            offset: end.get(),
            segment_base_offset: last.base.get(),
            position: last.size,
        };
        // A checkpoint that begins behind the entry's frame has the log without what is cut off.
        self.state.borrow_mut().is_truncating = true;
        self.services.journal.begin_truncation();
        let cut = async {
            self.services.journal.change(entry).await?;
            self.cut_off().await
        };
        let cut = cut.await;
        self.services.journal.end_truncation();
        cut?;
        self.tell_owner();
        self.tell_watchers();
        Ok(end)
    }

    /// The log's end, at or before `offset`, once everything before it is stored as the log's durability asks.
    async fn durable_log_end(&self, offset: Offset) -> Result<Offset, TruncateError> {
        loop {
            let acknowledged = self.services.journal.acknowledged();
            self.check_truncation(offset)?;
            let offsets = self.offsets();
            if offsets.durable_end == offsets.log_end {
                return Ok(offsets.log_end);
            }
            acknowledged.await;
        }
    }

    /// Whether the log may be cut off at `offset` now.
    fn check_truncation(&self, offset: Offset) -> Result<(), TruncateError> {
        {
            let state = self.state.borrow();
            match &state.status {
                Status::Open => {}
                Status::Deleted => return Err(TruncateError::Deleted),
                Status::Corrupt(reason) => return Err(TruncateError::Corrupt(Arc::clone(reason))),
            }
            let log_start = state.core.offsets().log_start;
            if offset < log_start {
                return Err(TruncateError::OffsetOutOfRange {
                    requested: offset,
                    log_start,
                });
            }
        }
        if let Some(fenced) = self.services.fence.fenced() {
            return Err(fenced.into());
        }
        if self.services.fence.life() != Life::Open {
            return Err(TruncateError::Closed);
        }
        Ok(())
    }

    /// Forgets a cut that did not come to be; after a fence nothing is appended that it could matter to.
    pub(super) fn give_up_truncation(&self) {
        let mut state = self.state.borrow_mut();
        state.coming_core = None;
        state.is_truncating = false;
        state.is_cutting = false;
    }

    /// Waits until a checkpoint knows of the segment that the new end lies in, if that was cleaned: what the journal says of
    /// a place in it must not be taken for one in the segment of before.
    async fn keep_cleaning(&self, offset: Offset) -> Result<(), TruncateError> {
        loop {
            let made = self.services.checkpoints.ended();
            self.check_truncation(offset)?;
            {
                let state = self.state.borrow();
                let found = state.core.segment_of(offset).map(|(segment, _)| segment.base);
                if !found.is_some_and(|base| state.is_cleaning_in_doubt(base)) {
                    return Ok(());
                }
            }
            self.services.checkpoints.want_for_removals();
            made.await;
        }
    }

    /// Reads the segment that the new end lies in from its beginning: what is known of it must hold of what stays.
    async fn find_end(&self, offset: Offset) -> Result<(), TruncateError> {
        self.make_readable().await?;
        self.check_truncation(offset)?;
        let (segment, cuts, mut kept) = {
            let state = self.state.borrow();
            let (segment, _) = state.core.segment_of(offset).expect("checked to be in the log");
            (segment, state.cuts, state.core.clone())
        };
        let epoch = kept.leader_epoch();
        kept.return_to(segment.base);
        let mut scan = self.scan(segment, cuts, 0);
        while let Some(found) = scan.next().await? {
            if found.header.next_offset() > offset {
                break;
            }
            kept.absorb(
                &found.header,
                end_marker(&found.header, &found.bytes),
                segment.changed,
            );
        }
        kept.set_created(segment.base, segment.created);
        let mut state = self.state.borrow_mut();
        let log_start = state.core.offsets().log_start.max(state.coming_log_start);
        if kept.offsets().log_end < log_start {
            return Err(TruncateError::OffsetOutOfRange {
                requested: offset,
                log_start,
            });
        }
        if state.core.leader_epoch() != epoch {
            kept.set_leader_epoch(state.core.leader_epoch());
        }
        kept.take_over(state.core.offsets());
        // The log's start stays before this end from here on.
        state.coming_core = Some(kept);
        Ok(())
    }

    /// Whether the log is about to end before `offset`.
    pub(super) fn is_cut_before(&self, offset: Offset) -> bool {
        let state = self.state.borrow();
        let coming = state.coming_core.as_ref();
        coming.is_some_and(|kept| kept.offsets().log_end < offset)
    }

    /// Acts on a new end that the journal has.
    async fn cut_off(&self) -> Result<(), TruncateError> {
        let writing = self.write_mutex.acquire(1).await;
        let (gone, last, freed, held) = {
            let mut state = self.state.borrow_mut();
            if state.is_gone {
                return Err(TruncateError::Deleted);
            }
            let kept = state.coming_core.take().expect("found before");
            state.is_truncating = false;
            let last = *kept.active();
            // What a cleaning has left there goes, too, since its names may be given anew.
            let behind = |name: &SegmentName| name.base > last.base;
            let segments = state.core.segments().iter().map(Segment::name);
            let left = state.leftovers.iter().map(|left| left.name);
            let gone: Vec<SegmentName> = segments.chain(left).filter(behind).collect();
            state.leftovers.retain(|left| !behind(&left.name));
            state.core.replace_with(kept);
            state.cuts += 1;
            state.reserved = Reserved::default();
            state.recovery_base = state.recovery_base.min(last.base);
            state.unsynced.retain(|base| *base <= last.base);
            state.closed_indexes.retain(|(name, _)| name.base < last.base);
            state.is_touched = true;
            let held = !state.tail.is_empty();
            let freed = state.tail.evict_all();
            assert!(
                state.tail.is_empty(),
                "all was journaled and flushed, and nothing is appended"
            );
            (gone, last, freed, held)
        };
        self.services.cache.remove(freed);
        if held {
            self.services.cache.count_tail(false);
        }
        for name in gone.iter().chain([&last.name()]) {
            self.services.windows.forget(self.key, *name);
        }
        let cut = self
            .services
            .retry
            .persist(async || self.cut_files(&gone, last).await)
            .await;
        let is_there = cut.map_err(|error| self.services.fence.fence(&error))?;
        if is_there {
            self.sync_segment(last.base).await?;
        }
        drop(writing);
        Ok(())
    }

    /// Removes the files of the segments behind the last one that stays, and brings that one to its size; whether it has a
    /// file.
    async fn cut_files(&self, gone: &[SegmentName], last: Segment) -> Result<bool, DiskError> {
        let disk = &self.services.handle.disk;
        let mut paths = vec![self.index_path(last.name())];
        for name in gone {
            self.services.files.forget(self.key, *name);
            paths.extend([self.segment_path(*name), self.index_path(*name)]);
        }
        for path in paths {
            match disk.remove_file(&path).await {
                Err(error) if !error.is_not_found() => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        let path = self.segment_path(last.name());
        let is_there = match self.services.files.get(self.key, last.name(), &path, false).await {
            Ok(file) => {
                file.truncate(last.size).await?;
                true
            }
            // A segment that nothing was ever appended to has no file.
            Err(error) if error.is_not_found() && last.size == 0 => false,
            Err(error) => return Err(error),
        };
        // A name that came back could be taken for a later segment's.
        let _brief = self.services.files.brief_opens.acquire(1).await;
        disk.sync_dir(&self.services.partition_dir(&self.directory))
            .await?;
        Ok(is_there)
    }
}
