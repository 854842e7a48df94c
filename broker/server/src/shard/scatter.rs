//! One request's work on many partitions: split by owner, done by the owners, put together in the first order.

use std::rc::Rc;

use corelog_model::{PartitionId, ShardId};
use corelog_runtime::LocalFuture;
use futures_util::future::join_all;

use super::Shard;

/// What an owner does with its share of the items: one result an item, in their order.
pub(super) type OwnerWork<T, R> = fn(&Rc<Shard>, Vec<(PartitionId, T)>) -> LocalFuture<Vec<R>>;

impl Shard {
    /// Has the owner of each partition do `work` on all of its items and returns the results in the items' order.
    ///
    /// The work is handed over before this returns; `work` gives one result an item, in their order, and its
    /// synchronous part runs in the order of the calls (see [`Shard::submit_to`]).
    pub(crate) fn on_owners<T, R>(
        self: &Rc<Self>,
        items: Vec<(PartitionId, T)>,
        work: OwnerWork<T, R>,
    ) -> LocalFuture<Vec<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        if let Some(owner) = self.only_owner(&items) {
            return self.submit_to(owner, move |shard| work(&shard, items));
        }
        let count = items.len();
        let mut shares: Vec<Share<T>> = (0..self.shard_count).map(|_| Share::default()).collect();
        for (slot, (id, item)) in items.into_iter().enumerate() {
            let share = &mut shares[usize::from(self.owner_of(id).get())];
            share.slots.push(slot);
            share.items.push((id, item));
        }
        let mut slots = Vec::new();
        let mut pending = Vec::new();
        for (share, owner) in shares.into_iter().zip(self.all()) {
            if !share.items.is_empty() {
                slots.push(share.slots);
                let items = share.items;
                pending.push(self.submit_to(owner, move |shard| work(&shard, items)));
            }
        }
        Box::pin(async move {
            let mut results: Vec<Option<R>> = (0..count).map(|_| None).collect();
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
        })
    }

    fn only_owner<T>(&self, items: &[(PartitionId, T)]) -> Option<ShardId> {
        let first = items.first().map_or(self.id, |(id, _)| self.owner_of(*id));
        items
            .iter()
            .all(|(id, _)| self.owner_of(*id) == first)
            .then_some(first)
    }
}

struct Share<T> {
    slots: Vec<usize>,
    items: Vec<(PartitionId, T)>,
}

impl<T> Default for Share<T> {
    fn default() -> Self {
        Share {
            slots: Vec::new(),
            items: Vec::new(),
        }
    }
}
