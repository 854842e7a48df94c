//! SaslAuthenticate (API key 36). Generated from `schema/sasl_authenticate.schema`; not to be edited.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// SaslAuthenticateRequest, versions 0 to 2, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SaslAuthenticateRequest {
    pub auth_bytes: Bytes,
}

impl SaslAuthenticateRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<SaslAuthenticateRequest, DecodeError> {
        check_version(
            "SaslAuthenticateRequest",
            version,
            SaslAuthenticateRequest::VERSIONS,
        )?;
        let flexible = version >= 2;
        let message = SaslAuthenticateRequest {
            auth_bytes: reader.bytes(flexible)?,
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
            "SaslAuthenticateRequest",
            version,
            SaslAuthenticateRequest::VERSIONS,
        )?;
        let flexible = version >= 2;
        writer.bytes(flexible, &self.auth_bytes)?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// SaslAuthenticateResponse, versions 0 to 2, flexible from 2.
#[derive(Clone, PartialEq, Debug)]
pub struct SaslAuthenticateResponse {
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
    pub auth_bytes: Bytes,
    /// From version 1.
    pub session_lifetime_ms: i64,
}

impl Default for SaslAuthenticateResponse {
    fn default() -> SaslAuthenticateResponse {
        SaslAuthenticateResponse {
            error_code: 0,
            error_message: Some(String::new()),
            auth_bytes: Bytes::new(),
            session_lifetime_ms: 0,
        }
    }
}

impl SaslAuthenticateResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<SaslAuthenticateResponse, DecodeError> {
        check_version(
            "SaslAuthenticateResponse",
            version,
            SaslAuthenticateResponse::VERSIONS,
        )?;
        let flexible = version >= 2;
        let message = SaslAuthenticateResponse {
            error_code: reader.i16()?,
            error_message: reader.nullable_string(flexible)?,
            auth_bytes: reader.bytes(flexible)?,
            session_lifetime_ms: if version >= 1 { reader.i64()? } else { 0 },
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
            "SaslAuthenticateResponse",
            version,
            SaslAuthenticateResponse::VERSIONS,
        )?;
        let flexible = version >= 2;
        writer.i16(self.error_code);
        writer.nullable_string(flexible, self.error_message.as_deref())?;
        writer.bytes(flexible, &self.auth_bytes)?;
        if version >= 1 {
            writer.i64(self.session_lifetime_ms);
        }
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
