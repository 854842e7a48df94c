//! The metadata as it stands after some number of records: immutable, shared by the shards, cheap to copy.
//!
//! Invariants: a topic is under its name and under its id, the same `Arc`; partition `n` of a topic is at place `n`; a
//! partition's leader is one of its in-sync replicas, and these are among its replicas; a partition has as many
//! directories as replicas.

use std::collections::BTreeMap;
use std::sync::Arc;

use corelog_model::{
    BrokerEpoch, BrokerId, DirectoryId, LeaderEpoch, PartitionEpoch, PartitionId, PartitionIndex, ProducerId,
    TopicId, TopicName,
};

use crate::bucket_map::BucketMap;
use crate::names;

/// Settings by key, as text.
pub type Configs = BTreeMap<String, String>;

/// One start of a broker: random, so that two starts differ.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Incarnation(u128);

impl Incarnation {
    /// Wraps sixteen random bytes.
    pub const fn new(value: u128) -> Incarnation {
        Incarnation(value)
    }

    /// The number.
    pub const fn get(self) -> u128 {
        self.0
    }
}

/// Where a broker is reached by way of one of its listeners.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// The listener's name.
    pub name: String,
    /// The host.
    pub host: String,
    /// The port there.
    pub port: u16,
    /// Kafka's `SecurityProtocol` of the listener, by its id.
    pub security_protocol: i16,
}

/// The levels of a feature that a broker can work with, both included (KIP-584).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FeatureRange {
    /// The lowest.
    pub min: i16,
    /// The highest.
    pub max: i16,
}

/// A broker that registered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerImage {
    /// Its node id.
    pub id: BrokerId,
    /// Which registration this is: the offset of its record.
    pub epoch: BrokerEpoch,
    /// Its latest start.
    pub incarnation: Incarnation,
    /// Where it is reached, by listener: clients are told of the one that they came by.
    pub endpoints: Vec<Endpoint>,
    /// What it can work with.
    pub features: BTreeMap<String, FeatureRange>,
    /// Where it stands.
    pub rack: Option<String>,
    /// It may not lead yet, or no more.
    pub is_fenced: bool,
    /// It is about to stop.
    pub is_shutting_down: bool,
    /// Its log directories.
    pub log_dirs: Vec<DirectoryId>,
}

/// A partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionImage {
    /// Its number within its topic.
    pub index: PartitionIndex,
    /// The broker that leads it.
    pub leader: BrokerId,
    /// The leader's reign, from zero.
    pub leader_epoch: LeaderEpoch,
    /// The changes so far, from zero.
    pub partition_epoch: PartitionEpoch,
    /// The brokers that hold it, the preferred leader first.
    pub replicas: Arc<[BrokerId]>,
    /// Those of them that keep up.
    pub in_sync_replicas: Arc<[BrokerId]>,
    /// The log directory of each replica, in the order of the replicas.
    pub directories: Arc<[DirectoryId]>,
}

/// A topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicImage {
    /// Its name.
    pub name: TopicName,
    /// Its identity.
    pub id: TopicId,
    /// Its partitions; the index is the place.
    pub partitions: Arc<Vec<PartitionImage>>,
    /// The settings that were given, and none of the defaults.
    pub configs: Arc<Configs>,
}

impl TopicImage {
    /// Whether clients are told that it is internal.
    pub fn is_internal(&self) -> bool {
        names::is_internal(self.name.as_str())
    }

    /// A partition, if there is one of that index.
    pub fn partition(&self, index: PartitionIndex) -> Option<&PartitionImage> {
        self.partitions.get(usize::try_from(index.get()).ok()?)
    }

    /// What the partitions are known by.
    pub fn partition_ids(&self) -> impl Iterator<Item = PartitionId> {
        self.partitions.iter().map(|partition| PartitionId {
            topic: self.id,
            index: partition.index,
        })
    }
}

/// Everything the cluster agrees on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetadataImage {
    pub(crate) cluster_id: Arc<str>,
    pub(crate) features: BTreeMap<String, i16>,
    pub(crate) brokers: BTreeMap<BrokerId, Arc<BrokerImage>>,
    pub(crate) topics_by_id: BucketMap<TopicId, Arc<TopicImage>>,
    pub(crate) topics_by_name: BucketMap<TopicName, Arc<TopicImage>>,
    pub(crate) names_by_collision_form: BucketMap<String, TopicName>,
    pub(crate) broker_configs: BTreeMap<Option<BrokerId>, Arc<Configs>>,
    pub(crate) next_producer_id: ProducerId,
    pub(crate) partition_count: usize,
}

