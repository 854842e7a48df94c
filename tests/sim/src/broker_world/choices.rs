//! The choices of a seed by name: a plan makes some of them otherwise, and a run that fails is made smaller by them.

use std::time::Duration;

use super::scenario::Scenario;
use crate::plan::{Plan, PlanError, Setting};

/// Something that is there or not.
struct Switch {
    key: &'static str,
    of: fn(&mut Scenario) -> &mut bool,
}

/// Something of which there is more or less.
struct Amount {
    key: &'static str,
    least: u64,
    get: fn(&Scenario) -> u64,
    set: fn(&mut Scenario, u64),
}

/// What leaves most out comes first.
const SWITCHES: &[Switch] = &[
    Switch {
        key: "rot",
        of: |all| &mut all.troubles.rot,
    },
    Switch {
        key: "errors",
        of: |all| &mut all.troubles.errors,
    },
    Switch {
        key: "full",
        of: |all| &mut all.troubles.full,
    },
    Switch {
        key: "slow",
        of: |all| &mut all.troubles.slow,
    },
    Switch {
        key: "cuts",
        of: |all| &mut all.troubles.cuts,
    },
    Switch {
        key: "full_directories",
        of: |all| &mut all.scripts.full_directories,
    },
    Switch {
        key: "failed_loads",
        of: |all| &mut all.scripts.failed_loads,
    },
    Switch {
        key: "ends_amid_deletions",
        of: |all| &mut all.scripts.ends_amid_deletions,
    },
    Switch {
        key: "masses",
        of: |all| &mut all.has_masses,
    },
    Switch {
        key: "scraper",
        of: |all| &mut all.has_scraper,
    },
    Switch {
        key: "reshards",
        of: |all| &mut all.habits.reshards,
    },
    Switch {
        key: "lost_at_once",
        of: |all| &mut all.habits.is_lost_at_once,
    },
    Switch {
        key: "ends_at_answers",
        of: |all| &mut all.habits.ends_at_answers,
    },
    Switch {
        key: "clock_jumps",
        of: |all| &mut all.habits.clock_jumps,
    },
    Switch {
        key: "impatient",
        of: |all| &mut all.habits.is_impatient,
    },
    Switch {
        key: "visits",
        of: |all| &mut all.habits.visits,
    },
    Switch {
        key: "passing_topics",
        of: |all| &mut all.habits.passing_topics,
    },
    Switch {
        key: "names_again",
        of: |all| &mut all.habits.names_again,
    },
    Switch {
        key: "keeps_topics",
        of: |all| &mut all.habits.keeps_topics,
    },
    Switch {
        key: "grows_topics",
        of: |all| &mut all.habits.grows_topics,
    },
    Switch {
        key: "deletes_records",
        of: |all| &mut all.habits.deletes_records,
    },
    Switch {
        key: "alters_configs",
        of: |all| &mut all.habits.alters_configs,
    },
    Switch {
        key: "deletes_groups",
        of: |all| &mut all.habits.deletes_groups,
    },
    Switch {
        key: "haunts",
        of: |all| &mut all.habits.haunts,
    },
    Switch {
        key: "static",
        of: |all| &mut all.habits.is_static,
    },
    Switch {
        key: "sessions",
        of: |all| &mut all.habits.sessions,
    },
    Switch {
        key: "repeats",
        of: |all| &mut all.habits.repeats,
    },
];

const AMOUNTS: &[Amount] = &[
    amount("lives", 1, |all| all.lives, |all, value| all.lives = value),
    amount(
        "members",
        0,
        |all| all.crowd.members,
        |all, value| all.crowd.members = value,
    ),
    amount(
        "loners",
        0,
        |all| all.crowd.loners,
        |all, value| all.crowd.loners = value,
    ),
    amount(
        "admins",
        0,
        |all| all.crowd.admins,
        |all, value| all.crowd.admins = value,
    ),
    amount(
        "askers",
        0,
        |all| all.crowd.askers,
        |all, value| all.crowd.askers = value,
    ),
    amount(
        "liars",
        0,
        |all| all.crowd.liars,
        |all, value| all.crowd.liars = value,
    ),
    amount(
        "transactors",
        0,
        |all| all.crowd.transactors,
        |all, value| all.crowd.transactors = value,
    ),
    amount(
        "hasty",
        0,
        |all| all.crowd.hasty,
        |all, value| all.crowd.hasty = value,
    ),
    amount(
        "careful",
        0,
        |all| all.crowd.careful,
        |all, value| all.crowd.careful = value,
    ),
    amount(
        "readers",
        0,
        |all| all.crowd.readers,
        |all, value| all.crowd.readers = value,
    ),
    amount("topics", 1, |all| all.topics, |all, value| all.topics = value),
    amount(
        "partitions",
        1,
        |all| u64::try_from(all.partitions).unwrap_or(1),
        |all, value| all.partitions = i32::try_from(value).unwrap_or(i32::MAX),
    ),
    amount(
        "shards",
        1,
        |all| u64::from(all.shards),
        |all, value| all.shards = u16::try_from(value).unwrap_or(u16::MAX),
    ),
    amount(
        "in_flight",
        1,
        |all| u64::from(all.commits.in_flight_max),
        |all, value| all.commits.in_flight_max = u16::try_from(value).unwrap_or(u16::MAX),
    ),
    amount(
        "life_ms",
        2,
        |all| u64::try_from(all.life.end.as_millis()).unwrap_or(u64::MAX),
        |all, value| {
            let end = Duration::from_millis(value);
            all.life = all.life.start.min(end / 2)..end;
        },
    ),
];

