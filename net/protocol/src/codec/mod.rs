//! Kafka's primitive types on the wire: what every message is made of.

mod byte_str;
mod error;
mod reader;
mod records;
mod writer;

pub use byte_str::ByteStr;
pub use error::{DecodeError, EncodeError, VersionError};
pub use reader::{ARRAY_LENGTH_MAX, MEMORY_BASE, MEMORY_FACTOR, Reader, TAGGED_FIELDS_MAX};
pub use records::Records;
pub use writer::{Pieces, TaggedFields, Writer};

use std::ops::RangeInclusive;

/// Checks that a message exists in `version`.
pub(crate) fn check_version(
    message: &'static str,
    version: i16,
    versions: RangeInclusive<i16>,
) -> Result<(), VersionError> {
    if versions.contains(&version) {
        Ok(())
    } else {
        Err(VersionError { message, version })
    }
}

/// Takes the value of a field that may not be null in this version.
pub(crate) fn required<'a, T>(
    value: Option<&'a T>,
    message: &'static str,
    field: &'static str,
    version: i16,
) -> Result<&'a T, EncodeError> {
    value.ok_or(EncodeError::Null {
        message,
        field,
        version,
    })
}
