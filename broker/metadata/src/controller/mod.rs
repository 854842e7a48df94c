//! The controller: decides which commands a request becomes, or why none (Kafka's `ReplicationControlManager`,
//! `ConfigurationControlManager` and `ProducerIdControlManager`).
//!
//! It changes nothing: whoever asks makes the commands durable and applies them, in order. A request with several
//! parts (CreateTopics with ten topics) is several calls, each on the image that the calls before led to. Asking and
//! throwing the commands away validates a request.

mod assignment;
mod configs;
mod error;
mod request;
mod topics;

use corelog_model::ProducerId;

use crate::command::Command;
use crate::image::MetadataImage;

pub use assignment::AssignmentFault;
pub use configs::{ConfigFault, ConfigRules, ConfigScope};
pub use error::ControllerError;
pub use request::{ConfigChange, ConfigOperation, ControllerRequest, NewTopic, TopicReference};

/// How many producer ids a broker gets at once (Kafka's `ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`).
pub const PRODUCER_ID_BLOCK_SIZE: u32 = 1_000;
/// The most partitions that one request creates (Kafka's `ReplicationControlManager.MAX_PARTITIONS_PER_BATCH`).
pub const PARTITIONS_PER_REQUEST_MAX: usize = 10_000;
/// The most commands that one request becomes (Kafka's `QuorumController.MAX_RECORDS_PER_USER_OP`, which counts each
/// partition and each setting).
pub const COMMANDS_PER_REQUEST_MAX: usize = 10_000;
/// The longest value of a setting, in bytes (Kafka: `Short.MAX_VALUE`).
pub const CONFIG_VALUE_SIZE_MAX: usize = 32_767;

/// Decides; see the module.
#[derive(Clone, Debug)]
pub struct Controller<R> {
    /// What settings may be.
    pub rules: R,
    /// `num.partitions`: the partitions of a topic whose creator does not say.
    pub default_partition_count: i32,
    /// `default.replication.factor`: its replicas.
    pub default_replication_factor: i16,
}

impl<R: ConfigRules> Controller<R> {
    /// Decides about `request`, given `image`. `random` gives sixty-four random bits a call: topic ids are made of
    /// them, and replicas spread by them. No commands means that the request asks for what already is.
    ///
    /// # Errors
    /// `ControllerError`, one value for each way in which a request is refused.
    pub fn handle(
        &self,
        request: &ControllerRequest,
        image: &MetadataImage,
        random: &mut dyn FnMut() -> u64,
    ) -> Result<Vec<Command>, ControllerError> {
        match request {
            ControllerRequest::RegisterBroker {
                id,
                host,
                port,
                rack,
                incarnation,
            } => Ok(vec![Command::RegisterBroker {
                id: *id,
                host: host.clone(),
                port: *port,
                rack: rack.clone(),
                incarnation: *incarnation,
            }]),
            ControllerRequest::CreateTopic(topic) => self.create_topic(topic, image, random),
            ControllerRequest::DeleteTopic { topic } => {
                let id = topics::resolve(topic, image)?.id;
                Ok(vec![Command::DeleteTopic { id }])
            }
            ControllerRequest::CreatePartitions {
                topic,
                count,
                assignments,
            } => topics::create_partitions(topic, *count, assignments.as_deref(), image, random),
            ControllerRequest::ReplaceTopicConfigs { topic, configs } => {
                self.replace_topic_configs(topic, configs, image)
            }
            ControllerRequest::AlterTopicConfigs { topic, changes } => {
                self.alter_topic_configs(topic, changes, image)
            }
            ControllerRequest::ReplaceBrokerConfigs { broker, configs } => {
                self.replace_broker_configs(*broker, configs, image)
            }
            ControllerRequest::AlterBrokerConfigs { broker, changes } => {
                self.alter_broker_configs(*broker, changes, image)
            }
            ControllerRequest::AllocateProducerIds => allocate_producer_ids(image.next_producer_id()),
        }
    }
}

/// What the parts of one request come to together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RequestSize {
    commands: usize,
    partitions: usize,
}

impl RequestSize {
    /// Counts one command more.
    ///
    /// # Errors
    /// `TooManyChanges`, `TooManyPartitions`: then nothing of the request may be done.
    pub fn add(&mut self, command: &Command) -> Result<(), ControllerError> {
        self.commands += 1;
        self.partitions += match command {
            Command::CreateTopic { assignments, .. } | Command::CreatePartitions { assignments, .. } => {
                assignments.len()
            }
            Command::RegisterBroker { .. }
            | Command::DeleteTopic { .. }
            | Command::SetTopicConfigs { .. }
            | Command::SetBrokerConfigs { .. }
            | Command::AllocateProducerIds { .. } => 0,
        };
        if self.commands > COMMANDS_PER_REQUEST_MAX {
            let max = COMMANDS_PER_REQUEST_MAX;
            return Err(ControllerError::TooManyChanges { max });
        }
        assignment::check_count(self.partitions)
    }
}

fn allocate_producer_ids(block_start: ProducerId) -> Result<Vec<Command>, ControllerError> {
    let count = PRODUCER_ID_BLOCK_SIZE;
    match block_start.get().checked_add(i64::from(count)) {
        Some(_) => Ok(vec![Command::AllocateProducerIds { block_start, count }]),
        None => Err(ControllerError::ProducerIdsExhausted),
    }
}
