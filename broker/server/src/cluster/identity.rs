//! What clients are told of this broker: the cluster's id, and the nodes that they see.
//!
//! A broker is one node to its clients. With shard listeners each of its shards is a node besides, with a port of its own,
//! and leads the partitions that it owns: a client then sends a request to the shard that works on it, and nothing goes
//! from shard to shard. The broker's own node stays for whoever prefers one address.
//!
//! Clients see the cluster through the listener that they came to ([`ClusterView`]): they are told of the addresses that go
//! by its name. The shards' own go by the first one's.

use std::sync::Arc;

use corelog_metadata::{BrokerImage, MetadataImage, PartitionImage, TopicImage};
use corelog_model::{BrokerId, PartitionId, ShardId};

use super::owner::owner_of;

/// What a shard's node id is above that of the shard before it, the first one's above the broker's.
const NODE_STEP: i32 = corelog_config::NODES_MAX;

/// What clients are told of this broker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The cluster's id, in Kafka's form.
    pub cluster_id: String,
    /// This broker's number.
    pub broker: BrokerId,
    /// The name of the first of `listeners`.
    pub listener: Arc<str>,
    /// The shards' own listeners, if they have any.
    pub shard_listeners: Option<ShardListeners>,
}

/// The cluster as clients of one listener see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClusterView<'a> {
    identity: &'a Identity,
    listener: &'a str,
    /// The shards' own listeners, where this listener's clients are told of them.
    shard_listeners: Option<ShardListeners>,
}

/// Listeners of shards: shard 0's port, and how many there are; the ports follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShardListeners {
    /// The port of the first shard.
    pub(crate) port: u16,
    /// How many shards there are.
    pub(crate) count: u16,
}

impl ShardListeners {
    /// The shards and their ports.
    pub(crate) fn ports(self) -> impl Iterator<Item = (ShardId, u16)> {
        (0..self.count).map(move |shard| (ShardId::new(shard), self.port.saturating_add(shard)))
    }
}

/// A node as clients see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Node {
    /// Its id.
    pub id: i32,
    /// Where clients connect to.
    pub host: String,
    /// The port there.
    pub port: i32,
    /// Where it stands, if that was configured.
    pub rack: Option<String>,
}

impl Identity {
    /// The cluster as the clients of `listener` see it.
    pub(crate) fn seen_from<'a>(&'a self, listener: &'a str) -> ClusterView<'a> {
        ClusterView {
            identity: self,
            listener,
            shard_listeners: self.shard_listeners.filter(|_| *self.listener == *listener),
        }
    }

    /// Whether this broker is the node.
    pub(crate) fn is_me(&self, node: i32) -> bool {
        let count = self.shard_listeners.map_or(0, |listeners| listeners.count);
        node == self.broker.get() || (0..count).any(|shard| node == self.node_of_shard(ShardId::new(shard)))
    }

    fn node_of_shard(&self, shard: ShardId) -> i32 {
        self.broker.get() + NODE_STEP * (i32::from(shard.get()) + 1)
    }
}

