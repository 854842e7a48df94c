//! Fetch (API key 1). Generated from `schema/fetch.schema`; not to be edited.

use std::ops::RangeInclusive;

use corelog_model::TopicId;

use crate::codec::{ByteStr, DecodeError, EncodeError, Reader, Records, TaggedFields, Writer, check_version};

/// FetchRequest, versions 4 to 18, flexible from 12.
#[derive(Clone, PartialEq, Debug)]
pub struct FetchRequest {
    /// The cluster that the sender believes it is in. From version 12; tag 0; nullable.
    pub cluster_id: Option<ByteStr>,
    /// The follower that asks; -1 is a consumer. Versions 0 to 14; default -1.
    pub replica_id: i32,
    /// The follower that asks. From version 15; tag 1.
    pub replica_state: ReplicaState,
    /// How long to wait for `min_bytes`.
    pub max_wait_ms: i32,
    /// How much to wait for.
    pub min_bytes: i32,
    /// How much to return at most; the first batch is returned even if it is larger. Default i32::MAX.
    pub max_bytes: i32,
    /// 0 reads uncommitted records too, 1 does not.
    pub isolation_level: i8,
    /// The session, 0 for none. From version 7.
    pub session_id: i32,
    /// The request's number within its session; -1 is sessionless. From version 7; default -1.
    pub session_epoch: i32,
    /// What to fetch; in a session, what changed.
    pub topics: Vec<FetchTopic>,
    /// What to drop from the session. From version 7.
    pub forgotten_topics: Vec<ForgottenTopic>,
    /// Where the consumer is. From version 11.
    pub rack_id: ByteStr,
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

impl FetchRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 4..=18;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<FetchRequest, DecodeError> {
        check_version("FetchRequest", version, FetchRequest::VERSIONS)?;
        let flexible = version >= 12;
        let mut message = FetchRequest {
            cluster_id: None,
            replica_id: if version <= 14 { reader.i32()? } else { -1 },
            replica_state: ReplicaState::default(),
            max_wait_ms: reader.i32()?,
            min_bytes: reader.i32()?,
            max_bytes: reader.i32()?,
            isolation_level: reader.i8()?,
            session_id: if version >= 7 { reader.i32()? } else { 0 },
            session_epoch: if version >= 7 { reader.i32()? } else { -1 },
            topics: reader.array(flexible, 3, |reader| FetchTopic::decode(reader, version))?,
            forgotten_topics: if version >= 7 {
                reader.array(flexible, 3, |reader| ForgottenTopic::decode(reader, version))?
            } else {
                Vec::new()
            },
            rack_id: if version >= 11 {
                reader.byte_str(flexible)?
            } else {
                ByteStr::default()
            },
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 => message.cluster_id = reader.nullable_byte_str(true)?,
                    1 if version >= 15 => message.replica_state = ReplicaState::decode(reader, version)?,
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
        check_version("FetchRequest", version, FetchRequest::VERSIONS)?;
        let flexible = version >= 12;
        if version <= 14 {
            writer.i32(self.replica_id);
        } else if self.replica_id != -1 {
            return Err(EncodeError::absent("FetchRequest", "replica_id", version));
        }
        if version < 15 && self.replica_state != ReplicaState::default() {
            return Err(EncodeError::absent("FetchRequest", "replica_state", version));
        }
        writer.i32(self.max_wait_ms);
        writer.i32(self.min_bytes);
        writer.i32(self.max_bytes);
        writer.i8(self.isolation_level);
        if version >= 7 {
            writer.i32(self.session_id);
        }
        if version >= 7 {
            writer.i32(self.session_epoch);
        }
        writer.array(flexible, &self.topics, |writer, item| {
            item.encode(writer, version)
        })?;
        if version >= 7 {
            writer.array(flexible, &self.forgotten_topics, |writer, item| {
                item.encode(writer, version)
            })?;
        } else if !self.forgotten_topics.is_empty() {
            return Err(EncodeError::absent("FetchRequest", "forgotten_topics", version));
        }
        if version >= 11 {
            writer.byte_str(flexible, &self.rack_id)?;
        }
        if flexible {
            let mut tags = TaggedFields::new();
            if self.cluster_id.is_some() {
                tags.add(0, |writer| {
                    writer.nullable_byte_str(true, self.cluster_id.as_ref())?;
                    Ok(())
                })?;
            }
            if version >= 15 && self.replica_state != ReplicaState::default() {
                tags.add(1, |writer| {
                    self.replica_state.encode(writer, version)?;
                    Ok(())
                })?;
            }
            writer.tagged_fields(&tags);
        }
        Ok(())
    }
}

/// A part of [`FetchRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct ReplicaState {
    /// The follower; -1 is a consumer. Default -1.
    pub replica_id: i32,
    /// Its incarnation. Default -1.
    pub replica_epoch: i64,
}

