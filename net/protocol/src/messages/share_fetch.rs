//! ShareFetch (API key 78). Generated from `schema/share_fetch.schema`; not to be edited.

use std::ops::RangeInclusive;

use bytes::Bytes;
use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version, required};

/// ShareFetchRequest, versions 1 to 2, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct ShareFetchRequest {
    /// Nullable.
    pub group_id: Option<String>,
    /// Nullable; default empty, not null.
    pub member_id: Option<String>,
    pub share_session_epoch: i32,
    pub max_wait_ms: i32,
    pub min_bytes: i32,
    /// Default i32::MAX.
    pub max_bytes: i32,
    pub max_records: i32,
    pub batch_size: i32,
    /// From version 2.
    pub share_acquire_mode: i8,
    /// From version 2.
    pub is_renew_ack: bool,
    pub topics: Vec<FetchTopic>,
    pub forgotten_topics_data: Vec<ForgottenTopic>,
}

impl Default for ShareFetchRequest {
    fn default() -> ShareFetchRequest {
        ShareFetchRequest {
            group_id: None,
            member_id: Some(String::new()),
            share_session_epoch: 0,
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: i32::MAX,
            max_records: 0,
            batch_size: 0,
            share_acquire_mode: 0,
            is_renew_ack: false,
            topics: Vec::new(),
            forgotten_topics_data: Vec::new(),
        }
    }
}

impl ShareFetchRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ShareFetchRequest, DecodeError> {
        check_version("ShareFetchRequest", version, ShareFetchRequest::VERSIONS)?;
        let message = ShareFetchRequest {
            group_id: reader.nullable_string(true)?,
            member_id: reader.nullable_string(true)?,
            share_session_epoch: reader.i32()?,
            max_wait_ms: reader.i32()?,
            min_bytes: reader.i32()?,
            max_bytes: reader.i32()?,
            max_records: reader.i32()?,
            batch_size: reader.i32()?,
            share_acquire_mode: if version >= 2 { reader.i8()? } else { 0 },
            is_renew_ack: if version >= 2 { reader.bool()? } else { false },
            topics: reader.array(true, 18, |reader| FetchTopic::decode(reader, version))?,
            forgotten_topics_data: reader
                .array(true, 18, |reader| ForgottenTopic::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("ShareFetchRequest", version, ShareFetchRequest::VERSIONS)?;
        writer.nullable_string(true, self.group_id.as_deref())?;
        writer.nullable_string(true, self.member_id.as_deref())?;
        writer.i32(self.share_session_epoch);
        writer.i32(self.max_wait_ms);
        writer.i32(self.min_bytes);
        writer.i32(self.max_bytes);
        writer.i32(self.max_records);
        writer.i32(self.batch_size);
        if version >= 2 {
            writer.i8(self.share_acquire_mode);
        }
        if version >= 2 {
            writer.bool(self.is_renew_ack);
        } else if self.is_renew_ack {
            return Err(EncodeError::absent("ShareFetchRequest", "is_renew_ack", version));
        }
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.array(true, &self.forgotten_topics_data, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ShareFetchRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FetchTopic {
    pub topic_id: TopicId,
    pub partitions: Vec<FetchPartition>,
}

impl FetchTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<FetchTopic, DecodeError> {
        let message = FetchTopic {
            topic_id: reader.uuid()?,
            partitions: reader.array(true, 6, |reader| FetchPartition::decode(reader, version))?,
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

/// A part of [`ShareFetchRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FetchPartition {
    pub partition_index: i32,
    /// Version 0 only.
    pub partition_max_bytes: i32,
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

impl FetchPartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<FetchPartition, DecodeError> {
        let message = FetchPartition {
            partition_index: reader.i32()?,
            partition_max_bytes: 0,
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

/// A part of [`ShareFetchRequest`].
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

/// A part of [`ShareFetchRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ForgottenTopic {
    pub topic_id: TopicId,
    pub partitions: Vec<i32>,
}

impl ForgottenTopic {
    fn decode(reader: &mut Reader, _version: i16) -> Result<ForgottenTopic, DecodeError> {
        let message = ForgottenTopic {
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

/// ShareFetchResponse, versions 1 to 2, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ShareFetchResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
    pub acquisition_lock_timeout_ms: i32,
    pub responses: Vec<ShareFetchableTopicResponse>,
    pub node_endpoints: Vec<NodeEndpoint>,
}

impl ShareFetchResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ShareFetchResponse, DecodeError> {
        check_version("ShareFetchResponse", version, ShareFetchResponse::VERSIONS)?;
        let message = ShareFetchResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            acquisition_lock_timeout_ms: reader.i32()?,
            responses: reader.array(true, 18, |reader| {
                ShareFetchableTopicResponse::decode(reader, version)
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
        check_version("ShareFetchResponse", version, ShareFetchResponse::VERSIONS)?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.i32(self.acquisition_lock_timeout_ms);
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

/// A part of [`ShareFetchResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ShareFetchableTopicResponse {
    pub topic_id: TopicId,
    pub partitions: Vec<PartitionData>,
}

impl ShareFetchableTopicResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<ShareFetchableTopicResponse, DecodeError> {
        let message = ShareFetchableTopicResponse {
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

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.partitions {
            item.error_codes(tell);
        }
    }
}

/// A part of [`ShareFetchResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionData {
    pub partition_index: i32,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
    pub acknowledge_error_code: i16,
    /// Nullable.
    pub acknowledge_error_message: Option<String>,
    pub current_leader: LeaderIdAndEpoch,
    /// Null version 0 only; default empty, not null.
    pub records: Option<Bytes>,
    pub acquired_records: Vec<AcquiredRecords>,
}

impl Default for PartitionData {
    fn default() -> PartitionData {
        PartitionData {
            partition_index: 0,
            error_code: 0,
            error_message: None,
            acknowledge_error_code: 0,
            acknowledge_error_message: None,
            current_leader: LeaderIdAndEpoch::default(),
            records: Some(Bytes::new()),
            acquired_records: Vec::new(),
        }
    }
}

impl PartitionData {
    fn decode(reader: &mut Reader, version: i16) -> Result<PartitionData, DecodeError> {
        let message = PartitionData {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            acknowledge_error_code: reader.i16()?,
            acknowledge_error_message: reader.nullable_string(true)?,
            current_leader: LeaderIdAndEpoch::decode(reader, version)?,
            records: if version <= 0 {
                reader.nullable_bytes(true)?
            } else {
                Some(reader.bytes(true)?)
            },
            acquired_records: reader.array(true, 19, |reader| AcquiredRecords::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.i16(self.acknowledge_error_code);
        writer.nullable_string(true, self.acknowledge_error_message.as_deref())?;
        self.current_leader.encode(writer, version)?;
        if version <= 0 {
            writer.nullable_shared_bytes(true, self.records.as_ref())?;
        } else {
            let value = required(self.records.as_ref(), "PartitionData", "records", version)?;
            writer.shared_bytes(true, value)?;
        }
        writer.array(true, &self.acquired_records, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`ShareFetchResponse`].
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

/// A part of [`ShareFetchResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AcquiredRecords {
    pub first_offset: i64,
    pub last_offset: i64,
    pub delivery_count: i16,
}

impl AcquiredRecords {
    fn decode(reader: &mut Reader, _version: i16) -> Result<AcquiredRecords, DecodeError> {
        let message = AcquiredRecords {
            first_offset: reader.i64()?,
            last_offset: reader.i64()?,
            delivery_count: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i64(self.first_offset);
        writer.i64(self.last_offset);
        writer.i16(self.delivery_count);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ShareFetchResponse`].
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
