//! ```text
//! throttle_time_ms i32 | v7 error_code i16 | session_id i32
//! | topics [ to v12 topic string, from v13 topic_id uuid | partitions [
//!     partition_index i32 | error_code i16 | high_watermark i64 | last_stable_offset i64 | v5 log_start_offset i64
//!     | aborted_transactions null [ producer_id i64 | first_offset i64 ] | v11 preferred_read_replica i32
//!     | records bytes null | v12 tag 0 diverging_epoch, tag 1 current_leader, tag 2 snapshot_id ] ]
//! | v16 tag 0 node_endpoints
//! ```
//! A response goes out by [`encode_frame_pieces`](crate::frame::encode_frame_pieces): pieces of head between slices
//! of records, for one vectored write.

use std::ops::RangeInclusive;

use bytes::{Bytes, BytesMut};
use corelog_model::TopicId;

use super::{FLEXIBLE, SESSIONS, TOPIC_IDS};
use crate::codec::{ByteStr, DecodeError, EncodeError, Reader, TaggedFields, Writer, check_version};
use crate::leader::{LeaderIdAndEpoch, NodeEndpoint};

const LOG_START_OFFSET: i16 = 5;
const PREFERRED_READ_REPLICA: i16 = 11;
const NODE_ENDPOINTS: i16 = 16;

/// FetchResponse, versions 4 to 18, flexible from 12.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FetchResponse {
    /// How long the client is to send nothing.
    pub throttle_time_ms: i32,
    /// From version 7: the error of the whole request, or 0.
    pub error_code: i16,
    /// From version 7: the session, 0 for none.
    pub session_id: i32,
    /// The records, by topic.
    pub topics: Vec<FetchableTopicResponse>,
    /// From version 16, tag 0: the leaders that the partitions below name.
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// A part of [`FetchResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FetchableTopicResponse {
    /// Versions to 12.
    pub topic: ByteStr,
    /// From version 13.
    pub topic_id: TopicId,
    /// The records, by partition.
    pub partitions: Vec<PartitionData>,
}

/// A part of [`FetchableTopicResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionData {
    /// The partition.
    pub partition_index: i32,
    /// The error, or 0.
    pub error_code: i16,
    /// The offset after the last record that all in-sync replicas have; -1 after an error.
    pub high_watermark: i64,
    /// The offset up to which every transaction is decided; default -1.
    pub last_stable_offset: i64,
    /// From version 5: the first offset of the log; default -1.
    pub log_start_offset: i64,
    /// From version 12, tag 0: where the client's log parts from this one.
    pub diverging_epoch: EpochEndOffset,
    /// From version 12, tag 1: who leads, when it is another broker.
    pub current_leader: LeaderIdAndEpoch,
    /// From version 12, tag 2: what a raft follower is to fetch instead.
    pub snapshot_id: SnapshotId,
    /// Ordered by `first_offset`; null unless the request asked for committed records only.
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// From version 11: the replica to fetch from instead; default -1.
    pub preferred_read_replica: i32,
    /// Record batches, verbatim.
    pub records: Option<Records>,
}

/// A part of [`PartitionData`]: an epoch and the offset after its last record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EpochEndOffset {
    /// The epoch; default -1.
    pub epoch: i32,
    /// The offset; default -1.
    pub end_offset: i64,
}

/// A part of [`PartitionData`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SnapshotId {
    /// The offset after the snapshot's last record; default -1.
    pub end_offset: i64,
    /// The epoch of that record; default -1.
    pub epoch: i32,
}

/// A part of [`PartitionData`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AbortedTransaction {
    /// Whose transaction it was.
    pub producer_id: i64,
    /// Its first record.
    pub first_offset: i64,
}

/// Record batches, verbatim and in order, in as many slices as they were found in. Decoding makes one slice.
#[derive(Clone, Debug, Default)]
pub struct Records(Vec<Bytes>);

impl Records {
    /// The slices in order.
    pub fn pieces(&self) -> &[Bytes] {
        &self.0
    }

