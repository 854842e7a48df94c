//! The state of a transactional id, as its record has it.
//!
//! ```text
//! producer_id i64   producer_epoch i16   transaction_timeout_ms i32   transaction_status i8
//! transaction_partitions array? of
//!     topic string   partition_ids array of i32
//! transaction_last_update_timestamp_ms i64   transaction_start_timestamp_ms i64, -1: none
//! v1 is flexible, and has tags:
//!     0 previous_producer_id i64   1 next_producer_id i64   2 client_transaction_version i16
//!     3 next_producer_epoch i16, which Kafka 4.4 neither writes nor reads
//!     10000 last_producer_epoch i16, of ours
//! ```
//! A tag with its default value (-1, and 0 for the version) is left out. The partitions are null in the state `Empty`.

use bytes::Bytes;
use corelog_model::{PartitionIndex, ProducerEpoch, ProducerId, TimestampMs, TopicName};

use super::RecordError;
use super::reader::Reader;
use super::writer::Writer;
use crate::{Partitions, TopicPartition, TransactionState, TransactionVersion};

const PREVIOUS_PRODUCER_ID_TAG: u32 = 0;
const NEXT_PRODUCER_ID_TAG: u32 = 1;
const CLIENT_TRANSACTION_VERSION_TAG: u32 = 2;
/// Kafka up to 4.4 forgets the last epoch with the coordinator, so that an InitProducerId that is repeated to the next
/// one is fenced (KAFKA-20357). What comes after 4.4 has a tag for it; until that is known, ours is far from Kafka's, and
/// Kafka skips it.
const LAST_PRODUCER_EPOCH_TAG: u32 = 10_000;

/// In which version a value is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogValueVersion {
    /// Without the tagged fields, which are lost.
    V0,
    /// With them.
    V1,
}

/// The state of a transactional id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionLogValue {
    /// The producer that the id has now.
    pub producer_id: ProducerId,
    /// The one that it had before the last change, most often the same.
    pub previous_producer_id: Option<ProducerId>,
    /// The one that it has when the transaction that is being ended is complete, if that is another.
    pub next_producer_id: Option<ProducerId>,
    /// The producer's epoch.
    pub producer_epoch: ProducerEpoch,
    /// The epoch that the client had before, if a client that has not heard of `producer_epoch` may repeat its request.
    pub last_producer_epoch: Option<ProducerEpoch>,
    /// How long a transaction may take; `i32::MAX` is without end (KIP-939).
    pub timeout_ms: i32,
    /// The state.
    pub state: TransactionState,
    /// The partitions of the transaction.
    pub partitions: Partitions,
    /// When the state was written.
    pub last_update: TimestampMs,
    /// When the transaction began; of the last one, if none is open.
    pub start: Option<TimestampMs>,
    /// The protocol by which the state was reached.
    pub client_version: TransactionVersion,
}

