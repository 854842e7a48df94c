//! What the client knows of the cluster, and where requests go.

use std::collections::BTreeMap;

use corelog_model::{PartitionIndex, TopicId};
use corelog_protocol::messages::metadata::{MetadataResponse, MetadataResponseTopic};
use corelog_protocol::routing;

use crate::address::Address;
use crate::api_error::ApiError;
use crate::error::ClientError;

/// A broker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerInfo {
    /// Its node id.
    pub id: i32,
    /// Where it advertises itself.
    pub address: Address,
    /// Its rack.
    pub rack: Option<String>,
}

/// A partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionInfo {
    /// Its number.
    pub index: PartitionIndex,
    /// Who leads it; `None` if nobody does.
    pub leader: Option<i32>,
    /// The leader's epoch; -1 if the broker is too old to say.
    pub leader_epoch: i32,
    /// Its replicas, the preferred leader first.
    pub replicas: Vec<i32>,
    /// Those that are in sync.
    pub in_sync_replicas: Vec<i32>,
    /// Those on brokers that are down.
    pub offline_replicas: Vec<i32>,
}

/// A topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicInfo {
    /// Its name.
    pub name: String,
    /// Its id; zero if the broker is too old to say.
    pub id: TopicId,
    /// Whether it is the broker's own, such as `__consumer_offsets`.
    pub is_internal: bool,
    /// Its partitions, in order.
    pub partitions: Vec<PartitionInfo>,
}

impl TopicInfo {
    /// The partition of that number.
    ///
    /// # Errors
    /// `NoPartition`.
    pub fn partition(&self, index: PartitionIndex) -> Result<&PartitionInfo, ClientError> {
        self.partitions
            .iter()
            .find(|partition| partition.index == index)
            .ok_or_else(|| ClientError::NoPartition {
                topic: self.name.clone(),
                partition: index.get(),
                count: self.partitions.len(),
            })
    }
}

/// The cluster as its newest metadata describes it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cluster {
    /// The cluster's id.
    pub id: Option<String>,
    /// The node that takes requests to the controller.
    pub controller: Option<i32>,
    /// The brokers, by node id.
    pub brokers: BTreeMap<i32, BrokerInfo>,
    /// The topics that were asked for, by name.
    pub topics: BTreeMap<String, TopicInfo>,
}

impl Cluster {
    /// Takes a response over: its brokers replace those known, its topics are added. Returns the topics that the
    /// broker refused.
    pub(crate) fn update(&mut self, response: &MetadataResponse) -> BTreeMap<String, ApiError> {
        self.id.clone_from(&response.cluster_id);
        self.controller = Some(response.controller_id).filter(|id| *id >= 0);
        self.brokers = response
            .brokers
            .iter()
            .map(|broker| {
                let address = Address {
                    host: broker.host.clone(),
                    port: u16::try_from(broker.port).unwrap_or(0),
                };
                let info = BrokerInfo {
                    id: broker.node_id,
                    address,
                    rack: broker.rack.clone(),
                };
                (broker.node_id, info)
            })
            .collect();
        let mut refused = BTreeMap::new();
        for topic in &response.topics {
            let Some(name) = topic.name.clone() else { continue };
            match ApiError::check(topic.error_code, None) {
                Ok(()) => {
                    self.topics.insert(name.clone(), topic_info(name, topic));
                }
                Err(error) => {
                    self.topics.remove(&name);
                    refused.insert(name, error);
                }
            }
        }
        refused
    }

    /// A known topic.
    ///
    /// # Errors
    /// `NoTopic`.
    pub fn topic(&self, name: &str) -> Result<&TopicInfo, ClientError> {
        self.topics
            .get(name)
            .ok_or_else(|| ClientError::NoTopic(name.to_owned()))
    }

    /// The leader of a partition of a known topic.
    ///
    /// # Errors
    /// `NoTopic`, `NoPartition`, `NoLeader`.
    pub fn leader(&self, topic: &str, partition: PartitionIndex) -> Result<i32, ClientError> {
        self.topic(topic)?
            .partition(partition)?
            .leader
            .ok_or_else(|| ClientError::NoLeader {
                topic: topic.to_owned(),
                partition: partition.get(),
            })
    }

    /// Where a broker is.
    ///
    /// # Errors
    /// `NoBroker`.
    pub fn address(&self, broker: i32) -> Result<&Address, ClientError> {
        self.brokers
            .get(&broker)
            .map(|info| &info.address)
            .ok_or(ClientError::NoBroker(broker))
    }
}

fn topic_info(name: String, topic: &MetadataResponseTopic) -> TopicInfo {
    let mut partitions: Vec<_> = topic
        .partitions
        .iter()
        .map(|partition| PartitionInfo {
            index: PartitionIndex::new(partition.partition_index),
            leader: routing::leader(partition),
            leader_epoch: partition.leader_epoch,
            replicas: partition.replica_nodes.clone(),
            in_sync_replicas: partition.isr_nodes.clone(),
            offline_replicas: partition.offline_replicas.clone(),
        })
        .collect();
    partitions.sort_by_key(|partition| partition.index);
    TopicInfo {
        name,
        id: topic.topic_id,
        is_internal: topic.is_internal,
        partitions,
    }
}

#[cfg(test)]
mod tests {
    use corelog_protocol::ErrorCode;
    use corelog_protocol::messages::metadata::{MetadataResponseBroker, MetadataResponsePartition};

    use super::*;

    fn response() -> MetadataResponse {
        MetadataResponse {
            brokers: vec![MetadataResponseBroker {
                node_id: 7,
                host: "h".into(),
                port: 9092,
                rack: None,
            }],
            controller_id: 7,
            topics: vec![
                MetadataResponseTopic {
                    name: Some("t".into()),
                    partitions: [(1, 7), (0, -1)]
                        .map(|(partition_index, leader_id)| MetadataResponsePartition {
                            partition_index,
                            leader_id,
                            ..MetadataResponsePartition::default()
                        })
                        .to_vec(),
                    ..MetadataResponseTopic::default()
                },
                MetadataResponseTopic {
                    name: Some("gone".into()),
                    error_code: ErrorCode::UnknownTopicOrPartition.code(),
                    ..MetadataResponseTopic::default()
                },
            ],
            ..MetadataResponse::default()
        }
    }

    #[test]
    fn requests_are_routed_to_leaders() {
        let mut cluster = Cluster::default();
        let refused = cluster.update(&response());
        assert_eq!(refused.keys().collect::<Vec<_>>(), ["gone"]);
        assert_eq!(cluster.leader("t", PartitionIndex::new(1)).unwrap(), 7);
        assert_eq!(cluster.address(7).unwrap().to_string(), "h:9092");
        let check = |topic: &str, partition: i32, expected: &str| {
            let error = cluster.leader(topic, PartitionIndex::new(partition)).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        };
        check("t", 0, "has no leader");
        check("t", 2, "no partition 2: it has 2");
        check("gone", 0, "there is no topic gone");
        assert!(matches!(cluster.address(8), Err(ClientError::NoBroker(8))));
    }
}
