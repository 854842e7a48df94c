//! Making a failing run smaller: what a seed draws is switched off or made less, one choice after another, as long as
//! the same promise is broken.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use corelog_sim::{Plan, Setting};

use super::Finding;
use crate::Arguments;

/// A smaller plan makes another run of everything that is drawn later, which may just miss the fault. So each plan is
/// tried under so many variations of the rest.
const VARIATIONS: u64 = 6;

/// What a violation says apart from its numbers.
fn kind_of(text: &str) -> String {
    let words = text
        .split(|letter: char| !letter.is_alphabetic())
        .filter(|word| word.len() > 2);
    words.take(8).collect::<Vec<_>>().join(" ")
}

/// Runs a seed under a plan in a process of its own; what it found.
fn try_plan(arguments: &Arguments, seed: u64, plan: &Plan) -> Option<String> {
    let output = Command::new(std::env::current_exe().ok()?)
        .args(["--world", arguments.world.name(), "--probe"])
        .args(["--seed", &seed.to_string()])
        .args(["--plan", &plan.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("! "))?;
    Some(line.split_once(' ')?.1.to_owned())
}

/// The variation of a plan that breaks the promise of this kind, if one does; they are tried side by side.
fn failing_variation(arguments: &Arguments, seed: u64, plan: &Plan, kind: &str) -> Option<Plan> {
    let plans: Vec<Plan> = (0..VARIATIONS)
        .map(|variation| match variation {
            0 => plan.clone(),
            _ => plan.with(Setting::new("variation", variation)),
        })
        .collect();
    plans.chunks(arguments.jobs()).find_map(|some| {
        let fails = |plan: &Plan| try_plan(arguments, seed, plan).is_some_and(|text| kind_of(&text) == kind);
        let failed: Vec<bool> = std::thread::scope(|scope| {
            let running: Vec<_> = some.iter().map(|plan| scope.spawn(|| fails(plan))).collect();
            running
                .into_iter()
                .map(|thread| thread.join().unwrap_or(false))
                .collect()
        });
        let found = failed.iter().position(|failed| *failed)?;
        Some(some[found].clone())
    })
}

/// Looks for the smallest plan that breaks the same promise, for as long as `arguments` give it.
pub(crate) fn minimize(arguments: &Arguments, finding: &Finding) -> Plan {
    let began = Instant::now();
    let limit = Duration::from_secs(arguments.minimize_seconds);
    let kind = kind_of(&finding.text);
    let mut best = arguments.plan.clone();
    let (mut tried, mut next, mut is_smaller) = (0, 0, false);
    while began.elapsed() < limit {
        let candidates = arguments.world.simpler(finding.seed, &best);
        let Some(candidate) = candidates.get(next) else {
            if !is_smaller {
                break;
            }
            // What could not go before may go now.
            (next, is_smaller) = (0, false);
            continue;
        };
        tried += 1;
        match failing_variation(arguments, finding.seed, candidate, &kind) {
            // The choice that was made is no candidate any more: the next one has its place.
            Some(plan) => (best, is_smaller) = (plan, true),
            None => next += 1,
        }
    }
    println!("  {tried} smaller plans tried in {:.0?}", began.elapsed());
    best
}
