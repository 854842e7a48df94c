//! DeleteShareGroupOffsets (API key 92). Generated from `schema/delete_share_group_offsets.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DeleteShareGroupOffsetsRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteShareGroupOffsetsRequest {
    pub group_id: String,
    pub topics: Vec<DeleteShareGroupOffsetsRequestTopic>,
}

impl DeleteShareGroupOffsetsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DeleteShareGroupOffsetsRequest, DecodeError> {
        check_version(
            "DeleteShareGroupOffsetsRequest",
            version,
            DeleteShareGroupOffsetsRequest::VERSIONS,
        )?;
        let message = DeleteShareGroupOffsetsRequest {
            group_id: reader.string(true)?,
            topics: reader.array(true, 2, |reader| {
                DeleteShareGroupOffsetsRequestTopic::decode(reader, version)
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
            "DeleteShareGroupOffsetsRequest",
            version,
            DeleteShareGroupOffsetsRequest::VERSIONS,
        )?;
        writer.string(true, &self.group_id)?;
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`DeleteShareGroupOffsetsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteShareGroupOffsetsRequestTopic {
    pub topic_name: String,
}

impl DeleteShareGroupOffsetsRequestTopic {
    fn decode(
        reader: &mut Reader,
        _version: i16,
    ) -> Result<DeleteShareGroupOffsetsRequestTopic, DecodeError> {
        let message = DeleteShareGroupOffsetsRequestTopic {
            topic_name: reader.string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// DeleteShareGroupOffsetsResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteShareGroupOffsetsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
    pub responses: Vec<DeleteShareGroupOffsetsResponseTopic>,
}

impl DeleteShareGroupOffsetsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DeleteShareGroupOffsetsResponse, DecodeError> {
        check_version(
            "DeleteShareGroupOffsetsResponse",
            version,
            DeleteShareGroupOffsetsResponse::VERSIONS,
        )?;
        let message = DeleteShareGroupOffsetsResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            responses: reader.array(true, 21, |reader| {
                DeleteShareGroupOffsetsResponseTopic::decode(reader, version)
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
            "DeleteShareGroupOffsetsResponse",
            version,
            DeleteShareGroupOffsetsResponse::VERSIONS,
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

/// A part of [`DeleteShareGroupOffsetsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteShareGroupOffsetsResponseTopic {
    pub topic_name: String,
    pub topic_id: TopicId,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
}

impl DeleteShareGroupOffsetsResponseTopic {
    fn decode(
        reader: &mut Reader,
        _version: i16,
    ) -> Result<DeleteShareGroupOffsetsResponseTopic, DecodeError> {
        let message = DeleteShareGroupOffsetsResponseTopic {
            topic_name: reader.string(true)?,
            topic_id: reader.uuid()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.uuid(self.topic_id);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
