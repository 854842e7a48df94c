//! Kafka's record batch, message format v2 (Kafka's `DefaultRecordBatch`), parsed once at the edge.
//!
//! ```text
//!  0  base_offset            i64   outside the CRC: the leader patches it
//!  8  batch_length           i32   bytes after this field
//! 12  partition_leader_epoch i32   outside the CRC: the leader patches it
//! 16  magic                  i8    2
//! 17  crc                    u32   CRC-32C of everything from byte 21
//! 21  attributes             i16   0-2 compression, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon
//! 23  last_offset_delta      i32
//! 27  base_timestamp         i64
//! 35  max_timestamp          i64
//! 43  producer_id            i64   -1: none
//! 51  producer_epoch         i16
//! 53  base_sequence          i32   -1: none
//! 57  record_count           i32
//! 61  records
//! ```
//! All integers are big-endian.

use bytes::Bytes;

use crate::{LeaderEpoch, Offset, OffsetDelta, ProducerEpoch, ProducerId, Sequence, TimestampMs};

/// Bytes of `base_offset` and `batch_length`: what is read before a length may be trusted.
pub const LOG_OVERHEAD: usize = 12;
/// Bytes before the first record.
pub const HEADER_SIZE: usize = 61;
/// The only message format that is stored.
pub const MAGIC: u8 = 2;

const CRC_START: usize = 21;
const _: () = assert!(LOG_OVERHEAD + 4 + 1 + 4 == CRC_START);

/// How a batch's records are compressed (attributes, bits 0 to 2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Compression {
    /// As they are.
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy in xerial's framing.
    Snappy,
    /// LZ4 frames.
    Lz4,
    /// Zstandard.
    Zstd,
}

/// Who set the timestamps (attributes, bit 3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TimestampType {
    /// The producer.
    CreateTime,
    /// The broker, at the append.
    LogAppendTime,
}

/// The producer of an idempotent or transactional batch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BatchProducer {
    /// Who.
    pub id: ProducerId,
    /// Which incarnation.
    pub epoch: ProducerEpoch,
    /// The sequence of the first record; `None` in control batches.
    pub base_sequence: Option<Sequence>,
}

/// A batch's header, decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchHeader {
    /// The first record's offset.
    pub base_offset: Offset,
    /// The whole batch, its header included, in bytes.
    pub size: usize,
    /// The leader's epoch at the append; -1 from a producer.
    pub leader_epoch: LeaderEpoch,
    /// The stored checksum.
    pub crc: u32,
    /// How the records are compressed.
    pub compression: Compression,
    /// Who set the timestamps.
    pub timestamp_type: TimestampType,
    /// Part of a transaction.
    pub is_transactional: bool,
    /// A transaction marker, not user data.
    pub is_control: bool,
    /// The last record's distance from the first.
    pub last_offset_delta: OffsetDelta,
    /// The first record's timestamp.
    pub base_timestamp: TimestampMs,
    /// The largest timestamp of the records.
    pub max_timestamp: TimestampMs,
    /// The idempotent producer, if there is one.
    pub producer: Option<BatchProducer>,
    /// The number of records; compaction may leave fewer than the offsets span.
    pub record_count: i32,
}

impl BatchHeader {
    /// The last record's offset, inclusive.
    pub fn last_offset(&self) -> Offset {
        self.base_offset + self.last_offset_delta
    }

    /// The offset after the last record.
    pub fn next_offset(&self) -> Offset {
        self.last_offset().next()
    }

    /// The sequence of the last record, if the batch carries sequences.
    pub fn last_sequence(&self) -> Option<Sequence> {
        let delta = i32::try_from(self.last_offset_delta.get()).ok()?;
        self.producer?.base_sequence.map(|base| base.advance(delta))
    }
}

