//! One log's state and decisions. No I/O, no clock: times are given.
//!
//! Invariants: `log_start <= last_stable <= high_watermark <= log_end` and `durable_end <= log_end`, changed by one mutator
//! that asserts it; there is always an active segment; a segment begins where the one before it ends; a leader's append
//! begins at the log's end, and gaps come with a follower's appends alone; the newest entry of the epoch table is the
//! leader epoch, noted before anything is appended in it.

use std::rc::Rc;

use corelog_model::batch::{BatchHeader, TimestampType};
use corelog_model::{LeaderEpoch, Offset, PartitionId, PartitionIndex, TimestampMs, TopicId, ValidatedBatch};
use corelog_records::{EndMarker, end_marker};

use super::epochs::EpochTable;
use super::index::SparseIndex;
use super::producers::{ProducedBatch, ProducerTable, Verdict};
use super::segment::{NO_TIMESTAMP, Segment};
use super::transactions::{TransactionStep, Transactions};
use crate::FormatError;
use crate::errors::AppendError;
use crate::format::names::SegmentName;
use crate::format::v1::PartitionV1;
use crate::format::v3::EndedV3;
use crate::format::v4::{PartitionV4, SegmentV4};
use crate::options::LogConfig;
use crate::types::{AppendOrigin, LogOffsets};

/// What is to be done with batches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Check {
    /// They were appended before.
    Duplicate(ProducedBatch),
    /// They may be appended, after a roll of the segment if one is due.
    New { bytes: u64, needs_roll: bool },
}

/// Where a batch was put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Placed {
    pub(crate) base_offset: Offset,
    pub(crate) last_offset: Offset,
    pub(crate) leader_epoch: LeaderEpoch,
    pub(crate) segment_base: Offset,
    pub(crate) position: u64,
}

/// What a batch gets in the log beside its offset.
#[derive(Clone, Copy)]
struct Stamps {
    timestamp: TimestampMs,
    epoch: LeaderEpoch,
    /// When it is appended, by the broker's clock.
    now: TimestampMs,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct LogCore {
    pub(crate) config: LogConfig,
    pub(crate) epochs: EpochTable,
    pub(crate) producers: ProducerTable,
    leader_epoch: LeaderEpoch,
    offsets: LogOffsets,
    segments: Vec<Segment>,
    index: Rc<SparseIndex>,
    transactions: Transactions,
    cleaned: Cleaned,
}

/// How far a log was cleaned.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Cleaned {
    /// Of each key, one record before this offset at most was left by the last cleaning.
    pub(crate) end: Offset,
    /// When that ended.
    pub(crate) at: Option<TimestampMs>,
}

impl LogCore {
    /// An empty log.
    pub(crate) fn new(leader_epoch: LeaderEpoch, config: LogConfig) -> LogCore {
        let mut epochs = EpochTable::default();
        epochs.assign(leader_epoch, Offset::ZERO);
        LogCore {
            config,
            epochs,
            producers: ProducerTable::default(),
            leader_epoch,
            offsets: LogOffsets {
                log_start: Offset::ZERO,
                last_stable: Offset::ZERO,
                high_watermark: Offset::ZERO,
                durable_end: Offset::ZERO,
                log_end: Offset::ZERO,
            },
            segments: vec![Segment::new(Offset::ZERO)],
            index: Rc::default(),
            transactions: Transactions::default(),
            cleaned: Cleaned::default(),
        }
    }

    /// The offsets.
    pub(crate) fn offsets(&self) -> LogOffsets {
        self.offsets
    }

    /// The epoch of the next append.
    pub(crate) fn leader_epoch(&self) -> LeaderEpoch {
        self.leader_epoch
    }

    /// Sets the epoch of the next appends; never falls. It begins at the log's end, also if nothing is ever appended in
    /// it (Kafka's `Partition.makeLeader`): without that nobody could be told where the epoch before it ended. A crash
    /// may forget it: then the next leader's epoch begins at the same offset, in its place.
    pub(crate) fn set_leader_epoch(&mut self, epoch: LeaderEpoch) {
        self.leader_epoch = self.leader_epoch.max(epoch);
        self.epochs.assign(self.leader_epoch, self.offsets.log_end);
    }

    /// The segments by base offset; the last one is active.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segment that is appended to.
    pub(crate) fn active(&self) -> &Segment {
        self.segments.last().expect("there is always an active segment")
    }

