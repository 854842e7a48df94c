//! Clients of the storage: producers, readers, an administrator. They run in the machine's process and die with it;
//! what they must remember lives in [`World`].

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use corelog_model::{
    LeaderEpoch, Offset, OffsetDelta, PartitionId, PartitionIndex, ProducerEpoch, ProducerId, Sequence,
    TopicId, ValidatedBatch,
};
use corelog_runtime::{Handle, LocalFuture, WorkClass};
use corelog_storage::{
    AppendError, AppendOptions, Appended, Batches, CheckpointError, CreateError, DeleteError,
    DeleteRecordsError, LogConfig, LogSlice, PartitionLog, PartitionSpec, ReadError, ReadIsolation, Storage,
};

use super::batches::{self, Fields, Stamp};
use super::epochs;
use super::keyed;
use super::oracle::{self, Ending, Oracle};
use super::replica;
use super::scenario::{ACTIONS, Action, Moment, Scenario, Trouble};
use crate::rng::SimRng;
use crate::simulation::Remarks;

/// Partitions of one shard, beyond which none is created.
const PARTITIONS_MAX: usize = 16;
/// What every batch holds where all are alike, in bytes.
const CRAMPED_PAYLOAD: usize = 100;

/// The most that the first record of a batch with keys holds, in bytes.
const KEYED_PAYLOAD_MAX: usize = 3000;

/// A batch that was built and has no final answer.
#[derive(Clone)]
pub(crate) struct Pending {
    pub(crate) number: u64,
    pub(crate) batch: ValidatedBatch,
}

/// An idempotent or plain producer of one log.
pub(crate) struct Producer {
    number: u64,
    partition: PartitionId,
    identity: Option<(ProducerId, ProducerEpoch)>,
    next_sequence: Sequence,
    unanswered: VecDeque<Pending>,
    /// Batches of this epoch were refused, so that the log may know the producer by a later one, or not at all.
    was_refused: bool,
    /// A life has ended in a way that its log may have lost batches by, and it has not been run since: that life may
    /// have been too short.
    may_have_lost: bool,
}

impl Producer {
    /// Begins anew, as a client does that lost its place; what has no answer is given up.
    fn bump(&mut self) {
        if let Some((id, epoch)) = self.identity {
            self.identity = Some((id, ProducerEpoch::new(epoch.get() + 1)));
        }
        self.next_sequence = Sequence::default();
        self.unanswered.clear();
        self.was_refused = false;
        self.may_have_lost = false;
    }
}

/// What outlives the processes.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) remarks: Remarks,
    pub(crate) oracle: Oracle,
    pub(crate) random: RefCell<SimRng>,
    pub(crate) producers: RefCell<BTreeMap<u64, Rc<RefCell<Producer>>>>,
    /// The broker keeps the settings and sets them at each start; so does this world.
    pub(crate) configs: RefCell<BTreeMap<PartitionId, LogConfig>>,
    /// So it keeps the newest leader epochs.
    pub(crate) leader_epochs: RefCell<BTreeMap<PartitionId, LeaderEpoch>>,
    /// Who says how far each log is committed.
    pub(crate) owners: RefCell<BTreeMap<PartitionId, Rc<replica::Owner>>>,
    /// Logs that a leader elsewhere is copied to.
    followers: RefCell<BTreeSet<PartitionId>>,
    next_number: Cell<u64>,
    next_topic: Cell<u64>,
    /// Names of partitions that were deleted.
    free_names: RefCell<Vec<String>>,
    /// A shard is fenced: only a restart helps.
    pub(crate) is_fenced: Cell<bool>,
    /// The life ends now.
    pub(crate) is_over: Cell<bool>,
    /// Producers send one batch in this life, and not at once.
    pub(crate) is_quiet: Cell<bool>,
    pub(crate) acknowledged: Cell<u64>,
    pub(crate) reads: Cell<u64>,
    /// Logs that came back shorter after bytes at rest were damaged, and said nothing.
    pub(crate) silent_losses: Cell<u64>,
}

