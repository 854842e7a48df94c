//! Who and what: topics, partitions, brokers, shards, producers, epochs, wall-clock stamps.

use std::fmt;
use std::sync::Arc;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($int:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name($int);

        impl $name {
            /// Wraps the wire value as it is.
            pub const fn new(value: $int) -> $name {
                $name(value)
            }

            /// The wire value.
            pub const fn get(self) -> $int {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A partition's number within its topic, from zero.
    PartitionIndex(i32)
}
id! {
    /// The reign of a partition's leader; grows by one with each.
    LeaderEpoch(i32)
}
id! {
    /// Counts the changes of a partition's leader or in-sync replicas, from zero (KIP-497).
    PartitionEpoch(i32)
}
id! {
    /// A broker's node id.
    BrokerId(i32)
}
id! {
    /// A registration of a broker with the controller; grows with each (KIP-903).
    BrokerEpoch(i64)
}
id! {
    /// A shard's number within its broker, from zero.
    ShardId(u16)
}
id! {
    /// An idempotent or transactional producer (KIP-98).
    ProducerId(i64)
}
id! {
    /// The incarnation of a `ProducerId`; a newer one fences the older.
    ProducerEpoch(i16)
}
id! {
    /// Milliseconds since 1970-01-01 UTC, as Kafka stamps records.
    TimestampMs(i64)
}

/// A record's number within its producer and partition (KIP-98); wraps from `i32::MAX` to zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Sequence(i32);

impl Sequence {
    /// Wraps a wire value; `None` if it is negative.
    pub const fn new(value: i32) -> Option<Sequence> {
        if value < 0 { None } else { Some(Sequence(value)) }
    }

    /// The wire value.
    pub const fn get(self) -> i32 {
        self.0
    }

    /// The sequence `records` further on, past `i32::MAX` back to zero (Kafka's `DefaultRecordBatch.incrementSequence`).
    pub const fn advance(self, records: i32) -> Sequence {
        assert!(records >= 0);
        if self.0 > i32::MAX - records {
            Sequence(records - (i32::MAX - self.0) - 1)
        } else {
            Sequence(self.0 + records)
        }
    }
}

macro_rules! uuid {
    ($(#[$doc:meta])* $name:ident, $(#[$zero_doc:meta])* $zero:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name([u8; 16]);

        impl $name {
            $(#[$zero_doc])*
            pub const $zero: $name = $name([0; 16]);

            /// Wraps the sixteen bytes as they are on the wire.
            pub const fn new(bytes: [u8; 16]) -> $name {
                $name(bytes)
            }

            /// The sixteen bytes as they are on the wire.
            pub const fn get(self) -> [u8; 16] {
                self.0
            }
        }

        impl fmt::Display for $name {
            /// Kafka's form: 22 characters of unpadded URL-safe base64 (`Uuid.toString`).
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

uuid! {
    /// A topic's identity, a UUID that no second topic of the same name shares (KIP-516).
    TopicId,
    /// The all-zero id: "no id given" on the wire.
    ZERO
}
uuid! {
    /// A log directory's identity, a UUID that no second directory of the cluster shares (KIP-858).
    DirectoryId,
    /// The all-zero id: which directory holds the replica is not known (Kafka's `DirectoryId.UNASSIGNED`).
    UNASSIGNED
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn write_uuid(bytes: [u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let value = u128::from_be_bytes(bytes);
    for index in 0..22u32 {
        // 128 bits in 22 digits of 6: the last digit holds two bits and four zeros.
        let digit = if index < 21 {
            (value >> (122 - 6 * index)) & 63
        } else {
            (value << 4) & 63
        };
        let digit = usize::try_from(digit).expect("six bits");
        write!(f, "{}", char::from(BASE64[digit]))?;
    }
    Ok(())
}

impl DirectoryId {
    /// Reads Kafka's form; `None` if the text is not that of sixteen bytes.
    pub fn parse(text: &str) -> Option<DirectoryId> {
        if text.len() != 22 {
            return None;
        }
        let mut value = 0u128;
        for (index, byte) in text.bytes().enumerate() {
            let digit = BASE64.iter().position(|known| *known == byte)?;
            let digit = u128::try_from(digit).ok()?;
            if index < 21 {
                value = value << 6 | digit;
            } else if digit & 15 == 0 {
                value = value << 2 | digit >> 4;
            } else {
                return None;
            }
        }
        Some(DirectoryId(value.to_be_bytes()))
    }
}

/// What a partition is known by inside a broker: its topic's id and its index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PartitionId {
    /// The topic.
    pub topic: TopicId,
    /// The partition within it.
    pub index: PartitionIndex,
}

/// A topic name that Kafka accepts: 1 to 249 of `[a-zA-Z0-9._-]`, not `.` or `..`. Cheap to clone, shared by shards.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TopicName(Arc<str>);

/// Why a topic name is refused (Kafka's `Topic.validate`).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TopicNameError {
    /// The name has no characters.
    #[error("a topic name is not empty")]
    Empty,
    /// The name is `.` or `..`.
    #[error("a topic name is not \".\" or \"..\"")]
    Dots,
    /// The name is longer than 249 characters.
    #[error("a topic name has at most 249 characters, this one has {0}")]
    TooLong(usize),
    /// A character outside the alphabet.
    #[error("a topic name consists of ASCII letters, digits, '.', '_' and '-'; this one has {0:?}")]
    Character(char),
}

impl TopicName {
    /// The longest name, in bytes (Kafka's `Topic.MAX_NAME_LENGTH`).
    pub const SIZE_MAX: usize = 249;

    /// Checks a name.
    ///
    /// # Errors
    /// As Kafka's `Topic.validate`.
    pub fn new(name: &str) -> Result<TopicName, TopicNameError> {
        if name.is_empty() {
            return Err(TopicNameError::Empty);
        }
        if name == "." || name == ".." {
            return Err(TopicNameError::Dots);
        }
        if name.len() > Self::SIZE_MAX {
            return Err(TopicNameError::TooLong(name.len()));
        }
        match name
            .chars()
            .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')))
        {
            Some(c) => Err(TopicNameError::Character(c)),
            None => Ok(TopicName(name.into())),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for TopicName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_wrap_as_kafka_does() {
        // DefaultRecordBatchTest.testIncrementSequence
        let check = |start: i32, by: i32, expected: i32| {
            assert_eq!(
                Sequence::new(start).unwrap().advance(by).get(),
                expected,
                "{start} + {by}"
            );
        };
        check(0, 0, 0);
        check(0, 5, 5);
        check(i32::MAX - 1, 1, i32::MAX);
        check(i32::MAX, 1, 0);
        check(i32::MAX - 5, 10, 4);
        check(i32::MAX, i32::MAX, i32::MAX - 1);
    }

    #[test]
    fn topic_ids_print_as_kafkas_uuid() {
        // Uuid.METADATA_TOPIC_ID prints as AAAAAAAAAAAAAAAAAAAAAQ.
        let mut bytes = [0; 16];
        bytes[15] = 1;
        assert_eq!(TopicId::new(bytes).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(TopicId::new([0xff; 16]).to_string(), "_____________________w");
    }

    #[test]
    fn topic_names_are_checked() {
        assert!(TopicName::new("a.b_c-D9").is_ok());
        assert_eq!(TopicName::new(""), Err(TopicNameError::Empty));
        assert_eq!(TopicName::new(".."), Err(TopicNameError::Dots));
        assert_eq!(TopicName::new("a/b"), Err(TopicNameError::Character('/')));
        assert_eq!(
            TopicName::new(&"x".repeat(250)),
            Err(TopicNameError::TooLong(250))
        );
    }
}
