//! What may go wrong with the metadata's log and its changes.

use std::sync::Arc;

use corelog_controller::ControllerError;
use corelog_protocol::EncodeError;
use corelog_runtime::DiskError;
use corelog_storage::{CreateError, DeleteRecordsError};

use crate::own_log::{LogAppendError, LogReadError};

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
    /// It holds what this release does not know or what does not fit.
    #[error("the metadata log: {0}. If a later release has written it, run that one")]
    Replay(#[source] corelog_metadata::ReplayError),
    /// A new one cannot be begun.
    #[error("the metadata log cannot be begun: {0}")]
    Begin(#[from] ChangeError),
    /// An earlier release wrote it, and it cannot be written anew.
    #[error("the metadata log of an earlier release cannot be written in this release's form: {0}")]
    Migrate(#[source] SnapshotError),
}

/// The metadata's log was not shortened; it still says it all.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It could not be made durable.
    #[error(transparent)]
    Append(#[from] ChangeError),
    /// What came before it stays.
    #[error("the former records cannot be removed: {0}")]
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
    Append(#[from] LogAppendError),
    /// A record holds a text that is too long for Kafka's form.
    #[error("the change cannot be written: {0}")]
    Encode(Arc<EncodeError>),
    /// The broker is still starting.
    #[error("the controller is not loaded yet")]
    NotLoaded,
}

impl From<EncodeError> for ChangeError {
    fn from(error: EncodeError) -> ChangeError {
        ChangeError::Encode(Arc::new(error))
    }
}
