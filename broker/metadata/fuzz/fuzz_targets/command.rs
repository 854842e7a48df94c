//! A metadata log with right checksums and wrong archives: decode, apply, encode again.
//! `cargo +nightly fuzz run command` in `broker/metadata`.
#![no_main]

use corelog_metadata::{MetadataImage, decode, encode};
use libfuzzer_sys::fuzz_target;

const HEADER_SIZE: usize = 16;

fuzz_target!(|archive: &[u8]| {
    let _ = decode(archive);
    let mut bytes = b"CLmc\x01\0\0\0".to_vec();
    bytes.extend_from_slice(&u32::try_from(archive.len()).unwrap().to_le_bytes());
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes);
    hasher.update(archive);
    bytes.extend_from_slice(&hasher.finalize().to_le_bytes());
    assert_eq!(bytes.len(), HEADER_SIZE);
    bytes.extend_from_slice(archive);
    let Ok(command) = decode(&bytes) else {
        return;
    };
    assert_eq!(decode(&encode(&command)).unwrap(), command);
    let before = MetadataImage::new("cluster");
    if let Ok(after) = before.apply(&command) {
        let _ = after.changes_since(&before);
    }
});
