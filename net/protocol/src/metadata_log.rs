//! The values of the metadata log's records, as Kafka frames them (`MetadataRecordSerde`, KIP-631). A record has no key.
//!
//! ```text
//! frame version  unsigned varint   1
//! key            unsigned varint   the record's kind
//! version        unsigned varint   the message's
//! message                          in flexible form
//! ```
//! Nothing may follow the message.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::codec::{DecodeError, EncodeError, Reader, Writer};
use crate::metadata_record::MetadataRecord;

const FRAME_VERSION: u32 = 1;

/// Why bytes are no record of a metadata log.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The frame cannot be read.
    #[error("it has no frame: {0}")]
    Frame(#[source] DecodeError),
    /// A frame of the future, or something else.
    #[error("its frame has version {found}, and {FRAME_VERSION} is known")]
    FrameVersion {
        /// What it says.
        found: u32,
    },
    /// A kind of record that this release does not know.
    #[error("its kind has the key {key}, which this release does not know")]
    Kind {
        /// What it says.
        key: u32,
    },
    /// A version of the kind that this release does not know.
    #[error("it is a {name} of version {version}, and this release knows {} to {}", known.start(), known.end())]
    Version {
        /// Kafka's name of the kind.
        name: &'static str,
        /// What it says.
        version: u32,
        /// What is known.
        known: RangeInclusive<i16>,
    },
    /// The message is malformed.
    #[error("its {name} is malformed: {source}")]
    Message {
        /// Kafka's name of the kind.
        name: &'static str,
        /// Why.
        source: DecodeError,
    },
    /// Bytes follow the message.
    #[error("{bytes} bytes follow its {name}")]
    Tail {
        /// Kafka's name of the kind.
        name: &'static str,
        /// How many.
        bytes: usize,
    },
}

/// Encodes `record` with its frame, the message in `version`.
///
/// # Errors
/// When the version lacks a field that is not at its default, or there is no such version.
pub fn encode(record: &MetadataRecord, version: i16) -> Result<Bytes, EncodeError> {
    let mut writer = Writer::new();
    writer.unsigned_varint(FRAME_VERSION);
    writer.unsigned_varint(u32::from(record.key().cast_unsigned()));
    writer.unsigned_varint(u32::from(version.cast_unsigned()));
    record.encode_message(&mut writer, version)?;
    Ok(writer.into_bytes())
}

/// Decodes the value of a record, and says in which version its message is.
///
/// # Errors
/// See [`RecordError`].
pub fn decode(value: Bytes) -> Result<(MetadataRecord, i16), RecordError> {
    let mut reader = Reader::new(value);
    let found = reader.unsigned_varint().map_err(RecordError::Frame)?;
    if found != FRAME_VERSION {
        return Err(RecordError::FrameVersion { found });
    }
    let key = reader.unsigned_varint().map_err(RecordError::Frame)?;
    let version = reader.unsigned_varint().map_err(RecordError::Frame)?;
    let kind = i16::try_from(key)
        .ok()
        .and_then(|key| Some((key, MetadataRecord::kind(key)?)));
    let Some((short_key, (name, known))) = kind else {
        return Err(RecordError::Kind { key });
    };
    let Some(version) = i16::try_from(version)
        .ok()
        .filter(|version| known.contains(version))
    else {
        return Err(RecordError::Version { name, version, known });
    };
    let record = MetadataRecord::decode_message(short_key, &mut reader, version)
        .map_err(|source| RecordError::Message { name, source })?;
    match (record, reader.remaining()) {
        (None, _) => Err(RecordError::Kind { key }),
        (Some(_), bytes @ 1..) => Err(RecordError::Tail { name, bytes }),
        (Some(record), 0) => Ok((record, version)),
    }
}
