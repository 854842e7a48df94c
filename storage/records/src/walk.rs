//! One pass over the records of a produced batch (Kafka's `LogValidator` over `DefaultRecord.readFrom`): their form, and
//! what a header cannot be believed about: how many there are, their offsets, and their timestamps.
//!
//! The records may come in pieces, as a decompressor gives them. A record of the usual form (short varints, no headers) is
//! read by a short way of its own; every other one by the decoder of [`crate::records`], whose errors are the only ones.
//! Nothing is allocated but the list of records that break a rule.

use corelog_model::{BatchHeader, TimestampMs};

use crate::check::{KeyPolicy, RecordsFault, RecordsSummary};
use crate::records::{RecordError, read_record};
use crate::varint::{Cursor, VarintError};

/// No timestamp, as Kafka writes it (`RecordBatch.NO_TIMESTAMP`).
const NO_TIMESTAMP: i64 = -1;

/// Which timestamps a topic takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimestampRule {
    /// The broker stamps the batch itself: those of the client do not matter.
    Ignored,
    /// Those within these bounds, both inclusive, and none at all (-1).
    Within {
        /// The earliest, in milliseconds since 1970.
        earliest: TimestampMs,
        /// The latest.
        latest: TimestampMs,
    },
}

impl TimestampRule {
    /// Takes every timestamp that fits 64 bits.
    pub const ANY: TimestampRule = TimestampRule::Within {
        earliest: TimestampMs::new(i64::MIN),
        latest: TimestampMs::new(i64::MAX),
    };
}

/// What a topic demands of each record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordRules {
    /// Whether a record may lack a key.
    pub keys: KeyPolicy,
    /// Which timestamps it may have.
    pub timestamps: TimestampRule,
}

impl RecordRules {
    /// Demands nothing beyond the form.
    pub const FORM: RecordRules = RecordRules {
        keys: KeyPolicy::Optional,
        timestamps: TimestampRule::ANY,
    };
}

/// The state of a pass.
#[derive(Debug)]
pub(crate) struct RecordsWalk {
    base_timestamp: i64,
    count: i32,
    rules: RecordRules,
    earliest: i64,
    latest: i64,
    index: i32,
    max_timestamp: i64,
    is_dense: bool,
    /// The records that break a rule, by their place in the batch.
    refused: Vec<i32>,
    /// The first timestamp out of bounds; one that does not fit 64 bits is held to their end.
    untimely: Option<i64>,
}

impl RecordsWalk {
    pub(crate) fn new(header: &BatchHeader, rules: RecordRules) -> RecordsWalk {
        let (earliest, latest) = match rules.timestamps {
            TimestampRule::Ignored => (i64::MIN, i64::MAX),
            TimestampRule::Within { earliest, latest } => (earliest.get(), latest.get()),
        };
        RecordsWalk {
            base_timestamp: header.base_timestamp.get(),
            count: header.record_count,
            rules,
            earliest,
            latest,
            index: 0,
            max_timestamp: NO_TIMESTAMP,
            is_dense: true,
            refused: Vec::new(),
            untimely: None,
        }
    }

    /// Walks the whole records that `bytes` begins with, and returns how many bytes they are. With `is_end` nothing
    /// follows `bytes`, and all records must be there.
    pub(crate) fn feed(&mut self, bytes: &[u8], is_end: bool) -> Result<usize, RecordError> {
        let mut at = 0;
        loop {
            at += self.feed_usual(&bytes[at..]);
            if self.index >= self.count {
                break;
            }
            let rest = &bytes[at..];
            if !is_end && !begins_with_a_whole_record(rest) {
                return Ok(at);
            }
            let mut cursor = Cursor::new(rest);
            let record = read_record(&mut cursor, self.index)?;
            self.note(record.timestamp_delta, record.offset_delta, record.key.is_some());
            at = bytes.len() - cursor.remaining();
        }
        match bytes.len() - at {
            0 => Ok(at),
            bytes => Err(RecordError::BatchTail {
                count: self.count,
                bytes,
            }),
        }
    }

