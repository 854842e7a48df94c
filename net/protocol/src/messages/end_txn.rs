//! EndTxn (API key 26). Generated from `schema/end_txn.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// EndTxnRequest, versions 0 to 5, flexible from 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EndTxnRequest {
    pub transactional_id: String,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub committed: bool,
}

impl EndTxnRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=5;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<EndTxnRequest, DecodeError> {
        check_version("EndTxnRequest", version, EndTxnRequest::VERSIONS)?;
        let flexible = version >= 3;
        let message = EndTxnRequest {
            transactional_id: reader.string(flexible)?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            committed: reader.bool()?,
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
        check_version("EndTxnRequest", version, EndTxnRequest::VERSIONS)?;
        let flexible = version >= 3;
        writer.string(flexible, &self.transactional_id)?;
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        writer.bool(self.committed);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// EndTxnResponse, versions 0 to 5, flexible from 3.
#[derive(Clone, PartialEq, Debug)]
pub struct EndTxnResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// From version 5; default -1.
    pub producer_id: i64,
    /// From version 5; default -1.
    pub producer_epoch: i16,
}

impl Default for EndTxnResponse {
    fn default() -> EndTxnResponse {
        EndTxnResponse {
            throttle_time_ms: 0,
            error_code: 0,
            producer_id: -1,
            producer_epoch: -1,
        }
    }
}

impl EndTxnResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=5;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<EndTxnResponse, DecodeError> {
        check_version("EndTxnResponse", version, EndTxnResponse::VERSIONS)?;
        let flexible = version >= 3;
        let message = EndTxnResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            producer_id: if version >= 5 { reader.i64()? } else { -1 },
            producer_epoch: if version >= 5 { reader.i16()? } else { -1 },
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
        check_version("EndTxnResponse", version, EndTxnResponse::VERSIONS)?;
        let flexible = version >= 3;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        if version >= 5 {
            writer.i64(self.producer_id);
        }
        if version >= 5 {
            writer.i16(self.producer_epoch);
        }
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
