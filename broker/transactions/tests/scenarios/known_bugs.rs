//! What went wrong elsewhere, by the number under which it was reported.

use std::time::Duration;

use corelog_model::ProducerId;
use corelog_transactions::{
    MarkerOutcome, PersistError, Response, TransactionConfig, TransactionError, TransactionLogValue,
    TransactionResult, TransactionState, TransactionVersion,
};

use crate::world::{World, add, end, first_protocol, init, producer, value, without_parking};

const V0: TransactionVersion = TransactionVersion::V0;
const V2: TransactionVersion = TransactionVersion::V2;
const LAST: i16 = i16::MAX - 1;

/// The client has the next producer id while the completion that makes it the id's is on its way: to be told that it is not
/// known would end it.
#[test]
fn kafka_18660_a_change_under_way_is_judged_before_the_producer() {
    let mut world = World::loaded(without_parking(), &[value(TransactionState::Ongoing, LAST)]);
    world.mark_at_once = false;
    let next = producer(1_000, 0);
    assert_eq!(
        world.ask(end(producer(10, LAST), TransactionResult::Commit, V2)),
        Response::EndTransaction(Ok(Some(next)))
    );
    world.persist_at_once = false;
    world.report_markers(0, MarkerOutcome::Written);
    assert_eq!(world.in_flight_count(), 1);
    let concurrent = TransactionError::ConcurrentTransactions;
    assert_eq!(
        world.ask(add(next, &[0], V2)),
        Response::AddPartitions(Err(concurrent))
    );
    assert_eq!(
        world.ask(end(next, TransactionResult::Abort, V2)),
        Response::EndTransaction(Err(concurrent))
    );
    world.persist_one(Ok(()));
    world.persist_at_once = true;
    assert_eq!(world.ask(add(next, &[0], V2)), Response::AddPartitions(Ok(())));
}

/// Markers that are written a second time after the coordinator moved have the epoch that the partition has already: the
/// partition says that it is done, and a partition that says that it is beyond does not keep the transaction open.
#[test]
fn kafka_19999_markers_that_are_written_again_do_not_go_on_for_ever() {
    for outcome in [MarkerOutcome::Written, MarkerOutcome::ProducerFenced] {
        let mut world = World::new();
        world.mark_at_once = false;
        let present = world.begin(&[0, 1], V2);
        world.ask(end(present, TransactionResult::Commit, V2));
        let first = world.markers[0].clone();
        // Both are written, and the coordinator moves before it hears of it.
        world.crash(0);
        let again = world.markers[0].clone();
        assert_eq!(again.producer, first.producer, "the same epoch, not another one");
        assert!(again.coordinator_epoch > first.coordinator_epoch);
        world.report_markers(0, outcome);
        assert_eq!(world.state(), TransactionState::CompleteCommit);
        world.advance(Duration::from_secs(10));
        assert_eq!(world.all_markers.len(), 2);
    }
}

/// A timeout, or another producer, that takes the last epoch for its fence changes the producer id, too.
#[test]
fn kafka_20090_a_fence_with_the_last_epoch_rotates_the_producer_id() {
    let timed_out = |world: &mut World| world.advance(Duration::from_secs(60));
    let taken_over = |world: &mut World| {
        world.ask(init(None));
    };
    let check = |fence: &dyn Fn(&mut World), epoch: i16| {
        let mut world = World::loaded(without_parking(), &[value(TransactionState::Ongoing, epoch)]);
        fence(&mut world);
        assert_eq!(world.all_markers[0].producer, producer(10, i16::MAX));
        assert_eq!(world.state(), TransactionState::CompleteAbort);
        let value = world.value();
        assert_eq!(
            producer(value.producer_id.get(), value.producer_epoch.get()),
            producer(1_000, 0)
        );
        // A late abort of the former client is not a repetition that raises anything.
        let late = world.ask(end(producer(10, epoch), TransactionResult::Abort, V2));
        if epoch == LAST {
            assert_eq!(late, Response::EndTransaction(Ok(Some(producer(1_000, 0)))));
        }
        assert_eq!(world.value().producer_epoch.get(), 0);
    };
    check(&timed_out, LAST);
    check(&taken_over, LAST);
    // An epoch that no client should have is come out of.
    check(&timed_out, i16::MAX);
    check(&taken_over, i16::MAX);
}

