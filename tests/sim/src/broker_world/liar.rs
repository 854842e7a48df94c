//! Sends batches that lie: in their header, or of their records. No consumer could read them, or a log would go by what
//! they say. Kafka refuses each; its code is known here, and what is refused is never seen by a reader.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corelog_model::batch::{BatchProducer, Compression, HEADER_SIZE};
use corelog_model::{ProducerEpoch, ProducerId, Sequence, TimestampMs};
use corelog_protocol::ErrorCode;
use corelog_protocol::messages::produce::ProduceRequest;
use corelog_records::{BatchOptions, NewRecord, RecordBatchBuilder};

use super::clients::Clients;
use super::producer::produce_request;
use super::wire::name_of;
use crate::rng::{SimRng, mix};

const PRODUCE: i16 = 13;
/// Further ahead than a topic takes, in milliseconds.
const DAYS: i64 = 10_000_000_000;

/// What a batch says falsely.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lie {
    /// More records than there are.
    Count,
    /// An offset, which is the leader's to give.
    BaseOffset,
    /// A codec that the records are not in.
    Codec(i16),
    /// Compressed records whose end is missing.
    CutShort(Compression),
    /// A record's time is far ahead, and the header says otherwise.
    Time(Compression),
    /// A message format that is read no more.
    OldMagic,
    /// One that there is not.
    NewMagic,
    /// A checksum of something else.
    Checksum,
    /// A broker's own batch.
    Control,
    /// A producer without a sequence.
    Sequence,
    /// Bytes that are no record.
    Garbage,
    /// Bytes behind the records.
    Tail,
    /// Two batches.
    Two,
}

const LIES: [Lie; 20] = [
    Lie::Count,
    Lie::BaseOffset,
    Lie::Codec(1),
    Lie::Codec(2),
    Lie::Codec(3),
    Lie::Codec(4),
    Lie::Codec(7),
    Lie::CutShort(Compression::Gzip),
    Lie::CutShort(Compression::Lz4),
    Lie::CutShort(Compression::Zstd),
    Lie::Time(Compression::None),
    Lie::Time(Compression::Snappy),
    Lie::OldMagic,
    Lie::NewMagic,
    Lie::Checksum,
    Lie::Control,
    Lie::Sequence,
    Lie::Garbage,
    Lie::Tail,
    Lie::Two,
];

impl Lie {
    /// What Kafka answers.
    fn verdict(self) -> ErrorCode {
        match self {
            Lie::Codec(_) | Lie::CutShort(_) => ErrorCode::UnknownServerError,
            Lie::Time(_) => ErrorCode::InvalidTimestamp,
            Lie::NewMagic | Lie::Checksum => ErrorCode::CorruptMessage,
            Lie::Count
            | Lie::BaseOffset
            | Lie::OldMagic
            | Lie::Control
            | Lie::Sequence
            | Lie::Garbage
            | Lie::Tail
            | Lie::Two => ErrorCode::InvalidRecord,
        }
    }

    /// The batch, with values of `filler` bytes.
    fn bytes(self, filler: usize, now: TimestampMs) -> Bytes {
        let compression = match self {
            Lie::CutShort(codec) | Lie::Time(codec) => codec,
            _ => Compression::None,
        };
        let producer = (self == Lie::Sequence).then(|| BatchProducer {
            id: ProducerId::new(1 << 40),
            epoch: ProducerEpoch::new(0),
            base_sequence: Sequence::new(0),
        });
        let mut builder = RecordBatchBuilder::new(BatchOptions {
            compression,
            producer,
            ..BatchOptions::default()
        });
        let ahead = if matches!(self, Lie::Time(_)) { DAYS } else { 0 };
        let value: Vec<u8> = (0..).map(|at| mix(at).to_le_bytes()[0]).take(filler).collect();
        // Before the time that any honest batch says, so that one that is stored is known.
        for timestamp in [now.get() - DAYS, now.get() + ahead] {
            let record = NewRecord {
                timestamp: TimestampMs::new(timestamp),
                value: Some(&value),
                ..NewRecord::default()
            };
            builder.append(&record).expect("small records fit");
        }
        let mut bytes = builder.build().expect("a batch has records").bytes().to_vec();
        self.tell(&mut bytes, now);
        if self != Lie::Checksum {
            let crc = crc32c::crc32c(&bytes[21..]);
            bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        }
        if self == Lie::Two {
            bytes.extend_from_within(..);
        }
        bytes.into()
    }

    fn tell(self, bytes: &mut Vec<u8>, now: TimestampMs) {
        match self {
            Lie::Count => {
                bytes[23..27].copy_from_slice(&2i32.to_be_bytes());
                bytes[57..61].copy_from_slice(&3i32.to_be_bytes());
            }
            Lie::BaseOffset => bytes[7] = 5,
            Lie::Codec(codec) => bytes[22] |= codec.to_be_bytes()[1],
            Lie::CutShort(_) => {
                bytes.truncate(bytes.len() - 3);
                set_length(bytes);
            }
            Lie::Time(_) => bytes[35..43].copy_from_slice(&now.get().to_be_bytes()),
            Lie::OldMagic => bytes[16] = 1,
            Lie::NewMagic => bytes[16] = 9,
            Lie::Checksum => bytes[60] ^= 1,
            Lie::Control => bytes[22] |= 0b10_0000,
            Lie::Sequence => bytes[53..57].copy_from_slice(&(-1i32).to_be_bytes()),
            Lie::Garbage => bytes[HEADER_SIZE..].fill(0xff),
            Lie::Tail => {
                bytes.push(0);
                set_length(bytes);
            }
            Lie::Two => {}
        }
    }
}

fn set_length(bytes: &mut [u8]) {
    let length = i32::try_from(bytes.len() - 12).expect("small");
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
}

/// Lies until the clients are told to close.
pub(super) async fn run(clients: Rc<Clients>) {
    let mut random = SimRng::new(mix(clients.writer()));
    let mut wire = clients.wire();
    while !clients.is_closing.get() {
        let (_, partition) = clients.some_partition(&mut random);
        let lie = LIES[random.index(LIES.len())];
        // Large ones take the way of long work.
        let filler = if random.below(4) == 0 { 40_000 } else { 100 };
        let bytes = lie.bytes(filler, clients.handle.clock.wall());
        let request = produce_request(partition, &bytes, -1);
        match wire.call::<ProduceRequest>(PRODUCE, &request).await {
            Ok(response) => {
                let mut answers = response.topics.iter().flat_map(|topic| &topic.partitions);
                let code = answers.next().map(|answer| answer.error_code);
                // Not every start is over yet.
                let is_absent = code == Some(ErrorCode::UnknownTopicId.code())
                    || code == Some(ErrorCode::UnknownTopicOrPartition.code());
                if !is_absent && code != Some(lie.verdict().code()) {
                    let found = code.map(name_of);
                    clients
                        .oracle
                        .violate(format!("{partition:?}: {lie:?} was answered with {found:?}"));
                    return;
                }
            }
            Err(_) => wire.disconnect(),
        }
        clients.pause(&mut random, Duration::from_millis(20)).await;
    }
}
