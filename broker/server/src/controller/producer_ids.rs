//! The producer ids that a shard gives out, from blocks that the controller grants (KIP-730).

use std::cell::Cell;
use std::rc::Rc;

use corelog_metadata::{Command, ControllerRequest};
use corelog_model::ProducerId;
use corelog_runtime::local::Budget;

use crate::controller::{self, ChangeError};
use crate::shard::Shard;

/// What is left of this shard's block.
pub struct ProducerIds {
    next: Cell<i64>,
    end: Cell<i64>,
    turn: Budget,
}

impl Default for ProducerIds {
    fn default() -> Self {
        ProducerIds {
            next: Cell::new(0),
            end: Cell::new(0),
            turn: Budget::new(1),
        }
    }
}

impl ProducerIds {
    /// An id that nobody has had, after a restart neither.
    ///
    /// # Errors
    /// When the controller grants no further block.
    pub async fn take(&self, shard: &Rc<Shard>) -> Result<ProducerId, ChangeError> {
        let _turn = self.turn.acquire(1).await;
        if self.next.get() == self.end.get() {
            let granted =
                controller::change(shard, vec![ControllerRequest::AllocateProducerIds], false).await;
            for command in granted
                .into_iter()
                .next()
                .unwrap_or(Err(ChangeError::NotLoaded))?
            {
                if let Command::AllocateProducerIds { block_start, count } = command {
                    self.next.set(block_start.get());
                    self.end.set(block_start.get() + i64::from(count));
                }
            }
        }
        let id = self.next.get();
        assert!(id < self.end.get(), "a block that was granted holds ids");
        self.next.set(id + 1);
        Ok(ProducerId::new(id))
    }
}
