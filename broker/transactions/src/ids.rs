//! Transactional ids, and the tokens by which the machine and its shell speak of what is under way.

use std::fmt;
use std::sync::Arc;

/// A producer's `transactional.id`. Shared and cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TransactionalId(Arc<str>);

impl TransactionalId {
    /// The longest one, in bytes: what the length of a string in a record can say.
    pub const SIZE_MAX: usize = 32_767;

    /// Wraps the text as it is on the wire.
    pub fn new(text: &str) -> TransactionalId {
        TransactionalId(text.into())
    }

    /// The text as it is on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TransactionalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
token! {
    /// Names one wish for a fresh producer id; comes back in `Event::ProducerIdAllocated`.
    ProducerIdToken
}
token! {
    /// Names the markers of one transaction's end; comes back in `Event::MarkersWritten`.
    MarkersToken
}
