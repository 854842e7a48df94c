//! A snapshot of the metadata with a right checksum and a wrong archive: decode, encode, decode again.
//! `cargo +nightly fuzz run snapshot` in `broker/metadata`.
#![no_main]

use corelog_metadata::{decode_snapshot, encode_snapshot};
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
    let Ok(image) = decode_snapshot(&bytes, CLUSTER) else {
        return;
    };
    // Equal images give equal bytes.
    let again = encode_snapshot(&image);
    let decoded = decode_snapshot(&again, CLUSTER).unwrap();
    assert_eq!(encode_snapshot(&decoded), again);
});
