//! The descriptors of the process, divided once at the start, so that connections never take what files need.
//!
//! ```text
//! fixed      standard streams, the lock, listeners, the admin port's connections
//! a shard    its rings and wake-ups, its journal's files, files and directories that are open for a moment
//! the rest   a quarter for segment files, as many as are of use at most; connections have what is left
//! ```

use std::io;

use crate::ring::{ResourceLimit, resource_limit};

/// Connections of the admin port at a time.
pub const ADMIN_CONNECTIONS_MAX: usize = 64;
/// Standard streams, the lock, listeners, what the log goes to, and connections that are refused or closing.
const PROCESS: u64 = 32;
/// The rings of a shard and what wakes it: 6 as of this writing.
const SHARD: u64 = 8;
/// Files and directories of a shard that are open for a moment: indexes and directories ([`BRIEF_OPENS_MAX`]), checkpoints,
/// and journal files in the making.
const BRIEF: u64 = 32;
/// How many indexes and directories a shard may have open at once.
pub const BRIEF_OPENS_MAX: usize = 16;
/// Journal files beside the configured number: the one that is being made, under both of its names.
const JOURNAL_FILES_MORE: u64 = 2;
/// Segment files of a shard at the least.
const SEGMENT_FILES_MIN: u64 = 16;
/// Segment files of a shard at most: more of them open save nothing.
const SEGMENT_FILES_MAX: u64 = 4096;
/// Connections below which a broker makes no sense.
const CONNECTIONS_MIN: u64 = 16;

/// What each part may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DescriptorPlan {
    /// RLIMIT_NOFILE of the process.
    pub limit: u64,
    /// Segment files that each shard may have open at once.
    pub segment_files: usize,
    /// Client connections of the process.
    pub connections: u32,
}

/// The limit leaves too little.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the process may have {limit} descriptors open (RLIMIT_NOFILE), and {shards} shards with {journal_files} journal files \
     each need {needed} at the least"
)]
pub struct TooFewDescriptors {
    /// What there is.
    pub limit: u64,
    /// What is needed.
    pub needed: u64,
    /// The shards.
    pub shards: u16,
    /// `journal.files`.
    pub journal_files: u64,
}

impl DescriptorPlan {
    /// Divides what this process may have, as its limit is now: raise it before
    /// ([`crate::preflight::raise_open_files`]).
    ///
    /// # Errors
    /// See [`TooFewDescriptors`].
    pub fn new(shards: u16, journal_files: u64) -> Result<DescriptorPlan, TooFewDescriptors> {
        let limit = limit().unwrap_or(1024);
        DescriptorPlan::divide(limit, shards, journal_files)
    }

    /// Divides `limit` descriptors.
    ///
    /// # Errors
    /// See [`TooFewDescriptors`].
    pub fn divide(limit: u64, shards: u16, journal_files: u64) -> Result<DescriptorPlan, TooFewDescriptors> {
        let admin = u64::try_from(ADMIN_CONNECTIONS_MAX).unwrap_or(u64::MAX);
        let count = u64::from(shards.max(1));
        let of_shard = SHARD + journal_files + JOURNAL_FILES_MORE + BRIEF + SEGMENT_FILES_MIN;
        let fixed = PROCESS + admin + count * of_shard;
        let needed = fixed + CONNECTIONS_MIN;
        let Some(rest) = limit.checked_sub(fixed).filter(|rest| *rest >= CONNECTIONS_MIN) else {
            return Err(TooFewDescriptors {
                limit,
                needed,
                shards,
                journal_files,
            });
        };
        let more = ((rest - CONNECTIONS_MIN) / 4 / count).min(SEGMENT_FILES_MAX - SEGMENT_FILES_MIN);
        let connections = rest - more * count;
        Ok(DescriptorPlan {
            limit,
            segment_files: usize::try_from(SEGMENT_FILES_MIN + more).unwrap_or(usize::MAX),
            connections: u32::try_from(connections).unwrap_or(u32::MAX),
        })
    }
}

fn limit() -> io::Result<u64> {
    resource_limit(ResourceLimit::OpenFiles).map(|(limit, _)| limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_what_they_need_and_connections_the_rest() {
        let check = |limit, shards, journal_files, expected: (usize, u32)| {
            let plan = DescriptorPlan::divide(limit, shards, journal_files).unwrap();
            assert_eq!(
                (plan.segment_files, plan.connections),
                expected,
                "{limit} for {shards}"
            );
        };
        check(256, 1, 4, (36, 78));
        check(1024, 2, 16, (111, 590));
        check(65_536, 2, 16, (4096, 57_132));
        check(1 << 20, 8, 16, (4096, 1_015_248));
        check(u64::MAX, 2, 16, (4096, u32::MAX));
    }

    /// Whatever the limit, the parts together are within it.
    #[test]
    fn the_parts_never_exceed_the_limit() {
        for shards in [1u16, 2, 16, 300] {
            for journal_files in [3u64, 16, 1024] {
                for limit in (0..3000).chain([65_536, 1 << 20]) {
                    let admin = u64::try_from(ADMIN_CONNECTIONS_MAX).unwrap();
                    match DescriptorPlan::divide(limit, shards, journal_files) {
                        Ok(plan) => {
                            let segments = u64::try_from(plan.segment_files).unwrap();
                            let of_shard = SHARD + journal_files + JOURNAL_FILES_MORE + BRIEF + segments;
                            let all =
                                PROCESS + admin + u64::from(shards) * of_shard + u64::from(plan.connections);
                            assert!(all <= limit, "{all} of {limit}");
                            assert!(u64::from(plan.connections) >= CONNECTIONS_MIN);
                        }
                        Err(error) => assert!(error.needed > limit, "{error}"),
                    }
                }
            }
        }
    }
}
