//! DescribeTransactions and ListTransactions.

use corelog_model::{ProducerId, TimestampMs};
use corelog_transactions::{
    DescribedTransaction, IdFilter, InitProducerIdRequest, ListTransactionsRequest, ListedTransactions,
    Request, Response, TransactionError, TransactionState, TransactionVersion, TransactionalId,
};

use crate::world::{START_MS, World, id, partition, producer};

const V2: TransactionVersion = TransactionVersion::V2;

/// `x` has a transaction since the start, `a` and `b` never had one.
fn three() -> World {
    let mut world = World::new();
    world.begin(&[1, 0], V2);
    for name in ["a", "b"] {
        world.ask(Request::InitProducerId(InitProducerIdRequest {
            transactional_id: TransactionalId::new(name),
            timeout_ms: 1_000,
            expected: None,
        }));
    }
    world.advance(std::time::Duration::from_secs(5));
    world
}

fn list(world: &mut World, request: ListTransactionsRequest) -> ListedTransactions {
    match world.ask(Request::ListTransactions(request)) {
        Response::ListTransactions(Ok(listed)) => listed,
        other => panic!("not a list: {other:?}"),
    }
}

#[test]
fn a_transaction_is_described() {
    let mut world = three();
    assert_eq!(
        world.describe(),
        Ok(DescribedTransaction {
            transactional_id: id(),
            state: TransactionState::Ongoing,
            timeout_ms: 60_000,
            start: Some(TimestampMs::new(START_MS)),
            producer_id: ProducerId::new(1_000),
            producer_epoch: producer(0, 0).epoch,
            partitions: vec![partition(0), partition(1)],
        })
    );
    for (name, expected) in [
        ("", TransactionError::InvalidRequest),
        ("z", TransactionError::TransactionalIdNotFound),
    ] {
        assert_eq!(
            world.ask(Request::DescribeTransaction(TransactionalId::new(name))),
            Response::DescribeTransaction(Err(expected))
        );
    }
}

#[test]
fn transactions_are_listed_by_every_filter() {
    let mut world = three();
    let mut check = |request: ListTransactionsRequest, expected: &[&str]| {
        let listed = list(&mut world, request.clone());
        let ids: Vec<&str> = listed
            .transactions
            .iter()
            .map(|listed| listed.transactional_id.as_str())
            .collect();
        assert_eq!(ids, expected, "{request:?}");
    };
    let all = ListTransactionsRequest::default;
    check(all(), &["a", "b", "x"]);
    let states = |names: &[&str]| ListTransactionsRequest {
        states: names.iter().map(|name| (*name).to_owned()).collect(),
        ..all()
    };
    check(states(&["Ongoing"]), &["x"]);
    check(states(&["Empty", "Ongoing"]), &["a", "b", "x"]);
    check(states(&["Dead", "ongoing"]), &[]);
    let producer_ids = vec![ProducerId::new(1_000), ProducerId::new(1_001)];
    check(
        ListTransactionsRequest {
            producer_ids,
            ..all()
        },
        &["a", "x"],
    );
    let duration = |duration_ms| ListTransactionsRequest {
        duration_ms: Some(duration_ms),
        ..all()
    };
    check(duration(-1), &["a", "b", "x"]);
    check(duration(4_999), &["a", "b", "x"]);
    // Kafka lists ids without a transaction whatever the duration.
    check(duration(5_000), &["a", "b"]);
    let filter = IdFilter::new(|name| name != "a");
    check(
        ListTransactionsRequest {
            transactional_ids: Some(filter),
            ..all()
        },
        &["b", "x"],
    );
}

#[test]
fn states_that_are_none_are_named() {
    let mut world = three();
    let listed = list(
        &mut world,
        ListTransactionsRequest {
            states: vec!["Gone".to_owned(), "Empty".to_owned(), String::new()],
            ..ListTransactionsRequest::default()
        },
    );
    assert_eq!(listed.unknown_states, ["Gone", ""]);
    assert_eq!(listed.transactions.len(), 2);
}
