//! Cleaning one log: its closed segments are written anew without what nobody needs, and take the place of the old ones.
//!
//! ```text
//! read the dirty part: the last offset of each key │ write and sync a new file │ the log has it │ a checkpoint │ the old
//!                                                  │ a group of segments each  │ instead        │ says so      │ files go
//! ```
//! The new file has a name of its own (see [`SegmentName`]), so nothing is renamed, and the checkpoint says which of the two
//! is the segment's. A crash before that checkpoint leaves the old segments, which are still there, one after it the new ones;
//! files that are no segment's are removed. Nothing of it is in the journal: only segments that no frame of the journal speaks
//! of are cleaned, those before the one that was active at the last checkpoint. The one entry that may come to speak of them,
//! that the log's end was cut off within one, waits until a checkpoint has what it speaks of.
//!
//! Whatever changes the log meanwhile goes first: a cleaning looks, in the moment in which it puts a new segment in, whether the
//! old ones are all still what it has read.

use std::cell::Cell;
use std::rc::Rc;

use corelog_model::batch::{self, BatchHeader, HEADER_SIZE};
use corelog_model::{Offset, TimestampMs, TransactionResult};
use corelog_records::{emptied, end_marker};
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_runtime::local::yield_now;
use corelog_runtime::{DiskError, Remedy, WorkClass};

use super::read::Found;
use super::{PartitionLog, State, Status};
use crate::clean::batches::{Fate, Role, Rules, judge, note_keys};
use crate::clean::choice::{Choice, choose};
use crate::clean::groups::groups;
use crate::clean::key_map::{HashKey, KeyMap};
use crate::clean::run::{CleanStop, is_over};
use crate::clean::transactions::CleanedTransactions;
use crate::files::OpenFile;
use crate::format::names::SegmentName;
use crate::log::core::Cleaned;
use crate::log::index::SparseIndex;
use crate::log::segment::Segment;
use crate::types::{AbortedTransaction, CleaningState};

/// How much is written at a time, in bytes.
const WRITE_BYTES: usize = 256 << 10;
/// Other work goes between so many bytes.
const TURN_BYTES: usize = 64 << 10;
/// The part of the memory that the map takes: one in so many.
const MAP_SHARE: usize = 2;
/// The part that the records of one batch may take, which are there as they are read and as they are written.
const BATCH_SHARE: usize = 4;

/// A segment file that is no segment's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Leftover {
    pub(crate) name: SegmentName,
    /// It may go once a checkpoint knows of so many replacements.
    pub(crate) after: u64,
}

/// It is being written.
const NOT_YET: u64 = u64::MAX;

/// A cleaning that has begun.
struct Begun {
    /// Those that may be replaced, oldest first.
    segments: Vec<Segment>,
    first_dirty: Offset,
    /// Where the last of them ends.
    end: Offset,
    /// How often the log's end had been cut off.
    cuts: u64,
    /// By the broker's clock.
    now: TimestampMs,
    batch_bytes_max: usize,
}

impl Begun {
    fn end_of(&self, segment: &Segment) -> Offset {
        let mut later = self.segments.iter().filter(|other| other.base > segment.base);
        later.next().map_or(self.end, |next| next.base)
    }
}

/// A segment that is being written.
struct Output {
    segment: Segment,
    index: SparseIndex,
    index_interval: u64,
    /// The offset that the last batch ended before, or the segment begins at.
    next: Offset,
    buffer: AlignedBuf,
    filled: usize,
    /// The header of a batch that went, if none came behind it: should it stay the last one, it keeps its place, so that the
    /// segment ends where the next one begins.
    held: Option<(BatchHeader, [u8; HEADER_SIZE])>,
    /// Something is different from what was read.
    is_changed: bool,
}

impl Output {
    fn new(name: SegmentName, index_interval: u64) -> Output {
        Output {
            segment: Segment {
                generation: name.generation,
                ..Segment::new(name.base)
            },
            index: SparseIndex::default(),
            index_interval,
            next: name.base,
            buffer: AlignedBuf::recycled(WRITE_BYTES),
            filled: 0,
            held: None,
            is_changed: false,
        }
    }

