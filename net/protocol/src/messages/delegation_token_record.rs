//! DelegationTokenRecord (metadata record 10). Generated from `schema/delegation_token_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DelegationTokenRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DelegationTokenRecord {
    pub owner: String,
    pub requester: String,
    pub renewers: Vec<String>,
    pub issue_timestamp: i64,
    pub max_timestamp: i64,
    pub expiration_timestamp: i64,
    pub token_id: String,
}

impl DelegationTokenRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DelegationTokenRecord, DecodeError> {
        check_version("DelegationTokenRecord", version, DelegationTokenRecord::VERSIONS)?;
        let message = DelegationTokenRecord {
            owner: reader.string(true)?,
            requester: reader.string(true)?,
            renewers: reader.array(true, 1, |reader| reader.string(true))?,
            issue_timestamp: reader.i64()?,
            max_timestamp: reader.i64()?,
            expiration_timestamp: reader.i64()?,
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
        check_version("DelegationTokenRecord", version, DelegationTokenRecord::VERSIONS)?;
        writer.string(true, &self.owner)?;
        writer.string(true, &self.requester)?;
        writer.array(true, &self.renewers, |writer, item| writer.string(true, item))?;
        writer.i64(self.issue_timestamp);
        writer.i64(self.max_timestamp);
        writer.i64(self.expiration_timestamp);
        writer.string(true, &self.token_id)?;
        writer.no_tagged_fields();
        Ok(())
    }
}
