//! What must hold, whatever crashes.
//!
//! Invariants of a log, checked at every read, every answer and every start:
//! - What was acknowledged is there (with `Written` after a loss of power, and with `Memory` after any crash: a prefix).
//! - What is there was sent to this log, is there once, and its bytes are the ones that were sent.
//! - An offset that has been shown or acknowledged holds the same batch until it is cut off; but for a follower's gaps
//!   offsets are dense. What was cut off does not come back.
//! - What was refused is not there.
//! - A producer's batches lie in the order in which it sent them.
//! - The log start never goes back, nor does the high watermark but for a cut; a LogAppendTime stays; partitions are those
//!   that were answered for.
//! - Of a log that is compacted, the last record of each key is there unless it has no value; what else is there was sent, and
//!   what is not had a reason to go. What was deleted does not come back.
//! - The epoch table is what follows from the batches and from the epochs of leaders without any (`epochs.rs`).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use corelog_model::batch::{HEADER_SIZE, TimestampType};
use corelog_model::{Offset, PartitionId, TimestampMs, ValidatedBatch};
use corelog_storage::{Appended, Durability, LogOffsets};

use super::actors::Found;
use super::keyed::{self, Left, Sent};

/// What became of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// Sent, no answer, or an answer that says that nobody knows.
    InDoubt,
    /// Acknowledged.
    Acknowledged(Offset),
    /// The engine said that it is not stored.
    Refused,
    /// It had no answer, and a log that was read whole after a start did not have it: it must not come back.
    Gone,
}

struct Batch {
    producer: u64,
    /// The records, of a log that is compacted.
    sent: Vec<Sent>,
    timestamp: TimestampMs,
    /// Of the records alone: the log may stamp the header.
    content: u32,
    size: usize,
    records: i64,
    /// The LogAppendTime that it was given.
    stamped: Option<TimestampMs>,
    /// Once in doubt, a later refusal of a retry says nothing about the first try.
    was_in_doubt: bool,
    fate: Fate,
    /// The shard's level when it was last sent, and when it was acknowledged: see [`Oracle::accept_loss`].
    sent_level: u64,
    level: u64,
}

/// How a life ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    Closed,
    Killed,
    PowerLost,
}

/// One log as it should be.
struct Log {
    durability: Durability,
    batches: BTreeMap<u64, Batch>,
    /// What lies at a base offset, once that was shown or acknowledged.
    placed: BTreeMap<Offset, u64>,
    place_of: BTreeMap<u64, Offset>,
    offsets: LogOffsets,
    /// Created or being deleted and not yet answered.
    existence_in_doubt: bool,
    /// The shard that it lay on in the life that was last settled: the levels are of that one's shards.
    shard: usize,
    /// The shard that opened it last.
    opened_by: usize,
    /// Where it ended when it was last found at a start: what lies before is in a checkpoint.
    settled_end: Offset,
    /// The shard's level when its creation was answered, and when its start was last seen to move; zero if that is in
    /// a checkpoint.
    created_level: u64,
    trimmed_level: u64,
    /// Where its end is being cut off.
    cutting: Option<Offset>,
    /// Where it was ever to be cut off, that included.
    cuts: Vec<Offset>,
    /// Of each key the last offset that a record of it was ever known at: those before may be gone.
    last_of_keys: BTreeMap<u64, Offset>,
}

/// The oracle: what was asked and answered, and the first thing that is wrong.
#[derive(Default)]
pub(crate) struct Oracle {
    logs: RefCell<BTreeMap<PartitionId, Log>>,
    violation: RefCell<Option<String>>,
    /// Bytes at rest were damaged: losses may be reported.
    pub(crate) tolerates_damage: bool,
    /// How many commits each shard has made one after another in this life, at least.
    levels: RefCell<BTreeMap<usize, u64>>,
    /// Partitions whose deletion was answered in this life, and the level of their shard then.
    deleted: RefCell<BTreeMap<PartitionId, (usize, u64)>>,
    /// Deleted partitions that damage to the journal's end brought back.
    revenants: RefCell<BTreeSet<PartitionId>>,
}

const NOWHERE: LogOffsets = LogOffsets {
    log_start: Offset::ZERO,
    last_stable: Offset::ZERO,
    high_watermark: Offset::ZERO,
    durable_end: Offset::ZERO,
    log_end: Offset::ZERO,
};

