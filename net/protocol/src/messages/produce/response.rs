//! ```text
//! topics [ to v12 name string, from v13 topic_id uuid | partitions [
//!     index i32 | error_code i16 | base_offset i64 | log_append_time_ms i64
//!     | v5 log_start_offset i64 | v8 record_errors [ batch_index i32 | message string null ] | error_message string null
//!     | v10 tag 0 current_leader ] ]
//! | throttle_time_ms i32 | v10 tag 0 node_endpoints
//! ```

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use super::{FLEXIBLE, TOPIC_IDS};
use crate::codec::{ByteStr, DecodeError, EncodeError, Reader, TaggedFields, Writer, check_version};
use crate::leader::{LeaderIdAndEpoch, NodeEndpoint};

/// The first version with the offset of the log's start.
const LOG_START_OFFSET: i16 = 5;
/// The first version with errors of single records (KIP-467).
const RECORD_ERRORS: i16 = 8;
/// The first version that names the current leader (KIP-951).
const CURRENT_LEADER: i16 = 10;

/// ProduceResponse, versions 3 to 13, flexible from 9.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ProduceResponse {
    /// The results, by topic.
    pub topics: Vec<TopicProduceResponse>,
    /// How long the client is to send nothing.
    pub throttle_time_ms: i32,
    /// From version 10, tag 0: the leaders that the partitions below name.
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// A part of [`ProduceResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicProduceResponse {
    /// Versions to 12.
    pub name: ByteStr,
    /// From version 13.
    pub topic_id: TopicId,
    /// The results, by partition.
    pub partitions: Vec<PartitionProduceResponse>,
}

/// A part of [`TopicProduceResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionProduceResponse {
    /// The partition.
    pub index: i32,
    /// The error, or 0.
    pub error_code: i16,
    /// The offset that the first record got; -1 after an error.
    pub base_offset: i64,
    /// The time at which the broker appended the records; -1 when theirs were kept.
    pub log_append_time_ms: i64,
    /// From version 5: the first offset of the log; default -1.
    pub log_start_offset: i64,
    /// From version 8: the records that caused the batch to be refused.
    pub record_errors: Vec<BatchIndexAndErrorMessage>,
    /// From version 8: why the batch was refused.
    pub error_message: Option<String>,
    /// From version 10, tag 0: who leads, when it is another broker.
    pub current_leader: LeaderIdAndEpoch,
}

/// A part of [`PartitionProduceResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct BatchIndexAndErrorMessage {
    /// The record's place in its batch, from 0.
    pub batch_index: i32,
    /// Why it was refused.
    pub batch_index_error_message: Option<String>,
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

impl ProduceResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 3..=13;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ProduceResponse, DecodeError> {
        check_version("ProduceResponse", version, Self::VERSIONS)?;
        let flexible = version >= FLEXIBLE;
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
                    0 if version >= CURRENT_LEADER => {
                        message.node_endpoints =
                            reader.array(true, NodeEndpoint::SIZE_MIN, NodeEndpoint::decode)?;
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
        check_version("ProduceResponse", version, Self::VERSIONS)?;
        let flexible = version >= FLEXIBLE;
        writer.array(flexible, &self.topics, |writer, topic| {
            topic.encode(writer, version)
        })?;
        writer.i32(self.throttle_time_ms);
        if version < CURRENT_LEADER && !self.node_endpoints.is_empty() {
            return Err(EncodeError::absent("ProduceResponse", "node_endpoints", version));
        }
        if flexible {
            let mut tags = TaggedFields::new();
            if !self.node_endpoints.is_empty() {
                tags.add(0, |writer| {
                    writer.array(true, &self.node_endpoints, NodeEndpoint::encode)
                })?;
            }
            writer.tagged_fields(&tags);
        }
        Ok(())
    }
}

impl TopicProduceResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<TopicProduceResponse, DecodeError> {
        let flexible = version >= FLEXIBLE;
        let by_id = version >= TOPIC_IDS;
        let topic = TopicProduceResponse {
            name: if by_id {
                ByteStr::default()
            } else {
                reader.byte_str(flexible)?
            },
            topic_id: if by_id { reader.uuid()? } else { TopicId::ZERO },
            partitions: reader.array(flexible, 22, |reader| {
                PartitionProduceResponse::decode(reader, version)
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
            partition.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

impl PartitionProduceResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<PartitionProduceResponse, DecodeError> {
        let flexible = version >= FLEXIBLE;
        let has_errors = version >= RECORD_ERRORS;
        let mut partition = PartitionProduceResponse {
            index: reader.i32()?,
            error_code: reader.i16()?,
            base_offset: reader.i64()?,
            log_append_time_ms: reader.i64()?,
            log_start_offset: if version >= LOG_START_OFFSET {
                reader.i64()?
            } else {
                -1
            },
            record_errors: if has_errors {
                reader.array(flexible, 5, |reader| {
                    BatchIndexAndErrorMessage::decode(reader, flexible)
                })?
            } else {
                Vec::new()
            },
            error_message: if has_errors {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            current_leader: LeaderIdAndEpoch::default(),
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 if version >= CURRENT_LEADER => {
                        partition.current_leader = LeaderIdAndEpoch::decode(reader)?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(partition)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= FLEXIBLE;
        writer.i32(self.index);
        writer.i16(self.error_code);
        writer.i64(self.base_offset);
        writer.i64(self.log_append_time_ms);
        if version >= LOG_START_OFFSET {
            writer.i64(self.log_start_offset);
        }
        if version >= RECORD_ERRORS {
            writer.array(flexible, &self.record_errors, |writer, error| {
                error.encode(writer, flexible)
            })?;
            writer.nullable_string(flexible, self.error_message.as_deref())?;
        }
        let has_leader = self.current_leader != LeaderIdAndEpoch::default();
        if version < CURRENT_LEADER && has_leader {
            return Err(EncodeError::absent(
                "PartitionProduceResponse",
                "current_leader",
                version,
            ));
        }
        if flexible {
            let mut tags = TaggedFields::new();
            if has_leader {
                tags.add(0, |writer| {
                    self.current_leader.encode(writer);
                    Ok(())
                })?;
            }
            writer.tagged_fields(&tags);
        }
        Ok(())
    }
}

impl BatchIndexAndErrorMessage {
    fn decode(reader: &mut Reader, flexible: bool) -> Result<BatchIndexAndErrorMessage, DecodeError> {
        let error = BatchIndexAndErrorMessage {
            batch_index: reader.i32()?,
            batch_index_error_message: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(error)
    }

    fn encode(&self, writer: &mut Writer, flexible: bool) -> Result<(), EncodeError> {
        writer.i32(self.batch_index);
        writer.nullable_string(flexible, self.batch_index_error_message.as_deref())?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}
