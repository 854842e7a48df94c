//! A shard's partitions: what becomes of them when the metadata changes, their settings, directories and states.

mod log_config;
mod log_state;
pub(crate) mod partition_dirs;
pub(crate) mod topics;

pub use log_state::LogApi;
pub use topics::ApplyError;
