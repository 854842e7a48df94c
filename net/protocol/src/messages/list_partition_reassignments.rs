//! ListPartitionReassignments (API key 46). Generated from `schema/list_partition_reassignments.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ListPartitionReassignmentsRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct ListPartitionReassignmentsRequest {
    /// Default 60000.
    pub timeout_ms: i32,
    /// Nullable.
    pub topics: Option<Vec<ListPartitionReassignmentsTopics>>,
}

impl Default for ListPartitionReassignmentsRequest {
    fn default() -> ListPartitionReassignmentsRequest {
        ListPartitionReassignmentsRequest {
            timeout_ms: 60000,
            topics: None,
        }
    }
}

impl ListPartitionReassignmentsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<ListPartitionReassignmentsRequest, DecodeError> {
        check_version(
            "ListPartitionReassignmentsRequest",
            version,
            ListPartitionReassignmentsRequest::VERSIONS,
        )?;
        let message = ListPartitionReassignmentsRequest {
            timeout_ms: reader.i32()?,
            topics: reader.nullable_array(true, 3, |reader| {
                ListPartitionReassignmentsTopics::decode(reader, version)
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
            "ListPartitionReassignmentsRequest",
            version,
            ListPartitionReassignmentsRequest::VERSIONS,
        )?;
        writer.i32(self.timeout_ms);
        writer.nullable_array(true, self.topics.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ListPartitionReassignmentsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListPartitionReassignmentsTopics {
    pub name: String,
    pub partition_indexes: Vec<i32>,
}

impl ListPartitionReassignmentsTopics {
    fn decode(reader: &mut Reader, _version: i16) -> Result<ListPartitionReassignmentsTopics, DecodeError> {
        let message = ListPartitionReassignmentsTopics {
            name: reader.string(true)?,
            partition_indexes: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.plain_array(true, &self.partition_indexes, |writer, item| writer.i32(*item))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// ListPartitionReassignmentsResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct ListPartitionReassignmentsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
    pub topics: Vec<OngoingTopicReassignment>,
}

impl Default for ListPartitionReassignmentsResponse {
    fn default() -> ListPartitionReassignmentsResponse {
        ListPartitionReassignmentsResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(String::new()),
            topics: Vec::new(),
        }
    }
}

impl ListPartitionReassignmentsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<ListPartitionReassignmentsResponse, DecodeError> {
        check_version(
            "ListPartitionReassignmentsResponse",
            version,
            ListPartitionReassignmentsResponse::VERSIONS,
        )?;
        let message = ListPartitionReassignmentsResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            topics: reader.array(true, 3, |reader| {
                OngoingTopicReassignment::decode(reader, version)
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
            "ListPartitionReassignmentsResponse",
            version,
            ListPartitionReassignmentsResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`ListPartitionReassignmentsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OngoingTopicReassignment {
    pub name: String,
    pub partitions: Vec<OngoingPartitionReassignment>,
}

impl OngoingTopicReassignment {
    fn decode(reader: &mut Reader, version: i16) -> Result<OngoingTopicReassignment, DecodeError> {
        let message = OngoingTopicReassignment {
            name: reader.string(true)?,
            partitions: reader.array(true, 8, |reader| {
                OngoingPartitionReassignment::decode(reader, version)
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
}

/// A part of [`ListPartitionReassignmentsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OngoingPartitionReassignment {
    pub partition_index: i32,
    pub replicas: Vec<i32>,
    pub adding_replicas: Vec<i32>,
    pub removing_replicas: Vec<i32>,
}

impl OngoingPartitionReassignment {
    fn decode(reader: &mut Reader, _version: i16) -> Result<OngoingPartitionReassignment, DecodeError> {
        let message = OngoingPartitionReassignment {
            partition_index: reader.i32()?,
            replicas: reader.array(true, 4, Reader::i32)?,
            adding_replicas: reader.array(true, 4, Reader::i32)?,
            removing_replicas: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition_index);
        writer.plain_array(true, &self.replicas, |writer, item| writer.i32(*item))?;
        writer.plain_array(true, &self.adding_replicas, |writer, item| writer.i32(*item))?;
        writer.plain_array(true, &self.removing_replicas, |writer, item| writer.i32(*item))?;
        writer.no_tagged_fields();
        Ok(())
    }
}