impl Oracle {
    pub(crate) fn new(tolerates_damage: bool) -> Oracle {
        Oracle {
            tolerates_damage,
            ..Oracle::default()
        }
    }

    pub(crate) fn violate(&self, text: String) {
        self.violation.borrow_mut().get_or_insert(text);
    }

    pub(crate) fn violation(&self) -> Option<String> {
        self.violation.borrow().clone()
    }

    pub(crate) fn is_violated(&self) -> bool {
        self.violation.borrow().is_some()
    }

    /// A partition is about to be created.
    pub(crate) fn creating(&self, id: PartitionId, shard: usize, durability: Durability) {
        let log = Log {
            durability,
            batches: BTreeMap::new(),
            placed: BTreeMap::new(),
            place_of: BTreeMap::new(),
            offsets: NOWHERE,
            existence_in_doubt: true,
            shard,
            opened_by: shard,
            settled_end: Offset::ZERO,
            created_level: 0,
            trimmed_level: 0,
            cutting: None,
            cuts: Vec::new(),
            last_of_keys: BTreeMap::new(),
        };
        self.logs.borrow_mut().insert(id, log);
    }

    /// Its creation was answered.
    pub(crate) fn created(&self, id: PartitionId) {
        if let Some(log) = self.logs.borrow_mut().get_mut(&id) {
            log.existence_in_doubt = false;
            log.created_level = self.level(log.shard) + 1;
        }
    }

    fn level(&self, shard: usize) -> u64 {
        self.levels.borrow().get(&shard).copied().unwrap_or(0)
    }

    /// Its creation was refused for good, or its deletion answered.
    pub(crate) fn gone(&self, id: PartitionId) {
        if let Some(log) = self.logs.borrow_mut().remove(&id) {
            let level = self.level(log.shard) + 1;
            self.deleted.borrow_mut().insert(id, (log.shard, level));
        }
    }

    /// A deletion begins.
    pub(crate) fn deleting(&self, id: PartitionId) {
        if let Some(log) = self.logs.borrow_mut().get_mut(&id) {
            log.existence_in_doubt = true;
        }
    }

    /// A start has succeeded, and everything was looked at: what is there is in a checkpoint.
    pub(crate) fn settled(&self) {
        self.levels.borrow_mut().clear();
        self.deleted.borrow_mut().clear();
        for log in self.logs.borrow_mut().values_mut() {
            log.shard = log.opened_by;
            log.settled_end = log.offsets.log_end;
            log.created_level = 0;
            log.trimmed_level = 0;
            for batch in log.batches.values_mut() {
                batch.sent_level = 0;
                batch.level = 0;
            }
        }
    }

    /// A log was opened by a shard; with another number of shards than before, perhaps by another one.
    pub(crate) fn opened(&self, id: PartitionId, shard: usize) {
        if let Some(log) = self.logs.borrow_mut().get_mut(&id) {
            log.opened_by = shard;
        }
    }

    /// Whether damage to `pages` of the journal can hide, from anybody, what a commit of this level said: it must have
    /// hit that commit's frame and every later one that says that it was acknowledged.
    fn may_be_hidden(&self, shard: usize, level: u64, pages: u64) -> bool {
        self.tolerates_damage && level > 0 && pages > self.level(shard).saturating_sub(level)
    }

    /// The partitions of a start are those that were answered for, and some of those in doubt. `pages` of the journal
    /// were damaged since the start before.
    pub(crate) fn check_partitions(&self, found: &[PartitionId], pages: u64) {
        let mut logs = self.logs.borrow_mut();
        let mut revenants = self.revenants.borrow_mut();
        for id in found {
            let deleted = self.deleted.borrow().get(id).copied();
            if deleted.is_some_and(|(shard, level)| self.may_be_hidden(shard, level, pages)) {
                revenants.insert(*id);
            }
            if !logs.contains_key(id) && !revenants.contains(id) {
                self.violate(format!(
                    "partition {id:?} is there and was deleted or never created"
                ));
            }
        }
        logs.retain(|id, log| {
            let is_there = found.contains(id);
            let may_go = log.existence_in_doubt || self.may_be_hidden(log.shard, log.created_level, pages);
            if !is_there && !may_go {
                self.violate(format!("partition {id:?} is gone"));
            }
            log.existence_in_doubt = false;
            is_there
        });
    }

