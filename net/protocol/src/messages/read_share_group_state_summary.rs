//! ReadShareGroupStateSummary (API key 87). Generated from `schema/read_share_group_state_summary.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ReadShareGroupStateSummaryRequest, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReadShareGroupStateSummaryRequest {
    pub group_id: String,
    pub topics: Vec<ReadStateSummaryData>,
}

impl ReadShareGroupStateSummaryRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<ReadShareGroupStateSummaryRequest, DecodeError> {
        check_version(
            "ReadShareGroupStateSummaryRequest",
            version,
            ReadShareGroupStateSummaryRequest::VERSIONS,
        )?;
        let message = ReadShareGroupStateSummaryRequest {
            group_id: reader.string(true)?,
            topics: reader.array(true, 18, |reader| ReadStateSummaryData::decode(reader, version))?,
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
            "ReadShareGroupStateSummaryRequest",
            version,
            ReadShareGroupStateSummaryRequest::VERSIONS,
        )?;
        writer.string(true, &self.group_id)?;
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ReadShareGroupStateSummaryRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReadStateSummaryData {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionData>,
}

impl ReadStateSummaryData {
    fn decode(reader: &mut Reader, version: i16) -> Result<ReadStateSummaryData, DecodeError> {
        let message = ReadStateSummaryData {
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

/// A part of [`ReadShareGroupStateSummaryRequest`].
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

/// ReadShareGroupStateSummaryResponse, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReadShareGroupStateSummaryResponse {
    pub results: Vec<ReadStateSummaryResult>,
}

impl ReadShareGroupStateSummaryResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<ReadShareGroupStateSummaryResponse, DecodeError> {
        check_version(
            "ReadShareGroupStateSummaryResponse",
            version,
            ReadShareGroupStateSummaryResponse::VERSIONS,
        )?;
        let message = ReadShareGroupStateSummaryResponse {
            results: reader.array(true, 18, |reader| ReadStateSummaryResult::decode(reader, version))?,
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
            "ReadShareGroupStateSummaryResponse",
            version,
            ReadShareGroupStateSummaryResponse::VERSIONS,
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

/// A part of [`ReadShareGroupStateSummaryResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReadStateSummaryResult {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionResult>,
}

impl ReadStateSummaryResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<ReadStateSummaryResult, DecodeError> {
        let message = ReadStateSummaryResult {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 24, |reader| PartitionResult::decode(reader, version))?,
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

/// A part of [`ReadShareGroupStateSummaryResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionResult {
    pub partition: i32,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
    pub state_epoch: i32,
    pub leader_epoch: i32,
    pub start_offset: i64,
    /// From version 1; default -1.
    pub delivery_complete_count: i32,
}

impl Default for PartitionResult {
    fn default() -> PartitionResult {
        PartitionResult {
            partition: 0,
            error_code: 0,
            error_message: None,
            state_epoch: 0,
            leader_epoch: 0,
            start_offset: 0,
            delivery_complete_count: -1,
        }
    }
}

impl PartitionResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<PartitionResult, DecodeError> {
        let message = PartitionResult {
            partition: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            state_epoch: reader.i32()?,
            leader_epoch: reader.i32()?,
            start_offset: reader.i64()?,
            delivery_complete_count: if version >= 1 { reader.i32()? } else { -1 },
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.i32(self.state_epoch);
        writer.i32(self.leader_epoch);
        writer.i64(self.start_offset);
        if version >= 1 {
            writer.i32(self.delivery_complete_count);
        }
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
