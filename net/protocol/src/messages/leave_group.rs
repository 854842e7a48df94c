//! LeaveGroup (API key 13). Generated from `schema/leave_group.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// LeaveGroupRequest, versions 0 to 5, flexible from 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LeaveGroupRequest {
    pub group_id: String,
    /// Versions 0 to 2.
    pub member_id: String,
    /// From version 3.
    pub members: Vec<MemberIdentity>,
}

impl LeaveGroupRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=5;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<LeaveGroupRequest, DecodeError> {
        check_version("LeaveGroupRequest", version, LeaveGroupRequest::VERSIONS)?;
        let flexible = version >= 4;
        let message = LeaveGroupRequest {
            group_id: reader.string(flexible)?,
            member_id: if version <= 2 {
                reader.string(flexible)?
            } else {
                String::new()
            },
            members: if version >= 3 {
                reader.array(flexible, 3, |reader| MemberIdentity::decode(reader, version))?
            } else {
                Vec::new()
            },
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
        check_version("LeaveGroupRequest", version, LeaveGroupRequest::VERSIONS)?;
        let flexible = version >= 4;
        writer.string(flexible, &self.group_id)?;
        if version <= 2 {
            writer.string(flexible, &self.member_id)?;
        } else if !self.member_id.is_empty() {
            return Err(EncodeError::absent("LeaveGroupRequest", "member_id", version));
        }
        if version >= 3 {
            writer.array(flexible, &self.members, |writer, item| {
                item.encode(writer, version)
            })?;
        } else if !self.members.is_empty() {
            return Err(EncodeError::absent("LeaveGroupRequest", "members", version));
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`LeaveGroupRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct MemberIdentity {
    pub member_id: String,
    /// Nullable.
    pub group_instance_id: Option<String>,
    /// From version 5; nullable.
    pub reason: Option<String>,
}

impl MemberIdentity {
    fn decode(reader: &mut Reader, version: i16) -> Result<MemberIdentity, DecodeError> {
        let flexible = version >= 4;
        let message = MemberIdentity {
            member_id: reader.string(flexible)?,
            group_instance_id: reader.nullable_string(flexible)?,
            reason: if version >= 5 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.string(flexible, &self.member_id)?;
        writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        if version >= 5 {
            writer.nullable_string(flexible, self.reason.as_deref())?;
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// LeaveGroupResponse, versions 0 to 5, flexible from 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LeaveGroupResponse {
    /// From version 1.
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// From version 3.
    pub members: Vec<MemberResponse>,
}

impl LeaveGroupResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=5;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<LeaveGroupResponse, DecodeError> {
        check_version("LeaveGroupResponse", version, LeaveGroupResponse::VERSIONS)?;
        let flexible = version >= 4;
        let message = LeaveGroupResponse {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            error_code: reader.i16()?,
            members: if version >= 3 {
                reader.array(flexible, 5, |reader| MemberResponse::decode(reader, version))?
            } else {
                Vec::new()
            },
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
        check_version("LeaveGroupResponse", version, LeaveGroupResponse::VERSIONS)?;
        let flexible = version >= 4;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        writer.i16(self.error_code);
        if version >= 3 {
            writer.array(flexible, &self.members, |writer, item| {
                item.encode(writer, version)
            })?;
        } else if !self.members.is_empty() {
            return Err(EncodeError::absent("LeaveGroupResponse", "members", version));
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
        for item in &self.members {
            item.error_codes(tell);
        }
    }
}

/// A part of [`LeaveGroupResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct MemberResponse {
    pub member_id: String,
    /// Nullable; default empty, not null.
    pub group_instance_id: Option<String>,
    pub error_code: i16,
}

impl Default for MemberResponse {
    fn default() -> MemberResponse {
        MemberResponse {
            member_id: String::new(),
            group_instance_id: Some(String::new()),
            error_code: 0,
        }
    }
}

impl MemberResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<MemberResponse, DecodeError> {
        let flexible = version >= 4;
        let message = MemberResponse {
            member_id: reader.string(flexible)?,
            group_instance_id: reader.nullable_string(flexible)?,
            error_code: reader.i16()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.string(flexible, &self.member_id)?;
        writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
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
