//! A light Kafka client: frames, negotiated versions, topics, coordinators. It retries nothing that is measured.

mod configs;
mod connection;
mod coordinator;
mod error;
mod frames;
mod offsets;
mod topics;
mod transactions;
mod versions;

pub use configs::topic_config;
pub use connection::{BrokerConnection, decode, encode, refuse, resolve, strip_header};
pub use coordinator::{CoordinatorOf, open_coordinator};
pub use error::{ClientError, error_name, is_retriable};
pub use frames::FrameReader;
pub use offsets::{await_leaders, end_offsets};
pub use topics::{
    Cluster, SETUP_INTERVAL, SETUP_WAIT, TopicPlan, create_topics, delete_topics, learn_cluster,
};
pub use transactions::{TransactionalId, init_producer_id};
pub use versions::Versions;