    /// How far the log was cleaned.
    pub(crate) fn cleaned(&self) -> Cleaned {
        self.cleaned
    }

    /// The log was cleaned as far as that.
    pub(crate) fn set_cleaned(&mut self, cleaned: Cleaned) {
        let end = cleaned.end.min(self.offsets.log_end);
        self.cleaned = Cleaned { end, ..cleaned };
    }

    /// Which files the segment at `base` is in; one that is not known is yet to be begun.
    pub(crate) fn name_of(&self, base: Offset) -> SegmentName {
        let at = self.segments.binary_search_by_key(&base, |segment| segment.base);
        at.map_or(SegmentName::first(base), |at| self.segments[at].name())
    }

    /// Whether the log has a segment that is in these files.
    pub(crate) fn has_segment(&self, name: SegmentName) -> bool {
        let found = self
            .segments
            .binary_search_by_key(&name.base, |segment| segment.base);
        found.is_ok_and(|at| self.segments[at].generation == name.generation)
    }

    /// Puts `cleaned` in the place of closed neighbours, the first of which begins where it does. Whether they are all
    /// still there; else nothing changes.
    pub(crate) fn replace_segments(&mut self, old: &[Segment], cleaned: Segment) -> bool {
        let Some(first) = old.first().filter(|first| first.base == cleaned.base) else {
            return false;
        };
        let from = self.segments.partition_point(|segment| segment.base < first.base);
        let to = from + old.len();
        if to >= self.segments.len() || self.segments[from..to] != *old {
            return false;
        }
        self.segments.splice(from..to, [cleaned]);
        true
    }

    /// The active segment's index.
    pub(crate) fn index(&self) -> &Rc<SparseIndex> {
        &self.index
    }

    /// The segment that holds `offset`, and the offset after its last record.
    pub(crate) fn segment_of(&self, offset: Offset) -> Option<(Segment, Offset)> {
        let after = self.segments.partition_point(|segment| segment.base <= offset);
        let segment = self.segments.get(after.checked_sub(1)?)?;
        let end = self
            .segments
            .get(after)
            .map_or(self.offsets.log_end, |next| next.base);
        Some((*segment, end))
    }

    /// The one place where offsets change.
    fn set_offsets(&mut self, offsets: LogOffsets) {
        assert!(
            offsets.log_start <= offsets.last_stable
                && offsets.last_stable <= offsets.high_watermark
                && offsets.high_watermark <= offsets.log_end
                && offsets.durable_end <= offsets.log_end,
            "offsets out of order: {offsets:?}"
        );
        self.offsets = offsets;
    }

    /// Checks whether batches may be appended. Changes nothing.
    pub(crate) fn check(
        &self,
        batches: &[ValidatedBatch],
        origin: AppendOrigin,
        now: TimestampMs,
    ) -> Result<Check, AppendError> {
        let mut bytes = 0u64;
        let mut records = 0i64;
        let mut overlay: Option<ProducerTable> = None;
        let mut next = self.offsets.log_end;
        for (nth, batch) in batches.iter().enumerate() {
            let header = batch.header();
            if origin == AppendOrigin::Replica {
                self.check_replica(header, next)?;
                records += (header.next_offset() - next).get();
                next = header.next_offset();
                bytes += u64::try_from(header.size).expect("a size within u64");
                continue;
            }
            if origin == AppendOrigin::Client {
                self.check_bounds(header, now)?;
            }
            let marker = end_marker(header, batch.bytes());
            let producers = overlay.as_ref().unwrap_or(&self.producers);
            match producers.check_from(header, marker, origin)? {
                Verdict::Duplicate(batch) => return Ok(Check::Duplicate(batch)),
                Verdict::New => {}
            }
            if batches.len() > 1 && nth + 1 < batches.len() && header.producer.is_some() {
                let table = overlay.get_or_insert_with(|| self.producers.clone());
                table.record(header, marker, next, now, now);
            }
            next += header.last_offset_delta;
            next = next.next();
            records += header.last_offset_delta.get() + 1;
            bytes += u64::try_from(header.size).expect("a size within u64");
        }
        if origin == AppendOrigin::Client && bytes > self.config.segment_bytes {
            return Err(AppendError::RecordTooLarge {
                size: usize::try_from(bytes).unwrap_or(usize::MAX),
                max: usize::try_from(self.config.segment_bytes).unwrap_or(usize::MAX),
            });
        }
        let timestamp = batches
            .iter()
            .map(|batch| self.stamp(batch.header(), origin, now))
            .max()
            .unwrap_or(now);
        Ok(Check::New {
            bytes,
            needs_roll: self.needs_roll(bytes, records, timestamp, now),
        })
    }

