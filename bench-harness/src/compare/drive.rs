//! Makes the runs of a comparison.

use std::path::PathBuf;

use corelog_runtime::StartError;
use serde::Serialize;

use super::server::is_there;
use super::{Better, Server, ServerError, Spread, metrics, ratios};
use crate::report::{Context, Environment, Report};
use crate::run::{Calibration, CalibrationError, RunError, RunOptions, calibrate, run};
use crate::workload::Workload;

/// One of the two targets.
#[derive(Clone, PartialEq, Debug)]
pub struct TargetOptions {
    /// What people call it.
    pub label: String,
    /// Any broker of it.
    pub bootstrap: String,
    /// The command that starts it before each of its runs; none if it runs already.
    pub start: Option<String>,
    /// Its process; with a start command that of the command.
    pub server_pid: Option<u32>,
    /// Its data directory, to report its file system.
    pub server_data: Option<PathBuf>,
    /// Where a start command's output goes.
    pub log: Option<PathBuf>,
    /// The settings that it alone has.
    pub settings: Vec<String>,
    /// The workload, these settings included.
    pub workload: Workload,
}

/// How to compare.
#[derive(Clone, PartialEq, Debug)]
pub struct CompareOptions {
    /// The first target.
    pub a: TargetOptions,
    /// The second one.
    pub b: TargetOptions,
    /// How many pairs.
    pub pairs: u32,
    /// Seconds to run against the generator's own sink first; 0 leaves it out.
    pub calibrate_s: f64,
}

/// Which target.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
}

/// Something of each target.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Sides<T> {
    /// The first's.
    pub a: T,
    /// The second's.
    pub b: T,
}

/// What a target was.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TargetDescription {
    /// What people call it.
    pub label: String,
    /// Where it is.
    pub bootstrap: String,
    /// The command that started it.
    pub start: Option<String>,
    /// The settings that it alone had.
    pub settings: Vec<String>,
    /// What was done to it.
    pub workload: Workload,
}

/// A figure of all runs.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct MetricComparison {
    /// Its name, the unit at the end.
    pub name: &'static str,
    /// Which value is the better one.
    pub better: Better,
    /// A's values by pair.
    pub a: Vec<Option<f64>>,
    /// B's values by pair.
    pub b: Vec<Option<f64>>,
    /// How far A's lie apart.
    pub a_spread: Option<Spread>,
    /// How far B's lie apart.
    pub b_spread: Option<Spread>,
    /// `a / b` by pair.
    pub ratios: Vec<Option<f64>>,
    /// How far these lie apart.
    pub ratio: Option<Spread>,
}

/// A run and its place.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RunOfPair {
    /// The pair, from one.
    pub pair: u32,
    /// Whose run it is.
    pub target: Side,
    /// What it found.
    pub report: Report,
}

/// The result; the module's head has its form in JSON.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Comparison {
    /// Where and how it was made.
    #[serde(flatten)]
    pub context: Context,
    /// The generator's own limit with A's workload.
    pub calibration: Option<Calibration>,
    /// How many pairs.
    pub pairs: u32,
    /// What was compared.
    pub targets: Sides<TargetDescription>,
    /// The figures.
    pub metrics: Vec<MetricComparison>,
    /// Whether no run lost, repeated, disordered, damaged or failed a message.
    pub holds: bool,
    /// The runs in the order they were made.
    pub runs: Vec<RunOfPair>,
}

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The runtime that asks the targets did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A target without a start command is not there.
    #[error("{label} does not answer at {bootstrap}")]
    Silent {
        /// The target.
        label: String,
        /// Where it should have answered.
        bootstrap: String,
    },
    /// The calibration failed.
    #[error("the calibration failed: {0}")]
    Calibration(#[from] CalibrationError),
    /// A run failed.
    #[error("pair {pair}, {label}: {source}")]
    Run {
        /// The pair.
        pair: u32,
        /// The target.
        label: String,
        /// The cause.
        source: RunError,
    },
    /// A target did not start or stop.
    #[error("pair {pair}, {label}: {source}")]
    Server {
        /// The pair.
        pair: u32,
        /// The target.
        label: String,
        /// The cause.
        source: ServerError,
    },
}

