//! The persisted types, version 3: the checkpoint and the segment index know of transactions. The checkpoint says which are
//! open, and what the active segment's markers abort; the index says it of a closed one. Frozen as version 1 is: the bytes
//! are pinned by the golden tests below.

use corelog_model::{Offset, ProducerId};
use rkyv::{Archive, Deserialize, Serialize};

use super::envelope;
use super::v1::{IndexEntryV1, PartitionV1, SegmentIndexV1};
use super::v2::{CheckpointV2, PartitionV2, SegmentV2};
use crate::FormatError;
use crate::types::AbortedTransaction;

/// The file `checkpoint` of a shard.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct CheckpointV3 {
    /// The shard.
    pub shard: u16,
    /// Journal frames of other incarnations do not count.
    pub incarnation: u64,
    /// The sequence of the first journal frame that is not covered by this checkpoint.
    pub first_sequence: u64,
    /// Written at a clean close: no journal frame follows.
    pub is_clean: bool,
    /// The partitions, in no order.
    pub partitions: Vec<PartitionV3>,
}

/// One partition within a checkpoint.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct PartitionV3 {
    /// What version 1 says of it.
    #[serde(flatten)]
    pub base: PartitionV1,
    /// What version 1 does not say of its segments, one each in their order; none after version 1.
    pub segments: Vec<SegmentV3>,
    /// What version 1 does not say of its producers, one each in their order; none after version 1.
    pub producers: Vec<ProducerV3>,
    /// Records before this offset are committed, as far as whoever leads the partition had said.
    pub high_watermark: i64,
    /// The transactions that markers in the active segment abort, in their order.
    pub active_aborted: Vec<AbortedV3>,
    /// The transactions that have ended with a marker at or behind the high watermark.
    pub ended: Vec<EndedV3>,
}

/// What version 1 does not say of a segment. Times are those of the broker's clock, in milliseconds since 1970.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct SegmentV3 {
    /// When its first batch was appended.
    pub created: i64,
    /// When its last one was.
    pub changed: i64,
    /// Offsets are missing in it, as compaction leaves them.
    pub has_gaps: bool,
    /// Markers in it abort transactions.
    pub has_aborted: bool,
}

/// What version 1 does not say of a producer.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct ProducerV3 {
    /// When it last appended, by the broker's clock, in milliseconds since 1970.
    pub last_append: i64,
    /// The leader epoch of the coordinator that ended its last transaction; -1 if there was none.
    pub coordinator_epoch: i32,
    /// The first offset of its open transaction.
    pub transaction_first: Option<i64>,
}

/// A transaction that was aborted.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct AbortedV3 {
    /// The producer's id.
    pub producer: i64,
    /// The offset of its first record.
    pub first_offset: i64,
    /// The offset of its marker.
    pub last_offset: i64,
    /// The last stable offset once it had ended.
    pub last_stable: i64,
}

/// A transaction that has ended.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct EndedV3 {
    /// The offset of its first record.
    pub first_offset: i64,
    /// The offset of its marker.
    pub last_offset: i64,
}

/// The file `<base offset>.cindex` beside a closed segment.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct SegmentIndexV3 {
    /// The segment's base offset.
    pub base_offset: i64,
    /// The segment's size; an index of another size is of another segment.
    pub segment_size: u64,
    /// The entries, offsets and positions growing.
    pub entries: Vec<IndexEntryV1>,
    /// The transactions that markers in the segment abort, in their order.
    pub aborted: Vec<AbortedV3>,
}

impl From<&AbortedTransaction> for AbortedV3 {
    fn from(aborted: &AbortedTransaction) -> AbortedV3 {
        AbortedV3 {
            producer: aborted.producer.get(),
            first_offset: aborted.first_offset.get(),
            last_offset: aborted.last_offset.get(),
            last_stable: aborted.last_stable.get(),
        }
    }
}

impl AbortedV3 {
    /// What it stands for; `None` for an impossible one.
    pub(crate) fn value(&self) -> Option<AbortedTransaction> {
        Some(AbortedTransaction {
            producer: ProducerId::new(self.producer),
            first_offset: Offset::new(self.first_offset)?,
            last_offset: Offset::new(self.last_offset)?,
            last_stable: Offset::new(self.last_stable)?,
        })
    }
}

impl From<(Offset, Offset)> for EndedV3 {
    fn from((first, last): (Offset, Offset)) -> EndedV3 {
        EndedV3 {
            first_offset: first.get(),
            last_offset: last.get(),
        }
    }
}