    /// The next batch of the segment.
    fn note(&mut self, header: &BatchHeader, aborted: Option<AbortedTransaction>) {
        let segment = &mut self.segment;
        let (offset, position) = (header.base_offset, segment.size);
        self.index
            .note(offset, position, segment.max_timestamp, self.index_interval);
        segment.absorb(header, offset, header.max_timestamp, segment.changed);
        segment.has_gaps |= offset > self.next;
        if let Some(aborted) = aborted {
            self.index.note_aborted(aborted);
            segment.has_aborted = true;
        }
        self.next = header.next_offset();
        self.held = None;
    }
}

impl PartitionLog {
    /// How dirty the log is, and when it was last cleaned; `None` if it is none that is cleaned.
    pub fn cleaning_state(&self, now: TimestampMs) -> Option<CleaningState> {
        let choice = self.clean_choice(now)?;
        let cleaned = self.state.borrow().core.cleaned();
        Some(CleaningState {
            cleaned_end: cleaned.end,
            cleaned_at: cleaned.at,
            dirty_bytes: choice.dirty_bytes,
            clean_bytes: choice.clean_bytes,
            dirty_ppm: choice.dirty_ppm(),
            is_due: choice.is_due(),
        })
    }

    /// How much of the log is to be cleaned; `None` if it is none that is cleaned.
    pub(crate) fn clean_choice(&self, now: TimestampMs) -> Option<Choice> {
        let state = self.state.borrow();
        let core = &state.core;
        let is_open = matches!(state.status, Status::Open);
        let choice = || {
            choose(
                core.segments(),
                core.offsets(),
                core.cleaned().end,
                &core.config,
                now,
            )
        };
        is_open.then(choice).flatten()
    }

    /// Cleans the log, if that is due; whether it was.
    pub(crate) async fn clean(self: &Rc<Self>, hash_key: HashKey) -> Result<bool, CleanStop> {
        let Some(begun) = self.begin_cleaning() else {
            return Ok(false);
        };
        let (map, end) = self.map_keys(&begun, hash_key).await?;
        let rules = Rules {
            end,
            now: begun.now,
            delete_retention_ms: self.state.borrow().core.config.delete_retention_ms,
            batch_bytes_max: begun.batch_bytes_max,
        };
        let mut transactions = CleanedTransactions::default();
        let cleaned = begun.segments.iter().filter(|segment| segment.base < end);
        let cleaned: Vec<Segment> = cleaned.copied().collect();
        let segment_bytes = self.state.borrow().core.config.segment_bytes;
        for group in groups(&cleaned, segment_bytes) {
            self.clean_group(&begun, &group, &rules, &map, &mut transactions)
                .await?;
        }
        {
            let mut state = self.state.borrow_mut();
            if state.cuts != begun.cuts {
                return Err(CleanStop::GivenUp);
            }
            let at = Some(self.services.handle.clock.wall());
            state.core.set_cleaned(Cleaned { end, at });
            state.is_touched = true;
        }
        tracing::debug!(
            partition = self.directory,
            keys = map.len(),
            from = %begun.first_dirty,
            to = %end,
            "a log was cleaned"
        );
        self.services.stats.borrow_mut().cleanings += 1;
        if self
            .state
            .borrow()
            .leftovers
            .iter()
            .any(|left| left.after != NOT_YET)
        {
            // With it the old files go.
            self.services.checkpoints.want_for_removals();
        }
        Ok(true)
    }

    /// What is to be cleaned now; `None` if nothing is, or nothing yet.
    fn begin_cleaning(&self) -> Option<Begun> {
        let now = self.services.handle.clock.wall();
        let choice = self.clean_choice(now).filter(Choice::is_due)?;
        let state = self.state.borrow();
        if state.is_cutting {
            return None;
        }
        if choice.end > state.recovery_base {
            // The journal may speak of what lies behind, until the next checkpoint.
            self.services.checkpoints.want_for_removals();
        }
        let limit = choice.end.min(state.recovery_base);
        let all = state.core.segments();
        let count = all.partition_point(|segment| segment.base < limit);
        // A segment ends where the next one begins.
        let end = all.get(count)?.base;
        if end > limit || end <= choice.first_dirty {
            return None;
        }
        Some(Begun {
            segments: all[..count].to_vec(),
            first_dirty: choice.first_dirty,
            end,
            cuts: state.cuts,
            now,
            batch_bytes_max: self.services.options.clean_bytes_max / BATCH_SHARE,
        })
    }

