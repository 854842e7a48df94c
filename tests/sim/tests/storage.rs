//! The storage engine under simulation: one seed is one run.

use corelog_sim::storage_world;

#[test]
fn a_seed_of_the_storage_world_is_one_run() {
    for seed in [3, 8, 20] {
        let (first, second) = (storage_world::run(seed, true), storage_world::run(seed, true));
        assert!(first.acknowledged > 0 && first.lives > 1, "{first:?}");
        assert!(
            first.trace == second.trace && first.trace_hash == second.trace_hash,
            "seed {seed} differs"
        );
        assert_eq!(first.violation, None, "seed {seed}");
    }
}

/// Seeds that find a known mistake of the engine when it is switched on (`tests/sim/mutations`), and nothing without.
#[test]
fn seeds_that_found_mistakes_find_none_now() {
    for (seed, mistake) in [
        (1, "AckBeforeSync, CheckpointUnsynced, DuplicatesTaken"),
        (7, "BypassUnsynced"),
        (17, "ReplayTrustsReads, BypassTrusted"),
        (26, "RecycleEarly"),
    ] {
        let outcome = storage_world::run(seed, false);
        assert_eq!(outcome.violation, None, "seed {seed}, which finds {mistake}");
    }
}
