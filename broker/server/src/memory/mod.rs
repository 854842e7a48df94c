//! The memory of a shard: who may hold how much of it, and who waits.

pub(crate) mod fetch_memory;
pub(crate) mod long_answer;
mod plan;

pub use plan::{MemoryError, MemoryPlan};

pub(crate) use plan::MemoryChoice;
