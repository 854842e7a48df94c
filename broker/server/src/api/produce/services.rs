//! What a Produce works with.

use std::rc::Rc;

use corelog_runtime::Clock;

use crate::cluster::MetadataCache;
use crate::metrics::ShardMetrics;
use crate::shard::{LongWork, Shards};

/// See the module.
#[derive(Clone, Copy)]
pub struct Services<'a> {
    /// The time that batches come at.
    pub clock: &'a dyn Clock,
    /// The topics and their settings.
    pub metadata: &'a Rc<MetadataCache>,
    /// The way to the owners.
    pub shards: &'a Rc<Shards>,
    /// Where what takes long is done.
    pub long_work: &'a Rc<LongWork>,
    /// Where refusals are counted.
    pub metrics: &'a Rc<ShardMetrics>,
}
