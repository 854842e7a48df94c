//! Batches of one producer, from their first message to the request that takes them (Kafka's `RecordAccumulator`).
//!
//! Invariants: a partition's batches leave in the order they were begun; a request holds one batch of a partition at
//! most, as Produce demands from version 3; sequences are dense by partition; a batch that is to be sent again leaves
//! before all others of its lane, and while no other is under way. No clock inside: `now` is given.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corelog_model::batch::{BatchProducer, Compression};
use corelog_model::{Sequence, TimestampMs};
use corelog_records::CompressError;
use corelog_runtime::Monotonic;

use crate::batch::{BatchWriter, RECORD_OVERHEAD_MAX, Slate, SlateMemory};
use crate::deck::Deck;
use crate::measure::Stamps;
use crate::number::to_u64;
use crate::payload::{HEADER_SIZE, Stamp};

/// Batches' memory kept to be filled again.
const SPARE_MAX: usize = 64;
/// A batch with as many messages may have the bodies of the one before it in the same memory: there are enough of them.
const BODIES_KEPT_MIN: usize = 32;

/// How batches are made.
#[derive(Clone, Debug)]
pub(super) struct AccumulatorOptions {
    /// Bytes at which a batch is full.
    pub batch_size: usize,
    /// How long a batch waits for more.
    pub linger: Duration,
    /// Bytes of batches in a request at most, unless a single one is larger.
    pub request_size: usize,
    /// How batches are compressed.
    pub compression: Compression,
    /// Whose sequences batches carry; none without idempotence.
    pub producer: Option<BatchProducer>,
    /// Whether batches are part of transactions.
    pub is_transactional: bool,
    /// The messages' bodies.
    pub deck: Arc<Deck>,
    /// The run's random number, and the number of the producer in it.
    pub sender: (u64, u32),
}

/// A batch that waits to be sent, or was.
#[derive(Debug)]
pub(super) struct SealedBatch {
    /// The partition.
    pub partition: usize,
    /// The batch.
    pub bytes: Bytes,
    /// Its messages' intended times.
    pub stamps: Stamps,
    /// Bytes of its messages' values.
    pub message_bytes: u64,
    /// The sequence of its first message; its messages are consecutive.
    pub first_sequence: u64,
    /// How often it was sent again.
    pub retries: u32,
    /// What it counts against the buffer.
    size: usize,
    /// Its memory, to be filled again.
    memory: SlateMemory,
}

struct Open {
    writer: BatchWriter,
    stamps: Stamps,
    message_bytes: u64,
    first_sequence: u64,
    opened: Monotonic,
}

#[derive(Default)]
struct Partition {
    lane: usize,
    open: Option<Open>,
    next_sequence: u64,
    /// The message that has the sequence 0 of the producer's epoch.
    epoch_begins: u64,
    /// The last request that took a batch.
    request: u64,
}

#[derive(Default)]
struct Lane {
    sealed: VecDeque<SealedBatch>,
    /// Open batches by age; an entry is stale when its partition's batch has another birth.
    opened: VecDeque<(Monotonic, usize)>,
    /// Batches to be sent again, by partition and first message.
    retries: BTreeMap<(usize, u64), SealedBatch>,
    /// Not before this.
    retry_at: Monotonic,
    /// Requests that were not answered.
    requests: usize,
}

/// What a lane gets.
#[derive(Debug)]
pub(super) enum Drained {
    /// Batches for one request.
    Request(Vec<SealedBatch>),
    /// Nothing before this time, if no message comes.
    Wait(Option<Monotonic>),
    /// Nothing any more: the accumulator is closed and the lane empty.
    Finished,
}

/// The batches of a producer.
pub(super) struct Accumulator {
    options: AccumulatorOptions,
    partitions: Vec<Partition>,
    lanes: Vec<Lane>,
    /// The partition that messages without a key go to now.
    sticky: usize,
    buffered: usize,
    requests: u64,
    is_closed: bool,
    /// Batches do not wait for more.
    is_flushing: bool,
    spare: Vec<Slate>,
    /// The place of the next body that is not in any memory yet.
    next_body: usize,
}

impl Accumulator {
    /// Partitions led by lane `lanes[partition]` each. `first` is where messages without a key begin, so that producers
    /// do not all begin at the same one.
    pub(super) fn new(options: AccumulatorOptions, lanes: &[usize], first: usize) -> Accumulator {
        let lane_count = lanes.iter().max().map_or(0, |last| last + 1);
        let partition = |lane: &usize| Partition {
            lane: *lane,
            ..Partition::default()
        };
        Accumulator {
            options,
            partitions: lanes.iter().map(partition).collect(),
            lanes: (0..lane_count).map(|_| Lane::default()).collect(),
            sticky: first % lanes.len().max(1),
            buffered: 0,
            requests: 0,
            is_closed: false,
            is_flushing: false,
            spare: Vec::new(),
            next_body: first.wrapping_mul(31),
        }
    }

