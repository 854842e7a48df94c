//! Reading: from the tail without I/O, or from a segment.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use corelog_model::batch::{self, BatchHeader};
use corelog_model::{LeaderEpoch, Offset};
use corelog_runtime::LocalFuture;
use corelog_runtime::buffer::{AlignedBuf, PAGE};

use super::PartitionLog;
use crate::errors::ReadError;
use crate::log::segment::Segment;
use crate::memory::windows::{WINDOW_BYTES_MAX, Window};
use crate::tail::TailSlice;
use crate::types::{AbortedTransaction, LogSlice, ReadIsolation};

/// A batch found in a segment.
pub(super) struct Found {
    pub(super) header: BatchHeader,
    pub(super) position: u64,
    pub(super) bytes: Bytes,
}

/// Whether a slice says which transactions were aborted.
enum Aborted {
    Told,
    /// Those with records from its beginning up to here are in the indexes of closed segments, which take I/O.
    Between(Offset),
}

/// A walk over the batches of a segment's file, each checked against its checksum.
pub(super) struct SegmentScan<'a> {
    log: &'a PartitionLog,
    segment: Segment,
    /// How often the log's end had been cut off when the walk began.
    cuts: u64,
    position: u64,
    end: u64,
    /// The offset that the next batch has, once one was read.
    next: Option<Offset>,
    window: Bytes,
    window_start: u64,
    /// How many bytes the walk will need, as far as that is known, and how many it reads at a time while nothing else
    /// waits for the disk.
    asked_bytes: usize,
    read_bytes: usize,
    /// Nobody will come back for what is read.
    is_passing_by: bool,
}

