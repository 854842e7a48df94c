//! Careful producers: idempotent ones with several requests under way, plain ones with one. Both try a batch again, on
//! a new connection if need be, until it is acknowledged.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_model::batch::BatchProducer;
use corelog_model::{PartitionId, ProducerEpoch, ProducerId, Sequence};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::init_producer_id::InitProducerIdRequest;
use corelog_protocol::messages::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};

use super::batches;
use super::clients::Clients;
use super::wire::{Gone, Wire, name_of};
use crate::rng::SimRng;

/// Names topics by id (KIP-516).
const PRODUCE: i16 = 13;
const INIT_PRODUCER_ID: i16 = 4;
/// Batches that Kafka remembers of a producer, and so the most that may be under way.
const IN_FLIGHT_MAX: usize = 5;

#[derive(Clone)]
struct Pending {
    number: u64,
    records: i32,
    bytes: Bytes,
}

struct Producer {
    clients: Rc<Clients>,
    wire: Wire,
    random: SimRng,
    writer: u64,
    partition: PartitionId,
    id: Option<ProducerId>,
    sequence: Sequence,
    /// Sent or to be sent, in order.
    pending: VecDeque<Pending>,
    /// How many of them are under way on the connection.
    under_way: usize,
    /// Acknowledged, the last ones.
    done: VecDeque<Pending>,
    acks: i16,
    /// The storage has refused a batch of this producer id, or may have, unheard: the log may have taken later ones from a
    /// producer that it did not know.
    was_refused: bool,
}

/// Produces to one random partition until the clients are told to close.
pub(super) async fn run(clients: Rc<Clients>) {
    let mut random = clients.random();
    let (_, partition) = clients.some_partition(&mut random);
    let is_idempotent = random.below(3) > 0;
    let mut producer = Producer {
        wire: clients.wire(),
        partition,
        writer: clients.writer(),
        acks: if is_idempotent || random.coin() { -1 } else { 1 },
        clients,
        random,
        id: None,
        sequence: Sequence::default(),
        pending: VecDeque::new(),
        under_way: 0,
        done: VecDeque::new(),
        was_refused: false,
    };
    if is_idempotent && !producer.init().await {
        return;
    }
    producer.produce().await;
}

impl Producer {
    /// Asks for a producer id until there is one, or the clients close.
    async fn init(&mut self) -> bool {
        while !self.clients.is_closing.get() {
            let request = InitProducerIdRequest {
                transactional_id: None,
                transaction_timeout_ms: 60_000,
                producer_id: -1,
                producer_epoch: -1,
                ..InitProducerIdRequest::default()
            };
            if let Ok(response) = self.wire.call(INIT_PRODUCER_ID, &request).await
                && response.error_code == 0
            {
                let id = ProducerId::new(response.producer_id);
                self.clients.oracle.producer_id(id);
                self.clients.oracle.milestone();
                self.id = Some(id);
                self.sequence = Sequence::default();
                self.was_refused = false;
                return true;
            }
            self.clients
                .pause(&mut self.random, Duration::from_millis(50))
                .await;
        }
        false
    }

    async fn produce(&mut self) {
        let in_flight_max = if self.id.is_some() { IN_FLIGHT_MAX } else { 1 };
        loop {
            let is_closing = self.clients.is_closing.get();
            if is_closing && self.pending.is_empty() {
                return;
            }
            while !is_closing && self.pending.len() < in_flight_max && self.random.below(4) > 0 {
                self.make();
            }
            if self.exchange(in_flight_max).await.is_err() {
                self.was_refused |= self.under_way > 0 && self.clients.storage_refuses;
                self.under_way = 0;
                let number = self.pending.front().map(|pending| pending.number);
                let writer = self.writer;
                self.clients
                    .complain(|| format!("writer {writer}: batch {number:?}: no connection"));
                self.clients
                    .pause(&mut self.random, Duration::from_millis(50))
                    .await;
            }
            if self.random.below(3) == 0 {
                self.clients
                    .pause(&mut self.random, Duration::from_millis(5))
                    .await;
            }
            if self.random.below(100) == 0 {
                self.wire.disconnect();
                self.under_way = 0;
            }
            if self.id.is_some() && self.clients.habits.repeats {
                if self.random.below(30) == 0 {
                    self.repeat().await;
                }
                if self.pending.is_empty() && self.random.below(50) == 0 {
                    self.init().await;
                    self.done.clear();
                }
            }
        }
    }

    /// Sends a batch that was acknowledged once more, as a network may that delivers late.
    async fn repeat(&mut self) {
        if self.done.is_empty() {
            return;
        }
        let nth = self.random.index(self.done.len());
        let Pending {
            number,
            records,
            bytes,
        } = self.done[nth].clone();
        let mut wire = self.clients.wire();
        let request = produce_request(self.partition, &bytes, self.acks);
        let Ok(response) = wire.call(PRODUCE, &request).await else {
            return;
        };
        let mut answers = response.topics.iter().flat_map(|topic| &topic.partitions);
        if let Some(answer) = answers.find(|answer| answer.error_code == 0) {
            let offset = Some(answer.base_offset).filter(|offset| *offset >= 0);
            self.clients.oracle.acknowledge(number, records, offset);
        }
    }