impl MetadataImage {
    /// The image before the first record.
    pub fn new(cluster_id: &str) -> MetadataImage {
        MetadataImage {
            cluster_id: cluster_id.into(),
            features: BTreeMap::new(),
            brokers: BTreeMap::new(),
            topics_by_id: BucketMap::default(),
            topics_by_name: BucketMap::default(),
            names_by_collision_form: BucketMap::default(),
            broker_configs: BTreeMap::new(),
            next_producer_id: ProducerId::default(),
            partition_count: 0,
        }
    }

    /// The cluster's id, as Kafka's `Uuid.toString` writes one.
    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// The level at which the cluster works with a feature (KIP-584); `None` if it does not.
    pub fn feature(&self, name: &str) -> Option<i16> {
        self.features.get(name).copied()
    }

    /// The features that the cluster works with, and their levels.
    pub fn features(&self) -> impl Iterator<Item = (&str, i16)> {
        self.features.iter().map(|(name, level)| (name.as_str(), *level))
    }

    /// The brokers, by id.
    pub fn brokers(&self) -> impl ExactSizeIterator<Item = &Arc<BrokerImage>> {
        self.brokers.values()
    }

    /// A broker that registered.
    pub fn broker(&self, id: BrokerId) -> Option<&Arc<BrokerImage>> {
        self.brokers.get(&id)
    }

    /// The topics, in an order that is the same for equal images, but is not that of their names.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<TopicImage>> {
        self.topics_by_id.values()
    }

    /// How many topics there are.
    pub fn topic_count(&self) -> usize {
        self.topics_by_id.len()
    }

    /// How many partitions there are.
    pub fn partition_count(&self) -> usize {
        self.partition_count
    }

    /// The topic of that name.
    pub fn topic(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.topics_by_name.get(name)
    }

    /// The id of a topic's partition, if it is there.
    pub fn partition_id(&self, topic: &str, index: PartitionIndex) -> Option<PartitionId> {
        let topic = self.topic(topic)?;
        topic.partition(index)?;
        Some(PartitionId {
            topic: topic.id,
            index,
        })
    }

    /// The topic of that id.
    pub fn topic_by_id(&self, id: TopicId) -> Option<&Arc<TopicImage>> {
        self.topics_by_id.get(&id)
    }

    /// The partition of that id.
    pub fn partition(&self, id: PartitionId) -> Option<&PartitionImage> {
        self.topic_by_id(id.topic)?.partition(id.index)
    }

    /// The topic whose name metrics cannot tell from `name`; it may be the one of that very name.
    pub fn colliding_topic(&self, name: &TopicName) -> Option<&TopicName> {
        self.names_by_collision_form
            .get(names::collision_form(name)?.as_str())
    }

    /// The dynamic settings of one broker, or those that all brokers have by default (`None`).
    pub fn broker_configs(&self, broker: Option<BrokerId>) -> Option<&Arc<Configs>> {
        self.broker_configs.get(&broker)
    }

    /// The first producer id that was never given out.
    pub fn next_producer_id(&self) -> ProducerId {
        self.next_producer_id
    }

    pub(crate) fn put_topic(&mut self, topic: Arc<TopicImage>) {
        if let Some(old) = self.topics_by_id.get(&topic.id) {
            self.partition_count -= old.partitions.len();
        }
        self.partition_count += topic.partitions.len();
        if let Some(form) = names::collision_form(&topic.name) {
            self.names_by_collision_form.insert(form, topic.name.clone());
        }
        self.topics_by_name.insert(topic.name.clone(), topic.clone());
        self.topics_by_id.insert(topic.id, topic);
    }

    pub(crate) fn remove_topic(&mut self, topic: &TopicImage) {
        self.partition_count -= topic.partitions.len();
        if let Some(form) = names::collision_form(&topic.name) {
            self.names_by_collision_form.remove(form.as_str());
        }
        self.topics_by_name.remove(topic.name.as_str());
        self.topics_by_id.remove(&topic.id);
    }
}
