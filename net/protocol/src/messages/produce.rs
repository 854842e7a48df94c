//! Produce (API key 0), by hand: topic names and records are slices of the frame, nothing is allocated a partition.

mod request;
mod response;

pub use request::{PartitionProduceData, ProduceRequest, TopicProduceData};
pub use response::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, ProduceResponse, TopicProduceResponse,
};

/// The first version in flexible form.
const FLEXIBLE: i16 = 9;
/// The first version that names topics by their id (KIP-516).
const TOPIC_IDS: i16 = 13;
