//! UnregisterBrokerRecord (metadata record 1). Generated from `schema/unregister_broker_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// UnregisterBrokerRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct UnregisterBrokerRecord {
    pub broker_id: i32,
    pub broker_epoch: i64,
}

impl UnregisterBrokerRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<UnregisterBrokerRecord, DecodeError> {
        check_version(
            "UnregisterBrokerRecord",
            version,
            UnregisterBrokerRecord::VERSIONS,
        )?;
        let message = UnregisterBrokerRecord {
            broker_id: reader.i32()?,
            broker_epoch: reader.i64()?,
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
            "UnregisterBrokerRecord",
            version,
            UnregisterBrokerRecord::VERSIONS,
        )?;
        writer.i32(self.broker_id);
        writer.i64(self.broker_epoch);
        writer.no_tagged_fields();
        Ok(())
    }
}
