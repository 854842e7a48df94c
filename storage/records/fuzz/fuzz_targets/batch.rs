//! A batch from a stranger: header, checksum, decompression within a limit, every record.
//! `cargo +nightly fuzz run batch` in `storage/records`.
#![no_main]

use bytes::Bytes;
use corelog_model::ValidatedBatch;
use corelog_model::batch::{check_crc, parse_header};
use corelog_records::{RecordRules, Records, check_produced_header, check_produced_records, payload};
use libfuzzer_sys::fuzz_target;

const SIZE_MAX: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let whole = ValidatedBatch::new(Bytes::copy_from_slice(bytes));
    let Ok(header) = parse_header(bytes) else {
        assert!(whole.is_err());
        return;
    };
    // Not demanded: a fuzzer would seldom get past it.
    let _ = check_crc(&header, bytes);
    let _ = check_produced_header(&header);
    let Ok(payload) = payload(&header, bytes, SIZE_MAX) else {
        return;
    };
    assert!(payload.len() <= SIZE_MAX.max(bytes.len()));
    let mut is_whole = true;
    let mut count = 0;
    for record in Records::new(&header, &payload) {
        match record {
            Ok(record) => {
                count += 1;
                assert_eq!(record.headers.len(), record.headers.clone().count());
            }
            Err(_) => is_whole = false,
        }
    }
    if check_produced_records(&header, &payload, RecordRules::FORM).is_ok() {
        assert!(is_whole);
        assert_eq!(count, header.record_count);
    }
});
