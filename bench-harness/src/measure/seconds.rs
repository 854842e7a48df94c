//! The figures of each second, with three significant digits: a row's percentiles are those of that second alone.

use std::time::Duration;

use corelog_runtime::Monotonic;
use hdrhistogram::Histogram;
use serde::Serialize;

use super::LatencySummary;
use super::histogram::{histogram, nanos, summary};
use crate::number::to_u64;

const DIGITS: u8 = 3;

/// What happened in one second on one shard. Latencies are kept as the histogram's non-empty buckets, which are few.
#[derive(Clone, Debug, Default)]
struct Second {
    published: u64,
    published_bytes: u64,
    consumed: u64,
    consumed_bytes: u64,
    errors: u64,
    publish: Vec<(u64, u64)>,
    end_to_end: Vec<(u64, u64)>,
}

/// The seconds of a shard since the traffic began.
#[derive(Clone, Debug)]
pub struct Seconds {
    start: Monotonic,
    closed: Vec<Second>,
    open: Second,
    publish: Histogram<u64>,
    end_to_end: Histogram<u64>,
}

/// What the server's process used in one second.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct ServerSecond {
    /// CPU time in seconds, of all its threads.
    pub cpu_s: f64,
    /// Resident memory at the end of the second, in bytes.
    pub rss_bytes: u64,
    /// Bytes read from devices.
    pub device_read_bytes: u64,
    /// Bytes written to devices.
    pub device_written_bytes: u64,
}

/// The figures of one second of the whole run.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct SecondRow {
    /// The second, from zero at the start of the traffic.
    pub second: u64,
    /// Messages acknowledged.
    pub published: u64,
    /// Their bytes.
    pub published_bytes: u64,
    /// Messages consumed, by all groups.
    pub consumed: u64,
    /// Their bytes.
    pub consumed_bytes: u64,
    /// Messages that failed.
    pub errors: u64,
    /// Messages acknowledged and not yet consumed, by all groups, at the end of the second.
    pub backlog: u64,
    /// From the intended time to the acknowledgement, of those acknowledged in this second.
    pub publish: LatencySummary,
    /// From the intended time to the consumer, of those consumed in this second.
    pub end_to_end: LatencySummary,
    /// What the server used, if its process is known.
    pub server: Option<ServerSecond>,
}

impl Seconds {
    /// Begins with the second that starts at `start`.
    pub fn new(start: Monotonic) -> Seconds {
        Seconds {
            start,
            closed: Vec::new(),
            open: Second::default(),
            publish: histogram(DIGITS),
            end_to_end: histogram(DIGITS),
        }
    }

    /// Closes the seconds before the one of `now`.
    fn advance(&mut self, now: Monotonic) {
        let second = now.since(self.start).as_secs();
        while to_u64(self.closed.len()) < second {
            self.close();
        }
    }

    fn close(&mut self) {
        let mut second = std::mem::take(&mut self.open);
        second.publish = drain(&mut self.publish);
        second.end_to_end = drain(&mut self.end_to_end);
        self.closed.push(second);
    }

    /// Counts acknowledged messages; their latencies come by `published_latency`.
    pub fn published(&mut self, now: Monotonic, messages: u64, bytes: u64) {
        self.advance(now);
        self.open.published += messages;
        self.open.published_bytes += bytes;
    }

    /// Adds the latency of messages that `published` has counted.
    pub fn published_latency(&mut self, latency: Duration, messages: u64) {
        record(&mut self.publish, latency, messages);
    }

    /// Counts consumed messages; their latencies come by `consumed_latency`.
    pub fn consumed(&mut self, now: Monotonic, messages: u64, bytes: u64) {
        self.advance(now);
        self.open.consumed += messages;
        self.open.consumed_bytes += bytes;
    }

    /// Adds the latency of messages that `consumed` has counted.
    pub fn consumed_latency(&mut self, latency: Duration, messages: u64) {
        record(&mut self.end_to_end, latency, messages);
    }

    /// Counts messages that failed.
    pub fn failed(&mut self, now: Monotonic, messages: u64) {
        self.advance(now);
        self.open.errors += messages;
    }

    /// Puts the shards' seconds together. `groups` read each message; `published_before` were there before them.
    pub fn merge(mut shards: Vec<Seconds>, groups: u64, published_before: u64) -> Vec<SecondRow> {
        for shard in &mut shards {
            shard.close();
        }
        let count = shards.iter().map(|shard| shard.closed.len()).max().unwrap_or(0);
        let mut backlog = i128::from(published_before) * i128::from(groups);
        let (mut publish, mut end_to_end) = (histogram(DIGITS), histogram(DIGITS));
        let mut rows = Vec::with_capacity(count);
        for index in 0..count {
            let parts = || shards.iter().filter_map(|shard| shard.closed.get(index));
            publish.reset();
            end_to_end.reset();
            for part in parts() {
                refill(&mut publish, &part.publish);
                refill(&mut end_to_end, &part.end_to_end);
            }
            let sum = |of: fn(&Second) -> u64| parts().map(of).sum::<u64>();
            let (published, consumed) = (sum(|s| s.published), sum(|s| s.consumed));
            backlog += i128::from(published) * i128::from(groups) - i128::from(consumed);
            rows.push(SecondRow {
                second: to_u64(index),
                published,
                published_bytes: sum(|s| s.published_bytes),
                consumed,
                consumed_bytes: sum(|s| s.consumed_bytes),
                errors: sum(|s| s.errors),
                // A consumer may see a message before its producer sees the acknowledgement.
                backlog: u64::try_from(backlog.max(0)).unwrap_or(u64::MAX),
                publish: summary(&publish),
                end_to_end: summary(&end_to_end),
                server: None,
            });
        }
        rows
    }
}

fn record(histogram: &mut Histogram<u64>, latency: Duration, count: u64) {
    histogram
        .record_n(nanos(latency), count)
        .expect("a histogram that grows takes a day");
}

fn drain(histogram: &mut Histogram<u64>) -> Vec<(u64, u64)> {
    if histogram.is_empty() {
        return Vec::new();
    }
    let buckets = histogram
        .iter_recorded()
        .map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value()))
        .collect();
    histogram.reset();
    buckets
}

fn refill(histogram: &mut Histogram<u64>, buckets: &[(u64, u64)]) {
    for (value, count) in buckets {
        histogram
            .record_n(*value, *count)
            .expect("a histogram that grows takes what another held");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Monotonic {
        Monotonic::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn seconds_of_shards_are_added() {
        let (mut a, mut b) = (Seconds::new(at(500)), Seconds::new(at(500)));
        a.published(at(600), 10, 1000);
        a.published_latency(Duration::from_millis(1), 10);
        b.published(at(1499), 30, 3000);
        b.published_latency(Duration::from_millis(3), 30);
        b.consumed(at(2600), 25, 2500);
        b.failed(at(2600), 2);
        let rows = Seconds::merge(vec![a, b], 1, 5);
        assert_eq!(rows.len(), 3);
        assert_eq!((rows[0].published, rows[0].published_bytes), (40, 4000));
        assert_eq!(rows[0].publish.count, 40);
        assert!((rows[0].publish.p50_ms - 3.0).abs() < 0.01);
        assert_eq!(rows[0].backlog, 45);
        assert_eq!((rows[1].published, rows[1].backlog), (0, 45));
        assert_eq!((rows[2].consumed, rows[2].errors, rows[2].backlog), (25, 2, 20));
    }
}
