//! Finding the frames that a crash left behind.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;

use bytes::Bytes;
use corelog_runtime::buffer::{AlignedBuf, PAGE};
use corelog_runtime::{DiskError, File, Handle, OpenOptions};

use super::frame::{self, HEADER_SIZE, HeaderV1};
use crate::format::names;
use crate::format::v2::TableV2;
use crate::recovery::target::Target;

/// How much of a frame is read to see its head, in bytes.
const HEAD_BYTES: usize = 64 << 10;

/// How much is read at a time where frames are read one after another, in bytes.
const AHEAD_BYTES: usize = 4 << 20;

/// How often something is read before it is taken for missing or damaged: a read may go astray, and what is concluded
/// from it would be for good.
pub(crate) const LOOKS: usize = 3;

/// A frame's head, and where it lies.
#[derive(Clone, Debug)]
pub(crate) struct FoundFrame {
    pub(crate) file: u32,
    pub(crate) position: u64,
    pub(crate) header: HeaderV1,
    pub(crate) table: TableV2,
}

impl FoundFrame {
    /// Where the payloads begin in the file.
    pub(crate) fn payload_position(&self) -> u64 {
        self.position + 64 + u64::from(self.header.table_length)
    }

    /// The byte after the frame.
    pub(crate) fn end(&self) -> u64 {
        self.position + u64::from(self.header.frame_length)
    }
}

/// The frames that were found, in order, and how their sequence ends.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    pub(crate) frames: Vec<FoundFrame>,
    /// The number of the first frame that is not there.
    pub(crate) end_sequence: u64,
    /// A frame that was acknowledged is not there: the file and the position where it should be.
    pub(crate) lost: Option<(PathBuf, u64)>,
    /// The newest incarnation that a file begins with a frame of.
    pub(crate) newest_incarnation: u64,
}

impl Chain {
    /// Frames before this number were acknowledged for certain.
    pub(crate) fn acknowledged_end(&self) -> u64 {
        self.frames
            .last()
            .map_or(0, |frame| frame.header.acknowledged_end)
    }
}

/// Which frames count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wanted {
    pub(crate) shard: u16,
    pub(crate) incarnation: u64,
    pub(crate) first_sequence: u64,
}

/// What a place in a journal file holds, as far as the search for frame `expected` goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Seen {
    /// The expected frame.
    Expected,
    /// One before it: stale, or covered by the checkpoint.
    Earlier,
    /// One after it, made when frames before `acknowledged_end` had been acknowledged.
    Later { acknowledged_end: u64 },
    /// No frame of this journal's incarnation.
    Nothing,
}

/// What is to be done about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Decision {
    /// Take the frame, go on behind it.
    Take,
    /// Step over it.
    Skip,
    /// The row ends here; what follows was never acknowledged.
    End,
    /// The row ends here although the expected frame was acknowledged.
    Lost,
}

/// Recovery's decision table: what to do about what a place holds.
pub(crate) fn decide(seen: Seen, expected: u64) -> Decision {
    match seen {
        Seen::Expected => Decision::Take,
        Seen::Earlier => Decision::Skip,
        Seen::Later { acknowledged_end } if acknowledged_end > expected => Decision::Lost,
        Seen::Later { .. } | Seen::Nothing => Decision::End,
    }
}

fn classify(frame: Option<&HeaderV1>, wanted: Wanted, expected: u64) -> Seen {
    match frame {
        Some(header) if header.shard == wanted.shard && header.incarnation == wanted.incarnation => {
            match header.sequence.cmp(&expected) {
                std::cmp::Ordering::Equal => Seen::Expected,
                std::cmp::Ordering::Less => Seen::Earlier,
                std::cmp::Ordering::Greater => Seen::Later {
                    acknowledged_end: header.acknowledged_end,
                },
            }
        }
        Some(_) | None => Seen::Nothing,
    }
}

/// How a place is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Look {
    /// From the disk, whatever was read before.
    Fresh,
    /// In a larger piece, which is kept for whoever reads on.
    Ahead,
}

