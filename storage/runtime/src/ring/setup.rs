//! How the ring is set up.

use std::io;

use io_uring::{IoUring, Probe, opcode};

/// Entries of the submission queue: the most that one call submits.
const SUBMISSION_ENTRIES: u32 = 512;

/// Makes a ring whose completion queue holds `completions` entries, a power of two. Work is deferred to our own calls
/// (DEFER_TASKRUN with SINGLE_ISSUER, Linux 6.1).
///
/// # Errors
/// io_uring_setup(2)'s; EINVAL before Linux 6.1.
pub(crate) fn build(completions: u32) -> io::Result<IoUring> {
    IoUring::builder()
        .setup_cqsize(completions)
        .setup_clamp()
        .dontfork()
        .setup_single_issuer()
        .setup_defer_taskrun()
        .setup_taskrun_flag()
        .setup_submit_all()
        .build(SUBMISSION_ENTRIES.min(completions))
}

/// Whether the kernel has `IORING_OP_FTRUNCATE` (Linux 6.9).
pub(super) fn has_truncate(ring: &IoUring) -> io::Result<bool> {
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe)?;
    Ok(probe.is_supported(opcode::Ftruncate::CODE))
}
