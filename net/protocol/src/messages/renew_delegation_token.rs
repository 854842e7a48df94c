//! RenewDelegationToken (API key 39). Generated from `schema/renew_delegation_token.schema`; not to be edited.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// RenewDelegationTokenRequest, versions 1 to 2, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RenewDelegationTokenRequest {
    pub hmac: Bytes,
    pub renew_period_ms: i64,
}

impl RenewDelegationTokenRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<RenewDelegationTokenRequest, DecodeError> {
        check_version(
            "RenewDelegationTokenRequest",
            version,
            RenewDelegationTokenRequest::VERSIONS,
        )?;
        let flexible = version >= 2;
        let message = RenewDelegationTokenRequest {
            hmac: reader.bytes(flexible)?,
            renew_period_ms: reader.i64()?,
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
            "RenewDelegationTokenRequest",
            version,
            RenewDelegationTokenRequest::VERSIONS,
        )?;
        let flexible = version >= 2;
        writer.bytes(flexible, &self.hmac)?;
        writer.i64(self.renew_period_ms);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// RenewDelegationTokenResponse, versions 1 to 2, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RenewDelegationTokenResponse {
    pub error_code: i16,
    pub expiry_timestamp_ms: i64,
    pub throttle_time_ms: i32,
}

impl RenewDelegationTokenResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<RenewDelegationTokenResponse, DecodeError> {
        check_version(
            "RenewDelegationTokenResponse",
            version,
            RenewDelegationTokenResponse::VERSIONS,
        )?;
        let flexible = version >= 2;
        let message = RenewDelegationTokenResponse {
            error_code: reader.i16()?,
            expiry_timestamp_ms: reader.i64()?,
            throttle_time_ms: reader.i32()?,
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
            "RenewDelegationTokenResponse",
            version,
            RenewDelegationTokenResponse::VERSIONS,
        )?;
        let flexible = version >= 2;
        writer.i16(self.error_code);
        writer.i64(self.expiry_timestamp_ms);
        writer.i32(self.throttle_time_ms);
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
