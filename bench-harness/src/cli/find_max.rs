//! `corelog-bench run --find-max`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use corelog_bench::find_max::{FindMaxOptions, FindMaxResult, SearchOptions, Slo, Step, find_max};
use corelog_bench::report::{Context, Environment};
use corelog_bench::run::Calibration;
use corelog_bench::workload::{Mode, Workload};
use serde::Serialize;

use super::common::{UsageError, verdict, wall_ms};
use super::run::RunArgs;

#[derive(Args, Debug)]
#[command(next_help_heading = "Finding the highest rate")]
pub(super) struct FindMaxArgs {
    /// Find the highest open-loop rate that keeps the service levels of --slo
    ///
    /// The rate is doubled until a step fails, then bisected. A failure counts when it happens twice, and the answer
    /// has passed twice. In every step nothing may fail, and 99 % of the schedule has to be acknowledged in time; of
    /// steps below ten seconds, all but a tenth of a second of it.
    #[arg(long, requires = "slo")]
    pub(super) find_max: bool,
    /// A service level: p99<10ms, e2e-p99.9<1s, delay-max<5ms, or keep-up (consumers); may be repeated
    #[arg(long, value_name = "LEVEL", requires = "find_max")]
    pub(super) slo: Vec<Slo>,
    /// Seconds of a step that are measured
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    pub(super) step: f64,
    /// Seconds of a step before them
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0)]
    pub(super) step_warm_up: f64,
    /// The first rate; default: 1000 messages a second
    #[arg(long, value_name = "RATE", default_value_t = 1000.0)]
    pub(super) start_rate: f64,
    /// No rate above is tried
    #[arg(long, value_name = "RATE", default_value_t = 100e6)]
    pub(super) rate_max: f64,
    /// How near the highest rate that passes and the lowest that fails have to be, as a ratio
    #[arg(long, value_name = "RATIO", default_value_t = 0.05)]
    pub(super) tolerance: f64,
    /// Steps at most
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub(super) steps_max: u32,
}

/// The result with where and how it was made.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    context: Context,
    label: Option<String>,
    bootstrap: String,
    calibration: Option<Calibration>,
    workload: Workload,
    #[serde(flatten)]
    result: FindMaxResult,
}

/// No search goes below one message a second.
const RATE_MIN: f64 = 1.0;

fn read(args: &FindMaxArgs) -> Result<FindMaxOptions, UsageError> {
    let is_above_zero = |value: f64| value.is_finite() && value > 0.0;
    let is_time = |value: f64| value.is_finite() && value >= 0.0;
    if !is_above_zero(args.step) || !is_time(args.step_warm_up) {
        return Err(UsageError(
            "--step has to be above 0 and --step-warm-up not below",
        ));
    }
    if !is_above_zero(args.start_rate) || !(RATE_MIN..=1e9).contains(&args.rate_max) {
        return Err(UsageError(
            "--start-rate has to be above 0, and --rate-max 1 to 1e9",
        ));
    }
    if !is_above_zero(args.tolerance) || args.steps_max == 0 {
        return Err(UsageError("--tolerance and --steps-max have to be above 0"));
    }
    Ok(FindMaxOptions {
        slos: args.slo.clone(),
        search: SearchOptions {
            start: args.start_rate,
            rate_min: RATE_MIN,
            rate_max: args.rate_max,
            tolerance: args.tolerance,
            steps_max: args.steps_max,
        },
        step_s: args.step,
        warm_up_s: args.step_warm_up,
    })
}

pub(super) fn find_max_command(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let searched = read(&args.find_max)?;
    let workload = Workload {
        mode: Mode::Open,
        ..args.workload.read(&[])?
    };
    let reads = workload.consumers() > 0;
    if !reads && searched.slos.iter().any(needs_consumers) {
        return Err(UsageError("the service level speaks of consumers, and the workload has none").into());
    }
    let generator = &args.generator;
    let options = generator.options(&args.target.bootstrap, args.target.server_pid)?;
    let started_at_ms = wall_ms()?;
    let calibration = generator.calibration(&options, &workload)?;
    let result = find_max(&searched, &options, &workload, |step| {
        generator.say(format_args!("{}", line(step)));
    })?;
    let environment = Environment::detect(args.target.server_data.as_deref());
    let answer = Answer {
        context: Context::new("find-max", started_at_ms, environment, options.threads),
        label: args.label.clone(),
        bootstrap: args.target.bootstrap.clone(),
        calibration,
        workload,
        result,
    };
    generator.deliver(&answer, || render(&answer))?;
    Ok(verdict(answer.result.found.rate.is_some()))
}

fn needs_consumers(slo: &Slo) -> bool {
    match slo {
        Slo::KeepUp => true,
        Slo::Latency { span, .. } => *span == corelog_bench::find_max::Span::EndToEnd,
    }
}

fn line(step: &Step) -> String {
    let what = if step.has_passed {
        let publish = &step.publish_latency;
        format!(
            "passed  p50 {:.2}  p99 {:.2}  p99.9 {:.2} ms",
            publish.p50_ms, publish.p99_ms, publish.p999_ms
        )
    } else {
        format!("failed  {}", step.violations.join("; "))
    };
    format!("step {:>2}  {:>10.0} msg/s  {what}", step.number, step.rate)
}

fn render(answer: &Answer) -> String {
    let (found, result) = (&answer.result.found, &answer.result);
    let mut out = format!(
        "{}  {}: the highest rate with {}\n",
        answer.workload.name,
        answer.label.as_deref().unwrap_or(&answer.bootstrap),
        result.slos.join(", ")
    );
    for step in &result.steps {
        // Writing to a string cannot fail.
        let _infallible = writeln!(out, "  {}", line(step));
    }
    let end = match found.rate {
        None => String::from("no rate passed"),
        Some(rate) => {
            let confirmed = if found.is_confirmed {
                "passed twice"
            } else {
                "passed once"
            };
            let failed = match found.failed_rate {
                Some(rate) => format!("{rate:.0} failed twice"),
                None => String::from("no rate failed"),
            };
            format!("{rate:.0} msg/s ({confirmed}; {failed})")
        }
    };
    let steps = if found.ran_out_of_steps {
        "; there were no steps left"
    } else {
        ""
    };
    let _infallible = writeln!(out, "{end}{steps}");
    out
}
