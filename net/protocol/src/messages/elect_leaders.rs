//! ElectLeaders (API key 43). Generated from `schema/elect_leaders.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ElectLeadersRequest, versions 0 to 2, flexible from 2.
#[derive(Clone, PartialEq, Debug)]
pub struct ElectLeadersRequest {
    /// From version 1.
    pub election_type: i8,
    /// Nullable; default empty, not null.
    pub topic_partitions: Option<Vec<TopicPartitions>>,
    /// Default 60000.
    pub timeout_ms: i32,
}

impl Default for ElectLeadersRequest {
    fn default() -> ElectLeadersRequest {
        ElectLeadersRequest {
            election_type: 0,
            topic_partitions: Some(Vec::new()),
            timeout_ms: 60000,
        }
    }
}

impl ElectLeadersRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ElectLeadersRequest, DecodeError> {
        check_version("ElectLeadersRequest", version, ElectLeadersRequest::VERSIONS)?;
        let flexible = version >= 2;
        let message = ElectLeadersRequest {
            election_type: if version >= 1 { reader.i8()? } else { 0 },
            topic_partitions: reader
                .nullable_array(flexible, 3, |reader| TopicPartitions::decode(reader, version))?,
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
        check_version("ElectLeadersRequest", version, ElectLeadersRequest::VERSIONS)?;
        let flexible = version >= 2;
        if version >= 1 {
            writer.i8(self.election_type);
        } else if self.election_type != 0 {
            return Err(EncodeError::absent(
                "ElectLeadersRequest",
                "election_type",
                version,
            ));
        }
        writer.nullable_array(flexible, self.topic_partitions.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.i32(self.timeout_ms);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`ElectLeadersRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicPartitions {
    pub topic: String,
    pub partitions: Vec<i32>,
}

impl TopicPartitions {
    fn decode(reader: &mut Reader, version: i16) -> Result<TopicPartitions, DecodeError> {
        let flexible = version >= 2;
        let message = TopicPartitions {
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

/// ElectLeadersResponse, versions 0 to 2, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ElectLeadersResponse {
    pub throttle_time_ms: i32,
    /// From version 1.
    pub error_code: i16,
    pub replica_election_results: Vec<ReplicaElectionResult>,
}

impl ElectLeadersResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ElectLeadersResponse, DecodeError> {
        check_version("ElectLeadersResponse", version, ElectLeadersResponse::VERSIONS)?;
        let flexible = version >= 2;
        let message = ElectLeadersResponse {
            throttle_time_ms: reader.i32()?,
            error_code: if version >= 1 { reader.i16()? } else { 0 },
            replica_election_results: reader.array(flexible, 3, |reader| {
                ReplicaElectionResult::decode(reader, version)
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
        check_version("ElectLeadersResponse", version, ElectLeadersResponse::VERSIONS)?;
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        if version >= 1 {
            writer.i16(self.error_code);
        } else if self.error_code != 0 {
            return Err(EncodeError::absent("ElectLeadersResponse", "error_code", version));
        }
        writer.array(flexible, &self.replica_election_results, |writer, item| {
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
        for item in &self.replica_election_results {
            item.error_codes(tell);
        }
    }
}

/// A part of [`ElectLeadersResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ReplicaElectionResult {
    pub topic: String,
    pub partition_result: Vec<PartitionResult>,
}

impl ReplicaElectionResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<ReplicaElectionResult, DecodeError> {
        let flexible = version >= 2;
        let message = ReplicaElectionResult {
            topic: reader.string(flexible)?,
            partition_result: reader.array(flexible, 8, |reader| PartitionResult::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.topic)?;
        writer.array(flexible, &self.partition_result, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.partition_result {
            item.error_codes(tell);
        }
    }
}

/// A part of [`ElectLeadersResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionResult {
    pub partition_id: i32,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
}

impl Default for PartitionResult {
    fn default() -> PartitionResult {
        PartitionResult {
            partition_id: 0,
            error_code: 0,
            error_message: Some(String::new()),
        }
    }
}

impl PartitionResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<PartitionResult, DecodeError> {
        let flexible = version >= 2;
        let message = PartitionResult {
            partition_id: reader.i32()?,
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
        writer.i32(self.partition_id);
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
