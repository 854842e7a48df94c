//! Topics as clients see them: made, named by Metadata, and with the settings that they were given.

use std::rc::Rc;
use std::time::Duration;

use corelog_model::{PartitionId, PartitionIndex};
use corelog_protocol::messages::create_topics::{CreatableTopic, CreateTopicsRequest};
use corelog_protocol::messages::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use corelog_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponseTopic};

use super::batches;
use super::clients::{Clients, Topic};
use super::producer::produce_request;
use super::wire::{Gone, Wire, name_of};

const CREATE_TOPICS: i16 = 7;
const DESCRIBE_CONFIGS: i16 = 4;
const METADATA: i16 = 12;
const PRODUCE: i16 = 13;
/// Names that are tried in the end.
const NAMES_MAX: usize = 20;
const TIMEOUT_MS: i32 = 10_000;

/// Kafka's `ConfigResource.Type.TOPIC`.
pub(super) const TOPIC_RESOURCE: i8 = 2;
/// Kafka's `DescribeConfigsResponse.ConfigSource.TOPIC_CONFIG`.
const TOPIC_SOURCE: i8 = 1;
/// The setting of lasting topics that is changed.
pub(super) const CONFIG: &str = "segment.ms";

/// Makes the topics that last, however often it must ask.
pub(super) async fn create_lasting(clients: Rc<Clients>, count: u64, partitions: i32) {
    let mut wire = clients.wire();
    for number in 0..count {
        let name = format!("t{number}");
        loop {
            if clients.oracle.is_violated() {
                return;
            }
            let _ = create(&mut wire, &name, partitions).await;
            match describe(&mut wire, &name).await {
                Ok(Some(found)) => {
                    clients.topics.borrow_mut().push(Topic {
                        name,
                        id: found.topic_id,
                        partitions,
                        partitions_max: partitions,
                    });
                    break;
                }
                Ok(None) | Err(Gone) => clients.sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

pub(super) async fn create(wire: &mut Wire, name: &str, partitions: i32) -> Result<i16, Gone> {
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: name.to_owned(),
            num_partitions: partitions,
            replication_factor: 1,
            ..CreatableTopic::default()
        }],
        timeout_ms: TIMEOUT_MS,
        validate_only: false,
    };
    let response = wire.call(CREATE_TOPICS, &request).await?;
    Ok(response.topics.first().map_or(-1, |topic| topic.error_code))
}

/// A topic as Metadata has it; `None` if it is not there.
pub(super) async fn describe(wire: &mut Wire, name: &str) -> Result<Option<MetadataResponseTopic>, Gone> {
    let request = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some(name.to_owned()),
            ..MetadataRequestTopic::default()
        }]),
        allow_auto_topic_creation: false,
        ..MetadataRequest::default()
    };
    let response = wire.call(METADATA, &request).await?;
    let found = response.topics.into_iter().next();
    Ok(found.filter(|topic| topic.error_code == 0))
}

/// Whether a topic's setting is what it was set to.
pub(super) async fn look_at_config(clients: &Clients, wire: &mut Wire, topic: &str) -> Result<(), Gone> {
    let place = (CONFIG.to_owned(), topic.to_owned(), 0);
    let asked = clients.configs.tick();
    let request = DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type: TOPIC_RESOURCE,
            resource_name: topic.to_owned(),
            configuration_keys: Some(vec![CONFIG.to_owned()]),
        }],
        ..DescribeConfigsRequest::default()
    };
    let response = wire.call(DESCRIBE_CONFIGS, &request).await?;
    for result in response.results.iter().filter(|result| result.error_code == 0) {
        let value = result
            .configs
            .first()
            .filter(|entry| entry.config_source == TOPIC_SOURCE);
        let value = value.and_then(|entry| entry.value.as_ref()?.parse().ok());
        if let Err(text) = clients.configs.check(&place, asked, value.unwrap_or(-1)) {
            clients.oracle.violate(text);
        }
    }
    Ok(())
}

/// Whether Metadata names every topic that there is with all of its partitions, and none that is gone.
pub(super) async fn look(clients: &Clients, wire: &mut Wire) -> Result<(), Gone> {
    for topic in clients.topics() {
        let found = describe(wire, &topic.name).await?;
        let is_whole = found.as_ref().is_some_and(|found| {
            let most = clients.topics().into_iter().find(|other| other.id == topic.id);
            let most = most.map_or(0, |topic| topic.partitions_max);
            let count = i32::try_from(found.partitions.len()).expect("few");
            found.topic_id == topic.id && (topic.partitions..=most).contains(&count)
        });
        if !is_whole {
            let text = format!("topic {topic:?} is not what it was: {found:?}");
            clients.oracle.violate(text);
        }
    }
    let passing = clients.oracle.passing.borrow().clone();
    for (name, id) in passing.into_iter().rev().take(10) {
        let beginnings = clients.oracle.beginnings.get();
        if clients.oracle.passing.borrow().get(&name) != Some(&id) {
            continue;
        }
        let found = describe(wire, &name).await?.map(|found| found.topic_id);
        // Somebody may have gone on with it meanwhile, even made it again and deleted it again.
        let is_still = clients.oracle.passing.borrow().get(&name) == Some(&id)
            && clients.oracle.beginnings.get() == beginnings;
        if is_still && found != id {
            let text = format!("topic {name} is {found:?}, and {id:?} was answered for");
            clients.oracle.violate(text);
        }
    }
    Ok(())
}

/// With all faults over: whatever a topic's name was used for, a topic of that name can be made and written to.
pub(super) async fn probe_names(clients: Rc<Clients>) {
    let mut wire = clients.wire();
    let mut names: Vec<String> = clients.names.borrow().iter().cloned().collect();
    names.truncate(NAMES_MAX);
    for name in names {
        clients.oracle.share(&name);
        while !clients.oracle.is_violated() {
            match probe_name(&clients, &mut wire, &name).await {
                Ok(true) => break,
                Ok(false) | Err(Gone) => clients.sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

async fn probe_name(clients: &Clients, wire: &mut Wire, name: &str) -> Result<bool, Gone> {
    let code = create(wire, name, 1).await?;
    let Some(found) = describe(wire, name).await? else {
        clients.note(format!("{name} is not made: {}", name_of(code)));
        return Ok(false);
    };
    let oracle = &clients.oracle;
    let id = PartitionId {
        topic: found.topic_id,
        index: PartitionIndex::new(0),
    };
    // An administrator may be about to delete it.
    if oracle.is_doomed(id.topic) {
        return Ok(true);
    }
    let number = oracle.next_number();
    let bytes = batches::build(number, 1, 10, None);
    oracle.register(id, clients.writer(), true, &bytes);
    oracle.sent(number);
    let response = wire.call(PRODUCE, &produce_request(id, &bytes, -1)).await?;
    let mut answers = response.topics.iter().flat_map(|topic| &topic.partitions);
    let is_done = answers.any(|answer| answer.error_code == 0);
    if !is_done {
        clients.note(format!("{name} takes no batch: {response:?}"));
    }
    Ok(is_done || oracle.is_doomed(id.topic))
}

/// Compares the metadata with what was answered, however often it must ask.
pub(super) async fn check(clients: Rc<Clients>) {
    let mut wire = clients.wire();
    while look(&clients, &mut wire).await.is_err() {
        clients.sleep(Duration::from_millis(20)).await;
    }
    for topic in clients.topics() {
        while look_at_config(&clients, &mut wire, &topic.name).await.is_err() {
            clients.sleep(Duration::from_millis(20)).await;
        }
    }
}
