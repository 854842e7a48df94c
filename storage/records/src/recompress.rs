//! Turns a client's batch into another codec (Kafka's `LogValidator` where source and target compression differ).

use bytes::Bytes;
use corelog_model::batch::{Compression, HEADER_SIZE, LOG_OVERHEAD};
use corelog_model::{BatchError, ValidatedBatch};

use crate::check::{KeyPolicy, RecordsFault, check_produced_records};
use crate::compression::{CompressError, compress_at};
use crate::records::{PayloadError, payload};

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

/// Gives `batch` with its records in `codec` at `level` (the codec's default if `None`). Offsets, timestamps, the
/// producer's fields and the other attributes stay as they are; every record is checked on the way, with keys where
/// `keys` demands them. Compressed records may become at most `size_max` bytes.
///
/// # Errors
/// See [`RecompressError`].
pub fn recompress(
    batch: &ValidatedBatch,
    codec: Compression,
    level: Option<i32>,
    keys: KeyPolicy,
    size_max: usize,
) -> Result<ValidatedBatch, RecompressError> {
    let payload = payload(batch.header(), batch.bytes(), size_max)?;
    check_produced_records(batch.header(), &payload, keys)?;
    let records = compress_at(codec, level, &payload)?;
    let size = HEADER_SIZE + records.len();
    let length = i32::try_from(size - LOG_OVERHEAD).map_err(|_| RecompressError::TooLarge { size })?;
    let mut bytes = Vec::with_capacity(size);
    bytes.extend_from_slice(&batch.bytes()[..HEADER_SIZE]);
    bytes.extend_from_slice(&records);
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    let attributes = i16::from_be_bytes([bytes[21], bytes[22]]) & !CODEC_BITS | codec_bits(codec);
    bytes[21..23].copy_from_slice(&attributes.to_be_bytes());
    let crc = crc32c::crc32c(&bytes[CRC_START..]);
    bytes[CRC_START - 4..CRC_START].copy_from_slice(&crc.to_be_bytes());
    Ok(ValidatedBatch::new(Bytes::from(bytes))?)
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
                let kept = recompress(&sent, to, None, KeyPolicy::Required, 1 << 20).unwrap();
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
            recompress(&sent, codec, Some(level), KeyPolicy::Optional, 1 << 20).unwrap();
        }
        let error = recompress(&sent, Compression::Zstd, None, KeyPolicy::Required, 1 << 20).unwrap_err();
        assert!(matches!(error, RecompressError::Records(_)), "{error}");
        let bomb = batch(Compression::Zstd, None);
        let error = recompress(&bomb, Compression::None, None, KeyPolicy::Optional, 999).unwrap_err();
        assert!(matches!(error, RecompressError::Payload(_)), "{error}");
    }
}