    /// Bytes at rest were damaged, `pages` of them in the journal and in the log since the start before, and the log
    /// says that it is whole and ends where `offsets` say. Forgets what lay beyond; returns whether anything
    /// acknowledged is forgotten.
    ///
    /// That is a violation if the engine could have known. What a checkpoint covers it knows. What was committed since,
    /// it knows by a later frame, which says which frames had been acknowledged when it was made. A shard's
    /// level is how many commits there were that had each been acknowledged when the next one was sent. A commit's is
    /// one above the shard's when it is acknowledged: each level that the shard comes to above that took a commit that
    /// was sent later, whose frame vouches for it. Damage that hides it has hit all of those, and its own.
    pub(crate) fn accept_loss(&self, id: PartitionId, offsets: &LogOffsets, pages: u64) -> bool {
        let mut logs = self.logs.borrow_mut();
        let Some(log) = logs.get_mut(&id) else {
            return false;
        };
        if log.durability == Durability::Durable {
            if offsets.log_end < log.settled_end {
                self.violate(format!(
                    "{id:?}: ends at {} without a word, and at {} in the checkpoint",
                    offsets.log_end, log.settled_end
                ));
            }
            let lost = log.placed.range(offsets.log_end..).find(|(_, number)| {
                let batch = &log.batches[*number];
                matches!(batch.fate, Fate::Acknowledged(_))
                    && !self.may_be_hidden(log.shard, batch.level, pages)
            });
            if let Some((offset, number)) = lost {
                self.violate(format!(
                    "{id:?}: ends at {} without a word; batch {number} at {offset} was acknowledged at level {} of {}, \
                     {pages} pages are damaged",
                    offsets.log_end,
                    log.batches[number].level,
                    self.level(log.shard)
                ));
            }
        }
        if offsets.log_start < log.offsets.log_start
            && !self.may_be_hidden(log.shard, log.trimmed_level, pages)
        {
            self.violate(format!(
                "{id:?}: begins at {} without a word, and began at {}",
                offsets.log_start, log.offsets.log_start
            ));
        }
        let is_shorter = offsets.high_watermark < log.offsets.high_watermark;
        log.forget_from(offsets.log_end);
        log.offsets = *offsets;
        is_shorter
    }

    /// A log says that it is damaged: nothing is held to any more.
    pub(crate) fn accept_damage(&self, id: PartitionId, offsets: &LogOffsets) {
        if let Some(log) = self.logs.borrow_mut().get_mut(&id) {
            log.forget_from(offsets.log_end);
            log.offsets = *offsets;
        }
    }

    /// A batch goes out, for the first time or again.
    pub(crate) fn sent(&self, id: PartitionId, number: u64, producer: u64, sent: &ValidatedBatch) {
        let header = sent.header();
        if let Some(log) = self.logs.borrow_mut().get_mut(&id) {
            let batch = log.batches.entry(number).or_insert_with(|| Batch {
                producer,
                sent: keyed::sent(sent),
                timestamp: header.max_timestamp,
                content: content_of(sent),
                stamped: None,
                size: header.size,
                records: header.last_offset_delta.get() + 1,
                was_in_doubt: false,
                fate: Fate::InDoubt,
                sent_level: 0,
                level: 0,
            });
            batch.sent_level = self.level(log.shard);
            if matches!(batch.fate, Fate::Refused | Fate::Gone) {
                batch.fate = Fate::InDoubt;
            }
        }
    }

    /// The engine said that the batch is not stored.
    pub(crate) fn refused(&self, id: PartitionId, number: u64) {
        if let Some(log) = self.logs.borrow_mut().get_mut(&id)
            && let Some(batch) = log.batches.get_mut(&number)
            && !batch.was_in_doubt
        {
            batch.fate = Fate::Refused;
        }
    }

    /// Nobody knows whether the batch is stored.
    pub(crate) fn unknown(&self, id: PartitionId, number: u64) {
        if let Some(log) = self.logs.borrow_mut().get_mut(&id)
            && let Some(batch) = log.batches.get_mut(&number)
        {
            batch.was_in_doubt = true;
        }
    }

