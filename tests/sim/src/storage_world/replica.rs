//! Followers: logs whose batches come with the offsets and epochs that a leader elsewhere gave them, with gaps, and whose
//! end is cut off at times; and the owners of all logs, who say how far each is committed.

use std::cell::Cell;
use std::rc::{Rc, Weak};

use corelog_model::{LeaderEpoch, Offset, OffsetDelta, ValidatedBatch};
use corelog_runtime::Handle;
use corelog_storage::{
    AppendError, AppendOptions, AppendOrigin, LogOwner, PartitionLog, Storage, TruncateError,
};

use super::actors::World;
use super::oracle::{self, Ending};
use super::scenario::Moment;

/// Bytes of a batch's header where its leader writes its place: see `corelog_model::batch`.
const BASE_OFFSET: std::ops::Range<usize> = 0..8;
const LEADER_EPOCH: std::ops::Range<usize> = 12..16;

/// Says how far a log is committed, and remembers it. Of some logs there are other replicas, which lag.
pub(crate) struct Owner {
    world: Weak<World>,
    lags: bool,
    /// What it said last.
    told: Cell<Offset>,
}

impl LogOwner for Owner {
    fn ends_moved(&self, log: &PartitionLog) {
        let Some(world) = self.world.upgrade() else { return };
        let offsets = log.offsets();
        let told = self.told.get().clamp(offsets.log_start, offsets.log_end);
        let stays = self.lags && world.below(3) > 0;
        let high_watermark = if stays {
            told
        } else {
            told.max(offsets.durable_end)
        };
        self.told.set(high_watermark);
        log.commit(high_watermark, high_watermark);
    }
}

/// Gives the logs of a fresh start, after this ending, their owners. What each log kept of its high watermark is what its
/// owner had said, or less.
pub(crate) fn own_all(world: &Rc<World>, storage: &Storage, ending: Ending) {
    for id in storage.partitions() {
        let Some(log) = storage.partition(&id) else {
            continue;
        };
        let offsets = log.offsets();
        let told = world.owners.borrow().get(&id).map(|owner| owner.told.get());
        let told = told.unwrap_or_default().clamp(offsets.log_start, offsets.log_end);
        let kept = offsets.high_watermark;
        let is_right = match ending {
            Ending::Closed => kept == told,
            Ending::Killed | Ending::PowerLost => kept <= told,
        };
        if !is_right && !world.oracle.tolerates_damage {
            world.oracle.violate(format!(
                "{id:?}: the high watermark was {told} when the log was {ending:?}, and is {kept} after a start: {offsets:?}"
            ));
        }
        own(world, &log);
    }
}

/// Gives a log its owner; it is told at once.
pub(crate) fn own(world: &Rc<World>, log: &Rc<PartitionLog>) {
    let id = log.id();
    let told = world.owners.borrow().get(&id).map(|owner| owner.told.get());
    let owner = Rc::new(Owner {
        world: Rc::downgrade(world),
        lags: world.scenario.lags && oracle::number_of(id).is_multiple_of(2),
        told: Cell::new(told.unwrap_or_default()),
    });
    let weak: Weak<dyn LogOwner> = Rc::downgrade(&owner) as Weak<dyn LogOwner>;
    world.owners.borrow_mut().insert(id, owner);
    log.set_owner(weak);
}

/// A batch as the leader wrote it into its own log.
fn placed(batch: &ValidatedBatch, base: Offset, epoch: LeaderEpoch) -> ValidatedBatch {
    let mut bytes = batch.bytes().to_vec();
    bytes[BASE_OFFSET].copy_from_slice(&base.get().to_be_bytes());
    bytes[LEADER_EPOCH].copy_from_slice(&epoch.get().to_be_bytes());
    ValidatedBatch::new(bytes.into()).expect("no checksum covers the place")
}

