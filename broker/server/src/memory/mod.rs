//! The memory of a shard: who may hold how much of it, and who waits.

pub mod fetch_memory;
pub mod long_answer;
pub mod plan;
