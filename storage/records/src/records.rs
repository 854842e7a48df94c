//! The records of a v2 batch, borrowed from its bytes (Kafka's `DefaultRecord`).
//!
//! ```text
//! size             varint   bytes after this field
//! attributes       i8       unused
//! timestamp_delta  varlong  from the batch's base_timestamp
//! offset_delta     varint   from the batch's base_offset
//! key_size         varint   -1: null
//! key
//! value_size       varint   -1: null
//! value
//! header_count     varint
//! headers:         key_size varint, key, value_size varint (-1: null), value
//! ```
//!
//! Invariants: a `Record` that was handed out is wholly decoded, its headers included, and its fields filled its size
//! exactly. After an error an iterator ends. Nothing is allocated.

use std::borrow::Cow;

use corelog_model::batch::{Compression, HEADER_SIZE, TimestampType};
use corelog_model::{BatchHeader, Offset, OffsetDelta, TimestampMs};

use crate::compression::{DecompressError, decompress};
use crate::varint::{Cursor, VarintError};

/// Why bytes are not a record.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordError {
    /// The bytes end amid a field.
    #[error("record {index} ends amid its {field}")]
    Truncated {
        /// Which record of the batch, from zero.
        index: i32,
        /// The field.
        field: &'static str,
    },
    /// A field whose value no record can have.
    #[error("record {index} has the impossible {field} {value}")]
    Field {
        /// Which record of the batch, from zero.
        index: i32,
        /// The field.
        field: &'static str,
        /// Its value.
        value: i64,
    },
    /// A varint longer than its type.
    #[error("record {index} has a {field} longer than its type")]
    Varint {
        /// Which record of the batch, from zero.
        index: i32,
        /// The field.
        field: &'static str,
    },
    /// The record's fields end before its size says.
    #[error("record {index} has {bytes} bytes after its last field")]
    RecordTail {
        /// Which record of the batch, from zero.
        index: i32,
        /// How many.
        bytes: usize,
    },
    /// Bytes follow the last record.
    #[error("{bytes} bytes follow the {count} records of the batch")]
    BatchTail {
        /// The records that the batch's header counts.
        count: i32,
        /// The bytes after them.
        bytes: usize,
    },
}

/// Why a batch's records cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// The bytes are shorter than the batch.
    #[error("the batch needs {needed} bytes and {available} are there")]
    Truncated {
        /// What it takes.
        needed: usize,
        /// What is there.
        available: usize,
    },
    /// They do not decompress.
    #[error("the batch's records do not decompress")]
    Decompress(#[from] DecompressError),
}

/// Gives the records' bytes of the whole batch `bytes` that `header` was parsed from, decompressed to at most
/// `size_max` bytes. Uncompressed records are borrowed and not limited.
///
/// # Errors
/// `PayloadError`.
pub fn payload<'a>(
    header: &BatchHeader,
    bytes: &'a [u8],
    size_max: usize,
) -> Result<Cow<'a, [u8]>, PayloadError> {
    let records = bytes
        .get(HEADER_SIZE..header.size)
        .ok_or(PayloadError::Truncated {
            needed: header.size,
            available: bytes.len(),
        })?;
    if header.compression == Compression::None {
        return Ok(Cow::Borrowed(records));
    }
    Ok(Cow::Owned(decompress(header.compression, records, size_max)?))
}

/// One record, borrowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    /// Unused by Kafka; zero.
    pub attributes: u8,
    /// Milliseconds from the batch's base timestamp.
    pub timestamp_delta: i64,
    /// The distance from the batch's base offset, as it is on the wire; a hostile one may be negative.
    pub offset_delta: i32,
    /// The key; `None` is null.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is null, a tombstone where the topic is compacted.
    pub value: Option<&'a [u8]>,
    /// The headers, in order; a key may repeat.
    pub headers: Headers<'a>,
}

impl Record<'_> {
    /// The record's offset in the batch of `header`; `None` if its delta leads outside the range of offsets.
    pub fn offset(&self, header: &BatchHeader) -> Option<Offset> {
        let delta = OffsetDelta::new(i64::from(self.offset_delta));
        Offset::new(header.base_offset.get().checked_add(delta.get())?)
    }

    /// The timestamp that a consumer sees: the record's own, or the broker's for the whole batch of `header`; `None` if
    /// the record's own overflows.
    pub fn timestamp(&self, header: &BatchHeader) -> Option<TimestampMs> {
        match header.timestamp_type {
            TimestampType::CreateTime => self.create_time(header),
            TimestampType::LogAppendTime => Some(header.max_timestamp),
        }
    }

    /// The record's own timestamp in the batch of `header`, before LogAppendTime replaces it; `None` if it overflows.
    pub fn create_time(&self, header: &BatchHeader) -> Option<TimestampMs> {
        header
            .base_timestamp
            .get()
            .checked_add(self.timestamp_delta)
            .map(TimestampMs::new)
    }
}