/// Pieces of the files that were read, by file and position.
#[derive(Default)]
struct Pieces {
    kept: BTreeMap<(u32, u64), Bytes>,
    kept_bytes: usize,
    /// The newest one when no more may be kept.
    last: Option<((u32, u64), Bytes)>,
}

impl Pieces {
    fn find(&self, file: u32, position: u64, length: usize) -> Option<Bytes> {
        let within = |(&(of, start), bytes): (&(u32, u64), &Bytes)| {
            let skip = usize::try_from(position.checked_sub(start)?).ok()?;
            (of == file && skip + length <= bytes.len()).then(|| bytes.slice(skip..skip + length))
        };
        let kept = self.kept.range(..=(file, position)).next_back().and_then(within);
        kept.or_else(|| {
            self.last
                .as_ref()
                .and_then(|(place, bytes)| within((place, bytes)))
        })
    }

    fn keep(&mut self, place: (u32, u64), bytes: Bytes, kept_bytes_max: usize) {
        if self.kept_bytes + bytes.len() > kept_bytes_max {
            self.last = Some((place, bytes));
            return;
        }
        self.kept_bytes += bytes.len();
        if let Some(before) = self.kept.insert(place, bytes) {
            self.kept_bytes -= before.len();
        }
    }

    /// Forgets what holds the byte at `position`.
    fn forget(&mut self, file: u32, position: u64) {
        while let Some((&place, bytes)) = self.kept.range(..=(file, position)).next_back()
            && place.0 == file
            && position - place.1 < u64::try_from(bytes.len()).unwrap_or(u64::MAX)
        {
            self.kept_bytes -= bytes.len();
            self.kept.remove(&place);
        }
        self.last = None;
    }
}

/// The journal files of a shard, opened to be read.
pub(crate) struct JournalReader {
    dir: PathBuf,
    files: BTreeMap<u32, (Rc<dyn File>, u64)>,
    pieces: RefCell<Pieces>,
    kept_bytes_max: usize,
    proof_bytes: u64,
}

impl JournalReader {
    /// Opens all files of a shard's journal. It keeps up to `memory_bytes` of what is read ahead in memory, and searches
    /// for proof of a lost frame within `proof_bytes` of where the frame or one after it would be: to read the whole
    /// ring, a gigabyte for each shard, would be most of a start's time.
    pub(crate) async fn open(handle: &Handle, target: &Target) -> Result<JournalReader, DiskError> {
        let dir = &target.journal_dir();
        let mut files = BTreeMap::new();
        let options = OpenOptions {
            direct: target.direct,
            ..OpenOptions::default()
        };
        for name in handle.disk.list_dir(dir).await? {
            if let Some(number) = names::parse_journal_file(&name) {
                let file = handle.disk.open(&dir.join(name), options).await?;
                let size = file.size().await?;
                files.insert(number, (file, size));
            }
        }
        Ok(JournalReader {
            dir: dir.to_owned(),
            files,
            pieces: RefCell::default(),
            kept_bytes_max: target.memory_bytes,
            proof_bytes: target.proof_bytes,
        })
    }

    /// Bytes of a file, as `look` says; fewer where it ends.
    pub(crate) async fn look(
        &self,
        file: u32,
        position: u64,
        length: usize,
        look: Look,
    ) -> Result<Bytes, DiskError> {
        if look == Look::Fresh {
            self.pieces.borrow_mut().forget(file, position);
            return self.read(file, position, length).await;
        }
        let found = self.pieces.borrow().find(file, position, length);
        if let Some(found) = found {
            return Ok(found);
        }
        let start = position & !(u64::try_from(PAGE).expect("4096") - 1);
        let skip = usize::try_from(position - start).expect("less than a page");
        let piece = self.read(file, start, (skip + length).max(AHEAD_BYTES)).await?;
        let found = piece.slice(skip.min(piece.len())..(skip + length).min(piece.len()));
        self.pieces
            .borrow_mut()
            .keep((file, start), piece, self.kept_bytes_max);
        Ok(found)
    }

