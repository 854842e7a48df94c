//! DescribeTopicPartitions (API key 75). Generated from `schema/describe_topic_partitions.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DescribeTopicPartitionsRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeTopicPartitionsRequest {
    pub topics: Vec<TopicRequest>,
    /// Default 2000.
    pub response_partition_limit: i32,
    /// Nullable.
    pub cursor: Option<CursorRequest>,
}

impl Default for DescribeTopicPartitionsRequest {
    fn default() -> DescribeTopicPartitionsRequest {
        DescribeTopicPartitionsRequest {
            topics: Vec::new(),
            response_partition_limit: 2000,
            cursor: None,
        }
    }
}

impl DescribeTopicPartitionsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeTopicPartitionsRequest, DecodeError> {
        check_version(
            "DescribeTopicPartitionsRequest",
            version,
            DescribeTopicPartitionsRequest::VERSIONS,
        )?;
        let message = DescribeTopicPartitionsRequest {
            topics: reader.array(true, 2, |reader| TopicRequest::decode(reader, version))?,
            response_partition_limit: reader.i32()?,
            cursor: reader.nullable_struct(|reader| CursorRequest::decode(reader, version))?,
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
            "DescribeTopicPartitionsRequest",
            version,
            DescribeTopicPartitionsRequest::VERSIONS,
        )?;
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.i32(self.response_partition_limit);
        writer.nullable_struct(self.cursor.as_ref(), |writer, value| {
            value.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`DescribeTopicPartitionsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicRequest {
    pub name: String,
}

impl TopicRequest {
    fn decode(reader: &mut Reader, _version: i16) -> Result<TopicRequest, DecodeError> {
        let message = TopicRequest {
            name: reader.string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`DescribeTopicPartitionsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CursorRequest {
    pub topic_name: String,
    pub partition_index: i32,
}

impl CursorRequest {
    fn decode(reader: &mut Reader, _version: i16) -> Result<CursorRequest, DecodeError> {
        let message = CursorRequest {
            topic_name: reader.string(true)?,
            partition_index: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.i32(self.partition_index);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// DescribeTopicPartitionsResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeTopicPartitionsResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<DescribeTopicPartitionsResponseTopic>,
    /// Nullable.
    pub next_cursor: Option<CursorResponse>,
}

impl DescribeTopicPartitionsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeTopicPartitionsResponse, DecodeError> {
        check_version(
            "DescribeTopicPartitionsResponse",
            version,
            DescribeTopicPartitionsResponse::VERSIONS,
        )?;
        let message = DescribeTopicPartitionsResponse {
            throttle_time_ms: reader.i32()?,
            topics: reader.array(true, 26, |reader| {
                DescribeTopicPartitionsResponseTopic::decode(reader, version)
            })?,
            next_cursor: reader.nullable_struct(|reader| CursorResponse::decode(reader, version))?,
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
            "DescribeTopicPartitionsResponse",
            version,
            DescribeTopicPartitionsResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.nullable_struct(self.next_cursor.as_ref(), |writer, value| {
            value.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.topics {
            item.error_codes(tell);
        }
    }
}

/// A part of [`DescribeTopicPartitionsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeTopicPartitionsResponseTopic {
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub name: Option<String>,
    pub topic_id: TopicId,
    pub is_internal: bool,
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    /// Default i32::MIN.
    pub topic_authorized_operations: i32,
}

impl Default for DescribeTopicPartitionsResponseTopic {
    fn default() -> DescribeTopicPartitionsResponseTopic {
        DescribeTopicPartitionsResponseTopic {
            error_code: 0,
            name: Some(String::new()),
            topic_id: TopicId::ZERO,
            is_internal: false,
            partitions: Vec::new(),
            topic_authorized_operations: i32::MIN,
        }
    }
}

impl DescribeTopicPartitionsResponseTopic {
    fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<DescribeTopicPartitionsResponseTopic, DecodeError> {
        let message = DescribeTopicPartitionsResponseTopic {
            error_code: reader.i16()?,
            name: reader.nullable_string(true)?,
            topic_id: reader.uuid()?,
            is_internal: reader.bool()?,
            partitions: reader.array(true, 20, |reader| {
                DescribeTopicPartitionsResponsePartition::decode(reader, version)
            })?,
            topic_authorized_operations: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i16(self.error_code);
        writer.nullable_string(true, self.name.as_deref())?;
        writer.uuid(self.topic_id);
        writer.bool(self.is_internal);
        writer.array(true, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.i32(self.topic_authorized_operations);
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
        for item in &self.partitions {
            item.error_codes(tell);
        }
    }
}

/// A part of [`DescribeTopicPartitionsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeTopicPartitionsResponsePartition {
    pub error_code: i16,
    pub partition_index: i32,
    pub leader_id: i32,
    /// Default -1.
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    /// Nullable.
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// Nullable.
    pub last_known_elr: Option<Vec<i32>>,
    pub offline_replicas: Vec<i32>,
}

impl Default for DescribeTopicPartitionsResponsePartition {
    fn default() -> DescribeTopicPartitionsResponsePartition {
        DescribeTopicPartitionsResponsePartition {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            eligible_leader_replicas: None,
            last_known_elr: None,
            offline_replicas: Vec::new(),
        }
    }
}

impl DescribeTopicPartitionsResponsePartition {
    fn decode(
        reader: &mut Reader,
        _version: i16,
    ) -> Result<DescribeTopicPartitionsResponsePartition, DecodeError> {
        let message = DescribeTopicPartitionsResponsePartition {
            error_code: reader.i16()?,
            partition_index: reader.i32()?,
            leader_id: reader.i32()?,
            leader_epoch: reader.i32()?,
            replica_nodes: reader.array(true, 4, Reader::i32)?,
            isr_nodes: reader.array(true, 4, Reader::i32)?,
            eligible_leader_replicas: reader.nullable_array(true, 4, Reader::i32)?,
            last_known_elr: reader.nullable_array(true, 4, Reader::i32)?,
            offline_replicas: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i16(self.error_code);
        writer.i32(self.partition_index);
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.plain_array(true, &self.replica_nodes, |writer, item| writer.i32(*item))?;
        writer.plain_array(true, &self.isr_nodes, |writer, item| writer.i32(*item))?;
        writer.nullable_plain_array(true, self.eligible_leader_replicas.as_deref(), |writer, item| {
            writer.i32(*item)
        })?;
        writer.nullable_plain_array(true, self.last_known_elr.as_deref(), |writer, item| {
            writer.i32(*item)
        })?;
        writer.plain_array(true, &self.offline_replicas, |writer, item| writer.i32(*item))?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`DescribeTopicPartitionsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CursorResponse {
    pub topic_name: String,
    pub partition_index: i32,
}

impl CursorResponse {
    fn decode(reader: &mut Reader, _version: i16) -> Result<CursorResponse, DecodeError> {
        let message = CursorResponse {
            topic_name: reader.string(true)?,
            partition_index: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.i32(self.partition_index);
        writer.no_tagged_fields();
        Ok(())
    }
}
