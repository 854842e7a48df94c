//! What a leader knows of one follower (Kafka's `ReplicaState`).

use std::time::Duration;

use corelog_model::{BrokerEpoch, Offset};

use crate::FollowerFetch;

/// A follower's progress; times are monotonic.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Follower {
    /// It has everything before this offset; `None` until it has fetched in this leader epoch.
    pub(crate) end: Option<Offset>,
    /// Where its log begins, once it has said so.
    pub(crate) log_start: Option<Offset>,
    /// The registration that it last fetched under; the inner `None` if it did not say.
    pub(crate) broker_epoch: Option<Option<BrokerEpoch>>,
    /// The last time that it is known to have had everything there was.
    pub(crate) caught_up_at: Option<Duration>,
    /// When it last fetched, and where the leader's log ended then.
    last_fetch: Option<(Duration, Offset)>,
}

impl Follower {
    /// A follower when a leader epoch begins: one that is in sync counts as caught up.
    pub(crate) fn at_start(is_in_sync: bool, now: Duration) -> Follower {
        Follower {
            caught_up_at: is_in_sync.then_some(now),
            ..Follower::default()
        }
    }

    /// Begins another epoch of the same leader.
    pub(crate) fn restart(&mut self, is_in_sync: bool, log_end: Offset, now: Duration) {
        self.caught_up_at = is_in_sync.then_some(now);
        self.last_fetch = is_in_sync.then_some((now, log_end));
    }

    /// Takes a Fetch into account. A Fetch under an older registration than the last is a straggler and tells nothing;
    /// returns whether it was one.
    pub(crate) fn fetched(&mut self, fetch: &FollowerFetch, now: Duration) -> bool {
        if let (Some(Some(known)), Some(told)) = (self.broker_epoch, fetch.broker_epoch)
            && told < known
        {
            return true;
        }
        let caught_up_at = if fetch.offset >= fetch.leader_log_end {
            Some(now)
        } else {
            // It has what there was at its last Fetch, so it was caught up then.
            self.last_fetch
                .filter(|(_, end)| fetch.offset >= *end)
                .map(|(at, _)| at)
        };
        self.caught_up_at = self.caught_up_at.max(caught_up_at);
        self.end = Some(fetch.offset);
        self.log_start = Some(fetch.log_start);
        self.broker_epoch = Some(fetch.broker_epoch);
        self.last_fetch = Some((now, fetch.leader_log_end));
        false
    }

    /// The log grows beyond `log_end`. A follower that had everything was caught up until now, however long ago it said
    /// so: a partition that rests in a fetch session is not fetched again until there is something.
    pub(crate) fn passed(&mut self, log_end: Offset, now: Duration) {
        if self.end == Some(log_end) {
            self.caught_up_at = self.caught_up_at.max(Some(now));
        }
    }

    /// Whether it has everything, or had so within `lag_max`.
    pub(crate) fn is_caught_up(&self, log_end: Offset, lag_max: Duration, now: Duration) -> bool {
        self.end == Some(log_end)
            || self
                .caught_up_at
                .is_some_and(|at| now.saturating_sub(at) <= lag_max)
    }

    /// When it counts as out of sync, if it does not move; `None` if it has everything.
    pub(crate) fn lags_after(&self, log_end: Offset, lag_max: Duration) -> Option<Duration> {
        if self.end == Some(log_end) {
            return None;
        }
        let at = self.caught_up_at.unwrap_or_default();
        // The first moment at which it is no longer within the time.
        Some(at.saturating_add(lag_max).saturating_add(Duration::from_nanos(1)))
    }
}
