//! The subcommands: one file each, and what they share.

mod common;
mod compare;
mod find_max;
mod list;
mod report;
mod run;
mod sink;
mod sweep;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub(crate) use common::UsageError;

/// Drives a load against any Kafka-compatible broker, and measures it without coordinated omission.
#[derive(Parser, Debug)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Examples:\n  \
    corelog-bench list\n  \
    corelog-bench run 1-topic-16-partitions-1kb --bootstrap 127.0.0.1:9092\n  \
    corelog-bench run max-rate-1-topic-16-partitions-1kb --set duration_s=30 --set compression=lz4\n  \
    corelog-bench run my.toml --server-pid $(pidof corelog) --output json --out result.json\n  \
    corelog-bench run 1-topic-16-partitions-1kb --find-max --slo 'p99<10ms' --slo keep-up\n  \
    corelog-bench sweep 1-topic-16-partitions-1kb --vary message_size=100,1kb,10kb\n  \
    corelog-bench compare 1-topic-16-partitions-1kb --a 127.0.0.1:9092 --b 127.0.0.1:9192 --pairs 5\n  \
    corelog-bench sink --listen 127.0.0.1:9999 --partitions 16"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run a workload and print what it measured, or find the highest rate that keeps a service level
    ///
    /// Latency is counted from the time at which a message was meant to be sent. Exit code 1: the run did not go
    /// through; 2: wrong arguments; 3: messages failed, or what was consumed is not what was acknowledged, or no rate
    /// keeps the service level.
    Run(run::RunArgs),
    /// Compare two targets, or one with two settings, in interleaved pairs of runs: A B A B ...
    ///
    /// The ratios are taken pair by pair, and printed with their spread. Exit codes are those of `run`.
    Compare(compare::CompareArgs),
    /// Run a workload once for each value of a key
    ///
    /// Exit codes are those of `run`.
    Sweep(sweep::SweepArgs),
    /// Serve as a target that only parses and acknowledges, to find the generator's own limit
    Sink(sink::SinkArgs),
    /// List the standard workloads
    List(list::ListArgs),
    /// Make one HTML page, with plots, of stored results
    ///
    /// Several results are compared: a line and a column each.
    Report(report::ReportArgs),
}

impl Cli {
    /// Does what was asked for.
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        match &self.command {
            Command::Run(args) => run::run_command(args),
            Command::Compare(args) => compare::compare_command(args),
            Command::Sweep(args) => sweep::sweep_command(args),
            Command::Sink(args) => sink::sink_command(args),
            Command::List(args) => list::list_command(args),
            Command::Report(args) => report::report_command(args),
        }
    }
}
