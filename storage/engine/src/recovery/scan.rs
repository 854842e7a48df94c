//! Reading a log from its recovery point on: the end of the last whole batch that the journal knows of is its end.

use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use corelog_model::batch::{self, BatchHeader};
use corelog_model::{FilePosition, Offset};
use corelog_records::{EndMarker, end_marker};
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_runtime::{DiskError, File, Handle};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::target::Target;
use super::{CONCURRENCY, KnownRun, Recovering, Reread, fraction, open_segment};
use crate::OpenError;
use crate::format::names::{self, SegmentName};
use crate::journal::reader::LOOKS;
use crate::log::segment::Segment;

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 1 << 20;
/// Of a batch at least this long whose bytes the journal vouches for, the header alone is read.
const LARGE_BYTES: usize = 64 << 10;

/// How far the journal vouches for a segment whose bytes up to `from` are whole: through runs that touch one another.
fn covered_end(runs: &[KnownRun], base: Offset, from: u64) -> u64 {
    let mut end = from;
    for run in runs {
        let append = &run.append;
        // An acknowledged run whose payload is damaged may still be whole in the segment; another one is not worth it.
        let counts = run.is_payload_whole || run.is_acknowledged;
        if append.segment_base_offset == base.get() && counts && append.run_position <= end {
            end = end.max(run.end);
        }
    }
    end
}

/// The pages of a segment that went there past the journal and were not acknowledged for certain: their sync may have
/// failed, and then no later sync would write them.
fn doubtful_pages(runs: &[KnownRun], base: Offset) -> Vec<Range<u64>> {
    let page = u64::try_from(PAGE).expect("4096");
    runs.iter()
        .filter(|run| run.append.segment_base_offset == base.get() && !run.is_acknowledged)
        .filter(|run| run.bypass_end() > run.append.run_position)
        .map(|run| {
            let start = FilePosition::new(run.append.run_position).page_floor(page).get();
            start..run.bypass_end().next_multiple_of(page)
        })
        .collect()
}

/// A batch, and what it says of a transaction if it is a marker.
type FoundBatch = (BatchHeader, Option<EndMarker>);

/// Reads batches of a segment's file one after another.
struct Walk<'a> {
    /// Those that the walk has not passed, and the segment's base.
    runs: &'a [KnownRun],
    base: Offset,
    file: Rc<dyn File>,
    position: u64,
    end: u64,
    /// Bytes before this place are read again: see [`Reread`].
    reread_end: u64,
    /// Offsets may be missing there.
    has_gaps: bool,
    /// Pages that are to be written again, oldest first: see [`doubtful_pages`].
    doubtful: Vec<Range<u64>>,
    window: AlignedBuf,
    window_start: u64,
    window_length: usize,
    /// Where the walk stood when it read the window.
    window_from: u64,
    /// The page that the walk stood in when it left a window, up to where it stood.
    begun_page: Option<(u64, Vec<u8>)>,
    /// Batches are so short that one read takes in many.
    is_dense: bool,
}

