//! Heartbeat (API key 12). Generated from `schema/heartbeat.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// HeartbeatRequest, versions 0 to 4, flexible from 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct HeartbeatRequest {
    pub group_id: String,
    pub generation_id: i32,
    pub member_id: String,
    /// From version 3; nullable.
    pub group_instance_id: Option<String>,
}

impl HeartbeatRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=4;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<HeartbeatRequest, DecodeError> {
        check_version("HeartbeatRequest", version, HeartbeatRequest::VERSIONS)?;
        let flexible = version >= 4;
        let message = HeartbeatRequest {
            group_id: reader.string(flexible)?,
            generation_id: reader.i32()?,
            member_id: reader.string(flexible)?,
            group_instance_id: if version >= 3 {
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
        check_version("HeartbeatRequest", version, HeartbeatRequest::VERSIONS)?;
        let flexible = version >= 4;
        writer.string(flexible, &self.group_id)?;
        writer.i32(self.generation_id);
        writer.string(flexible, &self.member_id)?;
        if version >= 3 {
            writer.nullable_string(flexible, self.group_instance_id.as_deref())?;
        } else if self.group_instance_id.is_some() {
            return Err(EncodeError::absent(
                "HeartbeatRequest",
                "group_instance_id",
                version,
            ));
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// HeartbeatResponse, versions 0 to 4, flexible from 4.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct HeartbeatResponse {
    /// From version 1.
    pub throttle_time_ms: i32,
    pub error_code: i16,
}

impl HeartbeatResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=4;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<HeartbeatResponse, DecodeError> {
        check_version("HeartbeatResponse", version, HeartbeatResponse::VERSIONS)?;
        let flexible = version >= 4;
        let message = HeartbeatResponse {
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            error_code: reader.i16()?,
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
        check_version("HeartbeatResponse", version, HeartbeatResponse::VERSIONS)?;
        let flexible = version >= 4;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        writer.i16(self.error_code);
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