    /// The bytes of all slices.
    pub fn size(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    /// The records in one slice; copies if there is more than one.
    pub fn into_bytes(mut self) -> Bytes {
        if self.0.len() <= 1 {
            return self.0.pop().unwrap_or_default();
        }
        let mut whole = BytesMut::with_capacity(self.size());
        for piece in &self.0 {
            whole.extend_from_slice(piece);
        }
        whole.freeze()
    }
}

impl From<Bytes> for Records {
    fn from(bytes: Bytes) -> Records {
        Records(vec![bytes])
    }
}

impl From<Vec<Bytes>> for Records {
    fn from(pieces: Vec<Bytes>) -> Records {
        Records(pieces)
    }
}

impl PartialEq for Records {
    /// Compares what is in the slices, not how it is cut.
    fn eq(&self, other: &Records) -> bool {
        let bytes = |records: &'_ Records| -> Vec<u8> { records.0.concat() };
        self.size() == other.size() && bytes(self) == bytes(other)
    }
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

impl Default for EpochEndOffset {
    fn default() -> EpochEndOffset {
        EpochEndOffset {
            epoch: -1,
            end_offset: -1,
        }
    }
}

impl Default for SnapshotId {
    fn default() -> SnapshotId {
        SnapshotId {
            end_offset: -1,
            epoch: -1,
        }
    }
}

impl FetchResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 4..=18;