    /// Bytes of batches that no request has taken.
    pub(super) fn buffered(&self) -> usize {
        self.buffered
    }

    /// Where a message without a key goes: one partition until its batch is gone (KIP-480).
    pub(super) fn sticky(&self) -> usize {
        self.sticky
    }

    /// The sequence of the next message of a partition.
    pub(super) fn next_sequence(&self, partition: usize) -> u64 {
        self.partitions[partition].next_sequence
    }

    /// Adds a message to its partition's batch, which may fill another one before.
    ///
    /// # Errors
    /// When a full batch does not compress.
    pub(super) fn append(
        &mut self,
        partition: usize,
        now: (Monotonic, TimestampMs),
        intended: Monotonic,
        key: Option<&[u8]>,
    ) -> Result<(), CompressError> {
        if let Some(open) = &self.partitions[partition].open {
            let body = self.options.deck.body(open.writer.next_body());
            let value_size = HEADER_SIZE + body.bytes().len();
            let record_max = value_size + key.map_or(0, <[u8]>::len) + RECORD_OVERHEAD_MAX;
            if open.writer.size() + record_max > self.options.batch_size {
                self.seal(partition)?;
            }
        }
        let state = &mut self.partitions[partition];
        let open = state.open.get_or_insert_with(|| {
            let mut slate = self.spare.pop().unwrap_or_default();
            if slate.body_count() < BODIES_KEPT_MIN {
                slate.begin_at(self.next_body);
            }
            self.lanes[state.lane].opened.push_back((now.0, partition));
            Open {
                writer: BatchWriter::new(slate, now.1),
                stamps: Stamps::default(),
                message_bytes: 0,
                first_sequence: state.next_sequence,
                opened: now.0,
            }
        });
        let before = open.writer.size();
        let body = self.options.deck.body(open.writer.next_body());
        let stamp = Stamp {
            run: self.options.sender.0,
            producer: self.options.sender.1,
            sequence: state.next_sequence,
            intended,
        };
        open.writer.push(now.1, key, &stamp.header(body), body.bytes());
        open.stamps.push(intended);
        open.message_bytes += to_u64(HEADER_SIZE + body.bytes().len());
        state.next_sequence += 1;
        self.buffered += open.writer.size() - before;
        Ok(())
    }

    fn seal(&mut self, partition: usize) -> Result<(), CompressError> {
        let Some(open) = self.partitions[partition].open.take() else {
            return Ok(());
        };
        if self.sticky == partition {
            self.sticky = (partition + 1) % self.partitions.len();
        }
        let producer = self.options.producer.map(|producer| BatchProducer {
            base_sequence: Some(wire_sequence(
                open.first_sequence - self.partitions[partition].epoch_begins,
            )),
            ..producer
        });
        // The header is not counted while a batch fills.
        let size = open.writer.size() - corelog_model::batch::HEADER_SIZE;
        self.next_body = self.next_body.max(open.writer.next_body());
        let (bytes, memory) =
            open.writer
                .finish(self.options.compression, producer, self.options.is_transactional)?;
        let lane = &mut self.lanes[self.partitions[partition].lane];
        lane.sealed.push_back(SealedBatch {
            partition,
            bytes,
            stamps: open.stamps,
            message_bytes: open.message_bytes,
            first_sequence: open.first_sequence,
            retries: 0,
            size,
            memory,
        });
        Ok(())
    }

    /// Takes the next request's batches for a lane, if any are due.
    ///
    /// # Errors
    /// When a batch that is due does not compress.
    pub(super) fn drain(&mut self, lane: usize, now: Monotonic) -> Result<Drained, CompressError> {
        self.requests += 1;
        if !self.lanes[lane].retries.is_empty() {
            return Ok(self.drain_retries(lane, now));
        }
        let mut request = Vec::new();
        let mut size = 0;
        loop {
            if let Some(batch) = self.lanes[lane].sealed.front() {
                let fits = request.is_empty() || size + batch.bytes.len() <= self.options.request_size;
                if !fits || self.partitions[batch.partition].request == self.requests {
                    break;
                }
                let batch = self.lanes[lane].sealed.pop_front().expect("looked at");
                self.partitions[batch.partition].request = self.requests;
                self.buffered -= batch.size;
                size += batch.bytes.len();
                request.push(batch);
                continue;
            }
            match self.oldest(lane) {
                Some((opened, partition))
                    if self.is_closed || self.is_flushing || opened + self.options.linger <= now =>
                {
                    self.lanes[lane].opened.pop_front();
                    self.seal(partition)?;
                }
                Some(_) | None => break,
            }
        }
        if !request.is_empty() {
            self.lanes[lane].requests += 1;
            return Ok(Drained::Request(request));
        }
        if let Some((opened, _)) = self.oldest(lane) {
            return Ok(Drained::Wait(Some(opened + self.options.linger)));
        }
        Ok(if self.is_closed {
            Drained::Finished
        } else {
            Drained::Wait(None)
        })
    }

