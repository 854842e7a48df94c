//! What the controller is asked, as clients and brokers say it: unchecked.

use std::collections::BTreeMap;

use corelog_metadata::{Configs, Endpoint, FeatureRange, Incarnation};
use corelog_model::{BrokerEpoch, BrokerId, DirectoryId, PartitionIndex, TopicId};

/// One question to the controller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ControllerRequest {
    /// A broker started.
    RegisterBroker(BrokerRegistration),
    /// A registered broker is ready to serve.
    BrokerHeartbeat(BrokerHeartbeat),
    /// Create a topic.
    CreateTopic(NewTopic),
    /// Delete one, internal or not.
    DeleteTopic {
        /// Which.
        topic: TopicReference,
    },
    /// Give a topic more partitions.
    CreatePartitions {
        /// Which topic.
        topic: String,
        /// How many it shall have in all.
        count: i32,
        /// The replicas of each new one, if the client chose them.
        assignments: Option<Vec<Vec<BrokerId>>>,
    },
    /// Make these all of a topic's settings (AlterConfigs).
    ReplaceTopicConfigs {
        /// Which topic.
        topic: String,
        /// All of its settings.
        configs: Configs,
    },
    /// Change some of a topic's settings (IncrementalAlterConfigs).
    AlterTopicConfigs {
        /// Which topic.
        topic: String,
        /// The changes; no key twice.
        changes: Vec<ConfigChange>,
    },
    /// Make these all of the dynamic settings of a broker, or of the default of all brokers.
    ReplaceBrokerConfigs {
        /// Which; `None` for the default.
        broker: Option<BrokerId>,
        /// All of its settings.
        configs: Configs,
    },
    /// Change some of them.
    AlterBrokerConfigs {
        /// Which; `None` for the default.
        broker: Option<BrokerId>,
        /// The changes; no key twice.
        changes: Vec<ConfigChange>,
    },
    /// Give out a block of producer ids.
    AllocateProducerIds {
        /// To which broker.
        broker: BrokerId,
    },
}

/// A broker that starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerRegistration {
    /// Its node id.
    pub id: BrokerId,
    /// This start of it.
    pub incarnation: Incarnation,
    /// Where it is reached, by listener.
    pub endpoints: Vec<Endpoint>,
    /// What it can work with.
    pub features: BTreeMap<String, FeatureRange>,
    /// Where it stands.
    pub rack: Option<String>,
    /// Its log directories.
    pub log_dirs: Vec<DirectoryId>,
}

/// A broker that has its logs open and knows the metadata.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BrokerHeartbeat {
    /// Its node id.
    pub id: BrokerId,
    /// Its registration.
    pub epoch: BrokerEpoch,
}

/// A topic to be created, with Kafka's -1 for what the broker shall choose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// Its partitions; -1: the default, or as assigned.
    pub partition_count: i32,
    /// The replicas of each; -1: the default, or as assigned.
    pub replication_factor: i16,
    /// The replicas of each partition, if the client chose them; empty if not.
    pub assignments: Vec<(PartitionIndex, Vec<BrokerId>)>,
    /// Its settings.
    pub configs: Configs,
}

/// A topic by name or by id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TopicReference {
    /// By name.
    Name(String),
    /// By id.
    Id(TopicId),
}

/// A change of one setting (KIP-339).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigChange {
    /// The key.
    pub key: String,
    /// What to do with it.
    pub operation: ConfigOperation,
}

/// What to do with a setting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConfigOperation {
    /// Make it this.
    Set(String),
    /// Back to the default.
    Delete,
    /// Add these, separated by commas, to a list, where they are not yet in it.
    Append(String),
    /// Take these, separated by commas, out of a list.
    Subtract(String),
}
