//! A log's newest bytes, laid out in memory exactly as in the segment files.
//!
//! Places within the tail are *stream positions*: bytes counted on and on across segments, from an arbitrary start.
//!
//! Invariants: the chunks are contiguous in the stream; each begins at a page of its segment; all but the last one
//! of a segment are full; what is before `flushed` is in the segment files; what is not before `journaled` is still
//! to be copied to the journal and stays.

use std::collections::VecDeque;

use bytes::Bytes;
use corelog_model::Offset;
use corelog_model::batch::HEADER_SIZE;
use corelog_runtime::buffer::{AlignedBuf, PAGE};

use super::chunk::Chunk;

/// The least distance of two marks, in bytes.
const MARK_BYTES: u64 = 4096;
/// Each chunk is this many times as large as the one before, within the limits.
const GROWTH: usize = 4;
/// The largest chunk, but for large appends.
pub(crate) const CHUNK_BYTES_MAX: usize = 1 << 20;
/// The largest chunk of a log that takes large appends. So much lies in a huge page of the machine, and is written as
/// one piece; who appends little at a time does not wait until one is cleared.
pub(crate) const BULK_CHUNK_BYTES_MAX: usize = 2 << 20;
/// How many writes of one log may be under way.
const WRITES_MAX: usize = 16;

fn length(n: usize) -> u64 {
    u64::try_from(n).expect("a length within u64")
}

fn index(n: u64) -> usize {
    usize::try_from(n).expect("a distance within memory")
}

/// How large a chunk to take for `length` bytes, after one of `before`. The chunk that a log ends in stays while the log
/// is written to, so it has `usual` bytes at most, a power of two; what fills others of that size goes into one, and is
/// written as one. Four sizes from each power of two to the next, as the pool has them: nothing is taken and not counted.
fn next_capacity(length: usize, before: usize, usual: usize) -> usize {
    if length > usual {
        let fills = ((length - 1) / usual * usual).min(CHUNK_BYTES_MAX.max(usual));
        let step = (1 << fills.ilog2()) / 4;
        return fills / step * step;
    }
    let wanted = length.max(before * GROWTH).max(PAGE);
    wanted.next_power_of_two().min(usual)
}

struct TailChunk {
    ordinal: u64,
    segment_base: Offset,
    file_start: u64,
    stream_start: u64,
    chunk: Chunk,
}

impl TailChunk {
    fn stream_end(&self) -> u64 {
        self.stream_start + length(self.chunk.len())
    }
}

#[derive(Clone, Copy)]
struct Mark {
    offset: Offset,
    stream: u64,
}

/// One write that brings the segments closer to the tail.
#[derive(Clone, Debug)]
pub(crate) struct TailWrite {
    /// The segment.
    pub(crate) segment_base: Offset,
    /// Where in it; a page's boundary.
    pub(crate) position: u64,
    /// Whole pages. The last one may end in zeros where the log goes on later: it is written anew then. That is
    /// safe because a disk writes whole sectors and the bytes before the zeros are the same both times.
    pub(crate) data: Bytes,
    /// How far the tail is flushed when this has been written.
    pub(crate) flushed_to: u64,
}

/// A chunk that was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Opened {
    pub(crate) ordinal: u64,
    pub(crate) capacity: usize,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Tail {
    chunks: VecDeque<TailChunk>,
    marks: VecDeque<Mark>,
    flushed: u64,
    journaled: u64,
    end: u64,
    next_ordinal: u64,
}

impl Tail {
    /// Nothing is held.
    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Bytes that are in no segment yet.
    pub(crate) fn dirty(&self) -> u64 {
        self.end - self.flushed
    }

