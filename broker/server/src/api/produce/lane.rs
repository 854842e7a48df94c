//! Work on produced records that takes long, in the shard's lane: recompression, and the check of large compressed batches.
//!
//! Other tasks run between batches, and between the pieces of a batch that is checked. One batch is decompressed at a
//! time, which bounds the memory.

use corelog_model::{PartitionId, ValidatedBatch};
use corelog_runtime::LocalFuture;
use corelog_runtime::local::{oneshot, yield_now};

use super::check::RecordsWork;
use crate::error_codes::Failure;
use crate::shard::Shard;

/// A batch, its partition, and what is to be done to it.
pub(super) type Item = (PartitionId, ValidatedBatch, Option<RecordsWork>);
/// One result a batch.
type Results<T> = LocalFuture<Vec<Result<T, Failure>>>;

/// Whether a request of `client` with these batches has to go through the lane.
pub(super) fn is_needed(shard: &Shard, client: u64, items: &[Item]) -> bool {
    items.iter().any(|(_, _, work)| work.is_some()) || shard.produce_lane.has(client)
}

/// Does the work on the batches of a request of `client`, after that of its earlier ones, and hands those that pass to
/// `append`, which admits them before it returns. Resolves to one result a batch.
pub(super) fn enter<T: 'static>(
    shard: &Shard,
    client: u64,
    items: Vec<Item>,
    append: impl FnOnce(Vec<(PartitionId, ValidatedBatch)>) -> Results<T> + 'static,
) -> Results<T> {
    let (sender, receiver) = oneshot::channel();
    let work = async move {
        let mut refused = Vec::with_capacity(items.len());
        let mut passed = Vec::with_capacity(items.len());
        for (id, batch, work) in items {
            let worked = match work {
                Some(work) => {
                    yield_now().await;
                    work.run(batch).await
                }
                None => Ok(batch),
            };
            match worked {
                Ok(batch) => {
                    passed.push((id, batch));
                    refused.push(None);
                }
                Err(failure) => refused.push(Some(failure)),
            }
        }
        // The connection may have gone; its batches are appended all the same.
        let _ = sender.send((refused, append(passed)));
    };
    shard.produce_lane.enter(&shard.handle, client, Box::pin(work));
    Box::pin(async move {
        let (refused, appended) = receiver.await.expect("the lane ends a job before it forgets it");
        let mut appended = appended.await.into_iter();
        refused
            .into_iter()
            .map(|refused| match refused {
                Some(failure) => Err(failure),
                None => appended.next().expect("one result a batch that was handed over"),
            })
            .collect()
    })
}
