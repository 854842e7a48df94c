//! DescribeShareGroupOffsets (API key 90). Generated from `schema/describe_share_group_offsets.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DescribeShareGroupOffsetsRequest, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeShareGroupOffsetsRequest {
    pub groups: Vec<DescribeShareGroupOffsetsRequestGroup>,
}

impl DescribeShareGroupOffsetsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<DescribeShareGroupOffsetsRequest, DecodeError> {
        check_version(
            "DescribeShareGroupOffsetsRequest",
            version,
            DescribeShareGroupOffsetsRequest::VERSIONS,
        )?;
        let message = DescribeShareGroupOffsetsRequest {
            groups: reader.array(true, 3, |reader| {
                DescribeShareGroupOffsetsRequestGroup::decode(reader, version)
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
            "DescribeShareGroupOffsetsRequest",
            version,
            DescribeShareGroupOffsetsRequest::VERSIONS,
        )?;
        writer.array(true, &self.groups, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`DescribeShareGroupOffsetsRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeShareGroupOffsetsRequestGroup {
    pub group_id: String,
    /// Nullable; default empty, not null.
    pub topics: Option<Vec<DescribeShareGroupOffsetsRequestTopic>>,
}

impl Default for DescribeShareGroupOffsetsRequestGroup {
    fn default() -> DescribeShareGroupOffsetsRequestGroup {
        DescribeShareGroupOffsetsRequestGroup {
            group_id: String::new(),
            topics: Some(Vec::new()),
        }
    }
}

impl DescribeShareGroupOffsetsRequestGroup {
    fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<DescribeShareGroupOffsetsRequestGroup, DecodeError> {
        let message = DescribeShareGroupOffsetsRequestGroup {
            group_id: reader.string(true)?,
            topics: reader.nullable_array(true, 3, |reader| {
                DescribeShareGroupOffsetsRequestTopic::decode(reader, version)
            })?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.group_id)?;
        writer.nullable_array(true, self.topics.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`DescribeShareGroupOffsetsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeShareGroupOffsetsRequestTopic {
    pub topic_name: String,
    pub partitions: Vec<i32>,
}

impl DescribeShareGroupOffsetsRequestTopic {
    fn decode(
        reader: &mut Reader,
        _version: i16,
    ) -> Result<DescribeShareGroupOffsetsRequestTopic, DecodeError> {
        let message = DescribeShareGroupOffsetsRequestTopic {
            topic_name: reader.string(true)?,
            partitions: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.plain_array(true, &self.partitions, |writer, item| writer.i32(*item))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// DescribeShareGroupOffsetsResponse, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeShareGroupOffsetsResponse {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribeShareGroupOffsetsResponseGroup>,
}

impl DescribeShareGroupOffsetsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<DescribeShareGroupOffsetsResponse, DecodeError> {
        check_version(
            "DescribeShareGroupOffsetsResponse",
            version,
            DescribeShareGroupOffsetsResponse::VERSIONS,
        )?;
        let message = DescribeShareGroupOffsetsResponse {
            throttle_time_ms: reader.i32()?,
            groups: reader.array(true, 6, |reader| {
                DescribeShareGroupOffsetsResponseGroup::decode(reader, version)
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
            "DescribeShareGroupOffsetsResponse",
            version,
            DescribeShareGroupOffsetsResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.array(true, &self.groups, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.groups {
            item.error_codes(tell);
        }
    }
}

/// A part of [`DescribeShareGroupOffsetsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeShareGroupOffsetsResponseGroup {
    pub group_id: String,
    pub topics: Vec<DescribeShareGroupOffsetsResponseTopic>,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
}

impl DescribeShareGroupOffsetsResponseGroup {
    fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<DescribeShareGroupOffsetsResponseGroup, DecodeError> {
        let message = DescribeShareGroupOffsetsResponseGroup {
            group_id: reader.string(true)?,
            topics: reader.array(true, 19, |reader| {
                DescribeShareGroupOffsetsResponseTopic::decode(reader, version)
            })?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.group_id)?;
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.topics {
            item.error_codes(tell);
        }
        tell(self.error_code);
    }
}

/// A part of [`DescribeShareGroupOffsetsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeShareGroupOffsetsResponseTopic {
    pub topic_name: String,
    pub topic_id: TopicId,
    pub partitions: Vec<DescribeShareGroupOffsetsResponsePartition>,
}

impl DescribeShareGroupOffsetsResponseTopic {
    fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<DescribeShareGroupOffsetsResponseTopic, DecodeError> {
        let message = DescribeShareGroupOffsetsResponseTopic {
            topic_name: reader.string(true)?,
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 20, |reader| {
                DescribeShareGroupOffsetsResponsePartition::decode(reader, version)
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

/// A part of [`DescribeShareGroupOffsetsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeShareGroupOffsetsResponsePartition {
    pub partition_index: i32,
    pub start_offset: i64,
    pub leader_epoch: i32,
    /// From version 1; default -1.
    pub lag: i64,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
}

impl Default for DescribeShareGroupOffsetsResponsePartition {
    fn default() -> DescribeShareGroupOffsetsResponsePartition {
        DescribeShareGroupOffsetsResponsePartition {
            partition_index: 0,
            start_offset: 0,
            leader_epoch: 0,
            lag: -1,
            error_code: 0,
            error_message: None,
        }
    }
}

impl DescribeShareGroupOffsetsResponsePartition {
    fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<DescribeShareGroupOffsetsResponsePartition, DecodeError> {
        let message = DescribeShareGroupOffsetsResponsePartition {
            partition_index: reader.i32()?,
            start_offset: reader.i64()?,
            leader_epoch: reader.i32()?,
            lag: if version >= 1 { reader.i64()? } else { -1 },
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i64(self.start_offset);
        writer.i32(self.leader_epoch);
        if version >= 1 {
            writer.i64(self.lag);
        }
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
