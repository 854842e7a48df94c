//! Producers with transactions, in Kafka's first protocol or its second. Two may have the same transactional id: each start
//! fences the other. At times one goes away in the middle, asks for an end twice, or has an end arrive late.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_model::batch::BatchProducer;
use corelog_model::{ProducerEpoch, ProducerId, Sequence, TimestampMs, TopicId};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::add_offsets_to_txn::AddOffsetsToTxnRequest;
use corelog_protocol::messages::add_partitions_to_txn::{AddPartitionsToTxnRequest, AddPartitionsToTxnTopic};
use corelog_protocol::messages::end_txn::{EndTxnRequest, EndTxnResponse};
use corelog_protocol::messages::find_coordinator::FindCoordinatorRequest;
use corelog_protocol::messages::init_producer_id::InitProducerIdRequest;
use corelog_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use corelog_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use corelog_records::{BatchOptions, NewRecord, RecordBatchBuilder};

use super::clients::Clients;
use super::ledger::{LEDGER, PARTITIONS, group_of};
use super::wire::{Gone, Wire, name_of};
use crate::machine::EPOCH_MS;
use crate::rng::SimRng;

const FIND_COORDINATOR: i16 = 3;
const OF_GROUP: i8 = 0;
const OF_TRANSACTION: i8 = 1;
const INIT_PRODUCER_ID: i16 = 4;
const ADD_PARTITIONS: i16 = 3;
const ADD_OFFSETS: i16 = 3;
/// How often one request is tried before its transaction is given up.
const TRIES_MAX: u64 = 200;

/// The versions of one of the protocols.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Protocol {
    produce: i16,
    end: i16,
    commit_offset: i16,
    names_partitions: bool,
}

const FIRST: Protocol = Protocol {
    produce: 11,
    end: 4,
    commit_offset: 3,
    names_partitions: true,
};
const SECOND: Protocol = Protocol {
    produce: 12,
    end: 5,
    commit_offset: 5,
    names_partitions: false,
};

/// Why a transaction is given up: the producer has to start anew.
struct GivenUp;

struct Transactor {
    clients: Rc<Clients>,
    wire: Wire,
    random: SimRng,
    id: String,
    protocol: Protocol,
    producer: (i64, i16),
    /// The next sequence, by partition.
    sequences: [Sequence; PARTITIONS as usize],
    topic: TopicId,
}

/// Makes transactions until the clients are told to close.
pub(super) async fn run(clients: Rc<Clients>, number: u64) {
    let mut random = clients.random();
    let mut transactor = Transactor {
        wire: clients.wire(),
        id: format!("tx{}", number % 2),
        protocol: if random.coin() { FIRST } else { SECOND },
        clients,
        random,
        producer: (-1, -1),
        sequences: Default::default(),
        topic: TopicId::ZERO,
    };
    while !transactor.clients.is_closing.get() && !transactor.clients.oracle.is_violated() {
        if transactor.start().await.is_ok() {
            while transactor.transaction().await.is_ok() {
                if transactor.clients.is_closing.get() {
                    return;
                }
                transactor.pause(20).await;
            }
        }
        transactor.wire.disconnect();
        transactor.pause(100).await;
    }
}

fn is_retriable(code: i16) -> bool {
    matches!(
        ErrorCode::from_code(code),
        Some(
            ErrorCode::CoordinatorNotAvailable
                | ErrorCode::NotCoordinator
                | ErrorCode::CoordinatorLoadInProgress
                | ErrorCode::ConcurrentTransactions
                | ErrorCode::NotEnoughReplicas
                | ErrorCode::NotLeaderOrFollower
                | ErrorCode::KafkaStorageError
                | ErrorCode::RequestTimedOut
        )
    )
}

fn sequence_of(sequence: Sequence, partition: i32, number: u64, producer: (i64, i16)) -> Bytes {
    let mut builder = RecordBatchBuilder::new(BatchOptions {
        producer: Some(BatchProducer {
            id: ProducerId::new(producer.0),
            epoch: ProducerEpoch::new(producer.1),
            base_sequence: Some(sequence),
        }),
        is_transactional: true,
        ..BatchOptions::default()
    });
    let stamp = EPOCH_MS + i64::try_from(number).expect("a run has fewer batches");
    let value = format!("{number} in {partition}");
    let record = NewRecord {
        timestamp: TimestampMs::new(stamp),
        key: None,
        value: Some(value.as_bytes()),
        headers: &[],
    };
    builder.append(&record).expect("a small record fits");
    builder.build().expect("a batch has records").bytes().clone()
}

impl Transactor {
    async fn pause(&mut self, max_ms: u64) {
        let max = Duration::from_millis(max_ms);
        self.clients.pause(&mut self.random, max).await;
    }