    /// Walks the records of the usual form that `bytes` begins with, as long as they break no rule, and returns how many
    /// bytes they are. Its state is in registers.
    fn feed_usual(&mut self, bytes: &[u8]) -> usize {
        let (base, earliest, latest) = (self.base_timestamp, self.earliest, self.latest);
        let is_keyless_fine = self.rules.keys == KeyPolicy::Optional;
        let (mut index, mut max, mut is_dense) = (self.index, self.max_timestamp, self.is_dense);
        let mut at = 0;
        while index < self.count {
            let Some(record) = usual(&bytes[at..]) else { break };
            let (timestamp, is_overflow) = base.overflowing_add(record.timestamp_delta);
            let is_within = earliest <= timestamp && timestamp <= latest && !is_overflow;
            if !is_within || !(record.has_key || is_keyless_fine) {
                break;
            }
            max = max.max(timestamp);
            is_dense &= record.offset_delta == index;
            index += 1;
            at += record.size;
        }
        (self.index, self.max_timestamp, self.is_dense) = (index, max, is_dense);
        at
    }

    /// Notes a record of any form.
    fn note(&mut self, timestamp_delta: i64, offset_delta: i32, has_key: bool) {
        let (timestamp, is_overflow) = self.base_timestamp.overflowing_add(timestamp_delta);
        let is_within = self.earliest <= timestamp && timestamp <= self.latest;
        let is_checked = self.rules.timestamps != TimestampRule::Ignored;
        if self.rules.keys == KeyPolicy::Required && !has_key {
            self.refused.push(self.index);
        } else if is_checked && (is_overflow || !is_within && timestamp != NO_TIMESTAMP) {
            let far = if timestamp < 0 { i64::MAX } else { i64::MIN };
            self.untimely
                .get_or_insert(if is_overflow { far } else { timestamp });
            self.refused.push(self.index);
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.is_dense &= offset_delta == self.index;
        self.index += 1;
    }

    /// What came of a pass whose last piece was fed. To be called once.
    pub(crate) fn finish(&mut self) -> Result<RecordsSummary, RecordsFault> {
        if self.refused.is_empty() {
            return Ok(RecordsSummary {
                max_timestamp: TimestampMs::new(self.max_timestamp),
                is_dense: self.is_dense,
            });
        }
        let indexes = std::mem::take(&mut self.refused);
        Err(match self.untimely {
            Some(timestamp) => RecordsFault::Timestamp {
                indexes,
                timestamp: TimestampMs::new(timestamp),
                earliest: TimestampMs::new(self.earliest),
                latest: TimestampMs::new(self.latest),
            },
            None => RecordsFault::NullKey { indexes },
        })
    }
}

/// A record of the usual form.
struct Usual {
    /// Its bytes, the size field included.
    size: usize,
    timestamp_delta: i64,
    offset_delta: i32,
    has_key: bool,
}

/// The bytes that the fields before a record's value lie in, its key apart, if they are short.
const HEAD: usize = 16;

/// Reads a record whose varints are short and that has no headers; `None` is every other one, sound or not, and one of the
/// last few bytes. This is what the produce path spends on a record: it takes one look at the length of `bytes` a field.
#[inline]
fn usual(bytes: &[u8]) -> Option<Usual> {
    let head = bytes.first_chunk::<HEAD>()?;
    let mut at = 0;
    let body = length(short(head, &mut at)?)?;
    let end = at + body;
    // The attributes, which nobody uses.
    at += 1;
    let timestamp_delta = zigzag(short(head, &mut at)?);
    let offset_delta = zigzag(short(head, &mut at)?);
    let key = length(short(head, &mut at)?);
    let value = match key {
        None | Some(0) => short(head, &mut at)?,
        Some(key) => {
            at += key;
            let head = bytes.get(at..)?.first_chunk::<4>()?;
            let mut size = 0;
            let value = short(head, &mut size)?;
            at += size;
            value
        }
    };
    at += length(value).unwrap_or(0);
    let is_whole = at + 1 == end && bytes.get(at) == Some(&0);
    is_whole.then_some(Usual {
        size: end,
        timestamp_delta: i64::from(timestamp_delta),
        offset_delta,
        has_key: key.is_some(),
    })
}

/// A varint of at most three bytes, as it is written. `N` is a power of two, and five fields of at most three bytes with one
/// byte between them do not pass the head: the masks only tell the compiler so.
#[inline]
fn short<const N: usize>(bytes: &[u8; N], at: &mut usize) -> Option<u32> {
    let byte = |at: usize| u32::from(bytes[at & (N - 1)]);
    let first = byte(*at);
    if first < 0x80 {
        *at += 1;
        return Some(first);
    }
    let second = byte(*at + 1);
    if second < 0x80 {
        *at += 2;
        return Some(first & 0x7f | second << 7);
    }
    let third = byte(*at + 2);
    *at += 3;
    (third < 0x80).then_some(first & 0x7f | (second & 0x7f) << 7 | third << 14)
}

#[inline]
fn zigzag(raw: u32) -> i32 {
    (raw >> 1).cast_signed() ^ -(raw & 1).cast_signed()
}

/// A length; `None` is a negative one.
#[inline]
fn length(raw: u32) -> Option<usize> {
    let length = usize::try_from(raw >> 1).ok()?;
    (raw & 1 == 0).then_some(length)
}

/// Whether the bytes of the first record are all there, or its size is none, which its decoder says.
fn begins_with_a_whole_record(bytes: &[u8]) -> bool {
    let mut cursor = Cursor::new(bytes);
    match cursor.varint() {
        Ok(size) => usize::try_from(size).map_or(true, |size| size <= cursor.remaining()),
        Err(VarintError::Truncated) => false,
        Err(VarintError::TooLong) => true,
    }
}

#[cfg(test)]
mod tests {
    use corelog_model::batch::Compression;
    use proptest::prelude::*;

