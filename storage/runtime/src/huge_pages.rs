//! Huge pages for the memory that the disk is written from, and for nothing else.
//!
//! Direct I/O pins every page of a buffer in each write, and hands the device a piece a page. A mebibyte is 256 small
//! pages, or half of a huge one.
//!
//! Elsewhere huge pages do harm. The first touch of one clears two mebibytes, and on a virtual machine the host has to
//! find that memory first, while the shard waits. So only buffers of exactly their size get them, which large writes
//! take again and again, and a thread beside the shards makes them.

#![expect(unsafe_code, reason = "prctl(2), setpriority(2) and madvise(2)")]

use std::fs;
use std::io;
use std::ptr::NonNull;

/// The size of a huge page, and the boundary that it begins at, in bytes.
pub(crate) const HUGE_PAGE: usize = 2 << 20;

/// `PR_THP_DISABLE_EXCEPT_ADVISED` of prctl(2), since Linux 6.18.
const EXCEPT_ADVISED: libc::c_ulong = 1 << 1;

/// Tells the kernel to give this process huge pages only where it is [advised](advise) to. Older kernels cannot do
/// that where the machine's setting is `always`: the process then gets none at all.
pub(crate) fn only_where_advised() {
    if disable(1, EXCEPT_ADVISED).is_ok() {
        return;
    }
    let setting = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    let is_always = setting.is_ok_and(|setting| setting.contains("[always]"));
    if let Err(error) = disable(libc::c_ulong::from(is_always), 0) {
        tracing::debug!(%error, "transparent huge pages stay as the machine has them");
    }
}

fn disable(yes: libc::c_ulong, flags: libc::c_ulong) -> io::Result<()> {
    let none: libc::c_ulong = 0;
    // SAFETY: it takes numbers alone, and changes what pages look like, not what is in them.
    match unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, yes, flags, none, none) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Lets every other thread go before this one.
pub(crate) fn yield_to_others() {
    const LAST: libc::c_int = 19;
    // SAFETY: it takes numbers alone. Of Linux's threads each has a priority of its own, and 0 means the one that asks.
    if unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, LAST) } != 0 {
        tracing::debug!(error = %io::Error::last_os_error(), "the priority stays");
    }
}

/// Asks for huge pages for the `size` bytes from `start` on. It is a wish: the kernel may have none.
///
/// # Safety
/// The range is an anonymous mapping.
pub(crate) unsafe fn advise(start: NonNull<u8>, size: usize) {
    // SAFETY: the caller's promise; the advice changes no content.
    unsafe { libc::madvise(start.as_ptr().cast(), size, libc::MADV_HUGEPAGE) };
}