    /// The batches of one append, in order, were acknowledged.
    pub(crate) fn acknowledged(&self, id: PartitionId, numbers: &[u64], answer: &Appended) {
        let mut logs = self.logs.borrow_mut();
        let Some(log) = logs.get_mut(&id) else { return };
        let mut offset = answer.base_offset;
        for number in numbers {
            let Some(batch) = log.batches.get_mut(number) else {
                return;
            };
            batch.fate = Fate::Acknowledged(offset);
            if log.durability == Durability::Durable && !answer.is_duplicate {
                let mut levels = self.levels.borrow_mut();
                let level = levels.entry(log.shard).or_default();
                // What was sent before this answer may be of the next level and not vouch for it.
                batch.level = *level + 1;
                *level = (*level).max(batch.sent_level + 1);
            }
            let records = batch.records;
            // Of a duplicate a log tells the largest timestamp, whether or not it stamps.
            if !answer.is_duplicate
                && let Some(text) = batch.stamp(answer.log_append_time)
            {
                self.violate(format!("{id:?}: batch {number}: {text}"));
            }
            if let Err(text) = log.place(offset, *number) {
                self.violate(format!("{id:?}: acknowledged {answer:?}, but {text}"));
            }
            offset += corelog_model::OffsetDelta::new(records);
        }
        if answer.last_offset.next() != offset {
            self.violate(format!(
                "{id:?}: {answer:?} does not span its records, which end at {offset}"
            ));
        }
    }

    /// Batches of a leader, with the offsets that it gave them, were acknowledged.
    pub(crate) fn replicated(&self, id: PartitionId, placed: &[(u64, Offset)]) {
        for (number, base) in placed {
            let last = {
                let logs = self.logs.borrow();
                let batch = logs.get(&id).and_then(|log| log.batches.get(number));
                batch.map(|batch| *base + corelog_model::OffsetDelta::new(batch.records - 1))
            };
            let Some(last_offset) = last else { return };
            let answer = Appended {
                base_offset: *base,
                last_offset,
                log_append_time: None,
                log_start: Offset::ZERO,
                is_duplicate: false,
            };
            self.acknowledged(id, &[*number], &answer);
        }
    }

    /// Records of a leader come with their offsets: others may have gone for them before the answer is there.
    pub(crate) fn may_supersede(&self, id: PartitionId, batch: &ValidatedBatch) {
        if let Some(log) = self.logs.borrow_mut().get_mut(&id) {
            log.note_keys(batch.header().base_offset, &keyed::sent(batch));
        }
    }

    /// Whether a cleaning may have taken out all that is known to lie from `from` up to `to`.
    pub(crate) fn may_be_gone(&self, id: PartitionId, from: Offset, to: Offset) -> bool {
        let logs = self.logs.borrow();
        logs.get(&id).is_some_and(|log| log.may_be_gone(from, to))
    }

    /// A batch of a log that is compacted was read; what of it is left, if that was sent.
    pub(crate) fn shown_keyed(&self, id: PartitionId, found: &ValidatedBatch) -> Option<Left> {
        let header = found.header();
        let at = header.base_offset;
        let mut logs = self.logs.borrow_mut();
        let log = logs.get_mut(&id)?;
        let number = keyed::number_of(found);
        let number = number.or_else(|| log.placed.get(&at).copied());
        let sent_time = number
            .and_then(|number| log.batches.get(&number))
            .map(|batch| batch.timestamp);
        let left = match keyed::left(found, sent_time) {
            Ok(left) => left,
            Err(text) => {
                self.violate(format!("{id:?}: the batch at {at}: {text}"));
                return None;
            }
        };
        // Without any records, and never shown with any, it could be any one's.
        let Some(number) = number else { return Some(left) };
        let Some(batch) = log.batches.get_mut(&number) else {
            self.violate(format!(
                "{id:?}: the batch at {at} was never sent to it: {header:?}"
            ));
            return None;
        };
        if matches!(batch.fate, Fate::Refused | Fate::Gone) {
            let fate = batch.fate;
            self.violate(format!("{id:?}: batch {number} at {at} is there: {fate:?}"));
        }
        if header.last_offset_delta.get() + 1 != batch.records {
            self.violate(format!(
                "{id:?}: batch {number} at {at} has another span: {header:?}"
            ));
        }
        let is_stamped = header.timestamp_type == TimestampType::LogAppendTime;
        let stamped = is_stamped.then_some(header.max_timestamp);
        if let Some(text) = batch.stamp(stamped) {
            self.violate(format!("{id:?}: batch {number} at {at}: {text}"));
        }
        if let Err(text) = log.place(at, number) {
            self.violate(format!("{id:?}: read at {at}, but {text}"));
        }
        let sent = log.batches[&number].sent.clone();
        for (place, one) in (0..).zip(&sent) {
            if !left.places.contains(&place) && !log.may_go(at, place, one) {
                self.violate(format!(
                    "{id:?}: of batch {number} at {at} the record at place {place} is lost: {one:?}"
                ));
            }
        }
        Some(Left {
            number: Some(number),
            ..left
        })
    }

