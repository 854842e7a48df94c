//! Histories of one transactional id, with what Kafka answered at each step and what it had in memory then.
//!
//! Provenance of `tests/kafka/histories-4.4.0.txt`: a Java program calls the `TransactionCoordinator` of kafka_2.13 4.4.0
//! (Maven Central) at random. An override of `appendTransactionToLog` completes the transition at once, or fails with
//! COORDINATOR_NOT_AVAILABLE for `fail`; one of `addTxnMarkersToSend` keeps the completion until `mark`; `timeout` lets 65
//! seconds pass. A line is
//!
//! ```text
//! run LLEVEL eEPOCH                      a new id in CompleteCommit, with the producer id 10
//! STEP = ANSWER : STATE ID EPOCH COUNT   the count of an ongoing transaction's partitions
//! ```

use std::time::Duration;

use corelog_transactions::{
    MarkerOutcome, PersistError, Request, Response, TransactionConfig, TransactionError, TransactionResult,
    TransactionState, TransactionVersion,
};

use crate::world::{World, add, end, init, producer, value, without_parking};

const TABLE: &str = include_str!("../kafka/histories-4.4.0.txt");

fn begin(level: &str, epoch: &str) -> World {
    let config = TransactionConfig {
        transaction_version: match level {
            "L0" => TransactionVersion::V0,
            _ => TransactionVersion::V2,
        },
        ..without_parking()
    };
    let epoch = epoch[1..].parse().expect("an epoch");
    let mut world = World::loaded(config, &[value(TransactionState::CompleteCommit, epoch)]);
    world.mark_at_once = false;
    world.persist_at_once = false;
    world
}

fn request(words: &[&str]) -> Option<Request> {
    let of = |id: &str, epoch: &str| producer(id.parse().expect("id"), epoch.parse().expect("epoch"));
    let version = |text: &str| match text {
        "v0" => TransactionVersion::V0,
        _ => TransactionVersion::V2,
    };
    match *words {
        ["init", "-", "-"] => Some(init(None)),
        ["init", id, epoch] => Some(init(Some(of(id, epoch)))),
        ["add", id, epoch, v, part] => Some(add(of(id, epoch), &[part.parse().expect("part")], version(v))),
        ["end", id, epoch, v, "commit"] => Some(end(of(id, epoch), TransactionResult::Commit, version(v))),
        ["end", id, epoch, v, "abort"] => Some(end(of(id, epoch), TransactionResult::Abort, version(v))),
        _ => None,
    }
}

/// Does a step to its end and says what was answered.
fn step(world: &mut World, step: &str) -> String {
    let (is_failing, step) = match step.strip_prefix("fail ") {
        Some(step) => (true, step),
        None => (false, step),
    };
    let words: Vec<&str> = step.split(' ').collect();
    let token = request(&words).map(|request| world.send(request));
    match words[0] {
        "mark" if !world.markers.is_empty() => world.report_markers(0, MarkerOutcome::Written),
        "timeout" => world.advance(Duration::from_secs(65)),
        _ => {}
    }
    if is_failing {
        world.persist_one(Err(PersistError::Unavailable));
    }
    while world.persist_one(Ok(())) {}
    let Some(token) = token else {
        return "-".to_owned();
    };
    match world.answer(token).expect("an answer") {
        Response::InitProducerId(Ok(given)) | Response::EndTransaction(Ok(Some(given))) => {
            format!("NONE {} {}", given.producer_id, given.epoch)
        }
        Response::AddPartitions(Ok(())) | Response::EndTransaction(Ok(None)) => "NONE".to_owned(),
        Response::InitProducerId(Err(error))
        | Response::AddPartitions(Err(error))
        | Response::EndTransaction(Err(error)) => name(*error).to_owned(),
        other => panic!("not an answer: {other:?}"),
    }
}

fn name(error: TransactionError) -> &'static str {
    match error {
        TransactionError::InvalidProducerIdMapping => "INVALID_PRODUCER_ID_MAPPING",
        TransactionError::ProducerFenced => "PRODUCER_FENCED",
        TransactionError::ConcurrentTransactions => "CONCURRENT_TRANSACTIONS",
        TransactionError::InvalidTxnState => "INVALID_TXN_STATE",
        TransactionError::CoordinatorNotAvailable => "COORDINATOR_NOT_AVAILABLE",
        other => panic!("not in the table: {other}"),
    }
}

fn describe(world: &mut World) -> String {
    let described = world.describe().expect("there");
    let count = match described.state {
        TransactionState::Ongoing => described.partitions.len(),
        _ => 0,
    };
    format!(
        "{} {} {} {count}",
        described.state, described.producer_id, described.producer_epoch
    )
}

#[test]
fn every_history_is_kafkas() {
    let mut world = World::new();
    let mut history: Vec<&str> = Vec::new();
    for line in TABLE.lines() {
        if let Some(run) = line.strip_prefix("run ") {
            let (level, epoch) = run.split_once(' ').expect("an epoch");
            world = begin(level, epoch);
            history.clear();
        } else {
            let (done, kafkas) = line.split_once(" = ").expect("an answer");
            let answer = step(&mut world, done);
            // Where Kafka throws, a run ends: see `decisions.rs`.
            if !kafkas.starts_with("UNKNOWN_SERVER_ERROR") {
                let ours = format!("{answer} : {}", describe(&mut world));
                assert_eq!(ours, kafkas, "{done} after\n{}", history.join("\n"));
            }
        }
        history.push(line);
    }
}