    fn make(&mut self) {
        let oracle = &self.clients.oracle;
        let number = oracle.next_number();
        let records = i32::try_from(1 + self.random.below(5)).expect("small");
        let filler = match self.random.below(20) {
            0 => self.random.below(60_000),
            _ => self.random.below(300),
        };
        let filler = usize::try_from(filler).expect("small");
        let producer = self.id.map(|id| BatchProducer {
            id,
            epoch: ProducerEpoch::new(0),
            base_sequence: Some(self.sequence),
        });
        let bytes = batches::build(number, records, filler, producer);
        oracle.register(self.partition, self.writer, self.id.is_some(), &bytes);
        let bytes = batches::as_sent(number, &bytes);
        self.sequence = self.sequence.advance(records);
        self.pending.push_back(Pending {
            number,
            records,
            bytes,
        });
    }

    /// Sends what is not under way, then takes one answer.
    async fn exchange(&mut self, in_flight_max: usize) -> Result<(), Gone> {
        while self.under_way < self.pending.len().min(in_flight_max) {
            let pending = &self.pending[self.under_way];
            let request = ProduceRequest {
                timeout_ms: self.clients.patience_ms(pending.number),
                ..produce_request(self.partition, &pending.bytes, self.acks)
            };
            self.clients.oracle.sent(pending.number);
            self.wire.send(PRODUCE, &request).await?;
            self.under_way += 1;
            // At times a client gives a request up at once and asks again elsewhere, while the first is still on its way.
            if self.random.below(60) == 0 {
                let kept = self.wire.abandon();
                let clients = Rc::clone(&self.clients);
                let linger = Duration::from_micros(self.random.below(20_000));
                self.clients.spawn("abandoned connection", async move {
                    clients.sleep(linger).await;
                    drop(kept);
                });
                return Err(Gone);
            }
        }
        if self.under_way == 0 {
            return Ok(());
        }
        let response = self.wire.receive::<ProduceRequest>(PRODUCE).await?;
        self.under_way -= 1;
        let answer = response
            .topics
            .into_iter()
            .flat_map(|topic| topic.partitions)
            .next();
        let Some(answer) = answer else {
            self.clients
                .oracle
                .violate("a produce response without the partition".to_owned());
            return Err(Gone);
        };
        match ErrorCode::from_code(answer.error_code) {
            Some(ErrorCode::None) => self.acknowledged(Some(answer.base_offset)),
            Some(ErrorCode::DuplicateSequenceNumber) => self.acknowledged(None),
            failed => {
                let (writer, code) = (self.writer, name_of(answer.error_code));
                let text = answer.error_message.unwrap_or_default();
                self.clients
                    .complain(|| format!("writer {writer}: {code} {text}"));
                // Those behind it fail as well, or wait for it: all are sent again, in order, once the answers are in.
                while self.under_way > 0 {
                    self.wire.receive::<ProduceRequest>(PRODUCE).await?;
                    self.under_way -= 1;
                }
                self.clients
                    .pause(&mut self.random, Duration::from_millis(20))
                    .await;
                self.was_refused |= match failed {
                    Some(ErrorCode::KafkaStorageError) => true,
                    Some(ErrorCode::RequestTimedOut) => self.clients.storage_refuses,
                    _ => false,
                };
                if self.was_refused && failed == Some(ErrorCode::OutOfOrderSequenceNumber) {
                    self.begin_anew().await;
                }
                Ok(())
            }
        }
    }

    /// Gives up what is not acknowledged, as a client does that has lost its place, and goes on as somebody else.
    async fn begin_anew(&mut self) {
        self.pending.clear();
        self.done.clear();
        self.writer = self.clients.writer();
        self.init().await;
    }

    fn acknowledged(&mut self, offset: Option<i64>) -> Result<(), Gone> {
        let pending = self.pending.pop_front().expect("an answer is to the oldest");
        self.clients
            .oracle
            .acknowledge(pending.number, pending.records, offset);
        self.done.push_back(pending);
        if self.done.len() > IN_FLIGHT_MAX {
            self.done.pop_front();
        }
        Ok(())
    }
}

/// A request with one batch for one partition.
pub(super) fn produce_request(partition: PartitionId, bytes: &Bytes, acks: i16) -> ProduceRequest {
    ProduceRequest {
        acks,
        timeout_ms: 10_000,
        topics: vec![TopicProduceData {
            topic_id: partition.topic,
            partitions: vec![PartitionProduceData {
                index: partition.index.get(),
                records: Some(bytes.clone()),
            }],
            ..TopicProduceData::default()
        }],
        ..ProduceRequest::default()
    }
}
