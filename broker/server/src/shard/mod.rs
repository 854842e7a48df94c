//! One shard: a thread that owns its partitions, its groups and its connections outright.
//!
//! Everything in here belongs to that thread (INV-1, INV-2); other shards reach it through [`Shards::submit_to`].

mod controller_channel;
mod fetch_watch;
mod long_work;
mod producer_ids;
mod scatter;
mod services;
mod shards;

pub use controller_channel::ControllerChannel;
pub use fetch_watch::{Fetches, Seen, Watch};
pub use long_work::LongWork;
pub(crate) use scatter::{Items, OwnerWork, Results};
pub use services::{Shard, ShardParts};
pub use shards::{ShardMessage, Shards, Work};
