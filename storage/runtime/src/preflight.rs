//! Checks, before any shard starts, whether this machine and process can run one.

use std::fs;
use std::io;

use crate::ring::{self, ResourceLimit, resource_limit};

/// Bytes of memory that glommio may lock before Linux 5.12 a shard; below it refuses to start.
const LOCKED_MEMORY_MIN: u64 = 512 * 1024;
/// Descriptors below which a broker of some size runs dry.
const OPEN_FILES_WANTED: u64 = 65_536;
/// Descriptors with which a broker does well enough not to speak of it at each start.
const OPEN_FILES_ENOUGH: u64 = 10_000;
/// Descriptors without which it makes no sense to start.
const OPEN_FILES_MIN: u64 = 256;

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// It works; a large broker may want more.
    Advice,
    /// It works, but may not under load.
    Warning,
    /// Nothing can be started.
    Fatal,
}

/// One thing that is in the way.
#[derive(Debug, thiserror::Error)]
pub enum Finding {
    /// The kernel has no io_uring (ENOSYS).
    #[error("this kernel has no io_uring")]
    NoIoUring,
    /// The kernel's io_uring lacks what a shard needs (EINVAL).
    #[error("this kernel's io_uring is too old: it lacks IORING_SETUP_DEFER_TASKRUN")]
    OldIoUring,
    /// The administrator switched it off (kernel.io_uring_disabled = 1 or 2).
    #[error("io_uring is switched off: kernel.io_uring_disabled is {level}")]
    Disabled {
        /// 1: for processes without CAP_SYS_ADMIN outside of kernel.io_uring_group; 2: for all.
        level: u8,
    },
    /// EPERM without the sysctl: a seccomp filter, as container runtimes have them.
    #[error("this process may not use io_uring: a seccomp filter forbids it")]
    Forbidden,
    /// RLIMIT_MEMLOCK is too low.
    #[error("only {limit_bytes} bytes of memory may be locked, {wanted_bytes} are needed")]
    LockedMemory {
        /// The soft limit.
        limit_bytes: u64,
        /// What is needed.
        wanted_bytes: u64,
    },
    /// A ring could not be made for another reason.
    #[error("cannot make an io_uring: {source}")]
    Ring {
        /// The kernel's answer.
        source: io::Error,
    },
    /// RLIMIT_NOFILE is low.
    #[error("only {limit} files and connections may be open at once")]
    OpenFiles {
        /// The soft limit.
        limit: u64,
        /// The hard limit, up to which the process may raise it.
        limit_max: u64,
    },
}

impl Finding {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Finding::NoIoUring
            | Finding::OldIoUring
            | Finding::Disabled { .. }
            | Finding::Forbidden
            | Finding::LockedMemory { .. }
            | Finding::Ring { .. } => Severity::Fatal,
            Finding::OpenFiles { limit, .. } if *limit < OPEN_FILES_MIN => Severity::Fatal,
            Finding::OpenFiles { limit, .. } if *limit < OPEN_FILES_ENOUGH => Severity::Warning,
            Finding::OpenFiles { .. } => Severity::Advice,
        }
    }

    /// What to do about it, as a sentence.
    pub fn remedy(&self) -> String {
        match self {
            Finding::NoIoUring | Finding::OldIoUring => {
                "Use Linux 6.1 or newer, built with CONFIG_IO_URING.".into()
            }
            Finding::Disabled { level: 1 } => {
                "Run `sysctl kernel.io_uring_disabled=0`, or put the user's group into kernel.io_uring_group."
                    .into()
            }
            Finding::Disabled { .. } => "Run `sysctl kernel.io_uring_disabled=0`.".into(),
            Finding::Forbidden => {
                "Allow io_uring_setup, io_uring_enter and io_uring_register in the container's \
                                   seccomp profile (Docker: --security-opt seccomp=profile.json)."
                    .into()
            }
            Finding::LockedMemory { wanted_bytes, .. } => {
                format!(
                    "Raise the limit: LimitMEMLOCK={wanted_bytes} in the systemd unit, or `ulimit -l unlimited`."
                )
            }
            Finding::Ring { .. } => "See the kernel's log for why io_uring_setup failed.".into(),
            Finding::OpenFiles { .. } => format!(
                "Raise it: LimitNOFILE={OPEN_FILES_WANTED} in the systemd unit, or `ulimit -n {OPEN_FILES_WANTED}`."
            ),
        }
    }
}

