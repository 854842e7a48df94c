//! How the ring is set up: the newest flags that the kernel takes.

use std::io;

use io_uring::{IoUring, Probe, opcode};

/// Entries of the submission queue: the most that one call submits.
const SUBMISSION_ENTRIES: u32 = 512;

/// Makes a ring whose completion queue holds `completions` entries, a power of two.
///
/// Prefers work deferred to our own calls (DEFER_TASKRUN with SINGLE_ISSUER, Linux 6.1), then no interrupts for it
/// (COOP_TASKRUN, 5.19), then neither.
pub(super) fn build(completions: u32) -> io::Result<IoUring> {
    let mut refused = None;
    for form in 0..3 {
        let mut builder = IoUring::builder();
        builder.setup_cqsize(completions).setup_clamp().dontfork();
        match form {
            0 => builder
                .setup_single_issuer()
                .setup_defer_taskrun()
                .setup_taskrun_flag()
                .setup_submit_all(),
            1 => builder
                .setup_coop_taskrun()
                .setup_taskrun_flag()
                .setup_submit_all(),
            _ => &mut builder,
        };
        match builder.build(SUBMISSION_ENTRIES.min(completions)) {
            Ok(ring) => return Ok(ring),
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => refused = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(refused.expect("the loop ends only after a refusal"))
}

/// Whether the kernel has `IORING_OP_FTRUNCATE` (Linux 6.9).
pub(super) fn has_truncate(ring: &IoUring) -> io::Result<bool> {
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe)?;
    Ok(probe.is_supported(opcode::Ftruncate::CODE))
}
