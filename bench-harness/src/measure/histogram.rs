//! Latencies with five significant digits, in nanoseconds.

use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use serde::Serialize;

use crate::number::round_to_u64;

/// Latencies below are not told apart, in nanoseconds.
const LOWEST_NANOS: u64 = 100;
/// Latencies up to it need no growth, in nanoseconds.
const HIGHEST_NANOS: u64 = 1_000_000_000;
/// Longer ones count as this: a day.
const LONGEST_NANOS: u64 = 86_400_000_000_000;
const DIGITS: u8 = 5;

/// A histogram of latencies.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies(histogram(DIGITS))
    }
}

/// A histogram that grows, with `digits` significant digits.
pub(super) fn histogram(digits: u8) -> Histogram<u64> {
    let mut histogram = Histogram::new_with_bounds(LOWEST_NANOS, HIGHEST_NANOS, digits)
        .expect("the bounds are far enough apart, and the digits at most five");
    histogram.auto(true);
    histogram
}

/// A latency as the histograms take it.
pub(super) fn nanos(latency: Duration) -> u64 {
    u64::try_from(latency.as_nanos())
        .unwrap_or(u64::MAX)
        .min(LONGEST_NANOS)
}

impl Latencies {
    /// Adds `count` times `latency`.
    pub fn record(&mut self, latency: Duration, count: u64) {
        self.0
            .record_n(nanos(latency), count)
            .expect("a histogram that grows takes a day");
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Latencies) {
        self.0
            .add(&other.0)
            .expect("a histogram that grows takes another");
    }

    /// The latencies recorded.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// What is reported of it.
    pub fn summary(&self) -> LatencySummary {
        summary(&self.0)
    }

    /// The whole histogram, in nanoseconds, as HdrHistogram's V2 compressed form: base64 of it is what the libraries
    /// of all languages read, and such histograms add up over runs.
    pub fn encoded(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&self.0, &mut bytes)
            .expect("memory takes what is written, and the counts are of 64 bits");
        bytes
    }

    /// Latency by percentile, for plots: percentiles, ever closer to 100, and milliseconds.
    pub fn curve(&self) -> Vec<(f64, f64)> {
        const TICKS_A_HALVING: u32 = 5;
        self.0
            .iter_quantiles(TICKS_A_HALVING)
            .map(|point| {
                (
                    point.quantile_iterated_to() * 100.0,
                    millis(point.value_iterated_to()),
                )
            })
            .collect()
    }
}

/// The figures of a histogram, in milliseconds.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct LatencySummary {
    /// How many were recorded.
    pub count: u64,
    /// The mean.
    pub mean_ms: f64,
    /// Half were at most this.
    pub p50_ms: f64,
    /// Three quarters.
    pub p75_ms: f64,
    /// 90 %.
    pub p90_ms: f64,
    /// 95 %.
    pub p95_ms: f64,
    /// 99 %.
    pub p99_ms: f64,
    /// 99.9 %.
    pub p999_ms: f64,
    /// 99.99 %.
    pub p9999_ms: f64,
    /// All.
    pub max_ms: f64,
}

fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

pub(super) fn summary(histogram: &Histogram<u64>) -> LatencySummary {
    if histogram.is_empty() {
        return LatencySummary::default();
    }
    let at = |quantile| millis(histogram.value_at_quantile(quantile));
    LatencySummary {
        count: histogram.len(),
        mean_ms: millis(round_to_u64(histogram.mean())),
        p50_ms: at(0.5),
        p75_ms: at(0.75),
        p90_ms: at(0.9),
        p95_ms: at(0.95),
        p99_ms: at(0.99),
        p999_ms: at(0.999),
        p9999_ms: at(0.9999),
        max_ms: millis(histogram.max()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_have_five_digits() {
        let mut latencies = Latencies::default();
        for micros in 1..=100_000u64 {
            latencies.record(Duration::from_micros(micros), 1);
        }
        let summary = latencies.summary();
        let check = |found: f64, expected: f64| {
            assert!((found / expected - 1.0).abs() < 2e-5, "{found} is not {expected}");
        };
        assert_eq!(summary.count, 100_000);
        check(summary.p50_ms, 50.0);
        check(summary.p99_ms, 99.0);
        check(summary.p999_ms, 99.9);
        check(summary.p9999_ms, 99.99);
        check(summary.max_ms, 100.0);
        check(summary.mean_ms, 50.0005);
    }

    #[test]
    fn the_encoded_form_is_read_back_whole() {
        let mut latencies = Latencies::default();
        for micros in 1..=1000u64 {
            latencies.record(Duration::from_micros(micros * micros), micros);
        }
        let encoded = latencies.encoded();
        let read: Histogram<u64> = hdrhistogram::serialization::Deserializer::new()
            .deserialize(&mut encoded.as_slice())
            .unwrap();
        assert_eq!(summary(&read), latencies.summary());
    }

    #[test]
    fn merging_is_recording_in_one() {
        let (mut a, mut b, mut both) = (Latencies::default(), Latencies::default(), Latencies::default());
        for index in 0..1000u64 {
            let latency = Duration::from_nanos(index * index * 1_000_000);
            let part = if index % 3 == 0 { &mut a } else { &mut b };
            part.record(latency, index);
            both.record(latency, index);
        }
        a.merge(&b);
        assert_eq!(a.summary(), both.summary());
        assert_eq!(a.count(), 499_500);
    }

    #[test]
    fn anything_can_be_recorded() {
        let mut latencies = Latencies::default();
        latencies.record(Duration::ZERO, 1);
        latencies.record(Duration::MAX, 1);
        assert_eq!(latencies.count(), 2);
        assert_eq!(Latencies::default().summary(), LatencySummary::default());
    }
}
