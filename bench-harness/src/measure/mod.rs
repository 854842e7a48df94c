//! What is measured on a shard, and how the shards' figures are put together.

mod histogram;
mod live;
mod recorder;
mod seconds;

pub use histogram::{Latencies, LatencySummary};
pub use live::{Live, LiveCounts, LiveTotals};
pub use recorder::{BacklogRead, Delays, Measured, Recorder, Stamps, Totals, Window};
pub use seconds::{SecondRow, Seconds, ServerSecond};
