//! The persisted types, version 2: the checkpoint says when its segments were begun and changed, and when its producers
//! appended, by the broker's clock. Version 1 had the clients' timestamps alone, and records need not have any.
//! Frozen as version 1 is: the bytes are pinned by the golden test below.

use rkyv::{Archive, Deserialize, Serialize};

use super::envelope;
use super::v1::{CheckpointV1, PartitionV1};
use crate::FormatError;

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
    /// The times of its segments, one each in their order; none that a checkpoint of version 1 was read for.
    pub segment_times: Vec<SegmentTimesV2>,
    /// When each producer last appended, in their order, in milliseconds since 1970; none after version 1.
    pub producer_times: Vec<i64>,
}

/// The times of a segment by the broker's clock, in milliseconds since 1970.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct SegmentTimesV2 {
    /// When its first batch was appended.
    pub created: i64,
    /// When its last one was.
    pub changed: i64,
}

impl From<CheckpointV1> for CheckpointV2 {
    fn from(old: CheckpointV1) -> CheckpointV2 {
        let partition = |base| PartitionV2 {
            base,
            segment_times: Vec::new(),
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

/// Reads a checkpoint's file of either version.
pub(crate) fn decode_checkpoint(file: &[u8]) -> Result<CheckpointV2, FormatError> {
    match envelope::version(envelope::CHECKPOINT, file)? {
        1 => envelope::decode::<CheckpointV1>(envelope::CHECKPOINT_V1, file).map(CheckpointV2::from),
        _ => envelope::decode::<CheckpointV2>(envelope::CHECKPOINT, file),
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
            segment_times: vec![SegmentTimesV2 {
                created: 22,
                changed: 23,
            }],
            producer_times: vec![24],
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
        let file = envelope::encode(envelope::CHECKPOINT, &checkpoint);
        assert_eq!(decode_checkpoint(&file), Ok(checkpoint));
    }

    #[test]
    fn a_checkpoint_of_version_1_is_read() {
        let old = v1::testing::checkpoint();
        let file = envelope::encode(envelope::CHECKPOINT_V1, &old);
        assert_eq!(file[8..10], [1, 0]);
        assert_eq!(decode_checkpoint(&file), Ok(CheckpointV2::from(old)));
        let mut newer = file;
        newer[8] = 3;
        let expected = FormatError::Version {
            found: 3,
            supported: 2,
        };
        assert_eq!(decode_checkpoint(&newer), Err(expected));
    }
}
