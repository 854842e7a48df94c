//! Consumers, in groups or with assigned partitions, which check every message that they read.

mod aborted;
mod fetcher;
mod group;
mod position;
mod sequence;
mod session;
mod shares;
mod verify;

pub use fetcher::{ConsumerSeat, Fetcher, Gate};
pub use group::{Assigned, Crew};
pub use position::ReadPosition;
pub use sequence::SequenceCheck;
pub use shares::{ShareError, ToShare, check_shares};
pub use verify::{ConsumedPartition, Verification, verify};