    /// Decodes from `reader` and leaves in it what follows; records are slices of the frame.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<FetchResponse, DecodeError> {
        check_version("FetchResponse", version, Self::VERSIONS)?;
        let flexible = version >= FLEXIBLE;
        let mut message = FetchResponse {
            throttle_time_ms: reader.i32()?,
            error_code: if version >= SESSIONS { reader.i16()? } else { 0 },
            session_id: if version >= SESSIONS { reader.i32()? } else { 0 },
            topics: reader.array(flexible, 3, |reader| {
                FetchableTopicResponse::decode(reader, version)
            })?,
            node_endpoints: Vec::new(),
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 if version >= NODE_ENDPOINTS => {
                        message.node_endpoints =
                            reader.array(true, NodeEndpoint::SIZE_MIN, NodeEndpoint::decode)?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }

    /// Appends the message to `writer`, which shares the records.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("FetchResponse", version, Self::VERSIONS)?;
        let flexible = version >= FLEXIBLE;
        writer.i32(self.throttle_time_ms);
        if version >= SESSIONS {
            writer.i16(self.error_code);
            writer.i32(self.session_id);
        } else if self.session_id != 0 {
            return Err(EncodeError::absent("FetchResponse", "session_id", version));
        }
        writer.array(flexible, &self.topics, |writer, topic| {
            topic.encode(writer, version)
        })?;
        if version < NODE_ENDPOINTS && !self.node_endpoints.is_empty() {
            return Err(EncodeError::absent("FetchResponse", "node_endpoints", version));
        }
        if flexible {
            let mut tags = TaggedFields::new();
            if !self.node_endpoints.is_empty() {
                tags.add(0, |writer| {
                    writer.array(true, &self.node_endpoints, NodeEndpoint::encode)
                })?;
            }
            writer.tagged_fields(&tags);
        }
        Ok(())
    }
}

impl FetchableTopicResponse {
    fn decode(reader: &mut Reader, version: i16) -> Result<FetchableTopicResponse, DecodeError> {
        let flexible = version >= FLEXIBLE;
        let by_id = version >= TOPIC_IDS;
        let topic = FetchableTopicResponse {
            topic: if by_id {
                ByteStr::default()
            } else {
                reader.byte_str(flexible)?
            },
            topic_id: if by_id { reader.uuid()? } else { TopicId::ZERO },
            partitions: reader.array(flexible, 24, |reader| PartitionData::decode(reader, version))?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(topic)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= FLEXIBLE;
        if version >= TOPIC_IDS {
            writer.uuid(self.topic_id);
        } else {
            writer.string(flexible, &self.topic)?;
        }
        writer.array(flexible, &self.partitions, |writer, partition| {
            partition.encode(writer, version)
        })?;
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

impl PartitionData {
    fn decode(reader: &mut Reader, version: i16) -> Result<PartitionData, DecodeError> {
        let flexible = version >= FLEXIBLE;
        let mut partition = PartitionData {
            partition_index: reader.i32()?,
            error_code: reader.i16()?,
            high_watermark: reader.i64()?,
            last_stable_offset: reader.i64()?,
            log_start_offset: if version >= LOG_START_OFFSET {
                reader.i64()?
            } else {
                -1
            },
            aborted_transactions: reader.nullable_array(flexible, 16, |reader| {
                AbortedTransaction::decode(reader, flexible)
            })?,
            preferred_read_replica: if version >= PREFERRED_READ_REPLICA {
                reader.i32()?
            } else {
                -1
            },
            records: reader.nullable_bytes(flexible)?.map(Records::from),
            ..PartitionData::default()
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 => partition.diverging_epoch = EpochEndOffset::decode(reader)?,
                    1 => partition.current_leader = LeaderIdAndEpoch::decode(reader)?,
                    2 => partition.snapshot_id = SnapshotId::decode(reader)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(partition)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        self.check_absent(version)?;
        let flexible = version >= FLEXIBLE;
        writer.i32(self.partition_index);
        writer.i16(self.error_code);
        writer.i64(self.high_watermark);
        writer.i64(self.last_stable_offset);
        if version >= LOG_START_OFFSET {
            writer.i64(self.log_start_offset);
        }
        let aborted = self.aborted_transactions.as_deref();
        writer.nullable_array(flexible, aborted, |writer, transaction| {
            transaction.encode(writer, flexible);
            Ok(())
        })?;
        if version >= PREFERRED_READ_REPLICA {
            writer.i32(self.preferred_read_replica);
        }
        writer.nullable_shared_pieces(flexible, self.records.as_ref().map(Records::pieces))?;
        if flexible {
            writer.tagged_fields(&self.tags()?);
        }
        Ok(())
    }

    /// Fields that may not be dropped silently, in versions that lack them.
    fn check_absent(&self, version: i16) -> Result<(), EncodeError> {
        let absent = |field| Err(EncodeError::absent("PartitionData", field, version));
        if version < PREFERRED_READ_REPLICA && self.preferred_read_replica != -1 {
            return absent("preferred_read_replica");
        }
        if version >= FLEXIBLE {
            return Ok(());
        }
        if self.diverging_epoch != EpochEndOffset::default() {
            return absent("diverging_epoch");
        }
        if self.current_leader != LeaderIdAndEpoch::default() {
            return absent("current_leader");
        }
        if self.snapshot_id != SnapshotId::default() {
            return absent("snapshot_id");
        }
        Ok(())
    }

    fn tags(&self) -> Result<TaggedFields, EncodeError> {
        let mut tags = TaggedFields::new();
        if self.diverging_epoch != EpochEndOffset::default() {
            tags.add(0, |writer| {
                self.diverging_epoch.encode(writer);
                Ok(())
            })?;
        }
        if self.current_leader != LeaderIdAndEpoch::default() {
            tags.add(1, |writer| {
                self.current_leader.encode(writer);
                Ok(())
            })?;
        }
        if self.snapshot_id != SnapshotId::default() {
            tags.add(2, |writer| {
                self.snapshot_id.encode(writer);
                Ok(())
            })?;
        }
        Ok(tags)
    }
}

impl EpochEndOffset {
    fn decode(reader: &mut Reader) -> Result<EpochEndOffset, DecodeError> {
        let diverging = EpochEndOffset {
            epoch: reader.i32()?,
            end_offset: reader.i64()?,
        };
        reader.skip_tagged_fields()?;
        Ok(diverging)
    }

    fn encode(self, writer: &mut Writer) {
        writer.i32(self.epoch);
        writer.i64(self.end_offset);
        writer.no_tagged_fields();
    }
}

impl SnapshotId {
    fn decode(reader: &mut Reader) -> Result<SnapshotId, DecodeError> {
        let snapshot = SnapshotId {
            end_offset: reader.i64()?,
            epoch: reader.i32()?,
        };
        reader.skip_tagged_fields()?;
        Ok(snapshot)
    }

    fn encode(self, writer: &mut Writer) {
        writer.i64(self.end_offset);
        writer.i32(self.epoch);
        writer.no_tagged_fields();
    }
}

impl AbortedTransaction {
    fn decode(reader: &mut Reader, flexible: bool) -> Result<AbortedTransaction, DecodeError> {
        let transaction = AbortedTransaction {
            producer_id: reader.i64()?,
            first_offset: reader.i64()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(transaction)
    }

    fn encode(self, writer: &mut Writer, flexible: bool) {
        writer.i64(self.producer_id);
        writer.i64(self.first_offset);
        if flexible {
            writer.no_tagged_fields();
        }
    }
}
