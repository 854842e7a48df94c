//! A run's result as it is stored: with everything that it takes to say what was measured, and where.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;

use super::Environment;
use crate::consumer::Verification;
use crate::measure::{LatencySummary, Measured, SecondRow};
use crate::run::{Calibration, RunResult, ServerUsage};
use crate::workload::Workload;

/// The form of the result; grows when a field changes its meaning.
const FORMAT: u32 = 1;

/// What was published, or consumed, in the measured time.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Publication {
    /// Messages.
    pub messages: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// Messages a second.
    pub messages_per_s: f64,
    /// Bytes a second.
    pub bytes_per_s: f64,
}

/// How a backlog was read.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Backlog {
    /// Messages that were there before the consumers began.
    pub built_messages: u64,
    /// Messages of them that were read, counted by each group.
    pub read_messages: u64,
    /// Their bytes.
    pub read_bytes: u64,
    /// Seconds from the start of the consumers to the last of them.
    pub read_s: f64,
    /// Messages a second until then.
    pub messages_per_s: f64,
    /// Bytes a second until then.
    pub bytes_per_s: f64,
}

/// A latency: its figures, and its percentiles for a plot.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Latency {
    /// The figures.
    pub summary: LatencySummary,
    /// Percentile and milliseconds.
    pub percentiles: Vec<(f64, f64)>,
    /// All of it, in nanoseconds: HdrHistogram's V2 compressed form in base64, to be added to those of other runs.
    pub histogram: String,
}

/// The transactions that were committed in the measured time.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Transactions {
    /// How many.
    pub committed: u64,
    /// How many a second.
    pub per_s: f64,
    /// Batches and ends of them that the target refused for the time being (`CONCURRENT_TRANSACTIONS`), and that were sent
    /// again.
    pub retries: u64,
    /// From the decision to commit until it was done: the flush of what was not answered yet, and the end.
    pub commit_latency: Latency,
}

/// A run's result.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    /// The form of this result.
    pub format: u32,
    /// The generator's version.
    pub generator_version: String,
    /// The commit that was measured, if `CORELOG_BENCH_COMMIT` says it.
    pub commit: Option<String>,
    /// What people call the target.
    pub label: Option<String>,
    /// When the run began, in milliseconds since 1970-01-01 UTC.
    pub started_at_ms: i64,
    /// The machine.
    pub environment: Environment,
    /// Where the target is.
    pub bootstrap: String,
    /// The target's id.
    pub cluster_id: Option<String>,
    /// The target's API versions, lowest and highest.
    pub api_versions: BTreeMap<String, (i16, i16)>,
    /// The features that the target's cluster has agreed on, and their levels.
    pub features: BTreeMap<String, i16>,
    /// The settings of its topics that bear on durability and storage, `durability` and `flush.messages` among them.
    pub topic_config: BTreeMap<String, String>,
    /// The server's command line, if its process is known.
    pub server_command: Option<String>,
    /// The generator's threads.
    pub threads: u16,
    /// The generator's own limit.
    pub calibration: Option<Calibration>,
    /// What was done.
    pub workload: Workload,
    /// Acknowledged in the measured time; in transactions, committed.
    pub published: Publication,
    /// Consumed in the measured time, by all groups.
    pub consumed: Publication,
    /// The backlog, if one was built.
    pub backlog: Option<Backlog>,
    /// The transactions, if producers write in any: what is published is what they committed.
    pub transactions: Option<Transactions>,
    /// Produce requests answered a second.
    pub requests_per_s: f64,
    /// From the intended time to the acknowledgement; in transactions, to the answer to their commit.
    pub publish_latency: Latency,
    /// From the intended time until the producer took the message on.
    pub publish_delay: Latency,
    /// From the intended time to the consumer.
    pub end_to_end_latency: Latency,
    /// Messages that failed, by reason.
    pub errors: BTreeMap<String, u64>,
    /// Messages that were to be sent in the run and never were: latencies are lower bounds if there are any.
    pub unsent: u64,
    /// What the consumers found.
    pub verification: Option<Verification>,
    /// What the server used in the measured time.
    pub server: Option<ServerUsage>,
    /// Each second from the start of the traffic.
    pub seconds: Vec<SecondRow>,
}

impl Report {
    /// Puts a report together.
    pub fn new(
        result: RunResult,
        workload: &Workload,
        environment: Environment,
        bootstrap: &str,
        threads: u16,
        calibration: Option<Calibration>,
        label: Option<String>,
    ) -> Report {
        let totals = result.measured.totals;
        let publication = |messages: u64, bytes: u64| Publication {
            messages,
            bytes,
            messages_per_s: messages as f64 / workload.duration_s,
            bytes_per_s: bytes as f64 / workload.duration_s,
        };
        let latency = |latencies: &crate::measure::Latencies| Latency {
            summary: latencies.summary(),
            percentiles: latencies.curve(),
            histogram: BASE64.encode(latencies.encoded()),
        };
        Report {
            format: FORMAT,
            generator_version: String::from(env!("CARGO_PKG_VERSION")),
            commit: std::env::var("CORELOG_BENCH_COMMIT").ok(),
            label,
            started_at_ms: result.started_at_ms,
            environment,
            bootstrap: bootstrap.to_owned(),
            cluster_id: result.cluster_id,
            api_versions: result.versions.named(),
            features: result.versions.features().clone(),
            topic_config: result.topic_config,
            server_command: result.server_command,
            threads,
            calibration,
            workload: workload.clone(),
            published: publication(totals.published, totals.published_bytes),
            consumed: publication(totals.consumed, totals.consumed_bytes),
            backlog: backlog(&result.measured),
            transactions: workload.is_transactional().then(|| Transactions {
                committed: result.measured.commits.count(),
                per_s: result.measured.commits.count() as f64 / workload.duration_s,
                retries: totals.retries,
                commit_latency: latency(&result.measured.commits),
            }),
            requests_per_s: totals.requests as f64 / workload.duration_s,
            publish_latency: latency(&result.measured.publish),
            publish_delay: latency(&result.measured.delay),
            end_to_end_latency: latency(&result.measured.end_to_end),
            errors: result.measured.errors,
            unsent: result.unsent,
            verification: result.verification,
            server: result.server,
            seconds: result.seconds,
        }
    }

    /// Whether every message that was meant to be sent was acknowledged, and consumed as it was sent.
    pub fn holds(&self) -> bool {
        self.errors.is_empty() && self.unsent == 0 && self.verification.is_none_or(|found| found.holds())
    }
}

fn backlog(measured: &Measured) -> Option<Backlog> {
    if measured.backlog_built == 0 {
        return None;
    }
    let read = measured.backlog_read;
    let read_s = read.elapsed.as_secs_f64();
    let per_s = |count: u64| if read_s > 0.0 { count as f64 / read_s } else { 0.0 };
    Some(Backlog {
        built_messages: measured.backlog_built,
        read_messages: read.messages,
        read_bytes: read.bytes,
        read_s,
        messages_per_s: per_s(read.messages),
        bytes_per_s: per_s(read.bytes),
    })
}
