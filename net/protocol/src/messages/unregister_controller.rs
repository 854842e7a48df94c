//! UnregisterController (API key 94). Generated from `schema/unregister_controller.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// UnregisterControllerRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct UnregisterControllerRequest {
    pub controller_id: i32,
}

impl UnregisterControllerRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<UnregisterControllerRequest, DecodeError> {
        check_version(
            "UnregisterControllerRequest",
            version,
            UnregisterControllerRequest::VERSIONS,
        )?;
        let message = UnregisterControllerRequest {
            controller_id: reader.i32()?,
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
            "UnregisterControllerRequest",
            version,
            UnregisterControllerRequest::VERSIONS,
        )?;
        writer.i32(self.controller_id);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// UnregisterControllerResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct UnregisterControllerResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
}

impl Default for UnregisterControllerResponse {
    fn default() -> UnregisterControllerResponse {
        UnregisterControllerResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(String::new()),
        }
    }
}

impl UnregisterControllerResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<UnregisterControllerResponse, DecodeError> {
        check_version(
            "UnregisterControllerResponse",
            version,
            UnregisterControllerResponse::VERSIONS,
        )?;
        let message = UnregisterControllerResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
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
            "UnregisterControllerResponse",
            version,
            UnregisterControllerResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
