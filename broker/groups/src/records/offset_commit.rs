//! The value of a committed offset.
//!
//! ```text
//! v0  offset i64   metadata string   commit_timestamp i64
//! v1  ... and expire_timestamp i64, -1: none
//! v2  as v0
//! v3  offset i64   leader_epoch i32, -1: none   metadata string   commit_timestamp i64
//! v4  as v3, flexible; tag 0: topic_id uuid
//! ```

use bytes::Bytes;
use corelog_model::{LeaderEpoch, TimestampMs, TopicId};

use super::RecordError;
use super::reader::Reader;
use super::writer::Writer;
use crate::{CommittedOffset, GroupOffset};

const NAME: &str = "OffsetCommitValue";
const TOPIC_ID_TAG: u32 = 0;

/// Codec of a committed offset.
#[derive(Debug)]
pub enum OffsetCommitValue {}

impl OffsetCommitValue {
    /// Decodes a value of any version.
    ///
    /// # Errors
    /// If the version is newer than 4 or a field is malformed.
    pub fn decode(bytes: &[u8]) -> Result<CommittedOffset, RecordError> {
        let mut reader = Reader::new(bytes);
        let version = reader.read_i16()?;
        if !(0..=4).contains(&version) {
            return Err(RecordError::Version { name: NAME, version });
        }
        let flexible = version >= 4;
        let offset = reader.read_i64()?;
        let leader_epoch = if version >= 3 { reader.read_i32()? } else { -1 };
        let metadata = reader
            .read_nullable_string(flexible)?
            .ok_or(RecordError::Null("metadata"))?;
        let commit_timestamp = TimestampMs::new(reader.read_i64()?);
        let expire_timestamp = if version == 1 { reader.read_i64()? } else { -1 };
        let mut topic_id = TopicId::ZERO;
        if flexible {
            reader.read_tagged_fields(|tag, field| {
                if tag == TOPIC_ID_TAG {
                    topic_id = TopicId::new(field.read_uuid()?);
                }
                Ok(())
            })?;
        }
        Ok(CommittedOffset {
            offset: GroupOffset::new(offset),
            leader_epoch: (leader_epoch != -1).then(|| LeaderEpoch::new(leader_epoch)),
            metadata,
            commit_timestamp,
            expire_timestamp: (expire_timestamp != -1).then(|| TimestampMs::new(expire_timestamp)),
            topic_id,
        })
    }

    /// Encodes a value: v1 if it carries its own expiry (which loses leader epoch and topic id, as in Kafka), v4 if
    /// the topic's id is known, else v3, which older tools read too.
    pub fn encode(committed: &CommittedOffset) -> Bytes {
        let leader_epoch = committed.leader_epoch.map_or(-1, LeaderEpoch::get);
        if let Some(expire_timestamp) = committed.expire_timestamp {
            let mut writer = Writer::new(1);
            writer.put_i64(committed.offset.get());
            writer.put_string(&committed.metadata);
            writer.put_i64(committed.commit_timestamp.get());
            writer.put_i64(expire_timestamp.get());
            writer.finish()
        } else if committed.topic_id == TopicId::ZERO {
            let mut writer = Writer::new(3);
            writer.put_i64(committed.offset.get());
            writer.put_i32(leader_epoch);
            writer.put_string(&committed.metadata);
            writer.put_i64(committed.commit_timestamp.get());
            writer.finish()
        } else {
            let mut writer = Writer::new(4);
            writer.put_i64(committed.offset.get());
            writer.put_i32(leader_epoch);
            writer.put_compact_string(&committed.metadata);
            writer.put_i64(committed.commit_timestamp.get());
            writer.put_unsigned_varint(1);
            writer.put_unsigned_varint(TOPIC_ID_TAG);
            writer.put_unsigned_varint(16);
            writer.put_slice(&committed.topic_id.get());
            writer.finish()
        }
    }
}
