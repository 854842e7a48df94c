//! AlterPartitionReassignments (API key 45). Generated from `schema/alter_partition_reassignments.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// AlterPartitionReassignmentsRequest, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterPartitionReassignmentsRequest {
    /// Default 60000.
    pub timeout_ms: i32,
    /// From version 1; default true.
    pub allow_replication_factor_change: bool,
    pub topics: Vec<ReassignableTopic>,
}

impl Default for AlterPartitionReassignmentsRequest {
    fn default() -> AlterPartitionReassignmentsRequest {
        AlterPartitionReassignmentsRequest {
            timeout_ms: 60000,
            allow_replication_factor_change: true,
            topics: Vec::new(),
        }
    }
}

impl AlterPartitionReassignmentsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<AlterPartitionReassignmentsRequest, DecodeError> {
        check_version(
            "AlterPartitionReassignmentsRequest",
            version,
            AlterPartitionReassignmentsRequest::VERSIONS,
        )?;
        let message = AlterPartitionReassignmentsRequest {
            timeout_ms: reader.i32()?,
            allow_replication_factor_change: if version >= 1 { reader.bool()? } else { true },
            topics: reader.array(true, 3, |reader| ReassignableTopic::decode(reader, version))?,
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
            "AlterPartitionReassignmentsRequest",
            version,
            AlterPartitionReassignmentsRequest::VERSIONS,
        )?;
        writer.i32(self.timeout_ms);
        if version >= 1 {
            writer.bool(self.allow_replication_factor_change);
        } else if !self.allow_replication_factor_change {
            return Err(EncodeError::absent(
                "AlterPartitionReassignmentsRequest",
                "allow_replication_factor_change",
                version,
            ));
        }
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`AlterPartitionReassignmentsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReassignableTopic {
    pub name: String,
    pub partitions: Vec<ReassignablePartition>,
}

impl ReassignableTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<ReassignableTopic, DecodeError> {
        let message = ReassignableTopic {
            name: reader.string(true)?,
            partitions: reader.array(true, 6, |reader| ReassignablePartition::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.array(true, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`AlterPartitionReassignmentsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReassignablePartition {
    pub partition_index: i32,
    /// Nullable.
    pub replicas: Option<Vec<i32>>,
}

impl ReassignablePartition {
    fn decode(reader: &mut Reader, _version: i16) -> Result<ReassignablePartition, DecodeError> {
        let message = ReassignablePartition {
            partition_index: reader.i32()?,
            replicas: reader.nullable_array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.nullable_plain_array(true, self.replicas.as_deref(), |writer, item| writer.i32(*item))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// AlterPartitionReassignmentsResponse, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterPartitionReassignmentsResponse {
    pub throttle_time_ms: i32,
    /// From version 1; default true.
    pub allow_replication_factor_change: bool,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
    pub responses: Vec<ReassignableTopicResponse>,
}

impl Default for AlterPartitionReassignmentsResponse {
    fn default() -> AlterPartitionReassignmentsResponse {
        AlterPartitionReassignmentsResponse {
            throttle_time_ms: 0,
            allow_replication_factor_change: true,
            error_code: 0,
            error_message: Some(String::new()),
            responses: Vec::new(),
        }
    }
}

impl AlterPartitionReassignmentsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<AlterPartitionReassignmentsResponse, DecodeError> {
        check_version(
            "AlterPartitionReassignmentsResponse",
            version,
            AlterPartitionReassignmentsResponse::VERSIONS,
        )?;
        let message = AlterPartitionReassignmentsResponse {
            throttle_time_ms: reader.i32()?,
            allow_replication_factor_change: if version >= 1 { reader.bool()? } else { true },
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            responses: reader.array(true, 3, |reader| {
                ReassignableTopicResponse::decode(reader, version)
            })?,
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
            "AlterPartitionReassignmentsResponse",
            version,
            AlterPartitionReassignmentsResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        if version >= 1 {
            writer.bool(self.allow_replication_factor_change);
        }
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.array(true, &self.responses, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
        for item in &self.responses {
            item.error_codes(tell);
        }
    }
}

/// A part of [`AlterPartitionReassignmentsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReassignableTopicResponse {
    pub name: String,
    pub partitions: Vec<ReassignablePartitionResponse>,
}

impl ReassignableTopicResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<ReassignableTopicResponse, DecodeError> {
        let message = ReassignableTopicResponse {
            name: reader.string(true)?,
            partitions: reader.array(true, 8, |reader| {
                ReassignablePartitionResponse::decode(reader, version)
            })?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
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

/// A part of [`AlterPartitionReassignmentsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct ReassignablePartitionResponse {
    pub partition_index: i32,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
}

impl Default for ReassignablePartitionResponse {
    fn default() -> ReassignablePartitionResponse {
        ReassignablePartitionResponse {
            partition_index: 0,
            error_code: 0,
            error_message: Some(String::new()),
        }
    }
}

impl ReassignablePartitionResponse {
    fn decode(reader: &mut Reader, _version: i16) -> Result<ReassignablePartitionResponse, DecodeError> {
        let message = ReassignablePartitionResponse {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
