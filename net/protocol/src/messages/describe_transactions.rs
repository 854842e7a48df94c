//! DescribeTransactions (API key 65). Generated from `schema/describe_transactions.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// DescribeTransactionsRequest, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeTransactionsRequest {
    pub transactional_ids: Vec<String>,
}

impl DescribeTransactionsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeTransactionsRequest, DecodeError> {
        check_version(
            "DescribeTransactionsRequest",
            version,
            DescribeTransactionsRequest::VERSIONS,
        )?;
        let message = DescribeTransactionsRequest {
            transactional_ids: reader.array(true, 1, |reader| reader.string(true))?,
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
            "DescribeTransactionsRequest",
            version,
            DescribeTransactionsRequest::VERSIONS,
        )?;
        writer.array(true, &self.transactional_ids, |writer, item| {
            writer.string(true, item)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// DescribeTransactionsResponse, versions 0 to 0, all flexible.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DescribeTransactionsResponse {
    pub throttle_time_ms: i32,
    pub transaction_states: Vec<TransactionState>,
}

impl DescribeTransactionsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=0;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<DescribeTransactionsResponse, DecodeError> {
        check_version(
            "DescribeTransactionsResponse",
            version,
            DescribeTransactionsResponse::VERSIONS,
        )?;
        let message = DescribeTransactionsResponse {
            throttle_time_ms: reader.i32()?,
            transaction_states: reader.array(true, 28, |reader| TransactionState::decode(reader, version))?,
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
            "DescribeTransactionsResponse",
            version,
            DescribeTransactionsResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.array(true, &self.transaction_states, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.transaction_states {
            item.error_codes(tell);
        }
    }
}

/// A part of [`DescribeTransactionsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TransactionState {
    pub error_code: i16,
    pub transactional_id: String,
    pub transaction_state: String,
    pub transaction_timeout_ms: i32,
    pub transaction_start_time_ms: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub topics: Vec<TopicData>,
}

impl TransactionState {
    fn decode(reader: &mut Reader, version: i16) -> Result<TransactionState, DecodeError> {
        let message = TransactionState {
            error_code: reader.i16()?,
            transactional_id: reader.string(true)?,
            transaction_state: reader.string(true)?,
            transaction_timeout_ms: reader.i32()?,
            transaction_start_time_ms: reader.i64()?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            topics: reader.array(true, 3, |reader| TopicData::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i16(self.error_code);
        writer.string(true, &self.transactional_id)?;
        writer.string(true, &self.transaction_state)?;
        writer.i32(self.transaction_timeout_ms);
        writer.i64(self.transaction_start_time_ms);
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`DescribeTransactionsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicData {
    pub topic: String,
    pub partitions: Vec<i32>,
}

impl TopicData {
    fn decode(reader: &mut Reader, _version: i16) -> Result<TopicData, DecodeError> {
        let message = TopicData {
            topic: reader.string(true)?,
            partitions: reader.array(true, 4, Reader::i32)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.topic)?;
        writer.plain_array(true, &self.partitions, |writer, item| writer.i32(*item))?;
        writer.no_tagged_fields();
        Ok(())
    }
}
