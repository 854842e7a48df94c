//! ```text
//! transactional_id string null | acks i16 | timeout_ms i32 | topics [
//!     to v12 name string, from v13 topic_id uuid | partitions [ index i32 | records bytes null ] ]
//! ```
//! In flexible form (from v9) each struct ends in tagged fields, of which there are none yet.

use std::ops::RangeInclusive;

use bytes::Bytes;
use corelog_model::TopicId;

use super::{FLEXIBLE, TOPIC_IDS};
use crate::codec::{ByteStr, DecodeError, EncodeError, Reader, Writer, check_version};

/// ProduceRequest, versions 3 to 13, flexible from 9.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ProduceRequest {
    /// The transaction that the records belong to.
    pub transactional_id: Option<ByteStr>,
    /// How many replicas must have the records: 0 answers nothing, 1 the leader, -1 all that are in sync.
    pub acks: i16,
    /// How long to wait for them.
    pub timeout_ms: i32,
    /// The records, by topic.
    pub topics: Vec<TopicProduceData>,
}

/// A part of [`ProduceRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicProduceData {
    /// Versions to 12.
    pub name: ByteStr,
    /// From version 13.
    pub topic_id: TopicId,
    /// The records, by partition.
    pub partitions: Vec<PartitionProduceData>,
}

/// A part of [`TopicProduceData`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PartitionProduceData {
    /// The partition.
    pub index: i32,
    /// One record batch, verbatim: a slice of the frame.
    pub records: Option<Bytes>,
}

impl ProduceRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 3..=13;

    /// Decodes from `reader` and leaves in it what follows, without copying text or records.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ProduceRequest, DecodeError> {
        check_version("ProduceRequest", version, Self::VERSIONS)?;
        let flexible = version >= FLEXIBLE;
        let message = ProduceRequest {
            transactional_id: reader.nullable_byte_str(flexible)?,
            acks: reader.i16()?,
            timeout_ms: reader.i32()?,
            topics: reader.array(flexible, 3, |reader| TopicProduceData::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    /// Appends the message to `writer`, which shares the records.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("ProduceRequest", version, Self::VERSIONS)?;
        let flexible = version >= FLEXIBLE;
        writer.nullable_string(flexible, self.transactional_id.as_deref())?;
        writer.i16(self.acks);
        writer.i32(self.timeout_ms);
        writer.array(flexible, &self.topics, |writer, topic| {
            topic.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

impl TopicProduceData {
    fn decode(reader: &mut Reader, version: i16) -> Result<TopicProduceData, DecodeError> {
        let flexible = version >= FLEXIBLE;
        let by_id = version >= TOPIC_IDS;
        let topic = TopicProduceData {
            name: if by_id {
                ByteStr::default()
            } else {
                reader.byte_str(flexible)?
            },
            topic_id: if by_id { reader.uuid()? } else { TopicId::ZERO },
            partitions: reader.array(flexible, 5, |reader| {
                PartitionProduceData::decode(reader, flexible)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(topic)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= FLEXIBLE;
        if version >= TOPIC_IDS {
            writer.uuid(self.topic_id);
        } else {
            writer.string(flexible, &self.name)?;
        }
        writer.array(flexible, &self.partitions, |writer, partition| {
            partition.encode(writer, flexible)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

impl PartitionProduceData {
    fn decode(reader: &mut Reader, flexible: bool) -> Result<PartitionProduceData, DecodeError> {
        let partition = PartitionProduceData {
            index: reader.i32()?,
            records: reader.nullable_bytes(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(partition)
    }

    fn encode(&self, writer: &mut Writer, flexible: bool) -> Result<(), EncodeError> {
        writer.i32(self.index);
        writer.nullable_shared_bytes(flexible, self.records.as_ref())?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}
