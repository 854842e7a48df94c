//! CreateDelegationToken (API key 38). Generated from `schema/create_delegation_token.schema`; not to be edited.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// CreateDelegationTokenRequest, versions 1 to 3, flexible from 2.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateDelegationTokenRequest {
    /// From version 3; nullable; default empty, not null.
    pub owner_principal_type: Option<String>,
    /// From version 3; nullable; default empty, not null.
    pub owner_principal_name: Option<String>,
    pub renewers: Vec<CreatableRenewers>,
    pub max_lifetime_ms: i64,
}

impl Default for CreateDelegationTokenRequest {
    fn default() -> CreateDelegationTokenRequest {
        CreateDelegationTokenRequest {
            owner_principal_type: Some(String::new()),
            owner_principal_name: Some(String::new()),
            renewers: Vec::new(),
            max_lifetime_ms: 0,
        }
    }
}

impl CreateDelegationTokenRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<CreateDelegationTokenRequest, DecodeError> {
        check_version(
            "CreateDelegationTokenRequest",
            version,
            CreateDelegationTokenRequest::VERSIONS,
        )?;
        let flexible = version >= 2;
        let message = CreateDelegationTokenRequest {
            owner_principal_type: if version >= 3 {
                reader.nullable_string(flexible)?
            } else {
                Some(String::new())
            },
            owner_principal_name: if version >= 3 {
                reader.nullable_string(flexible)?
            } else {
                Some(String::new())
            },
            renewers: reader.array(flexible, 3, |reader| CreatableRenewers::decode(reader, version))?,
            max_lifetime_ms: reader.i64()?,
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
            "CreateDelegationTokenRequest",
            version,
            CreateDelegationTokenRequest::VERSIONS,
        )?;
        let flexible = version >= 2;
        if version >= 3 {
            writer.nullable_string(flexible, self.owner_principal_type.as_deref())?;
        } else if self
            .owner_principal_type
            .as_ref()
            .is_none_or(|value| !value.is_empty())
        {
            return Err(EncodeError::absent(
                "CreateDelegationTokenRequest",
                "owner_principal_type",
                version,
            ));
        }
        if version >= 3 {
            writer.nullable_string(flexible, self.owner_principal_name.as_deref())?;
        } else if self
            .owner_principal_name
            .as_ref()
            .is_none_or(|value| !value.is_empty())
        {
            return Err(EncodeError::absent(
                "CreateDelegationTokenRequest",
                "owner_principal_name",
                version,
            ));
        }
        writer.array(flexible, &self.renewers, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.i64(self.max_lifetime_ms);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`CreateDelegationTokenRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreatableRenewers {
    pub principal_type: String,
    pub principal_name: String,
}

impl CreatableRenewers {
    fn decode(reader: &mut Reader, version: i16) -> Result<CreatableRenewers, DecodeError> {
        let flexible = version >= 2;
        let message = CreatableRenewers {
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

/// CreateDelegationTokenResponse, versions 1 to 3, flexible from 2.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CreateDelegationTokenResponse {
    pub error_code: i16,
    pub principal_type: String,
    pub principal_name: String,
    /// From version 3.
    pub token_requester_principal_type: String,
    /// From version 3.
    pub token_requester_principal_name: String,
    pub issue_timestamp_ms: i64,
    pub expiry_timestamp_ms: i64,
    pub max_timestamp_ms: i64,
    pub token_id: String,
    pub hmac: Bytes,
    pub throttle_time_ms: i32,
}

impl CreateDelegationTokenResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 1..=3;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<CreateDelegationTokenResponse, DecodeError> {
        check_version(
            "CreateDelegationTokenResponse",
            version,
            CreateDelegationTokenResponse::VERSIONS,
        )?;
        let flexible = version >= 2;
        let message = CreateDelegationTokenResponse {
            error_code: reader.i16()?,
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
            issue_timestamp_ms: reader.i64()?,
            expiry_timestamp_ms: reader.i64()?,
            max_timestamp_ms: reader.i64()?,
            token_id: reader.string(flexible)?,
            hmac: reader.bytes(flexible)?,
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
            "CreateDelegationTokenResponse",
            version,
            CreateDelegationTokenResponse::VERSIONS,
        )?;
        let flexible = version >= 2;
        writer.i16(self.error_code);
        writer.string(flexible, &self.principal_type)?;
        writer.string(flexible, &self.principal_name)?;
        if version >= 3 {
            writer.string(flexible, &self.token_requester_principal_type)?;
        } else if !self.token_requester_principal_type.is_empty() {
            return Err(EncodeError::absent(
                "CreateDelegationTokenResponse",
                "token_requester_principal_type",
                version,
            ));
        }
        if version >= 3 {
            writer.string(flexible, &self.token_requester_principal_name)?;
        } else if !self.token_requester_principal_name.is_empty() {
            return Err(EncodeError::absent(
                "CreateDelegationTokenResponse",
                "token_requester_principal_name",
                version,
            ));
        }
        writer.i64(self.issue_timestamp_ms);
        writer.i64(self.expiry_timestamp_ms);
        writer.i64(self.max_timestamp_ms);
        writer.string(flexible, &self.token_id)?;
        writer.bytes(flexible, &self.hmac)?;
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
