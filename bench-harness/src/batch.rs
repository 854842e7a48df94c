//! Writes Kafka's v2 record batches straight into the memory that is sent. Memory is used again and again, and bodies
//! that lie in it already are not copied: a large batch then costs its heads and one checksum.

use bytes::{Bytes, BytesMut};
use corelog_model::TimestampMs;
use corelog_model::batch::{BatchProducer, Compression, HEADER_SIZE, LOG_OVERHEAD, MAGIC};
use corelog_records::{CompressError, compress};

use crate::number::to_u64;

/// Where the part that the checksum covers begins.
const CRC_START: usize = 21;
/// Bytes of a record around its key and value, at most: size 5, attributes 1, timestamp 10, offset 5, key size 5,
/// value size 5, header count 1.
pub const RECORD_OVERHEAD_MAX: usize = 32;

/// The memory of a batch. What was built in it before is still there: a record whose body lies where the same body
/// lay is written without it.
#[derive(Debug, Default)]
pub struct Slate {
    /// All that was ever written, its length included.
    memory: BytesMut,
    /// Where the bodies begin, by record; those of records beyond the last batch's lie behind its end.
    places: Vec<usize>,
    /// Names the sequence of bodies: the body of record `n` is always the same one.
    first_body: usize,
}

/// What is left of a slate while its batch is sent: the memory, shared with the batch.
#[derive(Debug, Default)]
pub struct SlateMemory {
    memory: Bytes,
    places: Vec<usize>,
    first_body: usize,
}

impl SlateMemory {
    /// Takes the memory back when the batch is gone; none while anybody still has it.
    pub fn reclaim(self) -> Option<Slate> {
        let memory = self.memory.try_into_mut().ok()?;
        Some(Slate {
            memory,
            places: self.places,
            first_body: self.first_body,
        })
    }
}

impl Slate {
    /// Bodies that lie in it.
    pub fn body_count(&self) -> usize {
        self.places.len()
    }

    /// The place in the sequence of bodies of the first record's.
    pub fn first_body(&self) -> usize {
        self.first_body
    }

    /// From now on the first record has the body at `place`: those that lie there are of no use.
    pub fn begin_at(&mut self, place: usize) {
        self.first_body = place;
        self.places.clear();
    }
}

/// A batch that is being filled. `[..end]` of the memory is the batch.
#[derive(Debug)]
pub struct BatchWriter {
    slate: Slate,
    end: usize,
    record_count: i32,
    base_timestamp: TimestampMs,
    max_timestamp: TimestampMs,
}

impl BatchWriter {
    /// Begins a batch in the memory of `slate`.
    pub fn new(mut slate: Slate, timestamp: TimestampMs) -> BatchWriter {
        if slate.memory.len() < HEADER_SIZE {
            slate.memory.resize(HEADER_SIZE, 0);
        }
        BatchWriter {
            slate,
            end: HEADER_SIZE,
            record_count: 0,
            base_timestamp: timestamp,
            max_timestamp: timestamp,
        }
    }

    /// The bytes so far, the header's included.
    pub fn size(&self) -> usize {
        self.end
    }

    /// The records so far.
    pub fn record_count(&self) -> i32 {
        self.record_count
    }

    /// The place in the sequence of bodies of the next record's.
    pub fn next_body(&self) -> usize {
        self.slate.first_body + usize::try_from(self.record_count).expect("a count is not negative")
    }

