//! Loading, unloading, snapshots.

use corelog_transactions::{
    Loaded, MarkerOutcome, Request, Response, TransactionConfig, TransactionError, TransactionResult,
    TransactionState, TransactionVersion,
};

use crate::world::{World, add, end, id, init, producer, record, value};

const V2: TransactionVersion = TransactionVersion::V2;

#[test]
fn what_was_decided_is_completed_after_a_restart() {
    for (state, completed) in [
        (TransactionState::PrepareCommit, TransactionState::CompleteCommit),
        (TransactionState::PrepareAbort, TransactionState::CompleteAbort),
    ] {
        let mut world = World::loaded(TransactionConfig::default(), &[value(state, 3)]);
        assert_eq!(world.all_markers.len(), 1);
        assert_eq!(world.all_markers[0].producer, producer(10, 3));
        assert_eq!(world.state(), completed);
        // Nothing is left to do.
        world.crash(0);
        assert_eq!(world.all_markers.len(), 1);
    }
}

#[test]
fn a_coordinator_that_moved_thrice_completes_once() {
    let mut world = World::new();
    world.mark_at_once = false;
    let present = world.begin(&[0, 1], V2);
    let waiting = world.send(end(present, TransactionResult::Commit, V2));
    for _ in 0..3 {
        world.crash(0);
        assert_eq!(world.markers[0].partitions.len(), 2);
    }
    assert!(world.answer(waiting).is_some());
    world.persist_at_once = false;
    world.report_markers(0, MarkerOutcome::Written);
    // The completion is durable, and nobody was told.
    world.crash(1);
    assert_eq!(world.state(), TransactionState::CompleteCommit);
    assert_eq!(world.markers, []);
}

#[test]
fn while_loading_and_after_unloading_everybody_is_refused() {
    let requests = || {
        [
            init(None),
            add(producer(1, 0), &[0], V2),
            end(producer(1, 0), TransactionResult::Commit, V2),
            Request::DescribeTransaction(id()),
            Request::ListTransactions(Default::default()),
        ]
    };
    let check = |world: &mut World, expected: TransactionError| {
        for request in requests() {
            let error = match world.ask(request) {
                Response::InitProducerId(result) => result.err(),
                Response::AddPartitions(result) => result.err(),
                Response::EndTransaction(result) => result.err(),
                Response::DescribeTransaction(result) => result.err(),
                Response::ListTransactions(result) => result.err(),
                Response::VerifyPartitions(_) => None,
            };
            assert_eq!(error, Some(expected));
        }
    };
    let mut world = World::loading(TransactionConfig::default());
    check(&mut world, TransactionError::CoordinatorLoadInProgress);
    let now = world.now();
    let actions = world.coordinator.finish_load(now);
    world.perform(actions);

    let present = world.begin(&[0], V2);
    world.persist_at_once = false;
    let ended = world.send(end(present, TransactionResult::Commit, V2));
    let waiting = world.send(init(None));
    let actions = world.coordinator.unload();
    world.perform(actions);
    assert_eq!(
        world.answer(ended),
        Some(&Response::EndTransaction(Err(TransactionError::NotCoordinator)))
    );
    assert_eq!(
        world.answer(waiting),
        Some(&Response::InitProducerId(Err(TransactionError::NotCoordinator)))
    );
    check(&mut world, TransactionError::NotCoordinator);
    // Late reports are of no interest.
    world.persist_one(Ok(()));
    assert_eq!(world.coordinator.next_timeout(), None);
}

#[test]
fn a_snapshot_is_the_log_without_its_past() {
    let mut world = World::new();
    world.mark_at_once = false;
    let present = world.begin(&[0, 1], V2);
    world.ask(end(present, TransactionResult::Abort, V2));
    let snapshot: Vec<_> = world.coordinator.snapshot_records().collect();
    assert_eq!(snapshot, world.log[world.log.len() - 1..]);
    // What is on its way is not in it.
    world.report_markers(0, MarkerOutcome::Written);
    world.persist_at_once = false;
    world.send(add(producer(1_000, 1), &[2], V2));
    let snapshot: Vec<_> = world.coordinator.snapshot_records().collect();
    assert_eq!(snapshot, world.log[world.log.len() - 1..]);
}

#[test]
fn the_last_record_of_an_id_counts_and_unknown_ones_are_left_alone() {
    let mut world = World::loading(TransactionConfig::default());
    let load = |world: &mut World, value: Option<&_>| {
        let record = record(&id(), value);
        world.coordinator.load(&record.key, record.value.as_deref())
    };
    assert_eq!(
        load(&mut world, Some(&value(TransactionState::Ongoing, 0))),
        Ok(Loaded::Known)
    );
    assert_eq!(load(&mut world, None), Ok(Loaded::Known));
    assert_eq!(world.coordinator.transactional_id_count(), 0);
    assert_eq!(world.coordinator.load(&[0, 9, 1], None), Ok(Loaded::Unknown));
    assert!(world.coordinator.load(&[0], None).is_err());
    let key = record(&id(), None).key;
    assert!(world.coordinator.load(&key, Some(&[0, 2])).is_err());
    assert_eq!(world.coordinator.transactional_id_count(), 0);
}
