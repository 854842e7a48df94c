//! Runs seeds of a simulated world: `cargo run --release -p corelog-sim -- --seeds 1000`.

#![expect(
    clippy::disallowed_methods,
    reason = "the runner says how long runs take; what it runs has no such clock"
)]

mod runner;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use corelog_sim::storage_world::Outcome;
use corelog_sim::{Plan, broker_world, storage_world};

/// The seed under way, for the line that a panic prints.
static SEED: AtomicU64 = AtomicU64::new(0);

/// Lines of a trace that a failure shows.
const TRACE_LINES: usize = 60;

/// What is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum World {
    /// The storage engine by itself.
    Storage,
    /// The whole broker and its clients.
    Broker,
}

impl World {
    fn run(self, seed: u64, plan: &Plan, keep_log: bool) -> Outcome {
        match self {
            World::Storage => storage_world::run_plan(seed, plan, keep_log),
            World::Broker => broker_world::run_plan(seed, plan, keep_log),
        }
    }

    /// Plans that ask for less than `plan` does, those that leave most out first.
    fn simpler(self, seed: u64, plan: &Plan) -> Vec<Plan> {
        match self {
            World::Storage => storage_world::simpler(seed, plan),
            World::Broker => broker_world::simpler(seed, plan),
        }
    }

    fn check(self, plan: &Plan) -> anyhow::Result<()> {
        match self {
            World::Storage => Ok(storage_world::check_plan(plan)?),
            World::Broker => Ok(broker_world::check_plan(plan)?),
        }
    }

    fn name(self) -> &'static str {
        match self {
            World::Storage => "storage",
            World::Broker => "broker",
        }
    }
}

/// Runs the storage engine, or the whole broker, under simulation.
#[derive(Parser)]
struct Arguments {
    /// What to run.
    #[arg(long, value_enum, default_value_t = World::Storage)]
    world: World,
    /// How many seeds to run; all of them, unless `--minutes` is given, too.
    #[arg(long)]
    seeds: Option<u64>,
    /// For how many minutes at most; two if neither this nor `--seeds` is given.
    #[arg(long)]
    minutes: Option<f64>,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Begin at a seed that nobody has chosen.
    #[arg(long, conflicts_with_all = ["from", "seed"])]
    fresh: bool,
    /// How many seeds to run at a time: a process each [default: the cores].
    #[arg(long)]
    jobs: Option<usize>,
    /// Run this seed alone, twice, and compare the two runs.
    #[arg(long)]
    seed: Option<u64>,
    /// Choices that are not left to the seed, as a failure prints them: lives=2,trouble=none.
    #[arg(long, default_value = "")]
    plan: Plan,
    /// Write the events of `--seed` into this file.
    #[arg(long)]
    trace: Option<std::path::PathBuf>,
    /// Go on after a failure and count them.
    #[arg(long)]
    keep_going: bool,
    /// Say how each seed went.
    #[arg(long)]
    verbose: bool,
    /// For how many seconds to look for a smaller run that fails likewise.
    #[arg(long, default_value_t = 60)]
    minimize_seconds: u64,
    /// Run every so many'th seed and say so line by line: a worker of the runner.
    #[arg(long, hide = true)]
    step: Option<u64>,
    /// Run `--seed` once and say in a line how it went.
    #[arg(long, hide = true, requires = "seed")]
    probe: bool,
}

impl Arguments {
    /// The most seeds of a run, and the time for them.
    fn bounds(&self) -> (u64, Duration) {
        let minutes = match (self.seeds, self.minutes) {
            (_, Some(minutes)) => minutes,
            (Some(_), None) => f64::INFINITY,
            (None, None) => 2.0,
        };
        let limit = Duration::try_from_secs_f64(minutes * 60.0).unwrap_or(Duration::MAX);
        (self.seeds.unwrap_or(u64::MAX), limit)
    }

    fn jobs(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.jobs.unwrap_or_else(cores).max(1)
    }
}

fn replay_command(world: World, seed: u64, plan: &Plan) -> String {
    let mut command = format!("cargo run --release -p corelog-sim -- --world {}", world.name());
    if !plan.is_empty() {
        command += &format!(" --plan {plan}");
    }
    command + &format!(" --seed {seed}")
}

