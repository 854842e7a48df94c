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

/// Seeds that have found something. They mean another run since the world draws more; the mistakes that bring the faults
/// back are found again by `tests/sim/mutate`.
///
/// Found by seeds of worlds that are gone, and not kept as mistakes:
/// - A chunk of the tail was not whole pages when the number of logs was no power of two (1).
/// - A reader whose segment went while its index was looked up got an I/O error (330).
/// - A read that went astray brought whole batches of another place, and a reader got nothing (418, 614, 807, 1203).
/// - After a failed commit the storage could not be opened: it took the frame for an acknowledged one (227).
/// - A partition that had been created was missing after the disk had been full (235).
/// - The first frame of a recycled journal file went astray on its way to the disk; the older one in its place hid all that
///   followed, and recovery ended before it in silence (640).
/// - Of a log that the journal did not speak of, recovery left what had been written behind its end, and those bytes took
///   the place of what was appended there next and lost in part (34, 127, 148, 467).
/// - The sync of the file for the next checkpoint failed; after the restart it was synced again, which did not make its length
///   durable, and the checkpoint was empty after a loss of power (629).
/// - After a failed sync of the file system and a restart a file still had to tell of it, and fenced the journal at the
///   close (331, 413, 500, 850).
///
/// Found by thinking about what the oracle would ask next: one read that went astray at the journal's end ended it, one that
/// took a journal file for another lost it, and one that brought another shard's checkpoint was believed.
#[test]
fn seeds_that_found_something_find_nothing_now() {
    for (seed, found) in [
        (
            912_981,
            "a log was taken for corrupt, for good, whose emptied segment lay before its start and was needed all the same",
        ),
        (
            230_597_005_943_177,
            "a start removed what only the checkpoint before the one that it read needed, and a loss of power brought that back",
        ),
        (
            80_154_149_922_772,
            "the index of a segment that was cut and grew to the same size again was taken for the new one's",
        ),
        (
            3_026_660,
            "a sync of the file system went well although another shard's had failed what it was to write",
        ),
        (
            3_058_084,
            "a read that went astray brought another log's batch, which goes beyond this one's end",
        ),
        (
            3_043_358,
            "the oracle took a frame for proof of one acknowledged after it had been made",
        ),
        (
            1_014_870,
            "an old segment's removal took the file of the partition that had the deleted one's name next",
        ),
        (
            2_022_808,
            "recovery wrote a page again of which it had found only the beginning whole",
        ),
        (
            2_016_615,
            "an old error of a log that needed no recovery fenced the journal",
        ),
        (
            2_001_395,
            "a failed sync of the file system was told to one shard, and lost what another had written",
        ),
        (
            140_357_279_111_103,
            "an error that the process before had caused and not heard of fenced the journal",
        ),
        (
            1_006_685,
            "errors that the process before had caused and not heard of kept a start from succeeding, one a start",
        ),
        (
            1_009_060,
            "recovery wrote to a segment what a read that went astray had brought",
        ),
        (
            191_259_526_857_503,
            "a start that went on after a failed sync of the file system fenced another shard",
        ),
        (
            1_000_776,
            "the oracle waited for a producer whose partition had been deleted",
        ),
        (1_007_561, "the same"),
        (
            1_009_822,
            "a producer that a short life had not run did not know that its log may have lost batches in it",
        ),
        (
            191_259_526_860_706,
            "a producer did not live to hear that a batch had been refused, and the next one taken",
        ),
        (
            191_259_526_861_634,
            "a page that was written again with something added held what a read that went astray had brought",
        ),
        (20_071, "a sync that overlapped a failed one acknowledged"),
        (
            1_213,
            "what bypassed the journal was not written for a log being deleted",
        ),
        (1_398, "a batch with a rotten leader epoch was served"),
        (1_738, "the same"),
        (
            1_198,
            "the old layout's journal went before the new layout was durable",
        ),
        (3_831, "the layout was durable before its journal's directory"),
        (3_662, "a read that went astray hid a journal file"),
        (
            196_189_559_768_293,
            "an append to a log being deleted was answered with an I/O error",
        ),
        (631, "retention removed segments that recovery needed"),
        (492, "recovery trusted what bypassed the journal"),
    ] {
        let outcome = storage_world::run(seed, false);
        assert_eq!(
            outcome.violation, None,
            "seed {seed}, which once found that {found}"
        );
    }
}

/// The same with plans: these need more than a seed draws often.
#[test]
fn plans_that_found_something_find_nothing_now() {
    for (seed, plan, found) in [
        (
            760,
            "followers=true,trouble=full",
            "a start truncated a segment for a cut in a frame that was not durable, and a loss of power took the frame",
        ),
        (
            136_863_492_334_030,
            "followers=true",
            "a checkpoint had a log's new end while the entry that says so waited, and the entry was lost",
        ),
        (
            136_863_492_333_771,
            "followers=true",
            "a checkpoint amid a cut had the start of the segment for the log's",
        ),
    ] {
        let outcome = storage_world::run_plan(seed, &plan.parse().unwrap(), false);
        assert_eq!(
            outcome.violation, None,
            "seed {seed} of {plan}, which once found that {found}"
        );
    }
}

/// What a failure prints can be run again: a plan changes what it names, and another variation is another run.
#[test]
fn a_plan_and_its_variation_are_one_run() {
    let run = |plan: &str| storage_world::run_plan(9, &plan.parse().unwrap(), false);
    let small = run("lives=1,partitions=1,trouble=none");
    assert_eq!(small.violation, None);
    assert_eq!(
        small.trace_hash,
        run("lives=1,partitions=1,trouble=none").trace_hash
    );
    assert_ne!(
        small.trace_hash,
        run("lives=1,partitions=1,trouble=none,variation=1").trace_hash
    );
    assert!(small.lives <= run("").lives);
    for plan in storage_world::simpler(9, &"lives=3".parse().unwrap()) {
        assert_eq!(storage_world::check_plan(&plan), Ok(()), "{plan}");
    }
}
