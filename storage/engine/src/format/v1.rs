//! The persisted types, version 1. Frozen: a change is a new version beside it, never an edit.
//! Their bytes are pinned by the golden tests below.

use rkyv::{Archive, Deserialize, Serialize};

/// The file `layout`.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct LayoutV1 {
    /// Grows by one with each change of the number of shards.
    pub generation: u64,
    /// How many shards there are.
    pub shard_count: u16,
}

/// The file `device`: what a probe of the device found.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct DeviceV1 {
    /// The file system's id (statvfs): a copied data directory does not take the answer along.
    pub file_system: u64,
    /// When it was probed, in milliseconds since 1970.
    pub probed_at: i64,
    /// The commits in flight beyond which the device gains little.
    pub commits_in_flight: u16,
    /// What was measured.
    pub cells: Vec<DeviceCellV1>,
}

/// One measurement of a device.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct DeviceCellV1 {
    /// Each was one durable write (RWF_DSYNC); else a write and fdatasync.
    pub is_dsync: bool,
    /// The blocks had been written before.
    pub is_rewrite: bool,
    /// Bytes of each write.
    pub block_bytes: u32,
    /// Writes in flight.
    pub depth: u16,
    /// Bytes a second.
    pub bytes_per_s: u64,
    /// The median time of a durable write, in microseconds.
    pub p50_us: u32,
    /// The 99th percentile of it.
    pub p99_us: u32,
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

/// The file `files` of a shard's journal.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct JournalFilesV1 {
    /// The shard.
    pub shard: u16,
    /// The start that wrote it; for frames of others it says nothing.
    pub incarnation: u64,
    /// The length of each journal file.
    pub file_bytes: u64,
    /// How far behind a frame a later one that proves that it was acknowledged may begin, in bytes, as far as the settings
    /// of that start allow.
    pub proof_bytes: u64,
    /// The numbers of the journal files that frames may have gone to, ascending.
    pub numbers: Vec<u32>,
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

/// A value with every field of a checkpoint.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    pub(crate) fn checkpoint() -> CheckpointV1 {
        CheckpointV1 {
            shard: 1,
            incarnation: 2,
            first_sequence: 3,
            is_clean: true,
            partitions: vec![PartitionV1 {
                topic: [4; 16],
                index: 5,
                directory: "orders-5".into(),
                leader_epoch: 6,
                log_start: 7,
                log_end: 8,
                segments: vec![SegmentV1 {
                    base_offset: 7,
                    size: 9,
                    first_timestamp: 10,
                    max_timestamp: 11,
                    max_timestamp_offset: 7,
                }],
                active_index: vec![IndexEntryV1 {
                    offset: 7,
                    position: 12,
                    max_timestamp_before: 13,
                }],
                epochs: vec![EpochV1 {
                    epoch: 6,
                    start_offset: 7,
                }],
                producers: vec![ProducerV1 {
                    id: 14,
                    epoch: 15,
                    last_timestamp: 16,
                    batches: vec![ProducerBatchV1 {
                        first_sequence: 17,
                        last_sequence: 18,
                        first_offset: 19,
                        last_offset: 20,
                        timestamp: 21,
                    }],
                }],
                corrupt: Some("a reason of some length".into()),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use rkyv::rancor::Error;

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    // The bytes were written by this code when the types were frozen. Should this test fail, the format has changed:
    // give the changed type a new version instead of new bytes.

    #[test]
    fn a_journal_table_has_its_bytes() {
        let table = TableV1 {
            entries: vec![
                EntryV1::Append(AppendV1 {
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
                }),
                EntryV1::PartitionCreated {
                    topic: [1; 16],
                    index: 2,
                    leader_epoch: 3,
                    directory: "a-directory-2".into(),
                },
                EntryV1::PartitionDeleted {
                    topic: [1; 16],
                    index: 2,
                    directory: "t-2".into(),
                },
                EntryV1::LogStart {
                    topic: [1; 16],
                    index: 2,
                    offset: 11,
                },
            ],
        };
        let bytes = rkyv::to_bytes::<Error>(&table).unwrap();
        assert_eq!(hex(&bytes), include_str!("golden/table_v1.hex").trim());
        assert_eq!(rkyv::from_bytes::<TableV1, Error>(&bytes).unwrap(), table);
    }

    #[test]
    fn a_checkpoint_has_its_bytes() {
        let checkpoint = super::testing::checkpoint();
        let bytes = rkyv::to_bytes::<Error>(&checkpoint).unwrap();
        assert_eq!(hex(&bytes), include_str!("golden/checkpoint_v1.hex").trim());
        assert_eq!(
            rkyv::from_bytes::<CheckpointV1, Error>(&bytes).unwrap(),
            checkpoint
        );
    }

    #[test]
    fn a_segment_index_and_a_layout_have_their_bytes() {
        let index = SegmentIndexV1 {
            base_offset: 1,
            segment_size: 2,
            entries: vec![IndexEntryV1 {
                offset: 3,
                position: 4,
                max_timestamp_before: -1,
            }],
        };
        let bytes = rkyv::to_bytes::<Error>(&index).unwrap();
        assert_eq!(hex(&bytes), include_str!("golden/segment_index_v1.hex").trim());
        let layout = LayoutV1 {
            generation: 1,
            shard_count: 2,
        };
        let bytes = rkyv::to_bytes::<Error>(&layout).unwrap();
        assert_eq!(hex(&bytes), "01000000000000000200");
        let files = JournalFilesV1 {
            shard: 1,
            incarnation: 2,
            file_bytes: 4096,
            proof_bytes: 8,
            numbers: vec![0, 1, 7],
        };
        let bytes = rkyv::to_bytes::<Error>(&files).unwrap();
        assert_eq!(hex(&bytes), include_str!("golden/journal_files_v1.hex").trim());
        assert_eq!(rkyv::from_bytes::<JournalFilesV1, Error>(&bytes).unwrap(), files);
        let device = DeviceV1 {
            file_system: 1,
            probed_at: 2,
            commits_in_flight: 3,
            cells: vec![DeviceCellV1 {
                is_dsync: true,
                is_rewrite: false,
                block_bytes: 4,
                depth: 5,
                bytes_per_s: 6,
                p50_us: 7,
                p99_us: 8,
            }],
        };
        let bytes = rkyv::to_bytes::<Error>(&device).unwrap();
        assert_eq!(hex(&bytes), include_str!("golden/device_v1.hex").trim());
        assert_eq!(rkyv::from_bytes::<DeviceV1, Error>(&bytes).unwrap(), device);
    }
}
