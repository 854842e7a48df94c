//! AlterReplicaLogDirs (API key 34). Generated from `schema/alter_replica_log_dirs.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// AlterReplicaLogDirsRequest, versions 1 to 2, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterReplicaLogDirsRequest {
    pub dirs: Vec<AlterReplicaLogDir>,
}

impl AlterReplicaLogDirsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AlterReplicaLogDirsRequest, DecodeError> {
        check_version(
            "AlterReplicaLogDirsRequest",
            version,
            AlterReplicaLogDirsRequest::VERSIONS,
        )?;
        let flexible = version >= 2;
        let message = AlterReplicaLogDirsRequest {
            dirs: reader.array(flexible, 3, |reader| AlterReplicaLogDir::decode(reader, version))?,
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
            "AlterReplicaLogDirsRequest",
            version,
            AlterReplicaLogDirsRequest::VERSIONS,
        )?;
        let flexible = version >= 2;
        writer.array(flexible, &self.dirs, |writer, item| item.encode(writer, version))?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`AlterReplicaLogDirsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterReplicaLogDir {
    pub path: String,
    pub topics: Vec<AlterReplicaLogDirTopic>,
}

impl AlterReplicaLogDir {
    fn decode(reader: &mut Reader, version: i16) -> Result<AlterReplicaLogDir, DecodeError> {
        let flexible = version >= 2;
        let message = AlterReplicaLogDir {
            path: reader.string(flexible)?,
            topics: reader.array(flexible, 3, |reader| {
                AlterReplicaLogDirTopic::decode(reader, version)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.path)?;
        writer.array(flexible, &self.topics, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`AlterReplicaLogDirsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterReplicaLogDirTopic {
    pub name: String,
    pub partitions: Vec<i32>,
}

impl AlterReplicaLogDirTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<AlterReplicaLogDirTopic, DecodeError> {
        let flexible = version >= 2;
        let message = AlterReplicaLogDirTopic {
            name: reader.string(flexible)?,
            partitions: reader.array(flexible, 4, Reader::i32)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.name)?;
        writer.plain_array(flexible, &self.partitions, |writer, item| writer.i32(*item))?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// AlterReplicaLogDirsResponse, versions 1 to 2, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterReplicaLogDirsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<AlterReplicaLogDirTopicResult>,
}

impl AlterReplicaLogDirsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AlterReplicaLogDirsResponse, DecodeError> {
        check_version(
            "AlterReplicaLogDirsResponse",
            version,
            AlterReplicaLogDirsResponse::VERSIONS,
        )?;
        let flexible = version >= 2;
        let message = AlterReplicaLogDirsResponse {
            throttle_time_ms: reader.i32()?,
            results: reader.array(flexible, 3, |reader| {
                AlterReplicaLogDirTopicResult::decode(reader, version)
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
            "AlterReplicaLogDirsResponse",
            version,
            AlterReplicaLogDirsResponse::VERSIONS,
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

/// A part of [`AlterReplicaLogDirsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterReplicaLogDirTopicResult {
    pub topic_name: String,
    pub partitions: Vec<AlterReplicaLogDirPartitionResult>,
}

impl AlterReplicaLogDirTopicResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<AlterReplicaLogDirTopicResult, DecodeError> {
        let flexible = version >= 2;
        let message = AlterReplicaLogDirTopicResult {
            topic_name: reader.string(flexible)?,
            partitions: reader.array(flexible, 6, |reader| {
                AlterReplicaLogDirPartitionResult::decode(reader, version)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.topic_name)?;
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

/// A part of [`AlterReplicaLogDirsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterReplicaLogDirPartitionResult {
    pub partition_index: i32,
    pub error_code: i16,
}

impl AlterReplicaLogDirPartitionResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<AlterReplicaLogDirPartitionResult, DecodeError> {
        let flexible = version >= 2;
        let message = AlterReplicaLogDirPartitionResult {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.i32(self.partition_index);
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
