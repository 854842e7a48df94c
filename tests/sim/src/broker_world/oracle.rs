//! What clients were told, and what may therefore never be seen or missed again.
//!
//! - A batch that was seen at an offset is there for good, with these bytes; offsets are dense.
//! - A batch that was acknowledged is at the offset that was answered.
//! - Nothing is seen that was not sent, nor more often than it was sent; with idempotence only once, and in order.
//! - A time is found at the first batch that has it, if anything.
//! - What was acknowledged is never said to be truncated (KIP-320), and the leader's epoch never goes back.
//! - High watermark and log start, as told by answers to requests sent after earlier answers, never go back.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use corelog_model::batch::{check_crc, parse_header};
use corelog_model::{PartitionId, ProducerId, TopicId};

use super::batches::number_of;
use super::position::Position;

/// A batch that a client sends.
#[derive(Debug)]
struct Message {
    partition: PartitionId,
    writer: u64,
    /// It is there once at most, and in the order of its writer: with idempotence, or if it is sent but once.
    is_once: bool,
    crc: u32,
    sends: u64,
    seen: BTreeSet<i64>,
    acknowledged: Option<i64>,
    /// The end of the log as it was known when this was first sent.
    floor: i64,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    next: i64,
    number: u64,
    /// The leader epoch; -1 while it is known from an acknowledgment alone.
    epoch: i32,
}

#[derive(Debug, Default)]
struct Log {
    batches: BTreeMap<i64, Seen>,
    acknowledged: BTreeMap<i64, Seen>,
    /// By writer whose batches are there once: offsets and numbers seen.
    orders: BTreeMap<u64, BTreeMap<i64, u64>>,
    end: i64,
    start: i64,
    /// The furthest that DeleteRecords was asked for.
    start_asked: i64,
    /// The newest leader epoch that was told.
    leader: i32,
}

/// What a partition cannot fall below any more, as of one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Floor {
    /// The high watermark.
    pub(super) end: i64,
    /// The log start.
    pub(super) start: i64,
}

/// What a Fetch told of a partition.
pub(super) struct View {
    pub(super) from: i64,
    pub(super) high_watermark: i64,
    pub(super) log_start: i64,
    pub(super) bytes: Bytes,
}

/// The one who knows.
#[derive(Default)]
pub(super) struct Oracle {
    logs: RefCell<BTreeMap<PartitionId, Log>>,
    messages: RefCell<Vec<Message>>,
    producer_ids: RefCell<BTreeSet<ProducerId>>,
    doomed: RefCell<BTreeSet<TopicId>>,
    violation: RefCell<Option<String>>,
    /// Requests that were answered.
    pub(super) operations: Cell<u64>,
    pub(super) acknowledged: Cell<u64>,
    pub(super) reads: Cell<u64>,
    pub(super) timeouts: Cell<u64>,
    pub(super) commits: Cell<u64>,
    /// Changes of metadata and commits that were answered for.
    pub(super) milestones: Cell<u64>,
    /// Changes of metadata that were asked for.
    pub(super) beginnings: Cell<u64>,
    /// Deletions of topics among them.
    pub(super) deletions: Cell<u64>,
    /// Topics that were answered for, by name; `None`: gone.
    pub(super) passing: RefCell<BTreeMap<String, Option<TopicId>>>,
    /// Names that more than one client uses: what one was answered may be past when it hears of it.
    shared_names: RefCell<BTreeSet<String>>,
    /// Partitions that were found damaged and said so.
    pub(super) reported: Cell<u64>,
    /// Bytes at rest may have changed.
    pub(super) is_rotten: Cell<bool>,
}

impl Oracle {
    /// Notes what is wrong; the first counts.
    pub(super) fn violate(&self, text: String) {
        self.violation.borrow_mut().get_or_insert(text);
    }

    pub(super) fn violation(&self) -> Option<String> {
        self.violation.borrow().clone()
    }

    pub(super) fn is_violated(&self) -> bool {
        self.violation.borrow().is_some()
    }

    /// A request was answered.
    pub(super) fn answered(&self) {
        self.operations.set(self.operations.get() + 1);
    }

