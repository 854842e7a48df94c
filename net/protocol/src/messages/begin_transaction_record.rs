//! BeginTransactionRecord (metadata record 23). Generated from `schema/begin_transaction_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, TaggedFields, Writer, check_version};

/// BeginTransactionRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct BeginTransactionRecord {
    /// Tag 0; nullable.
    pub name: Option<String>,
}

impl BeginTransactionRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<BeginTransactionRecord, DecodeError> {
        check_version(
            "BeginTransactionRecord",
            version,
            BeginTransactionRecord::VERSIONS,
        )?;
        let mut message = BeginTransactionRecord { name: None };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 => message.name = reader.nullable_string(true)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version(
            "BeginTransactionRecord",
            version,
            BeginTransactionRecord::VERSIONS,
        )?;
        let mut tags = TaggedFields::new();
        if self.name.is_some() {
            tags.add(0, |writer| {
                writer.nullable_string(true, self.name.as_deref())?;
                Ok(())
            })?;
        }
        writer.tagged_fields(&tags);
        Ok(())
    }
}
