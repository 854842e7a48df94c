//! Builds whole v2 batches (Kafka's `MemoryRecordsBuilder`): for clients, internal topics and tests.

use bytes::Bytes;
use corelog_model::batch::{BatchProducer, Compression, HEADER_SIZE, LOG_OVERHEAD, MAGIC};
use corelog_model::{BatchError, LeaderEpoch, Offset, TimestampMs, ValidatedBatch};

use crate::compression::{CompressError, compress};
use crate::recompress::codec_bits;
use crate::records::Header;
use crate::varint::{put_varint, put_varlong, size};

/// What a producer writes where no leader has spoken yet.
const NO_LEADER_EPOCH: LeaderEpoch = LeaderEpoch::new(-1);
const CRC_START: usize = 21;

/// Who stamps the records.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Stamps {
    /// The producer: each record keeps its own.
    #[default]
    Create,
    /// The broker: the batch carries this one for all.
    LogAppend(TimestampMs),
}

/// The header fields that are chosen rather than counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchOptions {
    /// The first record's offset; a producer leaves it zero.
    pub base_offset: Offset,
    /// The leader's epoch; -1 from a producer.
    pub leader_epoch: LeaderEpoch,
    /// How the records are compressed.
    pub compression: Compression,
    /// Who stamps them.
    pub stamps: Stamps,
    /// The idempotent producer, if there is one.
    pub producer: Option<BatchProducer>,
    /// Part of a transaction.
    pub is_transactional: bool,
    /// A transaction marker.
    pub is_control: bool,
}

impl Default for BatchOptions {
    /// What a producer without idempotence sends, uncompressed.
    fn default() -> BatchOptions {
        BatchOptions {
            base_offset: Offset::ZERO,
            leader_epoch: NO_LEADER_EPOCH,
            compression: Compression::None,
            stamps: Stamps::Create,
            producer: None,
            is_transactional: false,
            is_control: false,
        }
    }
}

/// A record to be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NewRecord<'a> {
    /// Its create time.
    pub timestamp: TimestampMs,
    /// Its key; `None` is null.
    pub key: Option<&'a [u8]>,
    /// Its value; `None` is null.
    pub value: Option<&'a [u8]>,
    /// Its headers, in order.
    pub headers: &'a [Header<'a>],
}

