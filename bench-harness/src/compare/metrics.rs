//! The figures of a run that are worth comparing, by name.

use serde::Serialize;

use crate::measure::LatencySummary;
use crate::report::Report;

/// Which of two values is the better one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// The greater.
    Higher,
    /// The smaller.
    Lower,
}

/// A figure: its name with its unit at the end, as in the result's JSON.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Which way is up.
    pub better: Better,
    /// Its value in a run; none if the run has no such figure.
    pub value: fn(&Report) -> Option<f64>,
}

/// The value if there is anything that it was measured on.
fn latency(summary: &LatencySummary, value: f64) -> Option<f64> {
    (summary.count > 0).then_some(value)
}

fn above_zero(value: f64) -> Option<f64> {
    (value > 0.0).then_some(value)
}

macro_rules! latencies {
    ($($name:literal $latency:ident $figure:ident)+) => {
        [$(Metric {
            name: $name,
            better: Better::Lower,
            value: |report| latency(&report.$latency.summary, report.$latency.summary.$figure),
        },)+]
    };
}

const THROUGHPUT: [Metric; 6] = [
    Metric {
        name: "published_bytes_per_s",
        better: Better::Higher,
        value: |report| above_zero(report.published.bytes_per_s),
    },
    Metric {
        name: "published_messages_per_s",
        better: Better::Higher,
        value: |report| above_zero(report.published.messages_per_s),
    },
    Metric {
        name: "requests_per_s",
        better: Better::Higher,
        value: |report| above_zero(report.requests_per_s),
    },
    Metric {
        name: "consumed_bytes_per_s",
        better: Better::Higher,
        value: |report| above_zero(report.consumed.bytes_per_s),
    },
    Metric {
        name: "consumed_messages_per_s",
        better: Better::Higher,
        value: |report| above_zero(report.consumed.messages_per_s),
    },
    Metric {
        name: "backlog_bytes_per_s",
        better: Better::Higher,
        value: |report| above_zero(report.backlog?.bytes_per_s),
    },
];

const LATENCY: [Metric; 19] = latencies! {
    "publish_mean_ms" publish_latency mean_ms
    "publish_p50_ms" publish_latency p50_ms
    "publish_p75_ms" publish_latency p75_ms
    "publish_p90_ms" publish_latency p90_ms
    "publish_p95_ms" publish_latency p95_ms
    "publish_p99_ms" publish_latency p99_ms
    "publish_p999_ms" publish_latency p999_ms
    "publish_p9999_ms" publish_latency p9999_ms
    "publish_max_ms" publish_latency max_ms
    "publish_delay_p99_ms" publish_delay p99_ms
    "end_to_end_mean_ms" end_to_end_latency mean_ms
    "end_to_end_p50_ms" end_to_end_latency p50_ms
    "end_to_end_p75_ms" end_to_end_latency p75_ms
    "end_to_end_p90_ms" end_to_end_latency p90_ms
    "end_to_end_p95_ms" end_to_end_latency p95_ms
    "end_to_end_p99_ms" end_to_end_latency p99_ms
    "end_to_end_p999_ms" end_to_end_latency p999_ms
    "end_to_end_p9999_ms" end_to_end_latency p9999_ms
    "end_to_end_max_ms" end_to_end_latency max_ms
};

const SERVER: [Metric; 5] = [
    Metric {
        name: "server_cpu_s_per_gib",
        better: Better::Lower,
        value: |report| above_zero(report.server?.cpu_s_per_gib),
    },
    Metric {
        name: "server_cpu_s_per_million",
        better: Better::Lower,
        value: |report| above_zero(report.server?.cpu_s_per_million),
    },
    Metric {
        name: "server_rss_bytes_max",
        better: Better::Lower,
        value: |report| Some(report.server?.rss_bytes_max as f64),
    },
    Metric {
        name: "server_device_written_bytes",
        better: Better::Lower,
        value: |report| Some(report.server?.device_written_bytes as f64),
    },
    Metric {
        name: "server_device_read_bytes",
        better: Better::Lower,
        value: |report| Some(report.server?.device_read_bytes as f64),
    },
];

/// All of them.
pub fn metrics() -> impl Iterator<Item = &'static Metric> {
    THROUGHPUT.iter().chain(&LATENCY).chain(&SERVER)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_say_their_unit() {
        let names: BTreeSet<&str> = metrics().map(|metric| metric.name).collect();
        assert_eq!(names.len(), metrics().count());
        for name in names {
            let units = [
                "_ms",
                "_per_s",
                "_bytes",
                "_bytes_max",
                "_per_gib",
                "_per_million",
            ];
            assert!(units.iter().any(|unit| name.ends_with(unit)), "{name}");
        }
    }
}
