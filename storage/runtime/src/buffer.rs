//! Page-aligned buffers for direct I/O, and buffers that fill up from the front.
//!
//! Large ones come from a [pool](crate::pool) and go back to it: a fresh page costs more to clear and to map than
//! everything that a broker does with the bytes in it.

#![expect(
    unsafe_code,
    reason = "an owned allocation with an alignment that Vec cannot have"
)]

use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use bytes::Bytes;

use crate::pool;

/// The unit of direct I/O, in bytes: addresses, positions and lengths are multiples of it.
pub const PAGE: usize = 4096;

/// Whole pages of memory at a page's boundary, owned alone.
pub struct AlignedBuf {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the buffer owns its memory alone and has no thread-bound state; `&AlignedBuf` gives only `&[u8]`.
unsafe impl Send for AlignedBuf {}
// SAFETY: as above.
unsafe impl Sync for AlignedBuf {}

impl AlignedBuf {
    /// `length` bytes of zeros, a multiple of [`PAGE`] and more than none.
    ///
    /// # Panics
    /// If `length` is zero or not a multiple of `PAGE`.
    pub fn zeroed(length: usize) -> AlignedBuf {
        check(length);
        let (start, is_zeroed) = pool::take(length);
        let mut buffer = AlignedBuf { start, length };
        if !is_zeroed {
            buffer.fill(0);
        }
        buffer
    }

    /// A buffer of `length` bytes with arbitrary content, that of an earlier buffer. The caller writes over all of it,
    /// or shows nobody the rest.
    ///
    /// # Panics
    /// As [`AlignedBuf::zeroed`].
    pub fn recycled(length: usize) -> AlignedBuf {
        check(length);
        let (start, _) = pool::take(length);
        AlignedBuf { start, length }
    }

    /// Gives the buffer up for sharing; slices of the result stay valid as long as they live.
    pub fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }

    /// Releases the memory, all of it initialized, to the caller, who gives it back by [`AlignedBuf::from_raw`].
    pub fn into_raw(self) -> NonNull<u8> {
        ManuallyDrop::new(self).start
    }

    /// Takes memory back.
    ///
    /// # Safety
    /// `start` came from [`AlignedBuf::into_raw`] of a buffer of `length` bytes, all of them are initialized, and
    /// nobody refers to them any more.
    pub unsafe fn from_raw(start: NonNull<u8>, length: usize) -> AlignedBuf {
        AlignedBuf { start, length }
    }
}

fn check(length: usize) {
    assert!(
        length > 0 && length.is_multiple_of(PAGE),
        "{length} is not a number of whole pages"
    );
}

impl Deref for AlignedBuf {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        // SAFETY: `start` is valid for `length` initialized bytes (the pool's memory is zeroed when it is fresh, and
        // written to only as initialized bytes) while `self` lives, and `&self` excludes writers.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl DerefMut for AlignedBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and `&mut self` excludes readers.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl AsRef<[u8]> for AlignedBuf {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Drop for AlignedBuf {
    fn drop(&mut self) {
        // SAFETY: `start` came from `pool::take(length)`, all of it is initialized, and it is given back once.
        unsafe { pool::give(self.start, self.length) }
    }
}

/// Memory that fills up from the front. Only what was filled is ever seen.
pub struct FillBuf {
    memory: AlignedBuf,
    length: usize,
}

impl FillBuf {
    /// An empty buffer with room for `capacity` bytes at least.
    pub fn with_capacity(capacity: usize) -> FillBuf {
        FillBuf {
            memory: AlignedBuf::recycled(capacity.max(1).next_multiple_of(PAGE)),
            length: 0,
        }
    }

    /// Bytes that it can hold.
    pub fn capacity(&self) -> usize {
        self.memory.len()
    }

    /// Adds `bytes`.
    ///
    /// # Panics
    /// If there is no room for them.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.memory[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// The part that is not filled yet; its content means nothing. The caller fills it and then calls
    /// [`FillBuf::advance`].
    pub fn spare(&mut self) -> &mut [u8] {
        &mut self.memory[self.length..]
    }

    /// The first `count` bytes of [`FillBuf::spare`] have been filled.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn advance(&mut self, count: usize) {
        assert!(
            count <= self.memory.len() - self.length,
            "{count} bytes beyond the end"
        );
        self.length += count;
    }

    /// Gives the buffer up for sharing.
    pub fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl Deref for FillBuf {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.memory[..self.length]
    }
}

impl std::fmt::Debug for FillBuf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FillBuf({} of {} bytes)", self.length, self.capacity())
    }
}

impl AsRef<[u8]> for FillBuf {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeroed_means_zeroed_also_the_second_time() {
        // Miri looks at each byte for seconds.
        let pages: &[usize] = if cfg!(miri) { &[1, 16] } else { &[1, 64, 300] };
        for length in pages.iter().map(|pages| pages * PAGE) {
            for _ in 0..3 {
                let mut buffer = AlignedBuf::zeroed(length);
                assert!(buffer.iter().all(|&byte| byte == 0) && buffer.len() == length);
                assert!(buffer.as_ptr().addr().is_multiple_of(PAGE));
                buffer.fill(7);
            }
        }
    }

    #[test]
    fn only_what_was_filled_is_seen() {
        let mut buffer = FillBuf::with_capacity(5000);
        buffer.extend_from_slice(b"ab");
        buffer.spare()[..2].copy_from_slice(b"cd");
        assert_eq!(&buffer[..], b"ab");
        buffer.advance(2);
        let shared = buffer.freeze();
        assert_eq!(&shared[..], b"abcd");
    }

    #[test]
    #[should_panic(expected = "beyond")]
    fn a_buffer_has_an_end() {
        FillBuf::with_capacity(1).advance(PAGE + 1);
    }

    #[test]
    fn frozen_slices_outlive_the_buffer_on_other_threads() {
        let mut buffer = AlignedBuf::zeroed(PAGE);
        buffer[..4].copy_from_slice(b"abcd");
        let whole = buffer.freeze();
        let slice = whole.slice(1..3);
        drop(whole);
        std::thread::spawn(move || assert_eq!(&slice[..], b"bc"))
            .join()
            .unwrap();
    }

    #[test]
    #[should_panic(expected = "whole pages")]
    fn parts_of_pages_are_refused() {
        AlignedBuf::zeroed(PAGE + 1);
    }
}
