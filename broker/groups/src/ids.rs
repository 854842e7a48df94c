//! The identifiers of groups, members, generations and requests. Ids of text are shared and cheap to clone; Kafka's
//! empty id is `Option::None` or `is_empty`.

use std::fmt;
use std::sync::Arc;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text as it is on the wire.
            pub fn new(text: &str) -> $name {
                $name(text.into())
            }

            /// The text as it is on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Has no characters: the wire's "none".
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A group's name. Empty is allowed for offsets alone.
    GroupId
}
text_id! {
    /// A member's id, given by the coordinator. Empty: the member does not have one yet.
    MemberId
}
text_id! {
    /// A static member's `group.instance.id` (KIP-345).
    InstanceId
}

/// The most bytes that a text of a request may have if it is to be stored: the records' lengths are `i16`, and a
/// member id adds a dash and a UUID to a client id.
pub(crate) const TEXT_SIZE_MAX: usize = 32_000;
const UUID_TEXT_SIZE: usize = 36;
const _: () = assert!(TEXT_SIZE_MAX + 1 + UUID_TEXT_SIZE <= 32_767);

impl MemberId {
    /// Makes `<prefix>-<uuid>`: a random (version 4) UUID from 128 random bits (Kafka's `generateMemberId`).
    pub(crate) fn generate(prefix: &str, random: u128) -> MemberId {
        let bits = (random & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{bits:032x}");
        MemberId::new(&format!(
            "{prefix}-{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        ))
    }
}

/// A group's generation: grows by one with each completed rebalance. -1 on the wire, `None` here, is "no generation".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Generation(i32);

impl Generation {
    /// Wraps a wire value; `None` if it is negative.
    pub const fn new(value: i32) -> Option<Generation> {
        if value < 0 { None } else { Some(Generation(value)) }
    }

    /// The wire value.
    pub const fn get(self) -> i32 {
        self.0
    }

    /// The generation after this one. After the last of `i32` the count starts again at 1: a record read from a disk
    /// may claim any generation.
    pub(crate) const fn next(self) -> Generation {
        match self.0.checked_add(1) {
            Some(value) => Generation(value),
            None => Generation(1),
        }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a group commits for a partition: the next offset to consume. Kafka stores any number, and clients commit
/// negative ones: KafkaJS -1 and -2 to begin at the end or at the start, ruby-kafka -1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct GroupOffset(i64);

impl GroupOffset {
    /// Wraps a wire value.
    pub const fn new(value: i64) -> GroupOffset {
        GroupOffset(value)
    }

    /// The wire value.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for GroupOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! token {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(u64);

        impl $name {
            /// Wraps a number.
            pub const fn new(value: u64) -> $name {
                $name(value)
            }

            /// The number.
            pub const fn get(self) -> u64 {
                self.0
            }
        }
    };
}

token! {
    /// Names one request towards the shell; comes back in its one reply.
    RequestToken
}
token! {
    /// Names one append towards the shell; comes back in `Event::Persisted`.
    AppendToken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_ids_end_in_a_version_4_uuid() {
        assert_eq!(
            MemberId::generate("c", 0).as_str(),
            "c-00000000-0000-4000-8000-000000000000"
        );
        assert_eq!(
            MemberId::generate("", u128::MAX).as_str(),
            "-ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
    }

    #[test]
    fn generations_never_overflow() {
        assert_eq!(Generation::new(-1), None);
        assert_eq!(Generation(i32::MAX).next(), Generation(1));
        assert_eq!(Generation(1).next(), Generation(2));
    }
}
