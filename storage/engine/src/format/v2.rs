//! The persisted types, version 2. The checkpoint says when its segments were begun and changed, and when its producers
//! appended, by the broker's clock: version 1 had the clients' timestamps alone, and records need not have any. It keeps
//! the high watermark, and which segments have gaps. The journal says where a log's end was cut off, and which appends
//! have gaps. Frozen as version 1 is: the bytes are pinned by the golden tests below.

use rkyv::{Archive, Deserialize, Serialize};

use super::v1::{AppendV1, CheckpointV1, EntryV1, PartitionV1, TableV1};

/// The file `checkpoint` of a shard.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct CheckpointV2 {
    /// The shard.
    pub shard: u16,
    /// Journal frames of other incarnations do not count.
    pub incarnation: u64,
    /// The sequence of the first journal frame that is not covered by this checkpoint.
    pub first_sequence: u64,
    /// Written at a clean close: no journal frame follows.
    pub is_clean: bool,
    /// The partitions, in no order.
    pub partitions: Vec<PartitionV2>,
}

/// One partition within a checkpoint.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct PartitionV2 {
    /// What version 1 says of it.
    #[serde(flatten)]
    pub base: PartitionV1,
    /// What version 1 does not say of its segments, one each in their order; none after version 1.
    pub segments: Vec<SegmentV2>,
    /// When each producer last appended, in their order, in milliseconds since 1970; none after version 1.
    pub producer_times: Vec<i64>,
    /// Records before this offset are committed, as far as whoever leads the partition had said.
    pub high_watermark: i64,
}

/// What version 1 does not say of a segment. Times are those of the broker's clock, in milliseconds since 1970.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct SegmentV2 {
    /// When its first batch was appended.
    pub created: i64,
    /// When its last one was.
    pub changed: i64,
    /// Offsets are missing in it, as compaction leaves them.
    pub has_gaps: bool,
}

/// The table of a journal frame.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct TableV2 {
    /// What the frame says, in order. The payloads of the appends follow the table in the same order.
    pub entries: Vec<EntryV2>,
}

/// One entry of a journal frame.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub enum EntryV2 {
    /// Bytes were appended to a log.
    Append(AppendV2),
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
        /// The name of its directory; empty once the directory no longer has it.
        directory: String,
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
    /// The log's end was cut off: what entries before this one appended beyond it is no longer in the log.
    LogEnd {
        /// The topic's id.
        topic: [u8; 16],
        /// The partition within the topic.
        index: i32,
        /// The offset of the next append.
        offset: i64,
        /// The segment that the log ends in now, by its base offset.
        segment_base_offset: i64,
        /// Where in it.
        position: u64,
    },
}

/// Bytes `run_position..position + length` of a segment were appended. Those before `position` went to the segment
/// directly and were durable before this frame was acknowledged; the rest is this entry's payload.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct AppendV2 {
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
    /// Offsets are missing in it, or before it.
    pub has_gaps: bool,
}

impl From<AppendV1> for AppendV2 {
    fn from(old: AppendV1) -> AppendV2 {
        AppendV2 {
            topic: old.topic,
            index: old.index,
            leader_epoch: old.leader_epoch,
            base_offset: old.base_offset,
            end_offset: old.end_offset,
            segment_base_offset: old.segment_base_offset,
            run_position: old.run_position,
            position: old.position,
            length: old.length,
            payload_crc: old.payload_crc,
            has_gaps: false,
        }
    }
}

impl From<EntryV1> for EntryV2 {
    fn from(old: EntryV1) -> EntryV2 {
        match old {
            EntryV1::Append(append) => EntryV2::Append(append.into()),
            EntryV1::PartitionCreated {
                topic,
                index,
                leader_epoch,
                directory,
            } => EntryV2::PartitionCreated {
                topic,
                index,
                leader_epoch,
                directory,
            },
            EntryV1::PartitionDeleted {
                topic,
                index,
                directory,
            } => EntryV2::PartitionDeleted {
                topic,
                index,
                directory,
            },
            EntryV1::LogStart { topic, index, offset } => EntryV2::LogStart { topic, index, offset },
        }
    }
}

impl From<TableV1> for TableV2 {
    fn from(old: TableV1) -> TableV2 {
        TableV2 {
            entries: old.entries.into_iter().map(EntryV2::from).collect(),
        }
    }
}

impl From<CheckpointV1> for CheckpointV2 {
    fn from(old: CheckpointV1) -> CheckpointV2 {
        let partition = |base: PartitionV1| PartitionV2 {
            // Its broker was the only one to have the log.
            high_watermark: base.log_end,
            base,
            segments: Vec::new(),
            producer_times: Vec::new(),
        };
        CheckpointV2 {
            shard: old.shard,
            incarnation: old.incarnation,
            first_sequence: old.first_sequence,
            is_clean: old.is_clean,
            partitions: old.partitions.into_iter().map(partition).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use rkyv::rancor::Error;

    use super::*;
    use crate::format::v1;

    #[test]
    fn a_checkpoint_has_its_bytes() {
        let old = v1::testing::checkpoint();
        let partitions = old.partitions.iter().cloned().map(|base| PartitionV2 {
            base,
            segments: vec![SegmentV2 {
                created: 22,
                changed: 23,
                has_gaps: true,
            }],
            producer_times: vec![24],
            high_watermark: 25,
        });
        let checkpoint = CheckpointV2 {
            partitions: partitions.collect(),
            ..CheckpointV2::from(old)
        };
        let bytes = rkyv::to_bytes::<Error>(&checkpoint).unwrap();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, include_str!("golden/checkpoint_v2.hex").trim());
        assert_eq!(
            rkyv::from_bytes::<CheckpointV2, Error>(&bytes).unwrap(),
            checkpoint
        );
    }

    #[test]
    fn a_journal_table_has_its_bytes() {
        let table = TableV2 {
            entries: vec![
                EntryV2::Append(AppendV2 {
                    topic: [1; 16],
                    index: 2,
                    leader_epoch: 3,
                    base_offset: 4,
                    end_offset: 5,
                    segment_base_offset: 6,
                    run_position: 7,
                    position: 8,
                    length: 9,
                    payload_crc: 10,
                    has_gaps: true,
                }),
                EntryV2::PartitionCreated {
                    topic: [1; 16],
                    index: 2,
                    leader_epoch: 3,
                    directory: "a-directory-2".into(),
                },
                EntryV2::PartitionDeleted {
                    topic: [1; 16],
                    index: 2,
                    directory: "t-2".into(),
                },
                EntryV2::LogStart {
                    topic: [1; 16],
                    index: 2,
                    offset: 11,
                },
                EntryV2::LogEnd {
                    topic: [1; 16],
                    index: 2,
                    offset: 12,
                    segment_base_offset: 13,
                    position: 14,
                },
            ],
        };
        let bytes = rkyv::to_bytes::<Error>(&table).unwrap();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, include_str!("golden/table_v2.hex").trim());
        assert_eq!(rkyv::from_bytes::<TableV2, Error>(&bytes).unwrap(), table);
    }
}
