//! StreamsGroupDescribe (API key 89). Generated from `schema/streams_group_describe.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// StreamsGroupDescribeRequest, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StreamsGroupDescribeRequest {
    pub group_ids: Vec<String>,
    pub include_authorized_operations: bool,
    /// From version 1.
    pub include_topology_description: bool,
}

impl StreamsGroupDescribeRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<StreamsGroupDescribeRequest, DecodeError> {
        check_version(
            "StreamsGroupDescribeRequest",
            version,
            StreamsGroupDescribeRequest::VERSIONS,
        )?;
        let message = StreamsGroupDescribeRequest {
            group_ids: reader.array(true, 1, |reader| reader.string(true))?,
            include_authorized_operations: reader.bool()?,
            include_topology_description: if version >= 1 { reader.bool()? } else { false },
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
            "StreamsGroupDescribeRequest",
            version,
            StreamsGroupDescribeRequest::VERSIONS,
        )?;
        writer.array(true, &self.group_ids, |writer, item| writer.string(true, item))?;
        writer.bool(self.include_authorized_operations);
        if version >= 1 {
            writer.bool(self.include_topology_description);
        } else if self.include_topology_description {
            return Err(EncodeError::absent(
                "StreamsGroupDescribeRequest",
                "include_topology_description",
                version,
            ));
        }
        writer.no_tagged_fields();
        Ok(())
    }
}

/// StreamsGroupDescribeResponse, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StreamsGroupDescribeResponse {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
}

