//! The producer ids that a shard gives out, from blocks that the controller grants (KIP-730).

use std::cell::Cell;

use corelog_model::ProducerId;
use corelog_runtime::local::Semaphore;

/// What is left of this shard's block.
pub(crate) struct ProducerIds {
    next: Cell<i64>,
    end: Cell<i64>,
    turn: Semaphore,
}

impl Default for ProducerIds {
    fn default() -> Self {
        ProducerIds {
            next: Cell::new(0),
            end: Cell::new(0),
            turn: Semaphore::new(1),
        }
    }
}

impl ProducerIds {
    /// The next id of the block; when that is used up, of `another`, which gives the first id and how many there are.
    ///
    /// # Errors
    /// That of `another`.
    pub(crate) async fn take<E>(
        &self,
        another: impl AsyncFnOnce() -> Result<(ProducerId, u32), E>,
    ) -> Result<ProducerId, E> {
        let _turn = self.turn.acquire(1).await;
        if self.next.get() == self.end.get() {
            let (block_start, count) = another().await?;
            self.next.set(block_start.get());
            self.end.set(block_start.get() + i64::from(count));
        }
        let id = self.next.get();
        assert!(id < self.end.get(), "a block that was granted holds ids");
        self.next.set(id + 1);
        Ok(ProducerId::new(id))
    }
}
