//! `/debug/connections`: who is connected, in JSON.

use std::rc::Rc;

use corelog_model::{ShardId, TimestampMs};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::clients::connections::Listed;
use crate::shard::Shard;

/// Connections that are listed, all shards together; each shard has an equal share. What is beyond is counted.
const LISTED_MAX: usize = 2000;

/// Asks every shard.
pub(super) async fn page(shard: &Shard) -> String {
    let limit = LISTED_MAX / usize::from(shard.shards.count);
    let asked: Vec<_> = shard
        .shards
        .all()
        .map(|to| {
            shard.shards.submit_to(to, move |shard: Rc<Shard>| {
                let listed = shard.connections.listed(shard.handle.clock.now(), limit);
                std::future::ready((to, listed))
            })
        })
        .collect();
    let (mut connections, mut left_out) = (Vec::new(), 0);
    let now = shard.handle.clock.wall();
    for (id, (listed, others)) in join_all(asked).await {
        connections.extend(listed.iter().map(|listed| row(id, listed, now)));
        left_out += others;
    }
    let mut text = json!({ "connections": connections, "left_out": left_out }).to_string();
    text.push('\n');
    text
}

fn row(id: ShardId, listed: &Listed, now: TimestampMs) -> Value {
    let open_for = i64::try_from(listed.open_for.as_millis()).unwrap_or(i64::MAX);
    let software = listed.told.software.as_ref();
    json!({
        "address": listed.peer.to_string(), "listener": &*listed.listener, "shard": id.get(),
        "client_id": listed.told.client_id, "software_name": software.map(|software| &software.name),
        "software_version": software.map(|software| &software.version),
        "since_ms": now.get().saturating_sub(open_for), "requests": listed.told.requests,
        "received_bytes": listed.told.received_bytes, "sent_bytes": listed.told.sent_bytes,
    })
}
