//! DeleteShareGroupState (API key 86). Generated from `schema/delete_share_group_state.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DeleteShareGroupStateRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteShareGroupStateRequest {
    pub group_id: String,
    pub topics: Vec<DeleteStateData>,
}

impl DeleteShareGroupStateRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DeleteShareGroupStateRequest, DecodeError> {
        check_version(
            "DeleteShareGroupStateRequest",
            version,
            DeleteShareGroupStateRequest::VERSIONS,
        )?;
        let message = DeleteShareGroupStateRequest {
            group_id: reader.string(true)?,
            topics: reader.array(true, 18, |reader| DeleteStateData::decode(reader, version))?,
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
            "DeleteShareGroupStateRequest",
            version,
            DeleteShareGroupStateRequest::VERSIONS,
        )?;
        writer.string(true, &self.group_id)?;
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`DeleteShareGroupStateRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteStateData {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionData>,
}

impl DeleteStateData {
    fn decode(reader: &mut Reader, version: i16) -> Result<DeleteStateData, DecodeError> {
        let message = DeleteStateData {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 5, |reader| PartitionData::decode(reader, version))?,
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

/// A part of [`DeleteShareGroupStateRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PartitionData {
    pub partition: i32,
}

impl PartitionData {
    fn decode(reader: &mut Reader, _version: i16) -> Result<PartitionData, DecodeError> {
        let message = PartitionData {
            partition: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// DeleteShareGroupStateResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteShareGroupStateResponse {
    pub results: Vec<DeleteStateResult>,
}

impl DeleteShareGroupStateResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DeleteShareGroupStateResponse, DecodeError> {
        check_version(
            "DeleteShareGroupStateResponse",
            version,
            DeleteShareGroupStateResponse::VERSIONS,
        )?;
        let message = DeleteShareGroupStateResponse {
            results: reader.array(true, 18, |reader| DeleteStateResult::decode(reader, version))?,
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
            "DeleteShareGroupStateResponse",
            version,
            DeleteShareGroupStateResponse::VERSIONS,
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

/// A part of [`DeleteShareGroupStateResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteStateResult {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionResult>,
}

impl DeleteStateResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<DeleteStateResult, DecodeError> {
        let message = DeleteStateResult {
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

/// A part of [`DeleteShareGroupStateResponse`].
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
