//! ConfigRecord (metadata record 4). Generated from `schema/config_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ConfigRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct ConfigRecord {
    pub resource_type: i8,
    pub resource_name: String,
    pub name: String,
    /// Nullable; default empty, not null.
    pub value: Option<String>,
}

impl Default for ConfigRecord {
    fn default() -> ConfigRecord {
        ConfigRecord {
            resource_type: 0,
            resource_name: String::new(),
            name: String::new(),
            value: Some(String::new()),
        }
    }
}

impl ConfigRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ConfigRecord, DecodeError> {
        check_version("ConfigRecord", version, ConfigRecord::VERSIONS)?;
        let message = ConfigRecord {
            resource_type: reader.i8()?,
            resource_name: reader.string(true)?,
            name: reader.string(true)?,
            value: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("ConfigRecord", version, ConfigRecord::VERSIONS)?;
        writer.i8(self.resource_type);
        writer.string(true, &self.resource_name)?;
        writer.string(true, &self.name)?;
        writer.nullable_string(true, self.value.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }
}