    /// After an attempt that failed; an error when it is not to be tried again.
    async fn again(&mut self, code: Option<i16>) -> Result<(), GivenUp> {
        let id = self.id.clone();
        self.clients.complain(|| {
            format!(
                "{id}: {}",
                code.map_or_else(|| "no connection".to_owned(), name_of)
            )
        });
        match code {
            Some(code) if !is_retriable(code) => return Err(GivenUp),
            Some(_) => {}
            None => self.wire.disconnect(),
        }
        self.pause(50).await;
        Ok(())
    }

    /// A producer id with an epoch that fences whoever had the transactional id before.
    async fn start(&mut self) -> Result<(), GivenUp> {
        for _ in 0..TRIES_MAX {
            let code = match self.try_start().await {
                Ok(0) => return Ok(()),
                Ok(code) => Some(code),
                Err(Gone) => None,
            };
            if self.clients.is_closing.get() {
                return Err(GivenUp);
            }
            self.again(code).await?;
        }
        Err(GivenUp)
    }

    async fn try_start(&mut self) -> Result<i16, Gone> {
        self.topic = self.clients.ledger.topic(&mut self.wire).await?;
        for (key_type, key) in [(OF_TRANSACTION, self.id.clone()), (OF_GROUP, group_of(&self.id))] {
            let find = FindCoordinatorRequest {
                key,
                key_type,
                ..FindCoordinatorRequest::default()
            };
            let found = self.wire.call(FIND_COORDINATOR, &find).await?;
            if found.error_code != 0 {
                return Ok(found.error_code);
            }
        }
        let request = InitProducerIdRequest {
            transactional_id: Some(self.id.clone()),
            // Some transactions take longer than they may.
            transaction_timeout_ms: i32::try_from(100 + self.random.below(5_000)).expect("small"),
            producer_id: -1,
            producer_epoch: -1,
            ..InitProducerIdRequest::default()
        };
        let response = self.wire.call(INIT_PRODUCER_ID, &request).await?;
        if response.error_code == 0 {
            self.clients.oracle.milestone();
            self.took((response.producer_id, response.producer_epoch));
        }
        Ok(response.error_code)
    }

    fn took(&mut self, producer: (i64, i16)) {
        if self.producer != producer {
            self.producer = producer;
            self.sequences = Default::default();
        }
    }

    async fn transaction(&mut self) -> Result<(), GivenUp> {
        let clients = Rc::clone(&self.clients);
        let ledger = &clients.ledger;
        let transaction = ledger.begin(&self.id);
        let count = 1 + self.random.below(4);
        let partitions: Vec<i32> = (0..count)
            .map(|_| i32::try_from(self.random.below(PARTITIONS.unsigned_abs().into())).expect("small"))
            .collect();
        if self.protocol.names_partitions {
            self.add_partitions(&partitions).await?;
        }
        for partition in partitions {
            self.produce(transaction, partition).await?;
            if self.random.below(4) == 0 {
                self.pause(100).await;
            }
        }
        if self.random.coin() {
            self.commit_offset(transaction).await?;
        }
        match self.random.below(20) {
            // Nobody ends it but the coordinator.
            0 => {
                self.pause(1_000).await;
                Err(GivenUp)
            }
            1..5 => self.end(transaction, false).await,
            _ => {
                ledger.commit_asked(transaction);
                self.end(transaction, true).await
            }
        }
    }