    /// A response did not come for very long.
    pub(super) fn timed_out(&self) {
        self.timeouts.set(self.timeouts.get() + 1);
    }

    /// A topic is about to be deleted: from now on it may be gone.
    pub(super) fn doom(&self, topic: TopicId) {
        self.doomed.borrow_mut().insert(topic);
    }

    pub(super) fn is_doomed(&self, topic: TopicId) -> bool {
        self.doomed.borrow().contains(&topic)
    }

    /// A topic of this name was answered for; `None`: that it is gone.
    pub(super) fn answered_for(&self, name: &str, id: Option<TopicId>) {
        if !self.is_shared(name) {
            self.passing.borrow_mut().insert(name.to_owned(), id);
        }
    }

    /// From now on more than one client makes and deletes topics of this name.
    pub(super) fn share(&self, name: &str) {
        self.shared_names.borrow_mut().insert(name.to_owned());
        self.passing.borrow_mut().remove(name);
    }

    pub(super) fn is_shared(&self, name: &str) -> bool {
        self.shared_names.borrow().contains(name)
    }

    /// Something was answered for that a crash must not take.
    pub(super) fn milestone(&self) {
        self.milestones.set(self.milestones.get() + 1);
    }

    /// A change of the metadata is about to be asked for: a crash may find it half done.
    pub(super) fn begins(&self) {
        self.beginnings.set(self.beginnings.get() + 1);
    }

    /// A producer id was given out.
    pub(super) fn producer_id(&self, id: ProducerId) {
        if !self.producer_ids.borrow_mut().insert(id) {
            self.violate(format!("producer id {id} was given out twice"));
        }
    }

    /// A number for a batch.
    pub(super) fn next_number(&self) -> u64 {
        u64::try_from(self.messages.borrow().len()).expect("a run has fewer batches")
    }

    /// Batch `next_number` of a writer exists from now on; it has not been sent yet.
    pub(super) fn register(&self, partition: PartitionId, writer: u64, is_once: bool, bytes: &Bytes) {
        let header = parse_header(bytes).expect("built here");
        let floor = self.floor(partition).end;
        self.messages.borrow_mut().push(Message {
            partition,
            writer,
            is_once,
            crc: header.crc,
            sends: 0,
            seen: BTreeSet::new(),
            acknowledged: None,
            floor,
        });
    }

    fn message<T>(&self, number: u64, with: impl FnOnce(&mut Message) -> T) -> Option<T> {
        let mut messages = self.messages.borrow_mut();
        let index = usize::try_from(number).ok()?;
        messages.get_mut(index).map(with)
    }

    /// A batch is sent, once more or for the first time.
    pub(super) fn sent(&self, number: u64) {
        self.message(number, |message| message.sends += 1);
    }

    /// A batch of `records` was acknowledged, at `offset` if the answer says so.
    pub(super) fn acknowledge(&self, number: u64, records: i32, offset: Option<i64>) {
        self.acknowledged.set(self.acknowledged.get() + 1);
        let Some(offset) = offset else { return };
        let known = self.message(number, |message| {
            let earlier = message.acknowledged.replace(offset);
            (message.partition, message.is_once, earlier, message.floor)
        });
        let Some((partition, is_once, earlier, floor)) = known else {
            return;
        };
        if is_once && earlier.is_some_and(|earlier| earlier != offset) {
            self.violate(format!(
                "batch {number} was acknowledged at {earlier:?} and at {offset}"
            ));
        }
        if offset < floor {
            self.violate(format!(
                "{partition:?}: batch {number} was acknowledged at {offset}, and the log reached to {floor} before"
            ));
        }
        let seen = Seen {
            next: offset + i64::from(records),
            number,
            epoch: -1,
        };
        let mut logs = self.logs.borrow_mut();
        let log = logs.entry(partition).or_default();
        log.end = log.end.max(seen.next);
        let other = log.acknowledged.insert(offset, seen);
        let other = other.or_else(|| log.batches.get(&offset).copied());
        if let Some(other) = other
            && other.number != number
        {
            self.violate(format!(
                "{partition:?}: batch {number} was acknowledged at {offset}, where batch {} is",
                other.number
            ));
        }
    }

