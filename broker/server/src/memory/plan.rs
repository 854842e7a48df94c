//! The memory of a shard, divided once at the start.
//!
//! ```text
//! 4/8  logs: the tails, with what is in no segment yet (half of it at most), and windows read of segments (a sixteenth
//!      of it at most); memory.cache.percent
//! 2/8  requests, from their length to their answer; queued.max.request.bytes
//! 1/8  fetched records, from the read until they have been sent; a view counts with the whole chunk that it holds
//! 1/16 long answers of other requests, until they have been sent
//! 1/16 the rest: the journal's frame (4 MiB, and small ones), receive buffers (1 MiB), connections (24 KiB each and
//!      less), indexes, sequences of producers, groups, metadata, the program
//! ```
//! The first four are limits that work waits for. The rest has limits of its own, by number: connections, partitions,
//! groups, sessions.

/// Least memory of a shard, in bytes.
const SHARD_BYTES_MIN: u64 = 64 << 20;

/// What a shard needs beside its logs and requests, in bytes.
const REST_BYTES_MIN: u64 = 8 << 20;

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
    /// Two parts leave nothing for the others.
    #[error(
        "of {} MiB of a shard {} MiB are for logs and {} MiB for requests, which leaves too little for the rest. Lower \
         memory.cache.percent or queued.max.request.bytes, or raise memory.bytes",
        shard_bytes >> 20, cache_bytes >> 20, request_bytes >> 20
    )]
    Parts {
        /// All of it.
        shard_bytes: u64,
        /// For logs.
        cache_bytes: u64,
        /// For requests.
        request_bytes: u64,
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
    /// Long answers of other requests, until they have been sent.
    pub answer_bytes: usize,
    /// What is left for all else; nothing waits for it.
    pub rest_bytes: usize,
}

/// What an operator chooses of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MemoryChoice {
    /// `memory.bytes` of one shard; `None`: an equal share of `machine_percent`.
    pub(crate) shard_bytes: Option<u64>,
    /// `memory.percent`, of the machine's memory.
    pub(crate) machine_percent: u32,
    /// `memory.cache.percent`
    pub(crate) cache_percent: u32,
    /// `queued.max.request.bytes` of one shard; `None`: a quarter.
    pub request_bytes: Option<u64>,
}

impl MemoryPlan {
    /// Divides the memory of each of `shards` shards.
    ///
    /// # Errors
    /// See [`MemoryError`].
    pub(crate) fn new(choice: MemoryChoice, shards: u16) -> Result<MemoryPlan, MemoryError> {
        MemoryPlan::divide(choice, shards, machine_bytes())
    }

    fn divide(choice: MemoryChoice, shards: u16, machine_bytes: u64) -> Result<MemoryPlan, MemoryError> {
        let each = choice.shard_bytes.unwrap_or(
            machine_bytes.saturating_mul(u64::from(choice.machine_percent)) / 100 / u64::from(shards),
        );
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
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let cache_bytes = each.saturating_mul(u64::from(choice.cache_percent)) / 100;
        let beside_cache = each.saturating_sub(cache_bytes);
        let request_bytes = choice.request_bytes.unwrap_or((each / 4).min(beside_cache / 2));
        let left = beside_cache.saturating_sub(request_bytes);
        if left < REST_BYTES_MIN {
            return Err(MemoryError::Parts {
                shard_bytes: each,
                cache_bytes,
                request_bytes,
            });
        }
        let fetch_bytes = (each / 8).min(left / 2);
        let answer_bytes = (left - fetch_bytes) / 2;
        Ok(MemoryPlan {
            request_bytes: size(request_bytes),
            fetch_bytes: size(fetch_bytes),
            cache_bytes: size(cache_bytes),
            dirty_bytes: size(cache_bytes / 2),
            answer_bytes: size(answer_bytes),
            rest_bytes: size(left - fetch_bytes - answer_bytes),
        })
    }

    /// All of it for one shard, in bytes.
    pub(crate) fn total_bytes(&self) -> usize {
        // What is in no segment yet is part of the cache.
        self.request_bytes + self.fetch_bytes + self.answer_bytes + self.cache_bytes + self.rest_bytes
    }

    /// Says in the log what the broker may use for what.
    pub(crate) fn say(&self, shards: u16) {
        let mib = |bytes: usize| bytes >> 20;
        tracing::info!(
            shards,
            logs_mib = mib(self.cache_bytes),
            unflushed_mib_max = mib(self.dirty_bytes),
            requests_mib = mib(self.request_bytes),
            fetched_mib = mib(self.fetch_bytes),
            answers_mib = mib(self.answer_bytes),
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
        let choice = |shard_bytes| MemoryChoice {
            shard_bytes,
            machine_percent: 50,
            cache_percent: 50,
            request_bytes: None,
        };
        let divide = |choice, shards, machine| MemoryPlan::divide(choice, shards, machine);
        let plan = divide(choice(Some(GIB)), 2, 8 * GIB).unwrap();
        let part = |bytes: usize| (bytes + (1 << 19)) >> 20;
        assert_eq!(
            (
                part(plan.request_bytes),
                part(plan.fetch_bytes),
                part(plan.cache_bytes),
                part(plan.dirty_bytes),
                part(plan.answer_bytes),
                part(plan.rest_bytes),
            ),
            (256, 128, 512, 256, 64, 64)
        );
        assert_eq!(part(plan.total_bytes()), 1024);
        let share = divide(choice(None), 2, 8 * GIB).unwrap();
        assert_eq!(part(share.cache_bytes), 1024);
        let chosen = MemoryChoice {
            cache_percent: 25,
            request_bytes: Some(7),
            ..choice(Some(GIB))
        };
        let chosen = divide(chosen, 1, 8 * GIB).unwrap();
        assert_eq!((chosen.request_bytes, part(chosen.cache_bytes)), (7, 256));
        assert_eq!(part(chosen.total_bytes()), 1024);
        let cache = MemoryChoice {
            cache_percent: 80,
            ..choice(Some(GIB))
        };
        let cache = divide(cache, 1, 8 * GIB).unwrap();
        assert_eq!((part(cache.request_bytes), part(cache.fetch_bytes)), (102, 51));
        let requests = MemoryChoice {
            request_bytes: Some(GIB / 2),
            ..choice(Some(GIB))
        };
        assert!(matches!(
            divide(requests, 1, 8 * GIB),
            Err(MemoryError::Parts { .. })
        ));
        assert_eq!(
            divide(choice(Some(5 * GIB)), 2, 8 * GIB),
            Err(MemoryError::Machine {
                shards: 2,
                shard_bytes: 5 * GIB,
                machine_bytes: 8 * GIB
            })
        );
        assert_eq!(
            divide(choice(Some(1)), 2, GIB),
            Err(MemoryError::Shard { shard_bytes: 1 })
        );
    }
}
