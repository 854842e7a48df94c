//! DescribeGroups (API key 15). Generated from `schema/describe_groups.schema`; not to be edited.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DescribeGroupsRequest, versions 0 to 6, flexible from 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeGroupsRequest {
    pub groups: Vec<String>,
    /// From version 3.
    pub include_authorized_operations: bool,
}

impl DescribeGroupsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=6;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeGroupsRequest, DecodeError> {
        check_version("DescribeGroupsRequest", version, DescribeGroupsRequest::VERSIONS)?;
        let flexible = version >= 5;
        let message = DescribeGroupsRequest {
            groups: reader.array(flexible, 1, |reader| reader.string(flexible))?,
            include_authorized_operations: if version >= 3 { reader.bool()? } else { false },
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
        check_version("DescribeGroupsRequest", version, DescribeGroupsRequest::VERSIONS)?;
        let flexible = version >= 5;
        writer.array(flexible, &self.groups, |writer, item| {
            writer.string(flexible, item)
        })?;
        if version >= 3 {
            writer.bool(self.include_authorized_operations);
        } else if self.include_authorized_operations {
            return Err(EncodeError::absent(
                "DescribeGroupsRequest",
                "include_authorized_operations",
                version,
            ));
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// DescribeGroupsResponse, versions 0 to 6, flexible from 5.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeGroupsResponse {
    /// From version 1.
    pub throttle_time_ms: i32,
    pub groups: Vec<DescribedGroup>,
}

impl DescribeGroupsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=6;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeGroupsResponse, DecodeError> {
        check_version(
            "DescribeGroupsResponse",
            version,
            DescribeGroupsResponse::VERSIONS,
        )?;
        let flexible = version >= 5;
        let message = DescribeGroupsResponse {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            groups: reader.array(flexible, 12, |reader| DescribedGroup::decode(reader, version))?,
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
            "DescribeGroupsResponse",
            version,
            DescribeGroupsResponse::VERSIONS,
        )?;
        let flexible = version >= 5;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        writer.array(flexible, &self.groups, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.groups {
            item.error_codes(tell);
        }
    }
}

/// A part of [`DescribeGroupsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct DescribedGroup {
    pub error_code: i16,
    /// From version 6; nullable.
    pub error_message: Option<String>,
    pub group_id: String,
    pub group_state: String,
    pub protocol_type: String,
    pub protocol_data: String,
    pub members: Vec<DescribedGroupMember>,
    /// From version 3; default i32::MIN.
    pub authorized_operations: i32,
}

impl Default for DescribedGroup {
    fn default() -> DescribedGroup {
        DescribedGroup {
            error_code: 0,
            error_message: None,
            group_id: String::new(),
            group_state: String::new(),
            protocol_type: String::new(),
            protocol_data: String::new(),
            members: Vec::new(),
            authorized_operations: i32::MIN,
        }
    }
}

impl DescribedGroup {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribedGroup, DecodeError> {
        let flexible = version >= 5;
        let message = DescribedGroup {
            error_code: reader.i16()?,
            error_message: if version >= 6 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            group_id: reader.string(flexible)?,
            group_state: reader.string(flexible)?,
            protocol_type: reader.string(flexible)?,
            protocol_data: reader.string(flexible)?,
            members: reader.array(flexible, 7, |reader| {
                DescribedGroupMember::decode(reader, version)
            })?,
            authorized_operations: if version >= 3 { reader.i32()? } else { i32::MIN },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.i16(self.error_code);
        if version >= 6 {
            writer.nullable_string(flexible, self.error_message.as_deref())?;
        } else if self.error_message.is_some() {
            return Err(EncodeError::absent("DescribedGroup", "error_message", version));
        }
        writer.string(flexible, &self.group_id)?;
        writer.string(flexible, &self.group_state)?;
        writer.string(flexible, &self.protocol_type)?;
        writer.string(flexible, &self.protocol_data)?;
        writer.array(flexible, &self.members, |writer, item| {
            item.encode(writer, version)
        })?;
        if version >= 3 {
            writer.i32(self.authorized_operations);
        } else if self.authorized_operations != i32::MIN {
            return Err(EncodeError::absent(
                "DescribedGroup",
                "authorized_operations",
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

/// A part of [`DescribeGroupsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribedGroupMember {
    pub member_id: String,
    /// From version 4; nullable.
    pub group_instance_id: Option<String>,
    pub client_id: String,
    pub client_host: String,
    pub member_metadata: Bytes,
    pub member_assignment: Bytes,
}

impl DescribedGroupMember {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribedGroupMember, DecodeError> {
        let flexible = version >= 5;
        let message = DescribedGroupMember {
            member_id: reader.string(flexible)?,
            group_instance_id: if version >= 4 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            client_id: reader.string(flexible)?,
            client_host: reader.string(flexible)?,
            member_metadata: reader.bytes(flexible)?,
            member_assignment: reader.bytes(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 5;
        writer.string(flexible, &self.member_id)?;
        if version >= 4 {
            writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        writer.string(flexible, &self.client_id)?;
        writer.string(flexible, &self.client_host)?;
        writer.bytes(flexible, &self.member_metadata)?;
        writer.bytes(flexible, &self.member_assignment)?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}
