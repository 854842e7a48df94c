//! A producer: a pump that takes messages on at their times, batches that fill, and a lane to each leader.

mod accumulator;
mod generator;
mod idle;
mod lane;
mod pump;
mod state;
mod tally;
mod transaction;

pub use idle::begin_idle;
pub use pump::{Share, build_backlog, run_traffic};
pub use state::{Producer, ProducerSeat};
pub use tally::{ProducedPartition, ProducedTally};
