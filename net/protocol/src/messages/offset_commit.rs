//! OffsetCommit (API key 8). Generated from `schema/offset_commit.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// OffsetCommitRequest, versions 2 to 10, flexible from 8.
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetCommitRequest {
    pub group_id: String,
    /// Default -1.
    pub generation_id_or_member_epoch: i32,
    pub member_id: String,
    /// From version 7; nullable.
    pub group_instance_id: Option<String>,
    /// Versions 2 to 4; default -1.
    pub retention_time_ms: i64,
    pub topics: Vec<OffsetCommitRequestTopic>,
}

impl Default for OffsetCommitRequest {
    fn default() -> OffsetCommitRequest {
        OffsetCommitRequest {
            group_id: String::new(),
            generation_id_or_member_epoch: -1,
            member_id: String::new(),
            group_instance_id: None,
            retention_time_ms: -1,
            topics: Vec::new(),
        }
    }
}

impl OffsetCommitRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 2..=10;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<OffsetCommitRequest, DecodeError> {
        check_version("OffsetCommitRequest", version, OffsetCommitRequest::VERSIONS)?;
        let flexible = version >= 8;
        let message = OffsetCommitRequest {
            group_id: reader.string(flexible)?,
            generation_id_or_member_epoch: reader.i32()?,
            member_id: reader.string(flexible)?,
            group_instance_id: if version >= 7 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            retention_time_ms: if version <= 4 { reader.i64()? } else { -1 },
            topics: reader.array(flexible, 3, |reader| {
                OffsetCommitRequestTopic::decode(reader, version)
            })?,
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
        check_version("OffsetCommitRequest", version, OffsetCommitRequest::VERSIONS)?;
        let flexible = version >= 8;
        writer.string(flexible, &self.group_id)?;
        writer.i32(self.generation_id_or_member_epoch);
        writer.string(flexible, &self.member_id)?;
        if version >= 7 {
            writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::absent(
                "OffsetCommitRequest",
                "group_instance_id",
                version,
            ));
        }
        if version <= 4 {
            writer.i64(self.retention_time_ms);
        }
        writer.array(flexible, &self.topics, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`OffsetCommitRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetCommitRequestTopic {
    /// Versions 0 to 9.
    pub name: String,
    /// From version 10.
    pub topic_id: TopicId,
    pub partitions: Vec<OffsetCommitRequestPartition>,
}

impl OffsetCommitRequestTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetCommitRequestTopic, DecodeError> {
        let flexible = version >= 8;
        let message = OffsetCommitRequestTopic {
            name: if version <= 9 {
                reader.string(flexible)?
            } else {
                String::new()
            },
            topic_id: if version >= 10 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            partitions: reader.array(flexible, 14, |reader| {
                OffsetCommitRequestPartition::decode(reader, version)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        if version <= 9 {
            writer.string(flexible, &self.name)?;
        }
        if version >= 10 {
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

/// A part of [`OffsetCommitRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetCommitRequestPartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    /// From version 6; default -1.
    pub committed_leader_epoch: i32,
    /// Nullable; default empty, not null.
    pub committed_metadata: Option<String>,
}

impl Default for OffsetCommitRequestPartition {
    fn default() -> OffsetCommitRequestPartition {
        OffsetCommitRequestPartition {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            committed_metadata: Some(String::new()),
        }
    }
}

impl OffsetCommitRequestPartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetCommitRequestPartition, DecodeError> {
        let flexible = version >= 8;
        let message = OffsetCommitRequestPartition {
            partition_index: reader.i32()?,
            committed_offset: reader.i64()?,
            committed_leader_epoch: if version >= 6 { reader.i32()? } else { -1 },
            committed_metadata: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        writer.i32(self.partition_index);
        writer.i64(self.committed_offset);
        if version >= 6 {
            writer.i32(self.committed_leader_epoch);
        }
        writer.nullable_string(flexible, self.committed_metadata.as_deref())?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// OffsetCommitResponse, versions 2 to 10, flexible from 8.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetCommitResponse {
    /// From version 3.
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetCommitResponseTopic>,
}

impl OffsetCommitResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 2..=10;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<OffsetCommitResponse, DecodeError> {
        check_version("OffsetCommitResponse", version, OffsetCommitResponse::VERSIONS)?;
        let flexible = version >= 8;
        let message = OffsetCommitResponse {
            throttle_time_ms: if version >= 3 { reader.i32()? } else { 0 },
            topics: reader.array(flexible, 3, |reader| {
                OffsetCommitResponseTopic::decode(reader, version)
            })?,
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
        check_version("OffsetCommitResponse", version, OffsetCommitResponse::VERSIONS)?;
        let flexible = version >= 8;
        if version >= 3 {
            writer.i32(self.throttle_time_ms);
        }
        writer.array(flexible, &self.topics, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
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

/// A part of [`OffsetCommitResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetCommitResponseTopic {
    /// Versions 0 to 9.
    pub name: String,
    /// From version 10.
    pub topic_id: TopicId,
    pub partitions: Vec<OffsetCommitResponsePartition>,
}

impl OffsetCommitResponseTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetCommitResponseTopic, DecodeError> {
        let flexible = version >= 8;
        let message = OffsetCommitResponseTopic {
            name: if version <= 9 {
                reader.string(flexible)?
            } else {
                String::new()
            },
            topic_id: if version >= 10 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            partitions: reader.array(flexible, 6, |reader| {
                OffsetCommitResponsePartition::decode(reader, version)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        if version <= 9 {
            writer.string(flexible, &self.name)?;
        }
        if version >= 10 {
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

/// A part of [`OffsetCommitResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetCommitResponsePartition {
    pub partition_index: i32,
    pub error_code: i16,
}

impl OffsetCommitResponsePartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetCommitResponsePartition, DecodeError> {
        let flexible = version >= 8;
        let message = OffsetCommitResponsePartition {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 8;
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
