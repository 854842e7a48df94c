//! DescribeUserScramCredentials (API key 50). Generated from `schema/describe_user_scram_credentials.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DescribeUserScramCredentialsRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeUserScramCredentialsRequest {
    /// Nullable; default empty, not null.
    pub users: Option<Vec<UserName>>,
}

impl Default for DescribeUserScramCredentialsRequest {
    fn default() -> DescribeUserScramCredentialsRequest {
        DescribeUserScramCredentialsRequest {
            users: Some(Vec::new()),
        }
    }
}

impl DescribeUserScramCredentialsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<DescribeUserScramCredentialsRequest, DecodeError> {
        check_version(
            "DescribeUserScramCredentialsRequest",
            version,
            DescribeUserScramCredentialsRequest::VERSIONS,
        )?;
        let message = DescribeUserScramCredentialsRequest {
            users: reader.nullable_array(true, 2, |reader| UserName::decode(reader, version))?,
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
            "DescribeUserScramCredentialsRequest",
            version,
            DescribeUserScramCredentialsRequest::VERSIONS,
        )?;
        writer.nullable_array(true, self.users.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`DescribeUserScramCredentialsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct UserName {
    pub name: String,
}

impl UserName {
    fn decode(reader: &mut Reader, _version: i16) -> Result<UserName, DecodeError> {
        let message = UserName {
            name: reader.string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// DescribeUserScramCredentialsResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeUserScramCredentialsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
    pub results: Vec<DescribeUserScramCredentialsResult>,
}

impl Default for DescribeUserScramCredentialsResponse {
    fn default() -> DescribeUserScramCredentialsResponse {
        DescribeUserScramCredentialsResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(String::new()),
            results: Vec::new(),
        }
    }
}

impl DescribeUserScramCredentialsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<DescribeUserScramCredentialsResponse, DecodeError> {
        check_version(
            "DescribeUserScramCredentialsResponse",
            version,
            DescribeUserScramCredentialsResponse::VERSIONS,
        )?;
        let message = DescribeUserScramCredentialsResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            results: reader.array(true, 6, |reader| {
                DescribeUserScramCredentialsResult::decode(reader, version)
            })?,
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
            "DescribeUserScramCredentialsResponse",
            version,
            DescribeUserScramCredentialsResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.array(true, &self.results, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
        for item in &self.results {
            item.error_codes(tell);
        }
    }
}

/// A part of [`DescribeUserScramCredentialsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct DescribeUserScramCredentialsResult {
    pub user: String,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
    pub credential_infos: Vec<CredentialInfo>,
}

impl Default for DescribeUserScramCredentialsResult {
    fn default() -> DescribeUserScramCredentialsResult {
        DescribeUserScramCredentialsResult {
            user: String::new(),
            error_code: 0,
            error_message: Some(String::new()),
            credential_infos: Vec::new(),
        }
    }
}

impl DescribeUserScramCredentialsResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<DescribeUserScramCredentialsResult, DecodeError> {
        let message = DescribeUserScramCredentialsResult {
            user: reader.string(true)?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            credential_infos: reader.array(true, 6, |reader| CredentialInfo::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.user)?;
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.array(true, &self.credential_infos, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`DescribeUserScramCredentialsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CredentialInfo {
    pub mechanism: i8,
    pub iterations: i32,
}

impl CredentialInfo {
    fn decode(reader: &mut Reader, _version: i16) -> Result<CredentialInfo, DecodeError> {
        let message = CredentialInfo {
            mechanism: reader.i8()?,
            iterations: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i8(self.mechanism);
        writer.i32(self.iterations);
        writer.no_tagged_fields();
        Ok(())
    }
}