    /// Whether a batch continues a follower's log that ends at `next`: its leader gave it its place.
    fn check_replica(&self, header: &BatchHeader, next: Offset) -> Result<(), AppendError> {
        if header.base_offset < next || header.leader_epoch < self.leader_epoch {
            return Err(AppendError::OutOfPlace {
                base_offset: header.base_offset,
                leader_epoch: header.leader_epoch,
                log_end: next,
                newest_epoch: self.leader_epoch,
            });
        }
        Ok(())
    }

    fn check_bounds(&self, header: &BatchHeader, now: TimestampMs) -> Result<(), AppendError> {
        if header.size > self.config.max_message_bytes {
            return Err(AppendError::RecordTooLarge {
                size: header.size,
                max: self.config.max_message_bytes,
            });
        }
        if self.config.timestamp_type == TimestampType::LogAppendTime {
            return Ok(());
        }
        let earliest = self
            .config
            .timestamp_before_max_ms
            .map(|ms| TimestampMs::new(now.get().saturating_sub(ms)));
        let latest = self
            .config
            .timestamp_after_max_ms
            .map(|ms| TimestampMs::new(now.get().saturating_add(ms)));
        let timestamp = header.max_timestamp;
        let is_out = earliest.is_some_and(|earliest| timestamp < earliest)
            || latest.is_some_and(|latest| timestamp > latest);
        if timestamp != NO_TIMESTAMP && is_out {
            return Err(AppendError::InvalidTimestamp {
                timestamp,
                earliest,
                latest,
            });
        }
        Ok(())
    }

    /// The largest timestamp that a batch will have in the log.
    fn stamp(&self, header: &BatchHeader, origin: AppendOrigin, now: TimestampMs) -> TimestampMs {
        if self.stamps(origin) {
            now
        } else {
            header.max_timestamp
        }
    }

    /// Whether the log sets the time of what is appended; a leader's batches have it.
    pub(crate) fn stamps(&self, origin: AppendOrigin) -> bool {
        origin != AppendOrigin::Replica && self.config.timestamp_type == TimestampType::LogAppendTime
    }

    /// Whether the active segment must be closed before so much is appended (Kafka's `LogSegment.shouldRoll`).
    fn needs_roll(&self, bytes: u64, records: i64, timestamp: TimestampMs, now: TimestampMs) -> bool {
        let active = self.active();
        if active.size == 0 {
            return false;
        }
        let is_full = active.size.saturating_add(bytes) > self.config.segment_bytes;
        let is_old = active.age_ms(timestamp, now) > self.config.roll_ms();
        // Kafka's indexes hold offsets relative to the base in 32 bits.
        let relative = (self.offsets.log_end - active.base).get() + records;
        is_full || is_old || relative > i64::from(i32::MAX)
    }

    /// Whether `segment.ms` has passed for the active segment, with nothing appended meanwhile.
    pub(crate) fn is_roll_due(&self, now: TimestampMs) -> bool {
        let active = self.active();
        active.size > 0 && active.age_ms(now, now) > self.config.roll_ms()
    }

    /// Closes the active segment; the next one begins at the log's end. Returns what was closed, with its index.
    pub(crate) fn roll(&mut self) -> (Segment, Rc<SparseIndex>) {
        let closed = *self.active();
        assert!(closed.size > 0, "an empty segment is not rolled");
        self.segments.push(Segment::new(self.offsets.log_end));
        (closed, std::mem::take(&mut self.index))
    }

