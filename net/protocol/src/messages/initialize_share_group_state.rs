//! InitializeShareGroupState (API key 83). Generated from `schema/initialize_share_group_state.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// InitializeShareGroupStateRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct InitializeShareGroupStateRequest {
    pub group_id: String,
    pub topics: Vec<InitializeStateData>,
}

impl InitializeShareGroupStateRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<InitializeShareGroupStateRequest, DecodeError> {
        check_version(
            "InitializeShareGroupStateRequest",
            version,
            InitializeShareGroupStateRequest::VERSIONS,
        )?;
        let message = InitializeShareGroupStateRequest {
            group_id: reader.string(true)?,
            topics: reader.array(true, 18, |reader| InitializeStateData::decode(reader, version))?,
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
            "InitializeShareGroupStateRequest",
            version,
            InitializeShareGroupStateRequest::VERSIONS,
        )?;
        writer.string(true, &self.group_id)?;
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`InitializeShareGroupStateRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct InitializeStateData {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionData>,
}

impl InitializeStateData {
    fn decode(reader: &mut Reader, version: i16) -> Result<InitializeStateData, DecodeError> {
        let message = InitializeStateData {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 17, |reader| PartitionData::decode(reader, version))?,
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

/// A part of [`InitializeShareGroupStateRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PartitionData {
    pub partition: i32,
    pub state_epoch: i32,
    pub start_offset: i64,
}

impl PartitionData {
    fn decode(reader: &mut Reader, _version: i16) -> Result<PartitionData, DecodeError> {
        let message = PartitionData {
            partition: reader.i32()?,
            state_epoch: reader.i32()?,
            start_offset: reader.i64()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition);
        writer.i32(self.state_epoch);
        writer.i64(self.start_offset);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// InitializeShareGroupStateResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct InitializeShareGroupStateResponse {
    pub results: Vec<InitializeStateResult>,
}

impl InitializeShareGroupStateResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<InitializeShareGroupStateResponse, DecodeError> {
        check_version(
            "InitializeShareGroupStateResponse",
            version,
            InitializeShareGroupStateResponse::VERSIONS,
        )?;
        let message = InitializeShareGroupStateResponse {
            results: reader.array(true, 18, |reader| InitializeStateResult::decode(reader, version))?,
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
            "InitializeShareGroupStateResponse",
            version,
            InitializeShareGroupStateResponse::VERSIONS,
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

/// A part of [`InitializeShareGroupStateResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct InitializeStateResult {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionResult>,
}

impl InitializeStateResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<InitializeStateResult, DecodeError> {
        let message = InitializeStateResult {
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

/// A part of [`InitializeShareGroupStateResponse`].
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