    /// A request of batches that are sent again, the first of each partition.
    fn drain_retries(&mut self, lane: usize, now: Monotonic) -> Drained {
        let lane = &mut self.lanes[lane];
        if lane.requests > 0 {
            return Drained::Wait(None);
        }
        if lane.retry_at > now {
            return Drained::Wait(Some(lane.retry_at));
        }
        let mut request: Vec<SealedBatch> = Vec::new();
        let mut size = 0;
        while let Some(entry) = lane
            .retries
            .range((request.last().map_or(0, |batch| batch.partition + 1), 0)..)
            .next()
            .map(|(place, batch)| (*place, batch.bytes.len()))
        {
            let (place, bytes) = entry;
            if !request.is_empty() && size + bytes > self.options.request_size {
                break;
            }
            size += bytes;
            request.extend(lane.retries.remove(&place));
        }
        lane.requests += 1;
        Drained::Request(request)
    }

    /// A request of a lane was answered.
    pub(super) fn answered(&mut self, lane: usize) {
        self.lanes[lane].requests -= 1;
    }

    /// Sends a batch once more, at `when`, and whatever was sent behind it once more after it.
    pub(super) fn retry(&mut self, mut batch: SealedBatch, when: Monotonic) {
        batch.retries += 1;
        let lane = &mut self.lanes[self.partitions[batch.partition].lane];
        lane.retry_at = lane.retry_at.max(when);
        lane.retries
            .insert((batch.partition, batch.first_sequence), batch);
    }

    /// Whether a batch was sent behind one of its partition that is to be sent again, so that its sequence is out of order.
    pub(super) fn is_behind_retry(&self, batch: &SealedBatch) -> bool {
        let lane = &self.lanes[self.partitions[batch.partition].lane];
        let before = (batch.partition, 0)..(batch.partition, batch.first_sequence);
        lane.retries.range(before).next().is_some()
    }

    /// Whether open batches are due at once.
    pub(super) fn set_flushing(&mut self, is_flushing: bool) {
        self.is_flushing = is_flushing;
    }

    /// From now on batches are of `producer`, whose sequences begin anew if it is another epoch. Nothing may be under way.
    pub(super) fn set_producer(&mut self, producer: BatchProducer) {
        if self.options.producer.replace(producer) == Some(producer) {
            return;
        }
        for partition in &mut self.partitions {
            partition.epoch_begins = partition.next_sequence;
        }
    }

    /// The oldest open batch of a lane.
    fn oldest(&mut self, lane: usize) -> Option<(Monotonic, usize)> {
        loop {
            let (opened, partition) = *self.lanes[lane].opened.front()?;
            let open = self.partitions[partition].open.as_ref();
            if open.is_some_and(|open| open.opened == opened) {
                return Some((opened, partition));
            }
            self.lanes[lane].opened.pop_front();
        }
    }

    /// No more messages: open batches are due at once.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }

    /// Takes a batch's memory back once its request was answered.
    pub(super) fn recycle(&mut self, batch: SealedBatch) {
        drop(batch.bytes);
        if self.spare.len() < SPARE_MAX
            && let Some(slate) = batch.memory.reclaim()
        {
            self.spare.push(slate);
        }
    }

    /// Takes everything that was not sent, as batches.
    pub(super) fn take_unsent(&mut self) -> Vec<SealedBatch> {
        let mut unsent = Vec::new();
        for lane in &mut self.lanes {
            unsent.extend(std::mem::take(&mut lane.retries).into_values());
            unsent.extend(lane.sealed.drain(..));
        }
        for (index, partition) in self.partitions.iter_mut().enumerate() {
            if let Some(open) = partition.open.take() {
                unsent.push(SealedBatch {
                    partition: index,
                    bytes: Bytes::new(),
                    stamps: open.stamps,
                    message_bytes: open.message_bytes,
                    first_sequence: open.first_sequence,
                    retries: 0,
                    size: 0,
                    memory: SlateMemory::default(),
                });
            }
        }
        self.buffered = 0;
        unsent
    }
}

