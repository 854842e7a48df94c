//! ListOffsets (API key 2). Generated from `schema/list_offsets.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ListOffsetsRequest, versions 1 to 11, flexible from 6.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListOffsetsRequest {
    pub replica_id: i32,
    /// From version 2.
    pub isolation_level: i8,
    pub topics: Vec<ListOffsetsTopic>,
    /// From version 10.
    pub timeout_ms: i32,
}

impl ListOffsetsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=11;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ListOffsetsRequest, DecodeError> {
        check_version("ListOffsetsRequest", version, ListOffsetsRequest::VERSIONS)?;
        let flexible = version >= 6;
        let message = ListOffsetsRequest {
            replica_id: reader.i32()?,
            isolation_level: if version >= 2 { reader.i8()? } else { 0 },
            topics: reader.array(flexible, 3, |reader| ListOffsetsTopic::decode(reader, version))?,
            timeout_ms: if version >= 10 { reader.i32()? } else { 0 },
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
        check_version("ListOffsetsRequest", version, ListOffsetsRequest::VERSIONS)?;
        let flexible = version >= 6;
        writer.i32(self.replica_id);
        if version >= 2 {
            writer.i8(self.isolation_level);
        } else if self.isolation_level != 0 {
            return Err(EncodeError::absent(
                "ListOffsetsRequest",
                "isolation_level",
                version,
            ));
        }
        writer.array(flexible, &self.topics, |writer, item| {
            item.encode(writer, version)
        })?;
        if version >= 10 {
            writer.i32(self.timeout_ms);
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`ListOffsetsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListOffsetsTopic {
    pub name: String,
    pub partitions: Vec<ListOffsetsPartition>,
}

impl ListOffsetsTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<ListOffsetsTopic, DecodeError> {
        let flexible = version >= 6;
        let message = ListOffsetsTopic {
            name: reader.string(flexible)?,
            partitions: reader.array(flexible, 12, |reader| {
                ListOffsetsPartition::decode(reader, version)
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
}

/// A part of [`ListOffsetsRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct ListOffsetsPartition {
    pub partition_index: i32,
    /// From version 4; default -1.
    pub current_leader_epoch: i32,
    pub timestamp: i64,
}

impl Default for ListOffsetsPartition {
    fn default() -> ListOffsetsPartition {
        ListOffsetsPartition {
            partition_index: 0,
            current_leader_epoch: -1,
            timestamp: 0,
        }
    }
}

impl ListOffsetsPartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<ListOffsetsPartition, DecodeError> {
        let flexible = version >= 6;
        let message = ListOffsetsPartition {
            partition_index: reader.i32()?,
            current_leader_epoch: if version >= 4 { reader.i32()? } else { -1 },
            timestamp: reader.i64()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.i32(self.partition_index);
        if version >= 4 {
            writer.i32(self.current_leader_epoch);
        }
        writer.i64(self.timestamp);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// ListOffsetsResponse, versions 1 to 11, flexible from 6.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListOffsetsResponse {
    /// From version 2.
    pub throttle_time_ms: i32,
    pub topics: Vec<ListOffsetsTopicResponse>,
}

impl ListOffsetsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=11;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ListOffsetsResponse, DecodeError> {
        check_version("ListOffsetsResponse", version, ListOffsetsResponse::VERSIONS)?;
        let flexible = version >= 6;
        let message = ListOffsetsResponse {
            throttle_time_ms: if version >= 2 { reader.i32()? } else { 0 },
            topics: reader.array(flexible, 3, |reader| {
                ListOffsetsTopicResponse::decode(reader, version)
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
        check_version("ListOffsetsResponse", version, ListOffsetsResponse::VERSIONS)?;
        let flexible = version >= 6;
        if version >= 2 {
            writer.i32(self.throttle_time_ms);
        }
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

/// A part of [`ListOffsetsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListOffsetsTopicResponse {
    pub name: String,
    pub partitions: Vec<ListOffsetsPartitionResponse>,
}

impl ListOffsetsTopicResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<ListOffsetsTopicResponse, DecodeError> {
        let flexible = version >= 6;
        let message = ListOffsetsTopicResponse {
            name: reader.string(flexible)?,
            partitions: reader.array(flexible, 22, |reader| {
                ListOffsetsPartitionResponse::decode(reader, version)
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

/// A part of [`ListOffsetsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct ListOffsetsPartitionResponse {
    pub partition_index: i32,
    pub error_code: i16,
    /// Default -1.
    pub timestamp: i64,
    /// Default -1.
    pub offset: i64,
    /// From version 4; default -1.
    pub leader_epoch: i32,
}

impl Default for ListOffsetsPartitionResponse {
    fn default() -> ListOffsetsPartitionResponse {
        ListOffsetsPartitionResponse {
            partition_index: 0,
            error_code: 0,
            timestamp: -1,
            offset: -1,
            leader_epoch: -1,
        }
    }
}

impl ListOffsetsPartitionResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<ListOffsetsPartitionResponse, DecodeError> {
        let flexible = version >= 6;
        let message = ListOffsetsPartitionResponse {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            timestamp: reader.i64()?,
            offset: reader.i64()?,
            leader_epoch: if version >= 4 { reader.i32()? } else { -1 },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        writer.i64(self.timestamp);
        writer.i64(self.offset);
        if version >= 4 {
            writer.i32(self.leader_epoch);
        } else if self.leader_epoch != -1 {
            return Err(EncodeError::absent(
                "ListOffsetsPartitionResponse",
                "leader_epoch",
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
    }
}
