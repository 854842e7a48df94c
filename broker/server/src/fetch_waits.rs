//! Long polls that wait on this shard for a high watermark to move, and how their askers call them off.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::rc::Rc;

use corelog_model::{Offset, PartitionId, ShardId};
use corelog_runtime::Monotonic;
use corelog_runtime::local::oneshot;
use futures_util::future::{Either, select};

use crate::api::fetch::wait_here;
use crate::shard::Shard;

/// The waits of one shard. Each is bounded by its deadline, and there is at most one a request under way and owner.
#[derive(Default)]
pub struct FetchWaits {
    number_next: Cell<u64>,
    waiting: RefCell<HashMap<(ShardId, u64), oneshot::Sender<()>, foldhash::fast::RandomState>>,
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

    /// Ends a wait that its asker no longer needs; it may have ended by itself.
    pub fn cancel(&self, asker: ShardId, number: u64) {
        self.waiting.borrow_mut().remove(&(asker, number));
    }
}

/// Waits, for shard `asker`, until a partition's high watermark is not the one seen, its log is gone, the deadline, or a
/// cancel.
///
/// The wait can be called off from the moment this returns: a cancel may come in before the future is first polled.
pub fn begin(
    shard: Rc<Shard>,
    asker: ShardId,
    number: u64,
    seen: Vec<(PartitionId, Offset)>,
    deadline: Monotonic,
) -> impl Future<Output = ()> + 'static {
    let (sender, canceled) = oneshot::channel();
    shard
        .fetch_waits
        .waiting
        .borrow_mut()
        .insert((asker, number), sender);
    async move {
        let wait = std::pin::pin!(wait_here(&shard, &seen, deadline));
        match select(wait, canceled).await {
            Either::Left(((), _)) | Either::Right((_, _)) => {}
        }
        shard.fetch_waits.cancel(asker, number);
    }
}
