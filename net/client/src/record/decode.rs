//! From fetched batches to records.

use bytes::{Buf, Bytes};
use corelog_model::batch::{BatchHeader, Compression, HEADER_SIZE, TimestampType, check_crc, parse_header};
use corelog_model::{BatchError, Offset, TimestampMs};

use super::{RecordHeader, StoredRecord};
use crate::compression::{CompressionError, decompress};

/// The most that a batch's records may expand to: what Kafka's largest request could carry, several times over.
const PLAIN_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Why fetched bytes are not records.
#[derive(Debug, thiserror::Error)]
pub enum DecodeBatchError {
    /// The batch around them is damaged.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The codec failed.
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// A record is not well-formed.
    #[error("record {index} of the batch at offset {base_offset} is damaged: {fault}")]
    Record {
        /// Which batch.
        base_offset: Offset,
        /// Which record, from zero.
        index: usize,
        /// What is wrong.
        fault: &'static str,
    },
}

/// What a fetch brought.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DecodedRecords {
    /// The records, markers of transactions left out.
    pub records: Vec<StoredRecord>,
    /// Where to fetch next; `None` if no whole batch was there.
    pub next_offset: Option<Offset>,
}

/// A transaction that was aborted, as a fetch with read_committed lists it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AbortedProducer {
    /// Whose.
    pub producer_id: i64,
    /// Where it began in this partition.
    pub first_offset: i64,
}

/// Decodes the batches of a fetch, from `from` on, without those of `aborted` transactions. A batch that is cut short
/// ends them: a broker may cut the last one.
///
/// # Errors
/// See `DecodeBatchError`.
pub fn decode_batches(
    mut bytes: Bytes,
    from: Offset,
    aborted: &[AbortedProducer],
) -> Result<DecodedRecords, DecodeBatchError> {
    let mut decoded = DecodedRecords::default();
    let mut transactions = Transactions::new(aborted);
    while !bytes.is_empty() {
        let header = match parse_header(&bytes) {
            Ok(header) if header.size <= bytes.len() => header,
            Ok(_) | Err(BatchError::Truncated { .. }) => break,
            Err(error) => return Err(error.into()),
        };
        let batch = bytes.split_to(header.size);
        check_crc(&header, &batch)?;
        decoded.next_offset = Some(header.next_offset().max(from));
        if transactions.hides(&header, &batch) {
            continue;
        }
        let payload = batch.slice(HEADER_SIZE..);
        let plain = match header.compression {
            Compression::None => payload,
            codec @ (Compression::Gzip | Compression::Snappy | Compression::Lz4 | Compression::Zstd) => {
                Bytes::from(decompress(codec, &payload, PLAIN_BYTES_MAX)?)
            }
        };
        decode_records(&header, plain, from, &mut decoded.records)?;
    }
    Ok(decoded)
}

fn decode_records(
    header: &BatchHeader,
    plain: Bytes,
    from: Offset,
    records: &mut Vec<StoredRecord>,
) -> Result<(), DecodeBatchError> {
    let mut cursor = Cursor(plain);
    let count = usize::try_from(header.record_count).unwrap_or(0);
    for index in 0..count {
        let fault = |fault| DecodeBatchError::Record {
            base_offset: header.base_offset,
            index,
            fault,
        };
        let raw = take_record(&mut cursor).map_err(fault)?;
        let offset = header
            .base_offset
            .get()
            .checked_add(raw.offset_delta)
            .and_then(Offset::new)
            .ok_or_else(|| fault("its offset is impossible"))?;
        if offset < from {
            continue;
        }
        records.push(StoredRecord {
            offset,
            timestamp: match header.timestamp_type {
                TimestampType::CreateTime => {
                    TimestampMs::new(header.base_timestamp.get().wrapping_add(raw.timestamp_delta))
                }
                TimestampType::LogAppendTime => header.max_timestamp,
            },
            timestamp_type: header.timestamp_type,
            key: raw.key,
            value: raw.value,
            headers: raw.headers,
        });
    }
    if !cursor.0.is_empty() {
        return Err(DecodeBatchError::Record {
            base_offset: header.base_offset,
            index: count,
            fault: "bytes follow the last record",
        });
    }
    Ok(())
}

