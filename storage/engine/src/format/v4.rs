//! The persisted types, version 4: the checkpoint knows of cleaning. It says which file each segment is in, how far the log was
//! cleaned and when, and which files beside the segments are there. Frozen as version 1 is: the bytes are pinned by the golden
//! test below.

use rkyv::{Archive, Deserialize, Serialize};

use super::envelope;
use super::v1::{CheckpointV1, PartitionV1};
use super::v2::CheckpointV2;
use super::v3::{AbortedV3, CheckpointV3, EndedV3, PartitionV3, ProducerV3, SegmentV3};
use crate::FormatError;

/// The file `checkpoint` of a shard.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct CheckpointV4 {
    /// The shard.
    pub shard: u16,
    /// Journal frames of other incarnations do not count.
    pub incarnation: u64,
    /// The sequence of the first journal frame that is not covered by this checkpoint.
    pub first_sequence: u64,
    /// Written at a clean close: no journal frame follows.
    pub is_clean: bool,
    /// The partitions, in no order.
    pub partitions: Vec<PartitionV4>,
}

/// One partition within a checkpoint.
#[derive(Archive, Serialize, Deserialize, Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct PartitionV4 {
    /// What version 1 says of it.
    #[serde(flatten)]
    pub base: PartitionV1,
    /// What version 1 does not say of its segments, one each in their order; none after version 1.
    pub segments: Vec<SegmentV4>,
    /// What version 1 does not say of its producers, one each in their order; none after version 1.
    pub producers: Vec<ProducerV3>,
    /// Records before this offset are committed, as far as whoever leads the partition had said.
    pub high_watermark: i64,
    /// The transactions that markers in the active segment abort, in their order.
    pub active_aborted: Vec<AbortedV3>,
    /// The transactions that have ended with a marker at or behind the high watermark.
    pub ended: Vec<EndedV3>,
    /// Of each key, one record before this offset at most was left by the last cleaning.
    pub cleaned_end: i64,
    /// When that ended, in milliseconds since 1970 by the broker's clock; -1 if there was none.
    pub cleaned_at: i64,
    /// Files that a cleaning has replaced, or was writing: they may be there and belong to no segment.
    pub leftovers: Vec<LeftoverV4>,
}

/// What version 1 does not say of a segment. Times are those of the broker's clock, in milliseconds since 1970.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct SegmentV4 {
    /// When its first batch was appended.
    pub created: i64,
    /// When its last one was.
    pub changed: i64,
    /// Which file it is in: zero is the one that it was appended to, and each cleaning gives it the next one.
    pub generation: u32,
    /// Offsets are missing in it, as compaction leaves them.
    pub has_gaps: bool,
    /// Markers in it abort transactions.
    pub has_aborted: bool,
}

/// A segment file that no segment is in.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct LeftoverV4 {
    /// The base offset in its name.
    pub base_offset: i64,
    /// The generation in its name.
    pub generation: u32,
}

impl From<PartitionV3> for PartitionV4 {
    fn from(old: PartitionV3) -> PartitionV4 {
        let segment = |old: SegmentV3| SegmentV4 {
            created: old.created,
            changed: old.changed,
            generation: 0,
            has_gaps: old.has_gaps,
            has_aborted: old.has_aborted,
        };
        PartitionV4 {
            base: old.base,
            segments: old.segments.into_iter().map(segment).collect(),
            producers: old.producers,
            high_watermark: old.high_watermark,
            active_aborted: old.active_aborted,
            ended: old.ended,
            cleaned_end: 0,
            cleaned_at: -1,
            leftovers: Vec::new(),
        }
    }
}

impl From<CheckpointV3> for CheckpointV4 {
    fn from(old: CheckpointV3) -> CheckpointV4 {
        CheckpointV4 {
            shard: old.shard,
            incarnation: old.incarnation,
            first_sequence: old.first_sequence,
            is_clean: old.is_clean,
            partitions: old.partitions.into_iter().map(PartitionV4::from).collect(),
        }
    }
}

/// Reads a checkpoint's file of any version.
pub(crate) fn decode_checkpoint(file: &[u8]) -> Result<CheckpointV4, FormatError> {
    let third = match envelope::version(envelope::CHECKPOINT, file)? {
        1 => {
            let old = envelope::decode::<CheckpointV1>(envelope::CHECKPOINT_V1, file)?;
            CheckpointV3::from(CheckpointV2::from(old))
        }
        2 => envelope::decode::<CheckpointV2>(envelope::CHECKPOINT_V2, file)?.into(),
        3 => envelope::decode::<CheckpointV3>(envelope::CHECKPOINT_V3, file)?,
        _ => return envelope::decode::<CheckpointV4>(envelope::CHECKPOINT, file),
    };
    Ok(third.into())
}

#[cfg(test)]
mod tests {
    use rkyv::rancor::Error;

    use super::*;
    use crate::format::v1;

    #[test]
    fn a_checkpoint_has_its_bytes() {
        let old = CheckpointV3::from(CheckpointV2::from(v1::testing::checkpoint()));
        let partitions = old.partitions.iter().cloned().map(|old| PartitionV4 {
            segments: vec![SegmentV4 {
                created: 22,
                changed: 23,
                generation: 33,
                has_gaps: true,
                has_aborted: true,
            }],
            producers: vec![ProducerV3 {
                last_append: 24,
                coordinator_epoch: 25,
                transaction_first: Some(30),
            }],
            active_aborted: vec![AbortedV3 {
                producer: 26,
                first_offset: 27,
                last_offset: 28,
                last_stable: 29,
            }],
            ended: vec![EndedV3 {
                first_offset: 31,
                last_offset: 32,
            }],
            cleaned_end: 34,
            cleaned_at: 35,
            leftovers: vec![LeftoverV4 {
                base_offset: 36,
                generation: 37,
            }],
            ..PartitionV4::from(old)
        });
        let checkpoint = CheckpointV4 {
            partitions: partitions.collect(),
            ..CheckpointV4::from(old)
        };
        let bytes = rkyv::to_bytes::<Error>(&checkpoint).unwrap();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, include_str!("golden/checkpoint_v4.hex").trim());
        assert_eq!(
            rkyv::from_bytes::<CheckpointV4, Error>(&bytes).unwrap(),
            checkpoint
        );
        let file = envelope::encode(envelope::CHECKPOINT, &checkpoint);
        assert_eq!(decode_checkpoint(&file), Ok(checkpoint));
    }

    #[test]
    fn files_of_the_versions_before_are_read() {
        let first = v1::testing::checkpoint();
        let second = CheckpointV2::from(first.clone());
        let third = CheckpointV3::from(second.clone());
        let now = CheckpointV4::from(third.clone());
        let file = envelope::encode(envelope::CHECKPOINT_V1, &first);
        assert_eq!(file[8..10], [1, 0]);
        assert_eq!(decode_checkpoint(&file), Ok(now.clone()));
        let mut newer = file;
        newer[8] = 5;
        let expected = FormatError::Version {
            found: 5,
            supported: 4,
        };
        assert_eq!(decode_checkpoint(&newer), Err(expected));
        let file = envelope::encode(envelope::CHECKPOINT_V2, &second);
        assert_eq!(decode_checkpoint(&file), Ok(now.clone()));
        let file = envelope::encode(envelope::CHECKPOINT_V3, &third);
        assert_eq!(decode_checkpoint(&file), Ok(now));
    }
}
