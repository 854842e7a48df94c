//! What `/health/ready` says.
//!
//! A broker with a damaged log stays ready: it serves all the others, and whoever would take it out of service for one
//! partition of ten thousand would take all of them. Kafka does the same with an offline log. A fenced journal is another
//! matter: that shard takes nothing until a restart.

use std::rc::Rc;

use futures_util::future::join_all;
use hyper::StatusCode;

use crate::admin::reply::Reply;
use crate::shard::{Shard, Shards};

/// How the shards are, together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Health {
    is_ready: bool,
    damaged_partitions: u64,
}

/// Asks every shard.
pub(super) async fn ready(shards: &Shards) -> Reply {
    let asked: Vec<_> = shards
        .all()
        .map(|to| shards.submit_to(to, |shard: Rc<Shard>| std::future::ready(of_shard(&shard))))
        .collect();
    let shards = join_all(asked).await;
    reply(Health {
        is_ready: shards.iter().all(|health| health.is_ready),
        damaged_partitions: shards.iter().map(|health| health.damaged_partitions).sum(),
    })
}

fn of_shard(shard: &Shard) -> Health {
    Health {
        is_ready: shard.is_ready(),
        damaged_partitions: shard.partitions.storage().stats().damaged_partitions,
    }
}

fn reply(health: Health) -> Reply {
    let mut body = if health.is_ready {
        "ready\n".to_owned()
    } else {
        "not ready: the broker is starting, stopping, or a journal is fenced\n".to_owned()
    };
    if health.damaged_partitions > 0 {
        body += &format!("damaged partitions: {}\n", health.damaged_partitions);
    }
    let status = if health.is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Reply::new(status, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_told_and_takes_nobody_out_of_service() {
        let check = |is_ready, damaged_partitions, expected: Reply| {
            let found = reply(Health {
                is_ready,
                damaged_partitions,
            });
            assert_eq!(found, expected);
        };
        check(true, 0, Reply::new(StatusCode::OK, "ready\n"));
        check(
            true,
            2,
            Reply::new(StatusCode::OK, "ready\ndamaged partitions: 2\n"),
        );
        let not = "not ready: the broker is starting, stopping, or a journal is fenced\n";
        check(false, 0, Reply::new(StatusCode::SERVICE_UNAVAILABLE, not));
        check(
            false,
            1,
            Reply::new(
                StatusCode::SERVICE_UNAVAILABLE,
                &format!("{not}damaged partitions: 1\n"),
            ),
        );
    }
}
