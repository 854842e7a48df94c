//! Transactional ids that nobody uses any more.

use std::time::Duration;

use corelog_transactions::{
    InitProducerIdRequest, PersistError, Request, Response, TransactionError, TransactionState,
    TransactionVersion, TransactionalId,
};

use crate::world::{World, add, producer, value, without_parking};

const V2: TransactionVersion = TransactionVersion::V2;
const HOUR: Duration = Duration::from_secs(3_600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

#[test]
fn an_id_expires_a_week_after_its_last_change() {
    let mut world = World::new();
    let present = world.init();
    world.advance(WEEK - HOUR);
    assert_eq!(world.coordinator.transactional_id_count(), 1);
    world.advance(HOUR);
    assert_eq!(world.coordinator.transactional_id_count(), 0);
    assert!(world.durable.is_empty());
    assert_eq!(
        world.ask(add(present, &[0], V2)),
        Response::AddPartitions(Err(TransactionError::InvalidProducerIdMapping))
    );
    assert_eq!(world.init(), producer(1_001, 0));
    assert_eq!(world.state(), TransactionState::Empty);
}

#[test]
fn an_open_transaction_does_not_expire() {
    let mut world = World::loaded(
        without_parking(),
        &[corelog_transactions::TransactionLogValue {
            timeout_ms: i32::MAX,
            ..value(TransactionState::Ongoing, 0)
        }],
    );
    world.advance(WEEK * 2);
    assert_eq!(world.state(), TransactionState::Ongoing);
    let mut world = World::with(without_parking());
    world.mark_at_once = false;
    let present = world.begin(&[0], V2);
    world.ask(crate::world::end(
        present,
        corelog_transactions::TransactionResult::Commit,
        V2,
    ));
    world.advance(WEEK * 2);
    assert_eq!(world.state(), TransactionState::PrepareCommit);
}

#[test]
fn an_id_whose_tombstone_failed_stays() {
    let mut world = World::with(without_parking());
    let present = world.init();
    world.persist_at_once = false;
    world.advance(WEEK);
    assert_eq!(world.in_flight_count(), 1);
    assert_eq!(
        world.ask(add(present, &[0], V2)),
        Response::AddPartitions(Err(TransactionError::ConcurrentTransactions))
    );
    world.persist_one(Err(PersistError::Unavailable));
    assert_eq!(world.coordinator.transactional_id_count(), 1);
    let added = world.send(add(present, &[0], V2));
    world.persist_one(Ok(()));
    assert_eq!(world.answer(added), Some(&Response::AddPartitions(Ok(()))));
}

#[test]
fn who_waits_for_a_tombstone_finds_a_new_id() {
    let mut world = World::new();
    world.init();
    world.persist_at_once = false;
    world.advance(WEEK);
    let begun = world.send(crate::world::init(None));
    while world.persist_one(Ok(())) {}
    assert_eq!(
        world.answer(begun),
        Some(&Response::InitProducerId(Ok(producer(1_001, 0))))
    );
}

#[test]
fn many_ids_expire_in_slices() {
    let mut world = World::new();
    for index in 0..2_500 {
        world.ask(Request::InitProducerId(InitProducerIdRequest {
            transactional_id: TransactionalId::new(&format!("id-{index}")),
            timeout_ms: 1_000,
            expected: None,
        }));
    }
    world.persist_at_once = false;
    // The looks of a week take their time.
    world.advance(WEEK + Duration::from_secs(60));
    assert_eq!(world.in_flight_count(), 3, "a batch a thousand ids");
    while world.persist_one(Ok(())) {}
    assert_eq!(world.coordinator.transactional_id_count(), 0);
}
