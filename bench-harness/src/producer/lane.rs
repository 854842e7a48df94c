//! A producer's connection to one leader: requests in flight up to a bound, answers in their order.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use bytes::Bytes;
use corelog_protocol::ApiKey;
use corelog_protocol::messages::produce::{
    PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData,
};
use corelog_runtime::Connection;
use corelog_runtime::local::{Permit, Semaphore, select};

use super::accumulator::{Drained, SealedBatch};
use super::state::Producer;
use crate::client::{BrokerConnection, ClientError, FrameReader, decode, encode, strip_header};
use crate::number::to_usize;
use crate::task::TaskGroup;
use crate::workload::{Acks, Workload};

/// How long a broker may wait for its replicas before it answers, in milliseconds: Java's default.
const TIMEOUT_MS: i32 = 30_000;

/// A connection to a leader.
pub(super) struct Lane {
    index: usize,
    connection: Rc<dyn Connection>,
    /// Until the receiving task takes it.
    reader: RefCell<Option<FrameReader>>,
    version: i16,
    in_flight: RefCell<VecDeque<InFlight>>,
    slots: Semaphore,
    is_finished: Cell<bool>,
}

struct InFlight {
    correlation_id: i32,
    batches: Vec<SealedBatch>,
    slot: Permit,
}

impl Lane {
    pub(super) fn new(
        index: usize,
        connection: BrokerConnection,
        workload: &Workload,
    ) -> Result<Rc<Lane>, ClientError> {
        let (connection, reader, versions) = connection.into_parts();
        Ok(Rc::new(Lane {
            index,
            connection,
            reader: RefCell::new(Some(reader)),
            version: versions.pick(ApiKey::Produce)?,
            in_flight: RefCell::new(VecDeque::new()),
            slots: Semaphore::new(to_usize(workload.max_in_flight)),
            is_finished: Cell::new(false),
        }))
    }

    /// Starts to send and to receive.
    pub(super) fn start(lane: &Rc<Lane>, producer: &Rc<Producer>, tasks: &TaskGroup) {
        let reader = lane.reader.borrow_mut().take().expect("a lane is started once");
        let sending = Rc::clone(lane).send(Rc::clone(producer));
        tasks.spawn(&producer.handle, "produce", sending);
        let receiving = Rc::clone(lane).receive(Rc::clone(producer), reader);
        tasks.spawn(&producer.handle, "acknowledge", receiving);
    }

    async fn send(self: Rc<Lane>, producer: Rc<Producer>) -> Result<(), ClientError> {
        let address = self.connection.peer_address();
        let mut correlation_id = 0i32;
        loop {
            let slot = self.slots.acquire(1).await;
            let Some(batches) = self.next_request(&producer).await? else {
                break;
            };
            producer.space.notify_all();
            correlation_id = correlation_id.wrapping_add(1);
            let frame = self.frame(&producer, correlation_id, &batches)?;
            self.in_flight.borrow_mut().push_back(InFlight {
                correlation_id,
                batches,
                slot,
            });
            let sent = self.connection.send(frame).await;
            sent.map_err(|source| ClientError::Broken { address, source })?;
            if producer.workload.acks == Acks::None {
                // Nothing will be answered: sent is all there is to know.
                self.settle(&producer, |_| 0)?;
            }
        }
        let _all_answered = self.slots.acquire(self.slots.total()).await;
        self.is_finished.set(true);
        self.connection.shutdown();
        Ok(())
    }

    /// Waits until batches are due; `None` when there will be none.
    async fn next_request(&self, producer: &Producer) -> Result<Option<Vec<SealedBatch>>, ClientError> {
        let clock = &producer.handle.clock;
        loop {
            let added = producer.added.notified();
            // What is due by now belongs to the batch that may leave now.
            producer.take_due()?;
            let drained = producer.accumulator.borrow_mut().drain(self.index, clock.now())?;
            match drained {
                Drained::Request(batches) => return Ok(Some(batches)),
                Drained::Finished => return Ok(None),
                Drained::Wait(None) => added.await,
                Drained::Wait(Some(due)) => {
                    select(added, clock.sleep_until(due)).await;
                }
            }
        }
    }