/// Copies from a leader that nobody else sees: appends what it has, some under way at a time; at times another leader
/// takes over, which lacks the end of what was copied.
pub(crate) async fn follow(world: Rc<World>, handle: Handle, log: Rc<PartitionLog>) {
    let id = log.id();
    let mut epoch = log.leader_epoch();
    loop {
        let mut flight = Vec::new();
        let mut next = log.offsets().log_end;
        for _ in 0..=world.below(3) {
            let mut batches = Vec::new();
            let mut numbers = Vec::new();
            for _ in 0..=world.below(2) {
                let gap = if world.below(4) == 0 { world.below(20) } else { 0 };
                let base = next + OffsetDelta::new(i64::try_from(gap).expect("small"));
                let built = world.build_plain(&handle, id);
                let batch = placed(&built.batch, base, epoch);
                next = base + OffsetDelta::new(batch.header().last_offset_delta.get() + 1);
                world.oracle.sent(id, built.number, 0, &batch);
                if world.is_keyed(id) {
                    world.oracle.may_supersede(id, &batch);
                }
                world.remarks.add(|| {
                    let (name, number) = (log.directory(), built.number);
                    format!("{name}: batch {number} comes for {base} of epoch {epoch}")
                });
                numbers.push((built.number, base));
                batches.push(batch);
                if world.below(8) == 0 {
                    // Within one append, too, as a Fetch that spans an election.
                    epoch = LeaderEpoch::new(epoch.get() + 1);
                }
            }
            let options = AppendOptions {
                origin: AppendOrigin::Replica,
            };
            flight.push((numbers, log.append(batches, options)));
        }
        let cut = (world.below(8) == 0).then(|| {
            let offsets = log.offsets();
            // A leader may lack even what is committed, if it was elected all the same.
            let from = if world.below(3) == 0 {
                offsets.log_start
            } else {
                offsets.high_watermark
            };
            let span = u64::try_from((offsets.log_end - from).get()).unwrap_or(0);
            let back = i64::try_from(world.below(span + 1)).unwrap_or(0);
            let at = Offset::new(offsets.log_end.get() - back).unwrap_or_default();
            world.oracle.cutting(id, at);
            world
                .remarks
                .add(|| format!("{}: cut off at {at} of {offsets:?}", log.directory()));
            let log = Rc::clone(&log);
            (at, async move { log.truncate_to(at).await })
        });
        // Before anything is awaited, so that the cut is asked for while the appends are under way.
        let cut = cut.map(|(at, truncation)| (at, spawn(&handle, truncation)));
        for (numbers, answer) in flight {
            match answer.await {
                Ok(_) => {
                    world.oracle.replicated(id, &numbers);
                    world.acknowledged.set(world.acknowledged.get() + 1);
                    world.passed(Moment::Acknowledged);
                }
                Err(error) => {
                    let numbers: Vec<u64> = numbers.iter().map(|(number, _)| *number).collect();
                    let after_another = matches!(error, AppendError::OutOfPlace { .. });
                    if after_another && world.scenario.trouble.may_refuse_appends() {
                        numbers
                            .iter()
                            .for_each(|number| world.oracle.refused(id, *number));
                    } else if !super::actors::judge(&world, id, &numbers, &error, false) {
                        return;
                    }
                }
            }
        }
        world.oracle.observed(id, &log.offsets());
        if let Some((at, truncation)) = cut {
            match truncation.await {
                Some(Ok(end)) => {
                    world.oracle.truncated(id, at, end, &log.offsets());
                    world.passed(Moment::Trimmed);
                    epoch = LeaderEpoch::new(epoch.get() + 1);
                }
                Some(Err(TruncateError::Fenced(_))) => {
                    world.is_fenced.set(true);
                    return;
                }
                Some(Err(TruncateError::Deleted | TruncateError::Closed)) | None => return,
                Some(Err(TruncateError::OffsetOutOfRange { log_start, .. }))
                    if world.oracle.begins_behind(id, at, log_start) =>
                {
                    world.oracle.not_cut(id);
                }
                Some(Err(TruncateError::Read(_))) if world.scenario.trouble.may_fail() => {
                    world.oracle.not_cut(id);
                }
                Some(Err(error)) => {
                    world.oracle.violate(format!("{id:?}: cut off at {at}: {error}"));
                    return;
                }
            }
        }
        let rest = if world.is_quiet.get() {
            20
        } else {
            world.scenario.rest_ms
        };
        world.pause(&handle, rest).await;
    }
}

type Truncated = Result<Offset, TruncateError>;

/// Lets the truncation begin; `None` if the process ends first.
fn spawn(
    handle: &Handle,
    truncation: impl Future<Output = Truncated> + 'static,
) -> impl Future<Output = Option<Truncated>> {
    let (sender, receiver) = corelog_runtime::local::oneshot::channel();
    handle.spawn(corelog_runtime::WorkClass::Normal, "truncation", async move {
        let _gone = sender.send(truncation.await);
    });
    async move { receiver.await.ok() }
}
