//! Shards: one pinned glommio executor a core, each with its ring and its seams.

mod activity;
mod heartbeat;
mod hub;
mod liveness;
mod news;
mod shutdown;
mod slice;
mod start;
mod watchdog;

pub use activity::{Activity, ActivityReport, LongPoll, TaskTime, TimeSpent};
pub use liveness::Liveness;
pub use news::{Herald, News};
pub use shutdown::{ShutdownSignal, Stopper};
pub use start::{Shard, ShardsHandle, ShardsOptions, StartError, run_shard_here, start_shards};

pub(crate) use activity::now;
pub(crate) use heartbeat::{Heartbeat, Pulse};
pub(crate) use hub::{Followers, Hub, Pollable, Spin};
pub(crate) use slice::Slices;
