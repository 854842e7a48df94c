//! OffsetForLeaderEpoch (API key 23). Generated from `schema/offset_for_leader_epoch.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// OffsetForLeaderEpochRequest, versions 2 to 4, flexible from 4.
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetForLeaderEpochRequest {
    /// From version 3; default -2.
    pub replica_id: i32,
    pub topics: Vec<OffsetForLeaderTopic>,
}

impl Default for OffsetForLeaderEpochRequest {
    fn default() -> OffsetForLeaderEpochRequest {
        OffsetForLeaderEpochRequest {
            replica_id: -2,
            topics: Vec::new(),
        }
    }
}

impl OffsetForLeaderEpochRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 2..=4;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<OffsetForLeaderEpochRequest, DecodeError> {
        check_version(
            "OffsetForLeaderEpochRequest",
            version,
            OffsetForLeaderEpochRequest::VERSIONS,
        )?;
        let flexible = version >= 4;
        let message = OffsetForLeaderEpochRequest {
            replica_id: if version >= 3 { reader.i32()? } else { -2 },
            topics: reader.array(flexible, 3, |reader| {
                OffsetForLeaderTopic::decode(reader, version)
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
            "OffsetForLeaderEpochRequest",
            version,
            OffsetForLeaderEpochRequest::VERSIONS,
        )?;
        let flexible = version >= 4;
        if version >= 3 {
            writer.i32(self.replica_id);
        }
        writer.array(flexible, &self.topics, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`OffsetForLeaderEpochRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetForLeaderTopic {
    pub topic: String,
    pub partitions: Vec<OffsetForLeaderPartition>,
}

impl OffsetForLeaderTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetForLeaderTopic, DecodeError> {
        let flexible = version >= 4;
        let message = OffsetForLeaderTopic {
            topic: reader.string(flexible)?,
            partitions: reader.array(flexible, 12, |reader| {
                OffsetForLeaderPartition::decode(reader, version)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.string(flexible, &self.topic)?;
        writer.array(flexible, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`OffsetForLeaderEpochRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct OffsetForLeaderPartition {
    pub partition: i32,
    /// Default -1.
    pub current_leader_epoch: i32,
    pub leader_epoch: i32,
}

impl Default for OffsetForLeaderPartition {
    fn default() -> OffsetForLeaderPartition {
        OffsetForLeaderPartition {
            partition: 0,
            current_leader_epoch: -1,
            leader_epoch: 0,
        }
    }
}

impl OffsetForLeaderPartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetForLeaderPartition, DecodeError> {
        let flexible = version >= 4;
        let message = OffsetForLeaderPartition {
            partition: reader.i32()?,
            current_leader_epoch: reader.i32()?,
            leader_epoch: reader.i32()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.i32(self.partition);
        writer.i32(self.current_leader_epoch);
        writer.i32(self.leader_epoch);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// OffsetForLeaderEpochResponse, versions 2 to 4, flexible from 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetForLeaderEpochResponse {
    pub throttle_time_ms: i32,
    pub topics: Vec<OffsetForLeaderTopicResult>,
}

impl OffsetForLeaderEpochResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 2..=4;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<OffsetForLeaderEpochResponse, DecodeError> {
        check_version(
            "OffsetForLeaderEpochResponse",
            version,
            OffsetForLeaderEpochResponse::VERSIONS,
        )?;
        let flexible = version >= 4;
        let message = OffsetForLeaderEpochResponse {
            throttle_time_ms: reader.i32()?,
            topics: reader.array(flexible, 3, |reader| {
                OffsetForLeaderTopicResult::decode(reader, version)
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
            "OffsetForLeaderEpochResponse",
            version,
            OffsetForLeaderEpochResponse::VERSIONS,
        )?;
        let flexible = version >= 4;
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

/// A part of [`OffsetForLeaderEpochResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetForLeaderTopicResult {
    pub topic: String,
    pub partitions: Vec<EpochEndOffset>,
}

impl OffsetForLeaderTopicResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<OffsetForLeaderTopicResult, DecodeError> {
        let flexible = version >= 4;
        let message = OffsetForLeaderTopicResult {
            topic: reader.string(flexible)?,
            partitions: reader.array(flexible, 18, |reader| EpochEndOffset::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.string(flexible, &self.topic)?;
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

/// A part of [`OffsetForLeaderEpochResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct EpochEndOffset {
    pub error_code: i16,
    pub partition: i32,
    /// Default -1.
    pub leader_epoch: i32,
    /// Default -1.
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> EpochEndOffset {
        EpochEndOffset {
            error_code: 0,
            partition: 0,
            leader_epoch: -1,
            end_offset: -1,
        }
    }
}

impl EpochEndOffset {
    fn decode(reader: &mut Reader, version: i16) -> Result<EpochEndOffset, DecodeError> {
        let flexible = version >= 4;
        let message = EpochEndOffset {
            error_code: reader.i16()?,
            partition: reader.i32()?,
            leader_epoch: reader.i32()?,
            end_offset: reader.i64()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.i16(self.error_code);
        writer.i32(self.partition);
        writer.i32(self.leader_epoch);
        writer.i64(self.end_offset);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
