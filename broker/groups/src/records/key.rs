//! The keys of the records in `__consumer_offsets`.
//!
//! ```text
//! v0, v1  OffsetCommitKey    i16 version   group string   topic string   partition i32
//! v2      GroupMetadataKey   i16 version   group string
//! ```

use bytes::Bytes;
use corelog_model::{PartitionIndex, TopicName};

use super::RecordError;
use super::reader::Reader;
use super::writer::Writer;
use crate::GroupId;

const OFFSET_COMMIT_KEY_VERSION: i16 = 1;
const GROUP_METADATA_KEY_VERSION: i16 = 2;

/// A record's key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RecordKey {
    /// The committed offset of one partition.
    OffsetCommit {
        /// The group.
        group_id: GroupId,
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: PartitionIndex,
    },
    /// A group's members and their assignments.
    GroupMetadata {
        /// The group.
        group_id: GroupId,
    },
    /// A kind of record that is not for the classic protocol: to be left alone.
    Unknown {
        /// The key's version.
        version: i16,
    },
}

impl RecordKey {
    /// Decodes a key of any version.
    ///
    /// # Errors
    /// If a known version's fields are malformed. Bytes after them are not looked at.
    pub fn decode(bytes: &[u8]) -> Result<RecordKey, RecordError> {
        let mut reader = Reader::new(bytes);
        match reader.read_i16()? {
            0 | OFFSET_COMMIT_KEY_VERSION => {
                let group_id = GroupId::new(&reader.read_string()?);
                let topic = TopicName::new(&reader.read_string()?).map_err(|_| RecordError::TopicName)?;
                let partition = reader.read_i32()?;
                if partition < 0 {
                    return Err(RecordError::Field {
                        field: "partition",
                        value: i64::from(partition),
                    });
                }
                Ok(RecordKey::OffsetCommit {
                    group_id,
                    topic,
                    partition: PartitionIndex::new(partition),
                })
            }
            GROUP_METADATA_KEY_VERSION => Ok(RecordKey::GroupMetadata {
                group_id: GroupId::new(&reader.read_string()?),
            }),
            version => Ok(RecordKey::Unknown { version }),
        }
    }
}

/// Encodes an OffsetCommitKey, v1.
pub(crate) fn encode_offset_commit_key(
    group_id: &GroupId,
    topic: &TopicName,
    partition: PartitionIndex,
) -> Bytes {
    let mut writer = Writer::new(OFFSET_COMMIT_KEY_VERSION);
    writer.put_string(group_id.as_str());
    writer.put_string(topic.as_str());
    writer.put_i32(partition.get());
    writer.finish()
}

/// Encodes a GroupMetadataKey, v2.
pub(crate) fn encode_group_metadata_key(group_id: &GroupId) -> Bytes {
    let mut writer = Writer::new(GROUP_METADATA_KEY_VERSION);
    writer.put_string(group_id.as_str());
    writer.finish()
}