    /// Adds a record whose value is `head` and `body` together. `body` has to be the one at `next_body`.
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
        let length = signed(size);
        let end = self.end + varint_size(length) + size;
        if end > self.slate.memory.len() {
            // Twice as much, so that a batch that grows is copied seldom.
            self.slate.memory.resize(end.next_power_of_two(), 0);
        }
        let mut out = Cursor {
            bytes: &mut self.slate.memory[self.end..end],
            at: 0,
        };
        out.varint(length);
        out.put(&[0]);
        out.varint(timestamp_delta);
        out.varint(offset_delta);
        out.varint(key_size);
        out.put(key.unwrap_or_default());
        out.varint(value_size);
        out.put(head);
        let place = self.end + out.at;
        let index = usize::try_from(self.record_count).expect("a count is not negative");
        match self.slate.places.get_mut(index) {
            // Records write behind their predecessors alone, so that nothing has touched it since.
            Some(known) if *known == place => out.at += body.len(),
            Some(known) => {
                *known = place;
                out.put(body);
            }
            None => {
                self.slate.places.push(place);
                out.put(body);
            }
        }
        out.put(&[0]);
        self.end = end;
        self.record_count += 1;
        self.max_timestamp = self.max_timestamp.max(timestamp);
    }

    /// Compresses the records, writes the header and gives the whole batch, and its memory for when it is gone.
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
        is_transactional: bool,
    ) -> Result<(Bytes, SlateMemory), CompressError> {
        assert!(self.record_count > 0, "a batch has records");
        self.forget_overwritten();
        if compression != Compression::None {
            let packed = compress(compression, &self.slate.memory[HEADER_SIZE..self.end])?;
            let mut batch = BytesMut::zeroed(HEADER_SIZE + packed.len());
            batch[HEADER_SIZE..].copy_from_slice(&packed);
            self.write_header(&mut batch, attributes(compression, is_transactional), producer);
            return Ok((batch.freeze(), self.memory()));
        }
        let mut memory = std::mem::take(&mut self.slate.memory);
        self.write_header(
            &mut memory[..self.end],
            attributes(Compression::None, is_transactional),
            producer,
        );
        self.slate.memory = memory;
        let end = self.end;
        let memory = self.memory();
        Ok((memory.memory.slice(..end), memory))
    }

    fn memory(self) -> SlateMemory {
        SlateMemory {
            memory: self.slate.memory.freeze(),
            places: self.slate.places,
            first_body: self.slate.first_body,
        }
    }

    /// Bodies of an earlier and longer batch that this one reached into are damaged.
    fn forget_overwritten(&mut self) {
        let count = usize::try_from(self.record_count).expect("a count is not negative");
        let places = &mut self.slate.places;
        if places.get(count).is_some_and(|place| *place < self.end) {
            places.truncate(count);
        }
    }

    fn write_header(&self, batch: &mut [u8], attributes: i16, producer: Option<BatchProducer>) {
        let length = i32::try_from(batch.len() - LOG_OVERHEAD).expect("a batch is below 2 GiB");
        let mut head = [0; HEADER_SIZE];
        head[8..12].copy_from_slice(&length.to_be_bytes());
        head[12..16].copy_from_slice(&(-1i32).to_be_bytes());
        head[16] = MAGIC;
        head[21..23].copy_from_slice(&attributes.to_be_bytes());
        head[23..27].copy_from_slice(&(self.record_count - 1).to_be_bytes());
        head[27..35].copy_from_slice(&self.base_timestamp.get().to_be_bytes());
        head[35..43].copy_from_slice(&self.max_timestamp.get().to_be_bytes());
        let sequence = producer.and_then(|producer| producer.base_sequence);
        head[43..51].copy_from_slice(&producer.map_or(-1, |p| p.id.get()).to_be_bytes());
        head[51..53].copy_from_slice(&producer.map_or(-1, |p| p.epoch.get()).to_be_bytes());
        head[53..57].copy_from_slice(&sequence.map_or(-1, |s| s.get()).to_be_bytes());
        head[57..61].copy_from_slice(&self.record_count.to_be_bytes());
        batch[..HEADER_SIZE].copy_from_slice(&head);
        let checksum = crc32c::crc32c(&batch[CRC_START..]);
        batch[CRC_START - 4..CRC_START].copy_from_slice(&checksum.to_be_bytes());
    }
}

/// Writes into a record's bytes, which are as many as it takes.
struct Cursor<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Cursor<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    fn varint(&mut self, value: i64) {
        let mut rest = zigzag(value);
        loop {
            let [low, ..] = rest.to_le_bytes();
            rest >>= 7;
            if rest == 0 {
                return self.put(&[low & 0x7f]);
            }
            self.put(&[low | 0x80]);
        }
    }
}

