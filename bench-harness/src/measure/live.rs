//! Counters that a shard writes and the live view reads: the one thing that the shards share while they measure.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::number::{round_to_u64, to_u64};

/// Each doubling of a latency has this many buckets: live percentiles are right to an eighth.
const PARTS: u64 = 8;
/// Buckets from a microsecond to most of a day; longer ones count in the last.
const BUCKETS: usize = 280;

/// Latencies in buckets, written by one shard alone.
#[derive(Debug)]
struct LiveLatencies([AtomicU64; BUCKETS]);

impl Default for LiveLatencies {
    fn default() -> LiveLatencies {
        LiveLatencies([const { AtomicU64::new(0) }; BUCKETS])
    }
}

impl LiveLatencies {
    fn record(&self, nanos: u64, count: u64) {
        let bucket = &self.0[bucket(nanos)];
        // There is one writer, which need not pay for an atomic addition.
        bucket.store(bucket.load(Ordering::Relaxed) + count, Ordering::Relaxed);
    }
}

/// The bucket of a latency: below `PARTS` microseconds each has its own, and then eight share a doubling.
fn bucket(nanos: u64) -> usize {
    let micros = nanos / 1000;
    let index = match micros.checked_ilog2() {
        Some(power) if power >= 3 => {
            let power = u64::from(power);
            (power - 2) * PARTS + (micros >> (power - 3)) % PARTS
        }
        Some(_) | None => micros,
    };
    usize::try_from(index).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

/// The first latency beyond a bucket, in milliseconds.
fn bucket_end_ms(bucket: usize) -> f64 {
    let next = to_u64(bucket) + 1;
    let micros = if next <= PARTS {
        next as f64
    } else {
        // Powers of two are exact.
        let doubling = (next / PARTS - 1) as f64;
        ((next % PARTS + PARTS) as f64) * doubling.exp2()
    };
    micros / 1000.0
}

/// How many latencies there are in each bucket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LiveCounts([u64; BUCKETS]);

impl Default for LiveCounts {
    fn default() -> LiveCounts {
        LiveCounts([0; BUCKETS])
    }
}

impl LiveCounts {
    fn add(&mut self, live: &LiveLatencies) {
        for (sum, bucket) in self.0.iter_mut().zip(&live.0) {
            *sum += bucket.load(Ordering::Relaxed);
        }
    }

    /// What has come since `earlier`.
    pub fn since(&self, earlier: &LiveCounts) -> LiveCounts {
        let mut counts = LiveCounts::default();
        for (index, count) in counts.0.iter_mut().enumerate() {
            *count = self.0[index].saturating_sub(earlier.0[index]);
        }
        counts
    }

    /// The latency that a share of them, from 0 to 1, does not exceed, in milliseconds; none if there are none.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        let all: u64 = self.0.iter().sum();
        let wanted = round_to_u64((all as f64 * share).ceil()).max(1);
        let mut seen = 0;
        self.0.iter().enumerate().find_map(|(index, count)| {
            seen += count;
            (seen >= wanted).then(|| bucket_end_ms(index))
        })
    }
}

/// One shard's counters, written by that shard alone.
#[derive(Debug, Default)]
pub struct Live {
    published: AtomicU64,
    published_bytes: AtomicU64,
    consumed: AtomicU64,
    consumed_bytes: AtomicU64,
    failed: AtomicU64,
    publish: LiveLatencies,
    end_to_end: LiveLatencies,
}

/// The sums of the shards' counters.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LiveTotals {
    /// Messages acknowledged.
    pub published: u64,
    /// Their bytes.
    pub published_bytes: u64,
    /// Messages consumed.
    pub consumed: u64,
    /// Their bytes.
    pub consumed_bytes: u64,
    /// Messages that failed.
    pub failed: u64,
    /// Publish latencies.
    pub publish: LiveCounts,
    /// End-to-end latencies.
    pub end_to_end: LiveCounts,
}

impl Live {
    /// Counts acknowledged messages.
    pub fn published(&self, messages: u64, bytes: u64) {
        self.published.fetch_add(messages, Ordering::Relaxed);
        self.published_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Adds the publish latency of `count` messages.
    pub fn published_latency(&self, nanos: u64, count: u64) {
        self.publish.record(nanos, count);
    }

    /// Counts consumed messages.
    pub fn consumed(&self, messages: u64, bytes: u64) {
        self.consumed.fetch_add(messages, Ordering::Relaxed);
        self.consumed_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Adds the end-to-end latency of `count` messages.
    pub fn consumed_latency(&self, nanos: u64, count: u64) {
        self.end_to_end.record(nanos, count);
    }

    /// Counts failed messages.
    pub fn failed(&self, messages: u64) {
        self.failed.fetch_add(messages, Ordering::Relaxed);
    }
}

impl LiveTotals {
    /// Adds the counters up.
    pub fn peek(shards: &[std::sync::Arc<Live>]) -> LiveTotals {
        let mut totals = LiveTotals::default();
        for live in shards {
            totals.published += live.published.load(Ordering::Relaxed);
            totals.published_bytes += live.published_bytes.load(Ordering::Relaxed);
            totals.consumed += live.consumed.load(Ordering::Relaxed);
            totals.consumed_bytes += live.consumed_bytes.load(Ordering::Relaxed);
            totals.failed += live.failed.load(Ordering::Relaxed);
            totals.publish.add(&live.publish);
            totals.end_to_end.add(&live.end_to_end);
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn each_latency_is_within_an_eighth_of_its_buckets_end() {
        let mut last = 0;
        for micros in (0..5000u64).chain((5..60_000).map(|step| step * 1_000_003)) {
            let bucket = bucket(micros * 1000);
            assert!(bucket >= last, "{micros}");
            last = bucket;
            let (value, end) = (micros as f64 / 1000.0, bucket_end_ms(bucket));
            assert!(
                value < end && end <= value * 1.126 + 0.001,
                "{micros} µs: {end} ms"
            );
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn the_view_sees_what_came_since_it_looked() {
        let shards = [Arc::new(Live::default()), Arc::new(Live::default())];
        shards[0].published(90, 900);
        shards[0].published_latency(1_000_000, 90);
        let first = LiveTotals::peek(&shards);
        shards[1].published(10, 100);
        shards[1].published_latency(50_000_000, 10);
        shards[0].published_latency(2_000_000, 90);
        shards[0].consumed(5, 50);
        shards[0].consumed_latency(7_000, 5);
        shards[1].failed(2);
        let second = LiveTotals::peek(&shards);
        let (all, now) = (&second.publish, second.publish.since(&first.publish));
        let check = |found: Option<f64>, expected: f64| {
            let found = found.unwrap();
            assert!(
                found >= expected && found <= expected * 1.126,
                "{found} is not {expected}"
            );
        };
        check(first.publish.quantile_ms(0.99), 1.0);
        check(now.quantile_ms(0.5), 2.0);
        check(now.quantile_ms(0.99), 50.0);
        check(all.quantile_ms(0.4), 1.0);
        assert_eq!(now.since(&now).quantile_ms(0.5), None);
        assert_eq!(
            (
                second.published,
                second.published_bytes,
                second.consumed,
                second.failed
            ),
            (100, 1000, 5, 2)
        );
    }
}
