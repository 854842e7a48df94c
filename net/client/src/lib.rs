//! A small Kafka client for the command line, the tests and the load generator.
//!
//! What can be told apart from sockets is: batches ([`record`]), partitions of keys ([`partitioner`]), routing
//! ([`cluster`]). [`Client`] puts them on blocking sockets of one thread. Which version to speak, who leads a partition and
//! which errors are tried again is `corelog-protocol`'s to say, for this client and the load generator's.

mod address;
mod api_error;
mod client;
pub mod cluster;
mod configs;
mod connection;
mod consumer;
mod error;
mod groups;
mod offsets;
pub mod partitioner;
mod producer;
pub mod record;
mod retry;
mod topics;

pub use address::{Address, AddressError};
pub use api_error::ApiError;
pub use client::{Client, ClientOptions};
pub use cluster::{BrokerInfo, Cluster, PartitionInfo, TopicInfo};
pub use configs::{ConfigChange, ConfigResource, ConfigValue, ValueSource};
pub use connection::{Connection, ConnectionOptions};
pub use consumer::{Consumer, ConsumerOptions, Fetched, Isolation};
pub use error::{ClientError, ConnectionError};
pub use groups::{CommittedOffset, GroupDescription, GroupListing, GroupMember, GroupOffsets};
pub use offsets::OffsetAt;
pub use producer::{Acks, Delivery, Producer, ProducerOptions};
pub use record::{Record, RecordHeader, StoredRecord};
pub use topics::{CreatedTopic, NewTopic, Outcomes};
