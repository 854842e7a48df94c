//! Why files cannot be inspected.

use std::path::PathBuf;

use corelog_storage::inspect::InspectError;

/// The path cannot be inspected.
#[derive(Debug, thiserror::Error)]
pub enum InspectFailure {
    /// A file or directory cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The engine cannot read a file.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// It is a file of another program, or one without content to check.
    #[error("{} is no journal, checkpoint, layout, segment or index", .0.display())]
    Unknown(PathBuf),
    /// A batch is whole and its records are not.
    #[error("{}: {source}", path.display())]
    Records {
        /// The segment.
        path: PathBuf,
        /// Why.
        source: corelog_client::record::DecodeBatchError,
    },
    /// No file of ours is in the directory.
    #[error("{} holds no journal, checkpoint, layout, segment or index", .0.display())]
    Empty(PathBuf),
}
