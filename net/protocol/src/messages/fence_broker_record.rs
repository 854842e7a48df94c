//! FenceBrokerRecord (metadata record 7). Generated from `schema/fence_broker_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// FenceBrokerRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FenceBrokerRecord {
    pub id: i32,
    pub epoch: i64,
}

impl FenceBrokerRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<FenceBrokerRecord, DecodeError> {
        check_version("FenceBrokerRecord", version, FenceBrokerRecord::VERSIONS)?;
        let message = FenceBrokerRecord {
            id: reader.i32()?,
            epoch: reader.i64()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("FenceBrokerRecord", version, FenceBrokerRecord::VERSIONS)?;
        writer.i32(self.id);
        writer.i64(self.epoch);
        writer.no_tagged_fields();
        Ok(())
    }
}
