//! The shards of this broker, and the way to them.

use std::rc::{Rc, Weak};

use corelog_model::{PartitionId, ShardId};
use corelog_runtime::Mailbox;

use super::calls::{Calls, ShardMessage};
use super::services::{Service, Shard};
use crate::cluster::owner_of;

/// The way from one shard to all of them: [`Shards::submit_to`] one, [`Shards::on_owners`] of partitions.
pub struct Shards {
    /// The shard whose this is.
    pub here: ShardId,
    /// How many shards there are.
    pub(crate) count: u16,
    pub(super) mailbox: Rc<dyn Mailbox<ShardMessage>>,
    pub(super) calls: Calls,
    shard: Weak<Shard>,
}

impl Shards {
    /// The way from shard `here` of `count`, which is `shard`.
    pub(super) fn new(
        here: ShardId,
        count: u16,
        mailbox: Rc<dyn Mailbox<ShardMessage>>,
        shard: Weak<Shard>,
    ) -> Shards {
        Shards {
            here,
            count,
            mailbox,
            calls: Calls::default(),
            shard,
        }
    }

    /// All shards of this broker.
    pub(crate) fn all(&self) -> impl Iterator<Item = ShardId> + use<> {
        (0..self.count).map(ShardId::new)
    }

    /// The shard that owns a partition, whether or not there is one.
    pub(crate) fn owner_of(&self, partition: PartitionId) -> ShardId {
        owner_of(partition, self.count)
    }

    /// Whether this shard owns a partition, whether or not there is one.
    pub(crate) fn owns(&self, partition: PartitionId) -> bool {
        self.owner_of(partition) == self.here
    }

    /// Calls to other shards that wait for their replies. Each connection that another shard serves for this one is
    /// such a call for as long as it lasts.
    pub fn calls_waiting(&self) -> usize {
        self.calls.waiting()
    }

    /// A service of this shard; `None` when the shard is gone.
    pub(super) fn local<S: Service>(&self) -> Option<Rc<S>> {
        self.shard.upgrade().map(|shard| S::of(&shard))
    }
}
