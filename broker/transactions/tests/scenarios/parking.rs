//! Requests that come too early: with Kafka's answer, and waiting.

use std::time::Duration;

use corelog_transactions::{
    MarkerOutcome, Parking, PersistError, Response, TransactionConfig, TransactionError, TransactionResult,
    TransactionState, TransactionVersion,
};

use crate::world::{World, add, end, init, producer, without_parking};

const V0: TransactionVersion = TransactionVersion::V0;
const V2: TransactionVersion = TransactionVersion::V2;
const CONCURRENT: TransactionError = TransactionError::ConcurrentTransactions;

/// A transaction that is committed, whose markers are asked for; with what its client has now.
fn committing(config: TransactionConfig) -> World {
    let mut world = World::with(config);
    world.mark_at_once = false;
    let present = world.begin(&[0], V2);
    let answer = world.ask(end(present, TransactionResult::Commit, V2));
    assert_eq!(answer, Response::EndTransaction(Ok(Some(producer(1_000, 1)))));
    world
}

#[test]
fn without_parking_the_client_is_to_ask_again() {
    let mut world = committing(without_parking());
    let (former, present) = (producer(1_000, 0), producer(1_000, 1));
    assert_eq!(
        world.ask(add(present, &[0], V2)),
        Response::AddPartitions(Err(CONCURRENT))
    );
    assert_eq!(
        world.ask(end(former, TransactionResult::Commit, V2)),
        Response::EndTransaction(Err(CONCURRENT))
    );
    assert_eq!(world.ask(init(None)), Response::InitProducerId(Err(CONCURRENT)));
    world.report_markers(0, MarkerOutcome::Written);
    assert_eq!(
        world.ask(end(former, TransactionResult::Commit, V2)),
        Response::EndTransaction(Ok(Some(present)))
    );
    assert_eq!(world.ask(add(present, &[0], V2)), Response::AddPartitions(Ok(())));
}

#[test]
fn the_next_transaction_begins_when_the_one_before_is_complete() {
    let mut world = committing(TransactionConfig::default());
    let (former, present) = (producer(1_000, 0), producer(1_000, 1));
    let repeated = world.send(end(former, TransactionResult::Commit, V2));
    let added = world.send(add(present, &[0], V2));
    let added_too = world.send(add(present, &[1], V2));
    assert_eq!(world.unanswered(), [repeated, added, added_too]);
    world.report_markers(0, MarkerOutcome::Written);
    assert_eq!(
        world.answer(repeated),
        Some(&Response::EndTransaction(Ok(Some(present))))
    );
    assert_eq!(world.answer(added), Some(&Response::AddPartitions(Ok(()))));
    assert_eq!(world.answer(added_too), Some(&Response::AddPartitions(Ok(()))));
    assert_eq!(world.state(), TransactionState::Ongoing);
    assert_eq!(world.value().partitions.as_slice().len(), 2);
}

#[test]
fn the_next_transaction_begins_with_the_append_that_completes_the_one_before() {
    let mut world = committing(TransactionConfig::default());
    let added = world.send(add(producer(1_000, 1), &[3], V2));
    world.persist_at_once = false;
    world.report_markers(0, MarkerOutcome::Written);
    assert_eq!(world.in_flight_count(), 1);
    assert_eq!(world.state(), TransactionState::PrepareCommit);
    // While it fails, the transaction is not complete, and the client waits.
    world.persist_one(Err(PersistError::Unavailable));
    assert_eq!(world.state(), TransactionState::PrepareCommit);
    assert_eq!(world.unanswered(), [added]);
    world.advance(Duration::from_millis(100));
    assert_eq!(world.in_flight_count(), 1);
    world.persist_one(Ok(()));
    assert_eq!(world.answer(added), Some(&Response::AddPartitions(Ok(()))));
    assert_eq!(world.in_flight_count(), 0);
    assert_eq!(world.state(), TransactionState::Ongoing);
    // What is replayed is the same, and the transaction has its timeout.
    world.crash(0);
    assert_eq!(world.state(), TransactionState::Ongoing);
    world.persist_at_once = true;
    world.advance(Duration::from_secs(120));
    assert_eq!(world.state(), TransactionState::PrepareAbort);
}

#[test]
fn what_may_not_begin_is_refused_when_the_one_before_is_complete() {
    let mut world = committing(TransactionConfig::default());
    let stranger = world.send(add(producer(1_000, 5), &[3], V2));
    world.report_markers(0, MarkerOutcome::Written);
    assert_eq!(
        world.answer(stranger),
        Some(&Response::AddPartitions(Err(TransactionError::ProducerFenced)))
    );
    assert_eq!(world.state(), TransactionState::CompleteCommit);
}

