//! Produce (API key 0). Generated from `schema/produce.schema`; not to be edited.

use std::ops::RangeInclusive;

use bytes::Bytes;
use corelog_model::TopicId;

use crate::codec::{ByteStr, DecodeError, EncodeError, Reader, TaggedFields, Writer, check_version};

/// ProduceRequest, versions 3 to 13, flexible from 9.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ProduceRequest {
    /// The transaction that the records belong to. Nullable.
    pub transactional_id: Option<ByteStr>,
    /// How many replicas must have the records: 0 answers nothing, 1 the leader, -1 all that are in sync.
    pub acks: i16,
    /// How long to wait for them.
    pub timeout_ms: i32,
    /// The records, by topic.
    pub topics: Vec<TopicProduceData>,
}

impl ProduceRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 3..=13;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ProduceRequest, DecodeError> {
        check_version("ProduceRequest", version, ProduceRequest::VERSIONS)?;
        let flexible = version >= 9;
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

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("ProduceRequest", version, ProduceRequest::VERSIONS)?;
        let flexible = version >= 9;
        writer.nullable_byte_str(flexible, self.transactional_id.as_ref())?;
        writer.i16(self.acks);
        writer.i32(self.timeout_ms);
        writer.array(flexible, &self.topics, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`ProduceRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicProduceData {
    /// Versions 0 to 12.
    pub name: ByteStr,
    /// From version 13.
    pub topic_id: TopicId,
    /// The records, by partition.
    pub partitions: Vec<PartitionProduceData>,
}

impl TopicProduceData {
    fn decode(reader: &mut Reader, version: i16) -> Result<TopicProduceData, DecodeError> {
        let flexible = version >= 9;
        let message = TopicProduceData {
            name: if version <= 12 {
                reader.byte_str(flexible)?
            } else {
                ByteStr::default()
            },
            topic_id: if version >= 13 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            partitions: reader.array(flexible, 6, |reader| {
                PartitionProduceData::decode(reader, version)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version <= 12 {
            writer.byte_str(flexible, &self.name)?;
        }
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        writer.array(flexible, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`ProduceRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionProduceData {
    /// The partition.
    pub index: i32,
    /// One record batch, verbatim: a slice of the frame. Nullable; default empty, not null.
    pub records: Option<Bytes>,
}

impl Default for PartitionProduceData {
    fn default() -> PartitionProduceData {
        PartitionProduceData {
            index: 0,
            records: Some(Bytes::new()),
        }
    }
}

impl PartitionProduceData {
    fn decode(reader: &mut Reader, version: i16) -> Result<PartitionProduceData, DecodeError> {
        let flexible = version >= 9;
        let message = PartitionProduceData {
            index: reader.i32()?,
            records: reader.nullable_bytes(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i32(self.index);
        writer.nullable_shared_bytes(flexible, self.records.as_ref())?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// ProduceResponse, versions 3 to 13, flexible from 9.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ProduceResponse {
    /// The results, by topic.
    pub topics: Vec<TopicProduceResponse>,
    /// How long the client is to send nothing.
    pub throttle_time_ms: i32,
    /// The leaders that the partitions name. From version 10; tag 0.
    pub node_endpoints: Vec<NodeEndpoint>,
}

impl ProduceResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 3..=13;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ProduceResponse, DecodeError> {
        check_version("ProduceResponse", version, ProduceResponse::VERSIONS)?;
        let flexible = version >= 9;
        let mut message = ProduceResponse {
            topics: reader.array(flexible, 3, |reader| {
                TopicProduceResponse::decode(reader, version)
            })?,
            throttle_time_ms: reader.i32()?,
            node_endpoints: Vec::new(),
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 if version >= 10 => {
                        message.node_endpoints =
                            reader.array(true, 11, |reader| NodeEndpoint::decode(reader, version))?
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("ProduceResponse", version, ProduceResponse::VERSIONS)?;
        let flexible = version >= 9;
        writer.array(flexible, &self.topics, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.i32(self.throttle_time_ms);
        if version < 10 && !self.node_endpoints.is_empty() {
            return Err(EncodeError::absent("ProduceResponse", "node_endpoints", version));
        }
        if flexible {
            let mut tags = TaggedFields::new();
            if version >= 10 && !self.node_endpoints.is_empty() {
                tags.add(0, |writer| {
                    writer.array(true, &self.node_endpoints, |writer, item| {
                        item.encode(writer, version)
                    })?;
                    Ok(())
                })?;
            }
            writer.tagged_fields(&tags);
        }
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.topics {
            item.error_codes(tell);
        }
    }
}

/// A part of [`ProduceResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicProduceResponse {
    /// Versions 0 to 12.
    pub name: ByteStr,
    /// From version 13.
    pub topic_id: TopicId,
    /// The results, by partition.
    pub partitions: Vec<PartitionProduceResponse>,
}

impl TopicProduceResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<TopicProduceResponse, DecodeError> {
        let flexible = version >= 9;
        let message = TopicProduceResponse {
            name: if version <= 12 {
                reader.byte_str(flexible)?
            } else {
                ByteStr::default()
            },
            topic_id: if version >= 13 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            partitions: reader.array(flexible, 22, |reader| {
                PartitionProduceResponse::decode(reader, version)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version <= 12 {
            writer.byte_str(flexible, &self.name)?;
        }
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        writer.array(flexible, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.partitions {
            item.error_codes(tell);
        }
    }
}

/// A part of [`ProduceResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionProduceResponse {
    /// The partition.
    pub index: i32,
    /// The error, or 0.
    pub error_code: i16,
    /// The offset that the first record got; -1 after an error.
    pub base_offset: i64,
    /// When the broker appended the records; -1 when their own times were kept. Default -1.
    pub log_append_time_ms: i64,
    /// The first offset of the log. From version 5; default -1.
    pub log_start_offset: i64,
    /// The records that caused the batch to be refused. From version 8.
    pub record_errors: Vec<BatchIndexAndErrorMessage>,
    /// Why the batch was refused. From version 8; nullable.
    pub error_message: Option<String>,
    /// Who leads, when it is another broker. From version 10; tag 0.
    pub current_leader: LeaderIdAndEpoch,
}

impl Default for PartitionProduceResponse {
    fn default() -> PartitionProduceResponse {
        PartitionProduceResponse {
            index: 0,
            error_code: 0,
            base_offset: 0,
            log_append_time_ms: -1,
            log_start_offset: -1,
            record_errors: Vec::new(),
            error_message: None,
            current_leader: LeaderIdAndEpoch::default(),
        }
    }
}

impl PartitionProduceResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<PartitionProduceResponse, DecodeError> {
        let flexible = version >= 9;
        let mut message = PartitionProduceResponse {
            index: reader.i32()?,
            error_code: reader.i16()?,
            base_offset: reader.i64()?,
            log_append_time_ms: reader.i64()?,
            log_start_offset: if version >= 5 { reader.i64()? } else { -1 },
            record_errors: if version >= 8 {
                reader.array(flexible, 6, |reader| {
                    BatchIndexAndErrorMessage::decode(reader, version)
                })?
            } else {
                Vec::new()
            },
            error_message: if version >= 8 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            current_leader: LeaderIdAndEpoch::default(),
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 if version >= 10 => message.current_leader = LeaderIdAndEpoch::decode(reader, version)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i32(self.index);
        writer.i16(self.error_code);
        writer.i64(self.base_offset);
        writer.i64(self.log_append_time_ms);
        if version >= 5 {
            writer.i64(self.log_start_offset);
        }
        if version >= 8 {
            writer.array(flexible, &self.record_errors, |writer, item| {
                item.encode(writer, version)
            })?;
        }
        if version >= 8 {
            writer.nullable_string(flexible, self.error_message.as_deref())?;
        }
        if version < 10 && self.current_leader != LeaderIdAndEpoch::default() {
            return Err(EncodeError::absent(
                "PartitionProduceResponse",
                "current_leader",
                version,
            ));
        }
        if flexible {
            let mut tags = TaggedFields::new();
            if version >= 10 && self.current_leader != LeaderIdAndEpoch::default() {
                tags.add(0, |writer| {
                    self.current_leader.encode(writer, version)?;
                    Ok(())
                })?;
            }
            writer.tagged_fields(&tags);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`ProduceResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct BatchIndexAndErrorMessage {
    /// The record's place in its batch, from 0.
    pub batch_index: i32,
    /// Why it was refused. Nullable.
    pub batch_index_error_message: Option<String>,
}

impl BatchIndexAndErrorMessage {
    fn decode(reader: &mut Reader, version: i16) -> Result<BatchIndexAndErrorMessage, DecodeError> {
        let flexible = version >= 9;
        let message = BatchIndexAndErrorMessage {
            batch_index: reader.i32()?,
            batch_index_error_message: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i32(self.batch_index);
        writer.nullable_string(flexible, self.batch_index_error_message.as_deref())?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`ProduceResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct LeaderIdAndEpoch {
    /// The broker, or -1. Default -1.
    pub leader_id: i32,
    /// Its reign, or -1. Default -1.
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> LeaderIdAndEpoch {
        LeaderIdAndEpoch {
            leader_id: -1,
            leader_epoch: -1,
        }
    }
}

impl LeaderIdAndEpoch {
    fn decode(reader: &mut Reader, _version: i16) -> Result<LeaderIdAndEpoch, DecodeError> {
        let message = LeaderIdAndEpoch {
            leader_id: reader.i32()?,
            leader_epoch: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ProduceResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: String,
    pub port: i32,
    /// Nullable.
    pub rack: Option<String>,
}

impl NodeEndpoint {
    fn decode(reader: &mut Reader, _version: i16) -> Result<NodeEndpoint, DecodeError> {
        let message = NodeEndpoint {
            node_id: reader.i32()?,
            host: reader.string(true)?,
            port: reader.i32()?,
            rack: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.node_id);
        writer.string(true, &self.host)?;
        writer.i32(self.port);
        writer.nullable_string(true, self.rack.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }
}