impl EndedV3 {
    /// What it stands for; `None` for an impossible one.
    pub(crate) fn value(&self) -> Option<(Offset, Offset)> {
        Some((Offset::new(self.first_offset)?, Offset::new(self.last_offset)?))
    }
}

impl From<PartitionV2> for PartitionV3 {
    fn from(old: PartitionV2) -> PartitionV3 {
        let segment = |old: SegmentV2| SegmentV3 {
            created: old.created,
            changed: old.changed,
            has_gaps: old.has_gaps,
            has_aborted: false,
        };
        let producer = |last_append: i64| ProducerV3 {
            last_append,
            coordinator_epoch: -1,
            transaction_first: None,
        };
        PartitionV3 {
            base: old.base,
            segments: old.segments.into_iter().map(segment).collect(),
            producers: old.producer_times.into_iter().map(producer).collect(),
            high_watermark: old.high_watermark,
            active_aborted: Vec::new(),
            ended: Vec::new(),
        }
    }
}

impl From<CheckpointV2> for CheckpointV3 {
    fn from(old: CheckpointV2) -> CheckpointV3 {
        CheckpointV3 {
            shard: old.shard,
            incarnation: old.incarnation,
            first_sequence: old.first_sequence,
            is_clean: old.is_clean,
            partitions: old.partitions.into_iter().map(PartitionV3::from).collect(),
        }
    }
}

impl From<SegmentIndexV1> for SegmentIndexV3 {
    fn from(old: SegmentIndexV1) -> SegmentIndexV3 {
        SegmentIndexV3 {
            base_offset: old.base_offset,
            segment_size: old.segment_size,
            entries: old.entries,
            aborted: Vec::new(),
        }
    }
}

/// Reads a segment index's file of any version. There is no version 2.
pub(crate) fn decode_segment_index(file: &[u8]) -> Result<SegmentIndexV3, FormatError> {
    match envelope::version(envelope::SEGMENT_INDEX, file)? {
        1 => envelope::decode::<SegmentIndexV1>(envelope::SEGMENT_INDEX_V1, file).map(SegmentIndexV3::from),
        _ => envelope::decode::<SegmentIndexV3>(envelope::SEGMENT_INDEX, file),
    }
}

#[cfg(test)]
mod tests {
    use rkyv::rancor::Error;

    use super::*;
    use crate::format::v1;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn aborted() -> AbortedV3 {
        AbortedV3 {
            producer: 26,
            first_offset: 27,
            last_offset: 28,
            last_stable: 29,
        }
    }

    #[test]
    fn a_checkpoint_has_its_bytes() {
        let old = CheckpointV2::from(v1::testing::checkpoint());
        let partitions = old.partitions.iter().cloned().map(|old| PartitionV3 {
            segments: vec![SegmentV3 {
                created: 22,
                changed: 23,
                has_gaps: true,
                has_aborted: true,
            }],
            producers: vec![ProducerV3 {
                last_append: 24,
                coordinator_epoch: 25,
                transaction_first: Some(30),
            }],
            active_aborted: vec![aborted()],
            ended: vec![EndedV3 {
                first_offset: 31,
                last_offset: 32,
            }],
            ..PartitionV3::from(old)
        });
        let checkpoint = CheckpointV3 {
            partitions: partitions.collect(),
            ..CheckpointV3::from(old)
        };
        let bytes = rkyv::to_bytes::<Error>(&checkpoint).unwrap();
        assert_eq!(hex(&bytes), include_str!("golden/checkpoint_v3.hex").trim());
        assert_eq!(
            rkyv::from_bytes::<CheckpointV3, Error>(&bytes).unwrap(),
            checkpoint
        );
    }

    #[test]
    fn a_segment_index_has_its_bytes() {
        let index = SegmentIndexV3 {
            base_offset: 1,
            segment_size: 2,
            entries: vec![IndexEntryV1 {
                offset: 3,
                position: 4,
                max_timestamp_before: -1,
            }],
            aborted: vec![aborted()],
        };
        let bytes = rkyv::to_bytes::<Error>(&index).unwrap();
        assert_eq!(hex(&bytes), include_str!("golden/segment_index_v3.hex").trim());
        let file = envelope::encode(envelope::SEGMENT_INDEX, &index);
        assert_eq!(decode_segment_index(&file), Ok(index));
    }

    #[test]
    fn an_index_of_the_version_before_is_read() {
        let index = SegmentIndexV1 {
            base_offset: 1,
            segment_size: 2,
            entries: Vec::new(),
        };
        let file = envelope::encode(envelope::SEGMENT_INDEX_V1, &index);
        assert_eq!(decode_segment_index(&file), Ok(index.into()));
    }
}
