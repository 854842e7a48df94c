//! A shard's partitions: each with its log and what this broker is to it; their settings, directories and states.

pub(crate) mod log_config;
mod log_state;
mod partition;
pub(crate) mod partition_dirs;
mod table;

pub use log_state::LogApi;
pub(crate) use partition::Appending;
pub use partition::Partition;
pub use table::Partitions;
