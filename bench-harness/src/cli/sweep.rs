//! `corelog-bench sweep`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use corelog_bench::report::{Context, Environment};
use corelog_bench::sweep::{PointOptions, Sweep, Variation, combinations, head, row, sweep};

use super::common::{GeneratorArgs, TargetArgs, WorkloadArgs, verdict, wall_ms};

#[derive(Args, Debug)]
pub(super) struct SweepArgs {
    #[command(flatten)]
    workload: WorkloadArgs,
    /// A key of the workload and its values; several keys are combined
    #[arg(long, value_name = "KEY=VALUE,VALUE,...", required = true)]
    vary: Vec<Variation>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    generator: GeneratorArgs,
}

pub(super) fn sweep_command(args: &SweepArgs) -> anyhow::Result<ExitCode> {
    let generator = &args.generator;
    let options = generator.options(&args.target.bootstrap, args.target.server_pid)?;
    // All are read before the first runs: a slip in the last value should not cost an hour.
    let points: anyhow::Result<Vec<PointOptions>> = combinations(&args.vary)
        .into_iter()
        .map(|settings| {
            Ok(PointOptions {
                workload: args.workload.read(&settings)?,
                settings,
            })
        })
        .collect();
    let points = points?;
    let environment = Environment::detect(args.target.server_data.as_deref());
    let context = Context::new("sweep", wall_ms()?, environment, options.threads);
    if let Some(first) = points.first() {
        generator.calibration(&options, &first.workload)?;
    }
    let result = sweep(&options, context, args.vary.clone(), points, |point| {
        generator.say(format_args!(
            "{}: {}",
            point.settings.join(" "),
            row(&point.report)
        ));
    })?;
    generator.deliver(&result, || render(&result))?;
    Ok(verdict(result.holds))
}

fn render(result: &Sweep) -> String {
    let names: Vec<String> = result
        .points
        .iter()
        .map(|point| point.settings.join(" "))
        .collect();
    let width = names.iter().map(String::len).max().unwrap_or(0);
    // Writing to a string cannot fail.
    let mut out = String::new();
    let _infallible = writeln!(out, "{:width$} {}", "", head());
    for (name, point) in names.iter().zip(&result.points) {
        let wrong = if point.report.holds() { "" } else { "  WRONG" };
        let _infallible = writeln!(out, "{name:width$} {}{wrong}", row(&point.report));
    }
    out
}
