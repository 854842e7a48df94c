//! The whole broker under simulation: one seed is one run.

use corelog_sim::broker_world;

#[test]
fn a_seed_of_the_broker_world_is_one_run() {
    for seed in [2, 3] {
        let (first, second) = (broker_world::run(seed, true), broker_world::run(seed, true));
        assert!(first.acknowledged > 0 && first.lives > 1, "{first:?}");
        assert!(
            first.trace == second.trace && first.trace_hash == second.trace_hash,
            "seed {seed} differs"
        );
        assert_eq!(first.violation, None, "seed {seed}");
    }
}

/// Seeds that found something when they were first run. Another draw anywhere makes another run of them.
///
/// Three more, whose worlds are gone, found what is left of a topic: a topic's name was given away again while a fenced shard
/// still had a log of the old one, and the next start removed the new one's directory (113294109265259); a crash amid a
/// creation or deletion left a directory that nothing knew (88174089385342); a rename that failed once left the directory of a
/// deleted topic for ever (155365531803483).
const FOUND: [(u64, &str); 3] = [
    (
        25,
        "one failed open of a file while a coordinator loaded took its groups away until a restart",
    ),
    (
        59,
        "a session with little time to wait was told nothing of a batch acknowledged before",
    ),
    (22_357_985_157_771, "the same"),
];

#[test]
fn seeds_that_found_something_find_nothing_more() {
    for (seed, found) in FOUND {
        let violation = broker_world::run(seed, false).violation;
        assert_eq!(violation, None, "seed {seed}, which once found that {found}");
    }
}
