//! ClearElrRecord (metadata record 28). Generated from `schema/clear_elr_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ClearElrRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ClearElrRecord {
    pub topic_name: String,
}

impl ClearElrRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ClearElrRecord, DecodeError> {
        check_version("ClearElrRecord", version, ClearElrRecord::VERSIONS)?;
        let message = ClearElrRecord {
            topic_name: reader.string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("ClearElrRecord", version, ClearElrRecord::VERSIONS)?;
        writer.string(true, &self.topic_name)?;
        writer.no_tagged_fields();
        Ok(())
    }
}