    use super::*;
    use crate::check::check_produced_records;
    use crate::records::Records;
    use crate::testing::raw;

    const SMALLEST: [u8; 7] = [12, 0, 0, 0, 1, 1, 0];

    fn within(earliest: i64, latest: i64) -> RecordRules {
        RecordRules {
            timestamps: TimestampRule::Within {
                earliest: TimestampMs::new(earliest),
                latest: TimestampMs::new(latest),
            },
            ..RecordRules::FORM
        }
    }

    /// Records without a key and a value at these distances from the base.
    fn at(deltas: &[i64]) -> Vec<u8> {
        let mut out = Vec::new();
        for (index, delta) in (0..).zip(deltas) {
            let mut body = vec![0];
            crate::varint::put_varlong(&mut body, *delta);
            crate::varint::put_varint(&mut body, index);
            body.extend_from_slice(&[1, 1, 0]);
            crate::varint::put_varlong(&mut out, i64::try_from(body.len()).unwrap());
            out.extend_from_slice(&body);
        }
        out
    }

    #[test]
    fn the_largest_timestamp_is_that_of_the_records() {
        let check = |base: i64, deltas: &[i64], expected: i64| {
            let records = at(deltas);
            let count = i32::try_from(deltas.len()).unwrap();
            let batch = raw(Compression::None, base, 77, count, &records);
            let found = check_produced_records(batch.header(), &records, RecordRules::FORM).unwrap();
            assert_eq!(found.max_timestamp.get(), expected, "{base} {deltas:?}");
            assert!(found.is_dense);
        };
        check(1000, &[0, 20, 10], 1020);
        check(1000, &[0, -20, -10], 1000);
        check(0, &[5_000_000_000], 5_000_000_000);
        // `LogValidator` begins with -1.
        check(-1, &[0, 0], -1);
        check(-7_240_509_273_709, &[0], -1);
        check(-5, &[0, 4, 5], 0);
    }

    #[test]
    fn every_timestamp_is_held_to_the_bounds() {
        let check = |base: i64, deltas: &[i64], expected: &[i32], first: i64| {
            let records = at(deltas);
            let count = i32::try_from(deltas.len()).unwrap();
            let batch = raw(Compression::None, base, base, count, &records);
            let found = check_produced_records(batch.header(), &records, within(900, 1100));
            let refused = RecordsFault::Timestamp {
                indexes: expected.to_vec(),
                timestamp: TimestampMs::new(first),
                earliest: TimestampMs::new(900),
                latest: TimestampMs::new(1100),
            };
            assert_eq!(found.err(), (!expected.is_empty()).then_some(refused));
            // The broker's own stamp takes their place.
            let stamped = RecordRules {
                timestamps: TimestampRule::Ignored,
                ..RecordRules::FORM
            };
            assert!(check_produced_records(batch.header(), &records, stamped).is_ok());
        };
        check(1000, &[0, -100, 100], &[], 0);
        check(1000, &[0, 101, -101, 0, 5_000_000_000], &[1, 2, 4], 1101);
        check(1000, &[-1001, 0], &[], 0);
        check(1000, &[-1002], &[0], -2);
        check(i64::MAX, &[1], &[0], i64::MAX);
        check(i64::MIN, &[-1], &[0], i64::MIN);
    }