impl Default for ReplicaState {
    fn default() -> ReplicaState {
        ReplicaState {
            replica_id: -1,
            replica_epoch: -1,
        }
    }
}

impl ReplicaState {
    fn decode(reader: &mut Reader, _version: i16) -> Result<ReplicaState, DecodeError> {
        let message = ReplicaState {
            replica_id: reader.i32()?,
            replica_epoch: reader.i64()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.replica_id);
        writer.i64(self.replica_epoch);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`FetchRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FetchTopic {
    /// Versions 0 to 12.
    pub topic: ByteStr,
    /// From version 13.
    pub topic_id: TopicId,
    /// What to fetch of it.
    pub partitions: Vec<FetchPartition>,
}

impl FetchTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<FetchTopic, DecodeError> {
        let flexible = version >= 12;
        let message = FetchTopic {
            topic: if version <= 12 {
                reader.byte_str(flexible)?
            } else {
                ByteStr::default()
            },
            topic_id: if version >= 13 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            partitions: reader.array(flexible, 16, |reader| FetchPartition::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version <= 12 {
            writer.byte_str(flexible, &self.topic)?;
        }
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        writer.array(flexible, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`FetchRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct FetchPartition {
    /// The partition.
    pub partition: i32,
    /// The reign that the client knows of. From version 9; default -1.
    pub current_leader_epoch: i32,
    /// Where to begin.
    pub fetch_offset: i64,
    /// The leader epoch of the last record that the client has. From version 12; default -1.
    pub last_fetched_epoch: i32,
    /// Where the follower's log begins. From version 5; default -1.
    pub log_start_offset: i64,
    /// How much to return of this partition.
    pub partition_max_bytes: i32,
    /// The follower's directory. From version 17; tag 0.
    pub replica_directory_id: TopicId,
    /// The one that the follower knows; the default says nothing. From version 18; tag 1; default i64::MAX.
    pub high_watermark: i64,
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

impl FetchPartition {
    fn decode(reader: &mut Reader, version: i16) -> Result<FetchPartition, DecodeError> {
        let flexible = version >= 12;
        let mut message = FetchPartition {
            partition: reader.i32()?,
            current_leader_epoch: if version >= 9 { reader.i32()? } else { -1 },
            fetch_offset: reader.i64()?,
            last_fetched_epoch: if version >= 12 { reader.i32()? } else { -1 },
            log_start_offset: if version >= 5 { reader.i64()? } else { -1 },
            partition_max_bytes: reader.i32()?,
            replica_directory_id: TopicId::ZERO,
            high_watermark: i64::MAX,
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 if version >= 17 => message.replica_directory_id = reader.uuid()?,
                    1 if version >= 18 => message.high_watermark = reader.i64()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        writer.i32(self.partition);
        if version >= 9 {
            writer.i32(self.current_leader_epoch);
        }
        writer.i64(self.fetch_offset);
        if version >= 12 {
            writer.i32(self.last_fetched_epoch);
        } else if self.last_fetched_epoch != -1 {
            return Err(EncodeError::absent(
                "FetchPartition",
                "last_fetched_epoch",
                version,
            ));
        }
        if version >= 5 {
            writer.i64(self.log_start_offset);
        }
        writer.i32(self.partition_max_bytes);
        if flexible {
            let mut tags = TaggedFields::new();
            if version >= 17 && self.replica_directory_id != TopicId::ZERO {
                tags.add(0, |writer| {
                    writer.uuid(self.replica_directory_id);
                    Ok(())
                })?;
            }
            if version >= 18 && self.high_watermark != i64::MAX {
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

/// A part of [`FetchRequest`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ForgottenTopic {
    /// Versions 7 to 12.
    pub topic: ByteStr,
    /// From version 13.
    pub topic_id: TopicId,
    /// What to drop of it.
    pub partitions: Vec<i32>,
}

impl ForgottenTopic {
    fn decode(reader: &mut Reader, version: i16) -> Result<ForgottenTopic, DecodeError> {
        let flexible = version >= 12;
        let message = ForgottenTopic {
            topic: if version <= 12 {
                reader.byte_str(flexible)?
            } else {
                ByteStr::default()
            },
            topic_id: if version >= 13 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            partitions: reader.array(flexible, 4, Reader::i32)?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version <= 12 {
            writer.byte_str(flexible, &self.topic)?;
        }
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        writer.plain_array(flexible, &self.partitions, |writer, item| writer.i32(*item))?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// FetchResponse, versions 4 to 18, flexible from 12.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FetchResponse {
    /// How long the client is to send nothing.
    pub throttle_time_ms: i32,
    /// The error of the whole request, or 0. From version 7.
    pub error_code: i16,
    /// The session, 0 for none. From version 7.
    pub session_id: i32,
    /// The records, by topic.
    pub topics: Vec<FetchableTopicResponse>,
    /// The leaders that the partitions name. From version 16; tag 0.
    pub node_endpoints: Vec<NodeEndpoint>,
}

impl FetchResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 4..=18;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<FetchResponse, DecodeError> {
        check_version("FetchResponse", version, FetchResponse::VERSIONS)?;
        let flexible = version >= 12;
        let mut message = FetchResponse {
            throttle_time_ms: reader.i32()?,
            error_code: if version >= 7 { reader.i16()? } else { 0 },
            session_id: if version >= 7 { reader.i32()? } else { 0 },
            topics: reader.array(flexible, 3, |reader| {
                FetchableTopicResponse::decode(reader, version)
            })?,
            node_endpoints: Vec::new(),
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 if version >= 16 => {
                        message.node_endpoints =
                            reader.array(true, 11, |reader| NodeEndpoint::decode(reader, version))?
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
        check_version("FetchResponse", version, FetchResponse::VERSIONS)?;
        let flexible = version >= 12;
        writer.i32(self.throttle_time_ms);
        if version >= 7 {
            writer.i16(self.error_code);
        }
        if version >= 7 {
            writer.i32(self.session_id);
        } else if self.session_id != 0 {
            return Err(EncodeError::absent("FetchResponse", "session_id", version));
        }
        writer.array(flexible, &self.topics, |writer, item| {
            item.encode(writer, version)
        })?;
        if version < 16 && !self.node_endpoints.is_empty() {
            return Err(EncodeError::absent("FetchResponse", "node_endpoints", version));
        }
        if flexible {
            let mut tags = TaggedFields::new();
            if version >= 16 && !self.node_endpoints.is_empty() {
                tags.add(0, |writer| {
                    writer.array(true, &self.node_endpoints, |writer, item| {
                        item.encode(writer, version)
                    })?;
                    Ok(())
                })?;
            }
            writer.tagged_fields(&tags);
        }
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
        for item in &self.topics {
            item.error_codes(tell);
        }
    }
}

/// A part of [`FetchResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FetchableTopicResponse {
    /// Versions 0 to 12.
    pub topic: ByteStr,
    /// From version 13.
    pub topic_id: TopicId,
    /// The records, by partition.
    pub partitions: Vec<PartitionData>,
}

impl FetchableTopicResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<FetchableTopicResponse, DecodeError> {
        let flexible = version >= 12;
        let message = FetchableTopicResponse {
            topic: if version <= 12 {
                reader.byte_str(flexible)?
            } else {
                ByteStr::default()
            },
            topic_id: if version >= 13 {
                reader.uuid()?
            } else {
                TopicId::ZERO
            },
            partitions: reader.array(flexible, 30, |reader| PartitionData::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        if version <= 12 {
            writer.byte_str(flexible, &self.topic)?;
        }
        if version >= 13 {
            writer.uuid(self.topic_id);
        }
        writer.array(flexible, &self.partitions, |writer, item| {
            item.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        for item in &self.partitions {
            item.error_codes(tell);
        }
    }
}

/// A part of [`FetchResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionData {
    /// The partition.
    pub partition_index: i32,
    /// The error, or 0.
    pub error_code: i16,
    /// The offset after the last record that all in-sync replicas have; -1 after an error.
    pub high_watermark: i64,
    /// The offset up to which every transaction is decided. Default -1.
    pub last_stable_offset: i64,
    /// The first offset of the log. From version 5; default -1.
    pub log_start_offset: i64,
    /// Where the client's log parts from this one. From version 12; tag 0.
    pub diverging_epoch: EpochEndOffset,
    /// Who leads, when it is another broker. From version 12; tag 1.
    pub current_leader: LeaderIdAndEpoch,
    /// What a raft follower is to fetch instead. From version 12; tag 2.
    pub snapshot_id: SnapshotId,
    /// By `first_offset`; null unless committed records alone were asked for. Nullable; default empty, not null.
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// The replica to fetch from instead. From version 11; default -1.
    pub preferred_read_replica: i32,
    /// Record batches, verbatim. Nullable; default empty, not null.
    pub records: Option<Records>,
}

impl Default for PartitionData {
    fn default() -> PartitionData {
        PartitionData {
            partition_index: 0,
            error_code: 0,
            high_watermark: 0,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: EpochEndOffset::default(),
            current_leader: LeaderIdAndEpoch::default(),
            snapshot_id: SnapshotId::default(),
            aborted_transactions: Some(Vec::new()),
            preferred_read_replica: -1,
            records: Some(Records::default()),
        }
    }
}

impl PartitionData {
    fn decode(reader: &mut Reader, version: i16) -> Result<PartitionData, DecodeError> {
        let flexible = version >= 12;
        let mut message = PartitionData {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            high_watermark: reader.i64()?,
            last_stable_offset: reader.i64()?,
            log_start_offset: if version >= 5 { reader.i64()? } else { -1 },
            diverging_epoch: EpochEndOffset::default(),
            current_leader: LeaderIdAndEpoch::default(),
            snapshot_id: SnapshotId::default(),
            aborted_transactions: reader
                .nullable_array(flexible, 16, |reader| AbortedTransaction::decode(reader, version))?,
            preferred_read_replica: if version >= 11 { reader.i32()? } else { -1 },
            records: reader.nullable_records(flexible)?,
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 => message.diverging_epoch = EpochEndOffset::decode(reader, version)?,
                    1 => message.current_leader = LeaderIdAndEpoch::decode(reader, version)?,
                    2 => message.snapshot_id = SnapshotId::decode(reader, version)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        writer.i64(self.high_watermark);
        writer.i64(self.last_stable_offset);
        if version >= 5 {
            writer.i64(self.log_start_offset);
        }
        if version < 12 && self.diverging_epoch != EpochEndOffset::default() {
            return Err(EncodeError::absent("PartitionData", "diverging_epoch", version));
        }
        if version < 12 && self.current_leader != LeaderIdAndEpoch::default() {
            return Err(EncodeError::absent("PartitionData", "current_leader", version));
        }
        if version < 12 && self.snapshot_id != SnapshotId::default() {
            return Err(EncodeError::absent("PartitionData", "snapshot_id", version));
        }
        writer.nullable_array(flexible, self.aborted_transactions.as_deref(), |writer, item| {
            item.encode(writer, version)
        })?;
        if version >= 11 {
            writer.i32(self.preferred_read_replica);
        } else if self.preferred_read_replica != -1 {
            return Err(EncodeError::absent(
                "PartitionData",
                "preferred_read_replica",
                version,
            ));
        }
        writer.nullable_records(flexible, self.records.as_ref())?;
        if flexible {
            let mut tags = TaggedFields::new();
            if self.diverging_epoch != EpochEndOffset::default() {
                tags.add(0, |writer| {
                    self.diverging_epoch.encode(writer, version)?;
                    Ok(())
                })?;
            }
            if self.current_leader != LeaderIdAndEpoch::default() {
                tags.add(1, |writer| {
                    self.current_leader.encode(writer, version)?;
                    Ok(())
                })?;
            }
            if self.snapshot_id != SnapshotId::default() {
                tags.add(2, |writer| {
                    self.snapshot_id.encode(writer, version)?;
                    Ok(())
                })?;
            }
            writer.tagged_fields(&tags);
        }
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`FetchResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct EpochEndOffset {
    /// The epoch. Default -1.
    pub epoch: i32,
    /// The offset after its last record. Default -1.
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> EpochEndOffset {
        EpochEndOffset {
            epoch: -1,
            end_offset: -1,
        }
    }
}

impl EpochEndOffset {
    fn decode(reader: &mut Reader, _version: i16) -> Result<EpochEndOffset, DecodeError> {
        let message = EpochEndOffset {
            epoch: reader.i32()?,
            end_offset: reader.i64()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.epoch);
        writer.i64(self.end_offset);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`FetchResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct LeaderIdAndEpoch {
    /// The broker, or -1. Default -1.
    pub leader_id: i32,
    /// Its reign, or -1. Default -1.
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> LeaderIdAndEpoch {
        LeaderIdAndEpoch {
            leader_id: -1,
            leader_epoch: -1,
        }
    }
}

impl LeaderIdAndEpoch {
    fn decode(reader: &mut Reader, _version: i16) -> Result<LeaderIdAndEpoch, DecodeError> {
        let message = LeaderIdAndEpoch {
            leader_id: reader.i32()?,
            leader_epoch: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.leader_id);
        writer.i32(self.leader_epoch);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`FetchResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct SnapshotId {
    /// The offset after the snapshot's last record. Default -1.
    pub end_offset: i64,
    /// The epoch of that record. Default -1.
    pub epoch: i32,
}

impl Default for SnapshotId {
    fn default() -> SnapshotId {
        SnapshotId {
            end_offset: -1,
            epoch: -1,
        }
    }
}

impl SnapshotId {
    fn decode(reader: &mut Reader, _version: i16) -> Result<SnapshotId, DecodeError> {
        let message = SnapshotId {
            end_offset: reader.i64()?,
            epoch: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i64(self.end_offset);
        writer.i32(self.epoch);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`FetchResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AbortedTransaction {
    /// Whose transaction it was.
    pub producer_id: i64,
    /// Its first record.
    pub first_offset: i64,
}

impl AbortedTransaction {
    fn decode(reader: &mut Reader, version: i16) -> Result<AbortedTransaction, DecodeError> {
        let flexible = version >= 12;
        let message = AbortedTransaction {
            producer_id: reader.i64()?,
            first_offset: reader.i64()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 12;
        writer.i64(self.producer_id);
        writer.i64(self.first_offset);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`FetchResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct NodeEndpoint {
    pub node_id: i32,
    pub host: String,
    pub port: i32,
    /// Nullable.
    pub rack: Option<String>,
}

impl NodeEndpoint {
    fn decode(reader: &mut Reader, _version: i16) -> Result<NodeEndpoint, DecodeError> {
        let message = NodeEndpoint {
            node_id: reader.i32()?,
            host: reader.string(true)?,
            port: reader.i32()?,
            rack: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.i32(self.node_id);
        writer.string(true, &self.host)?;
        writer.i32(self.port);
        writer.nullable_string(true, self.rack.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }
}
