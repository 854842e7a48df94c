//! AddPartitionsToTxn (API key 24). Generated from `schema/add_partitions_to_txn.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// AddPartitionsToTxnRequest, versions 0 to 5, flexible from 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddPartitionsToTxnRequest {
    /// From version 4.
    pub transactions: Vec<AddPartitionsToTxnTransaction>,
    /// Versions 0 to 3.
    pub v3_and_below_transactional_id: String,
    /// Versions 0 to 3.
    pub v3_and_below_producer_id: i64,
    /// Versions 0 to 3.
    pub v3_and_below_producer_epoch: i16,
    /// Versions 0 to 3.
    pub v3_and_below_topics: Vec<AddPartitionsToTxnTopic>,
}

impl AddPartitionsToTxnRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=5;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AddPartitionsToTxnRequest, DecodeError> {
        check_version(
            "AddPartitionsToTxnRequest",
            version,
            AddPartitionsToTxnRequest::VERSIONS,
        )?;
        let flexible = version >= 3;
        let message = AddPartitionsToTxnRequest {
            transactions: if version >= 4 {
                reader.array(flexible, 14, |reader| {
                    AddPartitionsToTxnTransaction::decode(reader, version)
                })?
            } else {
                Vec::new()
            },
            v3_and_below_transactional_id: if version <= 3 {
                reader.string(flexible)?
            } else {
                String::new()
            },
            v3_and_below_producer_id: if version <= 3 { reader.i64()? } else { 0 },
            v3_and_below_producer_epoch: if version <= 3 { reader.i16()? } else { 0 },
            v3_and_below_topics: if version <= 3 {
                reader.array(flexible, 3, |reader| {
                    AddPartitionsToTxnTopic::decode(reader, version)
                })?
            } else {
                Vec::new()
            },
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
            "AddPartitionsToTxnRequest",
            version,
            AddPartitionsToTxnRequest::VERSIONS,
        )?;
        let flexible = version >= 3;
        if version >= 4 {
            writer.array(flexible, &self.transactions, |writer, item| {
                item.encode(writer, version)
            })?;
        } else if !self.transactions.is_empty() {
            return Err(EncodeError::absent(
                "AddPartitionsToTxnRequest",
                "transactions",
                version,
            ));
        }
        if version <= 3 {
            writer.string(flexible, &self.v3_and_below_transactional_id)?;
        } else if !self.v3_and_below_transactional_id.is_empty() {
            return Err(EncodeError::absent(
                "AddPartitionsToTxnRequest",
                "v3_and_below_transactional_id",
                version,
            ));
        }
        if version <= 3 {
            writer.i64(self.v3_and_below_producer_id);
        } else if self.v3_and_below_producer_id != 0 {
            return Err(EncodeError::absent(
                "AddPartitionsToTxnRequest",
                "v3_and_below_producer_id",
                version,
            ));
        }
        if version <= 3 {
            writer.i16(self.v3_and_below_producer_epoch);
        } else if self.v3_and_below_producer_epoch != 0 {
            return Err(EncodeError::absent(
                "AddPartitionsToTxnRequest",
                "v3_and_below_producer_epoch",
                version,
            ));
        }
        if version <= 3 {
            writer.array(flexible, &self.v3_and_below_topics, |writer, item| {
                item.encode(writer, version)
            })?;
        } else if !self.v3_and_below_topics.is_empty() {
            return Err(EncodeError::absent(
                "AddPartitionsToTxnRequest",
                "v3_and_below_topics",
                version,
            ));
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`AddPartitionsToTxnRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddPartitionsToTxnTransaction {
    pub transactional_id: String,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub verify_only: bool,
    pub topics: Vec<AddPartitionsToTxnTopic>,
}

impl AddPartitionsToTxnTransaction {
    fn decode(reader: &mut Reader, version: i16) -> Result<AddPartitionsToTxnTransaction, DecodeError> {
        let message = AddPartitionsToTxnTransaction {
            transactional_id: reader.string(true)?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            verify_only: reader.bool()?,
            topics: reader.array(true, 3, |reader| AddPartitionsToTxnTopic::decode(reader, version))?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.transactional_id)?;
        writer.i64(self.producer_id);
        writer.i16(self.producer_epoch);
        writer.bool(self.verify_only);
        writer.array(true, &self.topics, |writer, item| item.encode(writer, version))?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`AddPartitionsToTxnRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddPartitionsToTxnTopic {
    pub name: String,
    pub partitions: Vec<i32>,
}

impl AddPartitionsToTxnTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<AddPartitionsToTxnTopic, DecodeError> {
        let flexible = version >= 3;
        let message = AddPartitionsToTxnTopic {
            name: reader.string(flexible)?,
            partitions: reader.array(flexible, 4, Reader::i32)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.string(flexible, &self.name)?;
        writer.plain_array(flexible, &self.partitions, |writer, item| writer.i32(*item))?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// AddPartitionsToTxnResponse, versions 0 to 5, flexible from 3.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddPartitionsToTxnResponse {
    pub throttle_time_ms: i32,
    /// From version 4.
    pub error_code: i16,
    /// From version 4.
    pub results_by_transaction: Vec<AddPartitionsToTxnResult>,
    /// Versions 0 to 3.
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult>,
}

impl AddPartitionsToTxnResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=5;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<AddPartitionsToTxnResponse, DecodeError> {
        check_version(
            "AddPartitionsToTxnResponse",
            version,
            AddPartitionsToTxnResponse::VERSIONS,
        )?;
        let flexible = version >= 3;
        let message = AddPartitionsToTxnResponse {
            throttle_time_ms: reader.i32()?,
            error_code: if version >= 4 { reader.i16()? } else { 0 },
            results_by_transaction: if version >= 4 {
                reader.array(flexible, 3, |reader| {
                    AddPartitionsToTxnResult::decode(reader, version)
                })?
            } else {
                Vec::new()
            },
            results_by_topic_v3_and_below: if version <= 3 {
                reader.array(flexible, 3, |reader| {
                    AddPartitionsToTxnTopicResult::decode(reader, version)
                })?
            } else {
                Vec::new()
            },
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
            "AddPartitionsToTxnResponse",
            version,
            AddPartitionsToTxnResponse::VERSIONS,
        )?;
        let flexible = version >= 3;
        writer.i32(self.throttle_time_ms);
        if version >= 4 {
            writer.i16(self.error_code);
        }
        if version >= 4 {
            writer.array(flexible, &self.results_by_transaction, |writer, item| {
                item.encode(writer, version)
            })?;
        } else if !self.results_by_transaction.is_empty() {
            return Err(EncodeError::absent(
                "AddPartitionsToTxnResponse",
                "results_by_transaction",
                version,
            ));
        }
        if version <= 3 {
            writer.array(flexible, &self.results_by_topic_v3_and_below, |writer, item| {
                item.encode(writer, version)
            })?;
        } else if !self.results_by_topic_v3_and_below.is_empty() {
            return Err(EncodeError::absent(
                "AddPartitionsToTxnResponse",
                "results_by_topic_v3_and_below",
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

/// A part of [`AddPartitionsToTxnResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddPartitionsToTxnResult {
    pub transactional_id: String,
    pub topic_results: Vec<AddPartitionsToTxnTopicResult>,
}

impl AddPartitionsToTxnResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<AddPartitionsToTxnResult, DecodeError> {
        let message = AddPartitionsToTxnResult {
            transactional_id: reader.string(true)?,
            topic_results: reader.array(true, 3, |reader| {
                AddPartitionsToTxnTopicResult::decode(reader, version)
            })?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.transactional_id)?;
        writer.array(true, &self.topic_results, |writer, item| {
            item.encode(writer, version)
        })?;
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`AddPartitionsToTxnResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddPartitionsToTxnTopicResult {
    pub name: String,
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
}

impl AddPartitionsToTxnTopicResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<AddPartitionsToTxnTopicResult, DecodeError> {
        let flexible = version >= 3;
        let message = AddPartitionsToTxnTopicResult {
            name: reader.string(flexible)?,
            results_by_partition: reader.array(flexible, 6, |reader| {
                AddPartitionsToTxnPartitionResult::decode(reader, version)
            })?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.string(flexible, &self.name)?;
        writer.array(flexible, &self.results_by_partition, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`AddPartitionsToTxnResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddPartitionsToTxnPartitionResult {
    pub partition_index: i32,
    pub partition_error_code: i16,
}

impl AddPartitionsToTxnPartitionResult {
    fn decode(reader: &mut Reader, version: i16) -> Result<AddPartitionsToTxnPartitionResult, DecodeError> {
        let flexible = version >= 3;
        let message = AddPartitionsToTxnPartitionResult {
            partition_index: reader.i32()?,
            partition_error_code: reader.i16()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.i32(self.partition_index);
        writer.i16(self.partition_error_code);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}
