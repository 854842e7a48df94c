//! AddOffsetsToTxn (API key 25). Generated from `schema/add_offsets_to_txn.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// AddOffsetsToTxnRequest, versions 0 to 4, flexible from 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddOffsetsToTxnRequest {
    pub transactional_id: String,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub group_id: String,
}

impl AddOffsetsToTxnRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=4;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AddOffsetsToTxnRequest, DecodeError> {
        check_version(
            "AddOffsetsToTxnRequest",
            version,
            AddOffsetsToTxnRequest::VERSIONS,
        )?;
        let flexible = version >= 3;
        let message = AddOffsetsToTxnRequest {
            transactional_id: reader.string(flexible)?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            group_id: reader.string(flexible)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version(
            "AddOffsetsToTxnRequest",
            version,
            AddOffsetsToTxnRequest::VERSIONS,
        )?;
        let flexible = version >= 3;
        writer.string(flexible, &self.transactional_id)?;
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        writer.string(flexible, &self.group_id)?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// AddOffsetsToTxnResponse, versions 0 to 4, flexible from 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddOffsetsToTxnResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
}

impl AddOffsetsToTxnResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=4;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AddOffsetsToTxnResponse, DecodeError> {
        check_version(
            "AddOffsetsToTxnResponse",
            version,
            AddOffsetsToTxnResponse::VERSIONS,
        )?;
        let flexible = version >= 3;
        let message = AddOffsetsToTxnResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version(
            "AddOffsetsToTxnResponse",
            version,
            AddOffsetsToTxnResponse::VERSIONS,
        )?;
        let flexible = version >= 3;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