impl<'a> Walk<'a> {
    /// A walk from the end that is known of a log's segment as far as the journal vouches for it.
    fn new(runs: &'a [KnownRun], reread: Option<Reread>, segment: Segment, file: Rc<dyn File>) -> Walk<'a> {
        let (base, size) = (segment.base, segment.size);
        let reread = reread.filter(|reread| reread.base == base);
        let reread_end = reread.map_or(0, |reread| reread.position);
        Walk {
            runs,
            base,
            file,
            position: size,
            end: covered_end(runs, base, size.max(reread_end)),
            reread_end,
            has_gaps: reread.is_some_and(|reread| reread.has_gaps),
            doubtful: doubtful_pages(runs, base),
            window: AlignedBuf::zeroed(PAGE),
            window_start: 0,
            window_length: 0,
            window_from: size,
            begun_page: None,
            is_dense: false,
        }
    }

    /// Forgets the window. If the walk has passed batches in it, its doubtful pages up to there are written again: the
    /// bytes that were found whole and no others, since another read could bring those of another place. The page that the
    /// walk stands in is written with the rest of it, or when this `is_end`. Batches that are passed unread are in no
    /// doubtful run.
    async fn leave_window(&mut self, is_end: bool) -> Result<(), DiskError> {
        let length = u64::try_from(std::mem::take(&mut self.window_length)).expect("a length within u64");
        if self.position == self.window_from && !is_end {
            return Ok(());
        }
        let page = u64::try_from(PAGE).expect("4096");
        let start = self.window_start;
        let found_end = self.position.clamp(start, start + length);
        let found_pages = found_end & !(page - 1);
        let end = if is_end {
            found_end.next_multiple_of(page)
        } else {
            found_pages
        };
        let at = |position: u64| usize::try_from(position - start).expect("within the window");
        for pages in &self.doubtful {
            let (from, to) = (pages.start.max(start), pages.end.min(end));
            if from < to {
                let mut bytes = AlignedBuf::recycled(at(to) - at(from));
                bytes.copy_from_slice(&self.window[at(from)..at(to)]);
                self.file.write_at(from, bytes.freeze()).await?;
            }
        }
        let begun = self.window[at(found_pages)..at(found_end)].to_vec();
        self.begun_page = (!begun.is_empty()).then_some((found_pages, begun));
        Ok(())
    }

    /// The run that the current position is in.
    fn run_here(&mut self) -> Option<&'a KnownRun> {
        let here = (self.base.get(), self.position);
        while let Some((run, later)) = self.runs.split_first() {
            if (run.append.segment_base_offset, run.end) > here {
                break;
            }
            self.runs = later;
        }
        let begins = |run: &&KnownRun| (run.append.segment_base_offset, run.append.run_position);
        self.runs.first().filter(|run| begins(run) <= here)
    }

    /// Whether the bytes of a batch here need not be read to know that they are whole: they were synced before their run
    /// was acknowledged, and the journal's part of them was just written again. Whoever reads them later checks them, as
    /// everything that is older than the checkpoint. The header is not taken at its word where the run says otherwise.
    fn is_vouched_for(&self, run: Option<&KnownRun>, header: &BatchHeader) -> bool {
        let Some(run) = run.filter(|run| run.is_acknowledged && run.is_payload_whole) else {
            return false;
        };
        let end = self
            .position
            .saturating_add(u64::try_from(header.size).unwrap_or(u64::MAX));
        let is_last = end == run.end;
        header.size >= LARGE_BYTES
            && end <= run.end
            && is_last == (header.next_offset().get() == run.end_offset)
    }

    /// Whether a batch here continues a log that ends at `expected`. Offsets are missing only where the journal says so.
    fn continues(&self, run: Option<&KnownRun>, header: &BatchHeader, expected: Offset) -> bool {
        let has_gaps = run.map_or(self.position < self.reread_end && self.has_gaps, |run| {
            run.append.has_gaps
        });
        if !has_gaps {
            return header.base_offset == expected;
        }
        let fits = run.is_none_or(|run| {
            let begins = self.position != run.append.run_position
                || header.base_offset.get() == run.append.base_offset;
            begins && header.next_offset().get() <= run.end_offset
        });
        header.base_offset >= expected && fits
    }

