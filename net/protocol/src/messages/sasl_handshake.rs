//! SaslHandshake (API key 17). Generated from `schema/sasl_handshake.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// SaslHandshakeRequest, versions 0 to 1, none flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SaslHandshakeRequest {
    pub mechanism: String,
}

impl SaslHandshakeRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<SaslHandshakeRequest, DecodeError> {
        check_version("SaslHandshakeRequest", version, SaslHandshakeRequest::VERSIONS)?;
        Ok(SaslHandshakeRequest {
            mechanism: reader.string(false)?,
        })
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("SaslHandshakeRequest", version, SaslHandshakeRequest::VERSIONS)?;
        writer.string(false, &self.mechanism)?;
        Ok(())
    }
}

/// SaslHandshakeResponse, versions 0 to 1, none flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SaslHandshakeResponse {
    pub error_code: i16,
    pub mechanisms: Vec<String>,
}

impl SaslHandshakeResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=1;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<SaslHandshakeResponse, DecodeError> {
        check_version("SaslHandshakeResponse", version, SaslHandshakeResponse::VERSIONS)?;
        Ok(SaslHandshakeResponse {
            error_code: reader.i16()?,
            mechanisms: reader.array(false, 1, |reader| reader.string(false))?,
        })
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("SaslHandshakeResponse", version, SaslHandshakeResponse::VERSIONS)?;
        writer.i16(self.error_code);
        writer.array(false, &self.mechanisms, |writer, item| writer.string(false, item))?;
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
