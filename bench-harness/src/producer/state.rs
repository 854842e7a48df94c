//! A producer's state, shared by its pump and its lanes on one shard.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_model::TimestampMs;
use corelog_protocol::{ApiKey, ByteStr};
use corelog_runtime::local::Notify;
use corelog_runtime::{Handle, Monotonic};

use super::accumulator::{Accumulator, AccumulatorOptions, SealedBatch};
use super::generator::Generator;
use super::lane::Lane;
use super::pump::Turns;
use super::tally::ProducedTally;
use super::transaction::{Answered, Reaction, Transaction, reaction, retry_wait};
use crate::client::{
    BrokerConnection, ClientError, Cluster, SETUP_WAIT, TransactionalId, error_name, init_producer_id, refuse,
};
use crate::deck::Deck;
use crate::measure::{Recorder, Stamps};
use crate::number::to_usize;
use crate::schedule::Schedule;
use crate::task::TaskGroup;
use crate::workload::Workload;

/// How long a transaction may last: Java's `transaction.timeout.ms`.
const TRANSACTION_TIMEOUT_MS: i32 = 60_000;

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
    /// The transactional id; none without transactions, and while a commit has it.
    transactional: RefCell<Option<TransactionalId>>,
    /// Its name, for the lanes.
    pub(super) transactional_id: Option<ByteStr>,
    transaction: RefCell<Option<Transaction>>,
    /// The transaction under way has all of its messages: the pump looks.
    pub(super) filled: Notify,
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
        let (mut identity, mut transactional) = (None, None);
        if workload.is_transactional() {
            let id = format!("{}-{}", topic.name, seat.number);
            let open = TransactionalId::open(handle, cluster, id, TRANSACTION_TIMEOUT_MS).await?;
            identity = Some(open.producer());
            transactional = Some(open);
        } else if workload.idempotence
            && let Some(connection) = connections.first_mut()
        {
            identity = Some(init_producer_id(handle, connection, None, TRANSACTION_TIMEOUT_MS).await?);
        }
        let options = AccumulatorOptions {
            batch_size: to_usize(workload.batch_size),
            linger: Duration::from_secs_f64(workload.linger_ms / 1e3),
            request_size: to_usize(workload.request_size),
            compression: workload.compression.into(),
            producer: identity,
            is_transactional: transactional.is_some(),
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
            transactional_id: transactional.as_ref().map(|open| ByteStr::from(open.id())),
            transactional: RefCell::new(transactional),
            transaction: RefCell::new(Transaction::new(workload)),
            filled: Notify::new(),
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
        let transaction = &mut *self.transaction.borrow_mut();
        let count = transaction
            .as_ref()
            .map_or(count, |open| open.room(now.0).min(count));
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
        if let Some(open) = transaction {
            open.take(now.0, taken);
            if open.is_due(now.0) {
                self.filled.notify_all();
            }
        }
        Ok(taken)
    }

    /// A batch was answered with `error_code`.
    ///
    /// # Errors
    /// `Refused` within a transaction, which then is not what it is meant to be.
    pub(super) fn settle(
        &self,
        now: Monotonic,
        batch: SealedBatch,
        error_code: i16,
    ) -> Result<(), ClientError> {
        let count = batch.stamps.count();
        if let Some(open) = &mut *self.transaction.borrow_mut() {
            let accumulator = &mut *self.accumulator.borrow_mut();
            match reaction(error_code, accumulator.is_behind_retry(&batch)) {
                Reaction::Done => open.answered(&batch),
                Reaction::Again if now < self.retried_until(&batch) => {
                    self.recorder.retried(now);
                    let when = now + retry_wait(batch.retries);
                    accumulator.retry(batch, when);
                    return Ok(());
                }
                Reaction::Again | Reaction::Fail => {
                    accumulator.retry(batch, now);
                    refuse("Produce in a transaction", error_code)?;
                    return Ok(());
                }
            }
        } else if error_code == 0 {
            self.recorder.published(now, &batch.stamps, batch.message_bytes);
        } else {
            self.fail(
                now,
                &batch.stamps,
                batch.partition,
                batch.first_sequence,
                &error_name(error_code),
            );
        }
        self.outstanding.set(self.outstanding.get() - count);
        self.accumulator.borrow_mut().recycle(batch);
        self.answered.notify_all();
        Ok(())
    }

    /// A batch of a transaction is sent again until then.
    fn retried_until(&self, batch: &SealedBatch) -> Monotonic {
        batch.stamps.first().unwrap_or_default() + SETUP_WAIT
    }

    /// Whether the transaction under way is to be committed now.
    pub(super) fn is_transaction_due(&self) -> bool {
        let now = self.handle.clock.now();
        self.transaction
            .borrow()
            .as_ref()
            .is_some_and(|open| open.is_due(now))
    }

    /// When the transaction under way is to be committed, if that is by time.
    pub(super) fn transaction_due(&self) -> Option<Monotonic> {
        self.transaction.borrow().as_ref()?.due()
    }

    /// Commits the transaction under way as Java's producer does: it takes no more messages on, sends what waits at once,
    /// and asks for the end once all of it was answered. Then what it had is published.
    ///
    /// # Errors
    /// `Refused` and those of a connection.
    pub(super) async fn commit(&self) -> Result<(), ClientError> {
        let has_messages = self
            .transaction
            .borrow_mut()
            .as_mut()
            .is_some_and(Transaction::end);
        if !has_messages {
            return Ok(());
        }
        let begun = self.handle.clock.now();
        self.accumulator.borrow_mut().set_flushing(true);
        self.added.notify_all();
        loop {
            let answered = self.answered.notified();
            if self.outstanding.get() == 0 {
                break;
            }
            answered.await;
        }
        self.accumulator.borrow_mut().set_flushing(false);
        let open = self.transactional.borrow_mut().take();
        let mut open = open.expect("a producer commits one transaction at a time");
        self.end_transaction(&mut open).await?;
        self.accumulator.borrow_mut().set_producer(open.producer());
        *self.transactional.borrow_mut() = Some(open);
        let now = self.handle.clock.now();
        for batch in self.finish_transaction() {
            self.recorder.published(now, &batch.stamps, batch.message_bytes);
        }
        self.recorder.committed(now, now.since(begun));
        Ok(())
    }

    /// Asks for the end until it is granted.
    async fn end_transaction(&self, open: &mut TransactionalId) -> Result<(), ClientError> {
        let clock = &self.handle.clock;
        let deadline = clock.now() + SETUP_WAIT;
        let mut retries = 0;
        loop {
            let error_code = open.commit().await?;
            let now = clock.now();
            match reaction(error_code, false) {
                Reaction::Done => return Ok(()),
                Reaction::Again if now < deadline => {
                    self.recorder.retried(now);
                    clock.sleep_until(now + retry_wait(retries)).await;
                    retries += 1;
                }
                Reaction::Again | Reaction::Fail => {
                    refuse(&format!("EndTxn of {}", open.id()), error_code)?;
                }
            }
        }
    }

    fn finish_transaction(&self) -> Vec<Answered> {
        let mut transaction = self.transaction.borrow_mut();
        transaction.as_mut().map(Transaction::finish).unwrap_or_default()
    }

    fn fail(&self, now: Monotonic, stamps: &Stamps, partition: usize, first_sequence: u64, error: &str) {
        let count = stamps.count();
        self.recorder.failed(now, error, count);
        let sequences = first_sequence..first_sequence + count;
        self.tally.borrow_mut().fail(partition, sequences);
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
        let open = open.iter().map(Answered::from);
        let open: Vec<(Answered, &str)> = open
            .map(|batch| (batch, "not acknowledged before the run gave up"))
            .chain(
                self.finish_transaction()
                    .into_iter()
                    .map(|batch| (batch, "not committed before the run gave up")),
            )
            .collect();
        for (batch, error) in open {
            self.fail(now, &batch.stamps, batch.partition, batch.first_sequence, error);
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
