//! Whatever clients, the log, the partitions and time do, in any order: `World` holds every action to what is durable; here
//! every request gets one answer, the state is what the log says, and when the faults stop every transaction completes.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use corelog_transactions::{
    AddPartitionsRequest, EndTransactionRequest, InitProducerIdRequest, MarkerOutcome, Parking, PersistError,
    ProducerIdAndEpoch, Request, RequestToken, Response, TransactionConfig, TransactionLogValue,
    TransactionResult, TransactionState, TransactionVersion, TransactionalId, VerifyPartitionsRequest,
    WriteMarkers,
};
use proptest::prelude::*;

use crate::world::{World, partition, producer, record, value};

const IDS: [&str; 2] = ["x", "y"];
/// Clients an id: of two that share one the later fences the earlier.
const CLIENTS: usize = 2;
/// Requests that may be sent again.
const HISTORY_MAX: usize = 12;

#[derive(Clone, Copy, Debug)]
enum Step {
    Init {
        goes_on: bool,
    },
    Add {
        partition: i32,
    },
    Verify,
    End {
        result: TransactionResult,
    },
    /// A former request comes again, late.
    Repeat {
        index: prop::sample::Index,
    },
    Persist {
        result: Result<(), PersistError>,
    },
    PersistInDisorder,
    Allocate {
        there_are: bool,
    },
    /// Of markers that wait, one or all partitions are reported.
    Mark {
        index: prop::sample::Index,
        outcome: MarkerOutcome,
        alone: bool,
    },
    /// A report comes again.
    MarkAgain {
        index: prop::sample::Index,
        outcome: MarkerOutcome,
    },
    Advance {
        milliseconds: u64,
    },
    Crash {
        durable: usize,
    },
    Version {
        level: i16,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let results = prop_oneof![
        6 => Just(Ok(())),
        1 => Just(Err(PersistError::Unavailable)),
        1 => Just(Err(PersistError::NotLeader)),
        1 => Just(Err(PersistError::TooLarge)),
    ];
    let outcomes = prop_oneof![
        6 => Just(MarkerOutcome::Written),
        2 => Just(MarkerOutcome::Retry),
        1 => Just(MarkerOutcome::Gone),
        1 => Just(MarkerOutcome::ProducerFenced),
    ];
    let ends = prop_oneof![Just(TransactionResult::Commit), Just(TransactionResult::Abort)];
    let index = any::<prop::sample::Index>;
    prop_oneof![
        6 => any::<bool>().prop_map(|goes_on| Step::Init { goes_on }),
        10 => (0..4i32).prop_map(|partition| Step::Add { partition }),
        1 => Just(Step::Verify),
        8 => ends.prop_map(|result| Step::End { result }),
        4 => index().prop_map(|index| Step::Repeat { index }),
        14 => results.prop_map(|result| Step::Persist { result }),
        1 => Just(Step::PersistInDisorder),
        6 => (0..5u8).prop_map(|luck| Step::Allocate { there_are: luck > 0 }),
        10 => (index(), outcomes.clone(), any::<bool>())
            .prop_map(|(index, outcome, alone)| Step::Mark { index, outcome, alone }),
        2 => (index(), outcomes.clone()).prop_map(|(index, outcome)| Step::MarkAgain { index, outcome }),
        6 => prop_oneof![6 => 0..300u64, 3 => 0..3_000u64, 2 => 0..70_000u64, 1 => Just(8 * 24 * 3_600_000)]
            .prop_map(|milliseconds| Step::Advance { milliseconds }),
        1 => (0..3usize).prop_map(|durable| Step::Crash { durable }),
        1 => (0..3i16).prop_map(|level| Step::Version { level }),
    ]
}

/// What a client knows.
#[derive(Clone, Copy, Default)]
struct Client {
    producer: Option<ProducerIdAndEpoch>,
    waiting: Option<RequestToken>,
}

struct Run {
    world: World,
    clients: Vec<Client>,
    /// By which protocol the clients of each id end their transactions.
    versions: [TransactionVersion; 2],
    history: Vec<Request>,
    reported: Vec<WriteMarkers>,
}

impl Run {
    /// The epochs of the first id begin at `epoch`, so that some runs use them up.
    fn new(parking: bool, versions: [TransactionVersion; 2], epoch: i16) -> Run {
        let config = TransactionConfig {
            parking: parking.then_some(Parking {
                wait_max: Duration::from_secs(1),
                requests_max: 3,
            }),
            ..TransactionConfig::default()
        };
        let mut world = World::loaded(config, &[value(TransactionState::CompleteCommit, epoch)]);
        world.persist_at_once = false;
        world.mark_at_once = false;
        world.allocate_at_once = false;
        Run {
            world,
            clients: vec![Client::default(); IDS.len() * CLIENTS],
            versions,
            history: Vec::new(),
            reported: Vec::new(),
        }
    }

