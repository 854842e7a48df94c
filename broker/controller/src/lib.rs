//! The controller: decides which records a request becomes, or why none (Kafka's `QuorumController` with its
//! `ClusterControlManager`, `ReplicationControlManager`, `ConfigurationControlManager` and `ProducerIdControlManager`).
//!
//! It changes nothing: whoever asks makes the records durable and applies them, in order. A request with several parts
//! (CreateTopics with ten topics) is several calls, each on the image that the calls before led to. Asking and throwing the
//! records away validates a request.
//!
//! Invariants: what is decided depends on the request, the image, the offset and the random bits alone, and fits the image.
//! No clock, randomness, socket or file is in here; nothing that is decided today depends on the time.

mod assignment;
mod configs;
mod controller;
mod decision;
mod error;
mod limits;
mod registration;
mod request;
mod topics;

pub use configs::{ConfigRules, ConfigScope};
pub use controller::{Controller, RequestSize};
pub use decision::{ControllerResponse, CreatedTopic, Decision, ProducerIdBlock};
pub use error::{AssignmentFault, ConfigFault, ControllerError};
pub use limits::{
    CHANGES_PER_REQUEST_MAX, CONFIG_VALUE_SIZE_MAX, PARTITIONS_PER_REQUEST_MAX, PRODUCER_ID_BLOCK_SIZE,
};
pub use request::{
    BrokerHeartbeat, BrokerRegistration, ConfigChange, ConfigOperation, ControllerRequest, NewTopic,
    TopicReference,
};
