//! CreatePartitions (API key 37). Generated from `schema/create_partitions.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// CreatePartitionsRequest, versions 0 to 3, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreatePartitionsRequest {
    pub topics: Vec<CreatePartitionsTopic>,
    pub timeout_ms: i32,
    pub validate_only: bool,
}

impl CreatePartitionsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<CreatePartitionsRequest, DecodeError> {
        check_version(
            "CreatePartitionsRequest",
            version,
            CreatePartitionsRequest::VERSIONS,
        )?;
        let flexible = version >= 2;
        let message = CreatePartitionsRequest {
            topics: reader.array(flexible, 7, |reader| {
                CreatePartitionsTopic::decode(reader, version)
            })?,
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
        check_version(
            "CreatePartitionsRequest",
            version,
            CreatePartitionsRequest::VERSIONS,
        )?;
        let flexible = version >= 2;
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

/// A part of [`CreatePartitionsRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct CreatePartitionsTopic {
    pub name: String,
    pub count: i32,
    /// Nullable; default empty, not null.
    pub assignments: Option<Vec<CreatePartitionsAssignment>>,
}

impl Default for CreatePartitionsTopic {
    fn default() -> CreatePartitionsTopic {
        CreatePartitionsTopic {
            name: String::new(),
            count: 0,
            assignments: Some(Vec::new()),
        }
    }
}

impl CreatePartitionsTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<CreatePartitionsTopic, DecodeError> {
        let flexible = version >= 2;
        let message = CreatePartitionsTopic {
            name: reader.string(flexible)?,
            count: reader.i32()?,
            assignments: reader.nullable_array(flexible, 2, |reader| {
                CreatePartitionsAssignment::decode(reader, version)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.name)?;
        writer.i32(self.count);
        writer.nullable_array(flexible, self.assignments.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`CreatePartitionsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreatePartitionsAssignment {
    pub broker_ids: Vec<i32>,
}

impl CreatePartitionsAssignment {
    fn decode(reader: &mut Reader, version: i16) -> Result<CreatePartitionsAssignment, DecodeError> {
        let flexible = version >= 2;
        let message = CreatePartitionsAssignment {
            broker_ids: reader.array(flexible, 4, Reader::i32)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.plain_array(flexible, &self.broker_ids, |writer, item| writer.i32(*item))?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// CreatePartitionsResponse, versions 0 to 3, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreatePartitionsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<CreatePartitionsTopicResult>,
}

impl CreatePartitionsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<CreatePartitionsResponse, DecodeError> {
        check_version(
            "CreatePartitionsResponse",
            version,
            CreatePartitionsResponse::VERSIONS,
        )?;
        let flexible = version >= 2;
        let message = CreatePartitionsResponse {
            throttle_time_ms: reader.i32()?,
            results: reader.array(flexible, 5, |reader| {
                CreatePartitionsTopicResult::decode(reader, version)
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
        check_version(
            "CreatePartitionsResponse",
            version,
            CreatePartitionsResponse::VERSIONS,
        )?;
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        writer.array(flexible, &self.results, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.results {
            item.error_codes(tell);
        }
    }
}

/// A part of [`CreatePartitionsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreatePartitionsTopicResult {
    pub name: String,
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
}

impl CreatePartitionsTopicResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<CreatePartitionsTopicResult, DecodeError> {
        let flexible = version >= 2;
        let message = CreatePartitionsTopicResult {
            name: reader.string(flexible)?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.name)?;
        writer.i16(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
