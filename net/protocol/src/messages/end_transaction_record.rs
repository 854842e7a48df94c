//! EndTransactionRecord (metadata record 24). Generated from `schema/end_transaction_record.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// EndTransactionRecord, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EndTransactionRecord {}

impl EndTransactionRecord {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<EndTransactionRecord, DecodeError> {
        check_version("EndTransactionRecord", version, EndTransactionRecord::VERSIONS)?;
        let message = EndTransactionRecord {};
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("EndTransactionRecord", version, EndTransactionRecord::VERSIONS)?;
        writer.no_tagged_fields();
        Ok(())
    }
}
