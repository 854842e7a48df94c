//! Values that are set and read back, offsets of groups above all: one that was acknowledged is never followed by an
//! older one. The removal of a value sets -1.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// The place of a group in a partition, or of a setting of a topic.
pub(super) type Place = (String, String, i32);

#[derive(Clone, Copy, Debug)]
struct Commit {
    offset: i64,
    /// When it was sent and when it was acknowledged, on a clock that counts these events.
    sent: u64,
    acknowledged: Option<u64>,
}

/// All of a kind in a run.
#[derive(Default)]
pub(super) struct Commits {
    time: Cell<u64>,
    places: RefCell<BTreeMap<Place, Vec<Commit>>>,
}

impl Commits {
    /// A moment later than all before.
    pub(super) fn tick(&self) -> u64 {
        self.time.set(self.time.get() + 1);
        self.time.get()
    }

    /// Where something was ever set.
    pub(super) fn places(&self) -> Vec<Place> {
        self.places.borrow().keys().cloned().collect()
    }

    /// A commit is sent; returns when.
    pub(super) fn sent(&self, place: &Place, offset: i64) -> u64 {
        let sent = self.tick();
        let mut places = self.places.borrow_mut();
        places.entry(place.clone()).or_default().push(Commit {
            offset,
            sent,
            acknowledged: None,
        });
        sent
    }

    /// The commit that was sent at `sent` is acknowledged.
    pub(super) fn acknowledged(&self, place: &Place, sent: u64) {
        let now = self.tick();
        let mut places = self.places.borrow_mut();
        let commits = places.entry(place.clone()).or_default();
        if let Some(commit) = commits.iter_mut().find(|commit| commit.sent == sent) {
            commit.acknowledged = Some(now);
        }
    }

    /// The commit that was sent at `sent` is refused for good.
    pub(super) fn refused(&self, place: &Place, sent: u64) {
        let mut places = self.places.borrow_mut();
        let commits = places.entry(place.clone()).or_default();
        commits.retain(|commit| commit.sent != sent);
    }

    /// An answer to an OffsetFetch that was sent at `asked` says `offset`, -1 for none.
    ///
    /// # Errors
    /// What is wrong with that.
    pub(super) fn check(&self, place: &Place, asked: u64, offset: i64) -> Result<(), String> {
        let places = self.places.borrow();
        let none = Vec::new();
        let commits = places.get(place).unwrap_or(&none);
        // The commit acknowledged before the question that was sent last: whatever was acknowledged before it was
        // sent cannot be the answer any more.
        let newest = commits
            .iter()
            .filter(|commit| commit.acknowledged.is_some_and(|at| at < asked))
            .max_by_key(|commit| commit.sent);
        if offset < 0 && newest.is_none() {
            return Ok(());
        }
        let is_possible = |commit: &&Commit| {
            commit.offset == offset
                && newest.is_none_or(|newest| commit.acknowledged.is_none_or(|at| at >= newest.sent))
        };
        match commits.iter().find(is_possible) {
            Some(_) => Ok(()),
            None => Err(format!(
                "{place:?}: the value is {offset}, though {newest:?} was acknowledged"
            )),
        }
    }
}