/// The last events of a run, without those that change nothing.
fn last_events(trace: &str) -> String {
    const DULL: [&str; 9] = [
        " Poll ",
        " Spawn ",
        " End ",
        " Timer ",
        " DiskApply ",
        " DiskComplete ",
        " DiskSubmit read ",
        " DiskSubmit open ",
        " DiskSubmit size ",
    ];
    let is_telling = |line: &&str| !DULL.iter().any(|kind| line.contains(kind));
    let lines: Vec<&str> = trace.lines().filter(is_telling).collect();
    let from = lines.len().saturating_sub(TRACE_LINES);
    lines[from..].join("\n    ")
}

fn run_one(arguments: &Arguments, seed: u64) -> anyhow::Result<ExitCode> {
    let (world, plan) = (arguments.world, &arguments.plan);
    let default = std::panic::take_hook();
    let command = replay_command(world, seed, plan);
    std::panic::set_hook(Box::new(move |info| {
        println!("FAILED seed {seed}: {info}\n  replay: {command}");
        default(info);
    }));
    let started = Instant::now();
    let outcome = world.run(seed, plan, true);
    println!(
        "seed {seed}: {} acknowledged, {} reads, {} lives, hash {:016x}, {:.2?}\n  {}",
        outcome.acknowledged,
        outcome.reads,
        outcome.lives,
        outcome.trace_hash,
        started.elapsed(),
        outcome.scenario
    );
    if let Some(path) = &arguments.trace {
        std::fs::write(path, &outcome.trace)?;
    }
    let again = world.run(seed, plan, false);
    if again.trace_hash != outcome.trace_hash {
        println!("FAILED seed {seed}: two runs differ, so something in it does not follow from the seed");
        return Ok(ExitCode::FAILURE);
    }
    let Some(violation) = &outcome.violation else {
        return Ok(ExitCode::SUCCESS);
    };
    println!("FAILED seed {seed}: {violation}");
    println!("  its last events:\n    {}", last_events(&outcome.trace));
    println!("  replay: {}", replay_command(world, seed, plan));
    Ok(ExitCode::FAILURE)
}

/// Shows a failure at its smallest.
fn show(arguments: &Arguments, finding: &runner::Finding) -> anyhow::Result<()> {
    let plan = if arguments.minimize_seconds > 0 {
        runner::minimize(arguments, finding)
    } else {
        arguments.plan.clone()
    };
    // In a process of its own: it may panic.
    let shown = std::process::Command::new(std::env::current_exe()?)
        .args(["--world", arguments.world.name()])
        .args(["--seed", &finding.seed.to_string()])
        .args(["--plan", &plan.to_string()])
        .output()?;
    print!("{}", String::from_utf8_lossy(&shown.stdout));
    println!(
        "  as it was found: {}",
        replay_command(arguments.world, finding.seed, &arguments.plan)
    );
    Ok(())
}

fn say_what_is_off() {
    if !cfg!(debug_assertions) {
        eprintln!(
            "this build checks neither arithmetic for overflow nor debug assertions; `--profile sim` does both"
        );
    }
}

fn run_many(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    say_what_is_off();
    let began = Instant::now();
    let (findings, totals) = runner::run_pool(arguments)?;
    if let Some(finding) = findings.first() {
        if arguments.keep_going {
            println!(
                "replay: {}",
                replay_command(arguments.world, finding.seed, &arguments.plan)
            );
        } else {
            show(arguments, finding)?;
        }
    }
    println!(
        "{} seeds from {}, {} failed: {} appends acknowledged, {} reads, {} lives, {} logs shorter after damage; \
         {:.0?}, {} client operations a second of one core",
        totals.seeds,
        arguments.from,
        findings.len(),
        totals.acknowledged,
        totals.reads,
        totals.lives,
        totals.losses_after_damage,
        began.elapsed(),
        totals.operations_a_second()
    );
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = Arguments::parse();
    arguments.world.check(&arguments.plan)?;
    if arguments.fresh {
        // The standard library's own random state is the one source of chance here; the shift leaves room for as many
        // seeds as anyone has time for.
        arguments.from = RandomState::new().build_hasher().finish() >> 16;
    }
    match (arguments.seed, arguments.step) {
        (Some(seed), _) if arguments.probe => {
            SEED.store(seed, Ordering::Relaxed);
            runner::probe(&arguments, seed);
            Ok(ExitCode::SUCCESS)
        }
        (Some(seed), _) => run_one(&arguments, seed),
        (None, Some(step)) => {
            runner::work(&arguments, step);
            Ok(ExitCode::SUCCESS)
        }
        (None, None) => run_many(&arguments),
    }
}
