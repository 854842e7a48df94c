//! Reads every partition whole and asks the oracle whether all is there.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::clients::Clients;
use super::reader::{FetchWish, fetch_request, fetch_version, floors, take};

/// Reads all partitions of the lasting topics from their starts to their ends. Gives up when the oracle is violated.
pub(super) async fn check(clients: Rc<Clients>) {
    let mut wire = clients.wire();
    for topic in clients.topics() {
        for index in 0..topic.partitions {
            let id = topic.partition(index);
            let floor = clients.oracle.floor(id);
            let mut positions = BTreeMap::from([(id, floor.start)]);
            loop {
                if clients.oracle.is_violated() {
                    return;
                }
                let from = positions[&id];
                let floors = floors(&clients.oracle, &positions);
                let request = fetch_request(FetchWish::once(0, 1 << 20), &positions);
                let Ok(response) = wire.call(fetch_version(), &request).await else {
                    clients.sleep(Duration::from_millis(20)).await;
                    continue;
                };
                let progress = take(&clients.oracle, &floors, &mut positions, response);
                match progress.first() {
                    Some(one) if one.error != 0 => clients.sleep(Duration::from_millis(20)).await,
                    Some(one) if one.next >= one.high_watermark => {
                        clients.oracle.read_whole(id, floor, one.high_watermark);
                        break;
                    }
                    Some(one) if one.next == from => {
                        let end = one.high_watermark;
                        clients
                            .oracle
                            .violate(format!("{id:?}: nothing is read at {from}, below {end}"));
                    }
                    Some(_) => {}
                    None => clients
                        .oracle
                        .violate(format!("{id:?}: a fetch without an answer")),
                }
            }
        }
    }
}
