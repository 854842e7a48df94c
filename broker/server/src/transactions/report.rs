//! What metrics are told of transactions.

use std::time::Duration;

use corelog_model::TimestampMs;
use corelog_transactions::{TransactionCoordinator, TransactionCounts, TransactionLevels};

/// What some coordinators have and have counted, those that are gone included.
#[derive(Clone, Default, Debug)]
pub(crate) struct TransactionReport {
    pub(crate) levels: TransactionLevels,
    /// How long ago the oldest open transaction began; zero without one.
    pub(crate) oldest_age: Duration,
    pub(crate) counts: TransactionCounts,
}

impl TransactionReport {
    /// What one coordinator says; `wall` is the time.
    pub(super) fn of(coordinator: &TransactionCoordinator, wall: TimestampMs) -> TransactionReport {
        let levels = coordinator.levels();
        let age = levels
            .oldest_start
            .map_or(0, |start| wall.get().saturating_sub(start.get()));
        TransactionReport {
            levels,
            // A clock that was put back makes it negative.
            oldest_age: Duration::from_millis(u64::try_from(age).unwrap_or_default()),
            counts: coordinator.counts().clone(),
        }
    }

    /// Adds others'.
    pub(crate) fn add(&mut self, other: &TransactionReport) {
        let (mine, theirs) = (&mut self.levels, &other.levels);
        mine.transactional_ids += theirs.transactional_ids;
        mine.open += theirs.open;
        mine.markers_pending += theirs.markers_pending;
        mine.oldest_start = mine.oldest_start.into_iter().chain(theirs.oldest_start).min();
        self.oldest_age = self.oldest_age.max(other.oldest_age);
        self.counts.add(&other.counts);
    }
}
