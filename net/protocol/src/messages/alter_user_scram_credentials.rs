//! AlterUserScramCredentials (API key 51). Generated from `schema/alter_user_scram_credentials.schema`; not to be edited.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// AlterUserScramCredentialsRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterUserScramCredentialsRequest {
    pub deletions: Vec<ScramCredentialDeletion>,
    pub upsertions: Vec<ScramCredentialUpsertion>,
}

impl AlterUserScramCredentialsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<AlterUserScramCredentialsRequest, DecodeError> {
        check_version(
            "AlterUserScramCredentialsRequest",
            version,
            AlterUserScramCredentialsRequest::VERSIONS,
        )?;
        let message = AlterUserScramCredentialsRequest {
            deletions: reader.array(true, 3, |reader| ScramCredentialDeletion::decode(reader, version))?,
            upsertions: reader.array(true, 9, |reader| {
                ScramCredentialUpsertion::decode(reader, version)
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
            "AlterUserScramCredentialsRequest",
            version,
            AlterUserScramCredentialsRequest::VERSIONS,
        )?;
        writer.array(true, &self.deletions, |writer, item| item.encode(writer, version))?;
        writer.array(true, &self.upsertions, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`AlterUserScramCredentialsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ScramCredentialDeletion {
    pub name: String,
    pub mechanism: i8,
}

impl ScramCredentialDeletion {
    fn decode(reader: &mut Reader, _version: i16) -> Result<ScramCredentialDeletion, DecodeError> {
        let message = ScramCredentialDeletion {
            name: reader.string(true)?,
            mechanism: reader.i8()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.i8(self.mechanism);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`AlterUserScramCredentialsRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ScramCredentialUpsertion {
    pub name: String,
    pub mechanism: i8,
    pub iterations: i32,
    pub salt: Bytes,
    pub salted_password: Bytes,
}

impl ScramCredentialUpsertion {
    fn decode(reader: &mut Reader, _version: i16) -> Result<ScramCredentialUpsertion, DecodeError> {
        let message = ScramCredentialUpsertion {
            name: reader.string(true)?,
            mechanism: reader.i8()?,
            iterations: reader.i32()?,
            salt: reader.bytes(true)?,
            salted_password: reader.bytes(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.i8(self.mechanism);
        writer.i32(self.iterations);
        writer.bytes(true, &self.salt)?;
        writer.bytes(true, &self.salted_password)?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// AlterUserScramCredentialsResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AlterUserScramCredentialsResponse {
    pub throttle_time_ms: i32,
    pub results: Vec<AlterUserScramCredentialsResult>,
}

impl AlterUserScramCredentialsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(
        reader: &mut Reader,
        version: i16,
    ) -> Result<AlterUserScramCredentialsResponse, DecodeError> {
        check_version(
            "AlterUserScramCredentialsResponse",
            version,
            AlterUserScramCredentialsResponse::VERSIONS,
        )?;
        let message = AlterUserScramCredentialsResponse {
            throttle_time_ms: reader.i32()?,
            results: reader.array(true, 5, |reader| {
                AlterUserScramCredentialsResult::decode(reader, version)
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
            "AlterUserScramCredentialsResponse",
            version,
            AlterUserScramCredentialsResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.array(true, &self.results, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.results {
            item.error_codes(tell);
        }
    }
}

/// A part of [`AlterUserScramCredentialsResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct AlterUserScramCredentialsResult {
    pub user: String,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
}

impl Default for AlterUserScramCredentialsResult {
    fn default() -> AlterUserScramCredentialsResult {
        AlterUserScramCredentialsResult {
            user: String::new(),
            error_code: 0,
            error_message: Some(String::new()),
        }
    }
}

impl AlterUserScramCredentialsResult {
    fn decode(reader: &mut Reader, _version: i16) -> Result<AlterUserScramCredentialsResult, DecodeError> {
        let message = AlterUserScramCredentialsResult {
            user: reader.string(true)?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.user)?;
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
