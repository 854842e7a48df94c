//! Checkpoint, layout and segment index from arbitrary bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| corelog_storage::fuzzing::envelopes(data));