    /// Bytes from the current position, `needed` of them, or `None` if the file ends before. Reads up to `ahead` beyond.
    async fn bytes(&mut self, needed: usize, ahead: usize) -> Result<Option<&[u8]>, DiskError> {
        let inside = |start: u64, length: usize, position: u64| {
            let at = usize::try_from(position.checked_sub(start)?).ok()?;
            (at + needed <= length).then_some(at)
        };
        if inside(self.window_start, self.window_length, self.position).is_none() {
            self.leave_window(false).await?;
            let page = u64::try_from(PAGE).expect("4096");
            let start = FilePosition::new(self.position).page_floor(page).get();
            let left = usize::try_from(self.end.saturating_sub(start)).unwrap_or(usize::MAX);
            let length = (needed + PAGE).max(left.min(ahead)).next_multiple_of(PAGE);
            let buffer = std::mem::replace(&mut self.window, AlignedBuf::zeroed(PAGE));
            let buffer = if buffer.len() >= length {
                buffer
            } else {
                AlignedBuf::recycled(length)
            };
            let (read, buffer) = self.file.read_at(start, buffer).await;
            self.window = buffer;
            self.window_start = start;
            self.window_from = self.position;
            self.window_length = read?;
            let page_end = self.window_length.next_multiple_of(PAGE);
            self.window[self.window_length..page_end].fill(0);
            // This read of what was found whole before is not checked.
            if let Some((page, begun)) = &self.begun_page
                && *page == start
            {
                self.window[..begun.len()].copy_from_slice(begun);
                self.window_length = self.window_length.max(begun.len());
            }
        }
        let at = inside(self.window_start, self.window_length, self.position);
        Ok(at.map(|at| &self.window[at..at + needed]))
    }

    /// As [`Walk::batch`], not concluding from one read that there is none.
    async fn batch_if_there(&mut self, expected: Offset) -> Result<Option<FoundBatch>, DiskError> {
        for look in 1..=LOOKS {
            let found = self.batch(expected).await?;
            if found.is_some() || self.position >= self.end || look == LOOKS {
                return Ok(found);
            }
            self.leave_window(false).await?;
        }
        Ok(None)
    }

    /// The batch at the current position, if it is whole and continues the log at `expected`.
    async fn batch(&mut self, expected: Offset) -> Result<Option<FoundBatch>, DiskError> {
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        if left < batch::HEADER_SIZE {
            return Ok(None);
        }
        let run = self.run_here();
        let ahead = if self.is_dense || run.is_none() {
            READ_BYTES
        } else {
            PAGE
        };
        let Some(bytes) = self.bytes(batch::HEADER_SIZE, ahead).await? else {
            return Ok(None);
        };
        let Ok(header) = batch::parse_header(bytes) else {
            return Ok(None);
        };
        // No checksum of the batch covers its epoch, and for what bypassed the journal there is no other.
        let is_of_its_epoch = run.is_none_or(|run| run.append.leader_epoch == header.leader_epoch.get());
        if header.size > left || !self.continues(run, &header, expected) || !is_of_its_epoch {
            return Ok(None);
        }
        self.is_dense = header.size < LARGE_BYTES;
        if self.is_vouched_for(run, &header) && !header.is_control {
            return Ok(Some((header, None)));
        }
        let Some(bytes) = self.bytes(header.size, READ_BYTES).await? else {
            return Ok(None);
        };
        let is_whole = batch::check_crc(&header, bytes).is_ok();
        Ok(is_whole.then(|| (header, end_marker(&header, bytes))))
    }
}

