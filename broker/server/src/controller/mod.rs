//! The controller, which decides about the metadata, and the log of its decisions. It knows of no shard: `metadata/` asks
//! it and has the shards act on what it decides.

mod error;
mod log;
mod rules;
mod shell;

pub use error::{ChangeError, LoadError, SnapshotError};
pub use log::{METADATA_PARTITION, MetadataLog, is_metadata_partition};
pub use shell::ControllerShell;

pub(crate) use log::spec;
