//! Metadata (API key 3). Generated from `schema/metadata.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version, required};

/// MetadataRequest, versions 0 to 13, flexible from 9.
#[derive(Clone, PartialEq, Debug)]
pub struct MetadataRequest {
    /// Null from version 1; default empty, not null.
    pub topics: Option<Vec<MetadataRequestTopic>>,
    /// From version 4; default true.
    pub allow_auto_topic_creation: bool,
    /// Versions 8 to 10.
    pub include_cluster_authorized_operations: bool,
    /// From version 8.
    pub include_topic_authorized_operations: bool,
}

impl Default for MetadataRequest {
    fn default() -> MetadataRequest {
        MetadataRequest {
            topics: Some(Vec::new()),
            allow_auto_topic_creation: true,
            include_cluster_authorized_operations: false,
            include_topic_authorized_operations: false,
        }
    }
}

impl MetadataRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=13;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<MetadataRequest, DecodeError> {
        check_version("MetadataRequest", version, MetadataRequest::VERSIONS)?;
        let flexible = version >= 9;
        let message = MetadataRequest {
            topics: if version >= 1 {
                reader.nullable_array(flexible, 2, |reader| {
                    MetadataRequestTopic::decode(reader, version)
                })?
            } else {
                Some(reader.array(flexible, 2, |reader| {
                    MetadataRequestTopic::decode(reader, version)
                })?)
            },
            allow_auto_topic_creation: if version >= 4 { reader.bool()? } else { true },
            include_cluster_authorized_operations: if (8..=10).contains(&version) {
                reader.bool()?
            } else {
                false
            },
            include_topic_authorized_operations: if version >= 8 { reader.bool()? } else { false },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("MetadataRequest", version, MetadataRequest::VERSIONS)?;
        let flexible = version >= 9;
        if version >= 1 {
            writer.nullable_array(flexible, self.topics.as_deref(), |writer, item| {
                item.encode(writer, version)
            })?;
        } else {
            let value = required(self.topics.as_ref(), "MetadataRequest", "topics", version)?;
            writer.array(flexible, value, |writer, item| item.encode(writer, version))?;
        }
        if version >= 4 {
            writer.bool(self.allow_auto_topic_creation);
        } else if !self.allow_auto_topic_creation {
            return Err(EncodeError::absent(
                "MetadataRequest",
                "allow_auto_topic_creation",
                version,
            ));
        }
        if (8..=10).contains(&version) {
            writer.bool(self.include_cluster_authorized_operations);
        } else if self.include_cluster_authorized_operations {
            return Err(EncodeError::absent(
                "MetadataRequest",
                "include_cluster_authorized_operations",
                version,
            ));
        }
        if version >= 8 {
            writer.bool(self.include_topic_authorized_operations);
        } else if self.include_topic_authorized_operations {
            return Err(EncodeError::absent(
                "MetadataRequest",
                "include_topic_authorized_operations",
                version,
            ));
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`MetadataRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct MetadataRequestTopic {
    /// From version 10.
    pub topic_id: TopicId,
    /// Null from version 10; default empty, not null.
    pub name: Option<String>,
}

impl Default for MetadataRequestTopic {
    fn default() -> MetadataRequestTopic {
        MetadataRequestTopic {
            topic_id: TopicId::ZERO,
            name: Some(String::new()),
        }
    }
}

impl MetadataRequestTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<MetadataRequestTopic, DecodeError> {
        let flexible = version >= 9;
        let message = MetadataRequestTopic {
            topic_id: if version >= 10 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            name: if version >= 10 {
                reader.nullable_string(flexible)?
            } else {
                Some(reader.string(flexible)?)
            },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        if version >= 10 {
            writer.nullable_string(flexible, self.name.as_deref())?;
        } else {
            let value = required(self.name.as_ref(), "MetadataRequestTopic", "name", version)?;
            writer.string(flexible, value)?;
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// MetadataResponse, versions 0 to 13, flexible from 9.
#[derive(Clone, PartialEq, Debug)]
pub struct MetadataResponse {
    /// From version 3.
    pub throttle_time_ms: i32,
    pub brokers: Vec<MetadataResponseBroker>,
    /// From version 2; nullable.
    pub cluster_id: Option<String>,
    /// From version 1; default -1.
    pub controller_id: i32,
    pub topics: Vec<MetadataResponseTopic>,
    /// Versions 8 to 10; default i32::MIN.
    pub cluster_authorized_operations: i32,
    /// From version 13.
    pub error_code: i16,
}

impl Default for MetadataResponse {
    fn default() -> MetadataResponse {
        MetadataResponse {
            throttle_time_ms: 0,
            brokers: Vec::new(),
            cluster_id: None,
            controller_id: -1,
            topics: Vec::new(),
            cluster_authorized_operations: i32::MIN,
            error_code: 0,
        }
    }
}

impl MetadataResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=13;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<MetadataResponse, DecodeError> {
        check_version("MetadataResponse", version, MetadataResponse::VERSIONS)?;
        let flexible = version >= 9;
        let message = MetadataResponse {
            throttle_time_ms: if version >= 3 { reader.i32()? } else { 0 },
            brokers: reader.array(flexible, 10, |reader| {
                MetadataResponseBroker::decode(reader, version)
            })?,
            cluster_id: if version >= 2 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            controller_id: if version >= 1 { reader.i32()? } else { -1 },
            topics: reader.array(flexible, 8, |reader| {
                MetadataResponseTopic::decode(reader, version)
            })?,
            cluster_authorized_operations: if (8..=10).contains(&version) {
                reader.i32()?
            } else {
                i32::MIN
            },
            error_code: if version >= 13 { reader.i16()? } else { 0 },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("MetadataResponse", version, MetadataResponse::VERSIONS)?;
        let flexible = version >= 9;
        if version >= 3 {
            writer.i32(self.throttle_time_ms);
        }
        writer.array(flexible, &self.brokers, |writer, item| {
            item.encode(writer, version)
        })?;
        if version >= 2 {
            writer.nullable_string(flexible, self.cluster_id.as_deref())?;
        }
        if version >= 1 {
            writer.i32(self.controller_id);
        }
        writer.array(flexible, &self.topics, |writer, item| {
            item.encode(writer, version)
        })?;
        if (8..=10).contains(&version) {
            writer.i32(self.cluster_authorized_operations);
        } else if self.cluster_authorized_operations != i32::MIN {
            return Err(EncodeError::absent(
                "MetadataResponse",
                "cluster_authorized_operations",
                version,
            ));
        }
        if version >= 13 {
            writer.i16(self.error_code);
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.topics {
            item.error_codes(tell);
        }
        tell(self.error_code);
    }
}

/// A part of [`MetadataResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct MetadataResponseBroker {
    pub node_id: i32,
    pub host: String,
    pub port: i32,
    /// From version 1; nullable.
    pub rack: Option<String>,
}

impl MetadataResponseBroker {
    fn decode(reader: &mut Reader, version: i16) -> Result<MetadataResponseBroker, DecodeError> {
        let flexible = version >= 9;
        let message = MetadataResponseBroker {
            node_id: reader.i32()?,
            host: reader.string(flexible)?,
            port: reader.i32()?,
            rack: if version >= 1 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i32(self.node_id);
        writer.string(flexible, &self.host)?;
        writer.i32(self.port);
        if version >= 1 {
            writer.nullable_string(flexible, self.rack.as_deref())?;
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`MetadataResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct MetadataResponseTopic {
    pub error_code: i16,
    /// Null from version 12; default empty, not null.
    pub name: Option<String>,
    /// From version 10.
    pub topic_id: TopicId,
    /// From version 1.
    pub is_internal: bool,
    pub partitions: Vec<MetadataResponsePartition>,
    /// From version 8; default i32::MIN.
    pub topic_authorized_operations: i32,
}

impl Default for MetadataResponseTopic {
    fn default() -> MetadataResponseTopic {
        MetadataResponseTopic {
            error_code: 0,
            name: Some(String::new()),
            topic_id: TopicId::ZERO,
            is_internal: false,
            partitions: Vec::new(),
            topic_authorized_operations: i32::MIN,
        }
    }
}

impl MetadataResponseTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<MetadataResponseTopic, DecodeError> {
        let flexible = version >= 9;
        let message = MetadataResponseTopic {
            error_code: reader.i16()?,
            name: if version >= 12 {
                reader.nullable_string(flexible)?
            } else {
                Some(reader.string(flexible)?)
            },
            topic_id: if version >= 10 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            is_internal: if version >= 1 { reader.bool()? } else { false },
            partitions: reader.array(flexible, 18, |reader| {
                MetadataResponsePartition::decode(reader, version)
            })?,
            topic_authorized_operations: if version >= 8 { reader.i32()? } else { i32::MIN },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i16(self.error_code);
        if version >= 12 {
            writer.nullable_string(flexible, self.name.as_deref())?;
        } else {
            let value = required(self.name.as_ref(), "MetadataResponseTopic", "name", version)?;
            writer.string(flexible, value)?;
        }
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        if version >= 1 {
            writer.bool(self.is_internal);
        }
        writer.array(flexible, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        if version >= 8 {
            writer.i32(self.topic_authorized_operations);
        } else if self.topic_authorized_operations != i32::MIN {
            return Err(EncodeError::absent(
                "MetadataResponseTopic",
                "topic_authorized_operations",
                version,
            ));
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
        for item in &self.partitions {
            item.error_codes(tell);
        }
    }
}

/// A part of [`MetadataResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct MetadataResponsePartition {
    pub error_code: i16,
    pub partition_index: i32,
    pub leader_id: i32,
    /// From version 7; default -1.
    pub leader_epoch: i32,
    pub replica_nodes: Vec<i32>,
    pub isr_nodes: Vec<i32>,
    /// From version 5.
    pub offline_replicas: Vec<i32>,
}

impl Default for MetadataResponsePartition {
    fn default() -> MetadataResponsePartition {
        MetadataResponsePartition {
            error_code: 0,
            partition_index: 0,
            leader_id: 0,
            leader_epoch: -1,
            replica_nodes: Vec::new(),
            isr_nodes: Vec::new(),
            offline_replicas: Vec::new(),
        }
    }
}

impl MetadataResponsePartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<MetadataResponsePartition, DecodeError> {
        let flexible = version >= 9;
        let message = MetadataResponsePartition {
            error_code: reader.i16()?,
            partition_index: reader.i32()?,
            leader_id: reader.i32()?,
            leader_epoch: if version >= 7 { reader.i32()? } else { -1 },
            replica_nodes: reader.array(flexible, 4, Reader::i32)?,
            isr_nodes: reader.array(flexible, 4, Reader::i32)?,
            offline_replicas: if version >= 5 {
                reader.array(flexible, 4, Reader::i32)?
            } else {
                Vec::new()
            },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 9;
        writer.i16(self.error_code);
        writer.i32(self.partition_index);
        writer.i32(self.leader_id);
        if version >= 7 {
            writer.i32(self.leader_epoch);
        }
        writer.plain_array(flexible, &self.replica_nodes, |writer, item| writer.i32(*item))?;
        writer.plain_array(flexible, &self.isr_nodes, |writer, item| writer.i32(*item))?;
        if version >= 5 {
            writer.plain_array(flexible, &self.offline_replicas, |writer, item| writer.i32(*item))?;
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
