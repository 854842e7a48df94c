//! Keys and values of `__consumer_offsets` from arbitrary bytes.
#![no_main]

use corelog_groups::records::{GroupMetadataValue, OffsetCommitValue, RecordKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = RecordKey::decode(data);
    if let Ok(value) = GroupMetadataValue::decode(data) {
        let again = GroupMetadataValue::decode(&value.encode());
        assert_eq!(again.as_ref(), Ok(&value));
    }
    if let Ok(value) = OffsetCommitValue::decode(data) {
        let encoded = OffsetCommitValue::encode(&value);
        let settled = OffsetCommitValue::decode(&encoded).expect("what was encoded can be decoded");
        // An expiry of its own costs leader epoch and topic id, as in Kafka.
        assert_eq!((settled.offset, &settled.metadata), (value.offset, &value.metadata));
        assert_eq!(OffsetCommitValue::encode(&settled), encoded);
    }
});