    /// The last offset of each key of the dirty part, and where that ends: earlier where no more keys fit.
    async fn map_keys(&self, begun: &Begun, hash_key: HashKey) -> Result<(KeyMap, Offset), CleanStop> {
        let span = u64::try_from((begun.end - begun.first_dirty).get()).unwrap_or(0);
        let bytes_max = self.services.options.clean_bytes_max / MAP_SHARE;
        let mut map = KeyMap::new(hash_key, span, bytes_max);
        let mut transactions = CleanedTransactions::default();
        for segment in &begun.segments {
            let end = begun.end_of(segment);
            if end <= begun.first_dirty {
                continue;
            }
            let aborted = self.aborted_between(segment.base, end).await?;
            transactions.expect(&aborted, segment.base);
            let position = if segment.base < begun.first_dirty {
                let index = self.index_of(*segment, begun.cuts).await?;
                index.position_for_offset(begun.first_dirty)
            } else {
                0
            };
            let mut scan = self.scan(*segment, begun.cuts, position).passing_by();
            let mut turn = 0;
            while let Some(found) = scan.next().await? {
                self.give_way(&mut turn, found.bytes.len()).await?;
                let header = &found.header;
                if header.next_offset() <= begun.first_dirty
                    || header.is_control
                    || transactions.is_aborted(header)
                {
                    continue;
                }
                let (from, bytes_max) = (begun.first_dirty, begun.batch_bytes_max);
                if let Some(full) = note_keys(&mut map, header, &found.bytes, from, bytes_max) {
                    return Ok((map, full));
                }
            }
        }
        Ok((map, begun.end))
    }

    /// Lets other work go between, and stops where the storage ends.
    async fn give_way(&self, turn: &mut usize, bytes: usize) -> Result<(), CleanStop> {
        *turn += bytes;
        if *turn >= TURN_BYTES {
            *turn = 0;
            yield_now().await;
            if is_over(&self.services.fence) {
                return Err(CleanStop::GivenUp);
            }
        }
        Ok(())
    }

    /// Cleans neighbouring segments into one.
    async fn clean_group(
        self: &Rc<Self>,
        begun: &Begun,
        group: &[Segment],
        rules: &Rules,
        map: &KeyMap,
        transactions: &mut CleanedTransactions,
    ) -> Result<(), CleanStop> {
        let mut output = self.begin_output(group).await?;
        let name = output.segment.name();
        let written = async {
            for segment in group {
                self.clean_segment(begun, segment, rules, map, transactions, &mut output)
                    .await?;
            }
            if group.len() == 1 && !output.is_changed {
                return Ok(false);
            }
            self.finish_output(&mut output).await?;
            Ok(true)
        };
        let written = written.await;
        if let Ok(true) = written {
            if self.put_in(begun, group, output) {
                return Ok(());
            }
            self.discard_output(name).await;
            return Err(CleanStop::GivenUp);
        }
        self.discard_output(name).await;
        written.map(|_| ())
    }

