//! TxnOffsetCommit (API key 28). Generated from `schema/txn_offset_commit.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// TxnOffsetCommitRequest, versions 0 to 6, flexible from 3.
#[derive(Clone, PartialEq, Debug)]
pub struct TxnOffsetCommitRequest {
    pub transactional_id: String,
    pub group_id: String,
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// From version 3; default -1.
    pub generation_id_or_member_epoch: i32,
    /// From version 3.
    pub member_id: String,
    /// From version 3; nullable.
    pub group_instance_id: Option<String>,
    pub topics: Vec<TxnOffsetCommitRequestTopic>,
}

impl Default for TxnOffsetCommitRequest {
    fn default() -> TxnOffsetCommitRequest {
        TxnOffsetCommitRequest {
            transactional_id: String::new(),
            group_id: String::new(),
            producer_id: 0,
            producer_epoch: 0,
            generation_id_or_member_epoch: -1,
            member_id: String::new(),
            group_instance_id: None,
            topics: Vec::new(),
        }
    }
}

impl TxnOffsetCommitRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=6;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<TxnOffsetCommitRequest, DecodeError> {
        check_version(
            "TxnOffsetCommitRequest",
            version,
            TxnOffsetCommitRequest::VERSIONS,
        )?;
        let flexible = version >= 3;
        let message = TxnOffsetCommitRequest {
            transactional_id: reader.string(flexible)?,
            group_id: reader.string(flexible)?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            generation_id_or_member_epoch: if version >= 3 { reader.i32()? } else { -1 },
            member_id: if version >= 3 {
                reader.string(flexible)?
            } else {
                String::new()
            },
            group_instance_id: if version >= 3 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            topics: reader.array(flexible, 3, |reader| {
                TxnOffsetCommitRequestTopic::decode(reader, version)
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
        check_version(
            "TxnOffsetCommitRequest",
            version,
            TxnOffsetCommitRequest::VERSIONS,
        )?;
        let flexible = version >= 3;
        writer.string(flexible, &self.transactional_id)?;
        writer.string(flexible, &self.group_id)?;
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        if version >= 3 {
            writer.i32(self.generation_id_or_member_epoch);
        } else if self.generation_id_or_member_epoch != -1 {
            return Err(EncodeError::absent(
                "TxnOffsetCommitRequest",
                "generation_id_or_member_epoch",
                version,
            ));
        }
        if version >= 3 {
            writer.string(flexible, &self.member_id)?;
        } else if !self.member_id.is_empty() {
            return Err(EncodeError::absent(
                "TxnOffsetCommitRequest",
                "member_id",
                version,
            ));
        }
        if version >= 3 {
            writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::absent(
                "TxnOffsetCommitRequest",
                "group_instance_id",
                version,
            ));
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

/// A part of [`TxnOffsetCommitRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TxnOffsetCommitRequestTopic {
    /// Versions 0 to 5.
    pub name: String,
    /// From version 6.
    pub topic_id: TopicId,
    pub partitions: Vec<TxnOffsetCommitRequestPartition>,
}

impl TxnOffsetCommitRequestTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<TxnOffsetCommitRequestTopic, DecodeError> {
        let flexible = version >= 3;
        let message = TxnOffsetCommitRequestTopic {
            name: if version <= 5 {
                reader.string(flexible)?
            } else {
                String::new()
            },
            topic_id: if version >= 6 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            partitions: reader.array(flexible, 14, |reader| {
                TxnOffsetCommitRequestPartition::decode(reader, version)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        if version <= 5 {
            writer.string(flexible, &self.name)?;
        }
        if version >= 6 {
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

/// A part of [`TxnOffsetCommitRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct TxnOffsetCommitRequestPartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    /// From version 2; default -1.
    pub committed_leader_epoch: i32,
    /// Nullable; default empty, not null.
    pub committed_metadata: Option<String>,
}

impl Default for TxnOffsetCommitRequestPartition {
    fn default() -> TxnOffsetCommitRequestPartition {
        TxnOffsetCommitRequestPartition {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            committed_metadata: Some(String::new()),
        }
    }
}

impl TxnOffsetCommitRequestPartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<TxnOffsetCommitRequestPartition, DecodeError> {
        let flexible = version >= 3;
        let message = TxnOffsetCommitRequestPartition {
            partition_index: reader.i32()?,
            committed_offset: reader.i64()?,
            committed_leader_epoch: if version >= 2 { reader.i32()? } else { -1 },
            committed_metadata: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.i32(self.partition_index);
        writer.i64(self.committed_offset);
        if version >= 2 {
            writer.i32(self.committed_leader_epoch);
        }
        writer.nullable_string(flexible, self.committed_metadata.as_deref())?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// TxnOffsetCommitResponse, versions 0 to 6, flexible from 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TxnOffsetCommitResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<TxnOffsetCommitResponseTopic>,
}

impl TxnOffsetCommitResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=6;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<TxnOffsetCommitResponse, DecodeError> {
        check_version(
            "TxnOffsetCommitResponse",
            version,
            TxnOffsetCommitResponse::VERSIONS,
        )?;
        let flexible = version >= 3;
        let message = TxnOffsetCommitResponse {
            throttle_time_ms: reader.i32()?,
            topics: reader.array(flexible, 3, |reader| {
                TxnOffsetCommitResponseTopic::decode(reader, version)
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
        check_version(
            "TxnOffsetCommitResponse",
            version,
            TxnOffsetCommitResponse::VERSIONS,
        )?;
        let flexible = version >= 3;
        writer.i32(self.throttle_time_ms);
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

/// A part of [`TxnOffsetCommitResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TxnOffsetCommitResponseTopic {
    /// Versions 0 to 5.
    pub name: String,
    /// From version 6.
    pub topic_id: TopicId,
    pub partitions: Vec<TxnOffsetCommitResponsePartition>,
}

impl TxnOffsetCommitResponseTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<TxnOffsetCommitResponseTopic, DecodeError> {
        let flexible = version >= 3;
        let message = TxnOffsetCommitResponseTopic {
            name: if version <= 5 {
                reader.string(flexible)?
            } else {
                String::new()
            },
            topic_id: if version >= 6 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            partitions: reader.array(flexible, 6, |reader| {
                TxnOffsetCommitResponsePartition::decode(reader, version)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        if version <= 5 {
            writer.string(flexible, &self.name)?;
        }
        if version >= 6 {
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

/// A part of [`TxnOffsetCommitResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TxnOffsetCommitResponsePartition {
    pub partition_index: i32,
    pub error_code: i16,
}

impl TxnOffsetCommitResponsePartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<TxnOffsetCommitResponsePartition, DecodeError> {
        let flexible = version >= 3;
        let message = TxnOffsetCommitResponsePartition {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
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