impl World {
    pub(crate) fn new(scenario: Scenario, random: SimRng, remarks: Remarks) -> World {
        World {
            oracle: Oracle::new(scenario.trouble == Trouble::Corruption),
            scenario,
            remarks,
            random: RefCell::new(random),
            producers: RefCell::default(),
            configs: RefCell::default(),
            leader_epochs: RefCell::default(),
            owners: RefCell::default(),
            followers: RefCell::default(),
            next_number: Cell::new(1),
            next_topic: Cell::new(1),
            free_names: RefCell::default(),
            is_fenced: Cell::new(false),
            is_over: Cell::new(false),
            is_quiet: Cell::new(false),
            acknowledged: Cell::new(0),
            reads: Cell::new(0),
            silent_losses: Cell::new(0),
        }
    }

    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.random.borrow_mut().below(bound)
    }

    /// Something has happened after which this life may end.
    pub(crate) fn passed(&self, moment: Moment) {
        let one_in = match moment {
            Moment::Acknowledged if self.is_quiet.get() => 1,
            Moment::Acknowledged => 200,
            Moment::Checkpointed => 8,
            Moment::Created | Moment::Deleted | Moment::Trimmed => 3,
        };
        if self.scenario.ends_after == Some(moment) && self.below(one_in) == 0 {
            self.is_over.set(true);
        }
    }

    fn action(&self) -> Option<Action> {
        let weights = &self.scenario.administration;
        let total: u64 = weights.iter().sum();
        let mut drawn = self.below(total.max(1));
        ACTIONS.into_iter().zip(weights).find_map(|(action, weight)| {
            let is_it = drawn < *weight;
            drawn = drawn.saturating_sub(*weight);
            is_it.then_some(action)
        })
    }

    pub(crate) fn pause(&self, handle: &Handle, millis_max: u64) -> LocalFuture<()> {
        let pause = Duration::from_micros(self.below(millis_max * 1_000 + 1));
        handle.clock.sleep_until(handle.clock.now() + pause)
    }

    /// A partition that has never been: each has a topic of its own.
    pub(crate) fn new_partition(&self) -> PartitionId {
        let topic = self.next_topic.get();
        self.next_topic.set(topic + 1);
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&topic.to_be_bytes());
        PartitionId {
            topic: TopicId::new(bytes),
            index: PartitionIndex::new(0),
        }
    }

    /// Gives the logs of a fresh start their settings.
    pub(crate) fn configure(&self, storage: &Storage) {
        for (id, config) in self.configs.borrow().iter() {
            if let Some(log) = storage.partition(id) {
                log.set_config(config.clone());
            }
        }
    }

    /// The storage is open again, after an ending like this.
    pub(crate) fn restarted(&self, ending: Ending) {
        let configs = self.configs.borrow();
        for producer in self.producers.borrow().values() {
            let mut producer = producer.borrow_mut();
            let durability = configs.get(&producer.partition).map(|config| config.durability);
            producer.may_have_lost |= durability.is_none_or(|known| oracle::may_lose(known, ending));
            // An append may have been refused, and a later one taken from a producer that the log did not know, without
            // the client's having come to look at the answers.
            let trouble = self.scenario.trouble;
            let may_refuse = trouble.may_refuse() || trouble.may_fail();
            producer.was_refused |= may_refuse && !producer.unanswered.is_empty();
        }
    }

    /// Whether a log is compacted.
    pub(crate) fn is_keyed(&self, id: PartitionId) -> bool {
        let configs = self.configs.borrow();
        configs.get(&id).is_some_and(|config| config.compact)
    }

    pub(crate) fn is_follower(&self, id: PartitionId) -> bool {
        self.followers.borrow().contains(&id)
    }

    /// Whether anything is appended to any of `partitions`.
    pub(crate) fn has_producers(&self, partitions: &[PartitionId]) -> bool {
        if partitions.iter().any(|id| self.is_follower(*id)) {
            return true;
        }
        let producers = self.producers.borrow();
        producers
            .values()
            .any(|producer| partitions.contains(&producer.borrow().partition))
    }

    fn add_producers(&self, partition: PartitionId) {
        for _ in 0..=self.below(2) {
            let number = self.next_number.get();
            self.next_number.set(number + 1);
            let is_idempotent = if self.scenario.is_cramped {
                self.below(4) == 0
            } else {
                self.below(3) > 0
            };
            let id = ProducerId::new(i64::try_from(number).expect("few producers"));
            let producer = Producer {
                number,
                partition,
                identity: is_idempotent.then_some((id, ProducerEpoch::new(0))),
                next_sequence: Sequence::new(0).expect("zero"),
                unanswered: VecDeque::new(),
                was_refused: false,
                may_have_lost: false,
            };
            self.producers
                .borrow_mut()
                .insert(number, Rc::new(RefCell::new(producer)));
        }
    }

    fn payload(&self) -> usize {
        if self.scenario.is_cramped {
            return CRAMPED_PAYLOAD;
        }
        let size = if self.random.borrow_mut().chance(self.scenario.big_batches) {
            self.below(60_000)
        } else if self.below(8) == 0 {
            self.below(9_000)
        } else {
            self.below(400)
        };
        usize::try_from(size).expect("small")
    }

    /// A batch of no producer for the log `id`.
    pub(crate) fn build_plain(&self, handle: &Handle, id: PartitionId) -> Pending {
        let mut nobody = Producer {
            number: 0,
            partition: id,
            identity: None,
            next_sequence: Sequence::default(),
            unanswered: VecDeque::new(),
            was_refused: false,
            may_have_lost: false,
        };
        self.build(handle, &mut nobody)
    }

    fn build(&self, handle: &Handle, producer: &mut Producer) -> Pending {
        let number = self.next_number.get();
        self.next_number.set(number + 1);
        let records = if self.scenario.is_cramped {
            1
        } else {
            i32::try_from(self.below(5) + 1).expect("small")
        };
        let stamp = producer.identity.map(|(id, epoch)| Stamp {
            id,
            epoch,
            sequence: producer.next_sequence,
        });
        producer.next_sequence = producer.next_sequence.advance(records);
        let fields = Fields {
            number,
            records,
            payload: self.payload(),
            timestamp: batches::time_of(number, handle.clock.wall()),
            stamp,
        };
        let batch = if self.is_keyed(producer.partition) {
            keyed::build(&Fields {
                payload: fields.payload % KEYED_PAYLOAD_MAX,
                ..fields
            })
        } else {
            batches::build(&fields)
        };
        Pending { number, batch }
    }
}