    fn frame(
        &self,
        producer: &Producer,
        correlation_id: i32,
        batches: &[SealedBatch],
    ) -> Result<Vec<Bytes>, ClientError> {
        let partitions = batches.iter().map(|batch| PartitionProduceData {
            index: i32::try_from(batch.partition).expect("a topic's partitions are numbered by i32"),
            records: Some(batch.bytes.clone()),
        });
        let request = ProduceRequest {
            transactional_id: producer.transactional_id.clone(),
            acks: producer.workload.acks.wire(),
            timeout_ms: TIMEOUT_MS,
            topics: vec![TopicProduceData {
                name: producer.topic_name.clone(),
                topic_id: producer.topic_id,
                partitions: partitions.collect(),
            }],
        };
        encode(&request, self.version, correlation_id)
    }

    async fn receive(
        self: Rc<Lane>,
        producer: Rc<Producer>,
        mut reader: FrameReader,
    ) -> Result<(), ClientError> {
        let address = self.connection.peer_address();
        loop {
            let frame = match reader.next().await {
                Ok(Some(frame)) => frame,
                Ok(None) | Err(_) if self.is_finished.get() => return Ok(()),
                Ok(None) => return Err(ClientError::Closed { address }),
                Err(error) => return Err(error),
            };
            let expected = self
                .in_flight
                .borrow()
                .front()
                .map(|request| request.correlation_id);
            // Nothing is due when the broker answers what it was not asked; no answer has the id -1.
            let body = strip_header(ApiKey::Produce, self.version, expected.unwrap_or(-1), &frame)?;
            let response: ProduceResponse = decode(ApiKey::Produce, body, self.version)?;
            let mut answers: Vec<(i32, i16)> = response
                .topics
                .iter()
                .flat_map(|topic| &topic.partitions)
                .map(|partition| (partition.index, partition.error_code))
                .collect();
            answers.sort_unstable();
            let mut missing = None;
            let settled = self.settle(&producer, |partition| {
                let found = answers.binary_search_by_key(&i64::try_from(partition).ok(), |(index, _)| {
                    Some(i64::from(*index))
                });
                found.map(|at| answers[at].1).unwrap_or_else(|_| {
                    missing = Some(partition);
                    corelog_protocol::ErrorCode::UnknownServerError.code()
                })
            });
            if let Some(partition) = missing {
                return Err(ClientError::Missing {
                    api: ApiKey::Produce,
                    what: format!("partition {partition}"),
                });
            }
            settled?;
        }
    }

    /// The oldest request is over; `error_code` tells how for each partition.
    fn settle(
        &self,
        producer: &Producer,
        mut error_code: impl FnMut(usize) -> i16,
    ) -> Result<(), ClientError> {
        let Some(request) = self.in_flight.borrow_mut().pop_front() else {
            return Ok(());
        };
        let now = producer.handle.clock.now();
        producer.recorder.answered(now);
        producer.accumulator.borrow_mut().answered(self.index);
        let mut result = Ok(());
        for batch in request.batches {
            let code = error_code(batch.partition);
            result = result.and(producer.settle(now, batch, code));
        }
        drop(request.slot);
        if producer.transactional_id.is_some() {
            // What is to be sent again may wait for this answer.
            producer.added.notify_all();
        }
        result
    }

    /// The batches of all unanswered requests.
    pub(super) fn take_in_flight(&self) -> Vec<SealedBatch> {
        let in_flight = std::mem::take(&mut *self.in_flight.borrow_mut());
        in_flight
            .into_iter()
            .flat_map(|request| request.batches)
            .collect()
    }
}
