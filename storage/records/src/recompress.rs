//! Turns a client's batch into another codec, or its records into ones that are numbered from zero (Kafka's `LogValidator`
//! where a batch cannot be stored as it came).

use std::borrow::Cow;

use bytes::Bytes;
use corelog_model::batch::{Compression, HEADER_SIZE, LOG_OVERHEAD};
use corelog_model::{BatchError, ValidatedBatch};

use crate::check::{RecordsFault, check_produced_records};
use crate::compression::{CompressError, compress_at};
use crate::records::{PayloadError, RecordError, payload};
use crate::varint::{Cursor, put_varint, put_varlong, size};
use crate::walk::RecordRules;

const CRC_START: usize = 21;
/// The bits of a batch's attributes that name its codec.
const CODEC_BITS: i16 = 0b111;

/// Why a batch is not in another codec.
#[derive(Debug, thiserror::Error)]
pub enum RecompressError {
    /// Its records cannot be had.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// They are none.
    #[error(transparent)]
    Records(#[from] RecordsFault),
    /// The codec failed.
    #[error(transparent)]
    Compress(#[from] CompressError),
    /// The result is longer than a batch may be.
    #[error("the recompressed batch has {size} bytes, more than a batch can hold")]
    TooLarge {
        /// Its bytes.
        size: usize,
    },
    /// The result is no batch, which is our own mistake.
    #[error("the recompressed batch is none")]
    Invalid(#[from] BatchError),
}

/// Gives `batch` with its records in `codec` at `level` (the codec's default if `None`), numbered from zero, and with the
/// largest timestamp that they have. The producer's fields and the other attributes stay as they are; every record is
/// checked by `rules` on the way. Compressed records may become at most `size_max` bytes.
///
/// # Errors
/// See [`RecompressError`].
pub fn recompress(
    batch: &ValidatedBatch,
    codec: Compression,
    level: Option<i32>,
    rules: RecordRules,
    size_max: usize,
) -> Result<ValidatedBatch, RecompressError> {
    let mut payload = payload(batch.header(), batch.bytes(), size_max)?;
    let summary = check_produced_records(batch.header(), &payload, rules)?;
    if !summary.is_dense {
        payload = Cow::Owned(numbered(&payload)?);
    }
    let records = compress_at(codec, level, &payload)?;
    let batch_size = HEADER_SIZE + records.len();
    let too_large = RecompressError::TooLarge { size: batch_size };
    let length = i32::try_from(batch_size - LOG_OVERHEAD).map_err(|_| too_large)?;
    let mut bytes = Vec::with_capacity(batch_size);
    bytes.extend_from_slice(&batch.bytes()[..HEADER_SIZE]);
    bytes.extend_from_slice(&records);
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    let attributes = i16::from_be_bytes([bytes[21], bytes[22]]) & !CODEC_BITS | codec_bits(codec);
    bytes[21..23].copy_from_slice(&attributes.to_be_bytes());
    bytes[35..43].copy_from_slice(&summary.max_timestamp.get().to_be_bytes());
    let crc = crc32c::crc32c(&bytes[CRC_START..]);
    bytes[CRC_START - 4..CRC_START].copy_from_slice(&crc.to_be_bytes());
    Ok(ValidatedBatch::new(Bytes::from(bytes))?)
}

/// Gives the records of `payload`, which were checked, with the offset deltas 0, 1, 2, ...
fn numbered(payload: &[u8]) -> Result<Vec<u8>, RecordsFault> {
    let mut out = Vec::with_capacity(payload.len());
    let mut cursor = Cursor::new(payload);
    let mut index = 0;
    while cursor.remaining() > 0 {
        let field = "body";
        put_numbered(&mut out, &mut cursor, index).ok_or(RecordError::Truncated { index, field })?;
        index += 1;
    }
    Ok(out)
}

/// Takes one record off `cursor`, and writes it with the offset delta `index`.
fn put_numbered(out: &mut Vec<u8>, cursor: &mut Cursor<'_>, index: i32) -> Option<()> {
    let body_size = usize::try_from(cursor.varint().ok()?).ok()?;
    let mut body = Cursor::new(cursor.take(body_size)?);
    let attributes = body.byte()?;
    let timestamp_delta = body.varlong().ok()?;
    body.varint().ok()?;
    let rest = body.take(body.remaining())?;
    let wire = 1 + size(timestamp_delta) + size(i64::from(index)) + rest.len();
    put_varlong(out, i64::try_from(wire).ok()?);
    out.push(attributes);
    put_varlong(out, timestamp_delta);
    put_varint(out, index);
    out.extend_from_slice(rest);
    Some(())
}

/// A codec as a batch's attributes name it.
pub(crate) fn codec_bits(codec: Compression) -> i16 {
    match codec {
        Compression::None => 0,
        Compression::Gzip => 1,
        Compression::Snappy => 2,
        Compression::Lz4 => 3,
        Compression::Zstd => 4,
    }
}

#[cfg(test)]
mod tests {
    use corelog_model::batch::BatchProducer;
    use corelog_model::{BatchHeader, ProducerEpoch, ProducerId, Sequence, TimestampMs};

    use super::*;
    use crate::builder::{BatchOptions, NewRecord, RecordBatchBuilder};
    use crate::check::KeyPolicy;
    use crate::records::Records;

    const KEYED: RecordRules = RecordRules {
        keys: KeyPolicy::Required,
        ..RecordRules::FORM
    };
    const ALL: [Compression; 5] = [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];

    fn batch(compression: Compression, key: Option<&[u8]>) -> ValidatedBatch {
        let mut builder = RecordBatchBuilder::new(BatchOptions {
            compression,
            is_transactional: true,
            producer: Some(BatchProducer {
                id: ProducerId::new(7),
                epoch: ProducerEpoch::new(3),
                base_sequence: Sequence::new(11),
            }),
            ..BatchOptions::default()
        });
        for timestamp in [100, 90, 120] {
            let record = NewRecord {
                timestamp: TimestampMs::new(timestamp),
                key,
                value: Some(&[5; 1000]),
                headers: &[],
            };
            builder.append(&record).unwrap();
        }
        builder.build().unwrap()
    }

    fn without_size(header: &BatchHeader) -> BatchHeader {
        BatchHeader {
            size: 0,
            crc: 0,
            compression: Compression::None,
            ..*header
        }
    }

    #[test]
    fn everything_but_the_codec_stays() {
        for from in ALL {
            let sent = batch(from, Some(b"k"));
            let plain = payload(sent.header(), sent.bytes(), 1 << 20).unwrap();
            for to in ALL {
                let kept = recompress(&sent, to, None, KEYED, 1 << 20).unwrap();
                assert_eq!(kept.header().compression, to);
                assert_eq!(without_size(kept.header()), without_size(sent.header()));
                let records = payload(kept.header(), kept.bytes(), 1 << 20).unwrap();
                assert_eq!(records, plain, "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn levels_are_taken_and_bad_records_refused() {
        let sent = batch(Compression::None, None);
        for (codec, level) in [
            (Compression::Gzip, 9),
            (Compression::Zstd, -5),
            (Compression::Lz4, 12),
        ] {
            recompress(&sent, codec, Some(level), RecordRules::FORM, 1 << 20).unwrap();
        }
        let error = recompress(&sent, Compression::Zstd, None, KEYED, 1 << 20).unwrap_err();
        assert!(matches!(error, RecompressError::Records(_)), "{error}");
        let bomb = batch(Compression::Zstd, None);
        let error = recompress(&bomb, Compression::None, None, RecordRules::FORM, 999).unwrap_err();
        assert!(matches!(error, RecompressError::Payload(_)), "{error}");
    }

    #[test]
    fn records_are_numbered_and_the_largest_timestamp_found() {
        // Two records with the offset deltas 7 and 3, an attribute, a header, and 5 and 9 ms after the base.
        let records = [
            [20, 4, 10, 14, 1, 2, 9, 2, 2, 8, 1].as_slice(),
            &[14, 0, 18, 6, 2, 6, 1, 0],
        ]
        .concat();
        for codec in ALL {
            let sent = crate::testing::raw(codec, 1_000, -1, 2, &records);
            let kept = recompress(&sent, codec, None, RecordRules::FORM, 1 << 20).unwrap();
            assert_eq!(kept.header().max_timestamp, TimestampMs::new(1_009));
            let plain = payload(kept.header(), kept.bytes(), 1 << 20).unwrap();
            let expected = [
                [20, 4, 10, 0, 1, 2, 9, 2, 2, 8, 1].as_slice(),
                &[14, 0, 18, 2, 2, 6, 1, 0],
            ];
            assert_eq!(plain, expected.concat());
            assert_eq!(Records::new(kept.header(), &plain).count(), 2);
        }
    }
}