#[test]
fn a_new_producer_waits_for_the_abort_of_what_it_found() {
    let mut world = World::new();
    world.mark_at_once = false;
    let former = world.begin(&[0], V2);
    let begun = world.send(init(None));
    // Who comes later waits behind it, and finds itself fenced.
    let ended = world.send(end(former, TransactionResult::Commit, V2));
    assert_eq!(world.unanswered(), [begun, ended]);
    world.report_markers(0, MarkerOutcome::Written);
    assert_eq!(
        world.answer(begun),
        Some(&Response::InitProducerId(Ok(producer(1_000, 2))))
    );
    assert_eq!(
        world.answer(ended),
        Some(&Response::EndTransaction(Err(TransactionError::ProducerFenced)))
    );
}

#[test]
fn nobody_waits_longer_than_the_configured_time() {
    let mut world = committing(TransactionConfig::default());
    let present = producer(1_000, 1);
    let first = world.send(add(present, &[0], V2));
    world.advance(Duration::from_millis(500));
    let second = world.send(add(present, &[1], V2));
    world.advance(Duration::from_millis(1_499));
    assert_eq!(world.unanswered(), [first, second]);
    world.advance(Duration::from_millis(1));
    assert_eq!(
        world.answer(first),
        Some(&Response::AddPartitions(Err(CONCURRENT)))
    );
    assert_eq!(world.unanswered(), [second]);
    world.advance(Duration::from_millis(500));
    assert_eq!(world.unanswered(), []);
    // A fence that takes as long is Kafka's answer, too.
    world.report_markers(0, MarkerOutcome::Written);
    world.ask(add(present, &[0], V2));
    let begun = world.send(init(None));
    world.advance(Duration::from_secs(2));
    assert_eq!(
        world.answer(begun),
        Some(&Response::InitProducerId(Err(CONCURRENT)))
    );
}

#[test]
fn so_many_wait_and_no_more() {
    let mut world = committing(TransactionConfig {
        parking: Some(Parking {
            wait_max: Duration::from_secs(1),
            requests_max: 3,
        }),
        ..TransactionConfig::default()
    });
    let present = producer(1_000, 1);
    let waiting: Vec<_> = (0..3)
        .map(|index| world.send(add(present, &[index], V2)))
        .collect();
    assert_eq!(
        world.ask(add(present, &[3], V2)),
        Response::AddPartitions(Err(CONCURRENT))
    );
    world.report_markers(0, MarkerOutcome::Written);
    for token in waiting {
        assert_eq!(world.answer(token), Some(&Response::AddPartitions(Ok(()))));
    }
}

#[test]
fn who_waits_for_a_failed_append_has_its_turn() {
    let mut world = World::new();
    let present = world.init();
    world.persist_at_once = false;
    let first = world.send(add(present, &[0], V2));
    let second = world.send(add(present, &[1], V2));
    world.persist_one(Err(PersistError::Unavailable));
    assert_eq!(
        world.answer(first),
        Some(&Response::AddPartitions(Err(
            TransactionError::CoordinatorNotAvailable
        )))
    );
    world.persist_one(Ok(()));
    assert_eq!(world.answer(second), Some(&Response::AddPartitions(Ok(()))));
    assert_eq!(world.value().partitions.as_slice().len(), 1);
}

#[test]
fn who_waits_for_a_producer_id_has_its_turn() {
    let mut world = World::new();
    world.allocate_at_once = false;
    let first = world.send(init(None));
    let second = world.send(init(None));
    let added = world.send(add(producer(1, 0), &[0], V0));
    assert_eq!(world.wish_count(), 1);
    world.allocate(false);
    assert_eq!(
        world.answer(first),
        Some(&Response::InitProducerId(Err(
            TransactionError::ProducerIdsUnavailable
        )))
    );
    world.allocate(true);
    assert_eq!(
        world.answer(second),
        Some(&Response::InitProducerId(Ok(producer(1_000, 0))))
    );
    assert_eq!(
        world.answer(added),
        Some(&Response::AddPartitions(Err(
            TransactionError::InvalidProducerIdMapping
        )))
    );
    // Whoever is fenced is told so at once by the first protocol.
    world.persist_at_once = false;
    let third = world.send(init(None));
    let stale = world.send(end(producer(1_000, 7), TransactionResult::Commit, V0));
    assert_eq!(world.unanswered(), [third]);
    assert_eq!(
        world.answer(stale),
        Some(&Response::EndTransaction(Err(TransactionError::ProducerFenced)))
    );
}
