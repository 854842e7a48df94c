//! Hasty producers: they send on without waiting, to several partitions at a time, and try nothing again. What arrives
//! of a connection is there once and in order; what was acknowledged stays.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_model::{PartitionId, PartitionIndex, TopicId};
use corelog_protocol::messages::produce::{
    PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData,
};

use super::batches;
use super::clients::Clients;
use super::wire::{Gone, Wire};
use crate::rng::SimRng;

const PRODUCE: i16 = 13;
/// Requests under way, at most.
const IN_FLIGHT_MAX: usize = 8;
const RECORDS: i32 = 2;

/// The numbers of a request's batches.
type Sent = BTreeMap<PartitionId, u64>;

struct Hasty {
    clients: Rc<Clients>,
    wire: Wire,
    random: SimRng,
    partitions: Vec<PartitionId>,
    acks: i16,
    writer: u64,
    under_way: VecDeque<Sent>,
}

/// Produces until the clients are told to close.
pub(super) async fn run(clients: Rc<Clients>) {
    let mut random = clients.random();
    let count = 1 + random.below(4);
    let partitions = (0..count).map(|_| clients.some_partition(&mut random).1);
    let partitions = partitions.collect();
    let mut producer = Hasty {
        wire: clients.wire(),
        partitions,
        acks: [-1, -1, 1, 0][random.index(4)],
        writer: clients.writer(),
        clients,
        random,
        under_way: VecDeque::new(),
    };
    while !producer.clients.is_closing.get() {
        if producer.step().await.is_err() {
            producer.reconnect();
            let most = Duration::from_millis(50);
            producer.clients.pause(&mut producer.random, most).await;
        }
    }
}

impl Hasty {
    /// On another connection it is somebody else: what the former one carries may arrive in between.
    fn reconnect(&mut self) {
        self.wire.disconnect();
        self.under_way.clear();
        self.writer = self.clients.writer();
    }

    async fn step(&mut self) -> Result<(), Gone> {
        if self.under_way.len() < IN_FLIGHT_MAX && self.random.below(3) > 0 {
            let (request, sent) = self.make();
            self.wire.send(PRODUCE, &request).await?;
            if self.acks == 0 {
                self.wire.unanswered();
                let most = Duration::from_millis(2);
                self.clients.pause(&mut self.random, most).await;
            } else {
                self.under_way.push_back(sent);
            }
        } else if let Some(sent) = self.under_way.pop_front() {
            let response = self.wire.receive::<ProduceRequest>(PRODUCE).await?;
            self.acknowledged(&sent, &response)?;
        }
        if self.random.below(200) == 0 {
            self.reconnect();
        }
        if self.random.below(10) == 0 {
            let most = Duration::from_millis(20);
            self.clients.pause(&mut self.random, most).await;
        }
        Ok(())
    }

    fn make(&mut self) -> (ProduceRequest, Sent) {
        if self.clients.habits.visits
            && self.random.below(10) == 0
            && let Some(id) = self.clients.passing_partition(&mut self.random)
        {
            let place = self.random.index(self.partitions.len());
            self.partitions[place] = id;
        }
        let oracle = &self.clients.oracle;
        let mut sent = Sent::new();
        let mut topics: BTreeMap<TopicId, Vec<PartitionProduceData>> = BTreeMap::new();
        for id in &self.partitions {
            if sent.contains_key(id) || self.random.below(3) == 0 {
                continue;
            }
            let number = oracle.next_number();
            let filler = usize::try_from(self.random.below(200)).expect("small");
            let bytes: Bytes = batches::build(number, RECORDS, filler, None);
            oracle.register(*id, self.writer, true, &bytes);
            oracle.sent(number);
            sent.insert(*id, number);
            topics.entry(id.topic).or_default().push(PartitionProduceData {
                index: id.index.get(),
                records: Some(batches::as_sent(number, &bytes)),
            });
        }
        let topics = topics.into_iter().map(|(topic_id, partitions)| TopicProduceData {
            topic_id,
            partitions,
            ..TopicProduceData::default()
        });
        let request = ProduceRequest {
            acks: self.acks,
            timeout_ms: self.clients.patience_ms(oracle.next_number()),
            topics: topics.collect(),
            ..ProduceRequest::default()
        };
        (request, sent)
    }

    fn acknowledged(&self, sent: &Sent, response: &ProduceResponse) -> Result<(), Gone> {
        let mut count = 0;
        for topic in &response.topics {
            for answer in &topic.partitions {
                let id = PartitionId {
                    topic: topic.topic_id,
                    index: PartitionIndex::new(answer.index),
                };
                count += 1;
                let Some(number) = sent.get(&id) else {
                    let oracle = &self.clients.oracle;
                    oracle.violate(format!("a produce response for {id:?}, which was not asked for"));
                    return Err(Gone);
                };
                if answer.error_code == 0 {
                    let offset = Some(answer.base_offset);
                    self.clients.oracle.acknowledge(*number, RECORDS, offset);
                }
            }
        }
        if count != sent.len() {
            let oracle = &self.clients.oracle;
            oracle.violate(format!(
                "a produce response of {count} for {} partitions",
                sent.len()
            ));
        }
        Ok(())
    }
}