    fn step(&mut self, at: usize, step: Step) {
        let transactional_id = TransactionalId::new(IDS[at / CLIENTS]);
        let client_version = self.versions[at / CLIENTS];
        let client = self.clients[at];
        let producer = client.producer.unwrap_or(producer(10, 0));
        match step {
            Step::Init { goes_on } => {
                let request = Request::InitProducerId(InitProducerIdRequest {
                    transactional_id,
                    timeout_ms: 60_000,
                    expected: client.producer.filter(|_| goes_on),
                });
                self.send(at, request);
            }
            Step::Add { partition: index } => {
                let request = Request::AddPartitions(AddPartitionsRequest {
                    transactional_id,
                    producer,
                    partitions: vec![partition(index)],
                    client_version,
                });
                self.send(at, request);
            }
            Step::Verify => {
                self.world.ask(Request::VerifyPartitions(VerifyPartitionsRequest {
                    transactional_id,
                    producer,
                    partitions: vec![partition(0)],
                }));
            }
            Step::End { result } => {
                let request = Request::EndTransaction(EndTransactionRequest {
                    transactional_id,
                    producer,
                    result,
                    client_version,
                });
                self.send(at, request);
            }
            Step::Repeat { index } => {
                if !self.history.is_empty() {
                    let request = index.get(&self.history).clone();
                    self.world.send(request);
                }
            }
            Step::Persist { result } => {
                self.world.persist_one(result);
            }
            Step::PersistInDisorder => self.world.persist_two_in_disorder(),
            Step::Allocate { there_are } => {
                self.world.allocate(there_are);
            }
            Step::Mark {
                index,
                outcome,
                alone,
            } => self.mark(index, outcome, alone),
            Step::MarkAgain { index, outcome } => {
                if !self.reported.is_empty() {
                    let markers = index.get(&self.reported).clone();
                    let outcomes = markers.partitions.iter();
                    let outcomes = outcomes.map(|partition| (partition.clone(), outcome)).collect();
                    self.world.report(&markers, outcomes);
                }
            }
            Step::Advance { milliseconds } => self.world.advance(Duration::from_millis(milliseconds)),
            Step::Crash { durable } => {
                self.world.crash(durable);
                self.reported.clear();
            }
            Step::Version { level } => {
                let version = TransactionVersion::from_level(level).expect("known");
                self.world.config.transaction_version = version;
                self.world.coordinator.set_transaction_version(version);
            }
        }
        self.learn();
        if self.world.in_flight_count() == 0 {
            self.check_against_log();
        }
    }

    fn send(&mut self, at: usize, request: Request) {
        if self.history.len() == HISTORY_MAX {
            self.history.remove(0);
        }
        self.history.push(request.clone());
        let token = self.world.send(request);
        self.clients[at].waiting = Some(token);
    }

    fn mark(&mut self, index: prop::sample::Index, outcome: MarkerOutcome, alone: bool) {
        if self.world.markers.is_empty() {
            return;
        }
        let at = index.index(self.world.markers.len());
        let markers = self.world.markers.remove(at);
        let count = if alone { 1 } else { markers.partitions.len() };
        let (now, later) = markers.partitions.split_at(count);
        if !later.is_empty() {
            self.world.markers.push(WriteMarkers {
                partitions: later.to_vec(),
                ..markers.clone()
            });
        }
        let outcomes = now.iter().map(|partition| (partition.clone(), outcome)).collect();
        self.reported.push(WriteMarkers {
            partitions: now.to_vec(),
            ..markers.clone()
        });
        self.world.report(&markers, outcomes);
    }