    /// Bytes of a file; fewer where it ends.
    pub(crate) async fn read(&self, file: u32, position: u64, length: usize) -> Result<Bytes, DiskError> {
        let (open, size) = &self.files[&file];
        let page = u64::try_from(PAGE).expect("4096");
        let start = position & !(page - 1);
        let skip = usize::try_from(position - start).expect("less than a page");
        let left = usize::try_from(size.saturating_sub(position)).unwrap_or(usize::MAX);
        let length = length.min(left);
        if length == 0 {
            return Ok(Bytes::new());
        }
        let buffer = AlignedBuf::recycled((skip + length).next_multiple_of(PAGE));
        let (read, buffer) = open.read_at(start, buffer).await;
        let end = read?.min(skip + length).max(skip);
        Ok(buffer.freeze().slice(skip..end))
    }

    /// The frame at a position, if there is one with a valid head.
    async fn frame_at(&self, file: u32, position: u64, look: Look) -> Result<Option<FoundFrame>, DiskError> {
        let (_, size) = &self.files[&file];
        let bytes = self.look(file, position, PAGE, look).await?;
        let Ok(header) = frame::parse_header(&bytes) else {
            return Ok(None);
        };
        if position + u64::from(header.frame_length) > *size {
            return Ok(None);
        }
        let end = HEADER_SIZE + usize::try_from(header.table_length).expect("32 bits");
        let bytes = if end <= bytes.len() {
            bytes
        } else {
            self.look(file, position, end.max(HEAD_BYTES), look).await?
        };
        let Some(table) = bytes.get(HEADER_SIZE..end) else {
            return Ok(None);
        };
        Ok(frame::check(&header, table).ok().map(|table| FoundFrame {
            file,
            position,
            header,
            table,
        }))
    }

    /// Reads the heads of all frames from `wanted.first_sequence` on.
    pub(crate) async fn chain(&self, wanted: Wanted) -> Result<Chain, DiskError> {
        // Which file begins with which frame: files are recycled, so their numbers say nothing.
        let mut starts: BTreeMap<u64, u32> = BTreeMap::new();
        let mut newest_incarnation = 0;
        for &number in self.files.keys() {
            let Some(frame) = self.first_frame(number).await? else {
                continue;
            };
            if frame.header.shard == wanted.shard {
                newest_incarnation = frame.header.incarnation.max(newest_incarnation);
            }
            if classify(Some(&frame.header), wanted, 0) != Seen::Nothing {
                starts.insert(frame.header.sequence, number);
            }
        }
        let mut chain = Chain {
            end_sequence: wanted.first_sequence,
            newest_incarnation,
            ..Chain::default()
        };
        let first = starts.range(..=wanted.first_sequence).next_back();
        let Some((&begins_with, &number)) = first else {
            self.look_beyond(&mut chain, None, &starts, wanted).await?;
            self.look_into(&mut chain, &BTreeSet::new(), wanted).await?;
            return Ok(chain);
        };
        let mut passed = BTreeSet::from([number]);
        let (mut file, mut position, mut next) = (number, 0, begins_with);
        loop {
            let (found, seen) = self.look_for(next, file, position, wanted).await?;
            match (decide(seen, next), found) {
                (Decision::Take, Some(frame)) => {
                    position = frame.end();
                    next += 1;
                    if frame.header.sequence >= wanted.first_sequence {
                        chain.frames.push(frame);
                    }
                }
                (Decision::Take | Decision::Skip | Decision::End | Decision::Lost, _) => {
                    match starts.get(&next) {
                        Some(&number) if number != file => {
                            (file, position) = (number, 0);
                            passed.insert(number);
                        }
                        Some(_) | None => break,
                    }
                }
            }
        }
        chain.end_sequence = next.max(wanted.first_sequence);
        self.look_beyond(&mut chain, Some((file, position)), &starts, wanted)
            .await?;
        self.look_into(&mut chain, &passed, wanted).await?;
        Ok(chain)
    }

    /// The frame at a position where `expected` should be, and what it is.
    async fn look_for(
        &self,
        expected: u64,
        file: u32,
        position: u64,
        wanted: Wanted,
    ) -> Result<(Option<FoundFrame>, Seen), DiskError> {
        let mut look = 1;
        loop {
            let how = if look == 1 { Look::Ahead } else { Look::Fresh };
            let found = self.frame_at(file, position, how).await?;
            let seen = classify(found.as_ref().map(|frame| &frame.header), wanted, expected);
            if seen == Seen::Expected || look == LOOKS {
                return Ok((found, seen));
            }
            look += 1;
        }
    }

