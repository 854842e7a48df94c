//! JoinGroup (API key 11). Generated from `schema/join_group.schema`; not to be edited.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version, required};

/// JoinGroupRequest, versions 0 to 9, flexible from 6.
#[derive(Clone, PartialEq, Debug)]
pub struct JoinGroupRequest {
    pub group_id: String,
    pub session_timeout_ms: i32,
    /// From version 1; default -1.
    pub rebalance_timeout_ms: i32,
    pub member_id: String,
    /// From version 5; nullable.
    pub group_instance_id: Option<String>,
    pub protocol_type: String,
    pub protocols: Vec<JoinGroupRequestProtocol>,
    /// From version 8; nullable.
    pub reason: Option<String>,
}

impl Default for JoinGroupRequest {
    fn default() -> JoinGroupRequest {
        JoinGroupRequest {
            group_id: String::new(),
            session_timeout_ms: 0,
            rebalance_timeout_ms: -1,
            member_id: String::new(),
            group_instance_id: None,
            protocol_type: String::new(),
            protocols: Vec::new(),
            reason: None,
        }
    }
}

impl JoinGroupRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=9;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<JoinGroupRequest, DecodeError> {
        check_version("JoinGroupRequest", version, JoinGroupRequest::VERSIONS)?;
        let flexible = version >= 6;
        let message = JoinGroupRequest {
            group_id: reader.string(flexible)?,
            session_timeout_ms: reader.i32()?,
            rebalance_timeout_ms: if version >= 1 { reader.i32()? } else { -1 },
            member_id: reader.string(flexible)?,
            group_instance_id: if version >= 5 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            protocol_type: reader.string(flexible)?,
            protocols: reader.array(flexible, 3, |reader| {
                JoinGroupRequestProtocol::decode(reader, version)
            })?,
            reason: if version >= 8 {
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

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("JoinGroupRequest", version, JoinGroupRequest::VERSIONS)?;
        let flexible = version >= 6;
        writer.string(flexible, &self.group_id)?;
        writer.i32(self.session_timeout_ms);
        if version >= 1 {
            writer.i32(self.rebalance_timeout_ms);
        }
        writer.string(flexible, &self.member_id)?;
        if version >= 5 {
            writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::absent(
                "JoinGroupRequest",
                "group_instance_id",
                version,
            ));
        }
        writer.string(flexible, &self.protocol_type)?;
        writer.array(flexible, &self.protocols, |writer, item| {
            item.encode(writer, version)
        })?;
        if version >= 8 {
            writer.nullable_string(flexible, self.reason.as_deref())?;
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`JoinGroupRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct JoinGroupRequestProtocol {
    pub name: String,
    pub metadata: Bytes,
}

impl JoinGroupRequestProtocol {
    fn decode(reader: &mut Reader, version: i16) -> Result<JoinGroupRequestProtocol, DecodeError> {
        let flexible = version >= 6;
        let message = JoinGroupRequestProtocol {
            name: reader.string(flexible)?,
            metadata: reader.bytes(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.string(flexible, &self.name)?;
        writer.bytes(flexible, &self.metadata)?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// JoinGroupResponse, versions 0 to 9, flexible from 6.
#[derive(Clone, PartialEq, Debug)]
pub struct JoinGroupResponse {
    /// From version 2.
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Default -1.
    pub generation_id: i32,
    /// From version 7; nullable.
    pub protocol_type: Option<String>,
    /// Null from version 7; default empty, not null.
    pub protocol_name: Option<String>,
    pub leader: String,
    /// From version 9.
    pub skip_assignment: bool,
    pub member_id: String,
    pub members: Vec<JoinGroupResponseMember>,
}

impl Default for JoinGroupResponse {
    fn default() -> JoinGroupResponse {
        JoinGroupResponse {
            throttle_time_ms: 0,
            error_code: 0,
            generation_id: -1,
            protocol_type: None,
            protocol_name: Some(String::new()),
            leader: String::new(),
            skip_assignment: false,
            member_id: String::new(),
            members: Vec::new(),
        }
    }
}

impl JoinGroupResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=9;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<JoinGroupResponse, DecodeError> {
        check_version("JoinGroupResponse", version, JoinGroupResponse::VERSIONS)?;
        let flexible = version >= 6;
        let message = JoinGroupResponse {
            throttle_time_ms: if version >= 2 { reader.i32()? } else { 0 },
            error_code: reader.i16()?,
            generation_id: reader.i32()?,
            protocol_type: if version >= 7 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            protocol_name: if version >= 7 {
                reader.nullable_string(flexible)?
            } else {
                Some(reader.string(flexible)?)
            },
            leader: reader.string(flexible)?,
            skip_assignment: if version >= 9 { reader.bool()? } else { false },
            member_id: reader.string(flexible)?,
            members: reader.array(flexible, 4, |reader| {
                JoinGroupResponseMember::decode(reader, version)
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
        check_version("JoinGroupResponse", version, JoinGroupResponse::VERSIONS)?;
        let flexible = version >= 6;
        if version >= 2 {
            writer.i32(self.throttle_time_ms);
        }
        writer.i16(self.error_code);
        writer.i32(self.generation_id);
        if version >= 7 {
            writer.nullable_string(flexible, self.protocol_type.as_deref())?;
        }
        if version >= 7 {
            writer.nullable_string(flexible, self.protocol_name.as_deref())?;
        } else {
            let value = required(
                self.protocol_name.as_ref(),
                "JoinGroupResponse",
                "protocol_name",
                version,
            )?;
            writer.string(flexible, value)?;
        }
        writer.string(flexible, &self.leader)?;
        if version >= 9 {
            writer.bool(self.skip_assignment);
        } else if self.skip_assignment {
            return Err(EncodeError::absent(
                "JoinGroupResponse",
                "skip_assignment",
                version,
            ));
        }
        writer.string(flexible, &self.member_id)?;
        writer.array(flexible, &self.members, |writer, item| {
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
    }
}

/// A part of [`JoinGroupResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct JoinGroupResponseMember {
    pub member_id: String,
    /// From version 5; nullable.
    pub group_instance_id: Option<String>,
    pub metadata: Bytes,
}

impl JoinGroupResponseMember {
    fn decode(reader: &mut Reader, version: i16) -> Result<JoinGroupResponseMember, DecodeError> {
        let flexible = version >= 6;
        let message = JoinGroupResponseMember {
            member_id: reader.string(flexible)?,
            group_instance_id: if version >= 5 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            metadata: reader.bytes(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 6;
        writer.string(flexible, &self.member_id)?;
        if version >= 5 {
            writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        }
        writer.bytes(flexible, &self.metadata)?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}
