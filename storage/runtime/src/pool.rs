//! Memory of large buffers, kept for the next one.
//!
//! Buffers move between shards, and the one that frees is not always the one that took: so the pool is the process's,
//! behind a lock that is held for the push or pop of one address. Small buffers are the allocator's.
//!
//! Invariants: a region belongs to one buffer or lies in the pool once; all of it is initialized; the pool holds
//! [`KEPT_BYTES_MAX`] at most.

#![expect(unsafe_code, reason = "memory by mmap(2), with a lifetime of its own")]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::buffer::PAGE;

/// Buffers of at least this many bytes are pooled.
const POOLED_BYTES_MIN: usize = 64 << 10;
/// With `--cfg corelog_unpooled` nothing is: a sanitizer that watches the allocator then sees who uses what was freed.
const IS_POOLED: bool = !cfg!(corelog_unpooled);
/// Memory that the pool keeps for later at most.
const KEPT_BYTES_MAX: usize = 64 << 20;
/// Sizes of regions between two powers of two.
const STEPS: usize = 4;
/// Sizes there are: four from each power of two to the next, from 64 KiB to 1 GiB. Larger ones are not kept.
const CLASSES: usize = 15 * STEPS;

static KEPT_BYTES: AtomicUsize = AtomicUsize::new(0);
static KEPT: [Mutex<Vec<Region>>; CLASSES] = [const { Mutex::new(Vec::new()) }; CLASSES];

/// The start of memory that nobody uses.
struct Region(NonNull<u8>);

// SAFETY: nobody else has a pointer into the region, and memory is not bound to a thread.
unsafe impl Send for Region {}

/// The size of the region for a buffer of `length` bytes, and its class if regions of it are kept.
fn region_of(length: usize) -> (usize, Option<usize>) {
    let octave = length.ilog2();
    let step = (1usize << octave) / STEPS;
    let size = length.next_multiple_of(step);
    // Rounding up may lead into the next octave.
    let octave = size.ilog2();
    let within = (size - (1 << octave)) / ((1 << octave) / STEPS);
    let class = usize::try_from(octave - POOLED_BYTES_MIN.ilog2()).expect("an octave") * STEPS + within;
    (size, (class < CLASSES).then_some(class))
}

fn small_layout(length: usize) -> Layout {
    Layout::from_size_align(length, PAGE).expect("a length within isize")
}

/// `length` bytes at a page's boundary, all initialized; whether they are zeros.
pub(crate) fn take(length: usize) -> (NonNull<u8>, bool) {
    if !IS_POOLED || length < POOLED_BYTES_MIN {
        let layout = small_layout(length);
        // SAFETY: `length` is more than none, as the callers have checked.
        let start = unsafe { alloc(layout) };
        let Some(start) = NonNull::new(start) else {
            handle_alloc_error(layout)
        };
        // SAFETY: `length` bytes were just allocated there.
        unsafe { start.write_bytes(0, length) };
        return (start, true);
    }
    let (size, class) = region_of(length);
    let kept = class.and_then(|class| KEPT[class].lock().unwrap_or_else(PoisonError::into_inner).pop());
    match kept {
        Some(Region(start)) => {
            KEPT_BYTES.fetch_sub(size, Ordering::Relaxed);
            (start, false)
        }
        None => (map(size), true),
    }
}

/// Gives a buffer's memory back.
///
/// # Safety
/// `start` came from [`take`] with the same `length`, is initialized and not used any more.
pub(crate) unsafe fn give(start: NonNull<u8>, length: usize) {
    if !IS_POOLED || length < POOLED_BYTES_MIN {
        // SAFETY: allocated in `take` with the same layout, given back once.
        unsafe { dealloc(start.as_ptr(), small_layout(length)) };
        return;
    }
    let (size, class) = region_of(length);
    #[cfg(debug_assertions)]
    // SAFETY: the region is ours; whoever still looks at it is to see that it is not theirs any more.
    unsafe {
        start.write_bytes(0xDB, length);
    }
    let kept_before = KEPT_BYTES.fetch_add(size, Ordering::Relaxed);
    match class {
        Some(class) if kept_before + size <= KEPT_BYTES_MAX => {
            let mut kept = KEPT[class].lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(Region(start));
        }
        Some(_) | None => {
            KEPT_BYTES.fetch_sub(size, Ordering::Relaxed);
            // SAFETY: mapped in `take` with the same size, and nobody uses it.
            unsafe { unmap(start, size) };
        }
    }
}

/// Fresh memory, zeroed by the kernel page by page as it is touched.
fn map(size: usize) -> NonNull<u8> {
    // SAFETY: an anonymous mapping of a new range touches nobody's memory.
    let start = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    match NonNull::new(start.cast::<u8>()) {
        Some(start) if start.as_ptr().cast() != libc::MAP_FAILED => start,
        _ => handle_alloc_error(small_layout(size)),
    }
}

/// # Safety
/// `start` came from [`map`] with the same `size` and is not used any more.
unsafe fn unmap(start: NonNull<u8>, size: usize) {
    // SAFETY: the caller's promise. It fails only for arguments that no mapping has.
    let result = unsafe { libc::munmap(start.as_ptr().cast(), size) };
    debug_assert_eq!(result, 0, "munmap of a region of ours");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_waste_a_quarter_at_most_and_each_size_has_one_class() {
        let mut classes = std::collections::BTreeMap::new();
        for pages in 16..4000 {
            let length = pages * PAGE;
            let (size, class) = region_of(length);
            assert!(size >= length && size < length + length / STEPS + PAGE);
            assert_eq!(region_of(size), (size, class), "a size is its own region");
            assert_eq!(*classes.entry(class).or_insert(size), size);
        }
        assert_eq!(region_of(POOLED_BYTES_MIN), (POOLED_BYTES_MIN, Some(0)));
        assert_eq!(region_of(2 << 30).1, None);
    }
}
