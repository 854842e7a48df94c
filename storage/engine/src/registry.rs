//! The partitions of one shard: each log under its key, its id and its directory.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use corelog_model::PartitionId;

use crate::errors::Fenced;
use crate::fence::OnFence;
use crate::hash::Map;
use crate::journal::core::PartitionKey;
use crate::partition::PartitionLog;

/// See the module.
#[derive(Default)]
pub(crate) struct Registry {
    partitions: RefCell<BTreeMap<PartitionKey, Rc<PartitionLog>>>,
    by_id: RefCell<Map<PartitionId, PartitionKey>>,
    directories: RefCell<BTreeSet<String>>,
    next_key: Cell<PartitionKey>,
}

impl Registry {
    /// A key that no log has had.
    pub(crate) fn next_key(&self) -> PartitionKey {
        let key = self.next_key.get();
        self.next_key.set(key + 1);
        key
    }

    /// Gives a log its place.
    pub(crate) fn insert(&self, log: &Rc<PartitionLog>) {
        self.partitions.borrow_mut().insert(log.key(), Rc::clone(log));
        self.by_id.borrow_mut().insert(log.id(), log.key());
        self.directories.borrow_mut().insert(log.directory().to_owned());
    }

    /// Takes a log's place away.
    pub(crate) fn remove(&self, log: &PartitionLog) {
        self.partitions.borrow_mut().remove(&log.key());
        self.by_id.borrow_mut().remove(&log.id());
        self.directories.borrow_mut().remove(log.directory());
    }

    /// A partition that is open.
    pub(crate) fn partition(&self, key: PartitionKey) -> Option<Rc<PartitionLog>> {
        self.partitions.borrow().get(&key).map(Rc::clone)
    }

    /// The log of a partition.
    pub(crate) fn by_id(&self, id: &PartitionId) -> Option<Rc<PartitionLog>> {
        let key = self.by_id.borrow().get(id).copied()?;
        self.partition(key)
    }

    /// Whether a partition has this directory.
    pub(crate) fn has_directory(&self, directory: &str) -> bool {
        self.directories.borrow().contains(directory)
    }

    /// The directories of all partitions, sorted.
    pub(crate) fn directories(&self) -> Vec<String> {
        self.directories.borrow().iter().cloned().collect()
    }

    /// The partitions, by age.
    pub(crate) fn all(&self) -> Vec<Rc<PartitionLog>> {
        self.partitions.borrow().values().map(Rc::clone).collect()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.partitions.borrow().len()
    }

    /// Lets go of all logs, which hold what holds this.
    pub(crate) fn clear(&self) -> Vec<Rc<PartitionLog>> {
        let partitions = std::mem::take(&mut *self.partitions.borrow_mut());
        partitions.into_values().collect()
    }
}

impl OnFence for Registry {
    fn on_fence(&self, fenced: &Fenced) {
        for log in self.all() {
            log.on_fenced(fenced);
        }
    }
}
