//! What a shard counts, and what it does with its time.
//!
//! Counters are plain cells of their shard; a scrape asks every shard for a [`Snapshot`] and adds them up. How they are
//! called outside is in the table of `admin/metrics`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_protocol::{ApiKey, ErrorCode, Response};
use corelog_runtime::Activity;

/// Upper bounds of the latency buckets are 2^n microseconds, for n below this; the last holds the rest.
const BUCKETS: usize = 26;
/// Kafka's API keys lie below this.
const APIS_MAX: usize = 96;
const NONE: i16 = ErrorCode::None.code();

/// A latency histogram with buckets that double.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    buckets: [u64; BUCKETS + 1],
    sum: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram {
            buckets: [0; BUCKETS + 1],
            sum: Duration::ZERO,
        }
    }
}

impl Histogram {
    /// The upper bound of the first bucket; each bound is twice the one before.
    pub(crate) const FIRST_BOUND: Duration = Duration::from_micros(1);

    /// Counts one duration.
    pub(crate) fn record(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = micros.max(1).next_power_of_two().trailing_zeros();
        let bucket = usize::try_from(bucket).expect("at most 64").min(BUCKETS);
        self.buckets[bucket] += 1;
        self.sum += duration;
    }

    /// How many fell into each bucket; the last has no bound.
    pub(crate) fn buckets(&self) -> &[u64] {
        &self.buckets
    }

    /// All durations together.
    pub(crate) fn sum(&self) -> Duration {
        self.sum
    }

    fn add(&mut self, other: &Histogram) {
        for (mine, theirs) in self.buckets.iter_mut().zip(other.buckets) {
            *mine += theirs;
        }
        self.sum += other.sum;
    }
}

/// What is counted of one API.
#[derive(Clone, Default, Debug)]
pub(crate) struct ApiCounts {
    /// Requests answered.
    pub requests: u64,
    /// Error codes in answers, and how often each was there.
    pub errors: BTreeMap<i16, u64>,
    /// From the whole request's arrival to its answer's readiness.
    pub total_time: Histogram,
}

/// Connections now.
#[derive(Default)]
pub struct ConnectionCounts {
    open: Cell<u64>,
}

impl ConnectionCounts {
    /// One more.
    pub(crate) fn opened(&self) {
        self.open.set(self.open.get() + 1);
    }

    /// One less.
    pub(crate) fn closed(&self) {
        self.open.set(self.open.get() - 1);
    }

    /// Those open now.
    pub fn open(&self) -> u64 {
        self.open.get()
    }
}

/// What a shard counts by itself, one cell each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Counter {
    /// Connections that were not let in.
    RefusedConnections,
    /// Bytes of requests.
    ReceivedBytes,
    /// Bytes of responses.
    SentBytes,
    /// Bytes of batches appended for clients.
    ProducedBytes,
    /// Records of those batches.
    ProducedRecords,
    /// Bytes of batches read for clients.
    FetchedBytes,
}

impl Counter {
    /// How many there are.
    pub(crate) const COUNT: usize = Counter::FetchedBytes.index() + 1;

    const fn index(self) -> usize {
        self as usize
    }
}

/// The counters of one shard.
pub struct ShardMetrics {
    /// How this shard spends its time.
    pub(crate) activity: Rc<Activity>,
    /// Client connections.
    pub connections: ConnectionCounts,
    counters: [Cell<u64>; Counter::COUNT],
    apis: Vec<Cell<Option<Box<ApiCounts>>>>,
}

