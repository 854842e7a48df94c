//! The records of `__transaction_state` in Kafka's own binary form, so that Kafka's tools read the topic.
//!
//! ```text
//! key    i16 version   0: TransactionLogKey   others: kinds of records that are not known here
//! value  i16 version   0, or 1 with flexible fields (KIP-482); null is a tombstone
//! ```
//! Integers are big-endian. Source: Kafka's `TransactionLogKey.json` and `TransactionLogValue.json`.
//!
//! Decoding never allocates more than the input's size times a constant, and never panics.

pub(crate) mod key;
mod reader;
mod value;
mod writer;

use bytes::Bytes;

pub use key::RecordKey;
pub use value::{LogValueVersion, TransactionLogValue};

/// One record of `__transaction_state`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Versioned key.
    pub key: Bytes,
    /// Versioned value; `None` is a tombstone.
    pub value: Option<Bytes>,
}

/// Why bytes are not a record of `__transaction_state`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordError {
    /// The bytes end within a field.
    #[error("the record ends after {available} of the {needed} bytes of a field")]
    Truncated {
        /// What the field takes.
        needed: usize,
        /// What is left.
        available: usize,
    },
    /// A length that nothing can have.
    #[error("a length of {0} is impossible")]
    Length(i64),
    /// Text that is not UTF-8.
    #[error("a text of the record is not UTF-8")]
    Utf8,
    /// A null where the format has none.
    #[error("the field {0} is null")]
    Null(&'static str),
    /// A value version newer than those known.
    #[error("version {version} of the value of TransactionLogValue is not known")]
    Version {
        /// The version.
        version: i16,
    },
    /// A field with an impossible value.
    #[error("the field {field} has the impossible value {value}")]
    Field {
        /// Its name.
        field: &'static str,
        /// Its value.
        value: i64,
    },
    /// A topic name that Kafka would not accept.
    #[error("the record's topic name is not valid")]
    TopicName,
}
