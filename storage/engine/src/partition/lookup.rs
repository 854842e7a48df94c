//! Offsets by time (ListOffsets).

use std::rc::Rc;
use std::sync::Arc;

use corelog_model::{Offset, TimestampMs};
use corelog_records::Records;
use corelog_runtime::WorkClass;
use corelog_runtime::local::oneshot;

use super::PartitionLog;
use super::read::Found;
use crate::errors::ReadError;
use crate::log::segment::{NO_TIMESTAMP, Segment};
use crate::types::{ReadIsolation, TimestampedOffset};

impl PartitionLog {
    /// The first record at or after `timestamp` that is below the high watermark; `None` if there is none.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn offset_for_timestamp(
        self: &Rc<Self>,
        timestamp: TimestampMs,
    ) -> Result<Option<TimestampedOffset>, ReadError> {
        loop {
            match self.find_timestamp(timestamp).await {
                // What is there now is another log than the one that was looked through.
                Err(ReadError::CutOff) => {}
                found => return found,
            }
        }
    }

    async fn find_timestamp(&self, timestamp: TimestampMs) -> Result<Option<TimestampedOffset>, ReadError> {
        let start = self.offsets().log_start;
        let end = self.check_read(start, ReadIsolation::HighWatermark)?;
        // What is appended from here on is of no interest.
        let (segments, cuts) = {
            let state = self.state.borrow();
            (state.core.segments().to_vec(), state.cuts)
        };
        self.make_readable().await?;
        for segment in segments {
            if segment.size == 0 || segment.max_timestamp < timestamp {
                continue;
            }
            let index = self.index_of(segment, cuts).await?;
            let mut scan = self.scan(segment, cuts, index.position_for_timestamp(timestamp));
            while let Some(found) = scan.next().await? {
                if found.header.base_offset >= end {
                    return Ok(None);
                }
                if found.header.max_timestamp >= timestamp
                    && found.header.next_offset() > start
                    && let Some(place) = self.first_record(&found, start, |stamp| stamp >= timestamp)
                {
                    return Ok(Some(place));
                }
            }
        }
        Ok(None)
    }

    /// The first record with the largest timestamp of the log; `None` if the log has no records with timestamps.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn offset_of_max_timestamp(self: &Rc<Self>) -> Result<Option<TimestampedOffset>, ReadError> {
        loop {
            match self.find_max_timestamp().await {
                Err(ReadError::CutOff) => {}
                found => return found,
            }
        }
    }

    async fn find_max_timestamp(&self) -> Result<Option<TimestampedOffset>, ReadError> {
        let start = self.offsets().log_start;
        self.check_read(start, ReadIsolation::HighWatermark)?;
        let (newest, cuts) = {
            let state = self.state.borrow();
            let mut newest: Option<Segment> = None;
            for segment in state.core.segments() {
                if segment.max_timestamp > newest.map_or(NO_TIMESTAMP, |known| known.max_timestamp) {
                    newest = Some(*segment);
                }
            }
            (newest, state.cuts)
        };
        let Some(segment) = newest else { return Ok(None) };
        self.make_readable().await?;
        let index = self.index_of(segment, cuts).await?;
        let position = index.position_for_offset(segment.max_timestamp_offset);
        let mut scan = self.scan(segment, cuts, position);
        while let Some(found) = scan.next().await? {
            if found.header.max_timestamp == segment.max_timestamp && found.header.record_count > 0 {
                return Ok(self.first_record(&found, start, |stamp| stamp >= segment.max_timestamp));
            }
        }
        Ok(None)
    }

    /// Brings the tail to the segments, so that a scan of the files sees the whole log.
    pub(super) async fn make_readable(&self) -> Result<(), ReadError> {
        if self.state.borrow().tail.dirty() == 0 {
            return Ok(());
        }
        let log = self
            .services
            .registry
            .partition(self.key)
            .ok_or(ReadError::Deleted)?;
        let (sender, receiver) = oneshot::channel();
        // On its own: a reader may go away at any time, and the writes must not lose their mutex.
        self.services
            .handle
            .spawn(WorkClass::Normal, "flush for a reader", async move {
                let written = log.write_out(log.tail_end(), true).await;
                // The reader may be gone.
                let _gone = sender.send(written);
            });
        match receiver.await {
            Ok(written) => written.map_err(|error| ReadError::Io(Arc::new(error))),
            Err(oneshot::Canceled) => Err(ReadError::Deleted),
        }
    }

    /// The first record of a batch, at or after the log's start, whose timestamp is wanted. A batch whose records
    /// cannot be read counts as a whole.
    fn first_record(
        &self,
        found: &Found,
        log_start: Offset,
        is_wanted: impl Fn(TimestampMs) -> bool,
    ) -> Option<TimestampedOffset> {
        /// The largest decompressed batch that is looked into, in bytes.
        const PAYLOAD_BYTES_MAX: usize = 64 << 20;
        let header = &found.header;
        let whole = is_wanted(header.max_timestamp).then(|| TimestampedOffset {
            offset: header.base_offset.max(log_start),
            timestamp: header.max_timestamp,
            leader_epoch: header.leader_epoch,
        });
        let Ok(payload) = corelog_records::payload(header, &found.bytes, PAYLOAD_BYTES_MAX) else {
            return whole;
        };
        for record in Records::new(header, &payload) {
            let Ok(record) = record else { return whole };
            let (Some(offset), Some(timestamp)) = (record.offset(header), record.timestamp(header)) else {
                return whole;
            };
            if offset >= log_start && is_wanted(timestamp) {
                return Some(TimestampedOffset {
                    offset,
                    timestamp,
                    leader_epoch: header.leader_epoch,
                });
            }
        }
        None
    }
}
