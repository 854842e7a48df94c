//! Counters that a shard writes and the progress line reads: the one thing that the shards share while they measure.

use std::sync::atomic::{AtomicU64, Ordering};

/// One shard's counters, written by that shard alone.
#[derive(Debug, Default)]
pub struct Live {
    published: AtomicU64,
    published_bytes: AtomicU64,
    consumed: AtomicU64,
    failed: AtomicU64,
    worst_nanos: AtomicU64,
}

/// The sums of the shards' counters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LiveTotals {
    /// Messages acknowledged.
    pub published: u64,
    /// Their bytes.
    pub published_bytes: u64,
    /// Messages consumed.
    pub consumed: u64,
    /// Messages that failed.
    pub failed: u64,
    /// The longest publish latency since the last look, in nanoseconds.
    pub worst_nanos: u64,
}

impl Live {
    /// Counts acknowledged messages, of which the oldest took `worst_nanos`.
    pub fn published(&self, messages: u64, bytes: u64, worst_nanos: u64) {
        self.published.fetch_add(messages, Ordering::Relaxed);
        self.published_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.worst_nanos.fetch_max(worst_nanos, Ordering::Relaxed);
    }

    /// Counts consumed messages.
    pub fn consumed(&self, messages: u64) {
        self.consumed.fetch_add(messages, Ordering::Relaxed);
    }

    /// Counts failed messages.
    pub fn failed(&self, messages: u64) {
        self.failed.fetch_add(messages, Ordering::Relaxed);
    }
}

impl LiveTotals {
    /// Adds the counters up, and begins anew to look for the longest latency.
    pub fn take(shards: &[std::sync::Arc<Live>]) -> LiveTotals {
        let mut totals = LiveTotals::default();
        for live in shards {
            totals.published += live.published.load(Ordering::Relaxed);
            totals.published_bytes += live.published_bytes.load(Ordering::Relaxed);
            totals.consumed += live.consumed.load(Ordering::Relaxed);
            totals.failed += live.failed.load(Ordering::Relaxed);
            totals.worst_nanos = totals
                .worst_nanos
                .max(live.worst_nanos.swap(0, Ordering::Relaxed));
        }
        totals
    }
}
