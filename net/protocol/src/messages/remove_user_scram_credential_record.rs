//! RemoveUserScramCredentialRecord (metadata record 22). Generated from `schema/remove_user_scram_credential_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// RemoveUserScramCredentialRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RemoveUserScramCredentialRecord {
    pub name: String,
    pub mechanism: i8,
}

impl RemoveUserScramCredentialRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<RemoveUserScramCredentialRecord, DecodeError> {
        check_version(
            "RemoveUserScramCredentialRecord",
            version,
            RemoveUserScramCredentialRecord::VERSIONS,
        )?;
        let message = RemoveUserScramCredentialRecord {
            name: reader.string(true)?,
            mechanism: reader.i8()?,
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
            "RemoveUserScramCredentialRecord",
            version,
            RemoveUserScramCredentialRecord::VERSIONS,
        )?;
        writer.string(true, &self.name)?;
        writer.i8(self.mechanism);
        writer.no_tagged_fields();
        Ok(())
    }
}
