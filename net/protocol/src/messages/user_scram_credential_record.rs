//! UserScramCredentialRecord (metadata record 11). Generated from `schema/user_scram_credential_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// UserScramCredentialRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct UserScramCredentialRecord {
    pub name: String,
    pub mechanism: i8,
    pub salt: Bytes,
    pub stored_key: Bytes,
    pub server_key: Bytes,
    pub iterations: i32,
}

impl UserScramCredentialRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<UserScramCredentialRecord, DecodeError> {
        check_version(
            "UserScramCredentialRecord",
            version,
            UserScramCredentialRecord::VERSIONS,
        )?;
        let message = UserScramCredentialRecord {
            name: reader.string(true)?,
            mechanism: reader.i8()?,
            salt: reader.bytes(true)?,
            stored_key: reader.bytes(true)?,
            server_key: reader.bytes(true)?,
            iterations: reader.i32()?,
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
            "UserScramCredentialRecord",
            version,
            UserScramCredentialRecord::VERSIONS,
        )?;
        writer.string(true, &self.name)?;
        writer.i8(self.mechanism);
        writer.bytes(true, &self.salt)?;
        writer.bytes(true, &self.stored_key)?;
        writer.bytes(true, &self.server_key)?;
        writer.i32(self.iterations);
        writer.no_tagged_fields();
        Ok(())
    }
}
