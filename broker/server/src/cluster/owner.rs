//! Which shard owns a partition.

use corelog_metadata::shard_of;
use corelog_model::{PartitionId, ShardId};

use crate::controller::is_metadata_partition;

/// The shard that runs the controller and accepts connections.
pub const FIRST: ShardId = ShardId::new(0);

/// The shard that owns a partition on a broker of `shard_count` shards. The metadata's own log is the controller's.
pub fn owner_of(partition: PartitionId, shard_count: u16) -> ShardId {
    if is_metadata_partition(partition) {
        FIRST
    } else {
        shard_of(partition, shard_count)
    }
}
