//! The seam between shards: bounded queues that move owned messages, one for each ordered pair of shards.

mod mesh;
mod parking;

use corelog_model::ShardId;

use crate::LocalFuture;

pub(crate) use mesh::{Mesh, MeshMailbox, MeshSeat};
pub(crate) use parking::Parking;

/// One shard's end of the queues to and from all others.
///
/// Messages from one shard to another arrive in the order they were sent. A full queue makes its sender wait; whoever
/// answers a message answers through the same mailbox, so a shard must go on receiving while it waits to send.
pub trait Mailbox<M> {
    /// This shard.
    fn shard(&self) -> ShardId;
    /// How many shards there are, this one included.
    fn shard_count(&self) -> u16;
    /// Moves `message` to shard `to`, which is not this one; resolves when it is in the queue. Order is that of the
    /// calls, not of the polls.
    fn send(&self, to: ShardId, message: M) -> LocalFuture<()>;
    /// Waits for the next message from any shard. For one task at a time.
    fn receive(&self) -> LocalFuture<(ShardId, M)>;
}