/// Finds the end of a log that the journal knows of, and cuts off what lies beyond. The rest is still to be made
/// durable.
pub(super) async fn settle(
    handle: &Handle,
    target: &Target,
    mut partition: Recovering,
    suspects: &BTreeSet<SegmentFile>,
) -> Result<Recovering, OpenError> {
    if partition.runs.is_empty() && partition.reread.is_none() {
        return cut(handle, target, partition, suspects).await;
    }
    let now = handle.clock.wall();
    let dir = target.dir.join(&partition.directory);
    handle.disk.create_dir_all(&dir).await?;
    let mut touched = Vec::new();
    loop {
        let active = *partition.core.active();
        let file = open_segment(handle, target, &partition.directory, active.name()).await?;
        let mut walk = Walk::new(&partition.runs, partition.reread, active, Rc::clone(&file));
        while let Some((header, marker)) = walk.batch_if_there(partition.core.offsets().log_end).await? {
            partition.core.absorb(&header, marker, now);
            walk.position = partition.core.active().size;
        }
        walk.leave_window(true).await?;
        // By its base: a log may have touched more segments than files may be open.
        touched.push(active.name());
        let end = partition.core.offsets().log_end;
        let goes_on = partition
            .runs
            .iter()
            .any(|run| run.append.segment_base_offset == end.get() && end > active.base);
        if !goes_on {
            break;
        }
        partition.core.roll();
    }
    if let Some(reread) = partition.reread {
        partition.core.set_created(reread.base, reread.created);
    }
    check_reach(&mut partition);
    // What the checkpoint before knows is still needed if the frame that cuts it off is lost.
    let is_left_whole = partition.corrupt.is_some() || partition.is_cut_in_doubt;
    for name in touched {
        let segment = partition
            .core
            .segments()
            .iter()
            .find(|segment| segment.name() == name);
        let size = segment.map_or(0, |segment| segment.size);
        // What lies beyond the end must never be taken for a part of the log. Nothing is cut off a damaged log: what
        // can be saved is for its owner to decide.
        if !is_left_whole {
            let file = open_segment(handle, target, &partition.directory, name).await?;
            file.truncate(size).await?;
        }
        partition.unsynced.push(name);
    }
    if !is_left_whole {
        let names = handle.disk.list_dir(&dir).await?;
        remove_strangers(handle, &partition, &dir, &names).await?;
    }
    Ok(partition)
}

/// Cuts off a log of which the journal says nothing what was written behind its end and never committed. Left there, it
/// could be taken for what is appended next, if that is lost in part. A file of `suspects` was cut before, and may be as
/// long as ever on the device.
async fn cut(
    handle: &Handle,
    target: &Target,
    mut partition: Recovering,
    suspects: &BTreeSet<SegmentFile>,
) -> Result<Recovering, OpenError> {
    let dir = target.dir.join(&partition.directory);
    let names = match handle.disk.list_dir(&dir).await {
        Err(error) if error.is_not_found() => return Ok(partition),
        names => names?,
    };
    if partition.corrupt.is_some() || partition.is_cut_in_doubt {
        return Ok(partition);
    }
    remove_strangers(handle, &partition, &dir, &names).await?;
    let active = *partition.core.active();
    if names.contains(&names::segment_file(active.name())) {
        let file = open_segment(handle, target, &partition.directory, active.name()).await?;
        let is_suspect = suspects.contains(&(partition.directory.clone(), active.name()));
        if is_suspect || file.size().await? > active.size {
            file.truncate(active.size).await?;
        }
        // There is nothing to make durable, perhaps, but an old error to hear of: the next append would.
        partition.unsynced.push(active.name());
    }
    Ok(partition)
}

/// A segment's file: the partition's directory, and its name.
pub(super) type SegmentFile = (String, SegmentName);

/// What making the segments durable came to.
pub(super) enum Synced {
    /// They are.
    Whole,
    /// These are not, and what is in them may be in memory alone.
    Not {
        files: BTreeSet<SegmentFile>,
        error: DiskError,
    },
}

/// Makes what was settled durable, names included. With `is_synced_whole` one sync of the file system does that. Each
/// file is asked all the same: what a sync of the file system, by this shard or another, could not write the kernel tells
/// the file's next sync, too. All of them are asked, whatever the others say, so that none has anything left to tell.
///
/// # Errors
/// A failed sync of the file system is one: it has failed files of other shards, which only a start of all of them mends.
pub(super) async fn make_durable(
    handle: &Handle,
    target: &Target,
    settled: &[Recovering],
    is_synced_whole: bool,
    progress: &dyn Fn(f64),
) -> Result<Synced, OpenError> {
    if is_synced_whole {
        handle.disk.sync_filesystem(&target.dir).await?;
    }
    let touched: Vec<_> = settled
        .iter()
        .filter(|partition| !partition.unsynced.is_empty())
        .collect();
    let mut files = BTreeSet::new();
    let mut first_error = None;
    let mut syncing = stream::iter(&touched)
        .map(|partition| async move {
            let mut failed = Vec::new();
            for name in &partition.unsynced {
                let file = open_segment(handle, target, &partition.directory, *name).await?;
                if let Err(error) = file.sync().await {
                    failed.push(((partition.directory.clone(), *name), error));
                }
            }
            if !is_synced_whole {
                handle
                    .disk
                    .sync_dir(&target.dir.join(&partition.directory))
                    .await?;
            }
            Ok::<_, OpenError>(failed)
        })
        .buffer_unordered(CONCURRENCY);
    let mut done = 0;
    while let Some(failed) = syncing.try_next().await? {
        for (file, error) in failed {
            files.insert(file);
            first_error.get_or_insert(error);
        }
        done += 1;
        progress(fraction(done, touched.len()));
    }
    Ok(match first_error {
        None => Synced::Whole,
        Some(error) => Synced::Not { files, error },
    })
}

