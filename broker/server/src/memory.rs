//! The memory of a shard, divided once at the start.
//!
//! ```text
//! 4/8  logs: the tails, with what is in no segment yet (2/8 at most), and windows read of segments (1/32 at most)
//! 2/8  requests, from their length to their answer
//! 1/8  fetched records, from the read until they have been sent; a view counts with the whole chunk that it holds
//! 1/8  the rest: journal frames (4 MiB each, one under way), receive buffers (1 MiB), connections (24 KiB each and
//!      less), indexes, sequences of producers, groups, metadata, the program
//! ```
//! The first three are limits that work waits for. The rest has limits of its own, by number: connections, partitions,
//! groups, sessions.

/// Least memory of a shard, in bytes.
const SHARD_BYTES_MIN: u64 = 64 << 20;

/// Too little memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MemoryError {
    /// The budget exceeds the machine.
    #[error(
        "{shards} shards of {} MiB need more than the machine's {} MiB of memory. Lower memory.bytes or shards",
        shard_bytes >> 20, machine_bytes >> 20
    )]
    Machine {
        /// How many.
        shards: u16,
        /// Each.
        shard_bytes: u64,
        /// All there is.
        machine_bytes: u64,
    },
    /// The budget is too small to work with.
    #[error(
        "{shard_bytes} bytes of memory are too little for a shard: it needs {SHARD_BYTES_MIN} ({} MiB). Raise memory.bytes, \
         or lower shards", SHARD_BYTES_MIN >> 20
    )]
    Shard {
        /// What it would have.
        shard_bytes: u64,
    },
}

/// What a shard may use for what, in bytes. Nothing is taken before it is needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryPlan {
    /// Requests from their arrival to their answer.
    pub request_bytes: usize,
    /// Records that were fetched, until they have been sent.
    pub fetch_bytes: usize,
    /// Logs in memory, those that are in no segment yet included.
    pub cache_bytes: usize,
    /// Appended and in no segment yet.
    pub dirty_bytes: usize,
    /// What is left for all else; nothing waits for it.
    pub rest_bytes: usize,
}

impl MemoryPlan {
    /// Divides `shard_bytes`, or an equal share of half of the machine's memory.
    ///
    /// # Errors
    /// See [`MemoryError`].
    pub fn new(shard_bytes: Option<u64>, shards: u16) -> Result<MemoryPlan, MemoryError> {
        MemoryPlan::divide(shard_bytes, shards, machine_bytes())
    }

    fn divide(shard_bytes: Option<u64>, shards: u16, machine_bytes: u64) -> Result<MemoryPlan, MemoryError> {
        let each = shard_bytes.unwrap_or(machine_bytes / 2 / u64::from(shards));
        if each < SHARD_BYTES_MIN {
            return Err(MemoryError::Shard { shard_bytes: each });
        }
        if each.saturating_mul(u64::from(shards)) > machine_bytes {
            return Err(MemoryError::Machine {
                shards,
                shard_bytes: each,
                machine_bytes,
            });
        }
        let share = |part: u64| usize::try_from(each / 8 * part).unwrap_or(usize::MAX);
        Ok(MemoryPlan {
            request_bytes: share(2),
            fetch_bytes: share(1),
            cache_bytes: share(4),
            dirty_bytes: share(2),
            rest_bytes: share(1),
        })
    }

    /// All of it for one shard, in bytes.
    pub fn total_bytes(&self) -> usize {
        // What is in no segment yet is part of the cache.
        self.request_bytes + self.fetch_bytes + self.cache_bytes + self.rest_bytes
    }

    /// Says in the log what the broker may use for what.
    pub fn say(&self, shards: u16) {
        let mib = |bytes: usize| bytes >> 20;
        tracing::info!(
            shards,
            logs_mib = mib(self.cache_bytes),
            unflushed_mib_max = mib(self.dirty_bytes),
            requests_mib = mib(self.request_bytes),
            fetched_mib = mib(self.fetch_bytes),
            rest_mib = mib(self.rest_bytes),
            "memory: at most {} MiB, {} MiB a shard (memory.bytes)",
            mib(self.total_bytes() * usize::from(shards)),
            mib(self.total_bytes()),
        );
    }
}

/// The machine's memory, or the control group's limit if that is less.
fn machine_bytes() -> u64 {
    let total = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    let total = total.map_or(u64::MAX, |kib| kib.saturating_mul(1024));
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let limit = limit.and_then(|text| text.trim().parse::<u64>().ok());
    total.min(limit.unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_divided_and_refused() {
        const GIB: u64 = 1 << 30;
        let plan = MemoryPlan::divide(Some(GIB), 2, 8 * GIB).unwrap();
        assert_eq!(
            (
                plan.request_bytes,
                plan.fetch_bytes,
                plan.cache_bytes,
                plan.dirty_bytes
            ),
            (256 << 20, 128 << 20, 512 << 20, 256 << 20)
        );
        assert_eq!(plan.total_bytes(), 1 << 30);
        let share = MemoryPlan::divide(None, 2, 8 * GIB).unwrap();
        assert_eq!(share.cache_bytes, 1 << 30);
        assert_eq!(
            MemoryPlan::divide(Some(5 * GIB), 2, 8 * GIB),
            Err(MemoryError::Machine {
                shards: 2,
                shard_bytes: 5 * GIB,
                machine_bytes: 8 * GIB
            })
        );
        assert_eq!(
            MemoryPlan::divide(Some(1), 2, GIB),
            Err(MemoryError::Shard { shard_bytes: 1 })
        );
    }
}
