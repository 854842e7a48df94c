//! What a shard keeps of its logs in memory.

pub(crate) mod cache;
pub(crate) mod dirty;
pub(crate) mod windows;