    /// Takes a checked batch into the log and moves the log's end. A leader gives it the next offset, so that there are
    /// no gaps; a follower leaves it the offset and the epoch that its leader gave it.
    pub(crate) fn place(
        &mut self,
        header: &BatchHeader,
        marker: Option<EndMarker>,
        origin: AppendOrigin,
        now: TimestampMs,
    ) -> Placed {
        let timestamp = self.stamp(header, origin, now);
        let (base_offset, epoch) = match origin {
            AppendOrigin::Client | AppendOrigin::Internal | AppendOrigin::Marker { .. } => {
                (self.offsets.log_end, self.leader_epoch)
            }
            AppendOrigin::Replica => (header.base_offset, header.leader_epoch),
        };
        self.leader_epoch = self.leader_epoch.max(epoch);
        let stamps = Stamps {
            timestamp,
            epoch,
            now,
        };
        self.absorb_at(base_offset, header, marker, stamps)
    }

    /// Takes a batch that is read back from a segment and continues the log, a control batch with what its `marker` says.
    /// When it was appended is not known; it counts as of `now`.
    pub(crate) fn absorb(
        &mut self,
        header: &BatchHeader,
        marker: Option<EndMarker>,
        now: TimestampMs,
    ) -> Placed {
        self.leader_epoch = self.leader_epoch.max(header.leader_epoch);
        let stamps = Stamps {
            timestamp: header.max_timestamp,
            epoch: header.leader_epoch,
            now,
        };
        let placed = self.absorb_at(header.base_offset, header, marker, stamps);
        self.raise_durable_end(self.offsets.log_end);
        placed
    }

    fn absorb_at(
        &mut self,
        base_offset: Offset,
        header: &BatchHeader,
        marker: Option<EndMarker>,
        stamps: Stamps,
    ) -> Placed {
        let Stamps {
            timestamp,
            epoch,
            now,
        } = stamps;
        let log_end = self.offsets.log_end;
        assert!(
            base_offset >= log_end,
            "a batch at {base_offset} does not continue a log that ends at {log_end}"
        );
        let last_offset = base_offset + header.last_offset_delta;
        let interval = self.config.index_interval_bytes;
        let active = self
            .segments
            .last_mut()
            .expect("there is always an active segment");
        let position = active.size;
        Rc::make_mut(&mut self.index).note(base_offset, position, active.max_timestamp, interval);
        active.absorb(header, base_offset, timestamp, now);
        active.has_gaps |= base_offset > log_end;
        let segment_base = active.base;
        self.epochs.assign(epoch, base_offset);
        match self.producers.record(header, marker, base_offset, timestamp, now) {
            TransactionStep::None => {}
            TransactionStep::Begins(producer) => self.transactions.begin(base_offset, producer),
            TransactionStep::Ends(ended) => {
                if let Some(aborted) = self.transactions.end(ended) {
                    Rc::make_mut(&mut self.index).note_aborted(aborted);
                    active.has_aborted = true;
                }
            }
        }
        self.set_offsets(LogOffsets {
            log_end: last_offset.next(),
            ..self.offsets
        });
        Placed {
            base_offset,
            last_offset,
            leader_epoch: epoch,
            segment_base,
            position,
        }
    }

    /// Everything before `end` is stored as the log's durability asks; returns whether that is more than before.
    pub(crate) fn raise_durable_end(&mut self, end: Offset) -> bool {
        if end <= self.offsets.durable_end {
            return false;
        }
        self.set_offsets(LogOffsets {
            durable_end: end,
            ..self.offsets
        });
        true
    }

    /// The first offset of a transaction that has not ended, or whose end is not committed.
    pub(crate) fn first_unstable(&self) -> Option<Offset> {
        self.transactions.first_unstable()
    }

    /// Takes over what whoever leads says of the log, as far as the log reaches; returns whether that is new.
    pub(crate) fn commit(&mut self, high_watermark: Offset, last_stable: Offset) -> bool {
        let before = self.offsets;
        let high_watermark = high_watermark.clamp(before.log_start, before.log_end);
        self.transactions.commit(high_watermark);
        let last_stable = last_stable.min(self.first_unstable().unwrap_or(Offset::MAX));
        self.set_offsets(LogOffsets {
            high_watermark,
            last_stable: last_stable.clamp(before.log_start, high_watermark),
            ..before
        });
        self.offsets != before
    }

    /// The log begins at `offset` from now on, if that is later than now; returns the segments that are needed no
    /// more, oldest first. The active one stays.
    pub(crate) fn raise_log_start(&mut self, offset: Offset) -> Vec<Segment> {
        if offset > self.offsets.log_start {
            self.set_log_start(offset);
        }
        let log_start = self.offsets.log_start;
        let keep_from = self
            .segments
            .partition_point(|segment| segment.base <= log_start)
            .saturating_sub(1);
        self.segments.drain(..keep_from).collect()
    }