/// Compares; `progress` hears of each run. `options` says how to run, apart from the target.
///
/// # Errors
/// See `CompareError`; runs that lose messages are a result and no error.
pub fn compare(
    compared: &CompareOptions,
    options: &RunOptions,
    context: Context,
    mut progress: impl FnMut(&RunOfPair),
) -> Result<Comparison, CompareError> {
    // Both before the first run: a slip in the second one's address should not cost a run.
    for target in [&compared.a, &compared.b] {
        if target.start.is_none() && !is_there(&target.bootstrap)? {
            return Err(CompareError::Silent {
                label: target.label.clone(),
                bootstrap: target.bootstrap.clone(),
            });
        }
    }
    let mut calibration = None;
    if compared.calibrate_s > 0.0 && compared.a.workload.producers() > 0 {
        calibration = Some(calibrate(options, &compared.a.workload, compared.calibrate_s)?);
    }
    let mut runs: Vec<RunOfPair> = Vec::new();
    for pair in 1..=compared.pairs {
        for (side, target) in [(Side::A, &compared.a), (Side::B, &compared.b)] {
            let report = run_one(pair, target, options, calibration)?;
            let run = RunOfPair {
                pair,
                target: side,
                report,
            };
            progress(&run);
            runs.push(run);
        }
    }
    Ok(Comparison {
        context,
        calibration,
        pairs: compared.pairs,
        targets: Sides {
            a: describe(&compared.a),
            b: describe(&compared.b),
        },
        metrics: compare_metrics(&runs),
        holds: runs.iter().all(|run| run.report.holds()),
        runs,
    })
}

fn describe(target: &TargetOptions) -> TargetDescription {
    TargetDescription {
        label: target.label.clone(),
        bootstrap: target.bootstrap.clone(),
        start: target.start.clone(),
        settings: target.settings.clone(),
        workload: target.workload.clone(),
    }
}

fn run_one(
    pair: u32,
    target: &TargetOptions,
    options: &RunOptions,
    calibration: Option<Calibration>,
) -> Result<Report, CompareError> {
    let server_failed = |source| CompareError::Server {
        pair,
        label: target.label.clone(),
        source,
    };
    let server = target
        .start
        .as_deref()
        .map(|command| Server::start(command, &target.bootstrap, target.log.as_deref()))
        .transpose()
        .map_err(server_failed)?;
    let options = RunOptions {
        bootstrap: target.bootstrap.clone(),
        server_pid: server.as_ref().map(Server::pid).or(target.server_pid),
        ..options.clone()
    };
    let result = run(&options, &target.workload).map_err(|source| CompareError::Run {
        pair,
        label: target.label.clone(),
        source,
    })?;
    // While the directory is there.
    let environment = Environment::detect(target.server_data.as_deref());
    if let Some(server) = server {
        server.stop().map_err(server_failed)?;
    }
    Ok(Report::new(
        result,
        &target.workload,
        environment,
        &target.bootstrap,
        options.threads,
        calibration,
        Some(target.label.clone()),
    ))
}

fn compare_metrics(runs: &[RunOfPair]) -> Vec<MetricComparison> {
    metrics()
        .map(|metric| {
            let values = |side: Side| -> Vec<Option<f64>> {
                let of_side = runs.iter().filter(|run| run.target == side);
                of_side.map(|run| (metric.value)(&run.report)).collect()
            };
            let (a, b) = (values(Side::A), values(Side::B));
            let ratios = ratios(&a, &b);
            MetricComparison {
                name: metric.name,
                better: metric.better,
                a_spread: spread(&a),
                b_spread: spread(&b),
                ratio: spread(&ratios),
                a,
                b,
                ratios,
            }
        })
        .filter(|metric| metric.a_spread.is_some() || metric.b_spread.is_some())
        .collect()
}

/// Of the values that are there.
fn spread(values: &[Option<f64>]) -> Option<Spread> {
    let there: Vec<f64> = values.iter().flatten().copied().collect();
    Spread::of(&there)
}
