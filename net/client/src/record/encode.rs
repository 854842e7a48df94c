//! From records to one batch, as a producer sends it.

use bytes::{BufMut, Bytes, BytesMut};
use corelog_model::batch::{BatchProducer, Compression, HEADER_SIZE, LOG_OVERHEAD, MAGIC};

use super::Record;
use crate::compression::{CompressionError, compress};

/// How a batch is made.
#[derive(Clone, Copy, Debug)]
pub struct BatchOptions {
    /// The codec.
    pub compression: Compression,
    /// The idempotent producer, if there is one.
    pub producer: Option<BatchProducer>,
    /// Part of a transaction.
    pub is_transactional: bool,
}

impl Default for BatchOptions {
    fn default() -> BatchOptions {
        BatchOptions {
            compression: Compression::None,
            producer: None,
            is_transactional: false,
        }
    }
}

/// Why a batch cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EncodeBatchError {
    /// No records.
    #[error("a batch has at least one record")]
    Empty,
    /// Beyond what a length field can say.
    #[error("{what} of {length} is too large for a batch")]
    TooLong {
        /// What it is.
        what: &'static str,
        /// Its length.
        length: usize,
    },
    /// The codec failed.
    #[error(transparent)]
    Compression(#[from] CompressionError),
}

/// Encodes one batch, base offset 0, as a producer sends it.
///
/// # Errors
/// See `EncodeBatchError`.
pub fn encode_batch(records: &[Record], options: &BatchOptions) -> Result<Bytes, EncodeBatchError> {
    let first = records.first().ok_or(EncodeBatchError::Empty)?;
    let count = int("a record count", records.len())?;
    let base_timestamp = first.timestamp.get();
    let max_timestamp = records
        .iter()
        .map(|record| record.timestamp.get())
        .max()
        .unwrap_or(base_timestamp);
    let mut plain = BytesMut::with_capacity(records.iter().map(Record::encoded_size_max).sum());
    for (index, record) in records.iter().enumerate() {
        put_record(&mut plain, record, base_timestamp, int("an offset delta", index)?)?;
    }
    let payload = match options.compression {
        Compression::None => plain.freeze(),
        codec @ (Compression::Gzip | Compression::Snappy | Compression::Lz4 | Compression::Zstd) => {
            Bytes::from(compress(codec, &plain)?)
        }
    };

    let mut batch = BytesMut::with_capacity(HEADER_SIZE + payload.len());
    batch.put_i64(0);
    batch.put_i32(int("a batch", HEADER_SIZE - LOG_OVERHEAD + payload.len())?);
    batch.put_i32(-1);
    batch.put_u8(MAGIC);
    batch.put_u32(0);
    let crc_start = batch.len();
    batch.put_i16(attributes(options));
    batch.put_i32(count - 1);
    batch.put_i64(base_timestamp);
    batch.put_i64(max_timestamp);
    match options.producer {
        Some(producer) => {
            batch.put_i64(producer.id.get());
            batch.put_i16(producer.epoch.get());
            batch.put_i32(producer.base_sequence.map_or(-1, |sequence| sequence.get()));
        }
        None => {
            batch.put_i64(-1);
            batch.put_i16(-1);
            batch.put_i32(-1);
        }
    }
    batch.put_i32(count);
    debug_assert_eq!(batch.len(), HEADER_SIZE);
    batch.put_slice(&payload);
    let crc = crc32c::crc32c(&batch[crc_start..]);
    batch[crc_start - 4..crc_start].copy_from_slice(&crc.to_be_bytes());
    Ok(batch.freeze())
}

fn attributes(options: &BatchOptions) -> i16 {
    let codec = match options.compression {
        Compression::None => 0,
        Compression::Gzip => 1,
        Compression::Snappy => 2,
        Compression::Lz4 => 3,
        Compression::Zstd => 4,
    };
    codec | if options.is_transactional { 0b1_0000 } else { 0 }
}

fn int(what: &'static str, length: usize) -> Result<i32, EncodeBatchError> {
    i32::try_from(length).map_err(|_| EncodeBatchError::TooLong { what, length })
}

fn put_record(
    out: &mut BytesMut,
    record: &Record,
    base_timestamp: i64,
    offset_delta: i32,
) -> Result<(), EncodeBatchError> {
    let mut body = BytesMut::with_capacity(record.encoded_size_max());
    body.put_u8(0);
    put_varlong(&mut body, record.timestamp.get().wrapping_sub(base_timestamp));
    put_varlong(&mut body, i64::from(offset_delta));
    put_nullable(&mut body, "a key", record.key.as_deref())?;
    put_nullable(&mut body, "a value", record.value.as_deref())?;
    put_varlong(&mut body, i64::from(int("a header count", record.headers.len())?));
    for header in &record.headers {
        put_nullable(&mut body, "a header key", Some(header.key.as_bytes()))?;
        put_nullable(&mut body, "a header value", header.value.as_deref())?;
    }
    put_varlong(out, i64::from(int("a record", body.len())?));
    out.put_slice(&body);
    Ok(())
}

fn put_nullable(
    out: &mut BytesMut,
    what: &'static str,
    value: Option<&[u8]>,
) -> Result<(), EncodeBatchError> {
    match value {
        None => put_varlong(out, -1),
        Some(bytes) => {
            put_varlong(out, i64::from(int(what, bytes.len())?));
            out.put_slice(bytes);
        }
    }
    Ok(())
}

pub(super) fn put_varlong(out: &mut BytesMut, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    loop {
        let [low, ..] = rest.to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            out.put_u8(low & 0x7f);
            return;
        }
        out.put_u8(low | 0x80);
    }
}