    /// What a partition cannot fall below from now on.
    pub(super) fn floor(&self, partition: PartitionId) -> Floor {
        let logs = self.logs.borrow();
        logs.get(&partition).map_or_else(Floor::default, |log| Floor {
            end: log.end,
            start: log.start,
        })
    }

    /// The first offset that is known to hold a batch of `number` or later and that was not asked to be deleted.
    pub(super) fn first_since(&self, partition: PartitionId, number: u64) -> Option<i64> {
        let logs = self.logs.borrow();
        let log = logs.get(&partition)?;
        let first = |batches: &BTreeMap<i64, Seen>| {
            let mut kept = batches.range(log.start_asked..);
            kept.find(|(_, seen)| seen.number >= number)
                .map(|(base, _)| *base)
        };
        let (seen, acknowledged) = (first(&log.batches), first(&log.acknowledged));
        seen.into_iter().chain(acknowledged).min()
    }

    /// Asked for the first batch of `number` or later, the broker named the one of `found.0` at `found.1`, or none.
    /// `known` is what `first_since` said before the question.
    pub(super) fn time_found(
        &self,
        partition: PartitionId,
        number: u64,
        known: Option<i64>,
        found: Option<(u64, i64)>,
    ) {
        let Some((found, offset)) = found else {
            let kept = self.first_since(partition, number);
            if known.is_some() && kept.is_some_and(|kept| Some(kept) <= known) {
                self.violate(format!(
                    "{partition:?}: no batch since {number} is found, and one is at {known:?}"
                ));
            }
            return;
        };
        let first = self.first_since(partition, number);
        if found < number || first.is_some_and(|first| first < offset) {
            self.violate(format!(
                "{partition:?}: since {number} batch {found} at {offset} is found, and the first is at {first:?}"
            ));
        }
        let mut logs = self.logs.borrow_mut();
        let log = logs.entry(partition).or_default();
        log.end = log.end.max(offset + 1);
        let there = [&log.batches, &log.acknowledged].map(|batches| batches.range(..=offset).next_back());
        for (base, seen) in there.into_iter().flatten() {
            if offset < seen.next && seen.number != found {
                self.violate(format!(
                    "{partition:?}: batch {found} is found at {offset}, where batch {} at {base} is",
                    seen.number
                ));
            }
        }
    }

    /// The newest leader epoch that was told, which whoever asks from now on cannot be told less than.
    pub(super) fn leader_floor(&self, partition: PartitionId) -> i32 {
        let logs = self.logs.borrow();
        logs.get(&partition).map_or(0, |log| log.leader)
    }

    /// An answer to a request that was sent at `floor` told the leader's epoch.
    pub(super) fn leader_told(&self, partition: PartitionId, floor: i32, leader: i32) {
        if leader < floor {
            self.violate(format!(
                "{partition:?}: the leader epoch went back to {leader} from {floor}"
            ));
        }
        let mut logs = self.logs.borrow_mut();
        let log = logs.entry(partition).or_default();
        log.leader = log.leader.max(leader);
    }

    /// An answer told the epoch of the record at an offset.
    pub(super) fn epoch_told(&self, partition: PartitionId, offset: i64, epoch: i32) {
        let logs = self.logs.borrow();
        let there = logs
            .get(&partition)
            .and_then(|log| log.batches.range(..=offset).next_back());
        if let Some((base, seen)) = there
            && offset < seen.next
            && seen.epoch != epoch
        {
            self.violate(format!(
                "{partition:?}: {offset} is said to be of epoch {epoch}, and the batch at {base} is of {}",
                seen.epoch
            ));
        }
    }

    /// Asked where the epoch of the record before an acknowledged position ended, the broker named an epoch and its end.
    pub(super) fn validated(&self, partition: PartitionId, position: Position, found: (i32, i64)) {
        if (found.0 < 0 || found.1 < position.next) && !self.is_doomed(partition.topic) {
            self.violate(format!(
                "{partition:?}: a consumer at {position:?} is told of truncation: its epoch ends at {found:?}"
            ));
        }
    }

