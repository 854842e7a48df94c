//! UnregisterBroker (API key 64). Generated from `schema/unregister_broker.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// UnregisterBrokerRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct UnregisterBrokerRequest {
    pub broker_id: i32,
}

impl UnregisterBrokerRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<UnregisterBrokerRequest, DecodeError> {
        check_version(
            "UnregisterBrokerRequest",
            version,
            UnregisterBrokerRequest::VERSIONS,
        )?;
        let message = UnregisterBrokerRequest {
            broker_id: reader.i32()?,
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
            "UnregisterBrokerRequest",
            version,
            UnregisterBrokerRequest::VERSIONS,
        )?;
        writer.i32(self.broker_id);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// UnregisterBrokerResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct UnregisterBrokerResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
}

impl Default for UnregisterBrokerResponse {
    fn default() -> UnregisterBrokerResponse {
        UnregisterBrokerResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(String::new()),
        }
    }
}

impl UnregisterBrokerResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<UnregisterBrokerResponse, DecodeError> {
        check_version(
            "UnregisterBrokerResponse",
            version,
            UnregisterBrokerResponse::VERSIONS,
        )?;
        let message = UnregisterBrokerResponse {
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
            "UnregisterBrokerResponse",
            version,
            UnregisterBrokerResponse::VERSIONS,
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