    /// Writes what stays of one segment.
    async fn clean_segment(
        &self,
        begun: &Begun,
        segment: &Segment,
        rules: &Rules,
        map: &KeyMap,
        transactions: &mut CleanedTransactions,
        output: &mut Output,
    ) -> Result<(), CleanStop> {
        let end = begun.end_of(segment);
        let aborted = self.aborted_between(segment.base, end).await?;
        transactions.expect(&aborted, segment.base);
        let mut scan = self.scan(*segment, begun.cuts, 0).passing_by();
        let mut turn = 0;
        let mut next = segment.base;
        while let Some(found) = scan.next().await? {
            self.give_way(&mut turn, found.bytes.len()).await?;
            next = found.header.next_offset();
            let role = Role {
                is_aborted: transactions.is_aborted(&found.header),
                ends_nothing: transactions.see(&found.header),
                is_producers_last: self.state.borrow().core.producers.is_known_by(&found.header),
            };
            let fate = judge(rules, map, &found.header, &found.bytes, role);
            self.services.stats.borrow_mut().clean_read_bytes +=
                u64::try_from(found.bytes.len()).unwrap_or(0);
            self.carry_out(fate, &found, &aborted, output).await?;
        }
        if next != end {
            // Each of its batches was whole, but they are not all of them.
            return Err(scan
                .corrupt(&format_args!("it ends at offset {next}, not at {end}"))
                .into());
        }
        Ok(())
    }

    async fn carry_out(
        &self,
        fate: Fate,
        found: &Found,
        aborted: &[AbortedTransaction],
        output: &mut Output,
    ) -> Result<(), CleanStop> {
        let header = &found.header;
        let marker = end_marker(header, &found.bytes);
        let is_abort = marker.is_some_and(|marker| marker.result == TransactionResult::Abort);
        // As long as the marker is there, its readers are told of it.
        let aborted = aborted.iter().find(|one| one.last_offset == header.base_offset);
        let aborted = aborted.filter(|_| is_abort).copied();
        output.is_changed |= !matches!(fate, Fate::Whole);
        match fate {
            Fate::Whole => {
                output.note(header, aborted);
                self.put_bytes(output, &found.bytes).await
            }
            Fate::Anew(bytes) => {
                output.note(&written_header(&bytes), aborted);
                self.put_bytes(output, &bytes).await
            }
            Fate::Emptied(bytes) => {
                output.note(&written_header(&bytes), None);
                self.put_bytes(output, &bytes).await
            }
            Fate::Gone => {
                let head = found.bytes.first_chunk::<HEADER_SIZE>();
                output.held = head.map(|head| (*header, *head));
                Ok(())
            }
        }
    }

    /// Makes the file of a segment that is to take the place of `group`.
    async fn begin_output(&self, group: &[Segment]) -> Result<Output, CleanStop> {
        // Nothing comes to lie in the directory once it may be another partition's.
        let _writing = self.write_mutex.acquire(1).await;
        let (name, interval) = {
            let mut state = self.state.borrow_mut();
            if state.is_gone {
                return Err(CleanStop::GivenUp);
            }
            let base = group[0].base;
            let left = state.leftovers.iter().map(|left| left.name);
            let known = group
                .iter()
                .map(Segment::name)
                .chain(left.filter(|name| name.base == base));
            let newest = known.map(|name| name.generation).max().unwrap_or(0);
            let generation = newest.checked_add(1).ok_or(CleanStop::GivenUp)?;
            let name = SegmentName { base, generation };
            state.leftovers.push(Leftover { name, after: NOT_YET });
            (name, state.core.config.index_interval_bytes)
        };
        let made = async {
            let path = self.segment_path(name);
            let file = self.services.files.get(self.key, name, &path, true).await?;
            file.truncate(0).await
        };
        if let Err(error) = made.await {
            self.remove_left(name).await;
            return Err(self.stopped_by(error));
        }
        Ok(Output::new(name, interval))
    }

    /// What an error of the disk does to a cleaning.
    fn stopped_by(&self, error: DiskError) -> CleanStop {
        match error.remedy() {
            // The directory has gone with the log.
            _ if error.is_not_found() => CleanStop::GivenUp,
            Remedy::Again | Remedy::Later | Remedy::Refuse => CleanStop::Later(error),
            Remedy::Fence | Remedy::Close => {
                self.services.fence.fence(&error);
                CleanStop::Fenced
            }
        }
    }

    /// The file of a segment that is being written.
    async fn output_file(&self, name: SegmentName) -> Result<OpenFile, CleanStop> {
        let _writing = self.write_mutex.acquire(1).await;
        if self.state.borrow().is_gone {
            return Err(CleanStop::GivenUp);
        }
        let path = self.segment_path(name);
        let opened = self.services.files.get(self.key, name, &path, false).await;
        opened.map_err(|error| self.stopped_by(error))
    }