/// A sequence as batches carry it: 31 bits, then from zero again (KIP-98).
fn wire_sequence(sequence: u64) -> Sequence {
    let wrapped = i32::try_from(sequence & 0x7fff_ffff).expect("31 bits");
    Sequence::new(wrapped).expect("not negative")
}

#[cfg(test)]
mod tests {
    use corelog_model::ValidatedBatch;

    use super::*;
    use crate::workload::parse;

    fn at(millis: u64) -> Monotonic {
        Monotonic::from_nanos(millis * 1_000_000)
    }

    fn accumulator(lanes: &[usize]) -> Accumulator {
        let options = AccumulatorOptions {
            batch_size: 1000,
            linger: Duration::from_millis(10),
            request_size: 2500,
            compression: Compression::None,
            producer: None,
            is_transactional: false,
            deck: Arc::new(Deck::new(&parse("message_size = 300", &[]).unwrap(), None)),
            sender: (1, 0),
        };
        Accumulator::new(options, lanes, 0)
    }

    fn append(accumulator: &mut Accumulator, partition: usize, millis: u64) {
        let now = (at(millis), TimestampMs::new(0));
        accumulator.append(partition, now, at(millis), None).unwrap();
    }

    fn batches(drained: Drained) -> Vec<(usize, u64, u64)> {
        match drained {
            Drained::Request(batches) => batches
                .iter()
                .map(|batch| {
                    ValidatedBatch::new(batch.bytes.clone()).unwrap();
                    (batch.partition, batch.first_sequence, batch.stamps.count())
                })
                .collect(),
            Drained::Wait(_) | Drained::Finished => panic!("nothing to send: {drained:?}"),
        }
    }

    #[test]
    fn a_batch_waits_for_its_linger() {
        let mut accumulator = accumulator(&[0]);
        append(&mut accumulator, 0, 5);
        append(&mut accumulator, 0, 6);
        let waits = accumulator.drain(0, at(14)).unwrap();
        assert!(
            matches!(waits, Drained::Wait(Some(until)) if until == at(15)),
            "{waits:?}"
        );
        assert_eq!(batches(accumulator.drain(0, at(15)).unwrap()), [(0, 0, 2)]);
        assert_eq!(accumulator.buffered(), 0);
        let waits = accumulator.drain(0, at(16)).unwrap();
        assert!(matches!(waits, Drained::Wait(None)), "{waits:?}");
    }

    #[test]
    fn full_batches_go_at_once_one_of_a_partition_a_request() {
        let mut accumulator = accumulator(&[0, 0]);
        for _ in 0..7 {
            append(&mut accumulator, 0, 1);
        }
        append(&mut accumulator, 1, 1);
        // Two full batches of partition 0, then the open ones when they are due.
        assert_eq!(batches(accumulator.drain(0, at(1)).unwrap()), [(0, 0, 2)]);
        assert_eq!(batches(accumulator.drain(0, at(1)).unwrap()), [(0, 2, 2)]);
        assert_eq!(batches(accumulator.drain(0, at(1)).unwrap()), [(0, 4, 2)]);
        assert!(matches!(
            accumulator.drain(0, at(1)).unwrap(),
            Drained::Wait(Some(_))
        ));
        let mut last = batches(accumulator.drain(0, at(11)).unwrap());
        last.sort_unstable();
        assert_eq!(last, [(0, 6, 1), (1, 0, 1)]);
    }

    #[test]
    fn closing_flushes_and_finishes() {
        let mut accumulator = accumulator(&[0, 1]);
        append(&mut accumulator, 0, 1);
        append(&mut accumulator, 1, 1);
        accumulator.close();
        assert_eq!(batches(accumulator.drain(1, at(1)).unwrap()), [(1, 0, 1)]);
        assert!(matches!(accumulator.drain(1, at(1)).unwrap(), Drained::Finished));
        assert_eq!(batches(accumulator.drain(0, at(1)).unwrap()), [(0, 0, 1)]);
        assert!(matches!(accumulator.drain(0, at(1)).unwrap(), Drained::Finished));
    }

    #[test]
    fn requests_keep_their_size() {
        let mut accumulator = accumulator(&[0, 0, 0, 0, 0]);
        for partition in 0..5 {
            append(&mut accumulator, partition, 1);
            append(&mut accumulator, partition, 1);
        }
        let first = batches(accumulator.drain(0, at(50)).unwrap());
        assert_eq!(first, [(0, 0, 2), (1, 0, 2), (2, 0, 2)]);
        assert_eq!(
            batches(accumulator.drain(0, at(50)).unwrap()),
            [(3, 0, 2), (4, 0, 2)]
        );
    }

