//! The client's errors. Each message names the broker's address and says what to do.

use std::io;
use std::time::Duration;

use corelog_protocol::frame::FrameError;
use corelog_protocol::{ApiKey, DecodeError, EncodeError, ErrorCode};

use crate::address::Address;
use crate::api_error::ApiError;
use crate::record::{BuildError, DecodeBatchError};

/// Why one exchange with one broker failed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The name has no address.
    #[error("cannot find the host of {address}: {source}; check the name")]
    Resolve {
        /// The broker.
        address: Address,
        /// The cause.
        source: io::Error,
    },
    /// Nobody accepts.
    #[error("cannot connect to {address}: {source}; is the broker running, and is this its address?")]
    Connect {
        /// The broker.
        address: Address,
        /// The cause.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection to {address} broke during {api}: {source}")]
    Broken {
        /// The broker.
        address: Address,
        /// The exchange.
        api: ApiKey,
        /// The cause.
        source: io::Error,
    },
    /// No answer in time.
    #[error("{address} did not answer {api} within {} ms; look at the broker's log and load", waited.as_millis())]
    TimedOut {
        /// The broker.
        address: Address,
        /// The exchange.
        api: ApiKey,
        /// How long the client waited.
        waited: Duration,
    },
    /// The answer's frame is impossible.
    #[error("{address} sent an impossible frame: {source}; is it a Kafka listener without TLS?")]
    Frame {
        /// The broker.
        address: Address,
        /// The cause.
        source: FrameError,
    },
    /// The answer is not the message it should be.
    #[error("{address} sent a malformed answer to {api} version {version}: {source}")]
    Decode {
        /// The broker.
        address: Address,
        /// The exchange.
        api: ApiKey,
        /// Its version.
        version: i16,
        /// The cause.
        source: DecodeError,
    },
    /// The request cannot be encoded in the common version.
    #[error("{api} version {version}, the newest that {address} has, cannot carry this request: {source}")]
    Encode {
        /// The broker.
        address: Address,
        /// The exchange.
        api: ApiKey,
        /// Its version.
        version: i16,
        /// The cause.
        source: EncodeError,
    },
    /// The answer belongs to another request.
    #[error("{address} answered request {found} when {expected} was due")]
    Correlation {
        /// The broker.
        address: Address,
        /// The request that was sent.
        expected: i32,
        /// The one that was answered.
        found: i32,
    },
    /// No version of the API is common to both.
    #[error("{address} {}", mismatch(*api, *broker))]
    NoCommonVersion {
        /// The broker.
        address: Address,
        /// The API.
        api: ApiKey,
        /// The versions that the broker has, first and last.
        broker: Option<(i16, i16)>,
    },
    /// The broker refuses even ApiVersions.
    #[error("{address} refused to tell its versions: {source}")]
    Versions {
        /// The broker.
        address: Address,
        /// Its words.
        source: ApiError,
    },
}

fn mismatch(api: ApiKey, broker: Option<(i16, i16)>) -> String {
    let ours = api.versions();
    match broker {
        None => format!("does not offer {api}"),
        Some((first, last)) => format!(
            "speaks {api} in versions {first} to {last}, and this client in {} to {}",
            ours.start(),
            ours.end()
        ),
    }
}

impl ConnectionError {
    /// Whether another try may succeed.
    pub fn is_retriable(&self) -> bool {
        match self {
            ConnectionError::Connect { .. }
            | ConnectionError::Broken { .. }
            | ConnectionError::TimedOut { .. } => true,
            ConnectionError::Resolve { .. }
            | ConnectionError::Frame { .. }
            | ConnectionError::Decode { .. }
            | ConnectionError::Encode { .. }
            | ConnectionError::Correlation { .. }
            | ConnectionError::NoCommonVersion { .. }
            | ConnectionError::Versions { .. } => false,
        }
    }

