//! An allocator that counts, and tells on demand who asked.

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Counts what any thread allocates while it is armed.
pub(crate) struct CountingAllocator;

static IS_ARMED: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicU64 = AtomicU64::new(0);
static IS_TRACING: AtomicBool = AtomicBool::new(false);
static SITES: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

thread_local! {
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

fn allocated() {
    if !IS_ARMED.load(Ordering::Acquire) || IS_INSIDE.try_with(Cell::get).unwrap_or(true) {
        return;
    }
    COUNT.fetch_add(1, Ordering::AcqRel);
    if IS_TRACING.load(Ordering::Acquire) {
        IS_INSIDE.with(|inside| inside.set(true));
        let site = site(&Backtrace::force_capture().to_string());
        *SITES.lock().expect("no panic in here").entry(site).or_default() += 1;
        IS_INSIDE.with(|inside| inside.set(false));
    }
}

/// The innermost three places of our own code in a stack, the deepest first.
fn site(stack: &str) -> String {
    let lines: Vec<&str> = stack.lines().map(str::trim).collect();
    let places = lines
        .iter()
        .filter_map(|line| line.strip_prefix("at "))
        .filter(|place| !place.contains("/.cargo/") && !place.contains("/rustc/"))
        .filter(|place| !place.contains("tests/allocations/counter.rs"));
    let places: Vec<&str> = places.take(3).collect();
    places.join(" < ")
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait")]
// SAFETY: every call goes to the system's allocator unchanged; only numbers are kept besides.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated();
        // SAFETY: the caller keeps `alloc`'s contract, which is the system allocator's too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `System` with this layout, for `alloc` passes both on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        allocated();
        // SAFETY: as above; the caller keeps `realloc`'s contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// From here on allocations count, if they do not yet.
pub(crate) fn begin() {
    if !IS_ARMED.load(Ordering::Acquire) {
        COUNT.store(0, Ordering::Release);
        IS_ARMED.store(true, Ordering::Release);
    }
}

/// From here on they do not.
pub(crate) fn end() {
    IS_ARMED.store(false, Ordering::Release);
}

/// How many there were between the two.
pub(crate) fn count() -> u64 {
    COUNT.load(Ordering::Acquire)
}

/// Has the sites of allocations noted, or no more. It takes long.
pub(crate) fn trace(is_on: bool) {
    IS_TRACING.store(is_on, Ordering::Release);
}

/// The sites that were noted, and how often each was met.
pub(crate) fn sites() -> BTreeMap<String, u64> {
    std::mem::take(&mut *SITES.lock().expect("no panic in here"))
}