const fn amount(
    key: &'static str,
    least: u64,
    get: fn(&Scenario) -> u64,
    set: fn(&mut Scenario, u64),
) -> Amount {
    Amount { key, least, get, set }
}

/// Makes the choices of `plan` instead of the seed's.
///
/// # Errors
/// See [`PlanError`].
pub(super) fn follow(scenario: &mut Scenario, plan: &Plan) -> Result<(), PlanError> {
    for setting in plan.settings() {
        set(scenario, setting)?;
    }
    scenario.settle();
    Ok(())
}

fn set(scenario: &mut Scenario, setting: &Setting) -> Result<(), PlanError> {
    let bad = || PlanError::Value {
        key: setting.key.clone(),
        value: setting.value.clone(),
    };
    let number = || setting.value.parse::<u64>().map_err(|_| bad());
    if setting.key == "variation" {
        return number().map(drop);
    }
    if let Some(switch) = SWITCHES.iter().find(|switch| switch.key == setting.key) {
        *(switch.of)(scenario) = setting.value.parse().map_err(|_| bad())?;
        return Ok(());
    }
    let Some(amount) = AMOUNTS.iter().find(|amount| amount.key == setting.key) else {
        return Err(PlanError::Key(setting.key.clone(), keys()));
    };
    (amount.set)(scenario, number()?.max(amount.least));
    Ok(())
}

/// What could be less, what leaves most out first.
pub(super) fn reductions(scenario: &Scenario) -> Vec<Setting> {
    let mut all = Vec::new();
    for amount in AMOUNTS {
        let value = (amount.get)(scenario);
        for less in [amount.least, value / 2, value.saturating_sub(1)] {
            let setting = Setting::new(amount.key, less);
            let is_tiny_step = less + 1 == value && value > 8;
            if (amount.least..value).contains(&less) && !is_tiny_step && !all.contains(&setting) {
                all.push(setting);
            }
        }
        if amount.key == "lives" {
            all.extend(SWITCHES.iter().map(|switch| Setting::new(switch.key, false)));
        }
    }
    all.retain(|setting| is_change(scenario, setting));
    all
}

/// Whether anything is otherwise with this choice: some follow from others.
fn is_change(scenario: &Scenario, setting: &Setting) -> bool {
    let mut other = scenario.clone();
    set(&mut other, setting).expect("a choice of the tables above");
    other.settle();
    other != *scenario
}

fn keys() -> String {
    let switches = SWITCHES.iter().map(|switch| switch.key);
    let amounts = AMOUNTS.iter().map(|amount| amount.key);
    let all: Vec<_> = amounts.chain(switches).chain(["variation"]).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SimRng;

    fn drawn(seed: u64) -> Scenario {
        let stream = |number| SimRng::stream(seed, number);
        Scenario::draw(seed, &mut stream(200), &mut stream(202), &mut stream(203))
    }

    #[test]
    fn every_reduction_is_a_change_and_they_come_to_an_end() {
        for seed in 0..50 {
            let (mut scenario, mut plan) = (drawn(seed), Plan::default());
            let mut steps = 0;
            while let Some(setting) = reductions(&scenario).first() {
                plan = plan.with(setting.clone());
                let before = scenario.clone();
                scenario = drawn(seed);
                follow(&mut scenario, &plan).unwrap();
                assert_ne!(scenario, before, "{plan}");
                steps += 1;
                assert!(steps < 200, "{plan}");
            }
        }
    }

    #[test]
    fn what_cannot_be_is_said() {
        for (plan, expected) in [
            ("cuts=perhaps", "cuts cannot be \"perhaps\""),
            ("deaths=1", "there is no choice"),
        ] {
            let error = follow(&mut drawn(1), &plan.parse().unwrap()).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
