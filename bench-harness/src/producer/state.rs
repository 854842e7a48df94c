//! A producer's state, shared by its pump and its lanes on one shard.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_model::batch::BatchProducer;
use corelog_model::{ProducerEpoch, ProducerId, TimestampMs};
use corelog_protocol::messages::init_producer_id::InitProducerIdRequest;
use corelog_protocol::{ApiKey, ByteStr};
use corelog_runtime::local::Notify;
use corelog_runtime::{Handle, Monotonic};

use super::accumulator::{Accumulator, AccumulatorOptions, SealedBatch};
use super::generator::Generator;
use super::lane::Lane;
use super::pump::Turns;
use super::tally::ProducedTally;
use crate::client::{
    BrokerConnection, ClientError, Cluster, SETUP_INTERVAL, SETUP_WAIT, error_name, is_retriable, refuse,
};
use crate::deck::Deck;
use crate::measure::Recorder;
use crate::number::to_usize;
use crate::schedule::Schedule;
use crate::task::TaskGroup;
use crate::workload::Workload;

/// Which producer of the run this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProducerSeat {
    /// The run's random number.
    pub run: u64,
    /// The producer, from zero over all topics.
    pub number: u32,
    /// The topic, from zero.
    pub topic: u32,
}

/// A producer.
pub struct Producer {
    pub(super) handle: Handle,
    pub(super) workload: Rc<Workload>,
    pub(super) seat: ProducerSeat,
    pub(super) topic_name: ByteStr,
    pub(super) topic_id: corelog_model::TopicId,
    pub(super) accumulator: RefCell<Accumulator>,
    pub(super) recorder: Rc<Recorder>,
    generator: RefCell<Generator>,
    tally: RefCell<ProducedTally>,
    lanes: RefCell<Vec<Rc<Lane>>>,
    /// The rest of an open loop's schedule, and its end.
    pub(super) schedule: RefCell<Option<(Schedule, Monotonic)>>,
    /// The turns of an open loop.
    pub(super) turns: Cell<Turns>,
    /// Messages taken on and not answered.
    pub(super) outstanding: Cell<u64>,
    /// Messages were added or no more will be: lanes look.
    pub(super) added: Notify,
    /// Batches left: the pump looks.
    pub(super) space: Notify,
    /// Messages were answered.
    pub(super) answered: Notify,
}

impl Producer {
    /// Connects to the leaders of its topic and, for idempotence, takes a producer id.
    ///
    /// # Errors
    /// See `ClientError`.
    pub async fn open(
        handle: &Handle,
        cluster: &Cluster,
        workload: &Rc<Workload>,
        seat: ProducerSeat,
        deck: &Arc<Deck>,
        recorder: &Rc<Recorder>,
    ) -> Result<Rc<Producer>, ClientError> {
        let topic = &cluster.topics[to_usize(seat.topic)];
        let mut lane_of: BTreeMap<i32, usize> = BTreeMap::new();
        let mut connections = Vec::new();
        let mut lanes = Vec::with_capacity(topic.leaders.len());
        for leader in &topic.leaders {
            let lane = match lane_of.get(leader) {
                Some(lane) => *lane,
                None => {
                    let address = cluster.brokers.get(leader).ok_or_else(|| ClientError::Missing {
                        api: ApiKey::Metadata,
                        what: format!("broker {leader}"),
                    })?;
                    connections.push(BrokerConnection::open(handle, *address).await?);
                    lane_of.insert(*leader, connections.len() - 1);
                    connections.len() - 1
                }
            };
            lanes.push(lane);
        }
        let mut identity = None;
        if workload.idempotence
            && let Some(connection) = connections.first_mut()
        {
            identity = Some(init_producer_id(handle, connection).await?);
        }
        let options = AccumulatorOptions {
            batch_size: to_usize(workload.batch_size),
            linger: Duration::from_secs_f64(workload.linger_ms / 1e3),
            request_size: to_usize(workload.request_size),
            compression: workload.compression.into(),
            producer: identity,
            deck: Arc::clone(deck),
            sender: (seat.run, seat.number),
        };
        let producer = Rc::new(Producer {
            handle: handle.clone(),
            workload: Rc::clone(workload),
            seat,
            topic_name: ByteStr::from(topic.name.as_str()),
            topic_id: topic.id,
            accumulator: RefCell::new(Accumulator::new(options, &lanes, to_usize(seat.number))),
            recorder: Rc::clone(recorder),
            generator: RefCell::new(Generator::new(workload, seat.number)),
            tally: RefCell::new(ProducedTally::new(seat.number, seat.topic, lanes.len())),
            lanes: RefCell::new(Vec::new()),
            schedule: RefCell::new(None),
            turns: Cell::new(Turns::default()),
            outstanding: Cell::new(0),
            added: Notify::new(),
            space: Notify::new(),
            answered: Notify::new(),
        });
        let lanes = connections
            .into_iter()
            .enumerate()
            .map(|(index, connection)| Lane::new(index, connection, workload));
        let lanes: Result<Vec<_>, ClientError> = lanes.collect();
        *producer.lanes.borrow_mut() = lanes?;
        Ok(producer)
    }

    /// Which producer it is, from zero over all topics.
    pub fn number(&self) -> u32 {
        self.seat.number
    }

