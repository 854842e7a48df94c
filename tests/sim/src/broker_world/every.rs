//! With all faults over and no other client left: every partition that Metadata names takes a batch, and every group
//! tells its offsets. No restart comes to help.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use corelog_model::{PartitionId, PartitionIndex};
use corelog_protocol::messages::find_coordinator::FindCoordinatorRequest;
use corelog_protocol::messages::metadata::{MetadataRequest, MetadataResponseTopic};
use corelog_protocol::messages::offset_fetch::{OffsetFetchRequest, OffsetFetchRequestTopic};

use super::batches;
use super::clients::Clients;
use super::ledger::LEDGER;
use super::producer::produce_request;
use super::wire::{Gone, Wire, name_of};

const FIND_COORDINATOR: i16 = 3;
const METADATA: i16 = 12;
const OFFSET_FETCH: i16 = 7;
const PRODUCE: i16 = 13;
const RECORDS: i32 = 1;

/// All topics as Metadata has them.
pub(super) async fn list_topics(wire: &mut Wire) -> Result<Vec<MetadataResponseTopic>, Gone> {
    let request = MetadataRequest {
        topics: None,
        allow_auto_topic_creation: false,
        ..MetadataRequest::default()
    };
    Ok(wire.call(METADATA, &request).await?.topics)
}

/// Writes to every partition until each has taken a batch. What an administrator asked for may still be done meanwhile,
/// so topics are looked up anew after each attempt.
pub(super) async fn write(clients: Rc<Clients>) {
    let mut wire = clients.wire();
    let mut written = BTreeSet::new();
    while !clients.oracle.is_violated() {
        match write_once(&clients, &mut wire, &mut written).await {
            Ok(true) => return,
            Ok(false) | Err(Gone) => clients.sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Writes to every partition that is not in `written`; whether all have taken their batch.
async fn write_once(
    clients: &Clients,
    wire: &mut Wire,
    written: &mut BTreeSet<PartitionId>,
) -> Result<bool, Gone> {
    let topics = list_topics(wire).await?;
    let mut is_done = true;
    let is_for_all =
        |topic: &&MetadataResponseTopic| !topic.is_internal && topic.name.as_deref() != Some(LEDGER);
    for topic in topics.iter().filter(is_for_all) {
        for partition in &topic.partitions {
            let id = PartitionId {
                topic: topic.topic_id,
                index: PartitionIndex::new(partition.partition_index),
            };
            if written.contains(&id) {
                continue;
            }
            if write_to(clients, wire, id).await? {
                written.insert(id);
            } else {
                is_done = false;
            }
        }
    }
    Ok(is_done)
}

async fn write_to(clients: &Clients, wire: &mut Wire, id: PartitionId) -> Result<bool, Gone> {
    let oracle = &clients.oracle;
    let number = oracle.next_number();
    let bytes = batches::build(number, RECORDS, 10, None);
    oracle.register(id, clients.writer(), true, &bytes);
    oracle.sent(number);
    let response = wire.call(PRODUCE, &produce_request(id, &bytes, -1)).await?;
    let mut answers = response.topics.iter().flat_map(|topic| &topic.partitions);
    match answers.find(|answer| answer.error_code == 0) {
        Some(answer) => {
            oracle.acknowledge(number, RECORDS, Some(answer.base_offset));
            Ok(true)
        }
        None => {
            clients.note(format!("{id:?} takes no batch: {response:?}"));
            Ok(false)
        }
    }
}

/// Asks every group that ever committed for its offsets until it tells them.
pub(super) async fn ask(clients: Rc<Clients>) {
    let mut wire = clients.wire();
    let counts: BTreeMap<String, i32> = clients
        .topics()
        .into_iter()
        .map(|topic| (topic.name, topic.partitions))
        .collect();
    let mut groups: BTreeMap<String, BTreeMap<String, Vec<i32>>> = BTreeMap::new();
    for (group, topic, index) in clients.commits.places() {
        // A group's deletion is noted for partitions that a topic may come to have.
        if counts.get(&topic).is_some_and(|count| index < *count) {
            let topics = groups.entry(group).or_default();
            topics.entry(topic).or_default().push(index);
        }
    }
    for (group, topics) in groups {
        while !clients.oracle.is_violated() {
            match ask_once(&clients, &mut wire, &group, &topics).await {
                Ok(true) => break,
                Ok(false) | Err(Gone) => clients.sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

async fn ask_once(
    clients: &Clients,
    wire: &mut Wire,
    group: &str,
    topics: &BTreeMap<String, Vec<i32>>,
) -> Result<bool, Gone> {
    let finding = FindCoordinatorRequest {
        key: group.to_owned(),
        ..FindCoordinatorRequest::default()
    };
    let found = wire.call(FIND_COORDINATOR, &finding).await?.error_code;
    let asked = clients.commits.tick();
    let topics = topics.iter().map(|(name, indexes)| OffsetFetchRequestTopic {
        name: name.clone(),
        partition_indexes: indexes.clone(),
    });
    let request = OffsetFetchRequest {
        group_id: group.to_owned(),
        topics: Some(topics.collect()),
        ..OffsetFetchRequest::default()
    };
    let response = wire.call(OFFSET_FETCH, &request).await?;
    if found != 0 || response.error_code != 0 {
        let (found, code) = (name_of(found), name_of(response.error_code));
        clients.note(format!("{group} tells no offsets: {found}, {code}"));
        return Ok(false);
    }
    for topic in response.topics {
        for partition in topic.partitions {
            let place = (group.to_owned(), topic.name.clone(), partition.partition_index);
            if partition.error_code != 0 {
                clients.note(format!("{place:?}: {}", name_of(partition.error_code)));
                return Ok(false);
            }
            let offset = partition.committed_offset;
            if let Err(text) = clients.commits.check(&place, asked, offset) {
                clients.oracle.violate(text);
            }
        }
    }
    Ok(true)
}