impl TransactionLogValue {
    /// Decodes a value of any version.
    ///
    /// # Errors
    /// If the version is newer than 1 or a field is malformed.
    pub fn decode(bytes: &[u8]) -> Result<TransactionLogValue, RecordError> {
        let mut reader = Reader::new(bytes);
        let version = reader.read_i16()?;
        let flexible = match version {
            0 => false,
            1 => true,
            _ => return Err(RecordError::Version { version }),
        };
        let producer_id = required_id(reader.read_i64()?)?;
        let producer_epoch = required_epoch(reader.read_i16()?)?;
        let timeout_ms = reader.read_i32()?;
        let status = reader.read_i8()?;
        let state = TransactionState::recorded(status).ok_or(RecordError::Field {
            field: "transaction_status",
            value: i64::from(status),
        })?;
        let partitions = read_partitions(&mut reader, flexible)?;
        let last_update = TimestampMs::new(reader.read_i64()?);
        let start = reader.read_i64()?;
        let mut value = TransactionLogValue {
            producer_id,
            previous_producer_id: None,
            next_producer_id: None,
            producer_epoch,
            last_producer_epoch: None,
            timeout_ms,
            state,
            partitions: match state {
                TransactionState::Empty => Partitions::default(),
                _ => partitions.ok_or(RecordError::Null("transaction_partitions"))?,
            },
            last_update,
            start: (start != -1).then(|| TimestampMs::new(start)),
            client_version: TransactionVersion::V0,
        };
        if flexible {
            reader.read_tagged_fields(|tag, field| {
                match tag {
                    PREVIOUS_PRODUCER_ID_TAG => value.previous_producer_id = optional_id(field.read_i64()?)?,
                    NEXT_PRODUCER_ID_TAG => value.next_producer_id = optional_id(field.read_i64()?)?,
                    CLIENT_TRANSACTION_VERSION_TAG => value.client_version = version_of(field.read_i16()?)?,
                    LAST_PRODUCER_EPOCH_TAG => {
                        value.last_producer_epoch = Some(required_epoch(field.read_i16()?)?);
                    }
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(value)
    }

    /// Encodes a value.
    pub fn encode(&self, version: LogValueVersion) -> Bytes {
        let flexible = version == LogValueVersion::V1;
        let mut writer = Writer::new(i16::from(flexible));
        writer.put_i64(self.producer_id.get());
        writer.put_i16(self.producer_epoch.get());
        writer.put_i32(self.timeout_ms);
        writer.put_i8(self.state.id());
        self.write_partitions(&mut writer, flexible);
        writer.put_i64(self.last_update.get());
        writer.put_i64(self.start.map_or(-1, TimestampMs::get));
        if flexible {
            self.write_tags(&mut writer);
        }
        writer.finish()
    }

    fn write_partitions(&self, writer: &mut Writer, flexible: bool) {
        if self.state == TransactionState::Empty {
            writer.put_array_length(None, flexible);
            return;
        }
        let by_topic = || self.partitions.as_slice().chunk_by(|a, b| a.topic == b.topic);
        writer.put_array_length(Some(by_topic().count()), flexible);
        for of_topic in by_topic() {
            writer.put_string(of_topic[0].topic.as_str(), flexible);
            writer.put_array_length(Some(of_topic.len()), flexible);
            for partition in of_topic {
                writer.put_i32(partition.partition.get());
            }
            if flexible {
                writer.put_unsigned_varint(0);
            }
        }
    }

    fn write_tags(&self, writer: &mut Writer) {
        let id_tags = [
            (PREVIOUS_PRODUCER_ID_TAG, self.previous_producer_id),
            (NEXT_PRODUCER_ID_TAG, self.next_producer_id),
        ];
        let version = (self.client_version != TransactionVersion::V0).then(|| self.client_version.level());
        let i16_tags = [
            (CLIENT_TRANSACTION_VERSION_TAG, version),
            (
                LAST_PRODUCER_EPOCH_TAG,
                self.last_producer_epoch.map(ProducerEpoch::get),
            ),
        ];
        let count = id_tags.iter().filter(|(_, id)| id.is_some()).count()
            + i16_tags.iter().filter(|(_, value)| value.is_some()).count();
        writer.put_unsigned_varint(u32::try_from(count).expect("four tags"));
        for (tag, id) in id_tags {
            if let Some(id) = id {
                writer.put_unsigned_varint(tag);
                writer.put_unsigned_varint(8);
                writer.put_i64(id.get());
            }
        }
        for (tag, value) in i16_tags {
            if let Some(value) = value {
                writer.put_unsigned_varint(tag);
                writer.put_unsigned_varint(2);
                writer.put_i16(value);
            }
        }
    }
}

fn read_partitions(reader: &mut Reader<'_>, flexible: bool) -> Result<Option<Partitions>, RecordError> {
    let Some(topic_count) = reader.read_array_length(flexible)? else {
        return Ok(None);
    };
    let mut partitions = Vec::new();
    for _ in 0..topic_count {
        // A topic takes at least three bytes and a partition four, so hostile counts end with the bytes.
        let topic = TopicName::new(reader.read_string(flexible)?).map_err(|_| RecordError::TopicName)?;
        let partition_count = reader
            .read_array_length(flexible)?
            .ok_or(RecordError::Null("partition_ids"))?;
        for _ in 0..partition_count {
            let partition = reader.read_i32()?;
            if partition < 0 {
                return Err(RecordError::Field {
                    field: "partition_ids",
                    value: i64::from(partition),
                });
            }
            partitions.push(TopicPartition {
                topic: topic.clone(),
                partition: PartitionIndex::new(partition),
            });
        }
        if flexible {
            reader.read_tagged_fields(|_, _| Ok(()))?;
        }
    }
    Ok(Some(partitions.into_iter().collect()))
}

fn required_id(value: i64) -> Result<ProducerId, RecordError> {
    optional_id(value)?.ok_or(RecordError::Field {
        field: "producer_id",
        value,
    })
}

fn optional_id(value: i64) -> Result<Option<ProducerId>, RecordError> {
    match value {
        -1 => Ok(None),
        0.. => Ok(Some(ProducerId::new(value))),
        _ => Err(RecordError::Field {
            field: "producer_id",
            value,
        }),
    }
}

fn required_epoch(value: i16) -> Result<ProducerEpoch, RecordError> {
    if value < 0 {
        return Err(RecordError::Field {
            field: "producer_epoch",
            value: i64::from(value),
        });
    }
    Ok(ProducerEpoch::new(value))
}

fn version_of(level: i16) -> Result<TransactionVersion, RecordError> {
    TransactionVersion::from_level(level).ok_or(RecordError::Field {
        field: "client_transaction_version",
        value: i64::from(level),
    })
}
