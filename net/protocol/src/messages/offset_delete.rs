//! OffsetDelete (API key 47). Generated from `schema/offset_delete.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// OffsetDeleteRequest, versions 0 to 0, none flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetDeleteRequest {
    pub group_id: String,
    pub topics: Vec<OffsetDeleteRequestTopic>,
}

impl OffsetDeleteRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<OffsetDeleteRequest, DecodeError> {
        check_version("OffsetDeleteRequest", version, OffsetDeleteRequest::VERSIONS)?;
        Ok(OffsetDeleteRequest {
            group_id: reader.string(false)?,
            topics: reader.array(false, 6, |reader| {
                OffsetDeleteRequestTopic::decode(reader, version)
            })?,
        })
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("OffsetDeleteRequest", version, OffsetDeleteRequest::VERSIONS)?;
        writer.string(false, &self.group_id)?;
        writer.array(false, &self.topics, |writer, item| item.encode(writer, version))?;
        Ok(())
    }
}

/// A part of [`OffsetDeleteRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetDeleteRequestTopic {
    pub name: String,
    pub partitions: Vec<OffsetDeleteRequestPartition>,
}

impl OffsetDeleteRequestTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetDeleteRequestTopic, DecodeError> {
        Ok(OffsetDeleteRequestTopic {
            name: reader.string(false)?,
            partitions: reader.array(false, 4, |reader| {
                OffsetDeleteRequestPartition::decode(reader, version)
            })?,
        })
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(false, &self.name)?;
        writer.array(false, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        Ok(())
    }
}

/// A part of [`OffsetDeleteRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetDeleteRequestPartition {
    pub partition_index: i32,
}

impl OffsetDeleteRequestPartition {
    fn decode(reader: &mut Reader, _version: i16) -> Result<OffsetDeleteRequestPartition, DecodeError> {
        Ok(OffsetDeleteRequestPartition {
            partition_index: reader.i32()?,
        })
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        Ok(())
    }
}

/// OffsetDeleteResponse, versions 0 to 0, none flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetDeleteResponse {
    pub error_code: i16,
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetDeleteResponseTopic>,
}

impl OffsetDeleteResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<OffsetDeleteResponse, DecodeError> {
        check_version("OffsetDeleteResponse", version, OffsetDeleteResponse::VERSIONS)?;
        Ok(OffsetDeleteResponse {
            error_code: reader.i16()?,
            throttle_time_ms: reader.i32()?,
            topics: reader.array(false, 6, |reader| {
                OffsetDeleteResponseTopic::decode(reader, version)
            })?,
        })
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("OffsetDeleteResponse", version, OffsetDeleteResponse::VERSIONS)?;
        writer.i16(self.error_code);
        writer.i32(self.throttle_time_ms);
        writer.array(false, &self.topics, |writer, item| item.encode(writer, version))?;
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
        for item in &self.topics {
            item.error_codes(tell);
        }
    }
}

/// A part of [`OffsetDeleteResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetDeleteResponseTopic {
    pub name: String,
    pub partitions: Vec<OffsetDeleteResponsePartition>,
}

impl OffsetDeleteResponseTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetDeleteResponseTopic, DecodeError> {
        Ok(OffsetDeleteResponseTopic {
            name: reader.string(false)?,
            partitions: reader.array(false, 6, |reader| {
                OffsetDeleteResponsePartition::decode(reader, version)
            })?,
        })
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(false, &self.name)?;
        writer.array(false, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.partitions {
            item.error_codes(tell);
        }
    }
}

/// A part of [`OffsetDeleteResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetDeleteResponsePartition {
    pub partition_index: i32,
    pub error_code: i16,
}

impl OffsetDeleteResponsePartition {
    fn decode(reader: &mut Reader, _version: i16) -> Result<OffsetDeleteResponsePartition, DecodeError> {
        Ok(OffsetDeleteResponsePartition {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
        })
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