/// A fence raises the epoch once, not once for the fence and once for the abort.
#[test]
fn kafka_19367_a_fence_raises_the_epoch_once_and_takes_one_producer_id() {
    let mut world = World::with(without_parking());
    world.begin(&[0], V2);
    world.ask(init(None));
    assert_eq!(world.value().producer_epoch.get(), 1);
    assert_eq!(world.init(), producer(1_000, 2));

    let mut world = World::loaded(without_parking(), &[value(TransactionState::Ongoing, LAST)]);
    world.ask(init(None));
    assert_eq!(world.init(), producer(1_000, 1));
    assert_eq!(world.next_producer_id, 1_001, "one producer id was taken");

    // With a record that failed, too: nothing of it is left.
    let mut world = World::with(without_parking());
    world.begin(&[0], V2);
    world.persist_at_once = false;
    for _ in 0..3 {
        world.send(init(None));
        world.persist_one(Err(PersistError::Unavailable));
    }
    world.send(init(None));
    world.persist_one(Ok(()));
    assert_eq!(world.value().producer_epoch.get(), 1);
}

/// A client that repeats its InitProducerId to the coordinator after the one that answered is answered alike.
#[test]
fn kafka_20357_the_last_epoch_outlives_the_coordinator() {
    let check = |epoch: i16, expected| {
        let mut world = World::loaded(
            TransactionConfig::default(),
            &[value(TransactionState::CompleteCommit, epoch)],
        );
        let former = producer(10, epoch);
        assert_eq!(
            world.ask(init(Some(former))),
            Response::InitProducerId(Ok(expected))
        );
        world.crash(0);
        assert_eq!(
            world.ask(init(Some(former))),
            Response::InitProducerId(Ok(expected))
        );
    };
    check(5, producer(10, 6));
    check(LAST, producer(1_000, 0));
    // KAFKA-20310: so does what a transaction's end promised about the next producer id.
    let mut world = World::loaded(
        TransactionConfig::default(),
        &[value(TransactionState::Ongoing, LAST)],
    );
    world.mark_at_once = false;
    let ended = end(producer(10, LAST), TransactionResult::Commit, V2);
    let next = producer(1_000, 0);
    assert_eq!(world.ask(ended.clone()), Response::EndTransaction(Ok(Some(next))));
    world.crash(0);
    world.report_markers(0, MarkerOutcome::Written);
    assert_eq!(world.value().producer_id, ProducerId::new(1_000));
    world.crash(0);
    assert_eq!(world.ask(ended), Response::EndTransaction(Ok(Some(next))));
}

/// Fences whose record fails again and again do not use up the epochs.
#[test]
fn kafka_9666_a_fence_that_failed_does_not_raise_the_epoch_again() {
    for (config, version) in [(first_protocol(), V0), (without_parking(), V2)] {
        let mut world = World::with(config);
        world.begin(&[0], version);
        world.persist_at_once = false;
        for _ in 0..10 {
            let token = world.send(init(None));
            world.persist_one(Err(PersistError::Unavailable));
            assert_eq!(
                world.answer(token),
                Some(&Response::InitProducerId(Err(
                    TransactionError::CoordinatorNotAvailable
                )))
            );
        }
        world.persist_at_once = true;
        world.ask(init(None));
        assert_eq!(world.value().producer_epoch.get(), 1);
        assert_eq!(world.init(), producer(1_000, 2));
    }
}

/// An EndTxn that is repeated is answered as the first one, wherever the first one was interrupted.
#[test]
fn redpanda_22937_a_repeated_end_is_answered_as_the_first() {
    for result in [TransactionResult::Commit, TransactionResult::Abort] {
        for (config, version) in [(first_protocol(), V0), (TransactionConfig::default(), V2)] {
            for interrupted in 0..4 {
                let mut world = World::with(TransactionConfig {
                    parking: TransactionConfig::default().parking,
                    ..config.clone()
                });
                let present = world.begin(&[0], version);
                let next = (version == V2).then(|| producer(1_000, 1));
                let request = end(present, result, version);
                world.persist_at_once = false;
                world.mark_at_once = false;
                world.send(request.clone());
                match interrupted {
                    // Before the decision is durable, after it, after the markers, and after the completion.
                    0 => world.crash(0),
                    1 => world.crash(1),
                    2 => {
                        world.persist_one(Ok(()));
                        world.report_markers(0, MarkerOutcome::Written);
                        world.crash(0);
                    }
                    _ => {
                        world.persist_one(Ok(()));
                        world.report_markers(0, MarkerOutcome::Written);
                        world.crash(1);
                    }
                }
                let repeated = world.send(request.clone());
                let repeated_again = world.send(request);
                world.persist_at_once = true;
                world.mark_at_once = true;
                while world.persist_one(Ok(())) {}
                while !world.markers.is_empty() {
                    world.report_markers(0, MarkerOutcome::Written);
                }
                for token in [repeated, repeated_again] {
                    assert_eq!(
                        world.answer(token),
                        Some(&Response::EndTransaction(Ok(next))),
                        "{version:?} {interrupted}"
                    );
                }
                let TransactionLogValue { producer_epoch, .. } = world.value();
                assert_eq!(producer_epoch.get(), i16::from(version == V2), "raised once");
            }
        }
    }
}
