//! Long polls that wait on this shard for a high watermark to move, and how their askers call them off.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;

use corelog_model::{Offset, PartitionId, ShardId};
use corelog_runtime::Monotonic;
use corelog_runtime::local::oneshot;
use futures_util::future::{Either, select};

use crate::api::fetch::wait_here;
use crate::mutation::{Mutation, is_on};
use crate::shard::Shard;

/// The waits of one shard. Each is bounded by its deadline, and there is at most one a request under way and owner.
#[derive(Default)]
pub struct FetchWaits {
    number_next: Cell<u64>,
    waiting: RefCell<BTreeMap<(ShardId, u64), oneshot::Sender<()>>>,
}

impl FetchWaits {
    /// A number for a wait that this shard asks for.
    pub fn next_number(&self) -> u64 {
        let number = self.number_next.get();
        self.number_next.set(number + 1);
        number
    }

    /// Those who wait here.
    pub fn len(&self) -> usize {
        self.waiting.borrow().len()
    }

    /// Whether nobody waits here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits, for shard `asker`, until a partition's high watermark is not the one seen, the deadline, or a cancel. The
    /// wait can be canceled as soon as this has returned.
    pub fn begin(
        &self,
        asker: ShardId,
        number: u64,
        shard: &Rc<Shard>,
        seen: Vec<(PartitionId, Offset)>,
        deadline: Monotonic,
    ) -> impl Future<Output = ()> + use<> {
        let (sender, canceled) = oneshot::channel();
        self.waiting.borrow_mut().insert((asker, number), sender);
        let entry = Entry {
            shard: Rc::clone(shard),
            asker,
            number,
        };
        async move {
            let wait = std::pin::pin!(wait_here(&entry.shard, &seen, deadline));
            match select(wait, canceled).await {
                Either::Left(((), _)) | Either::Right((_, _)) => {}
            }
        }
    }

    /// Ends a wait that its asker no longer needs; it may have ended by itself.
    pub fn cancel(&self, asker: ShardId, number: u64) {
        let sender = self.waiting.borrow_mut().remove(&(asker, number));
        // Wakes the one who waits, so not while the table is borrowed.
        drop(sender);
    }
}

/// A wait's place in the table, given up when the wait ends or is dropped.
struct Entry {
    shard: Rc<Shard>,
    asker: ShardId,
    number: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        if is_on(Mutation::FetchWaitLeaks) && self.asker != self.shard.id {
            return;
        }
        self.shard.fetch_waits.cancel(self.asker, self.number);
    }
}