/// Why a record or a batch cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A batch has at least one record.
    #[error("a batch needs a record")]
    Empty,
    /// A length that does not fit into 31 bits.
    #[error("the {field} has {size} bytes, more than a batch can hold")]
    TooLarge {
        /// What.
        field: &'static str,
        /// Its size in bytes, or its number.
        size: usize,
    },
    /// The offsets of a batch grow and span at most 2^31.
    #[error("offset {offset} cannot follow in a batch that begins at {base_offset}")]
    Offset {
        /// The record's.
        offset: Offset,
        /// The batch's.
        base_offset: Offset,
    },
    /// The distance from the batch's first timestamp overflows.
    #[error("the timestamp {timestamp} is too far from {base_timestamp}")]
    Timestamp {
        /// The record's.
        timestamp: TimestampMs,
        /// The batch's.
        base_timestamp: TimestampMs,
    },
    /// The codec failed.
    #[error("the records were not compressed")]
    Compress(#[from] CompressError),
    /// What was built is no batch: options that contradict each other, such as offsets past the last.
    #[error("the options do not make a batch")]
    Invalid(#[from] BatchError),
}

/// Gathers records and makes a batch of them.
#[derive(Clone, Debug)]
pub struct RecordBatchBuilder {
    options: BatchOptions,
    payload: Vec<u8>,
    record_count: i32,
    last_offset_delta: i32,
    base_timestamp: TimestampMs,
    max_timestamp: TimestampMs,
}

impl RecordBatchBuilder {
    /// Begins a batch.
    pub fn new(options: BatchOptions) -> RecordBatchBuilder {
        RecordBatchBuilder {
            options,
            payload: Vec::new(),
            record_count: 0,
            last_offset_delta: -1,
            base_timestamp: TimestampMs::default(),
            max_timestamp: TimestampMs::default(),
        }
    }

    /// The records so far.
    pub fn record_count(&self) -> i32 {
        self.record_count
    }

    /// The size of the batch so far, before compression, in bytes.
    pub fn size_uncompressed(&self) -> usize {
        HEADER_SIZE + self.payload.len()
    }

    /// Writes `record` at the offset after the last one.
    ///
    /// # Errors
    /// `TooLarge`, `Timestamp`, or `Offset` after 2^31 records; the builder is then as it was.
    pub fn append(&mut self, record: &NewRecord<'_>) -> Result<(), BuildError> {
        let delta = self.last_offset_delta.checked_add(1).ok_or(BuildError::Offset {
            offset: self.options.base_offset,
            base_offset: self.options.base_offset,
        })?;
        self.write(delta, record)
    }

    /// Writes `record` at `offset`, past the last one: compaction keeps offsets and leaves gaps.
    ///
    /// # Errors
    /// As `append`, and `Offset` when `offset` does not follow; the builder is then as it was.
    pub fn append_at(&mut self, offset: Offset, record: &NewRecord<'_>) -> Result<(), BuildError> {
        let base_offset = self.options.base_offset;
        match i32::try_from((offset - base_offset).get()) {
            Ok(delta) if delta > self.last_offset_delta => self.write(delta, record),
            _ => Err(BuildError::Offset { offset, base_offset }),
        }
    }

    fn write(&mut self, offset_delta: i32, record: &NewRecord<'_>) -> Result<(), BuildError> {
        let base_timestamp = if self.record_count == 0 {
            record.timestamp
        } else {
            self.base_timestamp
        };
        let timestamp_delta =
            record
                .timestamp
                .get()
                .checked_sub(base_timestamp.get())
                .ok_or(BuildError::Timestamp {
                    timestamp: record.timestamp,
                    base_timestamp,
                })?;
        let size = record_size(timestamp_delta, offset_delta, record);
        let size_wire = narrow("record", size)?;
        // The whole batch's length, with the record's own size field of five bytes at most, has to fit too.
        narrow("batch", HEADER_SIZE + self.payload.len() + 5 + size)?;
        narrow("header list", record.headers.len())?;

        put_varint(&mut self.payload, size_wire);
        self.payload.push(0);
        put_varlong(&mut self.payload, timestamp_delta);
        put_varint(&mut self.payload, offset_delta);
        put_nullable(&mut self.payload, record.key);
        put_nullable(&mut self.payload, record.value);
        put_size(&mut self.payload, record.headers.len());
        for header in record.headers {
            put_nullable(&mut self.payload, Some(header.key));
            put_nullable(&mut self.payload, header.value);
        }

        self.max_timestamp = if self.record_count == 0 {
            record.timestamp
        } else {
            self.max_timestamp.max(record.timestamp)
        };
        self.base_timestamp = base_timestamp;
        self.record_count += 1;
        self.last_offset_delta = offset_delta;
        Ok(())
    }

    /// Makes the batch.
    ///
    /// # Errors
    /// `Empty`, `Compress`, `TooLarge`, or `Invalid` when the options contradict each other.
    pub fn build(self) -> Result<ValidatedBatch, BuildError> {
        if self.record_count == 0 {
            return Err(BuildError::Empty);
        }
        let options = self.options;
        let payload = match options.compression {
            Compression::None => self.payload,
            Compression::Gzip | Compression::Snappy | Compression::Lz4 | Compression::Zstd => {
                compress(options.compression, &self.payload)?
            }
        };
        let batch_length = narrow("batch", HEADER_SIZE - LOG_OVERHEAD + payload.len())?;
        let max_timestamp = match options.stamps {
            Stamps::Create => self.max_timestamp,
            Stamps::LogAppend(timestamp) => timestamp,
        };
        let mut batch = Vec::with_capacity(HEADER_SIZE + payload.len());
        batch.extend_from_slice(&options.base_offset.get().to_be_bytes());
        batch.extend_from_slice(&batch_length.to_be_bytes());
        batch.extend_from_slice(&options.leader_epoch.get().to_be_bytes());
        batch.push(MAGIC);
        batch.extend_from_slice(&[0; 4]);
        batch.extend_from_slice(&attributes(&options).to_be_bytes());
        batch.extend_from_slice(&self.last_offset_delta.to_be_bytes());
        batch.extend_from_slice(&self.base_timestamp.get().to_be_bytes());
        batch.extend_from_slice(&max_timestamp.get().to_be_bytes());
        let producer = options.producer;
        batch.extend_from_slice(&producer.map_or(-1, |p| p.id.get()).to_be_bytes());
        batch.extend_from_slice(&producer.map_or(-1, |p| p.epoch.get()).to_be_bytes());
        let sequence = producer.and_then(|p| p.base_sequence).map_or(-1, |s| s.get());
        batch.extend_from_slice(&sequence.to_be_bytes());
        batch.extend_from_slice(&self.record_count.to_be_bytes());
        assert_eq!(batch.len(), HEADER_SIZE);
        batch.extend_from_slice(&payload);
        let crc = crc32c::crc32c(&batch[CRC_START..]);
        batch[CRC_START - 4..CRC_START].copy_from_slice(&crc.to_be_bytes());
        Ok(ValidatedBatch::new(Bytes::from(batch))?)
    }
}

fn attributes(options: &BatchOptions) -> i16 {
    let compression = codec_bits(options.compression);
    let stamps = match options.stamps {
        Stamps::Create => 0,
        Stamps::LogAppend(_) => 1 << 3,
    };
    compression | stamps | i16::from(options.is_transactional) << 4 | i16::from(options.is_control) << 5
}

/// The bytes of a record after its size field.
fn record_size(timestamp_delta: i64, offset_delta: i32, record: &NewRecord<'_>) -> usize {
    let headers: usize = record
        .headers
        .iter()
        .map(|header| nullable_size(Some(header.key)) + nullable_size(header.value))
        .sum();
    1 + size(timestamp_delta)
        + size(i64::from(offset_delta))
        + nullable_size(record.key)
        + nullable_size(record.value)
        + size(wire_size(record.headers.len()))
        + headers
}

fn nullable_size(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| size(wire_size(bytes.len())) + bytes.len())
}

fn wire_size(size: usize) -> i64 {
    i64::try_from(size).expect("a slice is at most isize::MAX long")
}

fn put_nullable(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => put_varint(out, -1),
        Some(bytes) => {
            put_size(out, bytes.len());
            out.extend_from_slice(bytes);
        }
    }
}

/// Writes a size that is part of a record, whose own size is already known to fit.
fn put_size(out: &mut Vec<u8>, size: usize) {
    put_varlong(out, wire_size(size));
}

fn narrow(field: &'static str, size: usize) -> Result<i32, BuildError> {
    i32::try_from(size).map_err(|_| BuildError::TooLarge { field, size })
}