    /// Whether no batch of the log is known to lie from `from` up to `to`.
    pub(crate) fn is_gap(&self, id: PartitionId, from: Offset, to: Offset) -> bool {
        let logs = self.logs.borrow();
        logs.get(&id)
            .is_some_and(|log| log.placed.range(from..to).next().is_none())
    }

    /// Whether a log that is cut off at `at` would end before `log_start`, as far as is known.
    pub(crate) fn begins_behind(&self, id: PartitionId, at: Offset, log_start: Offset) -> bool {
        let logs = self.logs.borrow();
        let Some(log) = logs.get(&id) else { return true };
        let end = log.end_before(at);
        end.is_none_or(|end| end < log_start || (log.is_keyed() && log.may_be_gone(log_start, end)))
    }

    /// How many cuts of a log's end there were so far; one that is under way does not count.
    pub(crate) fn cuts(&self, id: PartitionId) -> usize {
        let logs = self.logs.borrow();
        logs.get(&id)
            .map_or(0, |log| log.cuts.len() - usize::from(log.cutting.is_some()))
    }

    /// The least offset that a log was cut off at since there were `cuts` of them, or is being cut off at: what a reader
    /// finds from there on may have been cut off meanwhile.
    pub(crate) fn cut_since(&self, id: PartitionId, cuts: usize) -> Option<Offset> {
        let logs = self.logs.borrow();
        logs.get(&id)?.cuts.get(cuts..)?.iter().min().copied()
    }

    /// A log's end is about to be cut off.
    pub(crate) fn cutting(&self, id: PartitionId, at: Offset) {
        if let Some(log) = self.logs.borrow_mut().get_mut(&id) {
            log.cutting = Some(at);
            log.cuts.push(at);
        }
    }

    /// It was not, and the engine says so.
    pub(crate) fn not_cut(&self, id: PartitionId) {
        if let Some(log) = self.logs.borrow_mut().get_mut(&id) {
            log.cutting = None;
        }
    }

    /// A log's end was cut off at `at`, so that the log ends at `end`; what lay behind it must not come back.
    pub(crate) fn truncated(&self, id: PartitionId, at: Offset, end: Offset, now: &LogOffsets) {
        let mut logs = self.logs.borrow_mut();
        let Some(log) = logs.get_mut(&id) else { return };
        log.cutting = None;
        // Of what lay before the log's start not all need be known.
        let known = log.end_before(at).filter(|known| *known >= now.log_start);
        if let Some(known) = known.filter(|known| !log.may_end_at(end, *known)) {
            self.violate(format!(
                "{id:?}: cut off at {at} it ends at {end}, not at {known}"
            ));
        }
        if now.log_end != end {
            self.violate(format!(
                "{id:?}: cut off at {at}, said to end at {end}, it is {now:?}"
            ));
        }
        log.cut_from(end);
    }

