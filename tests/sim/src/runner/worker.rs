//! A process that runs seeds one after another and says on its standard output how each went, a line each:
//!
//! ```text
//! > SEED                                         it begins
//! = SEED APPENDS READS LIVES DAMAGED NANOSECONDS it went well
//! ! SEED TEXT                                    it did not
//! ```
//! Other lines are for people.

use std::time::{Duration, Instant};

use corelog_sim::Plan;

use crate::{Arguments, World};

/// Time that this thread has had a core for, as the kernel counts it.
fn core_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Has panics said in a line; the process ends then, unless its build unwinds.
fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        let seed = crate::SEED.load(std::sync::atomic::Ordering::Relaxed);
        println!("! {seed} panicked: {}", one_line(&info.to_string()));
    }));
}

fn run_seed(world: World, seed: u64, plan: &Plan) -> Result<(), ()> {
    crate::SEED.store(seed, std::sync::atomic::Ordering::Relaxed);
    println!("> {seed}");
    let before = core_time();
    let run = || world.run(seed, plan, false);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).map_err(|_| ())?;
    match outcome.violation {
        Some(text) => {
            println!("! {seed} {}", one_line(&text));
            Err(())
        }
        None => {
            println!(
                "= {seed} {} {} {} {} {} {}",
                outcome.operations,
                outcome.acknowledged,
                outcome.reads,
                outcome.lives,
                outcome.silent_losses,
                core_time().saturating_sub(before).as_nanos()
            );
            Ok(())
        }
    }
}

/// Runs `arguments.seeds` seeds from `arguments.from` on, every `step`th.
pub(crate) fn work(arguments: &Arguments, step: u64) {
    report_panics();
    let began = Instant::now();
    let (count, limit) = arguments.bounds();
    let end = arguments.from.saturating_add(count);
    let mut seed = arguments.from;
    while seed < end && began.elapsed() < limit {
        if run_seed(arguments.world, seed, &arguments.plan).is_err() && !arguments.keep_going {
            return;
        }
        seed = seed.saturating_add(step);
    }
}

/// Runs one seed under a plan.
pub(crate) fn probe(arguments: &Arguments, seed: u64) {
    report_panics();
    let _ = run_seed(arguments.world, seed, &arguments.plan);
}
