//! The topics of a run: made before it, found with their leaders, removed after it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use corelog_model::TopicId;
use corelog_protocol::messages::create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};
use corelog_protocol::messages::delete_topics::DeleteTopicsRequest;
use corelog_protocol::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataResponseTopic,
};
use corelog_protocol::{ApiKey, ErrorCode, routing};
use corelog_runtime::Handle;

use super::{BrokerConnection, ClientError, refuse, resolve};
use crate::number::to_u64;
use crate::workload::Workload;

/// How long a broker may take until it can serve a run: to give new partitions their leaders, to load its state.
pub const SETUP_WAIT: Duration = Duration::from_secs(60);
/// Between two looks: Kafka tells a client nothing by itself.
pub const SETUP_INTERVAL: Duration = Duration::from_millis(50);
/// The last version of DeleteTopics that names topics without their ids.
const DELETE_BY_NAME: i16 = 5;

/// A topic and who leads its partitions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicPlan {
    /// Its name.
    pub name: String,
    /// Its id; zero where the target has none.
    pub id: TopicId,
    /// The leader's node id, by partition.
    pub leaders: Vec<i32>,
}

/// What was learnt of the target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cluster {
    /// Its id, if it has one.
    pub cluster_id: Option<String>,
    /// Its brokers' addresses, by node id.
    pub brokers: BTreeMap<i32, SocketAddr>,
    /// The topics asked for, in order.
    pub topics: Vec<TopicPlan>,
}

/// Creates the topics `names`. A target without CreateTopics, such as the sink, has any topic.
///
/// # Errors
/// `Refused` and those of a connection.
pub async fn create_topics(
    broker: &mut BrokerConnection,
    names: &[String],
    workload: &Workload,
) -> Result<(), ClientError> {
    if !broker.versions().has(ApiKey::CreateTopics) {
        return Ok(());
    }
    let configs: Vec<CreatableTopicConfig> = workload
        .topic_config
        .iter()
        .map(|(name, value)| CreatableTopicConfig {
            name: name.clone(),
            value: Some(value.clone()),
        })
        .collect();
    let topics = names.iter().map(|name| CreatableTopic {
        name: name.clone(),
        num_partitions: i32::try_from(workload.partitions_per_topic).unwrap_or(i32::MAX),
        replication_factor: workload.replication_factor,
        configs: configs.clone(),
        ..CreatableTopic::default()
    });
    let request = CreateTopicsRequest {
        topics: topics.collect(),
        ..CreateTopicsRequest::default()
    };
    let response = broker.call(&request).await?;
    for topic in response.topics {
        let reason = topic.error_message.unwrap_or_default();
        let what = format!("topic {} was not created ({reason})", topic.name);
        refuse(&what, topic.error_code)?;
    }
    Ok(())
}

/// Deletes the topics `names`, as far as the target can.
///
/// # Errors
/// `Refused` and those of a connection.
pub async fn delete_topics(broker: &mut BrokerConnection, names: &[String]) -> Result<(), ClientError> {
    let Ok(version) = broker.versions().pick_to(ApiKey::DeleteTopics, DELETE_BY_NAME) else {
        return Ok(());
    };
    let request = DeleteTopicsRequest {
        topic_names: names.to_vec(),
        timeout_ms: 60_000,
        ..DeleteTopicsRequest::default()
    };
    let response = broker.call_as(&request, version).await?;
    for topic in response.responses {
        refuse("a topic was not deleted", topic.error_code)?;
    }
    Ok(())
}

/// Asks who leads the topics `names`, again until each of their `partitions` partitions has a leader.
///
/// # Errors
/// `NoLeaders` after a minute; `Refused` and those of a connection.
pub async fn learn_cluster(
    handle: &Handle,
    broker: &mut BrokerConnection,
    names: &[String],
    partitions: usize,
) -> Result<Cluster, ClientError> {
    let request = MetadataRequest {
        topics: Some(
            names
                .iter()
                .map(|name| MetadataRequestTopic {
                    name: Some(name.clone()),
                    ..MetadataRequestTopic::default()
                })
                .collect(),
        ),
        // Without CreateTopics a topic is made by its first use.
        allow_auto_topic_creation: !broker.versions().has(ApiKey::CreateTopics),
        ..MetadataRequest::default()
    };
    // Before version 4 the field does not exist and topics are created: they are there already.
    let request = match broker.versions().pick(ApiKey::Metadata)? {
        0..=3 => MetadataRequest {
            allow_auto_topic_creation: true,
            ..request
        },
        _ => request,
    };
    let deadline = handle.clock.now() + SETUP_WAIT;
    loop {
        let response = broker.call(&request).await?;
        refuse("Metadata", response.error_code)?;
        let missing = partitions_without_leader(&response, names, partitions)?;
        if missing == 0 {
            return cluster(response, names);
        }
        let now = handle.clock.now();
        if now >= deadline {
            return Err(ClientError::NoLeaders {
                seconds: SETUP_WAIT.as_secs(),
                partitions: missing,
            });
        }
        handle.clock.sleep_until(now + SETUP_INTERVAL).await;
    }
}

fn find<'a>(response: &'a MetadataResponse, name: &str) -> Result<&'a MetadataResponseTopic, ClientError> {
    let mut topics = response.topics.iter();
    topics
        .find(|topic| topic.name.as_deref() == Some(name))
        .ok_or_else(|| ClientError::Missing {
            api: ApiKey::Metadata,
            what: format!("topic {name}"),
        })
}

fn partitions_without_leader(
    response: &MetadataResponse,
    names: &[String],
    partitions: usize,
) -> Result<usize, ClientError> {
    let mut missing = 0;
    for name in names {
        let topic = find(response, name)?;
        let transient = [ErrorCode::UnknownTopicOrPartition, ErrorCode::LeaderNotAvailable];
        if !transient.iter().any(|error| error.code() == topic.error_code) {
            refuse(&format!("topic {name}"), topic.error_code)?;
        }
        let led = topic
            .partitions
            .iter()
            .filter(|partition| routing::leader(partition).is_some());
        missing += partitions.saturating_sub(led.count());
    }
    Ok(missing)
}

fn cluster(response: MetadataResponse, names: &[String]) -> Result<Cluster, ClientError> {
    let mut topics = Vec::with_capacity(names.len());
    for name in names {
        let topic = find(&response, name)?;
        let mut leaders: Vec<(i32, i32)> = topic
            .partitions
            .iter()
            .map(|partition| (partition.partition_index, partition.leader_id))
            .collect();
        leaders.sort_unstable();
        let dense = (0i64..)
            .zip(&leaders)
            .all(|(index, (partition, _))| index == i64::from(*partition));
        if !dense {
            return Err(ClientError::Missing {
                api: ApiKey::Metadata,
                what: format!("each of the {} partitions of {name}", to_u64(leaders.len())),
            });
        }
        topics.push(TopicPlan {
            name: name.clone(),
            id: topic.topic_id,
            leaders: leaders.into_iter().map(|(_, leader)| leader).collect(),
        });
    }
    let mut brokers = BTreeMap::new();
    for broker in response.brokers {
        // An IPv6 address needs its brackets.
        let host = if broker.host.contains(':') {
            format!("[{}]", broker.host)
        } else {
            broker.host
        };
        brokers.insert(broker.node_id, resolve(&format!("{host}:{}", broker.port))?);
    }
    Ok(Cluster {
        cluster_id: response.cluster_id,
        brokers,
        topics,
    })
}
