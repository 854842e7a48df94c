//! Markers, and the completion when all are written.

use std::time::Duration;

use corelog_transactions::{
    MarkerOutcome, PersistError, Response, TransactionResult, TransactionState, TransactionVersion,
};

use crate::world::{World, add, end, partition, producer};

const V2: TransactionVersion = TransactionVersion::V2;

/// A transaction with three partitions, committed; its markers are asked for.
fn committing() -> World {
    let mut world = World::new();
    world.mark_at_once = false;
    let present = world.begin(&[0, 1, 2], V2);
    world.send(end(present, TransactionResult::Commit, V2));
    world
}

#[test]
fn a_transaction_is_complete_when_every_partition_has_its_marker() {
    let mut world = committing();
    let markers = world.markers.remove(0);
    for index in [2, 0] {
        world.report(&markers, vec![(partition(index), MarkerOutcome::Written)]);
        assert_eq!(world.state(), TransactionState::PrepareCommit);
    }
    // Twice, and of a partition that is none of the transaction's.
    for index in [0, 9] {
        world.report(&markers, vec![(partition(index), MarkerOutcome::Written)]);
    }
    assert_eq!(world.state(), TransactionState::PrepareCommit);
    assert_eq!(world.describe().expect("there").partitions, [partition(1)]);
    world.report(&markers, vec![(partition(1), MarkerOutcome::Gone)]);
    assert_eq!(world.state(), TransactionState::CompleteCommit);
    assert_eq!(world.coordinator.completing_count(), 0);
}

#[test]
fn markers_that_failed_are_written_again_together() {
    let mut world = committing();
    let markers = world.markers.remove(0);
    world.report(
        &markers,
        vec![
            (partition(0), MarkerOutcome::Retry),
            (partition(1), MarkerOutcome::Written),
        ],
    );
    world.report(&markers, vec![(partition(2), MarkerOutcome::Retry)]);
    assert_eq!(world.markers, []);
    world.advance(Duration::from_millis(100));
    let again = world.markers.remove(0);
    assert_eq!(again.then, markers.then);
    assert_eq!(again.partitions, [partition(0), partition(2)]);
    // A late report of the first attempt counts, and what it says is not tried again.
    world.report(&again, vec![(partition(2), MarkerOutcome::Retry)]);
    world.report(&markers, vec![(partition(2), MarkerOutcome::Written)]);
    world.advance(Duration::from_secs(1));
    assert_eq!(world.markers, []);
    world.report(&again, vec![(partition(0), MarkerOutcome::ProducerFenced)]);
    assert_eq!(world.state(), TransactionState::CompleteCommit);
}

#[test]
fn a_later_coordinator_ends_what_this_one_may_not() {
    let mut world = committing();
    let markers = world.markers.remove(0);
    world.report(
        &markers,
        vec![
            (partition(0), MarkerOutcome::CoordinatorFenced),
            (partition(1), MarkerOutcome::Written),
            (partition(2), MarkerOutcome::Written),
        ],
    );
    world.advance(Duration::from_secs(60));
    assert_eq!(world.markers, []);
    assert_eq!(world.state(), TransactionState::PrepareCommit);
    world.crash(0);
    // All of them again: what was written is known to that coordinator alone.
    assert_eq!(world.markers[0].partitions.len(), 3);
    world.report_markers(0, MarkerOutcome::Written);
    assert_eq!(world.state(), TransactionState::CompleteCommit);
}

#[test]
fn a_completion_that_failed_is_written_again() {
    for error in [
        PersistError::Unavailable,
        PersistError::NotLeader,
        PersistError::TooLarge,
    ] {
        let mut world = committing();
        world.persist_at_once = false;
        world.report_markers(0, MarkerOutcome::Written);
        for _ in 0..3 {
            assert!(world.persist_one(Err(error)));
            assert_eq!(world.in_flight_count(), 0);
            assert_eq!(world.describe().expect("there").partitions, []);
            world.advance(Duration::from_millis(100));
        }
        world.persist_one(Ok(()));
        assert_eq!(world.state(), TransactionState::CompleteCommit);
        assert_eq!(world.all_markers.len(), 1);
    }
}

#[test]
fn reports_of_appends_take_effect_in_the_order_of_the_appends() {
    let mut world = World::new();
    let present = world.begin(&[0], V2);
    let other = corelog_transactions::TransactionalId::new("other");
    world.persist_at_once = false;
    let added = world.send(add(present, &[1], V2));
    let begun = world.send(corelog_transactions::Request::InitProducerId(
        corelog_transactions::InitProducerIdRequest {
            transactional_id: other,
            timeout_ms: 1_000,
            expected: None,
        },
    ));
    world.persist_two_in_disorder();
    assert_eq!(world.answer(added), Some(&Response::AddPartitions(Ok(()))));
    assert_eq!(
        world.answer(begun),
        Some(&Response::InitProducerId(Ok(producer(1_001, 0))))
    );
}
