//! StreamsGroupHeartbeat (API key 88). Generated from `schema/streams_group_heartbeat.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// StreamsGroupHeartbeatRequest, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct StreamsGroupHeartbeatRequest {
    pub group_id: String,
    pub member_id: String,
    pub member_epoch: i32,
    pub endpoint_information_epoch: i32,
    /// Nullable.
    pub instance_id: Option<String>,
    /// Nullable.
    pub rack_id: Option<String>,
    /// Default -1.
    pub rebalance_timeout_ms: i32,
    /// Nullable.
    pub topology: Option<Topology>,
    /// Nullable.
    pub active_tasks: Option<Vec<TaskIdsRequest>>,
    /// Nullable.
    pub standby_tasks: Option<Vec<TaskIdsRequest>>,
    /// Nullable.
    pub warmup_tasks: Option<Vec<TaskIdsRequest>>,
    /// Nullable.
    pub process_id: Option<String>,
    /// Nullable.
    pub user_endpoint: Option<EndpointRequest>,
    /// Nullable.
    pub client_tags: Option<Vec<KeyValue>>,
    /// Nullable.
    pub task_offsets: Option<Vec<TaskOffset>>,
    /// Nullable.
    pub task_end_offsets: Option<Vec<TaskOffset>>,
    pub shutdown_application: bool,
}

impl Default for StreamsGroupHeartbeatRequest {
    fn default() -> StreamsGroupHeartbeatRequest {
        StreamsGroupHeartbeatRequest {
            group_id: String::new(),
            member_id: String::new(),
            member_epoch: 0,
            endpoint_information_epoch: 0,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            topology: None,
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            process_id: None,
            user_endpoint: None,
            client_tags: None,
            task_offsets: None,
            task_end_offsets: None,
            shutdown_application: false,
        }
    }
}

impl StreamsGroupHeartbeatRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<StreamsGroupHeartbeatRequest, DecodeError> {
        check_version(
            "StreamsGroupHeartbeatRequest",
            version,
            StreamsGroupHeartbeatRequest::VERSIONS,
        )?;
        let message = StreamsGroupHeartbeatRequest {
            group_id: reader.string(true)?,
            member_id: reader.string(true)?,
            member_epoch: reader.i32()?,
            endpoint_information_epoch: reader.i32()?,
            instance_id: reader.nullable_string(true)?,
            rack_id: reader.nullable_string(true)?,
            rebalance_timeout_ms: reader.i32()?,
            topology: reader.nullable_struct(|reader| Topology::decode(reader, version))?,
            active_tasks: reader.nullable_array(true, 3, |reader| TaskIdsRequest::decode(reader, version))?,
            standby_tasks: reader
                .nullable_array(true, 3, |reader| TaskIdsRequest::decode(reader, version))?,
            warmup_tasks: reader.nullable_array(true, 3, |reader| TaskIdsRequest::decode(reader, version))?,
            process_id: reader.nullable_string(true)?,
            user_endpoint: reader.nullable_struct(|reader| EndpointRequest::decode(reader, version))?,
            client_tags: reader.nullable_array(true, 3, |reader| KeyValue::decode(reader, version))?,
            task_offsets: reader.nullable_array(true, 14, |reader| TaskOffset::decode(reader, version))?,
            task_end_offsets: reader
                .nullable_array(true, 14, |reader| TaskOffset::decode(reader, version))?,
            shutdown_application: reader.bool()?,
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
            "StreamsGroupHeartbeatRequest",
            version,
            StreamsGroupHeartbeatRequest::VERSIONS,
        )?;
        writer.string(true, &self.group_id)?;
        writer.string(true, &self.member_id)?;
        writer.i32(self.member_epoch);
        writer.i32(self.endpoint_information_epoch);
        writer.nullable_string(true, self.instance_id.as_deref())?;
        writer.nullable_string(true, self.rack_id.as_deref())?;
        writer.i32(self.rebalance_timeout_ms);
        writer.nullable_struct(self.topology.as_ref(), |writer, value| {
            value.encode(writer, version)
        })?;
        writer.nullable_array(true, self.active_tasks.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.nullable_array(true, self.standby_tasks.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.nullable_array(true, self.warmup_tasks.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.nullable_string(true, self.process_id.as_deref())?;
        writer.nullable_struct(self.user_endpoint.as_ref(), |writer, value| {
            value.encode(writer, version)
        })?;
        writer.nullable_array(true, self.client_tags.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.nullable_array(true, self.task_offsets.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.nullable_array(true, self.task_end_offsets.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.bool(self.shutdown_application);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Topology {
    pub epoch: i32,
    pub subtopologies: Vec<Subtopology>,
}

impl Topology {
    fn decode(reader: &mut Reader, version: i16) -> Result<Topology, DecodeError> {
        let message = Topology {
            epoch: reader.i32()?,
            subtopologies: reader.array(true, 8, |reader| Subtopology::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.epoch);
        writer.array(true, &self.subtopologies, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Subtopology {
    pub subtopology_id: String,
    pub source_topics: Vec<String>,
    pub source_topic_regex: Vec<String>,
    pub state_changelog_topics: Vec<TopicInfo>,
    pub repartition_sink_topics: Vec<String>,
    pub repartition_source_topics: Vec<TopicInfo>,
    pub copartition_groups: Vec<CopartitionGroup>,
}

impl Subtopology {
    fn decode(reader: &mut Reader, version: i16) -> Result<Subtopology, DecodeError> {
        let message = Subtopology {
            subtopology_id: reader.string(true)?,
            source_topics: reader.array(true, 1, |reader| reader.string(true))?,
            source_topic_regex: reader.array(true, 1, |reader| reader.string(true))?,
            state_changelog_topics: reader.array(true, 9, |reader| TopicInfo::decode(reader, version))?,
            repartition_sink_topics: reader.array(true, 1, |reader| reader.string(true))?,
            repartition_source_topics: reader.array(true, 9, |reader| TopicInfo::decode(reader, version))?,
            copartition_groups: reader.array(true, 4, |reader| CopartitionGroup::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.subtopology_id)?;
        writer.array(true, &self.source_topics, |writer, item| {
            writer.string(true, item)
        })?;
        writer.array(true, &self.source_topic_regex, |writer, item| {
            writer.string(true, item)
        })?;
        writer.array(true, &self.state_changelog_topics, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.array(true, &self.repartition_sink_topics, |writer, item| {
            writer.string(true, item)
        })?;
        writer.array(true, &self.repartition_source_topics, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.array(true, &self.copartition_groups, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CopartitionGroup {
    pub source_topics: Vec<i16>,
    pub source_topic_regex: Vec<i16>,
    pub repartition_source_topics: Vec<i16>,
}

impl CopartitionGroup {
    fn decode(reader: &mut Reader, _version: i16) -> Result<CopartitionGroup, DecodeError> {
        let message = CopartitionGroup {
            source_topics: reader.array(true, 2, Reader::i16)?,
            source_topic_regex: reader.array(true, 2, Reader::i16)?,
            repartition_source_topics: reader.array(true, 2, Reader::i16)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.plain_array(true, &self.source_topics, |writer, item| writer.i16(*item))?;
        writer.plain_array(true, &self.source_topic_regex, |writer, item| writer.i16(*item))?;
        writer.plain_array(true, &self.repartition_source_topics, |writer, item| {
            writer.i16(*item)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct KeyValue {
    pub key: String,
    pub value: String,
}

impl KeyValue {
    fn decode(reader: &mut Reader, _version: i16) -> Result<KeyValue, DecodeError> {
        let message = KeyValue {
            key: reader.string(true)?,
            value: reader.string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.key)?;
        writer.string(true, &self.value)?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicInfo {
    pub name: String,
    pub partitions: i32,
    pub replication_factor: i16,
    pub topic_configs: Vec<KeyValue>,
}

impl TopicInfo {
    fn decode(reader: &mut Reader, version: i16) -> Result<TopicInfo, DecodeError> {
        let message = TopicInfo {
            name: reader.string(true)?,
            partitions: reader.i32()?,
            replication_factor: reader.i16()?,
            topic_configs: reader.array(true, 3, |reader| KeyValue::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.i32(self.partitions);
        writer.i16(self.replication_factor);
        writer.array(true, &self.topic_configs, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EndpointRequest {
    pub host: String,
    pub port: u16,
}

impl EndpointRequest {
    fn decode(reader: &mut Reader, _version: i16) -> Result<EndpointRequest, DecodeError> {
        let message = EndpointRequest {
            host: reader.string(true)?,
            port: reader.u16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.host)?;
        writer.u16(self.port);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TaskOffset {
    pub subtopology_id: String,
    pub partition: i32,
    pub offset: i64,
}

impl TaskOffset {
    fn decode(reader: &mut Reader, _version: i16) -> Result<TaskOffset, DecodeError> {
        let message = TaskOffset {
            subtopology_id: reader.string(true)?,
            partition: reader.i32()?,
            offset: reader.i64()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.subtopology_id)?;
        writer.i32(self.partition);
        writer.i64(self.offset);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TaskIdsRequest {
    pub subtopology_id: String,
    pub partitions: Vec<i32>,
}

impl TaskIdsRequest {
    fn decode(reader: &mut Reader, _version: i16) -> Result<TaskIdsRequest, DecodeError> {
        let message = TaskIdsRequest {
            subtopology_id: reader.string(true)?,
            partitions: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.subtopology_id)?;
        writer.plain_array(true, &self.partitions, |writer, item| writer.i32(*item))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// StreamsGroupHeartbeatResponse, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct StreamsGroupHeartbeatResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
    pub member_id: String,
    pub member_epoch: i32,
    pub heartbeat_interval_ms: i32,
    /// Version 0 only.
    pub acceptable_recovery_lag_legacy: i32,
    pub task_offset_interval_ms: i32,
    /// From version 1; default -1.
    pub acceptable_recovery_lag: i64,
    /// Nullable; default empty, not null.
    pub status: Option<Vec<Status>>,
    /// Nullable.
    pub active_tasks: Option<Vec<TaskIdsResponse>>,
    /// Nullable.
    pub standby_tasks: Option<Vec<TaskIdsResponse>>,
    /// Nullable.
    pub warmup_tasks: Option<Vec<TaskIdsResponse>>,
    /// From version 1.
    pub topology_description_required: bool,
    pub endpoint_information_epoch: i32,
    /// Nullable.
    pub partitions_by_user_endpoint: Option<Vec<EndpointToPartitions>>,
}

impl Default for StreamsGroupHeartbeatResponse {
    fn default() -> StreamsGroupHeartbeatResponse {
        StreamsGroupHeartbeatResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: None,
            member_id: String::new(),
            member_epoch: 0,
            heartbeat_interval_ms: 0,
            acceptable_recovery_lag_legacy: 0,
            task_offset_interval_ms: 0,
            acceptable_recovery_lag: -1,
            status: Some(Vec::new()),
            active_tasks: None,
            standby_tasks: None,
            warmup_tasks: None,
            topology_description_required: false,
            endpoint_information_epoch: 0,
            partitions_by_user_endpoint: None,
        }
    }
}

impl StreamsGroupHeartbeatResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<StreamsGroupHeartbeatResponse, DecodeError> {
        check_version(
            "StreamsGroupHeartbeatResponse",
            version,
            StreamsGroupHeartbeatResponse::VERSIONS,
        )?;
        let message = StreamsGroupHeartbeatResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            member_id: reader.string(true)?,
            member_epoch: reader.i32()?,
            heartbeat_interval_ms: reader.i32()?,
            acceptable_recovery_lag_legacy: if version <= 0 { reader.i32()? } else { 0 },
            task_offset_interval_ms: reader.i32()?,
            acceptable_recovery_lag: if version >= 1 { reader.i64()? } else { -1 },
            status: reader.nullable_array(true, 3, |reader| Status::decode(reader, version))?,
            active_tasks: reader
                .nullable_array(true, 3, |reader| TaskIdsResponse::decode(reader, version))?,
            standby_tasks: reader
                .nullable_array(true, 3, |reader| TaskIdsResponse::decode(reader, version))?,
            warmup_tasks: reader
                .nullable_array(true, 3, |reader| TaskIdsResponse::decode(reader, version))?,
            topology_description_required: if version >= 1 { reader.bool()? } else { false },
            endpoint_information_epoch: reader.i32()?,
            partitions_by_user_endpoint: reader
                .nullable_array(true, 7, |reader| EndpointToPartitions::decode(reader, version))?,
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
            "StreamsGroupHeartbeatResponse",
            version,
            StreamsGroupHeartbeatResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.string(true, &self.member_id)?;
        writer.i32(self.member_epoch);
        writer.i32(self.heartbeat_interval_ms);
        if version <= 0 {
            writer.i32(self.acceptable_recovery_lag_legacy);
        } else if self.acceptable_recovery_lag_legacy != 0 {
            return Err(EncodeError::absent(
                "StreamsGroupHeartbeatResponse",
                "acceptable_recovery_lag_legacy",
                version,
            ));
        }
        writer.i32(self.task_offset_interval_ms);
        if version >= 1 {
            writer.i64(self.acceptable_recovery_lag);
        }
        writer.nullable_array(true, self.status.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.nullable_array(true, self.active_tasks.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.nullable_array(true, self.standby_tasks.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.nullable_array(true, self.warmup_tasks.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        if version >= 1 {
            writer.bool(self.topology_description_required);
        } else if self.topology_description_required {
            return Err(EncodeError::absent(
                "StreamsGroupHeartbeatResponse",
                "topology_description_required",
                version,
            ));
        }
        writer.i32(self.endpoint_information_epoch);
        writer.nullable_array(
            true,
            self.partitions_by_user_endpoint.as_deref(),
            |writer, item| item.encode(writer, version),
        )?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`StreamsGroupHeartbeatResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EndpointToPartitions {
    pub user_endpoint: EndpointResponse,
    pub active_partitions: Vec<TopicPartition>,
    pub standby_partitions: Vec<TopicPartition>,
}

impl EndpointToPartitions {
    fn decode(reader: &mut Reader, version: i16) -> Result<EndpointToPartitions, DecodeError> {
        let message = EndpointToPartitions {
            user_endpoint: EndpointResponse::decode(reader, version)?,
            active_partitions: reader.array(true, 3, |reader| TopicPartition::decode(reader, version))?,
            standby_partitions: reader.array(true, 3, |reader| TopicPartition::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        self.user_endpoint.encode(writer, version)?;
        writer.array(true, &self.active_partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.array(true, &self.standby_partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Status {
    pub status_code: i8,
    pub status_detail: String,
}

impl Status {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Status, DecodeError> {
        let message = Status {
            status_code: reader.i8()?,
            status_detail: reader.string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i8(self.status_code);
        writer.string(true, &self.status_detail)?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicPartition {
    pub topic: String,
    pub partitions: Vec<i32>,
}

impl TopicPartition {
    fn decode(reader: &mut Reader, _version: i16) -> Result<TopicPartition, DecodeError> {
        let message = TopicPartition {
            topic: reader.string(true)?,
            partitions: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic)?;
        writer.plain_array(true, &self.partitions, |writer, item| writer.i32(*item))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TaskIdsResponse {
    pub subtopology_id: String,
    pub partitions: Vec<i32>,
}

impl TaskIdsResponse {
    fn decode(reader: &mut Reader, _version: i16) -> Result<TaskIdsResponse, DecodeError> {
        let message = TaskIdsResponse {
            subtopology_id: reader.string(true)?,
            partitions: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.subtopology_id)?;
        writer.plain_array(true, &self.partitions, |writer, item| writer.i32(*item))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupHeartbeatResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EndpointResponse {
    pub host: String,
    pub port: u16,
}

impl EndpointResponse {
    fn decode(reader: &mut Reader, _version: i16) -> Result<EndpointResponse, DecodeError> {
        let message = EndpointResponse {
            host: reader.string(true)?,
            port: reader.u16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.host)?;
        writer.u16(self.port);
        writer.no_tagged_fields();
        Ok(())
    }
}
