//! The controller, which decides about the metadata and keeps its decisions in a log.

pub mod producer_ids;
mod shell;

pub use shell::{
    ChangeError, ControllerShell, LoadError, METADATA_PARTITION, Rules, SnapshotError, change,
    is_metadata_partition, publish,
};
