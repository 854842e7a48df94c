//! FeatureLevelRecord (metadata record 12). Generated from `schema/feature_level_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// FeatureLevelRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FeatureLevelRecord {
    pub name: String,
    pub feature_level: i16,
}

impl FeatureLevelRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<FeatureLevelRecord, DecodeError> {
        check_version("FeatureLevelRecord", version, FeatureLevelRecord::VERSIONS)?;
        let message = FeatureLevelRecord {
            name: reader.string(true)?,
            feature_level: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("FeatureLevelRecord", version, FeatureLevelRecord::VERSIONS)?;
        writer.string(true, &self.name)?;
        writer.i16(self.feature_level);
        writer.no_tagged_fields();
        Ok(())
    }
}
