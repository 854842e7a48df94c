//! From one shard to another and back.

use std::time::Duration;

use corelog_model::ShardId;
use corelog_runtime::{Shard, ShardsOptions, StartError, start_shards};

/// The time of `count` round trips between two shards, which look for more for `spin` before they sleep. More shards
/// than cores never do.
///
/// # Errors
/// When the shards do not start.
pub fn round_trips(count: u64, spin: Duration) -> Result<Duration, StartError> {
    let options = ShardsOptions {
        shards: 2,
        allow_more_shards_than_cores: true,
        mailbox_spin: spin,
        ..ShardsOptions::default()
    };
    let shards = start_shards(&options, move |shard: Shard<u64>| async move {
        let other = ShardId::new(1 - shard.id.get());
        let began = shard.handle.clock.now();
        for number in 0..count {
            if shard.id.get() == 0 {
                shard.mailbox.send(other, number).await;
                shard.mailbox.receive().await;
            } else {
                let (from, number) = shard.mailbox.receive().await;
                shard.mailbox.send(from, number).await;
            }
        }
        shard.handle.clock.now().since(began)
    })?;
    Ok(shards.join()[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trips_take_time() {
        for spin in [Duration::ZERO, Duration::from_micros(50)] {
            assert!(round_trips(50, spin).unwrap() > Duration::ZERO);
        }
    }
}
