//! CreateTopics (API key 19). Generated from `schema/create_topics.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, TaggedFields, Writer, check_version};

/// CreateTopicsRequest, versions 2 to 7, flexible from 5.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateTopicsRequest {
    pub topics: Vec<CreatableTopic>,
    /// Default 60000.
    pub timeout_ms: i32,
    pub validate_only: bool,
}

impl Default for CreateTopicsRequest {
    fn default() -> CreateTopicsRequest {
        CreateTopicsRequest {
            topics: Vec::new(),
            timeout_ms: 60000,
            validate_only: false,
        }
    }
}

impl CreateTopicsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 2..=7;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<CreateTopicsRequest, DecodeError> {
        check_version("CreateTopicsRequest", version, CreateTopicsRequest::VERSIONS)?;
        let flexible = version >= 5;
        let message = CreateTopicsRequest {
            topics: reader.array(flexible, 10, |reader| CreatableTopic::decode(reader, version))?,
            timeout_ms: reader.i32()?,
            validate_only: reader.bool()?,
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
        check_version("CreateTopicsRequest", version, CreateTopicsRequest::VERSIONS)?;
        let flexible = version >= 5;
        writer.array(flexible, &self.topics, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.i32(self.timeout_ms);
        writer.bool(self.validate_only);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`CreateTopicsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreatableTopic {
    pub name: String,
    pub num_partitions: i32,
    pub replication_factor: i16,
    pub assignments: Vec<CreatableReplicaAssignment>,
    pub configs: Vec<CreatableTopicConfig>,
}

impl CreatableTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<CreatableTopic, DecodeError> {
        let flexible = version >= 5;
        let message = CreatableTopic {
            name: reader.string(flexible)?,
            num_partitions: reader.i32()?,
            replication_factor: reader.i16()?,
            assignments: reader.array(flexible, 6, |reader| {
                CreatableReplicaAssignment::decode(reader, version)
            })?,
            configs: reader.array(flexible, 3, |reader| {
                CreatableTopicConfig::decode(reader, version)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.string(flexible, &self.name)?;
        writer.i32(self.num_partitions);
        writer.i16(self.replication_factor);
        writer.array(flexible, &self.assignments, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.array(flexible, &self.configs, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`CreateTopicsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreatableReplicaAssignment {
    pub partition_index: i32,
    pub broker_ids: Vec<i32>,
}

impl CreatableReplicaAssignment {
    fn decode(reader: &mut Reader, version: i16) -> Result<CreatableReplicaAssignment, DecodeError> {
        let flexible = version >= 5;
        let message = CreatableReplicaAssignment {
            partition_index: reader.i32()?,
            broker_ids: reader.array(flexible, 4, Reader::i32)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.i32(self.partition_index);
        writer.plain_array(flexible, &self.broker_ids, |writer, item| writer.i32(*item))?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`CreateTopicsRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct CreatableTopicConfig {
    pub name: String,
    /// Nullable; default empty, not null.
    pub value: Option<String>,
}

impl Default for CreatableTopicConfig {
    fn default() -> CreatableTopicConfig {
        CreatableTopicConfig {
            name: String::new(),
            value: Some(String::new()),
        }
    }
}

impl CreatableTopicConfig {
    fn decode(reader: &mut Reader, version: i16) -> Result<CreatableTopicConfig, DecodeError> {
        let flexible = version >= 5;
        let message = CreatableTopicConfig {
            name: reader.string(flexible)?,
            value: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.string(flexible, &self.name)?;
        writer.nullable_string(flexible, self.value.as_deref())?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// CreateTopicsResponse, versions 2 to 7, flexible from 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreateTopicsResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<CreatableTopicResult>,
}

impl CreateTopicsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 2..=7;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<CreateTopicsResponse, DecodeError> {
        check_version("CreateTopicsResponse", version, CreateTopicsResponse::VERSIONS)?;
        let flexible = version >= 5;
        let message = CreateTopicsResponse {
            throttle_time_ms: reader.i32()?,
            topics: reader.array(flexible, 6, |reader| {
                CreatableTopicResult::decode(reader, version)
            })?,
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
        check_version("CreateTopicsResponse", version, CreateTopicsResponse::VERSIONS)?;
        let flexible = version >= 5;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.topics, |writer, item| {
            item.encode(writer, version)
        })?;
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
    }
}

/// A part of [`CreateTopicsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct CreatableTopicResult {
    pub name: String,
    /// From version 7.
    pub topic_id: TopicId,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
    /// From version 5; tag 0.
    pub topic_config_error_code: i16,
    /// From version 5; default -1.
    pub num_partitions: i32,
    /// From version 5; default -1.
    pub replication_factor: i16,
    /// From version 5; nullable; default empty, not null.
    pub configs: Option<Vec<CreatableTopicConfigs>>,
}

impl Default for CreatableTopicResult {
    fn default() -> CreatableTopicResult {
        CreatableTopicResult {
            name: String::new(),
            topic_id: TopicId::ZERO,
            error_code: 0,
            error_message: Some(String::new()),
            topic_config_error_code: 0,
            num_partitions: -1,
            replication_factor: -1,
            configs: Some(Vec::new()),
        }
    }
}

impl CreatableTopicResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<CreatableTopicResult, DecodeError> {
        let flexible = version >= 5;
        let mut message = CreatableTopicResult {
            name: reader.string(flexible)?,
            topic_id: if version >= 7 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            topic_config_error_code: 0,
            num_partitions: if version >= 5 { reader.i32()? } else { -1 },
            replication_factor: if version >= 5 { reader.i16()? } else { -1 },
            configs: if version >= 5 {
                reader.nullable_array(flexible, 6, |reader| {
                    CreatableTopicConfigs::decode(reader, version)
                })?
            } else {
                Some(Vec::new())
            },
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 => message.topic_config_error_code = reader.i16()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.string(flexible, &self.name)?;
        if version >= 7 {
            writer.uuid(self.topic_id);
        }
        writer.i16(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        if version >= 5 {
            writer.i32(self.num_partitions);
        }
        if version >= 5 {
            writer.i16(self.replication_factor);
        }
        if version >= 5 {
            writer.nullable_array(flexible, self.configs.as_deref(), |writer, item| {
                item.encode(writer, version)
            })?;
        }
        if flexible {
            let mut tags = TaggedFields::new();
            if self.topic_config_error_code != 0 {
                tags.add(0, |writer| {
                    writer.i16(self.topic_config_error_code);
                    Ok(())
                })?;
            }
            writer.tagged_fields(&tags);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`CreateTopicsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct CreatableTopicConfigs {
    pub name: String,
    /// Nullable; default empty, not null.
    pub value: Option<String>,
    pub read_only: bool,
    /// Default -1.
    pub config_source: i8,
    pub is_sensitive: bool,
}

impl Default for CreatableTopicConfigs {
    fn default() -> CreatableTopicConfigs {
        CreatableTopicConfigs {
            name: String::new(),
            value: Some(String::new()),
            read_only: false,
            config_source: -1,
            is_sensitive: false,
        }
    }
}

impl CreatableTopicConfigs {
    fn decode(reader: &mut Reader, _version: i16) -> Result<CreatableTopicConfigs, DecodeError> {
        let message = CreatableTopicConfigs {
            name: reader.string(true)?,
            value: reader.nullable_string(true)?,
            read_only: reader.bool()?,
            config_source: reader.i8()?,
            is_sensitive: reader.bool()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.nullable_string(true, self.value.as_deref())?;
        writer.bool(self.read_only);
        writer.i8(self.config_source);
        writer.bool(self.is_sensitive);
        writer.no_tagged_fields();
        Ok(())
    }
}
