//! Why bytes are not a message, and why a message cannot become bytes.

/// A message does not exist in that version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message} has no version {version}")]
pub struct VersionError {
    /// Which message.
    pub message: &'static str,
    /// The version asked for.
    pub version: i16,
}

/// Why bytes are not the message they should be. The connection they came from cannot go on.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// A value reaches beyond the end of the message, or of the tagged field that holds it.
    #[error("{needed} bytes are needed at byte {position} and {available} are left")]
    Truncated {
        /// Where the value begins, from the start of the frame.
        position: usize,
        /// What it takes.
        needed: usize,
        /// What is there.
        available: usize,
    },
    /// An array says that it has more elements than fit into the bytes that are left.
    #[error("an array of {count} elements at byte {position} does not fit into the {available} bytes left")]
    ArrayLength {
        /// Where the elements would begin.
        position: usize,
        /// How many there should be.
        count: usize,
        /// The bytes left for them.
        available: usize,
    },
    /// An array has more elements than Kafka allows, though they would fit.
    #[error("an array of {count} elements at byte {position} has more than 1,000,000 elements")]
    ArrayTooLong {
        /// Where the elements would begin.
        position: usize,
        /// How many there should be.
        count: usize,
    },
    /// The arrays of a frame would take far more memory than the frame.
    #[error(
        "an array of {count} elements at byte {position} exceeds the {memory_left} bytes of memory that are left"
    )]
    Memory {
        /// Where the elements would begin.
        position: usize,
        /// How many there should be.
        count: usize,
        /// The bytes of memory that arrays may still take.
        memory_left: usize,
    },
    /// A value is null where the version does not allow it.
    #[error("the value at byte {position} is null and may not be")]
    Null {
        /// Where the value begins.
        position: usize,
    },
    /// A string is longer than Kafka allows in any form.
    #[error("a string of {length} bytes at byte {position} is longer than 32,767 bytes")]
    StringLength {
        /// Where the text would begin.
        position: usize,
        /// Its length in bytes.
        length: usize,
    },
    /// A string is not UTF-8.
    #[error("the string that ends at byte {position} is not UTF-8")]
    Utf8 {
        /// Where the string ends.
        position: usize,
    },
    /// A variable-length integer has more than 32 bits.
    #[error("the varint that ends at byte {position} has more than 32 bits")]
    Varint {
        /// Where reading stopped.
        position: usize,
    },
    /// A struct has more tagged fields than Kafka allows.
    #[error("{count} tagged fields at byte {position} are more than 10,000")]
    TagCount {
        /// Where the first tag would begin.
        position: usize,
        /// How many there should be.
        count: u32,
    },
    /// A tagged field does not follow a smaller tag.
    #[error("tag {tag} follows tag {previous}: tags are in ascending order, each once")]
    TagOrder {
        /// The tag.
        tag: u32,
        /// The one before it.
        previous: u32,
    },
    /// A tagged field's value is smaller than its size says.
    #[error("tag {tag} has {excess} bytes more than its value")]
    TagSize {
        /// The tag.
        tag: u32,
        /// The bytes that were not used.
        excess: usize,
    },
    /// Bytes follow the message.
    #[error("{excess} bytes follow the message")]
    Trailing {
        /// How many.
        excess: usize,
    },
    /// The API key is none that there is a codec for.
    #[error("API key {0} is not supported")]
    ApiKey(i16),
    /// The message has no such version.
    #[error(transparent)]
    Version(#[from] VersionError),
}

/// Why a message cannot be encoded in a version.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EncodeError {
    /// A field holds a value, and the version has no such field and does not allow to leave it out.
    #[error("{message} version {version} has no field {field}, which is set")]
    Absent {
        /// The message or the struct in it.
        message: &'static str,
        /// The field.
        field: &'static str,
        /// The version.
        version: i16,
    },
    /// A field is null, and the version does not allow it.
    #[error("{message} version {version} does not allow {field} to be null")]
    Null {
        /// The message or the struct in it.
        message: &'static str,
        /// The field.
        field: &'static str,
        /// The version.
        version: i16,
    },
    /// A string, byte array, array or frame is longer than its length field can say.
    #[error("{what} of length {length} is too long")]
    TooLong {
        /// What it is.
        what: &'static str,
        /// Its length, in elements or bytes.
        length: usize,
    },
    /// The message has no such version.
    #[error(transparent)]
    Version(#[from] VersionError),
}

impl EncodeError {
    pub(crate) fn absent(message: &'static str, field: &'static str, version: i16) -> EncodeError {
        EncodeError::Absent {
            message,
            field,
            version,
        }
    }
}
