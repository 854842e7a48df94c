//! The `corelog-bench` command.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use corelog_bench::report::{Environment, Report, page, render};
use corelog_bench::run::{Calibration, GiveUp, RunOptions, calibrate, run, start_sink};
use corelog_bench::sink::SinkOptions;
use corelog_bench::workload::{self, Workload, WorkloadError};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Wrong arguments, as clap has it.
const EXIT_USAGE: u8 = 2;
/// The run went through, and messages failed, were lost, repeated, disordered or damaged.
const EXIT_WRONG: u8 = 3;

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
    corelog-bench sink --listen 127.0.0.1:9999 --partitions 16"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run a workload and print what it measured
    ///
    /// Latency is counted from the time at which a message was meant to be sent. Exit code 1: the run did not go
    /// through; 2: wrong arguments; 3: messages failed, or what was consumed is not what was acknowledged.
    Run(RunArgs),
    /// Serve as a target that only parses and acknowledges, to find the generator's own limit
    Sink(SinkArgs),
    /// List the standard workloads
    List(ListArgs),
    /// Make one HTML page, with plots, of stored results
    ///
    /// Several results are compared: a line and a column each.
    Report(ReportArgs),
}

#[derive(Args, Debug)]
struct RunArgs {
    /// A standard workload's name, or a TOML file; none means the defaults
    #[arg(value_name = "NAME|FILE")]
    workload: Option<String>,
    /// Any broker of the target
    #[arg(long, short, value_name = "HOST:PORT", default_value = "127.0.0.1:9092")]
    bootstrap: String,
    /// Set a key of the workload; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Threads of the generator; default: one a core
    #[arg(long, short, value_name = "N")]
    threads: Option<u16>,
    /// The cores to pin them to, such as 0,2
    #[arg(long, value_name = "CORES", value_delimiter = ',')]
    cores: Vec<usize>,
    /// The server's process: its CPU time, memory and device writes are reported
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// The server's data directory, to report its file system
    #[arg(long, value_name = "DIR")]
    server_data: Option<PathBuf>,
    /// What to call the target in the result
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// Seconds to run against the generator's own sink first; 0 leaves it out
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    calibrate: f64,
    /// Leave the topics behind
    #[arg(long)]
    keep_topics: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Write the result as JSON to this file too
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the result as an HTML page with plots to this file too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

#[derive(Args, Debug)]
struct SinkArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, short, value_name = "IP:PORT", default_value = "127.0.0.1:9092")]
    listen: SocketAddr,
    /// Partitions of every topic
    #[arg(long, short, default_value_t = 16)]
    partitions: u32,
    /// Threads
    #[arg(long, short, default_value_t = 1)]
    threads: u16,
}

