//! AccessControlEntryRecord (metadata record 18). Generated from `schema/access_control_entry_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// AccessControlEntryRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AccessControlEntryRecord {
    pub id: TopicId,
    pub resource_type: i8,
    pub resource_name: String,
    pub pattern_type: i8,
    pub principal: String,
    pub host: String,
    pub operation: i8,
    pub permission_type: i8,
}

impl AccessControlEntryRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AccessControlEntryRecord, DecodeError> {
        check_version(
            "AccessControlEntryRecord",
            version,
            AccessControlEntryRecord::VERSIONS,
        )?;
        let message = AccessControlEntryRecord {
            id: reader.uuid()?,
            resource_type: reader.i8()?,
            resource_name: reader.string(true)?,
            pattern_type: reader.i8()?,
            principal: reader.string(true)?,
            host: reader.string(true)?,
            operation: reader.i8()?,
            permission_type: reader.i8()?,
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
            "AccessControlEntryRecord",
            version,
            AccessControlEntryRecord::VERSIONS,
        )?;
        writer.uuid(self.id);
        writer.i8(self.resource_type);
        writer.string(true, &self.resource_name)?;
        writer.i8(self.pattern_type);
        writer.string(true, &self.principal)?;
        writer.string(true, &self.host)?;
        writer.i8(self.operation);
        writer.i8(self.permission_type);
        writer.no_tagged_fields();
        Ok(())
    }
}
