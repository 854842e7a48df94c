//! WriteShareGroupState (API key 85). Generated from `schema/write_share_group_state.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// WriteShareGroupStateRequest, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WriteShareGroupStateRequest {
    pub group_id: String,
    pub topics: Vec<WriteStateData>,
}

impl WriteShareGroupStateRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<WriteShareGroupStateRequest, DecodeError> {
        check_version(
            "WriteShareGroupStateRequest",
            version,
            WriteShareGroupStateRequest::VERSIONS,
        )?;
        let message = WriteShareGroupStateRequest {
            group_id: reader.string(true)?,
            topics: reader.array(true, 18, |reader| WriteStateData::decode(reader, version))?,
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
            "WriteShareGroupStateRequest",
            version,
            WriteShareGroupStateRequest::VERSIONS,
        )?;
        writer.string(true, &self.group_id)?;
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`WriteShareGroupStateRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WriteStateData {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionData>,
}

impl WriteStateData {
    fn decode(reader: &mut Reader, version: i16) -> Result<WriteStateData, DecodeError> {
        let message = WriteStateData {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 22, |reader| PartitionData::decode(reader, version))?,
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

/// A part of [`WriteShareGroupStateRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionData {
    pub partition: i32,
    pub state_epoch: i32,
    pub leader_epoch: i32,
    pub start_offset: i64,
    /// From version 1; default -1.
    pub delivery_complete_count: i32,
    pub state_batches: Vec<StateBatch>,
}

impl Default for PartitionData {
    fn default() -> PartitionData {
        PartitionData {
            partition: 0,
            state_epoch: 0,
            leader_epoch: 0,
            start_offset: 0,
            delivery_complete_count: -1,
            state_batches: Vec::new(),
        }
    }
}

impl PartitionData {
    fn decode(reader: &mut Reader, version: i16) -> Result<PartitionData, DecodeError> {
        let message = PartitionData {
            partition: reader.i32()?,
            state_epoch: reader.i32()?,
            leader_epoch: reader.i32()?,
            start_offset: reader.i64()?,
            delivery_complete_count: if version >= 1 { reader.i32()? } else { -1 },
            state_batches: reader.array(true, 20, |reader| StateBatch::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition);
        writer.i32(self.state_epoch);
        writer.i32(self.leader_epoch);
        writer.i64(self.start_offset);
        if version >= 1 {
            writer.i32(self.delivery_complete_count);
        }
        writer.array(true, &self.state_batches, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`WriteShareGroupStateRequest`].
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

/// WriteShareGroupStateResponse, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WriteShareGroupStateResponse {
    pub results: Vec<WriteStateResult>,
}

impl WriteShareGroupStateResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<WriteShareGroupStateResponse, DecodeError> {
        check_version(
            "WriteShareGroupStateResponse",
            version,
            WriteShareGroupStateResponse::VERSIONS,
        )?;
        let message = WriteShareGroupStateResponse {
            results: reader.array(true, 18, |reader| WriteStateResult::decode(reader, version))?,
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
            "WriteShareGroupStateResponse",
            version,
            WriteShareGroupStateResponse::VERSIONS,
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

/// A part of [`WriteShareGroupStateResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WriteStateResult {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionResult>,
}

impl WriteStateResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<WriteStateResult, DecodeError> {
        let message = WriteStateResult {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 8, |reader| PartitionResult::decode(reader, version))?,
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

/// A part of [`WriteShareGroupStateResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PartitionResult {
    pub partition: i32,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
}

impl PartitionResult {
    fn decode(reader: &mut Reader, _version: i16) -> Result<PartitionResult, DecodeError> {
        let message = PartitionResult {
            partition: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
