//! InitProducerId (API key 22). Generated from `schema/init_producer_id.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// InitProducerIdRequest, versions 0 to 6, flexible from 2.
#[derive(Clone, PartialEq, Debug)]
pub struct InitProducerIdRequest {
    /// Nullable; default empty, not null.
    pub transactional_id: Option<String>,
    pub transaction_timeout_ms: i32,
    /// From version 3; default -1.
    pub producer_id: i64,
    /// From version 3; default -1.
    pub producer_epoch: i16,
    /// From version 6.
    pub enable_2pc: bool,
    /// From version 6.
    pub keep_prepared_txn: bool,
}

impl Default for InitProducerIdRequest {
    fn default() -> InitProducerIdRequest {
        InitProducerIdRequest {
            transactional_id: Some(String::new()),
            transaction_timeout_ms: 0,
            producer_id: -1,
            producer_epoch: -1,
            enable_2pc: false,
            keep_prepared_txn: false,
        }
    }
}

impl InitProducerIdRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=6;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<InitProducerIdRequest, DecodeError> {
        check_version("InitProducerIdRequest", version, InitProducerIdRequest::VERSIONS)?;
        let flexible = version >= 2;
        let message = InitProducerIdRequest {
            transactional_id: reader.nullable_string(flexible)?,
            transaction_timeout_ms: reader.i32()?,
            producer_id: if version >= 3 { reader.i64()? } else { -1 },
            producer_epoch: if version >= 3 { reader.i16()? } else { -1 },
            enable_2pc: if version >= 6 { reader.bool()? } else { false },
            keep_prepared_txn: if version >= 6 { reader.bool()? } else { false },
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
        check_version("InitProducerIdRequest", version, InitProducerIdRequest::VERSIONS)?;
        let flexible = version >= 2;
        writer.nullable_string(flexible, self.transactional_id.as_deref())?;
        writer.i32(self.transaction_timeout_ms);
        if version >= 3 {
            writer.i64(self.producer_id);
        } else if self.producer_id != -1 {
            return Err(EncodeError::absent(
                "InitProducerIdRequest",
                "producer_id",
                version,
            ));
        }
        if version >= 3 {
            writer.i16(self.producer_epoch);
        } else if self.producer_epoch != -1 {
            return Err(EncodeError::absent(
                "InitProducerIdRequest",
                "producer_epoch",
                version,
            ));
        }
        if version >= 6 {
            writer.bool(self.enable_2pc);
        } else if self.enable_2pc {
            return Err(EncodeError::absent(
                "InitProducerIdRequest",
                "enable_2pc",
                version,
            ));
        }
        if version >= 6 {
            writer.bool(self.keep_prepared_txn);
        } else if self.keep_prepared_txn {
            return Err(EncodeError::absent(
                "InitProducerIdRequest",
                "keep_prepared_txn",
                version,
            ));
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// InitProducerIdResponse, versions 0 to 6, flexible from 2.
#[derive(Clone, PartialEq, Debug)]
pub struct InitProducerIdResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Default -1.
    pub producer_id: i64,
    pub producer_epoch: i16,
    /// From version 6; default -1.
    pub ongoing_txn_producer_id: i64,
    /// From version 6; default -1.
    pub ongoing_txn_producer_epoch: i16,
}

impl Default for InitProducerIdResponse {
    fn default() -> InitProducerIdResponse {
        InitProducerIdResponse {
            throttle_time_ms: 0,
            error_code: 0,
            producer_id: -1,
            producer_epoch: 0,
            ongoing_txn_producer_id: -1,
            ongoing_txn_producer_epoch: -1,
        }
    }
}

impl InitProducerIdResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=6;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<InitProducerIdResponse, DecodeError> {
        check_version(
            "InitProducerIdResponse",
            version,
            InitProducerIdResponse::VERSIONS,
        )?;
        let flexible = version >= 2;
        let message = InitProducerIdResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            ongoing_txn_producer_id: if version >= 6 { reader.i64()? } else { -1 },
            ongoing_txn_producer_epoch: if version >= 6 { reader.i16()? } else { -1 },
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
            "InitProducerIdResponse",
            version,
            InitProducerIdResponse::VERSIONS,
        )?;
        let flexible = version >= 2;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        if version >= 6 {
            writer.i64(self.ongoing_txn_producer_id);
        } else if self.ongoing_txn_producer_id != -1 {
            return Err(EncodeError::absent(
                "InitProducerIdResponse",
                "ongoing_txn_producer_id",
                version,
            ));
        }
        if version >= 6 {
            writer.i16(self.ongoing_txn_producer_epoch);
        } else if self.ongoing_txn_producer_epoch != -1 {
            return Err(EncodeError::absent(
                "InitProducerIdResponse",
                "ongoing_txn_producer_epoch",
                version,
            ));
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
