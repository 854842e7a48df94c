//! What a shard counts, and how it is printed for Prometheus.
//!
//! Counters are plain cells of their shard; a scrape asks every shard for a [`Snapshot`] and adds them up. Names follow
//! what operators know from Kafka's beans, in Prometheus' form (base units, `_total` for counters).

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use corelog_protocol::ApiKey;

/// Upper bounds of the latency buckets are 2^n microseconds, for n below this; the last holds the rest.
const BUCKETS: usize = 26;
/// Kafka's API keys lie below this.
const APIS_MAX: usize = 96;

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
    /// Counts one duration.
    pub(crate) fn record(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = micros.max(1).next_power_of_two().trailing_zeros();
        let bucket = usize::try_from(bucket).expect("at most 64").min(BUCKETS);
        self.buckets[bucket] += 1;
        self.sum += duration;
    }

    /// How many were counted.
    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().sum()
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
    /// Answers that carried an error code, by Kafka's name of it.
    pub errors: u64,
    /// From the whole request's arrival to its answer's readiness.
    pub total_time: Histogram,
}

/// Connections now and so far.
#[derive(Default)]
pub struct ConnectionCounts {
    opened: Cell<u64>,
    closed: Cell<u64>,
    refused: Cell<u64>,
}

impl ConnectionCounts {
    /// One more.
    pub(crate) fn opened(&self) {
        self.opened.set(self.opened.get() + 1);
    }

    /// One less.
    pub(crate) fn closed(&self) {
        self.closed.set(self.closed.get() + 1);
    }

    /// One that was not let in.
    pub(crate) fn refused(&self) {
        self.refused.set(self.refused.get() + 1);
    }

    /// Those open now.
    pub fn open(&self) -> u64 {
        self.opened.get() - self.closed.get()
    }
}

/// The counters of one shard.
pub struct ShardMetrics {
    /// Client connections.
    pub connections: ConnectionCounts,
    bytes_received: Cell<u64>,
    bytes_sent: Cell<u64>,
    produced_bytes: Cell<u64>,
    produced_messages: Cell<u64>,
    fetched_bytes: Cell<u64>,
    apis: Vec<Cell<Option<Box<ApiCounts>>>>,
}

impl Default for ShardMetrics {
    fn default() -> Self {
        ShardMetrics {
            connections: ConnectionCounts::default(),
            bytes_received: Cell::new(0),
            bytes_sent: Cell::new(0),
            produced_bytes: Cell::new(0),
            produced_messages: Cell::new(0),
            fetched_bytes: Cell::new(0),
            apis: (0..APIS_MAX).map(|_| Cell::new(None)).collect(),
        }
    }
}

fn bump(cell: &Cell<u64>, by: u64) {
    cell.set(cell.get().wrapping_add(by));
}

