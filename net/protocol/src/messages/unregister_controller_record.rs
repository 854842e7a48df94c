//! UnregisterControllerRecord (metadata record 29). Generated from `schema/unregister_controller_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// UnregisterControllerRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct UnregisterControllerRecord {
    pub controller_id: i32,
}

impl UnregisterControllerRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<UnregisterControllerRecord, DecodeError> {
        check_version(
            "UnregisterControllerRecord",
            version,
            UnregisterControllerRecord::VERSIONS,
        )?;
        let message = UnregisterControllerRecord {
            controller_id: reader.i32()?,
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
            "UnregisterControllerRecord",
            version,
            UnregisterControllerRecord::VERSIONS,
        )?;
        writer.i32(self.controller_id);
        writer.no_tagged_fields();
        Ok(())
    }
}
