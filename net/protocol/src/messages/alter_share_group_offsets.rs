//! AlterShareGroupOffsets (API key 91). Generated from `schema/alter_share_group_offsets.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// AlterShareGroupOffsetsRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterShareGroupOffsetsRequest {
    pub group_id: String,
    pub topics: Vec<AlterShareGroupOffsetsRequestTopic>,
}

impl AlterShareGroupOffsetsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AlterShareGroupOffsetsRequest, DecodeError> {
        check_version(
            "AlterShareGroupOffsetsRequest",
            version,
            AlterShareGroupOffsetsRequest::VERSIONS,
        )?;
        let message = AlterShareGroupOffsetsRequest {
            group_id: reader.string(true)?,
            topics: reader.array(true, 3, |reader| {
                AlterShareGroupOffsetsRequestTopic::decode(reader, version)
            })?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version(
            "AlterShareGroupOffsetsRequest",
            version,
            AlterShareGroupOffsetsRequest::VERSIONS,
        )?;
        writer.string(true, &self.group_id)?;
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`AlterShareGroupOffsetsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterShareGroupOffsetsRequestTopic {
    pub topic_name: String,
    pub partitions: Vec<AlterShareGroupOffsetsRequestPartition>,
}

impl AlterShareGroupOffsetsRequestTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<AlterShareGroupOffsetsRequestTopic, DecodeError> {
        let message = AlterShareGroupOffsetsRequestTopic {
            topic_name: reader.string(true)?,
            partitions: reader.array(true, 13, |reader| {
                AlterShareGroupOffsetsRequestPartition::decode(reader, version)
            })?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.array(true, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`AlterShareGroupOffsetsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterShareGroupOffsetsRequestPartition {
    pub partition_index: i32,
    pub start_offset: i64,
}

impl AlterShareGroupOffsetsRequestPartition {
    fn decode(
        reader: &mut Reader,
        _version: i16,
    ) -> Result<AlterShareGroupOffsetsRequestPartition, DecodeError> {
        let message = AlterShareGroupOffsetsRequestPartition {
            partition_index: reader.i32()?,
            start_offset: reader.i64()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i64(self.start_offset);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// AlterShareGroupOffsetsResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterShareGroupOffsetsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
    pub responses: Vec<AlterShareGroupOffsetsResponseTopic>,
}

impl AlterShareGroupOffsetsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AlterShareGroupOffsetsResponse, DecodeError> {
        check_version(
            "AlterShareGroupOffsetsResponse",
            version,
            AlterShareGroupOffsetsResponse::VERSIONS,
        )?;
        let message = AlterShareGroupOffsetsResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            responses: reader.array(true, 19, |reader| {
                AlterShareGroupOffsetsResponseTopic::decode(reader, version)
            })?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version(
            "AlterShareGroupOffsetsResponse",
            version,
            AlterShareGroupOffsetsResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.array(true, &self.responses, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
        for item in &self.responses {
            item.error_codes(tell);
        }
    }
}

/// A part of [`AlterShareGroupOffsetsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterShareGroupOffsetsResponseTopic {
    pub topic_name: String,
    pub topic_id: TopicId,
    pub partitions: Vec<AlterShareGroupOffsetsResponsePartition>,
}

impl AlterShareGroupOffsetsResponseTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<AlterShareGroupOffsetsResponseTopic, DecodeError> {
        let message = AlterShareGroupOffsetsResponseTopic {
            topic_name: reader.string(true)?,
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 8, |reader| {
                AlterShareGroupOffsetsResponsePartition::decode(reader, version)
            })?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.uuid(self.topic_id);
        writer.array(true, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.partitions {
            item.error_codes(tell);
        }
    }
}

/// A part of [`AlterShareGroupOffsetsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterShareGroupOffsetsResponsePartition {
    pub partition_index: i32,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
}

impl AlterShareGroupOffsetsResponsePartition {
    fn decode(
        reader: &mut Reader,
        _version: i16,
    ) -> Result<AlterShareGroupOffsetsResponsePartition, DecodeError> {
        let message = AlterShareGroupOffsetsResponsePartition {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
