//! Reads the partitions of one consumer from one leader, with one fetch under way as Java's consumer has it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;
use corelog_model::{BatchError, ValidatedBatch};
use corelog_protocol::messages::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, ForgottenTopic,
};
use corelog_protocol::{ApiKey, ByteStr};
use corelog_records::{Records, payload};
use corelog_runtime::{Handle, Monotonic};

use super::aborted::AbortedTransactions;
use super::session::{FetchSession, Verdict};
use super::{Assigned, ConsumedPartition, ReadPosition, SequenceCheck};
use crate::client::{BrokerConnection, ClientError, Cluster, TopicPlan, end_offsets, refuse};
use crate::measure::{Recorder, Stamps};
use crate::number::{to_u64, to_usize};
use crate::payload::check;
use crate::task::yield_now;
use crate::workload::Workload;

/// The largest batch after decompression.
const DECOMPRESSED_MAX: usize = 256 * 1024 * 1024;
/// Bytes checked before other tasks have a turn.
const TURN_BYTES: usize = 256 * 1024;

/// Which consumer of the run this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConsumerSeat {
    /// The run's random number.
    pub run: u64,
    /// The topic, from zero.
    pub topic: u32,
    /// The group, from zero within the topic.
    pub group: u32,
    /// The consumer, from zero within the group.
    pub member: u32,
}

impl ConsumerSeat {
    /// The id of its group, given its topic's name. That has the run's number, so nobody has committed anything for it.
    pub fn group_id(&self, topic: &str) -> String {
        format!("{topic}-{}", self.group)
    }
}

/// Tells the fetchers of a shard that no more will be produced, and takes what they saw.
#[derive(Clone, Default)]
pub struct Gate(Rc<GateInner>);

#[derive(Default)]
struct GateInner {
    is_draining: Cell<bool>,
    seen: RefCell<BTreeMap<(u32, u32, usize), ConsumedPartition>>,
}

impl Gate {
    /// From now on fetchers end where their partitions end.
    pub fn drain(&self) {
        self.0.is_draining.set(true);
    }

    /// What was seen, of each partition of each group.
    pub fn take_seen(&self) -> Vec<ConsumedPartition> {
        let seen = std::mem::take(&mut *self.0.seen.borrow_mut());
        seen.into_values().collect()
    }
}

struct Position {
    partition: i32,
    /// For whoever commits.
    read: ReadPosition,
    offset: i64,
    end: Option<i64>,
    /// The broker does not know the offset yet.
    has_moved: bool,
}

impl Position {
    fn advance(&mut self, next: i64) {
        self.offset = next;
        self.read.advance(next);
    }
}

/// A consumer's connection to one leader.
pub struct Fetcher {
    handle: Handle,
    connection: BrokerConnection,
    workload: Rc<Workload>,
    topic: TopicPlan,
    seat: ConsumerSeat,
    recorder: Rc<Recorder>,
    gate: Gate,
    positions: Vec<Position>,
    session: FetchSession,
    /// Partitions read to their end, which the session still has.
    left: Vec<i32>,
}

