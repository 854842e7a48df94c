//! `corelog-bench compare`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use corelog_bench::compare::{
    CompareOptions, RunOfPair, Side, TargetOptions, compare, end_servers_with_signals, render_comparison,
};
use corelog_bench::report::{Context, Environment};

use super::common::{GeneratorArgs, UsageError, WorkloadArgs, verdict, wall_ms};

#[derive(Args, Debug)]
pub(super) struct CompareArgs {
    #[command(flatten)]
    workload: WorkloadArgs,
    #[command(flatten)]
    generator: GeneratorArgs,
    /// Pairs of runs
    #[arg(long, value_name = "N", default_value_t = 5)]
    pairs: u32,
    #[command(flatten)]
    a: A,
    #[command(flatten)]
    b: B,
}

macro_rules! target_args {
    ($name:ident $heading:literal $a:literal $start:literal $set:literal $pid:literal $data:literal $label:literal $log:literal) => {
        #[derive(Args, Debug)]
        #[command(next_help_heading = $heading)]
        struct $name {
            /// Any broker of it
            #[arg(id = $a, long = $a, value_name = "HOST:PORT", default_value = "127.0.0.1:9092")]
            bootstrap: String,
            /// Start it by this shell command before each of its runs, and stop it after; put `exec` before the server
            /// in a compound command, so that its process is the one that is measured
            #[arg(id = $start, long = $start, value_name = "COMMAND")]
            start: Option<String>,
            /// Set a key of the workload for it alone; may be repeated
            #[arg(id = $set, long = $set, value_name = "KEY=VALUE")]
            settings: Vec<String>,
            /// Its process: CPU time, memory and device writes are reported; with a start command that of the command
            #[arg(id = $pid, long = $pid, value_name = "PID")]
            server_pid: Option<u32>,
            /// Its data directory, to report its file system
            #[arg(id = $data, long = $data, value_name = "DIR")]
            server_data: Option<PathBuf>,
            /// What to call it
            #[arg(id = $label, long = $label, value_name = "TEXT")]
            label: Option<String>,
            /// Append the start command's output to this file
            #[arg(id = $log, long = $log, value_name = "FILE", requires = $start)]
            log: Option<PathBuf>,
        }

        impl $name {
            fn target(&self, workload: &WorkloadArgs) -> anyhow::Result<TargetOptions> {
                let of_settings = (!self.settings.is_empty()).then(|| self.settings.join(" "));
                let label = self.label.clone().or(of_settings);
                Ok(TargetOptions {
                    label: label.unwrap_or_else(|| self.bootstrap.clone()),
                    bootstrap: self.bootstrap.clone(),
                    start: self.start.clone(),
                    server_pid: self.server_pid,
                    server_data: self.server_data.clone(),
                    log: self.log.clone(),
                    settings: self.settings.clone(),
                    workload: workload.read(&self.settings)?,
                })
            }
        }
    };
}

target_args!(A "The first target" "a" "a-start" "a-set" "a-pid" "a-data" "a-label" "a-log");
target_args!(B "The second target" "b" "b-start" "b-set" "b-pid" "b-data" "b-label" "b-log");

pub(super) fn compare_command(args: &CompareArgs) -> anyhow::Result<ExitCode> {
    let compared = CompareOptions {
        a: args.a.target(&args.workload)?,
        b: args.b.target(&args.workload)?,
        pairs: args.pairs,
        calibrate_s: args.generator.calibrate,
    };
    let (a, b) = (&compared.a, &compared.b);
    if compared.pairs == 0 {
        return Err(UsageError("a comparison needs at least one pair").into());
    }
    if a.bootstrap == b.bootstrap && a.start == b.start && a.workload == b.workload {
        return Err(UsageError(
            "A and B are the same: give them different --a and --b, --a-start and --b-start, or --a-set and --b-set",
        )
        .into());
    }
    if a.start.is_some() || b.start.is_some() {
        end_servers_with_signals()?;
    }
    let generator = &args.generator;
    let options = generator.options(&a.bootstrap, None)?;
    let environment = Environment::detect(a.server_data.as_deref());
    let context = Context::new("comparison", wall_ms()?, environment, options.threads);
    let comparison = compare(&compared, &options, context, |run| {
        generator.say(format_args!("{}", line(run)));
    })?;
    generator.deliver(&comparison, || render_comparison(&comparison))?;
    Ok(verdict(comparison.holds))
}

fn line(run: &RunOfPair) -> String {
    let side = match run.target {
        Side::A => "A",
        Side::B => "B",
    };
    let (published, publish) = (&run.report.published, &run.report.publish_latency.summary);
    format!(
        "pair {:>2} {side}  {:>10.0} msg/s  {:>8.1} MB/s  p50 {:.2}  p99 {:.2}  p99.9 {:.2} ms{}",
        run.pair,
        published.messages_per_s,
        published.bytes_per_s / 1e6,
        publish.p50_ms,
        publish.p99_ms,
        publish.p999_ms,
        if run.report.holds() { "" } else { "  WRONG" }
    )
}
