//! What can happen to the metadata: the entries of its log.

use std::collections::BTreeMap;

use corelog_model::{BrokerId, PartitionIndex, ProducerId, TopicId, TopicName};

use crate::image::Incarnation;

/// Settings by key, as text.
pub type Configs = BTreeMap<String, String>;

/// One change, decided; see [`crate::MetadataImage::apply`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// A broker started, or its address changed. A new incarnation begins a new reign in each partition that it leads.
    RegisterBroker {
        /// Its node id.
        id: BrokerId,
        /// Where clients reach it.
        host: String,
        /// Where clients reach it.
        port: u16,
        /// Where it stands.
        rack: Option<String>,
        /// This start of it.
        incarnation: Incarnation,
    },
    /// A topic came to be.
    CreateTopic {
        /// Its identity.
        id: TopicId,
        /// Its name.
        name: TopicName,
        /// The replicas of each partition, the leader first; all are in sync.
        assignments: Vec<Vec<BrokerId>>,
        /// Its settings.
        configs: Configs,
    },
    /// A topic is gone.
    DeleteTopic {
        /// Which.
        id: TopicId,
    },
    /// A topic got more partitions.
    CreatePartitions {
        /// Which topic.
        id: TopicId,
        /// The first of the new partitions.
        first: PartitionIndex,
        /// The replicas of each new partition, the leader first; all are in sync.
        assignments: Vec<Vec<BrokerId>>,
    },
    /// A topic's settings are now these.
    SetTopicConfigs {
        /// Which topic.
        id: TopicId,
        /// All of its settings.
        configs: Configs,
    },
    /// The settings of a broker, or of all brokers by default, are now these.
    SetBrokerConfigs {
        /// Which; `None` for the default.
        broker: Option<BrokerId>,
        /// All of its settings.
        configs: Configs,
    },
    /// A block of producer ids was given out.
    AllocateProducerIds {
        /// The first.
        block_start: ProducerId,
        /// How many.
        count: u32,
    },
}