impl SegmentScan<'_> {
    /// Keeps nothing of what it reads for others.
    pub(super) fn passing_by(mut self) -> Self {
        self.is_passing_by = true;
        self
    }

    /// The next batch, `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Found>, ReadError> {
        if self.position >= self.end {
            return Ok(None);
        }
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        let mut needed = batch::HEADER_SIZE.min(left);
        loop {
            let bytes = self.fill(needed).await?;
            let size = batch::peek_size(&bytes).map_err(|error| self.corrupt(&error))?;
            if size > left {
                return Err(self.corrupt(&"a batch goes beyond the segment's end"));
            }
            if bytes.len() < size {
                needed = size;
                continue;
            }
            let header = batch::parse_header(&bytes).map_err(|error| self.corrupt(&error))?;
            batch::check_crc(&header, &bytes).map_err(|error| self.corrupt(&error))?;
            let segment_end = {
                let state = self.log.state.borrow();
                let found = state.core.segment_of(self.segment.base);
                found.map_or(state.core.offsets().log_end, |(_, end)| end)
            };
            let follows = |expected: Offset| {
                header.base_offset == expected || (self.segment.has_gaps && header.base_offset > expected)
            };
            if header.base_offset < self.segment.base
                || !self.next.is_none_or(follows)
                || header.next_offset() > segment_end
            {
                // A whole batch, but not one of this place: a read or a write went astray.
                let found = header.base_offset;
                return Err(self.corrupt(&format_args!("a batch of another place, at offset {found}")));
            }
            if let Some(known) = self.epoch_of(&header) {
                // No checksum covers the epoch: it is written after the batch was made.
                let found = header.leader_epoch;
                return Err(self.corrupt(&format_args!("a batch of leader epoch {found} where {known} was")));
            }
            self.next = Some(header.next_offset());
            let found = Found {
                header,
                position: self.position,
                bytes: bytes.slice(..size),
            };
            self.position += u64::try_from(size).expect("a size within u64");
            return Ok(Some(found));
        }
    }

    /// The epoch that a batch was appended in, if that is known and the batch says another one.
    fn epoch_of(&self, header: &BatchHeader) -> Option<LeaderEpoch> {
        let state = self.log.state.borrow();
        let log_start = state.core.offsets().log_start;
        // Of what lies before the log's start the table knows nothing.
        let place = header.base_offset.max(log_start);
        let known = (place < header.next_offset()).then(|| state.core.epochs.epoch_of(place));
        known.flatten().filter(|known| *known != header.leader_epoch)
    }

    /// The log's end was cut off since the walk began, or the segment was replaced by a cleaned one, or let go.
    fn is_outdated(&self) -> bool {
        let state = self.log.state.borrow();
        state.cuts != self.cuts || !state.core.has_segment(self.segment.name())
    }

    pub(super) fn corrupt(&self, what: &dyn std::fmt::Display) -> ReadError {
        if self.is_outdated() {
            return ReadError::CutOff;
        }
        let path = self.log.segment_path(self.segment.name());
        let reason = format!("{} at byte {}: {what}", path.display(), self.position);
        tracing::error!(%reason, "a segment is corrupt");
        self.log.services.stats.borrow_mut().corrupt_reads += 1;
        // The bytes may be right and the read wrong: the next reader looks for itself.
        self.log
            .services
            .windows
            .forget(self.log.key, self.segment.name());
        ReadError::Corrupt(Arc::from(reason))
    }

    /// The window's bytes from the current position, at least `needed` of them.
    async fn fill(&mut self, needed: usize) -> Result<Bytes, ReadError> {
        let have = |window: &Bytes, start: u64, position: u64| -> Option<Bytes> {
            let at = usize::try_from(position.checked_sub(start)?).ok()?;
            (at + needed <= window.len()).then(|| window.slice(at..))
        };
        if let Some(bytes) = have(&self.window, self.window_start, self.position) {
            return Ok(bytes);
        }
        let services = &self.log.services;
        let (key, base, name) = (self.log.key, self.segment.base, self.segment.name());
        if let Some(kept) = services.windows.find(key, name, self.position) {
            (self.window, self.window_start) = (kept.bytes, kept.start);
            if let Some(bytes) = have(&self.window, self.window_start, self.position) {
                return Ok(bytes);
            }
        }
        let page = u64::try_from(PAGE).expect("4096");
        let start = self.position & !(page - 1);
        // The pages that are here are not read again.
        let begun = start
            .checked_sub(self.window_start)
            .and_then(|at| self.window.get(usize::try_from(at).ok()?..))
            .map_or(&[][..], |bytes| &bytes[..bytes.len() & !(PAGE - 1)]);
        let skip = usize::try_from(self.position - start).expect("less than a page");
        let until_end = usize::try_from(self.end - start).unwrap_or(usize::MAX);
        let wanted = if services.reads.are_free() {
            self.read_bytes
        } else {
            skip + self.asked_bytes
        };
        let length = (skip + needed).max(wanted.min(until_end)).next_multiple_of(PAGE);
        let path = self.log.segment_path(self.segment.name());
        let io = |error| {
            // A segment behind the log's new end has no file any more, nor has one that was cleaned.
            if self.is_outdated() {
                ReadError::CutOff
            } else {
                ReadError::Io(Arc::new(error))
            }
        };
        // The turn first: a file that is waited with keeps its descriptor from others.
        services.reads.turn(length - begun.len()).await;
        let file = services.files.get(key, name, &path, false).await.map_err(io)?;
        // Bytes behind what is flushed now are not what will be there, even if they come to be while this reads.
        let flushed = self.log.state.borrow().tail.flushed_position(base, self.end);
        let from = start + u64::try_from(begun.len()).expect("a length within u64");
        let (read, mut buffer) = file
            .read_at(from, AlignedBuf::recycled(length - begun.len()))
            .await;
        let read = read.map_err(io)?;
        services.stats.borrow_mut().disk_read_bytes += u64::try_from(read).unwrap_or(0);
        let distance = self.log.state.borrow().core.bytes_from(base, self.position);
        if !self.is_passing_by {
            services.cache.missed(distance, read);
        }
        if !begun.is_empty() {
            let mut whole = AlignedBuf::recycled(length);
            let (front, back) = whole.split_at_mut(begun.len());
            front.copy_from_slice(begun);
            back.copy_from_slice(&buffer);
            buffer = whole;
        }
        let valid = usize::try_from(flushed.saturating_sub(start)).unwrap_or(usize::MAX);
        let read = begun.len() + read;
        self.window = buffer.freeze().slice(..read.min(valid));
        self.window_start = start;
        // What was cut off meanwhile is nobody's.
        if !self.is_passing_by && !self.is_outdated() {
            services.windows.keep(Window {
                key,
                segment: name,
                start,
                bytes: self.window.clone(),
            });
        }
        have(&self.window, self.window_start, self.position)
            .ok_or_else(|| self.corrupt(&"the file is shorter than the segment"))
    }
}

