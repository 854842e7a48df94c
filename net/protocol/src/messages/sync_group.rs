//! SyncGroup (API key 14). Generated from `schema/sync_group.schema`; not to be edited.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// SyncGroupRequest, versions 0 to 5, flexible from 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SyncGroupRequest {
    pub group_id: String,
    pub generation_id: i32,
    pub member_id: String,
    /// From version 3; nullable.
    pub group_instance_id: Option<String>,
    /// From version 5; nullable.
    pub protocol_type: Option<String>,
    /// From version 5; nullable.
    pub protocol_name: Option<String>,
    pub assignments: Vec<SyncGroupRequestAssignment>,
}

impl SyncGroupRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=5;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<SyncGroupRequest, DecodeError> {
        check_version("SyncGroupRequest", version, SyncGroupRequest::VERSIONS)?;
        let flexible = version >= 4;
        let message = SyncGroupRequest {
            group_id: reader.string(flexible)?,
            generation_id: reader.i32()?,
            member_id: reader.string(flexible)?,
            group_instance_id: if version >= 3 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            protocol_type: if version >= 5 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            protocol_name: if version >= 5 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            assignments: reader.array(flexible, 3, |reader| {
                SyncGroupRequestAssignment::decode(reader, version)
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
        check_version("SyncGroupRequest", version, SyncGroupRequest::VERSIONS)?;
        let flexible = version >= 4;
        writer.string(flexible, &self.group_id)?;
        writer.i32(self.generation_id);
        writer.string(flexible, &self.member_id)?;
        if version >= 3 {
            writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::absent(
                "SyncGroupRequest",
                "group_instance_id",
                version,
            ));
        }
        if version >= 5 {
            writer.nullable_string(flexible, self.protocol_type.as_deref())?;
        }
        if version >= 5 {
            writer.nullable_string(flexible, self.protocol_name.as_deref())?;
        }
        writer.array(flexible, &self.assignments, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`SyncGroupRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SyncGroupRequestAssignment {
    pub member_id: String,
    pub assignment: Bytes,
}

impl SyncGroupRequestAssignment {
    fn decode(reader: &mut Reader, version: i16) -> Result<SyncGroupRequestAssignment, DecodeError> {
        let flexible = version >= 4;
        let message = SyncGroupRequestAssignment {
            member_id: reader.string(flexible)?,
            assignment: reader.bytes(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 4;
        writer.string(flexible, &self.member_id)?;
        writer.bytes(flexible, &self.assignment)?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// SyncGroupResponse, versions 0 to 5, flexible from 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SyncGroupResponse {
    /// From version 1.
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// From version 5; nullable.
    pub protocol_type: Option<String>,
    /// From version 5; nullable.
    pub protocol_name: Option<String>,
    pub assignment: Bytes,
}

impl SyncGroupResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=5;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<SyncGroupResponse, DecodeError> {
        check_version("SyncGroupResponse", version, SyncGroupResponse::VERSIONS)?;
        let flexible = version >= 4;
        let message = SyncGroupResponse {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            error_code: reader.i16()?,
            protocol_type: if version >= 5 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            protocol_name: if version >= 5 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            assignment: reader.bytes(flexible)?,
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
        check_version("SyncGroupResponse", version, SyncGroupResponse::VERSIONS)?;
        let flexible = version >= 4;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        writer.i16(self.error_code);
        if version >= 5 {
            writer.nullable_string(flexible, self.protocol_type.as_deref())?;
        }
        if version >= 5 {
            writer.nullable_string(flexible, self.protocol_name.as_deref())?;
        }
        writer.bytes(flexible, &self.assignment)?;
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
