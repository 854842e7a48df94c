//! ```text
//! to v14 replica_id i32 | max_wait_ms i32 | min_bytes i32 | max_bytes i32 | isolation_level i8
//! | v7 session_id i32 | session_epoch i32
//! | topics [ to v12 topic string, from v13 topic_id uuid | partitions [
//!     partition i32 | v9 current_leader_epoch i32 | fetch_offset i64 | v12 last_fetched_epoch i32
//!     | v5 log_start_offset i64 | partition_max_bytes i32
//!     | v17 tag 0 replica_directory_id uuid | v18 tag 1 high_watermark i64 ] ]
//! | v7 forgotten_topics [ to v12 topic string, from v13 topic_id uuid | partitions [ i32 ] ]
//! | v11 rack_id string | v12 tag 0 cluster_id string null | v15 tag 1 replica_state
//! ```

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use super::{FLEXIBLE, SESSIONS, TOPIC_IDS};
use crate::codec::{ByteStr, DecodeError, EncodeError, Reader, TaggedFields, Writer, check_version};

const LOG_START_OFFSET: i16 = 5;
const CURRENT_LEADER_EPOCH: i16 = 9;
const RACK_ID: i16 = 11;
const LAST_FETCHED_EPOCH: i16 = 12;
const REPLICA_STATE: i16 = 15;
const REPLICA_DIRECTORY_ID: i16 = 17;
const HIGH_WATERMARK: i16 = 18;

/// FetchRequest, versions 4 to 18, flexible from 12.
#[derive(Clone, PartialEq, Debug)]
pub struct FetchRequest {
    /// From version 12, tag 0: the cluster that the sender believes it is in.
    pub cluster_id: Option<ByteStr>,
    /// Versions to 14: the follower that asks; -1, the default, is a consumer.
    pub replica_id: i32,
    /// From version 15, tag 1: the follower that asks.
    pub replica_state: ReplicaState,
    /// How long to wait for `min_bytes`.
    pub max_wait_ms: i32,
    /// How much to wait for.
    pub min_bytes: i32,
    /// How much to return at most; the first batch is returned even if it is larger. Default `i32::MAX`.
    pub max_bytes: i32,
    /// 0 reads uncommitted records too, 1 does not.
    pub isolation_level: i8,
    /// From version 7: the session, 0 for none.
    pub session_id: i32,
    /// From version 7: the request's number within its session; -1, the default, is sessionless.
    pub session_epoch: i32,
    /// What to fetch; in a session, what changed.
    pub topics: Vec<FetchTopic>,
    /// From version 7: what to drop from the session.
    pub forgotten_topics: Vec<ForgottenTopic>,
    /// From version 11: where the consumer is.
    pub rack_id: ByteStr,
}

/// A part of [`FetchRequest`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ReplicaState {
    /// The follower that asks; -1, the default, is a consumer.
    pub replica_id: i32,
    /// Its incarnation; default -1.
    pub replica_epoch: i64,
}

/// A part of [`FetchRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FetchTopic {
    /// Versions to 12.
    pub topic: ByteStr,
    /// From version 13.
    pub topic_id: TopicId,
    /// What to fetch of it.
    pub partitions: Vec<FetchPartition>,
}

/// A part of [`FetchTopic`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FetchPartition {
    /// The partition.
    pub partition: i32,
    /// From version 9: the reign that the client knows of; default -1.
    pub current_leader_epoch: i32,
    /// Where to begin.
    pub fetch_offset: i64,
    /// From version 12: the leader epoch of the last record that the client has; default -1.
    pub last_fetched_epoch: i32,
    /// From version 5: where the follower's log begins; default -1.
    pub log_start_offset: i64,
    /// How much to return of this partition.
    pub partition_max_bytes: i32,
    /// From version 17, tag 0: the follower's directory.
    pub replica_directory_id: TopicId,
    /// From version 18, tag 1: the high watermark that the follower knows; default `i64::MAX`, it says nothing.
    pub high_watermark: i64,
}

/// A part of [`FetchRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ForgottenTopic {
    /// Versions to 12.
    pub topic: ByteStr,
    /// From version 13.
    pub topic_id: TopicId,
    /// What to drop of it.
    pub partitions: Vec<i32>,
}

