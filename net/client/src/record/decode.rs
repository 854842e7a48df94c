//! From fetched batches to records.

use std::borrow::Cow;

use bytes::Bytes;
use corelog_model::batch::{BatchHeader, check_crc, parse_header};
use corelog_model::{BatchError, Offset};
use corelog_records::{PayloadError, RecordError, Records, payload};

use super::{RecordHeader, StoredRecord};

/// The most that a batch's records may expand to: what Kafka's largest request could carry, several times over.
const PLAIN_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Why fetched bytes are not records.
#[derive(Debug, thiserror::Error)]
pub enum DecodeBatchError {
    /// The batch around them is damaged.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// They do not decompress.
    #[error("the batch at offset {base_offset}: {source}")]
    Payload {
        /// Which batch.
        base_offset: Offset,
        /// Why.
        source: PayloadError,
    },
    /// A record is not well-formed.
    #[error("the batch at offset {base_offset}: {source}")]
    Record {
        /// Which batch.
        base_offset: Offset,
        /// Why.
        source: RecordError,
    },
    /// A record's offset or timestamp lies outside what there can be, or a header's key is not UTF-8.
    #[error("the batch at offset {base_offset} has a record with an impossible {field}")]
    Field {
        /// Which batch.
        base_offset: Offset,
        /// Which field.
        field: &'static str,
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
        let plain = match payload(&header, &batch, PLAIN_BYTES_MAX) {
            Ok(Cow::Borrowed(plain)) => batch.slice_ref(plain),
            Ok(Cow::Owned(plain)) => Bytes::from(plain),
            Err(source) => {
                return Err(DecodeBatchError::Payload {
                    base_offset: header.base_offset,
                    source,
                });
            }
        };
        decode_records(&header, &plain, from, &mut decoded.records)?;
    }
    Ok(decoded)
}

fn decode_records(
    header: &BatchHeader,
    plain: &Bytes,
    from: Offset,
    records: &mut Vec<StoredRecord>,
) -> Result<(), DecodeBatchError> {
    let base_offset = header.base_offset;
    let impossible = |field| DecodeBatchError::Field { base_offset, field };
    let share = |bytes: Option<&[u8]>| bytes.map(|bytes| plain.slice_ref(bytes));
    for record in Records::new(header, plain) {
        let record = record.map_err(|source| DecodeBatchError::Record { base_offset, source })?;
        let offset = record.offset(header).ok_or_else(|| impossible("offset"))?;
        if offset < from {
            continue;
        }
        let headers = record
            .headers
            .clone()
            .map(|header| {
                Ok(RecordHeader {
                    key: std::str::from_utf8(header.key)
                        .map_err(|_| impossible("header key"))?
                        .to_owned(),
                    value: share(header.value),
                })
            })
            .collect::<Result<_, DecodeBatchError>>()?;
        records.push(StoredRecord {
            offset,
            timestamp: record.timestamp(header).ok_or_else(|| impossible("timestamp"))?,
            timestamp_type: header.timestamp_type,
            key: share(record.key),
            value: share(record.value),
            headers,
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
            if is_abort_marker(header, batch) {
                self.open.retain(|open| Some(*open) != producer);
            }
            return true;
        }
        header.is_transactional && producer.is_some_and(|id| self.open.contains(&id))
    }
}

/// Whether a control batch's first record has the key of an abort: version i16, type i16 0.
fn is_abort_marker(header: &BatchHeader, batch: &Bytes) -> bool {
    let Ok(plain) = payload(header, batch, PLAIN_BYTES_MAX) else {
        return false;
    };
    let first = Records::new(header, &plain).next();
    let key = first.and_then(Result::ok).and_then(|record| record.key);
    key.and_then(|key| key.get(2..4)) == Some(&[0, 0])
}