    /// Asked where `asked`, a leader epoch, ended, the broker named the last epoch not above it and its end. `leader` is
    /// what [`Oracle::leader_floor`] said before the question.
    pub(super) fn epoch_found(&self, partition: PartitionId, asked: i32, leader: i32, found: (i32, i64)) {
        if asked <= leader && found.0 < 0 && !self.is_doomed(partition.topic) {
            self.violate(format!(
                "{partition:?}: nothing is known of epoch {asked}, and {leader} was told before"
            ));
        }
        let logs = self.logs.borrow();
        let Some(log) = logs.get(&partition) else { return };
        let mut before: Option<&Seen> = None;
        for (base, seen) in log.batches.range(log.start_asked..) {
            if let Some(last) = before.filter(|last| last.next == *base && last.epoch <= asked)
                && seen.epoch > asked
                && found != (last.epoch, *base)
            {
                self.violate(format!(
                    "{partition:?}: {found:?} is told of epoch {asked}, and epoch {} ended at {base}",
                    last.epoch
                ));
            }
            before = Some(seen);
        }
    }

    /// DeleteRecords is about to ask for `offset`.
    pub(super) fn start_asked(&self, partition: PartitionId, offset: i64) {
        let mut logs = self.logs.borrow_mut();
        let log = logs.entry(partition).or_default();
        log.start_asked = log.start_asked.max(offset);
    }

    /// An answer to a request that was sent at `floor` told these offsets; -1: it did not tell.
    pub(super) fn offsets(&self, partition: PartitionId, floor: Floor, end: i64, start: i64) {
        if end >= 0 && end < floor.end {
            self.violate(format!(
                "{partition:?}: the high watermark went back to {end} from {}",
                floor.end
            ));
        }
        if start >= 0 && start < floor.start {
            self.violate(format!(
                "{partition:?}: the log start went back to {start} from {}",
                floor.start
            ));
        }
        let mut logs = self.logs.borrow_mut();
        let log = logs.entry(partition).or_default();
        if start > log.start_asked {
            self.violate(format!(
                "{partition:?}: the log start is {start}, and no more than {} was asked to be deleted",
                log.start_asked
            ));
        }
        log.end = log.end.max(end);
        log.start = log.start.max(start);
    }

    /// A Fetch sent at `floor` returned `view`. Returns where to read on, and the leader epoch of the last batch if there
    /// was one.
    pub(super) fn view(&self, partition: PartitionId, floor: Floor, view: View) -> (i64, Option<i32>) {
        self.reads.set(self.reads.get() + 1);
        self.offsets(partition, floor, view.high_watermark, view.log_start);
        let mut bytes = view.bytes;
        let mut next = view.from;
        let mut last_epoch = None;
        let mut is_first = true;
        while !bytes.is_empty() {
            let header = match parse_header(&bytes) {
                Ok(header) if header.size <= bytes.len() => header,
                // A partition's last batch may be cut short.
                Ok(_) if !is_first => break,
                Ok(header) => {
                    let (size, length) = (header.size, bytes.len());
                    self.violate(format!(
                        "{partition:?}: a first batch of {size} bytes is cut to {length}"
                    ));
                    break;
                }
                Err(_) if !is_first && bytes.len() < 61 => break,
                Err(error) => {
                    self.violate(format!("{partition:?}: not a batch at {next}: {error}"));
                    break;
                }
            };
            let batch = bytes.split_to(header.size);
            let (base, end) = (header.base_offset.get(), header.next_offset().get());
            if let Err(error) = check_crc(&header, &batch) {
                self.violate(format!("{partition:?}: the batch at {base}: {error}"));
            }
            let fits = if is_first {
                base <= next && next < end
            } else {
                base == next
            };
            if !fits || end > view.high_watermark {
                self.violate(format!(
                    "{partition:?}: a batch of {base}..{end} was read at {next}, below {}",
                    view.high_watermark
                ));
            }
            match number_of(&header) {
                Some(number) => {
                    let epoch = header.leader_epoch.get();
                    let seen = Seen {
                        next: end,
                        number,
                        epoch,
                    };
                    self.seen(partition, base, seen, header.crc);
                }
                None => self.violate(format!("{partition:?}: the batch at {base} was never sent")),
            }
            if self.is_violated() {
                break;
            }
            next = end;
            last_epoch = Some(header.leader_epoch.get());
            is_first = false;
        }
        (next, last_epoch)
    }

