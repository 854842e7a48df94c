//! Reads every partition whole and asks the oracle whether all is there.

use std::rc::Rc;
use std::time::Duration;

use corelog_model::{PartitionId, PartitionIndex};

use super::clients::Clients;
use super::position::{Position, Positions, doubt, validate};
use super::reader::{FetchWish, fetch_request, fetch_version, floors, take};
use super::wire::Wire;

/// Errors in a row after which a partition of a damaged disk counts as reported.
const ERRORS_MAX: u32 = 20;

/// Reads all partitions of the lasting topics from their starts to where they ended when the first answer came: on a slow
/// disk, producers who go on meanwhile may be faster. Gives up when the oracle is violated.
pub(super) async fn check(clients: Rc<Clients>) {
    let mut wire = clients.wire();
    for topic in clients.topics() {
        for index in 0..topic.partitions {
            read_whole(&clients, &mut wire, topic.partition(index)).await;
        }
    }
    let passing = clients.oracle.passing.borrow().clone();
    for topic in passing.into_values().flatten() {
        let index = PartitionIndex::new(0);
        read_whole(&clients, &mut wire, PartitionId { topic, index }).await;
    }
}

async fn read_whole(clients: &Clients, wire: &mut Wire, id: PartitionId) {
    let oracle = &clients.oracle;
    let floor = oracle.floor(id);
    let mut positions = Positions::from([(id, Position::at(floor.start))]);
    let mut errors = 0;
    let mut end = None;
    while !oracle.is_violated() && !oracle.is_doomed(id.topic) {
        let from = positions[&id].next;
        let floors = floors(oracle, &positions);
        let request = fetch_request(FetchWish::once(0, 1 << 20), &positions);
        let Ok(response) = wire.call(fetch_version(), &request).await else {
            clients.sleep(Duration::from_millis(20)).await;
            continue;
        };
        let progress = take(oracle, &floors, &mut positions, response);
        match progress.first() {
            Some(one) if one.error != 0 => {
                errors += 1;
                if oracle.is_rotten.get() && errors > ERRORS_MAX {
                    oracle.reported.set(oracle.reported.get() + 1);
                    return;
                }
                clients.sleep(Duration::from_millis(20)).await;
                if positions[&id].is_refused && validate(oracle, wire, &mut positions).await.is_err() {
                    wire.disconnect();
                }
            }
            Some(one) if one.next >= *end.get_or_insert(one.high_watermark) => {
                oracle.read_whole(id, floor, one.next);
                // Whoever has read all of it before this start is told of no truncation.
                doubt(&mut positions);
                if !oracle.is_rotten.get() && validate(oracle, wire, &mut positions).await.is_err() {
                    continue;
                }
                return;
            }
            Some(one) if one.next == from => {
                let end = one.high_watermark;
                oracle.violate(format!("{id:?}: nothing is read at {from}, below {end}"));
            }
            Some(_) => errors = 0,
            None => oracle.violate(format!("{id:?}: a fetch without an answer")),
        }
    }
}