impl Fetcher {
    /// Connects a consumer to the leaders of its partitions, ascending ones of its topic, and finds where these end now:
    /// that is where it begins.
    ///
    /// # Errors
    /// See `ClientError`; `Assignment` if another consumer of the group and this shard has one of them.
    pub async fn open_all(
        handle: &Handle,
        cluster: &Cluster,
        workload: &Rc<Workload>,
        assigned: &Assigned,
        recorder: &Rc<Recorder>,
        gate: &Gate,
    ) -> Result<Vec<Fetcher>, ClientError> {
        let seat = assigned.seat;
        let topic = &cluster.topics[to_usize(seat.topic)];
        let mut by_leader: BTreeMap<i32, Vec<Position>> = BTreeMap::new();
        for read in &assigned.positions {
            let leader = topic.leaders[index(read.partition())];
            by_leader.entry(leader).or_default().push(Position {
                partition: read.partition(),
                read: read.clone(),
                offset: 0,
                end: None,
                has_moved: true,
            });
        }
        let mut fetchers = Vec::new();
        for (leader, positions) in by_leader {
            let address = cluster.brokers.get(&leader).ok_or_else(|| ClientError::Missing {
                api: ApiKey::Metadata,
                what: format!("broker {leader}"),
            })?;
            let mut fetcher = Fetcher {
                handle: handle.clone(),
                connection: BrokerConnection::open(handle, *address).await?,
                workload: Rc::clone(workload),
                topic: topic.clone(),
                seat,
                recorder: Rc::clone(recorder),
                gate: gate.clone(),
                positions,
                session: FetchSession::new(workload.fetch_sessions),
                left: Vec::new(),
            };
            let ends = fetcher.ends().await?;
            for position in &mut fetcher.positions {
                position.advance(ends[&position.partition]);
                let consumed = ConsumedPartition {
                    group: seat.group,
                    topic: seat.topic,
                    partition: index(position.partition),
                    sequences: vec![SequenceCheck::default(); to_usize(workload.producers_per_topic)],
                    corrupt: 0,
                    is_complete: false,
                };
                let key = fetcher_key(seat, position.partition);
                if gate.0.seen.borrow_mut().insert(key, consumed).is_some() {
                    return Err(ClientError::Assignment {
                        group: seat.group_id(&topic.name),
                        reason: format!("two consumers have partition {}", position.partition),
                    });
                }
            }
            fetchers.push(fetcher);
        }
        Ok(fetchers)
    }

    /// Where each partition ends now.
    async fn ends(&mut self) -> Result<BTreeMap<i32, i64>, ClientError> {
        let partitions: Vec<i32> = self.positions.iter().map(|position| position.partition).collect();
        end_offsets(&self.handle, &mut self.connection, &self.topic.name, &partitions).await
    }

    /// Reads until the gate drains and everything that was there then is read.
    ///
    /// # Errors
    /// See `ClientError`; an error of any partition ends it.
    pub async fn run(mut self) -> Result<(), ClientError> {
        let mut are_ends_known = false;
        loop {
            if self.gate.0.is_draining.get() && !are_ends_known {
                let ends = self.ends().await?;
                for position in &mut self.positions {
                    position.end = Some(ends[&position.partition]);
                }
                are_ends_known = true;
            }
            if are_ends_known {
                self.leave_finished();
                if self.positions.is_empty() {
                    return Ok(());
                }
            }
            let request = self.request();
            let response = self.connection.call(&request).await?;
            match self.session.answered(response.error_code, response.session_id) {
                Verdict::Take => self.take(response).await?,
                Verdict::AskAgain => {}
                Verdict::Failed => refuse("Fetch", response.error_code)?,
            }
        }
    }

    fn leave_finished(&mut self) {
        let (gate, seat, left) = (&self.gate, self.seat, &mut self.left);
        self.positions.retain(|position| {
            let is_over = position.end.is_some_and(|end| position.offset >= end);
            if is_over
                && let Some(seen) = gate
                    .0
                    .seen
                    .borrow_mut()
                    .get_mut(&fetcher_key(seat, position.partition))
            {
                seen.is_complete = true;
            }
            if is_over {
                left.push(position.partition);
            }
            !is_over
        });
    }

    /// A request for all partitions, or within a session for those that have moved.
    fn request(&mut self) -> FetchRequest {
        let wire = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
        let (session_id, session_epoch) = self.session.wire();
        let is_full = self.session.is_full();
        let mut partitions = Vec::new();
        for position in &mut self.positions {
            if std::mem::take(&mut position.has_moved) || is_full {
                partitions.push(FetchPartition {
                    partition: position.partition,
                    fetch_offset: position.offset,
                    partition_max_bytes: wire(self.workload.fetch_partition_bytes),
                    ..FetchPartition::default()
                });
            }
        }
        let (topic, topic_id) = (ByteStr::from(self.topic.name.as_str()), self.topic.id);
        let left = std::mem::take(&mut self.left);
        let forgotten = (!left.is_empty() && !is_full).then(|| ForgottenTopic {
            topic: topic.clone(),
            topic_id,
            partitions: left,
        });
        let named = (!partitions.is_empty()).then_some(FetchTopic {
            topic,
            topic_id,
            partitions,
        });
        FetchRequest {
            max_wait_ms: wire(self.workload.fetch_wait_ms),
            min_bytes: wire(self.workload.fetch_min_bytes),
            isolation_level: self.workload.isolation.wire(),
            max_bytes: wire(self.workload.fetch_max_bytes),
            session_id,
            session_epoch,
            topics: named.into_iter().collect(),
            forgotten_topics: forgotten.into_iter().collect(),
            ..FetchRequest::default()
        }
    }

