//! What may go wrong with the metadata's log and its changes.

use std::sync::Arc;

use corelog_metadata::ControllerError;
use corelog_model::Offset;
use corelog_records::BuildError;
use corelog_runtime::DiskError;
use corelog_storage::{AppendError, CreateError, DeleteRecordsError};

use crate::own_log::LogReadError;

/// The metadata's log cannot be used at the start.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be made.
    #[error("the metadata log cannot be created: {0}")]
    Create(#[from] CreateError),
    /// It is gone, and partitions are there: without it all of them would be taken for a deleted topic's.
    #[error(
        "there is no metadata log, and the partition {directory} is there. `corelog log inspect DIR` shows what is \
         missing; restore the directory from a copy"
    )]
    Missing {
        /// One of the partitions' directories.
        directory: String,
    },
    /// The directory cannot be looked into.
    #[error("the data directory cannot be read: {0}")]
    Look(#[from] DiskError),
    /// It cannot be read.
    #[error("the metadata log cannot be read: {0}")]
    Read(#[from] LogReadError),
    /// An entry is no command and no snapshot.
    #[error("the metadata log holds neither command nor snapshot at offset {offset}: {source}")]
    Decode {
        /// Where.
        offset: Offset,
        /// Why.
        source: corelog_metadata::DecodeError,
    },
    /// A command does not fit those before it.
    #[error("the metadata log's command at offset {offset} does not fit: {source}")]
    Apply {
        /// Where.
        offset: Offset,
        /// Why.
        source: corelog_metadata::ApplyError,
    },
}

/// The metadata's log was not shortened; it still says it all.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The image does not fit into a batch.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// It could not be made durable.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// What came before it stays.
    #[error("the former commands cannot be removed: {0}")]
    Delete(#[from] DeleteRecordsError),
}

/// A change was not made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChangeError {
    /// The controller refuses it.
    #[error(transparent)]
    Refused(#[from] ControllerError),
    /// The decision could not be made durable.
    #[error("the metadata log takes no change: {0}")]
    Append(#[from] AppendError),
    /// The commands do not fit into a batch.
    #[error("the change cannot be written: {0}")]
    Build(Arc<BuildError>),
    /// The broker is still starting.
    #[error("the controller is not loaded yet")]
    NotLoaded,
}
