//! DescribeQuorum (API key 55). Generated from `schema/describe_quorum.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DescribeQuorumRequest, versions 0 to 2, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeQuorumRequest {
    pub topics: Vec<TopicDataRequest>,
}

impl DescribeQuorumRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeQuorumRequest, DecodeError> {
        check_version("DescribeQuorumRequest", version, DescribeQuorumRequest::VERSIONS)?;
        let message = DescribeQuorumRequest {
            topics: reader.array(true, 3, |reader| TopicDataRequest::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("DescribeQuorumRequest", version, DescribeQuorumRequest::VERSIONS)?;
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`DescribeQuorumRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicDataRequest {
    pub topic_name: String,
    pub partitions: Vec<PartitionDataRequest>,
}

impl TopicDataRequest {
    fn decode(reader: &mut Reader, version: i16) -> Result<TopicDataRequest, DecodeError> {
        let message = TopicDataRequest {
            topic_name: reader.string(true)?,
            partitions: reader.array(true, 5, |reader| PartitionDataRequest::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
        writer.array(true, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`DescribeQuorumRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PartitionDataRequest {
    pub partition_index: i32,
}

impl PartitionDataRequest {
    fn decode(reader: &mut Reader, _version: i16) -> Result<PartitionDataRequest, DecodeError> {
        let message = PartitionDataRequest {
            partition_index: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// DescribeQuorumResponse, versions 0 to 2, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeQuorumResponse {
    pub error_code: i16,
    /// From version 2; nullable; default empty, not null.
    pub error_message: Option<String>,
    pub topics: Vec<TopicDataResponse>,
    /// From version 2.
    pub nodes: Vec<Node>,
}

impl Default for DescribeQuorumResponse {
    fn default() -> DescribeQuorumResponse {
        DescribeQuorumResponse {
            error_code: 0,
            error_message: Some(String::new()),
            topics: Vec::new(),
            nodes: Vec::new(),
        }
    }
}

impl DescribeQuorumResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeQuorumResponse, DecodeError> {
        check_version(
            "DescribeQuorumResponse",
            version,
            DescribeQuorumResponse::VERSIONS,
        )?;
        let message = DescribeQuorumResponse {
            error_code: reader.i16()?,
            error_message: if version >= 2 {
                reader.nullable_string(true)?
            } else {
                Some(String::new())
            },
            topics: reader.array(true, 3, |reader| TopicDataResponse::decode(reader, version))?,
            nodes: if version >= 2 {
                reader.array(true, 6, |reader| Node::decode(reader, version))?
            } else {
                Vec::new()
            },
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
            "DescribeQuorumResponse",
            version,
            DescribeQuorumResponse::VERSIONS,
        )?;
        writer.i16(self.error_code);
        if version >= 2 {
            writer.nullable_string(true, self.error_message.as_deref())?;
        }
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        if version >= 2 {
            writer.array(true, &self.nodes, |writer, item| item.encode(writer, version))?;
        } else if !self.nodes.is_empty() {
            return Err(EncodeError::absent("DescribeQuorumResponse", "nodes", version));
        }
        writer.no_tagged_fields();
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

/// A part of [`DescribeQuorumResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicDataResponse {
    pub topic_name: String,
    pub partitions: Vec<PartitionDataResponse>,
}

impl TopicDataResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<TopicDataResponse, DecodeError> {
        let message = TopicDataResponse {
            topic_name: reader.string(true)?,
            partitions: reader.array(true, 25, |reader| PartitionDataResponse::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic_name)?;
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

/// A part of [`DescribeQuorumResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionDataResponse {
    pub partition_index: i32,
    pub error_code: i16,
    /// From version 2; nullable; default empty, not null.
    pub error_message: Option<String>,
    pub leader_id: i32,
    pub leader_epoch: i32,
    pub high_watermark: i64,
    pub current_voters: Vec<ReplicaState>,
    pub observers: Vec<ReplicaState>,
}

impl Default for PartitionDataResponse {
    fn default() -> PartitionDataResponse {
        PartitionDataResponse {
            partition_index: 0,
            error_code: 0,
            error_message: Some(String::new()),
            leader_id: 0,
            leader_epoch: 0,
            high_watermark: 0,
            current_voters: Vec::new(),
            observers: Vec::new(),
        }
    }
}

impl PartitionDataResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<PartitionDataResponse, DecodeError> {
        let message = PartitionDataResponse {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            error_message: if version >= 2 {
                reader.nullable_string(true)?
            } else {
                Some(String::new())
            },
            leader_id: reader.i32()?,
            leader_epoch: reader.i32()?,
            high_watermark: reader.i64()?,
            current_voters: reader.array(true, 13, |reader| ReplicaState::decode(reader, version))?,
            observers: reader.array(true, 13, |reader| ReplicaState::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        if version >= 2 {
            writer.nullable_string(true, self.error_message.as_deref())?;
        }
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.i64(self.high_watermark);
        writer.array(true, &self.current_voters, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.array(true, &self.observers, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`DescribeQuorumResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Node {
    pub node_id: i32,
    pub listeners: Vec<Listener>,
}

impl Node {
    fn decode(reader: &mut Reader, version: i16) -> Result<Node, DecodeError> {
        let message = Node {
            node_id: reader.i32()?,
            listeners: reader.array(true, 5, |reader| Listener::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.node_id);
        writer.array(true, &self.listeners, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`DescribeQuorumResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Listener {
    pub name: String,
    pub host: String,
    pub port: u16,
}

impl Listener {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Listener, DecodeError> {
        let message = Listener {
            name: reader.string(true)?,
            host: reader.string(true)?,
            port: reader.u16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.string(true, &self.host)?;
        writer.u16(self.port);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`DescribeQuorumResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct ReplicaState {
    pub replica_id: i32,
    /// From version 2.
    pub replica_directory_id: TopicId,
    pub log_end_offset: i64,
    /// From version 1; default -1.
    pub last_fetch_timestamp: i64,
    /// From version 1; default -1.
    pub last_caught_up_timestamp: i64,
}

impl Default for ReplicaState {
    fn default() -> ReplicaState {
        ReplicaState {
            replica_id: 0,
            replica_directory_id: TopicId::ZERO,
            log_end_offset: 0,
            last_fetch_timestamp: -1,
            last_caught_up_timestamp: -1,
        }
    }
}

impl ReplicaState {
    fn decode(reader: &mut Reader, version: i16) -> Result<ReplicaState, DecodeError> {
        let message = ReplicaState {
            replica_id: reader.i32()?,
            replica_directory_id: if version >= 2 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            log_end_offset: reader.i64()?,
            last_fetch_timestamp: if version >= 1 { reader.i64()? } else { -1 },
            last_caught_up_timestamp: if version >= 1 { reader.i64()? } else { -1 },
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.replica_id);
        if version >= 2 {
            writer.uuid(self.replica_directory_id);
        } else if self.replica_directory_id != TopicId::ZERO {
            return Err(EncodeError::absent(
                "ReplicaState",
                "replica_directory_id",
                version,
            ));
        }
        writer.i64(self.log_end_offset);
        if version >= 1 {
            writer.i64(self.last_fetch_timestamp);
        }
        if version >= 1 {
            writer.i64(self.last_caught_up_timestamp);
        }
        writer.no_tagged_fields();
        Ok(())
    }
}
