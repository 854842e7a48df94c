//! Transactions from beginning to end, by both protocols.

use corelog_model::{ProducerEpoch, ProducerId};
use corelog_transactions::{
    InitProducerIdRequest, PersistError, Request, Response, TransactionConfig, TransactionError,
    TransactionResult, TransactionState, TransactionVersion, TransactionalId, VerifyPartitionsRequest,
};

use crate::world::{World, add, end, first_protocol, id, init, partition, producer, value, without_parking};

const V0: TransactionVersion = TransactionVersion::V0;
const V2: TransactionVersion = TransactionVersion::V2;

#[test]
fn the_first_protocol_keeps_the_epoch() {
    let mut world = World::with(first_protocol());
    let first = world.begin(&[0, 1], V0);
    assert_eq!(first, producer(1_000, 0));
    for result in [TransactionResult::Commit, TransactionResult::Abort] {
        assert_eq!(
            world.ask(add(first, &[0, 1], V0)),
            Response::AddPartitions(Ok(()))
        );
        assert_eq!(world.state(), TransactionState::Ongoing);
        assert_eq!(
            world.ask(end(first, result, V0)),
            Response::EndTransaction(Ok(None))
        );
        let marker = world.all_markers.last().expect("a marker");
        assert_eq!((marker.producer, marker.result), (first, result));
        assert_eq!(marker.partitions, [partition(0), partition(1)]);
        // Repeated, it is as if it were done again.
        let count = world.log.len();
        assert_eq!(
            world.ask(end(first, result, V0)),
            Response::EndTransaction(Ok(None))
        );
        assert_eq!(world.log.len(), count);
    }
    assert_eq!(world.state(), TransactionState::CompleteAbort);
    assert_eq!(world.init(), producer(1_000, 1));
}

#[test]
fn the_second_protocol_raises_the_epoch_with_each_end() {
    let mut world = World::new();
    let mut present = world.begin(&[0], V2);
    for (round, result) in [
        TransactionResult::Commit,
        TransactionResult::Abort,
        TransactionResult::Commit,
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(world.ask(add(present, &[0], V2)), Response::AddPartitions(Ok(())));
        let next = producer(1_000, i16::try_from(round).expect("small") + 1);
        let answer = Response::EndTransaction(Ok(Some(next)));
        assert_eq!(world.ask(end(present, result, V2)), answer);
        let marker = world.all_markers.last().expect("a marker");
        assert_eq!((marker.producer, marker.version), (next, V2));
        // Repeated with the former epoch, it is answered alike, and nothing is raised.
        assert_eq!(world.ask(end(present, result, V2)), answer);
        assert_eq!(world.value().producer_epoch, next.epoch);
        present = next;
    }
}

#[test]
fn an_abort_of_nothing_raises_the_epoch_under_the_second_protocol_alone() {
    let mut world = World::new();
    let present = world.init();
    assert_eq!(
        world.ask(end(present, TransactionResult::Abort, V0)),
        Response::EndTransaction(Err(TransactionError::InvalidTxnState))
    );
    assert_eq!(
        world.ask(end(present, TransactionResult::Commit, V2)),
        Response::EndTransaction(Err(TransactionError::InvalidTxnState))
    );
    let next = producer(1_000, 1);
    assert_eq!(
        world.ask(end(present, TransactionResult::Abort, V2)),
        Response::EndTransaction(Ok(Some(next)))
    );
    assert_eq!(world.state(), TransactionState::CompleteAbort);
    assert_eq!(world.all_markers, [], "no partition has anything to end");
}

#[test]
fn a_new_producer_fences_the_former_one() {
    let check = |config: TransactionConfig, version, given: (i16, i16)| {
        let mut world = World::with(config);
        let former = world.begin(&[0, 1], version);
        // Kafka's client asks again after CONCURRENT_TRANSACTIONS.
        let response = world.ask(init(None));
        assert_eq!(
            response,
            Response::InitProducerId(Err(TransactionError::ConcurrentTransactions))
        );
        assert_eq!(world.state(), TransactionState::CompleteAbort);
        let marker = world.all_markers.last().expect("a marker");
        assert_eq!(marker.result, TransactionResult::Abort);
        assert_eq!(marker.producer, producer(1_000, given.0));
        assert!(marker.producer.epoch > former.epoch, "a fence has a new epoch");
        assert_eq!(world.init(), producer(1_000, given.1));
        for request in [
            add(former, &[0], version),
            end(former, TransactionResult::Commit, version),
        ] {
            let response = world.ask(request);
            let fenced = TransactionError::ProducerFenced;
            assert!(
                response == Response::AddPartitions(Err(fenced))
                    || response == Response::EndTransaction(Err(fenced)),
                "{response:?}"
            );
        }
    };
    check(first_protocol(), V0, (1, 2));
    check(without_parking(), V2, (1, 2));
}

