//! DescribeLogDirs (API key 35). Generated from `schema/describe_log_dirs.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DescribeLogDirsRequest, versions 1 to 5, flexible from 2.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeLogDirsRequest {
    /// Nullable; default empty, not null.
    pub topics: Option<Vec<DescribableLogDirTopic>>,
}

impl Default for DescribeLogDirsRequest {
    fn default() -> DescribeLogDirsRequest {
        DescribeLogDirsRequest {
            topics: Some(Vec::new()),
        }
    }
}

impl DescribeLogDirsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=5;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeLogDirsRequest, DecodeError> {
        check_version(
            "DescribeLogDirsRequest",
            version,
            DescribeLogDirsRequest::VERSIONS,
        )?;
        let flexible = version >= 2;
        let message = DescribeLogDirsRequest {
            topics: reader.nullable_array(flexible, 3, |reader| {
                DescribableLogDirTopic::decode(reader, version)
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
            "DescribeLogDirsRequest",
            version,
            DescribeLogDirsRequest::VERSIONS,
        )?;
        let flexible = version >= 2;
        writer.nullable_array(flexible, self.topics.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`DescribeLogDirsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribableLogDirTopic {
    pub topic: String,
    pub partitions: Vec<i32>,
}

impl DescribableLogDirTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribableLogDirTopic, DecodeError> {
        let flexible = version >= 2;
        let message = DescribableLogDirTopic {
            topic: reader.string(flexible)?,
            partitions: reader.array(flexible, 4, Reader::i32)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.topic)?;
        writer.plain_array(flexible, &self.partitions, |writer, item| writer.i32(*item))?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// DescribeLogDirsResponse, versions 1 to 5, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeLogDirsResponse {
    pub throttle_time_ms: i32,
    /// From version 3.
    pub error_code: i16,
    pub results: Vec<DescribeLogDirsResult>,
}

impl DescribeLogDirsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=5;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeLogDirsResponse, DecodeError> {
        check_version(
            "DescribeLogDirsResponse",
            version,
            DescribeLogDirsResponse::VERSIONS,
        )?;
        let flexible = version >= 2;
        let message = DescribeLogDirsResponse {
            throttle_time_ms: reader.i32()?,
            error_code: if version >= 3 { reader.i16()? } else { 0 },
            results: reader.array(flexible, 5, |reader| {
                DescribeLogDirsResult::decode(reader, version)
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
            "DescribeLogDirsResponse",
            version,
            DescribeLogDirsResponse::VERSIONS,
        )?;
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        if version >= 3 {
            writer.i16(self.error_code);
        }
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
        tell(self.error_code);
        for item in &self.results {
            item.error_codes(tell);
        }
    }
}

/// A part of [`DescribeLogDirsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeLogDirsResult {
    pub error_code: i16,
    pub log_dir: String,
    pub topics: Vec<DescribeLogDirsTopic>,
    /// From version 4; default -1.
    pub total_bytes: i64,
    /// From version 4; default -1.
    pub usable_bytes: i64,
    /// From version 5.
    pub is_cordoned: bool,
}

impl Default for DescribeLogDirsResult {
    fn default() -> DescribeLogDirsResult {
        DescribeLogDirsResult {
            error_code: 0,
            log_dir: String::new(),
            topics: Vec::new(),
            total_bytes: -1,
            usable_bytes: -1,
            is_cordoned: false,
        }
    }
}

impl DescribeLogDirsResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribeLogDirsResult, DecodeError> {
        let flexible = version >= 2;
        let message = DescribeLogDirsResult {
            error_code: reader.i16()?,
            log_dir: reader.string(flexible)?,
            topics: reader.array(flexible, 3, |reader| {
                DescribeLogDirsTopic::decode(reader, version)
            })?,
            total_bytes: if version >= 4 { reader.i64()? } else { -1 },
            usable_bytes: if version >= 4 { reader.i64()? } else { -1 },
            is_cordoned: if version >= 5 { reader.bool()? } else { false },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i16(self.error_code);
        writer.string(flexible, &self.log_dir)?;
        writer.array(flexible, &self.topics, |writer, item| {
            item.encode(writer, version)
        })?;
        if version >= 4 {
            writer.i64(self.total_bytes);
        }
        if version >= 4 {
            writer.i64(self.usable_bytes);
        }
        if version >= 5 {
            writer.bool(self.is_cordoned);
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

/// A part of [`DescribeLogDirsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeLogDirsTopic {
    pub name: String,
    pub partitions: Vec<DescribeLogDirsPartition>,
}

impl DescribeLogDirsTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribeLogDirsTopic, DecodeError> {
        let flexible = version >= 2;
        let message = DescribeLogDirsTopic {
            name: reader.string(flexible)?,
            partitions: reader.array(flexible, 21, |reader| {
                DescribeLogDirsPartition::decode(reader, version)
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
        writer.array(flexible, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`DescribeLogDirsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeLogDirsPartition {
    pub partition_index: i32,
    pub partition_size: i64,
    pub offset_lag: i64,
    pub is_future_key: bool,
}

impl DescribeLogDirsPartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribeLogDirsPartition, DecodeError> {
        let flexible = version >= 2;
        let message = DescribeLogDirsPartition {
            partition_index: reader.i32()?,
            partition_size: reader.i64()?,
            offset_lag: reader.i64()?,
            is_future_key: reader.bool()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i32(self.partition_index);
        writer.i64(self.partition_size);
        writer.i64(self.offset_lag);
        writer.bool(self.is_future_key);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}