fn size(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl ShardMetrics {
    /// Nothing is counted yet; `activity` is told of by the shard's executor.
    pub(crate) fn new(activity: Rc<Activity>) -> ShardMetrics {
        ShardMetrics {
            activity,
            connections: ConnectionCounts::default(),
            counters: Default::default(),
            apis: (0..APIS_MAX).map(|_| Cell::new(None)).collect(),
        }
    }

    /// Counts `by` more.
    pub(crate) fn add(&self, counter: Counter, by: u64) {
        let cell = &self.counters[counter.index()];
        cell.set(cell.get().wrapping_add(by));
    }

    /// A request of `bytes` has come in.
    pub(crate) fn bytes_received(&self, bytes: usize) {
        self.add(Counter::ReceivedBytes, size(bytes));
    }

    /// These pieces go out.
    pub(crate) fn bytes_sent(&self, pieces: &[Bytes]) {
        self.add(Counter::SentBytes, size(pieces.iter().map(Bytes::len).sum()));
    }

    /// Batches were appended for clients.
    pub(crate) fn produced(&self, messages: u64, bytes: usize) {
        self.add(Counter::ProducedRecords, messages);
        self.add(Counter::ProducedBytes, size(bytes));
    }

    /// Log bytes were read for clients.
    pub(crate) fn fetched(&self, bytes: usize) {
        self.add(Counter::FetchedBytes, size(bytes));
    }

    /// A request has been answered.
    pub(crate) fn answered(&self, api: ApiKey, total_time: Duration) {
        self.with_api(api, |counts| {
            counts.requests += 1;
            counts.total_time.record(total_time);
        });
    }

    /// An answer carried an error code.
    pub(crate) fn failed(&self, api: ApiKey, code: i16) {
        self.with_api(api, |counts| *counts.errors.entry(code).or_default() += 1);
    }

    /// Counts the error codes of an answer.
    pub(crate) fn count_errors(&self, api: ApiKey, response: &impl Response) {
        response.error_codes(&mut |code| {
            if code != NONE {
                self.failed(api, code);
            }
        });
    }

    fn with_api(&self, api: ApiKey, change: impl FnOnce(&mut ApiCounts)) {
        let Some(cell) = usize::try_from(api.key())
            .ok()
            .and_then(|index| self.apis.get(index))
        else {
            return;
        };
        let mut counts = cell.take().unwrap_or_default();
        change(&mut counts);
        cell.set(Some(counts));
    }

    /// A copy of the counters, to move to another shard.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut apis = BTreeMap::new();
        for (index, cell) in self.apis.iter().enumerate() {
            let api = i16::try_from(index)
                .ok()
                .and_then(|key| ApiKey::try_from(key).ok());
            if let (Some(api), Some(counts)) = (api, cell.take()) {
                apis.insert(api.name(), (*counts).clone());
                cell.set(Some(counts));
            }
        }
        Snapshot {
            connections: self.connections.open(),
            counters: std::array::from_fn(|index| self.counters[index].get()),
            apis,
        }
    }
}

/// Counters at a moment, of one shard or the sum of several.
#[derive(Clone, Default, Debug)]
pub(crate) struct Snapshot {
    /// Connections that are open.
    pub connections: u64,
    counters: [u64; Counter::COUNT],
    /// Of each API that was asked for, by its name.
    pub apis: BTreeMap<&'static str, ApiCounts>,
}

impl Snapshot {
    /// One of the counters.
    pub(crate) fn get(&self, counter: Counter) -> u64 {
        self.counters[counter.index()]
    }

    /// Adds another shard's.
    pub(crate) fn add(&mut self, other: &Snapshot) {
        self.connections += other.connections;
        for (mine, theirs) in self.counters.iter_mut().zip(other.counters) {
            *mine = mine.wrapping_add(theirs);
        }
        for (api, counts) in &other.apis {
            let sum = self.apis.entry(api).or_default();
            sum.requests += counts.requests;
            for (code, count) in &counts.errors {
                *sum.errors.entry(*code).or_default() += count;
            }
            sum.total_time.add(&counts.total_time);
        }
    }
}

/// The error codes of an answer.
pub(crate) fn errors_of(response: &impl Response) -> Vec<i16> {
    let mut codes = Vec::new();
    response.error_codes(&mut |code| codes.extend((code != NONE).then_some(code)));
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_the_bucket_whose_bound_is_not_below_them() {
        let check = |micros: u64, bucket: usize| {
            let mut histogram = Histogram::default();
            histogram.record(Duration::from_micros(micros));
            assert_eq!(
                histogram.buckets.iter().position(|n| *n == 1),
                Some(bucket),
                "{micros} µs"
            );
        };
        check(0, 0);
        check(1, 0);
        check(2, 1);
        check(3, 2);
        check(1024, 10);
        check(1025, 11);
        check(u64::MAX >> 1, BUCKETS);
    }
}
