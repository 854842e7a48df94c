//! The process's pool of memory for large buffers.
//!
//! Buffers move between shards, so a buffer may be freed on another shard than it was taken on. The whole process
//! therefore shares one pool, behind a mutex that is held for the push or pop of one address. Small buffers come from
//! the allocator.
//!
//! When the pool is full it frees regions of other sizes, one size after the other. The sizes that are asked for
//! change (chunks become smaller as logs become more), and regions of a size that nobody asks for any more must not
//! keep out those of one that is asked for.
//!
//! A region as large as a huge page is in small pages at first. When it comes back, a huge one takes its place, made by
//! a thread beside the shards: see [`huge_pages`].
//!
//! Invariants: a region belongs to one buffer or lies in the pool once; all of it is initialized; the pool holds
//! [`KEPT_BYTES_MAX`] at most, and one region more for each thread that gives one back.

#![expect(unsafe_code, reason = "memory by mmap(2), with a lifetime of its own")]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{io, thread};

use crate::buffer::PAGE;
use crate::huge_pages::{self, HUGE_PAGE};

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
/// The class of regions as large as a huge page.
const HUGE_CLASS: usize = (HUGE_PAGE / POOLED_BYTES_MIN).ilog2() as usize * STEPS;

static POOL: Pool = Pool::new();
static PREPARER: OnceLock<Preparer> = OnceLock::new();

/// A thread that makes huge pages, one for each region in small pages that came back: clearing one takes long on a
/// machine whose host has to find the memory first, and no shard is to wait for that.
struct Preparer {
    wanted: SyncSender<()>,
}

impl Preparer {
    /// How many may be asked for at a time.
    const WANTED_MAX: usize = 16;

    /// # Errors
    /// When the thread could not be started.
    fn start() -> io::Result<Preparer> {
        let (wanted, asked) = sync_channel(Preparer::WANTED_MAX);
        let prepare = move || {
            huge_pages::yield_to_others();
            for () in asked {
                POOL.keep(HUGE_CLASS, Region(map_huge_page()));
            }
        };
        thread::Builder::new()
            .name("huge-pages".to_owned())
            .spawn(prepare)?;
        Ok(Preparer { wanted })
    }

    /// Whether a huge page will be made.
    fn asked_for_one() -> bool {
        PREPARER
            .get()
            .is_some_and(|preparer| preparer.wanted.try_send(()).is_ok())
    }
}

/// From now on regions as large as a huge page become huge pages, one by one. The first call counts.
pub(crate) fn prepare_huge_pages() {
    if PREPARER.get().is_some() {
        return;
    }
    match Preparer::start() {
        // Should two be first, the thread of one ends with its sender.
        Ok(preparer) => drop(PREPARER.set(preparer)),
        Err(error) => tracing::warn!(%error, "no thread for huge pages: large writes stay in small pages"),
    }
}

/// What is kept.
struct Pool {
    kept: [Mutex<Vec<Region>>; CLASSES],
    bytes: AtomicUsize,
    /// The size class that a region is freed of next.
    next_to_go: AtomicUsize,
}

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

