//! What the coordinator has and counts, for metrics.

use std::time::Duration;

use corelog_transactions::{MarkerOutcome, TransactionLevels, TransactionResult, TransactionVersion};

use crate::world::{World, end, init, partition};

const V2: TransactionVersion = TransactionVersion::V2;

fn counts(world: &World) -> (u64, u64, u64) {
    let counts = world.coordinator.counts();
    (counts.committed, counts.aborted, counts.timed_out)
}

#[test]
fn a_transaction_is_open_from_its_first_partition_to_its_last_marker() {
    let mut world = World::new();
    world.mark_at_once = false;
    let idle = TransactionLevels {
        transactional_ids: 1,
        ..TransactionLevels::default()
    };
    assert_eq!(world.coordinator.levels(), TransactionLevels::default());
    world.init();
    assert_eq!(world.coordinator.levels(), idle);
    world.advance(Duration::from_secs(5));
    let start = world.now().wall;
    let present = world.begin(&[0, 1, 2], V2);
    let open = TransactionLevels {
        open: 1,
        oldest_start: Some(start),
        ..idle
    };
    assert_eq!(world.coordinator.levels(), open);
    world.send(end(present, TransactionResult::Commit, V2));
    let decided = TransactionLevels {
        markers_pending: 3,
        ..open
    };
    assert_eq!(world.coordinator.levels(), decided);
    assert_eq!(counts(&world), (1, 0, 0));
    let markers = world.markers.remove(0);
    world.report(
        &markers,
        vec![
            (partition(0), MarkerOutcome::Written),
            (partition(1), MarkerOutcome::Gone),
            (partition(2), MarkerOutcome::Retry),
        ],
    );
    // Twice.
    world.report(&markers, vec![(partition(0), MarkerOutcome::Written)]);
    assert_eq!(world.coordinator.levels().markers_pending, 1);
    world.advance(Duration::from_millis(300));
    world.report_markers(0, MarkerOutcome::Written);
    assert_eq!(world.coordinator.levels(), idle);
    let delays = &world.coordinator.counts().marker_delays;
    assert_eq!(delays.sum(), Duration::from_millis(300));
    assert_eq!(delays.buckets().iter().sum::<u64>(), 1);
}

#[test]
fn commits_aborts_and_timeouts_are_told_apart() {
    let mut world = World::new();
    let present = world.begin(&[0], V2);
    world.ask(end(present, TransactionResult::Abort, V2));
    assert_eq!(counts(&world), (0, 1, 0));
    // One that never began is not counted.
    let present = world.init();
    world.ask(end(present, TransactionResult::Abort, V2));
    assert_eq!(counts(&world), (0, 1, 0));
    world.begin(&[0], V2);
    world.advance(Duration::from_secs(60));
    assert_eq!(counts(&world), (0, 2, 1));
    // Another producer fences this one.
    world.begin(&[0], V2);
    world.send(init(None));
    assert_eq!(counts(&world), (0, 3, 1));
}

#[test]
fn what_was_counted_is_not_counted_again_after_a_restart() {
    let mut world = World::new();
    world.mark_at_once = false;
    let present = world.begin(&[0], V2);
    world.send(end(present, TransactionResult::Commit, V2));
    let before = world.coordinator.levels();
    let mut unloaded = std::mem::replace(&mut world.coordinator, World::new().coordinator);
    unloaded.unload();
    assert_eq!(unloaded.levels(), TransactionLevels::default());
    assert_eq!(unloaded.counts().committed, 1);
    world.coordinator = unloaded;
    world.crash(0);
    assert_eq!(world.coordinator.levels(), before);
    assert_eq!(counts(&world), (0, 0, 0));
    world.report_markers(0, MarkerOutcome::Written);
    assert_eq!(world.coordinator.levels().open, 0);
}
