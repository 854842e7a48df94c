//! ListTransactions (API key 66). Generated from `schema/list_transactions.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// ListTransactionsRequest, versions 0 to 2, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct ListTransactionsRequest {
    pub state_filters: Vec<String>,
    pub producer_id_filters: Vec<i64>,
    /// From version 1; default -1.
    pub duration_filter: i64,
    /// From version 2; nullable.
    pub transactional_id_pattern: Option<String>,
}

impl Default for ListTransactionsRequest {
    fn default() -> ListTransactionsRequest {
        ListTransactionsRequest {
            state_filters: Vec::new(),
            producer_id_filters: Vec::new(),
            duration_filter: -1,
            transactional_id_pattern: None,
        }
    }
}

impl ListTransactionsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ListTransactionsRequest, DecodeError> {
        check_version(
            "ListTransactionsRequest",
            version,
            ListTransactionsRequest::VERSIONS,
        )?;
        let message = ListTransactionsRequest {
            state_filters: reader.array(true, 1, |reader| reader.string(true))?,
            producer_id_filters: reader.array(true, 8, Reader::i64)?,
            duration_filter: if version >= 1 { reader.i64()? } else { -1 },
            transactional_id_pattern: if version >= 2 {
                reader.nullable_string(true)?
            } else {
                None
            },
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
            "ListTransactionsRequest",
            version,
            ListTransactionsRequest::VERSIONS,
        )?;
        writer.array(true, &self.state_filters, |writer, item| {
            writer.string(true, item)
        })?;
        writer.plain_array(true, &self.producer_id_filters, |writer, item| writer.i64(*item))?;
        if version >= 1 {
            writer.i64(self.duration_filter);
        } else if self.duration_filter != -1 {
            return Err(EncodeError::absent(
                "ListTransactionsRequest",
                "duration_filter",
                version,
            ));
        }
        if version >= 2 {
            writer.nullable_string(true, self.transactional_id_pattern.as_deref())?;
        } else if self.transactional_id_pattern.is_some() {
            return Err(EncodeError::absent(
                "ListTransactionsRequest",
                "transactional_id_pattern",
                version,
            ));
        }
        writer.no_tagged_fields();
        Ok(())
    }
}

/// ListTransactionsResponse, versions 0 to 2, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListTransactionsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub unknown_state_filters: Vec<String>,
    pub transaction_states: Vec<TransactionState>,
}

impl ListTransactionsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ListTransactionsResponse, DecodeError> {
        check_version(
            "ListTransactionsResponse",
            version,
            ListTransactionsResponse::VERSIONS,
        )?;
        let message = ListTransactionsResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            unknown_state_filters: reader.array(true, 1, |reader| reader.string(true))?,
            transaction_states: reader.array(true, 11, |reader| TransactionState::decode(reader, version))?,
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
            "ListTransactionsResponse",
            version,
            ListTransactionsResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.array(true, &self.unknown_state_filters, |writer, item| {
            writer.string(true, item)
        })?;
        writer.array(true, &self.transaction_states, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`ListTransactionsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TransactionState {
    pub transactional_id: String,
    pub producer_id: i64,
    pub transaction_state: String,
}

impl TransactionState {
    fn decode(reader: &mut Reader, _version: i16) -> Result<TransactionState, DecodeError> {
        let message = TransactionState {
            transactional_id: reader.string(true)?,
            producer_id: reader.i64()?,
            transaction_state: reader.string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.transactional_id)?;
        writer.i64(self.producer_id);
        writer.string(true, &self.transaction_state)?;
        writer.no_tagged_fields();
        Ok(())
    }
}
