//! One-shot notifications that a log has changed.

use std::collections::HashSet;
use std::rc::{Rc, Weak};

use corelog_model::PartitionId;

/// Watchers that are looked through for those that have gone, at least.
const PURGED_MIN: usize = 16;

/// Is told once that a log has changed: see [`crate::PartitionLog::watch`].
pub trait LogWatcher {
    /// The log of `partition` has changed. It is told in the midst of the change: what is to be done about it is done by
    /// a task of its own.
    fn changed(self: Rc<Self>, partition: PartitionId);
}

/// In the order in which they came. Adding one costs the same however many there are.
#[derive(Default)]
pub(super) struct Watchers {
    all: Vec<Weak<dyn LogWatcher>>,
    /// Their addresses, which nobody else has while they are in here.
    known: HashSet<usize, foldhash::fast::RandomState>,
    purge_at: usize,
}

fn address(watcher: *const dyn LogWatcher) -> usize {
    watcher.cast::<()>().addr()
}

impl Watchers {
    /// Adds a watcher; one that is there already stays there once.
    pub(super) fn add(&mut self, watcher: &Rc<dyn LogWatcher>) {
        if self.all.len() >= self.purge_at.max(PURGED_MIN) {
            self.purge();
        }
        if self.known.insert(address(Rc::as_ptr(watcher))) {
            self.all.push(Rc::downgrade(watcher));
        }
    }

    fn purge(&mut self) {
        let known = &mut self.known;
        self.all.retain(|watcher| {
            let is_there = watcher.strong_count() > 0;
            if !is_there {
                known.remove(&address(watcher.as_ptr()));
            }
            is_there
        });
        self.purge_at = 2 * self.all.len();
    }

    /// Takes all out that are still there.
    pub(super) fn take(&mut self) -> Vec<Rc<dyn LogWatcher>> {
        self.known.clear();
        self.all
            .drain(..)
            .filter_map(|watcher| watcher.upgrade())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Numbered(#[expect(dead_code, reason = "for an address of its own")] u8);

    impl LogWatcher for Numbered {
        fn changed(self: Rc<Self>, _: PartitionId) {}
    }

    #[test]
    fn each_is_taken_once_and_those_that_have_gone_leave_nothing() {
        let mut watchers = Watchers::default();
        let watcher = |number| Rc::new(Numbered(number)) as Rc<dyn LogWatcher>;
        let stay: Vec<_> = (0..3).map(watcher).collect();
        for _ in 0..1000 {
            watchers.add(&watcher(9));
            stay.iter().for_each(|watcher| watchers.add(watcher));
            assert!(watchers.all.len() <= 2 * PURGED_MIN);
        }
        assert_eq!(watchers.take().len(), 3);
        assert!(watchers.take().is_empty());
    }
}
