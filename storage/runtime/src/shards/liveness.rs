//! Whether every shard answers: each one is woken, an idle one too, and has to make a step.

use std::sync::Arc;

use corelog_model::ShardId;

use super::Pulse;
use crate::mailbox::Parking;

/// Asks the shards of a process, from a thread that is none of them.
pub struct Liveness {
    shards: Vec<Asked>,
}

struct Asked {
    id: ShardId,
    pulse: Arc<Pulse>,
    parking: Arc<Parking>,
    /// The shard's beat when it was asked.
    beat: u64,
}

impl Liveness {
    /// Of `shards`, in order.
    pub(super) fn new(shards: &[(Arc<Pulse>, Arc<Parking>)]) -> Liveness {
        let shards = shards.iter().zip(0u16..).map(|((pulse, parking), id)| Asked {
            id: ShardId::new(id),
            pulse: Arc::clone(pulse),
            parking: Arc::clone(parking),
            beat: 0,
        });
        Liveness {
            shards: shards.collect(),
        }
    }

    /// Asks every shard for a step.
    pub fn ask(&mut self) {
        for shard in &mut self.shards {
            // First, so that the step that the wake-up causes is another one.
            shard.beat = shard.pulse.beat();
            shard.parking.wake();
        }
    }

    /// The first shard that has made no step since it was asked; one that has ended needs to make none.
    pub fn silent(&self) -> Option<ShardId> {
        let is_silent = |shard: &&Asked| shard.pulse.is_there() && shard.pulse.beat() == shard.beat;
        self.shards.iter().find(is_silent).map(|shard| shard.id)
    }
}
