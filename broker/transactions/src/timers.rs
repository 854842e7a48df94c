//! Deadlines by key. One deadline a key: scheduling again replaces the former. An id of which nothing is under way has none.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::TransactionalId;

/// What a deadline is for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum TimerKey {
    /// The look for expired transactional ids.
    Expiry,
    /// The timeout of an ongoing transaction.
    Transaction(TransactionalId),
    /// Markers or a completion that failed.
    Retry(TransactionalId),
    /// The request that has waited longest.
    Parked(TransactionalId),
}
/// The deadlines of a coordinator, in order.
#[derive(Default, Debug)]
pub(crate) struct Timers {
    by_deadline: BTreeSet<(Duration, TimerKey)>,
    deadlines: BTreeMap<TimerKey, Duration>,
}

impl Timers {
    /// Sets the deadline of `key`, replacing the former one.
    pub(crate) fn schedule(&mut self, key: TimerKey, deadline: Duration) {
        if let Some(former) = self.deadlines.insert(key.clone(), deadline) {
            self.by_deadline.remove(&(former, key.clone()));
        }
        self.by_deadline.insert((deadline, key));
    }

    /// Forgets the deadline of `key`, if it has one.
    pub(crate) fn cancel(&mut self, key: &TimerKey) {
        if let Some(deadline) = self.deadlines.remove(key) {
            self.by_deadline.remove(&(deadline, key.clone()));
        }
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.by_deadline.first().map(|(deadline, _)| *deadline)
    }

    /// Takes the earliest deadline that is at or before `now`.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<TimerKey> {
        if self.next()? > now {
            return None;
        }
        let (_, key) = self.by_deadline.pop_first()?;
        self.deadlines.remove(&key);
        Some(key)
    }

    /// Forgets every deadline.
    pub(crate) fn clear(&mut self) {
        self.by_deadline.clear();
        self.deadlines.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_deadline() {
        let at = Duration::from_secs;
        let retry = TimerKey::Retry(TransactionalId::new("t"));
        let mut timers = Timers::default();
        timers.schedule(retry.clone(), at(3));
        timers.schedule(TimerKey::Expiry, at(2));
        timers.schedule(retry.clone(), at(5));
        assert_eq!(timers.next(), Some(at(2)));
        assert_eq!(timers.pop_due(at(1)), None);
        assert_eq!(timers.pop_due(at(9)), Some(TimerKey::Expiry));
        assert_eq!(timers.pop_due(at(4)), None);
        assert_eq!(timers.pop_due(at(5)), Some(retry.clone()));
        timers.schedule(retry.clone(), at(6));
        timers.cancel(&retry);
        assert_eq!(timers.pop_due(at(9)), None);
        assert_eq!(timers.next(), None);
    }
}