#[test]
fn a_fence_of_the_first_protocol_holds_while_its_record_is_on_its_way() {
    let mut world = World::with(first_protocol());
    let former = world.begin(&[0], V0);
    world.persist_at_once = false;
    let token = world.send(init(None));
    assert_eq!(
        world.ask(end(former, TransactionResult::Commit, V0)),
        Response::EndTransaction(Err(TransactionError::ProducerFenced))
    );
    world.persist_one(Err(PersistError::Unavailable));
    assert_eq!(
        world.answer(token),
        Some(&Response::InitProducerId(Err(
            TransactionError::CoordinatorNotAvailable
        )))
    );
    // In memory it is fenced although the record failed.
    assert_eq!(
        world.ask(end(former, TransactionResult::Commit, V0)),
        Response::EndTransaction(Err(TransactionError::ProducerFenced))
    );
    assert_eq!(world.state(), TransactionState::Ongoing);
}

#[test]
fn a_producer_goes_on_after_an_error() {
    let mut world = World::new();
    let first = world.init();
    let second = producer(1_000, 1);
    // KIP-360: with what it has it gets the next epoch, and repeated the same one.
    for _ in 0..2 {
        assert_eq!(world.ask(init(Some(first))), Response::InitProducerId(Ok(second)));
    }
    // Another producer in between ends that.
    assert_eq!(world.init(), producer(1_000, 2));
    assert_eq!(
        world.ask(init(Some(second))),
        Response::InitProducerId(Err(TransactionError::ProducerFenced))
    );
}

#[test]
fn a_client_with_the_last_epoch_gets_a_new_producer_id() {
    let check = |expected| {
        let mut world = World::loaded(
            TransactionConfig::default(),
            &[value(TransactionState::CompleteCommit, i16::MAX - 1)],
        );
        assert_eq!(
            world.ask(init(expected)),
            Response::InitProducerId(Ok(producer(1_000, 0)))
        );
        assert_eq!(world.value().previous_producer_id, Some(ProducerId::new(10)));
        world
    };
    check(None);
    let exhausted = Some(producer(10, i16::MAX - 1));
    let mut world = check(exhausted);
    // Its answer was lost.
    assert_eq!(
        world.ask(init(exhausted)),
        Response::InitProducerId(Ok(producer(1_000, 0)))
    );
    assert_eq!(
        world.value().last_producer_epoch,
        Some(ProducerEpoch::new(i16::MAX - 1))
    );
}

#[test]
fn what_an_end_rests_on_is_durable_before_it_is_answered() {
    let mut world = World::new();
    let present = world.begin(&[0], V2);
    world.persist_at_once = false;
    let token = world.send(end(present, TransactionResult::Commit, V2));
    assert_eq!(world.answer(token), None);
    assert_eq!(world.all_markers, []);
    world.persist_one(Ok(()));
    assert_eq!(
        world.answer(token),
        Some(&Response::EndTransaction(Ok(Some(producer(1_000, 1)))))
    );
    assert_eq!(world.all_markers.len(), 1);
}

#[test]
fn a_failed_append_changes_nothing() {
    let errors = [
        (
            PersistError::Unavailable,
            TransactionError::CoordinatorNotAvailable,
        ),
        (PersistError::NotLeader, TransactionError::NotCoordinator),
        (PersistError::TooLarge, TransactionError::UnknownServerError),
    ];
    for (failure, expected) in errors {
        let mut world = World::new();
        let present = world.begin(&[0], V2);
        world.persist_at_once = false;
        let ended = world.send(end(present, TransactionResult::Commit, V2));
        world.persist_one(Err(failure));
        assert_eq!(
            world.answer(ended),
            Some(&Response::EndTransaction(Err(expected)))
        );
        assert_eq!(world.all_markers, []);
        world.persist_at_once = true;
        // It may be ended otherwise: nothing was decided.
        assert_eq!(
            world.ask(end(present, TransactionResult::Abort, V2)),
            Response::EndTransaction(Ok(Some(producer(1_000, 1))))
        );
    }
}