/// The size of a class's regions.
fn size_of_class(class: usize) -> usize {
    let octave = POOLED_BYTES_MIN << (class / STEPS);
    octave + class % STEPS * (octave / STEPS)
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
    match class.and_then(|class| POOL.pop(class)) {
        Some(Region(start)) => (start, false),
        // Miri gives mappings back whole alone.
        None if size == HUGE_PAGE && !cfg!(miri) => (map_in_small_pages(), true),
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
    let Some(class) = class.filter(|_| size <= KEPT_BYTES_MAX) else {
        // SAFETY: mapped in `take` with the same size, and nobody uses it.
        unsafe { unmap(start, size) };
        return;
    };
    if size == HUGE_PAGE && !is_huge(start) && Preparer::asked_for_one() {
        // SAFETY: mapped in `take` with the same size, and nobody uses it.
        unsafe { unmap(start, size) };
        return;
    }
    POOL.keep(class, Region(start));
}

impl Pool {
    const fn new() -> Pool {
        Pool {
            kept: [const { Mutex::new(Vec::new()) }; CLASSES],
            bytes: AtomicUsize::new(0),
            next_to_go: AtomicUsize::new(0),
        }
    }

    fn pop(&self, class: usize) -> Option<Region> {
        let mut kept = self.kept[class].lock().unwrap_or_else(PoisonError::into_inner);
        let region = kept.pop()?;
        self.bytes.fetch_sub(size_of_class(class), Ordering::Relaxed);
        Some(region)
    }

    fn keep(&self, class: usize, region: Region) {
        {
            let mut kept = self.kept[class].lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(region);
            self.bytes.fetch_add(size_of_class(class), Ordering::Relaxed);
        }
        while self.bytes.load(Ordering::Relaxed) > KEPT_BYTES_MAX && self.give_one_up() {}
    }

    /// Gives the memory of one region back to the system; false if there is none.
    fn give_one_up(&self) -> bool {
        for _ in 0..CLASSES {
            let class = self.next_to_go.fetch_add(1, Ordering::Relaxed) % CLASSES;
            if let Some(Region(start)) = self.pop(class) {
                // SAFETY: mapped with the size of its class; it lay in the pool, so nobody uses it.
                unsafe { unmap(start, size_of_class(class)) };
                return true;
            }
        }
        false
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

/// Fresh memory of the size of a huge page that is none. It begins beside such a page's boundary: so the two are told
/// apart.
fn map_in_small_pages() -> NonNull<u8> {
    let wide = map(HUGE_PAGE + PAGE);
    // SAFETY: the mapping is one page longer than what stays of it; nobody has seen that page.
    unsafe {
        if is_huge(wide) {
            unmap(wide, PAGE);
            wide.add(PAGE)
        } else {
            unmap(wide.add(HUGE_PAGE), PAGE);
            wide
        }
    }
}

/// Fresh memory of the size of a huge page, at such a page's boundary, and one if the kernel has one. Cleared.
fn map_huge_page() -> NonNull<u8> {
    let wide = map(2 * HUGE_PAGE);
    let before = wide.as_ptr().addr().next_multiple_of(HUGE_PAGE) - wide.as_ptr().addr();
    // SAFETY: `before` is less than a huge page, so that one lies within the mapping; what is unmapped lies before and
    // behind it, and nobody has seen any of it.
    unsafe {
        let start = wide.add(before);
        if before > 0 {
            unmap(wide, before);
        }
        unmap(start.add(HUGE_PAGE), HUGE_PAGE - before);
        huge_pages::advise(start, HUGE_PAGE);
        // The first byte brings the page.
        start.write_volatile(0);
        start
    }
}

fn is_huge(start: NonNull<u8>) -> bool {
    start.as_ptr().addr().is_multiple_of(HUGE_PAGE)
}

/// # Safety
/// `start` and the `size` bytes from it on came from [`map`] or what calls it, and are not used any more.
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
            assert_eq!(size_of_class(class.unwrap()), size);
        }
        assert_eq!(region_of(POOLED_BYTES_MIN), (POOLED_BYTES_MIN, Some(0)));
        assert_eq!(region_of(2 << 30).1, None);
    }

    #[test]
    #[cfg(not(any(miri, corelog_unpooled)))]
    fn a_region_as_large_as_a_huge_page_becomes_one() {
        assert_eq!(size_of_class(HUGE_CLASS), HUGE_PAGE);
        let mut plain = map_in_small_pages();
        assert!(!is_huge(plain));
        prepare_huge_pages();
        loop {
            // SAFETY: the bytes are ours until they are given back, which is once.
            unsafe {
                plain.write_bytes(7, HUGE_PAGE);
                give(plain, HUGE_PAGE);
            }
            let (next, _) = take(HUGE_PAGE);
            if is_huge(next) {
                // SAFETY: as above.
                unsafe {
                    next.write_bytes(7, HUGE_PAGE);
                    give(next, HUGE_PAGE);
                }
                return;
            }
            plain = next;
            thread::yield_now();
        }
    }

    #[test]
    fn what_nobody_asks_for_makes_room_for_what_is() {
        const OLD: usize = 3 << 20;
        const NEW: usize = 5 << 20;
        let pool = Pool::new();
        let keep = |length: usize, count: usize| {
            let (size, class) = region_of(length);
            for _ in 0..count {
                pool.keep(class.unwrap(), Region(map(size)));
                assert!(pool.bytes.load(Ordering::Relaxed) <= KEPT_BYTES_MAX);
            }
        };
        keep(OLD, KEPT_BYTES_MAX / OLD + 1);
        // One after the other the old ones go, in turns with new ones.
        keep(NEW, 2 * KEPT_BYTES_MAX / OLD);
        let left = |length: usize| pool.kept[region_of(length).1.unwrap()].lock().unwrap().len();
        assert_eq!((left(OLD), left(NEW)), (0, KEPT_BYTES_MAX / NEW));
        while pool.give_one_up() {}
        assert_eq!(pool.bytes.load(Ordering::Relaxed), 0);
    }
}
