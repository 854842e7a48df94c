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

/// Looks for the smallest plan that breaks the same promise, for as long as `arguments` give it.
pub(crate) fn minimize(arguments: &Arguments, finding: &Finding) -> Plan {
    let began = Instant::now();
    let limit = Duration::from_secs(arguments.minimize_seconds);
    let kind = kind_of(&finding.text);
    let mut best = arguments.plan.clone();
    let mut tries = 0u64;
    let mut is_smaller = true;
    while is_smaller && began.elapsed() < limit {
        is_smaller = false;
        for candidate in arguments.world.simpler(finding.seed, &best) {
            let found = (0..VARIATIONS)
                .map(|variation| match variation {
                    0 => candidate.clone(),
                    _ => candidate.with(Setting::new("variation", variation)),
                })
                .take_while(|_| began.elapsed() < limit)
                .find(|plan| {
                    tries += 1;
                    try_plan(arguments, finding.seed, plan).is_some_and(|text| kind_of(&text) == kind)
                });
            if let Some(plan) = found {
                best = plan;
                is_smaller = true;
                break;
            }
        }
    }
    println!("  {tries} smaller runs tried in {:.0?}", began.elapsed());
    best
}
