//! Every state, request and relation of epochs, with Kafka's outcome beside ours.
//!
//! Provenance of `tests/kafka/decisions-4.4.0.txt`: a Java program puts a `TransactionMetadata` into the cache of the
//! `TransactionStateManager` of kafka_2.13 4.4.0 (Maven Central) and calls its `TransactionCoordinator`; what that would
//! append is caught in an override of `appendTransactionToLog`. A line is
//!
//! ```text
//! STATE eEPOCH lLAST_EPOCH pPREVIOUS_ID idle|busy LLEVEL REQUEST = error NAME.. | append STATE ID EPOCH ..
//! ```
//! The producer id is 10, fresh ones begin with 1000, an open transaction has the partition 0. With `busy` a change is under
//! way. Of LEVEL is the feature `transaction.version`. In the prepared states markers are being written, as with Kafka.

use corelog_model::{ProducerEpoch, ProducerId, TimestampMs};
use corelog_transactions::{
    Action, Event, Record, Request, RequestToken, Response, TransactionConfig, TransactionError,
    TransactionLogValue, TransactionResult, TransactionState, TransactionVersion, VerifyPartitionsRequest,
};

use crate::world::{
    START_MS, World, add, end, id, init, partition, producer, record, value, without_parking,
};

const TABLE: &str = include_str!("../kafka/decisions-4.4.0.txt");

/// Where ours differs on purpose: the part of a line before `=`, and our outcome for Kafka's.
fn deviation(line: &Line<'_>, kafkas: &str) -> Option<String> {
    let epoch = line.epoch;
    match line.request[..] {
        // An exhausted epoch and a client that does not have it: Kafka throws, and answers UNKNOWN_SERVER_ERROR. A client
        // that repeats what gave it the last epoch is told again, any other is fenced.
        ["init", _, expected] if kafkas == "error UNKNOWN_SERVER_ERROR" => {
            let is_repeated = expected.parse() == Ok(line.last);
            Some(if is_repeated {
                format!(
                    "append Empty 10 {epoch} prev 10 next -1 last {expected} timeout 30000 parts 0 start - v0"
                )
            } else {
                "error PRODUCER_FENCED".to_owned()
            })
        }
        // No client has this epoch. Kafka throws; the commit goes on without raising it further.
        ["end", _, "32767", "v2", "commit"] if kafkas.starts_with("throws") => Some(
            "append PrepareCommit 10 32767 prev 10 next 1000 last 32767 parts 1 start -70000 v2".to_owned(),
        ),
        _ => None,
    }
}

struct Line<'a> {
    state: &'a str,
    epoch: i16,
    last: i16,
    previous: i64,
    is_busy: bool,
    level: i16,
    request: Vec<&'a str>,
}