/// Starts the clients of one shard.
pub(crate) fn start(world: &Rc<World>, handle: &Handle, shard: usize, storage: &Rc<Storage>) {
    for id in storage.partitions() {
        if let Some(log) = storage.partition(&id) {
            start_partition(world, handle, &log);
        }
    }
    let (w, h, s) = (Rc::clone(world), handle.clone(), Rc::clone(storage));
    if world.scenario.has_readers {
        handle.spawn(WorkClass::Normal, "reader", async move {
            read_for_ever(w, h, s).await
        });
    }
    let (w, h, s) = (Rc::clone(world), handle.clone(), Rc::clone(storage));
    handle.spawn(WorkClass::Normal, "administrator", async move {
        administer(w, h, shard, s).await
    });
}

fn start_partition(world: &Rc<World>, handle: &Handle, log: &Rc<PartitionLog>) {
    if world.is_follower(log.id()) {
        let (world, handle_, log) = (Rc::clone(world), handle.clone(), Rc::clone(log));
        handle.spawn(WorkClass::Normal, "follower", async move {
            replica::follow(world, handle_, log).await;
        });
        return;
    }
    let producers: Vec<_> = world.producers.borrow().values().cloned().collect();
    for producer in producers {
        if producer.borrow().partition == log.id() {
            let (world, handle_, log) = (Rc::clone(world), handle.clone(), Rc::clone(log));
            handle.spawn(WorkClass::Normal, "producer", async move {
                produce(world, handle_, log, producer).await;
            });
        }
    }
}

type Answer = LocalFuture<Result<Appended, AppendError>>;

fn send(world: &World, log: &Rc<PartitionLog>, producer: u64, group: &[Pending]) -> Answer {
    for pending in group {
        world
            .oracle
            .sent(log.id(), pending.number, producer, &pending.batch);
        world
            .remarks
            .add(|| format!("{}: batch {} is sent", log.directory(), pending.number));
    }
    let batches: Batches = group.iter().map(|pending| pending.batch.clone()).collect();
    Box::pin(log.append(batches, AppendOptions::default()))
}

