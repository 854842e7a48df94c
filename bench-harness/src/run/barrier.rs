//! Where the shards wait for each other between the phases.

use std::time::Duration;

use corelog_model::ShardId;
use corelog_runtime::local::{Either, select};
use corelog_runtime::{Monotonic, Shard};

/// What the shards of a run tell each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Control {
    /// To shard 0: the sender has come to the end of its phase.
    Arrived,
    /// To all others: all have. The next phase begins then.
    Go(Monotonic),
}

/// Another shard has failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("another thread has given up")]
pub(super) struct Abandoned;

/// Time for the news to reach every shard before the next phase begins.
const LEAD: Duration = Duration::from_millis(20);

/// Waits until all shards have come here; tells when the next phase begins, the same time to all.
pub(super) async fn meet(shard: &Shard<Control>) -> Result<Monotonic, Abandoned> {
    match select(exchange(shard), shard.shutdown.requested()).await {
        Either::Left(start) => Ok(start),
        Either::Right(()) => Err(Abandoned),
    }
}

async fn exchange(shard: &Shard<Control>) -> Monotonic {
    let zero = ShardId::new(0);
    if shard.id != zero {
        shard.mailbox.send(zero, Control::Arrived).await;
        loop {
            if let (_, Control::Go(start)) = shard.mailbox.receive().await {
                return start;
            }
        }
    }
    for _ in 1..shard.mailbox.shard_count() {
        // Nobody sends to shard 0 but those who arrive, each once before shard 0 answers.
        shard.mailbox.receive().await;
    }
    let start = shard.handle.clock.now() + LEAD;
    for other in 1..shard.mailbox.shard_count() {
        shard.mailbox.send(ShardId::new(other), Control::Go(start)).await;
    }
    start
}
