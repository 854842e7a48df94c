//! What a coordinator has and counts, for metrics. Neither takes a look at every transactional id: there may be a million.

use std::collections::BTreeSet;
use std::time::Duration;

use corelog_model::TimestampMs;

use crate::coordinator::TransactionCoordinator;
use crate::metadata::Metadata;
use crate::{TransactionResult, TransactionState, TransactionalId};

/// Upper bounds of the buckets are [`MarkerDelays::FIRST_BOUND`] times 2^n, for n below this; the last holds the rest.
const BUCKETS: usize = 22;

/// How many of what a coordinator has now.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct TransactionLevels {
    /// Transactional ids, those included whose first record is on its way.
    pub transactional_ids: usize,
    /// Transactions that have begun and are not complete.
    pub open: usize,
    /// When the oldest of them began, by the wall clock.
    pub oldest_start: Option<TimestampMs>,
    /// Partitions that a decided transaction has yet to write its marker to.
    pub markers_pending: usize,
}

/// What a coordinator has counted since it was made. Loading counts nothing: it replays what was counted before.
#[derive(Clone, Default, Debug)]
pub struct TransactionCounts {
    /// Transactions whose commit became durable.
    pub committed: u64,
    /// Transactions whose abort became durable.
    pub aborted: u64,
    /// Those of the aborted that took longer than their timeout.
    pub timed_out: u64,
    /// From a durable decision to the last of its markers.
    pub marker_delays: MarkerDelays,
}

impl TransactionCounts {
    /// Adds another coordinator's.
    pub fn add(&mut self, other: &TransactionCounts) {
        self.committed += other.committed;
        self.aborted += other.aborted;
        self.timed_out += other.timed_out;
        self.marker_delays.add(&other.marker_delays);
    }

    pub(crate) fn ended(&mut self, result: TransactionResult, is_timed_out: bool) {
        match result {
            TransactionResult::Commit => self.committed += 1,
            TransactionResult::Abort => self.aborted += 1,
        }
        self.timed_out += u64::from(is_timed_out);
    }
}

/// Delays in buckets whose bounds double.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct MarkerDelays {
    buckets: [u64; BUCKETS + 1],
    sum: Duration,
}

impl MarkerDelays {
    /// The upper bound of the first bucket; each bound is twice the one before. The last one is over four minutes.
    pub const FIRST_BOUND: Duration = Duration::from_micros(128);

    /// How many fell into each bucket; the last has no bound.
    pub fn buckets(&self) -> &[u64] {
        &self.buckets
    }

    /// All delays together.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    pub(crate) fn record(&mut self, delay: Duration) {
        let bounds = std::iter::successors(Some(MarkerDelays::FIRST_BOUND), |bound| bound.checked_mul(2));
        let bucket = bounds.take(BUCKETS).take_while(|bound| *bound < delay).count();
        self.buckets[bucket] += 1;
        self.sum += delay;
    }

    fn add(&mut self, other: &MarkerDelays) {
        for (mine, theirs) in self.buckets.iter_mut().zip(other.buckets) {
            *mine += theirs;
        }
        self.sum += other.sum;
    }
}

/// The transactions that have begun and are not complete, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct OpenTransactions(BTreeSet<(TimestampMs, TransactionalId)>);

impl OpenTransactions {
    /// The durable state of an id changes.
    pub(crate) fn change(&mut self, id: &TransactionalId, from: Option<&Metadata>, to: Option<&Metadata>) {
        let (from, to) = (from.and_then(start_if_open), to.and_then(start_if_open));
        if from == to {
            return;
        }
        if let Some(start) = from {
            self.0.remove(&(start, id.clone()));
        }
        if let Some(start) = to {
            self.0.insert((start, id.clone()));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    fn oldest_start(&self) -> Option<TimestampMs> {
        self.0.first().map(|(start, _)| *start)
    }
}

/// When the transaction of an id began, if it is not complete.
fn start_if_open(metadata: &Metadata) -> Option<TimestampMs> {
    match metadata.state() {
        TransactionState::Ongoing
        | TransactionState::PrepareCommit
        | TransactionState::PrepareAbort
        | TransactionState::PrepareEpochFence => Some(metadata.start().unwrap_or(metadata.last_update())),
        TransactionState::Empty
        | TransactionState::CompleteCommit
        | TransactionState::CompleteAbort
        | TransactionState::Dead => None,
    }
}

impl TransactionCoordinator {
    /// How many of what it has now. One that is unloaded has nothing.
    pub fn levels(&self) -> TransactionLevels {
        TransactionLevels {
            transactional_ids: self.transactional_id_count(),
            open: self.open.0.len(),
            oldest_start: self.open.oldest_start(),
            markers_pending: self.markers_pending,
        }
    }

    /// What it has counted; one that is unloaded still says it.
    pub fn counts(&self) -> &TransactionCounts {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_falls_into_the_bucket_whose_bound_is_not_below_it() {
        let check = |micros: u64, bucket: usize| {
            let mut delays = MarkerDelays::default();
            delays.record(Duration::from_micros(micros));
            let found = delays.buckets().iter().position(|count| *count == 1);
            assert_eq!(found, Some(bucket), "{micros} µs");
            assert_eq!(delays.sum(), Duration::from_micros(micros));
        };
        check(0, 0);
        check(128, 0);
        check(129, 1);
        check(256, 1);
        check(128 << 21, 21);
        check((128 << 21) + 1, BUCKETS);
        check(u64::MAX >> 1, BUCKETS);
    }
}