impl<'a> Line<'a> {
    fn parse(given: &'a str) -> Line<'a> {
        let words: Vec<&str> = given.split(' ').collect();
        let number = |at: usize| words[at][1..].parse::<i64>().expect("a number");
        let small = |at: usize| i16::try_from(number(at)).expect("small");
        Line {
            state: words[0],
            epoch: small(1),
            last: small(2),
            previous: number(3),
            is_busy: words[4] == "busy",
            level: small(5),
            request: words[6..].to_vec(),
        }
    }

    fn recorded(&self) -> Option<TransactionLogValue> {
        let state = TransactionState::ALL
            .into_iter()
            .find(|state| state.as_str() == self.state)?;
        Some(TransactionLogValue {
            previous_producer_id: Some(ProducerId::new(self.previous)),
            last_producer_epoch: (self.last >= 0).then(|| ProducerEpoch::new(self.last)),
            start: (state != TransactionState::Empty).then(|| TimestampMs::new(START_MS - 70_000)),
            last_update: TimestampMs::new(START_MS - 50_000),
            ..value(state, self.epoch)
        })
    }

    fn request(&self) -> Option<Request> {
        let version = |text: &str| match text {
            "v0" => TransactionVersion::V0,
            _ => TransactionVersion::V2,
        };
        let of = |id: &str, epoch: &str| producer(id.parse().expect("id"), epoch.parse().expect("epoch"));
        match self.request[..] {
            ["init", "-", "-"] => Some(init(None)),
            ["init", id, epoch] => Some(init(Some(of(id, epoch)))),
            ["add", id, epoch, v, part] => {
                Some(add(of(id, epoch), &[part.parse().expect("part")], version(v)))
            }
            ["verify", id, epoch] => Some(Request::VerifyPartitions(VerifyPartitionsRequest {
                transactional_id: crate::world::id(),
                producer: of(id, epoch),
                partitions: vec![partition(0), partition(1)],
            })),
            ["end", id, epoch, v, "commit"] => {
                Some(end(of(id, epoch), TransactionResult::Commit, version(v)))
            }
            ["end", id, epoch, v, "abort"] => Some(end(of(id, epoch), TransactionResult::Abort, version(v))),
            ["timeout"] => None,
            _ => panic!("unknown request {:?}", self.request),
        }
    }

    /// What the machine makes of it.
    fn outcome(&self) -> String {
        let config = TransactionConfig {
            // Level 1 decides as level 0, and its records show everything.
            transaction_version: TransactionVersion::from_level(self.level.max(1)).expect("known"),
            ..without_parking()
        };
        let mut world = World::loading(config);
        if let Some(value) = self.recorded() {
            let record = record(&id(), Some(&value));
            world
                .coordinator
                .load(&record.key, record.value.as_deref())
                .expect("our own");
        }
        let now = world.now();
        // Markers that loading sends are on their way.
        let _ = world.coordinator.finish_load(now);
        let token = RequestToken::new(1);
        if self.is_busy {
            let request = add(producer(10, self.epoch), &[2], TransactionVersion::V0);
            let _ = world.coordinator.handle(Event::Request { token, request }, now);
        }
        let token = RequestToken::new(2);
        let mut actions = match self.request() {
            Some(mut request) => {
                if let Request::InitProducerId(request) = &mut request {
                    request.timeout_ms = 30_000;
                }
                world.coordinator.handle(Event::Request { token, request }, now)
            }
            None => world.coordinator.handle_timeout(now),
        };
        if let [Action::AllocateProducerId { then }] = actions[..] {
            let result = Ok(ProducerId::new(1_000));
            actions = world
                .coordinator
                .handle(Event::ProducerIdAllocated { token: then, result }, now);
        }
        match &actions[..] {
            [Action::Reply { response, .. }] => answered(response),
            [Action::Append { records, .. }] => appended(records),
            [] => "nothing".to_owned(),
            other => panic!("not one outcome: {other:?}"),
        }
    }
}

fn answered(response: &Response) -> String {
    let failure = |error: &TransactionError| format!("error {}", name(*error));
    match response {
        Response::InitProducerId(Err(error))
        | Response::AddPartitions(Err(error))
        | Response::EndTransaction(Err(error)) => failure(error),
        Response::AddPartitions(Ok(())) | Response::EndTransaction(Ok(None)) => "error NONE".to_owned(),
        Response::EndTransaction(Ok(Some(next))) => format!("error NONE {} {}", next.producer_id, next.epoch),
        Response::VerifyPartitions(results) => {
            let results: Vec<&str> = results
                .iter()
                .map(|(_, result)| result.map_or_else(name, |()| "NONE"))
                .collect();
            format!("error {}", results.join(" "))
        }
        other => panic!("no reply to be had at once: {other:?}"),
    }
}

fn name(error: TransactionError) -> &'static str {
    match error {
        TransactionError::InvalidProducerIdMapping => "INVALID_PRODUCER_ID_MAPPING",
        TransactionError::ProducerFenced => "PRODUCER_FENCED",
        TransactionError::ConcurrentTransactions => "CONCURRENT_TRANSACTIONS",
        TransactionError::InvalidTxnState => "INVALID_TXN_STATE",
        TransactionError::TransactionAbortable => "TRANSACTION_ABORTABLE",
        other => panic!("not in the table: {other}"),
    }
}

fn appended(records: &[Record]) -> String {
    let [record] = records else {
        panic!("one record a change: {records:?}");
    };
    let bytes = record.value.as_deref().expect("not a tombstone");
    let value = TransactionLogValue::decode(bytes).expect("our own");
    let id = |id: Option<ProducerId>| id.map_or(-1, ProducerId::get);
    let timeout = if value.timeout_ms == 60_000 {
        String::new()
    } else {
        format!(" timeout {}", value.timeout_ms)
    };
    assert_eq!(value.last_update, TimestampMs::new(START_MS));
    format!(
        "append {} {} {} prev {} next {} last {}{timeout} parts {} start {} v{}",
        value.state,
        value.producer_id,
        value.producer_epoch,
        id(value.previous_producer_id),
        id(value.next_producer_id),
        value.last_producer_epoch.map_or(-1, ProducerEpoch::get),
        value.partitions.as_slice().len(),
        value
            .start
            .map_or("-".to_owned(), |start| (start.get() - START_MS).to_string()),
        value.client_version.level(),
    )
}

#[test]
fn every_decision_is_kafkas() {
    let mut deviations = 0;
    let mut wrong = Vec::new();
    for line in TABLE.lines() {
        let (given, kafkas) = line.split_once(" = ").expect("an outcome");
        let parsed = Line::parse(given);
        let expected = match deviation(&parsed, kafkas) {
            Some(ours) => {
                deviations += 1;
                ours
            }
            None => kafkas.to_owned(),
        };
        let outcome = parsed.outcome();
        if outcome != expected {
            wrong.push(format!(
                "{given}\n    expected {expected}\n    was      {outcome}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(deviations, 46, "of {} decisions", TABLE.lines().count());
}
