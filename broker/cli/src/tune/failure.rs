//! Why the device cannot be probed.

use std::io;
use std::path::PathBuf;

use corelog_runtime::{DiskError, StartError};
use corelog_storage::DeviceError;

/// Why the device could not be probed.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No ring could be had.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The device failed, or is full.
    #[error("the probe failed: {0}")]
    Disk(#[from] DiskError),
    /// The answer cannot be kept.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The directory cannot be made.
    #[error("{}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}