/// Sends with several appends under way; an idempotent producer sends again what has no answer, in order.
async fn produce(world: Rc<World>, handle: Handle, log: Rc<PartitionLog>, producer: Rc<RefCell<Producer>>) {
    let id = log.id();
    let (number, is_idempotent) = {
        let mut producer = producer.borrow_mut();
        if producer.identity.is_none() {
            // Nobody who cannot be told from others may send twice.
            producer.unanswered.clear();
        } else if producer.may_have_lost {
            // Sequences that were acknowledged may be gone, and every later one would be out of order.
            producer.bump();
        }
        (producer.number, producer.identity.is_some())
    };
    if world.is_quiet.get() {
        world.pause(&handle, 2).await;
    }
    loop {
        if is_idempotent && producer.borrow().unanswered.is_empty() && world.below(50) == 0 {
            producer.borrow_mut().bump();
        }
        // Of an idempotent producer a log remembers five batches.
        let window_max = if is_idempotent { 5 } else { u64::MAX };
        let window = match world.is_quiet.get() {
            true => 1,
            false => world.below(world.scenario.window.min(window_max)) + 1,
        };
        let mut flight: VecDeque<(Vec<Pending>, Answer)> = VecDeque::new();
        let again: Vec<Pending> = producer.borrow().unanswered.iter().cloned().collect();
        for pending in again {
            let answer = send(&world, &log, number, std::slice::from_ref(&pending));
            flight.push_back((vec![pending], answer));
        }
        for _ in flight.len() as u64..window {
            // Together they must fit the smallest segment.
            let groups = !is_idempotent && world.scenario.big_batches == 0 && !world.is_quiet.get();
            let count = if groups { world.below(3) + 1 } else { 1 };
            let group: Vec<Pending> = {
                let mut producer = producer.borrow_mut();
                (0..count).map(|_| world.build(&handle, &mut producer)).collect()
            };
            if is_idempotent {
                producer.borrow_mut().unanswered.extend(group.iter().cloned());
            }
            let answer = send(&world, &log, number, &group);
            flight.push_back((group, answer));
            if world.below(3) == 0 {
                world.pause(&handle, 1).await;
            }
        }
        let (mut failed, mut is_bump_due) = (false, false);
        while let Some((group, answer)) = flight.pop_front() {
            let numbers: Vec<u64> = group.iter().map(|pending| pending.number).collect();
            match answer.await {
                Ok(appended) => {
                    if appended.is_duplicate && !is_idempotent {
                        world
                            .oracle
                            .violate(format!("{id:?}: {numbers:?} is no one's duplicate: {appended:?}"));
                    }
                    world.oracle.acknowledged(id, &numbers, &appended);
                    world.remarks.add(|| {
                        let (name, base) = (log.directory(), appended.base_offset);
                        format!("{name}: {numbers:?} acknowledged at {base}")
                    });
                    world.oracle.observed(id, &log.offsets());
                    world.acknowledged.set(world.acknowledged.get() + 1);
                    world.passed(Moment::Acknowledged);
                    let mut producer = producer.borrow_mut();
                    producer
                        .unanswered
                        .retain(|pending| !numbers.contains(&pending.number));
                }
                Err(error) => {
                    let is_lost_place = matches!(error, AppendError::OutOfOrderSequence { .. });
                    let was_refused = failed || producer.borrow().was_refused;
                    if !judge(&world, id, &numbers, &error, was_refused) {
                        return;
                    }
                    if is_lost_place && !failed {
                        // Earlier batches were refused and later ones taken from a producer that was not known.
                        is_bump_due = true;
                    }
                    failed = true;
                    producer.borrow_mut().was_refused = true;
                }
            }
        }
        if is_bump_due {
            producer.borrow_mut().bump();
        }
        let rest = if failed || world.is_quiet.get() {
            20
        } else {
            world.scenario.rest_ms
        };
        world.pause(&handle, rest).await;
    }
}

