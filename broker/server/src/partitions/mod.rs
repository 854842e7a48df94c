//! A shard's partitions: what becomes of them when the metadata changes, their settings, directories and states.

pub mod log_config;
pub mod log_state;
pub mod partition_dirs;
pub mod topics;
