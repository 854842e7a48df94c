//! NoOpRecord (metadata record 20). Generated from `schema/no_op_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// NoOpRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct NoOpRecord {}

impl NoOpRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<NoOpRecord, DecodeError> {
        check_version("NoOpRecord", version, NoOpRecord::VERSIONS)?;
        let message = NoOpRecord {};
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("NoOpRecord", version, NoOpRecord::VERSIONS)?;
        writer.no_tagged_fields();
        Ok(())
    }
}