/// Takes note of an error; whether the producer goes on.
pub(crate) fn judge(
    world: &World,
    id: PartitionId,
    numbers: &[u64],
    error: &AppendError,
    after_another: bool,
) -> bool {
    let refuse = || {
        numbers
            .iter()
            .for_each(|number| world.oracle.refused(id, *number))
    };
    let trouble = world.scenario.trouble;
    match error {
        AppendError::Fenced(_) => {
            numbers
                .iter()
                .for_each(|number| world.oracle.unknown(id, *number));
            world.is_fenced.set(true);
            if trouble.fences_nothing() {
                world
                    .oracle
                    .violate(format!("{id:?}: fenced without a fault: {error}"));
            }
            false
        }
        AppendError::Deleted | AppendError::Closed => false,
        AppendError::DiskFull(_) => {
            refuse();
            if trouble != Trouble::Full {
                world
                    .oracle
                    .violate(format!("{id:?}: the disk has room, yet: {error}"));
            }
            true
        }
        AppendError::Io(_) => {
            refuse();
            if matches!(trouble, Trouble::None | Trouble::Slow | Trouble::Full) {
                world.oracle.violate(format!("{id:?}: without a fault: {error}"));
            }
            true
        }
        AppendError::OutOfOrderSequence { .. } if after_another || world.oracle.tolerates_damage => {
            refuse();
            true
        }
        AppendError::Corrupt(_) if world.oracle.tolerates_damage => {
            refuse();
            false
        }
        AppendError::RecordTooLarge { .. }
        | AppendError::InvalidTimestamp { .. }
        | AppendError::OutOfPlace { .. }
        | AppendError::OutOfOrderSequence { .. }
        | AppendError::InvalidProducerEpoch { .. }
        | AppendError::InvalidTransactionState { .. }
        | AppendError::CoordinatorFenced { .. }
        | AppendError::Corrupt(_) => {
            world
                .oracle
                .violate(format!("{id:?}: batches {numbers:?}: {error}"));
            false
        }
    }
}

/// A batch that was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) base: Offset,
    pub(crate) number: u64,
    pub(crate) next: Offset,
    pub(crate) leader_epoch: LeaderEpoch,
    /// Where its records are that are left, a bit each, from the first one on.
    pub(crate) places: u64,
}

/// Takes a slice apart; the batches must be whole, follow one another, and begin with the one that holds `from`. What goes
/// beyond `cut` is not looked at: it was cut off while it was read.
pub(crate) fn check_slice(
    world: &World,
    id: PartitionId,
    from: Offset,
    slice: &LogSlice,
    end: Offset,
    cut: Option<Offset>,
) -> Vec<Found> {
    let total: usize = slice.pieces.iter().map(bytes::Bytes::len).sum();
    if total != slice.bytes {
        world.oracle.violate(format!(
            "{id:?}: a slice says {} bytes and has {total}",
            slice.bytes
        ));
    }
    let mut bytes: bytes::Bytes = slice.pieces.concat().into();
    let mut found: Vec<Found> = Vec::new();
    while !bytes.is_empty() {
        let batch = match ValidatedBatch::split_from(&mut bytes) {
            Ok(batch) => batch,
            Err(error) => {
                world
                    .oracle
                    .violate(format!("{id:?}: read from {from} after {found:?}: {error}"));
                return found;
            }
        };
        let header = batch.header();
        if cut.is_some_and(|cut| header.next_offset() > cut) {
            return found;
        }
        let (number, places) = if world.is_keyed(id) {
            match world.oracle.shown_keyed(id, &batch) {
                Some(left) => (
                    left.number,
                    left.places.iter().fold(0, |bits, place| bits | 1 << place),
                ),
                None => return found,
            }
        } else {
            let number = batches::number_of(batch.bytes());
            world.oracle.shown(id, &batch, number);
            (number, u64::MAX)
        };
        let may_skip = |next: Offset| {
            let base = header.base_offset;
            let is_gap = || {
                (world.is_follower(id) && world.oracle.is_gap(id, next, base))
                    || (world.is_keyed(id) && world.oracle.may_be_gone(id, next, base))
            };
            base == next || (base > next && is_gap())
        };
        let fits = match found.last() {
            Some(last) => may_skip(last.next),
            None => (header.base_offset <= from || may_skip(from)) && from < header.next_offset(),
        };
        if !fits || header.next_offset() > end {
            world.oracle.violate(format!(
                "{id:?}: read from {from} to {end}: {}..{} after {found:?}",
                header.base_offset,
                header.next_offset()
            ));
            return found;
        }
        found.push(Found {
            base: header.base_offset,
            number: number.unwrap_or(0),
            next: header.next_offset(),
            leader_epoch: header.leader_epoch,
            places,
        });
    }
    found
}

