//! What a shard knows of the cluster: the metadata and the settings in force, how clients see it, who owns what.

mod identity;
mod metadata_cache;
mod owner;
#[cfg(test)]
pub(crate) mod test_image;

pub use identity::Identity;
pub(crate) use identity::{ClusterView, Node, ShardListeners};
pub use metadata_cache::MetadataCache;
pub use owner::{FIRST, owner_of};
