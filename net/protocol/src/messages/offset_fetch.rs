//! OffsetFetch (API key 9). Generated from `schema/offset_fetch.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version, required};

/// OffsetFetchRequest, versions 1 to 10, flexible from 6.
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetFetchRequest {
    /// Versions 0 to 7.
    pub group_id: String,
    /// Versions 0 to 7; null versions 2 to 7; default empty, not null.
    pub topics: Option<Vec<OffsetFetchRequestTopic>>,
    /// From version 8.
    pub groups: Vec<OffsetFetchRequestGroup>,
    /// From version 7.
    pub require_stable: bool,
}

impl Default for OffsetFetchRequest {
    fn default() -> OffsetFetchRequest {
        OffsetFetchRequest {
            group_id: String::new(),
            topics: Some(Vec::new()),
            groups: Vec::new(),
            require_stable: false,
        }
    }
}

impl OffsetFetchRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=10;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<OffsetFetchRequest, DecodeError> {
        check_version("OffsetFetchRequest", version, OffsetFetchRequest::VERSIONS)?;
        let flexible = version >= 6;
        let message = OffsetFetchRequest {
            group_id: if version <= 7 {
                reader.string(flexible)?
            } else {
                String::new()
            },
            topics: if version <= 7 {
                if version >= 2 {
                    reader.nullable_array(flexible, 3, |reader| {
                        OffsetFetchRequestTopic::decode(reader, version)
                    })?
                } else {
                    Some(reader.array(flexible, 3, |reader| {
                        OffsetFetchRequestTopic::decode(reader, version)
                    })?)
                }
            } else {
                Some(Vec::new())
            },
            groups: if version >= 8 {
                reader.array(flexible, 3, |reader| {
                    OffsetFetchRequestGroup::decode(reader, version)
                })?
            } else {
                Vec::new()
            },
            require_stable: if version >= 7 { reader.bool()? } else { false },
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
        check_version("OffsetFetchRequest", version, OffsetFetchRequest::VERSIONS)?;
        let flexible = version >= 6;
        if version <= 7 {
            writer.string(flexible, &self.group_id)?;
        } else if !self.group_id.is_empty() {
            return Err(EncodeError::absent("OffsetFetchRequest", "group_id", version));
        }
        if version <= 7 {
            if version >= 2 {
                writer.nullable_array(flexible, self.topics.as_deref(), |writer, item| {
                    item.encode(writer, version)
                })?;
            } else {
                let value = required(self.topics.as_ref(), "OffsetFetchRequest", "topics", version)?;
                writer.array(flexible, value, |writer, item| item.encode(writer, version))?;
            }
        } else if self.topics.as_ref().is_none_or(|value| !value.is_empty()) {
            return Err(EncodeError::absent("OffsetFetchRequest", "topics", version));
        }
        if version >= 8 {
            writer.array(flexible, &self.groups, |writer, item| {
                item.encode(writer, version)
            })?;
        } else if !self.groups.is_empty() {
            return Err(EncodeError::absent("OffsetFetchRequest", "groups", version));
        }
        if version >= 7 {
            writer.bool(self.require_stable);
        } else if self.require_stable {
            return Err(EncodeError::absent(
                "OffsetFetchRequest",
                "require_stable",
                version,
            ));
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`OffsetFetchRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetFetchRequestTopic {
    pub name: String,
    pub partition_indexes: Vec<i32>,
}

impl OffsetFetchRequestTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetFetchRequestTopic, DecodeError> {
        let flexible = version >= 6;
        let message = OffsetFetchRequestTopic {
            name: reader.string(flexible)?,
            partition_indexes: reader.array(flexible, 4, Reader::i32)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.string(flexible, &self.name)?;
        writer.plain_array(flexible, &self.partition_indexes, |writer, item| {
            writer.i32(*item)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`OffsetFetchRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetFetchRequestGroup {
    pub group_id: String,
    /// From version 9; nullable.
    pub member_id: Option<String>,
    /// From version 9; default -1.
    pub member_epoch: i32,
    /// Nullable; default empty, not null.
    pub topics: Option<Vec<OffsetFetchRequestTopics>>,
}

impl Default for OffsetFetchRequestGroup {
    fn default() -> OffsetFetchRequestGroup {
        OffsetFetchRequestGroup {
            group_id: String::new(),
            member_id: None,
            member_epoch: -1,
            topics: Some(Vec::new()),
        }
    }
}

impl OffsetFetchRequestGroup {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetFetchRequestGroup, DecodeError> {
        let message = OffsetFetchRequestGroup {
            group_id: reader.string(true)?,
            member_id: if version >= 9 {
                reader.nullable_string(true)?
            } else {
                None
            },
            member_epoch: if version >= 9 { reader.i32()? } else { -1 },
            topics: reader.nullable_array(true, 3, |reader| {
                OffsetFetchRequestTopics::decode(reader, version)
            })?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.group_id)?;
        if version >= 9 {
            writer.nullable_string(true, self.member_id.as_deref())?;
        }
        if version >= 9 {
            writer.i32(self.member_epoch);
        }
        writer.nullable_array(true, self.topics.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`OffsetFetchRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetFetchRequestTopics {
    /// Versions 8 to 9.
    pub name: String,
    /// From version 10.
    pub topic_id: TopicId,
    pub partition_indexes: Vec<i32>,
}

impl OffsetFetchRequestTopics {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetFetchRequestTopics, DecodeError> {
        let message = OffsetFetchRequestTopics {
            name: if version <= 9 {
                reader.string(true)?
            } else {
                String::new()
            },
            topic_id: if version >= 10 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            partition_indexes: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version <= 9 {
            writer.string(true, &self.name)?;
        }
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
        writer.plain_array(true, &self.partition_indexes, |writer, item| writer.i32(*item))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// OffsetFetchResponse, versions 1 to 10, flexible from 6.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetFetchResponse {
    /// From version 3.
    pub throttle_time_ms: i32,
    /// Versions 0 to 7.
    pub topics: Vec<OffsetFetchResponseTopic>,
    /// Versions 2 to 7.
    pub error_code: i16,
    /// From version 8.
    pub groups: Vec<OffsetFetchResponseGroup>,
}

impl OffsetFetchResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=10;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<OffsetFetchResponse, DecodeError> {
        check_version("OffsetFetchResponse", version, OffsetFetchResponse::VERSIONS)?;
        let flexible = version >= 6;
        let message = OffsetFetchResponse {
            throttle_time_ms: if version >= 3 { reader.i32()? } else { 0 },
            topics: if version <= 7 {
                reader.array(flexible, 3, |reader| {
                    OffsetFetchResponseTopic::decode(reader, version)
                })?
            } else {
                Vec::new()
            },
            error_code: if (2..=7).contains(&version) {
                reader.i16()?
            } else {
                0
            },
            groups: if version >= 8 {
                reader.array(flexible, 5, |reader| {
                    OffsetFetchResponseGroup::decode(reader, version)
                })?
            } else {
                Vec::new()
            },
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
        check_version("OffsetFetchResponse", version, OffsetFetchResponse::VERSIONS)?;
        let flexible = version >= 6;
        if version >= 3 {
            writer.i32(self.throttle_time_ms);
        }
        if version <= 7 {
            writer.array(flexible, &self.topics, |writer, item| {
                item.encode(writer, version)
            })?;
        } else if !self.topics.is_empty() {
            return Err(EncodeError::absent("OffsetFetchResponse", "topics", version));
        }
        if (2..=7).contains(&version) {
            writer.i16(self.error_code);
        }
        if version >= 8 {
            writer.array(flexible, &self.groups, |writer, item| {
                item.encode(writer, version)
            })?;
        } else if !self.groups.is_empty() {
            return Err(EncodeError::absent("OffsetFetchResponse", "groups", version));
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
        for item in &self.groups {
            item.error_codes(tell);
        }
    }
}

/// A part of [`OffsetFetchResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetFetchResponseTopic {
    pub name: String,
    pub partitions: Vec<OffsetFetchResponsePartition>,
}

impl OffsetFetchResponseTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetFetchResponseTopic, DecodeError> {
        let flexible = version >= 6;
        let message = OffsetFetchResponseTopic {
            name: reader.string(flexible)?,
            partitions: reader.array(flexible, 16, |reader| {
                OffsetFetchResponsePartition::decode(reader, version)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.string(flexible, &self.name)?;
        writer.array(flexible, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.partitions {
            item.error_codes(tell);
        }
    }
}

/// A part of [`OffsetFetchResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetFetchResponsePartition {
    pub partition_index: i32,
    pub committed_offset: i64,
    /// From version 5; default -1.
    pub committed_leader_epoch: i32,
    /// Nullable; default empty, not null.
    pub metadata: Option<String>,
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartition {
    fn default() -> OffsetFetchResponsePartition {
        OffsetFetchResponsePartition {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(String::new()),
            error_code: 0,
        }
    }
}

impl OffsetFetchResponsePartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetFetchResponsePartition, DecodeError> {
        let flexible = version >= 6;
        let message = OffsetFetchResponsePartition {
            partition_index: reader.i32()?,
            committed_offset: reader.i64()?,
            committed_leader_epoch: if version >= 5 { reader.i32()? } else { -1 },
            metadata: reader.nullable_string(flexible)?,
            error_code: reader.i16()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.i32(self.partition_index);
        writer.i64(self.committed_offset);
        if version >= 5 {
            writer.i32(self.committed_leader_epoch);
        }
        writer.nullable_string(flexible, self.metadata.as_deref())?;
        writer.i16(self.error_code);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`OffsetFetchResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetFetchResponseGroup {
    pub group_id: String,
    pub topics: Vec<OffsetFetchResponseTopics>,
    pub error_code: i16,
}

impl OffsetFetchResponseGroup {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetFetchResponseGroup, DecodeError> {
        let message = OffsetFetchResponseGroup {
            group_id: reader.string(true)?,
            topics: reader.array(true, 3, |reader| {
                OffsetFetchResponseTopics::decode(reader, version)
            })?,
            error_code: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.group_id)?;
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.i16(self.error_code);
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.topics {
            item.error_codes(tell);
        }
        tell(self.error_code);
    }
}

/// A part of [`OffsetFetchResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetFetchResponseTopics {
    /// Versions 8 to 9.
    pub name: String,
    /// From version 10.
    pub topic_id: TopicId,
    pub partitions: Vec<OffsetFetchResponsePartitions>,
}

impl OffsetFetchResponseTopics {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetFetchResponseTopics, DecodeError> {
        let message = OffsetFetchResponseTopics {
            name: if version <= 9 {
                reader.string(true)?
            } else {
                String::new()
            },
            topic_id: if version >= 10 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            partitions: reader.array(true, 20, |reader| {
                OffsetFetchResponsePartitions::decode(reader, version)
            })?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if version <= 9 {
            writer.string(true, &self.name)?;
        }
        if version >= 10 {
            writer.uuid(self.topic_id);
        }
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

/// A part of [`OffsetFetchResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetFetchResponsePartitions {
    pub partition_index: i32,
    pub committed_offset: i64,
    /// Default -1.
    pub committed_leader_epoch: i32,
    /// Nullable; default empty, not null.
    pub metadata: Option<String>,
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartitions {
    fn default() -> OffsetFetchResponsePartitions {
        OffsetFetchResponsePartitions {
            partition_index: 0,
            committed_offset: 0,
            committed_leader_epoch: -1,
            metadata: Some(String::new()),
            error_code: 0,
        }
    }
}

impl OffsetFetchResponsePartitions {
    fn decode(reader: &mut Reader, _version: i16) -> Result<OffsetFetchResponsePartitions, DecodeError> {
        let message = OffsetFetchResponsePartitions {
            partition_index: reader.i32()?,
            committed_offset: reader.i64()?,
            committed_leader_epoch: reader.i32()?,
            metadata: reader.nullable_string(true)?,
            error_code: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i64(self.committed_offset);
        writer.i32(self.committed_leader_epoch);
        writer.nullable_string(true, self.metadata.as_deref())?;
        writer.i16(self.error_code);
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