    #[test]
    fn keys_and_timestamps_are_told_together() {
        let rules = RecordRules {
            keys: KeyPolicy::Required,
            ..within(900, 1100)
        };
        let keyed = |delta: u8, offset: u8| vec![14, 0, delta, offset, 2, 9, 1, 0];
        let check = |records: &[Vec<u8>], expected: &[i32], is_time: bool| {
            let count = i32::try_from(records.len()).unwrap();
            let records = records.concat();
            let batch = raw(Compression::None, 1085, 1085, count, &records);
            match check_produced_records(batch.header(), &records, rules) {
                Ok(_) => assert!(expected.is_empty()),
                Err(RecordsFault::NullKey { indexes }) => assert_eq!((&*indexes, false), (expected, is_time)),
                Err(RecordsFault::Timestamp { indexes, .. }) => {
                    assert_eq!((&*indexes, true), (expected, is_time));
                }
                Err(RecordsFault::Malformed(error)) => panic!("{error}"),
            }
        };
        let keyless = SMALLEST.to_vec();
        check(&[keyed(0, 0), keyed(30, 2)], &[], false);
        check(&[keyed(0, 0), keyless.clone()], &[1], false);
        check(&[keyed(32, 0), keyless], &[0, 1], true);
    }

    #[test]
    fn other_offset_deltas_are_noticed() {
        for (records, is_dense) in [
            ([[12, 0, 0, 0, 1, 1, 0], [12, 0, 0, 2, 1, 1, 0]], true),
            ([[12, 0, 0, 0, 1, 1, 0], [12, 0, 0, 0, 1, 1, 0]], false),
            ([[12, 0, 0, 1, 1, 1, 0], [12, 0, 0, 2, 1, 1, 0]], false),
        ] {
            let records = records.concat();
            let batch = raw(Compression::None, 0, 0, 2, &records);
            let found = check_produced_records(batch.header(), &records, RecordRules::FORM).unwrap();
            assert_eq!(found.is_dense, is_dense);
        }
    }

    proptest! {
        #[test]
        fn the_short_way_is_the_decoders(
            parts in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..24),
                    Just(SMALLEST.to_vec()),
                    Just(vec![14, 0, 0x80, 2, 0, 1, 1, 0]),
                    Just(vec![20, 0, 2, 2, 1, 4, 9, 9, 2, 0]),
                    Just(vec![16, 0, 0, 0, 1, 1, 2, 0, 1]),
                ],
                0..4,
            ),
            count in 0i32..4,
            split in 0usize..40,
        ) {
            let records = parts.concat();
            let batch = raw(Compression::None, 1000, 0, 1, &records);
            let header = BatchHeader { record_count: count, ..*batch.header() };
            let expected = Records::new(&header, &records).find_map(Result::err);
            let found = check_produced_records(&header, &records, RecordRules { timestamps: TimestampRule::Ignored, ..RecordRules::FORM });
            let found = found.err().map(|fault| match fault {
                RecordsFault::Malformed(error) => error,
                other @ (RecordsFault::NullKey { .. } | RecordsFault::Timestamp { .. }) => panic!("{other}"),
            });
            prop_assert_eq!(&found, &expected);
            // In two pieces, the verdict is the same.
            let mut walk = RecordsWalk::new(&header, RecordRules::FORM);
            let split = split.min(records.len());
            let pieces = walk.feed(&records[..split], false).and_then(|used| {
                walk.feed(&records[used..], true)
            });
            prop_assert_eq!(pieces.is_err(), expected.is_some());
        }
    }
}