#[derive(Args, Debug)]
struct ListArgs {
    /// How to print the list
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Args, Debug)]
struct ReportArgs {
    /// Results that `--out` wrote
    #[arg(value_name = "RESULT.json", required = true)]
    results: Vec<PathBuf>,
    /// The page to write; default: standard output
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Output {
    /// For people
    Text,
    /// For programs
    Json,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run_command(&args),
        Command::Sink(args) => sink_command(&args),
        Command::List(args) => list_command(&args),
        Command::Report(args) => report_command(&args),
    };
    match result {
        Ok(code) => code,
        // A pipe that is closed, as by `head`, has had what it wanted.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", sentence(&error));
            if error.is::<WorkloadError>() {
                ExitCode::from(EXIT_USAGE)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

/// The error and its causes, each said once: many errors name their cause themselves.
fn sentence(error: &anyhow::Error) -> String {
    let mut sentence = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !sentence.contains(&cause) {
            sentence = format!("{sentence}: {cause}");
        }
    }
    sentence
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<io::Error>();
    cause.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn read_workload(args: &RunArgs) -> anyhow::Result<Workload> {
    let Some(name) = &args.workload else {
        return Ok(workload::parse("", &args.settings)?);
    };
    if let Some(scenario) = workload::find(name) {
        return Ok(workload::parse(&scenario.text, &args.settings)?);
    }
    let text = std::fs::read_to_string(name).with_context(|| {
        format!("{name} is no standard workload (see `corelog-bench list`) and no file that can be read")
    })?;
    let mut workload = workload::parse(&text, &args.settings)?;
    // Beside the workload's file, unless a setting says otherwise.
    let is_set = args
        .settings
        .iter()
        .any(|setting| setting.starts_with("payload_file"));
    if !is_set && let Some(folder) = Path::new(name).parent() {
        workload.resolve_payload_file(folder);
    }
    Ok(workload)
}

fn run_command(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let workload = read_workload(args)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args
        .threads
        .unwrap_or_else(|| u16::try_from(cores).unwrap_or(u16::MAX));
    if threads == 0 {
        bail!("a run needs at least one thread");
    }
    let options = RunOptions {
        bootstrap: args.bootstrap.clone(),
        threads,
        cores: args.cores.clone(),
        server_pid: args.server_pid,
        keeps_topics: args.keep_topics,
        is_quiet: args.quiet,
        gives_up: GiveUp::Never,
    };
    corelog_runtime::preflight::raise_open_files();
    let calibration = calibration(args, &options, &workload)?;
    let result = run(&options, &workload)?;
    let environment = Environment::detect(args.server_data.as_deref());
    let label = args.label.clone();
    let report = Report::new(
        result,
        &workload,
        environment,
        &args.bootstrap,
        threads,
        calibration,
        label,
    );
    if let Some(path) = &args.out {
        let json = serde_json::to_vec_pretty(&report)?;
        std::fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = &args.html {
        write_page(path, &[(args.bootstrap.clone(), serde_json::to_value(&report)?)])?;
    }
    let text = match args.output {
        Output::Text => render(&report),
        Output::Json => serde_json::to_string_pretty(&report)? + "\n",
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(if report.holds() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_WRONG)
    })
}

/// Writes the page of these documents to `path`.
fn write_page(path: &Path, documents: &[(String, serde_json::Value)]) -> anyhow::Result<()> {
    let page = page(documents)?;
    std::fs::write(path, page).with_context(|| format!("cannot write {}", path.display()))
}

fn report_command(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let mut documents = Vec::with_capacity(args.results.len());
    for path in &args.results {
        let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let value =
            serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", path.display()))?;
        let name = path.file_stem().unwrap_or(path.as_os_str());
        documents.push((name.to_string_lossy().into_owned(), value));
    }
    match &args.out {
        Some(path) => write_page(path, &documents)?,
        None => io::stdout().write_all(page(&documents)?.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn calibration(
    args: &RunArgs,
    options: &RunOptions,
    workload: &Workload,
) -> anyhow::Result<Option<Calibration>> {
    if args.calibrate <= 0.0 || workload.producers() == 0 {
        return Ok(None);
    }
    let calibration = calibrate(options, workload, args.calibrate).context("the calibration failed")?;
    if !args.quiet {
        eprintln!(
            "the generator's own limit with this workload: {:.0} msg/s, {:.1} MB/s",
            calibration.messages_per_s,
            calibration.bytes_per_s / 1e6
        );
    }
    Ok(Some(calibration))
}

fn sink_command(args: &SinkArgs) -> anyhow::Result<ExitCode> {
    if args.threads == 0 {
        bail!("the sink needs at least one thread");
    }
    corelog_runtime::preflight::raise_open_files();
    let options = SinkOptions {
        listen: args.listen,
        partitions: args.partitions,
    };
    let sink = start_sink(options, args.threads)?;
    writeln!(
        io::stdout(),
        "the sink listens on {}; every topic has {} partitions",
        sink.address(),
        args.partitions
    )?;
    sink.join()?;
    Ok(ExitCode::SUCCESS)
}

fn list_command(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    match args.output {
        Output::Text => {
            let width = workload::scenarios()
                .iter()
                .map(|scenario| scenario.name.len())
                .max();
            for scenario in workload::scenarios() {
                let width = width.unwrap_or_default();
                writeln!(out, "{:<width$}  {}", scenario.name, scenario.description())?;
            }
        }
        Output::Json => {
            let all: Result<Vec<Workload>, _> = workload::scenarios()
                .iter()
                .map(|scenario| workload::parse(&scenario.text, &[]))
                .collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&all?)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
