//! ConsumerGroupDescribe (API key 69). Generated from `schema/consumer_group_describe.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ConsumerGroupDescribeRequest, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupDescribeRequest {
    pub group_ids: Vec<String>,
    pub include_authorized_operations: bool,
}

impl ConsumerGroupDescribeRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ConsumerGroupDescribeRequest, DecodeError> {
        check_version(
            "ConsumerGroupDescribeRequest",
            version,
            ConsumerGroupDescribeRequest::VERSIONS,
        )?;
        let message = ConsumerGroupDescribeRequest {
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
            "ConsumerGroupDescribeRequest",
            version,
            ConsumerGroupDescribeRequest::VERSIONS,
        )?;
        writer.array(true, &self.group_ids, |writer, item| writer.string(true, item))?;
        writer.bool(self.include_authorized_operations);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// ConsumerGroupDescribeResponse, versions 0 to 1, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupDescribeResponse {
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
}

impl ConsumerGroupDescribeResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ConsumerGroupDescribeResponse, DecodeError> {
        check_version(
            "ConsumerGroupDescribeResponse",
            version,
            ConsumerGroupDescribeResponse::VERSIONS,
        )?;
        let message = ConsumerGroupDescribeResponse {
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
            "ConsumerGroupDescribeResponse",
            version,
            ConsumerGroupDescribeResponse::VERSIONS,
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

/// A part of [`ConsumerGroupDescribeResponse`].
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
            members: reader.array(true, 16, |reader| Member::decode(reader, version))?,
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

/// A part of [`ConsumerGroupDescribeResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct Member {
    pub member_id: String,
    /// Nullable.
    pub instance_id: Option<String>,
    /// Nullable.
    pub rack_id: Option<String>,
    pub member_epoch: i32,
    pub client_id: String,
    pub client_host: String,
    pub subscribed_topic_names: Vec<String>,
    /// Nullable.
    pub subscribed_topic_regex: Option<String>,
    pub assignment: Assignment,
    pub target_assignment: Assignment,
    /// From version 1; default -1.
    pub member_type: i8,
}

impl Default for Member {
    fn default() -> Member {
        Member {
            member_id: String::new(),
            instance_id: None,
            rack_id: None,
            member_epoch: 0,
            client_id: String::new(),
            client_host: String::new(),
            subscribed_topic_names: Vec::new(),
            subscribed_topic_regex: None,
            assignment: Assignment::default(),
            target_assignment: Assignment::default(),
            member_type: -1,
        }
    }
}

impl Member {
    fn decode(reader: &mut Reader, version: i16) -> Result<Member, DecodeError> {
        let message = Member {
            member_id: reader.string(true)?,
            instance_id: reader.nullable_string(true)?,
            rack_id: reader.nullable_string(true)?,
            member_epoch: reader.i32()?,
            client_id: reader.string(true)?,
            client_host: reader.string(true)?,
            subscribed_topic_names: reader.array(true, 1, |reader| reader.string(true))?,
            subscribed_topic_regex: reader.nullable_string(true)?,
            assignment: Assignment::decode(reader, version)?,
            target_assignment: Assignment::decode(reader, version)?,
            member_type: if version >= 1 { reader.i8()? } else { -1 },
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.member_id)?;
        writer.nullable_string(true, self.instance_id.as_deref())?;
        writer.nullable_string(true, self.rack_id.as_deref())?;
        writer.i32(self.member_epoch);
        writer.string(true, &self.client_id)?;
        writer.string(true, &self.client_host)?;
        writer.array(true, &self.subscribed_topic_names, |writer, item| {
            writer.string(true, item)
        })?;
        writer.nullable_string(true, self.subscribed_topic_regex.as_deref())?;
        self.assignment.encode(writer, version)?;
        self.target_assignment.encode(writer, version)?;
        if version >= 1 {
            writer.i8(self.member_type);
        }
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ConsumerGroupDescribeResponse`].
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

/// A part of [`ConsumerGroupDescribeResponse`].
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