    /// Clients take in the answers to their requests.
    fn learn(&mut self) {
        for client in &mut self.clients {
            let Some(answer) = client.waiting.and_then(|token| self.world.answer(token)) else {
                continue;
            };
            match answer {
                Response::InitProducerId(Ok(producer)) | Response::EndTransaction(Ok(Some(producer))) => {
                    client.producer = Some(*producer);
                }
                _ => {}
            }
            client.waiting = None;
        }
    }

    /// The state is what the last durable record of each id says. What the old version of records has no place for may be
    /// in memory alone.
    fn check_against_log(&self) {
        let without_tags = |value: TransactionLogValue| TransactionLogValue {
            previous_producer_id: None,
            last_producer_epoch: None,
            client_version: TransactionVersion::V0,
            ..value
        };
        let of_machine: BTreeMap<Bytes, TransactionLogValue> = self
            .world
            .coordinator
            .snapshot_records()
            .map(|record| {
                let value = record.value.expect("not a tombstone");
                let value = TransactionLogValue::decode(&value).expect("our own");
                (record.key, without_tags(value))
            })
            .collect();
        let durable = self.world.durable.iter();
        let of_ledger: BTreeMap<Bytes, TransactionLogValue> = durable
            .map(|(transactional_id, value)| {
                (record(transactional_id, None).key, without_tags(value.clone()))
            })
            .collect();
        assert_eq!(of_machine, of_ledger);
        let is_open = |value: &&TransactionLogValue| {
            matches!(
                value.state,
                TransactionState::Ongoing | TransactionState::PrepareCommit | TransactionState::PrepareAbort
            )
        };
        let open: Vec<&TransactionLogValue> = self.world.durable.values().filter(is_open).collect();
        let levels = self.world.coordinator.levels();
        assert_eq!(levels.open, open.len());
        assert_eq!(
            levels.oldest_start,
            open.iter().filter_map(|value| value.start).min()
        );
    }

    /// The faults stop: nobody waits any more, and every transaction is complete.
    fn wind_down(&mut self) {
        self.world.persist_at_once = true;
        self.world.mark_at_once = true;
        self.world.allocate_at_once = true;
        self.world.perform(Vec::new());
        self.world.advance(Duration::from_secs(900));
        assert_eq!(self.world.unanswered(), []);
        for (transactional_id, value) in &self.world.durable {
            assert!(
                matches!(
                    value.state,
                    TransactionState::Empty
                        | TransactionState::CompleteCommit
                        | TransactionState::CompleteAbort
                ),
                "{transactional_id} is {}",
                value.state
            );
        }
        assert_eq!(self.world.coordinator.completing_count(), 0);
        assert_eq!(self.world.coordinator.levels().markers_pending, 0);
        self.check_against_log();
        // And an id can be used.
        for name in IDS {
            let response = self.world.ask(Request::InitProducerId(InitProducerIdRequest {
                transactional_id: TransactionalId::new(name),
                timeout_ms: 60_000,
                expected: None,
            }));
            assert!(
                matches!(response, Response::InitProducerId(Ok(_))),
                "{response:?}"
            );
        }
    }
}

fn version() -> impl Strategy<Value = TransactionVersion> {
    prop_oneof![Just(TransactionVersion::V0), Just(TransactionVersion::V2)]
}

proptest! {
    #[test]
    fn every_history_keeps_the_invariants(
        parking in any::<bool>(),
        versions in [version(), version()],
        epoch in prop_oneof![Just(0i16), i16::MAX - 4..=i16::MAX],
        steps in proptest::collection::vec((0..IDS.len() * CLIENTS, step()), 1..150)
    ) {
        let mut run = Run::new(parking, versions, epoch);
        for (client, step) in steps {
            run.step(client, step);
        }
        run.wind_down();
    }
}