impl PartitionLog {
    /// Reads whole batches from the one that holds `from`, about `bytes_max` of them but one at least if there is
    /// one, never beyond what `isolation` lets see. What the tail holds is returned as views, without I/O.
    ///
    /// # Errors
    /// See [`ReadError`]. An offset at the end is not an error: it gives no bytes.
    pub fn read(
        self: &Rc<Self>,
        from: Offset,
        bytes_max: usize,
        isolation: ReadIsolation,
    ) -> LocalFuture<Result<LogSlice, ReadError>> {
        match self.read_tail(from, bytes_max, isolation) {
            Ok(Some((slice, Aborted::Told))) => Box::pin(std::future::ready(Ok(slice))),
            Err(error) => Box::pin(std::future::ready(Err(error))),
            Ok(Some((mut slice, Aborted::Between(upto)))) => {
                let log = Rc::clone(self);
                let swaps = self.swaps();
                Box::pin(async move {
                    match log.aborted_between(from, upto).await {
                        Ok(aborted) if log.swaps() == swaps => slice.aborted = aborted,
                        // With a marker that a cleaning has taken out, its records are still in the slice.
                        Ok(_) | Err(ReadError::CutOff) => return log.read(from, bytes_max, isolation).await,
                        // The log may have been cut or deleted while it was looked for.
                        Err(error) => {
                            return Err(log.check_read(from, isolation).err().unwrap_or(error));
                        }
                    }
                    Ok(slice)
                })
            }
            Ok(None) => {
                let log = Rc::clone(self);
                Box::pin(async move { log.read_segment(from, bytes_max, isolation).await })
            }
        }
    }

    /// Whether this log may be read at `from`; the end for the reader.
    pub(super) fn check_read(&self, from: Offset, isolation: ReadIsolation) -> Result<Offset, ReadError> {
        let state = self.state.borrow();
        state.status.check_readable()?;
        let offsets = state.core.offsets();
        let end = match isolation {
            ReadIsolation::LastStable => offsets.last_stable,
            ReadIsolation::HighWatermark => offsets.high_watermark,
            ReadIsolation::LogEnd => offsets.log_end,
        };
        if from < offsets.log_start || from > offsets.log_end {
            return Err(ReadError::OffsetOutOfRange {
                requested: from,
                log_start: offsets.log_start,
                end,
            });
        }
        Ok(end)
    }

    fn read_tail(
        &self,
        from: Offset,
        bytes_max: usize,
        isolation: ReadIsolation,
    ) -> Result<Option<(LogSlice, Aborted)>, ReadError> {
        let end = self.check_read(from, isolation)?;
        let state = self.state.borrow();
        let offsets = state.core.offsets();
        let slice = if from >= end {
            Some(TailSlice::default())
        } else {
            state.tail.read(from, end, bytes_max)
        };
        let Some(slice) = slice else { return Ok(None) };
        let mut aborted = Vec::new();
        let mut told = Aborted::Told;
        if isolation == ReadIsolation::LastStable && !slice.pieces.is_empty() {
            let (first, _) = state.core.segment_of(from).expect("checked to be in the log");
            let (active, closed) = state.core.segments().split_last().expect("the active one");
            let is_asked = |segment: &Segment| segment.base >= first.base && segment.has_aborted;
            if closed.iter().any(is_asked) {
                told = Aborted::Between(slice.upto);
            } else if active.has_aborted {
                state.core.index().collect_aborted(from, slice.upto, &mut aborted);
                aborted.sort_unstable_by_key(|aborted| aborted.first_offset);
            }
        }
        let slice = LogSlice {
            bytes: slice.pieces.iter().map(Bytes::len).sum(),
            held_bytes: slice.held_bytes,
            pieces: slice.pieces,
            offsets,
            aborted,
        };
        Ok(Some((slice, told)))
    }

    /// The aborted transactions with records in `from..to`, by their first offset. Their markers may be in any segment
    /// behind.
    pub(super) async fn aborted_between(
        &self,
        from: Offset,
        to: Offset,
    ) -> Result<Vec<AbortedTransaction>, ReadError> {
        let (segments, cuts) = {
            let state = self.state.borrow();
            let segments = state.core.segments();
            let first = segments.partition_point(|segment| segment.base <= from);
            (segments[first.saturating_sub(1)..].to_vec(), state.cuts)
        };
        let mut aborted = Vec::new();
        for segment in segments.into_iter().filter(|segment| segment.has_aborted) {
            let index = self.index_of(segment, cuts).await?;
            if index.collect_aborted(from, to, &mut aborted) {
                break;
            }
        }
        aborted.sort_unstable_by_key(|aborted| aborted.first_offset);
        Ok(aborted)
    }

