//! ReadShareGroupState (API key 84). Generated from `schema/read_share_group_state.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ReadShareGroupStateRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReadShareGroupStateRequest {
    pub group_id: String,
    pub topics: Vec<ReadStateData>,
}

impl ReadShareGroupStateRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ReadShareGroupStateRequest, DecodeError> {
        check_version(
            "ReadShareGroupStateRequest",
            version,
            ReadShareGroupStateRequest::VERSIONS,
        )?;
        let message = ReadShareGroupStateRequest {
            group_id: reader.string(true)?,
            topics: reader.array(true, 18, |reader| ReadStateData::decode(reader, version))?,
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
            "ReadShareGroupStateRequest",
            version,
            ReadShareGroupStateRequest::VERSIONS,
        )?;
        writer.string(true, &self.group_id)?;
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ReadShareGroupStateRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReadStateData {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionData>,
}

impl ReadStateData {
    fn decode(reader: &mut Reader, version: i16) -> Result<ReadStateData, DecodeError> {
        let message = ReadStateData {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 9, |reader| PartitionData::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.array(true, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ReadShareGroupStateRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PartitionData {
    pub partition: i32,
    pub leader_epoch: i32,
}

impl PartitionData {
    fn decode(reader: &mut Reader, _version: i16) -> Result<PartitionData, DecodeError> {
        let message = PartitionData {
            partition: reader.i32()?,
            leader_epoch: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition);
        writer.i32(self.leader_epoch);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// ReadShareGroupStateResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReadShareGroupStateResponse {
    pub results: Vec<ReadStateResult>,
}

impl ReadShareGroupStateResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ReadShareGroupStateResponse, DecodeError> {
        check_version(
            "ReadShareGroupStateResponse",
            version,
            ReadShareGroupStateResponse::VERSIONS,
        )?;
        let message = ReadShareGroupStateResponse {
            results: reader.array(true, 18, |reader| ReadStateResult::decode(reader, version))?,
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
            "ReadShareGroupStateResponse",
            version,
            ReadShareGroupStateResponse::VERSIONS,
        )?;
        writer.array(true, &self.results, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.results {
            item.error_codes(tell);
        }
    }
}

/// A part of [`ReadShareGroupStateResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReadStateResult {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionResult>,
}

impl ReadStateResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<ReadStateResult, DecodeError> {
        let message = ReadStateResult {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 21, |reader| PartitionResult::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
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

/// A part of [`ReadShareGroupStateResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PartitionResult {
    pub partition: i32,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
    pub state_epoch: i32,
    pub start_offset: i64,
    pub state_batches: Vec<StateBatch>,
}

impl PartitionResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<PartitionResult, DecodeError> {
        let message = PartitionResult {
            partition: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            state_epoch: reader.i32()?,
            start_offset: reader.i64()?,
            state_batches: reader.array(true, 20, |reader| StateBatch::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.i32(self.state_epoch);
        writer.i64(self.start_offset);
        writer.array(true, &self.state_batches, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`ReadShareGroupStateResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StateBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_state: i8,
    pub delivery_count: i16,
}

impl StateBatch {
    fn decode(reader: &mut Reader, _version: i16) -> Result<StateBatch, DecodeError> {
        let message = StateBatch {
            first_offset: reader.i64()?,
            last_offset: reader.i64()?,
            delivery_state: reader.i8()?,
            delivery_count: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i64(self.first_offset);
        writer.i64(self.last_offset);
        writer.i8(self.delivery_state);
        writer.i16(self.delivery_count);
        writer.no_tagged_fields();
        Ok(())
    }
}