impl ClusterView<'_> {
    /// What it is seen of.
    pub(crate) fn identity(&self) -> &Identity {
        self.identity
    }

    /// All nodes of the cluster that have an address for these clients (Kafka's `getAliveBrokerNodes`).
    pub(crate) fn nodes(&self, image: &MetadataImage) -> Vec<Node> {
        let mut nodes = Vec::new();
        for broker in image.brokers() {
            let Some(node) = self.node(broker) else {
                continue;
            };
            let own = self.shard_listeners.filter(|_| broker.id == self.identity.broker);
            let shards = own.into_iter().flat_map(ShardListeners::ports);
            let shards: Vec<_> = shards.map(|own| self.node_at(&node, own)).collect();
            nodes.push(node);
            nodes.extend(shards);
        }
        nodes
    }

    /// The node that coordinates the groups whose offsets are in `partition`; none before this broker is registered.
    pub(crate) fn coordinator(&self, image: &MetadataImage, partition: PartitionId) -> Option<Node> {
        let node = self.node(image.broker(self.identity.broker)?)?;
        let own = self.shard_listeners.and_then(|listeners| {
            let owner = owner_of(partition, listeners.count);
            listeners.ports().find(|(shard, _)| *shard == owner)
        });
        Some(match own {
            Some(own) => self.node_at(&node, own),
            None => node,
        })
    }

    /// The node that clients take for `broker` where `partition` is concerned.
    pub(crate) fn node_for(&self, broker: BrokerId, topic: &TopicImage, partition: &PartitionImage) -> i32 {
        match self.shard_listeners {
            Some(ShardListeners { count, .. }) if broker == self.identity.broker => {
                let id = PartitionId {
                    topic: topic.id,
                    index: partition.index,
                };
                self.identity.node_of_shard(owner_of(id, count))
            }
            Some(_) | None => broker.get(),
        }
    }

    /// As `node_for`, for each of `brokers`.
    pub(crate) fn nodes_for(
        &self,
        brokers: &[BrokerId],
        topic: &TopicImage,
        partition: &PartitionImage,
    ) -> Vec<i32> {
        brokers
            .iter()
            .map(|broker| self.node_for(*broker, topic, partition))
            .collect()
    }

    /// The broker's own node, if it has an address for these clients.
    fn node(&self, broker: &BrokerImage) -> Option<Node> {
        let (host, port) = address(broker, self.listener)?;
        Some(Node {
            id: broker.id.get(),
            host: host.to_owned(),
            port: i32::from(port),
            rack: broker.rack.clone(),
        })
    }

    /// The node of a shard with its own port, of the broker whose own node is `broker`.
    fn node_at(&self, broker: &Node, (shard, port): (ShardId, u16)) -> Node {
        Node {
            id: self.identity.node_of_shard(shard),
            port: i32::from(port),
            ..broker.clone()
        }
    }
}

/// Where clients of `listener` connect to the broker.
fn address<'a>(broker: &'a BrokerImage, listener: &str) -> Option<(&'a str, u16)> {
    let mut endpoints = broker.endpoints.iter();
    let found = endpoints.find(|endpoint| endpoint.name == listener)?;
    Some((&found.host, found.port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::test_image::{LISTENER, identity, image};

    fn addresses(identity: &Identity) -> Vec<(i32, i32)> {
        let nodes = identity.seen_from(LISTENER).nodes(&image(&[]));
        nodes.into_iter().map(|node| (node.id, node.port)).collect()
    }

    fn leaders(identity: &Identity) -> Vec<i32> {
        let image = image(&[("topic", 4)]);
        let topic = image.topic("topic").unwrap();
        let partitions = topic.partitions.iter();
        partitions
            .map(|partition| {
                identity
                    .seen_from(LISTENER)
                    .node_for(partition.leader, topic, partition)
            })
            .collect()
    }

    #[test]
    fn a_broker_is_one_node() {
        let identity = identity(None);
        assert_eq!(addresses(&identity), [(1, 1), (2, 2)]);
        assert_eq!(leaders(&identity), [1; 4]);
        assert!(identity.is_me(1) && !identity.is_me(2) && !identity.is_me(10_001));
    }

    #[test]
    fn shards_with_listeners_are_nodes_and_lead_what_they_own() {
        let identity = identity(Some(ShardListeners { port: 9100, count: 2 }));
        let expected = [(1, 1), (10_001, 9100), (20_001, 9101), (2, 2)];
        assert_eq!(addresses(&identity), expected);
        let leaders = leaders(&identity);
        assert_eq!(leaders[..2], leaders[2..]);
        assert_ne!(leaders[0], leaders[1]);
        assert!(leaders.iter().all(|node| [10_001, 20_001].contains(node)));
        assert!(identity.is_me(1) && identity.is_me(20_001) && !identity.is_me(30_001));
        let image = image(&[("topic", 4)]);
        let topic = image.topic("topic").unwrap();
        for (partition, leader) in topic.partitions.iter().zip(leaders) {
            let id = PartitionId {
                topic: topic.id,
                index: partition.index,
            };
            assert_eq!(
                identity.seen_from(LISTENER).coordinator(&image, id).unwrap().id,
                leader
            );
        }
    }
}