fn size(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl ShardMetrics {
    /// A request of `bytes` has come in.
    pub(crate) fn bytes_received(&self, bytes: usize) {
        bump(&self.bytes_received, size(bytes));
    }

    /// These pieces go out.
    pub(crate) fn bytes_sent(&self, pieces: &[Bytes]) {
        bump(&self.bytes_sent, size(pieces.iter().map(Bytes::len).sum()));
    }

    /// Batches were appended for clients.
    pub(crate) fn produced(&self, messages: u64, bytes: usize) {
        bump(&self.produced_messages, messages);
        bump(&self.produced_bytes, size(bytes));
    }

    /// Log bytes were read for clients.
    pub(crate) fn fetched(&self, bytes: usize) {
        bump(&self.fetched_bytes, size(bytes));
    }

    /// A request has been answered.
    pub(crate) fn answered(&self, api: ApiKey, total_time: Duration) {
        self.with_api(api, |counts| {
            counts.requests += 1;
            counts.total_time.record(total_time);
        });
    }

    /// An answer carried an error code.
    pub(crate) fn failed(&self, api: ApiKey) {
        self.with_api(api, |counts| counts.errors += 1);
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
        for (key, cell) in self.apis.iter().enumerate() {
            if let Some(counts) = cell.take() {
                apis.insert(key, (*counts).clone());
                cell.set(Some(counts));
            }
        }
        Snapshot {
            connections: self.connections.open(),
            connections_refused: self.connections.refused.get(),
            bytes_received: self.bytes_received.get(),
            bytes_sent: self.bytes_sent.get(),
            produced_bytes: self.produced_bytes.get(),
            produced_messages: self.produced_messages.get(),
            fetched_bytes: self.fetched_bytes.get(),
            apis,
        }
    }
}

/// Counters at a moment, of one shard or the sum of several.
#[derive(Clone, Default, Debug)]
pub(crate) struct Snapshot {
    connections: u64,
    connections_refused: u64,
    bytes_received: u64,
    bytes_sent: u64,
    produced_bytes: u64,
    produced_messages: u64,
    fetched_bytes: u64,
    apis: BTreeMap<usize, ApiCounts>,
}

impl Snapshot {
    /// Adds another shard's.
    pub(crate) fn add(&mut self, other: &Snapshot) {
        self.connections += other.connections;
        self.connections_refused += other.connections_refused;
        self.bytes_received += other.bytes_received;
        self.bytes_sent += other.bytes_sent;
        self.produced_bytes += other.produced_bytes;
        self.produced_messages += other.produced_messages;
        self.fetched_bytes += other.fetched_bytes;
        for (key, counts) in &other.apis {
            let sum = self.apis.entry(*key).or_default();
            sum.requests += counts.requests;
            sum.errors += counts.errors;
            sum.total_time.add(&counts.total_time);
        }
    }

    /// Prints the counters in Prometheus' text format.
    pub(crate) fn print(&self, out: &mut Exposition) {
        out.gauge(
            "corelog_connections",
            "Client connections that are open.",
            self.connections,
        );
        out.counter(
            "corelog_connections_refused_total",
            "Connections closed at once: max.connections, max.connections.per.ip or descriptors were used up.",
            self.connections_refused,
        );
        out.counter(
            "corelog_network_received_bytes_total",
            "Bytes of requests.",
            self.bytes_received,
        );
        out.counter(
            "corelog_network_sent_bytes_total",
            "Bytes of responses.",
            self.bytes_sent,
        );
        out.counter(
            "corelog_bytes_in_total",
            "Bytes of record batches appended.",
            self.produced_bytes,
        );
        out.counter(
            "corelog_messages_in_total",
            "Records appended.",
            self.produced_messages,
        );
        out.counter(
            "corelog_bytes_out_total",
            "Bytes of record batches fetched.",
            self.fetched_bytes,
        );
        let named: Vec<(&'static str, &ApiCounts)> = self
            .apis
            .iter()
            .filter_map(|(key, counts)| {
                let api = ApiKey::try_from(i16::try_from(*key).ok()?).ok()?;
                Some((api.name(), counts))
            })
            .collect();
        out.head("corelog_requests_total", "counter", "Requests answered.");
        for (api, counts) in &named {
            out.sample("corelog_requests_total", &[("api", api)], counts.requests);
        }
        out.head(
            "corelog_request_errors_total",
            "counter",
            "Answers that carry an error code.",
        );
        for (api, counts) in &named {
            out.sample("corelog_request_errors_total", &[("api", api)], counts.errors);
        }
        out.head(
            "corelog_request_total_time_seconds",
            "histogram",
            "From a request's arrival to its answer's readiness.",
        );
        for (api, counts) in &named {
            out.histogram("corelog_request_total_time_seconds", api, &counts.total_time);
        }
    }
}

/// Prometheus' text format, being written.
#[derive(Default)]
pub(crate) struct Exposition(String);

impl Exposition {
    /// The text.
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    /// The two lines before a metric's samples.
    pub(crate) fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A gauge with one sample.
    pub(crate) fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "gauge", help);
        self.sample(name, &[], value);
    }

    /// A counter with one sample.
    pub(crate) fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "counter", help);
        self.sample(name, &[], value);
    }

    /// One sample with its labels, whose values are escaped.
    pub(crate) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let escaped = text
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n");
            let _ = write!(
                self.0,
                "{}{label}=\"{escaped}\"",
                if index == 0 { '{' } else { ',' }
            );
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    fn histogram(&mut self, name: &str, api: &str, histogram: &Histogram) {
        let mut below = 0;
        for (power, count) in histogram.buckets.iter().enumerate().take(BUCKETS) {
            below += count;
            let seconds = Duration::from_micros(1 << power).as_secs_f64();
            let _ = writeln!(self.0, "{name}_bucket{{api=\"{api}\",le=\"{seconds}\"}} {below}");
        }
        let count = histogram.count();
        let _ = writeln!(self.0, "{name}_bucket{{api=\"{api}\",le=\"+Inf\"}} {count}");
        let _ = writeln!(
            self.0,
            "{name}_sum{{api=\"{api}\"}} {}",
            histogram.sum.as_secs_f64()
        );
        let _ = writeln!(self.0, "{name}_count{{api=\"{api}\"}} {count}");
    }
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

    #[test]
    fn label_values_are_escaped() {
        let mut out = Exposition::default();
        out.sample("m", &[("a", "x\"y"), ("b", "z")], 3);
        out.sample("n", &[], 4);
        assert_eq!(out.into_text(), "m{a=\"x\\\"y\",b=\"z\"} 3\nn 4\n");
    }
}