    fn request(drained: Drained) -> Vec<SealedBatch> {
        match drained {
            Drained::Request(batches) => batches,
            Drained::Wait(_) | Drained::Finished => panic!("nothing to send: {drained:?}"),
        }
    }

    #[test]
    fn what_is_sent_again_leaves_first_and_in_order() {
        let mut accumulator = accumulator(&[0, 0]);
        for _ in 0..4 {
            append(&mut accumulator, 0, 1);
        }
        append(&mut accumulator, 1, 1);
        let first = request(accumulator.drain(0, at(1)).unwrap()).remove(0);
        let mut rest = request(accumulator.drain(0, at(11)).unwrap());
        rest.sort_by_key(|batch| batch.partition);
        let (second, other) = (rest.remove(0), rest.remove(0));
        assert_eq!((first.first_sequence, second.first_sequence), (0, 2));
        append(&mut accumulator, 1, 12);

        assert!(!accumulator.is_behind_retry(&first));
        accumulator.answered(0);
        accumulator.retry(first, at(30));
        assert!(accumulator.is_behind_retry(&second));
        assert!(!accumulator.is_behind_retry(&other));
        let waits = accumulator.drain(0, at(40)).unwrap();
        assert!(
            matches!(waits, Drained::Wait(None)),
            "one is under way: {waits:?}"
        );
        accumulator.answered(0);
        accumulator.retry(second, at(35));
        accumulator.retry(other, at(25));
        let waits = accumulator.drain(0, at(34)).unwrap();
        assert!(
            matches!(waits, Drained::Wait(Some(until)) if until == at(35)),
            "{waits:?}"
        );

        assert_eq!(
            batches(accumulator.drain(0, at(35)).unwrap()),
            [(0, 0, 2), (1, 0, 1)]
        );
        accumulator.answered(0);
        assert_eq!(batches(accumulator.drain(0, at(36)).unwrap()), [(0, 2, 2)]);
        accumulator.answered(0);
        assert_eq!(batches(accumulator.drain(0, at(40)).unwrap()), [(1, 1, 1)]);
    }

    #[test]
    fn a_flush_waits_for_nothing() {
        let mut accumulator = accumulator(&[0]);
        append(&mut accumulator, 0, 1);
        accumulator.set_flushing(true);
        assert_eq!(batches(accumulator.drain(0, at(1)).unwrap()), [(0, 0, 1)]);
        accumulator.set_flushing(false);
        append(&mut accumulator, 0, 1);
        assert!(matches!(
            accumulator.drain(0, at(1)).unwrap(),
            Drained::Wait(Some(_))
        ));
    }

    #[test]
    fn sequences_begin_anew_with_another_epoch() {
        let mut accumulator = accumulator(&[0]);
        let producer = |epoch| BatchProducer {
            id: corelog_model::ProducerId::new(5),
            epoch: corelog_model::ProducerEpoch::new(epoch),
            base_sequence: None,
        };
        for (epoch, expected) in [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)] {
            accumulator.set_producer(producer(epoch));
            append(&mut accumulator, 0, 1);
            let batch = request(accumulator.drain(0, at(50)).unwrap()).remove(0);
            accumulator.answered(0);
            let found = ValidatedBatch::new(batch.bytes).unwrap();
            let found = found.header().producer.expect("it has one");
            assert_eq!(
                (found.epoch.get(), found.base_sequence),
                (epoch, Sequence::new(expected))
            );
        }
    }

    #[test]
    fn messages_without_a_key_stick_to_a_batch() {
        let mut accumulator = accumulator(&[0, 0]);
        let mut places = Vec::new();
        for _ in 0..6 {
            let place = accumulator.sticky();
            append(&mut accumulator, place, 1);
            places.push(accumulator.sticky());
        }
        assert!(places.contains(&1) && places.contains(&0), "{places:?}");
    }

    #[test]
    fn sequences_wrap() {
        assert_eq!(wire_sequence(u64::from(i32::MAX.unsigned_abs())).get(), i32::MAX);
        assert_eq!(wire_sequence(1 << 31).get(), 0);
    }

    #[test]
    fn what_was_not_sent_is_given_back() {
        let mut accumulator = accumulator(&[0]);
        for _ in 0..3 {
            append(&mut accumulator, 0, 1);
        }
        let unsent = accumulator.take_unsent();
        let messages: u64 = unsent.iter().map(|batch| batch.stamps.count()).sum();
        assert_eq!(messages, 3);
        assert_eq!(accumulator.buffered(), 0);
    }
}