    /// Sets the start of a log that is being recovered. The segments before it stay known, so that whoever opens the
    /// log removes their files.
    pub(crate) fn recover_log_start(&mut self, offset: Offset) {
        self.set_log_start(offset.clamp(self.offsets.log_start, self.offsets.log_end));
    }

    /// What lies before a log's start was committed, whether this broker heard of it or not.
    fn set_log_start(&mut self, log_start: Offset) {
        self.set_offsets(LogOffsets {
            log_start,
            last_stable: self.offsets.last_stable.max(log_start),
            high_watermark: self.offsets.high_watermark.max(log_start),
            ..self.offsets
        });
        self.epochs.truncate_from_start(log_start);
    }

    /// Takes the log back to the beginning of one of its segments: what is kept of that is absorbed again. The log may begin
    /// after that place; who calls this knows where.
    pub(crate) fn return_to(&mut self, base: Offset) {
        let at = self.segments.partition_point(|segment| segment.base < base);
        let found = self.segments.get(at).copied();
        let found = found.filter(|segment| segment.base == base);
        let found = found.expect("the log has a segment that begins there");
        self.segments.truncate(at);
        self.segments.push(Segment {
            generation: found.generation,
            has_gaps: found.has_gaps,
            ..Segment::new(base)
        });
        self.index = Rc::default();
        self.epochs.truncate_from_end(base);
        self.leader_epoch = self.epochs.latest().unwrap_or(LeaderEpoch::new(0));
        self.epochs.assign(self.leader_epoch, base);
        self.producers.truncate_from_end(base);
        let ended: Vec<_> = self
            .transactions
            .ended()
            .filter(|(_, marker)| *marker < base)
            .collect();
        self.transactions = Transactions::restored(self.producers.open_transactions(), ended);
        let at_most = |offset: Offset| offset.min(base);
        self.set_offsets(LogOffsets {
            log_start: at_most(self.offsets.log_start),
            last_stable: at_most(self.offsets.last_stable),
            high_watermark: at_most(self.offsets.high_watermark),
            durable_end: at_most(self.offsets.durable_end),
            log_end: base,
        });
        self.cleaned.end = at_most(self.cleaned.end);
    }

    /// When the first batch of a segment that was absorbed again was appended.
    pub(crate) fn set_created(&mut self, base: Offset, created: TimestampMs) {
        if let Some(segment) = self.segments.iter_mut().find(|segment| segment.base == base)
            && segment.size > 0
        {
            segment.created = created;
        }
    }

    /// Becomes `kept`, which is this log up to an earlier end as it was a moment ago.
    pub(crate) fn replace_with(&mut self, kept: LogCore) {
        let LogCore { config, offsets, .. } = std::mem::replace(self, kept);
        self.config = config;
        self.take_over(offsets);
    }

    /// Takes over the offsets of the log that this one is the beginning of, as far as it reaches.
    pub(crate) fn take_over(&mut self, offsets: LogOffsets) {
        let end = self.offsets.log_end;
        self.set_offsets(LogOffsets {
            log_start: offsets.log_start.min(end),
            last_stable: offsets.last_stable.min(end),
            high_watermark: offsets.high_watermark.min(end),
            durable_end: end,
            log_end: end,
        });
        self.raise_log_start(self.offsets.log_start);
        self.epochs.truncate_from_start(self.offsets.log_start);
    }

    /// The bytes from a place in a segment to the end of the log.
    pub(crate) fn bytes_from(&self, base: Offset, position: u64) -> u64 {
        let from = self.segments.partition_point(|segment| segment.base < base);
        let bytes: u64 = self.segments[from..].iter().map(|segment| segment.size).sum();
        bytes.saturating_sub(position)
    }

    /// The log's bytes.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    /// The persisted form.
    pub(crate) fn to_image(&self, id: PartitionId, directory: &str, corrupt: Option<&str>) -> PartitionV4 {
        PartitionV4 {
            base: self.to_v1(id, directory, corrupt),
            segments: self.segments.iter().map(|segment| segment.to_v4()).collect(),
            producers: self.producers.to_v3(),
            high_watermark: self.offsets.high_watermark.get(),
            active_aborted: self.index.aborted_v3(),
            ended: self.transactions.ended().map(EndedV3::from).collect(),
            cleaned_end: self.cleaned.end.get(),
            cleaned_at: self.cleaned.at.map_or(-1, TimestampMs::get),
            leftovers: Vec::new(),
        }
    }

