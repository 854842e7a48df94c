//! One workload over the values of its keys.

mod vary;

use serde::Serialize;

use crate::report::{Context, Environment, Report};
use crate::run::{RunError, RunOptions, run};
use crate::workload::Workload;

pub use vary::{Variation, VaryError, combinations};

/// The settings of a point, `key=value`, and the workload with them.
#[derive(Clone, PartialEq, Debug)]
pub struct PointOptions {
    /// The settings that differ from point to point.
    pub settings: Vec<String>,
    /// The workload.
    pub workload: Workload,
}

/// A run with one value of each key.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Point {
    /// The settings, `key=value`.
    pub settings: Vec<String>,
    /// What the run found.
    pub report: Report,
}

/// The result of a sweep.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Sweep {
    /// Where and how it was made.
    #[serde(flatten)]
    pub context: Context,
    /// The keys and their values.
    pub vary: Vec<Variation>,
    /// Whether no run lost, repeated, disordered, damaged or failed a message.
    pub holds: bool,
    /// The runs, the last key's values changing fastest.
    pub points: Vec<Point>,
}

/// Runs the points one after the other; `progress` hears of each.
///
/// # Errors
/// The first run that does not go through.
pub fn sweep(
    options: &RunOptions,
    context: Context,
    vary: Vec<Variation>,
    points: Vec<PointOptions>,
    mut progress: impl FnMut(&Point),
) -> Result<Sweep, RunError> {
    let environment: Environment = context.environment.clone();
    let mut done = Vec::with_capacity(points.len());
    for PointOptions { settings, workload } in points {
        let result = run(options, &workload)?;
        let report = Report::new(
            result,
            &workload,
            environment.clone(),
            &options.bootstrap,
            options.threads,
            None,
            Some(settings.join(" ")),
        );
        let point = Point { settings, report };
        progress(&point);
        done.push(point);
    }
    Ok(Sweep {
        context,
        vary,
        holds: done.iter().all(|point| point.report.holds()),
        points: done,
    })
}

/// The head of the table of `row`s.
pub fn head() -> String {
    format!(
        "{:>12} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>11} {:>9}",
        "msg/s", "MB/s", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "e2e p99", "CPU s/GiB", "RSS MiB"
    )
}

/// The figures of a point on one line.
pub fn row(report: &Report) -> String {
    let publish = &report.publish_latency.summary;
    let end_to_end = &report.end_to_end_latency.summary;
    let of_end_to_end = if end_to_end.count > 0 {
        format!("{:.3}", end_to_end.p99_ms)
    } else {
        String::from("-")
    };
    let (cpu, rss) = report.server.map_or_else(
        || (String::from("-"), String::from("-")),
        |server| {
            (
                format!("{:.2}", server.cpu_s_per_gib),
                (server.rss_bytes_max >> 20).to_string(),
            )
        },
    );
    format!(
        "{:>12.0} {:>10.1} {:>9.3} {:>9.3} {:>9.3} {:>9.3} {:>9} {:>11} {:>9}",
        report.published.messages_per_s,
        report.published.bytes_per_s / 1e6,
        publish.p50_ms,
        publish.p99_ms,
        publish.p999_ms,
        publish.max_ms,
        of_end_to_end,
        cpu,
        rss
    )
}