    fn seen(&self, partition: PartitionId, base: i64, seen: Seen, crc: u32) {
        let number = seen.number;
        let mut logs = self.logs.borrow_mut();
        let log = logs.entry(partition).or_default();
        if let Some(known) = log.batches.get(&base).or_else(|| log.acknowledged.get(&base))
            && (known.number != number || known.next != seen.next)
        {
            self.violate(format!(
                "{partition:?}: batch {number} is at {base}, where batch {} was",
                known.number
            ));
        }
        let before = log.batches.range(..base).next_back();
        let after = log.batches.range(base + 1..).next();
        if before.is_some_and(|(_, before)| before.next > base)
            || after.is_some_and(|(after, _)| *after < seen.next)
        {
            self.violate(format!(
                "{partition:?}: batch {number} at {base} overlaps {before:?} or {after:?}"
            ));
        }
        log.batches.insert(base, seen);
        log.leader = log.leader.max(seen.epoch);
        let checked = self.message(number, |message| {
            message.seen.insert(base);
            let copies = u64::try_from(message.seen.len()).expect("few");
            let copies_max = if message.is_once { 1 } else { message.sends };
            if message.partition != partition || message.crc != crc {
                Err(format!("batch {number} is not what was sent"))
            } else if copies > copies_max {
                Err(format!(
                    "batch {number} is there {copies} times ({:?}) and was sent {} times",
                    message.seen, message.sends
                ))
            } else {
                Ok(message.is_once.then_some(message.writer))
            }
        });
        match checked {
            None => self.violate(format!("{partition:?}: batch {number} at {base} was never sent")),
            Some(Err(text)) => self.violate(format!("{partition:?}: at {base}, {text}")),
            Some(Ok(None)) => {}
            Some(Ok(Some(writer))) => {
                let order = log.orders.entry(writer).or_default();
                order.insert(base, number);
                let before = order.range(..base).next_back();
                let after = order.range(base + 1..).next();
                if before.is_some_and(|(_, other)| *other >= number)
                    || after.is_some_and(|(_, other)| *other <= number)
                {
                    self.violate(format!(
                        "{partition:?}: batch {number} of writer {writer} at {base} is out of order: {before:?}, {after:?}"
                    ));
                }
            }
        }
    }

    /// The log was read whole from its start to `end`: everything acknowledged below `floor` must have been seen, and
    /// the first copies of each writer's batches are in order.
    pub(super) fn read_whole(&self, partition: PartitionId, floor: Floor, end: i64) {
        if end < floor.end {
            self.violate(format!(
                "{partition:?}: the log ends at {end}, before {}",
                floor.end
            ));
        }
        let logs = self.logs.borrow();
        let Some(log) = logs.get(&partition) else { return };
        for (offset, acknowledged) in log.acknowledged.range(..floor.end) {
            let is_deleted = acknowledged.next <= log.start_asked;
            let is_there = log.batches.get(offset);
            if !is_deleted && is_there.is_none_or(|seen| seen.number != acknowledged.number) {
                self.violate(format!(
                    "{partition:?}: batch {} was acknowledged at {offset} and is not there: {is_there:?}",
                    acknowledged.number
                ));
            }
        }
        if log.start_asked > 0 {
            return;
        }
        let mut firsts: BTreeMap<u64, u64> = BTreeMap::new();
        let mut known = BTreeSet::new();
        for seen in log.batches.values() {
            if !known.insert(seen.number) {
                continue;
            }
            let writer = self.message(seen.number, |message| message.writer);
            let Some(writer) = writer else { continue };
            let last = firsts.insert(writer, seen.number);
            if last.is_some_and(|last| last > seen.number) {
                self.violate(format!(
                    "{partition:?}: batches {last:?} and {} of writer {writer} are out of order",
                    seen.number
                ));
            }
        }
    }
}