/// Raises the soft limit of open files and connections to the hard one, as servers do; a refusal is found by
/// [`preflight`] as the limit that remains.
pub fn raise_open_files() {
    let _ = ring::raise_open_files();
}

/// Looks at what this process has and may do; the worst finding first, nothing if all is well.
pub fn preflight() -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(error) = ring::build(8) {
        let level = fs::read_to_string("/proc/sys/kernel/io_uring_disabled").ok();
        findings.push(explain_setup_error(error, level.as_deref()));
    }
    if let Ok((limit, _)) = resource_limit(ResourceLimit::LockedMemory) {
        findings.extend(judge_locked_memory(limit));
    }
    if let Ok((limit, limit_max)) = resource_limit(ResourceLimit::OpenFiles) {
        findings.extend(judge_open_files(limit, limit_max));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
    findings
}

/// What `error` of io_uring_setup(2) means, given the text of the sysctl `kernel.io_uring_disabled` if it is there.
fn explain_setup_error(error: io::Error, disabled: Option<&str>) -> Finding {
    let level = disabled
        .and_then(|text| text.trim().parse::<u8>().ok())
        .unwrap_or(0);
    match error.raw_os_error() {
        Some(libc::ENOSYS) => Finding::NoIoUring,
        Some(libc::EINVAL) => Finding::OldIoUring,
        Some(libc::EPERM | libc::EACCES) if level > 0 => Finding::Disabled { level },
        Some(libc::EPERM | libc::EACCES) => Finding::Forbidden,
        Some(libc::ENOMEM) => Finding::LockedMemory {
            limit_bytes: resource_limit(ResourceLimit::LockedMemory).map_or(0, |(limit, _)| limit),
            wanted_bytes: LOCKED_MEMORY_MIN,
        },
        _ => Finding::Ring { source: error },
    }
}

fn judge_locked_memory(limit_bytes: u64) -> Option<Finding> {
    (limit_bytes < LOCKED_MEMORY_MIN).then_some(Finding::LockedMemory {
        limit_bytes,
        wanted_bytes: LOCKED_MEMORY_MIN,
    })
}

fn judge_open_files(limit: u64, limit_max: u64) -> Option<Finding> {
    (limit < OPEN_FILES_WANTED).then_some(Finding::OpenFiles { limit, limit_max })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_setup(errno: i32, disabled: Option<&str>, expected: &str) {
        let finding = explain_setup_error(io::Error::from_raw_os_error(errno), disabled);
        assert_eq!(finding.to_string(), expected);
        assert_eq!(finding.severity(), Severity::Fatal);
        assert!(!finding.remedy().is_empty());
    }

    #[test]
    fn explains_what_the_kernel_answers() {
        let seccomp = "this process may not use io_uring: a seccomp filter forbids it";
        check_setup(libc::ENOSYS, None, "this kernel has no io_uring");
        check_setup(
            libc::EINVAL,
            None,
            "this kernel's io_uring is too old: it lacks IORING_SETUP_DEFER_TASKRUN",
        );
        check_setup(libc::EPERM, None, seccomp);
        check_setup(libc::EPERM, Some("0\n"), seccomp);
        check_setup(
            libc::EPERM,
            Some("1\n"),
            "io_uring is switched off: kernel.io_uring_disabled is 1",
        );
        check_setup(
            libc::EPERM,
            Some("2\n"),
            "io_uring is switched off: kernel.io_uring_disabled is 2",
        );
        check_setup(
            libc::EMFILE,
            None,
            "cannot make an io_uring: Too many open files (os error 24)",
        );
    }

    #[test]
    fn judges_limits() {
        assert!(judge_locked_memory(LOCKED_MEMORY_MIN).is_none());
        assert_eq!(
            judge_locked_memory(65_536).map(|finding| finding.severity()),
            Some(Severity::Fatal)
        );
        let open_files = |limit| judge_open_files(limit, limit).map(|finding| finding.severity());
        assert_eq!(open_files(100), Some(Severity::Fatal));
        assert_eq!(open_files(1024), Some(Severity::Warning));
        assert_eq!(open_files(OPEN_FILES_ENOUGH), Some(Severity::Advice));
        assert_eq!(open_files(OPEN_FILES_WANTED), None);
    }

    #[test]
    fn this_machine_can_run_the_tests() {
        let fatal: Vec<String> = preflight()
            .iter()
            .filter(|finding| finding.severity() == Severity::Fatal)
            .map(|finding| format!("{finding} {}", finding.remedy()))
            .collect();
        assert_eq!(fatal, Vec::<String>::new());
    }
}