/// A batch's attributes: Kafka's `CompressionType.id`, and whether it is part of a transaction.
const fn attributes(compression: Compression, is_transactional: bool) -> i16 {
    let transactional = if is_transactional { 0x10 } else { 0 };
    transactional
        | match compression {
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

#[cfg(test)]
mod tests {
    use corelog_model::{ProducerEpoch, ProducerId, Sequence, ValidatedBatch};
    use corelog_records::{BatchOptions, NewRecord, RecordBatchBuilder};

    use super::*;

    /// A key and a value by record; values come from one sequence.
    type Records<'a> = &'a [(Option<&'a [u8]>, usize)];

    static BODY: [u8; 4096] = {
        let mut body = [0; 4096];
        let mut at = 0;
        while at < body.len() {
            body[at] = (at % 251).to_le_bytes()[0];
            at += 1;
        }
        body
    };

    /// The value at `place` of the sequence: its size and its bytes follow from the place.
    fn value(place: usize, size: usize) -> &'static [u8] {
        &BODY[place % 1000..place % 1000 + size]
    }

    /// Builds a batch in `slate` and holds it against the builder's; gives the memory back.
    fn check(
        slate: Slate,
        step_ms: i64,
        records: Records<'_>,
        compression: Compression,
        producer: Option<BatchProducer>,
    ) -> Slate {
        let mut builder = RecordBatchBuilder::new(BatchOptions {
            compression,
            producer,
            is_transactional: producer.is_some(),
            ..BatchOptions::default()
        });
        let mut writer = BatchWriter::new(slate, TimestampMs::new(1000));
        let mut timestamp = TimestampMs::new(1000);
        for (key, size) in records {
            let head = [u8::try_from(step_ms).unwrap(); 32];
            let body = value(writer.next_body(), *size);
            let whole = [&head[..], body].concat();
            let record = NewRecord {
                timestamp,
                key: *key,
                value: Some(&whole),
                headers: &[],
            };
            builder.append(&record).unwrap();
            let before = writer.size();
            writer.push(timestamp, *key, &head, body);
            let overhead = writer.size() - before - whole.len() - key.map_or(0, <[u8]>::len);
            assert!(overhead <= RECORD_OVERHEAD_MAX);
            timestamp = TimestampMs::new(timestamp.get() + step_ms);
        }
        assert_eq!(usize::try_from(writer.record_count()).unwrap(), records.len());
        let (written, memory) = writer.finish(compression, producer, producer.is_some()).unwrap();
        assert_eq!(&written, builder.build().unwrap().bytes());
        ValidatedBatch::new(written).unwrap();
        memory.reclaim().expect("the batch is gone")
    }

    #[test]
    fn batches_are_those_of_the_builder() {
        let key: &[u8] = &BODY[..20];
        let records: Vec<(Option<&[u8]>, usize)> = (0..200)
            .map(|index| ((index % 2 == 0).then_some(&key[..index / 10]), index * 3))
            .collect();
        let idempotent = BatchProducer {
            id: ProducerId::new(9),
            epoch: ProducerEpoch::new(2),
            base_sequence: Sequence::new(5),
        };
        for producer in [None, Some(idempotent)] {
            let mut slate = Slate::default();
            for compression in [
                Compression::None,
                Compression::Lz4,
                Compression::Zstd,
                Compression::None,
            ] {
                slate = check(slate, 7, &records, compression, producer);
            }
        }
    }

    #[test]
    fn what_lies_in_the_memory_is_used_and_never_wrong() {
        let mut slate = Slate::default();
        let mut random = crate::random::Random::new(5);
        for round in 0..500 {
            // Gaps of 40 ms and more take two bytes after the second record, and shift what follows; so do keys.
            let step_ms = [0, 0, 1, 40][random.below(4)];
            let count = 1 + random.below(60);
            let sizes: Vec<usize> = (0..count).map(|index| 100 + index * 7 % 50).collect();
            let keyed = random.below(3) == 0;
            let records: Vec<(Option<&[u8]>, usize)> = sizes
                .iter()
                .map(|size| (keyed.then(|| &BODY[..random.below(130)]), *size))
                .collect();
            if round % 100 == 99 {
                slate.begin_at(round);
                assert_eq!(slate.body_count(), 0);
            }
            slate = check(slate, step_ms, &records, Compression::None, None);
            assert!(slate.body_count() >= count);
        }
    }

    #[test]
    fn memory_that_is_still_read_is_not_given_back() {
        let mut writer = BatchWriter::new(Slate::default(), TimestampMs::new(0));
        writer.push(TimestampMs::new(0), None, b"head", b"body");
        let (batch, memory) = writer.finish(Compression::None, None, false).unwrap();
        let reader = batch.clone();
        drop(batch);
        assert!(memory.reclaim().is_none());
        assert_eq!(ValidatedBatch::new(reader).unwrap().header().record_count, 1);
    }
}
