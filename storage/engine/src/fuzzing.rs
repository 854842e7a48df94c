//! Access to private decoders for the fuzz targets in `fuzz/`. Only a fuzzing build has this module.

use rkyv::rancor;

use crate::format::envelope::{self, Kind};
use crate::format::v1::{CheckpointV1, DeviceV1, LayoutV1, SegmentIndexV1};
use crate::format::v2::{CheckpointV2, TableV2};
use crate::format::v3::{CheckpointV3, SegmentIndexV3};
use crate::format::v4::{CheckpointV4, decode_checkpoint};
use crate::journal::frame::{self, FrameStamp, HEADER_SIZE};

/// A journal frame's header and table: `bytes` as they are, and as a table behind a header that is right. The first
/// two of them are then the length of the payloads.
pub fn journal_frame(bytes: &[u8]) {
    decode_frame(bytes);
    let Some((payload_length, table)) = bytes.split_first_chunk::<2>() else {
        return;
    };
    let payload_length = usize::from(u16::from_le_bytes(*payload_length));
    let stamp = FrameStamp {
        shard: 1,
        incarnation: 2,
        sequence: 3,
        acknowledged_end: 4,
    };
    let mut whole = vec![0; frame::frame_length(table.len(), payload_length)];
    frame::write_head(&mut whole, stamp, table, 1, payload_length);
    decode_frame(&whole);
}

fn decode_frame(bytes: &[u8]) {
    let Ok(header) = frame::parse_header(bytes) else {
        return;
    };
    let length = usize::try_from(header.table_length).expect("32 bits");
    let table = bytes.get(HEADER_SIZE..).and_then(|rest| rest.get(..length));
    if let Some(Ok(table)) = table.map(|table| frame::check(&header, table)) {
        let again = rkyv::from_bytes::<TableV2, rancor::Error>(&frame::encode_table(&table));
        assert_eq!(again.expect("what was encoded can be decoded"), table);
    }
}

/// Each kind of file with an envelope: `bytes` as they are, and as an archive in an envelope that is right.
pub fn envelopes(bytes: &[u8]) {
    settle!(LayoutV1, envelope::LAYOUT, bytes);
    settle!(DeviceV1, envelope::DEVICE, bytes);
    settle!(CheckpointV1, envelope::CHECKPOINT_V1, bytes);
    settle!(CheckpointV2, envelope::CHECKPOINT_V2, bytes);
    settle!(CheckpointV3, envelope::CHECKPOINT_V3, bytes);
    settle!(CheckpointV4, envelope::CHECKPOINT, bytes);
    let _ = decode_checkpoint(bytes);
    settle!(SegmentIndexV1, envelope::SEGMENT_INDEX_V1, bytes);
    settle!(SegmentIndexV3, envelope::SEGMENT_INDEX, bytes);
}

/// A macro, since the bounds of a function that decodes and encodes any type would be longer than its body.
macro_rules! settle {
    ($type:ty, $kind:expr, $bytes:expr) => {
        let kind: Kind = $kind;
        for file in [$bytes, &envelope::seal(kind, $bytes)] {
            if let Ok(value) = envelope::decode::<$type>(kind, file) {
                let again = envelope::decode::<$type>(kind, &envelope::encode(kind, &value));
                assert_eq!(again.expect("what was encoded can be decoded"), value);
            }
        }
    };
}
use settle;
