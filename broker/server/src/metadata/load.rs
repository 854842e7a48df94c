//! The metadata at a start, on the first shard.

use std::path::Path;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use corelog_metadata::MetadataImage;
use corelog_runtime::{Disk, LocalFuture};

use super::publish::publish;
use crate::controller::{
    self, Embedded, LoadError, METADATA_PARTITION, MetadataListener, MetadataSource as _,
};
use crate::partitions::partition_dirs;
use crate::shard::Shard;

/// Loads the controller of this broker and has this shard follow it. Returns the metadata as they are; whoever calls this
/// publishes them.
///
/// # Errors
/// See [`LoadError`].
pub async fn load(shard: &Rc<Shard>) -> Result<Arc<MetadataImage>, LoadError> {
    let embedded = embedded(shard).await?;
    let listener = Publisher(Rc::downgrade(shard));
    let image = Rc::clone(&embedded).follow(Rc::new(listener));
    shard.controller.set_link(embedded);
    Ok(image)
}

/// Opens the metadata's log and replays it: the one place that says where the controller is.
///
/// # Errors
/// See [`LoadError`].
pub async fn embedded(shard: &Rc<Shard>) -> Result<Rc<Embedded>, LoadError> {
    let storage = shard.partitions.storage();
    let log = match storage.partition(&METADATA_PARTITION) {
        Some(log) => log,
        None => {
            check_first_start(&*shard.handle.disk, storage.path()).await?;
            storage.create_partition(controller::spec()).await?
        }
    };
    let handle = shard.handle.clone();
    let identity = &shard.metadata.identity;
    Embedded::load(
        log,
        handle,
        &identity.cluster_id,
        identity.broker,
        shard.metadata.config(),
    )
    .await
}

/// Has every shard act on what is committed.
struct Publisher(Weak<Shard>);

impl MetadataListener for Publisher {
    fn committed(&self, image: Arc<MetadataImage>) -> LocalFuture<()> {
        let shard = self.0.upgrade();
        Box::pin(async move {
            let Some(shard) = shard else { return };
            // It is in force, and that is the answer. What a shard could not do of it is said in the log and mended; until
            // then whoever uses the partition hears of its disk (as of a log directory of Kafka's that fails).
            let _ = publish(&shard, image).await;
        })
    }
}

/// Checks that no partition was ever made here: the metadata's log is older than all others.
async fn check_first_start(disk: &dyn Disk, data_dir: &Path) -> Result<(), LoadError> {
    let own = controller::spec().directory;
    let known = disk.list_dir(data_dir).await?;
    let other = known
        .into_iter()
        .find(|name| partition_dirs::is_name(name) && *name != own);
    match other {
        Some(directory) => Err(LoadError::Missing { directory }),
        None => Ok(()),
    }
}
