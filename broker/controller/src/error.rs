//! Every way in which the controller refuses.

use corelog_model::{BrokerEpoch, BrokerId, PartitionIndex, TopicId, TopicName, TopicNameError};

/// Why a request becomes no records.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ControllerError {
    /// The name is none (Kafka: INVALID_TOPIC_EXCEPTION).
    #[error(transparent)]
    TopicName(#[from] TopicNameError),
    /// The name is the cluster's own (INVALID_REQUEST, as `ControllerApis.createTopics` answers).
    #[error("the topic {0} is the cluster's own")]
    TopicReserved(TopicName),
    /// There is a topic of this name (TOPIC_ALREADY_EXISTS).
    #[error("a topic named {0} already exists")]
    TopicExists(TopicName),
    /// Metrics could not tell it from another one (INVALID_TOPIC_EXCEPTION).
    #[error("the topic {name} collides with the existing topic {existing}")]
    TopicCollides {
        /// The new one's name.
        name: TopicName,
        /// The other's.
        existing: TopicName,
    },
    /// No topic has the name (UNKNOWN_TOPIC_OR_PARTITION).
    #[error("there is no topic named {0:?}")]
    UnknownTopicName(String),
    /// No topic has the id (UNKNOWN_TOPIC_ID).
    #[error("there is no topic of id {0}")]
    UnknownTopicId(TopicId),
    /// Neither positive nor -1 (INVALID_PARTITIONS).
    #[error("a topic cannot have {0} partitions")]
    PartitionCount(i32),
    /// More changes than one request may make (POLICY_VIOLATION, as Kafka's `MAX_RECORDS_PER_USER_OP`).
    #[error("one request changes at most {max} topics or brokers")]
    TooManyChanges {
        /// What is allowed.
        max: usize,
    },
    /// More than one request may create (POLICY_VIOLATION).
    #[error("one request creates at most {max} partitions, not {count}")]
    TooManyPartitions {
        /// What was asked.
        count: usize,
        /// What is allowed.
        max: usize,
    },
    /// Neither positive nor -1, or more than there are brokers (INVALID_REPLICATION_FACTOR).
    #[error("{requested} replicas cannot be placed on {brokers} brokers")]
    ReplicationFactor {
        /// What was asked, or the default.
        requested: i16,
        /// The brokers there are.
        brokers: usize,
    },
    /// Assignments and numbers together (INVALID_REQUEST).
    #[error(
        "with an assignment of replicas the numbers are to be -1, not {partition_count} and {replication_factor}"
    )]
    AssignmentAndNumbers {
        /// The partitions asked for.
        partition_count: i32,
        /// The replicas asked for.
        replication_factor: i16,
    },
    /// An assignment that cannot be (INVALID_REPLICA_ASSIGNMENT).
    #[error(transparent)]
    Assignment(#[from] AssignmentFault),
    /// The number of partitions would not grow (INVALID_PARTITIONS).
    #[error("the topic {name} has {current} partitions, so {requested} would not be an increase")]
    NotAnIncrease {
        /// The topic.
        name: TopicName,
        /// What it has.
        current: usize,
        /// What was asked.
        requested: i32,
    },
    /// More partitions for one of the broker's own topics (INVALID_PARTITIONS). Kafka refused it in its tools alone, and
    /// lets it be since they ask the broker.
    #[error(
        "the number of partitions of {0} cannot be changed: it decides which of them holds what is stored there, and \
         what is stored would not be found any more"
    )]
    InternalTopic(TopicName),
    /// A setting that cannot be (INVALID_CONFIG).
    #[error(transparent)]
    Config(#[from] ConfigFault),
    /// Append to or subtract from what is not a list (INVALID_CONFIG).
    #[error("the setting {key} is not a list")]
    ConfigNotList {
        /// The key.
        key: String,
    },
    /// Too long a value (INVALID_CONFIG).
    #[error("the value of {key} has {size} bytes, and {max} is the most")]
    ConfigValueTooLong {
        /// The key.
        key: String,
        /// The value's size in bytes.
        size: usize,
        /// What is allowed.
        max: usize,
    },
    /// One key twice in a request (INVALID_REQUEST).
    #[error("the setting {key} is changed twice in one request")]
    ConfigRepeated {
        /// The key.
        key: String,
    },
    /// A broker that never registered (BROKER_ID_NOT_REGISTERED).
    #[error("there is no broker {0}")]
    UnknownBroker(BrokerId),
    /// A registration that a later one has taken the place of (STALE_BROKER_EPOCH).
    #[error("broker {id} is registered with epoch {known}, not {found}")]
    StaleBrokerEpoch {
        /// The broker.
        id: BrokerId,
        /// Its registration's.
        known: BrokerEpoch,
        /// What was said.
        found: BrokerEpoch,
    },
    /// A broker that cannot work with a feature of the cluster's at its level (UNSUPPORTED_VERSION).
    #[error("the cluster works with {name} at level {level}, and the broker cannot")]
    UnsupportedFeature {
        /// The feature.
        name: String,
        /// The level.
        level: i16,
    },
    /// All 2^63 producer ids were given out (UNKNOWN_SERVER_ERROR).
    #[error("there are no producer ids left")]
    ProducerIdsExhausted,
}

/// Why an assignment is refused (Kafka's `ReplicationControlManager.validateManualPartitionAssignment`).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AssignmentFault {
    /// A partition without replicas.
    #[error("partition {0} has no replicas")]
    Empty(PartitionIndex),
    /// A replica twice.
    #[error("partition {index} has broker {broker} twice among its replicas")]
    Repeated {
        /// The partition.
        index: PartitionIndex,
        /// The broker.
        broker: BrokerId,
    },
    /// A broker that never registered.
    #[error("partition {index} has a replica on broker {broker}, which does not exist")]
    UnknownBroker {
        /// The partition.
        index: PartitionIndex,
        /// The broker.
        broker: BrokerId,
    },
    /// Partitions with different numbers of replicas.
    #[error("partition {index} has {count} replicas where others have {expected}")]
    Uneven {
        /// The partition.
        index: PartitionIndex,
        /// Its replicas.
        count: usize,
        /// What is expected.
        expected: usize,
    },
    /// A partition twice, or one left out.
    #[error("the assigned partitions are not 0, 1, 2, ... to {0}, each once")]
    Indices(usize),
    /// Not as many as there are new partitions.
    #[error("{assigned} assignments for {added} new partitions")]
    Count {
        /// The assignments.
        assigned: usize,
        /// The new partitions.
        added: usize,
    },
}

/// Why the table of settings refuses some.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct ConfigFault {
    /// A sentence that names the key and the value.
    pub reason: String,
}
