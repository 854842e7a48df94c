//! DeleteTopics (API key 20). Generated from `schema/delete_topics.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version, required};

/// DeleteTopicsRequest, versions 1 to 6, flexible from 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteTopicsRequest {
    /// From version 6.
    pub topics: Vec<DeleteTopicState>,
    /// Versions 0 to 5.
    pub topic_names: Vec<String>,
    pub timeout_ms: i32,
}

impl DeleteTopicsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=6;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DeleteTopicsRequest, DecodeError> {
        check_version("DeleteTopicsRequest", version, DeleteTopicsRequest::VERSIONS)?;
        let flexible = version >= 4;
        let message = DeleteTopicsRequest {
            topics: if version >= 6 {
                reader.array(flexible, 18, |reader| DeleteTopicState::decode(reader, version))?
            } else {
                Vec::new()
            },
            topic_names: if version <= 5 {
                reader.array(flexible, 1, |reader| reader.string(flexible))?
            } else {
                Vec::new()
            },
            timeout_ms: reader.i32()?,
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
        check_version("DeleteTopicsRequest", version, DeleteTopicsRequest::VERSIONS)?;
        let flexible = version >= 4;
        if version >= 6 {
            writer.array(flexible, &self.topics, |writer, item| {
                item.encode(writer, version)
            })?;
        } else if !self.topics.is_empty() {
            return Err(EncodeError::absent("DeleteTopicsRequest", "topics", version));
        }
        if version <= 5 {
            writer.array(flexible, &self.topic_names, |writer, item| {
                writer.string(flexible, item)
            })?;
        }
        writer.i32(self.timeout_ms);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`DeleteTopicsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteTopicState {
    /// Nullable.
    pub name: Option<String>,
    pub topic_id: TopicId,
}

impl DeleteTopicState {
    fn decode(reader: &mut Reader, _version: i16) -> Result<DeleteTopicState, DecodeError> {
        let message = DeleteTopicState {
            name: reader.nullable_string(true)?,
            topic_id: reader.uuid()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.nullable_string(true, self.name.as_deref())?;
        writer.uuid(self.topic_id);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// DeleteTopicsResponse, versions 1 to 6, flexible from 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeleteTopicsResponse {
    pub throttle_time_ms: i32,
    pub responses: Vec<DeletableTopicResult>,
}

impl DeleteTopicsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=6;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DeleteTopicsResponse, DecodeError> {
        check_version("DeleteTopicsResponse", version, DeleteTopicsResponse::VERSIONS)?;
        let flexible = version >= 4;
        let message = DeleteTopicsResponse {
            throttle_time_ms: reader.i32()?,
            responses: reader.array(flexible, 4, |reader| {
                DeletableTopicResult::decode(reader, version)
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
        check_version("DeleteTopicsResponse", version, DeleteTopicsResponse::VERSIONS)?;
        let flexible = version >= 4;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.responses, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.responses {
            item.error_codes(tell);
        }
    }
}

/// A part of [`DeleteTopicsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct DeletableTopicResult {
    /// Null from version 6; default empty, not null.
    pub name: Option<String>,
    /// From version 6.
    pub topic_id: TopicId,
    pub error_code: i16,
    /// From version 5; nullable.
    pub error_message: Option<String>,
}

impl Default for DeletableTopicResult {
    fn default() -> DeletableTopicResult {
        DeletableTopicResult {
            name: Some(String::new()),
            topic_id: TopicId::ZERO,
            error_code: 0,
            error_message: None,
        }
    }
}

impl DeletableTopicResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<DeletableTopicResult, DecodeError> {
        let flexible = version >= 4;
        let message = DeletableTopicResult {
            name: if version >= 6 {
                reader.nullable_string(flexible)?
            } else {
                Some(reader.string(flexible)?)
            },
            topic_id: if version >= 6 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            error_code: reader.i16()?,
            error_message: if version >= 5 {
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
        let flexible = version >= 4;
        if version >= 6 {
            writer.nullable_string(flexible, self.name.as_deref())?;
        } else {
            let value = required(self.name.as_ref(), "DeletableTopicResult", "name", version)?;
            writer.string(flexible, value)?;
        }
        if version >= 6 {
            writer.uuid(self.topic_id);
        }
        writer.i16(self.error_code);
        if version >= 5 {
            writer.nullable_string(flexible, self.error_message.as_deref())?;
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