    async fn put_bytes(&self, output: &mut Output, mut bytes: &[u8]) -> Result<(), CleanStop> {
        while !bytes.is_empty() {
            let count = bytes.len().min(WRITE_BYTES - output.filled);
            let (now, later) = bytes.split_at(count);
            output.buffer[output.filled..output.filled + count].copy_from_slice(now);
            output.filled += count;
            bytes = later;
            if output.filled == WRITE_BYTES {
                // The size counts the whole batch already.
                let left = u64::try_from(bytes.len()).expect("a length within u64");
                self.write_output(output, output.segment.size - left).await?;
            }
        }
        Ok(())
    }

    /// Writes what is gathered, which ends at byte `end` of the file, up to the end of its last page.
    async fn write_output(&self, output: &mut Output, end: u64) -> Result<(), CleanStop> {
        let length = output.filled.next_multiple_of(PAGE);
        let position = end - u64::try_from(output.filled).expect("a length within u64");
        output.buffer[output.filled..length].fill(0);
        let buffer = std::mem::replace(&mut output.buffer, AlignedBuf::recycled(WRITE_BYTES));
        let data = buffer.freeze().slice(..length);
        output.filled = 0;
        self.services.reads.turn(length).await;
        let file = self.output_file(output.segment.name()).await?;
        loop {
            match file.write_at(position, data.clone()).await {
                Ok(()) => break,
                Err(error) if error.remedy() == Remedy::Again => {}
                Err(error) => return Err(self.stopped_by(error)),
            }
        }
        self.services.stats.borrow_mut().clean_written_bytes += u64::try_from(length).unwrap_or(0);
        Ok(())
    }

    /// Writes the rest, and makes all of it and its name durable.
    async fn finish_output(&self, output: &mut Output) -> Result<(), CleanStop> {
        if let Some((header, head)) = output.held.take() {
            let bytes = emptied(&header, &head);
            output.note(&written_header(&bytes), None);
            self.put_bytes(output, &bytes).await?;
        }
        let size = output.segment.size;
        if output.filled > 0 {
            self.write_output(output, size).await?;
        }
        let file = self.output_file(output.segment.name()).await?;
        let cut = file.truncate(size).await;
        cut.map_err(|error| self.stopped_by(error))?;
        drop(file);
        let (name, dir) = (
            output.segment.name(),
            self.services.partition_dir(&self.directory),
        );
        let path = self.segment_path(name);
        let is_there = Cell::new(true);
        let sync = async || {
            // Not before its turn: who waits with a file keeps its descriptor from others.
            match self.services.files.get(self.key, name, &path, false).await {
                // The log is deleted, and its directory has gone.
                Err(error) if error.is_not_found() => {
                    is_there.set(false);
                    return Ok(());
                }
                file => file?.sync().await?,
            }
            let _brief = self.services.files.brief_opens.acquire(1).await;
            match self.services.handle.disk.sync_dir(&dir).await {
                Err(error) if error.is_not_found() => {
                    is_there.set(false);
                    Ok(())
                }
                synced => synced,
            }
        };
        self.services.retry.alone(&self.sync_mutex, sync).await?;
        if is_there.get() {
            Ok(())
        } else {
            Err(CleanStop::GivenUp)
        }
    }

