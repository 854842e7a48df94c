//! An API's key, its name, its versions and the forms of its headers.

use std::fmt;
use std::ops::RangeInclusive;

pub use crate::api_table::ApiKey;
use crate::codec::DecodeError;

/// A row of the table of APIs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ApiFacts {
    pub(crate) key: i16,
    pub(crate) name: &'static str,
    pub(crate) versions: (i16, i16),
    pub(crate) advertised: (i16, i16),
    pub(crate) flexible: Option<i16>,
}

impl ApiKey {
    /// The key on the wire.
    pub const fn key(self) -> i16 {
        self.facts().key
    }

    /// Kafka's name, such as `CreateTopics`.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The versions that the codec has.
    pub const fn versions(self) -> RangeInclusive<i16> {
        let (first, last) = self.facts().versions;
        first..=last
    }

    /// The versions to name in ApiVersions. They are those of the codec, with two exceptions.
    ///
    /// Produce is named from 0: librdkafka stops compressing when the minimum is higher (KAFKA-18659). A Produce of
    /// version 0 to 2 is then answered with UNSUPPORTED_VERSION.
    ///
    /// InitProducerId is named to 5: Kafka 4.4 calls version 6 unstable, and does not name it by default.
    pub const fn advertised_versions(self) -> RangeInclusive<i16> {
        let (first, last) = self.facts().advertised;
        first..=last
    }

    /// The first version in flexible form; `None` if there is none.
    pub const fn first_flexible_version(self) -> Option<i16> {
        self.facts().flexible
    }

    /// Tells whether `version` is in flexible form. Versions that are still unknown are, if the last known one is.
    pub const fn is_flexible(self, version: i16) -> bool {
        match self.facts().flexible {
            Some(first) => version >= first,
            None => false,
        }
    }

    /// The version of the header before a request of `version`.
    pub const fn request_header_version(self, version: i16) -> i16 {
        if self.is_flexible(version) { 2 } else { 1 }
    }

    /// The version of the header before a response of `version`. ApiVersions always has 0, so that a client can read
    /// the refusal of a version that is too new (KIP-511).
    pub const fn response_header_version(self, version: i16) -> i16 {
        match self {
            ApiKey::ApiVersions => 0,
            _ if self.is_flexible(version) => 1,
            _ => 0,
        }
    }
}

impl TryFrom<i16> for ApiKey {
    type Error = DecodeError;

    fn try_from(key: i16) -> Result<ApiKey, DecodeError> {
        ApiKey::from_key(key).ok_or(DecodeError::ApiKey(key))
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