    /// A walk over the batches of a segment, as it was when the log's end had been cut off `cuts` times, from a position
    /// that begins one.
    pub(super) fn scan(&self, segment: Segment, cuts: u64, position: u64) -> SegmentScan<'_> {
        SegmentScan {
            log: self,
            segment,
            cuts,
            position,
            end: segment.size,
            next: None,
            window: Bytes::new(),
            window_start: 0,
            asked_bytes: self.services.options.read_ahead_bytes,
            read_bytes: self.services.options.read_ahead_bytes,
            is_passing_by: false,
        }
    }

    async fn read_segment(
        &self,
        from: Offset,
        bytes_max: usize,
        isolation: ReadIsolation,
    ) -> Result<LogSlice, ReadError> {
        loop {
            match self.read_segment_once(from, bytes_max, isolation).await {
                Err(ReadError::CutOff) => {}
                read => return read,
            }
        }
    }

    async fn read_segment_once(
        &self,
        from: Offset,
        bytes_max: usize,
        isolation: ReadIsolation,
    ) -> Result<LogSlice, ReadError> {
        let end = self.check_read(from, isolation)?;
        let (segment, cuts, swaps, offsets) = {
            let state = self.state.borrow();
            let (segment, _) = state.core.segment_of(from).expect("checked to be in the log");
            (segment, state.cuts, state.swaps, state.core.offsets())
        };
        match self.read_from(segment, cuts, from, end, bytes_max).await {
            Ok((pieces, windows_bytes, upto)) => {
                let bytes = pieces.iter().map(Bytes::len).sum();
                let aborted = if isolation == ReadIsolation::LastStable && bytes > 0 {
                    let told = self.aborted_between(from, upto).await;
                    let told =
                        told.map_err(|error| self.check_read(from, isolation).err().unwrap_or(error))?;
                    if self.swaps() != swaps {
                        // What a cleaning has taken out with its marker is still in the pieces.
                        return Err(ReadError::CutOff);
                    }
                    told
                } else {
                    Vec::new()
                };
                let (pieces, held_bytes) = if windows_bytes / 2 > bytes {
                    // Mostly read ahead: the reader who does not take it up soon must not hold it.
                    (vec![Bytes::from(pieces.concat())], bytes)
                } else {
                    (pieces, windows_bytes)
                };
                Ok(LogSlice {
                    pieces,
                    bytes,
                    held_bytes,
                    offsets,
                    aborted,
                })
            }
            // The log may have been cut or deleted while the segment was read.
            Err(error) => Err(self.check_read(from, isolation).err().unwrap_or(error)),
        }
    }

    /// Whole batches, the length of the windows that they lie in, and the offset that they end before.
    async fn read_from(
        &self,
        segment: Segment,
        cuts: u64,
        from: Offset,
        end: Offset,
        bytes_max: usize,
    ) -> Result<(Vec<Bytes>, usize, Offset), ReadError> {
        let index = self.index_of(segment, cuts).await?;
        let mut scan = self.scan(segment, cuts, index.position_for_offset(from));
        scan.asked_bytes = bytes_max.min(WINDOW_BYTES_MAX);
        scan.read_bytes = scan.read_bytes.max(scan.asked_bytes);
        let mut pieces: Vec<Bytes> = Vec::new();
        let mut windows_bytes = 0;
        let mut window_counted = None;
        let mut total = 0;
        let mut upto = from;
        while let Some(found) = scan.next().await? {
            if found.header.next_offset() <= from {
                continue;
            }
            if pieces.is_empty() && found.header.base_offset > from && !segment.has_gaps {
                return Err(scan.corrupt(&format_args!(
                    "a batch begins at {} there",
                    found.header.base_offset
                )));
            }
            let is_too_much = !pieces.is_empty() && total + found.bytes.len() > bytes_max;
            if found.header.base_offset >= end || is_too_much {
                break;
            }
            total += found.bytes.len();
            upto = found.header.next_offset();
            if window_counted != Some(scan.window.as_ptr()) {
                window_counted = Some(scan.window.as_ptr());
                windows_bytes += scan.window.len();
            }
            match pieces.last_mut() {
                Some(last) if follows(last, &found.bytes) => *last = join(last, &found.bytes, &scan.window),
                Some(_) | None => pieces.push(found.bytes),
            }
            if total >= bytes_max {
                break;
            }
            // What the tail holds now may not be in the segment.
            let tail_begins = self.state.borrow().tail.first_offset();
            if tail_begins.is_some_and(|first| found.header.next_offset() >= first) {
                break;
            }
        }
        if pieces.is_empty() && from < end && !segment.has_gaps {
            return Err(scan.corrupt(&format_args!("offset {from} is not there")));
        }
        Ok((pieces, windows_bytes, upto))
    }
}

/// Whether `next` lies directly behind `last` in memory.
fn follows(last: &Bytes, next: &Bytes) -> bool {
    last.as_ptr_range().end == next.as_ptr()
}

/// The two neighbours as one slice of the window they lie in.
fn join(last: &Bytes, next: &Bytes, window: &Bytes) -> Bytes {
    let start = last.as_ptr().addr().checked_sub(window.as_ptr().addr());
    match start {
        Some(start) if start + last.len() + next.len() <= window.len() => {
            window.slice(start..start + last.len() + next.len())
        }
        Some(_) | None => [&last[..], &next[..]].concat().into(),
    }
}