    /// A batch was read at `header.base_offset`.
    pub(crate) fn shown(&self, id: PartitionId, found: &ValidatedBatch, number: Option<u64>) {
        let header = found.header();
        let mut logs = self.logs.borrow_mut();
        let at = header.base_offset;
        // Kafka's batches do not say which partition they are of. A read that goes astray and brings those of another log,
        // whole and at the very offset that was wanted, cannot be told from the right one.
        let is_of = |log: &Log, number: &u64| log.placed.get(&at) == Some(number);
        let is_another_logs = number.is_some_and(|number| {
            logs.iter()
                .any(|(other, log)| *other != id && is_of(log, &number))
        });
        let Some(log) = logs.get_mut(&id) else { return };
        if self.tolerates_damage && is_another_logs {
            return;
        }
        let Some(number) = number.filter(|number| log.batches.contains_key(number)) else {
            return self.violate(format!(
                "{id:?}: the batch at {at} was never sent to it: {header:?}"
            ));
        };
        let batch = log.batches.get_mut(&number).expect("looked up above");
        if batch.fate == Fate::Refused {
            self.violate(format!("{id:?}: batch {number} at {at} was refused and is there"));
        }
        if batch.fate == Fate::Gone {
            self.violate(format!(
                "{id:?}: batch {number} at {at} was not there after a start, and is there now"
            ));
        }
        if (batch.content, batch.size) != (content_of(found), header.size) {
            self.violate(format!(
                "{id:?}: batch {number} at {at} has other bytes than were sent"
            ));
        }
        let stamped = (header.timestamp_type == TimestampType::LogAppendTime).then_some(header.max_timestamp);
        if let Some(text) = batch.stamp(stamped) {
            self.violate(format!("{id:?}: batch {number} at {at}: {text}"));
        }
        if let Err(text) = log.place(at, number) {
            self.violate(format!("{id:?}: read at {at}, but {text}"));
        }
    }

    /// The offsets of a log as they are seen now.
    pub(crate) fn observed(&self, id: PartitionId, now: &LogOffsets) {
        let mut logs = self.logs.borrow_mut();
        let Some(log) = logs.get_mut(&id) else { return };
        let old = log.offsets;
        // Its answer may still be under way.
        let is_cut = log.cutting.is_some_and(|at| now.log_end <= at);
        if (now.high_watermark < old.high_watermark && !is_cut) || now.log_start < old.log_start {
            self.violate(format!("{id:?}: offsets went back, from {old:?} to {now:?}"));
        }
        let is_ordered = now.log_start <= now.last_stable
            && now.last_stable <= now.high_watermark
            && now.high_watermark <= now.log_end
            && now.durable_end <= now.log_end;
        if !is_ordered {
            self.violate(format!("{id:?}: offsets out of order: {now:?}"));
        }
        if now.log_start > old.log_start {
            log.trimmed_level = self.level(log.shard) + 1;
        }
        log.offsets = *now;
    }

    /// The process is gone: what had no answer stays without one, and what was never promised may go.
    pub(crate) fn life_ended(&self, ending: Ending) {
        for log in self.logs.borrow_mut().values_mut() {
            for batch in log.batches.values_mut() {
                if batch.fate == Fate::InDoubt {
                    batch.was_in_doubt = true;
                }
            }
            if log.may_lose(ending) {
                // The end is known when the log is read again; until then only the start is held to.
                log.offsets = LogOffsets {
                    log_start: log.offsets.log_start,
                    last_stable: log.offsets.log_start,
                    high_watermark: log.offsets.log_start,
                    durable_end: log.offsets.log_start,
                    log_end: log.offsets.log_start,
                };
            }
        }
    }

