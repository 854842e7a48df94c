//! TxnOffsetCommit and the ends of transactions: when an offset is seen, and which of several counts.

use std::time::Duration;

use corelog_groups::{
    Event, GroupCoordinator, GroupError, OffsetCommitRequest, OffsetFetchTopic, PersistError, Request,
    RequestToken, Response, TransactionEnd, TransactionalProducer, TxnOffsetCommitRequest,
};
use corelog_model::{PartitionIndex, ProducerEpoch, ProducerId, TopicId, TransactionResult};
use proptest::prelude::*;

use crate::requests::{commit, join, topic};
use crate::world::{Logged, World, replay};

fn producer(id: i64) -> TransactionalProducer {
    TransactionalProducer {
        id: ProducerId::new(id),
        epoch: ProducerEpoch::new(0),
    }
}

fn commit_in(w: &mut World, id: i64, commit: OffsetCommitRequest) -> RequestToken {
    w.send(Request::TxnOffsetCommit(TxnOffsetCommitRequest {
        producer: producer(id),
        commit,
    }))
}

fn end(w: &mut World, id: i64, result: TransactionResult) -> RequestToken {
    w.send(Request::EndTransaction(TransactionEnd {
        producer: producer(id),
        result,
        coordinator_epoch: 3,
        raises_epoch: false,
    }))
}

fn ended(w: &World, token: RequestToken) -> Result<(), GroupError> {
    match w.answer(token) {
        Some(Response::EndTransaction(result)) => result.clone(),
        other => panic!("not an EndTransaction answer: {other:?}"),
    }
}

fn committed(w: &World, token: RequestToken) -> Result<Vec<Result<(), GroupError>>, GroupError> {
    match w.answer(token) {
        Some(Response::TxnOffsetCommit(Ok(topics))) => {
            let partitions = topics.iter().flat_map(|topic| &topic.partitions);
            Ok(partitions.map(|partition| partition.result.clone()).collect())
        }
        Some(Response::TxnOffsetCommit(Err(error))) => Err(error.clone()),
        other => panic!("not a TxnOffsetCommit answer: {other:?}"),
    }
}

/// What a reader is told who asks for stable offsets of partition 0 of `t` in group `g`.
fn stable(w: &mut World) -> Result<Option<i64>, GroupError> {
    let asked = OffsetFetchTopic {
        topic: topic("t"),
        topic_id: TopicId::ZERO,
        partitions: vec![PartitionIndex::new(0)],
    };
    let answer = w.fetch(Some(vec![asked]), true);
    let found = answer[0].partitions[0].committed.clone();
    found.map(|found| found.map(|found| found.offset.get()))
}

#[test]
fn an_offset_counts_when_its_transaction_is_committed() {
    use TransactionResult::{Abort, Commit};
    for (result, expected) in [(Commit, Some(7)), (Abort, Some(5))] {
        let mut w = World::new();
        w.send(Request::OffsetCommit(commit(None, 5)));
        let token = commit_in(&mut w, 1, commit(None, 7));
        assert_eq!(committed(&w, token), Ok(vec![Ok(())]));
        for mut w in [w.restart(), w] {
            assert_eq!(w.offset(), Some(5));
            assert_eq!(stable(&mut w), Err(GroupError::UnstableOffsetCommit));
            w.persist_at_once = false;
            let token = end(&mut w, 1, result);
            assert_eq!(w.answer(token), None);
            assert_eq!(w.offset(), Some(5));
            w.persist(Ok(()));
            assert_eq!(ended(&w, token), Ok(()));
            for mut w in [w.restart(), w] {
                assert_eq!((w.offset(), stable(&mut w)), (expected, Ok(expected)));
            }
        }
    }
}

#[test]
fn a_marker_that_is_not_stored_ends_nothing() {
    let check = |error, expected| {
        let mut w = World::new();
        commit_in(&mut w, 1, commit(None, 7));
        w.persist_at_once = false;
        let token = end(&mut w, 1, TransactionResult::Commit);
        w.persist(Err(error));
        assert_eq!(ended(&w, token), Err(expected));
        assert_eq!(stable(&mut w), Err(GroupError::UnstableOffsetCommit));
        // It comes again.
        w.persist_at_once = true;
        end(&mut w, 1, TransactionResult::Commit);
        assert_eq!(w.offset(), Some(7));
    };
    check(PersistError::Unavailable, GroupError::CoordinatorNotAvailable);
    check(
        PersistError::InvalidProducerEpoch,
        GroupError::InvalidProducerEpoch,
    );
    check(
        PersistError::TransactionCoordinatorFenced,
        GroupError::TransactionCoordinatorFenced,
    );
}

#[test]
fn members_commit_in_any_state_and_strangers_without_a_name() {
    let mut w = World::new();
    let members = w.stable_group(2);
    w.join(join());
    // The group rebalances; the generation is the member's.
    let token = commit_in(&mut w, 1, commit(Some(&members[0]), 7));
    assert_eq!(committed(&w, token), Ok(vec![Ok(())]));
    let token = commit_in(&mut w, 1, commit(None, 8));
    assert_eq!(committed(&w, token), Ok(vec![Ok(())]));
    let mut old = members[1].clone();
    old.generation = corelog_groups::Generation::default();
    let token = commit_in(&mut w, 1, commit(Some(&old), 9));
    assert_eq!(committed(&w, token), Err(GroupError::IllegalGeneration));
}

