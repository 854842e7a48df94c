//! RemoveDelegationTokenRecord (metadata record 26). Generated from `schema/remove_delegation_token_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// RemoveDelegationTokenRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RemoveDelegationTokenRecord {
    pub token_id: String,
}

impl RemoveDelegationTokenRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<RemoveDelegationTokenRecord, DecodeError> {
        check_version(
            "RemoveDelegationTokenRecord",
            version,
            RemoveDelegationTokenRecord::VERSIONS,
        )?;
        let message = RemoveDelegationTokenRecord {
            token_id: reader.string(true)?,
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
            "RemoveDelegationTokenRecord",
            version,
            RemoveDelegationTokenRecord::VERSIONS,
        )?;
        writer.string(true, &self.token_id)?;
        writer.no_tagged_fields();
        Ok(())
    }
}
