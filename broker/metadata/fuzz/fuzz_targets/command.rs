//! A metadata log of release 0.1.0 with right checksums and wrong archives: decode, apply.
//! `cargo +nightly fuzz run command` in `broker/metadata`.
#![no_main]

use corelog_metadata::MetadataImage;
use corelog_metadata::v1::{decode, records};
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
    let before = MetadataImage::new("cluster");
    if let Ok(after) = before.apply(&records(&command, &before)) {
        let _ = after.changes_since(&before);
    }
});
