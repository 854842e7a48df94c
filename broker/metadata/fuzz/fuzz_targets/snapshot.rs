//! A snapshot of release 0.1.0 with a right checksum and a wrong archive: decode, and say it in records.
//! `cargo +nightly fuzz run snapshot` in `broker/metadata`.
#![no_main]

use corelog_metadata::snapshot_records;
use corelog_metadata::v1::decode_snapshot;
use libfuzzer_sys::fuzz_target;

const HEADER_SIZE: usize = 16;
const CLUSTER: &str = "cluster";

fuzz_target!(|archive: &[u8]| {
    let _ = decode_snapshot(archive, CLUSTER);
    let mut bytes = b"CLms\x01\0\0\0".to_vec();
    bytes.extend_from_slice(&u32::try_from(archive.len()).unwrap().to_le_bytes());
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes);
    hasher.update(archive);
    bytes.extend_from_slice(&hasher.finalize().to_le_bytes());
    assert_eq!(bytes.len(), HEADER_SIZE);
    bytes.extend_from_slice(archive);
    if let Ok(image) = decode_snapshot(&bytes, CLUSTER) {
        // Equal images give equal records.
        assert!(snapshot_records(&image).eq(snapshot_records(&image.clone())));
    }
});