    /// The frame that a file begins with, whosever. A file that is passed over is lost with all that is in it, and so is
    /// one that is taken for another, so nothing is concluded from one read.
    async fn first_frame(&self, number: u32) -> Result<Option<FoundFrame>, DiskError> {
        let mut before = None;
        for _ in 0..=LOOKS {
            let found = self.frame_at(number, 0, Look::Fresh).await?;
            let sequence = found
                .as_ref()
                .map(|frame| (frame.header.incarnation, frame.header.sequence));
            // A whole frame that is another file's is no rarer than other bytes that are.
            if found.is_some() && before == sequence {
                return Ok(found);
            }
            before = sequence;
        }
        Ok(None)
    }

    /// Looks into the files that the row did not pass for a frame that proves that a missing one was acknowledged. The
    /// first frame of such a file may be damaged, or torn, or not have come to the disk at all, so that an older one, or
    /// none, is in its place.
    async fn look_into(
        &self,
        chain: &mut Chain,
        passed: &BTreeSet<u32>,
        wanted: Wanted,
    ) -> Result<(), DiskError> {
        for &file in self.files.keys().filter(|file| !passed.contains(file)) {
            if chain.lost.is_none() && self.has_proof(file, 0, chain.end_sequence, wanted).await? {
                chain.lost = Some((self.dir.join(names::journal_file(file)), 0));
            }
        }
        Ok(())
    }

    /// Whether a frame in `file` at `from` or behind was made after the frame `expected` had been acknowledged.
    async fn has_proof(
        &self,
        file: u32,
        from: u64,
        expected: u64,
        wanted: Wanted,
    ) -> Result<bool, DiskError> {
        let (_, size) = self.files[&file];
        let end = size.min(from.saturating_add(self.proof_bytes));
        let mut at = from;
        while at < end {
            let window = self.read(file, at, 1 << 20).await?;
            if window.is_empty() {
                break;
            }
            for (nth, page) in window.chunks(PAGE).enumerate() {
                let Ok(header) = frame::parse_header(page) else {
                    continue;
                };
                let seen = classify(Some(&header), wanted, expected);
                let offset = u64::try_from(nth * PAGE).expect("within a window");
                if decide(seen, expected) == Decision::Lost
                    && self.frame_at(file, at + offset, Look::Fresh).await?.is_some()
                {
                    return Ok(true);
                }
            }
            at += u64::try_from(window.len()).expect("within a window");
        }
        Ok(false)
    }

    /// Looks behind the end of the row for a frame that proves that the missing one was acknowledged: in the rest of
    /// the file, and at the beginning of the others.
    async fn look_beyond(
        &self,
        chain: &mut Chain,
        end: Option<(u32, u64)>,
        starts: &BTreeMap<u64, u32>,
        wanted: Wanted,
    ) -> Result<(), DiskError> {
        let expected = chain.end_sequence;
        let mut is_lost = false;
        for (&sequence, &number) in starts.range(expected..) {
            if let Some(frame) = self.frame_at(number, 0, Look::Fresh).await? {
                let seen = classify(Some(&frame.header), wanted, expected);
                is_lost |= sequence > expected && decide(seen, expected) == Decision::Lost;
            }
        }
        let place = end.unwrap_or((0, 0));
        if let Some((file, position)) = end
            && !is_lost
        {
            is_lost = self.has_proof(file, position, expected, wanted).await?;
        }
        if is_lost {
            chain.lost = Some((self.dir.join(names::journal_file(place.0)), place.1));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_its_decision() {
        let later = |acknowledged_end| Seen::Later { acknowledged_end };
        for (seen, expected) in [
            (Seen::Expected, Decision::Take),
            (Seen::Earlier, Decision::Skip),
            (Seen::Nothing, Decision::End),
            (later(6), Decision::End),
            (later(7), Decision::End),
            (later(8), Decision::Lost),
            (later(9), Decision::Lost),
        ] {
            assert_eq!(decide(seen, 7), expected, "{seen:?}");
        }
    }
}
