//! An append-only buffer: one writer fills it from the front, while many readers, on any shard, hold views of what is
//! filled.
//!
//! Invariants: bytes before `length` are published and never change again; bytes from `length` on are written by the
//! one [`Chunk`] handle alone and seen by nobody. So no byte is ever read and written at the same time.

#![expect(
    unsafe_code,
    reason = "one allocation shared between a writer and readers of disjoint ranges"
)]

use std::ptr::NonNull;
use std::sync::Arc;

use bytes::Bytes;
use corelog_runtime::buffer::AlignedBuf;

/// A page-aligned allocation of whole pages, that no reference covers as a whole.
struct Memory {
    start: NonNull<u8>,
    capacity: usize,
}

// SAFETY: `Memory` owns its allocation and has no thread-bound state. Reads (through `View`) are confined to ranges
// published before the view was made, writes (through the one `Chunk`) to the rest, so two threads never touch a byte
// of which one writes it; a view reaches another thread by a hand-over that orders it after the write.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    fn new(capacity: usize) -> Memory {
        Memory {
            start: AlignedBuf::recycled(capacity).into_raw(),
            capacity,
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: from `into_raw` of a buffer of this length, and nobody refers to the bytes any more.
        drop(unsafe { AlignedBuf::from_raw(self.start, self.capacity) });
    }
}

/// A published range of a chunk.
struct View {
    memory: Arc<Memory>,
    start: usize,
    length: usize,
}

impl AsRef<[u8]> for View {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `Chunk::view` checked that the range lies below the published length, hence within the allocation;
        // those bytes are initialized and no longer written to by anyone, and `self.memory` keeps
        // the allocation alive as long as the slice.
        unsafe { std::slice::from_raw_parts(self.memory.start.as_ptr().add(self.start), self.length) }
    }
}

/// The writer's handle. There is one for each allocation, and it cannot be cloned.
pub(crate) struct Chunk {
    memory: Arc<Memory>,
    length: usize,
}

impl Chunk {
    /// An empty chunk for `capacity` bytes, whole pages.
    pub(crate) fn new(capacity: usize) -> Chunk {
        Chunk {
            memory: Arc::new(Memory::new(capacity)),
            length: 0,
        }
    }

    /// Bytes that it can hold.
    pub(crate) fn capacity(&self) -> usize {
        self.memory.capacity
    }

    /// Bytes that it holds.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Bytes that it can still take.
    pub(crate) fn room(&self) -> usize {
        self.memory.capacity - self.length
    }

    /// Copies as many of `bytes` as there is room for behind what is there, and publishes them; returns how many.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> usize {
        // INV-2: no lock and no atomic; views on other shards end before `length`, and this writes behind it.
        let count = bytes.len().min(self.room());
        // SAFETY: `length + count <= capacity`, so the target lies within the allocation. No view covers bytes from
        // `length` on, and `&mut self` is the only writer, so nobody else touches the target; the source is a
        // shared slice and cannot overlap unpublished bytes.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.memory.start.as_ptr().add(self.length), count);
        }
        self.length += count;
        count
    }

    /// A shared view of the bytes `start..end`, which stays valid as long as it lives.
    ///
    /// # Panics
    /// If they are not all there.
    pub(crate) fn view(&self, start: usize, end: usize) -> Bytes {
        assert!(start <= end && end <= self.length, "a view of published bytes");
        Bytes::from_owner(View {
            memory: Arc::clone(&self.memory),
            start,
            length: end - start,
        })
    }

    /// What is there.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the first `length` bytes are within the allocation, initialized, and never written again; the
        // slice cannot outlive `self`, which keeps the allocation alive.
        unsafe { std::slice::from_raw_parts(self.memory.start.as_ptr(), self.length) }
    }
}

#[cfg(test)]
mod tests {
    use corelog_runtime::buffer::PAGE;

    use super::*;

    #[test]
    fn views_outlive_the_chunk_and_do_not_change() {
        let mut chunk = Chunk::new(PAGE);
        assert_eq!(chunk.append(b"hello"), 5);
        let view = chunk.view(1, 4);
        assert_eq!(chunk.append(&vec![7; PAGE]), PAGE - 5);
        assert_eq!(chunk.room(), 0);
        assert_eq!(chunk.append(b"x"), 0);
        assert_eq!(&chunk.bytes()[..6], b"hello\x07");
        drop(chunk);
        assert_eq!(&view[..], b"ell");
    }

    #[test]
    fn readers_on_other_threads_see_what_was_published() {
        let mut chunk = Chunk::new(PAGE);
        let readers: Vec<_> = (0u8..16)
            .map(|n| {
                chunk.append(&[n; 100]);
                let view = chunk.view(usize::from(n) * 100, chunk.len());
                std::thread::spawn(move || assert!(view.iter().all(|&byte| byte == n)))
            })
            .collect();
        for reader in readers {
            reader.join().unwrap();
        }
    }

    #[test]
    #[should_panic(expected = "published")]
    fn unpublished_bytes_cannot_be_viewed() {
        Chunk::new(PAGE).view(0, 1);
    }
}