/// Why bytes are not a batch.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BatchError {
    /// Fewer bytes than a header, or than the length says.
    #[error("the batch needs {needed} bytes and {available} are there")]
    Truncated {
        /// What it takes.
        needed: usize,
        /// What is there.
        available: usize,
    },
    /// A length that no batch can have.
    #[error("a batch length of {0} is impossible")]
    Length(i32),
    /// A message format that is not v2.
    #[error("message format {0} is not supported: only 2 is")]
    Magic(u8),
    /// The checksum does not match.
    #[error("CRC-32C is {computed:#010x} and the batch says {stored:#010x}")]
    Crc {
        /// What the batch says.
        stored: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// A header field with an impossible value.
    #[error("the header field {field} has the impossible value {value}")]
    Field {
        /// Its name.
        field: &'static str,
        /// Its value.
        value: i64,
    },
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

/// Reads the size of the batch that begins `bytes`, header included, from its first `LOG_OVERHEAD` bytes.
///
/// # Errors
/// `Truncated` when even that is missing, `Length` when the length cannot hold a header.
pub fn peek_size(bytes: &[u8]) -> Result<usize, BatchError> {
    if bytes.len() < LOG_OVERHEAD {
        return Err(BatchError::Truncated {
            needed: LOG_OVERHEAD,
            available: bytes.len(),
        });
    }
    let length = i32::from_be_bytes(array(bytes, 8));
    match usize::try_from(length) {
        Ok(rest) if rest + LOG_OVERHEAD >= HEADER_SIZE => Ok(rest + LOG_OVERHEAD),
        _ => Err(BatchError::Length(length)),
    }
}

/// Decodes the header of the batch that begins `bytes`. Only the header need be there; the checksum is not checked.
///
/// # Errors
/// `Truncated`, `Length`, `Magic` or `Field`.
pub fn parse_header(bytes: &[u8]) -> Result<BatchHeader, BatchError> {
    let size = peek_size(bytes)?;
    if bytes.len() < HEADER_SIZE {
        return Err(BatchError::Truncated {
            needed: HEADER_SIZE,
            available: bytes.len(),
        });
    }
    if bytes[16] != MAGIC {
        return Err(BatchError::Magic(bytes[16]));
    }
    let base_offset = i64::from_be_bytes(array(bytes, 0));
    let last_offset_delta = i32::from_be_bytes(array(bytes, 23));
    let record_count = i32::from_be_bytes(array(bytes, 57));
    let field = |field: &'static str, value: i64| BatchError::Field { field, value };
    let base = Offset::new(base_offset).ok_or(field("base_offset", base_offset))?;
    if last_offset_delta < 0
        || base_offset
            .checked_add(i64::from(last_offset_delta) + 1)
            .is_none()
    {
        return Err(field("last_offset_delta", i64::from(last_offset_delta)));
    }
    if record_count < 0 {
        return Err(field("record_count", i64::from(record_count)));
    }
    let attributes = i16::from_be_bytes(array(bytes, 21));
    let compression = match attributes & 0b111 {
        0 => Compression::None,
        1 => Compression::Gzip,
        2 => Compression::Snappy,
        3 => Compression::Lz4,
        4 => Compression::Zstd,
        _ => return Err(field("attributes", i64::from(attributes))),
    };
    let producer_id = i64::from_be_bytes(array(bytes, 43));
    let producer = (producer_id >= 0).then(|| BatchProducer {
        id: ProducerId::new(producer_id),
        epoch: ProducerEpoch::new(i16::from_be_bytes(array(bytes, 51))),
        base_sequence: Sequence::new(i32::from_be_bytes(array(bytes, 53))),
    });
    Ok(BatchHeader {
        base_offset: base,
        size,
        leader_epoch: LeaderEpoch::new(i32::from_be_bytes(array(bytes, 12))),
        crc: u32::from_be_bytes(array(bytes, 17)),
        compression,
        timestamp_type: if attributes & 0b1000 == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        },
        is_transactional: attributes & 0b1_0000 != 0,
        is_control: attributes & 0b10_0000 != 0,
        last_offset_delta: OffsetDelta::new(i64::from(last_offset_delta)),
        base_timestamp: TimestampMs::new(i64::from_be_bytes(array(bytes, 27))),
        max_timestamp: TimestampMs::new(i64::from_be_bytes(array(bytes, 35))),
        producer,
        record_count,
    })
}

/// Checks the CRC-32C of one whole batch: `bytes` is exactly the batch that `header` was parsed from.
///
/// # Errors
/// `Crc`, or `Truncated` if bytes are missing.
pub fn check_crc(header: &BatchHeader, bytes: &[u8]) -> Result<(), BatchError> {
    if bytes.len() < header.size {
        return Err(BatchError::Truncated {
            needed: header.size,
            available: bytes.len(),
        });
    }
    let computed = crc32c::crc32c(&bytes[CRC_START..header.size]);
    if computed == header.crc {
        Ok(())
    } else {
        Err(BatchError::Crc {
            stored: header.crc,
            computed,
        })
    }
}

