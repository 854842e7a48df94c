//! ShareGroupHeartbeat (API key 76). Generated from `schema/share_group_heartbeat.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ShareGroupHeartbeatRequest, versions 1 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ShareGroupHeartbeatRequest {
    pub group_id: String,
    pub member_id: String,
    pub member_epoch: i32,
    /// Nullable.
    pub rack_id: Option<String>,
    /// Nullable.
    pub subscribed_topic_names: Option<Vec<String>>,
}

impl ShareGroupHeartbeatRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ShareGroupHeartbeatRequest, DecodeError> {
        check_version(
            "ShareGroupHeartbeatRequest",
            version,
            ShareGroupHeartbeatRequest::VERSIONS,
        )?;
        let message = ShareGroupHeartbeatRequest {
            group_id: reader.string(true)?,
            member_id: reader.string(true)?,
            member_epoch: reader.i32()?,
            rack_id: reader.nullable_string(true)?,
            subscribed_topic_names: reader.nullable_array(true, 1, |reader| reader.string(true))?,
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
            "ShareGroupHeartbeatRequest",
            version,
            ShareGroupHeartbeatRequest::VERSIONS,
        )?;
        writer.string(true, &self.group_id)?;
        writer.string(true, &self.member_id)?;
        writer.i32(self.member_epoch);
        writer.nullable_string(true, self.rack_id.as_deref())?;
        writer.nullable_array(true, self.subscribed_topic_names.as_deref(), |writer, item| {
            writer.string(true, item)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// ShareGroupHeartbeatResponse, versions 1 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ShareGroupHeartbeatResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
    /// Nullable.
    pub member_id: Option<String>,
    pub member_epoch: i32,
    pub heartbeat_interval_ms: i32,
    /// Nullable.
    pub assignment: Option<Assignment>,
}

impl ShareGroupHeartbeatResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ShareGroupHeartbeatResponse, DecodeError> {
        check_version(
            "ShareGroupHeartbeatResponse",
            version,
            ShareGroupHeartbeatResponse::VERSIONS,
        )?;
        let message = ShareGroupHeartbeatResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            member_id: reader.nullable_string(true)?,
            member_epoch: reader.i32()?,
            heartbeat_interval_ms: reader.i32()?,
            assignment: reader.nullable_struct(|reader| Assignment::decode(reader, version))?,
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
            "ShareGroupHeartbeatResponse",
            version,
            ShareGroupHeartbeatResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.nullable_string(true, self.member_id.as_deref())?;
        writer.i32(self.member_epoch);
        writer.i32(self.heartbeat_interval_ms);
        writer.nullable_struct(self.assignment.as_ref(), |writer, value| {
            value.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`ShareGroupHeartbeatResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Assignment {
    pub topic_partitions: Vec<TopicPartitions>,
}

impl Assignment {
    fn decode(reader: &mut Reader, version: i16) -> Result<Assignment, DecodeError> {
        let message = Assignment {
            topic_partitions: reader.array(true, 18, |reader| TopicPartitions::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.array(true, &self.topic_partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ShareGroupHeartbeatResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicPartitions {
    pub topic_id: TopicId,
    pub partitions: Vec<i32>,
}

impl TopicPartitions {
    fn decode(reader: &mut Reader, _version: i16) -> Result<TopicPartitions, DecodeError> {
        let message = TopicPartitions {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.plain_array(true, &self.partitions, |writer, item| writer.i32(*item))?;
        writer.no_tagged_fields();
        Ok(())
    }
}
