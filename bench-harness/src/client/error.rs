//! Why talking to a broker failed.

use std::io;
use std::net::SocketAddr;

use corelog_protocol::frame::FrameError;
use corelog_protocol::{ApiKey, DecodeError, EncodeError, ErrorCode};

/// Why a request has no answer. The connection cannot go on, except after `Refused` and `Unsupported`.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is none, or its name has no address.
    #[error("cannot resolve {address}: {source}")]
    Resolve {
        /// As it was given.
        address: String,
        /// The cause.
        source: io::Error,
    },
    /// Nobody listens, or the network does not lead there.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// Where.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection to {address} broke: {source}")]
    Broken {
        /// To whom.
        address: SocketAddr,
        /// The cause.
        source: io::Error,
    },
    /// The broker closed the connection.
    #[error("{address} closed the connection")]
    Closed {
        /// Who.
        address: SocketAddr,
    },
    /// An answer's size is impossible.
    #[error("{address} sent an impossible frame: {source}")]
    Frame {
        /// Who.
        address: SocketAddr,
        /// What is wrong.
        source: FrameError,
    },
    /// An answer cannot be read.
    #[error("the answer to {api} cannot be read: {source}")]
    Decode {
        /// To what.
        api: ApiKey,
        /// What is wrong.
        source: DecodeError,
    },
    /// A request cannot be written in the version that the broker has.
    #[error("{api} cannot be written: {source}")]
    Encode {
        /// Which.
        api: ApiKey,
        /// What is wrong.
        source: EncodeError,
    },
    /// An answer to something else.
    #[error("the answer has the correlation id {found}, and {expected} is due")]
    Correlation {
        /// Of the oldest unanswered request.
        expected: i32,
        /// Of the answer.
        found: i32,
    },
    /// The broker lacks an API, or has only versions that there is no codec for.
    #[error("the broker has no usable version of {0}")]
    Unsupported(ApiKey),
    /// The broker said no.
    #[error("{what}: {}", error_name(*code))]
    Refused {
        /// To what.
        what: String,
        /// Kafka's error code.
        code: i16,
    },
    /// The target has no transactions, or only those of before KIP-890's second part.
    #[error(
        "the target's transaction.version is {found}; transactions are written as from 2 on: upgrade the feature, or set \
         transaction_ms and transaction_messages to 0"
    )]
    TransactionVersion {
        /// Its finalized level; 0 if it has none.
        found: i16,
    },
    /// A batch was not compressed.
    #[error("a batch was not compressed: {0}")]
    Compress(#[from] corelog_records::CompressError),
    /// What was fetched is no batch.
    #[error("what was fetched is damaged: {0}")]
    Batch(#[from] corelog_model::BatchError),
    /// A batch holds no records, although its checksum holds.
    #[error("what was fetched of partition {partition} is damaged: {reason}")]
    Damaged {
        /// The partition.
        partition: i32,
        /// What is wrong with it.
        reason: String,
    },
    /// An answer lacks what was asked for.
    #[error("the answer to {api} does not name {what}")]
    Missing {
        /// To what.
        api: ApiKey,
        /// What it should hold.
        what: String,
    },
    /// Topics were created and have no leaders.
    #[error("after {seconds} s {partitions} partitions still have no leader")]
    NoLeaders {
        /// How long it was waited for.
        seconds: u64,
        /// How many.
        partitions: usize,
    },
    /// A group did not become stable with all of its consumers.
    #[error("after {seconds} s the group {group} has {found} of its {expected} consumers")]
    NotJoined {
        /// The group.
        group: String,
        /// How long it was waited for.
        seconds: u64,
        /// Members when it was last stable.
        found: usize,
        /// Those it should have.
        expected: usize,
    },
    /// A group shared its partitions out anew after its consumers had begun: where they stand is not certain.
    #[error("the group {group} rebalanced in mid-run: {} answered {}", api, error_name(*code))]
    Rebalanced {
        /// The group.
        group: String,
        /// Whose answer told it.
        api: ApiKey,
        /// Kafka's error code.
        code: i16,
    },
    /// A group's coordinator did not answer, or asked to try again for all that time.
    #[error("the coordinator of the group {group} has not answered {api} for {seconds} s")]
    Unanswered {
        /// The group.
        group: String,
        /// Which request.
        api: ApiKey,
        /// For how long.
        seconds: u64,
    },
    /// A consumer was assigned what cannot be.
    #[error("the group {group} was assigned its partitions wrongly: {reason}")]
    Assignment {
        /// The group.
        group: String,
        /// What is wrong.
        reason: String,
    },
}

/// Kafka's name of an error code.
pub fn error_name(code: i16) -> String {
    ErrorCode::from_code(code).map_or_else(|| format!("error {code}"), |error| error.name().to_owned())
}

/// Whether Kafka's clients ask again after this error.
pub fn is_retriable(code: i16) -> bool {
    ErrorCode::is_retriable_code(code)
}