/// The time after which the tombstones of a batch that has been cleaned go, or the marker that it is (KIP-534); `None` if it
/// has no such time. Where it has one, that is its base timestamp. `None` for bytes that are shorter than a header, too.
pub fn delete_horizon(bytes: &[u8]) -> Option<TimestampMs> {
    let is_set = bytes.len() >= HEADER_SIZE && bytes[22] & DELETE_HORIZON != 0;
    is_set.then(|| TimestampMs::new(i64::from_be_bytes(array(bytes, 27))))
}

/// Writes the two fields outside the checksum into a batch's bytes.
///
/// # Panics
/// If `batch` is shorter than `LOG_OVERHEAD + 4` bytes.
pub fn patch(batch: &mut [u8], base_offset: Offset, leader_epoch: LeaderEpoch) {
    batch[0..8].copy_from_slice(&base_offset.get().to_be_bytes());
    batch[12..16].copy_from_slice(&leader_epoch.get().to_be_bytes());
}

/// Sets LogAppendTime and `timestamp` in a batch's bytes and computes its checksum anew
/// (Kafka's `DefaultRecordBatch.setMaxTimestamp`).
///
/// # Panics
/// If `batch` is shorter than a header.
pub fn set_log_append_time(batch: &mut [u8], timestamp: TimestampMs) {
    let attributes = i16::from_be_bytes(array(batch, 21)) | 0b1000;
    batch[21..23].copy_from_slice(&attributes.to_be_bytes());
    batch[35..43].copy_from_slice(&timestamp.get().to_be_bytes());
    let crc = crc32c::crc32c(&batch[CRC_START..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
}

/// The attribute of a batch that a cleaner has given a time after which its tombstones go (KIP-534).
const LOG_APPEND_TIME: u8 = 0b1000;
const DELETE_HORIZON: u8 = 0b100_0000;

/// One whole batch whose header was decoded and whose checksum matched. Nothing else can be appended to a log.
#[derive(Clone, Debug)]
pub struct ValidatedBatch {
    header: BatchHeader,
    bytes: Bytes,
}

impl ValidatedBatch {
    /// Takes the first batch off `bytes`, without copying.
    ///
    /// # Errors
    /// See `BatchError`; `bytes` is then left as it was.
    pub fn split_from(bytes: &mut Bytes) -> Result<ValidatedBatch, BatchError> {
        let header = parse_header(bytes)?;
        check_crc(&header, bytes)?;
        Ok(ValidatedBatch {
            header,
            bytes: bytes.split_to(header.size),
        })
    }

    /// Takes `bytes` as exactly one batch.
    ///
    /// # Errors
    /// See `BatchError`; bytes that follow the batch are a `Length` error.
    pub fn new(mut bytes: Bytes) -> Result<ValidatedBatch, BatchError> {
        let batch = ValidatedBatch::split_from(&mut bytes)?;
        if bytes.is_empty() {
            Ok(batch)
        } else {
            let length = i32::try_from(batch.header.size - LOG_OVERHEAD).unwrap_or(i32::MAX);
            Err(BatchError::Length(length))
        }
    }

    /// The header as the producer sent it: base offset and leader epoch are not yet the log's.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// Whether it says that its base timestamp is a delete horizon, which is a broker's cleaner's to say.
    pub fn has_delete_horizon(&self) -> bool {
        self.bytes[22] & DELETE_HORIZON != 0
    }

    /// The same records under a header that says `max_timestamp` and no delete horizon, with the checksum for it
    /// (Kafka's `DefaultRecordBatch.setMaxTimestamp`). Copies the batch.
    #[must_use]
    pub fn with_max_timestamp(&self, max_timestamp: TimestampMs) -> ValidatedBatch {
        let mut bytes = self.bytes.to_vec();
        bytes[22] &= !DELETE_HORIZON;
        bytes[35..43].copy_from_slice(&max_timestamp.get().to_be_bytes());
        let crc = crc32c::crc32c(&bytes[CRC_START..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        ValidatedBatch {
            header: BatchHeader {
                crc,
                max_timestamp,
                ..self.header
            },
            bytes: Bytes::from(bytes),
        }
    }

    /// The same records under a header that says CreateTime, with the checksum for it. Copies the batch.
    #[must_use]
    pub fn with_create_time(&self) -> ValidatedBatch {
        let mut bytes = self.bytes.to_vec();
        bytes[22] &= !LOG_APPEND_TIME;
        let crc = crc32c::crc32c(&bytes[CRC_START..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        ValidatedBatch {
            header: BatchHeader {
                crc,
                timestamp_type: TimestampType::CreateTime,
                ..self.header
            },
            bytes: Bytes::from(bytes),
        }
    }

    /// The verbatim bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// kafka-python 3.0.12, `DefaultRecordBatchBuilder(magic=2, compression_type=0, is_transactional=1,
    /// producer_id=4242, producer_epoch=7, base_sequence=2147483647)`, two empty records at 5 and 9 ms.
    const GOLDEN: [u8; 75] = [
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x3f, 0x00, 0x00, 0x00, 0x00, 0x02,
        0x08, 0x4c, 0xa8, 0xc9, 0x00, 0x10, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x92,
        0x00, 0x07, 0x7f, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x02, 0x0c, 0x00, 0x00, 0x00, 0x01, 0x01, 0x00,
        0x0c, 0x00, 0x08, 0x02, 0x01, 0x01, 0x00,
    ];

    fn parsed() -> BatchHeader {
        parse_header(&GOLDEN).unwrap()
    }

    #[test]
    fn a_client_batch_is_decoded() {
        let header = parsed();
        assert_eq!(
            header,
            BatchHeader {
                base_offset: Offset::ZERO,
                size: GOLDEN.len(),
                leader_epoch: LeaderEpoch::new(0),
                crc: 0x084ca8c9,
                compression: Compression::None,
                timestamp_type: TimestampType::CreateTime,
                is_transactional: true,
                is_control: false,
                last_offset_delta: OffsetDelta::new(1),
                base_timestamp: TimestampMs::new(5),
                max_timestamp: TimestampMs::new(9),
                producer: Some(BatchProducer {
                    id: ProducerId::new(4242),
                    epoch: ProducerEpoch::new(7),
                    base_sequence: Sequence::new(i32::MAX),
                }),
                record_count: 2,
            }
        );
        assert_eq!(header.next_offset().get(), 2);
        assert_eq!(header.last_sequence(), Sequence::new(0), "sequences wrap");
        assert_eq!(check_crc(&header, &GOLDEN), Ok(()));
    }

    #[test]
    fn truncations_are_told_apart() {
        for available in 0..GOLDEN.len() {
            let needed = match available {
                0..LOG_OVERHEAD => LOG_OVERHEAD,
                LOG_OVERHEAD..HEADER_SIZE => HEADER_SIZE,
                _ => GOLDEN.len(),
            };
            let bytes = Bytes::copy_from_slice(&GOLDEN[..available]);
            let error = ValidatedBatch::new(bytes).unwrap_err();
            assert_eq!(error, BatchError::Truncated { needed, available });
        }
    }

    #[test]
    fn a_flipped_bit_is_detected_where_the_checksum_covers_it() {
        for at in 0..GOLDEN.len() {
            for bit in 0..8 {
                let mut bytes = GOLDEN;
                bytes[at] ^= 1 << bit;
                let result = ValidatedBatch::new(Bytes::copy_from_slice(&bytes));
                // The sign of base_offset is checked; its value and the leader's epoch are the leader's to write.
                let is_free = matches!((at, bit), (0, 0..7) | (1..8 | 12..16, _));
                assert_eq!(result.is_ok(), is_free, "bit {bit} of byte {at}: {result:?}");
            }
        }
    }

    #[test]
    fn impossible_fields() {
        let check = |at: usize, bytes: &[u8], expected: BatchError| {
            let mut batch = GOLDEN;
            batch[at..at + bytes.len()].copy_from_slice(bytes);
            assert_eq!(parse_header(&batch), Err(expected));
        };
        let field = |field, value| BatchError::Field { field, value };
        check(0, &[0xff; 8], field("base_offset", -1));
        check(8, &[0xff; 4], BatchError::Length(-1));
        check(8, &48i32.to_be_bytes(), BatchError::Length(48));
        check(16, &[1], BatchError::Magic(1));
        check(21, &[0, 5], field("attributes", 5));
        check(23, &[0xff; 4], field("last_offset_delta", -1));
        check(0, &i64::MAX.to_be_bytes(), field("last_offset_delta", 1));
        check(57, &[0xff; 4], field("record_count", -1));
    }

    #[test]
    fn lengths_are_peeked() {
        let check = |length: i32, expected: Result<usize, BatchError>| {
            let mut bytes = [0; LOG_OVERHEAD];
            bytes[8..].copy_from_slice(&length.to_be_bytes());
            assert_eq!(peek_size(&bytes), expected);
        };
        check(49, Ok(HEADER_SIZE));
        check(i32::MAX, Ok(LOG_OVERHEAD + 0x7fff_ffff));
        check(0, Err(BatchError::Length(0)));
        check(i32::MIN, Err(BatchError::Length(i32::MIN)));
    }

    #[test]
    fn the_leaders_patch_keeps_the_checksum() {
        let mut bytes = GOLDEN;
        patch(&mut bytes, Offset::new(1 << 40).unwrap(), LeaderEpoch::new(77));
        let batch = ValidatedBatch::new(Bytes::copy_from_slice(&bytes)).unwrap();
        let expected = BatchHeader {
            base_offset: Offset::new(1 << 40).unwrap(),
            leader_epoch: LeaderEpoch::new(77),
            ..parsed()
        };
        assert_eq!(batch.header(), &expected);
    }

    #[test]
    fn log_append_time_computes_the_checksum_anew() {
        let mut bytes = GOLDEN;
        set_log_append_time(&mut bytes, TimestampMs::new(1_700_000_000_000));
        let batch = ValidatedBatch::new(Bytes::copy_from_slice(&bytes)).unwrap();
        let expected = BatchHeader {
            crc: batch.header().crc,
            timestamp_type: TimestampType::LogAppendTime,
            max_timestamp: TimestampMs::new(1_700_000_000_000),
            ..parsed()
        };
        assert_eq!(batch.header(), &expected);
        assert_ne!(batch.header().crc, parsed().crc);
    }

    #[test]
    fn the_timestamp_type_is_put_back() {
        let mut bytes = GOLDEN;
        set_log_append_time(&mut bytes, TimestampMs::new(12));
        let stamped = ValidatedBatch::new(Bytes::copy_from_slice(&bytes)).unwrap();
        let kept = stamped.with_create_time();
        let again = ValidatedBatch::new(kept.bytes().clone()).unwrap();
        assert_eq!(again.header(), kept.header());
        let back = kept.with_max_timestamp(TimestampMs::new(9));
        assert_eq!(back.bytes(), &Bytes::copy_from_slice(&GOLDEN));
    }

    #[test]
    fn a_header_is_corrected_under_a_new_checksum() {
        let mut bytes = GOLDEN;
        bytes[22] |= DELETE_HORIZON;
        let crc = crc32c::crc32c(&bytes[CRC_START..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        let sent = ValidatedBatch::new(Bytes::copy_from_slice(&bytes)).unwrap();
        assert!(sent.has_delete_horizon());
        let kept = sent.with_max_timestamp(TimestampMs::new(12));
        assert!(!kept.has_delete_horizon());
        let again = ValidatedBatch::new(kept.bytes().clone()).unwrap();
        assert_eq!(again.header(), kept.header());
        let expected = BatchHeader {
            crc: kept.header().crc,
            max_timestamp: TimestampMs::new(12),
            ..parsed()
        };
        assert_eq!(kept.header(), &expected);
        let back = kept.with_max_timestamp(TimestampMs::new(9));
        assert_eq!(back.bytes(), &Bytes::copy_from_slice(&GOLDEN));
    }

    #[test]
    fn batches_are_split_off_without_copying() {
        let mut bytes: Bytes = [GOLDEN, GOLDEN].concat().into();
        assert_eq!(
            ValidatedBatch::new(bytes.clone()).unwrap_err(),
            BatchError::Length(63),
            "a second batch follows"
        );
        let start = bytes.as_ptr();
        let first = ValidatedBatch::split_from(&mut bytes).unwrap();
        assert_eq!(first.bytes().as_ptr(), start);
        ValidatedBatch::split_from(&mut bytes).unwrap();
        assert!(bytes.is_empty());
        let mut broken = Bytes::from_static(&[0; 70]);
        assert!(ValidatedBatch::split_from(&mut broken).is_err());
        assert_eq!(broken.len(), 70, "left as it was");
    }
}