impl StreamsGroupDescribeResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<StreamsGroupDescribeResponse, DecodeError> {
        check_version(
            "StreamsGroupDescribeResponse",
            version,
            StreamsGroupDescribeResponse::VERSIONS,
        )?;
        let message = StreamsGroupDescribeResponse {
            throttle_time_ms: reader.i32()?,
            groups: reader.array(true, 20, |reader| DescribedGroup::decode(reader, version))?,
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
            "StreamsGroupDescribeResponse",
            version,
            StreamsGroupDescribeResponse::VERSIONS,
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

/// A part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct DescribedGroup {
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
    pub group_id: String,
    pub group_state: String,
    pub group_epoch: i32,
    pub assignment_epoch: i32,
    /// Nullable.
    pub topology: Option<Topology>,
    pub members: Vec<Member>,
    /// Default i32::MIN.
    pub authorized_operations: i32,
    /// From version 1; nullable.
    pub topology_description: Option<TopologyDescription>,
    /// From version 1.
    pub topology_description_status: i8,
    /// From version 1; nullable.
    pub assignor_name: Option<String>,
}

impl Default for DescribedGroup {
    fn default() -> DescribedGroup {
        DescribedGroup {
            error_code: 0,
            error_message: None,
            group_id: String::new(),
            group_state: String::new(),
            group_epoch: 0,
            assignment_epoch: 0,
            topology: None,
            members: Vec::new(),
            authorized_operations: i32::MIN,
            topology_description: None,
            topology_description_status: 0,
            assignor_name: None,
        }
    }
}

impl DescribedGroup {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribedGroup, DecodeError> {
        let message = DescribedGroup {
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            group_id: reader.string(true)?,
            group_state: reader.string(true)?,
            group_epoch: reader.i32()?,
            assignment_epoch: reader.i32()?,
            topology: reader.nullable_struct(|reader| Topology::decode(reader, version))?,
            members: reader.array(true, 28, |reader| Member::decode(reader, version))?,
            authorized_operations: reader.i32()?,
            topology_description: if version >= 1 {
                reader.nullable_struct(|reader| TopologyDescription::decode(reader, version))?
            } else {
                None
            },
            topology_description_status: if version >= 1 { reader.i8()? } else { 0 },
            assignor_name: if version >= 1 {
                reader.nullable_string(true)?
            } else {
                None
            },
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.string(true, &self.group_id)?;
        writer.string(true, &self.group_state)?;
        writer.i32(self.group_epoch);
        writer.i32(self.assignment_epoch);
        writer.nullable_struct(self.topology.as_ref(), |writer, value| {
            value.encode(writer, version)
        })?;
        writer.array(true, &self.members, |writer, item| item.encode(writer, version))?;
        writer.i32(self.authorized_operations);
        if version >= 1 {
            writer.nullable_struct(self.topology_description.as_ref(), |writer, value| {
                value.encode(writer, version)
            })?;
        } else if self.topology_description.is_some() {
            return Err(EncodeError::absent(
                "DescribedGroup",
                "topology_description",
                version,
            ));
        }
        if version >= 1 {
            writer.i8(self.topology_description_status);
        } else if self.topology_description_status != 0 {
            return Err(EncodeError::absent(
                "DescribedGroup",
                "topology_description_status",
                version,
            ));
        }
        if version >= 1 {
            writer.nullable_string(true, self.assignor_name.as_deref())?;
        }
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Topology {
    pub epoch: i32,
    /// Nullable.
    pub subtopologies: Option<Vec<Subtopology>>,
}

impl Topology {
    fn decode(reader: &mut Reader, version: i16) -> Result<Topology, DecodeError> {
        let message = Topology {
            epoch: reader.i32()?,
            subtopologies: reader.nullable_array(true, 6, |reader| Subtopology::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.epoch);
        writer.nullable_array(true, self.subtopologies.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Subtopology {
    pub subtopology_id: String,
    pub source_topics: Vec<String>,
    pub repartition_sink_topics: Vec<String>,
    pub state_changelog_topics: Vec<TopicInfo>,
    pub repartition_source_topics: Vec<TopicInfo>,
}

impl Subtopology {
    fn decode(reader: &mut Reader, version: i16) -> Result<Subtopology, DecodeError> {
        let message = Subtopology {
            subtopology_id: reader.string(true)?,
            source_topics: reader.array(true, 1, |reader| reader.string(true))?,
            repartition_sink_topics: reader.array(true, 1, |reader| reader.string(true))?,
            state_changelog_topics: reader.array(true, 9, |reader| TopicInfo::decode(reader, version))?,
            repartition_source_topics: reader.array(true, 9, |reader| TopicInfo::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.subtopology_id)?;
        writer.array(true, &self.source_topics, |writer, item| {
            writer.string(true, item)
        })?;
        writer.array(true, &self.repartition_sink_topics, |writer, item| {
            writer.string(true, item)
        })?;
        writer.array(true, &self.state_changelog_topics, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.array(true, &self.repartition_source_topics, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Member {
    pub member_id: String,
    pub member_epoch: i32,
    /// Nullable.
    pub instance_id: Option<String>,
    /// Nullable.
    pub rack_id: Option<String>,
    pub client_id: String,
    pub client_host: String,
    pub topology_epoch: i32,
    pub process_id: String,
    /// Nullable.
    pub user_endpoint: Option<Endpoint>,
    pub client_tags: Vec<KeyValue>,
    pub task_offsets: Vec<TaskOffset>,
    pub task_end_offsets: Vec<TaskOffset>,
    pub assignment: Assignment,
    pub target_assignment: Assignment,
    pub is_classic: bool,
}

impl Member {
    fn decode(reader: &mut Reader, version: i16) -> Result<Member, DecodeError> {
        let message = Member {
            member_id: reader.string(true)?,
            member_epoch: reader.i32()?,
            instance_id: reader.nullable_string(true)?,
            rack_id: reader.nullable_string(true)?,
            client_id: reader.string(true)?,
            client_host: reader.string(true)?,
            topology_epoch: reader.i32()?,
            process_id: reader.string(true)?,
            user_endpoint: reader.nullable_struct(|reader| Endpoint::decode(reader, version))?,
            client_tags: reader.array(true, 3, |reader| KeyValue::decode(reader, version))?,
            task_offsets: reader.array(true, 14, |reader| TaskOffset::decode(reader, version))?,
            task_end_offsets: reader.array(true, 14, |reader| TaskOffset::decode(reader, version))?,
            assignment: Assignment::decode(reader, version)?,
            target_assignment: Assignment::decode(reader, version)?,
            is_classic: reader.bool()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.member_id)?;
        writer.i32(self.member_epoch);
        writer.nullable_string(true, self.instance_id.as_deref())?;
        writer.nullable_string(true, self.rack_id.as_deref())?;
        writer.string(true, &self.client_id)?;
        writer.string(true, &self.client_host)?;
        writer.i32(self.topology_epoch);
        writer.string(true, &self.process_id)?;
        writer.nullable_struct(self.user_endpoint.as_ref(), |writer, value| {
            value.encode(writer, version)
        })?;
        writer.array(true, &self.client_tags, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.array(true, &self.task_offsets, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.array(true, &self.task_end_offsets, |writer, item| {
            item.encode(writer, version)
        })?;
        self.assignment.encode(writer, version)?;
        self.target_assignment.encode(writer, version)?;
        writer.bool(self.is_classic);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
}

impl Endpoint {
    fn decode(reader: &mut Reader, _version: i16) -> Result<Endpoint, DecodeError> {
        let message = Endpoint {
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

/// A part of [`StreamsGroupDescribeResponse`].
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

/// A part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Assignment {
    pub active_tasks: Vec<TaskIds>,
    pub standby_tasks: Vec<TaskIds>,
    pub warmup_tasks: Vec<TaskIds>,
}

impl Assignment {
    fn decode(reader: &mut Reader, version: i16) -> Result<Assignment, DecodeError> {
        let message = Assignment {
            active_tasks: reader.array(true, 3, |reader| TaskIds::decode(reader, version))?,
            standby_tasks: reader.array(true, 3, |reader| TaskIds::decode(reader, version))?,
            warmup_tasks: reader.array(true, 3, |reader| TaskIds::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.array(true, &self.active_tasks, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.array(true, &self.standby_tasks, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.array(true, &self.warmup_tasks, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TaskIds {
    pub subtopology_id: String,
    pub partitions: Vec<i32>,
}

impl TaskIds {
    fn decode(reader: &mut Reader, _version: i16) -> Result<TaskIds, DecodeError> {
        let message = TaskIds {
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

/// A part of [`StreamsGroupDescribeResponse`].
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

/// A part of [`StreamsGroupDescribeResponse`].
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

/// A part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopologyDescription {
    pub subtopologies: Vec<TopologyDescriptionSubtopology>,
    pub global_stores: Vec<TopologyDescriptionGlobalStore>,
}

impl TopologyDescription {
    fn decode(reader: &mut Reader, version: i16) -> Result<TopologyDescription, DecodeError> {
        let message = TopologyDescription {
            subtopologies: reader.array(true, 3, |reader| {
                TopologyDescriptionSubtopology::decode(reader, version)
            })?,
            global_stores: reader.array(true, 15, |reader| {
                TopologyDescriptionGlobalStore::decode(reader, version)
            })?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.array(true, &self.subtopologies, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.array(true, &self.global_stores, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopologyDescriptionSubtopology {
    pub subtopology_id: String,
    pub nodes: Vec<TopologyDescriptionNode>,
}

impl TopologyDescriptionSubtopology {
    fn decode(reader: &mut Reader, version: i16) -> Result<TopologyDescriptionSubtopology, DecodeError> {
        let message = TopologyDescriptionSubtopology {
            subtopology_id: reader.string(true)?,
            nodes: reader.array(true, 7, |reader| TopologyDescriptionNode::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.subtopology_id)?;
        writer.array(true, &self.nodes, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopologyDescriptionNode {
    pub name: String,
    pub node_type: i8,
    pub source_topics: Vec<String>,
    /// Nullable.
    pub sink_topic: Option<String>,
    pub stores: Vec<String>,
    pub successors: Vec<String>,
}

impl TopologyDescriptionNode {
    fn decode(reader: &mut Reader, _version: i16) -> Result<TopologyDescriptionNode, DecodeError> {
        let message = TopologyDescriptionNode {
            name: reader.string(true)?,
            node_type: reader.i8()?,
            source_topics: reader.array(true, 1, |reader| reader.string(true))?,
            sink_topic: reader.nullable_string(true)?,
            stores: reader.array(true, 1, |reader| reader.string(true))?,
            successors: reader.array(true, 1, |reader| reader.string(true))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.i8(self.node_type);
        writer.array(true, &self.source_topics, |writer, item| {
            writer.string(true, item)
        })?;
        writer.nullable_string(true, self.sink_topic.as_deref())?;
        writer.array(true, &self.stores, |writer, item| writer.string(true, item))?;
        writer.array(true, &self.successors, |writer, item| writer.string(true, item))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopologyDescriptionGlobalStore {
    pub source: TopologyDescriptionNode,
    pub processor: TopologyDescriptionNode,
}

impl TopologyDescriptionGlobalStore {
    fn decode(reader: &mut Reader, version: i16) -> Result<TopologyDescriptionGlobalStore, DecodeError> {
        let message = TopologyDescriptionGlobalStore {
            source: TopologyDescriptionNode::decode(reader, version)?,
            processor: TopologyDescriptionNode::decode(reader, version)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        self.source.encode(writer, version)?;
        self.processor.encode(writer, version)?;
        writer.no_tagged_fields();
        Ok(())
    }
}
