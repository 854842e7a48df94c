//! Arguments and steps that several subcommands share.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use corelog_bench::report::page;
use corelog_bench::run::{Calibration, GiveUp, RunOptions, calibrate, here};
use corelog_bench::workload::{self, Workload};
use corelog_runtime::Shard;
use serde::Serialize;

/// The run went through, and messages failed, were lost, repeated, disordered or damaged.
pub(super) const EXIT_WRONG: u8 = 3;

/// Arguments that contradict each other, beyond what the parser of arguments knows.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) &'static str);

/// How to print a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Output {
    /// For people
    Text,
    /// For programs
    Json,
}

/// What to do.
#[derive(Args, Debug)]
pub(super) struct WorkloadArgs {
    /// A standard workload's name, or a TOML file; none means the defaults
    #[arg(value_name = "NAME|FILE")]
    pub(super) workload: Option<String>,
    /// Set a key of the workload, such as transaction_ms=100; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) settings: Vec<String>,
}

impl WorkloadArgs {
    /// The workload, with `more` settings over its own.
    pub(super) fn read(&self, more: &[String]) -> anyhow::Result<Workload> {
        let settings: Vec<String> = self.settings.iter().chain(more).cloned().collect();
        let Some(name) = &self.workload else {
            return Ok(workload::parse("", &settings)?);
        };
        if let Some(scenario) = workload::find(name) {
            return Ok(workload::parse(&scenario.text, &settings)?);
        }
        let text = std::fs::read_to_string(name).with_context(|| {
            format!("{name} is no standard workload (see `corelog-bench list`) and no file that can be read")
        })?;
        let mut workload = workload::parse(&text, &settings)?;
        // Beside the workload's file, unless a setting says otherwise.
        let is_set = settings.iter().any(|setting| setting.starts_with("payload_file"));
        if !is_set && let Some(folder) = Path::new(name).parent() {
            workload.resolve_payload_file(folder);
        }
        Ok(workload)
    }
}

/// How to run it.
#[derive(Args, Debug)]
pub(super) struct GeneratorArgs {
    /// Threads of the generator; default: one a core
    #[arg(long, short, value_name = "N")]
    pub(super) threads: Option<u16>,
    /// The cores to pin them to, such as 0,2
    #[arg(long, value_name = "CORES", value_delimiter = ',')]
    pub(super) cores: Vec<usize>,
    /// Seconds to run against the generator's own sink first; 0 leaves it out
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    pub(super) calibrate: f64,
    /// Leave the topics behind
    #[arg(long)]
    pub(super) keep_topics: bool,
    /// Show no progress
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(super) output: Output,
    /// Write the result as JSON to this file too
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Write the result as an HTML page with plots to this file too
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
}

/// The one target of a subcommand.
#[derive(Args, Debug)]
pub(super) struct TargetArgs {
    /// Any broker of the target
    #[arg(long, short, value_name = "HOST:PORT", default_value = "127.0.0.1:9092")]
    pub(super) bootstrap: String,
    /// The server's process: its CPU time, memory and device writes are reported
    #[arg(long, value_name = "PID")]
    pub(super) server_pid: Option<u32>,
    /// The server's data directory, to report its file system
    #[arg(long, value_name = "DIR")]
    pub(super) server_data: Option<PathBuf>,
}

impl GeneratorArgs {
    /// The options of a run against `bootstrap`, and the process made ready for it.
    pub(super) fn options(&self, bootstrap: &str, server_pid: Option<u32>) -> anyhow::Result<RunOptions> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self
            .threads
            .unwrap_or_else(|| u16::try_from(cores).unwrap_or(u16::MAX));
        if threads == 0 {
            return Err(UsageError("a run needs at least one thread").into());
        }
        corelog_runtime::preflight::raise_open_files();
        Ok(RunOptions {
            bootstrap: bootstrap.to_owned(),
            threads,
            cores: self.cores.clone(),
            server_pid,
            keeps_topics: self.keep_topics,
            is_quiet: self.quiet,
            gives_up: GiveUp::Never,
        })
    }

    /// Runs the calibration if one is wanted.
    pub(super) fn calibration(
        &self,
        options: &RunOptions,
        workload: &Workload,
    ) -> anyhow::Result<Option<Calibration>> {
        if self.calibrate <= 0.0 || workload.producers() == 0 {
            return Ok(None);
        }
        let calibration = calibrate(options, workload, self.calibrate).context("the calibration failed")?;
        self.say(format_args!(
            "the generator's own limit with this workload: {:.0} msg/s, {:.1} MB/s",
            calibration.messages_per_s,
            calibration.bytes_per_s / 1e6
        ));
        Ok(Some(calibration))
    }

    /// Tells a person how it goes.
    pub(super) fn say(&self, line: std::fmt::Arguments<'_>) {
        if !self.quiet {
            eprintln!("{line}");
        }
    }

    /// Prints the result, and writes it to the files if there are any.
    pub(super) fn deliver(
        &self,
        result: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> anyhow::Result<()> {
        if let Some(path) = &self.out {
            let json = serde_json::to_vec_pretty(result)?;
            std::fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))?;
        }
        if let Some(path) = &self.html {
            // Its name is shown only where the result says of no target what it is.
            write_page(path, &[(String::from("result"), serde_json::to_value(result)?)])?;
        }
        let text = match self.output {
            Output::Text => text(),
            Output::Json => serde_json::to_string_pretty(result)? + "\n",
        };
        io::stdout().write_all(text.as_bytes())?;
        Ok(())
    }
}

/// Writes the page of these documents, each with its name, to `path`.
pub(super) fn write_page(path: &Path, documents: &[(String, serde_json::Value)]) -> anyhow::Result<()> {
    let page = page(documents)?;
    std::fs::write(path, page).with_context(|| format!("cannot write {}", path.display()))
}

/// Success, or that something was wrong with what was measured.
pub(super) fn verdict(holds: bool) -> ExitCode {
    if holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_WRONG)
    }
}

/// The time, in milliseconds since 1970-01-01 UTC.
pub(super) fn wall_ms() -> anyhow::Result<i64> {
    async fn look(shard: Shard<()>) -> i64 {
        shard.handle.clock.wall().get()
    }
    Ok(here(look)?)
}
