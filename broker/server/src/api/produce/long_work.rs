//! Work on produced records that takes long, in the shard's queue for it: recompression, and the check of large compressed batches.
//!
//! Other tasks run between batches, and between the pieces of a batch that is checked. One batch is decompressed at a
//! time, which bounds the memory.

use std::future::Future;
use std::rc::Rc;

use corelog_runtime::local::{oneshot, yield_now};

use super::append::{Append, Checked};
use super::check::RecordsWork;
use super::services::Services;
use super::verify::Asked;
use crate::shard::{Items, LongWork, OwnerWork, Results};

/// Whether a request of `client` with this work to be done has to wait for long work.
pub(super) fn is_needed(
    long_work: &LongWork,
    asked: &Asked,
    batches: &Items<Checked>,
    works: &[(usize, RecordsWork)],
) -> bool {
    !works.is_empty() || long_work.has(asked.client.number) || asked.is_unknown(batches)
}

/// Does the work on the batches of a request of `client` that it names, after that of its earlier ones, and hands all to
/// their owners. Resolves to one result a batch.
pub(super) fn enter(
    services: Services<'_>,
    asked: Asked,
    mut batches: Items<Checked>,
    works: Vec<(usize, RecordsWork)>,
    append: Append,
) -> impl Future<Output = Results<<Append as OwnerWork>::Done>> + use<> {
    let (sender, receiver) = oneshot::channel();
    let (shards, metadata) = (Rc::clone(services.shards), Rc::clone(services.metadata));
    let long_work = Rc::clone(services.long_work);
    let client = asked.client.number;
    let work = async move {
        if !works.is_empty() {
            let _turn = long_work.turn().await;
            for (slot, work) in works {
                let checked = &mut batches[slot].1;
                if let Ok(batch) = checked {
                    yield_now().await;
                    *checked = work.run(batch.clone()).await;
                }
            }
        }
        if asked.is_unknown(&batches) {
            asked.verify(&metadata, &shards, &mut batches).await;
        }
        // The connection may have gone; its batches are appended all the same.
        let _ = sender.send(shards.on_owners(append, batches));
    };
    services.long_work.enter(client, Box::pin(work));
    async move {
        let appended = receiver.await.expect("a job ends before it is forgotten");
        appended.await
    }
}
