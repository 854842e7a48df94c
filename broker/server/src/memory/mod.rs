//! The memory of a shard: who may hold how much of it, and who waits.

mod budgets;
pub(crate) mod fetch_memory;
pub(crate) mod long_answer;
mod plan;

pub use budgets::Memory;
pub use plan::{MemoryError, MemoryPlan};

pub(crate) use budgets::MemoryBudgets;
pub(crate) use plan::MemoryChoice;
