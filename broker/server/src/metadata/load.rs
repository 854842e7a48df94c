//! The metadata at a start, on the first shard.

use std::rc::Rc;

use corelog_metadata::MetadataImage;

use crate::controller::{self, ControllerShell, LoadError, METADATA_PARTITION, MetadataLog};
use crate::partitions::partition_dirs;
use crate::shard::Shard;

/// Opens the metadata's log and replays it.
///
/// # Errors
/// See [`LoadError`].
pub async fn load(shard: &Rc<Shard>) -> Result<(ControllerShell, MetadataImage), LoadError> {
    let log = match shard.storage.partition(&METADATA_PARTITION) {
        Some(log) => log,
        None => {
            check_first_start(shard).await?;
            shard.storage.create_partition(controller::spec()).await?
        }
    };
    let (log, image) = MetadataLog::replay(log, shard.handle.clone(), &shard.identity.cluster_id).await?;
    Ok((ControllerShell::new(log, shard.config()), image))
}

/// Checks that no partition was ever made here: the metadata's log is older than all others.
async fn check_first_start(shard: &Rc<Shard>) -> Result<(), LoadError> {
    let own = controller::spec().directory;
    let known = shard.handle.disk.list_dir(shard.storage.path()).await?;
    let other = known
        .into_iter()
        .find(|name| partition_dirs::is_name(name) && *name != own);
    match other {
        Some(directory) => Err(LoadError::Missing { directory }),
        None => Ok(()),
    }
}
