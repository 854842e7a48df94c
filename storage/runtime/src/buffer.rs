//! Page-aligned buffers for direct I/O.

#![expect(
    unsafe_code,
    reason = "an owned allocation with an alignment that Vec cannot have"
)]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use bytes::Bytes;

/// The unit of direct I/O, in bytes: addresses, positions and lengths are multiples of it.
pub const PAGE: usize = 4096;

/// Whole pages of zeroed memory at a page's boundary, owned alone.
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
        let layout = Self::layout(length);
        // SAFETY: `layout` has a size above zero, asserted in `layout`.
        let start = unsafe { alloc_zeroed(layout) };
        let Some(start) = NonNull::new(start) else {
            handle_alloc_error(layout)
        };
        AlignedBuf { start, length }
    }

    fn layout(length: usize) -> Layout {
        assert!(
            length > 0 && length.is_multiple_of(PAGE),
            "{length} is not a number of whole pages"
        );
        Layout::from_size_align(length, PAGE).expect("a length within isize")
    }

    /// Gives the buffer up for sharing; slices of the result stay valid as long as they live.
    pub fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl Deref for AlignedBuf {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        // SAFETY: `start` is valid for `length` initialized bytes (zeroed at allocation) while `self` lives, and
        // `&self` excludes writers.
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
        // SAFETY: allocated in `zeroed` with the same layout, and dropped once.
        unsafe { dealloc(self.start.as_ptr(), Self::layout(self.length)) }
    }
}
