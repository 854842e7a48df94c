//! With all faults over: every partition takes a batch, and whoever waits for it is woken.

use std::rc::Rc;
use std::time::Duration;

use corelog_model::PartitionId;
use corelog_protocol::messages::produce::ProduceRequest;

use super::batches;
use super::clients::Clients;
use super::position::{Position, Positions};
use super::producer::produce_request;
use super::reader::{FetchWish, fetch_request, fetch_version, floors, take};
use super::wire::{Gone, Wire};
use crate::rng::SimRng;

const PRODUCE: i16 = 13;
const RECORDS: i32 = 1;
/// The producer comes up to so long after the reader: also while the reader's request is on its way from shard to shard.
const LATER_MAX: Duration = Duration::from_millis(5);
/// How long a long poll asks to wait.
const WAIT_MS: i32 = 10_000;
/// How long it takes to be woken at most, from the acknowledgment on.
const WAKE_MAX: Duration = Duration::from_secs(2);

/// Probes every partition of the lasting topics until it has an answer.
pub(super) async fn probe(clients: Rc<Clients>) {
    let mut wires = (clients.wire(), clients.wire());
    let mut random = clients.random();
    for topic in clients.topics() {
        for index in 0..topic.partitions {
            let id = topic.partition(index);
            while probe_one(&clients, &mut wires, &mut random, id).await.is_err()
                && !clients.oracle.is_violated()
            {
                clients.sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn probe_one(
    clients: &Clients,
    wires: &mut (Wire, Wire),
    random: &mut SimRng,
    id: PartitionId,
) -> Result<(), Gone> {
    let oracle = &clients.oracle;
    let mut positions = Positions::from([(id, Position::at(oracle.floor(id).end))]);
    let floors = floors(oracle, &positions);
    let (waiting, producing) = wires;
    // The answer of an attempt that failed is of no interest.
    waiting.disconnect();
    let request = fetch_request(FetchWish::once(WAIT_MS, 1 << 20), &positions);
    waiting.send(fetch_version(), &request).await?;
    clients.pause(random, LATER_MAX).await;
    let number = oracle.next_number();
    let bytes = batches::build(number, RECORDS, 10, None);
    oracle.register(id, clients.writer(), true, &bytes);
    oracle.sent(number);
    let response = producing
        .call::<ProduceRequest>(PRODUCE, &produce_request(id, &bytes, -1))
        .await?;
    let mut answers = response.topics.iter().flat_map(|topic| &topic.partitions);
    let Some(answer) = answers.find(|answer| answer.error_code == 0) else {
        clients.note(format!("{id:?}: a probe is answered {response:?}"));
        return Err(Gone);
    };
    oracle.acknowledge(number, RECORDS, Some(answer.base_offset));
    let acknowledged = clients.handle.clock.now();
    let response = waiting.receive::<corelog_protocol::messages::fetch::FetchRequest>(fetch_version());
    let response = response.await?;
    let late = clients.handle.clock.now().since(acknowledged);
    if late > WAKE_MAX {
        oracle.violate(format!(
            "{id:?}: a reader is told {late:?} after the acknowledgment"
        ));
    }
    take(oracle, &floors, &mut positions, response);
    Ok(())
}
