//! DescribeDelegationToken (API key 41). Generated from `schema/describe_delegation_token.schema`; not to be edited.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DescribeDelegationTokenRequest, versions 1 to 3, flexible from 2.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeDelegationTokenRequest {
    /// Nullable; default empty, not null.
    pub owners: Option<Vec<DescribeDelegationTokenOwner>>,
}

impl Default for DescribeDelegationTokenRequest {
    fn default() -> DescribeDelegationTokenRequest {
        DescribeDelegationTokenRequest {
            owners: Some(Vec::new()),
        }
    }
}

impl DescribeDelegationTokenRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeDelegationTokenRequest, DecodeError> {
        check_version(
            "DescribeDelegationTokenRequest",
            version,
            DescribeDelegationTokenRequest::VERSIONS,
        )?;
        let flexible = version >= 2;
        let message = DescribeDelegationTokenRequest {
            owners: reader.nullable_array(flexible, 3, |reader| {
                DescribeDelegationTokenOwner::decode(reader, version)
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
        check_version(
            "DescribeDelegationTokenRequest",
            version,
            DescribeDelegationTokenRequest::VERSIONS,
        )?;
        let flexible = version >= 2;
        writer.nullable_array(flexible, self.owners.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`DescribeDelegationTokenRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeDelegationTokenOwner {
    pub principal_type: String,
    pub principal_name: String,
}

impl DescribeDelegationTokenOwner {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribeDelegationTokenOwner, DecodeError> {
        let flexible = version >= 2;
        let message = DescribeDelegationTokenOwner {
            principal_type: reader.string(flexible)?,
            principal_name: reader.string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.principal_type)?;
        writer.string(flexible, &self.principal_name)?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// DescribeDelegationTokenResponse, versions 1 to 3, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeDelegationTokenResponse {
    pub error_code: i16,
    pub tokens: Vec<DescribedDelegationToken>,
    pub throttle_time_ms: i32,
}

impl DescribeDelegationTokenResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeDelegationTokenResponse, DecodeError> {
        check_version(
            "DescribeDelegationTokenResponse",
            version,
            DescribeDelegationTokenResponse::VERSIONS,
        )?;
        let flexible = version >= 2;
        let message = DescribeDelegationTokenResponse {
            error_code: reader.i16()?,
            tokens: reader.array(flexible, 30, |reader| {
                DescribedDelegationToken::decode(reader, version)
            })?,
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
            "DescribeDelegationTokenResponse",
            version,
            DescribeDelegationTokenResponse::VERSIONS,
        )?;
        let flexible = version >= 2;
        writer.i16(self.error_code);
        writer.array(flexible, &self.tokens, |writer, item| {
            item.encode(writer, version)
        })?;
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

/// A part of [`DescribeDelegationTokenResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribedDelegationToken {
    pub principal_type: String,
    pub principal_name: String,
    /// From version 3.
    pub token_requester_principal_type: String,
    /// From version 3.
    pub token_requester_principal_name: String,
    pub issue_timestamp: i64,
    pub expiry_timestamp: i64,
    pub max_timestamp: i64,
    pub token_id: String,
    pub hmac: Bytes,
    pub renewers: Vec<DescribedDelegationTokenRenewer>,
}

impl DescribedDelegationToken {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribedDelegationToken, DecodeError> {
        let flexible = version >= 2;
        let message = DescribedDelegationToken {
            principal_type: reader.string(flexible)?,
            principal_name: reader.string(flexible)?,
            token_requester_principal_type: if version >= 3 {
                reader.string(flexible)?
            } else {
                String::new()
            },
            token_requester_principal_name: if version >= 3 {
                reader.string(flexible)?
            } else {
                String::new()
            },
            issue_timestamp: reader.i64()?,
            expiry_timestamp: reader.i64()?,
            max_timestamp: reader.i64()?,
            token_id: reader.string(flexible)?,
            hmac: reader.bytes(flexible)?,
            renewers: reader.array(flexible, 3, |reader| {
                DescribedDelegationTokenRenewer::decode(reader, version)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.principal_type)?;
        writer.string(flexible, &self.principal_name)?;
        if version >= 3 {
            writer.string(flexible, &self.token_requester_principal_type)?;
        } else if !self.token_requester_principal_type.is_empty() {
            return Err(EncodeError::absent(
                "DescribedDelegationToken",
                "token_requester_principal_type",
                version,
            ));
        }
        if version >= 3 {
            writer.string(flexible, &self.token_requester_principal_name)?;
        } else if !self.token_requester_principal_name.is_empty() {
            return Err(EncodeError::absent(
                "DescribedDelegationToken",
                "token_requester_principal_name",
                version,
            ));
        }
        writer.i64(self.issue_timestamp);
        writer.i64(self.expiry_timestamp);
        writer.i64(self.max_timestamp);
        writer.string(flexible, &self.token_id)?;
        writer.bytes(flexible, &self.hmac)?;
        writer.array(flexible, &self.renewers, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`DescribeDelegationTokenResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribedDelegationTokenRenewer {
    pub principal_type: String,
    pub principal_name: String,
}

impl DescribedDelegationTokenRenewer {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribedDelegationTokenRenewer, DecodeError> {
        let flexible = version >= 2;
        let message = DescribedDelegationTokenRenewer {
            principal_type: reader.string(flexible)?,
            principal_name: reader.string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 2;
        writer.string(flexible, &self.principal_type)?;
        writer.string(flexible, &self.principal_name)?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}
