//! The indexes of closed segments: kept in files, read when they are needed, made anew when they are missing.

use std::rc::Rc;

use corelog_model::{Offset, TimestampMs};
use corelog_records::end_marker;
use corelog_runtime::{DiskError, WorkClass};

use super::PartitionLog;
use crate::errors::ReadError;
use crate::format::envelope;
use crate::format::v3::{SegmentIndexV3, decode_segment_index};
use crate::log::aborted_search::AbortedSearch;
use crate::log::index::SparseIndex;
use crate::log::segment::{NO_TIMESTAMP, Segment};

impl PartitionLog {
    /// Writes a closed segment's index. It is derived data: a failure costs a scan later.
    pub(super) async fn write_index(&self, segment: Segment) {
        let found = self
            .state
            .borrow()
            .closed_indexes
            .iter()
            .find(|(name, _)| *name == segment.name())
            .map(|(_, index)| Rc::clone(index));
        let Some(index) = found else { return };
        match self.put_index(segment, &index).await {
            Ok(()) => self
                .state
                .borrow_mut()
                .closed_indexes
                .retain(|(name, _)| *name != segment.name()),
            Err(error) => tracing::warn!(%error, "a segment's index is not written; it will be made anew"),
        }
    }

    /// The index of a segment: the active one's, one in memory, the file's, or one made by reading the segment.
    /// `segment` is as it was when the log's end had been cut off `cuts` times.
    pub(super) async fn index_of(&self, segment: Segment, cuts: u64) -> Result<Rc<SparseIndex>, ReadError> {
        let segment = {
            let state = self.state.borrow();
            if state.core.active().name() == segment.name() {
                return Ok(Rc::clone(state.core.index()));
            }
            // It may have grown since it was looked at.
            let mut segments = state.core.segments().iter();
            let now = segments.find(|known| known.name() == segment.name()).copied();
            let found = state
                .closed_indexes
                .iter()
                .find(|(name, _)| *name == segment.name());
            if let Some((_, index)) = found {
                return Ok(Rc::clone(index));
            }
            now.unwrap_or(segment)
        };
        let path = self.index_path(segment.name());
        let read = {
            let _brief = self.services.files.brief_opens.acquire(1).await;
            envelope::read_file(&self.services.handle, &path).await
        };
        if let Ok(Some(content)) = read
            && let Ok(value) = decode_segment_index(&content)
            && value.segment_size == segment.size
            && value.base_offset == segment.base.get()
        {
            let index = SparseIndex::from_entries(&value.entries).with_aborted(&value.aborted);
            return Ok(self.keep_index(segment, cuts, index));
        }
        let index = self.rebuild_index(segment, cuts).await?;
        let index = self.keep_index(segment, cuts, index);
        if let Some(log) = self.services.registry.partition(self.key) {
            // So that it need not be made again. On its own: a reader may go away at any time.
            let task = async move { log.write_index(segment).await };
            self.services
                .handle
                .spawn(WorkClass::Background, "index write", task);
        }
        Ok(index)
    }

    /// Puts an index into its file. Whoever removes the segment, or the partition, waits for it, so that no file of it
    /// stays behind, or comes to lie in the directory of another partition.
    async fn put_index(&self, segment: Segment, index: &SparseIndex) -> Result<(), DiskError> {
        let _writing = self.write_mutex.acquire(1).await;
        let is_there = {
            let state = self.state.borrow();
            let mut segments = state.core.segments().iter();
            let is_same = |known: &Segment| known.name() == segment.name() && known.size == segment.size;
            !state.is_gone && segments.any(is_same)
        };
        if !is_there {
            return Ok(());
        }
        let value = SegmentIndexV3 {
            base_offset: segment.base.get(),
            segment_size: segment.size,
            entries: index.entries().to_vec(),
            aborted: index.aborted_v3(),
        };
        let content = envelope::encode(envelope::SEGMENT_INDEX, &value);
        let _brief = self.services.files.brief_opens.acquire(1).await;
        envelope::write_file(&self.services.handle, &self.index_path(segment.name()), content).await
    }

    fn keep_index(&self, segment: Segment, cuts: u64, index: SparseIndex) -> Rc<SparseIndex> {
        /// How many indexes of closed segments a log keeps in memory.
        const KEPT_MAX: usize = 4;
        let index = Rc::new(index);
        let mut state = self.state.borrow_mut();
        let is_known = state
            .core
            .segments()
            .iter()
            .any(|known| (known.name(), known.size) == (segment.name(), segment.size));
        if state.cuts != cuts || !is_known {
            return index;
        }
        if state.closed_indexes.len() >= KEPT_MAX {
            state.closed_indexes.remove(0);
        }
        state.closed_indexes.push((segment.name(), Rc::clone(&index)));
        index
    }

    async fn rebuild_index(&self, segment: Segment, cuts: u64) -> Result<SparseIndex, ReadError> {
        self.make_readable().await?;
        let mut index = SparseIndex::default();
        let mut search = AbortedSearch::default();
        let mut scan = self.scan(segment, cuts, 0);
        let mut max_timestamp: TimestampMs = NO_TIMESTAMP;
        while let Some(found) = scan.next().await? {
            index.note(found.header.base_offset, found.position, max_timestamp, 0);
            max_timestamp = max_timestamp.max(found.header.max_timestamp);
            search.see(&found.header, end_marker(&found.header, &found.bytes));
        }
        if segment.has_aborted {
            self.search_earlier(segment.base, cuts, &mut search).await?;
            search.finish().for_each(|aborted| index.note_aborted(aborted));
        }
        Ok(index)
    }

    /// Reads the segments before the one at `base`, newest first, as far as transactions may begin in them.
    async fn search_earlier(
        &self,
        base: Offset,
        cuts: u64,
        search: &mut AbortedSearch,
    ) -> Result<(), ReadError> {
        let segments = self.state.borrow().core.segments().to_vec();
        let mut earlier = segments.into_iter().rev().filter(|segment| segment.base < base);
        while search.end_segment()
            && let Some(segment) = earlier.next()
        {
            let mut scan = self.scan(segment, cuts, 0);
            while let Some(found) = scan.next().await? {
                search.see(&found.header, end_marker(&found.header, &found.bytes));
            }
        }
        Ok(())
    }
}