    async fn add_partitions(&mut self, partitions: &[i32]) -> Result<(), GivenUp> {
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.id.clone(),
            v3_and_below_producer_id: self.producer.0,
            v3_and_below_producer_epoch: self.producer.1,
            v3_and_below_topics: vec![AddPartitionsToTxnTopic {
                name: LEDGER.to_owned(),
                partitions: partitions.to_vec(),
            }],
            ..AddPartitionsToTxnRequest::default()
        };
        for _ in 0..TRIES_MAX {
            let code = match self.wire.call(ADD_PARTITIONS, &request).await {
                Ok(response) => {
                    let mut results = response
                        .results_by_topic_v3_and_below
                        .iter()
                        .flat_map(|topic| &topic.results_by_partition)
                        .map(|result| result.partition_error_code);
                    match results.find(|code| *code != 0) {
                        None => return Ok(()),
                        code => code,
                    }
                }
                Err(Gone) => None,
            };
            self.again(code).await?;
        }
        Err(GivenUp)
    }

    async fn produce(&mut self, transaction: usize, partition: i32) -> Result<(), GivenUp> {
        let clients = Rc::clone(&self.clients);
        let number = clients.ledger.next_number();
        let place = usize::try_from(partition).expect("a partition");
        let bytes = sequence_of(self.sequences[place], partition, number, self.producer);
        clients.ledger.register(transaction, number, partition, &bytes);
        self.sequences[place] = self.sequences[place].advance(1);
        let request = ProduceRequest {
            transactional_id: Some(self.id.as_str().into()),
            acks: -1,
            timeout_ms: clients.patience_ms(number),
            topics: vec![TopicProduceData {
                name: LEDGER.into(),
                partitions: vec![PartitionProduceData {
                    index: partition,
                    records: Some(bytes),
                }],
                ..TopicProduceData::default()
            }],
        };
        for _ in 0..TRIES_MAX {
            let code = match self.wire.call(self.protocol.produce, &request).await {
                Ok(response) => {
                    let mut answers = response.topics.iter().flat_map(|topic| &topic.partitions);
                    let answer = answers
                        .next()
                        .map(|answer| (answer.error_code, answer.base_offset));
                    match answer {
                        Some((0, offset)) => {
                            clients.ledger.acknowledged(&clients.oracle, number, offset);
                            return Ok(());
                        }
                        Some((code, _)) if code == ErrorCode::DuplicateSequenceNumber.code() => return Ok(()),
                        Some((code, _)) => Some(code),
                        None => {
                            clients
                                .oracle
                                .violate("a produce response without the partition".to_owned());
                            None
                        }
                    }
                }
                Err(Gone) => None,
            };
            self.again(code).await?;
        }
        Err(GivenUp)
    }

    async fn commit_offset(&mut self, transaction: usize) -> Result<(), GivenUp> {
        let offset = i64::try_from(transaction).expect("small");
        self.clients.ledger.offset(transaction, offset);
        if self.protocol.names_partitions {
            let add = AddOffsetsToTxnRequest {
                transactional_id: self.id.clone(),
                producer_id: self.producer.0,
                producer_epoch: self.producer.1,
                group_id: group_of(&self.id),
            };
            self.until_taken(async |wire| Ok(wire.call(ADD_OFFSETS, &add).await?.error_code))
                .await?;
        }
        let request = TxnOffsetCommitRequest {
            transactional_id: self.id.clone(),
            group_id: group_of(&self.id),
            producer_id: self.producer.0,
            producer_epoch: self.producer.1,
            generation_id_or_member_epoch: -1,
            topics: vec![TxnOffsetCommitRequestTopic {
                name: LEDGER.to_owned(),
                partitions: vec![TxnOffsetCommitRequestPartition {
                    partition_index: 0,
                    committed_offset: offset,
                    committed_leader_epoch: -1,
                    committed_metadata: None,
                }],
                ..TxnOffsetCommitRequestTopic::default()
            }],
            ..TxnOffsetCommitRequest::default()
        };
        let version = self.protocol.commit_offset;
        self.until_taken(async |wire| {
            let response = wire.call(version, &request).await?;
            let mut answers = response.topics.iter().flat_map(|topic| &topic.partitions);
            Ok(answers.next().map_or(0, |answer| answer.error_code))
        })
        .await
    }

    /// Asks until the answer is no error.
    async fn until_taken(
        &mut self,
        ask: impl AsyncFn(&mut Wire) -> Result<i16, Gone>,
    ) -> Result<(), GivenUp> {
        for _ in 0..TRIES_MAX {
            match ask(&mut self.wire).await {
                Ok(0) => return Ok(()),
                Ok(code) => self.again(Some(code)).await?,
                // What is still on its way would be taken for a part of the next transaction: in the first protocol it has
                // the same epoch.
                Err(Gone) if self.protocol == FIRST => return Err(GivenUp),
                Err(Gone) => self.again(None).await?,
            }
        }
        Err(GivenUp)
    }

    async fn end(&mut self, transaction: usize, committed: bool) -> Result<(), GivenUp> {
        let request = EndTxnRequest {
            transactional_id: self.id.clone(),
            producer_id: self.producer.0,
            producer_epoch: self.producer.1,
            committed,
        };
        let is_second = self.protocol == SECOND;
        for _ in 0..TRIES_MAX {
            let code = match self.wire.call(self.protocol.end, &request).await {
                Ok(response) if response.error_code == 0 => {
                    self.ended(transaction, &request, &response);
                    return Ok(());
                }
                Ok(response) => Some(response.error_code),
                // As above: it would end the next transaction.
                Err(Gone) if !is_second => return Err(GivenUp),
                Err(Gone) => None,
            };
            self.again(code).await?;
        }
        Err(GivenUp)
    }

    fn ended(&mut self, transaction: usize, request: &EndTxnRequest, response: &EndTxnResponse) {
        if request.committed {
            self.clients.ledger.committed(transaction);
            self.clients
                .oracle
                .commits
                .set(self.clients.oracle.commits.get() + 1);
        }
        self.clients.oracle.milestone();
        if self.protocol != SECOND {
            return;
        }
        self.took((response.producer_id, response.producer_epoch));
        if self.random.below(4) == 0 {
            // An end that comes late, or the other one, is of an epoch that has passed.
            let late = EndTxnRequest {
                committed: request.committed == self.random.coin(),
                ..request.clone()
            };
            let (clients, mut wire) = (Rc::clone(&self.clients), self.clients.wire());
            let delay = Duration::from_micros(self.random.below(300_000));
            self.clients.spawn("late end", async move {
                clients.sleep(delay).await;
                let _ = wire.call(SECOND.end, &late).await;
            });
        }
    }
}
