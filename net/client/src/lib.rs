//! A small Kafka client for the command line, the tests and the load generator.
//!
//! [`Client`] uses blocking sockets on one thread. What needs no socket is in modules of its own: batches
//! ([`record`]), the choice of a partition ([`partitioner`]), metadata and routing ([`cluster`]).
//!
//! `corelog-protocol` decides which version to speak, who leads a partition and which errors are retried, for this
//! client and for the load generator's.

mod address;
mod api_error;
mod batches;
mod client;
pub mod cluster;
mod configs;
mod connection;
mod consumer;
mod error;
mod features;
mod groups;
mod log_dirs;
mod offsets;
pub mod partitioner;
mod producer;
pub mod record;
mod retry;
mod topics;
mod transactions;

pub use address::{Address, AddressError};
pub use api_error::ApiError;
pub use client::{Client, ClientOptions};
pub use cluster::{BrokerInfo, Cluster, PartitionInfo, TopicInfo};
pub use configs::{ConfigChange, ConfigResource, ConfigValue, ValueSource};
pub use connection::{Connection, ConnectionOptions};
pub use consumer::{Consumer, ConsumerOptions, Fetched, Isolation};
pub use error::{ClientError, ConnectionError};
pub use features::{BrokerFeatures, FeatureRange};
pub use groups::{CommittedOffset, GroupDescription, GroupListing, GroupMember, GroupOffsets};
pub use offsets::OffsetAt;
pub use producer::{Acks, Delivery, Producer, ProducerOptions};
pub use record::{Record, RecordHeader, StoredRecord};
pub use topics::{CreatedTopic, NewTopic, Outcomes};
pub use transactions::{
    AbortMarker, PartitionProducer, PartitionProducers, TopicPartition, TransactionDescription,
    TransactionFilters, TransactionListing,
};
