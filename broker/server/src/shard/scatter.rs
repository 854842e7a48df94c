//! One request's work on many partitions: split by owner, done by the owners, put together in the first order.

use std::future::Future;
use std::rc::Rc;

use corelog_model::{PartitionId, ShardId};
use corelog_runtime::LocalFuture;
use futures_util::future::{Either, join_all};
use smallvec::SmallVec;

use super::services::{Service as _, Shard};
use super::shards::{Shards, Work};
use crate::partitions::Partitions;

/// What a request wants of partitions; most often of one.
pub(crate) type Items<T> = SmallVec<[(PartitionId, T); 1]>;
/// What came of it, one result an item, in the items' order.
pub(crate) type Results<R> = SmallVec<[R; 1]>;

/// What the owners of partitions do for a request. The value is what is the same for all of its partitions.
pub(crate) trait OwnerWork: Copy + Send + 'static {
    /// What is wanted of one partition.
    type Item: Send + 'static;
    /// What came of it.
    type Done: Send + 'static;

    /// On an owner, with its partitions: does it to all of these. Gives one result an item, in their order.
    ///
    /// What is done before the future is first polled is done in the order of the calls (see [`Shards::call`]).
    fn run(
        self,
        partitions: Rc<Partitions>,
        items: Items<Self::Item>,
    ) -> impl Future<Output = Results<Self::Done>> + 'static;
}

/// One owner's share of a request, on its way there and back.
struct Share<W: OwnerWork> {
    work: W,
    items: Items<W::Item>,
    results: Results<W::Done>,
}

impl<W: OwnerWork> Work for Share<W> {
    fn run(mut self: Box<Self>, shard: Rc<Shard>) -> LocalFuture<Box<dyn Work>> {
        let results = self
            .work
            .run(Partitions::of(&shard), std::mem::take(&mut self.items));
        Box::pin(async move {
            self.results = results.await;
            self as Box<dyn Work>
        })
    }
}

impl Shards {
    /// Has the owner of each partition do `work` on all of its items and returns the results in the items' order.
    ///
    /// The work is handed over before this returns.
    pub(crate) fn on_owners<W: OwnerWork>(
        &self,
        work: W,
        items: Items<W::Item>,
    ) -> impl Future<Output = Results<W::Done>> + use<W> {
        match self.only_owner(&items) {
            Some(owner) => Either::Left(self.on_owner(owner, work, items)),
            None => Either::Right(self.on_each_owner(work, items)),
        }
    }

    fn only_owner<T>(&self, items: &Items<T>) -> Option<ShardId> {
        let first = items.first().map_or(self.here, |(id, _)| self.owner_of(*id));
        items
            .iter()
            .all(|(id, _)| self.owner_of(*id) == first)
            .then_some(first)
    }

    fn on_owner<W: OwnerWork>(
        &self,
        owner: ShardId,
        work: W,
        items: Items<W::Item>,
    ) -> impl Future<Output = Results<W::Done>> + use<W> {
        if owner == self.here {
            let partitions = self.local().expect("a shard outlives its requests");
            return Either::Left(work.run(partitions, items));
        }
        let share = Share {
            work,
            items,
            results: Results::new(),
        };
        let called = self.call(owner, Box::new(share));
        Either::Right(async move { called.await.results })
    }

    fn on_each_owner<W: OwnerWork>(
        &self,
        work: W,
        items: Items<W::Item>,
    ) -> impl Future<Output = Results<W::Done>> + use<W> {
        let count = items.len();
        let mut shares: Vec<(Vec<usize>, Items<W::Item>)> = Vec::new();
        shares.resize_with(usize::from(self.count), Default::default);
        for (slot, (id, item)) in items.into_iter().enumerate() {
            let (slots, share) = &mut shares[usize::from(self.owner_of(id).get())];
            slots.push(slot);
            share.push((id, item));
        }
        let mut slots = Vec::new();
        let mut pending = Vec::new();
        for ((share_slots, share), owner) in shares.into_iter().zip(self.all()) {
            if !share.is_empty() {
                slots.push(share_slots);
                pending.push(self.on_owner(owner, work, share));
            }
        }
        async move {
            let mut results: Vec<Option<W::Done>> = (0..count).map(|_| None).collect();
            let done = join_all(pending).await;
            for (slots, share) in slots.into_iter().zip(done) {
                assert_eq!(slots.len(), share.len(), "one result an item");
                for (slot, result) in slots.into_iter().zip(share) {
                    results[slot] = Some(result);
                }
            }
            results
                .into_iter()
                .map(|result| result.expect("each slot is in one share"))
                .collect()
        }
    }
}