/// Which batches a consumer with read_committed does not see (Kafka's `CompletedFetch.containsAbortMarker`).
struct Transactions<'a> {
    /// Not begun yet at the batch being looked at, by first offset, the last first.
    upcoming: Vec<&'a AbortedProducer>,
    /// Begun and to be aborted.
    open: Vec<i64>,
}

impl Transactions<'_> {
    fn new(aborted: &[AbortedProducer]) -> Transactions<'_> {
        let mut upcoming: Vec<_> = aborted.iter().collect();
        upcoming.sort_by_key(|transaction| std::cmp::Reverse(transaction.first_offset));
        Transactions {
            upcoming,
            open: Vec::new(),
        }
    }

    fn hides(&mut self, header: &BatchHeader, batch: &Bytes) -> bool {
        while let Some(next) = self
            .upcoming
            .pop_if(|next| next.first_offset <= header.last_offset().get())
        {
            self.open.push(next.producer_id);
        }
        let producer = header.producer.map(|producer| producer.id.get());
        if header.is_control {
            if is_abort_marker(batch) {
                self.open.retain(|open| Some(*open) != producer);
            }
            return true;
        }
        header.is_transactional && producer.is_some_and(|id| self.open.contains(&id))
    }
}

/// Whether a control batch's one record, never compressed, has the key of an abort: version i16, type i16 0.
fn is_abort_marker(batch: &Bytes) -> bool {
    let key = take_record(&mut Cursor(batch.slice(HEADER_SIZE..)))
        .ok()
        .and_then(|record| record.key);
    key.and_then(|key| key.get(2..4).map(|kind| kind == [0, 0]))
        .unwrap_or(false)
}

struct RawRecord {
    timestamp_delta: i64,
    offset_delta: i64,
    key: Option<Bytes>,
    value: Option<Bytes>,
    headers: Vec<RecordHeader>,
}

fn take_record(cursor: &mut Cursor) -> Result<RawRecord, &'static str> {
    let length = cursor.varlong()?;
    let mut body = Cursor(cursor.take(length)?);
    body.take(1)?;
    let timestamp_delta = body.varlong()?;
    let offset_delta = body.varlong()?;
    let key = body.nullable()?;
    let value = body.nullable()?;
    let count = body.varlong()?;
    // A header takes at least two bytes: a count beyond what is left allocates nothing.
    if count < 0 || usize::try_from(count).map_or(true, |count| count > body.0.len() / 2) {
        return Err("its header count is impossible");
    }
    let mut headers = Vec::new();
    for _ in 0..count {
        let key = body.nullable()?.ok_or("a header has no key")?;
        let key = std::str::from_utf8(&key)
            .map_err(|_| "a header's key is not UTF-8")?
            .to_owned();
        let value = body.nullable()?;
        headers.push(RecordHeader { key, value });
    }
    if !body.0.is_empty() {
        return Err("bytes follow its headers");
    }
    Ok(RawRecord {
        timestamp_delta,
        offset_delta,
        key,
        value,
        headers,
    })
}

struct Cursor(Bytes);

impl Cursor {
    fn take(&mut self, length: i64) -> Result<Bytes, &'static str> {
        match usize::try_from(length) {
            Ok(length) if length <= self.0.len() => Ok(self.0.split_to(length)),
            Ok(_) | Err(_) => Err("a length reaches beyond its end"),
        }
    }

    fn nullable(&mut self) -> Result<Option<Bytes>, &'static str> {
        match self.varlong()? {
            -1 => Ok(None),
            length => self.take(length).map(Some),
        }
    }

    fn varlong(&mut self) -> Result<i64, &'static str> {
        let mut value: u64 = 0;
        for shift in (0..70).step_by(7) {
            if self.0.is_empty() {
                return Err("a varint reaches beyond its end");
            }
            let byte = self.0.get_u8();
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()));
            }
        }
        Err("a varint has more than 64 bits")
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::super::encode::put_varlong;
    use super::*;

    #[test]
    fn varlongs_keep_their_ends() {
        for value in [0, -1, 1, 63, -64, 64, i64::MAX, i64::MIN] {
            let mut out = BytesMut::new();
            put_varlong(&mut out, value);
            assert_eq!(Cursor(out.freeze()).varlong(), Ok(value));
        }
        assert!(Cursor(Bytes::from_static(&[0xff; 11])).varlong().is_err());
    }
}