#[test]
fn what_is_deleted_is_pending_no_more() {
    let mut w = World::new();
    commit_in(&mut w, 1, commit(None, 7));
    w.event(Event::TopicDeleted { topic: topic("t") });
    assert_eq!(stable(&mut w), Ok(None));
    end(&mut w, 1, TransactionResult::Commit);
    assert_eq!(w.offset(), None);
    commit_in(&mut w, 1, commit(None, 8));
    w.delete_group();
    end(&mut w, 1, TransactionResult::Commit);
    assert_eq!(w.offset(), None);
    assert!(w.coordinator.snapshot().is_empty());
    assert_eq!(w.coordinator.group_count(), 0);
}

#[test]
fn a_group_does_not_expire_while_a_transaction_has_offsets_of_it() {
    let mut w = World::new();
    commit_in(&mut w, 1, commit(None, 7));
    w.advance(w.config.offsets_retention * 2);
    end(&mut w, 1, TransactionResult::Commit);
    assert_eq!(w.offset(), Some(7));
}

#[test]
fn a_log_that_is_read_again_ends_nothing_too_early() {
    let mut w = World::new();
    commit_in(&mut w, 1, commit(None, 7));
    end(&mut w, 1, TransactionResult::Commit);
    commit_in(&mut w, 1, commit(None, 8));
    let mut again = GroupCoordinator::new(w.config.clone());
    replay(&mut again, &w.history);
    again.restart_load();
    replay(&mut again, &w.history);
    let committed: Vec<_> = again
        .committed_offsets()
        .map(|found| found.committed.offset.get())
        .collect();
    assert_eq!(committed, [7]);
}

#[derive(Clone, Debug)]
enum Step {
    Commit(i64),
    CommitIn(i64, i64),
    End(i64, bool),
    Delete,
    Snapshot,
    /// A snapshot that was cut short behind so many of its records.
    CutShort(usize),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0..100i64).prop_map(Step::Commit),
        4 => (1..4i64, 0..100i64).prop_map(|(producer, offset)| Step::CommitIn(producer, offset)),
        4 => (1..4i64, any::<bool>()).prop_map(|(producer, commits)| Step::End(producer, commits)),
        1 => Just(Step::Delete),
        2 => Just(Step::Snapshot),
        2 => (0..6usize).prop_map(Step::CutShort),
        2 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..40)
}

proptest! {
    /// Of a partition the latest commit in the log counts whose transaction is committed, whatever snapshots and restarts
    /// come between.
    #[test]
    fn the_latest_committed_offset_counts(steps in steps()) {
        let mut w = World::new();
        // Every commit that may count: its producer, or none; and which of them are.
        let mut log: Vec<(Option<i64>, i64, bool)> = Vec::new();
        for step in steps {
            // No two commits are of the same time.
            w.advance(Duration::from_millis(1));
            match step {
                Step::Commit(offset) => {
                    w.send(Request::OffsetCommit(commit(None, offset)));
                    log.push((None, offset, true));
                }
                Step::CommitIn(id, offset) => {
                    commit_in(&mut w, id, commit(None, offset));
                    log.retain(|(producer, _, counts)| *counts || *producer != Some(id));
                    log.push((Some(id), offset, false));
                }
                Step::End(id, commits) => {
                    let result = if commits { TransactionResult::Commit } else { TransactionResult::Abort };
                    end(&mut w, id, result);
                    log.retain(|(producer, _, counts)| *counts || *producer != Some(id) || commits);
                    for (producer, _, counts) in &mut log {
                        *counts |= *producer == Some(id);
                    }
                }
                Step::Delete => {
                    w.delete_offsets(&["t"]);
                    log.clear();
                }
                Step::Snapshot => {
                    let snapshot = w.coordinator.snapshot().into_iter();
                    w.history = snapshot.map(|batch| Logged::Records(batch.records, batch.transaction)).collect();
                }
                Step::CutShort(count) => {
                    let snapshot = w.coordinator.snapshot().into_iter();
                    let records = snapshot.flat_map(|batch| {
                        let transaction = batch.transaction;
                        batch.records.into_iter().map(move |record| Logged::Records(vec![record], transaction))
                    });
                    w.history.extend(records.take(count));
                }
                Step::Restart => w = w.restart(),
            }
            let expected = log.iter().rev().find(|(_, _, counts)| *counts).map(|(_, offset, _)| *offset);
            prop_assert_eq!(w.offset(), expected);
            let is_pending = log.iter().any(|(_, _, counts)| !*counts);
            let expected = if is_pending { Err(GroupError::UnstableOffsetCommit) } else { Ok(expected) };
            prop_assert_eq!(stable(&mut w), expected);
        }
    }
}
