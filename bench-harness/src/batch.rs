//! Writes Kafka's v2 record batches straight into the buffer that is sent: one copy of each message, one checksum.

use bytes::{BufMut, Bytes, BytesMut};
use corelog_model::TimestampMs;
use corelog_model::batch::{BatchProducer, Compression, HEADER_SIZE, LOG_OVERHEAD, MAGIC};
use corelog_records::{CompressError, compress};

use crate::number::to_u64;

/// Where the part that the checksum covers begins.
const CRC_START: usize = 21;
/// Bytes of a record around its key and value, at most: size 5, attributes 1, timestamp 10, offset 5, key size 5,
/// value size 5, header count 1.
pub const RECORD_OVERHEAD_MAX: usize = 32;

/// A batch that is being filled.
#[derive(Debug)]
pub struct BatchWriter {
    buffer: BytesMut,
    record_count: i32,
    base_timestamp: TimestampMs,
    max_timestamp: TimestampMs,
}

impl BatchWriter {
    /// Begins a batch in `buffer`, whose memory is used again.
    pub fn new(mut buffer: BytesMut, timestamp: TimestampMs) -> BatchWriter {
        buffer.clear();
        buffer.put_bytes(0, HEADER_SIZE);
        BatchWriter {
            buffer,
            record_count: 0,
            base_timestamp: timestamp,
            max_timestamp: timestamp,
        }
    }

    /// The bytes so far, the header's included.
    pub fn size(&self) -> usize {
        self.buffer.len()
    }

    /// The records so far.
    pub fn record_count(&self) -> i32 {
        self.record_count
    }

    /// Adds a record whose value is `head` and `body` together.
    pub fn push(&mut self, timestamp: TimestampMs, key: Option<&[u8]>, head: &[u8], body: &[u8]) {
        let timestamp_delta = timestamp.get() - self.base_timestamp.get();
        let offset_delta = i64::from(self.record_count);
        let value_size = signed(head.len() + body.len());
        let key_size = key.map_or(-1, |key| signed(key.len()));
        let size = 1
            + varint_size(timestamp_delta)
            + varint_size(offset_delta)
            + varint_size(key_size)
            + key.map_or(0, <[u8]>::len)
            + varint_size(value_size)
            + head.len()
            + body.len()
            + 1;
        put_varint(&mut self.buffer, signed(size));
        self.buffer.put_u8(0);
        put_varint(&mut self.buffer, timestamp_delta);
        put_varint(&mut self.buffer, offset_delta);
        put_varint(&mut self.buffer, key_size);
        self.buffer.extend_from_slice(key.unwrap_or_default());
        put_varint(&mut self.buffer, value_size);
        self.buffer.extend_from_slice(head);
        self.buffer.extend_from_slice(body);
        self.buffer.put_u8(0);
        self.record_count += 1;
        self.max_timestamp = self.max_timestamp.max(timestamp);
    }

    /// Compresses the records, writes the header and gives the whole batch.
    ///
    /// # Errors
    /// When the codec fails.
    ///
    /// # Panics
    /// If the batch has no records, or 2 GiB and more, which no configured size allows.
    pub fn finish(
        mut self,
        compression: Compression,
        producer: Option<BatchProducer>,
    ) -> Result<Bytes, CompressError> {
        assert!(self.record_count > 0, "a batch has records");
        if compression != Compression::None {
            let packed = compress(compression, &self.buffer[HEADER_SIZE..])?;
            self.buffer.truncate(HEADER_SIZE);
            self.buffer.extend_from_slice(&packed);
        }
        let length = i32::try_from(self.buffer.len() - LOG_OVERHEAD).expect("a batch is below 2 GiB");
        let mut head = [0; HEADER_SIZE];
        head[8..12].copy_from_slice(&length.to_be_bytes());
        head[12..16].copy_from_slice(&(-1i32).to_be_bytes());
        head[16] = MAGIC;
        head[21..23].copy_from_slice(&attributes(compression).to_be_bytes());
        head[23..27].copy_from_slice(&(self.record_count - 1).to_be_bytes());
        head[27..35].copy_from_slice(&self.base_timestamp.get().to_be_bytes());
        head[35..43].copy_from_slice(&self.max_timestamp.get().to_be_bytes());
        let sequence = producer.and_then(|producer| producer.base_sequence);
        head[43..51].copy_from_slice(&producer.map_or(-1, |p| p.id.get()).to_be_bytes());
        head[51..53].copy_from_slice(&producer.map_or(-1, |p| p.epoch.get()).to_be_bytes());
        head[53..57].copy_from_slice(&sequence.map_or(-1, |s| s.get()).to_be_bytes());
        head[57..61].copy_from_slice(&self.record_count.to_be_bytes());
        self.buffer[..HEADER_SIZE].copy_from_slice(&head);
        let checksum = crc32c::crc32c(&self.buffer[CRC_START..]);
        self.buffer[CRC_START - 4..CRC_START].copy_from_slice(&checksum.to_be_bytes());
        Ok(self.buffer.freeze())
    }
}

/// The low bits of a batch's attributes (Kafka's `CompressionType.id`).
const fn attributes(compression: Compression) -> i16 {
    match compression {
        Compression::None => 0,
        Compression::Gzip => 1,
        Compression::Snappy => 2,
        Compression::Lz4 => 3,
        Compression::Zstd => 4,
    }
}

fn signed(size: usize) -> i64 {
    i64::try_from(to_u64(size)).expect("a slice is at most isize::MAX long")
}

/// Small numbers of either sign are small (protobuf's zigzag).
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn varint_size(value: i64) -> usize {
    let bits = 64 - (zigzag(value) | 1).leading_zeros();
    crate::number::to_usize(bits.div_ceil(7))
}

fn put_varint(out: &mut BytesMut, value: i64) {
    let mut rest = zigzag(value);
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

#[cfg(test)]
mod tests {
    use corelog_model::{ProducerEpoch, ProducerId, Sequence, ValidatedBatch};
    use corelog_records::{BatchOptions, NewRecord, RecordBatchBuilder};

    use super::*;

    fn check(compression: Compression, producer: Option<BatchProducer>) {
        let mut builder = RecordBatchBuilder::new(BatchOptions {
            compression,
            producer,
            ..BatchOptions::default()
        });
        let mut writer = BatchWriter::new(BytesMut::from(&b"used before"[..]), TimestampMs::new(1000));
        for index in 0..200u8 {
            let timestamp = TimestampMs::new(1000 + i64::from(index) * 7);
            let value = vec![index; usize::from(index) * 3];
            let key = (index % 2 == 0).then_some(&value[..value.len() / 2]);
            let record = NewRecord {
                timestamp,
                key,
                value: Some(&value),
                headers: &[],
            };
            builder.append(&record).unwrap();
            let (head, body) = value.split_at(value.len() / 3);
            let before = writer.size();
            writer.push(timestamp, key, head, body);
            let overhead = writer.size() - before - value.len() - key.map_or(0, <[u8]>::len);
            assert!(overhead <= RECORD_OVERHEAD_MAX);
        }
        assert_eq!(writer.record_count(), 200);
        let written = writer.finish(compression, producer).unwrap();
        assert_eq!(&written, builder.build().unwrap().bytes());
        ValidatedBatch::new(written).unwrap();
    }

    #[test]
    fn batches_are_those_of_the_builder() {
        check(Compression::None, None);
        check(Compression::Lz4, None);
        check(
            Compression::Zstd,
            Some(BatchProducer {
                id: ProducerId::new(9),
                epoch: ProducerEpoch::new(2),
                base_sequence: Sequence::new(5),
            }),
        );
    }
}