/// One header of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header<'a> {
    /// The key: UTF-8 by Kafka's rules, but nothing on the way checks it.
    pub key: &'a [u8],
    /// The value; `None` is null.
    pub value: Option<&'a [u8]>,
}

/// The headers of a record that was decoded.
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    cursor: Cursor<'a>,
    remaining: i32,
}

impl PartialEq for Headers<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.clone().eq(other.clone())
    }
}

impl Eq for Headers<'_> {}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        if self.remaining == 0 {
            return None;
        }
        self.remaining -= 1;
        // The record's decoder walked these bytes before, so this cannot fail.
        read_header(&mut Fields {
            cursor: &mut self.cursor,
            index: 0,
        })
        .ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = usize::try_from(self.remaining).unwrap_or(0);
        (count, Some(count))
    }
}

impl ExactSizeIterator for Headers<'_> {}

/// The records of a batch, one after the other; see the module for what is checked.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    cursor: Cursor<'a>,
    index: i32,
    count: i32,
    is_over: bool,
}

impl<'a> Records<'a> {
    /// Reads the records of the batch of `header` from `payload`, its decompressed bytes after the header.
    pub fn new(header: &BatchHeader, payload: &'a [u8]) -> Records<'a> {
        Records {
            cursor: Cursor::new(payload),
            index: 0,
            count: header.record_count,
            is_over: false,
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        if self.index >= self.count {
            self.is_over = true;
            let bytes = self.cursor.remaining();
            let count = self.count;
            return (bytes > 0).then_some(Err(RecordError::BatchTail { count, bytes }));
        }
        let record = read_record(&mut self.cursor, self.index);
        self.is_over = record.is_err();
        self.index += 1;
        Some(record)
    }
}

#[inline]
pub(crate) fn read_record<'a>(cursor: &mut Cursor<'a>, index: i32) -> Result<Record<'a>, RecordError> {
    let mut outer = Fields { cursor, index };
    let size = outer.size("size")?;
    let mut body = Cursor::new(outer.bytes("body", size)?);
    let mut fields = Fields {
        cursor: &mut body,
        index,
    };
    let attributes = fields.cursor.byte().ok_or(RecordError::Truncated {
        index,
        field: "attributes",
    })?;
    let timestamp_delta = fields.varlong("timestamp delta")?;
    let offset_delta = fields.varint("offset delta")?;
    let key = fields.nullable("key")?;
    let value = fields.nullable("value")?;
    let header_count = fields.varint("header count")?;
    // A header takes two bytes at least, so a greater count than that is a lie that need not be walked.
    let room = fields.cursor.remaining() / 2;
    if usize::try_from(header_count).map_or(true, |count| count > room) {
        return Err(RecordError::Field {
            index,
            field: "header count",
            value: i64::from(header_count),
        });
    }
    let headers = Headers {
        cursor: fields.cursor.clone(),
        remaining: header_count,
    };
    for _ in 0..header_count {
        read_header(&mut fields)?;
    }
    match body.remaining() {
        0 => Ok(Record {
            attributes,
            timestamp_delta,
            offset_delta,
            key,
            value,
            headers,
        }),
        bytes => Err(RecordError::RecordTail { index, bytes }),
    }
}

fn read_header<'a>(fields: &mut Fields<'_, 'a>) -> Result<Header<'a>, RecordError> {
    let size = fields.size("header key size")?;
    Ok(Header {
        key: fields.bytes("header key", size)?,
        value: fields.nullable("header value")?,
    })
}

/// Reads fields and names them in errors.
struct Fields<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    index: i32,
}

impl<'a> Fields<'_, 'a> {
    fn fault(&self, field: &'static str, error: VarintError) -> RecordError {
        let index = self.index;
        match error {
            VarintError::Truncated => RecordError::Truncated { index, field },
            VarintError::TooLong => RecordError::Varint { index, field },
        }
    }

    fn varint(&mut self, field: &'static str) -> Result<i32, RecordError> {
        self.cursor.varint().map_err(|error| self.fault(field, error))
    }

    fn varlong(&mut self, field: &'static str) -> Result<i64, RecordError> {
        self.cursor.varlong().map_err(|error| self.fault(field, error))
    }

    fn size(&mut self, field: &'static str) -> Result<usize, RecordError> {
        let value = self.varint(field)?;
        usize::try_from(value).map_err(|_| RecordError::Field {
            index: self.index,
            field,
            value: i64::from(value),
        })
    }

    fn bytes(&mut self, field: &'static str, size: usize) -> Result<&'a [u8], RecordError> {
        let index = self.index;
        self.cursor
            .take(size)
            .ok_or(RecordError::Truncated { index, field })
    }

    /// Any negative size is null, as Kafka's `DefaultRecord.readFrom` takes it.
    fn nullable(&mut self, field: &'static str) -> Result<Option<&'a [u8]>, RecordError> {
        match usize::try_from(self.varint(field)?) {
            Ok(size) => self.bytes(field, size).map(Some),
            Err(_) => Ok(None),
        }
    }
}
