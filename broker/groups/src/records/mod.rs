//! The records of `__consumer_offsets` in Kafka's own binary form, so that Kafka's tools read the topic.
//!
//! ```text
//! key    i16 version   0, 1: OffsetCommitKey   2: GroupMetadataKey   others: newer group types, skipped
//! value  i16 version   then the fields of that version; null is a tombstone
//! ```
//! Integers are big-endian. Up to v3 a string is an i16 length (-1: null) and UTF-8, bytes and arrays have i32 lengths;
//! v4 is flexible (KIP-482). Written are OffsetCommitKey v1, OffsetCommitValue v1, v3 or v4, GroupMetadataKey v2 and
//! GroupMetadataValue v3; all versions are read. A producer id of a transactional commit is in the batch's header, not
//! in these records. Source: Kafka's `OffsetCommit{Key,Value}.json` and `GroupMetadata{Key,Value}.json`.
//!
//! Decoding never allocates more than the input's size times a constant, and never panics.

mod group_metadata;
pub(crate) mod key;
mod offset_commit;
pub(crate) mod reader;
mod writer;

use bytes::Bytes;

pub use group_metadata::{GroupMetadataValue, MemberMetadata};
pub use key::RecordKey;
pub use offset_commit::OffsetCommitValue;

/// One record of `__consumer_offsets`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Versioned key.
    pub key: Bytes,
    /// Versioned value; `None` is a tombstone.
    pub value: Option<Bytes>,
}

/// Why bytes are not a record of `__consumer_offsets`.
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
    #[error("version {version} of the value of {name} is not known")]
    Version {
        /// Kafka's name of the value.
        name: &'static str,
        /// Its version.
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
    /// A group with members and without a protocol.
    #[error("the group has members but no protocol")]
    MembersWithoutProtocol,
    /// A topic name that Kafka would not accept.
    #[error("the record's topic name is not valid")]
    TopicName,
}
