//! AbortTransactionRecord (metadata record 25). Generated from `schema/abort_transaction_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, TaggedFields, Writer, check_version};

/// AbortTransactionRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AbortTransactionRecord {
    /// Tag 0; nullable.
    pub reason: Option<String>,
}

impl AbortTransactionRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AbortTransactionRecord, DecodeError> {
        check_version(
            "AbortTransactionRecord",
            version,
            AbortTransactionRecord::VERSIONS,
        )?;
        let mut message = AbortTransactionRecord { reason: None };
        reader.tagged_fields(|tag, reader| {
            match tag {
                0 => message.reason = reader.nullable_string(true)?,
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
            "AbortTransactionRecord",
            version,
            AbortTransactionRecord::VERSIONS,
        )?;
        let mut tags = TaggedFields::new();
        if self.reason.is_some() {
            tags.add(0, |writer| {
                writer.nullable_string(true, self.reason.as_deref())?;
                Ok(())
            })?;
        }
        writer.tagged_fields(&tags);
        Ok(())
    }
}
