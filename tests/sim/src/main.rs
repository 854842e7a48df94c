//! Runs seed after seed and stops at the first that finds something.

#![expect(
    clippy::disallowed_methods,
    reason = "how long a run takes is real time; what runs inside never sees it"
)]

use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use corelog_sim::storage_world::Outcome;
use corelog_sim::{broker_world, storage_world};

/// The seed that runs now, for whoever reports a panic.
static SEED: AtomicU64 = AtomicU64::new(0);

/// What is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum World {
    /// The storage engine by itself.
    Storage,
    /// The whole broker and its clients.
    Broker,
}

impl World {
    fn run(self, seed: u64, keep_log: bool) -> Outcome {
        match self {
            World::Storage => storage_world::run(seed, keep_log),
            World::Broker => broker_world::run(seed, keep_log),
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
    /// Run this seed alone, twice, and compare the two runs.
    #[arg(long)]
    seed: Option<u64>,
    /// Write the events of `--seed` into this file.
    #[arg(long)]
    trace: Option<std::path::PathBuf>,
    /// Go on after a failure and count them. Needs a build whose panics unwind: `--profile sim`.
    #[arg(long)]
    keep_going: bool,
    /// Say how each seed went.
    #[arg(long)]
    verbose: bool,
}

/// The first seed of a run: a random one leaves room for as many as anyone has time for.
fn first_seed(arguments: &Arguments) -> u64 {
    if arguments.fresh {
        // The standard library's own random state is the one source of chance here.
        RandomState::new().build_hasher().finish() >> 16
    } else {
        arguments.from
    }
}

/// The most seeds of a run, and the time for them.
fn bounds(arguments: &Arguments) -> (u64, Duration) {
    let minutes = match (arguments.seeds, arguments.minutes) {
        (_, Some(minutes)) => minutes,
        (Some(_), None) => f64::INFINITY,
        (None, None) => 2.0,
    };
    let limit = Duration::try_from_secs_f64(minutes * 60.0).unwrap_or(Duration::MAX);
    (arguments.seeds.unwrap_or(u64::MAX), limit)
}

fn replay_command(world: World, seed: u64) -> String {
    let world = world.name();
    format!("cargo run --release -p corelog-sim -- --world {world} --seed {seed}")
}

fn report(seed: u64, outcome: &Outcome, started: Instant) {
    println!(
        "seed {seed}: {} acknowledged, {} reads, {} lives, hash {:016x}, {:.2?}",
        outcome.acknowledged,
        outcome.reads,
        outcome.lives,
        outcome.trace_hash,
        started.elapsed()
    );
    println!("  {}", outcome.scenario);
}

fn failed(world: World, seed: u64, outcome: &Outcome) -> Option<ExitCode> {
    let violation = outcome.violation.as_ref()?;
    println!("FAILED seed {seed}: {violation}");
    println!("  scenario: {}", outcome.scenario);
    println!("  replay: {}", replay_command(world, seed));
    Some(ExitCode::FAILURE)
}

fn run_one(seed: u64, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    SEED.store(seed, Ordering::Relaxed);
    let started = Instant::now();
    let outcome = arguments.world.run(seed, arguments.trace.is_some());
    report(seed, &outcome, started);
    if let Some(path) = &arguments.trace {
        std::fs::write(path, &outcome.trace)?;
    }
    let again = arguments.world.run(seed, false);
    if again.trace_hash != outcome.trace_hash {
        println!("FAILED seed {seed}: two runs differ, so something in it does not follow from the seed");
        return Ok(ExitCode::FAILURE);
    }
    Ok(failed(arguments.world, seed, &outcome).unwrap_or(ExitCode::SUCCESS))
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let default = std::panic::take_hook();
    let (keep_going, world) = (arguments.keep_going, arguments.world);
    std::panic::set_hook(Box::new(move |info| {
        let seed = SEED.load(Ordering::Relaxed);
        println!("FAILED seed {seed}: {info}");
        println!("  replay: {}", replay_command(world, seed));
        if !keep_going {
            default(info);
        }
    }));
    if let Some(seed) = arguments.seed {
        return run_one(seed, &arguments);
    }
    let began = Instant::now();
    let (seeds, limit) = bounds(&arguments);
    let from = first_seed(&arguments);
    let mut total = Outcome::default();
    let (mut count, mut failures) = (0, 0);
    while count < seeds && began.elapsed() < limit {
        let seed = from + count;
        SEED.store(seed, Ordering::Relaxed);
        let started = Instant::now();
        count += 1;
        let run = || arguments.world.run(seed, false);
        let Ok(outcome) = std::panic::catch_unwind(run) else {
            failures += 1;
            if arguments.keep_going {
                continue;
            }
            return Ok(ExitCode::FAILURE);
        };
        if arguments.verbose {
            report(seed, &outcome, started);
        }
        if let Some(code) = failed(arguments.world, seed, &outcome) {
            failures += 1;
            if !arguments.keep_going {
                return Ok(code);
            }
        }
        total.operations += outcome.operations;
        total.acknowledged += outcome.acknowledged;
        total.reads += outcome.reads;
        total.lives += outcome.lives;
        total.silent_losses += outcome.silent_losses;
    }
    let elapsed = began.elapsed();
    println!(
        "{:.0} operations of clients a second",
        Duration::from_nanos(total.operations).as_secs_f64() * 1e9 / elapsed.as_secs_f64().max(1e-3)
    );
    println!(
        "{count} seeds from {}, {failures} failed: {} appends acknowledged, {} reads, {} lives, {} silent losses \
         after damage, {:.1?}",
        from,
        total.acknowledged,
        total.reads,
        total.lives,
        total.silent_losses,
        began.elapsed()
    );
    Ok(if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