    /// Whether there is no Kafka broker to be heard at that address.
    pub fn is_unreachable(&self) -> bool {
        match self {
            ConnectionError::Resolve { .. }
            | ConnectionError::Connect { .. }
            | ConnectionError::Broken { .. }
            | ConnectionError::TimedOut { .. }
            | ConnectionError::Frame { .. } => true,
            ConnectionError::Decode { .. }
            | ConnectionError::Encode { .. }
            | ConnectionError::Correlation { .. }
            | ConnectionError::NoCommonVersion { .. }
            | ConnectionError::Versions { .. } => false,
        }
    }
}

/// Why an operation on the cluster failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No bootstrap server answered.
    #[error("no broker answered: {}", list(failures))]
    Bootstrap {
        /// Each server's failure.
        failures: Vec<ConnectionError>,
    },
    /// A broker of the cluster could not be talked to.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The broker refused.
    #[error("{subject}: {source}")]
    Refused {
        /// What was asked for, such as `topic orders`.
        subject: String,
        /// The broker's words.
        source: ApiError,
    },
    /// There is no such topic.
    #[error("there is no topic {0}; `corelog topic list` shows those that are")]
    NoTopic(String),
    /// There is no such partition.
    #[error("topic {topic} has no partition {partition}: it has {count}, from 0")]
    NoPartition {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// How many it has.
        count: usize,
    },
    /// Nobody leads the partition.
    #[error("partition {partition} of topic {topic} has no leader: its brokers are down or starting")]
    NoLeader {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
    /// Metadata names a broker that it does not list.
    #[error("broker {0} is not in the cluster's metadata")]
    NoBroker(i32),
    /// Records could not be encoded.
    #[error("the records cannot be sent: {0}")]
    EncodeRecords(#[from] BuildError),
    /// Fetched records are damaged.
    #[error("the records of {topic}-{partition} are damaged: {source}")]
    DecodeRecords {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The cause.
        source: DecodeBatchError,
    },
    /// An answer lacks what was asked for.
    #[error("the answer to {api} says nothing of {subject}")]
    Missing {
        /// The exchange.
        api: ApiKey,
        /// What is missing.
        subject: String,
    },
}

fn list(failures: &[ConnectionError]) -> String {
    let sentences: Vec<_> = failures.iter().map(ToString::to_string).collect();
    sentences.join("; ")
}

impl ClientError {
    pub(crate) fn refused(subject: impl Into<String>, source: ApiError) -> ClientError {
        ClientError::Refused {
            subject: subject.into(),
            source,
        }
    }

    /// Whether the same operation may succeed a moment later.
    pub fn is_retriable(&self) -> bool {
        match self {
            ClientError::Connection(error) => error.is_retriable(),
            ClientError::Refused { source, .. } => source.is_retriable(),
            ClientError::NoLeader { .. } | ClientError::NoBroker(_) => true,
            ClientError::Bootstrap { .. }
            | ClientError::NoTopic(_)
            | ClientError::NoPartition { .. }
            | ClientError::EncodeRecords(_)
            | ClientError::DecodeRecords { .. }
            | ClientError::Missing { .. } => false,
        }
    }

    /// Whether no broker could be talked to.
    pub fn is_connection(&self) -> bool {
        match self {
            ClientError::Bootstrap { failures } => failures.iter().any(ConnectionError::is_unreachable),
            ClientError::Connection(error) => error.is_unreachable(),
            ClientError::Refused { .. }
            | ClientError::NoTopic(_)
            | ClientError::NoPartition { .. }
            | ClientError::NoLeader { .. }
            | ClientError::NoBroker(_)
            | ClientError::EncodeRecords(_)
            | ClientError::DecodeRecords { .. }
            | ClientError::Missing { .. } => false,
        }
    }

    /// The broker's code, if the broker refused with one that is known.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            ClientError::Refused { source, .. } => source.code(),
            ClientError::Bootstrap { .. }
            | ClientError::Connection(_)
            | ClientError::NoTopic(_)
            | ClientError::NoPartition { .. }
            | ClientError::NoLeader { .. }
            | ClientError::NoBroker(_)
            | ClientError::EncodeRecords(_)
            | ClientError::DecodeRecords { .. }
            | ClientError::Missing { .. } => None,
        }
    }
}
