//! The groups' coordinators of one shard.

use crate::report::Committed;
use crate::shard::Shard;
use corelog_model::PartitionId;
use std::rc::Rc;

/// One coordinator a partition of `__consumer_offsets` that this shard owns.
#[derive(Default)]
pub struct Coordinators;

impl Coordinators {
    /// Begins to load.
    pub fn load(&self, _shard: &Rc<Shard>, _id: PartitionId) {}
    /// Unloads.
    pub fn unload(&self, _id: PartitionId) {}
    /// All.
    pub fn committed_offsets(&self) -> Vec<Committed> {
        Vec::new()
    }
}
