//! ConsumerProtocol. Generated from `schema/consumer_protocol.schema`; not to be edited.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ConsumerProtocolSubscription, versions 0 to 3, none flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct ConsumerProtocolSubscription {
    pub topics: Vec<String>,
    /// Nullable.
    pub user_data: Option<Bytes>,
    /// From version 1.
    pub owned_partitions: Vec<OwnedTopicPartitions>,
    /// From version 2; default -1.
    pub generation_id: i32,
    /// From version 3; nullable.
    pub rack_id: Option<String>,
}

impl Default for ConsumerProtocolSubscription {
    fn default() -> ConsumerProtocolSubscription {
        ConsumerProtocolSubscription {
            topics: Vec::new(),
            user_data: None,
            owned_partitions: Vec::new(),
            generation_id: -1,
            rack_id: None,
        }
    }
}

impl ConsumerProtocolSubscription {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ConsumerProtocolSubscription, DecodeError> {
        check_version(
            "ConsumerProtocolSubscription",
            version,
            ConsumerProtocolSubscription::VERSIONS,
        )?;
        Ok(ConsumerProtocolSubscription {
            topics: reader.array(false, 1, |reader| reader.string(false))?,
            user_data: reader.nullable_bytes(false)?,
            owned_partitions: if version >= 1 {
                reader.array(false, 6, |reader| OwnedTopicPartitions::decode(reader, version))?
            } else {
                Vec::new()
            },
            generation_id: if version >= 2 { reader.i32()? } else { -1 },
            rack_id: if version >= 3 {
                reader.nullable_string(false)?
            } else {
                None
            },
        })
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version(
            "ConsumerProtocolSubscription",
            version,
            ConsumerProtocolSubscription::VERSIONS,
        )?;
        writer.array(false, &self.topics, |writer, item| writer.string(false, item))?;
        writer.nullable_bytes(false, self.user_data.as_deref())?;
        if version >= 1 {
            writer.array(false, &self.owned_partitions, |writer, item| {
                item.encode(writer, version)
            })?;
        }
        if version >= 2 {
            writer.i32(self.generation_id);
        }
        if version >= 3 {
            writer.nullable_string(false, self.rack_id.as_deref())?;
        }
        Ok(())
    }
}

/// A part of [`ConsumerProtocolSubscription`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OwnedTopicPartitions {
    pub topic: String,
    pub partitions: Vec<i32>,
}

impl OwnedTopicPartitions {
    fn decode(reader: &mut Reader, _version: i16) -> Result<OwnedTopicPartitions, DecodeError> {
        Ok(OwnedTopicPartitions {
            topic: reader.string(false)?,
            partitions: reader.array(false, 4, Reader::i32)?,
        })
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(false, &self.topic)?;
        writer.plain_array(false, &self.partitions, |writer, item| writer.i32(*item))?;
        Ok(())
    }
}

/// ConsumerProtocolAssignment, versions 0 to 3, none flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerProtocolAssignment {
    pub assigned_partitions: Vec<AssignedTopicPartitions>,
    /// Nullable.
    pub user_data: Option<Bytes>,
}

impl ConsumerProtocolAssignment {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ConsumerProtocolAssignment, DecodeError> {
        check_version(
            "ConsumerProtocolAssignment",
            version,
            ConsumerProtocolAssignment::VERSIONS,
        )?;
        Ok(ConsumerProtocolAssignment {
            assigned_partitions: reader.array(false, 6, |reader| {
                AssignedTopicPartitions::decode(reader, version)
            })?,
            user_data: reader.nullable_bytes(false)?,
        })
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version(
            "ConsumerProtocolAssignment",
            version,
            ConsumerProtocolAssignment::VERSIONS,
        )?;
        writer.array(false, &self.assigned_partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.nullable_bytes(false, self.user_data.as_deref())?;
        Ok(())
    }
}

/// A part of [`ConsumerProtocolAssignment`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AssignedTopicPartitions {
    pub topic: String,
    pub partitions: Vec<i32>,
}

impl AssignedTopicPartitions {
    fn decode(reader: &mut Reader, _version: i16) -> Result<AssignedTopicPartitions, DecodeError> {
        Ok(AssignedTopicPartitions {
            topic: reader.string(false)?,
            partitions: reader.array(false, 4, Reader::i32)?,
        })
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(false, &self.topic)?;
        writer.plain_array(false, &self.partitions, |writer, item| writer.i32(*item))?;
        Ok(())
    }
}
