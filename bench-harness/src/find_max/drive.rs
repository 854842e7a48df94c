//! Runs the steps of a search.

use serde::Serialize;

use super::{Found, Next, Search, SearchOptions, Slo, StepFigures, violations};
use crate::measure::{LatencySummary, SecondRow};
use crate::number::round_to_usize;
use crate::run::{GiveUp, RunError, RunOptions, RunResult, ServerUsage, run};
use crate::workload::{Mode, Workload};

/// How to search.
#[derive(Clone, PartialEq, Debug)]
pub struct FindMaxOptions {
    /// What the target has to keep.
    pub slos: Vec<Slo>,
    /// Which rates are tried.
    pub search: SearchOptions,
    /// Seconds of a step that are measured.
    pub step_s: f64,
    /// Seconds before them that are not.
    pub warm_up_s: f64,
}

/// One step.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Step {
    /// From one.
    pub number: u32,
    /// Messages a second that were to be sent.
    pub rate: f64,
    /// Whether the service level was kept.
    pub has_passed: bool,
    /// What was not kept.
    pub violations: Vec<String>,
    /// Seconds after which the step was ended, because the target fell ever further behind; there are no figures then.
    pub stopped_after_s: Option<f64>,
    /// Messages a second that were acknowledged.
    pub published_per_s: f64,
    /// From the intended time to the acknowledgement.
    pub publish_latency: LatencySummary,
    /// From the intended time until the producer took the message on.
    pub publish_delay: LatencySummary,
    /// From the intended time to the consumer.
    pub end_to_end_latency: LatencySummary,
    /// Messages acknowledged and not consumed at the end of the measured time, by all groups.
    pub behind: u64,
    /// What the server used in the measured time.
    pub server: Option<ServerUsage>,
}

/// What was found, and on what grounds.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FindMaxResult {
    /// The service levels.
    pub slos: Vec<String>,
    /// The bounds of the search.
    pub search: SearchOptions,
    /// Seconds measured of each step.
    pub step_s: f64,
    /// Seconds before them.
    pub warm_up_s: f64,
    /// The end of it.
    pub found: Found,
    /// All steps, in order.
    pub steps: Vec<Step>,
}

/// Searches; `progress` hears of each step.
///
/// # Errors
/// When a step does not go through, other than by falling behind.
pub fn find_max(
    options: &FindMaxOptions,
    run_options: &RunOptions,
    workload: &Workload,
    mut progress: impl FnMut(&Step),
) -> Result<FindMaxResult, RunError> {
    let keeps_up = options.slos.contains(&Slo::KeepUp);
    let run_options = RunOptions {
        gives_up: if keeps_up {
            GiveUp::BehindOrUnread
        } else {
            GiveUp::Behind
        },
        ..run_options.clone()
    };
    let mut search = Search::new(options.search);
    let mut steps: Vec<Step> = Vec::new();
    let found = loop {
        let rate = match search.next() {
            Next::Try(rate) => rate,
            Next::Done(found) => break found,
        };
        let workload = Workload {
            mode: Mode::Open,
            producer_rate: rate,
            warm_up_s: options.warm_up_s,
            duration_s: options.step_s,
            ..workload.clone()
        };
        let number = u32::try_from(steps.len()).unwrap_or(u32::MAX).saturating_add(1);
        let step = step(number, &run_options, &workload, &options.slos)?;
        progress(&step);
        search.observe(rate, step.has_passed);
        steps.push(step);
    };
    Ok(FindMaxResult {
        slos: options.slos.iter().map(ToString::to_string).collect(),
        search: options.search,
        step_s: options.step_s,
        warm_up_s: options.warm_up_s,
        found,
        steps,
    })
}

fn step(number: u32, options: &RunOptions, workload: &Workload, slos: &[Slo]) -> Result<Step, RunError> {
    let empty = Step {
        number,
        rate: workload.producer_rate,
        has_passed: false,
        violations: Vec::new(),
        stopped_after_s: None,
        published_per_s: 0.0,
        publish_latency: LatencySummary::default(),
        publish_delay: LatencySummary::default(),
        end_to_end_latency: LatencySummary::default(),
        behind: 0,
        server: None,
    };
    match run(options, workload) {
        Ok(result) => {
            let figures = figures(&result, workload);
            let mut violations = violations(slos, &figures);
            if let Some(found) = result.verification.filter(|found| !found.holds()) {
                violations.push(format!(
                    "of {} messages {} were lost, {} unread, {} repeated, {} out of order, {} damaged",
                    found.expected,
                    found.lost,
                    found.unread,
                    found.duplicates,
                    found.out_of_order,
                    found.corrupt
                ));
            }
            Ok(Step {
                has_passed: violations.is_empty(),
                violations,
                published_per_s: figures.published as f64 / workload.duration_s,
                publish_latency: figures.publish,
                publish_delay: figures.delay,
                end_to_end_latency: figures.end_to_end,
                behind: figures.behind_after,
                server: result.server,
                ..empty
            })
        }
        Err(RunError::FellBehind { after_s, lag_s }) => Ok(Step {
            violations: vec![format!(
                "{lag_s:.1} s behind the schedule after {after_s:.1} s, and falling further behind"
            )],
            stopped_after_s: Some(after_s),
            ..empty
        }),
        Err(error) => Err(error),
    }
}

fn figures(result: &RunResult, workload: &Workload) -> StepFigures {
    let measured = &result.measured;
    // The row of the second before this time, if there is one.
    let behind_at = |second: f64| -> Option<&SecondRow> {
        let index = round_to_usize(second).checked_sub(1)?;
        result.seconds.get(index).or(result.seconds.last())
    };
    let behind = |second: f64| behind_at(second).map_or(0, |row| row.backlog);
    StepFigures {
        publish: measured.publish.summary(),
        delay: measured.delay.summary(),
        end_to_end: measured.end_to_end.summary(),
        scheduled: workload.producer_rate * workload.duration_s,
        published: measured.totals.published,
        failed: result.unsent + measured.errors.values().sum::<u64>(),
        groups: workload.subscriptions_per_topic,
        duration_s: workload.duration_s,
        behind_before: behind(workload.warm_up_s),
        behind_after: behind(workload.warm_up_s + workload.duration_s),
    }
}
