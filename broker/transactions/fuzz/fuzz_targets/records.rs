//! Keys and values of `__transaction_state` from arbitrary bytes.
#![no_main]

use corelog_transactions::records::{LogValueVersion, RecordKey, TransactionLogValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = RecordKey::decode(data);
    if let Ok(value) = TransactionLogValue::decode(data) {
        let again = TransactionLogValue::decode(&value.encode(LogValueVersion::V1));
        assert_eq!(again.as_ref(), Ok(&value));
        let old = value.encode(LogValueVersion::V0);
        let settled = TransactionLogValue::decode(&old).expect("what was encoded can be decoded");
        assert_eq!(settled.encode(LogValueVersion::V0), old);
    }
});
