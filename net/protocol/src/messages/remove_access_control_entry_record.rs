//! RemoveAccessControlEntryRecord (metadata record 19). Generated from `schema/remove_access_control_entry_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// RemoveAccessControlEntryRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RemoveAccessControlEntryRecord {
    pub id: TopicId,
}

impl RemoveAccessControlEntryRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<RemoveAccessControlEntryRecord, DecodeError> {
        check_version(
            "RemoveAccessControlEntryRecord",
            version,
            RemoveAccessControlEntryRecord::VERSIONS,
        )?;
        let message = RemoveAccessControlEntryRecord { id: reader.uuid()? };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version(
            "RemoveAccessControlEntryRecord",
            version,
            RemoveAccessControlEntryRecord::VERSIONS,
        )?;
        writer.uuid(self.id);
        writer.no_tagged_fields();
        Ok(())
    }
}
