//! `corelog-bench run`.

use std::process::ExitCode;

use clap::Args;
use corelog_bench::report::{Environment, Report, render};
use corelog_bench::run::run;

use super::common::{GeneratorArgs, TargetArgs, WorkloadArgs, verdict};
use super::find_max::{FindMaxArgs, find_max_command};

#[derive(Args, Debug)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) workload: WorkloadArgs,
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) generator: GeneratorArgs,
    /// What to call the target in the result
    #[arg(long, value_name = "TEXT")]
    pub(super) label: Option<String>,
    #[command(flatten)]
    pub(super) find_max: FindMaxArgs,
}

pub(super) fn run_command(args: &RunArgs) -> anyhow::Result<ExitCode> {
    if args.find_max.find_max {
        return find_max_command(args);
    }
    let workload = args.workload.read(&[])?;
    let generator = &args.generator;
    let options = generator.options(&args.target.bootstrap, args.target.server_pid)?;
    let calibration = generator.calibration(&options, &workload)?;
    let result = run(&options, &workload)?;
    let report = Report::new(
        result,
        &workload,
        Environment::detect(args.target.server_data.as_deref()),
        &args.target.bootstrap,
        options.threads,
        calibration,
        args.label.clone(),
    );
    generator.deliver(&report, || render(&report))?;
    Ok(verdict(report.holds()))
}