    async fn take(&mut self, response: FetchResponse) -> Result<(), ClientError> {
        let now = self.handle.clock.now();
        let mut turn = 0;
        for part in response.topics.into_iter().flat_map(|topic| topic.partitions) {
            refuse("Fetch", part.error_code)?;
            let mut bytes = part
                .records
                .map(|records| records.into_bytes())
                .unwrap_or_default();
            let aborted = part.aborted_transactions.unwrap_or_default();
            let mut aborted = AbortedTransactions::new(aborted);
            while let Some(batch) = next_batch(&mut bytes)? {
                turn += batch.bytes().len();
                let is_aborted = aborted.holds(&batch);
                self.take_batch(part.partition_index, &batch, is_aborted, now)?;
                if turn >= TURN_BYTES {
                    turn = 0;
                    yield_now().await;
                }
            }
        }
        Ok(())
    }

    fn take_batch(
        &mut self,
        partition: i32,
        batch: &ValidatedBatch,
        is_aborted: bool,
        now: Monotonic,
    ) -> Result<(), ClientError> {
        // Ascending, as they were given out.
        let found = self
            .positions
            .binary_search_by_key(&partition, |position| position.partition);
        let Ok(found) = found else {
            return Ok(());
        };
        let position = &mut self.positions[found];
        let header = batch.header();
        let from = position.offset;
        position.advance(from.max(header.next_offset().get()));
        position.has_moved = true;
        if header.is_control || is_aborted {
            return Ok(());
        }
        let faulty = |reason: String| ClientError::Damaged { partition, reason };
        let records =
            payload(header, batch.bytes(), DECOMPRESSED_MAX).map_err(|error| faulty(error.to_string()))?;
        let mut seen = self.gate.0.seen.borrow_mut();
        let seen = seen
            .get_mut(&fetcher_key(self.seat, partition))
            .expect("made when the fetcher was opened");
        let first_producer = self.seat.topic * self.workload.producers_per_topic;
        let (mut stamps, mut bytes) = (Stamps::default(), 0);
        for record in Records::new(header, &records) {
            let record = record.map_err(|error| faulty(error.to_string()))?;
            if record.offset(header).is_none_or(|offset| offset.get() < from) {
                continue;
            }
            let value = record.value.unwrap_or_default();
            let stamp = check(value).ok().filter(|stamp| stamp.run == self.seat.run);
            let producer = stamp.and_then(|stamp| stamp.producer.checked_sub(first_producer));
            let sequence = producer.and_then(|producer| seen.sequences.get_mut(to_usize(producer)));
            match (stamp, sequence) {
                (Some(stamp), Some(sequence)) => {
                    sequence.see(stamp.sequence);
                    stamps.push(stamp.intended);
                    bytes += to_u64(value.len());
                }
                (_, _) => seen.corrupt += 1,
            }
        }
        self.recorder.consumed(now, &stamps, bytes);
        Ok(())
    }
}

fn index(partition: i32) -> usize {
    usize::try_from(partition).expect("partitions are counted from zero")
}

fn fetcher_key(seat: ConsumerSeat, partition: i32) -> (u32, u32, usize) {
    (seat.group, seat.topic, index(partition))
}

/// Takes the next whole batch; the last one of an answer may be cut.
fn next_batch(bytes: &mut Bytes) -> Result<Option<ValidatedBatch>, ClientError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    match ValidatedBatch::split_from(bytes) {
        Ok(batch) => Ok(Some(batch)),
        Err(BatchError::Truncated { .. }) => Ok(None),
        Err(error) => Err(ClientError::Batch(error)),
    }
}
