//! Reads the broker's own logs (metadata, group offsets) record by record.

use std::rc::Rc;

use corelog_model::batch::BatchProducer;
use corelog_model::{BatchError, Offset, batch};
use corelog_records::{EndMarker, PayloadError, RecordError, Records, end_marker, payload};
use corelog_storage::{PartitionLog, ReadError, ReadIsolation};

use bytes::{Bytes, BytesMut};

/// Bytes read at a time.
const READ_BYTES: usize = 1 << 20;
/// The most that a batch of the broker's own may decompress to.
const DECOMPRESSED_BYTES_MAX: usize = 64 << 20;

/// A log of the broker's own cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogReadError {
    /// The log.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What it holds is no batch.
    #[error("at offset {offset}: {source}")]
    Batch {
        /// Where.
        offset: Offset,
        /// Why.
        source: BatchError,
    },
    /// A batch does not open.
    #[error("at offset {offset}: {source}")]
    Payload {
        /// Where.
        offset: Offset,
        /// Why.
        source: PayloadError,
    },
    /// A record's offset is none.
    #[error("the batch at offset {offset} holds a record outside the range of offsets")]
    Delta {
        /// Where the batch begins.
        offset: Offset,
    },
    /// A batch holds no records.
    #[error("at offset {offset}: {source}")]
    Record {
        /// Where.
        offset: Offset,
        /// Why.
        source: RecordError,
    },
}

/// What a log of the broker's own holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OwnEntry<'a> {
    /// A record.
    Record {
        /// Where.
        offset: Offset,
        /// Its key, where its log has keys.
        key: Option<&'a [u8]>,
        /// Its value.
        value: Option<&'a [u8]>,
        /// The transaction that it is a part of.
        transaction: Option<BatchProducer>,
    },
    /// The end of a producer's transaction.
    End {
        /// Whose.
        producer: BatchProducer,
        /// How it ended.
        marker: EndMarker,
    },
}

/// Calls `each` with every record before `end` that `isolation` lets through, and with the ends of transactions.
///
/// # Errors
/// `LogReadError`, or the first error of `each`.
pub(crate) async fn for_each_record<E: From<LogReadError>>(
    log: &Rc<PartitionLog>,
    end: Offset,
    isolation: ReadIsolation,
    mut each: impl FnMut(OwnEntry<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut from = log.offsets().log_start;
    while from < end {
        let slice = log
            .read(from, READ_BYTES, isolation)
            .await
            .map_err(LogReadError::from)?;
        if slice.bytes == 0 {
            break;
        }
        let mut bytes = whole(slice.pieces);
        while !bytes.is_empty() {
            let offset = from;
            let header =
                batch::parse_header(&bytes).map_err(|source| LogReadError::Batch { offset, source })?;
            if bytes.len() < header.size {
                break;
            }
            if header.next_offset() > from {
                each_in_batch(&header, &bytes[..header.size], from, end, &mut each)?;
            }
            from = from.max(header.next_offset());
            bytes = bytes.slice(header.size..);
        }
    }
    Ok(())
}

fn each_in_batch<E: From<LogReadError>>(
    header: &batch::BatchHeader,
    bytes: &[u8],
    from: Offset,
    end: Offset,
    each: &mut impl FnMut(OwnEntry<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let offset = header.base_offset;
    batch::check_crc(header, bytes).map_err(|source| LogReadError::Batch { offset, source })?;
    if header.is_control {
        return match (header.producer, end_marker(header, bytes)) {
            (Some(producer), Some(marker)) => each(OwnEntry::End { producer, marker }),
            // Of another kind than those that end transactions.
            _ => Ok(()),
        };
    }
    let transaction = header.producer.filter(|_| header.is_transactional);
    let payload = payload(header, bytes, DECOMPRESSED_BYTES_MAX)
        .map_err(|source| LogReadError::Payload { offset, source })?;
    for record in Records::new(header, &payload) {
        let record = record.map_err(|source| LogReadError::Record { offset, source })?;
        let offset = record.offset(header).ok_or(LogReadError::Delta { offset })?;
        if offset >= from && offset < end {
            each(OwnEntry::Record {
                offset,
                key: record.key,
                value: record.value,
                transaction,
            })?;
        }
    }
    Ok(())
}

fn whole(mut pieces: Vec<Bytes>) -> Bytes {
    if pieces.len() == 1 {
        return pieces.remove(0);
    }
    let mut whole = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
    for piece in pieces {
        whole.extend_from_slice(&piece);
    }
    whole.freeze()
}
