//! ZkMigrationStateRecord (metadata record 21). Generated from `schema/zk_migration_state_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ZkMigrationStateRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ZkMigrationStateRecord {
    pub zk_migration_state: i8,
}

impl ZkMigrationStateRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ZkMigrationStateRecord, DecodeError> {
        check_version(
            "ZkMigrationStateRecord",
            version,
            ZkMigrationStateRecord::VERSIONS,
        )?;
        let message = ZkMigrationStateRecord {
            zk_migration_state: reader.i8()?,
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
            "ZkMigrationStateRecord",
            version,
            ZkMigrationStateRecord::VERSIONS,
        )?;
        writer.i8(self.zk_migration_state);
        writer.no_tagged_fields();
        Ok(())
    }
}