async fn read_for_ever(world: Rc<World>, handle: Handle, storage: Rc<Storage>) {
    loop {
        world.pause(&handle, 2).await;
        let ids = storage.partitions();
        if ids.is_empty() {
            continue;
        }
        let id = ids[world.random.borrow_mut().index(ids.len())];
        let Some(log) = storage.partition(&id) else {
            continue;
        };
        let offsets = log.offsets();
        world.oracle.observed(id, &offsets);
        let span = (offsets.high_watermark - offsets.log_start).get();
        let back = world.below(u64::try_from(span).unwrap_or(0) + 1);
        let from = offsets.log_start + OffsetDelta::new(i64::try_from(back).unwrap_or(0));
        let bytes_max = usize::try_from(world.below(100_000)).unwrap_or(0);
        world.reads.set(world.reads.get() + 1);
        let cuts = world.oracle.cuts(id);
        match log.read(from, bytes_max, ReadIsolation::HighWatermark).await {
            Ok(slice) => {
                let seen = slice.offsets;
                let is_empty = slice.bytes == 0;
                let cut = world.oracle.cut_since(id, cuts);
                let found = check_slice(&world, id, from, &slice, seen.log_end, cut);
                if found.last().is_some_and(|last| last.base >= seen.high_watermark) {
                    world
                        .oracle
                        .violate(format!("{id:?}: {found:?} is not committed: {seen:?}"));
                }
                let is_in_gap = || {
                    world.is_follower(id)
                        && (seen.log_end <= from || world.oracle.is_gap(id, from, offsets.high_watermark))
                };
                if is_empty && from < offsets.high_watermark && cut.is_none() && !is_in_gap() {
                    world
                        .oracle
                        .violate(format!("{id:?}: nothing at {from} before {offsets:?}"));
                }
            }
            Err(ReadError::OffsetOutOfRange { .. }) if from < log.offsets().log_start => {}
            // Its end was cut off meanwhile.
            Err(ReadError::OffsetOutOfRange { end, .. }) if world.is_follower(id) && end < from => {}
            Err(ReadError::Deleted) => {}
            Err(ReadError::Corrupt(_)) if world.oracle.tolerates_damage => {}
            Err(ReadError::Io(_)) if world.scenario.trouble.may_fail() => {}
            Err(
                error @ (ReadError::OffsetOutOfRange { .. }
                | ReadError::CutOff
                | ReadError::Corrupt(_)
                | ReadError::Io(_)),
            ) => {
                world
                    .oracle
                    .violate(format!("{id:?}: read from {from} of {offsets:?}: {error}"));
            }
        }
    }
}

/// Creates one partition of `storage`; its producers are not started.
pub(crate) async fn create(
    world: &Rc<World>,
    storage: &Storage,
    shard: usize,
    id: PartitionId,
) -> Option<Rc<PartitionLog>> {
    let config = world.scenario.log_config(&mut world.random.borrow_mut());
    let durability = config.durability;
    let reused = if world.scenario.reuses_names {
        world.free_names.borrow_mut().pop()
    } else {
        None
    };
    let directory = reused.unwrap_or_else(|| format!("t{}-{}", oracle::number_of(id), id.index));
    world.configs.borrow_mut().insert(id, config.clone());
    let spec = PartitionSpec {
        id,
        directory,
        leader_epoch: LeaderEpoch::new(0),
        config,
    };
    world.oracle.creating(id, shard, durability);
    match storage.create_partition(spec).await {
        Ok(log) => {
            world.oracle.created(id);
            replica::own(world, &log);
            if world.scenario.has_followers && world.below(2) == 0 {
                world.followers.borrow_mut().insert(id);
            } else {
                world.add_producers(id);
            }
            world.passed(Moment::Created);
            return Some(log);
        }
        Err(CreateError::Fenced(_)) => world.is_fenced.set(true),
        Err(CreateError::DiskFull(_)) if world.scenario.trouble == Trouble::Full => {}
        Err(CreateError::Io(_)) if world.scenario.trouble.may_fail() => {}
        Err(error) => world
            .oracle
            .violate(format!("{id:?}: cannot be created: {error}")),
    }
    None
}