    /// A log was read whole after a start: `found` is what lies from its start to its end.
    pub(crate) fn recovered(&self, id: PartitionId, offsets: &LogOffsets, found: &[Found], ending: Ending) {
        let mut logs = self.logs.borrow_mut();
        let Some(log) = logs.get_mut(&id) else { return };
        if log.may_lose(ending) {
            log.forget_from(offsets.log_end);
        }
        if let Some(at) = log.cutting.take()
            && offsets.log_end <= at
            && log
                .end_before(at)
                .is_none_or(|end| log.may_end_at(offsets.log_end, end))
        {
            log.cut_from(offsets.log_end);
        }
        let is_keyed = log.is_keyed();
        if is_keyed && let Some(text) = log.check_keys(offsets.log_start, found) {
            return self.violate(format!("{id:?}: after a start {offsets:?}: {text}"));
        }
        // What a cleaning took out is not gone for good: until a checkpoint has the cleaned segment, a loss of power brings
        // the old one back.
        let may_be_cleaned = is_keyed && has_gaps(offsets, found);
        // A batch that a cleaning has left no record is known by its place.
        let number_of = |batch: &Found| {
            let known = (batch.number > 0).then_some(batch.number);
            known.or_else(|| log.placed.get(&batch.base).copied())
        };
        let found: BTreeMap<Offset, u64> = found
            .iter()
            .filter_map(|batch| Some((batch.base, number_of(batch)?)))
            .collect();
        for (offset, number) in log.placed.range(offsets.log_start..).filter(|_| !is_keyed) {
            if found.get(offset) != Some(number) {
                return self.violate(format!(
                    "{id:?} ({:?}): batch {number} at {offset}, {:?}, is lost; the log is {offsets:?} and holds {:?} there",
                    log.durability,
                    log.batches[number].fate,
                    found.get(offset)
                ));
            }
        }
        let there: BTreeSet<u64> = found.values().copied().collect();
        for (number, batch) in &mut log.batches {
            if batch.fate == Fate::InDoubt && !there.contains(number) && !may_be_cleaned {
                batch.fate = Fate::Gone;
                batch.was_in_doubt = false;
            }
        }
        let mut last: BTreeMap<u64, u64> = BTreeMap::new();
        for (offset, number) in &found {
            let producer = log.batches[number].producer;
            if let Some(before) = last.insert(producer, *number).filter(|before| before > number) {
                return self.violate(format!(
                    "{id:?}: producer {producer} sent {number} before {before}; at {offset} it is the other way round"
                ));
            }
        }
    }
}

/// Whether offsets are missing between what was found.
fn has_gaps(offsets: &LogOffsets, found: &[Found]) -> bool {
    let mut next = offsets.log_start;
    let mut is_dense = true;
    for batch in found {
        is_dense &= batch.base <= next;
        next = batch.next;
    }
    !is_dense || next < offsets.log_end
}

/// The number of a partition's topic, for people.
pub(crate) fn number_of(id: PartitionId) -> u64 {
    u64::from_be_bytes(id.topic.get()[8..].try_into().expect("eight bytes"))
}

/// A checksum of the records, which the log never changes.
fn content_of(batch: &ValidatedBatch) -> u32 {
    crc32c::crc32c(&batch.bytes()[HEADER_SIZE..])
}

impl Batch {
    /// Holds it to the first LogAppendTime that it was seen with.
    fn stamp(&mut self, time: Option<TimestampMs>) -> Option<String> {
        let (Some(time), before) = (time, self.stamped) else {
            return self
                .stamped
                .map(|before| format!("stamped {before:?}, and now without"));
        };
        self.stamped = Some(time);
        before
            .filter(|before| *before != time)
            .map(|before| format!("stamped {before:?}, and now {time:?}"))
    }
}

/// Whether a log of this durability may lose what it acknowledged when a life ends so.
pub(crate) fn may_lose(durability: Durability, ending: Ending) -> bool {
    match (durability, ending) {
        (Durability::Durable, _) | (_, Ending::Closed) | (Durability::Written, Ending::Killed) => false,
        (Durability::Written, Ending::PowerLost)
        | (Durability::Memory, Ending::Killed | Ending::PowerLost) => true,
    }
}

impl Log {
    fn may_lose(&self, ending: Ending) -> bool {
        may_lose(self.durability, ending)
    }

    /// Batch `number` lies at `offset`.
    fn place(&mut self, offset: Offset, number: u64) -> Result<(), String> {
        let other = *self.placed.entry(offset).or_insert(number);
        if other != number {
            return Err(format!("{offset} holds batch {other}, and now {number}"));
        }
        let place = *self.place_of.entry(number).or_insert(offset);
        if place != offset {
            return Err(format!("batch {number} lies at {place}, and now at {offset}"));
        }
        let sent = self.batches.get(&number).map(|batch| batch.sent.clone());
        self.note_keys(offset, &sent.unwrap_or_default());
        Ok(())
    }

    fn is_keyed(&self) -> bool {
        self.batches.values().any(|batch| !batch.sent.is_empty())
    }

    /// Whether a cut may have left the log with the end `end`, where the last known batch before the cut ends at `known`: that
    /// one may have been cleaned.
    fn may_end_at(&self, end: Offset, known: Offset) -> bool {
        end == known || (self.is_keyed() && end < known && self.may_be_gone(end, known))
    }