    /// Puts a segment that is durable in the place of `group`, unless the log has changed.
    fn put_in(self: &Rc<Self>, begun: &Begun, group: &[Segment], output: Output) -> bool {
        let first = group[0];
        let last = group[group.len() - 1];
        let segment = Segment {
            first_timestamp: first.first_timestamp,
            created: first.created,
            changed: last.changed,
            ..output.segment
        };
        {
            let mut state = self.state.borrow_mut();
            let is_whole = matches!(state.status, Status::Open) && !state.is_gone;
            let is_same = state.cuts == begun.cuts && !state.is_cutting;
            if !is_whole || !is_same || last.base >= state.recovery_base {
                return false;
            }
            // What is in memory is what the segments were: with markers gone, it could not even be told what was aborted.
            let held = !state.tail.is_empty();
            let freed = state.tail.evict_before(begun.end_of(&last));
            self.services.cache.remove(freed);
            if held && state.tail.is_empty() {
                self.services.cache.count_tail(false);
            }
            if state.tail.holds_before(begun.end_of(&last)) {
                return false;
            }
            if !state.core.replace_segments(group, segment) {
                return false;
            }
            state.swaps += 1;
            let after = state.swaps;
            state.leftovers.retain(|left| left.name != segment.name());
            let old = group.iter().map(|old| Leftover {
                name: old.name(),
                after,
            });
            state.leftovers.extend(old);
            let is_old = |name: SegmentName| group.iter().any(|old| old.name() == name);
            state.closed_indexes.retain(|(name, _)| !is_old(*name));
            state.closed_indexes.push((segment.name(), Rc::new(output.index)));
        }
        for old in group {
            self.services.windows.forget(self.key, old.name());
            self.services.files.forget(self.key, old.name());
        }
        let before: u64 = group.iter().map(|old| old.size).sum();
        self.services.stats.borrow_mut().clean_removed_bytes += before.saturating_sub(segment.size);
        let log = Rc::clone(self);
        self.services
            .handle
            .spawn(WorkClass::Background, "index write", async move {
                log.write_index(segment).await;
            });
        true
    }

    /// Removes a file that was being written.
    async fn discard_output(&self, name: SegmentName) {
        let _writing = self.write_mutex.acquire(1).await;
        self.remove_left(name).await;
    }

    /// Removes the files of a name that no segment has; the caller holds the write mutex. What cannot be removed now goes after
    /// the next checkpoint.
    async fn remove_left(&self, name: SegmentName) {
        {
            let state = self.state.borrow();
            let is_left = state.leftovers.iter().any(|left| left.name == name);
            // The files of a log that is gone go with its directory, whose name may be another partition's by now.
            if state.is_gone || !is_left || state.core.has_segment(name) {
                return;
            }
        }
        self.services.files.forget(self.key, name);
        let mut is_removed = true;
        for path in [self.segment_path(name), self.index_path(name)] {
            match self.services.handle.disk.remove_file(&path).await {
                Ok(()) => {}
                Err(error) if error.is_not_found() => {}
                Err(error) => {
                    tracing::warn!(%error, "a file that a cleaning has left stays behind");
                    is_removed = false;
                }
            }
        }
        let mut state = self.state.borrow_mut();
        if is_removed {
            state.leftovers.retain(|left| left.name != name);
        } else if let Some(left) = state.leftovers.iter_mut().find(|left| left.name == name) {
            left.after = 0;
        }
    }

    /// How often segments were replaced by cleaned ones.
    pub(crate) fn swaps(&self) -> u64 {
        self.state.borrow().swaps
    }

    /// Removes, in the background, the files that no checkpoint needs any more.
    pub(crate) fn remove_leftovers(self: &Rc<Self>) {
        let names = self.state.borrow().removable();
        if names.is_empty() {
            return;
        }
        let log = Rc::clone(self);
        self.services
            .handle
            .spawn(WorkClass::Background, "cleaned segment removal", async move {
                let services = Rc::clone(&log.services);
                let _work = services.files.changes.acquire(1).await;
                for name in names {
                    let _writing = log.write_mutex.acquire(1).await;
                    log.remove_left(name).await;
                }
            });
    }
}

impl State {
    /// The files that no checkpoint needs any more.
    fn removable(&self) -> Vec<SegmentName> {
        let left = self.leftovers.iter();
        left.filter(|left| left.after <= self.swaps_kept)
            .map(|left| left.name)
            .collect()
    }

    /// Whether a crash may bring back what the segment at `base` was before it was cleaned.
    pub(super) fn is_cleaning_in_doubt(&self, base: Offset) -> bool {
        self.swaps_kept < self.swaps && self.core.name_of(base).generation > 0
    }
}

/// The header of a batch that was just written.
fn written_header(bytes: &[u8]) -> BatchHeader {
    batch::parse_header(bytes).expect("a header that was written a moment ago")
}
