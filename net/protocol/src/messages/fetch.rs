//! Fetch (API key 1), by hand: topic names are slices of the frame, records are never copied on their way out.

mod request;
mod response;

pub use request::{FetchPartition, FetchRequest, FetchTopic, ForgottenTopic, ReplicaState};
pub use response::{
    AbortedTransaction, EpochEndOffset, FetchResponse, FetchableTopicResponse, PartitionData, Records,
    SnapshotId,
};

/// The first version with fetch sessions (KIP-227).
const SESSIONS: i16 = 7;
/// The first version in flexible form.
const FLEXIBLE: i16 = 12;
/// The first version that names topics by their id (KIP-516).
const TOPIC_IDS: i16 = 13;