/// What was acknowledged must be there.
fn check_reach(partition: &mut Recovering) {
    let end = partition.core.offsets().log_end;
    let promised = partition
        .runs
        .iter()
        .filter(|run| run.is_acknowledged)
        .map(|run| run.end_offset)
        .chain(partition.reread.map(|reread| reread.end.get()))
        .max();
    if let Some(promised) = promised
        && promised > end.get()
        && partition.corrupt.is_none()
    {
        let reason = format!(
            "records up to offset {promised} were acknowledged and those from {end} on are not whole"
        );
        tracing::error!(partition = %partition.directory, %reason, "the log is corrupt and will not be served");
        partition.corrupt = Some(reason);
    }
}

/// Removes segments that the log does not know: they were begun and nothing in them survived, or a cleaning has replaced them,
/// or would have replaced others by them. So does the index of the
/// segment that is active: it was closed once, with an end that did not survive, and the index of what it will be when it
/// is closed again may not come to the disk, and this one be taken for it.
async fn remove_strangers(
    handle: &Handle,
    partition: &Recovering,
    dir: &std::path::Path,
    names: &[String],
) -> Result<(), OpenError> {
    for name in names {
        let segment = names::parse_segment(name, ".log").or_else(|| names::parse_segment(name, ".cindex"));
        let Some(segment) = segment else { continue };
        let is_known = partition.core.has_segment(segment);
        let is_stale = segment == partition.core.active().name() && name.ends_with(".cindex");
        if !is_known || is_stale {
            handle.disk.remove_file(&dir.join(name)).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::v2::AppendV2;

    fn run(base: i64, run_position: u64, position: u64, length: u32, flags: (bool, bool)) -> KnownRun {
        let append = AppendV2 {
            topic: [0; 16],
            index: 0,
            leader_epoch: 0,
            base_offset: 0,
            end_offset: 1,
            segment_base_offset: base,
            run_position,
            position,
            length,
            payload_crc: 0,
            has_gaps: false,
        };
        KnownRun {
            is_payload_whole: flags.1,
            ..KnownRun::new(append, flags.0)
        }
    }

    #[test]
    fn the_journal_vouches_through_runs_that_touch() {
        const WHOLE: (bool, bool) = (false, true);
        let check = |runs: &[KnownRun], expected: u64| {
            assert_eq!(covered_end(runs, Offset::ZERO, 100), expected);
        };
        check(&[], 100);
        check(&[run(0, 100, 100, 50, WHOLE), run(0, 150, 150, 10, WHOLE)], 160);
        // The checkpoint may have covered a part already.
        check(&[run(0, 50, 50, 60, WHOLE)], 110);
        // A bypassed run counts from where it began.
        check(&[run(0, 100, 8192, 8, WHOLE)], 8200);
        // A gap ends it; another segment does not count.
        check(&[run(0, 101, 101, 50, WHOLE)], 100);
        check(&[run(7, 100, 100, 50, WHOLE)], 100);
        // A torn payload counts only if its frame was acknowledged.
        check(&[run(0, 100, 100, 50, (false, false))], 100);
        check(&[run(0, 100, 100, 50, (true, false))], 150);
    }
}