    /// The stream position after the last byte.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Memory held.
    pub(crate) fn capacity(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.chunk.capacity()).sum()
    }

    /// Whether bytes can be appended at `position`: a page that is begun must be here.
    pub(crate) fn can_append_at(&self, position: u64) -> bool {
        !self.chunks.is_empty() || position.is_multiple_of(length(PAGE))
    }

    /// Begins an empty tail in the middle of a page, whose bytes so far are `page` and are in the segment.
    pub(crate) fn begin(&mut self, segment_base: Offset, file_start: u64, page: &[u8]) -> Opened {
        assert!(self.chunks.is_empty() && page.len() < PAGE && file_start.is_multiple_of(length(PAGE)));
        let opened = self.open(segment_base, file_start, PAGE);
        let chunk = self.chunks.back_mut().expect("opened above");
        chunk.chunk.append(page);
        self.end += length(page.len());
        self.flushed = self.end;
        self.journaled = self.end;
        opened
    }

    fn open(&mut self, segment_base: Offset, file_start: u64, capacity: usize) -> Opened {
        let ordinal = self.next_ordinal;
        self.next_ordinal += 1;
        self.chunks.push_back(TailChunk {
            ordinal,
            segment_base,
            file_start,
            stream_start: self.end,
            chunk: Chunk::new(capacity),
        });
        Opened { ordinal, capacity }
    }

    /// Says that a batch of `offset` begins at the end.
    pub(crate) fn mark(&mut self, offset: Offset) {
        let is_far = self
            .marks
            .back()
            .is_none_or(|mark| self.end >= mark.stream + MARK_BYTES);
        // The first batch that begins in a chunk has a mark always: see `evict_front`.
        let is_first = match (self.marks.back(), self.chunks.back()) {
            (Some(mark), Some(chunk)) => mark.stream < chunk.stream_start || chunk.chunk.room() == 0,
            (None, _) | (_, None) => true,
        };
        if is_far || is_first {
            self.marks.push_back(Mark {
                offset,
                stream: self.end,
            });
        }
    }

    /// Appends bytes that belong at `position` of the segment; tells `opened` of each chunk that it takes.
    pub(crate) fn append(
        &mut self,
        segment_base: Offset,
        position: u64,
        mut bytes: &[u8],
        chunk_bytes_max: usize,
        mut opened: impl FnMut(Opened),
    ) {
        let mut position = position;
        while !bytes.is_empty() {
            let fits = self
                .chunks
                .back()
                .is_some_and(|chunk| chunk.segment_base == segment_base && chunk.chunk.room() > 0);
            if !fits {
                assert!(position.is_multiple_of(length(PAGE)), "a chunk begins at a page");
                let before = self.chunks.back().map_or(0, |chunk| chunk.chunk.capacity());
                let capacity = next_capacity(bytes.len(), before, chunk_bytes_max.max(PAGE));
                opened(self.open(segment_base, position, capacity));
            }
            let chunk = self.chunks.back_mut().expect("there is one with room");
            assert_eq!(
                chunk.file_start + length(chunk.chunk.len()),
                position,
                "bytes are contiguous"
            );
            let count = chunk.chunk.append(bytes);
            self.end += length(count);
            position += length(count);
            bytes = &bytes[count..];
        }
    }

    /// The stream position of a byte of a segment that is held.
    pub(crate) fn stream_of(&self, segment_base: Offset, position: u64) -> Option<u64> {
        self.chunks
            .iter()
            .rev()
            .find(|chunk| {
                chunk.segment_base == segment_base
                    && chunk.file_start <= position
                    && position <= chunk.file_start + length(chunk.chunk.len())
            })
            .map(|chunk| chunk.stream_start + (position - chunk.file_start))
    }

    /// How far a segment is in its file, at most up to `end`.
    pub(crate) fn flushed_position(&self, segment_base: Offset, end: u64) -> u64 {
        if self.dirty() == 0 {
            return end;
        }
        let chunk = &self.chunks[self.chunk_at(self.flushed)];
        match chunk.segment_base.cmp(&segment_base) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Greater => end,
            std::cmp::Ordering::Equal => end.min(chunk.file_start + (self.flushed - chunk.stream_start)),
        }
    }

    fn chunk_at(&self, stream: u64) -> usize {
        self.chunks
            .partition_point(|chunk| chunk.stream_start <= stream)
            .checked_sub(1)
            .expect("a position within the tail")
    }

    /// The held bytes of the stream `start..end`, one slice a chunk.
    pub(crate) fn slices(&self, start: u64, end: u64) -> impl Iterator<Item = &[u8]> {
        let first = if start < end {
            self.chunk_at(start)
        } else {
            self.chunks.len()
        };
        self.chunks
            .iter()
            .skip(first)
            .take_while(move |chunk| chunk.stream_start < end)
            .map(move |chunk| {
                let from = index(start.max(chunk.stream_start) - chunk.stream_start);
                let to = index(end.min(chunk.stream_end()) - chunk.stream_start);
                &chunk.chunk.bytes()[from..to]
            })
    }

    /// Shared views of the held bytes of the stream `start..end`, one a chunk.
    pub(crate) fn views(&self, start: u64, end: u64) -> Vec<Bytes> {
        let first = if start < end {
            self.chunk_at(start)
        } else {
            self.chunks.len()
        };
        self.chunks
            .iter()
            .skip(first)
            .take_while(|chunk| chunk.stream_start < end)
            .map(|chunk| {
                let from = index(start.max(chunk.stream_start) - chunk.stream_start);
                let to = index(end.min(chunk.stream_end()) - chunk.stream_start);
                chunk.chunk.view(from, to)
            })
            .collect()
    }

    /// The next writes on the way to having everything before `upto` in the segments, all of them to one segment and none
    /// over another: they may be under way together. None when everything is there. At most about `bytes_max` and
    /// [`WRITES_MAX`], one write at least. Without `partial_pages` the page that the log ends in is left out.
    pub(crate) fn next_writes(&self, upto: u64, partial_pages: bool, bytes_max: u64) -> Vec<TailWrite> {
        let mut writes: Vec<TailWrite> = Vec::new();
        let mut start = self.flushed;
        let limit = start.saturating_add(bytes_max);
        while start < limit
            && writes.len() < WRITES_MAX
            && let Some(write) = self.write_from(start, upto, partial_pages)
            && writes
                .last()
                .is_none_or(|last| last.segment_base == write.segment_base)
        {
            start = write.flushed_to;
            writes.push(write);
        }
        writes
    }

    fn write_from(&self, start: u64, upto: u64, partial_pages: bool) -> Option<TailWrite> {
        let upto = upto.min(self.end);
        if start >= upto {
            return None;
        }
        let at = self.chunk_at(start);
        let chunk = &self.chunks[at];
        let is_last_of_segment = self
            .chunks
            .get(at + 1)
            .is_none_or(|next| next.segment_base != chunk.segment_base);
        let is_closed = at + 1 < self.chunks.len();
        let from = index(start - chunk.stream_start) & !(PAGE - 1);
        let to = index(upto.min(chunk.stream_end()) - chunk.stream_start);
        let whole = to & !(PAGE - 1);
        if whole > from {
            return Some(TailWrite {
                segment_base: chunk.segment_base,
                position: chunk.file_start + length(from),
                data: chunk.chunk.view(from, whole),
                flushed_to: chunk.stream_start + length(whole),
            });
        }
        if !(partial_pages || (is_closed && is_last_of_segment)) {
            return None;
        }
        // The page may go on being filled, so it is copied as it is now.
        let bytes = &chunk.chunk.bytes()[from..];
        let bytes = &bytes[..bytes.len().min(PAGE)];
        let mut page = AlignedBuf::zeroed(PAGE);
        page[..bytes.len()].copy_from_slice(bytes);
        Some(TailWrite {
            segment_base: chunk.segment_base,
            position: chunk.file_start + length(from),
            data: page.freeze(),
            flushed_to: chunk.stream_start + length(from + bytes.len()),
        })
    }

    /// A write has completed.
    pub(crate) fn flushed_to(&mut self, stream: u64) {
        self.flushed = self.flushed.max(stream);
    }

    /// The journal needs nothing before `stream` any more.
    pub(crate) fn journaled_to(&mut self, stream: u64) {
        self.journaled = self.journaled.max(stream);
    }

    /// Gives up the oldest chunk if it is the one meant, is not the one written to, and all batches that begin in it
    /// are in the segments. Returns the memory freed.
    pub(crate) fn evict_front(&mut self, ordinal: u64) -> Evicted {
        let Some(front) = self.chunks.front() else {
            return Evicted::Gone;
        };
        if front.ordinal != ordinal {
            return Evicted::Gone;
        }
        if self.chunks.len() == 1 {
            return Evicted::InUse;
        }
        let end = front.stream_end();
        // A batch may go on in the next chunk: readers find it in the segment only when it is there whole.
        let next_batch = self
            .marks
            .iter()
            .find(|mark| mark.stream >= end)
            .map_or(self.end, |mark| mark.stream);
        if self.flushed < next_batch || self.journaled < end {
            return Evicted::Dirty;
        }
        let capacity = front.chunk.capacity();
        self.chunks.pop_front();
        while self.marks.pop_front_if(|mark| mark.stream < end).is_some() {}
        Evicted::Freed(capacity)
    }

    /// Gives up what is held of the segments before the one at `base`, as far as it is in them; returns the memory freed.
    pub(crate) fn evict_before(&mut self, base: Offset) -> usize {
        let mut freed = 0;
        while let Some(front) = self.chunks.front().filter(|front| front.segment_base < base) {
            match self.evict_front(front.ordinal) {
                Evicted::Freed(bytes) => freed += bytes,
                Evicted::InUse => return freed + self.evict_all(),
                Evicted::Dirty | Evicted::Gone => break,
            }
        }
        freed
    }

    /// Whether anything is held of the segments before the one at `base`.
    pub(crate) fn holds_before(&self, base: Offset) -> bool {
        self.chunks.front().is_some_and(|front| front.segment_base < base)
    }

    /// Gives everything up if it is all in the segments; returns the memory freed.
    pub(crate) fn evict_all(&mut self) -> usize {
        if self.dirty() > 0 || self.journaled < self.end {
            return 0;
        }
        let freed = self.capacity();
        self.chunks.clear();
        self.marks.clear();
        freed
    }

    fn header_at(&self, stream: u64) -> TailHeader {
        let mut bytes = [0u8; HEADER_SIZE];
        let mut filled = 0;
        for slice in self.slices(stream, stream + length(HEADER_SIZE)) {
            bytes[filled..filled + slice.len()].copy_from_slice(slice);
            filled += slice.len();
        }
        let header = corelog_model::batch::parse_header(&bytes).expect("the tail holds whole, valid batches");
        TailHeader {
            base: header.base_offset,
            last: header.last_offset(),
            size: length(header.size),
        }
    }

    /// Whole batches from the one that holds `from`, up to the offset `end` and about `bytes_max`, one at least.
    /// `None` if the batch is older than what is held.
    pub(crate) fn read(&self, from: Offset, end: Offset, bytes_max: usize) -> Option<TailSlice> {
        let mark = self
            .marks
            .partition_point(|mark| mark.offset <= from)
            .checked_sub(1)?;
        let mut start = self.marks[mark].stream;
        loop {
            if start >= self.end {
                return Some(TailSlice::default());
            }
            let header = self.header_at(start);
            if header.last >= from {
                break;
            }
            start += header.size;
        }
        let limit = start.saturating_add(length(bytes_max));
        let near = self
            .marks
            .partition_point(|mark| mark.stream <= limit && mark.offset <= end);
        let mut stop = start;
        if let Some(near) = near.checked_sub(1) {
            stop = stop.max(self.marks[near].stream);
        }
        let mut upto = end;
        while stop < self.end {
            let header = self.header_at(stop);
            let is_too_much = stop > start && stop + header.size > limit;
            if header.base >= end || is_too_much {
                upto = upto.min(header.base);
                break;
            }
            stop += header.size;
        }
        let pieces = self.views(start, stop);
        let first = if start < stop { self.chunk_at(start) } else { 0 };
        let chunks = self.chunks.iter().skip(first).take(pieces.len());
        Some(TailSlice {
            held_bytes: chunks.map(|chunk| chunk.chunk.capacity()).sum(),
            pieces,
            upto,
        })
    }

    /// The offset of the first batch that is held whole.
    pub(crate) fn first_offset(&self) -> Option<Offset> {
        self.marks.front().map(|mark| mark.offset)
    }
}