async fn administer(world: Rc<World>, handle: Handle, shard: usize, storage: Rc<Storage>) {
    loop {
        world.pause(&handle, world.scenario.administration_ms).await;
        let ids = storage.partitions();
        let id = (!ids.is_empty()).then(|| ids[world.random.borrow_mut().index(ids.len())]);
        let Some(action) = world.action() else { continue };
        world
            .remarks
            .add(|| format!("shard {shard}: {action:?} {:?}", id.map(oracle::number_of)));
        match (action, id) {
            (Action::Checkpoint, _) => match storage.checkpoint().await {
                Ok(()) => world.passed(Moment::Checkpointed),
                Err(CheckpointError::Fenced(_)) => world.is_fenced.set(true),
                Err(CheckpointError::Refused(_)) if world.scenario.trouble.may_refuse() => {}
                Err(error @ CheckpointError::Refused(_)) => world.oracle.violate(error.to_string()),
            },
            (Action::Clean, _) => {
                storage.clean().await;
            }
            (Action::Retention, _) => storage.apply_retention(handle.clock.wall()).await,
            (Action::DeleteRecords, Some(id)) if world.scenario.deletes => {
                let Some(log) = storage.partition(&id) else {
                    continue;
                };
                let offsets = log.offsets();
                let span = u64::try_from((offsets.high_watermark - offsets.log_start).get()).unwrap_or(0);
                let by = i64::try_from(world.below(span + 1)).unwrap_or(0);
                let before = offsets.log_start + OffsetDelta::new(by);
                match log.delete_records(Some(before)).await {
                    Ok(start) if start < before => {
                        world
                            .oracle
                            .violate(format!("{id:?}: asked to begin at {before}, begins at {start}"));
                    }
                    Ok(_) => {
                        world.oracle.observed(id, &log.offsets());
                        world.passed(Moment::Trimmed);
                    }
                    Err(DeleteRecordsError::Fenced(_)) => world.is_fenced.set(true),
                    Err(DeleteRecordsError::Deleted) => {}
                    // The log's end is being cut off before it.
                    Err(DeleteRecordsError::OffsetOutOfRange { .. }) if world.is_follower(id) => {}
                    Err(error @ DeleteRecordsError::OffsetOutOfRange { .. }) => {
                        world.oracle.violate(format!("{id:?}: {error}"));
                    }
                }
            }
            (Action::DeletePartition, Some(id)) if world.scenario.deletes => {
                let name = storage.partition(&id).map(|log| log.directory().to_owned());
                world.oracle.deleting(id);
                match storage.delete_partition(id).await {
                    Ok(()) => {
                        world.oracle.gone(id);
                        world.free_names.borrow_mut().extend(name);
                        world
                            .producers
                            .borrow_mut()
                            .retain(|_, producer| producer.borrow().partition != id);
                        world.passed(Moment::Deleted);
                    }
                    Err(DeleteError::Fenced(_)) => world.is_fenced.set(true),
                    Err(DeleteError::Io(_)) if world.scenario.trouble.may_fail() => {}
                    Err(error) => world
                        .oracle
                        .violate(format!("{id:?}: cannot be deleted: {error}")),
                }
            }
            (Action::CreatePartition, _) if ids.len() < PARTITIONS_MAX => {
                let id = world.new_partition();
                if let Some(log) = create(&world, &storage, shard, id).await {
                    start_partition(&world, &handle, &log);
                }
            }
            (Action::LeaderEpoch, Some(id)) if !world.is_follower(id) => {
                if let Some(log) = storage.partition(&id) {
                    epochs::begin_reign(&world, &log);
                }
            }
            (
                Action::DeleteRecords
                | Action::DeletePartition
                | Action::CreatePartition
                | Action::LeaderEpoch,
                _,
            ) => {}
        }
    }
}
