//! Record batches from arbitrary bytes; the checksum is set right half of the time, to get past it.
#![no_main]

use bytes::Bytes;
use corelog_model::TimestampMs;
use corelog_model::batch::{HEADER_SIZE, LOG_OVERHEAD, ValidatedBatch, set_log_append_time};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut rest = Bytes::copy_from_slice(data);
    while let Ok(batch) = ValidatedBatch::split_from(&mut rest) {
        assert_eq!(batch.bytes().len(), batch.header().size);
        let _ = batch.header().last_sequence();
    }
    if data.len() < HEADER_SIZE {
        return;
    }
    let mut whole = data.to_vec();
    let length = i32::try_from(whole.len() - LOG_OVERHEAD).expect("inputs are small");
    whole[8..12].copy_from_slice(&length.to_be_bytes());
    whole[16] = 2;
    set_log_append_time(&mut whole, TimestampMs::new(1));
    if let Ok(batch) = ValidatedBatch::new(whole.into()) {
        let header = batch.header();
        assert!(header.next_offset() > header.last_offset());
    }
});
