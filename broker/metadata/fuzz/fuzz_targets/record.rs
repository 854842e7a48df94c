//! A value of the metadata log: decode, apply, encode again, and replay what that gives.
//! `cargo +nightly fuzz run record` in `broker/metadata`.
#![no_main]

use bytes::Bytes;
use corelog_metadata::{MetadataImage, Replay, encode, snapshot_records};
use corelog_model::Offset;
use corelog_protocol::metadata_log;
use libfuzzer_sys::fuzz_target;

const CLUSTER: &str = "cluster";

fuzz_target!(|value: &[u8]| {
    let Ok((record, version)) = metadata_log::decode(Bytes::copy_from_slice(value)) else {
        return;
    };
    let again = metadata_log::encode(&record, version).unwrap();
    let (decoded, _) = metadata_log::decode(again.clone()).unwrap();
    assert_eq!(metadata_log::encode(&decoded, version).unwrap(), again);
    let before = MetadataImage::new(CLUSTER);
    let Ok(after) = before.apply(&[record]) else {
        return;
    };
    let _ = after.changes_since(&before);
    // A snapshot says it all.
    let mut replay = Replay::new(CLUSTER);
    for record in snapshot_records(&after) {
        replay.next(Offset::ZERO, encode(&record).unwrap()).unwrap();
    }
    assert_eq!(replay.finish().image, after);
});