#[test]
fn an_id_whose_first_record_failed_is_as_if_it_were_not_there() {
    let mut world = World::new();
    world.persist_at_once = false;
    let token = world.send(init(None));
    assert_eq!(world.coordinator.transactional_id_count(), 1);
    assert_eq!(world.describe(), Err(TransactionError::TransactionalIdNotFound));
    world.persist_one(Err(PersistError::Unavailable));
    assert_eq!(
        world.answer(token),
        Some(&Response::InitProducerId(Err(
            TransactionError::CoordinatorNotAvailable
        )))
    );
    assert_eq!(world.coordinator.transactional_id_count(), 0);
    world.allocate_at_once = false;
    let token = world.send(init(None));
    world.allocate(false);
    assert_eq!(
        world.answer(token),
        Some(&Response::InitProducerId(Err(
            TransactionError::ProducerIdsUnavailable
        )))
    );
    assert_eq!(world.coordinator.transactional_id_count(), 0);
}

#[test]
fn an_empty_or_endless_id_and_timeouts_out_of_bounds_are_refused() {
    let mut world = World::new();
    let mut check = |id: &str, timeout_ms, expected| {
        let request = Request::InitProducerId(InitProducerIdRequest {
            transactional_id: TransactionalId::new(id),
            timeout_ms,
            expected: None,
        });
        let response = world.ask(request);
        let Response::InitProducerId(result) = response else {
            panic!("{response:?}");
        };
        assert_eq!(result.err(), expected, "{timeout_ms}");
    };
    check("", 1, Some(TransactionError::InvalidRequest));
    check(&"x".repeat(32_768), 1, Some(TransactionError::InvalidRequest));
    check(&"x".repeat(32_767), 1, None);
    let out_of_bounds = Some(TransactionError::InvalidTransactionTimeout);
    check("x", 0, out_of_bounds);
    check("x", -1, out_of_bounds);
    check("x", i32::MIN, out_of_bounds);
    check("x", 900_001, out_of_bounds);
    check("x", 900_000, None);
    check("y", 1, None);
}

#[test]
fn partitions_are_added_once() {
    let mut world = World::new();
    let present = world.begin(&[3, 1, 1], V2);
    let count = world.log.len();
    assert_eq!(
        world.ask(add(present, &[1, 3], V2)),
        Response::AddPartitions(Ok(()))
    );
    assert_eq!(world.log.len(), count);
    assert_eq!(
        world.ask(add(present, &[1, 2], V2)),
        Response::AddPartitions(Ok(()))
    );
    let expected = [partition(1), partition(2), partition(3)];
    assert_eq!(world.value().partitions.as_slice(), expected);
    // A topic and a partition that are not of the transaction.
    let verify = Request::VerifyPartitions(VerifyPartitionsRequest {
        transactional_id: id(),
        producer: present,
        partitions: vec![partition(2), partition(9)],
    });
    assert_eq!(
        world.ask(verify),
        Response::VerifyPartitions(vec![
            (partition(2), Ok(())),
            (partition(9), Err(TransactionError::TransactionAbortable)),
        ])
    );
}

#[test]
fn a_transaction_that_does_not_fit_a_record_grows_no_further() {
    let config = TransactionConfig {
        partitions_bytes_max: 100,
        ..TransactionConfig::default()
    };
    let mut world = World::with(config);
    let present = world.begin(&[0], V2);
    let too_many: Vec<i32> = (0..24).collect();
    assert_eq!(
        world.ask(add(present, &too_many, V2)),
        Response::AddPartitions(Err(TransactionError::UnknownServerError))
    );
    assert_eq!(
        world.ask(add(present, &too_many[..22], V2)),
        Response::AddPartitions(Ok(()))
    );
    assert_eq!(
        world.ask(end(present, TransactionResult::Commit, V2)),
        Response::EndTransaction(Ok(Some(producer(1_000, 1))))
    );
}