    /// Starts the lanes. They end after `close`, when everything was answered.
    pub fn start(self: &Rc<Producer>, tasks: &TaskGroup) {
        for lane in self.lanes.borrow().iter() {
            Lane::start(lane, self, tasks);
        }
    }

    /// Takes messages on now, up to `count` and while less than `bytes_max` is buffered; tells how many. `intended`
    /// gives each one's time, and ends it by `None`. Within the turn of an open loop a message is on time.
    ///
    /// # Errors
    /// `Compress`.
    pub(super) fn append(
        &self,
        now: (Monotonic, TimestampMs),
        count: u64,
        bytes_max: usize,
        mut intended: impl FnMut() -> Option<Monotonic>,
    ) -> Result<u64, ClientError> {
        let generator = &mut *self.generator.borrow_mut();
        let accumulator = &mut *self.accumulator.borrow_mut();
        let mut delays = self.recorder.delays(now.0);
        let turns = self.turns.get();
        let mut taken = 0;
        while taken < count && accumulator.buffered() < bytes_max {
            let Some(intended) = intended() else { break };
            // As if it had been taken on at its time, but for a producer that has fallen behind.
            let taken_on = (turns.taken_on(intended, now.0), now.1);
            match generator.choose() {
                Some((key, partition)) => {
                    accumulator.append(to_usize(partition), taken_on, intended, Some(key))?;
                }
                None => accumulator.append(accumulator.sticky(), taken_on, intended, None)?,
            }
            delays.add(intended.max(turns.next));
            taken += 1;
        }
        self.outstanding.set(self.outstanding.get() + taken);
        Ok(taken)
    }

    /// A batch was answered with `error_code`.
    pub(super) fn settle(&self, now: Monotonic, batch: SealedBatch, error_code: i16) {
        let count = batch.stamps.count();
        if error_code == 0 {
            self.recorder.published(now, &batch.stamps, batch.message_bytes);
        } else {
            self.fail(now, &batch, &error_name(error_code));
        }
        self.outstanding.set(self.outstanding.get() - count);
        self.accumulator.borrow_mut().recycle(batch);
        self.answered.notify_all();
    }

    fn fail(&self, now: Monotonic, batch: &SealedBatch, error: &str) {
        let count = batch.stamps.count();
        self.recorder.failed(now, error, count);
        let sequences = batch.first_sequence..batch.first_sequence + count;
        self.tally.borrow_mut().fail(batch.partition, sequences);
    }

    /// No more messages: what is there is sent at once, and then the lanes end.
    pub fn close(&self) {
        self.accumulator.borrow_mut().close();
        self.added.notify_all();
    }

    /// Counts what is unsent and unanswered as failed, and tells what was acknowledged. Returns the messages that the
    /// schedule had and that were never taken on, too, unless the run was broken off: then they are nobody's fault.
    pub fn finish(&self, is_broken_off: bool) -> (ProducedTally, u64) {
        let now = self.handle.clock.now();
        let mut open = Vec::new();
        for lane in self.lanes.borrow().iter() {
            open.extend(lane.take_in_flight());
        }
        open.extend(self.accumulator.borrow_mut().take_unsent());
        for batch in open {
            self.fail(now, &batch, "not acknowledged before the run gave up");
            for (intended, count) in batch.stamps.iter() {
                self.recorder.gave_up(now, intended, count);
            }
        }
        let mut tally = self.tally.borrow().clone();
        let accumulator = self.accumulator.borrow();
        for (index, partition) in tally.partitions.iter_mut().enumerate() {
            partition.end = accumulator.next_sequence(index);
            partition.unacknowledged.sort_by_key(|range| range.start);
        }
        let mut unsent = 0;
        if let Some((mut schedule, end)) = self.schedule.borrow_mut().take()
            && !is_broken_off
        {
            while schedule.next() < end {
                self.recorder.gave_up(now, schedule.next(), 1);
                schedule.advance();
                unsent += 1;
            }
        }
        (tally, unsent)
    }

    /// Bytes that a producer at full speed keeps ready: one more request for each lane than are under way.
    pub(super) fn window_bytes(&self) -> usize {
        let lanes = self.lanes.borrow().len().max(1);
        let request = to_usize(self.workload.request_size);
        (2 * lanes * request).min(self.buffer_bytes())
    }

    /// Bytes that a producer in an open loop gathers at most.
    pub(super) fn buffer_bytes(&self) -> usize {
        usize::try_from(self.workload.buffer_bytes).unwrap_or(usize::MAX)
    }
}

/// Takes a producer id; a broker that has just started may have to be asked again.
async fn init_producer_id(
    handle: &Handle,
    connection: &mut BrokerConnection,
) -> Result<BatchProducer, ClientError> {
    let request = InitProducerIdRequest {
        transactional_id: None,
        transaction_timeout_ms: 60_000,
        ..InitProducerIdRequest::default()
    };
    let deadline = handle.clock.now() + SETUP_WAIT;
    loop {
        let response = connection.call(&request).await?;
        let now = handle.clock.now();
        if is_retriable(response.error_code) && now < deadline {
            handle.clock.sleep_until(now + SETUP_INTERVAL).await;
            continue;
        }
        refuse("InitProducerId", response.error_code)?;
        return Ok(BatchProducer {
            id: ProducerId::new(response.producer_id),
            epoch: ProducerEpoch::new(response.producer_epoch),
            base_sequence: None,
        });
    }
}