impl Default for FetchRequest {
    fn default() -> FetchRequest {
        FetchRequest {
            cluster_id: None,
            replica_id: -1,
            replica_state: ReplicaState::default(),
            max_wait_ms: 0,
            min_bytes: 0,
            max_bytes: i32::MAX,
            isolation_level: 0,
            session_id: 0,
            session_epoch: -1,
            topics: Vec::new(),
            forgotten_topics: Vec::new(),
            rack_id: ByteStr::default(),
        }
    }
}

impl Default for ReplicaState {
    fn default() -> ReplicaState {
        ReplicaState {
            replica_id: -1,
            replica_epoch: -1,
        }
    }
}

impl Default for FetchPartition {
    fn default() -> FetchPartition {
        FetchPartition {
            partition: 0,
            current_leader_epoch: -1,
            fetch_offset: 0,
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: 0,
            replica_directory_id: TopicId::ZERO,
            high_watermark: i64::MAX,
        }
    }
}

impl FetchRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 4..=18;

    /// Decodes from `reader` and leaves in it what follows, without copying text.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<FetchRequest, DecodeError> {
        check_version("FetchRequest", version, Self::VERSIONS)?;
        let flexible = version >= FLEXIBLE;
        let in_session = version >= SESSIONS;
        let mut message = FetchRequest {
            cluster_id: None,
            replica_id: if version < REPLICA_STATE {
                reader.i32()?
            } else {
                -1
            },
            replica_state: ReplicaState::default(),
            max_wait_ms: reader.i32()?,
            min_bytes: reader.i32()?,
            max_bytes: reader.i32()?,
            isolation_level: reader.i8()?,
            session_id: if in_session { reader.i32()? } else { 0 },
            session_epoch: if in_session { reader.i32()? } else { -1 },
            topics: reader.array(flexible, 6, |reader| FetchTopic::decode(reader, version))?,
            forgotten_topics: if in_session {
                reader.array(flexible, 3, |reader| ForgottenTopic::decode(reader, version))?
            } else {
                Vec::new()
            },
            rack_id: if version >= RACK_ID {
                reader.byte_str(flexible)?
            } else {
                ByteStr::default()
            },
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 => message.cluster_id = reader.nullable_byte_str(true)?,
                    1 if version >= REPLICA_STATE => {
                        message.replica_state = ReplicaState::decode(reader)?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("FetchRequest", version, Self::VERSIONS)?;
        self.check_absent(version)?;
        let flexible = version >= FLEXIBLE;
        if version < REPLICA_STATE {
            writer.i32(self.replica_id);
        }
        writer.i32(self.max_wait_ms);
        writer.i32(self.min_bytes);
        writer.i32(self.max_bytes);
        writer.i8(self.isolation_level);
        if version >= SESSIONS {
            writer.i32(self.session_id);
            writer.i32(self.session_epoch);
        }
        writer.array(flexible, &self.topics, |writer, topic| {
            topic.encode(writer, version)
        })?;
        if version >= SESSIONS {
            writer.array(flexible, &self.forgotten_topics, |writer, topic| {
                topic.encode(writer, version)
            })?;
        }
        if version >= RACK_ID {
            writer.string(flexible, &self.rack_id)?;
        }
        if flexible {
            let mut tags = TaggedFields::new();
            if let Some(cluster_id) = &self.cluster_id {
                tags.add(0, |writer| writer.string(true, cluster_id))?;
            }
            if self.replica_state != ReplicaState::default() {
                tags.add(1, |writer| {
                    self.replica_state.encode(writer);
                    Ok(())
                })?;
            }
            writer.tagged_fields(&tags);
        }
        Ok(())
    }

    /// Fields that may not be dropped silently, in versions that lack them.
    fn check_absent(&self, version: i16) -> Result<(), EncodeError> {
        let absent = |field| Err(EncodeError::absent("FetchRequest", field, version));
        if version >= REPLICA_STATE && self.replica_id != -1 {
            return absent("replica_id");
        }
        if version < REPLICA_STATE && self.replica_state != ReplicaState::default() {
            return absent("replica_state");
        }
        if version < SESSIONS && !self.forgotten_topics.is_empty() {
            return absent("forgotten_topics");
        }
        Ok(())
    }
}

