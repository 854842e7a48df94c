//! Transactional ids that nobody has used for long (Kafka's `TransactionStateManager.removeExpiredTransactionalIds`).

use std::ops::Bound;
use std::time::Duration;

use crate::TransactionalId;
use crate::coordinator::TransactionCoordinator;
use crate::log::{Change, Then};
use crate::timers::TimerKey;
use crate::transaction::{Busy, Transaction};

/// The least time between two looks: an interval of zero would never end.
const CHECK_INTERVAL_MIN: Duration = Duration::from_secs(1);
/// Ids that are looked at in one go, and the most tombstones of a batch: a million of them would stall the shard.
const SLICE_MAX: usize = 1_000;
/// Between two slices of a look.
const SLICE_PAUSE: Duration = Duration::from_millis(10);

impl TransactionCoordinator {
    pub(crate) fn schedule_expiry(&mut self) {
        let interval = self.cx.config.expiry_check_interval;
        self.cx
            .schedule(TimerKey::Expiry, interval.max(CHECK_INTERVAL_MIN));
    }

    /// Looks at some ids, and has the expired ones removed.
    pub(crate) fn expire_some(&mut self) {
        let expiration = self.cx.config.transactional_id_expiration.as_millis();
        let expiration = i64::try_from(expiration).unwrap_or(i64::MAX);
        let oldest = self.cx.now.wall.get().saturating_sub(expiration);
        let start = match &self.expiry_cursor {
            Some(last) => Bound::Excluded(last.clone()),
            None => Bound::Unbounded,
        };
        let mut changes = Vec::new();
        let mut last: Option<TransactionalId> = None;
        let mut count = 0;
        for (transactional_id, transaction) in self
            .transactions
            .range_mut((start, Bound::Unbounded))
            .take(SLICE_MAX)
        {
            count += 1;
            if has_expired(transaction, oldest) {
                transaction.begin(Busy::Append);
                changes.push(Change {
                    transactional_id: transactional_id.clone(),
                    value: None,
                });
            }
            if count == SLICE_MAX {
                last = Some(transactional_id.clone());
            }
        }
        self.expiry_cursor = last;
        if self.expiry_cursor.is_some() {
            self.cx.schedule(TimerKey::Expiry, SLICE_PAUSE);
        } else {
            self.schedule_expiry();
        }
        if !changes.is_empty() {
            self.cx.append(changes, Then::Expire);
        }
    }
}

fn has_expired(transaction: &Transaction, oldest: i64) -> bool {
    let Some(metadata) = &transaction.durable else {
        return false;
    };
    !transaction.is_busy() && metadata.state().may_expire() && metadata.last_update().get() <= oldest
}