/// What was read of a tail.
#[derive(Default)]
pub(crate) struct TailSlice {
    /// Views, one a chunk.
    pub(crate) pieces: Vec<Bytes>,
    /// The memory of those chunks.
    pub(crate) held_bytes: usize,
    /// The records are before this offset.
    pub(crate) upto: Offset,
}

struct TailHeader {
    base: Offset,
    last: Offset,
    size: u64,
}

/// What came of an eviction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Evicted {
    /// It was gone already.
    Gone,
    /// It is the one that is written to.
    InUse,
    /// It is not in the segment yet.
    Dirty,
    /// So many bytes of memory are free.
    Freed(usize),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{batch_of_size, patched};

    struct Log {
        tail: Tail,
        bytes: Vec<u8>,
        next: i64,
    }

    impl Log {
        fn append(&mut self, size: usize) {
            let offset = Offset::new(self.next).unwrap();
            let batch = patched(&batch_of_size(size), offset);
            self.tail.mark(offset);
            let position = length(self.bytes.len());
            self.tail
                .append(Offset::ZERO, position, &batch, CHUNK_BYTES_MAX, |_| {});
            self.bytes.extend_from_slice(&batch);
            self.tail.journaled_to(self.tail.end());
            self.next += 1;
        }
    }

    fn log(sizes: &[usize]) -> Log {
        let mut log = Log {
            tail: Tail::default(),
            bytes: Vec::new(),
            next: 0,
        };
        for &size in sizes {
            log.append(size);
        }
        log
    }

    fn joined(pieces: &[Bytes]) -> Vec<u8> {
        pieces.concat()
    }

    #[test]
    fn chunks_grow_and_a_large_batch_takes_one_and_a_last_one() {
        const KIB: usize = 1 << 10;
        assert_eq!(next_capacity(100, 0, CHUNK_BYTES_MAX), PAGE);
        assert_eq!(next_capacity(100, PAGE, CHUNK_BYTES_MAX), GROWTH * PAGE);
        assert_eq!(
            next_capacity(100, CHUNK_BYTES_MAX, CHUNK_BYTES_MAX),
            CHUNK_BYTES_MAX
        );
        assert_eq!(next_capacity(100, CHUNK_BYTES_MAX, 64 * KIB), 64 * KIB);
        assert_eq!(next_capacity(64 * KIB, 0, 64 * KIB), 64 * KIB);
        assert_eq!(next_capacity(128 * KIB, 0, 64 * KIB), 64 * KIB, "and another one");
        assert_eq!(next_capacity(900 * KIB, 0, 64 * KIB), 896 * KIB);
        assert_eq!(next_capacity(900 * KIB, 0, 4 * KIB), 896 * KIB);
        assert_eq!(next_capacity(800 * KIB, 0, 64 * KIB), 768 * KIB);
        assert_eq!(next_capacity(13 * KIB, 0, 4 * KIB), 12 * KIB);
        assert_eq!(next_capacity(4096 * KIB, 0, 64 * KIB), CHUNK_BYTES_MAX);
        assert_eq!(next_capacity(10_000, 0, PAGE), 2 * PAGE);
        let bulk = |length, before| next_capacity(length, before, BULK_CHUNK_BYTES_MAX);
        assert_eq!(bulk(900 * KIB, PAGE), CHUNK_BYTES_MAX);
        assert_eq!(bulk(300 * KIB, CHUNK_BYTES_MAX), BULK_CHUNK_BYTES_MAX);
        assert_eq!(bulk(10 * CHUNK_BYTES_MAX, 0), BULK_CHUNK_BYTES_MAX);
    }

    #[test]
    fn reads_give_whole_batches_within_bounds() {
        let log = log(&[100; 200]);
        let read = |from: i64, end: i64, max: usize| {
            let pieces = log
                .tail
                .read(Offset::new(from).unwrap(), Offset::new(end).unwrap(), max);
            joined(&pieces.unwrap().pieces)
        };
        assert_eq!(read(0, 200, usize::MAX >> 1), log.bytes);
        assert_eq!(read(150, 200, 1 << 20), log.bytes[15_000..]);
        assert_eq!(read(150, 160, 1 << 20), log.bytes[15_000..16_000]);
        assert_eq!(read(150, 160, 350), log.bytes[15_000..15_300]);
        assert_eq!(read(150, 160, 1), log.bytes[15_000..15_100]);
        assert_eq!(read(3, 4, 0), log.bytes[300..400]);
    }

    #[test]
    fn writes_are_whole_pages_and_make_the_file() {
        let mut log = log(&[3000, 90, 70_000, 5000, 61]);
        let mut file = vec![0; 1 << 20];
        let mut drain = |log: &mut Log, partial| {
            loop {
                let writes = log.tail.next_writes(log.tail.end(), partial, 8192);
                let Some(last) = writes.last() else { break };
                let mut end = 0;
                for write in &writes {
                    let at = index(write.position);
                    assert!(at.is_multiple_of(PAGE) && write.data.len().is_multiple_of(PAGE) && at >= end);
                    end = at + write.data.len();
                    file[at..end].copy_from_slice(&write.data);
                }
                log.tail.flushed_to(last.flushed_to);
            }
            file.clone()
        };
        let whole = log.bytes.len() & !(PAGE - 1);
        let file = drain(&mut log, false);
        assert_eq!(file[..whole], log.bytes[..whole]);
        assert_eq!(log.tail.dirty(), length(log.bytes.len() - whole));
        let file = drain(&mut log, true);
        assert_eq!(file[..log.bytes.len()], log.bytes[..]);
        assert_eq!(log.tail.dirty(), 0);
        log.append(10_000);
        let file = drain(&mut log, true);
        assert_eq!(file[..log.bytes.len()], log.bytes[..]);
    }

    #[test]
    fn old_chunks_go_when_their_batches_are_in_the_segment() {
        let mut log = log(&[3000, 3000, 3000, 30_000, 30_000]);
        assert_eq!(log.tail.evict_front(0), Evicted::Dirty);
        let writes = log.tail.next_writes(log.tail.end(), false, 1);
        assert_eq!(writes.len(), 1);
        log.tail.flushed_to(writes[0].flushed_to);
        // The second batch begins in the first chunk and is not in the segment as a whole.
        assert_eq!(log.tail.evict_front(0), Evicted::Dirty);
        let writes = log.tail.next_writes(log.tail.end(), true, u64::MAX);
        log.tail.flushed_to(writes.last().unwrap().flushed_to);
        assert_eq!(log.tail.evict_front(0), Evicted::Freed(4096));
        assert_eq!(log.tail.evict_front(0), Evicted::Gone);
        let first = log.tail.first_offset().unwrap();
        assert!(first > Offset::ZERO);
        assert!(log.tail.read(Offset::ZERO, Offset::MAX, 1).is_none());
        assert!(log.tail.read(first, Offset::MAX, 1).is_some());
        assert!(log.tail.evict_all() > 0);
        assert!(log.tail.is_empty());
    }

    #[test]
    fn a_new_segment_begins_a_new_chunk_and_the_stream_goes_on() {
        let mut log = log(&[5000]);
        let offset = Offset::new(1).unwrap();
        let batch = patched(&batch_of_size(200), offset);
        log.tail.mark(offset);
        log.tail.append(offset, 0, &batch, CHUNK_BYTES_MAX, |_| {});
        let slice = log.tail.read(Offset::ZERO, Offset::MAX, 1 << 20).unwrap();
        let pieces = slice.pieces;
        assert_eq!(joined(&pieces), [log.bytes.clone(), batch.to_vec()].concat());
        // The closed segment's last page is written even when partial pages are left out.
        let mut writes = Vec::new();
        loop {
            let next = log.tail.next_writes(log.tail.end(), false, u64::MAX);
            let Some(last) = next.last() else { break };
            log.tail.flushed_to(last.flushed_to);
            writes.push(
                next.iter()
                    .map(|write| (write.segment_base, write.position, write.data.len()))
                    .collect::<Vec<_>>(),
            );
        }
        let of_first = vec![(Offset::ZERO, 0, 4096), (Offset::ZERO, 4096, 4096)];
        assert_eq!(
            writes,
            vec![of_first],
            "the page that the second segment ends in stays"
        );
    }
}
