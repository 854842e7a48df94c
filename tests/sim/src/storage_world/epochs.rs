//! Leader epochs: who leads a log, and what its epoch table must say of its batches and of epochs without any.

use corelog_model::{LeaderEpoch, Offset};
use corelog_storage::PartitionLog;

use super::actors::{Found, World};

/// A leader takes over, as at a start of the broker, whose metadata keep the epochs: none is ever used twice.
pub(crate) fn begin_reign(world: &World, log: &PartitionLog) {
    let epoch = {
        let mut known = world.leader_epochs.borrow_mut();
        let newest = known.entry(log.id()).or_insert(log.leader_epoch());
        *newest = LeaderEpoch::new(log.leader_epoch().max(*newest).get() + 1);
        *newest
    };
    log.set_leader_epoch(epoch);
    let noted = log.leader_epochs().last().copied();
    let expected = (epoch, log.offsets().log_end);
    if noted != Some(expected) {
        world.oracle.violate(format!(
            "{:?}: a leader took over at {expected:?}, the epoch table ends with {noted:?}",
            log.id()
        ));
    }
}

/// The epoch table agrees with the batches, and whoever has read them is told of no truncation (KIP-320).
pub(crate) fn check_batches(world: &World, log: &PartitionLog, batches: &[Found]) {
    for batch in batches {
        let known = log.epoch_at(batch.base.max(log.offsets().log_start));
        if known != Some(batch.leader_epoch) {
            world.oracle.violate(format!(
                "{:?}: the batch at {} is of epoch {:?}, the table says {known:?}",
                log.id(),
                batch.base,
                batch.leader_epoch
            ));
        }
        let end = log.end_offset_for_epoch(batch.leader_epoch);
        let is_there = |end: &Option<(LeaderEpoch, Offset)>| {
            end.is_some_and(|(epoch, end)| epoch == batch.leader_epoch && end >= batch.next)
        };
        if !end.as_ref().is_ok_and(is_there) {
            world.oracle.violate(format!(
                "{:?}: the batch at {} ends at {} in epoch {:?}, which is said to end at {end:?}",
                log.id(),
                batch.base,
                batch.next,
                batch.leader_epoch
            ));
        }
    }
}

/// The table has what follows from all of the log's batches, and the leader's epoch, which may have none. Epochs that
/// came between and have none are not in it.
pub(crate) fn check_table(world: &World, log: &PartitionLog, batches: &[Found]) {
    let offsets = log.offsets();
    let mut expected: Vec<(LeaderEpoch, Offset)> = Vec::new();
    let begins = batches.iter().map(|batch| (batch.leader_epoch, batch.base));
    let own = (!world.is_follower(log.id())).then_some((log.leader_epoch(), offsets.log_end));
    for (epoch, base) in begins.chain(own) {
        if expected.last().is_none_or(|(last, _)| *last != epoch) {
            expected.push((epoch, base.max(offsets.log_start)));
        }
    }
    let mut table = log.leader_epochs();
    if own.is_none() {
        // A follower notes no epoch of its own; the one that it was created in may have no batches.
        table.retain(|(epoch, _)| batches.iter().any(|batch| batch.leader_epoch == *epoch));
        // The log may begin in a gap.
        if let (Some(first), Some(known)) = (expected.first_mut(), table.first()) {
            first.1 = first.1.min(known.1).max(offsets.log_start);
        }
    }
    if table != expected {
        world.oracle.violate(format!(
            "{:?}: the epoch table is {table:?}, and the batches say {expected:?}",
            log.id()
        ));
    }
}
