//! Consumers with assigned partitions, which check every message that they read.

mod fetcher;
mod sequence;
mod session;
mod verify;

pub use fetcher::{ConsumerSeat, Fetcher, Gate};
pub use sequence::SequenceCheck;
pub use verify::{ConsumedPartition, Verification, verify};
