//! The persisted types, version 1. Frozen: a change is a new version beside it, never an edit.
//! Their bytes are pinned by the golden tests in `tests/golden.rs`.

use rkyv::{Archive, Deserialize, Serialize};

/// The file `layout`.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct LayoutV1 {
    /// Grows by one with each change of the number of shards.
    pub generation: u64,
    /// How many shards there are.
    pub shard_count: u16,
}

/// The file `checkpoint` of a shard.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct CheckpointV1 {
    /// The shard.
    pub shard: u16,
    /// Journal frames of other incarnations do not count.
    pub incarnation: u64,
    /// The sequence of the first journal frame that is not covered by this checkpoint.
    pub first_sequence: u64,
    /// Written at a clean close: no journal frame follows.
    pub is_clean: bool,
    /// The partitions, in no order.
    pub partitions: Vec<PartitionV1>,
}

/// One partition within a checkpoint.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct PartitionV1 {
    /// The topic's id.
    pub topic: [u8; 16],
    /// The partition within the topic.
    pub index: i32,
    /// The name of its directory.
    pub directory: String,
    /// The newest leader epoch.
    pub leader_epoch: i32,
    /// The first offset that may be read.
    pub log_start: i64,
    /// The recovery point: everything before this offset is durable in the segments.
    pub log_end: i64,
    /// The segments by base offset; the last one is active.
    pub segments: Vec<SegmentV1>,
    /// The sparse index of the active segment.
    pub active_index: Vec<IndexEntryV1>,
    /// The leader epochs by start offset.
    pub epochs: Vec<EpochV1>,
    /// The producers remembered.
    pub producers: Vec<ProducerV1>,
    /// Why the partition is not served, if it was found corrupt.
    pub corrupt: Option<String>,
}

/// One segment.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct SegmentV1 {
    /// The offset of its first record, and the file's name.
    pub base_offset: i64,
    /// Its bytes; the file may be longer, reserved.
    pub size: u64,
    /// The largest timestamp of its first batch, -1 if it is empty.
    pub first_timestamp: i64,
    /// The largest timestamp, -1 if it is empty.
    pub max_timestamp: i64,
    /// The base offset of the first batch that holds it.
    pub max_timestamp_offset: i64,
}

/// One entry of a sparse index.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct IndexEntryV1 {
    /// The base offset of a batch.
    pub offset: i64,
    /// Where it begins in the segment.
    pub position: u64,
    /// The largest timestamp of the batches before it in the segment, -1 if there is none.
    pub max_timestamp_before: i64,
}

/// A leader epoch and where it began.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct EpochV1 {
    /// The epoch.
    pub epoch: i32,
    /// The first offset appended in it.
    pub start_offset: i64,
}

/// A producer's state (KIP-98).
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct ProducerV1 {
    /// Who.
    pub id: i64,
    /// Its newest epoch.
    pub epoch: i16,
    /// When it last appended.
    pub last_timestamp: i64,
    /// Its last batches, oldest first, five at most.
    pub batches: Vec<ProducerBatchV1>,
}

/// A batch that a producer appended.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct ProducerBatchV1 {
    /// The sequence of its first record.
    pub first_sequence: i32,
    /// The sequence of its last record.
    pub last_sequence: i32,
    /// The offset of its first record.
    pub first_offset: i64,
    /// The offset of its last record.
    pub last_offset: i64,
    /// Its largest timestamp.
    pub timestamp: i64,
}

/// The file `<base>.cindex` beside a closed segment.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct SegmentIndexV1 {
    /// The segment's base offset.
    pub base_offset: i64,
    /// The segment's size when the index was made; another size makes the index worthless.
    pub segment_size: u64,
    /// The entries by position.
    pub entries: Vec<IndexEntryV1>,
}

/// The table of a journal frame.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct TableV1 {
    /// What the frame says, in order. The payloads of the appends follow the table in the same order.
    pub entries: Vec<EntryV1>,
}

/// One entry of a journal frame.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub enum EntryV1 {
    /// Bytes were appended to a log.
    Append(AppendV1),
    /// A partition came into being.
    PartitionCreated {
        /// The topic's id.
        topic: [u8; 16],
        /// The partition within the topic.
        index: i32,
        /// The epoch of its first appends.
        leader_epoch: i32,
        /// The name of its directory.
        directory: String,
    },
    /// A partition is gone, its directory to be removed.
    PartitionDeleted {
        /// The topic's id.
        topic: [u8; 16],
        /// The partition within the topic.
        index: i32,
    },
    /// The log begins at another offset (DeleteRecords, retention).
    LogStart {
        /// The topic's id.
        topic: [u8; 16],
        /// The partition within the topic.
        index: i32,
        /// The first offset that may be read.
        offset: i64,
    },
}

/// Bytes `run_position..position + length` of a segment were appended. Those before `position` went to the segment
/// directly and were durable before this frame was acknowledged; the rest is this entry's payload.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct AppendV1 {
    /// The topic's id.
    pub topic: [u8; 16],
    /// The partition within the topic.
    pub index: i32,
    /// The leader epoch of the batches.
    pub leader_epoch: i32,
    /// The first record's offset.
    pub base_offset: i64,
    /// The offset after the last record.
    pub end_offset: i64,
    /// The segment, by its base offset.
    pub segment_base_offset: i64,
    /// Where the run begins in the segment.
    pub run_position: u64,
    /// Where the payload begins in the segment.
    pub position: u64,
    /// The payload's length.
    pub length: u32,
    /// CRC-32 (IEEE) of the payload: a frame may be torn between its head and its payloads.
    pub payload_crc: u32,
}
