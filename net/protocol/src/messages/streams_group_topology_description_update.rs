//! StreamsGroupTopologyDescriptionUpdate (API key 93). Generated from `schema/streams_group_topology_description_update.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// StreamsGroupTopologyDescriptionUpdateRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StreamsGroupTopologyDescriptionUpdateRequest {
    pub group_id: String,
    pub member_id: String,
    pub topology_epoch: i32,
    pub topology_description: TopologyDescription,
}

impl StreamsGroupTopologyDescriptionUpdateRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<StreamsGroupTopologyDescriptionUpdateRequest, DecodeError> {
        check_version(
            "StreamsGroupTopologyDescriptionUpdateRequest",
            version,
            StreamsGroupTopologyDescriptionUpdateRequest::VERSIONS,
        )?;
        let message = StreamsGroupTopologyDescriptionUpdateRequest {
            group_id: reader.string(true)?,
            member_id: reader.string(true)?,
            topology_epoch: reader.i32()?,
            topology_description: TopologyDescription::decode(reader, version)?,
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
            "StreamsGroupTopologyDescriptionUpdateRequest",
            version,
            StreamsGroupTopologyDescriptionUpdateRequest::VERSIONS,
        )?;
        writer.string(true, &self.group_id)?;
        writer.string(true, &self.member_id)?;
        writer.i32(self.topology_epoch);
        self.topology_description.encode(writer, version)?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`StreamsGroupTopologyDescriptionUpdateRequest`].
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

/// A part of [`StreamsGroupTopologyDescriptionUpdateRequest`].
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

/// A part of [`StreamsGroupTopologyDescriptionUpdateRequest`].
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

/// A part of [`StreamsGroupTopologyDescriptionUpdateRequest`].
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

/// StreamsGroupTopologyDescriptionUpdateResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StreamsGroupTopologyDescriptionUpdateResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
}

impl StreamsGroupTopologyDescriptionUpdateResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<StreamsGroupTopologyDescriptionUpdateResponse, DecodeError> {
        check_version(
            "StreamsGroupTopologyDescriptionUpdateResponse",
            version,
            StreamsGroupTopologyDescriptionUpdateResponse::VERSIONS,
        )?;
        let message = StreamsGroupTopologyDescriptionUpdateResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
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
            "StreamsGroupTopologyDescriptionUpdateResponse",
            version,
            StreamsGroupTopologyDescriptionUpdateResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
