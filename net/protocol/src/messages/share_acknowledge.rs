//! ShareAcknowledge (API key 79). Generated from `schema/share_acknowledge.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ShareAcknowledgeRequest, versions 1 to 2, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct ShareAcknowledgeRequest {
    /// Nullable.
    pub group_id: Option<String>,
    /// Nullable; default empty, not null.
    pub member_id: Option<String>,
    pub share_session_epoch: i32,
    /// From version 2.
    pub is_renew_ack: bool,
    pub topics: Vec<AcknowledgeTopic>,
}

impl Default for ShareAcknowledgeRequest {
    fn default() -> ShareAcknowledgeRequest {
        ShareAcknowledgeRequest {
            group_id: None,
            member_id: Some(String::new()),
            share_session_epoch: 0,
            is_renew_ack: false,
            topics: Vec::new(),
        }
    }
}

impl ShareAcknowledgeRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ShareAcknowledgeRequest, DecodeError> {
        check_version(
            "ShareAcknowledgeRequest",
            version,
            ShareAcknowledgeRequest::VERSIONS,
        )?;
        let message = ShareAcknowledgeRequest {
            group_id: reader.nullable_string(true)?,
            member_id: reader.nullable_string(true)?,
            share_session_epoch: reader.i32()?,
            is_renew_ack: if version >= 2 { reader.bool()? } else { false },
            topics: reader.array(true, 18, |reader| AcknowledgeTopic::decode(reader, version))?,
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
            "ShareAcknowledgeRequest",
            version,
            ShareAcknowledgeRequest::VERSIONS,
        )?;
        writer.nullable_string(true, self.group_id.as_deref())?;
        writer.nullable_string(true, self.member_id.as_deref())?;
        writer.i32(self.share_session_epoch);
        if version >= 2 {
            writer.bool(self.is_renew_ack);
        } else if self.is_renew_ack {
            return Err(EncodeError::absent(
                "ShareAcknowledgeRequest",
                "is_renew_ack",
                version,
            ));
        }
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ShareAcknowledgeRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AcknowledgeTopic {
    pub topic_id: TopicId,
    pub partitions: Vec<AcknowledgePartition>,
}

impl AcknowledgeTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<AcknowledgeTopic, DecodeError> {
        let message = AcknowledgeTopic {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 6, |reader| AcknowledgePartition::decode(reader, version))?,
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

/// A part of [`ShareAcknowledgeRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AcknowledgePartition {
    pub partition_index: i32,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

impl AcknowledgePartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<AcknowledgePartition, DecodeError> {
        let message = AcknowledgePartition {
            partition_index: reader.i32()?,
            acknowledgement_batches: reader
                .array(true, 18, |reader| AcknowledgementBatch::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.array(true, &self.acknowledgement_batches, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ShareAcknowledgeRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AcknowledgementBatch {
    pub first_offset: i64,
    pub last_offset: i64,
    pub acknowledge_types: Vec<i8>,
}

impl AcknowledgementBatch {
    fn decode(reader: &mut Reader, _version: i16) -> Result<AcknowledgementBatch, DecodeError> {
        let message = AcknowledgementBatch {
            first_offset: reader.i64()?,
            last_offset: reader.i64()?,
            acknowledge_types: reader.array(true, 1, Reader::i8)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i64(self.first_offset);
        writer.i64(self.last_offset);
        writer.plain_array(true, &self.acknowledge_types, |writer, item| writer.i8(*item))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// ShareAcknowledgeResponse, versions 1 to 2, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ShareAcknowledgeResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
    /// From version 2.
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareAcknowledgeTopicResponse>,
    pub node_endpoints: Vec<NodeEndpoint>,
}

impl ShareAcknowledgeResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ShareAcknowledgeResponse, DecodeError> {
        check_version(
            "ShareAcknowledgeResponse",
            version,
            ShareAcknowledgeResponse::VERSIONS,
        )?;
        let message = ShareAcknowledgeResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            acquisition_lock_timeout_ms: if version >= 2 { reader.i32()? } else { 0 },
            responses: reader.array(true, 18, |reader| {
                ShareAcknowledgeTopicResponse::decode(reader, version)
            })?,
            node_endpoints: reader.array(true, 11, |reader| NodeEndpoint::decode(reader, version))?,
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
            "ShareAcknowledgeResponse",
            version,
            ShareAcknowledgeResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        if version >= 2 {
            writer.i32(self.acquisition_lock_timeout_ms);
        }
        writer.array(true, &self.responses, |writer, item| item.encode(writer, version))?;
        writer.array(true, &self.node_endpoints, |writer, item| {
            item.encode(writer, version)
        })?;
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

/// A part of [`ShareAcknowledgeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ShareAcknowledgeTopicResponse {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionData>,
}

impl ShareAcknowledgeTopicResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<ShareAcknowledgeTopicResponse, DecodeError> {
        let message = ShareAcknowledgeTopicResponse {
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

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.partitions {
            item.error_codes(tell);
        }
    }
}

/// A part of [`ShareAcknowledgeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
    pub current_leader: LeaderIdAndEpoch,
}

impl PartitionData {
    fn decode(reader: &mut Reader, version: i16) -> Result<PartitionData, DecodeError> {
        let message = PartitionData {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            current_leader: LeaderIdAndEpoch::decode(reader, version)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        self.current_leader.encode(writer, version)?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`ShareAcknowledgeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LeaderIdAndEpoch {
    pub leader_id: i32,
    pub leader_epoch: i32,
}

impl LeaderIdAndEpoch {
    fn decode(reader: &mut Reader, _version: i16) -> Result<LeaderIdAndEpoch, DecodeError> {
        let message = LeaderIdAndEpoch {
            leader_id: reader.i32()?,
            leader_epoch: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ShareAcknowledgeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: String,
    pub port: i32,
    /// Nullable.
    pub rack: Option<String>,
}

impl NodeEndpoint {
    fn decode(reader: &mut Reader, _version: i16) -> Result<NodeEndpoint, DecodeError> {
        let message = NodeEndpoint {
            node_id: reader.i32()?,
            host: reader.string(true)?,
            port: reader.i32()?,
            rack: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.node_id);
        writer.string(true, &self.host)?;
        writer.i32(self.port);
        writer.nullable_string(true, self.rack.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }
}
