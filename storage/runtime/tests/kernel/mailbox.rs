//! The mailbox between shards on threads of their own.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corelog_model::ShardId;
use corelog_runtime::local::oneshot;
use corelog_runtime::{Shard, ShardsOptions, WorkClass, start_shards};

use crate::common::{all, options};

fn ping_pong(options: &ShardsOptions, rounds: u64) {
    let shards = start_shards(options, move |shard: Shard<u64>| async move {
        let other = ShardId::new(1 - shard.id.get());
        if shard.id.get() == 0 {
            for round in 0..rounds {
                shard.mailbox.send(other, round).await;
                assert_eq!(shard.mailbox.receive().await, (other, round + 1));
            }
            shard.mailbox.send(other, u64::MAX).await;
            return rounds;
        }
        let mut answered = 0;
        loop {
            match shard.mailbox.receive().await {
                (from, u64::MAX) => {
                    assert_eq!(from, other);
                    return answered;
                }
                (from, round) => shard.mailbox.send(from, round + 1).await,
            }
            answered += 1;
        }
    });
    assert_eq!(shards.unwrap().join(), [rounds, rounds]);
}

#[test]
fn ping_pong_parked() {
    let options = ShardsOptions {
        mailbox_spin: Duration::ZERO,
        ..options(2)
    };
    ping_pong(&options, 5_000);
}

#[test]
fn ping_pong_spinning() {
    let options = ShardsOptions {
        mailbox_spin: Duration::from_micros(50),
        ..options(2)
    };
    ping_pong(&options, 5_000);
}

/// Every shard floods every other one through queues of three; all arrives, in the order of the calls.
fn flood(shards: u16) {
    const MESSAGES: u64 = 20_000;
    let options = ShardsOptions {
        mailbox_messages_max: 3,
        ..options(shards)
    };
    let handle = start_shards(&options, move |shard: Shard<u64>| async move {
        let others: Vec<ShardId> = (0..shards)
            .map(ShardId::new)
            .filter(|id| *id != shard.id)
            .collect();
        let mut floods = Vec::new();
        for to in others.clone() {
            let mailbox = Rc::clone(&shard.mailbox);
            let (done, flooded) = oneshot::channel();
            floods.push(flooded);
            shard.handle.spawn(WorkClass::Normal, "flood", async move {
                for first in (0..MESSAGES).step_by(100) {
                    // Called in order, polled in the reverse of it.
                    let mut sends: Vec<_> = (first..first + 100)
                        .map(|number| mailbox.send(to, number))
                        .collect();
                    sends.reverse();
                    all(sends).await;
                }
                done.send(()).unwrap();
            });
        }
        let mut expected = vec![0; usize::from(shards)];
        for _ in 0..MESSAGES * u64::try_from(others.len()).unwrap() {
            let (from, number) = shard.mailbox.receive().await;
            assert_eq!(number, expected[usize::from(from.get())]);
            expected[usize::from(from.get())] += 1;
        }
        all(floods).await;
        expected[usize::from(shard.id.get())] = MESSAGES;
        expected
    });
    let received = handle.unwrap().join();
    assert_eq!(
        received,
        vec![vec![MESSAGES; usize::from(shards)]; usize::from(shards)]
    );
}

#[test]
fn flood_of_two() {
    flood(2);
}

#[test]
fn flood_of_four() {
    flood(4);
}

/// A shard that waits for room in the queue of one that has ended is released.
#[test]
fn sending_to_a_shard_that_is_gone() {
    let options = ShardsOptions {
        mailbox_messages_max: 2,
        ..options(2)
    };
    let shards = start_shards(&options, |shard: Shard<String>| async move {
        let other = ShardId::new(1 - shard.id.get());
        if shard.id.get() == 1 {
            return shard.mailbox.receive().await.1;
        }
        for number in 0..10_000 {
            shard.mailbox.send(other, number.to_string()).await;
        }
        "all sent".into()
    });
    assert_eq!(shards.unwrap().join(), ["all sent", "0"]);
}

/// Messages that were queued and never received are dropped, once.
#[test]
fn messages_left_behind_are_dropped() {
    struct Counted(Arc<()>);
    let token = Arc::new(());
    let sent = Arc::clone(&token);
    let shards = start_shards(&options(2), move |shard: Shard<Counted>| {
        let sent = Arc::clone(&sent);
        async move {
            let other = ShardId::new(1 - shard.id.get());
            let kept = RefCell::new(Vec::new());
            for _ in 0..10 {
                let message = Counted(Arc::clone(&sent));
                kept.borrow_mut().push(shard.mailbox.send(other, message));
            }
            if shard.id.get() == 0 {
                let (_, message) = shard.mailbox.receive().await;
                assert!(Arc::strong_count(&message.0) > 1);
            }
        }
    });
    shards.unwrap().join();
    assert_eq!(Arc::strong_count(&token), 1);
}
