//! ShareGroupDescribe (API key 77). Generated from `schema/share_group_describe.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ShareGroupDescribeRequest, versions 1 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ShareGroupDescribeRequest {
    pub group_ids: Vec<String>,
    pub include_authorized_operations: bool,
}

impl ShareGroupDescribeRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ShareGroupDescribeRequest, DecodeError> {
        check_version(
            "ShareGroupDescribeRequest",
            version,
            ShareGroupDescribeRequest::VERSIONS,
        )?;
        let message = ShareGroupDescribeRequest {
            group_ids: reader.array(true, 1, |reader| reader.string(true))?,
            include_authorized_operations: reader.bool()?,
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
            "ShareGroupDescribeRequest",
            version,
            ShareGroupDescribeRequest::VERSIONS,
        )?;
        writer.array(true, &self.group_ids, |writer, item| writer.string(true, item))?;
        writer.bool(self.include_authorized_operations);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// ShareGroupDescribeResponse, versions 1 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ShareGroupDescribeResponse {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
}

impl ShareGroupDescribeResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ShareGroupDescribeResponse, DecodeError> {
        check_version(
            "ShareGroupDescribeResponse",
            version,
            ShareGroupDescribeResponse::VERSIONS,
        )?;
        let message = ShareGroupDescribeResponse {
            throttle_time_ms: reader.i32()?,
            groups: reader.array(true, 20, |reader| DescribedGroup::decode(reader, version))?,
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
            "ShareGroupDescribeResponse",
            version,
            ShareGroupDescribeResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.array(true, &self.groups, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.groups {
            item.error_codes(tell);
        }
    }
}

/// A part of [`ShareGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct DescribedGroup {
    pub error_code: i16,
    /// Nullable.
    pub error_message: Option<String>,
    pub group_id: String,
    pub group_state: String,
    pub group_epoch: i32,
    pub assignment_epoch: i32,
    pub assignor_name: String,
    pub members: Vec<Member>,
    /// Default i32::MIN.
    pub authorized_operations: i32,
}

impl Default for DescribedGroup {
    fn default() -> DescribedGroup {
        DescribedGroup {
            error_code: 0,
            error_message: None,
            group_id: String::new(),
            group_state: String::new(),
            group_epoch: 0,
            assignment_epoch: 0,
            assignor_name: String::new(),
            members: Vec::new(),
            authorized_operations: i32::MIN,
        }
    }
}

impl DescribedGroup {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribedGroup, DecodeError> {
        let message = DescribedGroup {
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            group_id: reader.string(true)?,
            group_state: reader.string(true)?,
            group_epoch: reader.i32()?,
            assignment_epoch: reader.i32()?,
            assignor_name: reader.string(true)?,
            members: reader.array(true, 12, |reader| Member::decode(reader, version))?,
            authorized_operations: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.string(true, &self.group_id)?;
        writer.string(true, &self.group_state)?;
        writer.i32(self.group_epoch);
        writer.i32(self.assignment_epoch);
        writer.string(true, &self.assignor_name)?;
        writer.array(true, &self.members, |writer, item| item.encode(writer, version))?;
        writer.i32(self.authorized_operations);
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`ShareGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Member {
    pub member_id: String,
    /// Nullable.
    pub rack_id: Option<String>,
    pub member_epoch: i32,
    pub client_id: String,
    pub client_host: String,
    pub subscribed_topic_names: Vec<String>,
    pub assignment: Assignment,
}

impl Member {
    fn decode(reader: &mut Reader, version: i16) -> Result<Member, DecodeError> {
        let message = Member {
            member_id: reader.string(true)?,
            rack_id: reader.nullable_string(true)?,
            member_epoch: reader.i32()?,
            client_id: reader.string(true)?,
            client_host: reader.string(true)?,
            subscribed_topic_names: reader.array(true, 1, |reader| reader.string(true))?,
            assignment: Assignment::decode(reader, version)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.member_id)?;
        writer.nullable_string(true, self.rack_id.as_deref())?;
        writer.i32(self.member_epoch);
        writer.string(true, &self.client_id)?;
        writer.string(true, &self.client_host)?;
        writer.array(true, &self.subscribed_topic_names, |writer, item| {
            writer.string(true, item)
        })?;
        self.assignment.encode(writer, version)?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ShareGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicPartitions {
    pub topic_id: TopicId,
    pub topic_name: String,
    pub partitions: Vec<i32>,
}

impl TopicPartitions {
    fn decode(reader: &mut Reader, _version: i16) -> Result<TopicPartitions, DecodeError> {
        let message = TopicPartitions {
            topic_id: reader.uuid()?,
            topic_name: reader.string(true)?,
            partitions: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.uuid(self.topic_id);
        writer.string(true, &self.topic_name)?;
        writer.plain_array(true, &self.partitions, |writer, item| writer.i32(*item))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ShareGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Assignment {
    pub topic_partitions: Vec<TopicPartitions>,
}

impl Assignment {
    fn decode(reader: &mut Reader, version: i16) -> Result<Assignment, DecodeError> {
        let message = Assignment {
            topic_partitions: reader.array(true, 19, |reader| TopicPartitions::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.array(true, &self.topic_partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}
