//! ConsumerGroupHeartbeat (API key 68). Generated from `schema/consumer_group_heartbeat.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ConsumerGroupHeartbeatRequest, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct ConsumerGroupHeartbeatRequest {
    pub group_id: String,
    pub member_id: String,
    pub member_epoch: i32,
    /// Nullable.
    pub instance_id: Option<String>,
    /// Nullable.
    pub rack_id: Option<String>,
    /// Default -1.
    pub rebalance_timeout_ms: i32,
    /// Nullable.
    pub subscribed_topic_names: Option<Vec<String>>,
    /// From version 1; nullable.
    pub subscribed_topic_regex: Option<String>,
    /// Nullable.
    pub server_assignor: Option<String>,
    /// Nullable.
    pub topic_partitions: Option<Vec<TopicPartitionsRequest>>,
}

impl Default for ConsumerGroupHeartbeatRequest {
    fn default() -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest {
            group_id: String::new(),
            member_id: String::new(),
            member_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            subscribed_topic_names: None,
            subscribed_topic_regex: None,
            server_assignor: None,
            topic_partitions: None,
        }
    }
}

impl ConsumerGroupHeartbeatRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ConsumerGroupHeartbeatRequest, DecodeError> {
        check_version(
            "ConsumerGroupHeartbeatRequest",
            version,
            ConsumerGroupHeartbeatRequest::VERSIONS,
        )?;
        let message = ConsumerGroupHeartbeatRequest {
            group_id: reader.string(true)?,
            member_id: reader.string(true)?,
            member_epoch: reader.i32()?,
            instance_id: reader.nullable_string(true)?,
            rack_id: reader.nullable_string(true)?,
            rebalance_timeout_ms: reader.i32()?,
            subscribed_topic_names: reader.nullable_array(true, 1, |reader| reader.string(true))?,
            subscribed_topic_regex: if version >= 1 {
                reader.nullable_string(true)?
            } else {
                None
            },
            server_assignor: reader.nullable_string(true)?,
            topic_partitions: reader
                .nullable_array(true, 18, |reader| TopicPartitionsRequest::decode(reader, version))?,
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
            "ConsumerGroupHeartbeatRequest",
            version,
            ConsumerGroupHeartbeatRequest::VERSIONS,
        )?;
        writer.string(true, &self.group_id)?;
        writer.string(true, &self.member_id)?;
        writer.i32(self.member_epoch);
        writer.nullable_string(true, self.instance_id.as_deref())?;
        writer.nullable_string(true, self.rack_id.as_deref())?;
        writer.i32(self.rebalance_timeout_ms);
        writer.nullable_array(true, self.subscribed_topic_names.as_deref(), |writer, item| {
            writer.string(true, item)
        })?;
        if version >= 1 {
            writer.nullable_string(true, self.subscribed_topic_regex.as_deref())?;
        } else if self.subscribed_topic_regex.is_some() {
            return Err(EncodeError::absent(
                "ConsumerGroupHeartbeatRequest",
                "subscribed_topic_regex",
                version,
            ));
        }
        writer.nullable_string(true, self.server_assignor.as_deref())?;
        writer.nullable_array(true, self.topic_partitions.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ConsumerGroupHeartbeatRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicPartitionsRequest {
    pub topic_id: TopicId,
    pub partitions: Vec<i32>,
}

impl TopicPartitionsRequest {
    fn decode(reader: &mut Reader, _version: i16) -> Result<TopicPartitionsRequest, DecodeError> {
        let message = TopicPartitionsRequest {
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

/// ConsumerGroupHeartbeatResponse, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupHeartbeatResponse {
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

impl ConsumerGroupHeartbeatResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ConsumerGroupHeartbeatResponse, DecodeError> {
        check_version(
            "ConsumerGroupHeartbeatResponse",
            version,
            ConsumerGroupHeartbeatResponse::VERSIONS,
        )?;
        let message = ConsumerGroupHeartbeatResponse {
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
            "ConsumerGroupHeartbeatResponse",
            version,
            ConsumerGroupHeartbeatResponse::VERSIONS,
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

/// A part of [`ConsumerGroupHeartbeatResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Assignment {
    pub topic_partitions: Vec<TopicPartitionsResponse>,
}

impl Assignment {
    fn decode(reader: &mut Reader, version: i16) -> Result<Assignment, DecodeError> {
        let message = Assignment {
            topic_partitions: reader.array(true, 18, |reader| {
                TopicPartitionsResponse::decode(reader, version)
            })?,
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

/// A part of [`ConsumerGroupHeartbeatResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicPartitionsResponse {
    pub topic_id: TopicId,
    pub partitions: Vec<i32>,
}

impl TopicPartitionsResponse {
    fn decode(reader: &mut Reader, _version: i16) -> Result<TopicPartitionsResponse, DecodeError> {
        let message = TopicPartitionsResponse {
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
