//! The controller, which decides about the metadata, and where the metadata come from. It knows of no shard: `metadata/`
//! asks it and has the shards act on what it decides.
//!
//! [`MetadataSource`] and [`ControllerLink`] are the seam: nothing above knows where the controller is. [`Embedded`] is
//! their one form, a controller of this process with a log of its own.

mod embedded;
mod error;
mod log;
mod rules;
mod seam;

pub use embedded::Embedded;
pub use error::{ChangeError, LoadError, SnapshotError};
pub use log::{METADATA_PARTITION, MetadataLog, is_metadata_partition};
pub use seam::{ControllerLink, MetadataListener, MetadataSource};

pub(crate) use log::spec;