    /// Whether a cleaning may have taken out all that is known to lie from `from` up to `to`.
    fn may_be_gone(&self, from: Offset, to: Offset) -> bool {
        let mut known = self.placed.range(from..to);
        known.all(|(base, number)| {
            let mut sent = (0..).zip(&self.batches[number].sent);
            sent.all(|(place, sent)| self.may_go(*base, place, sent))
        })
    }

    /// Records with these keys lie at `base` and behind it.
    fn note_keys(&mut self, base: Offset, sent: &[Sent]) {
        for (place, one) in (0..).zip(sent) {
            let offset = base + corelog_model::OffsetDelta::new(place);
            let last = self.last_of_keys.entry(one.key).or_insert(offset);
            *last = offset.max(*last);
        }
    }

    /// Whether a cleaning may have taken out the record at `place` of the batch at `base`: there was a later one of its key, or may
    /// have been, or it has no value.
    fn may_go(&self, base: Offset, place: i64, sent: &Sent) -> bool {
        let offset = base + corelog_model::OffsetDelta::new(place);
        let last = self.last_of_keys.get(&sent.key);
        // One that had no answer may be there, and was not seen yet.
        let may_have_come = |batch: &Batch| {
            batch.fate == Fate::InDoubt && batch.sent.iter().any(|other| other.key == sent.key)
        };
        sent.value.is_none()
            || last.is_some_and(|last| *last > offset)
            || self.batches.values().any(may_have_come)
    }

    /// Of a log that was read whole: the last record of each key is there, unless it has no value; then there is no earlier one.
    fn check_keys(&self, log_start: Offset, found: &[Found]) -> Option<String> {
        let mut there: BTreeMap<u64, Offset> = BTreeMap::new();
        for batch in found.iter().filter(|batch| batch.number > 0) {
            let known = self.batches.get(&batch.number)?;
            for (place, sent) in (0..).zip(&known.sent) {
                let offset = batch.base + corelog_model::OffsetDelta::new(place);
                if batch.places & (1 << place) != 0 && offset >= log_start {
                    there.insert(sent.key, offset);
                }
            }
        }
        let mut last: BTreeMap<u64, (Offset, bool)> = BTreeMap::new();
        for (base, number) in &self.placed {
            for (place, sent) in (0..).zip(&self.batches[number].sent) {
                let offset = *base + corelog_model::OffsetDelta::new(place);
                if offset >= log_start {
                    last.insert(sent.key, (offset, sent.value.is_some()));
                }
            }
        }
        for (key, (offset, has_value)) in last {
            let known = there.get(&key).copied();
            // Another one may have been cut off that it had gone for.
            let is_last = self.last_of_keys.get(&key) == Some(&offset);
            if has_value && is_last && known != Some(offset) {
                return Some(format!(
                    "the last record of key {key}, at {offset}, is lost; there is {known:?}"
                ));
            }
            if !has_value && is_last && known.is_some_and(|known| known < offset) {
                return Some(format!(
                    "key {key} was deleted at {offset}, and is back: {known:?}"
                ));
            }
        }
        None
    }

    /// Where the log ends if nothing that goes beyond `at` is in it, as far as that is known.
    fn end_before(&self, at: Offset) -> Option<Offset> {
        let ends = self
            .placed
            .iter()
            .rev()
            .map(|(base, number)| *base + corelog_model::OffsetDelta::new(self.batches[number].records));
        ends.into_iter().find(|end| *end <= at)
    }

    /// What lay at `end` and behind it is gone for good.
    fn cut_from(&mut self, end: Offset) {
        for number in self.placed.split_off(&end).into_values() {
            self.place_of.remove(&number);
            if let Some(batch) = self.batches.get_mut(&number) {
                batch.fate = Fate::Gone;
            }
        }
        self.settled_end = self.settled_end.min(end);
        let offsets = &mut self.offsets;
        for offset in [
            &mut offsets.last_stable,
            &mut offsets.high_watermark,
            &mut offsets.durable_end,
            &mut offsets.log_end,
        ] {
            *offset = (*offset).min(end);
        }
    }

    fn forget_from(&mut self, end: Offset) {
        for number in self.placed.split_off(&end).into_values() {
            self.place_of.remove(&number);
            if let Some(batch) = self.batches.get_mut(&number) {
                batch.fate = Fate::InDoubt;
                batch.was_in_doubt = true;
                batch.stamped = None;
            }
        }
    }
}
