//! Transactions that take too long.

use std::time::Duration;

use corelog_transactions::{
    MarkerOutcome, PersistError, Response, TransactionConfig, TransactionError, TransactionLogValue,
    TransactionResult, TransactionState, TransactionVersion,
};

use crate::world::{World, add, end, first_protocol, producer, value};

const V0: TransactionVersion = TransactionVersion::V0;
const V2: TransactionVersion = TransactionVersion::V2;

fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[test]
fn a_transaction_that_takes_too_long_is_aborted_and_its_producer_fenced() {
    for (config, version) in [(TransactionConfig::default(), V2), (first_protocol(), V0)] {
        let mut world = World::with(config);
        let former = world.begin(&[0], version);
        world.advance(millis(30_000));
        // Time counts from the first partition.
        world.ask(add(former, &[1], version));
        world.advance(millis(29_999));
        assert_eq!(world.state(), TransactionState::Ongoing);
        world.advance(millis(1));
        assert_eq!(world.state(), TransactionState::CompleteAbort);
        let marker = world.all_markers.last().expect("a marker");
        assert_eq!(marker.producer, producer(1_000, 1));
        assert_eq!(marker.partitions.len(), 2);
        assert_eq!(
            world.ask(end(former, TransactionResult::Commit, version)),
            Response::EndTransaction(Err(if version == V2 {
                // The epoch before the present one: what it repeats was aborted.
                TransactionError::InvalidTxnState
            } else {
                TransactionError::ProducerFenced
            }))
        );
    }
}

#[test]
fn a_transaction_that_ended_in_time_has_no_timeout() {
    let mut world = World::new();
    let present = world.begin(&[0], V2);
    world.ask(end(present, TransactionResult::Commit, V2));
    world.advance(millis(120_000));
    assert_eq!(world.state(), TransactionState::CompleteCommit);
    assert_eq!(world.value().producer_epoch.get(), 1);
}

#[test]
fn an_abort_that_failed_is_tried_again() {
    let mut world = World::with(first_protocol());
    world.begin(&[0], V0);
    world.persist_at_once = false;
    world.advance(millis(60_000));
    world.persist_one(Err(PersistError::Unavailable));
    assert_eq!(world.in_flight_count(), 0);
    world.advance(millis(10_000));
    world.persist_one(Ok(()));
    // Raised once, however often it failed.
    assert_eq!(world.value().producer_epoch.get(), 1);
    assert_eq!(world.state(), TransactionState::PrepareAbort);
}

#[test]
fn a_timeout_amid_a_change_is_looked_at_again() {
    let mut world = World::new();
    let present = world.begin(&[0], V2);
    world.persist_at_once = false;
    world.send(add(present, &[1], V2));
    world.advance(millis(60_000));
    world.persist_one(Ok(()));
    assert_eq!(world.state(), TransactionState::Ongoing);
    world.advance(millis(10_000));
    world.persist_one(Ok(()));
    assert_eq!(world.state(), TransactionState::PrepareAbort);
}

#[test]
fn a_timeout_with_the_last_epoch_waits_for_a_producer_id() {
    let mut world = World::loaded(
        TransactionConfig::default(),
        &[value(TransactionState::Ongoing, i16::MAX - 1)],
    );
    world.allocate_at_once = false;
    world.advance(millis(10_000));
    assert_eq!(world.wish_count(), 1);
    world.allocate(false);
    world.advance(millis(10_000));
    world.allocate(true);
    assert_eq!(world.state(), TransactionState::CompleteAbort);
    let next = world.value();
    assert_eq!(
        producer(next.producer_id.get(), next.producer_epoch.get()),
        producer(1_000, 0)
    );
}

#[test]
fn a_timeout_goes_on_after_a_restart() {
    // It began 50 seconds before the load.
    let mut world = World::loaded(
        TransactionConfig::default(),
        &[value(TransactionState::Ongoing, 0)],
    );
    world.mark_at_once = false;
    world.advance(millis(9_999));
    assert_eq!(world.state(), TransactionState::Ongoing);
    world.advance(millis(1));
    assert_eq!(world.state(), TransactionState::PrepareAbort);
    world.report_markers(0, MarkerOutcome::Written);
    assert_eq!(world.state(), TransactionState::CompleteAbort);
}

#[test]
fn a_client_that_decides_by_itself_has_no_timeout() {
    let endless = TransactionLogValue {
        timeout_ms: i32::MAX,
        ..value(TransactionState::Ongoing, 0)
    };
    let mut world = World::loaded(TransactionConfig::default(), &[endless]);
    world.advance(Duration::from_secs(86_400 * 40));
    assert_eq!(world.state(), TransactionState::Ongoing);
}