impl ReplicaState {
    fn decode(reader: &mut Reader) -> Result<ReplicaState, DecodeError> {
        let state = ReplicaState {
            replica_id: reader.i32()?,
            replica_epoch: reader.i64()?,
        };
        reader.skip_tagged_fields()?;
        Ok(state)
    }

    fn encode(self, writer: &mut Writer) {
        writer.i32(self.replica_id);
        writer.i64(self.replica_epoch);
        writer.no_tagged_fields();
    }
}

fn decode_topic(reader: &mut Reader, version: i16) -> Result<(ByteStr, TopicId), DecodeError> {
    if version >= TOPIC_IDS {
        Ok((ByteStr::default(), reader.uuid()?))
    } else {
        Ok((reader.byte_str(version >= FLEXIBLE)?, TopicId::ZERO))
    }
}

fn encode_topic(writer: &mut Writer, version: i16, name: &str, topic_id: TopicId) -> Result<(), EncodeError> {
    if version >= TOPIC_IDS {
        writer.uuid(topic_id);
        return Ok(());
    }
    writer.string(version >= FLEXIBLE, name)
}

impl FetchTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<FetchTopic, DecodeError> {
        let flexible = version >= FLEXIBLE;
        let (topic, topic_id) = decode_topic(reader, version)?;
        let partitions = reader.array(flexible, 16, |reader| FetchPartition::decode(reader, version))?;
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(FetchTopic {
            topic,
            topic_id,
            partitions,
        })
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= FLEXIBLE;
        encode_topic(writer, version, &self.topic, self.topic_id)?;
        writer.array(flexible, &self.partitions, |writer, partition| {
            partition.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

impl FetchPartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<FetchPartition, DecodeError> {
        let mut partition = FetchPartition {
            partition: reader.i32()?,
            current_leader_epoch: if version >= CURRENT_LEADER_EPOCH {
                reader.i32()?
            } else {
                -1
            },
            fetch_offset: reader.i64()?,
            last_fetched_epoch: if version >= LAST_FETCHED_EPOCH {
                reader.i32()?
            } else {
                -1
            },
            log_start_offset: if version >= LOG_START_OFFSET {
                reader.i64()?
            } else {
                -1
            },
            partition_max_bytes: reader.i32()?,
            ..FetchPartition::default()
        };
        if version >= FLEXIBLE {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 if version >= REPLICA_DIRECTORY_ID => {
                        partition.replica_directory_id = reader.uuid()?;
                    }
                    1 if version >= HIGH_WATERMARK => partition.high_watermark = reader.i64()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(partition)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.i32(self.partition);
        if version >= CURRENT_LEADER_EPOCH {
            writer.i32(self.current_leader_epoch);
        }
        writer.i64(self.fetch_offset);
        if version >= LAST_FETCHED_EPOCH {
            writer.i32(self.last_fetched_epoch);
        } else if self.last_fetched_epoch != -1 {
            return Err(EncodeError::absent(
                "FetchPartition",
                "last_fetched_epoch",
                version,
            ));
        }
        if version >= LOG_START_OFFSET {
            writer.i64(self.log_start_offset);
        }
        writer.i32(self.partition_max_bytes);
        if version >= FLEXIBLE {
            let mut tags = TaggedFields::new();
            if version >= REPLICA_DIRECTORY_ID && self.replica_directory_id != TopicId::ZERO {
                tags.add(0, |writer| {
                    writer.uuid(self.replica_directory_id);
                    Ok(())
                })?;
            }
            if version >= HIGH_WATERMARK && self.high_watermark != i64::MAX {
                tags.add(1, |writer| {
                    writer.i64(self.high_watermark);
                    Ok(())
                })?;
            }
            writer.tagged_fields(&tags);
        }
        Ok(())
    }
}

impl ForgottenTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<ForgottenTopic, DecodeError> {
        let flexible = version >= FLEXIBLE;
        let (topic, topic_id) = decode_topic(reader, version)?;
        let partitions = reader.array(flexible, 4, Reader::i32)?;
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(ForgottenTopic {
            topic,
            topic_id,
            partitions,
        })
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= FLEXIBLE;
        encode_topic(writer, version, &self.topic, self.topic_id)?;
        writer.plain_array(flexible, &self.partitions, |writer, index| writer.i32(*index))?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}