    fn to_v1(&self, id: PartitionId, directory: &str, corrupt: Option<&str>) -> PartitionV1 {
        PartitionV1 {
            topic: id.topic.get(),
            index: id.index.get(),
            directory: directory.to_owned(),
            leader_epoch: self.leader_epoch.get(),
            log_start: self.offsets.log_start.get(),
            log_end: self.offsets.log_end.get(),
            segments: self.segments.iter().map(|segment| segment.to_v1()).collect(),
            active_index: self.index.entries().to_vec(),
            epochs: self.epochs.to_v1(),
            producers: self.producers.to_v1(),
            corrupt: corrupt.map(str::to_owned),
        }
    }

    /// From the persisted form, which is read at the time `now`: what has no time of its own has this one.
    ///
    /// # Errors
    /// `Field` where the parts contradict each other.
    pub(crate) fn from_image(
        persisted: &PartitionV4,
        config: LogConfig,
        now: TimestampMs,
    ) -> Result<LogCore, FormatError> {
        let image = &persisted.base;
        let field = |field: &'static str, value: i64| FormatError::Field {
            field,
            value: i128::from(value),
        };
        let log_end = Offset::new(image.log_end).ok_or(field("log_end", image.log_end))?;
        let log_start = Offset::new(image.log_start)
            .filter(|&start| start <= log_end)
            .ok_or(field("log_start", image.log_start))?;
        let mut segments = Vec::with_capacity(image.segments.len());
        let high_watermark = Offset::new(persisted.high_watermark)
            .ok_or(field("high_watermark", persisted.high_watermark))?
            .clamp(log_start, log_end);
        let unknown = SegmentV4 {
            created: now.get(),
            changed: now.get(),
            generation: 0,
            has_gaps: false,
            has_aborted: false,
        };
        for (nth, segment) in image.segments.iter().enumerate() {
            let more = persisted.segments.get(nth).copied().unwrap_or(unknown);
            let segment = Segment::from_persisted(segment, more)
                .ok_or(field("segment.base_offset", segment.base_offset))?;
            let follows = segments
                .last()
                .is_none_or(|last: &Segment| last.base < segment.base);
            if !follows || segment.base > log_end {
                return Err(field("segment.base_offset", segment.base.get()));
            }
            segments.push(segment);
        }
        if segments.first().is_none_or(|first| first.base > log_start) {
            return Err(field(
                "segments",
                i64::try_from(segments.len()).unwrap_or(i64::MAX),
            ));
        }
        let epochs = EpochTable::from_v1(
            &image.epochs,
            LeaderEpoch::new(image.leader_epoch),
            log_start..log_end,
        );
        let leader_epoch = epochs.latest().unwrap_or(LeaderEpoch::new(image.leader_epoch));
        let producers = ProducerTable::from_persisted(&image.producers, &persisted.producers, now);
        let ended = persisted.ended.iter().filter_map(EndedV3::value);
        let transactions = Transactions::restored(producers.open_transactions(), ended);
        let unstable = transactions.first_unstable().unwrap_or(Offset::MAX);
        let cleaned = Cleaned {
            end: Offset::new(persisted.cleaned_end)
                .unwrap_or_default()
                .min(log_end),
            at: (persisted.cleaned_at >= 0).then(|| TimestampMs::new(persisted.cleaned_at)),
        };
        Ok(LogCore {
            config,
            epochs,
            producers,
            transactions,
            cleaned,
            leader_epoch,
            offsets: LogOffsets {
                log_start,
                last_stable: high_watermark.min(unstable).max(log_start),
                high_watermark,
                durable_end: log_end,
                log_end,
            },
            segments,
            index: Rc::new(
                SparseIndex::from_entries(&image.active_index).with_aborted(&persisted.active_aborted),
            ),
        })
    }
}

/// The id in a persisted form.
pub(crate) fn partition_id(topic: [u8; 16], index: i32) -> PartitionId {
    PartitionId {
        topic: TopicId::new(topic),
        index: PartitionIndex::new(index),
    }
}
