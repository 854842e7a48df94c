//! A journal frame's header and table from arbitrary bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| corelog_storage::fuzzing::journal_frame(data));
