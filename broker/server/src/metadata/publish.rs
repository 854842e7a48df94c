//! Has every shard act on the metadata, and try again what it could not do.

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_metadata::MetadataImage;
use corelog_runtime::WorkClass;
use futures_util::future::join_all;

use crate::metadata::topics;
use crate::shard::Shard;

/// The time between two attempts to have the shards do what they could not.
const MEND_INTERVAL: Duration = Duration::from_secs(5);

/// Has every shard act on `image`. What one of them cannot do is said in the log, and tried again until it can.
///
/// # Errors
/// The first thing that could not be done; the image is in force all the same.
pub async fn publish(shard: &Rc<Shard>, image: Arc<MetadataImage>) -> Result<(), topics::ApplyError> {
    let _turn = shard.controller.publishing.acquire(1).await;
    // Two steps, so that no shard tells clients of a partition that another one has no log of yet.
    let prepared = on_all(shard, &image, topics::prepare_image).await;
    let applied = on_all(shard, &image, topics::apply_image).await;
    let done = prepared.and(applied);
    if let Err(error) = &done {
        tracing::error!(%error, "a shard could not follow the metadata; it is tried again");
        begin_mending(shard);
    }
    done
}

/// Has the shards try again what they could not do, until they can: there may be room on the disk by then. Without it
/// a topic would lack a partition, or a name be taken by a topic that is gone, until a restart.
fn begin_mending(shard: &Rc<Shard>) {
    if shard.controller.is_mending.replace(true) {
        return;
    }
    let shard = Rc::clone(shard);
    let handle = shard.handle.clone();
    handle.spawn(WorkClass::Background, "mend partitions", async move {
        loop {
            let clock = &shard.handle.clock;
            clock.sleep_until(clock.now() + MEND_INTERVAL).await;
            let _turn = shard.controller.publishing.acquire(1).await;
            let image = shard.metadata.image();
            if on_all(&shard, &image, topics::mend).await.is_ok() {
                tracing::info!("every shard follows the metadata again");
                shard.controller.is_mending.set(false);
                return;
            }
        }
    });
}

async fn on_all<F>(
    shard: &Rc<Shard>,
    image: &Arc<MetadataImage>,
    step: fn(Rc<Shard>, Arc<MetadataImage>) -> F,
) -> Result<(), topics::ApplyError>
where
    F: Future<Output = Result<(), topics::ApplyError>> + 'static,
{
    let shards = &shard.shards;
    let steps: Vec<_> = shards
        .all()
        .map(|to| {
            let image = Arc::clone(image);
            shards.submit_to(to, move |shard: Rc<Shard>| step(shard, image))
        })
        .collect();
    join_all(steps).await.into_iter().collect()
}
